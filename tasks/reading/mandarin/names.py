"""Numbers in names: models, versions, chemical formulas, pixels, bus lines. Pure."""

import re

from tasks.reading.mandarin.money import is_priced
from tasks.reading.mandarin.numerals import amount, cardinal, digits, is_counted, is_surely_counted
from tasks.reading.mandarin.rules import Rule, Said, after, any_of, before, rule

_BY_DIGITS = re.compile(r"(?<![A-Za-z])(?i:IP|ISO ?|GB/?T? ?|KN|KF|SN|No)$")
_ACCOUNT = re.compile(
    r"(?:微信|账号|帐号|(?<![A-Za-z])ID|[Ll]ine|LINE|WeChat|小红书|抖音|公众号|微博)"
    r"号?[：:是 ]*@?[A-Za-z_.]+$"
)
_TO_PAIR = re.compile(r"(?i)(?<![A-Za-z0-9])[BCOPGDMFS]$")
_BRANDS = re.compile(
    r"(?:波音|空客|保时捷|宝马|奔驰|标致|骁龙|天玑|麒麟|酷睿|锐龙|至强|诺基亚|佳能|尼康|"
    r"索尼|大疆|乐高|西瓜|歼|运|轰|直|"
    r"型号|款式|系列|机型|显卡)$"
)
_KNOWN = r"(?:985|211|996|666|1314|886|233|1688|55688)"
_ROMAN = {
    **{"Ⅰ": 1, "Ⅱ": 2, "Ⅲ": 3, "Ⅳ": 4, "Ⅴ": 5, "Ⅵ": 6, "Ⅶ": 7, "Ⅷ": 8, "Ⅸ": 9, "Ⅹ": 10},
    **{"Ⅺ": 11, "Ⅻ": 12, "ⅰ": 1, "ⅱ": 2, "ⅲ": 3, "ⅳ": 4, "ⅴ": 5, "ⅵ": 6, "ⅶ": 7, "ⅷ": 8},
    **{"ⅸ": 9, "ⅹ": 10, "ⅺ": 11, "ⅻ": 12},
}
_LATIN_ROMAN = {
    **{"II": 2, "III": 3, "IV": 4, "VI": 6, "VII": 7, "VIII": 8, "IX": 9, "XI": 11, "XII": 12},
    **{"XIII": 13, "XIV": 14, "XV": 15, "XVI": 16, "XVII": 17, "XVIII": 18, "XIX": 19},
    **{"XX": 20, "XXI": 21, "XXII": 22, "XXIII": 23, "XXIV": 24, "XXV": 25, "XXX": 30},
}
_SURE_ROMAN = "XIV|XVI|XVIII|XVII|XIII|XIX|VIII|VII|III|XXIV|XXIII|XXII"
"""These are numerals wherever they stand; VI is also a firm's look, XI a name, XV a car."""


def is_brand(text: str) -> bool:
    """Whether a make stands at the end of ``text``, so that a number behind it is a model."""
    return bool(_BRANDS.search(text))


def model_number(number: str) -> str:
    """The number of a model: P70 is 七十, X100 is 一百, 4090 is 四零九零."""
    whole, dot, part = number.partition(".")
    is_round = len(whole) in (3, 4) and not whole.rstrip("0")[1:]
    if whole.startswith("0") and len(whole) > 1:
        spoken = digits(whole)
    elif len(whole) <= 2 or is_round:
        spoken = cardinal(int(whole))
    else:
        spoken = digits(whole)
    return spoken + ("点" + digits(part) if dot else "")


def _glued(match: re.Match[str]) -> Said:
    """The digits of P70, H2O, i7-13700K, WH-1000XM5, IP68."""
    left = before(match)
    number = match[0]
    if (
        number == "2"
        and _TO_PAIR.search(left)
        and re.match(r"(?i)[BCOPGDMF](?![A-Za-z])", after(match))
    ):
        return Said("model", " to ")
    is_mask = left[-1:] in ("N", "n") and number[0] == "9"
    is_name = is_mask or _BY_DIGITS.search(left) or re.search(r"[A-Za-z]\d+-$", left)
    is_name = is_name or _ACCOUNT.search(left)
    return Said("model", digits(number) if is_name and "." not in number else model_number(number))


def _values_of_name(match: re.Match[str]) -> Said | None:
    """HRC28-32, SPF30-50: from one value to another; a name may look the same."""
    low, high = match.groups()
    if int(low) >= int(high) or low.startswith("0"):
        return None
    is_value = before(match).endswith(("HRC", "HRB", "HB", "HV", "SPF", "DN", "PN", "ISO"))
    doubt = None if is_value else f"{match[0]} is read as a range; write 杠 where it is a name"
    return Said("range", f"{amount(low)}到{amount(high)}", doubt)


