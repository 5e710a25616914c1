"""The published checkpoint's parameter names -> ours. The names of blocks are the same."""

import re
from collections.abc import Iterable

_RENAMED = (
    (re.compile(r"^casual_audio_encoder\.weights$"), "audio_encoder.layer_weights"),
    (re.compile(r"^casual_audio_encoder\.encoder\.(conv\w+)\.conv\."), r"audio_encoder.\1."),
    (re.compile(r"^casual_audio_encoder\.encoder\."), "audio_encoder."),
    (re.compile(r"^audio_injector\.injector\.(\d+)\."), r"injectors.\1.attention."),
    (
        re.compile(r"^audio_injector\.injector_adain_layers\.(\d+)\.linear\."),
        r"injectors.\1.adaptive.",
    ),
    (re.compile(r"^trainable_cond_mask\."), "token_kinds."),
)
# the way back; the first that matches wins, as above
_PUBLISHED = (
    (re.compile(r"^audio_encoder\.layer_weights$"), "casual_audio_encoder.weights"),
    (re.compile(r"^audio_encoder\.(conv\w+)\."), r"casual_audio_encoder.encoder.\1.conv."),
    (re.compile(r"^audio_encoder\."), "casual_audio_encoder.encoder."),
    (re.compile(r"^injectors\.(\d+)\.attention\."), r"audio_injector.injector.\1."),
    (
        re.compile(r"^injectors\.(\d+)\.adaptive\."),
        r"audio_injector.injector_adain_layers.\1.linear.",
    ),
    (re.compile(r"^token_kinds\."), "trainable_cond_mask."),
)


def our_name(name: str) -> str:
    """The name of a published parameter in our :class:`Transformer`."""
    return _renamed(name, _RENAMED)


def published_name(name: str) -> str:
    """The published name of one of our parameters: the way back of :func:`our_name`."""
    return _renamed(name, _PUBLISHED)


def our_names(names: Iterable[str]) -> dict[str, str]:
    """Published name -> ours.

    Raises:
        ValueError: two published names are one of ours.
    """
    renamed = {name: our_name(name) for name in names}
    if len(set(renamed.values())) != len(renamed):
        raise ValueError("two published parameters have the same name here")
    return renamed


def _renamed(name: str, patterns: Iterable[tuple[re.Pattern[str], str]]) -> str:
    for pattern, replacement in patterns:
        renamed, count = pattern.subn(replacement, name)
        if count:
            return renamed
    return name
