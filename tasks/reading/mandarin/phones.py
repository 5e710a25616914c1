"""Telephone numbers, hotlines, and digits behind a word that says they are a name. Pure."""

import re

from tasks.reading.mandarin.measures import UNIT
from tasks.reading.mandarin.numerals import amount, digits, is_counted, is_surely_counted
from tasks.reading.mandarin.rules import Rule, Said, after, before, rule, sentence_around

_SEP = r"[ -]?"
_PHONE_WORDS = re.compile(
    "电话|热线|拨|致电|来电|座机|手机|联系|客服|咨询|传真|报警|急救|火警|紧急|"
    "求助|呼叫|举报|投诉|订购|"
    "查号|查询|WhatsApp|[Ll]ine|LINE|总机|急诊|前台|值班|专线|收件人|收货人|[Tt][Ee][Ll]|打(?:进)?$|打给|转人工|短信|Call|微信"
)
_CODE_LABELS = (
    "电话|热线|拨打|拨|致电|手机|座机|客服|号码|尾号|端口号?|短号|抖音号?|快手号?|小红书号?|视频号|"
    "[前后末]\\d?[一二两三四五六七八九十]{0,2}位(?:数|数字)?|"
    "编号|代码|编码|密码|验证码|口令|"
    "工号|单号|订单号?|运单|(?<!集)群|"
    "微信号?|身份证号?|邮编|邮政编码|卡号|账号|帐号|取件码|提货码|邀请码|兑换码|"
    "优惠码|券码|暗号|分机|转|传真|"
    "短信(?:发?[至到])?|发送?[至到]|回复|输入|扣|报警|学号|证号|准考证|货号|款号|"
    "批号|条码|条形码|区号|股票代码|代号|"
    "会员号|房间号码|[Qq][Qq]|ID|id|"
    "SKU|sku|IMEI|内线|基金|基金代码|"
    "UID|uid|群号|考号|识别码|备案|许可证|口令码|提取码|激活码|序列号|SN|NO|PIN|验证|车架号"
)
_ROOM_LABELS = (
    "单元|楼|号楼|栋|幢|[A-Z]座|房间号?|房号|教室|会议室|包厢|航班号?|车次|车牌号?|"
    "列车|公交|公车|巴士|展位|展位号|"
    "门牌号?|座位号?|动车|高铁|色号"
)
_LABELLED = re.compile(
    rf"(?:{_CODE_LABELS})(?:号码|号|码)?[是为：:「『\"'“#（(【\[]{{0,2}} ?[A-Z]{{0,6}}$"
)
_LABELLED_LIST = re.compile(rf"(?:{_CODE_LABELS})[是为：:]{{0,2}} ?(?:\d{{3,}}[、/])+$")
_ROOM = re.compile(rf"(?:{_ROOM_LABELS})[是为：:]? ?[#＃]?[A-Z]{{0,3}}$")
_TRAIN = re.compile(r"(?<![A-Za-z])[GDCZTKYS]$|(?:列车|区间车|自强号?|莒光号?|普快|快车|火车)$")
_DIALLED = re.compile(r"(?:拨打?|致电|热线|电话|打)[：:]? ?$")
_AFTER_ROOM = re.compile(
    r"(?:号)?(?:室|房|教室|会议室|包厢|航班|次列车|次高铁|路公交|路车)|次(?![数元方日])"
)
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领][A-Z][·•.]?(?:[A-Z0-9]{0,5})$"
)
_HOTLINE = re.compile(
    r"1(?:10|19|20|22|14|17|0086|0010|0000|0001|23[0-9]{2})|9(?:5|6)\d{3,4}|12[0-4]\d{2}"
)
_SHORT = re.compile(r"1(?:10|19|20|22|14|17)|12345")
_LAST = r"(?![\d])(?!-\d)"
_MOST_GROUPS = 6


def _groups(text: str) -> str:
    """Groups of digits as they are written; seven and eight digits in a row are said as two."""
    parts = re.sub(r"(?<!\d)(\d{3,4})(\d{4})(?!\d)", r"\1 \2", text)
    return " ".join(digits(group, one="幺") for group in re.findall(r"\d+", parts))


def _phone(match: re.Match[str]) -> Said:
    plus = "加" if match[0].startswith(("+", "(+")) else ""
    return Said("phone", plus + _groups(match[0]))


def _mobile(match: re.Match[str]) -> Said:
    country, a, b, c = match.groups()
    prefix = ("加" if country and "+" in country else "") + _groups(country or "")
    return Said("phone", " ".join(part for part in (prefix, _groups(f"{a} {b} {c}")) if part))


def _service(match: re.Match[str]) -> Said | None:
    if not re.search(r"\D", match[0]) and is_counted(after(match)):
        return None
    return Said("phone", _groups(" ".join(part for part in match.groups() if part)))


