"""Reads what the transformer's layers give, call by call, under the names of the golden taps."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from model.live_avatar.config import BLOCK_LATENTS, PATCH, REFERENCE_POSITION
from model.live_avatar.network.cache import StepCache
from model.live_avatar.network.rope import motion_table, rope_table
from model.live_avatar.network.transformer import Transformer

_NAME = re.compile(r"tap\.(?P<call>(?:sink|infer)\d+)\.(?P<what>.+?)(?:@tok(?P<step>\d+))?")


@dataclass(frozen=True)
class _Wanted:
    name: str
    step: int

    def of(self, output: Tensor) -> Tensor:
        return output[:, :: self.step].clone()


class Taps:
    """Keeps the wanted outputs of a run, and every velocity.

    Calls are named as the reference made them: ``infer`` and a number, or ``sink`` and a number
    that counts by the steps, as it fills one memory after the other.

    Attributes:
        seen: tap's name -> tensor.
        velocities: ``(16, 3, h, w)`` of every call, in order.
    """

    def __init__(self, model: Transformer, names: Iterable[str], num_steps: int) -> None:
        self.seen: dict[str, Tensor] = {}
        self.velocities: list[Tensor] = []
        self._model, self._num_steps = model, num_steps
        self._num_sinks, self._call = 0, ""
        self._wanted: dict[str, dict[str, _Wanted]] = defaultdict(dict)
        for name in names:
            if found := _NAME.fullmatch(name):
                wanted = _Wanted(name, int(found["step"] or 1))
                self._wanted[found["call"]][found["what"]] = wanted
        self._handles = list(self._hooked())

    def close(self) -> None:
        """Take all hooks away."""
        for handle in self._handles:
            handle.remove()

    def _keep(self, what: str, output: Any, call: str | None = None) -> None:
        wanted = self._wanted[call or self._call].get(what)
        if wanted is not None:
            self.seen[wanted.name] = wanted.of(output)

    def _hooked(self) -> Iterable[RemovableHandle]:
        model = self._model
        yield model.frame_packer.register_forward_pre_hook(self._at_sink)
        yield model.register_forward_pre_hook(self._at_call)
        yield model.register_forward_hook(self._after_call)
        yield model.audio_encoder.register_forward_hook(self._at_audio)
        yield model.text_embedding.register_forward_hook(self._at_text)
        yield self._after(model.head, "head.out")
        for index, block in enumerate(model.layers):
            yield self._before(block, f"block{index}.in")
            yield self._after(block, f"block{index}.out")
            yield self._after(block.ffn, f"block{index}.ffn.out")
            for kind in ("self_attn", "cross_attn"):
                attention = getattr(block, kind)
                asked = attention.qkv if kind == "self_attn" else attention.q
                yield self._before(asked, f"block{index}.{kind}.in")
                yield self._after(attention.o, f"block{index}.{kind}.out")
        layers = zip(model.config.inject_layers, model.audio_injectors, strict=True)
        for index, (layer, injector) in enumerate(layers):
            yield self._before(injector.attention.q, f"injector{index}.adain.out")
            yield self._after(injector.attention.o, f"injector{index}.out")
            yield self._after(injector, f"block{layer}.after_audio")

    def _before(self, module: nn.Module, what: str) -> RemovableHandle:
        return module.register_forward_pre_hook(lambda _m, inputs: self._keep(what, inputs[0]))

    def _after(self, module: nn.Module, what: str) -> RemovableHandle:
        return module.register_forward_hook(lambda _m, _i, output: self._keep(what, output))

    def _at_text(self, _module: nn.Module, _inputs: object, output: Tensor) -> None:
        """Text is embedded once, long before the call under whose name it is stored."""
        for call in tuple(self._wanted):
            self._keep("text_embedded", output, call)

    def _at_audio(self, _module: nn.Module, inputs: Any, output: tuple[Tensor, Tensor]) -> None:
        """A block is heard before its first step; it hears the same at all."""
        first = len(self.velocities)
        for call in range(first, first + self._num_steps):
            keep = partial(self._keep, call=f"infer{call:03d}")
            keep("audio_in", inputs[0])
            keep("audio_global", output[0])
            keep("audio_local", output[1])

    def _at_sink(self, _module: nn.Module, inputs: Any) -> None:
        self._call = f"sink{self._num_sinks * self._num_steps:03d}"
        self._num_sinks += 1
        grid = _Grid.of(inputs[0], self._model)
        self._keep("rope0", _pairs(grid.table([REFERENCE_POSITION])))
        self._keep("rope_motion", _pairs(grid.motion()))
        self._keep_time(torch.zeros(BLOCK_LATENTS))

    def _at_call(self, _module: nn.Module, inputs: Any) -> None:
        latents, timesteps, _audio, _text, cache, table, _position = inputs
        self._call = f"infer{len(self.velocities):03d}"
        self._keep("rope0", _pairs(table))
        self._keep("rope1", _pairs(_Grid.of(latents, self._model).sink(cache)))
        self._keep_time(timesteps)

    def _after_call(self, _module: nn.Module, _inputs: object, output: Tensor) -> None:
        self.velocities.append(output[0])

    def _keep_time(self, timesteps: Tensor) -> None:
        both = torch.cat((timesteps, torch.zeros_like(timesteps)))
        embedded, modulations = self._model.time(both)
        self._keep("time_emb_e", embedded)
        self._keep("time_proj_e0", modulations.flatten(1))


@dataclass(frozen=True)
class _Grid:
    """Of latents, and the tables of its positions."""

    height: int
    width: int
    head_dim: int

    @classmethod
    def of(cls, latents: Tensor, model: Transformer) -> "_Grid":
        height, width = latents.shape[-2:]
        return cls(height, width, model.config.head_dim)

    def table(self, frames: list[int]) -> Tensor:
        rows, columns = range(self.height // PATCH), range(self.width // PATCH)
        return rope_table(frames, rows, columns, self.head_dim)

    def motion(self) -> Tensor:
        return motion_table(self.height, self.width, self.head_dim)

    def sink(self, cache: StepCache) -> Tensor:
        assert cache.reference_position is not None
        return torch.cat((self.table([cache.reference_position]), self.motion()), dim=1)


def _pairs(table: Tensor) -> Tensor:
    """``(2, L, D/2)`` -> ``(1, L, D/2, 2)`` float32, as the golden tables are stored."""
    return table.movedim(0, -1)[None].float()
