"""From one number to another: 3-5天, -3~8℃, 10%-15%, and scores and subtractions. Pure."""

import re

from tasks.reading.mandarin.measures import RATE, SALARY, UNIT, unit_name
from tasks.reading.mandarin.names import is_brand
from tasks.reading.mandarin.numerals import amount, counted, digits, is_counted
from tasks.reading.mandarin.rules import (
    NUMBER,
    Rule,
    Said,
    after,
    before,
    rule,
    sentence_around,
)
from tasks.reading.mandarin.times.hours import is_score
from tasks.reading.mandarin.trades.sport import (
    is_above,
    is_between_sides,
    is_of_match,
    may_be_score,
)


def _words(listed: str) -> tuple[str, ...]:
    return tuple(listed.split())


_JOIN = r" ?(?:-{1,2}|~{1,2}|–|—|至|到) ?"
_DASH = r" ?(?:-{1,2}|~{1,2}|–|—) ?"
_START = r"(?<![A-Za-z\d.])(?<![A-Za-z]-)(?<![A-Za-z]\d-)(?<!=)(?<![×÷+*/=]-)"
_NO_SUM = r"(?! ?[=×÷*])(?!\+\d)"
_YEAR = re.compile(r"(?:19|20)\d{2}")
_CENTURIES = re.compile(r"1[0-9]\d{2}|20\d{2}")
_YEARS = re.compile(r" ?(?:年|赛季|学年|财年|年度|届|级)")
_TEMPERATURES = ("摄氏度", "华氏度", "度")
_UNIT_BEGINS = (
    "点分时日号月年周天万亿千百元块岁米斤度折寸级楼层码期章集页名位"
    "个件人里升克两秒钟晚早午末今天昨天底初五六日"
)
_BEFORE_MINUS = re.compile(r"(?:[今明后昨白每冬夏]天|晚上|早上|夜晚|次日|[一-龥]日)$")
_BARGAIN = re.compile(r"满|券|立减|优惠|凑单|折后|红包|跨店|补贴|大促|促销|用后|省")
"""Where these are in the sentence, 299-50 is what is taken off a price."""
CITIES = _words(
    "北京 上海 广州 深圳 天津 重庆 成都 杭州 南京 武汉 西安 苏州 长沙 郑州 青岛 沈阳 大连 厦门 "
    "昆明 济南 合肥 福州 南昌 贵阳 南宁 海口 三亚 哈尔滨 长春 石家庄 太原 兰州 西宁 银川 乌鲁木齐 "
    "拉萨 呼和浩特 香港 澳门 台北 宁波 无锡 珠海 东莞 佛山 东京 大阪 首尔 曼谷 新加坡 "
    "纽约 伦敦 巴黎"
)
_NO_UNIT = re.compile(r"[^\d零〇一二三四五六七八九十百千两几半]度$")
"""深度, 温度: what is measured, no degrees."""
_BELOW = re.compile(rf"(?:{NUMBER}) ?(?:℃|°|度|%)")
_NEXT = (
    r"\d|次年|早上|早晨|上午|中午|下午|晚上|傍晚|凌晨|深夜|次日|第二天|隔天|当天|今|明|"
    r"后天|周[一二三四五六日天末]|星期|礼拜|"
    r"[一二三四五六七八九十]+[月日号点楼层年级天]|至今|现在|本|下周|下月|月底|"
    r"年底|春节|国庆|元旦|第|零下|[负¥$]"
)


def _minus(sign: str, name: str) -> str:
    if not sign:
        return ""
    return "零下" if name.startswith(_TEMPERATURES) else "负"


def _with_unit(match: re.Match[str]) -> Said | None:
    """-3~8℃, 1.5-2L, 60Hz-120Hz."""
    sign, low, low_unit, next_sign, high, unit = match.groups()
    name, left_name = unit_name(unit), unit_name(low_unit) if low_unit else ""
    if left_name not in ("", name) and re.search(r" -\d", match[0]):  # 4.2m -18℃
        return None
    left_minus, right_minus = _minus(sign, name), _minus(next_sign, name)
    left = left_minus + counted(low, name) + ("" if left_name == name else left_name)
    return Said("range", f"{left}到{right_minus}{counted(high, name)}{name}")


