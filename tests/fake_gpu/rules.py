"""What a CUDA device refuses, told by an operator's name and its tensors.

Torch's own shape rules for CUDA are those that FakeTensorMode runs: it refuses tensors of several
devices, and 8-bit products whose layouts cuBLAS does not take. The rest is here.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import torch
import torchgen
import yaml
from torch import Tensor

_FLOAT8 = (torch.float8_e4m3fn, torch.float8_e5m2)
#: kernels that take all their floating tensors in one dtype, which meta tensors do not ask for
_ONE_DTYPE = {
    "aten::mm",
    "aten::addmm",
    "aten::bmm",
    "aten::baddbmm",
    "aten::convolution",
    "aten::native_layer_norm",
    "aten::native_group_norm",
    "aten::_scaled_dot_product_cudnn_attention",
    "aten::_scaled_dot_product_flash_attention",
    "aten::_scaled_dot_product_efficient_attention",
}
#: what 8-bit tensors can go into beside views
_FLOAT8_TAKES = {"aten::_scaled_mm", "aten::_to_copy", "aten::copy_", "aten::clone", "aten::cat"}
_FLOAT8_TAKES |= {"aten::empty_like", "aten::split_with_sizes_copy", "aten::contiguous"}
#: of queries, keys and values in 8 bits, with float32 scales beside them
_NARROW_ATTENTION = "aten::_scaled_dot_product_flash_attention.quantized"
#: the host needs a value before it can go on
SYNCS = {
    "aten::_local_scalar_dense",
    "aten::item",
    "aten::nonzero",
    "aten::is_nonzero",
    "aten::equal",
    "aten::masked_select",
    "aten::_unique2",
    "aten::unique_consecutive",
    "aten::bincount",
    "aten::repeat_interleave",
}
_ON_CUDA = {"CUDA", "CompositeExplicitAutograd", "CompositeExplicitAutogradNonFunctional"}
_ON_CUDA |= {"CompositeImplicitAutograd", "CUDA, CPU"}


@cache
def _operators() -> frozenset[str]:
    """``name.overload`` of every operator of torch that CUDA has, by torch's own list."""
    listed = Path(torchgen.__file__).parent / "packaged/ATen/native/native_functions.yaml"
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    entries = yaml.load(listed.read_text(), Loader=loader)
    has = {_name(entry): _is_on_cuda(entry) for entry in entries}
    for entry in entries:  # whose kernel is that of the overload which writes to a tensor
        if "structured_delegate" in entry:
            has[_name(entry)] = has[entry["structured_delegate"]]
    return frozenset(name for name, is_there in has.items() if is_there)


def _name(entry: dict[str, Any]) -> str:
    return entry["func"].partition("(")[0]


def _is_on_cuda(entry: dict[str, Any]) -> bool:
    keys = entry.get("dispatch")
    if keys is None or "ufunc_inner_loop" in entry:  # made of others that are seen, or for all
        return True
    listed = {key.strip() for told in keys for key in told.split(",")}
    return bool(listed & _ON_CUDA)


def faults_of(name: str, overload: str, tensors: Iterable[Tensor], *, is_view: bool) -> list[str]:
    """Why CUDA would refuse an operator, or do it far slower than it seems.

    Args:
        name: such as ``aten::mm``.
        overload: such as ``out``; empty for the first.
        tensors: among its arguments.
        is_view: it makes no tensor of its own.
    """
    faults: list[str] = []
    floating = [each for each in tensors if each.is_floating_point()]
    is_narrow_attention = f"{name}.{overload}" == _NARROW_ATTENTION
    if is_narrow_attention:
        floating = floating[:3]
    if name.startswith("aten::") and not has_cuda(name, overload):
        faults.append(f"{name} has no kernel for CUDA")
    dtypes = {str(each.dtype) for each in floating}
    if name in _ONE_DTYPE and len(dtypes) > 1:
        faults.append(f"{name} takes one dtype, got {', '.join(sorted(dtypes))}")
    narrow = any(each.dtype in _FLOAT8 for each in floating) and not is_narrow_attention
    if narrow and not is_view and name.startswith("aten::") and name not in _FLOAT8_TAKES:
        faults.append(f"{name} has no kernel for 8-bit tensors")
    return faults


def has_cuda(name: str, overload: str) -> bool:
    """Whether CUDA has an operator of torch."""
    full = name.removeprefix("aten::") + (f".{overload}" if overload else "")
    return full in _operators()


# --- attention ----------------------------------------------------------------------------------

_WIDEST_FUSED = 256  # heads that FlashAttention takes


def attention_kernel(
    queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None, capability: tuple[int, int]
) -> tuple[str, str]:
    """By which kernel torch attends on CUDA, and why by none that is fused.

    The rules are those of ATen/native/transformers/cuda/sdp_utils.cpp for tensors without
    gradients; cuDNN is preferred from capability 9.0 on. Layouts are ``(B, N, L, D)``.

    Returns:
        The kernel: ``cudnn``, ``flash``, ``efficient``, or ``math``, which writes every score to
        memory; and for that the reason.
    """
    dtypes = {each.dtype for each in (queries, keys, values)}
    if len(dtypes) > 1:
        return "math", f"queries, keys and values are of {sorted(map(str, dtypes))}"
    dtype, width = queries.dtype, queries.shape[-1]
    if any(each.stride(-1) != 1 for each in (queries, keys, values)):
        return "math", "the last dimension is not dense"
    is_half = dtype in (torch.float16, torch.bfloat16)
    if is_half and mask is None and width % 8 == 0 and width <= _WIDEST_FUSED:
        fits_cudnn = capability >= (9, 0) and width <= 128 and keys.shape[-2] > 1
        return ("cudnn" if fits_cudnn else "flash"), ""
    multiple = 8 if is_half else 4
    if dtype in (torch.float16, torch.bfloat16, torch.float32) and width % multiple == 0:
        return "efficient", ""
    return "math", f"no fused kernel takes {dtype} with heads of {width}"
