"""What does not fit, and what is tried next; told without torch.

The ladder, each rung added to what is set already:

    offload kv                       no pixel changes: the next try of the same segment
    offload kv,sink,weights,text     the same
    dtype float8                     the whole video is planned anew
    sample_steps 3                   the same: each step has a memory of its own
    the row's smaller size           the same, where the row has one

Where it is the host's memory that is full (on a CPU always), offloading would fill it further: its
rungs are left out.
"""

import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from model.engine import SegmentJob, Setting
from model.errors import SMALLER_SIZE, ResourceError, Rung
from model.live_avatar.planning.offload import (
    Offload,
    read_offload,
)

Where: TypeAlias = Literal["GPU", "host"]

OFFLOAD = "offload"
FEWER_STEPS = 3
SILENT_DEFAULTS: dict[str, Setting] = {OFFLOAD: ""}
"""Settings that change no pixel; see :class:`model.engine.EngineIdentity`."""
_OFFLOADS = (Offload(kv=True), Offload(kv=True, sink=True, weights=True, text=True))
_FORGOTTEN_AFTER_S = 6 * 3600.0  # what filled the memory beside us may have ended meanwhile


class MemoryFullError(ResourceError):
    """A memory is full: the GPU's, or the host's."""

    def __init__(self, message: str, where: Where, rungs: tuple[Rung, ...] = ()) -> None:
        super().__init__(message, rungs)
        self.args = (message, where, rungs)
        self.where: Where = where


@dataclass(frozen=True)
class Load:
    """How weights are held.

    Attributes:
        dtype: the engine's setting.
        weights_offloaded: those of the transformer's blocks.
        text_offloaded: those of the text encoder.
    """

    dtype: str
    weights_offloaded: bool
    text_offloaded: bool

    @classmethod
    def of(cls, dtype: str, offload: Offload) -> "Load":
        """With a dtype; memories have no part in it."""
        return cls(dtype, offload.weights, offload.text)


@dataclass(frozen=True)
class Attempt:
    """What the memory that a segment needs depends on.

    Attributes:
        width: pixels.
        height: pixels.
        settings: of the engine, complete; ``(name, value)`` by name.
        offload: what stays in the host's memory.
    """

    width: int
    height: int
    settings: tuple[tuple[str, Setting], ...]
    offload: Offload

    @classmethod
    def of(cls, job: SegmentJob, offload: Offload) -> "Attempt":
        """Of a job whose settings have been checked.

        Args:
            job: what is asked for.
            offload: what the environment names; the job may name more.
        """
        settings = dict(job.settings)
        more = read_offload(str(settings.pop(OFFLOAD, "")))
        return cls(job.width, job.height, tuple(sorted(settings.items())), offload | more)

    @classmethod
    def told(cls, told: Mapping[str, Any]) -> "Attempt":
        """Of what a leader tells the other ranks: what their memory depends on."""
        settings = (("dtype", told["dtype"]), ("sample_steps", told["num_steps"]))
        return cls(told["width"], told["height"], settings, read_offload(told["offload"]))

    def __getitem__(self, name: str) -> Setting:
        return dict(self.settings)[name]

    @property
    def dtype(self) -> str:
        """The setting."""
        return str(self["dtype"])


def rungs_of(
    attempt: Attempt, where: Where, *, has_float8: bool, num_shards: int = 1
) -> tuple[Rung, ...]:
    """What to try after an attempt that did not fit, in this order.

    Args:
        attempt: that did not fit.
        where: the memory that was full.
        has_float8: the device can compute with it.
        num_shards: ranks that share the weights; those are in no host's memory then.
    """
    rungs: list[Rung] = []
    if where == "GPU":
        offered = (replace(more, weights=more.weights and num_shards == 1) for more in _OFFLOADS)
        wider = dict.fromkeys(attempt.offload | more for more in offered)
        offloads = [each for each in wider if each != attempt.offload]
        rungs += [Rung(((OFFLOAD, str(each)),), changes_pixels=False) for each in offloads]
    if has_float8 and not attempt.dtype.startswith("float8"):
        rungs.append(Rung((("dtype", "float8"),), changes_pixels=True))
    if int(attempt["sample_steps"]) > FEWER_STEPS:
        rungs.append(Rung((("sample_steps", FEWER_STEPS),), changes_pixels=True))
    return (*rungs, SMALLER_SIZE)


class KnownMisfits:
    """What did not fit, so that nothing fails twice in a row.

    Args:
        clock: seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._found: dict[Hashable, tuple[MemoryFullError, float]] = {}

    def note(self, tried: Load | Attempt, error: MemoryFullError) -> None:
        """Remember why something did not fit, unless that is known."""
        plain = MemoryFullError(error.message, error.where)  # without frames, which hold tensors
        self._found.setdefault(tried, (plain, self._clock()))

    def check(self, tried: Load | Attempt) -> None:
        """Before something is tried.

        Raises:
            MemoryFullError: it did not fit some hours ago or less.
        """
        error, at = self._found.get(tried, (None, 0.0))
        minutes = (self._clock() - at) / 60
        if error is None:
            return
        if minutes * 60 > _FORGOTTEN_AFTER_S:
            del self._found[tried]
            return
        raise MemoryFullError(
            f"{error.message}; that was {minutes:.0f} min ago, and the engine host does not try it "
            "again (restart it to try again)",
            error.where,
        )


# --- which errors they are ----------------------------------------------------------------------

_GPU_TEXTS = (
    "CUDA out of memory",
    "CUDA error: out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
    "CUSOLVER_STATUS_ALLOC_FAILED",
    "CUFFT_ALLOC_FAILED",
    "'out of memory'",  # NCCL: Cuda failure 2 'out of memory'
    "Failed to CUDA calloc",
    "Failed to CUDA malloc",
)
# oneDNN makes its kernels as they are needed, and of a failure says no more than this
_ONEDNN_TEXTS = (
    "could not create a primitive",
    "could not execute a primitive",
    "could not create a memory",
    "could not create a scratchpad",
)
_HOST_TEXTS = (
    "DefaultCPUAllocator",
    "can't allocate memory",
    "Cannot allocate memory",
    "bad_alloc",
    "Insufficient memory",  # OpenCV's, which fits the portrait to the frame
    *_ONEDNN_TEXTS,
    "CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED",
    "Failed to CUDA host alloc",
)


def where_full(text: str) -> Where | None:
    """Which memory is full, by the text of an error; None where it tells of something else."""
    if any(each in text for each in _GPU_TEXTS):
        return "GPU"
    return "host" if any(each in text for each in _HOST_TEXTS) else None
