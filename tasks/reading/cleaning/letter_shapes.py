"""Letters that are the alphabet's in another shape, as social networks are decorated with. Pure.

``𝗯𝗼𝗹𝗱``, ``ⓞⓤⓡ``, ``ﬁrst``, ``O̶u̶r̶`` and ``Оur`` with a Cyrillic O: what was meant is certain, and
no voice has a sound for the signs that were written.
"""

import re
import unicodedata
from collections.abc import Callable

from tasks.reading.cleaning.draft import Edit

_MATHEMATICAL = re.compile(r"[\U0001d400-\U0001d7ff\u210a-\u2113\u211b-\u211d\u212c-\u2134]")
_LIGATURE = re.compile(r"[\ufb00-\ufb06]")
_ENCLOSED = re.compile(r"[\u24b6-\u24e9\U0001f130-\U0001f149\U0001f150-\U0001f189]{2,}")
_SMALL_CAPITALS = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True))
_SMALL_CAPITALS_RUN = re.compile(f"[{''.join(_SMALL_CAPITALS)}]{{2,}}")
_FULL_WIDTH = re.compile(r"[\uff21-\uff3a\uff41-\uff5a]")
_HAN_OR_KANA = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_STRUCK = re.compile(r"(?<=[A-Za-z\u0332-\u0338 ])[\u0305\u0332-\u0338]+")
_LOOKS_LIKE = dict(
    zip(
        "АВЕЅІЈКМНОРСТУХЗаеѕіјорсухΑΒΕΖΗΙΚΜΝΟΡΤΥΧο",
        "ABESIJKMHOPCTYX3aesijopcyxABEZHIKMNOPTYXo",
        strict=True,
    )
)
_MIXED = re.compile(rf"(?<![^\W\d_])[A-Za-z{''.join(_LOOKS_LIKE)}]+(?![^\W\d_])")


def letter_shapes(text: str) -> list[Edit]:
    """Letters of the alphabet in place of those that only look otherwise, or the same."""
    if text.isascii():
        return []
    edits: dict[int, Edit] = {}
    patterns = [_MATHEMATICAL, _LIGATURE, _ENCLOSED]
    if not _HAN_OR_KANA.search(text):  # beside Chinese they are read, and set as wide as it is
        patterns.append(_FULL_WIDTH)
    for pattern in patterns:
        for match in pattern.finditer(text):
            _replace(edits, text, match.start(), match.end(), _plain)
    for match in _SMALL_CAPITALS_RUN.finditer(text):
        _replace(edits, text, match.start(), match.end(), _SMALL_CAPITALS.__getitem__)
    for match in _MIXED.finditer(text):
        is_mixed = re.search("[A-Za-z]", match[0]) and not match[0].isascii()
        if is_mixed:
            _replace(edits, text, match.start(), match.end(), lambda s: _LOOKS_LIKE.get(s, s))
    for match in _STRUCK.finditer(text):
        edits[match.start()] = (match.start(), match.end(), "")
    return [edits[start] for start in sorted(edits)]


def _replace(
    edits: dict[int, Edit], text: str, start: int, end: int, shape: Callable[[str], str]
) -> None:
    for index in range(start, end):
        plain = shape(text[index])
        if plain != text[index]:
            edits[index] = (index, index + 1, plain)


def _plain(sign: str) -> str:
    """Its letter; what has none, such as a Greek one in bold, stays."""
    letter = unicodedata.normalize("NFKC", sign)
    if "\U0001f150" <= sign <= "\U0001f189":  # NEGATIVE CIRCLED, NEGATIVE SQUARED LATIN ...
        letter = unicodedata.name(sign)[-1]
    letter = letter.strip("()")
    return letter if letter.isascii() and letter.isalnum() else sign
