"""Loads published weights into a model that was built without memory, one tensor at a time.

Strict: the names and shapes of the files and of the model must be the same, and what does not fit
is told at once. Peak host memory is that of the model (where it stays on the host) and a few times
that of its largest tensor; a ``.pth`` is read whole.
"""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TypeVar

import torch
from accelerate.utils import set_module_tensor_to_device
from torch import Tensor, nn

from model.errors import WeightsError
from model.live_avatar.attention import Attend, attend
from model.live_avatar.checkpoint import Lora
from model.live_avatar.config import TransformerConfig
from model.live_avatar.lora import LoraMerger, Shapes
from model.live_avatar.names import published_name
from model.live_avatar.published import LORA_PUBLISHED_AT, PUBLISHED_AT
from model.live_avatar.tensors import open_checkpoint
from model.live_avatar.transformer import Transformer

_Module = TypeVar("_Module", bound=nn.Module)


def built_empty(make: Callable[[], _Module]) -> _Module:
    """A model on the meta device, which takes no memory and needs no gradients."""
    with torch.device("meta"):
        return make().requires_grad_(False).eval()


def load_transformer(
    config: TransformerConfig,
    path: Path,
    *,
    lora: Lora | None,
    dtype: torch.dtype,
    device: torch.device | str,
    kernel: Attend = attend,
) -> Transformer:
    """The transformer with published weights.

    Args:
        config: its sizes.
        path: index of its shards, or one safetensors file.
        lora: merged into it; None: none.
        dtype: of all its weights.
        device: that holds it.
        kernel: of its attention.

    Raises:
        WeightsError: files are missing, cut short or of another model.
    """
    model = built_empty(lambda: Transformer(config, kernel))
    load_weights(model, path, published_names(model), dtype=dtype, device=device, lora=lora)
    return model


def published_names(model: nn.Module) -> dict[str, str]:
    """Published name -> ours, of every parameter of a transformer."""
    return {published_name(name): name for name, _ in model.named_parameters()}


def load_weights(
    model: nn.Module,
    path: Path,
    names: Mapping[str, str],
    *,
    dtype: torch.dtype,
    device: torch.device | str,
    lora: Lora | None = None,
) -> None:
    """Fill a model that stands on the meta device.

    Args:
        model: of :func:`built_empty`.
        path: safetensors file, index of shards, or ``.pth``.
        names: published name -> the model's own, for every parameter; parameters that are one
            tensor (tied) by any one of their names.
        dtype: of all its weights; the LoRA is merged in float32 and cast once.
        device: that holds it, and merges the LoRA.
        lora: merged into the weights; None: none.

    Raises:
        WeightsError: names every tensor that is missing, unexpected, misshaped or not finite, and
            every key of the LoRA that does not fit.
        ValueError: ``names`` does not cover the model, or it keeps tensors beside its parameters.
    """
    tied = _tied_names(model, names.values())
    wanted = {name: tuple(model.get_parameter(ours).shape) for name, ours in names.items()}
    merger = None if lora is None else LoraMerger(lora, wanted)
    checkpoint = open_checkpoint(path)
    _refuse(path, key_faults(wanted, checkpoint.shapes), PUBLISHED_AT)
    if lora is not None and merger is not None:
        _refuse(lora.path, merger.faults, LORA_PUBLISHED_AT)
    for name, stored in checkpoint.tensors():
        value = stored.to(device)
        value = (value if merger is None else merger.merge(name, value)).to(dtype)
        _check_finite(path, name, value)
        for ours in tied[names[name]]:
            set_module_tensor_to_device(
                model, ours, device, value=value, dtype=dtype, clear_cache=False
            )
    if merger is not None:
        merger.check_changed()


def key_faults(wanted: Shapes, found: Shapes) -> list[str]:
    """What does not fit between a model and a checkpoint, by published names.

    Args:
        wanted: by the model.
        found: in the files.
    """
    missing = [f"missing: {name} {wanted[name]}" for name in wanted if name not in found]
    unexpected = [f"unexpected: {name} {found[name]}" for name in found if name not in wanted]
    misshaped = [
        f"shape: {name} is {found[name]}, wanted {shape}"
        for name, shape in wanted.items()
        if name in found and tuple(found[name]) != tuple(shape)
    ]
    return missing + unexpected + misshaped


def _refuse(path: Path, faults: list[str], published_at: str) -> None:
    if faults:
        told = "\n  ".join(faults)
        raise WeightsError(
            f"{path}: does not fit this model, {len(faults)} keys are wrong:\n  {told}\n"
            f"take the files published at {published_at}"
        )


def _check_finite(path: Path, name: str, value: Tensor) -> None:
    low, high = value.aminmax()
    if not (low.isfinite() & high.isfinite()):
        raise WeightsError(
            f"{path}: {name} holds numbers that are not finite in {value.dtype}; the file is "
            "damaged, or the dtype is too narrow: download it again, or use bfloat16"
        )


def _tied_names(model: nn.Module, covered: Collection[str]) -> dict[str, list[str]]:
    """All names of each parameter that ``covered`` names."""
    by_identity: dict[int, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        by_identity.setdefault(id(parameter), []).append(name)
    groups = list(by_identity.values())
    uncovered = [group for group in groups if sum(name in covered for name in group) != 1]
    strangers = set(covered) - {name for group in groups for name in group}
    buffers = [name for name, buffer in model.named_buffers() if buffer.is_meta]
    if uncovered or strangers or buffers:
        raise ValueError(
            f"names must cover every parameter once: not so {uncovered}; unknown "
            f"{sorted(strangers)}; buffers without content {buffers}"
        )
    return {name: group for group in groups for name in group if name in covered}
