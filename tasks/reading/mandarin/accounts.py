"""Names of accounts and codes that people type: 微信号：fern-light88, 提取码：x7y8. Pure.

Their digits are said one by one, and nothing in them multiplies, counts or measures.
"""

import re
from collections.abc import Callable

from tasks.reading.mandarin.numerals import digits
from tasks.reading.mandarin.rules import Rule, Said, before, rule

_ACCOUNTS = (
    "微信号?|公众号|视频号|抖音号?|快手号?|小红书号?|微博|[Qq][Qq]号?|群号|账号|帐号|用户名|昵称|[Ll]ine|LINE"
    "|(?<![A-Za-z])(?:ID|Id|id|UID|uid)|WeChat|VX|vx|旺旺号?|会员名"
)
_CODES = (
    "提取码|会员码|邀请码|优惠码|兑换码|口令码?|券码|激活码|验证码|取件码|提货码|折扣码|推荐码|核销码|识别码|礼品码|序列号"
    "|注册码|体验码|暗号|密码"
)
_SURE = "(?:微信|公众|视频|抖音|快手|小红书|QQ|qq|群|账|帐|旺旺)号|用户名|ID|UID"
"""Labels behind which a name may follow with nothing between."""
_SOUGHT = "(?:加|搜|搜索|关注|添加)(?:店主|客服|老师|我)?(?:微信|QQ|VX|vx|抖音|小红书|公众号)"
_JOINT = "(?:[：:]|[是为]：?)? ?[「『\"“'【]?"
_OF_ACCOUNT = re.compile(
    rf"(?:(?:{_ACCOUNTS})(?:[：:]|是：?|为：?)|{_SURE}|{_SOUGHT}) ?[「『\"“'【@]?$"
)
_OF_CODE = re.compile(rf"(?:{_CODES}){_JOINT}$")
_COUNTED = re.compile(
    r"\d+(?:\.\d+)?(?:[GMTK]B?|GB|MB|ml|mL|L|kg|g|cm|mm|m|w|W|V|h|min|s|元|x|X)|(?:iOS|Android|V|v|PC|Mac)[\d.]+"
)
_WORD_AND_NUMBER = re.compile(r"[A-Za-z]{3,}\d{1,2}")
_PARTS = re.compile(r"[A-Za-z]+|\d+|[-_. ]")
_BEFORE_WORD = re.compile(r"(?<=\d)(?=[A-Za-z]{2})")
_SIGNS = {" ": " ", "-": "杠", "_": "下划线", ".": "点"}
_VOWELS = re.compile(r"[aeiouyAEIOUY]")
_SHORTEST_WORD = 3


def _account(match: re.Match[str]) -> Said | None:
    """微信号：fern-light88; words stay words, signs are said."""
    if not _OF_ACCOUNT.search(before(match)) or _COUNTED.fullmatch(match[0]):
        return None
    return Said("model", _typed(match[0], str))


def _code(match: re.Match[str]) -> Said | None:
    """提取码：x7y8; SAVE20 is left as a word and its number."""
    if not _OF_CODE.search(before(match)) or _COUNTED.fullmatch(match[0]):
        return None
    if _WORD_AND_NUMBER.fullmatch(match[0]):
        return None
    return Said("model", _typed(match[0], _apart))


def _typed(written: str, letters: Callable[[str], str]) -> str:
    """What a person types, part by part."""
    parts = _PARTS.findall(_BEFORE_WORD.sub(" ", written))
    return "".join(
        digits(part) if part.isdecimal() else _SIGNS.get(part) or letters(part) for part in parts
    )


def _apart(letters: str) -> str:
    """Letters that make no word, one by one."""
    is_word = len(letters) >= _SHORTEST_WORD and _VOWELS.search(letters)
    return letters if is_word else " ".join(letters)


def _command(match: re.Match[str]) -> Said:
    """淘口令￥AbC123￥: nobody can type it from hearing it."""
    written = match[0]
    doubt = f"{written} is spelled, and no viewer hears its capitals; show it on the screen instead"
    return Said("digits", " ".join(digits(sign) or sign for sign in match[1]), doubt)


_TYPED = (
    r"(?<![A-Za-z\d@./_-])(?=[A-Za-z_.-]*\d)(?=[\d_.-]*[A-Za-z])[A-Za-z\d]+(?:[-_.][A-Za-z\d]+)*"
)
_ENDS = r"(?![A-Za-z\d@/]|[-_.][A-Za-z\d])"
RULES: tuple[Rule, ...] = (
    rule(
        r"[¥$€£₳¢](?=[A-Za-z]*\d)(?=\d*[A-Za-z])([A-Za-z\d]{6,14})[¥$€£₳¢]",
        _command,
    ),
    rule(_TYPED + _ENDS, _account),
    rule(_TYPED + _ENDS, _code),
)
