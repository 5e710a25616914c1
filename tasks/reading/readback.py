"""A script and how it is read, piece by piece, for a person who checks it. Pure."""

from dataclasses import dataclass

from tasks.reading.tokens import Kind


@dataclass(frozen=True)
class Piece:
    """A stretch of a script and how it is said; ``kind`` is None where it is read as written.

    Attributes:
        written: as in the captions.
        spoken: in words; phonemes between slashes or pinyin where exact sounds are given.
        kind: its class.
        doubt: why a person should check it.
    """

    written: str
    spoken: str
    kind: Kind | None = None
    doubt: str | None = None


@dataclass(frozen=True)
class ReadBack:
    """A whole script in pieces, in order, and what was repaired or ignored in it."""

    pieces: tuple[Piece, ...]
    notices: tuple[str, ...] = ()
