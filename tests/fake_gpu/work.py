"""What an operator costs: kernels, FLOPs and bytes of memory, told by its tensors' shapes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor

#: operators whose FLOPs count, by kind
_MATRICES = {"aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm", "aten::_scaled_mm"}
_WITH_BIAS = {"aten::addmm", "aten::baddbmm"}
ATTENTION = "aten::_scaled_dot_product_"
_CONVOLUTION = "aten::convolution"
_WRITES_ONLY = {"aten::copy_", "aten::fill_", "aten::zero_"}
#: nothing runs on the device
_NO_KERNEL = {"aten::empty", "aten::empty_strided", "aten::empty_like", "aten::new_empty"}
_NO_KERNEL |= {"prim::device", "aten::set_", "aten::detach_", "aten::_unsafe_view"}


@dataclass
class Work:
    """Of some operators on the device.

    Attributes:
        kernels: one an operator, at least.
        matrices: FLOPs of products with weights, a multiplication and an addition being two.
        attention: FLOPs of products of queries, keys and values.
        convolutions: FLOPs.
        matrix_bytes: that these three read and write.
        other_bytes: that all else reads and writes: work value by value, and copies.
        to_device: bytes copied from the host.
        to_host: bytes copied back.
        over_links: bytes that gathers and exchanges with other ranks give, the own share included.
    """

    kernels: int = 0
    matrices: int = 0
    attention: int = 0
    convolutions: int = 0
    matrix_bytes: int = 0
    other_bytes: int = 0
    to_device: int = 0
    to_host: int = 0
    over_links: int = 0

    def __iadd__(self, other: "Work") -> "Work":
        for name in FIELDS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self

    def __sub__(self, other: "Work") -> "Work":
        return Work(*(getattr(self, name) - getattr(other, name) for name in FIELDS))

    def __floordiv__(self, count: int) -> "Work":
        return Work(*(getattr(self, name) // count for name in FIELDS))


FIELDS = tuple(field.name for field in fields(Work))


def work_of(name: str, args: Sequence[Any], given: list[Tensor], made: list[Tensor]) -> Work:
    """Of one operator that is no view.

    cuDNN's convolutions take no bias: torch adds it afterwards, in a kernel of its own.

    Args:
        name: such as ``aten::mm``.
        args: its positional arguments.
        given: tensors among all its arguments.
        made: tensors that it returned.
    """
    if name in _NO_KERNEL:
        return Work()
    read = given[1:] if name in _WRITES_ONLY else list({id(each): each for each in given}.values())
    moved = sum(map(touched_bytes, read)) + sum(map(touched_bytes, made))
    flops = _flops(name, args, made)
    kind = _kind(name)
    if kind == "other":
        return Work(kernels=1, other_bytes=moved)
    work = Work(kernels=1, matrix_bytes=moved, **{kind: flops})
    if kind == "convolutions" and args[2] is not None:
        work += Work(kernels=1, other_bytes=2 * touched_bytes(made[0]))
    return work


def _kind(name: str) -> str:
    if name in _MATRICES:
        return "matrices"
    if name.startswith(ATTENTION):
        return "attention"
    return "convolutions" if name == _CONVOLUTION else "other"


def _flops(name: str, args: Sequence[Any], made: list[Tensor]) -> int:
    if name in _MATRICES:
        left, right = args[1:3] if name in _WITH_BIAS else args[:2]
        return 2 * left.numel() * right.shape[-1]
    if name.startswith(ATTENTION):
        queries, keys = args[0], args[1]
        return 4 * queries.numel() * keys.shape[-2]
    if name == _CONVOLUTION:
        return 2 * made[0].numel() * args[1][0].numel()
    return 0


def touched_bytes(tensor: Tensor) -> int:
    """Of the memory that is read or written; what is repeated by a stride of 0 is read once."""
    sides = zip(tensor.shape, tensor.stride(), strict=True)
    return math.prod(side for side, stride in sides if stride) * tensor.element_size()


def held_bytes(storage: torch.UntypedStorage) -> int:
    """As CUDA's allocator rounds it."""
    return -(-storage.nbytes() // 512) * 512
