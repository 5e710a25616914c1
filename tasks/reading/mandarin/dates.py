"""Dates, years, times of day and the festivals that dates name. Pure."""

import re

from tasks.reading.mandarin.numerals import (
    amount,
    cardinal,
    digits,
    is_counted,
    is_surely_counted,
)
from tasks.reading.mandarin.rules import Rule, Said, after, any_of, before, rule, sentence_around

_FESTIVALS = {
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
_BEGINS = (
    r"(?:\d{1,2}[点时:]|[\u4e00-\u9fff]{2}节(?![目约省奏])|开始|元旦|跨年|春节|平安夜|元宵|中秋|情人节|国庆|圣诞|劳动节|儿童节|妇女节|起|前|"
    r"截?止|上线|开抢|开售|开播|发货|上市|发布|当天|当日|晚上|早上|"
    r"上午|下午|中午|零点|凌晨|晚|见|截至|"
    r"结束|到期|正式|首发|开业|开幕|报名|预售|到货|出发|抵达|直播|举行|举办|开课|"
    r"开学|为止|之前|以前|之后|"
    r"半价|上班|上学|补班|调休|返校|\((?:周|星期)?[一二三四五六日天]\)|(?:周|星期)[一二三四五六日天]|"
    r"[\u4e00-\u9fff]{2,5}日(?![期元均常用子])|"
    r"[秋春]游|家长会|运动会|聚餐|团建|截单|结单|收单|开团|出货|寄出|"
    r"生效|开工|放假|交货|活动|日)"
)
_DATED = re.compile(
    r"(?:日期|时间|截止|截至|定于|将于|于|档期|从|自|生日|有效期至?|至|到|预计)[是为：:]? ?$"
)
_YEARS = (
    "年度|年份|年代|年|届|级|财年|赛季|学年|款|版|新款|新版|春|夏|秋|冬|应届|毕业|"
    "考研|高考|上半年|下半年|世界杯|奥运"
)
_YEAR = r"(?:19|20)\d{2}"
_PRICED = re.compile(
    r"(?:价|只要|仅需?|才|卖|售|到手|直降|立减|减|省|满|送|共|约|近|超|达|高达|"
    r"数量|人数|编号|第|花|付|降|赚|返|充|存|抵|借)[了到至是：: ]*$"
)
_SPAN = (
    r"(?:历史|以前|之前|前|以来|以后|文明|后的|多|左右|的时间|的历史|古|的传承|传承|"
    r"的岁月|的经验|经验|质保)"
)
_COLON = r" ?[:：] ?"
_TIME = (
    rf"(?<![\d:.])([01]?\d|2[0-4]){_COLON}([0-5]\d)(?::([0-5]\d))?(?![\d:.]|['′]\d)"
    r"(?: ?分(?![钟之点]))?"
)
_SCORE = re.compile(
    r"(?:第[\d一二三四五六七八九十]{1,2}[局盘]|[首次末]局|比分|总分|比数|战胜|击败|领先|落后|大胜|险胜|完胜|惜败|负于|以|比例|配比|画幅|"
    r"[高宽生女护缩产亏水粉灰横别动焦酸糖肥油米料]比|比值|配方|兑水?|稀释|混合)[是为以按： ]?$"
)
_LASTING = re.compile(
    r"(?:倒计时|用时|耗时|历时|时长|片长|净成绩|(?<!考试)成绩|配速|全程用?时?|完赛时间)"
    r"[只仅]?[为是：:约达]? ?$"
)
_RUN = re.compile(r"(?:马拉松|[半全]马|铁三|公里|[Kk]m?|[跑骑游][进出完]|PB)[以的了：:]? ?$")
"""Before 2:15:36."""
_HOLIDAYS = re.compile(r"放假|假期|休假|黄金周|档期|调休|月\d{1,2}[日号]")
_TIME_WORDS = "次日|第二天|隔天|凌晨|早上|晚上|上午|下午|中午|傍晚|至今|今日|明日"
_PICTURES = (("9", "16"), ("16", "10"))
_SHAPED = re.compile(r"比例|画幅|竖屏|横屏|屏幕|画面|视频|尺寸")
_SCORED = re.compile(
    r" ?(?:的?比分|取胜|战胜|险胜|获胜|击败|大胜|轻取|力克|不敌|战平|逼平|淘汰|横扫|惜败|"
    r"[胜负平](?!率|责|面|均|台|常)|领先|落后|逆转|屏|画幅|画面|比例|"
    r"的比例|显示|稀释|兑水|混合|模型|宽屏|合金|车模|手办|仿真|还原|等比|缩放|缩小|沙盘|的?地图)"
)


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


def month_and_day(month: str, day: str) -> str:
    """``("11", "29")`` -> 十一月二十九日."""
    return f"{cardinal(int(month))}月{cardinal(int(day))}日"


def is_priced(text: str) -> bool:
    """Whether the words before a number speak of a price or a quantity."""
    return bool(_PRICED.search(text) or re.search(r"[¥$€£]$", text))


def is_day(month: str, day: str) -> bool:
    """Whether there is such a day in a year."""
    longest = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}.get(int(month), 31)
    return 1 <= int(month) <= 12 and 1 <= int(day) <= longest


