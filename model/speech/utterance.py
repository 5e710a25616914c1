"""What a voice makes of a text, and the card by which people choose a voice.

S samples of mono sound; L symbols of a phoneme string.
"""

from collections.abc import Sequence
from dataclasses import dataclass
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
class Sounds:
    """What sounds exactly so, whatever is written: phonemes of the voices' alphabet.

    Attributes:
        notation: phonemes between slashes (``/nˈIki/``), or, for a Mandarin voice, pinyin with
            tone numbers (``zhong4 xin1``).
    """

    notation: str


Piece: TypeAlias = str | Sounds
"""A part of a clause: words, or sounds in their place."""


@dataclass(frozen=True)
class Reading:
    """Phonemes of a text, and the characters of it that have no sound.

    Attributes:
        symbols: in Kokoro's alphabet.
        unspoken: each once, in order.
    """

    symbols: str
    unspoken: tuple[str, ...] = ()


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

    def read(self, pieces: Sequence[Piece]) -> Reading:
        """The phonemes of one clause that this voice knows; takes a thousandth of speaking it.

        Args:
            pieces: plain text in the voice's language, without control characters or emoji, and
                sounds.

        Raises:
            ValueError: sounds are no notation of the voice's language.
        """
        ...

    def sound(self, symbols: str, *, seed: int = 0, speed: float = 1.0) -> Utterance:
        """Speak the phonemes that :meth:`read` returned.

        Args:
            symbols: phonemes that this voice knows.
            seed: of the noise in the sound, for voices that draw some.
            speed: 0.5 (slow) to 2.0 (fast).

        Raises:
            ValueError: the speed is out of range.
        """
        ...

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
