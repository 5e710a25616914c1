"""The one seam for attention kernels, and which of torch's kernels a device has.

Queries, keys and values stay where the projections and the memories put them: torch's kernels take
views of any layout whose last dimension is dense, and give their result in the queries' layout, so
nothing is copied on either side.
"""

import time
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from statistics import median
from typing import TypeAlias

import torch
import torch.nn.functional as F  # noqa: N812  the field's name for it
from einops import rearrange
from torch import Tensor
from torch.nn.attention import (
    SDPBackend,
    activate_flash_attention_impl,
    current_flash_attention_impl,
    restore_flash_attention_impl,
    sdpa_kernel,
)

from model.live_avatar.network.narrow_attention import attend_in_float8
from model.live_avatar.settings import AUTO, NARROW_ATTENTION

#: ``(queries (B, Lq, N, D), keys (B, Lk, N, D), values (B, Lk, N, D)) -> (B, Lq, N, D)``
Attend: TypeAlias = Callable[[Tensor, Tensor, Tensor], Tensor]

_FLASH3 = "flash3"
KERNELS: Mapping[str, SDPBackend] = {
    "math": SDPBackend.MATH,
    "efficient": SDPBackend.EFFICIENT_ATTENTION,
    "flash": SDPBackend.FLASH_ATTENTION,
    "cudnn": SDPBackend.CUDNN_ATTENTION,
    _FLASH3: SDPBackend.FLASH_ATTENTION,
    NARROW_ATTENTION: SDPBackend.FLASH_ATTENTION,
}
"""By the engine's setting ``attention``, whose ``auto`` leaves the choice to torch.

``flash3`` is another package's kernel, which torch puts in the place of its own ``flash``, and so
is its form with products in 8 bits.
"""
# as torch names them
_IMPLEMENTATIONS: Mapping[str, str] = dict.fromkeys((_FLASH3, NARROW_ATTENTION), "FA3")
# a block attends to five tokens of speech, to 512 of text, and to thousands of its own
_TRIED_KEYS = (5, 512, 1000)
_TRIED_QUERIES, _TRIED_HEADS = 48, 2


def attend(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Every query looks at every key; no mask."""
    q, k, v = (rearrange(x, "b l n d -> b n l d") for x in (queries, keys, values))
    return rearrange(F.scaled_dot_product_attention(q, k, v), "b n l d -> b l n d")


def attend_by(name: str, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """The same as a setting says: by torch's choice, or by one kernel alone.

    Args:
        name: ``auto``, or one of :data:`KERNELS`.
        queries: as in :func:`attend`.
        keys: the same.
        values: the same.

    Raises:
        ImportError: its package is not installed.
        RuntimeError: the device has it not, or not for such tensors.
    """
    _use_implementation(_IMPLEMENTATIONS.get(name))
    if name == AUTO:
        return attend(queries, keys, values)
    if name == NARROW_ATTENTION:
        return attend_in_float8(queries, keys, values)
    with sdpa_kernel(KERNELS[name]):
        return attend(queries, keys, values)


def _use_implementation(name: str | None) -> None:
    """Let a package's kernel take the place of torch's ``flash``; None: torch's own.

    It holds for the process, whose last segment may have had another one.
    """
    if current_flash_attention_impl() == name:
        return
    if name is None:
        restore_flash_attention_impl()
    else:
        activate_flash_attention_impl(name)


def kernel_named(name: str) -> Attend:
    """How the setting ``attention`` attends."""
    return partial(attend_by, name)


def kernel_beside(name: str) -> Attend:
    """How it attends to text and sound: those tokens are few, and not worth rounding to 8 bits."""
    return kernel_named(_FLASH3 if name == NARROW_ATTENTION else name)


# --- what a device can do ---


def chosen_kernel(device: torch.device | str, dtype: torch.dtype, head_dim: int) -> str:
    """Which kernel ``auto`` is here: torch's choice for a block's self-attention.

    It depends on the GPU, on torch, and on the libraries that torch finds on this machine.
    """
    queries, keys = (
        torch.zeros((1, _TRIED_HEADS, length, head_dim), dtype=dtype, device=device)
        for length in (_TRIED_QUERIES, _TRIED_KEYS[-1])
    )
    _use_implementation(None)
    # what torch itself asks; left out of its stubs
    chosen = SDPBackend(torch._fused_sdp_choice(queries, keys, keys))  # pyright: ignore[reportPrivateImportUsage]
    return next(name for name, backend in KERNELS.items() if backend == chosen)


def kernel_fault(name: str, device: torch.device | str, dtype: torch.dtype, head_dim: int) -> str:
    """Why a device cannot attend by a kernel, in torch's words; empty where it can.

    It is tried on small tensors of zeros, with as few and as many keys as a block has.
    """
    kernel = kernel_named(name)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")  # torch's reasons are warnings
        try:
            for num_keys in _TRIED_KEYS:
                queries, keys = (
                    torch.zeros((1, length, _TRIED_HEADS, head_dim), dtype=dtype, device=device)
                    for length in (_TRIED_QUERIES, num_keys)
                )
                kernel(queries, keys, keys).sum().item()  # a GPU's faults are told here
        except (ImportError, RuntimeError) as error:
            reasons = [_first_line(each.message) for each in said]
            return "; ".join([*reasons, _first_line(error)])
    return ""


def _first_line(told: Warning | str | Exception) -> str:
    return str(told).strip().splitlines()[0].split(" (Triggered internally")[0]


def usable_kernels(
    device: torch.device | str, dtype: torch.dtype, head_dim: int
) -> tuple[str, ...]:
    """The kernels that a device has for this dtype and this width of heads."""
    return tuple(name for name in KERNELS if not kernel_fault(name, device, dtype, head_dim))


def kernel_seconds(
    device: torch.device,
    dtype: torch.dtype,
    queries: tuple[int, int, int],
    num_keys: int,
    repeats: int = 5,
) -> dict[str, float]:
    """Seconds of one self-attention by each kernel that is usable, the fastest first.

    Args:
        device: that computes.
        dtype: of queries, keys and values.
        queries: their number, heads and width, as in a block.
        num_keys: of the sink and the full ring.
        repeats: the median is taken of so many, after one that is not counted.
    """
    count, num_heads, head_dim = queries
    asked, known = (
        torch.randn((1, length, num_heads, head_dim), device=device).to(dtype)
        for length in (count, num_keys)
    )
    found = {
        name: _seconds(partial(kernel_named(name), asked, known, known), device, repeats)
        for name in usable_kernels(device, dtype, head_dim)
    }
    return dict(sorted(found.items(), key=lambda item: item[1]))


def _seconds(work: Callable[[], Tensor], device: torch.device, repeats: int) -> float:
    times: list[float] = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - started)
    return median(times[1:])