def is_score(match: re.Match[str]) -> bool:
    """Whether the words around two numbers speak of a score or a ratio."""
    return bool(_SCORE.search(before(match)) or _SCORED.match(after(match)))


def _year_month_day(match: re.Match[str]) -> Said | None:
    year, _, month, day, tail = match.groups()
    if not is_day(month, day):
        return None
    return Said("date", f"{digits(year)}年{month_and_day(month, day)[:-1]}{tail or '日'}")


def _short_year(match: re.Match[str]) -> Said | None:
    year, month, day = match.groups()
    if not is_day(month, day):
        return None
    spoken = f"{digits(year)}年{month_and_day(month, day)}"
    return Said("date", spoken, f"{match[0]} is read as a day of the year 20{year}")


_CODED = re.compile(r"(?:取件|提货|货架|库位|提取)[码号][是为：:]? ?$")


def _day_month_year(match: re.Match[str]) -> Said | None:
    """29/11/2026, as Europe writes a day; 11/29/2026 as America does."""
    if _CODED.search(before(match)):
        return None
    first, second, year = match.groups()
    day, month = (first, second) if is_day(second, first) else (second, first)
    if not is_day(month, day):
        return None
    is_clear = max(int(first), int(second)) > 12 or int(first) == int(second)
    doubt = None if is_clear else f"{match[0]} is read as the day before the month"
    return Said("date", f"{digits(year)}年{month_and_day(month, day)}", doubt)


def _date_range(match: re.Match[str]) -> Said | None:
    """2026.11.1-2026.11.11 and 2026/11/1-11/11."""
    year, _, month, day, next_year, next_month, next_day = match.groups()
    if not (is_day(month, day) and is_day(next_month, next_day)):
        return None
    later = f"{digits(next_year)}年" if next_year else ""
    left = f"{digits(year)}年{month_and_day(month, day)}"
    return Said("range", f"{left}到{later}{month_and_day(next_month, next_day)}")


def _year_month(match: re.Match[str]) -> Said | None:
    year, sign, month, tail = match.groups()
    right = after(match)
    if is_surely_counted(right) or re.match(r" ?[A-Za-z%℃¥]", right):
        return None
    is_plain = not tail and (sign == "." or (sign == "-" and not month.startswith("0")))
    doubt = f"{match[0]} is read as a month of a year" if is_plain else None
    return Said("date", f"{digits(year)}年{cardinal(int(month))}月", doubt)


_OF_ALL = re.compile(r"(?:难度|进度|通关|[Bb]oss|BOSS)[是为：: ]*$")
"""Before 8/8: so many of all."""


def _month_and_day(match: re.Match[str]) -> Said | None:
    """11/29, 1/2: a day where the words around it say so or no fraction is like it."""
    month, day, tail = match.groups()
    right = after(match)
    if not is_day(month, day) or right.startswith(("放倒", "分成")):
        return None
    if _OF_ALL.search(before(match)):
        return None
    is_dated = tail or re.match(_BEGINS, right.lstrip()) or _DATED.search(before(match))
    is_fraction = int(month) < int(day) and int(day) <= 12
    is_count = is_counted(right) or re.match(r" ?[A-Za-z%]", right)
    if not is_dated and (is_fraction or is_count or (int(day) < 13 and month != day)):
        return None
    doubt = None if is_dated else f"{match[0]} is read as a day of a month"
    return Said("date", month_and_day(month, day)[:-1] + (tail or "日"), doubt)


_RISES = re.compile(
    r" ?(?:[上下]?[涨跌升降调]|增|减|提|缩|扩|变"
    r"|到(?=\d+\.\d*[^1-9日号])|跳|飙|回|左右|以[上下]|倍|折|分(?!钟))"
)


