"""Loads published weights into a model that was built without memory, one tensor at a time.

Strict: the names and shapes of the files and of the model must be the same, and what does not fit
is told at once. Peak host memory is that of the model (where it stays on the host) and a few times
that of its largest tensor; a ``.pth`` is read whole.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias, TypeVar

import torch
from accelerate.utils import set_module_tensor_to_device
from torch import Tensor, nn

from model.errors import WeightsError
from model.live_avatar.config import TransformerConfig
from model.live_avatar.network.attention import Attend, attend
from model.live_avatar.network.transformer import Transformer
from model.live_avatar.weights.checkpoint import Lora
from model.live_avatar.weights.key_names import published_names_of
from model.live_avatar.weights.lora import LoraMerger, Shapes
from model.live_avatar.weights.published import LORA_PUBLISHED_AT, PUBLISHED_AT
from model.live_avatar.weights.tensor_reader import open_checkpoint, stored_shapes

_Module = TypeVar("_Module", bound=nn.Module)
#: puts a weight into a model, under the model's own name for it
Put: TypeAlias = Callable[[nn.Module, str, Tensor], None]


def built_empty(make: Callable[[], _Module]) -> _Module:
    """A model on the meta device, which takes no memory and needs no gradients."""
    with torch.device("meta"):
        return make().requires_grad_(False).eval()


def put(model: nn.Module, name: str, value: Tensor) -> None:
    """As it is, the usual :data:`Put`; ``model`` may stand on the meta device."""
    set_module_tensor_to_device(
        model, name, value.device, value=value, dtype=value.dtype, clear_cache=False
    )


def load_transformer(
    config: TransformerConfig,
    path: Path,
    *,
    lora: Lora | None,
    dtype: torch.dtype,
    device: torch.device | str,
    kernel: Attend = attend,
    put_weight: Put = put,
    has_layers: bool = True,
) -> Transformer:
    """The transformer with published weights.

    Args:
        config: its sizes.
        path: index of its shards, or one safetensors file.
        lora: merged into it; None: none.
        dtype: of all its weights.
        device: that holds it.
        kernel: of its attention.
        put_weight: changes weights as they arrive; see :mod:`model.live_avatar.parallel.quantize`.
        has_layers: with blocks and audio injectors, and the LoRA, which is for these alone.

    Raises:
        WeightsError: files are missing, cut short or of another model.
    """
    model = built_empty(lambda: Transformer(config, kernel))
    load_weights(
        model,
        path,
        published_names(model),
        dtype=dtype,
        device=device,
        lora=lora,
        put_weight=put_weight,
        is_wanted=every if has_layers else is_outside_layers,
    )
    if not has_layers:
        drop_layers(model)
    return model


def is_outside_layers(name: str) -> bool:
    """Whether a transformer's weight, by our name, is in no block and no audio injector."""
    return not name.startswith(("blocks.", "injectors."))


def drop_layers(model: Transformer) -> None:
    """Leave what encodes speech and knows sizes: what a rank needs that only decodes."""
    model.blocks, model.injectors = nn.ModuleList(), nn.ModuleList()


def every(name: str) -> bool:
    """All weights."""
    del name
    return True


def published_names(model: nn.Module) -> dict[str, str]:
    """Published name -> ours, of every parameter of a transformer; parts in their order."""
    return {
        published: name
        for name, _ in model.named_parameters()
        for published in published_names_of(name)
    }


def transformer_faults(config: TransformerConfig, path: Path, lora: Lora | None) -> list[str]:
    """What of a transformer's files does not fit, told by their headers alone.

    Args:
        config: its sizes.
        path: index of its shards, or one safetensors file.
        lora: to merge into it; None: none.

    Raises:
        WeightsError: a file is missing, cut short, or not what its name says.
    """
    model = built_empty(lambda: Transformer(config))
    return weights_faults(model, path, published_names(model), lora)


def weights_faults(
    model: nn.Module, path: Path, names: Mapping[str, str], lora: Lora | None = None
) -> list[str]:
    """What of a file does not fit a model, each with its file, told by headers alone.

    Args:
        model: of :func:`built_empty`.
        path: safetensors file, index of shards, or ``.pth``.
        names: published name -> the model's own, of every parameter.
        lora: to merge into it; None: none.

    Raises:
        WeightsError: a file is missing, cut short, or not what its name says.
    """
    wanted = _wanted(model, names)
    faults = [f"{path}: {fault}" for fault in key_faults(wanted, stored_shapes(path))]
    if lora is not None:
        faults += [f"{lora.path}: {fault}" for fault in LoraMerger(lora, wanted).faults]
    return faults


