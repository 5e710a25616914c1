"""Winds, pressure and places on a chart: NW 15-20 mph, moving NNW, 948 mb, 38.3N 142.4E."""

import re

from tasks.reading.english.numbers import cardinal, parse_number
from tasks.reading.english.rules import Rule, near, token
from tasks.reading.tokens import Token

_POINTS = {
    **{"N": "north", "S": "south", "E": "east", "W": "west"},
    **{"NE": "northeast", "NW": "northwest", "SE": "southeast", "SW": "southwest"},
    **{"NNE": "north-northeast", "ENE": "east-northeast", "ESE": "east-southeast"},
    **{"SSE": "south-southeast", "SSW": "south-southwest", "WSW": "west-southwest"},
    **{"WNW": "west-northwest", "NNW": "north-northwest"},
}
_BETWEEN = "NNE|ENE|ESE|SSE|SSW|WSW|WNW|NNW"
_POINT = f"{_BETWEEN}|NE|NW|SE|SW|[NSEW]"
_WIND = re.compile(
    r"(?:(?<=[Ww]inds )|(?<=[Ww]ind )|(?<=[Ww]ind: )|(?<=[Ww]inds: )|(?<=[Bb]reeze )"
    r"|(?<=[Ss]well )|(?<=[Gg]usts ))"
    rf"({_POINT})(?=[ \u00a0](?:at[ \u00a0]|around[ \u00a0])?\d)"
)
_WAY = re.compile(
    r"(?:(?<=[Mm]oving )|(?<=[Dd]rifting )|(?<=[Tt]racking )|(?<=[Hh]eading )|(?<=[Bb]lowing )"
    r"|(?<=[Tt]urning )|(?<=[Vv]eering )|(?<=[Bb]acking )|(?<=[Mm]oves )|(?<=[Mm]oved ))"
    rf"({_BETWEEN}|NE|NW|SE|SW)(?![\w-])"
)
_OUTSIDE = re.compile(
    r"\b(?:winds?|breeze|gusts?|storms?|hurricanes?|typhoons?|cyclones?|swell|seas|knots|kts?"
    r"|kn|forecast|weather|offshore|km|miles|mi|mph|bearing|heading|course|epicent(?:er|re))\b"
)
_BETWEEN_POINTS = re.compile(rf"(?<![\w&/.-])({_BETWEEN})(?![\w&/-])")


def _wind(match: re.Match[str]) -> Token:
    """Winds NW 15-20 mph."""
    return token(match, "abbreviation", _POINTS[match[1]])


def _between_points(match: re.Match[str]) -> Token | None:
    """30 km SSW of the port; but shares of SSE."""
    if not _OUTSIDE.search(near(match)):
        return None
    return token(match, "abbreviation", _POINTS[match[1]])


_PRESSURE = re.compile(
    r"(?<![\w.,$€£¥₹/-])(?P<number>(?:8[5-9]|9\d|10)\d{1,2}(?:\.\d)?)[ \u00a0]?mb(?![\w/])\.?"
)
_BAROMETERS = re.compile(
    r"\b(?:pressure|barometer|QNH|QFE|storms?|hurricanes?|typhoons?|cyclones?|tropical|ridge"
    r"|trough|isobars?|hPa|falling|rising|deepen(?:s|ed|ing)?|landfall)\b",
    re.IGNORECASE,
)


def _pressure(match: re.Match[str]) -> Token | None:
    """A low of 948 mb; but a file of 948 mb."""
    number = parse_number(match["number"])
    if not 850 <= number.whole <= 1090 or not _BAROMETERS.search(near(match)):
        return None
    end = match.end() - match[0].endswith(".")
    return token(match, "measure", f"{number.words} millibars", end=end)


_PLACE = re.compile(
    r"(?<![\w.,])(?P<first>\d{1,2}\.\d{1,4})[ °]{0,2}(?P<south>[NS])(?P<joint>,? ?)"
    r"(?P<second>\d{1,3}\.\d{1,4})[ °]{0,2}(?P<east>[EW])(?!\w)"
)


def _place(match: re.Match[str]) -> Token:
    """38.3N 142.4E."""
    first, second = parse_number(match["first"]).words, parse_number(match["second"]).words
    words = f"{first} degrees {_POINTS[match['south']]}, {second} degrees {_POINTS[match['east']]}"
    return token(match, "measure", words)


_GUSTS = re.compile(
    r"(?:(?<=\b[NSEW] )|(?<=\b[NS][EW] )|(?<=\b[NSEW][NS][EW] ))(\d{1,2})G(\d{2})(?:[ ]?"
    r"(?P<unit>kts?|KT))?(?!\w)"
)


def _gusts(match: re.Match[str]) -> Token:
    """WSW 15G25: how hard it blows, and in gusts."""
    unit = " knots" if match["unit"] else ""
    words = f"{cardinal(int(match[1]))} gusting {cardinal(int(match[2]))}{unit}"
    return token(match, "measure", words)


RULES = (
    Rule(_PLACE, _place),
    Rule(_PRESSURE, _pressure),
    Rule(_GUSTS, _gusts),
    Rule(_WIND, _wind),
    Rule(_WAY, _wind),
    Rule(_BETWEEN_POINTS, _between_points),
)
