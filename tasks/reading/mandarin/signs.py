"""Signs on their own, and letters that are as wide as characters. Pure.

Every sign of ``SIGNS`` is read or left out here, so that none is left for the voice.
"""

import re
import unicodedata

from tasks.reading.mandarin.numerals import MEASURES, amount, cardinal, digits
from tasks.reading.mandarin.rules import Rule, Said, after, any_of, before, rule, sentence_around

_WORDS = {
    **{"≥": "大于等于", "≤": "小于等于", "≈": "约等于", "≠": "不等于", "±": "正负", "×": "乘"},
    **{"÷": "除以", "=": "等于", "+": "加", "°": "度", "%": "百分号", "‰": "千分号"},
    **{"℃": "摄氏度", "℉": "华氏度", "㎡": "平方米", "㎥": "立方米", "№": "编号", "℡": "电话"},
    **{"²": "平方", "³": "立方", "∞": "无穷大", "√": "", "⎓": "", "¢": "美分", "←": "从"},
    **{"α": "阿尔法", "β": "贝塔", "γ": "伽马", "θ": "西塔", "λ": "兰姆达", "ω": "欧米伽"},
    **{"∑": "总和", "∆": "德尔塔", "Δ": "德尔塔", "π": "派"},
    **{
        "μ": "微",
        "Ω": "欧姆",
        "㎏": "公斤",
        "㎜": "毫米",
        "㎝": "厘米",
        "㎞": "公里",
        "㎎": "毫克",
    },
    **{"¥": "元", "$": "美元", "€": "欧元", "£": "英镑", "₹": "卢比", "₩": "韩元", "₽": "卢布"},
    **{
        "฿": "泰铢",
        "₫": "越南盾",
        "₱": "比索",
        "º": "度",
        "∶": "比",
        "§": "第",
        "∴": "所以",
        "∵": "因为",
    },
}
_POINTING = re.compile(r"(?:^|[，。；！？：:\s]|里|方|下面|如下|链接|点击|此处|看|戳|扫码)$")
_MEASURE = any_of(MEASURES)
_SILENT = "*^_|\\™®©•·~`¦†‡※¶′¹⁰⁴⁵⁶⁷⁸⁹⁺⁻⁼"
_SUBSCRIPTS = {0x2080 + value: name for value, name in enumerate("零一二三四五六七八九")}


def _sign(match: re.Match[str]) -> Said:
    return Said("sign", _WORDS[match[0]])


def _and(match: re.Match[str]) -> Said:
    """P&G is P and G, 你&我 is 你和我."""
    left, right = before(match).rstrip(), after(match).lstrip()
    is_latin = bool(re.search(r"[A-Za-z]$", left) and re.match(r"[A-Za-z]", right))
    return Said("sign", " and " if is_latin else "和")


def _at(match: re.Match[str]) -> Said:
    left, right = before(match), after(match)
    is_latin = re.search(r"[A-Za-z]$", left) and re.match(r"[A-Za-z\d]", right)
    return Said("sign", " at " if is_latin else "艾特")


def _compare(match: re.Match[str]) -> Said:
    """< and > between numbers; as brackets and arrows of a menu they are a pause."""
    left, right = before(match).rstrip(), after(match).lstrip()
    is_number = re.match(r"[-+.]?\d", right) or re.search(r"\d$", left)
    is_number = is_number or (
        re.search(r"(?<![A-Za-z])[a-z]$", left) and re.match(r"[a-z](?![A-Za-z])", right)
    )
    if not is_number:
        return Said("sign", " ")
    sign, has_equals = match[1], match[2]
    return Said("sign", ("大于" if sign == ">" else "小于") + ("等于" if has_equals else ""))


def _slash(match: re.Match[str]) -> Said:
    """男/女 and iOS/Android: a pause."""
    left, right = before(match), after(match)
    is_inside = re.search(r"\S$", left) and re.match(r"\S", right)
    if re.search(rf"\d ?(?:{_MEASURE})$", left) and re.match(_MEASURE, right):
        return Said("sign", "每")
    is_or = left.endswith("和") and right.startswith("或")
    return Said("sign", "、" if is_inside and not is_or else " ")


def _hyphen(match: re.Match[str]) -> Said:
    is_sum = re.search(r"\d ?$", before(match)) and re.match(r" ?\d[\d.]* ?=", after(match))
    return Said("sign", "减" if is_sum else " ")


def _power(match: re.Match[str]) -> Said:
    """2^3: 二的三次方; 10^-3 is 十的负三次方."""
    return Said("sign", f"的{'负' if match[1] else ''}{amount(match[2])}次方")