def _version(match: re.Match[str]) -> Said:
    """2.0.1 and 192.168.1.1, part by part."""
    parts = match[1].split(".")
    is_address = len(parts) == 4
    spoken = "点".join(digits(p) if is_address or len(p) > 2 else amount(p) for p in parts)
    return Said("version", spoken + (f"冒号{digits(match[2])}" if match[2] else ""))


def _spaced(match: re.Match[str]) -> Said | None:
    """RTX 4090, iPhone 15: the number of what is named, unless something is counted."""
    right, number = after(match), match[0]
    if is_counted(right) or re.match(r" ?[%℃°]|[-~]\d", right):
        return None
    is_memory = len(number) == 3 and re.match(r"[GT](?![A-Za-z\d])", right)
    if is_memory or _INDEX.search(before(match)):
        return Said("cardinal", amount(number))
    if re.fullmatch(r"(?:19|20)\d{2}", number):
        return Said("model", digits(number))
    if len(number) == 4 and re.match(r"K(?![A-Za-z])", right):  # LED 6500K
        return Said("model", amount(number))
    return Said("model", model_number(number))


def _lines(match: re.Match[str]) -> Said | None:
    """1080P, 4K, 5G and 13700K: the letters behind are the name's."""
    number = match[0]
    spoken = model_number(number)
    if len(number) == 4 and re.match(r"K(?![A-Za-z])", after(match)):
        spoken = amount(number)
    if len(number) == 3 and _BUS.search(before(match)):
        return Said("digits", digits(number))
    if len(number) == 3 and re.search(r"(?:Ultra |[iR])\d[ -]$", before(match)):
        return Said("model", digits(number))
    if len(number) >= 4 and re.match(r"(?:G|CVIA|ANSI)(?![A-Za-z\d])", after(match)):
        return Said("model", amount(number))
    if len(number) == 3 and not is_brand(before(match)):
        is_screen = re.match(r"[pPiI](?![A-Za-z])", after(match))
        spoken = digits(number) if is_screen else amount(number)
    return Said("model", spoken)


def _branded(match: re.Match[str]) -> Said | None:
    """波音737, 骁龙888: the number of a make, unless something is counted."""
    if not is_brand(before(match)) or is_counted(after(match)):
        return None
    return Said("model", model_number(match[0]))


def _known(match: re.Match[str]) -> Said | None:
    """985, 996, 666: names, unless something is counted or priced."""
    right = after(match)
    if is_surely_counted(right) or is_priced(before(match)) or re.match(r" ?[%℃+×*=/~-]", right):
        return None
    return Said("digits", digits(match[0]))


def _standard(match: re.Match[str]) -> Said:
    """ISO 9001:2015: its number and its year."""
    return Said("model", f"{digits(match[1])} {digits(match[2])}")


def _national_standard(match: re.Match[str]) -> Said | None:
    """GB/T 18801-2015, GB 4806.7-2016: its number and its year; 16GB 512 is no standard."""
    if not re.search(r"(?<![A-Za-z\d])(?<!\d )(?:[A-Z]{2}/T|GB) ?$", before(match)):
        return None
    year = f" {digits(match[2])}" if match[2] else ""
    return Said("model", digits(match[1]) + year)


def _next_flight(match: re.Match[str]) -> Said | None:
    """CA981/982: the number of the way back."""
    found = re.search(r"(?<![A-Za-z])[A-Z]{1,2}(\d{3,4})$", before(match))
    if not found or len(found[1]) < len(match[1]):
        return None
    return Said("digits", f"、{digits(match[1])}")


def _bus(match: re.Match[str]) -> Said:
    number = match[0]
    return Said("digits", digits(number) if len(number) > 2 else amount(number))


def _roman(match: re.Match[str]) -> Said:
    return Said("ordinal", cardinal(_ROMAN[match[0]]))


def _latin_roman(match: re.Match[str]) -> Said:
    return Said("ordinal", cardinal(_LATIN_ROMAN[match[0]]))


def _choice(match: re.Match[str]) -> Said:
    """买2送1, 2选1, 2合1: these never say 两."""
    return Said("cardinal", amount(match[0]))


def _long(match: re.Match[str]) -> Said | None:
    """Digits that count nothing and are too many for an amount."""
    right = after(match)
    if is_surely_counted(right) or re.match(r" ?[A-Za-z%℃+×*=]|,\d|\.\d", right):
        return None
    is_named = re.search(r"(?:ISBN|ISSN|书号)[：: ]*$", before(match))
    doubt = None if is_named else f"{match[0]} is read digit by digit"
    return Said("digits", digits(match[0]), doubt)


