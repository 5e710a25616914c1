"""Tyres, wheels and oil. Pure."""

import re

from tasks.reading.mandarin.numerals import amount, digits
from tasks.reading.mandarin.rules import Rule, Said, after, before, rule

_REACH = 9  # characters


def _tyre(match: re.Match[str]) -> Said:
    """225/45R17 94W."""
    width, height, letter, inches, load, speed = match.groups()
    end = f" {digits(load)}{speed}" if load else ""
    return Said("model", f"{digits(width)} {digits(height)}{letter}{amount(inches)}{end}")


def _wheel(match: re.Match[str]) -> Said:
    """18×8.0J: J is the shape of its rim."""
    return Said("model", f"{amount(match[1])}乘{amount(match[2])}J")


def _oil(match: re.Match[str]) -> Said | None:
    """机油5w-30; 10w-20 may be money."""
    around = before(match)[-_REACH:].split("，")[-1] + after(match)[:_REACH].split("，")[0]
    if not re.search("机油|合成|粘度|黏度|润滑", around):
        return None
    return Said("model", f"{amount(match[1])}W{amount(match[2])}")


RULES: tuple[Rule, ...] = (
    rule(
        r"(?<![\dA-Za-z.])[1-8][1-6][0458](?=(?:Li|Le|i)(?![A-Za-z]))",
        lambda m: Said("model", digits(m[0])),
    ),
    rule(
        r"(?<![\d/.])([1-3]\d5)/([2-9][05]) ?(Z?R)F? ?(1[2-9]|2[0-4])"
        r"(?: ?(\d{2,3})([H-Z])(?![A-Za-z\d]))?",
        _tyre,
    ),
    rule(
        r"(?<![\dA-Za-z.])(0|5|10|15|20)W-?(16|20|30|40|50|60)(?![\dA-Za-z元.])",
        lambda m: Said("model", f"{amount(m[1])}W{amount(m[2])}"),
    ),
    rule(
        r"(?<![\dA-Za-z.])(0|5|10|15|20)w-?(16|20|30|40|50|60)(?![\dA-Za-z元.])",
        _oil,
    ),
    rule(r"(?<![\d.A-Za-z])(1[3-9]|2[0-4]) ?[×xX*] ?(\d{1,2}(?:\.\d)?)J(?![A-Za-z\d])", _wheel),
)