def _raised(match: re.Match[str]) -> Said:
    """10⁸ and 10⁻¹⁹."""
    power = unicodedata.normalize("NFKC", match[0])
    minus = "负" if power[0] in "−-" else ""
    return Said("sign", f"的{minus}{amount(power.lstrip('−-+'))}次方")


def _arrow(match: re.Match[str]) -> Said:
    """A→B is A到B; before the first word an arrow only points."""
    left = before(match)
    is_between = re.search(r"[\d元%] $", left) and re.match(r" [\d¥$]", after(match))
    return Said("sign", "到" if is_between or re.search(r"[^\s，。、；：！？]$", left) else " ")


def _stars(match: re.Match[str]) -> Said:
    """★★★★☆ is 四星; beside 五星 it is not said again."""
    if before(match).endswith("星") or re.match(r" ?[一二三四五六七八九十\d]星", after(match)):
        return Said("sign", " ")
    return Said("sign", f"{cardinal(len(match[0].rstrip('☆')))}星")


def _starred_grade(match: re.Match[str]) -> Said | None:
    """5** in the examinations of Hong Kong."""
    is_grade = re.search(r"DSE|文凭试|会考", sentence_around(match))
    return Said("sign", "星" * len(match[0])) if is_grade else None


def _trend(match: re.Match[str]) -> Said:
    """↓5% and 价格↓ go down; ↓左下角 and 点这里↓ only point."""
    left, right = before(match).rstrip(), after(match).lstrip()
    is_number = bool(re.match(r"[\d.]", right))
    is_pointing = bool(_POINTING.search(left)) or (
        bool(right) and not re.match(r"[\d，。、；！？]", right)
    )
    word = "上升" if match[0] in "↑↗" else "下降"
    return Said("sign", word if is_number or not is_pointing else " ")


def _about(match: re.Match[str]) -> Said:
    """~30人 is 约三十人; behind 约 it is not said again."""
    if re.search(r"\d ?V$", before(match)):
        return Said("sign", " ")
    is_said = re.search(r"(?:约|大概|大约|近|左右)$", before(match))
    return Said("sign", "" if is_said else "约")


def _square(match: re.Match[str]) -> Said:
    is_unit = re.search(r"[A-Za-z\u3400-\u9fff\d)]$", before(match))
    is_square = match[0] == "²"
    if not is_unit:
        return Said("cardinal", "二" if is_square else "三")
    return Said("sign", "的平方" if is_square else "的立方")


def _subscript(match: re.Match[str]) -> Said:
    return Said("model", match[0].translate(_SUBSCRIPTS))


def _dot(match: re.Match[str]) -> Said:
    """Node.js: the dot inside a name is 点; behind Mr it is not said."""
    is_title = re.search(r"(?<![A-Za-z])(?:Mr|Mrs|Ms|Dr|St|Prof|No|vs|[A-Z])$", before(match))
    return Said("abbreviation", " ") if is_title else Said("address", "点")


def _initial(match: re.Match[str]) -> Said:
    """U.S.A.: its letters."""
    return Said("acronym", " ".join(match[0].replace(".", "")))


