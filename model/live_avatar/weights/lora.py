"""The LoRA, merged into each linear layer while it is loaded: ``W + alpha / rank * B @ A``.

A LoRA that changes nothing is never taken in silence: every key must be known, every layer that
the published LoRA adapts must have its pair.
"""

import re
from collections.abc import Collection, Mapping

import torch
from torch import Tensor

from model.errors import WeightsError
from model.live_avatar.weights.checkpoint import Lora, StoredTensor, stored_tensors
from model.live_avatar.weights.tensor_reader import read_tensor

# of both forms of keys that the reference takes: as peft saves them, and without its prefix
_KEY = re.compile(r"(?:base_model\.model\.)?(?P<linear>.+)\.lora_(?P<side>[AB])\.default\.weight")
#: layers that the published LoRA adapts, all of them
TARGET = re.compile(
    r"blocks\.\d+\.(?:self_attn\.[qkvo]|cross_attn\.[qkvo]|ffn\.[02])"
    r"|audio_injector\.injector\.\d+\.[qkvo]"
)
_WEIGHT = ".weight"

Shapes = Mapping[str, tuple[int, ...]]


class LoraMerger:
    """Merges one LoRA, tensor by tensor; at no time is more than one pair in memory.

    Attributes:
        faults: every key that does not fit, in words; merge only where there are none.
    """

    def __init__(self, lora: Lora, weights: Shapes) -> None:
        """Pair the file's keys with the layers of a model.

        Args:
            lora: what to merge.
            weights: published name and shape of every parameter.

        Raises:
            WeightsError: the file is missing, cut short, or no safetensors file.
        """
        self._lora = lora
        self._pairs: dict[str, dict[str, StoredTensor]] = {}
        self.faults: list[str] = []
        for key, stored in stored_tensors(lora.path).items():
            self._add(key, stored)
        self.faults += _unknown(self._pairs, weights)
        self.faults += _incomplete(self._pairs, weights)
        self.faults += self._misshaped(weights)
        self._has_changed = False

    def merge(self, name: str, weight: Tensor) -> Tensor:
        """``weight``, in float32 with its change added; as it is where the LoRA has none.

        Args:
            name: published name of the parameter.
            weight: on the device that computes.
        """
        pair = self._pairs.get(name.removesuffix(_WEIGHT)) if name.endswith(_WEIGHT) else None
        if pair is None:
            return weight
        down, up = (read_tensor(pair[side]).to(weight.device, torch.float32) for side in "AB")
        self._has_changed |= bool(up.any() & down.any())
        return (up @ down).mul_(self._lora.scale).add_(weight)

    def check_changed(self) -> None:
        """Refuse a LoRA whose changes were all zero.

        Raises:
            WeightsError: they were.
        """
        if not self._has_changed:
            raise WeightsError(
                f"{self._lora.path}: changes nothing, because in every pair one matrix is zero: "
                "it was never trained; take the published file"
            )

    def _add(self, key: str, stored: StoredTensor) -> None:
        match = _KEY.fullmatch(key)
        if match is None:
            self.faults.append(f"unknown key: {key} {stored.shape}{_advice(key)}")
            return
        sides = self._pairs.setdefault(match["linear"], {})
        if match["side"] in sides:
            self.faults.append(f"given twice, with and without base_model.model.: {key}")
        sides[match["side"]] = stored

    def _misshaped(self, weights: Shapes) -> list[str]:
        faults: list[str] = []
        for linear, sides in self._pairs.items():
            if linear + _WEIGHT not in weights:
                continue
            num_out, num_in = weights[linear + _WEIGHT]
            wanted = {"A": (self._lora.rank, num_in), "B": (num_out, self._lora.rank)}
            faults += [
                f"shape: {linear}.lora_{side} is {stored.shape}, wanted {wanted[side]}"
                for side, stored in sides.items()
                if stored.shape != wanted[side]
            ]
        return faults


def _unknown(pairs: Collection[str], weights: Shapes) -> list[str]:
    return [
        f"for a layer that is not adapted here: {linear}"
        for linear in pairs
        if not TARGET.fullmatch(linear) or linear + _WEIGHT not in weights
    ]


def _incomplete(pairs: Mapping[str, Mapping[str, StoredTensor]], weights: Shapes) -> list[str]:
    targets = [
        name.removesuffix(_WEIGHT)
        for name in weights
        if name.endswith(_WEIGHT) and TARGET.fullmatch(name.removesuffix(_WEIGHT))
    ]
    return [
        f"missing: {linear}.lora_{side}.default.weight"
        for linear in targets
        for side in "AB"
        if side not in pairs.get(linear, {})
    ]


def _advice(key: str) -> str:
    if ".default." not in key and (".lora_A." in key or ".lora_B." in key):
        return "; `.default` is missing before `.weight`: save it with its adapter's name"
    return ""