_NAMED = r"[A-Za-zÀ-ÖØ-öø-ɏ]"
_INDEX = re.compile(r"(?<![A-Za-z])(?:AQI|PSI|HR|IQ|EQ|BMI|TDS|HRV|KDA|GRE|SAT|TOEIC|TOEFL) $")
_BUS = re.compile(r"(?:巴士?|公交|公车|专线)[车号]?(?:[A-Z\d]{1,4}[、/及和或])* ?$")
_CURRENCY = {"¥": "元", "$": "美元", "": ""}


def _by_ten_thousands(match: re.Match[str]) -> Said:
    """1,0000元: commas where 万 and 亿 begin, or a slip."""
    number = match[2]
    doubt = f"{number} is read as {number.replace(',', '')}; its comma groups no thousands"
    return Said("cardinal", amount(number) + _CURRENCY[match[1] or ""], doubt)


def _underscored(match: re.Match[str]) -> Said:
    """abc_123 is the name of an account: its digits count nothing."""
    return Said("digits", f" {digits(match[1])}")


def _pages(match: re.Match[str]) -> Said | None:
    """P12-15."""
    first, last = match.groups()
    return Said("range", f"{amount(first)}到{amount(last)}") if int(first) < int(last) else None


def _clothes(match: re.Match[str]) -> Said:
    """170/92A: height and chest."""
    height, chest, letter = match.groups()
    return Said("measure", f"{amount(height)}、{amount(chest)}{letter or ''}")


def _pixels(match: re.Match[str]) -> Said:
    """50MP is 五千万像素."""
    spoken = amount(str(round(float(match[1]) * 10**6)))
    return Said("measure", re.sub("^二亿", "两亿", spoken) + "像素")


