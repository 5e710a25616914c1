"""What carriers and roads write: I-95 N, 3N/4D, a 4* hotel, Rwy 27L, 2x40'HQ, AWB 176-12345675."""

import re

from tasks.reading.english.names.models import letters
from tasks.reading.english.numbers import cardinal, digits
from tasks.reading.english.rules import Rule, stop_ends_sentence, token
from tasks.reading.tokens import Token

_STAY = re.compile(r"(?<![\w.,/-])(\d{1,2})([ND])[ \u00a0]?/[ \u00a0]?(\d{1,2})([ND])(?![\w/])")
_NAMES = {"N": "night", "D": "day"}


def _stay(match: re.Match[str]) -> Token | None:
    """3N/4D."""
    if match[2] == match[4]:
        return None
    parts = [(int(match[1]), _NAMES[match[2]]), (int(match[3]), _NAMES[match[4]])]
    words = [f"{cardinal(count)} {name}{'' if count == 1 else 's'}" for count, name in parts]
    return token(match, "measure", ", ".join(words))


_ROAD_SIDE = re.compile(
    r"(?:(?<![\w-])(?:I|US|SR|CR|FM|BR)[- \u00a0]|(?<![\w-])(?:Rte?|RTE?|Hwy|HWY)\.?[ \u00a0]"
    r"|\b(?:[Rr]oute|[Hh]ighway|[Ii]nterstate)[ \u00a0])\d{1,4}[ \u00a0]"
    r"(?P<side>[NS][EW]?|[EW]|[NSEW]B)\b(?P<stop>\.(?=[ \u00a0,;]|$))?(?!['’.&-]|\w)"
)
_DIRECTIONS = {
    **{"N": "north", "S": "south", "E": "east", "W": "west"},
    **{"NE": "northeast", "NW": "northwest", "SE": "southeast", "SW": "southwest"},
    **{"NB": "northbound", "SB": "southbound", "EB": "eastbound", "WB": "westbound"},
}


def _road_side(match: re.Match[str]) -> Token:
    """I-95 N; Rte. 9 W."""
    ends = bool(match["stop"]) and stop_ends_sentence(match.string, match.end() - 1)
    start, end = match.start("side"), match.end() - ends
    return Token(start, end, "abbreviation", _DIRECTIONS[match["side"]])


_HOTEL = re.compile(
    r"(?<![\w.,/$-])([1-7])(?:\*|[ \u00a0]?★)(?:(?:[ \u00a0]?[-–/][ \u00a0]?|[ \u00a0](?:to|or"
    r"|and)[ \u00a0])([1-7])(?:\*"
    r"|[ \u00a0]?★))?"
    r"(?=[ \u00a0-]?(?:hotels?|resorts?|hostels?|motels?|B&B|propert\w+|stays?|rated|rating"
    r"|accom\w*"
    r"|luxury|superior|deluxe|boutique|beach|spa|all)\b)"
)


def _hotel(match: re.Match[str]) -> Token:
    """A 3* hotel."""
    joint = "or" if " or " in match[0] else "to"
    last = f" {joint} {cardinal(int(match[2]))}" if match[2] else ""
    gap = "" if match.string[match.end()].isspace() else " "
    return token(match, "measure", f"{cardinal(int(match[1]))}{last} star{gap}")


_RUNWAY_SIDES = {"L": " left", "R": " right", "C": " center", "": ""}
_RUNWAY_END = r"(?:0?[1-9]|[12]\d|3[0-6])"
_RUNWAY = re.compile(
    r"(?P<cue>(?<![\w-])(?:Rwys?|RWYs?|rwys?)\b\.? |(?:(?<=[Rr]unway )|(?<=[Rr]unways )|"
    r"(?<=\bILS )|(?<=\bRNAV )))"
    rf"(?P<end>{_RUNWAY_END})(?P<side>[LRC]?)(?:[/-](?P<other>{_RUNWAY_END})(?P<far>[LRC]?))?(?![\w%]|[.,:]\d)"
)


def _runway(match: re.Match[str]) -> Token:
    """Rwy 27L: its bearing digit by digit, and its side."""
    words = f"{digits(match['end'])}{_RUNWAY_SIDES[match['side']]}"
    if match["other"]:
        words += f", {digits(match['other'])}{_RUNWAY_SIDES[match['far']]}"
    name = "" if not match["cue"] else "runways " if "s" in match["cue"] else "runway "
    return token(match, "model", name + words)


_FROM = re.compile(
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


_CONTAINER = re.compile(r"(?<![\w-])([A-Z]{3}[UJZ]|[A-Z]{4})[ ]?(\d{6}-?\d|\d{8,10})(?![\w-])")
_BOXES = re.compile(
    r"(?<![\w.,/$-])(?P<count>\d{1,3})[ ]?[x×][ ]?(?P<feet>20|40|45|53)'?[ ]?"
    r"(?P<kind>GP|HQ|HC|DC|DV|DRY|RF|RH|OT|FR|NOR)(?!\w)"
)


def _container(match: re.Match[str]) -> Token:
    """MSKU 123456-7: a container, letter by letter."""
    said = " ".join(digits(sign) for sign in match[2] if sign.isdecimal())
    return token(match, "digits", f"{' '.join(match[1])}, {said}")


def _boxes(match: re.Match[str]) -> Token:
    """2x40'HQ."""
    count = f"{cardinal(int(match['count']))} "
    kind = "dry" if match["kind"] == "DRY" else letters(match["kind"])
    return token(match, "measure", f"{count}{cardinal(int(match['feet']))} foot {kind}")


_WAYBILL = re.compile(
    r"(?<=\bAWB )(\d{3})[- ](\d{4})[ ]?(\d{4})(?![\w-])|(?<=\bAWB: )(\d{3})[- ](\d{4})[ ]?(\d{4})"
    r"(?![\w-])"
)


def _waybill(match: re.Match[str]) -> Token:
    """AWB 176-12345675."""
    groups = [digits(group) for group in match.groups() if group]
    return token(match, "digits", ", ".join(groups))


RULES = (
    Rule(_STAY, _stay),
    Rule(_ROAD_SIDE, _road_side),
    Rule(_HOTEL, _hotel),
    Rule(_ZULU, _zulu),
    Rule(_METAR_WIND, _metar_wind),
    Rule(_RUNWAY, _runway),
    Rule(_FROM, _wind),
    Rule(_SIGHT, _sight),
    Rule(_WAYBILL, _waybill),
    Rule(_CONTAINER, _container),
    Rule(_BOXES, _boxes),
)
