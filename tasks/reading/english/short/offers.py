"""What advertisements of offers write short: a 4* hotel, 2-4-1, 1.50 ea, 8-8 w/e."""

import re

from tasks.reading.english.nouns import NOT_NOUNS
from tasks.reading.english.numbers import cardinal
from tasks.reading.english.rules import Rule, near, token, word_after
from tasks.reading.tokens import Token

_OF_STARS = re.compile(
    r"(?<![\w.,$€£¥₹/-])(?P<count>[1-7])\*(?=[ ,;:)+]|\.?$)(?! ?\d(?!\d{3}\b))"
    r"|(?<![\w*])A\*(?=-[A-Z]\b|[ ,;:)]|/A|\.?$)"
)
_HOTELS = re.compile(
    r"(?i:\b(?:hotels?|resorts?|inn|lodge|villa|stay|nights?|nts|spa|B&B|suites?|energy|BEE|rated"
    r"|rating|fridge|AC|inverter|NCAP|safety|inclusive|half-board|pax)\b)"
)


def _of_stars(match: re.Match[str]) -> Token:
    """A 4* hotel, grades A*-C; 3* elsewhere may lead to a note."""
    if not match["count"]:
        return token(match, "acronym", "A star")
    count = int(match["count"])
    following = word_after(match.string, match.end())
    is_described = following and following.lower() not in NOT_NOUNS
    is_sure = _HOTELS.search(near(match))
    doubt = None if is_sure else f'"{match[0]}" could be stars, or lead to a note'
    star = "star" if is_described or count == 1 else "stars"
    return token(match, "measure", f"{cardinal(count)} {star}", doubt=doubt)


_FOR_ONE = re.compile(r"(?<![\w.,/$€£¥₹-])(?P<count>[2-5])-4-1(?:s|'s)?(?![\w/-]|[.,]\d)")


def _for_one(match: re.Match[str]) -> Token:
    """2-4-1 cocktails."""
    return token(match, "range", f"{cardinal(int(match['count']))} for one")


_SAID = {
    "wk": "week",
    "wks": "weeks",
    "hr": "hour",
    "hrs": "hours",
    "ea": "each",
    "w/e": "weekend",
    "w/es": "weekends",
    "b4": "before",
}
_BEHIND_FIGURE = re.compile(
    r"(?<=\d )(?P<ea>ea)(?=[,;)]|[ \u00a0][-–&+(]|$)"
    r"|(?<=[a-z] )(?P<week>wks?)(?=[ \u00a0]\d)|(?<=[Hh]appy )(?P<hour>hrs?)(?![\w.])"
    r"|(?<![\w/])(?P<weekend>w/es?)(?![\w/])(?! ?\d)"
    r"|(?<=[a-z] )(?P<before>b4)(?=[ \u00a0][a-z\d])"
)


_PRICE_BEFORE = re.compile(r"(?:[$€£¥₹]|\bRs?\.?)[ \u00a0]?[\d.,]+ $")


def _behind_figure(match: re.Match[str]) -> Token | None:
    """1.50 ea, hours for the w/e, 15 mins b4 departure; a price takes its own "each"."""
    if match["ea"] and _PRICE_BEFORE.search(match.string, 0, match.start()):
        return None
    return token(match, "abbreviation", _SAID[match[0]])


_ON_REQUEST = re.compile(r"(?<=\bon )(?P<request>req)(?P<stop>\.?)(?![\w'])")


def _on_request(match: re.Match[str]) -> Token:
    """Available on req."""
    end = match.end("request") if match.end() == len(match.string) else match.end()
    return token(match, "abbreviation", "request", end=end)


_STEEL = re.compile(r"(?<=[A-Za-z\d,] )s/s(?![\w/])(?! ?\d)")
_HARDWARE = re.compile(
    r"(?i:\b(?:bolts?|screws?|nuts?|hex|washers?|sinks?|steel|hinges?|fridge|oven|appliances|hob"
    r"|cooktop|tank|trays?)\b)"
)


def _steel(match: re.Match[str]) -> Token:
    """Bolts of s/s."""
    is_sure = _HARDWARE.search(near(match))
    doubt = None if is_sure else f'"{match[0]}" could be stainless steel or short-sleeved'
    return token(match, "abbreviation", "stainless steel" if is_sure else "S S", doubt=doubt)


RULES = (
    Rule(_OF_STARS, _of_stars),
    Rule(_FOR_ONE, _for_one),
    Rule(_BEHIND_FIGURE, _behind_figure),
    Rule(_ON_REQUEST, _on_request),
    Rule(_STEEL, _steel),
)
