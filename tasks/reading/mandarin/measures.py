"""Measures: numbers with units in letters or signs, sizes, temperatures. Pure."""

import re

from tasks.reading.mandarin.money import CODES
from tasks.reading.mandarin.names import is_brand
from tasks.reading.mandarin.numerals import MEASURES, amount, counted, digits
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


def _words(listed: str) -> tuple[str, ...]:
    return tuple(listed.split())


def _pairs(table: str) -> dict[str, str]:
    """Units and their names, in turns."""
    words = table.split()
    return dict(zip(words[::2], words[1::2], strict=True))


UNITS = _pairs(
    """
    kW·h 千瓦时  MWh 兆瓦时  GWh 吉瓦时  kVA 千伏安  kA 千安  kN 千牛  kgm 公斤米  kg·m 公斤米
    bar 巴  hp 匹  HP 匹  ps 匹  PS 匹  Ps 匹  c.c. 毫升  dL 分升  ng 纳克  pg 皮克  μmol 微摩尔
    umol 微摩尔  nmol 纳摩尔  IU 国际单位  MJ 兆焦  pp 个百分点  pct 个百分点  ppt 个百分点
    mm 毫米  cm 厘米  dm 分米  m 米  km 公里  nm 纳米  μm 微米  um 微米  ㎜ 毫米  ㎝ 厘米
    ㎞ 公里  ㎡ 平方米  m² 平方米  m2 平方米  ㎥ 立方米  m³ 立方米  m3 立方米  cm² 平方厘米
    cm2 平方厘米  cm³ 立方厘米  cm3 立方厘米  km² 平方公里  km2 平方公里  mm² 平方毫米
    dm³ 立方分米  μg 微克  ug 微克  mg 毫克  g 克  kg 公斤  Kg 公斤  KG 公斤  ㎏ 公斤  ㎎ 毫克
    t 吨  ml 毫升  mL 毫升  ML 毫升  ㎖ 毫升  cl 厘升  dl 分升  L 升  l 升  W 瓦  kW 千瓦
    KW 千瓦  kw 千瓦  MW 兆瓦  Wh 瓦时  kWh 千瓦时  KWh 千瓦时  kwh 千瓦时  mAh 毫安时
    mah 毫安时  MAH 毫安时  Ah 安时  mA 毫安  V 伏  v 伏  kV 千伏  mV 毫伏  Hz 赫兹  HZ 赫兹
    hz 赫兹  kHz 千赫兹  KHz 千赫兹  MHz 兆赫兹  GHz 吉赫兹  ms 毫秒  s 秒  min 分钟  mins 分钟
    h 小时  Pa 帕  kPa 千帕  MPa 兆帕  N 牛  N·m 牛米  Nm 牛米  J 焦  kJ 千焦  KJ 千焦  kj 千焦
    kcal 千卡  Kcal 千卡  cal 卡  dB 分贝  db 分贝  lm 流明  lx 勒克斯  nits 尼特  nit 尼特
    px 像素  fps 帧每秒  FPS 帧每秒  rpm 转每分钟  bpm 次每分钟  BPM 次每分钟  r/min 转每分钟
    mph 英里每小时  Mbps 兆比特每秒  mbps 兆比特每秒  Gbps 吉比特每秒  Kbps 千比特每秒
    kbps 千比特每秒  bps 比特每秒  oz 盎司  lb 磅  lbs 磅  ft 英尺  inch 英寸  gsm 克每平方米
    BP 个基点  bp 个基点  Ω 欧  kΩ 千欧  mmHg 毫米汞柱  mmol 毫摩尔  ha 公顷  cc 毫升  mol 摩尔
    hPa 百帕  mbar 毫巴  Mpa 兆帕  Kpa 千帕  KPa 千帕  μA 微安  uA 微安  μV 微伏  μs 微秒
    ns 纳秒  μF 微法  uF 微法  pF 皮法  nF 纳法  MΩ 兆欧  mΩ 毫欧  mSv 毫西弗  μSv 微西弗  yd 码
    lux 勒克斯  Lux 勒克斯  TWh 太瓦时  GW 吉瓦  kgf 公斤力  N·cm 牛厘米  VA 伏安  kWp 千瓦
    Bq 贝克勒尔  ℃ 摄氏度  °C 摄氏度  ºC 摄氏度  ℉ 华氏度  °F 华氏度  ° 度  º 度  sqft 平方英尺
    """
)
_SPELLED = {"GB": "GB", "TB": "TB", "MB": "MB", "KB": "KB", "PB": "PB", "kB": "KB", "Gb": "Gb"} | {
    unit: unit for unit in ("DPI", "dpi", "PPI", "ppi", "ppm", "ppb", "psi", "PSI")
}
_BOTH = UNITS | _SPELLED
_PER = {"day": "天", "d": "天"} | {
    name: name
    for name in _words(
        "班 圈 托 柜 车 副 针 剂 垛 炉 例 "
        "天 月 年 人 次 晚 周 打 方 坪 课时 学期 学年 疗程 季度 学时 单 间夜 日 抽 板 餐 床 席 "
        "场次 人次 小时 分钟 秒 站 公里 期 节课 学分 户 桌 位"
    )
}
_RATES = _pairs(
    """
    kg 公斤  h 小时  H 小时  s 秒  s² 二次方秒  s2 二次方秒  hr 小时  min 分钟  m 米  L 升  l 升
    """
)
_DENOMINATORS = {**_BOTH, **_PER, **_RATES}
_TAIL = r"(?![A-Za-z0-9²³])"
_END = (
    rf"(?:{any_of(u for u in _BOTH if u[-1].isascii())}){_TAIL}|"
    rf"(?:{any_of(u for u in _BOTH if not u[-1].isascii())})"
)
UNIT = rf"(?:{_END})"
RATE = rf"(?:/(?:{any_of((*_DENOMINATORS, *MEASURES))}){_TAIL})?(?:·(?:天|日|月|年){_TAIL})?"
NOT_IN_NAME = r"(?<![A-Za-z\d.])(?<![A-Za-z]-)(?<![A-Za-z]\d-)"
_HAN_UNITS = any_of(
    (*MEASURES, "日", "月", "号", "晚", "桌", "平", "年", "平方米", "立方米", "户", "课", "节课")
)
_TEMPERATURES = ("摄氏度", "华氏度")
_EITHER = frozenset(("Hz", "HZ", "hz", "V", "v", "W", "GHz", "MHz", "fps", "FPS"))
"""Units of which 50/60 are two values, no part."""
_ELECTRIC = r"(?=/\d+W| ?(?:大?电流|快充|充电|输出|保险丝?|插座|空开|直流|交流))"
_FOLLOWERS = (
    r"(?:大奖|奖金|现金|红包|补贴|像素|[双三四单]摄|摄像头|镜头|自拍|[前后主]摄|[前后]置|用户|会员|粉|人|\+(?!\d)|关注|点赞|赞|播放|阅读|浏览|销量|单(?![口充管座端])|件|元|次|"
    r"观看|评论|金币|钻石|点券|经验|伤害|血量|"
    r"步|以上|多|预算|以内|以下|左右|起(?!步|飞|点)|元|块)"
)
_POWERED = re.compile(r" ?(?:快充|功率|充电|闪充|适配器|灯|电机|马达|音箱|喇叭|LED)")
_POWER = re.compile(
    r"(?:功率|瓦数|灯泡|灯管|快充|充电器?|适配器|电机|氮化镓|PD ?\d?(?:\.\d)?)[是为达到：: ]*$"
)
SALARY = re.compile(
    r"(?:奖金|奖池|奖金池|资金|预算|投资|融资|营收|营业额|销售额|成交额|GMV|资产|身价|房价|总价|价值|存款|贷款|首付|"
    r"月薪|薪资|工资|年薪|底薪|收入|粉丝|粉丝数|点赞|销量|播放|阅读|"
    r"浏览量?|经济差?|伤害)[是为达超过到约：: ]*-?$"
)


