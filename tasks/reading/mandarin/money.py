"""Prices, with the currency's sign or code before or behind them. Pure."""

import re
from fractions import Fraction

from tasks.reading.mandarin.numerals import amount, counted, is_counted, price
from tasks.reading.mandarin.rules import (
    HAN,
    NUMBER,
    Rule,
    Said,
    after,
    any_of,
    before,
    rule,
    sentence_around,
)

SIGNS = {
    **{"¥": "元", "元": "元", "$": "美元", "€": "欧元", "£": "英镑", "₹": "卢比", "₩": "韩元"},
    **{
        "₽": "卢布",
        "฿": "泰铢",
        "₫": "越南盾",
        "₱": "比索",
        "₺": "里拉",
        "₪": "谢克尔",
        "₴": "格里夫纳",
    },
    **{"円": "日元", "₦": "奈拉", "₵": "塞地", "₮": "图格里克", "₸": "坚戈", "₿": "比特币"},
}
_PREFIXED = {
    **{"US$": "美元", "HK$": "港元", "NT$": "新台币", "A$": "澳元", "AU$": "澳元", "C$": "加元"},
    **{"CA$": "加元", "S$": "新加坡元", "SG$": "新加坡元", "NZ$": "新西兰元", "R$": "雷亚尔"},
    **{
        "MOP$": "澳门元",
        "MX$": "墨西哥比索",
        "CN¥": "元",
        "JP¥": "日元",
        "RM": "林吉特",
        "Rp": "印尼盾",
    },
    **{"Rs": "卢比", "RMB¥": "元"},
}
CODES = {
    **{
        "USD": "美元",
        "RMB": "元人民币",
        "CNY": "元人民币",
        "HKD": "港元",
        "TWD": "新台币",
        "NTD": "新台币",
    },
    **{"EUR": "欧元", "GBP": "英镑", "JPY": "日元", "KRW": "韩元", "AUD": "澳元", "CAD": "加元"},
    **{"SGD": "新加坡元", "NZD": "新西兰元", "CHF": "瑞士法郎", "THB": "泰铢", "MYR": "林吉特"},
    **{
        "VND": "越南盾",
        "IDR": "印尼盾",
        "INR": "卢比",
        "RUB": "卢布",
        "PHP": "比索",
        "MOP": "澳门元",
    },
    **{"AED": "迪拉姆", "BRL": "雷亚尔", "MXN": "墨西哥比索"},
}
_LEADING = {**SIGNS, **_PREFIXED, **CODES}
del _LEADING["元"]
_LARGE = r"(?:百万|千万|十万|[百千万亿]+|[wWkKMB](?![A-Za-z]))?"
_NAMED = any_of(sign for sign in _LEADING if sign[0].isalpha())
_OF_A_SET = r"(?!(?<=[餐款区座组型])[ACSR]\$)"  # 常餐A$48
_HEAD = (
    rf"((?<![A-Za-z]){_OF_A_SET}(?:{_NAMED})|"
    rf"(?:{any_of(s for s in _LEADING if not s[0].isalpha())}))"
)
_THOUSANDS = {"k": 10**3, "K": 10**3, "M": 10**6, "B": 10**9}
_CHEAP = re.compile(r"(?:到手价?|只要|仅需?|券后|拍下|秒杀价?|抢购价|一口价)$")
_CHEAPER = re.compile(r"(?:优惠|补贴|国补|立减|券|红包|抵扣|换新|新人|首单)价?$")
_TAKEN_OFF = re.compile(r"券|立减|优惠|补贴|国补|折|减|促|到手|红包|省")
_LETTERS = {"w": "万", "W": "万", "k": "千", "K": "千", "M": "百万", "B": "十亿"}

PRICED = re.compile(
    r"(?:价|只要|仅需?|才|卖|售|到手|直降|立减|减|省|满|送|共|约|近|超|达|高达|"
    r"数量|人数|编号|第|花|付|降|赚|返|充|存|抵|借|"
    r"月?租|月供|[定押奖罚租佣]金|[日月底]薪|[学运工]费|首付|"
    r"补贴?|优惠|奖励?|罚款?|领取?|退|报销)[了到至是：: ]*$"
)


def is_priced(text: str) -> bool:
    """Whether the words before a number speak of a price or a quantity."""
    return bool(PRICED.search(text) or re.search(r"[¥$€£]$", text))


def _large(scale: str) -> str:
    return _LETTERS.get(scale, scale)


def _unit(sign: str, match: re.Match[str], *, is_written: bool = False) -> str:
    """The currency's name, unless 元 or 块 is written behind the number too."""
    right = after(match)
    if before(match).endswith("港币") and not is_written:
        return "元"
    if before(match).endswith(("欧元", "英镑", "日元", "美元", "港元")) and not is_written:
        return ""
    if (
        right.startswith(("块", "美元", "港币", "港元", "澳元", "日元", "人民币"))
        and not is_written
    ):
        return ""
    return (SIGNS | _PREFIXED | CODES)[sign]


