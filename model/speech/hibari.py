"""The hibari voice: 8 MB, English, about seventy times faster than speech on one core."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files

import numpy as np

from model.loading import loaded_once
from model.speech.english import read_english_pieces
from model.speech.network import FLOAT, duration_samples, open_session, run, split_symbols
from model.speech.phones import known_symbols, timed_phones
from model.speech.utterance import (
    Piece,
    Reading,
    TimedSymbol,
    Utterance,
    Voice,
    VoiceCard,
)

SAMPLE_RATE_HZ = 24_000
MAX_SYMBOLS = 400
_DURATIONS = "/Round_output_0"


class HibariVoice:
    """Obeys :class:`model.speech.utterance.Voice`."""

    def __init__(self, card: VoiceCard) -> None:
        self._lag = round(card.lag_s * SAMPLE_RATE_HZ)
        self._is_british = card.is_british

    def read(self, pieces: Sequence[Piece]) -> Reading:
        """See :meth:`model.speech.utterance.Voice.read`."""
        reading = read_english_pieces(pieces, is_british=self._is_british)
        symbols, unknown = known_symbols(reading.symbols, vocabulary())
        return Reading(symbols, tuple(dict.fromkeys(reading.unspoken + unknown)))

    def sound(self, symbols: str, *, seed: int = 0, speed: float = 1.0) -> Utterance:
        """See :meth:`model.speech.utterance.Voice.sound`."""
        check_speed(speed)
        rng = np.random.default_rng(seed)
        parts = [
            self._speak_symbols(part, rng, speed) for part in split_symbols(symbols, MAX_SYMBOLS)
        ]
        return joined(parts, SAMPLE_RATE_HZ)

    def speak(self, text: str, *, seed: int = 0, speed: float = 1.0) -> Utterance:
        """See :meth:`model.speech.utterance.Voice.speak`."""
        return spoken(self, text, seed, speed)

    def _speak_symbols(self, symbols: str, rng: np.random.Generator, speed: float) -> Utterance:
        from hibari import dsp

        ids = np.array([[0, *(vocabulary()[symbol] for symbol in symbols), 0]], np.int64)
        *spectra, durations = run(_session(), {"ids": ids, "speed": np.array([speed], np.float32)})
        harmonic, theta, noise, free, phase, f0 = (spectrum[0] for spectrum in spectra)
        pcm = dsp.synth(harmonic, theta, noise, free, phase, f0, rng)
        phones = timed_phones(symbols, duration_samples(durations), self._lag, len(pcm))
        return Utterance(np.clip(pcm, -1.0, 1.0).astype(np.float32), SAMPLE_RATE_HZ, phones)


def check_speed(speed: float) -> None:
    """Raise ``ValueError`` unless a built-in model was made for this speed."""
    if not 0.5 <= speed <= 2.0:
        raise ValueError(f"speed must be 0.5 to 2.0, got {speed}")


def spoken(voice: Voice, text: str, seed: int, speed: float) -> Utterance:
    """What ``voice`` reads and then sounds."""
    reading = voice.read((text,))
    utterance = voice.sound(reading.symbols, seed=seed, speed=speed)
    return replace(utterance, unspoken=reading.unspoken)


def joined(parts: list[Utterance], sample_rate_hz: int) -> Utterance:
    """Utterances one after the other, their phones moved along."""
    phones: list[TimedSymbol] = []
    offset = 0
    for part in parts:
        phones += (
            TimedSymbol(phone.symbol, phone.start_sample + offset, phone.end_sample + offset)
            for phone in part.phonemes or ()
        )
        offset += len(part.pcm)
    pcm = np.concatenate([part.pcm for part in parts]) if parts else np.zeros(0, np.float32)
    return Utterance(pcm, sample_rate_hz, tuple(phones))


@cache
def vocabulary() -> dict[str, int]:
    """Symbol -> token of Kokoro v1.0, which hibari shares."""
    import json

    return json.loads((files("hibari") / "assets" / "vocab.json").read_text(encoding="utf-8"))


@loaded_once
def _session():
    model = (files("hibari") / "assets" / "hibari.onnx").read_bytes()
    return open_session(model, _DURATIONS, FLOAT)