def _dotted_day(match: re.Match[str]) -> Said | None:
    """11.29开始: a day where the words behind it say so."""
    month, day, tail = match.groups()
    right = after(match)
    is_other = (
        is_surely_counted(right) or _RISES.match(right) or re.match(r"[A-Za-z]| ?[%‰℃°]", right)
    )
    if not is_day(month, day) or is_other:
        return None
    if not (tail or re.match(_BEGINS, after(match).lstrip()) or _DATED.search(before(match))):
        return None
    return Said("date", month_and_day(month, day)[:-1] + (tail or "日"))


def _solid_day(match: re.Match[str]) -> Said | None:
    """生产日期20260110."""
    year, month, day = match.groups()
    if not (is_day(month, day) and _DAY_LABEL.search(before(match))):
        return None
    return Said("date", f"{digits(year)}年{month_and_day(month, day)}")


_DAY_LABEL = re.compile(r"(?:日期|生日|出生|有效期至?|失效期|到期日)[是为：:]{0,2} ?$")


def _padded_day(match: re.Match[str]) -> Said | None:
    month, day = match.groups()
    if not is_day(month, day):
        return None
    if re.match(r"号?(?:柜台?|[室房排座栋楼车窗桌台架])", after(match)):
        return None  # E岛08-12柜台
    is_dated = re.match(_BEGINS, after(match).lstrip()) or _DATED.search(before(match))
    is_padded = match[0].startswith("0") or "-0" in match[0]
    return Said("date", month_and_day(month, day)) if is_dated or is_padded else None


def _day_range(match: re.Match[str]) -> Said | None:
    """11.1-11.11 and 11/1-11/11, where neither number is counted."""
    month, sign, day, next_month, next_sign, next_day, tail = match.groups()
    if not (sign == next_sign and is_day(month, day) and is_day(next_month, next_day)):
        return None
    right = after(match)
    if is_surely_counted(right) or re.match(r" ?[A-Za-z%℃°]", right):
        return None
    left = (int(month), int(day))
    if left >= (int(next_month), int(next_day)) and int(month) < 11:
        return None
    is_dated = re.match(_BEGINS, right.lstrip()) or _DATED.search(before(match))
    is_dated = is_dated or _HOLIDAYS.search(sentence_around(match))
    if sign == "." and not is_dated and len(day + next_day) < 3:
        return None
    doubt = None if is_dated or len(next_day) == 2 else f"{match[0]} is read as days of a year"
    end = month_and_day(next_month, next_day)[:-1] + (tail or "日")
    return Said("range", f"{month_and_day(month, day)}到{end}", doubt)


def _time(match: re.Match[str]) -> Said | None:
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
    if is_run or _LASTING.search(before(match)):
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
    doubt = None if third is not None else f"{written} is read as minutes and seconds"
    return Said("measure", words or "零秒", doubt)


def _half_day_range(match: re.Match[str]) -> Said | None:
    """3:00-5:00pm, 9am-5pm: 上午九点到下午五点."""
    hour, minute, half, next_hour, next_minute, next_half = match.groups()
    if not (1 <= int(hour) <= 12 and 1 <= int(next_hour) <= 12):
        return None
    end = _part_of_day(next_hour, next_half) + clock(next_hour, next_minute or "0")
    if half is None and int(hour) > int(next_hour) != 12 and next_half[0] in "pP":
        half = "am"
    start = _part_of_day(hour, half or next_half) + clock(hour, minute or "0")
    return Said("range", f"{start}到{end}")


def _part_of_day(hour: str, half: str) -> str:
    if half[0] in "aA":
        return "上午"
    return "晚上" if 6 <= int(hour) < 12 else "下午"


def _time_range(match: re.Match[str]) -> Said | None:
    hour, minute, next_hour, next_minute = match.groups()
    return Said("range", f"{clock(hour, minute)}到{clock(next_hour, next_minute)}")


def _half_day(match: re.Match[str]) -> Said | None:
    """10:30AM and 8 PM: 上午十点三十分, 晚上八点."""
    hour, minute, half = match.groups()
    if not 1 <= int(hour) <= 12:
        return None
    return Said("time", _part_of_day(hour, half) + clock(hour, minute or "0"))


def _half_day_before(match: re.Match[str]) -> Said | None:
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


def _named_year(match: re.Match[str]) -> Said | None:
    """2026年, 2016届, 2024财年; but 2000年历史 counts years."""
    if re.match(rf"年{_SPAN}", after(match)) and match[0].endswith("00"):
        return None
    return Said("year", digits(match[0]))