def _scaled(match: re.Match[str]) -> Said:
    """10w-20w, 3-5k; 8K-15K is money behind 月薪, and letters elsewhere."""
    low, low_letter, high, letter = match.groups()
    if letter == "K" and not SALARY.search(before(match)):
        return Said("range", f"{amount(low)}{low_letter or ''}到{amount(high)}K")
    if low_letter == letter and is_above(low, high):  # 裸车30w-9w
        spoken = "减".join(
            f"{counted(number, '万')}万"
            if letter == "w"
            else amount(str(round(float(number) * 1000)))
            for number in (low, high)
        )
        return Said("range", spoken, f"{match[0]} is read as what is taken off")
    if letter != "w" and (float(low) >= 10 or float(high) >= 10):
        left, right = (amount(str(round(float(number) * 1000))) for number in (low, high))
        return Said("range", f"{left}到{right}")
    name = "万" if letter == "w" else "千"
    left = counted(low, name) + (name if low_letter else "")
    return Said("range", f"{left}到{counted(high, name)}{name}")


def _percents(match: re.Match[str]) -> Said:
    low, low_sign, high = match.groups()
    end = f"百分之{amount(high)}" if low_sign else amount(high)
    return Said("range", f"百分之{amount(low)}到{end}")


def _per_mille(match: re.Match[str]) -> Said:
    return Said("range", f"千分之{amount(match[1])}到千分之{amount(match[2])}")


def _degrees(match: re.Match[str]) -> Said | None:
    """-3~8度: the cold side is 零下."""
    sign, low, next_sign, high = match.groups()
    if not (sign or next_sign):
        return None
    right = ("零下" if next_sign else "") + counted(high, "度")
    return Said("range", ("零下" if sign else "") + counted(low, "度") + "到" + right)


def _numbers(match: re.Match[str]) -> Said | None:
    """3-5天, 2019-2021年, 3-1, 第1-3章, or a bare 1-2."""
    low, high = match.groups()
    right, left = after(match), before(match)
    if _YEAR.fullmatch(low) and re.fullmatch(r"(?:\d\d)?\d\d", high) and _YEARS.match(right):
        return Said("range", f"{digits(low)}到{digits(high)}")
    is_of_points = right.startswith("分") and not is_above(low, high) and "总分" in left
    if "-" in match[0] and not is_of_points and (is_score(match) or is_of_match(match)):
        return Said("range", f"{amount(low)}比{amount(high)}")
    both_years = _YEAR.fullmatch(low) and _YEAR.fullmatch(high)
    if (
        _CENTURIES.fullmatch(low)
        and _CENTURIES.fullmatch(high)
        and re.match(r"年(?!前|历史)", right)
    ):
        return Said("range", f"{digits(low)}到{digits(high)}")
    if both_years and (_YEARS.match(right) or right.startswith("款") or not is_counted(right)):
        return Said("range", f"{digits(low)}到{digits(high)}")
    if is_brand(left):
        return None
    if left.endswith("第"):
        return Said("range", f"{amount(low)}到{amount(high)}")
    if is_above(low, high) and (left.endswith("满") or _BARGAIN.search(sentence_around(match))):
        return Said("range", f"{amount(low)}减{amount(high)}")
    if (
        "-" in match[0]
        and may_be_score(low, high)
        and not is_counted(right)
        and is_between_sides(left, right)
    ):
        return Said("range", f"{amount(low)}比{amount(high)}")
    words = f"{counted(low, right)}到{counted(high, right)}"
    return Said("range", words, _doubt(match, right))


def _doubt(match: re.Match[str], right: str) -> str | None:
    """Why a bare 1-2 should be checked; a tilde is always a range."""
    if "-" not in match[0] or re.match(r" ?[\u3400-\u9fffA-Za-z%]", right):
        return None
    return f"{match[0]} is read as a range; write 到, 比 or 减 where it is none"


