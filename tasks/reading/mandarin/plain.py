"""A text as the rules see it, sign for sign: places in it are those of the text. Pure."""

import re
import unicodedata

from model.speech.traditional import simplified

_SIGNS = {
    **dict.fromkeys("－−‐‑﹣﹘", "-"),
    **dict.fromkeys("～〜∼˜﹏", "~"),
    **dict.fromkeys("％﹪", "%"),
    **dict.fromkeys("＋﹢", "+"),
    **dict.fromkeys("／∕⁄", "/"),
    **dict.fromkeys("＝﹦", "="),
    **dict.fromkeys("＃﹟", "#"),
    **dict.fromkeys("＠﹫", "@"),
    **dict.fromkeys("＆﹠", "&"),
    **dict.fromkeys("＊﹡∗✕✖", "*"),
    **dict.fromkeys("＄﹩", "$"),
    **dict.fromkeys("￥", "¥"),
    **dict.fromkeys("￡", "£"),
    **dict.fromkeys("￦", "₩"),
    **dict.fromkeys("＜﹤", "<"),
    **dict.fromkeys("＞﹥", ">"),
    **dict.fromkeys("≧⩾", "≥"),
    **dict.fromkeys("≦⩽", "≤"),
    **dict.fromkeys("≒≃≅", "≈"),
    **dict.fromkeys("＿", "_"),
    **dict.fromkeys("｜", "|"),
    **dict.fromkeys("＾", "^"),
    **dict.fromkeys("＼", "\\"),
    **dict.fromkeys("➡➜➔⇒→", "→"),
    **dict.fromkeys("“”＂", '"'),
    **dict.fromkeys("″", '"'),
    **dict.fromkeys("（﹙", "("),
    **dict.fromkeys("）﹚", ")"),
    "\u3000": " ",
    "\u00a0": " ",
    "\u2009": " ",
    "\u202f": " ",
    "\t": " ",
}
_BETWEEN_DIGITS = {"：": ":", "∶": ":", "︰": ":", "．": ".", "﹕": ":"}

_WIDE_THOUSANDS = re.compile(r"(?<=[０-９])，(?=[０-９]{3}(?![０-９]))")


def plain(text: str) -> str:
    """``text`` with half-width digits, letters and signs, and in simplified characters."""
    narrow = [_narrow(sign) for sign in simplified(text)]
    for comma in _WIDE_THOUSANDS.finditer(text):
        narrow[comma.start()] = ","
    for index, sign in enumerate(narrow):
        if sign in _BETWEEN_DIGITS and _is_between(narrow, index):
            narrow[index] = _BETWEEN_DIGITS[sign]
    return "".join(narrow)


def _narrow(sign: str) -> str:
    if sign < "\x80":
        return " " if sign == "\t" else sign
    if sign in _SIGNS:
        return _SIGNS[sign]
    if unicodedata.category(sign) == "Nd":
        return str(unicodedata.decimal(sign))
    code = ord(sign)
    if 0xFF21 <= code <= 0xFF5A and chr(code - 0xFEE0).isalpha():
        return chr(code - 0xFEE0)
    return _plain_letter(sign)


def _plain_letter(sign: str) -> str:
    """Letters of the mathematical alphabets (𝐒𝐀𝐋𝐄) are letters."""
    if not 0x1D400 <= ord(sign) <= 0x1D7FF:
        return sign
    wide = unicodedata.normalize("NFKC", sign)
    return wide if len(wide) == 1 and wide.isascii() else sign


def _is_between(signs: list[str], index: int) -> bool:
    inside = 0 < index < len(signs) - 1
    return inside and signs[index - 1].isalnum() and signs[index + 1].isalnum()
