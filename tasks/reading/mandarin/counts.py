"""Numbers, ordinals, entries of lists, fractions and percentages that no other rule took."""

import re
import unicodedata
from fractions import Fraction

from tasks.reading.mandarin.measures import NOT_IN_NAME
from tasks.reading.mandarin.numerals import (
    amount,
    cardinal,
    counted,
    digits,
    is_counted,
)
from tasks.reading.mandarin.rules import NUMBER, Rule, Said, after, before, rule, sentence_around

_MODEL_DIGITS = 4
_FORMAL = str.maketrans("壹贰叁参肆伍陆柒捌玖拾佰仟", "一二三三四五六七八九十百千")
_VULGAR = re.compile(r"[½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒]")
_SIGNED_LEFT = re.compile(r"[A-Za-z0-9]$")
_BASE_RATE = re.compile(r"(?<![A-Za-z\d])(?:[HP]|LPR|SHIBOR|HIBOR)$")  # P-1.75%
_CUT = re.compile(
    r"(?:史低|新史低|平史低|折扣|优惠|促销|特惠|骨折|"
    r"国补|补贴|立减|直降|会员|首单)[价力度]{0,2}[：: ]?$"
)
_TAKEN_OFF = re.compile(
    r"(?:首[销单发]|新[人客]|会员|凑单|限时|领券|现款|预付|自提|换新|下单|拍下)$"
)
_FIGURE = re.compile(r"(?<![A-Za-z\d])[A-Z]{3}$")  # PPI-2.1%
_GAIN = re.compile(r"(?:^|[比幅率涨增\s，。：:(])$")
_SIGNED_UNIT = re.compile(r" ?(?:米|元|度|万|亿|千|百|块|摄氏)")
_NEGATIVE = re.compile(
    r"(?:[温度拔为是至到达约低于在跌幅增长率利润额值差负从压光数]|^|"
    r"[\s，。、；：（(！？,;:!?\"“【《|/=<>≥≤≈±×÷+])$"
)


def _fraction_words(value: Fraction) -> str:
    return f"{_below(value.denominator)}{cardinal(value.numerator)}"


def _below(number: int) -> str:
    return {100: "百", 1000: "千", 10000: "万"}.get(number, cardinal(number)) + "分之"


def _vulgar(match: re.Match[str]) -> Said:
    whole, sign = match.groups()
    value = Fraction(unicodedata.numeric(sign)).limit_denominator(10)
    spoken = _fraction_words(value)
    return Said("fraction", f"{amount(whole)}又{spoken}" if whole else spoken)


def _colleges(match: re.Match[str]) -> Said:
    """985/211: two lists of universities."""
    return Said("digits", f"{digits(match[1])}、{digits(match[2])}")


def _halves(match: re.Match[str]) -> Said:
    """后排4/6放倒: shares of ten."""
    return Said("digits", digits(match[1]) + digits(match[2]))


def _fraction(match: re.Match[str]) -> Said | None:
    """1/2: 二分之一; numbers too large for one are read with 比 or a pause."""
    top, bottom = match.groups()
    if top == bottom:
        doubt = None
        if re.match(r" ?副本", after(match)):
            doubt = f"{match[0]} is read with 比; write 全部{bottom}份 or the date where it is one"
        return Said("range", f"{amount(top)}比{amount(bottom)}", doubt)
    if len(bottom) > 4 or bottom.startswith("0") or top.startswith("0"):
        return None
    is_named = re.match(r"[GT]B?(?![A-Za-z])", after(match))  # Ultra 7/32G/1TB
    is_model = len(top) == _MODEL_DIGITS and re.match(r"[KkPp](?![A-Za-z])", after(match))
    if is_model:  # 4090/4K
        return Said("digits", f"{digits(top)}、{amount(bottom)}")
    if (is_named or _is_pair(int(top), int(bottom))) and not _PARTITIVE.match(after(match)):
        return Said(
            "range", f"{amount(top)}、{amount(bottom)}", f"{match[0]} is read as two numbers"
        )
    doubt = (
        None
        if is_counted(after(match)) or _PARTITIVE.match(after(match))
        else f"{match[0]} is read as a fraction; it may be {_otherwise(int(top), int(bottom))}"
    )
    return Said("fraction", f"{_below(int(bottom))}{amount(top)}", doubt)


