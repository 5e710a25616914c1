"""What people type: passwords of a network, and codes of orders with several signs."""

import re

from tasks.reading.english.numbers import digits
from tasks.reading.english.rules import Rule
from tasks.reading.tokens import Token

_SIGNS = {
    **{"-": "dash", "_": "underscore", "/": "slash", ".": "dot", "#": "hash", "&": "and"},
    **{"+": "plus", "=": "equals", "*": "star", "!": "exclamation mark", "?": "question mark"},
    **{"@": "at", "$": "dollar", "%": "percent", "^": "caret", "~": "tilde", ":": "colon"},
}
_SET = re.escape("".join(_SIGNS))
_PASSWORD = re.compile(
    r"(?i:\b(?:pass|password|passcode|pwd|passphrase|network key|wi-?fi key)(?: is| was)?[ :=]{1,3}"
    r"[\"']?|\bPW[ :=]{1,2})"
    rf"(?P<run>(?=[^\s]*\d)(?=[^\s]*[A-Za-z])(?=[^\s]+[{_SET}][^\s]*[A-Za-z0-9])[A-Za-z0-9{_SET}]{{5,40}})"
)
_CODE = re.compile(
    r"(?i:\b(?:order|booking|quote|invoice|job|claim|confirmation|voucher|ticket|reference"
    r"|ref|serial|policy)\b\.?(?: (?:no\.?|number|code|ref\.?))?[ :]{1,2}#?)"
    r"(?P<run>(?=[A-Z0-9/_.#*+-]*[/_#*+])(?=[A-Z0-9/_.#*+-]*\d)[A-Z0-9]+(?:[-/_.#*+][A-Z0-9]+)+)"
    r"(?![\w-])"
)
_PIECE = re.compile(r"[A-Za-z]+|\d+|.")
_END = re.compile(r"[.,;:!?]$")


_PRICE = re.compile(r"[A-Z]{0,3}[$€£¥₹][\d.,]+")


def _password(match: re.Match[str]) -> Token | None:
    """Br3w&Chill#24: sign by sign, and marked, because no viewer hears its capitals."""
    start, end = match.span("run")
    if _PRICE.fullmatch(match["run"]):
        return None  # a 6d pass C$489
    if _END.search(match["run"]) and (end == len(match.string) or match.string[end].isspace()):
        end -= 1
    written = match.string[start:end]
    words = ", ".join(_said(piece) for piece in _PIECE.findall(written))
    doubt = f'"{written}" is spelled, and no viewer hears its capitals; show it on the screen'
    return Token(start, end, "digits", words, None, doubt)


def _said(piece: str) -> str:
    if piece in _SIGNS:
        return _SIGNS[piece]
    return digits(piece) if piece.isdecimal() else " ".join(piece.upper())


_MOST_PIECES = 5


def _code(match: re.Match[str]) -> Token | None:
    """Ref. 55_021-X, order A-1047/B: with the words for its signs."""
    written = match["run"]
    if re.fullmatch(r"\d{1,2}(?:[./-]\d{1,4}){1,2}", written):
        return None  # a day
    if len(re.findall(r"[A-Z]+|\d+", written)) > _MOST_PIECES:
        return None  # spelled and marked, as all long codes
    words = " ".join(_said(piece) for piece in _PIECE.findall(written))
    return Token(match.start("run"), match.end("run"), "digits", words)


EARLY_RULES = (Rule(_PASSWORD, _password), Rule(_CODE, _code))
