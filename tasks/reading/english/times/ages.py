"""Ages of people: under-5s, classes for 5-7s, ages 3-5."""

import re

from tasks.reading.english.numbers import cardinal, plural
from tasks.reading.english.rules import Rule, token, word_set
from tasks.reading.tokens import Token

_PEOPLE = (
    r"(?:kid|child(?:ren)?|toddler|teen|adult|senior|pupil|student|junior|girl|boy|parent|famil|age"
    r"|class|club|group|team|league|squad|camp|session|lesson|swim|ticket|entry|fare|game)"
)
_LIMIT = re.compile(r"(?i)(?<![\w-])(under|over)[ \u00a0-](\d{1,2})s(?![\w%'’])")
_SPANS = re.compile(r"(?<![\w.,/:-])(\d{1,2})[-–](\d{1,2})s(?![\w%'’])")
_TIMED = re.compile(
    r"(?i)(?:\b(?:in|just|within|at|takes?|lasts?|from|for|time|is|was|it's|run|runs|ran|mph|km/h"
    r"|0[-–]\d{2,3}|second|lap)[ \u00a0]+)$"
)
_FOR_PEOPLE = re.compile(rf"(?i)\b(?:for|all|free|{_PEOPLE}\w*)[ \u00a0]+(?:the[ \u00a0]+)?$")
_THEY_DO = word_set(
    "eat eats go get gets travel ride play stay swim enter pay are can may must need save love"
    " learn free welcome only half will won't train compete receive come win and need"
)
_FOLLOWING = re.compile(r"[ \u00a0]+([A-Za-z']+)")
_ACCOMPANIED = re.compile(
    r"[ \u00a0](?:w/|with|accompanied by)[ \u00a0]?(?:an?[ \u00a0]|their[ \u00a0])?(?:adults?"
    r"|parents?|guardians?)\b"
)
_OLDEST_CHILD, _YOUNGEST_SENIOR = 25, 50


def _limit(match: re.Match[str]) -> Token | None:
    """Under 5s eat free, over-65s; but 0 to 60 in under 5s."""
    text, start = match.string, match.start()
    before, age = text[:start], int(match[2])
    is_joined = match[0][len(match[1])] == "-"
    is_for_people = bool(_FOR_PEOPLE.search(before)) and not (
        _OLDEST_CHILD < age < _YOUNGEST_SENIOR
    )
    are_people = is_joined or is_for_people or _word(text, match.end()) in _THEY_DO
    are_people = are_people or (text[match.end() : match.end() + 1] == ":" and not before.strip())
    are_people = are_people or bool(_ACCOMPANIED.match(text, match.end()))
    if not are_people or (_TIMED.search(before) and not is_for_people):
        return None
    return token(match, "measure", f"{match[1]} {plural(cardinal(age))}")


def _span(match: re.Match[str]) -> Token | None:
    """Classes for 5-7s and 8-11s; but intervals of 5-7s."""
    first, last = int(match[1]), int(match[2])
    sentence = re.split(r"[.!?;\n]", match.string[: match.start()])[-1]
    is_about_people = re.search(rf"(?i)\b{_PEOPLE}", sentence) is not None
    does_something = _word(match.string, match.end()) in _THEY_DO
    if first >= last or not (is_about_people or does_something):
        return None
    return token(match, "range", f"{cardinal(first)} to {cardinal(last)} year olds")


def _word(text: str, end: int) -> str:
    found = _FOLLOWING.match(text, end)
    return found[1].lower() if found else ""


RULES = (Rule(_LIMIT, _limit), Rule(_SPANS, _span))
