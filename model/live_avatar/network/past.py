"""What a layer's tokens attend to in a pass, and where their own keys and values go.

Shapes: L tokens of the pass, n heads at work here, D head dim.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from torch import Tensor

from model.live_avatar.network.cache import LayerCache, Sink
from model.live_avatar.network.token_share import TokenShare

KeysValues: TypeAlias = tuple[Tensor, Tensor]


class Past(Protocol):
    """Of one layer in one pass."""

    @property
    def share(self) -> TokenShare:
        """Which of the pass's tokens are at work here."""
        ...

    def room(self) -> Sequence[Tensor]:
        """Where turned keys, values, and keys that are not turned, if they are wanted, belong.

        They are ``(1, L, n, D)`` each.
        """
        ...

    def attended(self) -> KeysValues:
        """All that there is to attend to, once the room has been filled."""
        ...


@dataclass(frozen=True)
class BlockPast:
    """Of a block: the sink, the ring, and itself in the ring.

    Attributes:
        share: see :class:`Past`.
        layer: the layer's cache at this step.
        position: of the block's first token, from the video's beginning.
        num_tokens: L.
    """

    share: TokenShare
    layer: LayerCache
    position: int
    num_tokens: int

    def room(self) -> Sequence[Tensor]:
        """See :class:`Past`: in the ring, where the oldest ones are."""
        return self.layer.room(self.position, self.num_tokens)

    def attended(self) -> KeysValues:
        """See :class:`Past`."""
        return self.layer.attended()


@dataclass
class SinkPast:
    """Of the sink, which sees itself alone, and is kept.

    Attributes:
        share: see :class:`Past`.
        like: a tensor of the dtype and the device.
        shape: ``(1, L, n, D)``.
    """

    share: TokenShare
    like: Tensor
    shape: tuple[int, int, int, int]
    _room: Sequence[Tensor] = field(default=(), init=False)

    def room(self) -> Sequence[Tensor]:
        """See :class:`Past`; keys that are not turned are wanted."""
        self._room = [self.like.new_empty(self.shape) for _ in range(3)]
        return self._room

    def attended(self) -> KeysValues:
        """See :class:`Past`."""
        keys, values, _ = self._room
        return keys, values

    @property
    def sink(self) -> Sink:
        """What is kept; the room has been filled."""
        _, values, unturned = self._room
        return Sink(unturned, values)
