"""Materials, parts, freight, customs and lines of data. Pure."""

import re

from tasks.reading.mandarin.money import is_priced
from tasks.reading.mandarin.numerals import amount, counted, digits, is_counted
from tasks.reading.mandarin.rules import (
    NUMBER,
    Rule,
    Said,
    after,
    any_of,
    before,
    rule,
    sentence_around,
)

_STEEL = re.compile(
    r"不锈钢|板材|钢[板管材带]|[球闸蝶截止]阀|阀门|法兰|弯头|管件|螺[栓丝母钉]|酸洗|焊管|无缝管|304[管板棒]"
)
_GRADE = r"(?:304|316|321|310|309|301|303|430|410|420|201|202|2205|2507)"
_PIECES = {"pcs": "件", "PCS": "件", "pc": "件", "PC": "件", "ea": "个", "EA": "个"} | {
    **{
        "set": "套",
        "SET": "套",
        "sets": "套",
        "box": "盒",
        "BOX": "盒",
        "roll": "卷",
        "bbl": "桶",
        "CBM": "立方米",
        "cbm": "立方米",
        "RT": "计费吨",
        "pair": "双",
        "pax": "人",
    },
}


def _alloy(match: re.Match[str]) -> Said:
    """6061-T6 and 5052-H32."""
    number, letter, temper = match.groups()
    return Said("model", f"{digits(number)} {letter}{digits(temper)}")


def _bearing(match: re.Match[str]) -> Said:
    """6204-2RS."""
    seal = re.sub(r"\d", lambda m: amount(m[0]), match[2])
    return Said("model", f"{digits(match[1])} {seal}")


def _steel(match: re.Match[str]) -> Said | None:
    """304 and 304/316L in a sentence about steel."""
    if not _STEEL.search(sentence_around(match)) or is_priced(before(match)):
        return None
    if is_counted(after(match)):
        return None
    parts = re.findall(r"(\d+)([A-Z]\w?)?", match[0])
    return Said("model", "、".join(digits(number) + letters for number, letters in parts))


def _tariff(match: re.Match[str]) -> Said:
    """HS 8517.13.00."""
    return Said("digits", "点".join(digits(part) for part in match[0].split(".")))


def _per_piece(match: re.Match[str]) -> Said:
    return Said("measure", f"每{_PIECES[match[1]]}")


_PARCEL = {
    "kg": "公斤",
    "KG": "公斤",
    "g": "克",
    "km": "公里",
    "m": "米",
    "ml": "毫升",
    "L": "升",
} | {
    **{"mL": "毫升", "mg": "毫克", "kWh": "千瓦时", "kwh": "千瓦时", "m²": "平方米", "h": "小时"},
    **{"min": "分钟", "cm": "厘米"},
}
_EACH = any_of(_PARCEL)


def _weight_and_price(match: re.Match[str]) -> Said:
    """首重1kg12元: a unit right before a price."""
    number, unit, price = match.groups()
    name = _PARCEL[unit]
    return Said("measure", f"{counted(number, name)}{name}{counted(price, '元')}")


def _price_of_each(match: re.Match[str]) -> Said:
    """续重每kg2元."""
    return Said("measure", f"{_PARCEL[match[1]]}{counted(match[2], '元')}")


def _power(match: re.Match[str]) -> Said:
    """TDP300W, PD65W."""
    return Said("measure", f"{counted(match[1], '瓦')}瓦")


RULES: tuple[Rule, ...] = (
    rule(
        rf"(?<![A-Za-z\d.-])(\d+(?:\.\d+)?)(kg|KG|km)({NUMBER})(?=[元块])",
        _weight_and_price,
    ),
    rule(rf"(?<=每)({_EACH})({NUMBER})(?=[元块])", _price_of_each),
    rule(rf"(?<=每)({_EACH})(?![A-Za-z\d/²³])", lambda m: Said("measure", _PARCEL[m[1]])),
    rule(
        rf"(?:(?<=宽带)|(?<=光纤)|(?<=网速)|(?<=带宽)|(?<=[上下]行)) ?({NUMBER})M(?![A-Za-z\d])",
        lambda m: Said("measure", f"{amount(m[1])}兆"),
    ),
    rule(r"(?<![\dA-Za-z.-])([1-8]\d{3})-([THFO])(\d{1,4})(?![A-Za-z\d])", _alloy),
    rule(r"(?<![\dA-Za-z.-])(6[0-3]\d{2,3})-?(2RS|2RZ|2Z|ZZ|RS)(?![A-Za-z\d])", _bearing),
    rule(
        rf"(?<![\dA-Za-z.,¥$-]){_GRADE}(?:L|Ti|S)?(?:[/、]{_GRADE}(?:L|Ti|S)?){{0,3}}(?![\d.%A-Za-z-])",
        _steel,
    ),
    rule(
        r"(?:(?<=HS)|(?<=HS )|(?<=HS：)|(?<=海关编码)|(?<=税号)|(?<=商品编码))"
        r"\d{4}(?:\.\d{2}){1,3}(?!\d)",
        _tariff,
    ),
    rule(
        r"(?<=[\d元])/(pcs|PCS|pc|PC|ea|EA|sets?|SET|box|BOX|roll|pair|pax|bbl|CBM|cbm|RT)(?![A-Za-z])",
        _per_piece,
    ),
    rule(r"(?<=\+\d{3})[-~–](?=K\d)", lambda _: Said("range", "到")),
    rule(r"(?<=DIM)/(?=\d{4})", lambda _: Said("sign", "除以")),
    rule(r"(?<=\d\))/(?=\d)", lambda _: Said("sign", "除以")),
    rule(
        r"(?:(?<=T[DGB]P)|(?<=PD)|(?<=LED)|(?<=GaN)|(?<=MAX)|(?<=PPS)|(?<=QC))"
        r"(\d{1,4})W(?![A-Za-z\d])",
        _power,
    ),
)
