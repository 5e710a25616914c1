"""A transformer's weights under the names of the published files, and back."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from model.live_avatar.weights.key_names import our_name, published_names_of
from model.live_avatar.weights.state import published_names


def published_tensors(model: nn.Module) -> dict[str, Tensor]:
    """Published name -> what a file holds: of weights that are joined here, each part alone."""
    found: dict[str, Tensor] = {}
    for name, weight in model.named_parameters():
        names = published_names_of(name)
        parts = [part.clone() for part in weight.chunk(len(names))] if len(names) > 1 else [weight]
        found.update(zip(names, parts, strict=True))
    return found


def published_part(weights: Mapping[str, Tensor], published: str) -> Tensor:
    """One published tensor out of a model's ``state_dict()``."""
    ours = our_name(published)
    names = published_names_of(ours)
    if len(names) == 1:
        return weights[ours]
    return weights[ours].chunk(len(names))[names.index(published)]


def joined(model: nn.Module, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A model's ``state_dict()`` of published tensors."""
    parts: dict[str, list[Tensor]] = {}
    for published, ours in published_names(model).items():
        parts.setdefault(ours, []).append(tensors[published])
    assert set(tensors) == set(published_names(model))
    return {name: torch.cat(each) if len(each) > 1 else each[0] for name, each in parts.items()}
