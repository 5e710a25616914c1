"""A script and how it is read, piece by piece, for a person who checks it. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tasks.reading.languages import Language
from tasks.reading.lexicon import Lexicon
from tasks.reading.reading import characters_to_check, read_aloud
from tasks.reading.script_text import script_text
from tasks.reading.tokens import Kind, Token, merged
from tasks.speech_records import ReadWords


@dataclass(frozen=True)
class Piece:
    """A stretch of a script and how it is said; ``kind`` is None where it is read as written.

    Attributes:
        written: as in the captions.
        spoken: in words.
        kind: its class.
        doubt: why a person should check it.
        sounds: how exactly it sounds, where that is given: phonemes or pinyin.
    """

    written: str
    spoken: str
    kind: Kind | None = None
    doubt: str | None = None
    sounds: str | None = None


@dataclass(frozen=True)
class ReadBack:
    """A whole script in pieces, in order, and what was repaired or ignored in it."""

    pieces: tuple[Piece, ...]
    notices: tuple[str, ...] = ()

    @property
    def spoken(self) -> str:
        """The script in words, on one line."""
        return " ".join("".join(piece.spoken for piece in self.pieces).split())

    @property
    def words(self) -> tuple[ReadWords, ...]:
        """What is not read as it is written, or should be checked."""
        return tuple(
            ReadWords(
                written=" ".join(piece.written.split()),
                spoken=piece.sounds or piece.spoken,
                doubt=piece.doubt,
            )
            for piece in self.pieces
            if piece.doubt or piece.sounds or piece.spoken != piece.written
        )


def read_back(raw: str, language: Language, lexicon: Lexicon) -> ReadBack:
    """How ``raw`` is read, as speech is made of it.

    Raises:
        ScriptError: something in it cannot be read as it stands.
    """
    marked = script_text(raw, language)
    tokens = merged(read_aloud(marked.text, language, lexicon), marked.spans)
    doubts = {each.place: each.doubt for each in characters_to_check(marked.text, language, tokens)}
    return ReadBack(tuple(_pieces(marked.text, tokens, doubts)), marked.notices)


def _pieces(text: str, tokens: Sequence[Token], doubts: Mapping[int, str]) -> Iterator[Piece]:
    start = 0
    for token in tokens:
        yield from _plain_pieces(text, range(start, token.start), doubts)
        written = text[token.start : token.end]
        spoken = token.spoken or (written if token.sounds else "")
        yield Piece(written, spoken, token.kind, token.doubt, token.sounds)
        start = token.end
    yield from _plain_pieces(text, range(start, len(text)), doubts)


def _plain_pieces(text: str, places: range, doubts: Mapping[int, str]) -> Iterator[Piece]:
    """What is read as it is written; a character that a person should check stands by itself."""
    start = places.start
    for place in (each for each in places if each in doubts):
        if start < place:
            yield Piece(text[start:place], text[start:place])
        yield Piece(text[place], text[place], doubt=doubts[place])
        start = place + 1
    if start < places.stop:
        yield Piece(text[start : places.stop], text[start : places.stop])
