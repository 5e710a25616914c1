"""What sellers of cars write: a 7-yr./unlimited-km warranty, a 5dr, MY23, an 8-spd."""

import re

from tasks.reading.english.numbers import cardinal, parse_number, year
from tasks.reading.english.rules import Rule, stop_ends_sentence, token
from tasks.reading.tokens import Token

_COVER = re.compile(
    r"(?<![\w.,/$-])(?P<time>\d{1,2})[ \u00a0-]?(?P<period>yr|year|mo|mth|month)s?\b\.?"
    r"[ \u00a0]?/[ \u00a0]?(?P<far>unlimited|\d{1,3}(?:,\d{3})|\d{1,3}k|\d{4,6})[ \u00a0-]?"
    r"(?P<unit>mi|miles?|km|kms|kilomet(?:er|re)s?|hrs?|hours?)\b\.?"
)


def _cover(match: re.Match[str]) -> Token:
    """A warranty of 5 yr/60,000 mi."""
    period = {"y": "year", "m": "month"}[match["period"][0]]
    far, unit = match["far"], match["unit"]
    one = {"m": "mile", "h": "hour"}.get(unit[0], "kilometer")
    if far == "unlimited":
        distance = far
    elif far.endswith("k"):
        distance = f"{cardinal(int(far[:-1]))} thousand"
    else:
        distance = cardinal(int(far.replace(",", "")))
    ends = match[0].endswith(".") and stop_ends_sentence(match.string, match.end() - 1)
    words = f"{cardinal(int(match['time']))} year, {distance} {one}".replace("year", period, 1)
    return token(match, "measure", words, end=match.end() - ends)


_DOORS = re.compile(r"(?<![\w.,/$-])([2-5])[ \u00a0-]?drs?\b\.?(?![ \u00a0]?\d)")
_MODEL_YEAR = re.compile(
    r"(?<![\w-])MY[ \u00a0]?'?((?:20)?\d\d)(?![\w-]|[.,]\d)|(?<![\w.,-])(20\d\d)[ \u00a0]MY(?!\w)"
)
_GEARS = re.compile(r"(?<![\w.,/$])(\d{1,2})[ \u00a0-]spd?\b\.?(?=[ \u00a0,;)/]|$)")


_NO_NOUN = re.compile(r"[.,;)]|$|[ \u00a0]?[-–&|]")


def _doors(match: re.Match[str]) -> Token:
    """A 5dr."""
    ends = match[0].endswith(".") and stop_ends_sentence(match.string, match.end() - 1)
    is_plural = match[0].endswith(("drs", "drs.")) and _NO_NOUN.match(match.string, match.end())
    words = f"{cardinal(int(match[1]))} door{'s' if is_plural else ''}"
    return token(match, "measure", words, end=match.end() - ends)


def _model_year(match: re.Match[str]) -> Token:
    """MY23, MY2025."""
    if match[2]:
        return token(match, "year", f"{year(int(match[2]))} model year")
    return token(match, "year", f"model year {year(2000 + int(match[1]) % 100)}")


def _gears(match: re.Match[str]) -> Token:
    """An 8-spd. automatic."""
    ends = match[0].endswith(".") and stop_ends_sentence(match.string, match.end() - 1)
    return token(match, "measure", f"{cardinal(int(match[1]))} speed", end=match.end() - ends)


_RIM = re.compile(
    r"(?<![\w.,/$-])(\d{2})(?:\""
    r"|[ \u00a0-]?in\b\.?)?[ \u00a0]?[x×][ \u00a0]?(\d{1,2}(?:\.\d)?)(J{1,2})(?!\w)"
)


def _rim(match: re.Match[str]) -> Token:
    """17" x 7.5J wheels."""
    width = parse_number(match[2]).words
    return token(match, "model", f"{cardinal(int(match[1]))} by {width} {' '.join(match[3])}")


RULES = (
    Rule(_RIM, _rim),
    Rule(_COVER, _cover),
    Rule(_DOORS, _doors),
    Rule(_MODEL_YEAR, _model_year),
    Rule(_GEARS, _gears),
)
