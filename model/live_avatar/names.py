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


def our_name(name: str) -> str:
    """The name of a published parameter in :class:`model.live_avatar.transformer.Transformer`."""
    for pattern, replacement in _RENAMED:
        renamed, count = pattern.subn(replacement, name)
        if count:
            return renamed
    return name


def our_names(names: Iterable[str]) -> dict[str, str]:
    """Published name -> ours.

    Raises:
        ValueError: two published names are one of ours.
    """
    renamed = {name: our_name(name) for name in names}
    if len(set(renamed.values())) != len(renamed):
        raise ValueError("two published parameters have the same name here")
    return renamed