def _bare_year(match: re.Match[str]) -> Said | None:
    """再见2025: a year, where nothing is counted or priced."""
    right = after(match)
    if is_counted(right) or re.match(
        r"[A-Za-z]| (?![a-z]{4})[A-Za-z]| ?[%℃+×*/\-~–—:.]|,\d|[后多余来送返减抵赠]", right
    ):
        return None
    if _PRICED.search(before(match)) or re.search(r"[A-Za-z][ -]?$|[¥$€£+\-=×÷/.]$", before(match)):
        return None
    return Said("year", digits(match[0]), f"{match[0]} is read as a year")


def _festival(match: re.Match[str]) -> Said | None:
    name, right = match[1], after(match)
    is_feast = _FEAST.match(right) or _LISTED_FEAST.match(right)
    if match.string[: match.start()].endswith("双") and name in ("11.11", "12.12"):
        return Said("date", _FESTIVALS[name][1:])
    if is_feast:
        return Said("date", _FESTIVALS[name])
    left = before(match)
    is_number = is_surely_counted(right) or re.match(r" ?[A-Za-z%℃°+×*=/~\-]", right)
    if name not in _SURE or is_number or _PRICED.search(left) or re.search(r"[¥$€£≈≥≤<>=-]$", left):
        return None
    return Said("date", _FESTIVALS[name], f"{name} is read as the day of a sale")


def _slashed_festival(match: re.Match[str]) -> Said | None:
    """3/8女神节 is 三八女神节."""
    name = f"{match[1]}.{match[2]}"
    if name not in _FESTIVALS or not _FEAST.match(after(match)):
        return None
    return Said("date", _FESTIVALS[name])


def _dotted_event(match: re.Match[str]) -> Said:
    """3·15 and 9·11: days that are names."""
    name = f"{match[1]}.{match[2]}"
    return Said("date", _FESTIVALS.get(name) or digits(match[1]) + digits(match[2]))


def _generation(match: re.Match[str]) -> Said:
    return Said("year", digits(match[0]))


def _quarter(match: re.Match[str]) -> Said:
    year, letter, number = match.groups()
    return Said("year", f"{digits(year)} {letter}{amount(number)}")


def _months_of_years(match: re.Match[str]) -> Said:
    """2026.03-2026.05."""
    year, _, month, next_year, next_month = match.groups()
    later = f"{digits(next_year)}年{cardinal(int(next_month))}月"
    return Said("range", f"{digits(year)}年{cardinal(int(month))}月到{later}")


def _unpadded(match: re.Match[str]) -> Said:
    return Said("date", cardinal(int(match[0])))


def _early_year(match: re.Match[str]) -> Said | None:
    """前221年 beside 公元."""
    is_early = re.search(r"公元|秦|汉|罗马|雅典|埃及", sentence_around(match))
    return Said("year", digits(match[0])) if is_early else None


