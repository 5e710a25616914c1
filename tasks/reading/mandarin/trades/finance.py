"""Shares, rates and exchange. Pure."""

import re

from tasks.reading.mandarin.money import CODES
from tasks.reading.mandarin.numerals import amount, counted, digits
from tasks.reading.mandarin.rules import NUMBER, Rule, Said, any_of, before, rule

_CODE = any_of(CODES)


def _share(match: re.Match[str]) -> Said:
    """600519.SH and (000001): the number of a share."""
    market = f" {match[2]}" if match[2] else ""
    return Said("digits", digits(match[1], one="幺") + market)


def _basis_points(match: re.Match[str]) -> Said:
    """LPR-20BP: so much less, no name."""
    sign, number = match.groups()
    return Said("measure", f"{'减' if sign == '-' else '加'}{counted(number, '个')}个基点")


def _pair(match: re.Match[str]) -> Said:
    """USD/CNY 7.1235: one currency in another."""
    left, right, rate = match.groups()
    names = [CODES[code].removeprefix("元") for code in (left, right)]
    return Said("money", f"{names[0]}兑{names[1]}" + (f" {amount(rate)}" if rate else ""))


def _working_day(match: re.Match[str]) -> Said:
    """T-1日 and D-3 18:00: so many days before."""
    return Said("digits", f"{match[1]}减{amount(match[2])}")


def _rating(match: re.Match[str]) -> Said | None:
    """AA-."""
    is_grade = re.search(r"(?<![A-Za-z])(?:A{1,3}|B{1,3}|[CD])$", before(match))
    return Said("sign", "减") if is_grade else None


RULES: tuple[Rule, ...] = (
    rule(
        r"(?<![\d.A-Za-z])(\d{4,6})(?:\.(SH|SZ|BJ|HK|TW)(?![A-Za-z])|(?<=\(\d{6})()(?=\)))", _share
    ),
    rule(r"(?<=[\u3400-\u9fff]\()(\d{5})()(?=\))", _share),
    rule(
        rf"(?<![\d.])({NUMBER})%([-+])(\d{{1,3}}) ?(?:BP|bp|个?基点)s?(?![A-Za-z\d])",
        lambda m: Said(
            "percent",
            f"百分之{amount(m[1])}{'减' if m[2] == '-' else '加'}{counted(m[3], '个')}个基点",
        ),
    ),
    rule(r"(?<=[A-Z])([-+])(\d{1,3}) ?(?:BP|bp|个?基点)s?(?![A-Za-z\d])", _basis_points),
    rule(rf"(?<![A-Za-z])({_CODE})/({_CODE})(?![A-Za-z])(?: ?({NUMBER}))?", _pair),
    rule(r"(?<![A-Za-z\d])([TD])-(\d{1,2})(?= ?[日天前全起]| \d{1,2}:\d\d)", _working_day),
    rule(r"(?<=[A-D])-(?=[，。、；)]|$)", _rating),
    rule(
        r"(?<![\d.,:])\d{1,3}(?:,\d{3})+:\d{1,3}(?:,\d{3})*(?![\d:])",
        lambda m: Said("range", "比".join(amount(part) for part in m[0].split(":"))),
    ),
    rule(r"(?<=[升涨])\+(?=\d)", lambda _: Said("sign", "")),
)
