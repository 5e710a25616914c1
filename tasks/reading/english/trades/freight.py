"""What forwarders write: 2x40'HQ, MSKU 123456-7, 48 ctns/plt."""

import re

from tasks.reading.english.names.models import letters
from tasks.reading.english.numbers import cardinal, digits
from tasks.reading.english.rules import Rule, token
from tasks.reading.tokens import Token

_NUMBER = re.compile(r"(?<![\w-])([A-Z]{3}[UJZ]|[A-Z]{4})[ ]?(\d{6}-?\d|\d{8,10})(?![\w-])")
_BOXES = re.compile(
    r"(?<![\w.,/$-])(?P<count>\d{1,3})[ ]?[x×][ ]?(?P<feet>20|40|45|53)'?[ ]?"
    r"(?P<kind>GP|HQ|HC|DC|DV|DRY|RF|RH|OT|FR|NOR)(?!\w)"
)


def _number(match: re.Match[str]) -> Token:
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


RULES = (Rule(_WAYBILL, _waybill), Rule(_NUMBER, _number), Rule(_BOXES, _boxes))
