"""Attention whose products are made in 8 bits (e4m3), by FlashAttention-3 on GPUs that have it.

Queries, keys and values are divided by a scale of each head, a power of two that takes the head's
largest value into the format's range. Such a division is exact, so that a value is rounded once,
and the same whatever computes it; the kernel multiplies the scales back. Inside it, scores are held
in float32 and their exponentials are rounded to 8 bits before they meet the values.

Shapes: B batch, L tokens, N heads, D head dim.
"""

import math
from typing import NamedTuple

import torch
from einops import rearrange
from torch import Tensor
from torch.nn.attention.experimental._scaled_dot_product_attention_quantized import (
    _scaled_dot_product_attention_quantized,  # torch's only way to the kernel's scales
)

FLOAT8 = torch.float8_e4m3fn
LARGEST = torch.finfo(FLOAT8).max
# of scales: the inverse of the least is a number of float16 too, that of the largest one of bf16
_EXPONENTS = (-14, 120)
_BIAS, _MANTISSA_BITS = 127, 23  # of float32


class ScaledHeads(NamedTuple):
    """``values * scale`` is what they stand for.

    Attributes:
        values: ``(B, N, L, D)``, e4m3.
        scale: ``(B, N)`` float32, powers of two.
    """

    values: Tensor
    scale: Tensor


def scaled_heads(x: Tensor) -> ScaledHeads:
    """``(B, L, N, D)`` in 8 bits, the nearest values; what is not finite makes its head NaN."""
    largest = torch.linalg.vector_norm(x, ord=math.inf, dim=(1, 3), dtype=torch.float32)
    _, exponent = torch.frexp(largest / LARGEST)
    exponent = exponent.clamp(*_EXPONENTS)
    inverse = rearrange(_power_of_two(-exponent).to(x.dtype), "b n -> b 1 n 1")
    values = rearrange((x * inverse).to(FLOAT8), "b l n d -> b n l d")
    unbroken = largest * 0  # else NaN: a conversion to 8 bits may make infinity a number
    return ScaledHeads(values, _power_of_two(exponent) + unbroken)


def _power_of_two(exponent: Tensor) -> Tensor:
    """Float32, made of its bits: a GPU's power function may be off by the last one."""
    return ((exponent + _BIAS) << _MANTISSA_BITS).view(torch.float32)


def attend_in_float8(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """See :data:`.attention.Attend`; the result has the queries' dtype.

    Raises:
        RuntimeError: they have more than 16 bits, or the device has no such kernel.
    """
    if queries.dtype == torch.float32:
        raise RuntimeError("products in 8 bits are not for a segment that is made in float32")
    q, k, v = (scaled_heads(each) for each in (queries, keys, values))
    found = _scaled_dot_product_attention_quantized(
        q.values,
        k.values,
        v.values,
        q_descale=q.scale,
        k_descale=k.scale,
        v_descale=v.scale,
    )
    return rearrange(found.to(queries.dtype), "b n l d -> b l n d")