def _local(match: re.Match[str]) -> Said | None:
    """8888-6666: a telephone number where the sentence speaks of one."""
    is_phone = _PHONE_WORDS.search(before(match))
    is_other = is_counted(after(match)) and not _SWITCHED.match(after(match))
    if is_other or (not is_phone and " " in match[0]):
        return None
    doubt = None if is_phone else f"{match[0]} is read as a telephone number"
    return Said("phone", _groups(match[0]), doubt)


def _inner(match: re.Match[str]) -> Said | None:
    """急诊：64370045-631: a number and its extension."""
    if not _PHONE_WORDS.search(before(match)):
        return None
    return Said("phone", f"{_groups(match[1])}转{digits(match[2], one='幺')}")


def _abroad(match: re.Match[str]) -> Said:
    """(852) 2345 6789."""
    return Said("phone", f"({digits(match[1], one='幺')}) {_groups(match[2])}")


def _masked(match: re.Match[str]) -> Said:
    """139****5678."""
    first, stars, last = match.groups()
    hidden = f"{amount(str(len(stars)))}个星号"
    return Said("phone", f"{digits(first, one='幺')} {hidden} {digits(last, one='幺')}")


_KEYS = {"*": "星号", "#": "井号"}


def _keys(match: re.Match[str]) -> Said:
    """*#06#: what is pressed."""
    return Said("phone", "".join(_KEYS.get(key) or digits(key, one="幺") for key in match[0]))


_SWITCHED = re.compile(r" ?转 ?\d")
_ANOTHER = re.compile(r"(?:[我你您他她]的|另一个|新的|旧的|后者|前者)(?:则|就)?(?:是|为|:|：) ?$")
_SECRET = re.compile(r"密码|验证码|口令|暗号|PIN|房号|房间号|门牌")


def _labelled(match: re.Match[str]) -> Said | None:
    """密码1234, 订单号 2024 1129 0001, 身份证11010119900307123X."""
    left, number = before(match), match[0]
    is_second = _ANOTHER.search(left) and _SECRET.search(sentence_around(match))
    if not (_LABELLED.search(left) or _LABELLED_LIST.search(left) or is_second):
        return None
    counts = after(match)
    if len(number) < 3 and not number.startswith("0"):
        return None
    if re.match(rf" ?{UNIT}", counts):  # 转150℃, 输入100-240V
        return None
    if numbered := re.fullmatch(r"(0\d+)-(\d+)", number):
        first, last = numbered.groups()
        if len(first) == len(last) and first < last:
            return Said("range", "到".join(digits(part, one="幺") for part in (first, last)))
    is_switched = _SWITCHED.match(counts)
    if (is_counted(counts) and not is_switched) or counts.startswith(("年", "月", "%", ".")):
        return None
    return Said("digits", " ".join(digits(part, one="幺") for part in re.split(r"[ -]", number)))


def _extension(match: re.Match[str]) -> Said | None:
    """拨12345-1: a number, and what is pressed then."""
    if not _DIALLED.search(before(match)):
        return None
    number, key = match.groups()
    return Said("phone", f"{digits(number, one='幺')}转{digits(key)}")


def _glued_label(match: re.Match[str]) -> Said | None:
    """抖音号88fernlight: the digits of a name that a person chose."""
    if not _LABELLED.search(before(match)):
        return None
    return Said("digits", digits(match[0]) + " ")


def _unit_number(match: re.Match[str]) -> Said:
    """#01-18, as Singapore writes a storey and a door."""
    storey, door = match.groups()
    return Said("digits", f"{digits(storey)}杠{digits(door)}")


def _postcode(match: re.Match[str]) -> Said | None:
    """文一西路969号3幢，310000."""
    is_address = re.search(r"(?:地址|收货|寄).*(?:路|街|道|巷|弄|村)\d*", sentence_around(match))
    return Said("digits", digits(match[0], one="幺")) if is_address else None


def _room(match: re.Match[str]) -> Said | None:
    """房间1203, 1203室, 航班CA1234, G1234次, 京A12345: by digits from three on."""
    left, right, number = before(match), after(match), match[0]
    if re.match(r":[0-5]\d", right):  # 航班08:30起飞
        return None
    if _PLATE.search(left):
        return Said("digits", digits(number))
    is_room = _ROOM.search(left) or (len(number) > 2 and _AFTER_ROOM.match(right))
    is_train = right.startswith("次") and _TRAIN.search(left)
    if not (is_room or is_train) or (len(number) < 3 and number[0] != "0"):
        return None
    if re.match(r"次", right) and not is_train:
        return None
    if is_counted(right) and not is_train and not _AFTER_ROOM.match(right):
        return None
    return Said("digits", digits(number))


_BESIDE = rf"(?:{_HOTLINE.pattern})"
_LISTED_BEFORE = re.compile(rf"(?<![\d.]){_BESIDE}[、/和及与]$")
_LISTED_BEHIND = re.compile(rf"[、/和及与]{_BESIDE}(?![\d.%、]*[\u4e00-\u9fff%])")
_LISTED_ON = re.compile(rf"[、/和及与]{_BESIDE}[、/和及与]{_BESIDE}(?!\d)")


