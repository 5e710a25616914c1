"""Keys and values that blocks attend to: the sink (reference and motion), then a ring of the past.

One buffer per layer and denoising step, the sink in front, so that attention reads one stretch
and nothing is joined. Keys are stored turned; those of the reference are turned again only when
its position moves, from a copy that all steps share. The ring's order does not matter: positions
are in the keys.

Shapes: C sink tokens, p reference tokens of it, R ring tokens, T tokens of a block, N heads, D head
dim.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import torch
from torch import Tensor

from model.live_avatar.network.rope import rotate, turn_into

#: as :func:`turn_into`: ``(target, keys (1, T, N, D), table (2, T, D/2))``
TurnInto: TypeAlias = Callable[[Tensor, Tensor, Tensor], None]


@dataclass(frozen=True)
class Sink:
    """What prefill leaves of one layer: keys ``(1, C, N, D)`` not turned yet, and values."""

    keys: Tensor
    values: Tensor

    def turned(self, table: Tensor, num_reference: int) -> "TurnedSink":
        """As caches take it; ``table`` ``(2, C, D/2)``, and p."""
        reference = self.keys[:, :num_reference].clone()
        return TurnedSink(rotate(self.keys, table), self.values, reference)


@dataclass(frozen=True)
class TurnedSink:
    """The same with its keys turned.

    Attributes:
        keys: ``(1, C, N, D)``.
        values: the same shape.
        reference: keys of the reference as they were, ``(1, p, N, D)``.
    """

    keys: Tensor
    values: Tensor
    reference: Tensor


@dataclass
class LayerCache:
    """Keys and values of one layer at one denoising step.

    Attributes:
        keys: ``(1, C + R, N, D)``.
        values: the same shape.
        num_sink: C.
        num_filled: tokens of the ring that hold something.
    """

    keys: Tensor
    values: Tensor
    num_sink: int
    num_filled: int = 0

    @property
    def ring_size(self) -> int:
        """R."""
        return self.keys.shape[1] - self.num_sink

    def room(self, position: int, num_tokens: int) -> tuple[Tensor, Tensor]:
        """Where a block's turned keys and its values go: where the oldest ones are.

        Args:
            position: index of the block's first token, counted from the video's beginning.
            num_tokens: T; the ring is a multiple of it long.

        Returns:
            Two views of this cache, ``(1, T, N, D)``, to be filled before anything attends.
        """
        start = self.num_sink + position % self.ring_size
        end = start + num_tokens
        self.num_filled = max(self.num_filled, min(self.ring_size, end - self.num_sink))
        return self.keys[:, start:end], self.values[:, start:end]

    def attended(self) -> tuple[Tensor, Tensor]:
        """What there is: the sink and the filled part of the ring, the latest room included."""
        end = self.num_sink + self.num_filled
        return self.keys[:, :end], self.values[:, :end]


@dataclass
class StepCache:
    """The caches of all layers at one denoising step, and where the reference was last seen.

    Attributes:
        layers: in order.
        references: of every layer, keys of the reference that are not turned ``(1, p, N, D)``.
        reference_position: the latent where its keys in ``layers`` are; None: as they were taken.
    """

    layers: list[LayerCache]
    references: dict[int, Tensor] = field(default_factory=dict[int, Tensor])
    reference_position: int | None = None

    @classmethod
    def empty(
        cls,
        *,
        num_layers: int,
        num_sink: int,
        ring_size: int,
        num_heads: int,
        head_dim: int,
        dtype: torch.dtype,
        device: torch.device | str,
    ) -> "StepCache":
        """Buffers without content."""
        shape = (1, num_sink + ring_size, num_heads, head_dim)

        def buffer() -> Tensor:
            return torch.zeros(shape, dtype=dtype, device=device)

        return cls([LayerCache(buffer(), buffer(), num_sink) for _ in range(num_layers)])

    def take_sink(self, layer_index: int, sink: TurnedSink) -> None:
        """Set the sink of one layer."""
        self.references[layer_index], self.reference_position = sink.reference, None
        layer = self.layers[layer_index]
        layer.keys[:, : layer.num_sink] = sink.keys
        layer.values[:, : layer.num_sink] = sink.values

    def move_reference(self, position: int, table: Tensor, turn: TurnInto = turn_into) -> None:
        """Turn the reference's keys to ``position``; ``table`` ``(2, p, D/2)`` is for it."""
        if position == self.reference_position:
            return
        num_tokens = table.shape[1]
        for index, layer in enumerate(self.layers):
            turn(layer.keys[:, :num_tokens], self.references[index], table)
        self.reference_position = position


def take_sinks(
    caches: Sequence[StepCache], sinks: Iterable[Sink], table: Tensor, num_reference: int
) -> None:
    """Set the sink of every step, layer by layer: no layer's is kept while the next is made.

    Args:
        caches: of the steps.
        sinks: of every layer, in order.
        table: that turns them ``(2, C, D/2)``.
        num_reference: p.
    """
    for index, sink in enumerate(sinks):
        turned = sink.turned(table, num_reference)
        for cache in caches:
            cache.take_sink(index, turned)


@dataclass(frozen=True)
class CacheSizes:
    """Of the caches of one step.

    Attributes:
        num_layers: of the transformer.
        num_reference: tokens of the reference, the first of the sink.
        num_sink: C.
        ring_size: R.
        num_heads: N.
        head_dim: D.
        dtype: of keys and values.
        device: that computes.
    """

    num_layers: int
    num_reference: int
    num_sink: int
    ring_size: int
    num_heads: int
    head_dim: int
    dtype: torch.dtype
    device: torch.device


#: ``(number of steps, sizes) ->`` the caches of these steps, in their order
MakeCaches: TypeAlias = Callable[[int, CacheSizes], Sequence[StepCache]]


def make_caches(num_steps: int, sizes: CacheSizes) -> list[StepCache]:
    """Caches that stay on the device, the usual :data:`MakeCaches`."""
    return [
        StepCache.empty(
            num_layers=sizes.num_layers,
            num_sink=sizes.num_sink,
            ring_size=sizes.ring_size,
            num_heads=sizes.num_heads,
            head_dim=sizes.head_dim,
            dtype=sizes.dtype,
            device=sizes.device,
        )
        for _ in range(num_steps)
    ]