def load_weights(
    model: nn.Module,
    path: Path,
    names: Mapping[str, str],
    *,
    dtype: torch.dtype,
    device: torch.device | str,
    lora: Lora | None = None,
    put_weight: Put = put,
    is_wanted: Callable[[str], bool] = every,
) -> None:
    """Fill a model that stands on the meta device.

    Args:
        model: of :func:`built_empty`; it has no buffers.
        path: safetensors file, index of shards, or ``.pth``.
        names: published name -> the model's own, of every parameter. Several with the same one are
            its parts: in this order they have the same number of its rows each.
        dtype: of all its weights; the LoRA is merged in float32 and cast once.
        device: that holds it, and merges the LoRA.
        lora: merged into the weights; None: none.
        put_weight: is given each weight when it is ready, which is when its last part is there.
        is_wanted: by the model's own name; what is not stays where it is, and is not read.

    Raises:
        WeightsError: names every tensor that is missing, unexpected or misshaped, every key of
            the LoRA that does not fit, or a tensor that is not finite.
        ValueError: ``names`` are not those of the model, or it keeps more than parameters.
    """
    wanted = _wanted(model, names)
    merger = None if lora is None else LoraMerger(lora, wanted)
    checkpoint = open_checkpoint(path)
    _refuse(path, key_faults(wanted, checkpoint.shapes), lora, merger)
    parts = _Parts(names)
    for name, stored in checkpoint.tensors(lambda name: is_wanted(names[name])):
        value = stored.to(device)
        value = (value if merger is None else merger.merge(name, value)).to(dtype)
        _check_finite(path, name, value)
        whole = parts.joined(name, value)
        if whole is not None:
            put_weight(model, names[name], whole)
    if merger is not None and is_wanted is every:  # of a part it may change nothing
        merger.check_changed()


class _Parts:
    """Parts of weights that wait for the others."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names, self._of = names, _parts_by_name(names)
        self._there: dict[str, Tensor] = {}

    def joined(self, name: str, value: Tensor) -> Tensor | None:
        """The whole weight, if ``value`` is the last of its parts that comes; else None."""
        parts = self._of[self._names[name]]
        if len(parts) == 1:
            return value
        self._there[name] = value
        if any(part not in self._there for part in parts):
            return None
        return torch.cat([self._there.pop(part) for part in parts])


def _parts_by_name(names: Mapping[str, str]) -> dict[str, list[str]]:
    """The model's own name -> the published ones."""
    found: dict[str, list[str]] = {}
    for published, ours in names.items():
        found.setdefault(ours, []).append(published)
    return found


def key_faults(wanted: Shapes, found: Shapes) -> list[str]:
    """What does not fit between a model and its files, both under published names."""
    missing = [f"missing: {name} {wanted[name]}" for name in wanted if name not in found]
    unexpected = [f"unexpected: {name} {found[name]}" for name in found if name not in wanted]
    misshaped = [
        f"shape: {name} is {found[name]}, wanted {shape}"
        for name, shape in wanted.items()
        if name in found and found[name] != shape
    ]
    return missing + unexpected + misshaped


def _wanted(model: nn.Module, names: Mapping[str, str]) -> Shapes:
    """Published name -> shape of every parameter."""
    shapes = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
    wrong = shapes.keys() ^ set(names.values())
    unfilled = [name for name, _ in model.named_buffers()]  # no file holds them
    if wrong or unfilled:
        raise ValueError(
            f"names must be those of all of the model's {len(shapes)} tensors, got {len(names)}; "
            f"{sorted(wrong)} differ, {unfilled} are not parameters"
        )
    parts = _parts_by_name(names)
    return {
        name: (shapes[ours][0] // len(parts[ours]), *shapes[ours][1:])
        if len(parts[ours]) > 1
        else shapes[ours]
        for name, ours in names.items()
    }


def _refuse(path: Path, faults: list[str], lora: Lora | None, merger: LoraMerger | None) -> None:
    """Tell everything that does not fit, of both files."""
    told = _wrong_keys(path, faults, PUBLISHED_AT)
    if lora is not None and merger is not None:
        told += _wrong_keys(lora.path, merger.faults, LORA_PUBLISHED_AT)
    if told:
        raise WeightsError("\n".join(told))


def _wrong_keys(path: Path, faults: list[str], published_at: str) -> list[str]:
    if not faults:
        return []
    first = f"{path}: does not fit this model; wrong keys: {len(faults)}"
    return [
        first,
        *(f"  {fault}" for fault in faults),
        f"take the file published at {published_at}",
    ]


def _check_finite(path: Path, name: str, value: Tensor) -> None:
    low, high = value.aminmax()
    if not (low.isfinite() & high.isfinite()):
        raise WeightsError(
            f"{path}: {name} holds numbers that are not finite in {value.dtype}; the file is "
            "damaged, or the dtype is too narrow: download it again, or use bfloat16"
        )
