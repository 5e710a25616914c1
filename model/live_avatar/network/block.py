"""A block of the transformer: self-attention, the prompt, and feed-forward, modulated by time.

Where the weights are bf16, the residual stream between blocks is bf16 and float32 inside them, as
the model was trained.

Shapes: B batch (1), L tokens, N heads, D head dim, d width, F latent frames. Of all but keys and
values that are attended, tokens are those that are at work here.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812  the field's name for it
from einops import rearrange
from torch import Tensor, nn

from model.live_avatar.config import TransformerConfig
from model.live_avatar.network.attention import Attend
from model.live_avatar.network.past import KeysValues, Past
from model.live_avatar.network.rope import rotate, turn_into


class RmsNorm(nn.Module):
    """Root mean square norm over the whole width, computed in float32."""

    def __init__(self, dim: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(dim))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Same shape and dtype."""
        wide = x.float()
        normed = wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + self.eps)
        return normed.to(x.dtype) * self.weight


class CrossAttention(nn.Module):
    """To tokens of another kind; the kernel is given to it."""

    def __init__(self, config: TransformerConfig, kernel: Attend) -> None:
        super().__init__()
        dim = config.dim
        self.num_heads, self.kernel = config.num_heads, kernel
        self.q, self.k = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.v, self.o = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.norm_q = RmsNorm(dim, config.norm_eps)
        self.norm_k = RmsNorm(dim, config.norm_eps)

    def keys_values(self, x: Tensor) -> KeysValues:
        """``(B, L, d)`` -> two ``(B, L, N, D)``."""
        keys = rearrange(self.norm_k(self.k(x)), "b l (n d) -> b l n d", n=self.num_heads)
        return keys, rearrange(self.v(x), "b l (n d) -> b l n d", n=self.num_heads)

    def forward(self, x: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """What tokens ``(B, L, d)`` find among others' keys and values: ``(B, L, d)``."""
        queries = rearrange(self.norm_q(self.q(x)), "b l (n d) -> b l n d", n=self.num_heads)
        found = self.kernel(queries, keys, values)
        return self.o(rearrange(found, "b l n d -> b l (n d)"))


class SelfAttention(nn.Module):
    """Of a pass's tokens to their past and themselves; queries, keys and values in one matrix.

    What lies between :meth:`remember` and :meth:`project` is the past's: see
    :meth:`model.live_avatar.network.past.Past.look`, which is given the kernel.
    """

    def __init__(self, config: TransformerConfig, kernel: Attend) -> None:
        super().__init__()
        dim = config.dim
        self.num_heads, self.kernel = config.num_heads, kernel
        self.qkv, self.o = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.norm_q = RmsNorm(dim, config.norm_eps)
        self.norm_k = RmsNorm(dim, config.norm_eps)

    def remember(
        self,
        x: Tensor,
        table: Tensor,
        keys: Tensor,
        values: Tensor,
        unturned: Tensor | None = None,
    ) -> Tensor:
        """Write keys and values where they are kept, and give the turned queries.

        Args:
            x: ``(1, L, d)``.
            table: that turns queries and keys, ``(2, L, D/2)``.
            keys: where turned keys go, ``(1, L, N, D)``.
            values: where values go, the same shape.
            unturned: where keys go as they are before; None: they are not wanted.

        Returns:
            ``(1, L, N, D)``.
        """
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        k = self._by_head(self.norm_k(k))
        turn_into(keys, k, table)
        values.copy_(self._by_head(v))
        if unturned is not None:
            unturned.copy_(k)
        return rotate(self._by_head(self.norm_q(q)), table)

    def project(self, found: Tensor) -> Tensor:
        """``(1, L, N, D)`` -> ``(1, L, d)``."""
        return self.o(rearrange(found, "b l n d -> b l (n d)"))

    def _by_head(self, x: Tensor) -> Tensor:
        return rearrange(x, "b l (n d) -> b l n d", n=self.num_heads)


class Block(nn.Module):
    """See the module."""

    def __init__(self, config: TransformerConfig, kernel: Attend) -> None:
        super().__init__()
        dim = config.dim
        self.eps = config.norm_eps
        self.self_attn = SelfAttention(config, kernel)
        self.cross_attn = CrossAttention(config, kernel)
        self.norm3 = nn.LayerNorm(dim, eps=config.norm_eps)
        self.ffn = nn.Sequential(
            nn.Linear(dim, config.ffn_dim), nn.GELU("tanh"), nn.Linear(config.ffn_dim, dim)
        )
        self.modulation = nn.Parameter(torch.empty(1, 6, dim))
        # on both sides of self-attention: each is run as it is written, or compiled
        self.first_half: Callable[..., Tensor] = Block.before
        self.second_half: Callable[..., Tensor] = Block.after

    def forward(
        self, x: Tensor, time: Tensor, text: KeysValues, table: Tensor, past: Past
    ) -> Tensor:
        """``(1, L, d)`` in ``x``'s dtype.

        Args:
            x: the same shape.
            time: ``(F, 6, d)`` float32.
            text: keys and values of the prompt.
            table: that turns queries and keys, ``(2, L, D/2)``.
            past: what there is to attend to; keys and values of ``x`` become a part of it.
        """
        queries = self.first_half(self, x, time, table, *past.places())
        found = past.look(queries, self.self_attn.kernel)
        del queries  # of the stream's size, which the rest does not need
        return self.second_half(self, x, found, time, text)

    def before(self, x: Tensor, time: Tensor, table: Tensor, *places: Tensor) -> Tensor:
        """All that comes before the past is looked at; see :meth:`SelfAttention.remember`.

        The norm is rounded to ``x``'s dtype before modulation.
        """
        shift, scale = self._modulations(time)[:2]
        normed = F.layer_norm(x.float(), x.shape[-1:], eps=self.eps).to(x.dtype)
        seen = modulated(normed.float(), shift, scale).to(x.dtype)
        return self.self_attn.remember(seen, table, *places)

    def after(self, x: Tensor, found: Tensor, time: Tensor, text: KeysValues) -> Tensor:
        """All that comes after something was ``found`` there, ``(1, L, N, D)``."""
        gate, shift, scale, last_gate = self._modulations(time)[2:]
        wide = x.float() + _gated(self.self_attn.project(found).float(), gate)
        wide = wide + self.cross_attn(self.norm3(wide.to(x.dtype)), *text).float()
        normed = F.layer_norm(wide, wide.shape[-1:], eps=self.eps)
        fed = self.ffn(modulated(normed, shift, scale).to(x.dtype))
        return (wide + _gated(fed.float(), last_gate)).to(x.dtype)

    def text_keys_values(self, text: Tensor) -> KeysValues:
        """Keys and values of a prompt ``(1, text_len, d)``, as :meth:`forward` takes them."""
        return self.cross_attn.keys_values(text)

    def _modulations(self, time: Tensor) -> tuple[Tensor, ...]:
        """Shift, scale, gate, twice: ``(1, F, 1, d)`` each, from ``(F, 6, d)`` float32."""
        whole = self.modulation.float() + time
        return rearrange(whole, "f six d -> six 1 f 1 d").unbind()


def modulated(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """``(1, F*p, d)``, each latent frame with its own shift and scale ``(1, F, 1, d)``."""
    frames = x.unflatten(1, (shift.shape[1], -1))
    return (frames * (1 + scale) + shift).flatten(1, 2)


def _gated(x: Tensor, gate: Tensor) -> Tensor:
    """``(1, F*p, d)``, each latent frame times its own ``(1, F, 1, d)``."""
    return (x.unflatten(1, (gate.shape[1], -1)) * gate).flatten(1, 2)
