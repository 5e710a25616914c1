"""Traditional characters as simplified ones, character for character.

Readings and tones are listed for simplified words. OpenCC chooses by phrases (乾淨 is 干净, 乾坤
stays), and no entry of its tables changes the number of characters, so places in the text hold.
"""

import re

from model.loading import loaded_once

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_ALSO_SIMPLIFIED = frozenset("乾夥後徵於著麽麼薰擡")
"""Characters that GB 2312 holds, or nearly, and that stand for others in traditional text."""


_LAST_LISTED = "\uffff"
_CERTAIN = {
    **{"乾": "gan1", "幹": "gan4", "髮": "fa4", "發": "fa1", "隻": "zhi1", "祇": "zhi3"},
    **{"儘": "jin3", "盡": "jin4", "捨": "she3", "佔": "zhan4", "捲": "juan3", "係": "xi4"},
    **{"臟": "zang4", "髒": "zang1", "沖": "chong1", "徵": "zheng1", "鬥": "dou4", "颳": "gua1"},
}
"""Characters of one reading, whose simplified ones have several."""


def certain_readings(text: str) -> dict[int, str]:
    """Place in ``text`` -> the reading that its traditional character leaves no doubt about."""
    if _CERTAIN.keys().isdisjoint(text):
        return {}
    plain = simplified(text)
    return {
        place: _CERTAIN[sign]
        for place, sign in enumerate(text)
        if sign in _CERTAIN and (sign != plain[place] or sign == "祇")
    }


def is_traditional(text: str) -> bool:
    """Whether ``text`` may hold a traditional character: one that GB 2312 does not have."""
    return any(_is_foreign(sign) for sign in set(_HAN.findall(text)))


def simplified(text: str) -> str:
    """``text`` in simplified characters, of the same length.

    A character whose simplified one no list of readings holds (赤鱲角) stays.
    """
    if not is_traditional(text):
        return text
    converted = _converter().convert(text)
    return "".join(
        new if new <= _LAST_LISTED else old for old, new in zip(text, converted, strict=True)
    )


def _is_foreign(sign: str) -> bool:
    if sign in _ALSO_SIMPLIFIED:
        return True
    try:
        sign.encode("gb2312")
    except UnicodeEncodeError:
        return True
    return False


@loaded_once
def _converter():
    from opencc_purepy import OpenCC

    converter = OpenCC("t2s")
    # it fills its tables on first use, in place: a thread beside would convert with half of them
    converter.convert("漢")
    return converter