_SEPARATED = r"([-/.])"
RULES: tuple[Rule, ...] = (
    rule(r"(?<!\d)((?:19|20)\d\d)(\d\d)(\d\d)(?!\d)", _solid_day),
    rule(r"(?<![以之年月日提天]前)(?<=前)\d{3}(?=年)", _early_year),
    rule(
        r"(?<![A-Za-z])([AP]M) ?(\d{1,2}):(\d{2})(?:(?: ?[-~–—] ?)([AP]M) "
        r"?(\d{1,2}):(\d{2}))?(?![\d:])",
        _half_day_before,
    ),
    rule(
        r"(?<![\d.-])(\d{4})([-/.])(\d{1,2})\2(\d{1,2}) ?[-~—–至到]{1,2} ?"
        r"(?:(\d{4})\2)?(\d{1,2})\2(\d{1,2})(?!\d)(?!\.\d)",
        _date_range,
    ),
    rule(
        rf"(?<=\d)[-~–] ?(?={_TIME_WORDS}|[早晚夜]\d)",
        lambda _: Said("range", "到"),
    ),
    rule(
        r"(?<![\d.])24/7(?![\d/])|(?<![\d.])7/24(?![\d/])", lambda _: Said("time", "二十四小时全天")
    ),
    rule(
        rf"(?<![\d.-])(\d{{4}}){_SEPARATED}(\d{{1,2}})\2(\d{{1,2}})(?![\d])(?!\.\d)(日|号)?",
        _year_month_day,
    ),
    rule(
        r"(?<![\d:.])(\d{1,2})(?::([0-5]\d))? ?([AaPp][Mm])? ?[-~—–至到]{1,2} ?"
        r"(\d{1,2})(?::([0-5]\d))? ?([AaPp][Mm])(?![A-Za-z0-9])",
        _half_day_range,
    ),
    rule(
        rf"(?<![\d:.])([01]?\d|2[0-4]){_COLON}([0-5]\d) ?[-~—–至到]{{1,2}} ?([01]?\d|"
        rf"2[0-4]){_COLON}([0-5]\d)(?![\d:])",
        _time_range,
    ),
    rule(
        r"(?<![\d:.])(\d{1,2})(?::([0-5]\d))? ?([AaPp]\.?[Mm])\.?(?![A-Za-z0-9])",
        _half_day,
    ),
    rule(_TIME, _time),
    rule(rf"(?<![\d./-])(\d{{1,2}})[-/.](\d{{1,2}})[-/.]({_YEAR})(?![\d/.-])", _day_month_year),
    rule(r"(?<![\d./])(2\d)/(\d{1,2})/(\d{1,2})(?![\d/])", _short_year),
    rule(r"(?<=Q[1-4])[-~–] ?(?=(?:20\d\d)?Q[1-4](?![\dA-Za-z]))", lambda _: Said("range", "到")),
    rule(rf"(?<![\d.A-Za-z])({_YEAR}|2\d) ?(Q|H)([1-4])(?![\dA-Za-z])", _quarter),
    rule(
        rf"(?<![\d.A-Za-z-])({_YEAR})([./])(0?[1-9]|1[0-2]) ?[-~–至到] ?({_YEAR})\2(0?[1-9]|1[0-2])"
        r"(?![\d./-])",
        _months_of_years,
    ),
    rule(
        r"(?<![\d./])(\d{1,2})([./])(\d{1,2}) ?[-~—–至到]{1,2} ?"
        r"(\d{1,2})([./])(\d{1,2})(?![\d./%])(日|"
        r"号)?",
        _day_range,
    ),
    rule(rf"(?<![\d.A-Za-z-])({_YEAR})([-/.])(0?[1-9]|1[0-2])(?![\d.年/-])(月)?", _year_month),
    rule(
        r"(?<![\d.,A-Za-z])((?:19|20)\d0)s(?![A-Za-z])",
        lambda m: Said("year", f"{digits(m[1])}年代"),
    ),
    rule(rf"(?<![\d.,A-Za-z])[12]\d{{3}}(?= ?(?:{_YEARS}))", _named_year),
    rule(r"(?<=公元前)\d{3}(?=年)|(?<=公元)\d{3}(?=年)", _generation),
    rule(
        r"(?<![\d.])[6-9]\d(?=年(?:生|出生|世界杯|入学|毕业|那|产|份|款|春|夏|秋|"
        r"冬|初|底|的?茅台|的?拉菲|的酒))",
        _generation,
    ),
    rule(r"(?<![\d.])(?:[89]\d|[0-3]\d)(?=年(?:0?[1-9]|1[0-2])月)", _generation),
    rule(
        r"(?<![\d.])(?:(?:19|20)\d0|\d0|\d5)(?=后)|(?<![\d.])\d0(?=[、/和与-]\d[05]后)|"
        r"(?<![\d.])95(?=[、/和与-]\d[05]后)",
        _generation,
    ),
    rule(r"(?<![\dA-Za-z.])(1[0-2]|[1-9])[·•]([12]\d|3[01]|[1-9])(?![\d.A-Za-z])", _dotted_event),
    rule(
        r"(?<![\d.第-])[012]\d(?=级的?(?:考生|学[生长姐弟妹]|新生|校友|同学|本科|硕|博|研究生|毕业|在读))",
        _generation,
    ),
    rule(r"(?<![\d.第])[23]\d(?=年(?:初|底|末)(?!中))", _generation),
    rule(rf"(?<![\d.,:/A-Za-z-])({any_of(_FESTIVALS)})(?![\d,:/])(?!\.\d)", _festival),
    rule(r"(?<![\d/.-])(\d{1,2})[/-](\d{1,2})(?![\d/-])", _slashed_festival),
    rule(r"(?<![\d/.])(\d{1,2})/(\d{1,2})(?![\d/])(?!\.\d)(日|号)?", _month_and_day),
    rule(r"(?<![\d.A-Za-z-])(\d{1,2})\.(\d{1,2})(?![\d./-])(日|号)?", _dotted_day),
    rule(r"(?<![\d.A-Za-z-])(\d{2})-(\d{2})(?![\d.-])", _padded_day),
    rule(rf"(?<![\d.,A-Za-z]){_YEAR}(?![\d,])(?!\.\d)", _bare_year),
    rule(r"(?<!\d)0\d(?=[月日号点时])", _unpadded),
)