def unit_name(unit: str) -> str:
    """How a unit, or one unit by another, is called."""
    if unit in _BOTH:
        return _BOTH[unit]
    head, slash, tail = unit.partition("/")
    below, dot, span = tail.partition("·")
    spoken = _BOTH.get(head, head)
    if slash:
        spoken += "每" + _DENOMINATORS.get(below, below)
    return spoken + ("每" + ("天" if span == "日" else span) if dot else "")


def quantity(number: str, unit: str, *, is_minus: bool = False) -> str:
    """``("-5", "℃")`` -> 零下五摄氏度."""
    name = unit_name(unit)
    below = ""
    if is_minus:
        below = "零下" if name.startswith(_TEMPERATURES) else "负"
    return below + counted(number, name) + name


def is_minus(match: re.Match[str], sign: str | None) -> bool:
    """Whether the sign before a number is a minus: not where a hyphen joins it to a name."""
    return bool(sign) and not re.search(r"[A-Za-z0-9\u2080-\u2089]$", before(match))


def _measure(match: re.Match[str]) -> Said | None:
    sign, number, unit = match.groups()
    if match[0].endswith(" L") and re.search(r"[A-Z] $", before(match)):
        return None  # E 300 L is a car
    if unit == "s" and (is_brand(before(match)) or _NEXT_OF_NAME.match(after(match))):
        return None  # 骁龙7s Gen 3
    if unit == "s" and re.fullmatch(r"\d0", number) and "年代" in after(match):
        return None
    return Said("measure", quantity(number, unit, is_minus=is_minus(match, sign)))


