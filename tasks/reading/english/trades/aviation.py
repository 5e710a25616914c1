"""What pilots write: Rwy 27L, ILS 24R, wind 260/18G27, vis 10SM."""

import re

from tasks.reading.english.numbers import cardinal, digits
from tasks.reading.english.rules import Rule, token
from tasks.reading.tokens import Token

_SIDES = {"L": " left", "R": " right", "C": " center", "": ""}
_END = r"(?:0?[1-9]|[12]\d|3[0-6])"
_RUNWAY = re.compile(
    r"(?P<cue>(?<![\w-])(?:Rwys?|RWYs?|rwys?)\b\.? |(?:(?<=[Rr]unway )|(?<=[Rr]unways )|"
    r"(?<=\bILS )|(?<=\bRNAV )))"
    rf"(?P<end>{_END})(?P<side>[LRC]?)(?:[/-](?P<other>{_END})(?P<far>[LRC]?))?(?![\w%]|[.,:]\d)"
)


def _runway(match: re.Match[str]) -> Token:
    """Rwy 27L: its bearing digit by digit, and its side."""
    words = f"{digits(match['end'])}{_SIDES[match['side']]}"
    if match["other"]:
        words += f", {digits(match['other'])}{_SIDES[match['far']]}"
    name = "" if not match["cue"] else "runways " if "s" in match["cue"] else "runway "
    return token(match, "model", name + words)


_WIND = re.compile(
    r"(?:(?<=[Ww]ind )|(?<=[Ww]inds )|(?<=WIND ))(?P<from>[0-3]\d0)/(?P<speed>\d{1,2})"
    r"(?:G(?P<gusts>\d{2}))?(?:[ ]?(?P<unit>kts?|KT))?(?![\w/])"
)


def _wind(match: re.Match[str]) -> Token:
    """Wind 260/18G27."""
    gusts = f" gusting {cardinal(int(match['gusts']))}" if match["gusts"] else ""
    unit = " knots" if match["unit"] else ""
    words = f"{digits(match['from'])} at {cardinal(int(match['speed']))}{gusts}{unit}"
    return token(match, "measure", words)


_SIGHT = re.compile(r"(?<![\w.,-])(?P<number>\d{1,2})SM(?!\w)")


def _metar_wind(match: re.Match[str]) -> Token:
    """28012KT."""
    gusts = f" gusting {cardinal(int(match['gusts']))}" if match["gusts"] else ""
    words = f"{digits(match['from'])} at {cardinal(int(match['speed']))}{gusts} knots"
    return token(match, "measure", words)


def _sight(match: re.Match[str]) -> Token:
    """Vis 10SM."""
    count = int(match["number"])
    return token(match, "measure", f"{cardinal(count)} statute mile{'' if count == 1 else 's'}")


_ZULU = re.compile(r"(?<![\w.,:-])(?P<time>\d{4}|\d{6})(?:[-–](?P<till>\d{4}))?Z(?!\w)")
_METAR_WIND = re.compile(
    r"(?<![\w.-])(?P<from>\d{3})(?P<speed>\d{2})(?:G(?P<gusts>\d{2}))?KT(?!\w)"
)


def _zulu(match: re.Match[str]) -> Token:
    """Open 0500-1100Z."""
    till = f" to {digits(match['till'])}" if match["till"] else ""
    return token(match, "time", f"{digits(match['time'])}{till} Zulu")


RULES = (
    Rule(_ZULU, _zulu),
    Rule(_METAR_WIND, _metar_wind),
    Rule(_RUNWAY, _runway),
    Rule(_WIND, _wind),
    Rule(_SIGHT, _sight),
)
