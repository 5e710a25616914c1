"""What tasks see of a built-in voice: its card, the protocol it obeys, and the registry.

S samples of mono sound; L symbols of a phoneme string.
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from model.speech.utterance import EngineName, Voice, VoiceCard

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
        raise ValueError(f'built-in voice "{name}" is unknown; choose one of {", ".join(CARDS)}')
    card = CARDS[name]
    if card.engine == "hibari":
        from model.speech.hibari import HibariVoice

        return HibariVoice(card)
    from model.speech.kokoro import KokoroVoice

    return KokoroVoice(card)