_MONTHS_OF_YEAR = 12
_DAYS_OF_MONTH = 31


def _otherwise(top: int, bottom: int) -> str:
    """What else than a fraction the numbers may be: 13/20 is no day."""
    is_day = 1 <= top <= _MONTHS_OF_YEAR and 1 <= bottom <= _DAYS_OF_MONTH
    part = f"{top} of {bottom}" if top < bottom else "two numbers"
    return f"a date, or {part}" if is_day else part


def _is_pair(top: int, bottom: int) -> bool:
    """血压130/80, N2 120/180: no fraction that anybody says."""
    return top > bottom >= 10 or (top > 9 and bottom > 20 and bottom not in (100, 1000, 10000))


def _percent(match: re.Match[str]) -> Said | None:
    sign, number, mark = match.groups()
    left = before(match)
    if sign == "+" and not _GAIN.search(left):
        return None
    is_signed = sign and (not _SIGNED_LEFT.search(left) or _FIGURE.search(left))
    if sign == "-" and (_BASE_RATE.search(left) or _CUT.search(left)):
        return Said("percent", f"减百分之{amount(number)}")
    if sign == "-" and _is_price_cut(match):
        return Said("percent", f"减百分之{amount(number)}")
    prefix = {"-": "负", "+": "正"}.get(sign or "", "") if is_signed else ""
    spoken = "百" if (number, mark) == ("100", "%") else amount(number)
    return Said("percent", f"{prefix}{'百' if mark == '%' else '千'}分之{spoken}")


def _is_price_cut(match: re.Match[str]) -> bool:
    """¥298豪华版-30%: off a price, where nothing speaks of growth or of a rate."""
    if not re.search(r"[\d元\u3400-\u9fffC]$", before(match)):
        return False
    sentence = sentence_around(match)
    return bool(_PRICED_SENTENCE.search(sentence)) and not _MEASURED_SENTENCE.search(sentence)


_PRICED_SENTENCE = re.compile(r"[¥$€]\d|\d元|折|券|史低|特惠")
_MEASURED_SENTENCE = re.compile(
    r"[涨跌幅率比指]|营收|利润|基金|收益|回撤|气温|淡|降|减脂|增长|同比|环比|湿度|浓度|偏差|误差|公差"
)


def _by_volume(match: re.Match[str]) -> Said:
    """53%vol: degrees of alcohol."""
    return Said("percent", f"{amount(match[1])}度")


def _choices(match: re.Match[str]) -> Said:
    """3/4/5月 and 2/3线城市: one after the other."""
    return Said("cardinal", "、".join(amount(part) for part in match[0].split("/")))


def _ratio(match: re.Match[str]) -> Said:
    return Said("range", "比".join(amount(part) for part in re.split(r" ?: ?", match[0])))


def _ordinal(match: re.Match[str]) -> Said:
    number = match[1]
    if before(match).endswith("第"):
        return Said("ordinal", amount(number))
    if re.search(r"[编单货款批同]号[是为：:]? ?$", before(match)):
        return Said("digits", digits(number))
    if len(number) > 3:
        return Said("ordinal", f"编号{digits(number)}")
    return Said("ordinal", f"第{amount(number)}")


def _number_of(match: re.Match[str]) -> Said:
    """No.A1023 is 编号A一零二三; behind 货号 it is not said again."""
    return Said("abbreviation", "" if re.search(r"号[：:]? ?$", before(match)) else "编号")


def _house(match: re.Match[str]) -> Said | None:
    """5#楼 is 五号楼, but the second # of #双11# ends a topic."""
    if len(re.findall(r"(?<!\d)#", before(match))) % 2:
        return None
    return Said("ordinal", f"{amount(match[1])}号")


def _discount(match: re.Match[str]) -> Said:
    """8.5折 and 85折 are 八五折; 0.5折 is 零点五折."""
    whole, part = match[1], match[2] or ""
    if whole == "0" or len(part) > 1 or (len(whole) > 1 and part) or len(whole) > 2:
        return Said("decimal", amount(match[0]))
    if len(whole) == 2 and whole.endswith("0"):
        return Said("cardinal", amount(whole[0]))
    return Said("digits", digits(whole + part) if part != "0" else digits(whole))


