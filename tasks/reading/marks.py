"""Marks in a script that say how it is read: pauses, and words in place of others. Pure."""

from dataclasses import dataclass

MAX_PAUSE_MS = 10_000


@dataclass(frozen=True)
class Pause:
    """Silence of at least ``milliseconds`` before ``text[index]``, or at the text's end."""

    index: int
    milliseconds: int


@dataclass(frozen=True)
class Span:
    """``text[start:end]`` and what a mark says of it.

    Attributes:
        start: index of its first character in the text without marks.
        end: index behind its last character.
        kind: ``sub``, or how it is said: ``characters``, ``telephone`` and so on.
        value: the words of a ``sub``; the ``format`` of a date; else empty.
    """

    start: int
    end: int
    kind: str
    value: str