_COUNTED_IN_STEPS = re.compile(
    r" ?(?:元|块|钱|万|千|亿|美元|欧元|英镑|港币|"
    r"日元|件|个|克|公斤|斤|毫升|升|毫米|厘米|米|公里|度|"
    r"天|分钟|小时|年|个?月|周|岁|人|次|折|码|寸)"
)


def _chain(match: re.Match[str]) -> Said:
    """3-2-501: an address or a part number, its numbers one by one."""
    groups = re.findall(r"\d+", match[0])
    right = after(match)
    values = [int(group) for group in groups]
    is_rising = values == sorted(set(values)) and groups == [str(value) for value in values]
    if before(match).endswith(("三围", "三围：", "三围:", "三围为", "三围是")):
        return Said("range", "、".join(amount(group) for group in groups))
    if is_rising and _COUNTED_IN_STEPS.match(right):  # 100-200-300元
        return Said("range", "、".join(counted(group, right) for group in groups))
    spoken = "杠".join(digits(group) if len(group) > 2 else amount(group) for group in groups)
    is_named = re.search(r"(?:ISBN|ISSN|书号)[：: ]*$", before(match))
    return Said("digits", spoken, None if is_named else f"{match[0]} is read number by number")


def _steps(match: re.Match[str]) -> Said | None:
    """扳手8-10-12-14mm."""
    numbers = match[1].split("-")
    if [int(number) for number in numbers] != sorted({int(number) for number in numbers}):
        return None
    return Said("range", "、".join(map(amount, numbers)) + unit_name(match[2]))


def _same_letter(match: re.Match[str]) -> Said | None:
    """P120-P135, A1-A5."""
    letter = after(match)[0]
    if not re.search(rf"(?<![A-Za-z]){letter}\d+$", before(match)):
        return None
    return Said("range", "到")


def _between_cities(match: re.Match[str]) -> Said | None:
    """北京-上海."""
    is_route = before(match).endswith(CITIES) and after(match).startswith(CITIES)
    return Said("range", "到") if is_route else None


_SHORT_NAMES = (
    "京津沪渝冀晋辽吉黑苏浙皖闽赣鲁豫鄂湘粤桂琼川贵云藏陕甘青宁新蒙港澳台深广杭汉蓉成昆兰沈"
)
_SHORT_NAME = re.compile(rf"(?:^|[^\u3400-\u9fff]|[乘坐从走的经由是和与及、])[{_SHORT_NAMES}]$")


def _between_short_names(match: re.Match[str]) -> Said | None:
    """京-沪高铁, 京-津-冀: names of one character are said as one word."""
    is_route = _SHORT_NAME.search(before(match)) and re.match(f"[{_SHORT_NAMES}]", after(match))
    return Said("range", "") if is_route else None


def _connected(match: re.Match[str]) -> Said | None:
    """9点-晚上9点, 1月-3月; but 今天-3℃ is cold."""
    if match[0] == "-" and _NO_UNIT.search(before(match)):
        return None
    if _BEFORE_MINUS.search(before(match)) and _BELOW.match(after(match)) and match[0] == "-":
        return None
    if match[0] == "-" and before(match).endswith(("限时", "立即")):
        return Said("range", "减")  # 限时-1.5w
    is_loss = re.match(r"\d+(?:\.\d+)?%", after(match)) and re.search(
        r"[年月周季日]$", before(match)
    )
    if match[0] == "-" and is_loss:  # 近3年-4.1%
        return None
    is_share = re.match(r"\d+(?:\.\d+)?%", after(match)) and not before(match).endswith("%")
    if match[0] == "-" and is_share and re.search(r"[晚件份套瓶盒人单次双张]$", before(match)):
        return Said("range", "减")  # 连住3晚-10%
    low, high = re.search(r"([\d.]+)元$", before(match)), re.match(r"([\d.]+)元", after(match))
    bare = re.match(r"([\d.]+)(?=[，。；、)]|$)", after(match))
    if low and bare and match[0] == "-" and is_above(low[1], bare[1]):  # 9500元-300
        return Said("range", "减")
    if low and high and is_above(low[1], high[1]) and _BARGAIN.search(sentence_around(match)):
        return Said("range", "减")
    return Said("range", "到")


