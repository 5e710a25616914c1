"""Doses, findings and ages of children. Pure."""

import re

from tasks.reading.mandarin.measures import RATE, UNIT, unit_name
from tasks.reading.mandarin.numerals import amount, counted
from tasks.reading.mandarin.rules import NUMBER, Rule, Said, after, before, rule, sentence_around

_DOSED = re.compile(
    r"(?:\d ?(?:m?g|m[lL]|IU|[uU]|[片粒袋丸支滴喷])|po|口服|外用|皮下|静滴|/次|每次|q[\d-]+h|"
    r"[bqt]id|q[dn]) ?$"
)
_NEXT_DOSE = re.compile(r" ?(?:[bqt]id|q[dn\d])")
_DOSES = {
    **{"qd": "每日一次", "bid": "每日两次", "tid": "每日三次", "qid": "每日四次"},
    **{"qn": "每晚一次", "prn": "必要时用", "po": "口服"},
}
_CHILD = re.compile(r"宝宝|婴|幼儿|辅食|月龄|奶[粉瓶嘴]|母乳|新生儿|儿童|出牙|宝妈")
_FOR_CHILD = re.compile(r"可[用食吃]|适用")
_OLDEST_MONTHS = 36
_AGAIN = re.compile(r" ?(?:复查|随访|复诊|复检|后复|CT|内复)")


_FORMULA = re.compile(r"奶粉|配方|羊奶|米粉")


def _stage(match: re.Match[str]) -> Said | None:
    """The 2段 of a formula is its second stage."""
    return Said("ordinal", "二段") if _FORMULA.search(sentence_around(match)) else None


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
    is_next = match[0] != "po" or _NEXT_DOSE.match(after(match))
    is_dose = match[0] == "po" or _DOSED.search(before(match))
    return Said("abbreviation", _DOSES[match[0]]) if is_next and is_dose else None


def _months_of_child(match: re.Match[str]) -> Said | None:
    """6m+可用: from six months on; on a road m is a metre."""
    is_child = _CHILD.search(sentence_around(match)) or _FOR_CHILD.match(after(match))
    if not is_child or int(match[1]) > _OLDEST_MONTHS:
        return None
    return Said("measure", f"{counted(match[1], '个月')}个月以上")


def _months_for_dose(match: re.Match[str]) -> Said | None:
    """儿童布洛芬，6-12m每次2.5ml."""
    low, high = match.groups()
    is_child = _CHILD.search(sentence_around(match)) and int(low) < int(high) <= _OLDEST_MONTHS
    return Said("measure", f"{amount(low)}到{amount(high)}个月") if is_child else None


def _months_to_visit(match: re.Match[str]) -> Said:
    """6-12m复查."""
    low, high = match.groups()
    words = f"{counted(low, '个月')}到{amount(high)}" if high else counted(low, "个月")
    return Said("measure", f"{words}个月")


def _acidity(match: re.Match[str]) -> Said:
    """pH5.5-6.0."""
    return Said("range", f"{amount(match[1])}到{amount(match[2])}")


_POWERS = {"m": "毫", "μ": "微", "u": "微", "k": "千", "": ""}
_OFF = {"↑": "，偏高", "↓": "，偏低"}
_VOLUMES = {"L": "升", "l": "升", "mL": "毫升", "ml": "毫升", "dL": "分升"}
_TESTED = re.compile(
    r"HB|抗[体原]|病毒|核酸|尿|蛋白|梅毒|HIV|HPV|幽门|支原体|甲流|乙流|衣原体|呼气|HP"
)
_LABORATORY = re.compile(
    r"mol|[UI]/m?L|g/L|肝功|肾功|[血尿]常规|"
    r"(?<![A-Za-z])(?:ALT|AST|GGT|WBC|CRP|PLT|HGB|TSH)(?![A-Za-z])"
)
_WEEKLY = re.compile(
    r"(?:孕|避晒?|复查|疗程|间隔|恢复期?|每|禁|停|第|术后|停药|复诊|随访)[约至≥]?$"
)
_WEEKS_ON = re.compile(r" ?(?:复[查诊]|随访|龄|后复)")


def _activity(match: re.Match[str]) -> Said:
    """32U/L, 12mIU/mL."""
    arrow, power, is_international, volume = match.groups()
    name = "国际单位" if is_international else "单位"
    return Said("measure", f"{_POWERS[power or '']}{name}每{_VOLUMES[volume]}{_OFF.get(arrow, '')}")


def _verdict(match: re.Match[str]) -> Said | None:
    """HBsAg(-)."""
    if not _TESTED.search(sentence_around(match)):
        return None
    return Said("sign", "阴性" if match[1] == "-" else "阳性")


def _off_range(match: re.Match[str]) -> Said | None:
    """ALT 45↑(9-50)."""
    if not _LABORATORY.search(sentence_around(match)):
        return None
    return Said("sign", _OFF[match[0]])


def _weeks(match: re.Match[str]) -> Said | None:
    """孕24w+3, 避晒2w; elsewhere w is ten thousand."""
    low, high, days = match.groups()
    is_weeks = _WEEKLY.search(before(match)) or _WEEKS_ON.match(after(match))
    if not is_weeks:
        return None
    words = f"{counted(low, '周')}到{counted(high, '周')}周" if high else f"{counted(low, '周')}周"
    return Said("measure", words + (f"零{counted(days, '天')}天" if days else ""))


RULES: tuple[Rule, ...] = (
    rule(r"(?<![\d.\u3400-\u9fff分])2 ?段(?![时話话])|(?<=奶粉)2 ?段", _stage),
    rule(r"(?<=\d)(?:u|U)(?=[、，。；/ ]|$)", _insulin),
    rule(r"(?<![A-Za-z])q(\d{1,2})(?:-(\d{1,2}))?h(?![A-Za-z])", _dosing),
    rule(r"(?<![A-Za-z])(?:[bqt]id|q[dn]|prn|po)(?![A-Za-z])", _latin_dose),
    rule(
        r"(?:(?<=\d)|(?<=\d ))([↑↓])? ?([mμuk])?(I)?U/(m?L|m?l|dL)(?![A-Za-z])",
        _activity,
    ),
    rule(r"(?<=[A-Za-z原体毒核酸白])\(([-+])\+{0,3}\)", _verdict),
    rule(
        rf"(?<=\d)([↑↓]) ?({UNIT}{RATE})",
        lambda m: Said("measure", unit_name(m[2]) + _OFF[m[1]]),
    ),
    rule(r"(?<=\d)[↑↓](?= ?[(（，。；、]|$)", _off_range),
    rule(r"(?<![A-Za-z\d./-])(\d{1,2})(?:[-~–](\d{1,2}))?w(?:\+([1-6]))?(?![A-Za-z\d])", _weeks),
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
        r"(?<![A-Za-z\d./-])(\d{1,2})[-~–](\d{1,2})m"
        r"(?= ?(?:每次|宝宝|婴|可[用食吃]|适用|龄|一次|\d))",
        _months_for_dose,
    ),
    rule(
        rf"(?:(?<=pH)|(?<=PH)|(?<=pH )|(?<=PH )|(?<=H值)|(?<=H值：))({NUMBER})[-~–]({NUMBER})"
        r"(?![\d.])",
        _acidity,
    ),
)
