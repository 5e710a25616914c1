"""English words to phonemes: what hibari's reader gets wrong is mended around it.

The words come from ``tasks/reading``, which leaves no digit and no sign. Measured wrong in hibari
and mended here: the letter A, which it takes for the article, and the full stop behind a letter.
"""

import re
from collections.abc import Sequence

from model.loading import loaded_once
from model.onnx_telemetry import forbid_telemetry
from model.speech.utterance import Piece, Reading, Sounds

_LETTER_A = re.compile(
    r"(?<=\b[B-HJ-Z] )A\b|\bA(?= [A-Z]\b)|\bA(?= (?:plus|minus)\b)"  # U S A, A P I, A plus
    r"|(?<=[a-z] )A\b(?! [A-Z][a-z])"  # seat twelve A, vitamin A
    r"|(?<=(?:Plan|Gate|Room|Seat) )A\b(?! [A-Z][a-z])"
)
_LAST_LETTER = re.compile(r"\b[A-Z]\.$")
_FULL_WIDTH = str.maketrans("，。！？；：（）％、", ",.!?;:()%,")
_SPEAKABLE = re.compile(
    r"[A-Za-z0-9À-ÖØ-öø-ɏ]|[\s'’‘\"“”.,;:!?…()\[\]$£€¥￥%&@#+=/<>~°¢§±×÷½¼¾²³µ*^_|\\•–—‒―-]"
)
_SILENT = frozenset("™®©\u00ad\u200b\u200c\u200d\u2060\ufeff\ufe0e\ufe0f")


def read_english(text: str, *, is_british: bool = False) -> Reading:
    """Phonemes of an English text, as one line; characters no reader knows are reported."""
    return read_english_pieces((text,), is_british=is_british)


def read_english_pieces(pieces: Sequence[Piece], *, is_british: bool = False) -> Reading:
    """The same of words and of sounds between them.

    Raises:
        ValueError: sounds that are not phonemes between slashes.
    """
    line: list[str] = []
    unspoken: list[str] = []
    for piece in pieces:
        if isinstance(piece, Sounds):
            line.append(_linked(piece))
        else:
            spoken, unknown = speakable(piece)
            line.append(_with_edges(with_letter_a(_plain(spoken)), spoken))
            unspoken += unknown
    words = "".join(line)
    symbols = " ".join(_reader(is_british)(words).split())
    is_stop_lost = _LAST_LETTER.search(words) and not symbols.endswith(".")
    return Reading(symbols + "." if is_stop_lost else symbols, tuple(dict.fromkeys(unspoken)))


def phonemes_in(sounds: Sounds) -> str:
    """What stands between the slashes of a notation.

    Raises:
        ValueError: there are no two slashes, or nothing between them.
    """
    match = re.fullmatch(r"/([^/()\[\]]+)/", sounds.notation)
    if match is None:
        raise ValueError(f'"{sounds.notation}" must be phonemes between slashes, such as /nˈIki/')
    return match[1]


def _linked(sounds: Sounds) -> str:
    """The reader's own notation of a word whose phonemes are given."""
    return f"[word](/{phonemes_in(sounds)}/)"


def _with_edges(words: str, spoken: str) -> str:
    """``words`` with the space that ``spoken`` has before and after them."""
    before = " " if spoken[:1].isspace() else ""
    after = " " if spoken[-1:].isspace() else ""
    return f"{before}{words}{after}"


def speakable(text: str) -> tuple[str, tuple[str, ...]]:
    """``text`` without what English cannot say (other scripts, emoji, ...), and that."""
    unspoken = tuple(dict.fromkeys(sign for sign in text if not _is_speakable(sign)))
    kept = "".join(sign if _is_speakable(sign) else " " for sign in text if sign not in _SILENT)
    return kept, tuple(sign for sign in unspoken if sign not in _SILENT)


def _plain(text: str) -> str:
    """``text`` with half-width punctuation and single spaces."""
    return " ".join(text.translate(_FULL_WIDTH).split())


def with_letter_a(text: str) -> str:
    """``text`` with another word for the letter A, which hibari takes for the article."""
    return _LETTER_A.sub("eh", text)


def _is_speakable(sign: str) -> bool:
    return bool(_SPEAKABLE.match(sign.translate(_FULL_WIDTH)))


def is_english_word(word: str) -> bool:
    """Whether the reader's dictionary has ``word`` in small letters."""
    lexicon = _reader(False).lexicon
    return word.lower() in lexicon.golds or word.lower() in lexicon.silvers


@loaded_once
def _reader(is_british: bool):
    """The lexicon reader of hibari, 100 MB of words; callable: text -> phonemes."""
    forbid_telemetry()  # it reads words that it does not know with onnxruntime
    from hibari.g2p import G2P

    return G2P(british=is_british)