def _off_pieces(match: re.Match[str]) -> Said | None:
    """2件-3元: what is taken off; 第3条-5 is a place in a text."""
    return None if re.search(r"第\d+\w$", before(match)) else Said("sign", "减")


def _room(match: re.Match[str]) -> Said:
    """A座12-3室: two numbers of an address, as they fall; 7楼02-03室: rooms side by side."""
    if len(match[1]) == len(match[2]) == 2 and int(match[2]) == int(match[1]) + 1:
        return _rooms(match)
    room = digits(match[2]) if len(match[2]) > 2 else amount(match[2])
    return Said("digits", f"{amount(match[1])}杠{room}")


def _rooms(match: re.Match[str]) -> Said:
    """1502-03室: rooms that are next to each other."""
    return Said("range", f"{digits(match[1])}到{digits(match[2])}")


def _film_speeds(match: re.Match[str]) -> Said:
    low, high = (amount(part.replace(",", "")) for part in match.groups())
    return Said("range", f"{low}到{high}")


_STORES = re.compile(r"便利店|全家|罗森|莱尔富|超商|[Oo]K|OK|关东煮|取货|全联|FamilyMart|Lawson")


def _convenience_store(match: re.Match[str]) -> Said | None:
    """7-Eleven, and 7-11 beside other stores of its kind."""
    if match[0].endswith("n"):
        return Said("model", "Seven Eleven")
    return Said("model", "七 十一") if _STORES.search(sentence_around(match)) else None


def _season(match: re.Match[str]) -> Said:
    """2024/25赛季."""
    return Said("range", f"{digits(match[1])}到{digits(match[2])}")


