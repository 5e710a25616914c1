"""English text to tokens."""

from collections.abc import Sequence
from dataclasses import replace

from tasks.reading.english import (
    abbreviations,
    calendar,
    codes,
    dimensions,
    models,
    quantities,
    signs,
    web,
)
from tasks.reading.english.rules import apply, one_spelling
from tasks.reading.tokens import Token

_RULES = (
    *signs.EARLY_RULES,
    *calendar.EARLY_RULES,
    *models.TECH_RULES,
    *models.EARLY_RULES,
    *codes.EARLY_RULES,
    *codes.CODE_RULES,
    *dimensions.EARLY_RULES,
    *calendar.RULES,
    *dimensions.RULES,
    *quantities.RANGE_RULES,
    *dimensions.LATE_RULES,
    *quantities.RULES,
    *dimensions.LAST_RULES,
    *codes.LATE_RULES,
    *models.RULES,
    *abbreviations.RULES,
    *codes.LAST_RULES,
    *signs.RULES,
)
"""In the order in which they are tried; what one takes is closed to the later ones."""


def english_tokens(text: str) -> tuple[Token, ...]:
    """The tokens of an English text, in order."""
    plain = one_spelling(text)
    addresses = web.address_tokens(plain)
    phones = apart(codes.phone_tokens(plain), addresses)
    return spaced(plain, apply(_RULES, plain, (*addresses, *phones)))


def apart(tokens: Sequence[Token], others: Sequence[Token]) -> tuple[Token, ...]:
    """Those of ``tokens`` that overlap none of ``others``."""
    return tuple(
        token
        for token in tokens
        if all(token.end <= other.start or other.end <= token.start for other in others)
    )


def spaced(text: str, tokens: Sequence[Token]) -> tuple[Token, ...]:
    """``tokens`` with a space in their words where they touch a word or another token."""
    done: list[Token] = []
    last_end = -1
    for index, token in enumerate(tokens):
        following = tokens[index + 1].start if index + 1 < len(tokens) else -1
        is_behind = token.start == last_end or text[token.start - 1 : token.start].isalnum()
        is_before = token.end != following and text[token.end : token.end + 1].isalnum()
        words = token.spoken
        before = " " if words and is_behind else ""
        behind = " " if (words or is_behind) and is_before else ""
        done.append(replace(token, spoken=f"{before}{words}{behind}"))
        last_end = token.end
    return tuple(done)
