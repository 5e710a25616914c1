"""How a run says over which GPUs its video is laid, to the processes of its engine."""

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from model.engine import UNKNOWN_WEIGHTS, engine_identity
from model.live_avatar.environment import (
    OFFLOAD_VARIABLE,
    PLACEMENT_VARIABLE,
    WEIGHTS_ID_VARIABLE,
    WEIGHTS_VARIABLE,
)
from model.live_avatar.planning.offload import (
    read_offload,
)
from model.live_avatar.planning.placement import (
    read_placement,
)
from model.live_avatar.planning.placement_checks import Wanted, placement_faults
from model.live_avatar.planning.sizes import MODELS, PUBLISHED
from model.live_avatar.settings import HEAD_PARALLEL
from tasks.records import Scalar


def layout_env(placement: str, offload: str) -> dict[str, str]:
    """What tells an engine's processes; what is empty is left to them."""
    told = {PLACEMENT_VARIABLE: placement, OFFLOAD_VARIABLE: offload}
    return {name: value for name, value in told.items() if value}


def env_without_weights(environ: Mapping[str, str]) -> dict[str, str]:
    """What lets an engine say what it is where nobody has named its weights; else nothing."""
    if environ.get(WEIGHTS_VARIABLE) or environ.get(WEIGHTS_ID_VARIABLE):
        return {}
    return {WEIGHTS_ID_VARIABLE: UNKNOWN_WEIGHTS}


@contextmanager
def weights_elsewhere() -> Generator[bool]:
    """Lets rows be read where nobody has named the weights; yields whether that is so."""
    told = env_without_weights(os.environ)
    os.environ.update(told)
    try:
        yield bool(told)
    finally:
        for name in told:
            del os.environ[name]
        if told:
            engine_identity.cache_clear()


def layout_settings(placement: str) -> dict[str, Scalar]:
    """What a campaign is planned with for it to be rendered so: heads may change last bits.

    Raises:
        ValueError: the placement cannot be read.
    """
    heads = read_placement(placement).heads
    return {HEAD_PARALLEL: heads} if heads > 1 else {}


def check_layout(gpus: int, placement: str, offload: str) -> None:
    """Whether a run can be laid so over its GPUs.

    Raises:
        ValueError: something cannot be read or cannot be together, or takes other GPUs.
    """
    try:
        found, moved = read_placement(placement), read_offload(offload)
    except ValueError as error:
        raise ValueError(f'placement "{placement}" with offload "{offload}": {error}') from error
    wanted = Wanted(found, moved)
    faults = placement_faults(wanted, MODELS[PUBLISHED].transformer)
    if faults:
        raise ValueError("; ".join(f"{fault.found}; {fault.way_out}" for fault in faults))
    if placement and found.num_ranks != gpus:
        raise ValueError(
            f"gpus is {gpus}, but placement {placement} takes {found.num_ranks}: set gpus to "
            f"{found.num_ranks}, or choose another placement"
        )


def num_gpus_of(placement: str) -> int:
    """GPUs that a placement takes.

    Raises:
        ValueError: it cannot be read.
    """
    return read_placement(placement).num_ranks