def _price(match: re.Match[str]) -> Said:
    minus, sign, inner_minus, number, scale = match.groups()
    unit = _unit(sign, match)
    sign_word = "减" if _CHEAPER.search(before(match)) else "负"
    spoken = (sign_word if minus or inner_minus else "") + _scaled(number, scale, unit) + unit
    return Said("money", spoken, _doubt(match) if sign == "$" else None)


def _doubt(match: re.Match[str]) -> str | None:
    """Whether the script may come from where $ is no US dollar: Big5 holds all its characters."""
    if _AMERICAN.search(match.string):
        return None
    try:
        "".join(re.findall(HAN, match.string)).encode("big5")
    except UnicodeEncodeError:
        return None
    return f"{match[0]} is read as US dollars; write HK$, NT$ or S$ if it is one of these"


_AMERICAN = re.compile(r"美[元金国]|US")


def _scaled(number: str, scale: str | None, unit: str) -> str:
    """1.5M is 一百五十万, 1.5万 stays 一点五万."""
    if scale in _THOUSANDS:
        return amount(str(int(Fraction(number.replace(",", "")) * _THOUSANDS[scale])))
    large = _large(scale or "")
    return (counted(number, large or unit or "元") if number == "2" else price(number)) + large


def _price_range(match: re.Match[str]) -> Said:
    sign, low, low_scale, high, high_scale = match.groups()
    low_large, large = _large(low_scale or ""), _large(high_scale or "")
    unit = _unit(sign, match)
    is_of_one_scale = low_large == large and "-" in match[0]
    if is_of_one_scale and float(low.replace(",", "")) > float(high.replace(",", "")):
        return _bargain(match, unit)
    left = price(low) + low_large
    right = counted(high, large or unit) if high == "2" else price(high)
    return Said("range", f"{left}到{right}{large}{unit}")


def _bargain(match: re.Match[str], unit: str) -> Said:
    """¥18,999-2000: what is taken off a price, without doubt where the sentence speaks of it."""
    _, low, low_scale, high, high_scale = match.groups()
    spoken = f"{price(low)}{_large(low_scale or '')}减{price(high)}{_large(high_scale or '')}{unit}"
    is_sure = before(match).endswith("满") or _TAKEN_OFF.search(sentence_around(match))
    doubt = None if is_sure else f"{match[0]} is read as a price and what is taken off it"
    return Said("money", spoken, doubt)


def _trailing(match: re.Match[str]) -> Said:
    number, scale, sign = match.groups()
    unit = (SIGNS | CODES)[sign]
    return Said("money", _scaled(number, scale, unit) + unit)


def _yuan(match: re.Match[str]) -> Said | None:
    """199.00元: the zeros behind the point of a price are not said."""
    return Said("money", price(match[1]))


def _free_delivery(match: re.Match[str]) -> Said | None:
    """9.9包邮 and 到手9.9 are prices."""
    whole, part = match.groups()
    is_price = re.match(
        r"包邮|秒杀|抢|到手|一[件条个只双盒箱]|拍|入手|带走|起拍|起包邮", after(match)
    )
    is_cheap = _CHEAP.search(before(match)) and not is_counted(after(match))
    if not is_price and not is_cheap:
        return None
    return Said("money", f"{counted(whole, '块')}块{price(part)}")


def _dotted_price(match: re.Match[str]) -> Said:
    """Rp 150.000, whose dots group thousands."""
    unit = _LEADING[match[1]]
    return Said("money", amount(match[2].replace(".", "")) + unit)


def _shoes(match: re.Match[str]) -> Said | None:
    """EUR 42 beside UK 8 is a size."""
    is_size = re.search(r"鞋|码|(?:UK|US|CN) ?\d", sentence_around(match))
    return Said("model", f"EUR {amount(match[1])}") if is_size else None


RULES: tuple[Rule, ...] = (
    rule(r"(?<![A-Za-z])(Rp|IDR|VND|₫) ?(\d{1,3}(?:\.\d{3})+)(?![\d.])", _dotted_price),
    rule(r"(?<![A-Za-z])EUR ?([34]\d(?:\.5)?)(?![\d.])", _shoes),
    rule(
        rf"{_HEAD} ?({NUMBER})({_LARGE}) ?[-~–—至到] ?(?:\1 "
        rf"?)?({NUMBER})({_LARGE})(?![\d%‰-])(?:元(?![旦宵素气件]))?",
        _price_range,
    ),
    rule(rf"([-−](?=[^\d ]))?{_HEAD} ?(-)?({NUMBER})({_LARGE})(?:元(?![旦宵素气件]))?", _price),
    rule(
        rf"(?<![A-Za-z\d.])({NUMBER}) ?({_LARGE}) ?([¥€£₹₩₽฿₫₱円]|\$(?!\d)|"
        rf"{any_of(CODES)})(?![A-Za-z\d])",
        _trailing,
    ),
    rule(
        rf"(?<![A-Za-z\d.])({NUMBER})(?= ?(?:元|美元|港元|欧元|英镑|澳元|加元|港币))(?<=\.\d\d)",
        _yuan,
    ),
    rule(r"(?<![A-Za-z\d.])(\d{1,3})\.([1-9])(?![\d.%]| ?[A-Za-z℃°])", _free_delivery),
)
