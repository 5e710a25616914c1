"""One clause of a script: what is written, and what voices are given for it. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from model.speech.utterance import Piece, Sounds
from tasks.reading.tokens import Token

_JOINERS = frozenset("\u200b\u200c\u200d\u2060\ufe0e\ufe0f\ufeff\u00ad")
_LINE_ENDS = frozenset(("\r\n", "\r", "\u2028", "\u2029", "\x85", "\v", "\f"))
_SIGN = re.compile(r"\r\n|.", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_UNSAID = frozenset(("So", "Sk", "Co", "Cn", "Cs"))
_SAID_SYMBOLS = frozenset("°℃℉㎡^`©®™¦")


@dataclass(frozen=True)
class Clause:
    """A stretch of the script spoken in one breath.

    Attributes:
        text: as it is written, for captions.
        spoken: in words, for people.
        ends_sentence: asks for a longer gap.
        pieces: what a built-in voice is given.
        given: what a voice from outside is given: as written, but for a lexicon's and a mark's
            words.
        words: what is written and how it is read, where these differ.
        pause_ms: the least silence after it.
    """

    text: str
    spoken: str
    ends_sentence: bool
    pieces: tuple[Piece, ...]
    given: str
    words: tuple[tuple[str, str], ...] = ()
    pause_ms: int = 0

    @property
    def is_speakable(self) -> bool:
        """Whether there is anything to say."""
        return any(
            isinstance(piece, Sounds) or any(map(str.isalnum, piece)) for piece in self.pieces
        )


def clause_of(
    text: str, bounds: tuple[int, int], tokens: Sequence[Token], *, ends_sentence: bool
) -> tuple[Clause, list[str]]:
    """A clause and the signs in it that no voice can say: emoji, symbols, private characters.

    Args:
        text: of the whole script.
        bounds: of the clause in ``text``.
        tokens: of the whole script; none lies across a bound.
        ends_sentence: whether the clause does.
    """
    start, end = bounds
    inside = [token for token in tokens if start <= token.start < end]
    pieces: list[Piece] = []
    spoken: list[str] = []
    given: list[str] = []
    dropped: list[str] = []
    for token in (*inside, None):
        plain, unspeakable = _speakable(text[start : token.start if token else end])
        dropped += unspeakable
        for parts in (pieces, spoken, given):
            parts.append(plain)
        if token is not None:
            written = text[token.start : token.end]
            pieces.append(Sounds(token.sounds) if token.sounds else token.spoken)
            spoken.append(token.spoken or (written if token.sounds else ""))
            is_own = token.kind == "entry" and not token.sounds
            given.append(token.spoken if is_own else _speakable(written)[0])
            start = token.end
    clause = Clause(
        text=" ".join(text[slice(*bounds)].split()),
        spoken="".join(map(str, _tidied(spoken))),
        ends_sentence=ends_sentence,
        pieces=_tidied(pieces),
        given="".join(map(str, _tidied(given))),
        words=tuple((text[t.start : t.end], t.sounds or t.spoken) for t in inside),
    )
    return clause, dropped


def _tidied(parts: Sequence[Piece]) -> tuple[Piece, ...]:
    """Neighbouring words in one piece, one space between words, none at the ends."""
    tidy: list[Piece] = []
    for is_sounds, group in groupby(parts, lambda part: isinstance(part, Sounds)):
        if is_sounds:
            for sounds in group:
                if tidy and _touches(tidy[-1]):
                    tidy.append(" ")
                tidy.append(sounds)
        else:
            words = re.sub(r"\s+", " ", _joined([str(part) for part in group]))
            if tidy and words[:1].isalpha():
                words = f" {words}"
            if words:
                tidy.append(words)
    if tidy and isinstance(tidy[0], str):
        tidy[0] = tidy[0].lstrip()
    if tidy and isinstance(tidy[-1], str):
        tidy[-1] = tidy[-1].rstrip()
    return tuple(piece for piece in tidy if piece != "")


def _touches(piece: Piece) -> bool:
    return isinstance(piece, Sounds) or piece[-1:].isalpha()


def _joined(parts: Sequence[str]) -> str:
    """``parts`` one after the other; letters of two of them never make one word."""
    line = ""
    for part in parts:
        is_word = _is_latin(line[-1:]) and _is_latin(part[:1])
        line += f" {part}" if is_word else part
    return line


def _is_latin(sign: str) -> bool:
    return sign.isalpha() and sign < "\u0250"


def _speakable(text: str) -> tuple[str, list[str]]:
    """What a voice is given, and the signs it is not: emoji, symbols, private characters."""
    if text.isascii():
        return text, []
    spoken: list[str] = []
    dropped: list[str] = []
    for sign in text:
        category = unicodedata.category(sign)
        if sign in _JOINERS or (category in ("Cf", "Mn") and ord(sign) > 0x2000):
            continue
        if category in _UNSAID and sign not in _SAID_SYMBOLS:
            dropped.append(sign)
            spoken.append(" ")
        else:
            spoken.append(sign)
    return "".join(spoken), dropped


def without_controls(text: str) -> tuple[str, Sequence[int]]:
    """``text`` with one kind of line end and without control characters.

    Also where each of its places is now: place i of ``text`` is place ``places[i]``.
    """
    if not _CONTROL.search(text):
        return text, range(len(text) + 1)
    kept: list[str] = []
    places: list[int] = []
    for sign in _SIGN.findall(text):
        places += [len(kept)] * len(sign)
        if sign in _LINE_ENDS:
            kept.append("\n")
        elif sign == "\t":
            kept.append(" ")
        elif sign == "\n" or unicodedata.category(sign) != "Cc":
            kept.append(sign)
    return "".join(kept), [*places, len(kept)]