def _formal(match: re.Match[str]) -> Said:
    """壹佰贰拾元 is read as 一百二十元 is."""
    return Said("cardinal", match[0].translate(_FORMAL))


def _clock_hour(match: re.Match[str]) -> Said:
    """8点05: the minutes."""
    return Said("time", f"零{cardinal(int(match[1]))}" if match[1] != "00" else "整")


def _minus_number(match: re.Match[str]) -> Said | None:
    """-154米 and 海拔-154: a minus; behind other words a hyphen is only a pause."""
    number, left, right = match[1], before(match), after(match)
    if left.endswith(("²", "³")):  # b²-4ac
        return Said("sign", "减" + amount(number))
    if _SIGNED_LEFT.search(left) or left.endswith("-"):
        return None
    if _TAKEN_OFF.search(left) and _PAUSE.match(right.removeprefix("元")):
        return Said("cardinal", "减" + amount(number))
    is_figure = re.search(r"[镜瞳光权指视眼]$|度数$", left) and re.search(r"\.\d\d$", number)
    if is_figure or _NEGATIVE.search(left) or _SIGNED_UNIT.match(right):
        return Said("cardinal", "负" + counted(number, right))
    return Said("cardinal", " " + counted(number, right), f"{match[0]} is read without a minus")


def _number(match: re.Match[str]) -> Said:
    number, right = match[0], after(match)
    spoken = amount(number) if before(match).endswith("第") else counted(number, right)
    return Said("decimal" if "." in number else "cardinal", spoken, _doubt(number, right))


def _doubt(number: str, right: str) -> str | None:
    """What a person should look at: 2,024 may be a year, and 123456 a name."""
    if is_counted(right):
        return None
    value = number.replace(",", "")
    if "," in number and re.fullmatch(r"(?:19|20)\d\d", value):
        return f"{number} is read as an amount; write {value} if it is a year"
    if re.fullmatch(r"[1-9]\d{4,}", number) and not number.endswith("00"):
        return f"{number} is read as an amount; write what it counts, or put its digits apart"
    return None


_PARTITIVE = re.compile(
    r"的|以[上下内]|左右|处|价|屏|体积|面积|时间|强|决赛|说明|杯|勺|个|盎司|英寸|寸"
)
_PAUSE = re.compile(r" ?[，。、；：！？,.;:!?)\n]|$")
_BEGINS = re.compile(r"(?:^|[。！？；;!?：:，,、])\s*$|\s$")
_NAMED_BY_NUMBER = re.compile(r"[步号种款位层项条类级代届名期阶]")
_CIRCLED = "①-⑳㉑-㉟㊱-㊿⓪❶-❿⓫-⓴⓵-⓾➀-➉➊-➓⑴-⒇⒈-⒛㈠-㈩㊀-㊉"


def _spoken(number: int, match: re.Match[str]) -> str:
    return cardinal(number) + ("" if _PAUSE.match(after(match)) else "、")


def _circled(match: re.Match[str]) -> Said:
    number = int(unicodedata.numeric(match[1]))
    if before(match).endswith("第") or _NAMED_BY_NUMBER.match(after(match)):
        return Said("ordinal", cardinal(number))
    return Said("ordinal", _spoken(number, match))


def _follows_entry(match: re.Match[str], entry: str) -> bool:
    """1.打开2.加水: whether the entry before this one stands on its line too."""
    number = int(match[1])
    line = match.string[: match.start()].rpartition("\n")[2]
    return number > 1 and bool(re.search(entry.format(number - 1), line))


def _listed(match: re.Match[str]) -> Said | None:
    if not _BEGINS.search(before(match)) and not _follows_entry(match, r"(?<![\d.]){}[.、)]"):
        return None
    return Said("ordinal", _spoken(int(match[1]), match))


def _in_brackets(match: re.Match[str]) -> Said:
    """(1) before an entry has a pause behind it, 六(3)班 has none."""
    is_entry = _follows_entry(match, r"\({}\)")
    if re.search(r"\d$", before(match)):  # 6.5(6)
        return Said("cardinal", f"({cardinal(int(match[1]))})")
    if re.search(r"[\u3400-\u9fff]$", before(match)) and not is_entry:
        return Said("ordinal", cardinal(int(match[1])))
    return Said("ordinal", _spoken(int(match[1]), match))


