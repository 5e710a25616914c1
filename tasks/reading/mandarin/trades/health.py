"""Doses, findings and ages of children. Pure."""

import re

from tasks.reading.mandarin.numerals import amount, counted
from tasks.reading.mandarin.rules import NUMBER, Rule, Said, rule, sentence_around

_DOSED = re.compile(
    r"\d ?(?:m?g|m[lL]|IU|[uU]|[片粒袋丸支滴喷])(?![A-Za-z])|疗程|口服|用法|处方|服药"
)
_DOSES = {
    **{"qd": "每日一次", "bid": "每日两次", "tid": "每日三次", "qid": "每日四次"},
    **{"qn": "每晚一次", "prn": "必要时用", "po": "口服"},
}
_CHILD = re.compile(r"宝宝|婴|幼儿|辅食|月龄|奶|新生儿|儿童|出牙|宝妈|可用|可食|可吃")
_AGAIN = re.compile(r" ?(?:复查|随访|复诊|复检|后复|CT|内复)")


def _insulin(match: re.Match[str]) -> Said | None:
    """早8u、晚6u of what is injected."""
    is_drug = re.search(r"胰岛素|肝素|注射|剂量|肉毒", sentence_around(match))
    return Said("measure", "个单位") if is_drug else None


def _dosing(match: re.Match[str]) -> Said:
    """q8h and q6-8h."""
    low, high = match.groups()
    return Said("time", f"每{amount(low)}{f'到{amount(high)}' if high else ''}小时一次")


def _latin_dose(match: re.Match[str]) -> Said | None:
    """0.25g tid: three times a day."""
    is_dose = _DOSED.search(sentence_around(match))
    return Said("abbreviation", _DOSES[match[0]]) if is_dose else None


def _months_of_child(match: re.Match[str]) -> Said | None:
    """6m+可用: from six months on; on a road m is a metre."""
    if not _CHILD.search(sentence_around(match)):
        return None
    return Said("measure", f"{counted(match[1], '个月')}个月以上")


def _months_to_visit(match: re.Match[str]) -> Said:
    """6-12m复查."""
    low, high = match.groups()
    words = f"{counted(low, '个月')}到{amount(high)}" if high else counted(low, "个月")
    return Said("measure", f"{words}个月")


def _acidity(match: re.Match[str]) -> Said:
    """pH5.5-6.0."""
    return Said("range", f"{amount(match[1])}到{amount(match[2])}")


RULES: tuple[Rule, ...] = (
    rule(r"(?<=\d)(?:u|U)(?=[、，。；/ ]|$)", _insulin),
    rule(r"(?<![A-Za-z])q(\d{1,2})(?:-(\d{1,2}))?h(?![A-Za-z])", _dosing),
    rule(r"(?<![A-Za-z])(?:[bqt]id|q[dn]|prn|po)(?![A-Za-z])", _latin_dose),
    rule(r"(?<=CFU)/(?=[条袋克粒瓶片])", lambda _: Said("sign", "每")),
    rule(r"(?<=CFU)/g(?![A-Za-z])", lambda _: Said("measure", "每克")),
    rule(r"(?<=CFU)/m[lL](?![A-Za-z])", lambda _: Said("measure", "每毫升")),
    rule(r"(?<=[⁰-⁹²³])/L(?![A-Za-z])", lambda _: Said("measure", "每升")),
    rule(r"(?<=[⁰-⁹²³])/m[lL](?![A-Za-z])", lambda _: Said("measure", "每毫升")),
    rule(r"(?<![A-Za-z\d./-])(\d{1,2})[mM]\+(?![A-Za-z\d])", _months_of_child),
    rule(
        rf"(?<![A-Za-z\d./-])(\d{{1,2}})(?:[-~–](\d{{1,2}}))?m(?={_AGAIN.pattern})",
        _months_to_visit,
    ),
    rule(
        rf"(?:(?<=pH)|(?<=PH)|(?<=pH )|(?<=PH )|(?<=H值)|(?<=H值：))({NUMBER})[-~–]({NUMBER})"
        r"(?![\d.])",
        _acidity,
    ),
)
