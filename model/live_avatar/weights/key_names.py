"""The published checkpoint's parameter names -> ours.

The names of blocks are the same, but for queries, keys and values of self-attention: there three
layers, here one. Its *parts* have the published names.
"""

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
# one matrix here, whose rows are those of several, in this order
_JOINED = re.compile(r"(?P<layer>blocks\.\d+\.self_attn)\.qkv\.(?P<kind>weight|bias)")
_PARTS = "qkv"
_PART = re.compile(rf"(?P<layer>blocks\.\d+\.self_attn)\.[{_PARTS}]\.(?P<kind>weight|bias)")
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
    """The name of a published parameter in our :class:`Transformer`, or of what it is a part of."""
    part = _PART.fullmatch(name)
    return f"{part['layer']}.qkv.{part['kind']}" if part else _renamed(name, _RENAMED)


def parts_of(name: str) -> list[str]:
    """Of one of our parameters, the names of its parts, which share its rows out evenly.

    Most are one part, which has the same name.
    """
    joined = _JOINED.fullmatch(name)
    if not joined:
        return [name]
    return [f"{joined['layer']}.{part}.{joined['kind']}" for part in _PARTS]


def published_names_of(name: str) -> list[str]:
    """The published names of one of our parameter's parts: the way back of :func:`our_name`."""
    return [_renamed(part, _PUBLISHED) for part in parts_of(name)]


def _renamed(name: str, patterns: Iterable[tuple[re.Pattern[str], str]]) -> str:
    for pattern, replacement in patterns:
        renamed, count = pattern.subn(replacement, name)
        if count:
            return renamed
    return name
