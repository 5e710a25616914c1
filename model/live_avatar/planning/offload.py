"""What can stay in the host's memory and come to the GPU when it is needed.

    kv        the keys and values of past blocks, of all steps; the sink is on the GPU, once
    sink      beside kv: the sink is in the host's memory too
    weights   the matrices of the transformer's blocks and audio injectors
    text      the text encoder

Offloading changes no pixel, so it is not part of a segment's key. The environment chooses it,
and the memory ladder chooses more of it when a GPU is full.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from model.errors import ResourceError
from model.live_avatar.environment import OFFLOAD_VARIABLE

NUM_SLOTS = 2
"""Places on the GPU for what comes and goes: one is used while the other is filled."""


@dataclass(frozen=True)
class Offload:
    """What stays in the host's memory; see the module."""

    kv: bool = False
    sink: bool = False
    weights: bool = False
    text: bool = False

    def __str__(self) -> str:
        return ",".join(name for name in _NAMES if getattr(self, name))

    def __or__(self, other: "Offload") -> "Offload":
        return Offload(*(getattr(self, name) or getattr(other, name) for name in _NAMES))


_NAMES = tuple(field.name for field in fields(Offload))


NO_OFFLOAD = Offload()


def offload_of(environ: Mapping[str, str]) -> Offload:
    """What the environment names.

    Raises:
        ResourceError: it names something else.
    """
    told = environ.get(OFFLOAD_VARIABLE, "")
    try:
        return read_offload(told)
    except ValueError as error:
        raise ResourceError(
            f'engine live-avatar: {OFFLOAD_VARIABLE}="{told}" {error}; or unset it'
        ) from error


def read_offload(told: str) -> Offload:
    """From names separated by commas; in any order.

    Raises:
        ValueError: something else is named, or sink without kv.
    """
    named = {name.strip() for name in told.split(",")} - {""}
    unknown = sorted(named - set(_NAMES))
    if unknown:
        raise ValueError(
            f"names {', '.join(unknown)}; set one or more of {', '.join(_NAMES)}, separated by "
            "commas"
        )
    if "sink" in named and "kv" not in named:
        raise ValueError(
            'names sink without kv, but sink can be offloaded only together with kv; set "kv,sink"'
        )
    return Offload(**dict.fromkeys(named, True))
