"""The transformer's large linear layers in 8 bits (e4m3), put into a model from outside.

A weight is quantized once, when it arrives or where it is; what goes into a layer, at every call.
Both are divided by a scale that takes the largest value to 448, the largest of the format; a
scale belongs to a row (an output channel of a weight, a token) or to the whole tensor. Where there
is CUDA the products are made in 8 bits (``torch._scaled_mm``), elsewhere the same 8-bit values are
multiplied in float32: the two differ in the order and width of their sums alone.

What stays as it is: the embedding of time, its projection, the head and the audio encoder, which
compute in float32; the embedding of text, used once a prompt; convolutions; norms. They hold 2.2 %
of the weights.

Shapes: M rows, K values of a row, N output channels.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeAlias

import torch
import torch.nn.functional as F  # noqa: N812  the field's name for it
from einops import rearrange
from torch import Tensor, nn

from model.errors import ResourceError
from model.live_avatar.config import TransformerConfig
from model.live_avatar.network.transformer import Transformer
from model.live_avatar.planning.gpus import FLOAT8_CAPABILITY
from model.live_avatar.weights.key_names import parts_of
from model.live_avatar.weights.state import Put, put

FLOAT8 = torch.float8_e4m3fn
LARGEST = torch.finfo(FLOAT8).max
MULTIPLE = 16  # of K and N: what the products in 8 bits take
# below it a quotient could overflow; rows of zeros have it
_LEAST_SCALE = torch.finfo(torch.float32).tiny
_IN_BLOCK = (
    "self_attn.qkv",
    "self_attn.o",
    *(f"cross_attn.{part}" for part in "qkvo"),
    "ffn.0",
    "ffn.2",
)


@dataclass(frozen=True)
class Float8:
    """Which layers are quantized, and how finely; by default all that the reference quantizes.

    Attributes:
        by_channel: every output channel of a weight has its scale; else a weight has one.
        by_token: every token has its scale; else all tokens of a call have one (the reference's
            way: a token then depends on what it is computed with).
        num_first_kept: blocks at the beginning that stay as they are: what they round, all others
            compute with.
        num_last_kept: blocks at the end that stay as they are: no other makes up for them.
        keeps_adaptive: the injectors' norm layers stay as they are: each sets the scale of a whole
            latent frame, and for three rows 8 bits save memory alone (0.63 GB at 14B).
        adds_fast: on CUDA, sums are held in the matrix units, as the reference does, at less than
            float32's width; else they are moved to float32 as they grow.
    """

    by_channel: bool = True
    by_token: bool = True
    num_first_kept: int = 0
    num_last_kept: int = 0
    keeps_adaptive: bool = False
    adds_fast: bool = True

    def __post_init__(self) -> None:
        if min(self.num_first_kept, self.num_last_kept) < 0:
            raise ValueError(
                "num_first_kept and num_last_kept must not be negative, got "
                f"{self.num_first_kept} and {self.num_last_kept}"
            )


#: by the engine's setting ``dtype``
FLOAT8_RULES: Mapping[str, Float8] = {
    "float8": Float8(),
    "float8-kept": Float8(num_first_kept=1, num_last_kept=1, keeps_adaptive=True),
    "float8-tensor": Float8(by_channel=False, by_token=False),
}
#: in which all but the layers of 8 bits compute, by the same setting
TORCH_DTYPES: Mapping[str, torch.dtype] = {
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "float32": torch.float32,
    **dict.fromkeys(FLOAT8_RULES, torch.bfloat16),
}


class Scaled(NamedTuple):
    """A matrix in 8 bits: ``values * scale`` is what it stands for.

    Attributes:
        values: ``(M, K)``, e4m3.
        scale: ``(M, 1)``, or ``(1, 1)`` for all of it; float32.
    """

    values: Tensor
    scale: Tensor


#: activations ``(M, K)``, weight ``(N, K)``, bias, dtype of the result -> ``(M, N)``
Product: TypeAlias = Callable[[Scaled, Scaled, Tensor | None, torch.dtype], Tensor]


# --- values and products ---


def scaled(x: Tensor, *, by_row: bool) -> Scaled:
    """``x`` in 8 bits, the nearest values; what is not finite makes its row NaN.

    Args:
        x: ``(M, K)``.
        by_row: every row has a scale; else there is one.
    """
    size = x.abs()
    largest = size.amax(1, keepdim=True) if by_row else size.amax().view(1, 1)
    scale = (largest.float() / LARGEST).clamp_min(_LEAST_SCALE)
    return Scaled((x / scale).to(FLOAT8), scale)


def product_in_float32(
    rows: Scaled, weight: Scaled, bias: Tensor | None, dtype: torch.dtype
) -> Tensor:
    """A :data:`Product` for every device."""
    out = F.linear(rows.values.float(), weight.values.float()) * rows.scale * weight.scale.t()
    return (out if bias is None else out + bias.float()).to(dtype)


def product_in_float8(
    rows: Scaled,
    weight: Scaled,
    bias: Tensor | None,
    dtype: torch.dtype,
    *,
    adds_fast: bool,
) -> Tensor:
    """A :data:`Product` for CUDA devices; of tests, on the CPU too."""
    row_scale, scale = rows.scale, weight.scale
    if row_scale.numel() != 1 or scale.numel() != 1:  # both by rows, or neither
        row_scale = row_scale.expand(len(rows.values), 1).contiguous()
        scale = scale.expand(len(weight.values), 1).contiguous()
    return torch.ops.aten._scaled_mm(
        rows.values,
        weight.values.t(),
        row_scale,
        scale.t(),
        bias=bias,
        out_dtype=dtype,
        use_fast_accum=adds_fast,
    )


def product_on(device: torch.device, rule: Float8) -> Product:
    """How products are made on a device.

    Raises:
        ResourceError: a CUDA device that has none in 8 bits.
    """
    if device.type != "cuda":
        return product_in_float32
    check_capability(torch.cuda.get_device_capability(device), str(device))
    return partial(product_in_float8, adds_fast=rule.adds_fast)


def has_float8(device: torch.device) -> bool:
    """Whether a device can compute in 8 bits; a CPU can, without gain of speed."""
    return device.type != "cuda" or torch.cuda.get_device_capability(device) >= FLOAT8_CAPABILITY


def check_capability(capability: tuple[int, int], device_name: str) -> None:
    """Refuse a CUDA device without products in 8 bits.

    Raises:
        ResourceError: names the device, what it can and what it must.
    """
    if capability < FLOAT8_CAPABILITY:
        found, least = (".".join(map(str, each)) for each in (capability, FLOAT8_CAPABILITY))
        raise ResourceError(
            f"engine live-avatar: {device_name} has compute capability {found}; dtype float8 "
            f"needs {least} or newer (Ada, Hopper, Blackwell): use such a GPU, or dtype bfloat16"
        )


# --- layers ---


class Float8Linear(nn.Module):
    """A linear layer whose weight is held in 8 bits; it takes and gives the bias's dtype."""

    def __init__(self, weight: Scaled, bias: Tensor | None, product: Product, by_token: bool):
        super().__init__()
        self.weight = nn.Parameter(weight.values, requires_grad=False)
        self.scale = nn.Parameter(weight.scale, requires_grad=False)
        self.bias = None if bias is None else nn.Parameter(bias, requires_grad=False)
        self.product, self.by_token = product, by_token

    def forward(self, x: Tensor) -> Tensor:
        """``(..., K)`` -> ``(..., N)``, in ``x``'s dtype."""
        rows = scaled(rearrange(x, "... k -> (...) k"), by_row=self.by_token)
        out = self.product(rows, Scaled(self.weight, self.scale), self.bias, x.dtype)
        return out.unflatten(0, x.shape[:-1])


