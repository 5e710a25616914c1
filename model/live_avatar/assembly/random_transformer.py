"""A transformer with random weights, and how any model gets them.

The same preset has the same weights everywhere.
"""

import zlib
from collections.abc import Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn

from model.live_avatar.network.transformer import Transformer
from model.live_avatar.planning.sizes import MODELS, PUBLISHED, ModelSizes
from model.live_avatar.weights.key_names import parts_of
from model.live_avatar.weights.location import RandomPreset
from model.live_avatar.weights.state import Put, built_empty, drop_layers, put

_NORM_SPREAD = 0.1
_Model = TypeVar("_Model", bound=nn.Module)


SIZES: Mapping[RandomPreset, ModelSizes] = {
    "tiny": MODELS["tiny"],
    "14b": MODELS[PUBLISHED],
}
"""Of the models that random weights are for."""


def random_transformer(
    preset: RandomPreset,
    dtype: torch.dtype,
    device: torch.device,
    put_weight: Put = put,
    *,
    has_layers: bool = True,
) -> Transformer:
    """The transformer of :func:`model.live_avatar.assembly.random_weights.untrained` alone."""
    model = built_empty(lambda: Transformer(SIZES[preset].transformer))
    if not has_layers:
        drop_layers(model)
    return filled(model, dtype, device, put_weight)


def filled(
    model: _Model, dtype: torch.dtype, device: torch.device, put_weight: Put = put
) -> _Model:
    """``model`` with every parameter drawn by its name, small, and none zero.

    It may stand on the meta device.
    """
    for name, parameter in list(model.named_parameters()):
        parts = parts_of(name)
        shapes = [part.shape for part in parameter.chunk(len(parts))]
        drawn = [
            _drawn(part, shape, device).to(dtype) for part, shape in zip(parts, shapes, strict=True)
        ]
        put_weight(model, name, drawn[0] if len(drawn) == 1 else torch.cat(drawn))
    for module in model.modules():
        for name, buffer in list(module.named_buffers(recurse=False)):
            setattr(module, name, buffer.to(device))
    return model.eval().requires_grad_(False)


def _drawn(name: str, shape: torch.Size, device: torch.device) -> Tensor:
    source = torch.Generator(device).manual_seed(zlib.crc32(name.encode()))
    value = torch.randn(shape, generator=source, device=device, dtype=torch.float32)
    if value.dim() > 1:
        return value / value[0].numel() ** 0.5
    offset = 1.0 if name.endswith(("weight", "gamma")) else 0.0
    return value * _NORM_SPREAD + offset
