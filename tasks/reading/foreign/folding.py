"""Words as people type them who have no keys for the marks of their language. Pure."""

import unicodedata

_OTHER_LETTERS = str.maketrans(
    {"ł": "l", "đ": "d", "ı": "i", "ß": "ss", "ø": "o", "æ": "ae", "ə": "e", "ð": "d", "þ": "th"}
    | {"ħ": "h", "œ": "oe", "ʻ": "", "’": "'"}
)


def without_marks(word: str) -> str:
    """``Kupte teď`` -> ``kupte ted``."""
    lower = word.lower().translate(_OTHER_LETTERS)
    if lower.isascii():
        return lower
    signs = unicodedata.normalize("NFD", lower)
    return "".join(sign for sign in signs if not unicodedata.combining(sign))