def _is_listed(match: re.Match[str]) -> bool:
    """110、119、120: one beside another."""
    right = after(match)
    return bool(
        _LISTED_BEFORE.search(before(match))
        or _LISTED_BEHIND.match(right)
        or _LISTED_ON.match(right)
    )


def _hotline(match: re.Match[str]) -> Said | None:
    """119, 10086, 95588: by digits with 幺, unless they count something."""
    number, right = match[0], after(match)
    if is_surely_counted(right) or re.match(r" ?[A-Za-z%℃]|[+×*]", right):
        return None
    if re.search(r"\d[+×*]$", before(match)):  # 30000+10000: a sum
        return None
    is_called = _PHONE_WORDS.search(sentence_around(match)) or _is_listed(match)
    if _SHORT.fullmatch(number) and not is_called:
        return None
    return Said("phone", digits(number, one="幺"))


RULES: tuple[Rule, ...] = (
    rule(r"(?<![#\dA-Za-z])#([B0-9]\d)-(\d{2,4}[A-Z]?)(?![\d#-])", _unit_number),
    rule(r"#\d{3,}[*#](?!\d)", _keys),
    rule(r"(?<=\d{4})#(\d{1,5})(?![\d#])", lambda m: Said("phone", f"转{digits(m[1], one='幺')}")),
    rule(rf"\((\+?(?:852|853|886))\) ?(\d{{4}}[ -]?\d{{4}}){_LAST}", _abroad),
    rule(r"[*#]{1,2}\d{2,}(?:[*#]\d+)*#", _keys),
    rule(r"(?<![\d*])(\d{3,6})(\*{2,12})(\d{2,4})(?![\d*])", _masked),
    rule(
        r"(?<![\d.])\d{4}(?: \d{4}){2,3}(?: \d{1,4})?(?![\d.%])",
        lambda m: Said("digits", " ".join(digits(g, one="幺") for g in m[0].split())),
    ),
    rule(r"(?<![\d.A-Za-z-])([2-9]\d{6,7})-(\d{1,4})(?![\d.-])", _inner),
    rule(rf"\(86-\d{{2,3}}\) ?[2-9]\d{{2,3}}{_SEP}\d{{4}}{_LAST}", _phone),
    rule(r"(?:(?<=备\d{8}号)|(?<=备\d{10}号))-(?=\d)", lambda _: Said("sign", "杠")),
    rule(
        rf"(?<![\d.+])(\(?\+ ?\d{{1,3}}\)?{_SEP}|0086{_SEP}|"
        rf"86-)?(1[3-9]\d){_SEP}(\d{{4}}){_SEP}(\d{{4}}){_LAST}",
        _mobile,
    ),
    rule(rf"(?<![\d.])(09\d{{2}})[ -](\d{{3}})[ -](\d{{3}}){_LAST}", _service),
    rule(rf"(?<![\d.])(080[0-9]){_SEP}(\d{{3}}){_SEP}(\d{{3}}){_LAST}", _service),
    rule(
        rf"(?<![\d.])([48]00){_SEP}(\d{{3}}){_SEP}(\d{{4}}){_LAST}",
        _service,
    ),
    rule(rf"(?<![\d.])([48]00){_SEP}(\d{{4}}){_SEP}(\d{{3}}){_LAST}", _service),
    rule(
        rf"(?<![\d.])(?:\(?\+86\)?{_SEP})?(?:\(0\d{{1,3}}\)|"
        rf"0\d{{2,3}}){_SEP}[1-9]\d{{2,3}}{_SEP}\d{{4}}"
        rf"(?:-\d{{1,5}})?{_LAST}",
        _phone,
    ),
    rule(
        rf"(?<![\d万千百亿])(?=\+(?:[ ()-]*\d){{7}})\+\d{{1,3}}[ -]?(?:\(\d{{1,4}}\)[ -]?)?"
        rf"\d{{1,5}}(?:[ -]?\d{{2,5}}){{1,4}}{_LAST}",
        _phone,
    ),
    rule(
        r"(?<![\d.A-Za-z-])(?!(?:19|20)\d\d-(?:19|20)\d\d)[2-9]\d{3}[ -]\d{4}(?![\d.-])"
        r"(?!年| ?[A-Za-z%℃㎡])",
        _local,
    ),
    rule(
        rf"(?<![\d.])\d+(?:[ -]\d{{2,6}}){{0,{_MOST_GROUPS}}}[Xx]?(?![\d.])(?![-~]\d)",
        _labelled,
    ),
    rule(r"(?<![\d.])(\d{5})[-－](\d)(?![\d.-])(?! ?[=折元])", _extension),
    rule(r"(?<=[，, ])[1-9]\d{5}(?=[。，,.]|$)", _postcode),
    rule(r"(?<![\d.])\d+(?=[a-z_]{2})", _glued_label),
    rule(r"(?<![\d.])\d+(?![\d.])(?![-~]\d)", _room),
    rule(rf"(?<![\dA-Za-z.,-])(?:{_HOTLINE.pattern})(?![\d,-])(?!\.\d)", _hotline),
)
