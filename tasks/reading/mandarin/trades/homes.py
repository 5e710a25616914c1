"""Lifts of a house, nights of a journey, and the stations between. Pure."""

import re

from tasks.reading.mandarin.numerals import amount, counted
from tasks.reading.mandarin.ranges import CITIES
from tasks.reading.mandarin.rules import Rule, Said, after, before, rule, sentence_around

_AIRPORTS = "虹桥|浦东|首都|大兴|白云|宝安|天府|双流|萧山|禄口|咸阳|江北|桃园|松山"
_STATION = re.compile(rf"(?:{'|'.join(CITIES)})(?:[东南西北]站?|站|{_AIRPORTS})?$")


def _lifts(match: re.Match[str]) -> Said:
    """2T4H: two lifts and four homes on a floor."""
    return Said("measure", f"{counted(match[1], '梯')}梯{counted(match[2], '户')}户")


def _days_and_nights(match: re.Match[str]) -> Said:
    """5D4N and 4N5D."""
    words = {"D": "天", "N": "晚"}
    first, second = (
        f"{counted(number, words[letter])}{words[letter]}"
        for number, letter in re.findall(r"(\d+)([DN])", match[0])
    )
    return Said("measure", first + second)


def _stations(match: re.Match[str]) -> Said | None:
    """北京南-上海虹桥."""
    is_route = _STATION.search(before(match)) and after(match).startswith(CITIES)
    return Said("range", "到") if is_route else None


_PLACES = (
    *(
        "中心",
        "大厦",
        "广场",
        "商场",
        "大楼",
        "百货",
        "酒店",
        "医院",
        "超市",
        "机场",
        "书店",
        "食堂",
    ),
    *("航站楼", "图书馆", "博物馆", "体育馆", "美术馆", "教学楼", "[A-Z]座", "地下", "负"),
)
# behind a place a floor is meant, which has a number; a villa of 2层 has two of them
_ON_FLOOR = "|".join(f"(?<={place})|(?<={place} )" for place in _PLACES)


_STOREYS = re.compile(
    r"楼|层|电梯|商场|广场|中心|大厦|餐饮|专柜|影院|停车|(?<![A-Za-z])B[1-5](?!\d)"
    r"|\d{1,2}F[^A-Za-z\d]+\d{1,2}F"
)


def _floor(match: re.Match[str]) -> Said | None:
    """3F为儿童区 beside B1层; 3F of a capacitor is 三法拉."""
    seen = f"{sentence_around(match)} {before(match)[-12:]}{match[0]}{after(match)[:12]}"
    if re.search(r"电容|法拉", seen):
        return Said("measure", f"{counted(match[1], '法拉')}法拉")
    return Said("ordinal", f"{amount(match[1])}楼") if _STOREYS.search(seen) else None


RULES: tuple[Rule, ...] = (
    rule(r"(?<![A-Za-z\d.])(\d{1,2})F(?![A-Za-z\d/])", _floor),
    rule(rf"(?:{_ON_FLOOR})2 ?[層层](?!楼?高|结构)", lambda _: Said("ordinal", "二层")),
    rule(r"(?<=\d:\d\d)[-~–](?=[A-Z]{3}\d)", lambda _: Said("range", "到")),
    rule(
        r"(?<![\d'])(\d{1,3})'(?=/(?:班|圈|次|趟))",
        lambda m: Said("measure", f"{counted(m[1], '分钟')}分钟"),
    ),
    rule(r"(?<![A-Za-z\d])(\d{1,2})T(\d{1,2})H(?![A-Za-z\d])", _lifts),
    rule(r"(?<![A-Za-z\d])\d{1,2}D\d{1,2}N(?![A-Za-z\d])", _days_and_nights),
    rule(r"(?<![A-Za-z\d])\d{1,2}N\d{1,2}D(?![A-Za-z\d])", _days_and_nights),
    rule(r"(?<=[\u3400-\u9fff]) ?[-~–—] ?(?=[\u3400-\u9fff])", _stations),
)