def float8_layers(config: TransformerConfig, rule: Float8) -> list[str]:
    """Names of the layers that are quantized.

    Raises:
        ValueError: more blocks are kept than there are.
    """
    end = config.num_layers - rule.num_last_kept
    if rule.num_first_kept > end:
        raise ValueError(
            f"num_first_kept {rule.num_first_kept} and num_last_kept {rule.num_last_kept} must "
            f"not be more than the model's {config.num_layers} blocks"
        )
    in_injector = [f"attention.{part}" for part in "qkvo"]
    in_injector += [] if rule.keeps_adaptive else ["adaptive"]
    return [
        *(f"blocks.{b}.{part}" for b in range(rule.num_first_kept, end) for part in _IN_BLOCK),
        *(
            f"injectors.{i}.{part}"
            for i in range(len(config.inject_layers))
            for part in in_injector
        ),
    ]


def float8_put(config: TransformerConfig, rule: Float8, device: torch.device) -> Put:
    """How weights are put into a transformer while it is loaded: each quantized as it arrives.

    At no time is more than one of the chosen weights held in more than 8 bits. The layers are the
    same, bit by bit, as those of :func:`quantize`.

    Args:
        config: the transformer's sizes.
        rule: which layers, and how.
        device: that holds the weights.

    Raises:
        ResourceError: the device has no products in 8 bits.
        ValueError: see :func:`float8_layers`.
    """
    layers = {f"{name}.weight": name for name in float8_layers(config, rule)}
    product = product_on(device, rule)

    def put_or_quantize(model: nn.Module, name: str, value: Tensor) -> None:
        if name in layers:
            _replace(model, layers[name], value, rule, product)
        else:
            put(model, name, value)

    return put_or_quantize


def quantize(model: Transformer, rule: Float8) -> None:
    """Replace the linear layers of a finished transformer, one by one, where they are.

    Args:
        model: with its weights, on the device where it is used.
        rule: which layers, and how.

    Raises:
        ResourceError: the device has no products in 8 bits.
        ValueError: a layer is quantized already, or cannot be; see :func:`float8_layers` too.
    """
    product = product_on(model.patch_embedding.weight.device, rule)
    for name in float8_layers(model.config, rule):
        _replace(model, name, model.get_parameter(f"{name}.weight"), rule, product)


def _replace(model: nn.Module, name: str, weight: Tensor, rule: Float8, product: Product) -> None:
    linear = model.get_submodule(name)
    if not isinstance(linear, nn.Linear):
        raise ValueError(f"{name} must be a linear layer, got {type(linear).__name__}")
    if weight.shape[0] % MULTIPLE or weight.shape[1] % MULTIPLE:
        raise ValueError(f"{name}: both sides must be multiples of {MULTIPLE}, got {weight.shape}")
    if product is not product_in_float32 and weight.dtype == torch.float32:
        raise ValueError(f"{name} is in float32; on CUDA, float8 needs bfloat16 or float16")
    held = _held(weight, len(parts_of(f"{name}.weight")), rule)
    bias = linear.bias
    model.set_submodule(name, Float8Linear(held, bias, product, rule.by_token), strict=True)


def _held(weight: Tensor, num_parts: int, rule: Float8) -> Scaled:
    """A weight in 8 bits; each part of one that is joined has the scale it would have alone."""
    if num_parts == 1 or rule.by_channel:
        return scaled(weight, by_row=rule.by_channel)
    parts = [scaled(part, by_row=False) for part in weight.chunk(num_parts)]
    scales = [part.scale.expand(len(part.values), 1) for part in parts]
    return Scaled(torch.cat([part.values for part in parts]), torch.cat(scales))
