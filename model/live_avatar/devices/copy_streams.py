"""Copies between the host's memory and a GPU beside its computing, and the memory they need."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import torch
from torch import Tensor, nn

from model.live_avatar.devices.memory_ladder import MemoryFullError
from model.live_avatar.environment import (
    OFFLOAD_VARIABLE,
)

#: the end of some work on the GPU; None where all work is done when it is asked for
Mark: TypeAlias = "torch.cuda.Event | None"
#: (target, source)
Pairs: TypeAlias = Iterable[tuple[Tensor, Tensor]]

#: ``(shape, dtype) ->`` a tensor without content
Make: TypeAlias = Callable[[Sequence[int], torch.dtype], Tensor]

_CHUNK_BYTES = 1 << 30
ALIGNMENT = 512  # of what torch allocates on a GPU: kernels are chosen by it


class CopyStreams:
    """Copies beside the computing: a stream for each direction.

    On a CPU there are no streams: a copy is made when it is asked for.

    Args:
        device: that computes.

    Attributes:
        device: the same.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        is_gpu = device.type == "cuda"
        self._inward = torch.cuda.Stream(device) if is_gpu else None
        self._outward = torch.cuda.Stream(device) if is_gpu else None

    def place(self, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
        """Memory on the device, for copies; it may be dropped while they are under way."""
        made = torch.empty(tuple(shape), dtype=dtype, device=self.device)
        for stream in (self._inward, self._outward):
            if stream is not None:
                made.record_stream(stream)
        return made

    def bring(self, pairs: Pairs, after: Iterable[Mark]) -> Mark:
        """Copy to the device, once ``after`` is done; what comes after that copy waits for."""
        return self._copy(self._inward, pairs, after)

    def keep(self, pairs: Pairs, after: Iterable[Mark]) -> Mark:
        """Copy to the host; see :meth:`bring`."""
        return self._copy(self._outward, pairs, after)

    def now(self) -> Mark:
        """The end of all computing that was asked for so far."""
        if self._inward is None:
            return None
        return _end_of(torch.cuda.current_stream(self.device))

    def wait(self, mark: Mark) -> None:
        """Let all computing that is asked for from now on wait."""
        if mark is not None:
            torch.cuda.current_stream(self.device).wait_event(mark)

    def _copy(self, stream: torch.cuda.Stream | None, pairs: Pairs, after: Iterable[Mark]) -> Mark:
        if stream is None:
            for target, source in pairs:
                target.copy_(source)
            return None
        for mark in after:
            if mark is not None:
                stream.wait_event(mark)
        with torch.cuda.stream(stream):
            for target, source in pairs:
                target.copy_(source, non_blocking=True)
        return _end_of(stream)


class HostMemory:
    """Memory of the host, page-locked where a GPU copies from it.

    It is taken in large chunks: torch rounds what it page-locks up to a power of two, which is half
    as much again for one matrix after the other.
    """

    def __init__(self, device: torch.device, chunk_bytes: int = _CHUNK_BYTES) -> None:
        self._is_pinned, self._chunk_bytes = device.type == "cuda", chunk_bytes
        self._free = torch.empty(0, dtype=torch.uint8)
        self._chunks: set[int] = set()  # where they begin

    def take(self, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
        """A tensor without content.

        Raises:
            MemoryFullError: the host has not so much memory.
        """
        size = torch.Size(shape).numel() * dtype.itemsize
        if size > len(self._free):
            self._free = self._chunk(max(size, self._chunk_bytes))
        taken = self._free[:size]
        self._free = self._free[aligned(size) :]
        return taken.view(dtype).view(tuple(shape))

    def adopt(self, parameter: nn.Parameter) -> None:
        """Move a parameter here, if it is not."""
        if parameter.untyped_storage().data_ptr() not in self._chunks:
            parameter.data = self.take(parameter.shape, parameter.dtype).copy_(parameter.data)

    def _chunk(self, size: int) -> Tensor:
        try:
            chunk = torch.empty(size, dtype=torch.uint8, pin_memory=self._is_pinned)
        except RuntimeError as error:
            raise MemoryFullError(
                f"engine live-avatar: the host has no further {size / 1e9:.1f} GB of memory for "
                f"offloading ({str(error).splitlines()[0]}); use a machine with more memory, end "
                f"other programs, or list less in {OFFLOAD_VARIABLE}",
                "host",
            ) from error
        self._chunks.add(chunk.data_ptr())
        return chunk


def onto(tensor: Tensor, device: torch.device) -> Tensor:
    """What the host has, on a device; without waiting for what a GPU is doing."""
    if device.type != "cuda" or tensor.device.type == "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def coming(tensor: Tensor) -> Callable[[], Tensor]:
    """Begin to copy to the host; what is given waits for the copy's end, and gives it."""
    if tensor.device.type != "cuda":
        return lambda: tensor
    copy = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    copy.copy_(tensor, non_blocking=True)
    end = _end_of(torch.cuda.current_stream(tensor.device))

    def arrived() -> Tensor:
        end.synchronize()
        return copy

    return arrived


def toward(tensor: Tensor, device: torch.device) -> Callable[[], Tensor]:
    """Begin to bring what a device has to where it is needed; what is given waits, and gives it."""
    if device.type == "cpu":
        return coming(tensor)
    there = tensor.to(device)
    return lambda: there


def _end_of(stream: torch.cuda.Stream) -> torch.cuda.Event:
    event = torch.cuda.Event()
    event.record(stream)
    return event


def aligned(num_bytes: int) -> int:
    """``num_bytes`` rounded up to where the next tensor may begin."""
    return -(-num_bytes // ALIGNMENT) * ALIGNMENT