_NEXT_OF_NAME = re.compile(r" (?:Gen|Plus|Pro|Max)")


def _part(match: re.Match[str]) -> Said | None:
    """1/1000s and 1/2L are a part of a unit, 120/80mmHg is two numbers of it."""
    top, bottom, unit = match.groups()
    if unit in _EITHER:
        return Said("measure", f"{amount(top)}、{quantity(bottom, unit)}")
    if int(top) >= int(bottom) or (int(top) > 1 and int(bottom) > _MOST_PARTS):
        return Said("measure", f"{amount(top)}、{quantity(bottom, unit)}")
    below = {100: "百", 1000: "千", 10000: "万"}.get(int(bottom), amount(bottom))
    return Said("measure", f"{below}分之{amount(top)}{unit_name(unit)}")


_MOST_PARTS = 10
"""坑距305/400mm offers two sizes, 3/4L is a part."""


def _values(match: re.Match[str]) -> Said:
    """3.5/5L and 26/27.5/29寸: one value or another."""
    name = unit_name(match[2]) if match[2] else ""
    return Said("measure", "、".join(amount(part) for part in match[1].split("/")) + name)


def _sensor(match: re.Match[str]) -> Said:
    """1/1.28英寸 and 1/1.28"."""
    return Said("fraction", f"{amount(match[1])}分之一{'英寸' if match[2] else ''}")


def _three_sides(match: re.Match[str]) -> Said:
    """W120×D60×H75cm: each side behind its letter."""
    sides = re.findall(rf"([A-ZΦ]) ?({NUMBER})", match[0])
    unit = unit_name(match[1]) if match[1] else ""
    return Said("measure", "乘".join(f"{letter}{amount(n)}" for letter, n in sides) + unit)


def _aperture(match: re.Match[str]) -> Said:
    """f/1.8 and f/1.4-f/2.8, whose slash nobody says."""
    letter, low, high = match.groups()
    return Said("measure", f"{letter}{amount(low)}" + (f"到{letter}{amount(high)}" if high else ""))


def _degrees(match: re.Match[str]) -> Said | None:
    sign, number = match.groups()
    if not is_minus(match, sign):
        return None
    return Said("measure", f"零下{counted(number, '度')}")


_LEAST_SCREEN = 320  # pixels of the longer side


def _size(match: re.Match[str]) -> Said:
    """10x15cm, 10×15×20, 1920×1080."""
    numbers = re.findall(NUMBER, match[1])
    unit = match[2]
    is_pair = not unit and len(numbers) == 2 and all(re.fullmatch(r"\d{3,4}", n) for n in numbers)
    is_screen = is_pair and max(map(int, numbers)) >= _LEAST_SCREEN
    read = digits if is_screen else amount
    spoken = "乘".join(read(number) for number in numbers)
    return Said("measure", spoken + (unit_name(unit) if unit else ""))


def _sides(match: re.Match[str]) -> Said:
    """10cm×15cm: each side with its unit."""
    pairs = re.findall(rf"({NUMBER}) ?({UNIT})", match[0])
    return Said(
        "measure", "乘".join(counted(n, unit_name(unit)) + unit_name(unit) for n, unit in pairs)
    )


