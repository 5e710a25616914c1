"""Dates and years, among the hours and festivals they stand beside. Pure."""

import re

from tasks.reading.mandarin.money import PRICED
from tasks.reading.mandarin.numerals import (
    amount,
    cardinal,
    digits,
    is_counted,
    is_surely_counted,
)
from tasks.reading.mandarin.rules import Rule, Said, after, any_of, before, rule, sentence_around
from tasks.reading.mandarin.times import festivals, hours

_BEGINS = (
    r"(?:\d{1,2}[点时:]|[\u4e00-\u9fff]{2}节(?![目约省奏])|开始|元旦|跨年|春节|平安夜|元宵|中秋|情人节|国庆|圣诞|劳动节|儿童节|妇女节|起|前|"
    r"截?止|上线|开抢|开售|开播|发货|上市|发布|当天|当日|晚上|早上|"
    r"上午|下午|中午|零点|凌晨|晚|见|截至|"
    r"结束|到期|正式|首[发航飞映演]|开业|开幕|报名|预售|到货|出发|抵达|直播|举行|举办|开课|"
    r"开学|为止|之前|以前|之后|"
    r"半价|上班|上学|补班|调休|返校|\((?:周|星期)?[一二三四五六日天]\)|(?:周|星期)[一二三四五六日天]|"
    r"[\u4e00-\u9fff]{2,5}日(?![期元均常用子])|"
    r"[秋春]游|家长会|运动会|聚餐|团建|截单|结单|收单|开团|出货|寄出|"
    r"生效|票|封账|缴款|付息|派息|除权|除息|开工|放假|交货|活动|日)"
)
_DATED = re.compile(
    r"(?:日期|(?<![A-Za-z])(?:E|A)T[DA]|船期|开船|截(?:关|单|港|补料)|VGM截?|(?<![A-Za-z])(?:ED|RD|EA)\d?|出发日?|"
    r"发团日?|时间|截止|截至|定于|将于|于|档期|从|自|生日|有效期至?|至|到|预计)[是为：:]? ?$"
)
_YEARS = (
    "年度|年份|年代|年|届|级|财年|赛季|学年|款|版|新款|新版|春|夏|秋|冬|应届|毕业|"
    "考研|高考|上半年|下半年|世界杯|奥运"
)
_YEAR = r"(?:19|20)\d{2}"
_SPAN = (
    r"(?:历史|以前|之前|前|以来|以后|文明|后的|多|左右|的时间|的历史|古|的传承|传承|"
    r"的岁月|的经验|经验|质保)"
)
_HOLIDAYS = re.compile(r"放假|假期|休假|黄金周|档期|调休|月\d{1,2}[日号]")
_TIME_WORDS = "次日|第二天|隔天|凌晨|早上|晚上|上午|下午|中午|傍晚|至今|今日|明日"


def month_and_day(month: str, day: str) -> str:
    """``("11", "29")`` -> 十一月二十九日."""
    return f"{cardinal(int(month))}月{cardinal(int(day))}日"


def is_day(month: str, day: str) -> bool:
    """Whether there is such a day in a year."""
    longest = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}.get(int(month), 31)
    return 1 <= int(month) <= 12 and 1 <= int(day) <= longest


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


_OF_ALL = re.compile(
    r"(?:难度|进度|通关|[Bb]oss|BOSS|团本|副本|英雄|史诗|神话|[^A-Za-z][HM])[是为：: ]*$"
)
_ALL_DONE = re.compile(
    r" ?(?:[HM]?通关|全通|全成就|全收集|副本|进度|团本|难度|[HM](?![A-Za-z])|完成|已解锁|解锁)"
)
"""Before and behind 8/8: so many of all."""
_LIST_BEFORE = re.compile(r"((?:\d{1,2}/\d{1,2}(?:[日号]|\([一二三四五六日]\))?[、,，和及] ?)+)$")
_LIST_BEHIND = re.compile(r"(?:[、,，和及] ?\d{1,2}/\d{1,2}(?![\d/]))+")