FIRST: tuple[Rule, ...] = (
    rule(r"(?<![\d./A-Za-z])(1[4-9]\d)/(\d{2,3})([A-CY]?)(?![A-Za-z0-9/])(?! ?[mM毫])", _clothes),
    rule(
        r"(?<![A-Za-z\d.])(?<![A-Za-z]-)(?<![A-Za-z]\d-)(\d{1,3}(?:\.\d)?) ?MP(?![A-Za-z\d])",
        _pixels,
    ),
    rule(
        r"(?<![A-Za-z\d])0x([0-9A-Fa-f]{2,})(?![A-Za-z\d])",
        lambda m: Said("digits", f"零x{digits(m[1].upper())}"),
    ),
    rule(r"(?<=[A-Za-z\d])_(\d+)", _underscored),
    rule(r"(?<=(?<![A-Za-z])[Pp])(\d{1,3})[-~–](\d{1,3})(?![\d\-.A-Za-z])", _pages),
    rule(
        r"(?<![\d,.A-Za-z])([¥$]?)([1-9]\d{0,3}(?:,\d{3,4})*,\d{4})(?![\d.]|,\d)", _by_ten_thousands
    ),
    rule(
        r"(?:(?<=HTTP)|(?<=HTTPS)|(?<=SPDY)|(?<=RTSP)|(?<=TLS)|(?<=SSL)|(?<=MQTT))"
        r"/(\d{1,2}(?:\.\d{1,2})?)(?![A-Za-z\d/]|\.\d)",
        lambda m: Said("version", model_number(m[1])),
    ),
    rule(r"/(\d{2,4})(?![\d./])", _next_flight),
    rule(r"(?<=[TB ])(\d{3,5}(?:\.\d{1,2})?)(?:[-—]((?:19|20)\d\d))?(?!\d)", _national_standard),
)
RULES: tuple[Rule, ...] = (
    rule(r"(?<=[A-Za-z]\+)[2-5]0[5-9]0(?![\d.,元])", lambda m: Said("model", digits(m[0]))),
    rule(
        r"(?:(?<=足金)|(?<=纯银)|(?<=黄金)|(?<=白银))(?:9{2,4}|925|990|916)(?!\d| ?[元块克])",
        lambda m: Said("digits", digits(m[0])),
    ),
    rule(r"(?<=汽油)9[258](?!\d|号)|(?<!\d)9[258](?=无铅)", lambda m: Said("digits", digits(m[0]))),
    rule(r"(?<!\d)88(?=VIP(?![A-Za-z\d]))", lambda m: Said("model", digits(m[0]))),
    rule(r"(?<=台北)101(?!\d)|(?<![\d.])101(?=大楼|观景台)", lambda m: Said("model", digits(m[0]))),
    rule(r"(?<=(?<![A-Za-z])H\.)26\d(?!\d)", lambda m: Said("model", digits(m[0]))),
    rule(r"(?:(?<=ISO)|(?<=ISO ))(\d{4,5}):(\d{4})(?!\d)", _standard),
    rule(r"(?<![A-Za-z\d.])(\d{4})X3D", lambda m: Said("model", f"{digits(m[1])} X三D")),
    rule(
        r"(?<![\d.])(\d{1,4}(?:\.\d{1,4}){2,3})(?![\d.]\d|\d)(?:(?<=\.\d\d\d)|(?<=\.\d\d)|(?<=\.\d))(?::(\d{2,5})(?!\d))?",
        _version,
    ),
    rule(r"(?<=[A-Z]{2})(\d{1,3})[-~–](\d{2,3})(?![\dA-Za-z.-])", _values_of_name),
    rule(rf"(?<={_NAMED})(?<!\d[xX])(?<!\d )(?<![\u3400-\u9fff )]x)\d+(?:\.\d+)?", _glued),
    rule(rf"(?<={_NAMED}-)\d+(?:\.\d+)?(?!:)", _glued),
    rule(r"(?<=TOP\d-)\d+", lambda m: Said("ordinal", amount(m[0]))),
    rule(rf"(?<={_NAMED}\d-)\d+", _glued),
    rule(rf"(?<={_NAMED}\d\d-)\d+", _glued),
    rule(rf"(?<={_NAMED} )\d+(?![\d,:/])(?:\.\d+(?![\d.]))?", _spaced),
    rule(r"(?<![\d.,])\d+(?:\.\d+)?(?=[A-Za-z])", _lines),
    rule(r"(?<![\d.])\d+(?=路(?!程|费|由|人|桥|灯|口|标|上|况|段|边|演))", _bus),
    rule(
        r"(?<![\d.])\d{3}(?=L?(?:医用|食品级)?不锈钢|航空铝)", lambda m: Said("model", digits(m[0]))
    ),
    rule(
        r"(?<![\d.])(?:925|950|990|9{3,4})(?=纯?银|足?金|千足|铂)",
        lambda m: Said("digits", digits(m[0])),
    ),
    rule(
        r"(?<![\d.])(?!\d\d00)[1-9]\d{3}(?=芯片|处理器|主板|显卡|平台)",
        lambda m: Said("model", digits(m[0])),
    ),
    rule(r"(?<![\d.])\d{3}(?=中学|医院|班(?!车|次|机))", lambda m: Said("digits", digits(m[0]))),
    rule(r"(?<![\d.A-Za-z-])\d{3,4}(?=型(?!号))", lambda m: Said("model", model_number(m[0]))),
    rule(r"(?<![\d.])\d{3}(?=国道|省道|县道)", lambda m: Said("digits", digits(m[0]))),
    rule(r"(?<![\d.])(?:360(?=安全|杀毒|浏览|搜索)|58(?=同城|到家)|51(?=job))", _known),
    rule(rf"(?<![\d.A-Za-z,]){_KNOWN}(?![\d,])(?!\.\d)", _known),
    rule(r"(?<=[\u3400-\u9fff])\d{3,5}(?![\d.,%])", _branded),
    rule(f"[{''.join(_ROMAN)}]", _roman),
    rule(
        rf"(?<![A-Za-z])(?:{any_of(_LATIN_ROMAN)})(?![A-Za-z\d])(?=[代型期级类号世章卷部册届回]|》)",
        _latin_roman,
    ),
    rule(rf"(?<=第)(?:{any_of(_LATIN_ROMAN)})(?![A-Za-z\d])", _latin_roman),
    rule(
        r"(?<=[A-Za-z\d] )(?:II|III|IV|VI|VII|VIII|IX)(?![A-Za-z])",
        _latin_roman,
    ),
    rule(rf"(?<=[\u3400-\u9fff])(?:{_SURE_ROMAN}|II|IV|IX|XII)(?![A-Za-z\d])", _latin_roman),
    rule(rf"(?<=[A-Za-z] )(?:{_SURE_ROMAN})(?![A-Za-z\d])", _latin_roman),
    rule(r"(?<=文明)VI(?![A-Za-z\d])", _latin_roman),
    rule(
        r"(?<=[\u3400-\u9fff])\d{3,4}(?= ?(?:PRO|Pro|EVO|Evo|Ultra|ULTRA|Plus|PLUS|Max|MAX|Ti|XT)"
        r"(?![A-Za-z]))",
        lambda m: Said("model", model_number(m[0])),
    ),
    rule(
        r"(?<=买)\d+(?= ?[送赠得])|(?<=[送赠得选])\d+(?![\d.]| ?[\u3400-\u9fff])|"
        r"(?<!\d)\d+(?=选\d|合\d|比\d|对\d|换\d)",
        _choice,
    ),
    rule(r"(?<![\d.,])\d{7,}(?![\d])", _long),
)
