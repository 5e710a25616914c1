"""A Mandarin clause of words and of sounds between them -> phonemes."""

import re
from collections.abc import Sequence

from model.speech.english import phonemes_in
from model.speech.hanzi.pinyin import phonemes_of
from model.speech.mandarin import read_mandarin
from model.speech.utterance import Piece, Reading, Sounds


def read_mandarin_pieces(pieces: Sequence[Piece]) -> Reading:
    """Phonemes of a Mandarin clause; characters without a reading are reported.

    Tones are joined inside words alone: what sounds exactly so neither changes nor is changed.

    Raises:
        ValueError: sounds that are neither phonemes between slashes nor pinyin.
    """
    parts: list[str] = []
    unspoken: list[str] = []
    for piece in pieces:
        if isinstance(piece, Sounds):
            parts.append(_symbols(piece))
        else:
            reading = read_mandarin(piece)
            parts.append(reading.symbols)
            unspoken += reading.unspoken
    line = " ".join(part for part in parts if part)
    line = re.sub(r" +([,.;:!?…”)])", r"\1", line)
    return Reading(re.sub(r"([“(]) ", r"\1", line), tuple(dict.fromkeys(unspoken)))


def _symbols(sounds: Sounds) -> str:
    if sounds.notation.startswith("/"):
        return phonemes_in(sounds)
    return "".join(map(phonemes_of, sounds.notation.split()))