def _is_listed_day(match: re.Match[str]) -> bool:
    """3/28、4/11、5/2: days, where one of them can be nothing else or the list begins as one."""
    listed = _LIST_BEFORE.search(match.string[: match.start()])
    behind = _LIST_BEHIND.match(after(match))
    others = (listed[0] if listed else "") + (behind[0] if behind else "")
    pairs = re.findall(r"(\d+)/(\d+)", others)
    if not pairs or not all(is_day(month, day) for month, day in pairs):
        return False
    start = match.string[: listed.start()] if listed else ""
    return any(int(day) > _MOST_MONTHS for _, day in pairs) or bool(_DATED.search(start))


_MOST_MONTHS = 12


def _month_and_day(match: re.Match[str]) -> Said | None:
    """11/29, 1/2: a day where the words around it say so or no fraction is like it."""
    month, day, tail = match.groups()
    right = after(match)
    if not is_day(month, day) or right.startswith(("放倒", "分成")):
        return None
    if _OF_ALL.search(before(match)) or _ALL_DONE.match(right):
        return None
    is_dated = tail or re.match(_BEGINS, right.lstrip()) or _DATED.search(before(match))
    is_dated = is_dated or _is_listed_day(match)
    is_fraction = int(month) < int(day) and int(day) <= 12
    is_count = is_counted(right) or re.match(r" ?[A-Za-z%]", right)
    if not is_dated and (is_fraction or is_count or (int(day) < 13 and month != day)):
        return None
    doubt = None if is_dated else f"{match[0]} is read as a day of a month"
    return Said("date", month_and_day(month, day)[:-1] + (tail or "日"), doubt)


_RISES = re.compile(
    r" ?(?:[上下]?[涨跌升降调]|增|减|提|缩|扩|变"
    r"|到(?=\d+\.\d*[^1-9日号]|\d+(?:\.\d)? ?[分度折元块级岁%])"
    r"|跳|飙|回|左右|以[上下]|倍|折|分(?!钟))"
)


_PLACE = re.compile(
    r" ?(?:展[位台馆厅区]|[馆门厅楼摊柜库铺](?![前店内外上下里口])|出?入?口|会场|车间|机房)"
)


def _dotted_day(match: re.Match[str]) -> Said | None:
    """11.29开始: a day where the words behind it say so."""
    month, day, tail = match.groups()
    right = after(match)
    is_other = (
        is_surely_counted(right) or _RISES.match(right) or re.match(r"[A-Za-z]| ?[%‰℃°]", right)
    )
    is_place = bool(tail) and _PLACE.match(right)  # 2.1号展位, N3馆2.1号门
    if not is_day(month, day) or is_other or is_place:
        return None
    is_dated = _DATED.search(before(match)) and not _REACHES.search(before(match))
    if not (tail or re.match(_BEGINS, after(match).lstrip()) or is_dated):
        return None
    return Said("date", month_and_day(month, day)[:-1] + (tail or "日"))


_REACHES = re.compile(
    r"(?:[考跑涨升降跌提加减调达测打增冲刷缩压控拉高低长大小快慢]|\d%?)[了]?[到至] ?$"
)
"""考到7.5, 3.5到5.7有效: a value is reached, no day."""


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


def _days_of_month(match: re.Match[str]) -> Said | None:
    """7/5-11: days of one month."""
    month, day, last, tail = match.groups()
    right = after(match)
    is_range = is_day(month, day) and is_day(month, last) and int(day) < int(last)
    if not is_range or is_surely_counted(right) or re.match(r" ?[A-Za-z℃°¥点时]", right):
        return None
    is_dated = tail or _DATED.search(before(match)) or re.match(_BEGINS, right)
    spoken = f"{month_and_day(month, day)}到{cardinal(int(last))}{tail or '日'}"
    return Said("range", spoken, None if is_dated else f"{match[0]} is read as days of a month")