FIRST: tuple[Rule, ...] = (
    rule(f"([{_CIRCLED}])[.、]?", _circled),
    rule("(\\d)\ufe0f?\u20e3", _in_brackets),
    rule(r"\((\d{1,2})\)(?! ?\d)", _in_brackets),
    rule(r"(\d{1,2})[.．](?=[\u3400-\u9fffA-Za-z《“\"【「])(?![A-Za-z]\d)", _listed),
    rule(r"(\d{1,2})[.] (?=\S)", _listed),
    rule(r"(\d{1,2})\)", _listed),
    rule(rf"(?:(?<![\d.])(\d+) ?)?({_VULGAR.pattern})", _vulgar),
    rule(rf"(?<![A-Za-z\d.])({NUMBER}) ?% ?(?i:vol)\.?(?![A-Za-z])", _by_volume),
    rule(rf"([-+]?)(?<![A-Za-z\d.])({NUMBER}) ?([%‰])", _percent),
    rule(r"(?<![A-Za-z])(?:N[Oo]\.? ?|№ ?)(\d+)(?![\d.]\d|[A-Za-z])", _ordinal),
    rule(r"(?<![A-Za-z])N[Oo]\.? ?(?=[A-Z]{1,4}-?\d)", _number_of),
    rule(r"(?<=第) ?\d+(?:\.\d+)?", lambda m: Said("ordinal", amount(m[0].strip()))),
    rule(
        r"(?:(?<=排名)|(?<=榜单)|(?<=排行))#(\d{1,3})(?!\d)",
        lambda m: Said("ordinal", f"第{amount(m[1])}"),
    ),
    rule(r"(?<![\dA-Za-z])(\d+)#(?![A-Za-z\u3400-\u9fff]*#)", _house),
    rule(
        r"(?<![\d.])(\d{1,2})(?:\.(\d+))?(?= ?折(?!叠|扣|腾|返|断|射|线|页|纸|磨|"
        r"旧|算))",
        _discount,
    ),
    rule(
        r"(?:[壹贰叁参肆伍陆柒捌玖][拾佰仟](?:万|"
        r"亿)?零?){1,8}[壹贰叁参肆伍陆柒捌玖]?|[壹贰叁肆伍陆柒捌玖](?=元|圆|万元|¥)",
        _formal,
    ),
    rule(r"(?<=\d点)(0\d)(?!\d)", _clock_hour),
    rule(r"(?<=\d点)([1-9])(?=分(?!之|钟))", _clock_hour),
    rule(
        r"(?<![\d:.])(?<!ISO)(?<!ISO )\d{1,5}(?:\.\d+)?(?: ?: "
        r"?\d{1,5}(?:\.\d+)?){1,3}(?![\d:])",
        _ratio,
    ),
    rule(rf"{NOT_IN_NAME}\d{{1,5}}(?:/\d{{1,5}}){{2,7}}(?![\d/])", _choices),
    rule(rf"{NOT_IN_NAME}\d{{1,2}}/\d{{1,2}}(?=期(?!前|后|中|末)|号[线色]|车?道(?!题))", _choices),
    rule(
        rf"{NOT_IN_NAME}\d/\d(?=线|[月号楼代期](?!前|后)|年(?:[0零免低]息|期|分期|质保|贷))",
        _choices,
    ),
    rule(r"(?<![\d./])([1-9])/([1-9])(?=放倒|分成)", _halves),
    rule(r"(?<!\d)(985|211)/(985|211)(?!\d)", _colleges),
    rule(
        rf"{NOT_IN_NAME}1/(\d{{1,5}})([万亿])",
        lambda m: Said("fraction", f"{cardinal(int(m[1]))}{m[2]}分之一"),
    ),
    rule(rf"{NOT_IN_NAME}(\d{{1,4}})/(\d{{1,5}})(?![\d/]|,\d{{3}})", _fraction),
)
RULES: tuple[Rule, ...] = (
    rule(rf"-({NUMBER})", _minus_number),
    rule(NUMBER, _number),
)