def _is_inside_quotes(line: str) -> bool:
    """Whether what is quoted at the end of ``line`` is still open: 27" opens nothing."""
    is_open = False
    for quote in re.finditer('"', line):
        is_open = not is_open and not line[: quote.start()][-1:].isdigit()
    return is_open


def _inches(match: re.Match[str]) -> Said | None:
    line = match.string[: match.start()].rpartition("\n")[2]
    if _is_inside_quotes(line):  # this one closes what is quoted
        return None
    return Said("measure", f"{counted(match[1], '英寸')}英寸")


def _minutes(match: re.Match[str]) -> Said:
    """4'12"/km, 1'32"456, 1:28'45" and 5'8"."""
    hours, minutes, seconds, part, distance = match.groups()
    if len(seconds) == 1 and not part:
        return Said("measure", f"{counted(minutes, '英尺')}英尺{counted(seconds, '英寸')}英寸")
    hour = f"{counted(hours, '小时')}小时" if hours else ""
    end = (digits(part) if part else "") + ("每公里" if distance else "")
    return Said("time", f"{hour}{counted(minutes, '分')}分{amount(seconds)}秒{end}")


def _seconds(match: re.Match[str]) -> Said | None:
    """100米栏12"26."""
    if not re.search(r"[米泳栏跑圈]", sentence_around(match)):
        return None
    return Said("time", f"{amount(match[1])}秒{digits(match[2])}")


_COMPASS = {"N": "北纬", "S": "南纬", "E": "东经", "W": "西经"}


def _letters(match: re.Match[str]) -> Said | None:
    """10w+ is 十万加, 3k人 is 三千人; 4K stays a name."""
    number, letter, plus = match[1], match[2], match[3] or ""
    right = plus + after(match)
    is_many = re.match(_FOLLOWERS, right.lstrip()) or SALARY.search(before(match))
    if letter in "WK" and not is_many:
        return None
    is_sum_of_power = plus and re.match(r"\d+w[^+]{0,6}(?:充|功率)", after(match))
    if letter == "w" and (is_sum_of_power or _POWERED.match(right) or _POWER.search(before(match))):
        return Said("measure", f"{amount(number)}瓦")
    scale = "万" if letter in "wW" else "千"
    if (scale == "千" and float(number) >= 10) or (scale == "千" and "." in number):
        value = round(float(number) * 1000)
        return Said("cardinal", amount(str(value)) + ("加" if plus else ""))
    return Said("cardinal", f"{counted(number, scale)}{scale}{'加' if plus else ''}")


def _hours_and_minutes(match: re.Match[str]) -> Said:
    hours, minutes = match.groups()
    return Said("measure", f"{counted(hours, '小时')}小时{amount(minutes)}分钟")


def _and_a_part(match: re.Match[str]) -> Said | None:
    """1w5 is 一万五, 3k5 is 三千五; 1W1 is a shade of powder."""
    number, letter, part = match.groups()
    if letter == "W" and not (SALARY.search(before(match)) or re.match(_FOLLOWERS, after(match))):
        return None
    scale = "万" if letter in "wW" else "千"
    return Said("cardinal", f"{counted(number, scale)}{scale}{amount(part)}")


def _millions(match: re.Match[str]) -> Said:
    number, unit = match.groups()
    return Said("measure", counted(number, "兆") + ("百万" if unit else "兆"))


def _audience(match: re.Match[str]) -> Said | None:
    """播放2.3M, 粉丝1M."""
    if not SALARY.search(before(match)):
        return None
    return Said("cardinal", amount(str(round(float(match[1].replace(",", "")) * 10**6))))


def _hours(match: re.Match[str]) -> Said:
    return Said("measure", f"{amount(match[1])}小时")


def _amperes(match: re.Match[str]) -> Said:
    return Said("measure", f"{counted(match[1], '安')}安")


def _times(match: re.Match[str]) -> Said | None:
    """2x faster is 两倍; 2x+1=0 is a sum."""
    if re.match(r"[²³^]| ?[-+=]", after(match)):
        return None
    return Said("measure", f"{counted(match[1], '倍')}倍")


def _per(match: re.Match[str]) -> Said:
    """10元/kg, 299/月, 8元/㎡·天: what stands behind the price."""
    below, _, span = match[1].partition("·")
    spoken = _DENOMINATORS.get(below, below)
    return Said("measure", f"每{spoken}" + (f"每{'天' if span == '日' else span}" if span else ""))


