"""Periods that contracts, clinics and funds write in letters: 30d, 12M, 10Y. Pure."""

import re

from tasks.reading.mandarin.numerals import amount, counted
from tasks.reading.mandarin.rules import Rule, Said, after, before, rule, sentence_around

_NO_DAYS = re.compile(
    r"尼龙|锦纶|涤纶|丝袜|[面布]料|牛津布|丹尼尔|佳能|尼康|单反|机身|快门|打印|立体"
)
"""Here d is what a thread weighs, or a camera's name."""
_FEW_DAYS = re.compile(
    r"(?:[忌疗停服用药程每约酒≥≤满近第隔]|交[期货付]|工期|账期|月结|时效|试用|免租期?|免堆|保质期?|[内后前±+])$"
)
_WITHIN = re.compile(r"[内后前达发/](?!置)|无理由|体验|试用|免息|免|保价")
_CHILD = re.compile(r"宝宝|儿童|幼儿|小朋友|娃")


def _days(match: re.Match[str]) -> Said | None:
    """30d, 7-10d and 400d+."""
    low, high, plus = match.groups()
    is_few = len(low) == 1 and not high and not plus
    if is_few and not (_FEW_DAYS.search(before(match)) or _WITHIN.match(after(match))):
        return None
    if _NO_DAYS.search(sentence_around(match)):
        return None
    words = f"{counted(low, '天')}到{counted(high, '天')}天" if high else f"{counted(low, '天')}天"
    return Said("measure", words + ("以上" if plus else ""))


def _years(match: re.Match[str]) -> Said | None:
    """30y of a mortgage, 3y+ of a child."""
    number, plus = match.groups()
    name = "岁" if _CHILD.search(sentence_around(match)) else "年"
    return Said("measure", counted(number, name) + name + ("以上" if plus else ""))


def _months(match: re.Match[str]) -> Said:
    """保质期12M."""
    low = f"{counted(match[1], '个月')}到" if match[1] else ""
    return Said("measure", f"{low}{counted(match[2], '个月')}个月")


RULES: tuple[Rule, ...] = (
    rule(r"(?<=分)2(?=期(?!工程|项目|交付))", lambda _: Said("cardinal", "两")),
    rule(
        r"(?<![A-Za-z\d._-])(\d{1,3})(?:[-~–](\d{1,3}))?d(?![A-Za-z\d])(\+?)",
        _days,
    ),
    rule(r"(?<![A-Za-z\d./_-])(\d{1,2})[y](?![A-Za-z\d])(\+?)", _years),
    rule(
        r"(?<![A-Za-z\d._-])(\d{1,2})()Y(?=期|国债|国开|美债|日债|债|LPR|收益率|存单| ?\d\.\d+%)",
        lambda m: Said("measure", f"{amount(m[1])}年"),
    ),
    rule(
        r"(?:(?<=保质期)|(?<=质保)|(?<=保修)|(?<=有效期)|(?<=维持)|(?<=疗程)|(?<=维持约)|(?<=期限)|(?<=延保)|(?<=保质期：)|(?<=℃×))"
        r"(?:(\d{1,2})[-~–])?(\d{1,2})M(?![A-Za-z\d])",
        _months,
    ),
)
