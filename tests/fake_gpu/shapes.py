"""Operators on shapes alone, and quickly: an operator that was seen is not reasoned about again.

FakeTensorMode says what an operator gives, by rules in Python that take 0.2 ms. A segment asks
350,000 times, of which 2,000 differ: what they gave is kept, by operator, shapes, strides, dtypes
and other arguments.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

from tests.fake_gpu.work import Work

_Flat = list[Any]


@dataclass(frozen=True)
class _Out:
    """A tensor that an operator gave.

    Attributes:
        shape: its sides.
        stride: of them.
        dtype: of its values.
        of: the argument whose memory it shares; None: it has its own.
        offset: bytes from that argument's first value to its own.
        is_same: it is that argument itself.
    """

    shape: tuple[int, ...]
    stride: tuple[int, ...]
    dtype: torch.dtype
    device: torch.device
    of: int | None = None
    offset: int = 0
    is_same: bool = False


@dataclass(frozen=True)
class Seen:
    """What is known of an operator with such arguments.

    Attributes:
        work: that it is.
        faults: why CUDA would refuse it.
        outs: what it gave; what is no tensor as it is.
        is_one: and not a list.
    """

    work: Work
    faults: tuple[str, ...]
    outs: tuple[Any, ...]
    is_one: bool


class Shapes:
    """Runs operators on the device's tensors.

    Args:
        judge: an operator, its arguments, its tensors, what it made -> its work and its faults.
    """

    def __init__(
        self, judge: Callable[[Any, Sequence[Any], _Flat, _Flat], tuple[Work, tuple[str, ...]]]
    ) -> None:
        self._judge = judge
        self._mode = FakeTensorMode(allow_non_fake_inputs=True)
        self._seen: dict[Hashable, Seen] = {}

    def run(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Any, Seen, _Flat]:
        """What an operator gives, what is known of it, and the tensors with memory of their own."""
        flat: _Flat = []
        key = _key(func, args, kwargs, flat)
        known = self._seen.get(key) if key is not None else None
        if known is not None:
            outs = [self._again(out, flat) if _is_tensor(out) else out for out in known.outs]
            return (outs[0] if known.is_one else outs), known, _fresh(outs, known)
        out = self._mode.__torch_dispatch__(func, types, args, kwargs)
        made = list(out) if isinstance(out, (list, tuple)) else [out]
        outs = tuple(_out(func, each, flat) if isinstance(each, Tensor) else each for each in made)
        tensors = [each for each in made if isinstance(each, Tensor)]
        known = Seen(*self._judge(func, args, flat, tensors), outs, made[0] is out)
        is_free = bool(tensors) and not _fresh(made, known) and not func._schema.is_mutable
        if is_free and func.namespace == "aten":  # a view; what ranks exchange is none
            known = replace(known, work=Work())
        if key is not None and all(isinstance(each, FakeTensor) for each in tensors):
            self._seen[key] = known
        return out, known, _fresh(made, known)

    def on_host(self, size: int) -> FakeTensor:
        """So many bytes of the host that nobody looks at."""
        made = torch.empty(size, dtype=torch.uint8, device="meta")
        return FakeTensor(self._mode, made, torch.device("cpu"))

    def _again(self, out: _Out, flat: _Flat) -> Tensor:
        if out.is_same:
            return flat[out.of]  # type: ignore[index]
        if out.of is None:
            made = torch.empty_strided(out.shape, out.stride, dtype=out.dtype, device="meta")
        else:
            source = flat[out.of]
            made = torch.empty(0, dtype=out.dtype, device="meta")
            offset = (_start(source) + out.offset) // out.dtype.itemsize
            made.set_(source.untyped_storage(), offset, out.shape, out.stride)
        return FakeTensor(self._mode, made, out.device)


def _out(func: Any, out: Tensor, flat: _Flat) -> _Out:
    same = next((index for index, each in enumerate(flat) if each is out), None)
    if same is not None:
        return _Out((), (), out.dtype, out.device, same, is_same=True)
    shape, stride = tuple(out.shape), tuple(out.stride())
    if not isinstance(out, FakeTensor):
        return _Out(shape, stride, out.dtype, out.device)
    storage = out.untyped_storage()._cdata
    for index, each in enumerate(flat):
        if isinstance(each, FakeTensor) and each.untyped_storage()._cdata == storage:
            offset = _start(out) - _start(each)
            is_same = bool(func._schema.is_mutable)
            return _Out(shape, stride, out.dtype, out.device, index, offset, is_same)
    return _Out(shape, stride, out.dtype, out.device)


def _start(tensor: Tensor) -> int:
    """Bytes before its first value."""
    return tensor.storage_offset() * tensor.element_size()


def _is_tensor(out: Any) -> bool:
    return isinstance(out, _Out)


def _fresh(made: Sequence[Any], known: Seen) -> _Flat:
    """Of what was made, the tensors that have memory of their own."""
    pairs = zip(made, known.outs, strict=True)
    return [each for each, how in pairs if _is_tensor(how) and how.of is None]


def _key(
    func: Any, args: Sequence[Any], kwargs: dict[str, Any], flat: _Flat
) -> tuple[Hashable, ...] | None:
    """Of an operator with its arguments; None: it is not kept. Tensors are put into ``flat``."""
    parts: list[Hashable] = [func]
    is_kept = func.namespace == "aten"
    for value in args:
        is_kept &= _add(value, parts, flat)
    for name, value in kwargs.items():
        parts.append(name)
        is_kept &= _add(value, parts, flat)
    return tuple(parts) if is_kept else None


def _add(value: Any, parts: list[Hashable], flat: _Flat) -> bool:
    if isinstance(value, Tensor):
        flat.append(value)
        if not isinstance(value, FakeTensor):
            return False
        parts.append(value.shape)
        parts.append(value.stride())
        parts.append(value.dtype)
        parts.append(value.fake_device)
        return True
    if isinstance(value, (list, tuple)):
        parts.append(len(value))
        kept = [_add(each, parts, flat) for each in value]
        return all(kept)
    parts.append(type(value))
    parts.append(value)
    return True