_COLOURS = frozenset("黑白红蓝绿灰紫粉金银棕橙黄青男女大中小新旧共含送起免赠券")


def _per_any(match: re.Match[str]) -> Said | None:
    """¥580/副, 0.3%/年, US$2,150/柜: whatever stands alone behind a price or a rate."""
    is_price = re.search(
        r"(?:[¥$€£] ?|[A-Z]{3} ?)[\d.,]+(?:[万千百]|[wWkK])?$|\d[万千]?元起?$|\d%$", before(match)
    )
    if not is_price or match[1] in _COLOURS:
        return None
    return Said("measure", f"每{match[1]}")


def _price_for(match: re.Match[str]) -> Said | None:
    """¥15.8/500g and 29.9/2斤."""
    is_price = re.search(r"[¥$€£] ?[\d.,]+$|(?<![\d.])\d{1,4}\.\d{1,2}$", before(match))
    is_mark = re.match(r"\d+ ?分", after(match))  # 4.9/5分
    return Said("sign", "每") if is_price and not is_mark else None


def _storey(match: re.Match[str]) -> Said | None:
    """18/33层: which of how many."""
    storey, storeys = match.groups()
    if not 0 < int(storey) <= int(storeys):
        return None
    return Said("measure", f"{amount(storey)}层，总高{amount(storeys)}层")