RULES: tuple[Rule, ...] = (
    rule(r"(?:(?<=^[A-D])|(?<=[ ：:，。？?；;\n][A-D]))\.(?=\d)", lambda _: Said("ordinal", "、")),
    rule(r"(?<![A-Za-z])(?:[A-Z]\.){2,6}(?:[A-Z](?![A-Za-z]))?", _initial),
    rule(r"(?<![A-Za-z0-9.])\.(?=[A-Za-z]{2})", lambda _: Said("address", "点")),
    rule(r"(?<=[\u3400-\u9fff])\.(?=[a-z0-9]{2,4}(?![A-Za-z0-9])|中国|公司|网络)", _dot),
    rule(r"(?<=[A-Za-z0-9])\.(?=(?:中国|公司|网络|网址)(?:[^\u3400-\u9fff]|$))", _dot),
    rule(r"(?<=localhost):(\d{2,5})(?!\d)", lambda m: Said("address", f"冒号{digits(m[1])}")),
    rule(r"(?<=[A-Za-z0-9\u3400-\u9fff])\.(?=[A-Za-z])(?<=[A-Za-z0-9]\.)", _dot),
    rule(r"(?<![A-Za-z])[Ww][Ii]-[Ff][Ii](?![A-Za-z])", lambda _: Said("abbreviation", "WiFi")),
    rule(
        r"(?<=[一二三四五六七八九十])\.(?=[零一二三四五六七八九])",
        lambda _: Said("decimal", "点"),
    ),
    rule(
        r"(?:(?<=EP)|(?<=TOP)|(?<=[Ll]v)|(?<=LV)|(?<=[Vv]ol)|(?<=VOL)|(?<=[Cc]h)|(?<=[Pp]art)|(?<=PART)|(?<=[Ss]tep)|(?<=STEP)|(?<=[Dd]ay)|"
        r"(?<=DAY)|(?<=[Tt]ips)|(?<=[Rr]ound))\. ?(?=\d)",
        lambda _: Said("abbreviation", " "),
    ),
    rule(r"(?<=[A-Za-z])\.(?=\d)", lambda _: Said("model", "点")),
    rule(r"(?<=[SML])[-~](?=\d?[XSML]{1,4}(?![A-Za-z]))", lambda _: Said("range", "到")),
    rule(r"(?<=[A-Za-z升])/(?=\d* ?(?:km|百?公里))", lambda _: Said("sign", "每")),
    rule(r"(?<=GB)/(?=T)", lambda _: Said("sign", " ")),
    rule(r"([<>])(=?)", _compare),
    rule(
        r"(?<=\d)(?: ?[*×] ?|[xX]| [xX] )(?=\d)|(?<![A-Za-z])[×x](?=\d)|(?<=[^\s*])\*(?=\d)|×",
        lambda _: Said("sign", "乘"),
    ),
    rule(r"(?<=[\dA-Za-z)])\^\(?(-)?(\d+)\)?(?![\d.])", _power),
    rule(r"(?<=\d)[⁺⁻]?[⁰¹²³⁴-⁹]{2,}|(?<=\d)[⁺⁻][¹²³⁴-⁹]|(?<=\d)[⁰¹⁴-⁹]", _raised),
    rule(r"(?<=[²³⁴-⁹)])-(?=[\dA-Za-z(])", lambda _: Said("sign", "减")),
    rule(r"(?<=[A-F])-(?=[级档等及])", lambda _: Said("sign", "减")),
    rule(r"(?<=牛)·(?=米)", lambda _: Said("sign", "")),
    rule(r"\+(?=加[一二])", lambda _: Said("sign", "")),
    rule(r"\+/-", lambda _: Said("sign", "正负")),
    rule(r"→", _arrow),
    rule(r"(?:(?<=^)|(?<=[\s，。；！？：]))←", lambda _: Said("sign", " ")),
    rule(
        r"(?<=\dV)=(?=\d+(?:\.\d+)?A)|(?:(?<=[pPkKiI\d页])|(?<=dB))@(?=\d)",
        lambda _: Said("sign", " "),
    ),
    rule(r"(?<![A-Za-z\d/])(?:km/h|KM/H)(?![A-Za-z])", lambda _: Said("measure", "公里每小时")),
    rule(
        r"(?:(?<![A-Za-z\d/])|(?<=\^\d)|(?<=[⁰-⁹]))m/s(?![A-Za-z²])",
        lambda _: Said("measure", "米每秒"),
    ),
    rule(r"[↑↓↗↘]", _trend),
    rule(r"(?<=(?<![\d*])\d)\*{1,2}(?!\*)", _starred_grade),
    rule(r"[★⭐]{2,10}☆{0,9}|★☆{1,9}", _stars),
    rule(r"(?<=\d)[★☆⭐](?!星)", lambda _: Said("sign", "星")),
    rule(r"[Φφ⌀Ø] ?(?=\d)", lambda m: Said("sign", "" if before(m).endswith("径") else "直径")),
    rule(r"(?<=Rh) ?\(?-\)?", lambda _: Said("sign", "阴性")),
    rule(r"(?<=Rh) ?\(?\+\)?", lambda _: Said("sign", "阳性")),
    rule(r"√(?=\d)", lambda _: Said("sign", "根号")),
    rule(r"[²³]", _square),
    rule(r"~(?=\d)", _about),
    rule(r"&", _and),
    rule(r"@", _at),
    rule(r"/+", _slash),
    rule(r"(?<=(?<![A-Za-z#])[CFJ])#(?![A-Za-z\d])", lambda _: Said("sign", " sharp")),
    rule(r"#(?=键)", lambda _: Said("sign", "井号")),
    rule(r"#+", lambda _: Said("sign", "")),
    rule(r"-+", _hyphen),
    rule("[\u2080-\u2089]+", _subscript),
    rule(f"[{re.escape(''.join(_WORDS))}]", _sign),
    rule(f"[{re.escape(_SILENT)}]+", lambda _: Said("sign", " ")),
)
