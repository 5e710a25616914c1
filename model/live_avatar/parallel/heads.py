"""Self-attention's heads shared out over the ranks of a group (Ulysses), from outside.

A rank works on its own stretch of every latent frame's tokens: norms, projections, text, audio and
feed-forward take tokens one by one and never know. For self-attention the ranks exchange tokens for
heads: each then has all tokens of its own heads, remembers these alone, and attends to its own
past. What was found goes back the same way. So memories are divided by the number of ranks, and so
is all work but the embeddings, which are small.

The sink is encoded in the same way, all its tokens being one frame. To do that whole on every rank
and keep a slice would need no exchange, but the first frame of every segment waits for it, and so
does the second clip: by the specification's reckoning it takes as long as 0.6 steps of a block.

The order of tokens is that of one process, and no sum goes over ranks. What may differ is how a
matrix product of fewer rows, or attention of fewer heads, is computed: its last bits.

NCCL and gloo both exchange stretches of unlike length in one call (``all_to_all_single``), which
is all that is needed. So p need not be a multiple of the ranks.

Shapes: as in :mod:`model.live_avatar.network.transformer`; g ranks, l = F * (tokens of a frame
here), n = N / g, t tensors that go together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import torch
import torch.distributed as dist
from einops import rearrange
from torch import Tensor

from model.live_avatar.network.attention import Attend
from model.live_avatar.network.past import Past, TokenShare
from model.live_avatar.network.transformer import Transformer
from model.live_avatar.planning.placement import shares


def share_heads(model: Transformer, group: dist.ProcessGroup) -> None:
    """Let a loaded transformer's heads be shared out over the ranks of a group.

    All of them must make the same passes in the same order.

    Args:
        model: this rank's, whole or a share of its weights.
        group: of a backend that exchanges tensors on the model's device.

    Raises:
        ValueError: the model's heads cannot be divided by the ranks.
    """
    num_ranks, num_heads = group.size(), model.config.num_heads
    if num_heads % num_ranks:
        raise ValueError(f"{num_heads} heads must be a multiple of the {num_ranks} ranks")
    model.share_of, model.num_own_heads = partial(HeadShare, group=group), num_heads // num_ranks


@dataclass(frozen=True)
class HeadShare(TokenShare):
    """A rank's tokens of a pass.

    Attributes:
        group: the ranks.
    """

    group: dist.ProcessGroup

    @cached_property
    def stretches(self) -> Sequence[range]:
        """Of every latent frame's tokens, one for each rank."""
        return shares(self.num_tokens, self.group.size())

    @cached_property
    def _counts(self) -> Sequence[int]:
        """Tokens of every rank."""
        return [self.num_frames * len(stretch) for stretch in self.stretches]

    def own(self, x: Tensor) -> Tensor:
        """``(B, L, ...)`` -> ``(B, l, ...)``."""
        stretch = self.stretches[self.group.rank()]
        frames = x.unflatten(1, (self.num_frames, -1))
        return frames[:, :, stretch.start : stretch.stop].flatten(1, 2)

    def whole(self, x: Tensor) -> Tensor:
        """``(1, l, d)`` -> ``(1, L, d)``."""
        width, num_ranks = x.shape[-1], len(self.stretches)
        sizes = [count * width for count in self._counts]
        parts = self._exchange(x.flatten().repeat(num_ranks), [x.numel()] * num_ranks, sizes)
        return self._in_order([part.view(1, -1, width) for part in parts])

    def past(self, past: Past) -> Past:
        """See :class:`TokenShare`."""
        return ExchangedPast(self, past)

    def places(self, room: Sequence[Tensor]) -> Sequence[Tensor]:
        """``(1, L, n, D)`` -> places ``(1, l, N, D)``, from which an exchange will bring all."""
        count, num_ranks = self._counts[self.group.rank()], len(self.stretches)
        return [each.new_empty(1, count, each.shape[2] * num_ranks, each.shape[3]) for each in room]

    def by_heads(self, queries: Tensor, own: Sequence[Tensor], room: Sequence[Tensor]) -> Tensor:
        """Bring what was written to ``own`` places to their room, and exchange tokens for heads.

        Args:
            queries: ``(1, l, N, D)``.
            own: of :meth:`places`.
            room: that it was asked with.

        Returns:
            Queries ``(1, L, n, D)``.
        """
        num_ranks = len(self.stretches)
        by_rank = [rearrange(x, "1 l (g n) d -> g l n d", g=num_ranks) for x in (queries, *own)]
        sent = torch.stack(by_rank, dim=1)  # the one copy that is made
        num, heads, dim = sent.shape[1], *sent.shape[-2:]
        sizes = [num * count * heads * dim for count in self._counts]
        own_size = sent.numel() // num_ranks
        parts = self._exchange(sent.flatten(), [own_size] * num_ranks, sizes)
        queries, *found = self._in_order([part.view(num, -1, heads, dim) for part in parts]).split(
            1
        )
        for place, part in zip(room, found, strict=True):
            place.copy_(part)
        return queries

    def by_tokens(self, x: Tensor) -> Tensor:
        """``(1, L, n, D)`` -> ``(1, l, N, D)``."""
        frames = x.unflatten(1, (self.num_frames, -1))
        heads, dim = x.shape[-2:]
        sizes = [count * heads * dim for count in self._counts]
        sent = x.new_empty(x.numel())
        parts = frames.split([len(stretch) for stretch in self.stretches], dim=2)
        for place, part in zip(sent.split(sizes), parts, strict=True):
            place.view_as(part).copy_(part)
        own_size = sizes[self.group.rank()]
        parts = self._exchange(sent, sizes, [own_size] * len(sizes))
        return torch.cat([part.view(1, -1, heads, dim) for part in parts], dim=2)

    def _in_order(self, parts: Sequence[Tensor]) -> Tensor:
        """``(t, l, ...)`` of every rank -> ``(t, L, ...)``, as in one process."""
        frames = [part.unflatten(1, (self.num_frames, -1)) for part in parts]
        return torch.cat(frames, dim=2).flatten(1, 2)

    def _exchange(
        self, sent: Tensor, sent_sizes: list[int], received_sizes: list[int]
    ) -> Sequence[Tensor]:
        """Stretches of a vector, one to each rank, for those of the other ranks."""
        received = sent.new_empty(sum(received_sizes))
        dist.all_to_all_single(received, sent, received_sizes, sent_sizes, group=self.group)
        return received.split(received_sizes)


@dataclass
class ExchangedPast:
    """The past of a rank's heads, as its own tokens with all their heads see it.

    Attributes:
        share: exchanges.
        past: of all tokens and n heads.
    """

    share: HeadShare
    past: Past
    _room: Sequence[Tensor] = ()
    _own: Sequence[Tensor] = ()

    def places(self) -> Sequence[Tensor]:
        """See :class:`Past`."""
        self._room = self.past.places()
        self._own = self.share.places(self._room)
        return self._own

    def look(self, queries: Tensor, kernel: Attend) -> Tensor:
        """See :class:`Past`; all tokens are there once they have been exchanged."""
        queries = self.share.by_heads(queries, self._own, self._room)
        self._room = self._own = ()  # of the stream's size, which the rest does not need
        return self.share.by_tokens(self.past.look(queries, kernel))
