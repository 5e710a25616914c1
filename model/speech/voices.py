"""What tasks see of a built-in voice: its card, the protocol it obeys, and the registry.

S samples of mono sound; L symbols of a phoneme string.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Language: TypeAlias = Literal["en", "zh"]
EngineName: TypeAlias = Literal["hibari", "kokoro"]
Sound: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True)
class TimedSymbol:
    """One phone: ``start_sample <= i < end_sample`` of the utterance it belongs to."""

    symbol: str
    start_sample: int
    end_sample: int


@dataclass(frozen=True)
class Utterance:
    """What a voice made of a text.

    Attributes:
        pcm: ``(S,)`` float32 in [-1, 1], mono.
        sample_rate_hz: of ``pcm``.
        phonemes: sounding phones in order, without pauses; None where a voice gives none.
        unspoken: characters or symbols of the text that have no sound in this voice.
    """

    pcm: Sound
    sample_rate_hz: int
    phonemes: tuple[TimedSymbol, ...] | None
    unspoken: tuple[str, ...] = ()


class Voice(Protocol):
    """Speaks one clause; the same text and seed give the same bytes in any process."""

    def speak(self, text: str, *, seed: int = 0, speed: float = 1.0) -> Utterance:
        """Speak ``text``.

        Args:
            text: plain text in the voice's language, without control characters or emoji.
            seed: of the noise in the sound, for voices that draw some.
            speed: 0.5 (slow) to 2.0 (fast).

        Raises:
            ValueError: the speed is out of range.
        """
        ...


@dataclass(frozen=True)
class VoiceCard:
    """A built-in voice, as people choose it.

    Attributes:
        gain_db: fixed gain from the voice's own level to -23 dBFS RMS over active speech,
            measured once over ten sentences, so that equal clauses stay equal bytes.
        lag_s: how late the model's own durations are against its sound (measured).
    """

    name: str
    language: Language
    gender: Literal["female", "male"]
    accent: str
    engine: EngineName
    gain_db: float
    lag_s: float
    is_british: bool = False


ENGINE_VERSIONS: Mapping[EngineName, int] = MappingProxyType({"hibari": 1, "kokoro": 1})
"""Raised by every change here that changes the sound or its timing."""

_CARDS = (
    VoiceCard("hibari", "en", "female", "American", "hibari", 1.7, 0.050),
    VoiceCard("af_heart", "en", "female", "American", "kokoro", -1.4, 0.050),
    VoiceCard("am_michael", "en", "male", "American", "kokoro", -0.3, 0.050),
    VoiceCard("bf_emma", "en", "female", "British", "kokoro", -3.9, 0.050, is_british=True),
    VoiceCard("bm_george", "en", "male", "British", "kokoro", -3.3, 0.050, is_british=True),
    VoiceCard("zf_xiaoxiao", "zh", "female", "Mandarin", "kokoro", -8.0, 0.045),
    VoiceCard("zm_yunxi", "zh", "male", "Mandarin", "kokoro", -3.3, 0.045),
)
CARDS: Mapping[str, VoiceCard] = MappingProxyType({card.name: card for card in _CARDS})


@cache
def load_voice(name: str) -> Voice:
    """The voice called ``name``; its model is read on first use and shared by its other voices.

    Raises:
        ValueError: there is no such built-in voice.
    """
    if name not in CARDS:
        raise ValueError(f'built-in voice "{name}" is unknown; there are {", ".join(CARDS)}')
    card = CARDS[name]
    if card.engine == "hibari":
        from model.speech.hibari import HibariVoice

        return HibariVoice(card)
    from model.speech.kokoro import KokoroVoice

    return KokoroVoice(card)