_BEHIND_CODE = "|".join(f"(?<={code})" for code in CODES)
_SIDE = rf"(?:{NUMBER})"
RULES: tuple[Rule, ...] = (
    rule(r"(?<=\d)\((mm|cm|m|kg|g|ml|L)\)", lambda m: Said("measure", unit_name(m[1]))),
    rule(r"(?<=\d[KkPp])(\d{2,3})(fps|FPS|Hz)", lambda m: Said("measure", quantity(m[1], m[2]))),
    rule(
        rf"(?<![A-Za-z\d])[WDHL] ?(?:{NUMBER})(?: ?[×xX*] ?[WDHL] ?(?:{NUMBER})){{1,2}}"
        rf"(?: ?({UNIT}))?(?![A-Za-z\d])",
        _three_sides,
    ),
    rule(
        r"(?<![\d./])1/([1-9]\.\d{1,2})(?:(\"|'')|(?= ?(?:英?寸|大?底|型|传感器|超?大|CMOS)))",
        _sensor,
    ),
    rule(
        rf"{NOT_IN_NAME}(?=[\d/]*\.\d)(\d+(?:\.\d+)?(?:/\d+(?:\.\d+)?){{1,4}})"
        r"(?: ?(L|V|W|mm|cm|m|Hz)(?![A-Za-z\d])|(?= ?(?:英?寸|匹|升|毫米|厘米|米|瓦|伏)))",
        _values,
    ),
    rule(
        rf"(?<=\d[万亿千百]) ?(?![a-z]{{3}})({UNIT}{RATE})",
        lambda m: Said("measure", unit_name(m[1])),
    ),
    rule(
        rf"{NOT_IN_NAME}(\d+(?:/\d+){{2,5}}) ?({UNIT}{RATE})",
        lambda m: Said("measure", "、".join(map(amount, m[1].split("/"))) + unit_name(m[2])),
    ),
    rule(r"(?<=\d[²³])(mm|cm|m)(?![A-Za-z])", lambda m: Said("measure", unit_name(m[1]))),
    rule(rf"(?:(?<=\d\)) ?|(?<=\d\+))({UNIT})", lambda m: Said("measure", unit_name(m[1]))),
    rule(
        r"(?:(?<=ml)|(?<=mL)|(?<=\dg)|(?<=mg)|(?<=克)|(?<=升)):(?=[\d.]+ ?(?:m?g|m[lL]|克|毫))",
        lambda _: Said("sign", "比"),
    ),
    rule(
        r"(?:(?<=Wh)|(?<=[\dk][gL])|(?<=度))/(?=(?:12|24|48) ?[hH](?![A-Za-z]))",
        lambda _: Said("sign", "每"),
    ),
    rule(
        r"(?<=[楼座厦场心店馆城栋于号])(\d{1,2})F(?![A-Za-z\d])"
        r"|(?<![A-Za-z\d.])(\d{1,2})F(?=会议室|餐厅|大厅|展厅|中庭|女装|男装|美食|前台)",
        lambda m: Said("ordinal", f"{amount(m[1] or m[2])}楼"),
    ),
    rule(
        rf"(?<=[A-Z]{{2}})({NUMBER})(mm|cm|ml|mAh|Hz|dB)(?![A-Za-z\d])",
        lambda m: Said("measure", quantity(m[1], m[2])),
    ),
    rule(rf"(?<=\dV)({NUMBER}) ?Ah(?![A-Za-z\d])", lambda m: Said("measure", quantity(m[1], "Ah"))),
    rule(
        rf"(?<![A-Za-z\d])([fF])/({NUMBER})(?: ?[-~–到至] ?[fF]?/?({NUMBER}))?(?![A-Za-z\d/])",
        _aperture,
    ),
    rule(r"(?<![\d./A-Za-z])(\d{1,3})F?/(\d{1,3}) ?(?:层|F(?![A-Za-z\d]))", _storey),
    rule(
        rf"{NOT_IN_NAME}(\d{{1,3}}(?:,\d{{3}})?/\d{{1,3}},\d{{3}}) ?({UNIT})",
        lambda m: Said("measure", "、".join(map(amount, m[1].split("/"))) + unit_name(m[2])),
    ),
    rule(rf"{NOT_IN_NAME}(?<!/)(\d{{1,3}})/([1-9]\d{{0,4}}) ?({UNIT})", _part),
    rule(
        r"(?<![A-Za-z\d.])([1-9])m(\d)(?![A-Za-z\d.])",
        lambda m: Said("measure", f"{counted(m[1], '米')}米{amount(m[2])}"),
    ),
    rule(
        r"(?<=\d米)\d{2}(?![\d.,%A-Za-z]|个|年|月|天|米|~|-)",
        lambda m: Said("measure", digits(m[0])),
    ),
    rule(r"(?<=\d秒)\d{2}(?![\d.,%A-Za-z])", lambda m: Said("measure", digits(m[0]))),
    rule(
        r"(?<![\d.])(\d{1,3})°([0-5]?\d)['′](?:([0-5]?\d(?:\.\d+)?)[\"″])?",
        lambda m: Said(
            "measure",
            f"{amount(m[1])}度{amount(m[2])}分" + (f"{amount(m[3])}秒" if m[3] else ""),
        ),
    ),
    rule(
        r"(?<=\d)/(M|K|千|百万)(?= ?[Tt]okens?)",
        lambda m: Said("sign", "每" + {"M": "百万", "K": "千"}.get(m[1], m[1])),
    ),
    rule(
        rf"(?<=[AD]C)({NUMBER}) ?V(?![A-Za-z\d])",
        lambda m: Said("measure", f"{counted(m[1], '伏')}伏"),
    ),
    rule(r"(?<![A-Za-z\d%)])\+(?=\d+(?:\.\d+)? ?(?:℃|°C))", lambda _: Said("sign", "正")),
    rule(
        rf"{NOT_IN_NAME}(?:{_SIDE}) ?(?:{UNIT}) ?[×xX*] ?(?:{_SIDE}) ?(?:{UNIT})"
        rf"(?: ?[×xX*] ?(?:{_SIDE}) ?(?:{UNIT}))?",
        _sides,
    ),
    rule(
        rf"{NOT_IN_NAME}((?:{_SIDE})(?: ?[×xX*] ?(?:{_SIDE})){{1,3}})(?! "
        rf"?=)(?:(?<=\d) ?({UNIT}))?(?![A-Za-z\d]|\.\d)",
        _size,
    ),
    rule(
        rf"{NOT_IN_NAME}(?:(\d{{1,2}})[:h])?(\d+)['′] ?(\d+)(?:[\"″]|'')(\d{{1,3}}(?!\d))?"
        r"(/(?:km|公里)(?![A-Za-z]))?",
        _minutes,
    ),
    rule(
        rf"(?<![A-Za-z])([NSEW])({NUMBER})°|(?<![\d.])({NUMBER})° ?([NSEW])(?![A-Za-z])",
        lambda m: Said("measure", f"{_COMPASS[m[1] or m[4]]}{amount(m[2] or m[3])}度"),
    ),
    rule(r"(?<![\dA-Za-z.'])(\d{1,2})\"(\d{2})(?![\d.])", _seconds),
    rule(rf"{NOT_IN_NAME}({NUMBER})(?:\"|'')", _inches),
    rule(
        rf"(?:(?<=单位)|(?<=单位[：:为是]))({UNIT}{RATE})",
        lambda m: Said("measure", unit_name(m[1])),
    ),
    rule(
        rf"{NOT_IN_NAME}(\d{{1,3}}) ?min ?(\d{{1,2}}) ?s(?![A-Za-z0-9])",
        lambda m: Said("measure", f"{counted(m[1], '分')}分{amount(m[2])}秒"),
    ),
    rule(rf"{NOT_IN_NAME}(\d{{1,2}})h(\d{{1,2}})(?:mins?|m)?(?![A-Za-z0-9])", _hours_and_minutes),
    rule(rf"{NOT_IN_NAME}([1-9])([wWk])([1-9])(?![A-Za-z0-9.%/])", _and_a_part),
    rule(rf"{NOT_IN_NAME}({NUMBER}) ?([wWkK])(?![A-Za-z0-9金])(\+?)", _letters),
    rule(
        rf"{NOT_IN_NAME}({NUMBER}) ?M"
        r"(?=(粉|播放|用户)|宽带|网[速口卡线络]|文件|流量|大小|光纤|端口|以太)",
        _millions,
    ),
    rule(rf"{NOT_IN_NAME}({NUMBER})M(?![A-Za-z\d])", _audience),
    rule(rf"{NOT_IN_NAME}(12|24|36|48|72)H(?![A-Za-z0-9])(?!铅笔)", _hours),
    rule(rf"{NOT_IN_NAME}({NUMBER})A(?![A-Za-z0-9]){_ELECTRIC}", _amperes),
    rule(
        rf"(?:(?<=\dV)|(?<=\dV[/ ×*⎓=])|(?<=Hz[ ,/])|(?<=CCA ))({NUMBER})A(?![A-Za-z0-9])",
        _amperes,
    ),
    rule(
        r"(?<![A-Za-z\d.])(\d+)V(?=\d{1,2}(?:\.\d+)?A)",
        lambda m: Said("measure", f"{counted(m[1], '伏')}伏"),
    ),
    rule(rf"{NOT_IN_NAME}(\d{{1,3}}(?:\.\d+)?) ?[xX](?![A-Za-z0-9])", _times),
    rule(
        rf"(?:(?<![A-Za-z\d%])(-))?(?<![A-Za-z\d.])(?<![A-Za-z]-)({NUMBER}) ?({UNIT}{RATE})",
        _measure,
    ),
    rule(rf"(?<![\d.])(-)({NUMBER})(?=度)", _degrees),
    rule(
        rf"(?:(?<=[元块分角费价\d起㎡²]|"
        rf"{HAN})|(?<=\d[wWkK]))/ ?(?!包邮)((?:{any_of((*_DENOMINATORS, *MEASURES))})"
        rf"{_TAIL}(?:·(?:天|日|月|年))?)",
        _per,
    ),
    rule(
        r"(?<=[A-Za-z\u3400-\u9fff])/(?=100 ?(?:g|ml|mL|克|毫升|kcal|千卡|kJ|千焦)(?![A-Za-z]))",
        lambda _: Said("sign", "每"),
    ),
    rule(r"(?:(?<=\d[wW])|(?<=\d[wW] ))km(?![A-Za-z/])", lambda _: Said("measure", "公里")),
    rule(
        rf"(?:{_BEHIND_CODE})/ ?((?:{any_of(_PER)}){_TAIL})",
        lambda m: Said("measure", f"每{_DENOMINATORS[m[1]]}"),
    ),
    rule(r"(?<=%)/(?=\d{1,2} ?(?:年|个?月|周|天))", lambda _: Said("sign", "每")),
    rule(r"/ ?([\u3400-\u9fff])(?![\u3400-\u9fff])", _per_any),
    rule(rf"(?<=\d)/(?=(?:{NUMBER}) ?(?:{UNIT}|d(?![A-Za-z])|[\u3400-\u9fff]))", _price_for),
    rule(
        rf"(?<=[元块角分])/(?=\d)|(?<=[元块角分万千字天月年])/(?={_HAN_UNITS})",
        lambda _: Said("sign", "每"),
    ),
)
