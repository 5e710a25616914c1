"""What a reader finds in a text: stretches that are not read letter by letter. Pure.

A reader is a pure function of a whole text; its tokens are in order and do not overlap. What lies
between them is read as it is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal[
    "cardinal",
    "ordinal",
    "decimal",
    "fraction",
    "percent",
    "money",
    "measure",
    "range",
    "date",
    "time",
    "year",
    "phone",
    "digits",
    "model",
    "version",
    "address",
    "acronym",
    "abbreviation",
    "sign",
    "entry",
]


@dataclass(frozen=True)
class Token:
    """``text[start:end]`` and how it is read.

    Attributes:
        start: index of its first character in the text that was read.
        end: index behind its last character.
        kind: its class; ``entry`` comes from a lexicon or a mark.
        spoken: the words for it in the text's language, without digits or signs; empty where
            nothing is said.
        sounds: how exactly it sounds, in place of ``spoken``: phonemes of the voices' alphabet
            between slashes (``/nˈIki/``), in a text of any language, or, in a Mandarin text,
            pinyin with tone numbers (``zhong4 xin1``).
        doubt: why a person should check it; None where the reading is certain.
    """

    start: int
    end: int
    kind: Kind
    spoken: str
    sounds: str | None = None
    doubt: str | None = None


def spoken_form(text: str, tokens: Sequence[Token]) -> str:
    """``text`` with every token in words."""
    parts: list[str] = []
    start = 0
    for token in tokens:
        parts += (text[start : token.start], token.spoken)
        start = token.end
    return "".join((*parts, text[start:]))


def merged(tokens: Sequence[Token], overrides: Sequence[Token]) -> tuple[Token, ...]:
    """``overrides``, and the ``tokens`` that touch none of them, in order."""
    kept = [
        token
        for token in tokens
        if all(token.end <= each.start or each.end <= token.start for each in overrides)
    ]
    return tuple(sorted((*kept, *overrides), key=lambda token: token.start))
