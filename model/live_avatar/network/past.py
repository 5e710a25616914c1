"""What a pass's tokens attend to, and which of them are at work here.

Shapes: L tokens of a pass, l those at work here, N heads, n those that are remembered here, D head
dim, d width, F latent frames, p tokens of each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from torch import Tensor

from model.live_avatar.network.attention import Attend
from model.live_avatar.network.cache import LayerCache, Sink

KeysValues: TypeAlias = tuple[Tensor, Tensor]


class Past(Protocol):
    """Of one layer in one pass: first its places are filled, then it is looked at."""

    def places(self) -> Sequence[Tensor]:
        """Where turned keys, values, and keys that are not turned, if they are wanted, belong.

        They are ``(1, l, N, D)`` each.
        """
        ...

    def look(self, queries: Tensor, kernel: Attend) -> Tensor:
        """What turned queries ``(1, l, N, D)`` find by a kernel: the same shape."""
        ...


@dataclass(frozen=True)
class BlockPast:
    """Of a block: the sink, the ring, and itself in the ring, where the oldest tokens were.

    Attributes:
        layer: the layer's cache at this step.
        position: of the block's first token, from the video's beginning.
        num_tokens: L.
    """

    layer: LayerCache
    position: int
    num_tokens: int

    def places(self) -> Sequence[Tensor]:
        """See :class:`Past`; ``(1, L, n, D)`` each."""
        return self.layer.room(self.position, self.num_tokens)

    def look(self, queries: Tensor, kernel: Attend) -> Tensor:
        """See :class:`Past`; ``(1, L, n, D)``."""
        return kernel(queries, *self.layer.attended())


@dataclass(frozen=True)
class SinkPast:
    """Of the sink, which sees itself alone, and is kept.

    Attributes:
        keys: turned, ``(1, L, n, D)``.
        values: the same shape.
        unturned: keys as they were before.
    """

    keys: Tensor
    values: Tensor
    unturned: Tensor

    @classmethod
    def empty(cls, like: Tensor, shape: tuple[int, int, int, int]) -> "SinkPast":
        """Of the dtype and on the device of ``like``."""
        return cls(like.new_empty(shape), like.new_empty(shape), like.new_empty(shape))

    def places(self) -> Sequence[Tensor]:
        """See :class:`Past`; keys that are not turned are wanted."""
        return self.keys, self.values, self.unturned

    def look(self, queries: Tensor, kernel: Attend) -> Tensor:
        """See :class:`Past`."""
        return kernel(queries, self.keys, self.values)

    @property
    def sink(self) -> Sink:
        """What is kept, once the places are filled."""
        return Sink(self.unturned, self.values)


@dataclass(frozen=True)
class TokenShare:
    """Which tokens of a pass are at work here: all of them.

    Ranks that share tokens out have another one, see :mod:`model.live_avatar.parallel.heads`.

    Attributes:
        num_frames: F.
        num_tokens: p.
    """

    num_frames: int
    num_tokens: int

    def own(self, x: Tensor) -> Tensor:
        """``(B, L, ...)`` -> ``(B, l, ...)``."""
        return x

    def whole(self, x: Tensor) -> Tensor:
        """``(1, l, d)`` -> ``(1, L, d)``."""
        return x

    def past(self, past: Past) -> Past:
        """As tokens that are at work here see it, of a past of L tokens and n heads."""
        return past