def _into_next_year(match: re.Match[str]) -> Said | None:
    """11.16-次年3.31."""
    month, day, next_month, next_day = match.groups()
    if not (is_day(month, day) and is_day(next_month, next_day)):
        return None
    return Said("range", f"{month_and_day(month, day)}到次年{month_and_day(next_month, next_day)}")


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
    if PRICED.search(before(match)) or re.search(r"[A-Za-z][ -]?$|[¥$€£+\-=×÷/.]$", before(match)):
        return None
    return Said("year", digits(match[0]), f"{match[0]} is read as a year")


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
        hours.half_day_before,
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
        hours.half_day_range,
    ),
    rule(
        rf"(?<![\d:.])([01]?\d|2[0-4]){hours.COLON}([0-5]\d) ?[-~—–至到]{{1,2}} ?([01]?\d|"
        rf"2[0-4]){hours.COLON}([0-5]\d)(?![\d:])",
        hours.time_range,
    ),
    rule(
        r"(?<![\d:.])(\d{1,2})(?::([0-5]\d))? ?([AaPp]\.?[Mm])\.?(?![A-Za-z0-9])",
        hours.half_day,
    ),
    rule(hours.TIME, hours.time),
    rule(
        r"(?<=\d:\d\d)-(?=\d{1,2}[/.月]\d{1,2}(?:日|号)? ?\d{1,2}:\d\d)",
        lambda _: Said("range", "到"),
    ),
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
    rule(r"(?<![\d./-])(\d{1,2})/(\d{1,2})[-~–](\d{1,2})(?![\d/.:%-])(日|号)?", _days_of_month),
    rule(
        r"(?<![\d./])(\d{1,2})\.(\d{1,2}) ?[-~–至到] ?次年(\d{1,2})\.(\d{1,2})(?![\d.])",
        _into_next_year,
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
    rule(
        r"(?<![\d.])[6-9]\d(?=年[，、 ]?(?:1\d\d/|属[鼠牛虎兔龙蛇马羊猴鸡狗猪]|[男女]))",
        _generation,
    ),
    rule(r"(?<![\d.])(?:[89]\d|[0-3]\d)(?=年(?:0?[1-9]|1[0-2])月)", _generation),
    rule(
        r"(?<![\d.])(?:(?:19|20)\d0|\d0|\d5)(?=后)|(?<![\d.])\d0(?=[、/和与-]\d[05]后)|"
        r"(?<![\d.])95(?=[、/和与-]\d[05]后)",
        _generation,
    ),
    rule(
        r"(?<![\dA-Za-z.])(1[0-2]|[1-9])[·•]([12]\d|3[01]|[1-9])(?![\d.A-Za-z])",
        festivals.dotted_event,
    ),
    rule(
        r"(?<![\d.第-])[012]\d(?=级的?(?:考生|学[生长姐弟妹]|新生|校友|同学|本科|硕|博|研究生|毕业|在读))",
        _generation,
    ),
    rule(r"(?<![\d.第])[23]\d(?=年(?:初|底|末)(?!中))", _generation),
    rule(
        rf"(?<![\d.,:/A-Za-z-])({any_of(festivals.FESTIVALS)})(?![\d,:/])(?!\.\d)",
        festivals.festival,
    ),
    rule(r"(?<![\d/.-])(\d{1,2})[/-](\d{1,2})(?![\d/-])", festivals.slashed_festival),
    rule(
        r"(?<![\d/.])(\d{1,2})/(\d{1,2})(?![\d/])(?!\.\d|,\d{3}|号[线楼门厅馆桌窗柜色]|车?道|期)(日|号)?",
        _month_and_day,
    ),
    rule(r"(?<![\d.A-Za-z-])(\d{1,2})\.(\d{1,2})(?![\d./-])(日|号)?", _dotted_day),
    rule(r"(?<![\d.A-Za-z-])(\d{2})-(\d{2})(?![\d.-])", _padded_day),
    rule(rf"(?<![\d.,A-Za-z]){_YEAR}(?![\d,])(?!\.\d)", _bare_year),
    rule(r"(?<!\d)0\d(?=[月日号点时])", _unpadded),
)
