"""What sellers of journeys write: 3N/4D, a 4* hotel."""

import re

from tasks.reading.english.numbers import cardinal
from tasks.reading.english.rules import Rule, token
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


RULES = (Rule(_STAY, _stay), Rule(_HOTEL, _hotel))
