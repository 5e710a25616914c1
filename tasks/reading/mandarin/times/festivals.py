"""The festivals and sales that dates name. Pure."""

import re

from tasks.reading.mandarin.money import PRICED
from tasks.reading.mandarin.numerals import digits, is_surely_counted
from tasks.reading.mandarin.rules import Said, after, before

FESTIVALS = {
    **{"618": "六一八", "6.18": "六一八", "1111": "双十一", "11.11": "双十一", "12.12": "双十二"},
    **{"1212": "双十二", "3.8": "三八", "38": "三八", "5.1": "五一", "51": "五一", "6.1": "六一"},
    **{"61": "六一", "10.1": "十一", "520": "五二零", "5.20": "五二零", "315": "三一五"},
    **{"3.15": "三一五", "9.9": "九九", "99": "九九", "8.8": "八八", "88": "八八", "818": "八一八"},
    **{"8.18": "八一八", "7.7": "七七", "5.4": "五四", "54": "五四", "7.1": "七一", "8.1": "八一"},
    **{"9.18": "九一八", "918": "九一八", "12.9": "一二九", "5.12": "五一二", "512": "五一二"},
    **{"10.24": "一零二四", "1024": "一零二四", "3.3": "三三", "4.4": "四四", "10.10": "双十"},
}
"""What these are called before a word of feasts and sales."""
_SURE = frozenset(("618", "6.18", "11.11", "12.12"))
_FEAST = re.compile(
    r" ?(?:女神|女王|妇女|劳动|儿童|国庆|青年|建党|建军|购物|狂欢|大促|年中|预售|"
    r"晚会|假期|小长假|长假|黄金周|"
    r"划算|抢购|返场|盛典|盛宴|主会场|会场|活动|焕新|来了|来啦|表白|告白|情人|"
    r"礼遇|礼物|期间|价保|战报|超级|品牌日|[\u4e00-\u9fff]{1,5}节(?![课约省目日])|"
    r"打假|维权|程序员|大战|运动|事变|地震|疯抢|特惠|开门红|巅峰|爆款|福利|优惠|节)"
)
_LISTED_FEAST = re.compile(
    r"(?:[、/和及与](?:双?\d{2,4}|\d\.\d{1,2})){1,4}(?:大促|活动|购物节|狂欢)"
)


def festival(match: re.Match[str]) -> Said | None:
    """6.18 and 11.11, where a sale follows or nothing else can be meant."""
    name, right = match[1], after(match)
    is_feast = _FEAST.match(right) or _LISTED_FEAST.match(right)
    if match.string[: match.start()].endswith("双") and name in ("11.11", "12.12"):
        return Said("date", FESTIVALS[name][1:])
    if is_feast:
        return Said("date", FESTIVALS[name])
    left = before(match)
    is_number = is_surely_counted(right) or re.match(r" ?[A-Za-z%℃°+×*=/~\-]", right)
    if name not in _SURE or is_number or PRICED.search(left) or re.search(r"[¥$€£≈≥≤<>=-]$", left):
        return None
    return Said("date", FESTIVALS[name], f"{name} is read as the day of a sale")


def slashed_festival(match: re.Match[str]) -> Said | None:
    """3/8女神节 is 三八女神节."""
    name = f"{match[1]}.{match[2]}"
    if name not in FESTIVALS or not _FEAST.match(after(match)):
        return None
    return Said("date", FESTIVALS[name])


def dotted_event(match: re.Match[str]) -> Said:
    """3·15 and 9·11: days that are names."""
    name = f"{match[1]}.{match[2]}"
    return Said("date", FESTIVALS.get(name) or digits(match[1]) + digits(match[2]))
