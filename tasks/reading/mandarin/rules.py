"""What a rule is: a pattern, and the words for what it finds. Pure.

Patterns see the plain form of a text (``plain`` in ``reader.py``): half-width digits, letters and
signs, and simplified characters. A rule that returns None leaves its match to the rules after it.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from tasks.reading.tokens import Kind

HAN = r"[\u3400-\u9fff\uf900-\ufaff〇]"
NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|(?<![A-Za-z\d.])\.\d+"
"""1999, 1,999, 19.9 or .5"""
_REACH = 24


@dataclass(frozen=True)
class Said:
    """The words for a match; see :class:`tasks.reading.tokens.Token`."""

    kind: Kind
    spoken: str
    doubt: str | None = None


Say: TypeAlias = Callable[[re.Match[str]], Said | None]
Rule: TypeAlias = tuple[str, Say]


def rule(pattern: str, say: Say) -> Rule:
    """A rule of a pattern's text, which the reader compiles."""
    return pattern, say


def before(match: re.Match[str]) -> str:
    """What stands before a match on its line."""
    start = match.start()
    return match.string[max(0, start - _REACH) : start].rpartition("\n")[2]


def after(match: re.Match[str]) -> str:
    """What stands behind a match on its line."""
    end = match.end()
    return match.string[end : end + _REACH].partition("\n")[0]


def sentence_around(match: re.Match[str]) -> str:
    """The sentence a match stands in, as far as a reader looks."""
    left = re.split(r"[。！？!?；;\n]", match.string[max(0, match.start() - 40) : match.start()])[
        -1
    ]
    right = re.split(r"[。！？!?；;\n]", match.string[match.end() : match.end() + 40])[0]
    return f"{left} {right}"


def any_of(words: Iterable[str]) -> str:
    """A pattern for any of the words, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
