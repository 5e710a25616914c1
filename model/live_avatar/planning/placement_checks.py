"""What makes a placement impossible on GPUs, known before anything is loaded; without torch.

:func:`placement_faults` is one rule a line: doctor tells what it finds, the engine refuses it, and
the planner leaves it out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from model.errors import ResourceError
from model.live_avatar.config import TransformerConfig
from model.live_avatar.environment import (
    DEVICE_VARIABLE,
    OFFLOAD_VARIABLE,
    PLACEMENT_VARIABLE,
)
from model.live_avatar.planning.gpus import FLOAT8_CAPABILITY
from model.live_avatar.planning.offload import (
    NO_OFFLOAD,
    Offload,
)
from model.live_avatar.planning.placement import (
    MOST_RANKS,
    Placement,
)

_SAME_MEMORY = 0.01  # of two cards of one kind: a driver keeps a little more of one


@dataclass(frozen=True)
class Gpu:
    """What torch says of one GPU.

    Attributes:
        index: of ``cuda:<index>``.
        name: of the product.
        total_bytes: of its memory.
        free_bytes: of it.
        capability: major and minor.
    """

    index: int
    name: str
    total_bytes: int
    free_bytes: int
    capability: tuple[int, int]


class PlacementFault(NamedTuple):
    """One reason why a placement cannot be."""

    found: str
    way_out: str


@dataclass(frozen=True)
class Wanted:
    """What is asked of a machine.

    Attributes:
        placement: of a video over ranks.
        offload: what stays in the host's memory.
        dtype: of the weights; float8 is not for every GPU.
        device_name: that the environment names for every rank; empty: each has its own.
        num_steps: of denoising, where they are known.
    """

    placement: Placement
    offload: Offload = NO_OFFLOAD
    dtype: str = "bfloat16"
    device_name: str = ""
    num_steps: int | None = None


def placement_faults(
    wanted: Wanted, config: TransformerConfig, gpus: Sequence[Gpu] | None = None
) -> list[PlacementFault]:
    """Every reason why ``wanted`` cannot be; none: it can.

    Args:
        wanted: what is asked.
        config: of the transformer.
        gpus: of the machine, in the order in which ranks take them; None: ranks render on CPUs, or
            nobody knows which GPUs there are.
    """
    faults = list(_sharing_faults(wanted, config))
    if gpus is not None:
        faults += _gpu_faults(wanted, gpus)
    return faults


def check_placement(
    wanted: Wanted, config: TransformerConfig, gpus: Sequence[Gpu] | None = None
) -> None:
    """Refuse what :func:`placement_faults` finds.

    Raises:
        ResourceError: it found something; all of it is told.
    """
    faults = placement_faults(wanted, config, gpus)
    if faults:
        told = "\n  ".join(f"{fault.found}; {fault.way_out}" for fault in faults)
        raise ResourceError(f"engine live-avatar: this placement cannot be used:\n  {told}")


def _sharing_faults(wanted: Wanted, config: TransformerConfig) -> Iterator[PlacementFault]:
    """Of the model and the settings alone."""
    placement, heads = wanted.placement, config.num_heads
    if heads % placement.heads:
        fitting = [count for count in range(1, MOST_RANKS + 1) if heads % count == 0]
        yield PlacementFault(
            f"{PLACEMENT_VARIABLE} has heads={placement.heads}, which does not divide the model's "
            f"{heads} attention heads",
            f"set heads to one of {', '.join(map(str, fitting))}",
        )
    if placement.shards > 1 and wanted.offload.weights:
        yield PlacementFault(
            f"{PLACEMENT_VARIABLE} has shards={placement.shards}, but {OFFLOAD_VARIABLE} names "
            "weights: a block's weights come either from other ranks or from the host",
            f"leave weights out of {OFFLOAD_VARIABLE}, or shards out of {PLACEMENT_VARIABLE}",
        )
    if wanted.num_steps is not None and placement.stages > wanted.num_steps:
        idle = placement.stages - wanted.num_steps
        yield PlacementFault(
            f"{PLACEMENT_VARIABLE} has stages={placement.stages} for {wanted.num_steps} steps: "
            f"{idle} of the stages would have nothing to do",
            f"set stages={wanted.num_steps}, with decoder=own if another GPU should decode",
        )


def _gpu_faults(wanted: Wanted, gpus: Sequence[Gpu]) -> Iterator[PlacementFault]:
    """Of the GPUs that the ranks take."""
    num_ranks = wanted.placement.num_ranks
    taken = list(gpus[:num_ranks])
    if num_ranks > len(gpus):
        yield PlacementFault(
            f"{PLACEMENT_VARIABLE}={wanted.placement} makes {num_ranks} ranks, but the number "
            f"of CUDA devices is {len(gpus)}",
            f"set {PLACEMENT_VARIABLE} to at most {len(gpus)} ranks, or give the run {num_ranks} "
            "GPUs (its gpus, and CUDA_VISIBLE_DEVICES if that is set)",
        )
    if num_ranks > 1 and wanted.device_name.startswith("cuda"):
        yield PlacementFault(
            f"{DEVICE_VARIABLE}={wanted.device_name} names one GPU for all {num_ranks} ranks of "
            f"{PLACEMENT_VARIABLE}={wanted.placement}",
            f"unset {DEVICE_VARIABLE}, and each rank takes a GPU of its own; CUDA_VISIBLE_DEVICES "
            "chooses which",
        )
    mixed = [gpu for gpu in taken[1:] if not _is_alike(gpu, taken[0])]
    if mixed:
        yield PlacementFault(
            f"{PLACEMENT_VARIABLE}={wanted.placement} mixes GPUs: {_told(taken[0])}, but "
            f"{' and '.join(map(_told, mixed))}; the slowest and the smallest would set "
            "the pace and the limit",
            "name GPUs of one kind in CUDA_VISIBLE_DEVICES, and give each kind a pool of its own",
        )
    old = [gpu for gpu in taken if gpu.capability < FLOAT8_CAPABILITY]
    if old and wanted.dtype.startswith("float8"):
        least, found = (".".join(map(str, each)) for each in (FLOAT8_CAPABILITY, old[0].capability))
        yield PlacementFault(
            f"dtype=float8 needs compute capability {least}; {_told(old[0])} has {found}",
            f"set dtype=bfloat16 (or float16), with {OFFLOAD_VARIABLE}=kv,text or shards in "
            f"{PLACEMENT_VARIABLE} where memory is short",
        )


def _is_alike(one: Gpu, other: Gpu) -> bool:
    far = abs(one.total_bytes - other.total_bytes) > _SAME_MEMORY * other.total_bytes
    return one.name == other.name and not far


def _told(gpu: Gpu) -> str:
    return f"cuda:{gpu.index} is {gpu.name} of {gpu.total_bytes / 1e9:.0f} GB"
