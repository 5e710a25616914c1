"""English text to tokens."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from tasks.reading.english import (
    arithmetic,
    dimensions,
    pieces,
    quantities,
    signs,
)
from tasks.reading.english.names import codes, devices, known, models, passwords, paths, web
from tasks.reading.english.rules import apply, one_spelling
from tasks.reading.english.short import abbreviations, contexts, initials, offers, one_letter
from tasks.reading.english.times import ages, calendar, dotted
from tasks.reading.english.trades import (
    cars,
    chemistry,
    computing,
    finance,
    hardware,
    homes,
    kitchen,
    law,
    medicine,
    sport,
    transport,
    weather,
)
from tasks.reading.tokens import Token, merged

_RULES = (
    *passwords.EARLY_RULES,
    *signs.EARLY_RULES,
    *dotted.EARLY_RULES,
    *one_letter.FIRST_RULES,
    *offers.RULES,
    *contexts.RULES,
    *ages.RULES,
    *cars.RULES,
    *hardware.RULES,
    *kitchen.RULES,
    *homes.RULES,
    *finance.RULES,
    *law.RULES,
    *medicine.RULES,
    *sport.RULES,
    *transport.RULES,
    *weather.RULES,
    *computing.RULES,
    *chemistry.RULES,
    *one_letter.RULES,
    *devices.RULES,
    *known.RULES,
    *calendar.EARLY_RULES,
    *models.TECH_RULES,
    *models.EARLY_RULES,
    *codes.EARLY_RULES,
    *codes.CODE_RULES,
    *arithmetic.EARLY_RULES,
    *dimensions.EARLY_RULES,
    *calendar.RULES,
    *arithmetic.RULES,
    *dimensions.RULES,
    *quantities.RANGE_RULES,
    *dimensions.LATE_RULES,
    *quantities.RULES,
    *dimensions.LAST_RULES,
    *codes.LATE_RULES,
    *models.RULES,
    *initials.RULES,
    *abbreviations.RULES,
    *initials.LATE_RULES,
)
"""In the order in which they are tried; what one takes is closed to the later ones."""


def english_tokens(text: str) -> tuple[Token, ...]:
    """The tokens of an English text, in order."""
    plain = one_spelling(text)
    addresses = web.address_tokens(plain)
    addresses = merged(paths.path_tokens(plain), addresses)
    phones = apart(codes.phone_tokens(plain), addresses)
    whole = apply(_RULES, plain, (*addresses, *phones))
    numbers = apply(codes.LAST_RULES, plain, whole)
    words = apply(signs.RULES, plain, numbers)
    tokens = apply(signs.LAST_RULES, plain, words)
    singly = (_starts(numbers) - _starts(whole)) | (_starts(tokens) - _starts(words))
    return pieces.marked(plain, spaced(plain, joined(plain, tokens)), singly)


def _starts(tokens: Sequence[Token]) -> frozenset[int]:
    return frozenset(token.start for token in tokens)


def apart(tokens: Sequence[Token], others: Sequence[Token]) -> tuple[Token, ...]:
    """Those of ``tokens`` that overlap none of ``others``."""
    return tuple(
        token
        for token in tokens
        if all(token.end <= other.start or other.end <= token.start for other in others)
    )


_JOINT = re.compile(r"[ \u00a0]?[-–—~][ \u00a0]?")
_COUNTING = ("date", "time", "year", "money", "measure", "percent", "fraction", "ordinal")
_JOINED = frozenset((*((kind, kind) for kind in _COUNTING), ("fraction", "measure")))
_NAMES = {"model", "version"}
_EQUALS = re.compile(r" ?=")


def joined(text: str, tokens: Sequence[Token]) -> tuple[Token, ...]:
    """``tokens``, and a "to" for each dash between two of a kind: Nov 28–Dec 2."""
    joints = [
        Token(left.end, right.start, "range", "to")
        for left, right in pairwise(tokens)
        if (
            (left.kind, right.kind) in _JOINED
            or ({left.kind, right.kind} <= _NAMES and text[left.end : right.start] == "–")
        )
        and _JOINT.fullmatch(text, left.end, right.start)
        and not _EQUALS.match(text, right.end)
    ]
    return tuple(sorted((*tokens, *joints), key=lambda token: token.start))


def spaced(text: str, tokens: Sequence[Token]) -> tuple[Token, ...]:
    """``tokens`` with a space in their words where they touch a word or another token."""
    done: list[Token] = []
    last_end, is_touching = -1, False
    for index, token in enumerate(tokens):
        following = tokens[index + 1].start if index + 1 < len(tokens) else -1
        is_touching = is_touching if token.start == last_end else _is_word(text, token.start - 1)
        words, end = token.spoken, token.end
        is_gap = token.start == 0 or text[token.start - 1].isspace()
        if not words and is_gap and text[end : end + 1] == " " and end != following:
            end += 1  # one space is enough where nothing is said
        is_before = end != following and _is_word(text, end)
        before = " " if words[:1].isalnum() and is_touching else ""
        behind = " " if is_before and (words or is_touching) else ""
        done.append(replace(token, end=end, spoken=f"{before}{words}{behind}"))
        last_end, is_touching = end, bool(words) or is_touching
    return tuple(done)


def _is_word(text: str, place: int) -> bool:
    return 0 <= place < len(text) and text[place].isalnum()
