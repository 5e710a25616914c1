"""Traditional characters as simplified ones, character for character.

Readings and tones are listed for simplified words. OpenCC chooses by phrases (乾淨 is 干净, 乾坤
stays), and no entry of its tables changes the number of characters, so places in the text hold.
"""

import re
from functools import cache

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_ALSO_SIMPLIFIED = frozenset("乾夥後徵於著麽麼薰擡")
"""Characters that GB 2312 holds, or nearly, and that stand for others in traditional text."""


def is_traditional(text: str) -> bool:
    """Whether ``text`` may hold a traditional character: one that GB 2312 does not have."""
    return any(_is_foreign(sign) for sign in set(_HAN.findall(text)))


def simplified(text: str) -> str:
    """``text`` in simplified characters, of the same length."""
    return _converter().convert(text) if is_traditional(text) else text


def _is_foreign(sign: str) -> bool:
    if sign in _ALSO_SIMPLIFIED:
        return True
    try:
        sign.encode("gb2312")
    except UnicodeEncodeError:
        return True
    return False


@cache
def _converter():
    from opencc_purepy import OpenCC

    return OpenCC("t2s")
