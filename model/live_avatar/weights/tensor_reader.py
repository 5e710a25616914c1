"""Tensors from files, one at a time, into memory that nothing else holds."""

import math
from collections.abc import Callable, Iterator, Mapping
from io import BufferedReader
from pathlib import Path
from pickle import UnpicklingError
from typing import Protocol

import torch
from torch import Tensor

from model.errors import WeightsError
from model.live_avatar.weights.checkpoint import (
    DTYPE_BYTES,
    PICKLE_ENDINGS,
    StoredTensor,
    check_pickle,
    stored_tensors,
)

_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
}
assert _DTYPES.keys() == DTYPE_BYTES.keys()


class Checkpoint(Protocol):
    """Named tensors that can be taken once, in the order in which they are stored."""

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Of every tensor."""
        ...

    def tensors(self, is_wanted: Callable[[str], bool]) -> Iterator[tuple[str, Tensor]]:
        """Name and tensor, of the wanted names; the iterator keeps none of them."""
        ...


def open_checkpoint(path: Path) -> Checkpoint:
    """A safetensors file, an index of shards, or a ``.pth``.

    Raises:
        WeightsError: a file is missing, cut short, or not what its name says.
    """
    if path.name.endswith(PICKLE_ENDINGS):
        return _Pickled(path)
    return _Safetensors(path)


def stored_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Name and shape of every tensor, told by headers alone; a large ``.pth`` takes no longer.

    Raises:
        WeightsError: a file is missing, cut short, or not what its name says.
    """
    if path.name.endswith(PICKLE_ENDINGS):
        tensors = _unpickled(path, is_mapped=True)
        return {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    return {name: stored.shape for name, stored in stored_tensors(path).items()}


def read_tensor(stored: StoredTensor) -> Tensor:
    """One tensor of a safetensors file, in host memory."""
    with stored.path.open("rb") as file:
        return _read(file, stored)


def _read(file: BufferedReader, stored: StoredTensor) -> Tensor:
    # read, not mapped: mapped pages would count beside the copy that is made of them
    content = torch.empty(stored.num_bytes, dtype=torch.uint8)
    file.seek(stored.start)
    num_read = file.readinto(content.numpy().data)
    if num_read != stored.num_bytes:
        raise WeightsError(
            f"{stored.path}: ends at byte {stored.start + num_read}, it was cut short while it "
            "was read; download the file again"
        )
    return content.view(_DTYPES[stored.dtype]).reshape(stored.shape)


class _Safetensors:
    def __init__(self, path: Path) -> None:
        self._stored = stored_tensors(path)
        self.shapes = {name: stored.shape for name, stored in self._stored.items()}

    def tensors(self, is_wanted: Callable[[str], bool]) -> Iterator[tuple[str, Tensor]]:
        by_file: dict[Path, list[str]] = {}
        for name, stored in self._stored.items():
            if is_wanted(name):
                by_file.setdefault(stored.path, []).append(name)
        for path, names in by_file.items():
            with path.open("rb") as file:
                for name in sorted(names, key=lambda name: self._stored[name].start):
                    yield name, _read(file, self._stored[name])


class _Pickled:
    """A ``.pth``: read whole, as its format cannot be read in parts, then given away."""

    def __init__(self, path: Path) -> None:
        self._tensors = _unpickled(path)
        self.shapes = {name: tuple(tensor.shape) for name, tensor in self._tensors.items()}

    def tensors(self, is_wanted: Callable[[str], bool]) -> Iterator[tuple[str, Tensor]]:
        while self._tensors:
            name = next(iter(self._tensors))
            # a part of a larger storage would keep all of it
            tensor = self._tensors.pop(name)
            if not is_wanted(name):
                continue
            whole = tensor.untyped_storage().nbytes() == math.prod(tensor.shape) * tensor.itemsize
            yield name, tensor if whole and tensor.is_contiguous() else tensor.clone()


def _unpickled(path: Path, *, is_mapped: bool = False) -> dict[str, Tensor]:
    """All tensors; where ``is_mapped``, without their numbers, which are not read."""
    check_pickle(path)
    place = "meta" if is_mapped else "cpu"
    try:
        loaded = torch.load(path, map_location=place, mmap=is_mapped, weights_only=True)
    except (RuntimeError, UnpicklingError, EOFError, KeyError) as error:
        first = str(error).strip().splitlines()[0]
        raise WeightsError(
            f"{path}: is damaged, or holds more than tensors ({first}); download it again"
        ) from error
    return _flat(path, loaded)


def _flat(path: Path, loaded: object) -> dict[str, Tensor]:
    if not isinstance(loaded, dict) or not loaded:
        raise WeightsError(f"{path}: holds a {type(loaded).__name__}, wanted named tensors")
    others = [str(name) for name, value in loaded.items() if not isinstance(value, Tensor)]
    if others:
        raise WeightsError(f"{path}: holds {', '.join(others)}, which are not tensors")
    whole = [name for name, tensor in loaded.items() if not tensor.is_floating_point()]
    if whole:
        raise WeightsError(f"{path}: {', '.join(whole)}: weights must be floating point numbers")
    return dict(loaded)
