"""Which tokens of a pass are at work here: all of them, or a rank's own.

Shapes: B batch (1), L tokens of a pass, l those at work here, N heads, n those at work here, D head
dim, d width, F latent frames, p tokens of each.
"""

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor


class TokenShare(Protocol):
    """See the module; ranks that share tokens are in :mod:`model.live_avatar.parallel.heads`.

    Self-attention takes all tokens, and n of the N heads.
    """

    def own(self, x: Tensor) -> Tensor:
        """``(B, L, ...)`` -> ``(B, l, ...)``."""
        ...

    def whole(self, x: Tensor) -> Tensor:
        """``(1, l, d)`` -> ``(1, L, d)``."""
        ...

    def places(self, room: Sequence[Tensor]) -> Sequence[Tensor]:
        """Where ``(1, l, N, D)`` are written that belong to ``room``, ``(1, L, n, D)`` each."""
        ...

    def by_heads(self, queries: Tensor, own: Sequence[Tensor], room: Sequence[Tensor]) -> Tensor:
        """Bring what was written to :meth:`places` to ``room``, and exchange tokens for heads.

        Args:
            queries: ``(1, l, N, D)``.
            own: of :meth:`places`.
            room: that it was asked with.

        Returns:
            Queries ``(1, L, n, D)``.
        """
        ...

    def by_tokens(self, x: Tensor) -> Tensor:
        """``(1, L, n, D)`` -> ``(1, l, N, D)``."""
        ...


class AllTokens:
    """All of them, the usual :class:`TokenShare`: everything is where it belongs."""

    def own(self, x: Tensor) -> Tensor:
        """The same."""
        return x

    def whole(self, x: Tensor) -> Tensor:
        """The same."""
        return x

    def places(self, room: Sequence[Tensor]) -> Sequence[Tensor]:
        """The same."""
        return room

    def by_heads(self, queries: Tensor, own: Sequence[Tensor], room: Sequence[Tensor]) -> Tensor:
        """The same queries."""
        del own, room
        return queries

    def by_tokens(self, x: Tensor) -> Tensor:
        """The same."""
        return x


_ALL_TOKENS = AllTokens()


def all_tokens(num_frames: int, num_tokens: int) -> TokenShare:
    """The usual way to share out a pass of F latent frames and p tokens of each: not at all."""
    del num_frames, num_tokens
    return _ALL_TOKENS
