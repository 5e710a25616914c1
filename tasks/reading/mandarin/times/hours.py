"""Times of day, how long something lasts, and the scores that look like them. Pure."""

import re

from tasks.reading.mandarin.numerals import cardinal
from tasks.reading.mandarin.rules import Said, after, before, sentence_around

COLON = r" ?[:：] ?"
TIME = (
    rf"(?<![\d:.])([01]?\d|2[0-4]){COLON}([0-5]\d)(?::([0-5]\d))?(?![\d:.]|['′]\d)"
    r"(?: ?分(?![钟之点]))?"
)
_SCORE = re.compile(
    r"(?:第[\d一二三四五六七八九十]{1,2}[局盘]|[首次末]局|比分|总分|赔率|杠杆|比数|战胜|击败|领先|落后|大胜|险胜|完胜|惜败|负于|以|比例|配比|画幅|"
    r"[高宽生女护缩产亏水粉灰横别动焦酸糖肥油米料]比|"
    r"[Rr]atio|比值|配方|兑水?|稀释|混合)[是为以按： ]?$"
)
_SCORED = re.compile(
    r" ?(?:的?比分|取胜|战胜|险胜|获胜|击败|大胜|轻取|力克|不敌|战平|逼平|淘汰|横扫|惜败|"
    r"[胜负平](?!率|责|面|均|台|常)|领先|落后|逆转|屏|画幅|画面|比例|"
    r"的比例|显示|稀释|兑水|混合|模型|宽屏|合金|车模|手办|仿真|还原|等比|缩放|缩小|沙盘|的?地图)"
)


_LASTING = re.compile(
    r"(?:倒计时|用时|耗时|历时|时长|片长|净成绩|(?<!考试)成绩|配速|全程用?时?|完赛时间)"
    r"[只仅]?[为是：:约达]? ?$"
)
_RUN = re.compile(
    r"(?:马拉松|[半全]马|铁三|公里|[Kk]m?|[跑骑游][进出完]|PB)[以的了：:]? ?$"
    r"|\d:\d\d:\d\d ?[→~-] ?$"
)
"""Before 2:15:36."""
_OF_GAME = re.compile(r" ?(?:团灭|一血|推塔|推高地|拿下|破二塔|被团)")
_BREWED = re.compile(r"闷蒸|断水|注水|萃取|手冲|粉层")
_MOST_BREWED = 5
_NOON = 12
_SMALL_HOURS = (12, 1, 2, 3, 4)
_PICTURES = (("9", "16"), ("16", "10"))
_SHAPED = re.compile(r"比例|画幅|竖屏|横屏|屏幕|画面|视频|尺寸")


def clock(hour: str, minute: str, second: str | None = None) -> str:
    """8:05 is 八点零五分, 2:00 is 两点."""
    spoken = ("两" if int(hour) == 2 else cardinal(int(hour))) + "点"
    if int(minute):
        spoken += ("零" if int(minute) < 10 else "") + cardinal(int(minute)) + "分"
    elif second and int(second):
        spoken += "零分"
    if second and int(second):
        spoken += ("零" if int(second) < 10 else "") + cardinal(int(second)) + "秒"
    return spoken


def is_score(match: re.Match[str]) -> bool:
    """Whether the words around two numbers speak of a score or a ratio."""
    is_brew = re.search(r"\d(?:ml|mL|g|克|毫升)\($", before(match))
    return bool(_SCORE.search(before(match)) or _SCORED.match(after(match)) or is_brew)


def time(match: re.Match[str]) -> Said | None:
    """9:00, unless the words around it speak of a score, a ratio or how long something takes."""
    hour, minute, second = match.groups()
    if int(hour) == 24 and int(minute):
        return None
    is_picture = (hour, minute) in _PICTURES and _SHAPED.search(sentence_around(match))
    is_listed_score = re.search(r"\d{1,2}:\d[、,，]$", before(match)) or re.match(
        r"[、,，]\d{1,2}:\d(?!\d)", after(match)
    )
    if second is None and (is_picture or is_listed_score or is_score(match)):
        return None
    is_run = second is not None and _RUN.search(before(match))
    is_brewed = _BREWED.search(sentence_around(match)) and int(hour) <= _MOST_BREWED
    if is_run or _LASTING.search(before(match)) or is_brewed or _OF_GAME.match(after(match)):
        return _duration(hour, minute, second, match[0])
    return Said("time", clock(hour, minute, second))


def _duration(first: str, second: str, third: str | None, written: str) -> Said:
    """用时2:59:48 is 两小时五十九分四十八秒; of two numbers minutes and seconds are likelier."""
    parts = [int(part) for part in (first, second, third) if part is not None]
    units = ("小时", "分", "秒") if third is not None else ("分", "秒")
    words = "".join(
        ("两" if part == 2 and unit == "小时" else cardinal(part)) + unit
        for part, unit in zip(parts, units, strict=True)
        if part
    )
    is_sure = third is not None or int(first) == 0
    doubt = None if is_sure else f"{written} is read as minutes and seconds"
    return Said("measure", words or "零秒", doubt)


def half_day_range(match: re.Match[str]) -> Said | None:
    """3:00-5:00pm, 9am-5pm: 上午九点到下午五点."""
    hour, minute, half, next_hour, next_minute, next_half = match.groups()
    if not (1 <= int(hour) <= 12 and 1 <= int(next_hour) <= 12):
        return None
    is_noon = half is None and int(hour) < _NOON == int(next_hour) and next_half[0] in "aA"
    part = "上午" if is_noon else _part_of_day(next_hour, next_half)  # 10-12am
    end = part + clock(next_hour, next_minute or "0")
    if half is None and int(hour) > int(next_hour) != 12 and next_half[0] in "pP":
        half = "am"
    start = _part_of_day(hour, half or next_half) + clock(hour, minute or "0")
    return Said("range", f"{start}到{end}")


def _part_of_day(hour: str, half: str) -> str:
    if half[0] in "aA":
        return "凌晨" if int(hour) in _SMALL_HOURS else "上午"
    if int(hour) == _NOON:
        return "中午"
    return "晚上" if 6 <= int(hour) < 12 else "下午"


def time_range(match: re.Match[str]) -> Said | None:
    """9:00-18:00."""
    hour, minute, next_hour, next_minute = match.groups()
    return Said("range", f"{clock(hour, minute)}到{clock(next_hour, next_minute)}")


_PART_SAID = re.compile(
    r"(?:[今明昨当后]晚|晚上|下午|上午|[今明]早|早上|早晨|中午|凌晨|傍晚|夜里|深夜) ?$"
)


def half_day(match: re.Match[str]) -> Said | None:
    """10:30AM and 8 PM: 上午十点三十分, 晚上八点."""
    hour, minute, half = match.groups()
    if not 1 <= int(hour) <= 12:
        return None
    part = "" if _PART_SAID.search(before(match)) else _part_of_day(hour, half)  # 今晚8pm
    return Said("time", part + clock(hour, minute or "0"))


def half_day_before(match: re.Match[str]) -> Said | None:
    """AM 9:00 and AM 9:00-PM 6:00."""
    half, hour, minute, next_half, next_hour, next_minute = match.groups()
    if not 1 <= int(hour) <= 12 or (next_hour and not 1 <= int(next_hour) <= 12):
        return None
    spoken = _part_of_day(hour, half) + clock(hour, minute)
    if not next_half:
        return Said("time", spoken)
    return Said(
        "range", f"{spoken}到{_part_of_day(next_hour, next_half)}{clock(next_hour, next_minute)}"
    )
