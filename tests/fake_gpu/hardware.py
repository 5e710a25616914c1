"""The CUDA device that torch is made to believe in: its guard, streams, events and pinned memory.

FakeTensorMode gives tensors on ``cuda`` shapes and no values, but a build of torch without CUDA has
no *device guard* for them. A guard is an entry in a table of libc10: here it is given that of the
``meta`` device, which does nothing, and it is taken out again afterwards. So nothing is compiled.
"""

import ctypes
import sys
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from torch._subclasses.fake_tensor import FakeTensor

DEVICE = torch.device("cuda:0")
_GUARDS = "_ZN3c104impl26device_guard_impl_registryE"
_CPU, _CUDA, _META, _NUM_KINDS = 0, 1, 14, 22  # c10::DeviceType


@dataclass
class Host:
    """What the host has told the device to do, and where it waited for it.

    Attributes:
        phase: in which all this happens.
        waits: what makes the host wait for the device: by phase, and by what and where.
        arrivals: waits for the end of one copy, by phase: how frames are meant to come.
        pinned_bytes: that are page-locked.
        most_pinned_bytes: at one time.
    """

    phase: str = ""
    waits: Counter[tuple[str, str]] = field(default_factory=Counter)
    arrivals: Counter[str] = field(default_factory=Counter)
    pinned_bytes: int = 0
    most_pinned_bytes: int = 0
    streams: list["Stream"] = field(default_factory=list)
    _pinned: set[int] = field(default_factory=set)

    def pin(self, tensor: torch.Tensor) -> torch.Tensor:
        """Note that a tensor of the host is page-locked."""
        storage = tensor.untyped_storage()
        place, size = storage._cdata, storage.nbytes()
        if place not in self._pinned:
            self._pinned.add(place)
            self.pinned_bytes += size
            self.most_pinned_bytes = max(self.most_pinned_bytes, self.pinned_bytes)
            weakref.finalize(storage, self._unpin, place, size)
        return tensor

    def _unpin(self, place: int, size: int) -> None:
        self._pinned.discard(place)
        self.pinned_bytes -= size

    def is_pinned(self, tensor: torch.Tensor) -> bool:
        """Whether a copy of it can be made beside the computing."""
        return tensor.untyped_storage()._cdata in self._pinned

    def note(self, what: str) -> None:
        """Note what makes the host wait for the device, or a copy that is not made beside it."""
        self.waits[self.phase, f"{what}, at {caller()}"] += 1


def caller() -> str:
    """The innermost line of the product that is at work."""
    frame = sys._getframe(1)
    while frame is not None:
        path = frame.f_code.co_filename
        if "/model/" in path and "site-packages" not in path:
            return f"{path.partition('/model/live_avatar/')[2] or path}:{frame.f_lineno}"
        frame = frame.f_back
    return "the test itself"


class Event:
    """A mark in a stream."""

    host: Host

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def record(self, stream: "Stream | None" = None) -> None: ...

    def wait(self, stream: "Stream | None" = None) -> None: ...

    def query(self) -> bool:
        return True

    def synchronize(self) -> None:
        if caller().startswith("devices/copy_streams.py"):
            self.host.arrivals[self.host.phase] += 1  # a copy beside the computing has ended
        else:
            self.host.note("event.synchronize")


class Stream:
    """A queue of work."""

    host: Host
    device = DEVICE

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def wait_event(self, event: Event) -> None: ...

    def wait_stream(self, stream: "Stream") -> None: ...

    def record_event(self, event: Event | None = None) -> Event:
        return event or self.host_event()

    @classmethod
    def host_event(cls) -> Event:
        return torch.cuda.Event()  # type: ignore[return-value]

    def __enter__(self) -> "Stream":
        self.host.streams.append(self)
        return self

    def __exit__(self, *_: Any) -> None:
        self.host.streams.pop()

    def synchronize(self) -> None:
        self.host.note("stream.synchronize")


@contextmanager
def guarded() -> Iterator[None]:
    """Let torch make tensors whose device is CUDA, for as long as this is open.

    A build of torch for CUDA has a guard of its own, which is put back afterwards.
    """
    library = ctypes.CDLL(str(Path(torch.__file__).parent / "lib" / "libc10.so"))
    guards = (ctypes.c_void_p * _NUM_KINDS).in_dll(library, _GUARDS)
    assert guards[_CPU] is not None
    assert guards[_META] is not None  # the order of devices is as it was
    before, guards[_CUDA] = guards[_CUDA], guards[_META]
    try:
        yield
    finally:
        guards[_CUDA] = before


@contextmanager
def fake_hardware(capability: tuple[int, int] = (9, 0)) -> Iterator[Host]:
    """One CUDA device of a capability, for as long as this is open."""
    host = Host()
    event, stream = type("Event", (Event,), {"host": host}), type("Stream", (Stream,), {})
    stream.host = host  # type: ignore[attr-defined]
    host.streams.append(stream())
    changes: dict[str, Any] = {
        "Event": event,
        "Stream": stream,
        "current_stream": lambda *_: host.streams[-1],
        "stream": lambda stream: stream,
        "synchronize": lambda *_: host.note("cuda.synchronize"),
        "device_count": lambda: 1,
        "current_device": lambda: 0,
        "set_device": lambda *_: None,
        "get_device_capability": lambda *_: capability,
        "get_device_name": lambda *_: f"a fake GPU of capability {capability}",
        "memory_allocated": lambda *_: 0,
        "empty_cache": lambda: None,
        "_lazy_init": lambda: None,
    }
    with ExitStack() as stack:
        stack.enter_context(guarded())
        for name, value in changes.items():
            stack.enter_context(mock.patch.object(torch.cuda, name, value))
        for name, value in _of_tensors(host).items():
            stack.enter_context(mock.patch.object(torch.Tensor, name, value))
        stack.enter_context(mock.patch.object(FakeTensor, "data", property(_data, _set_data)))
        stack.enter_context(mock.patch.object(torch.UntypedStorage, "data_ptr", _address))
        stack.enter_context(mock.patch.object(torch, "Generator", _Generator))
        yield host


def _of_tensors(host: Host) -> dict[str, Callable[..., Any]]:
    def pin_memory(self: torch.Tensor, *_: Any) -> torch.Tensor:
        return host.pin(self.clone(memory_format=torch.preserve_format))

    def data_ptr(self: torch.Tensor) -> int:
        start = self.storage_offset() * self.element_size()
        return self.untyped_storage().data_ptr() + start

    return {
        "pin_memory": pin_memory,
        "record_stream": lambda *_: None,
        "data_ptr": data_ptr,
    }


_real_address = torch.UntypedStorage.data_ptr


def _address(self: torch.UntypedStorage) -> int:
    """Of a fake tensor's memory, that of what stands for it."""
    return self._cdata if self.device.type == "meta" else _real_address(self)


def _data(self: FakeTensor) -> torch.Tensor:
    return torch._C.TensorBase.data.__get__(self)  # type: ignore[attr-defined]


def _set_data(self: FakeTensor, value: torch.Tensor) -> None:
    """A parameter that is given other values is where these are."""
    torch._C.TensorBase.data.__set__(self, value)  # type: ignore[attr-defined]
    self.fake_device = value.device


_RealGenerator = torch.Generator


class _Generator(_RealGenerator):
    """One of the host, whatever device is asked for: what is drawn there has no values anyway."""

    def __new__(cls, device: Any = "cpu") -> torch.Generator:
        del device
        return _RealGenerator.__new__(_RealGenerator)
