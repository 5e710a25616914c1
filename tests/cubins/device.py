"""A GPU that torch's compiler believes in: it makes cubins for it, and nothing starts them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from unittest import mock

import torch
import torch.nn.functional as F
from torch._subclasses.fake_tensor import FakeTensorMode

from tests.fake_gpu.hardware import DEVICE, fake_hardware
from tests.fake_gpu.rules import attention_kernel


@dataclass(frozen=True)
class Card:
    """What of a GPU changes the code that is made for it, as NVIDIA's tables tell.

    Attributes:
        capability: its architecture.
        num_processors: streaming multiprocessors.
        shared_bytes: that a block of threads can have at most.
        num_threads: that a multiprocessor holds at one time.
    """

    capability: tuple[int, int]
    num_processors: int
    shared_bytes: int
    num_threads: int = 2048

    @property
    def properties(self) -> SimpleNamespace:
        """As torch tells them."""
        major, minor = self.capability
        return SimpleNamespace(
            name="a GPU that is not there",
            major=major,
            minor=minor,
            multi_processor_count=self.num_processors,
            max_threads_per_multi_processor=self.num_threads,
            max_threads_per_block=1024,
            regs_per_multiprocessor=65536,
            shared_memory_per_block=49152,
            shared_memory_per_block_optin=self.shared_bytes,
            warp_size=32,
            total_memory=1 << 37,
            L2_cache_size=1 << 25,
            gcnArchName="",  # which only AMD's have
        )


CARDS = {
    "A100": Card((8, 0), 108, 166912),
    "4090": Card((8, 9), 128, 101376, num_threads=1536),
    "H200": Card((9, 0), 132, 232448),
    "B200": Card((10, 0), 148, 232448),
}


class _Chosen(nullcontext[None]):
    """Whatever device is chosen, it is the only one."""


@contextmanager
def compiling_for(card: Card) -> Iterator[None]:
    """Let torch compile for a card, for as long as this is open; once in a process.

    Torch keeps in many places what it was told of its device.
    """
    with believing_in(card), ExitStack() as stack:
        _use_target(stack, card.capability)
        yield


@contextmanager
def believing_in(card: Card) -> Iterator[None]:
    """Let torch plan what it would compile for a card: that needs no triton."""
    from torch._dynamo.device_interface import CudaInterface

    capability = card.capability
    changes: dict[str, Any] = {
        "get_device_properties": lambda *_: card.properties,
        "is_available": lambda: True,
        "is_initialized": lambda: True,
        "get_rng_state": lambda *_: torch.zeros(16, dtype=torch.uint8),
        "set_rng_state": lambda *_: None,
        "device": _Chosen,
        "_DeviceGuard": _Chosen,
    }

    def attend(queries: Any, keys: Any, values: Any) -> Any:
        kernel, why = attention_kernel(queries, keys, values, None, capability)
        return _ATTENTION[kernel](queries, keys, values) if kernel in _ATTENTION else _refuse(why)

    with ExitStack() as stack:
        stack.enter_context(fake_hardware(capability))
        for name, value in changes.items():
            stack.enter_context(mock.patch.object(torch.cuda, name, value))
        for name in ("device", "current_device", "device_count", "get_device_properties"):
            kept = getattr(torch.cuda, name)  # which may have been asked for before
            value = kept if isinstance(kept, type) else staticmethod(kept)
            stack.enter_context(mock.patch.object(CudaInterface, name, value))
        always = property(lambda _: True)
        for owner, name, value in (
            (torch.accelerator, "is_available", lambda: False),  # it has no streams
            (FakeTensorMode, "avoid_device_init", always),  # which is not there
            (F, "scaled_dot_product_attention", attend),
            (torch, "_fused_sdp_choice", lambda *_: 1),  # for the log alone
        ):
            stack.enter_context(mock.patch.object(owner, name, value))
        yield


def _use_target(stack: ExitStack, capability: tuple[int, int]) -> None:
    """Let triton take a card for the one that is there."""
    import torch._inductor.runtime.triton_helpers as helpers
    from triton.backends.compiler import GPUTarget
    from triton.runtime import driver

    major, minor = capability
    driver.set_active(
        SimpleNamespace(
            get_current_target=lambda: GPUTarget("cuda", 10 * major + minor, 32),
            get_current_device=lambda: 0,
            get_current_stream=lambda *_: 0,
            get_active_torch_device=lambda: DEVICE,
        )
    )
    stack.enter_context(mock.patch.object(helpers, "set_driver_to_gpu"))


def _refuse(why: str) -> None:
    raise ValueError(f"no fused kernel attends: {why}")


_ops = torch.ops.aten
_ATTENTION = {
    "cudnn": lambda q, k, v: _ops._scaled_dot_product_cudnn_attention(q, k, v, None, False)[0],
    "flash": lambda q, k, v: _ops._scaled_dot_product_flash_attention(q, k, v)[0],
    "efficient": lambda q, k, v: _ops._scaled_dot_product_efficient_attention(q, k, v, None, False)[
        0
    ],
}
