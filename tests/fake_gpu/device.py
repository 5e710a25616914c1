"""Torch on a fake GPU: the host's tensors are real, those on ``cuda`` have shapes and no values.

Large memory that is page-locked for offloading has no values either: it would not fit here.

Every operator goes through :class:`FakeGpu`. What touches no tensor on the device is done as it is.
The rest is run on shapes alone, counted, and held against what CUDA refuses (:mod:`.rules`). What
is copied back to the host is a real tensor again, with values that look like a picture.
"""

import weakref
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

import torch
import torch.nn.functional as F
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor
from torch.nn.attention import SDPBackend
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from tests.fake_gpu.hardware import DEVICE, Host, caller, fake_hardware
from tests.fake_gpu.rules import SYNCS, attention_kernel, faults_of
from tests.fake_gpu.shapes import Shapes
from tests.fake_gpu.work import Work, held_bytes, touched_bytes, work_of

_MOST_REAL = 1 << 26  # bytes of page-locked memory; larger ones are for offloading
_NOTHING = Work()
_COPIES = {"aten::_to_copy", "aten::copy_"}
_OVER_LINKS = {"c10d::_allgather_base_", "c10d::alltoall_base_"}


class FakeGpu(TorchDispatchMode):
    """Runs operators on the fake device.

    Args:
        host: what the host does is noted there.

    Attributes:
        work: by the host's phase and what was being done in it; see :meth:`doing`.
        faults: what CUDA would refuse, by where.
        live_bytes: of tensors on the device.
        peak_bytes: the most of them at one time.
    """

    def __init__(self, host: Host) -> None:
        super().__init__()
        self.host = host
        self.work: dict[tuple[str, str], Work] = defaultdict(Work)
        self.faults: Counter[str] = Counter()
        self.live_bytes = self.peak_bytes = 0
        self._doing = ""
        self._shapes = Shapes(_judged)
        self._sizes: dict[int, int] = {}
        self._random = torch.Generator()

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """Count what is asked for in here under this word too."""
        before, self._doing = self._doing, what
        try:
            yield
        finally:
            self._doing = before

    @property
    def _counted(self) -> Work:
        return self.work[self.host.phase, self._doing]

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if func is torch.ops.prim.device.default:
            return args[0].fake_device
        kwargs = kwargs or {}
        to = str(kwargs.get("device"))
        if not (to.startswith("cuda") or any(issubclass(each, FakeTensor) for each in types)):
            return self._on_host(func, args, kwargs)
        if to == "meta":  # a plain one, as it would be beside a real GPU
            like = args[0]
            return torch.empty_strided(like.shape, like.stride(), dtype=like.dtype, device="meta")
        name = func._schema.name
        if name in SYNCS:
            self.host.note(name)
            if name == "aten::_local_scalar_dense":
                return 1
        if name in _COPIES and (found := self._copied(name, func, args, kwargs)) is not None:
            return found
        return self._run(name, func, types, args, kwargs)

    def _run(
        self,
        name: str,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        """What an operator on the device gives."""
        if "generator" in kwargs:
            kwargs = {**kwargs, "generator": None}
        if name.startswith("aten::index"):
            self._note_indices(args)
        out, seen, fresh = self._shapes.run(func, types, args, kwargs)
        for fault in seen.faults:
            self.faults[f"{fault}, at {caller()}"] += 1
        if fresh:
            self._hold(fresh)
        if seen.work != _NOTHING:
            counted = self._counted
            counted += seen.work
        return out

    def _on_host(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not kwargs.get("pin_memory"):
            return func(*args, **kwargs)
        size = args[0]
        if kwargs.get("dtype") == torch.uint8 and size[0] > _MOST_REAL:
            return self.host.pin(self._shapes.on_host(size[0]))  # it would not fit here
        return self.host.pin(func(*args, **{**kwargs, "pin_memory": False}))

    def _note_indices(self, args: Sequence[Any]) -> None:
        for each in tree_leaves(args[1]):
            if isinstance(each, Tensor) and not isinstance(each, FakeTensor) and each.dim():
                self.host.note("an index that the host has")
            elif isinstance(each, Tensor) and each.dtype == torch.bool and each.dim():
                self.host.note("an index of truth values")  # of which CUDA must tell how many

    # --- copies ---

    def _copied(
        self, name: str, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Tensor | None:
        """What a copy between host and device gives; None where it is within the device."""
        source: Tensor = args[1] if name == "aten::copy_" else args[0]
        target = args[0] if name == "aten::copy_" else None
        to = target.device if target is not None else kwargs.get("device") or source.device
        is_from_gpu, is_to_gpu = _is_gpu(source.device), _is_gpu(to)
        if is_from_gpu == is_to_gpu or (not is_from_gpu and not source.dim()):
            return None
        is_beside = bool(kwargs.get("non_blocking") or args[2:] == (True,))
        counted = self._counted
        if is_to_gpu:
            self._note_copy(source, "to the device", is_beside)
            out, _, fresh = self._shapes.run(func, (FakeTensor,), args, kwargs)
            self._hold(fresh)
            counted += Work(to_device=touched_bytes(source))
            return out
        counted += Work(to_host=touched_bytes(source))
        if target is None:
            dtype = kwargs.get("dtype") or source.dtype
            target = torch.empty(source.shape, dtype=dtype)
        self._note_copy(target, "to the host", is_beside)
        self._fill(target)
        return target

    def _note_copy(self, of_host: Tensor, way: str, is_beside: bool) -> None:
        if is_beside and self.host.is_pinned(of_host):
            return
        size = "x".join(map(str, of_host.shape))
        why = "not page-locked" if is_beside else "blocking"
        self.host.note(f"{why} copy of {size} {way}")

    def _fill(self, target: Tensor) -> None:
        """With what looks like a picture."""
        if isinstance(target, FakeTensor):
            return
        if target.dtype == torch.uint8:
            target.random_(0, 256, generator=self._random)
        else:
            target.fill_(True if target.dtype == torch.bool else 0.5)

    # --- memory ---

    def _hold(self, fresh: Sequence[Tensor]) -> None:
        for tensor in fresh:
            storage = tensor.untyped_storage()
            if storage._cdata in self._sizes or not _is_there(tensor):
                continue
            self._sizes[storage._cdata] = held_bytes(storage)
            self.live_bytes += self._sizes[storage._cdata]
            weakref.finalize(storage, self._forget, storage._cdata)
        self.peak_bytes = max(self.peak_bytes, self.live_bytes)

    def _forget(self, address: int) -> None:
        self.live_bytes -= self._sizes.pop(address)

    def resized(self, storage: torch.UntypedStorage) -> None:
        """What was shared out gives its memory back, and takes it again, in this way."""
        if storage._cdata in self._sizes:
            size = held_bytes(storage)
            self.live_bytes += size - self._sizes[storage._cdata]
            self._sizes[storage._cdata] = size
            self.peak_bytes = max(self.peak_bytes, self.live_bytes)


def _judged(
    func: Any, args: Sequence[Any], given: list[Tensor], made: list[Tensor]
) -> tuple[Work, tuple[str, ...]]:
    """What an operator costs, and why CUDA would refuse it."""
    name = func._schema.name
    if not any(map(_is_there, (*given, *made))):
        return Work(), ()
    faults = faults_of(name, func._schema.overload_name, given, is_view=func.is_view)
    work = work_of(name, args, given, made)
    if name in _OVER_LINKS:
        work.over_links = touched_bytes(args[0])
    return work, tuple(faults)


def _is_there(tensor: Tensor) -> bool:
    """Whether it is on the fake device."""
    return isinstance(tensor, FakeTensor) and tensor.fake_device.type == "cuda"


def _is_gpu(device: Any) -> bool:
    return torch.device(device).type == "cuda"


@contextmanager
def fake_gpu(capability: tuple[int, int] = (9, 0)) -> Iterator[FakeGpu]:
    """A device of a capability, for as long as this is open.

    Raises:
        RuntimeError: this build of torch has CUDA.
    """
    if torch.version.cuda is not None:
        raise RuntimeError("this build of torch has CUDA; a fake GPU needs one for CPUs")
    with fake_hardware(capability) as host:
        gpu = FakeGpu(host)

        def attend(
            queries: Tensor,
            keys: Tensor,
            values: Tensor,
            attn_mask: Tensor | None = None,
            dropout_p: float = 0.0,
            is_causal: bool = False,
            scale: float | None = None,
        ) -> Tensor:
            if not _is_gpu(queries.device):
                settings = (attn_mask, dropout_p, is_causal, scale)
                return _attend(queries, keys, values, *settings)
            kernel, why = attention_kernel(queries, keys, values, attn_mask, capability)
            if kernel == "math":
                gpu.faults[f"attention is not fused: {why}, at {caller()}"] += 1
            return _ATTENTION[kernel](queries, keys, values, attn_mask)

        def choose(queries: Tensor, keys: Tensor, values: Tensor) -> int:
            if not _is_gpu(queries.device):
                return _choose(queries, keys, values)
            kernel, _ = attention_kernel(queries, keys, values, None, capability)
            return _BACKENDS[kernel].value

        def resize(storage: torch.UntypedStorage, size: int) -> torch.UntypedStorage:
            _resize(storage, size)
            gpu.resized(storage)
            return storage

        with (
            mock.patch.object(F, "scaled_dot_product_attention", attend),
            mock.patch.object(torch, "_fused_sdp_choice", choose),
            mock.patch.object(torch.UntypedStorage, "resize_", resize),
            _made_on_host(),
            gpu,
        ):
            yield gpu


@contextmanager
def _made_on_host() -> Iterator[None]:
    """Let ``torch.tensor`` make its tensor on the host and copy it, as it does with CUDA."""
    before = torch._C._only_lift_cpu_tensors()
    torch._C._set_only_lift_cpu_tensors(True)
    try:
        yield
    finally:
        torch._C._set_only_lift_cpu_tensors(before)


_resize = torch.UntypedStorage.resize_
_attend = F.scaled_dot_product_attention
_choose = torch._fused_sdp_choice
_ops = torch.ops.aten
_ATTENTION: Mapping[str, Any] = {
    "cudnn": lambda q, k, v, mask: _ops._scaled_dot_product_cudnn_attention(q, k, v, mask, False)[
        0
    ],
    "flash": lambda q, k, v, _: _ops._scaled_dot_product_flash_attention(q, k, v)[0],
    "efficient": lambda q, k, v, mask: _ops._scaled_dot_product_efficient_attention(
        q, k, v, mask, False
    )[0],
    "math": lambda q, k, v, _: (q @ k.transpose(-1, -2)).softmax(-1) @ v,
}
_BACKENDS = {
    "cudnn": SDPBackend.CUDNN_ATTENTION,
    "flash": SDPBackend.FLASH_ATTENTION,
    "efficient": SDPBackend.EFFICIENT_ATTENTION,
    "math": SDPBackend.MATH,
}

__all__ = ["DEVICE", "FakeGpu", "fake_gpu"]
