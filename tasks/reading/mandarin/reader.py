"""Mandarin text to tokens: at every place the first rule that fits. Pure."""

import re
import unicodedata

from tasks.reading.mandarin import (
    addresses,
    counts,
    dates,
    measures,
    money,
    names,
    phones,
    ranges,
    signs,
)
from tasks.reading.mandarin.numerals import cardinal
from tasks.reading.mandarin.plain import plain
from tasks.reading.mandarin.rules import Said
from tasks.reading.tokens import Token

_RULES = (
    *addresses.RULES,
    *phones.RULES,
    *dates.RULES,
    *money.RULES,
    *ranges.RULES,
    *measures.RULES,
    *counts.FIRST,
    *names.RULES,
    *counts.RULES,
    *signs.RULES,
)
_LETTERS = re.compile(r"[A-Za-z]+")
_CANDIDATE = re.compile(r"[^\s\u3400-\u9fff，。！？；：、“”‘’《》【】（）…]|[壹贰叁参肆伍陆柒捌玖]")


def mandarin_tokens(text: str) -> tuple[Token, ...]:
    """The tokens of a Mandarin text, in order; Latin words in it are left to the voice."""
    seen = plain(text)
    tokens: list[Token] = []
    place = 0
    while found := _CANDIDATE.search(seen, place):
        start = found.start()
        token = _token_at(text, seen, start)
        if token:
            tokens.append(token)
        place = token.end if token else start + 1
    return tuple(tokens)


def _token_at(text: str, seen: str, start: int) -> Token | None:
    for pattern, say in _RULES:
        match = pattern.match(seen, start)
        said = say(match) if match and match.end() > start else None
        if match and said:
            return _token(start, match.end(), said)
    if text[start] != seen[start] and seen[start].isascii() and seen[start].isalpha():
        letters = _LETTERS.match(seen, start)
        end = letters.end() if letters else start + 1
        return Token(start, end, "acronym", seen[start:end])
    return _numeral(seen[start], start)


def _token(start: int, end: int, said: Said) -> Token:
    return Token(start, end, said.kind, said.spoken, doubt=said.doubt)


def _numeral(sign: str, start: int) -> Token | None:
    """A number of another script or in a ring, which no rule knows."""
    if unicodedata.category(sign) not in ("No", "Nl"):
        return None
    value = unicodedata.numeric(sign)
    if value != int(value) or value < 0:
        return None
    return Token(start, start + 1, "cardinal", cardinal(int(value)))
