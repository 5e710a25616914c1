"""Numbers in characters. Pure."""

import re

_NAMES = "零一二三四五六七八九"
_PLACES = ((1000, "千"), (100, "百"), (10, "十"))
_MOST_DIGITS = 16


def _words(listed: str) -> tuple[str, ...]:
    return tuple(listed.split())


MEASURES = _words(
    "个 只 条 款 位 名 张 本 把 台 辆 双 对 套 份 杯 瓶 盒 包 袋 "
    "斤 块 元 角 毛 万 千 亿 天 小时 分 秒 刻钟 次 遍 层 间 家 种 "
    "样 点 折 倍 岁 周 页 米 公里 公斤 公升 公顷 厘米 毫米 平方 平米 "
    "立方 克 吨 升 毫升 件 支 枝 根 片 颗 粒 滴 枚 束 朵 棵 株 匹 "
    "头 艘 架 座 栋 幢 扇 面 箱 罐 桶 盘 碗 勺 串 捆 卷 组 批 口 "
    "马力 卫 梯 顿 场 届 回 趟 步 项 门 堂 节 首 部 集 幅 封 篇 句 行 段 笔 "
    "轮 局 票 人 大 年 成 度 摄氏度 华氏度 里 英寸 英尺 寸 尺 亩 海里 "
    "赫兹 瓦 伏 安 千瓦 毫安 卡 兆 帖 服 剂 圈 下 声 眼 脚 星期 礼拜 "
    "世纪 百分点 钟头 盎司 磅 加仑 流明 尼特 分贝 像素 美元 欧元 英镑 "
    "呎 吋 坪 入 板 樽 "
    "港元 日元 韩元 澳元 加元 卢比 泰铢 人民币 厅 室1厅 室2厅 室一厅 室两厅 晚 码 转 帧 "
)
"""What is counted: 2 before one of these is 两."""
_UNSURE = _words(
    "大 下 面 里 口 行 成 年 周 本 门 部 组 场 节 首 对 双 角 点 张 声 眼 脚 "
    "平方根 人工 晚 转 码 安 卡 兆 伏 升级 分享 入 板 "
)
"""Measures that also begin other words: behind 618 大 is 大促, behind 120 人 may be 人工."""
_NUMBERED = (
    *_words(
        "年级 元旦 元宵 元素 元气 元件 转发 次元 次方 次曲线 人转 人世界 大于 大爷 "
        "段奶 段配方 段婴 段幼 段米粉 段羊奶 段有机 "
        "家庭 家用 家居 家电 家具 家装 家教 家长 入口 入门 入学 入住 入围 入选 入手 入库 板块 板材 "
        "梯队 梯度 梯级 梯形 卫星 卫衣 卫生 卫视 卫浴 元论 点钟方向 面体 度空间 行程 平方根 "
    ),
    *_words("本线 本院校 分之 次函数 次方程 次项 首发 首批 首销 首日 首付 首映 首秀 首测 首卖 "),
    *(f"{building}{digit}" for building in "座栋幢" for digit in "123456789"),
    *(
        f"{building}{place}"
        for building in "座栋幢"
        for place in _words("大堂 楼下 门口 前台 电梯 架空层 大厅 门厅 门卫 地库")
    ),
)
"""What begins like a measure but is not counted: 2年级 is 二年级, 2座18楼 is 二座十八楼."""


def cardinal(number: int) -> str:
    """``20205`` -> 两万零二百零五."""
    spoken = _places(number)
    if spoken.startswith("一十"):
        spoken = spoken[1:]
    if spoken[:1] == "二" and spoken[1:2] in ("千", "万", "亿"):
        spoken = "两" + spoken[1:]
    return spoken


def _places(number: int) -> str:
    for base, name in ((10**8, "亿"), (10**4, "万")):
        high, low = divmod(number, base)
        if high:
            return _places(high) + name + _rest(low, base)
    spoken = ""
    for base, name in _PLACES:
        high, number = divmod(number, base)
        if high:
            return spoken + _NAMES[high] + name + _rest(number, base)
    return _NAMES[number]


def _rest(number: int, base: int) -> str:
    if not number:
        return ""
    return ("零" if number < base // 10 else "") + _places(number)


def digits(number: str, *, one: str = "一") -> str:
    """Digit by digit; telephone numbers say 幺 for 1. Letters stay, other signs are left out."""
    names = _NAMES.replace("一", one)
    return "".join(
        names[int(sign)] if sign in "0123456789" else "点" if sign == "." else sign
        for sign in number
        if sign.isalnum() or sign == "."
    )


def amount(number: str) -> str:
    """``1,999.50`` -> 一千九百九十九点五零; leading zeros and very long numbers go by digits."""
    whole, _, part = number.replace(",", "").partition(".")
    whole = whole or "0"
    if len(whole) > _MOST_DIGITS or (len(whole) > 1 and whole[0] == "0"):
        spoken = digits(whole)
    else:
        spoken = cardinal(int(whole))
    return spoken + ("点" + digits(part) if part else "")


def price(number: str) -> str:
    """An amount of money: 199.00 is 一百九十九, 19.90 is 十九点九."""
    whole, dot, part = number.partition(".")
    part = part.rstrip("0") if len(part) <= 2 else part
    return amount(f"{whole}{dot}{part}" if part else whole)


_COUNTED_BY_TWO = re.compile(
    r" ?(?:桌|席(?!位)|餐(?!厅)|关(?![节税键于卡])|球(?![队迷鞋衣])|股(?![票份市东])|注(?![意册])|"
    r"针(?!对)|例(?!如)|户(?![外型])|站(?![台点长])|字(?!头)|课时|学[期分]|季(?![度节])|锅|壶|笼|炉|筐|"
    r"篮(?![球板])|味(?!道)|瓣|管(?![理家道])|孔|英里|夜(?![市场间里])|居(?![民住然])|房(?![东间])|道(?![路具德街])|扎|沓|"
    r"打(?![\d折卡开造游])|听(?![歌书])|格(?![式局])|幕(?!墙)|宗|讲(?![解师座])|抽(?![屉奖纸])|撮|碟|盅|"
    r"招(?![聘生商])|副(?![总经理部手食业])|提(?![前供示交醒升高取现货速])|程(?![序度])|航班|通道|盘位|网口|喇叭|电机|气囊|缸|代人|胜(?=[\d一二三四五六七八九十])|早(?![上晨教期])|列(?![表车])|轴)"
)
"""What is counted too, but begins too many other words to say so behind a longer number."""


def counted(number: str, counts: str) -> str:
    """A number before ``counts``: 2个 is 两个, 2号 is 二号, 2年级 is 二年级."""
    if number == "2" and (is_counted(counts) or _COUNTED_BY_TWO.match(counts)):
        return "两"
    return amount(number)


def is_counted(following: str) -> bool:
    """Whether what follows a number is what it counts."""
    following = following.removeprefix(" ")
    return following.startswith(MEASURES) and not following.startswith(_NUMBERED)


def is_surely_counted(following: str) -> bool:
    """As :func:`is_counted`, for numbers that are names where nothing is counted."""
    return is_counted(following) and not following.removeprefix(" ").startswith(_UNSURE)