RULES: tuple[Rule, ...] = (
    rule(
        r"(?<=×)(\d{1,2})-(\d{1,3})(?=[，。；、)]|元|$)",
        lambda m: Said("sign", f"{amount(m[1])}减{amount(m[2])}"),
    ),
    rule(
        rf"{_START}(\d(?:\.\d+)?)[-~–](\d(?:\.\d+)?):1(?![\d:])",
        lambda m: Said("range", f"{amount(m[1])}到{amount(m[2])}比一"),
    ),
    rule(r"(?<![\d/.])((?:19|20)\d\d)/((?:19|20)?\d\d)(?= ?(?:赛季|学年|财年|年度))", _season),
    rule(r"(?<=[座栋幢楼])(\d{1,2})-(\d{1,4})(?=号?[室房])", _room),
    rule(r"(?<![\d.A-Za-z-])(\d{3,4})[-~–](\d{2,4})(?=号?[室房])", _rooms),
    rule(r"(?:(?<=ISO)|(?<=ISO ))(\d{2,3})[-~–](\d{3,6}|\d{1,3},\d{3})(?![\d-])", _film_speeds),
    rule(
        r"(?<![\d.-])7-11(?=便利|门市|超商|店|取|买|旁|对面|隔壁|有售|狮)",
        lambda _: Said("model", "七 十一"),
    ),
    rule(r"(?<![\d.-])7-(?:11|Eleven)(?![\d.:/-])", _convenience_store),
    rule(
        rf"{_START}(-?)(?:(?<=-)|"
        rf"(?<![-\d]))({NUMBER}) ?({UNIT})?{_DASH}(-?)({NUMBER}) ?({UNIT}{RATE})",
        _with_unit,
    ),
    rule(rf"{_START}({NUMBER})([wkK])?{_DASH}({NUMBER})([wkK])(?![A-Za-z\d])", _scaled),
    rule(rf"{_START}({NUMBER}) ?(%)?{_JOIN}({NUMBER}) ?%", _percents),
    rule(rf"{_START}({NUMBER}) ?‰?{_JOIN}({NUMBER}) ?‰", _per_mille),
    rule(r"(?:(?<=^A)|(?<=[^A-Za-z0-9-]A))[-~](?=Z(?![A-Za-z0-9]))", lambda _: Said("range", "到")),
    rule(r"(?:(?<=^a)|(?<=[^A-Za-z0-9-]a))[-~](?=z(?![A-Za-z0-9]))", lambda _: Said("range", "到")),
    rule(
        r"(?:(?<=^[A-C][12])|(?<=[^A-Za-z0-9-][A-C][12]))[-~](?=[A-C][12](?!\d) ?[级水等的])",
        lambda _: Said("range", "到"),
    ),
    rule(rf"{_START}(-?)({NUMBER})度?{_DASH}(-?)({NUMBER})(?=度)", _degrees),
    rule(rf"{_START}(?<!-)(\d+(?:-\d+){{2,6}}) ?({UNIT})", _steps),
    rule(rf"{_START}(?<!-)\d+(?:-\d+){{2,6}}(?![\d.])(?! ?[=+×÷*])", _chain),
    rule(rf"{_START}(?<!-)({NUMBER}){_DASH}({NUMBER})(?![\d/]|-\d|\.\d){_NO_SUM}", _numbers),
    rule(
        r"(?:(?<=\d)|(?<=\d ))- ?(?=\d[\d.]*(?: ?[-+×÷*] ?\d[\d.]*){0,6} ?=)|"
        r"(?<=\d)-(?=\d)(?<==\d-)",
        lambda _: Said("sign", "减"),
    ),
    rule(r"(?<=\d)-(?=\(-\d)", lambda _: Said("sign", "减")),
    rule(r"(?<=\d)[-~](?=[A-Z]\d)", _same_letter),
    rule(
        r"(?<=TOP\d)[-~](?=\d)|(?<=\d[A-G])[-~](?=\d\d[A-G](?![A-Za-z]))",
        lambda _: Said("range", "到"),
    ),
    rule(r"(?<=HB)[-~](?=\dB)", lambda _: Said("range", "到")),
    rule(
        r"(?:(?<=^[A-Z])|(?<=[^A-Za-z0-9-][A-Z]))[-~](?=[A-Z](?![A-Za-z0-9])(?:[区座栋排组馆厅口段级类班款档列层]|$))",
        lambda _: Said("range", "到"),
    ),
    rule(
        r"(?<=[件条副盒份套瓶双支提箱袋包张只枚台])-(?=\d+(?:\.\d+)?(?:元|[，。；、)]|$))",
        _off_pieces,
    ),
    rule(rf"(?<=[{_SHORT_NAMES}])[-–—](?=[{_SHORT_NAMES}])", _between_short_names),
    rule(r"(?<=[\u3400-\u9fff]) ?[-~–—] ?(?=[\u3400-\u9fff])", _between_cities),
    rule(
        rf"(?:(?<=[{_UNIT_BEGINS}%℃])|(?<=[{_UNIT_BEGINS}%℃] ))"
        rf"(?:[-~–]{{1,2}}|(?<=[日月号年点])—) ?(?={_NEXT})",
        _connected,
    ),
    rule(r"(?<=\([一二三四五六日天]\))[-~–] ?(?=\d)", lambda _: Said("range", "到")),
    rule(
        r"(?:(?<=周[一二三四五六日末])|(?<=[期拜][一二三四五六天日]))[-~–] ?(?=周|"
        r"星期|礼拜|[一二三四五六日天末])",
        lambda _: Said("range", "到"),
    ),
    rule(
        r"(?:(?<=双\d\d)|(?<=早\d)|(?<=早\d点))[-~–—] ?(?=双\d|晚\d)",
        lambda _: Said("range", "到"),
    ),
    rule(
        r"(?<=[一二三四五六七八九十])[-~] ?(?=[一二三四五六七八九十])",
        lambda _: Said("range", "到"),
    ),
)
