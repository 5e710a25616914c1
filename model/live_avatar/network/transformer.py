"""The causal diffusion transformer of Live Avatar: one block of latent frames, one denoising step.

A block attends to itself, to a rolling past of noisy blocks at the same step, and to the *sink*:
the reference picture and the motion memory, encoded once. Where the weights are bf16, the residual
stream between blocks is bf16 and float32 inside them, as the model was trained.

Shapes: B batch (1), L tokens, N heads, D head dim, d width, F latent frames, p tokens of a latent
frame, A speakers, h, w latent rows and columns.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol, TypeAlias, cast

import torch
import torch.nn.functional as F  # noqa: N812  the field's name for it
from einops import rearrange, repeat
from torch import Tensor, nn

from model.live_avatar.config import BLOCK_LATENTS, MOTION_LATENTS, PATCH, TransformerConfig
from model.live_avatar.network.attention import Attend, attend
from model.live_avatar.network.audio_encoder import AudioEncoder
from model.live_avatar.network.cache import LayerCache, Sink, StepCache, TurnInto
from model.live_avatar.network.rope import rotate, turn_into

KeysValues: TypeAlias = tuple[Tensor, Tensor]
_TIME_BASE = 10_000.0


@dataclass(frozen=True)
class AudioTokens:
    """What a block hears: ``(A, F, 1, d)`` and ``(A, F, 5, d)``.

    Attributes:
        whole: one token per latent frame, for the adaptive norm.
        local: the tokens that are attended.
        speakers: ``(A, F, h/2, w/2, 1)``, where each speaker's mouth is; None for one speaker.
    """

    whole: Tensor
    local: Tensor
    speakers: Tensor | None = None


class Seen(NamedTuple):
    """What self-attention is given; keys and values are ``(1, L, N, D)``.

    Attributes:
        queries: turned.
        keys: not turned.
        turned: the same keys, turned.
        values: of the same tokens.
        mod: shifts, scales and gates of the block, ``(1, F, 1, d)`` each.
    """

    queries: Tensor
    keys: Tensor
    turned: Tensor
    values: Tensor
    mod: tuple[Tensor, ...]


#: takes what a block's tokens are asked with, and a kernel; gives what they find ``(1, L, N, D)``
Look: TypeAlias = Callable[[Seen, Attend], Tensor]


class TokenShare(Protocol):
    """Which tokens of a pass are at work here; see :mod:`model.live_avatar.parallel.heads`.

    Of L tokens, F latent frames of p each, ``l`` are; self-attention takes all of them, and ``n``
    of the N heads.
    """

    def own(self, x: Tensor) -> Tensor:
        """``(B, L, ...)`` -> ``(B, l, ...)``."""
        ...

    def whole(self, x: Tensor) -> Tensor:
        """``(1, l, d)`` -> ``(1, L, d)``."""
        ...

    def by_heads(self, *xs: Tensor) -> Sequence[Tensor]:
        """``(1, l, N, D)`` -> ``(1, L, n, D)`` each."""
        ...

    def by_tokens(self, x: Tensor) -> Tensor:
        """``(1, L, n, D)`` -> ``(1, l, N, D)``."""
        ...


class AllTokens:
    """All of them, the usual :class:`TokenShare`."""

    def own(self, x: Tensor) -> Tensor:
        """The same."""
        return x

    def whole(self, x: Tensor) -> Tensor:
        """The same."""
        return x

    def by_heads(self, *xs: Tensor) -> Sequence[Tensor]:
        """The same."""
        return xs

    def by_tokens(self, x: Tensor) -> Tensor:
        """The same."""
        return x


_ALL_TOKENS = AllTokens()


def all_tokens(num_frames: int, num_tokens: int) -> TokenShare:
    """The usual way to share out a pass of F latent frames and p tokens of each: not at all."""
    del num_frames, num_tokens
    return _ALL_TOKENS


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


class Attention(nn.Module):
    """Projections of one attention layer; the kernel is given to it."""

    def __init__(self, config: TransformerConfig, kernel: Attend) -> None:
        super().__init__()
        dim = config.dim
        self.num_heads, self.kernel = config.num_heads, kernel
        self.q, self.k = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.v, self.o = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.norm_q = RmsNorm(dim, config.norm_eps)
        self.norm_k = RmsNorm(dim, config.norm_eps)

    def queries(self, x: Tensor) -> Tensor:
        """``(B, L, d)`` -> ``(B, L, N, D)``."""
        return rearrange(self.norm_q(self.q(x)), "b l (n d) -> b l n d", n=self.num_heads)

    def keys_values(self, x: Tensor) -> KeysValues:
        """``(B, L, d)`` -> two ``(B, L, N, D)``."""
        keys = rearrange(self.norm_k(self.k(x)), "b l (n d) -> b l n d", n=self.num_heads)
        return keys, rearrange(self.v(x), "b l (n d) -> b l n d", n=self.num_heads)

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Attend and project: ``(B, L, d)``."""
        return self.project(self.kernel(queries, keys, values))

    def project(self, found: Tensor) -> Tensor:
        """``(B, L, N, D)`` -> ``(B, L, d)``."""
        return self.o(rearrange(found, "b l n d -> b l (n d)"))


class Block(nn.Module):
    """Self-attention, text cross-attention and feed-forward, modulated by time."""

    def __init__(self, config: TransformerConfig, kernel: Attend) -> None:
        super().__init__()
        dim = config.dim
        self.eps = config.norm_eps
        self.self_attn = Attention(config, kernel)
        self.cross_attn = Attention(config, kernel)
        self.norm3 = nn.LayerNorm(dim, eps=config.norm_eps)
        self.ffn = nn.Sequential(
            nn.Linear(dim, config.ffn_dim), nn.GELU("tanh"), nn.Linear(config.ffn_dim, dim)
        )
        self.modulation = nn.Parameter(torch.empty(1, 6, dim))
        self.halves = Halves(Block.before, Block.after)

    def modulations(self, time: Tensor) -> tuple[Tensor, ...]:
        """Shifts, scales and gates ``(1, F, 1, d)`` of six kinds, from ``(F, 6, d)`` float32."""
        whole = self.modulation.float() + time
        return rearrange(whole, "f six d -> six 1 f 1 d").unbind()

    def self_input(self, x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
        """What self-attention sees; its norm is rounded to ``x``'s dtype before modulation."""
        normed = F.layer_norm(x.float(), x.shape[-1:], eps=self.eps).to(x.dtype)
        return _modulated(normed.float(), shift, scale).to(x.dtype)

    def forward(
        self,
        x: Tensor,
        time: Tensor,
        text: KeysValues,
        table: Tensor,
        look: Look,
        norm3: torch.dtype,
    ) -> Tensor:
        """``(1, L, d)`` in ``x``'s dtype.

        Args:
            x: the same shape.
            time: ``(F, 6, d)`` float32.
            text: keys and values of the prompt.
            table: that turns queries and keys, ``(2, L, D/2)``.
            look: around, at what there is to attend to.
            norm3: dtype to which the text attention's norm is rounded.
        """
        seen = self.halves.before(self, x, time, table)
        mod = seen.mod
        attended = self.self_attn.project(look(seen, self.self_attn.kernel))
        del seen  # four tensors of the stream's size, which the rest does not need
        return self.halves.after(self, x, attended, text, mod, norm3)

    def text_keys_values(self, text: Tensor) -> KeysValues:
        """Keys and values of a prompt ``(1, text_len, d)``, as :meth:`forward` takes them."""
        return self.cross_attn.keys_values(text)

    def before(self, x: Tensor, time: Tensor, table: Tensor) -> "Seen":
        """All that comes before self-attention."""
        mod = self.modulations(time)
        seen = self.self_input(x, mod[0], mod[1])
        keys, values = self.self_attn.keys_values(seen)
        queries = rotate(self.self_attn.queries(seen), table)
        return Seen(queries, keys, rotate(keys, table), values, mod)

    def after(
        self,
        x: Tensor,
        attended: Tensor,
        text: KeysValues,
        mod: tuple[Tensor, ...],
        norm3: torch.dtype,
    ) -> Tensor:
        """All that comes after it; ``attended`` is ``(1, L, d)``."""
        dtype = x.dtype
        wide = x.float() + _gated(attended.float(), mod[2])
        query = self.norm3(wide.to(norm3)).to(dtype)
        wide = wide + self.cross_attn(self.cross_attn.queries(query), *text).float()
        normed = F.layer_norm(wide, wide.shape[-1:], eps=self.eps)
        fed = self.ffn(_modulated(normed, mod[3], mod[4]).to(dtype))
        return (wide + _gated(fed.float(), mod[5])).to(dtype)


class Halves(NamedTuple):
    """What a block does on both sides of its self-attention, as it is run: itself, or compiled.

    Attributes:
        before: :meth:`Block.before`.
        after: :meth:`Block.after`.
    """

    before: Callable[..., Seen]
    after: Callable[..., Tensor]


class AudioInjector(nn.Module):
    """After some blocks: a norm set by the global token, cross-attention to the local ones."""

    def __init__(self, config: TransformerConfig, kernel: Attend) -> None:
        super().__init__()
        self.eps = config.adaptive_norm_eps
        self.attention = Attention(config, kernel)
        self.adaptive = nn.Linear(config.dim, 2 * config.dim)
        self.whole: Callable[..., Tensor] = AudioInjector.inject  # or the same, compiled

    def forward(self, x: Tensor, audio: AudioTokens) -> Tensor:
        """``(1, F*p, d)`` with what each latent frame hears added to it."""
        return self.whole(self, x, audio)

    def inject(self, x: Tensor, audio: AudioTokens) -> Tensor:
        """See :meth:`forward`."""
        num_speakers, num_frames = audio.whole.shape[:2]
        shift, scale = self.adaptive(F.silu(audio.whole.to(x.dtype))).float().chunk(2, dim=-1)
        frames = repeat(x, "1 (f p) d -> a f p d", a=num_speakers, f=num_frames)
        normed = F.layer_norm(frames.float(), frames.shape[-1:], eps=self.eps)
        query = rearrange((normed * (1 + scale) + shift).to(x.dtype), "a f p d -> (a f) p d")
        tokens = rearrange(audio.local.to(x.dtype), "a f t d -> (a f) t d")
        heard = self.attention(self.attention.queries(query), *self.attention.keys_values(tokens))
        heard = rearrange(heard, "(a f) p d -> a f p d", a=num_speakers)
        if audio.speakers is not None:
            heard = heard * rearrange(audio.speakers, "a f h w 1 -> a f (h w) 1").to(x.dtype)
        return x + rearrange(heard.sum(0, keepdim=True), "1 f p d -> 1 (f p) d")


class MotionEncoder(nn.Module):
    """The latest latents as tokens: patches of 1, 2 and 4 times the side, the newest finest."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        channels, dim = config.latent_channels, config.dim
        self.proj = nn.Conv3d(channels, dim, (1, 2, 2), (1, 2, 2))
        self.proj_2x = nn.Conv3d(channels, dim, (2, 4, 4), (2, 4, 4))
        self.proj_4x = nn.Conv3d(channels, dim, (4, 8, 8), (4, 8, 8))

    def forward(self, latents: Tensor) -> Tensor:
        """``(1, 16, T, h, w)`` -> ``(1, L, d)``, newest level first; what is missing is zero."""
        wanted = sum(MOTION_LATENTS)
        latents = latents[:, :, -wanted:]
        latents = F.pad(latents, (0, 0, 0, 0, wanted - latents.shape[2], 0))
        far, middle, near = latents.split(MOTION_LATENTS[::-1], dim=2)
        levels = (self.proj(near), self.proj_2x(middle), self.proj_4x(far))
        return torch.cat([rearrange(level, "b d f h w -> b (f h w) d") for level in levels], dim=1)


class Head(nn.Module):
    """Tokens -> latents, in float32."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.eps = config.norm_eps
        self.head = nn.Linear(config.dim, PATCH * PATCH * config.latent_channels)
        self.modulation = nn.Parameter(torch.empty(1, 2, config.dim))

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """``(1, F*p, d)`` and ``(F, d)`` float32 -> ``(1, F*p, 64)`` float32."""
        whole = self.modulation.float() + time[:, None]
        shift, scale = rearrange(whole, "f two d -> two 1 f 1 d")
        normed = F.layer_norm(x.float(), x.shape[-1:], eps=self.eps).to(x.dtype).float()
        return F.linear(
            _modulated(normed, shift, scale), self.head.weight.float(), self.head.bias.float()
        )


class Transformer(nn.Module):
    """Velocity of one block of latent frames.

    Args:
        config: its sizes.
        kernel: attention; see :data:`model.live_avatar.network.attention.Attend`.
        norm3_dtype: dtype to which the input and output of the text attention's norm are rounded;
            None: the weights' dtype. (The reference says bf16 literally, whatever the weights are.)

    Attributes:
        share_of: F latent frames and p tokens of each -> which of them are at work here.
        num_own_heads: of self-attention, which are done and remembered here.
    """

    share_of: Callable[[int, int], TokenShare]

    def __init__(
        self,
        config: TransformerConfig,
        kernel: Attend = attend,
        norm3_dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.config, self.norm3_dtype = config, norm3_dtype
        self.share_of, self.num_own_heads = all_tokens, config.num_heads
        channels, dim = config.latent_channels, config.dim
        self.patch_embedding = nn.Conv3d(channels, dim, (1, PATCH, PATCH), (1, PATCH, PATCH))
        self.cond_encoder = nn.Conv3d(channels, dim, (1, PATCH, PATCH), (1, PATCH, PATCH))
        self.frame_packer = MotionEncoder(config)
        self.token_kinds = nn.Embedding(3, dim)  # noisy, reference, motion
        self.text_embedding = nn.Sequential(
            nn.Linear(config.text_dim, dim), nn.GELU("tanh"), nn.Linear(dim, dim)
        )
        self.time_embedding = nn.Sequential(
            nn.Linear(config.freq_dim, dim), nn.SiLU(), nn.Linear(dim, dim)
        )
        self.time_projection = nn.Sequential(nn.SiLU(), nn.Linear(dim, 6 * dim))
        self.audio_encoder = AudioEncoder(config)
        self.blocks = nn.ModuleList(Block(config, kernel) for _ in range(config.num_layers))
        self.injectors = nn.ModuleList(AudioInjector(config, kernel) for _ in config.inject_layers)
        self.head = Head(config)
        self.turn: TurnInto = turn_into  # the reference's keys; or the same, compiled

    @property
    def layers(self) -> Sequence[Block]:
        """The blocks, in order; each is gone on from before the next is asked for."""
        return cast("Sequence[Block]", self.blocks)

    @property
    def audio_injectors(self) -> list[AudioInjector]:
        """In the order of the config's ``inject_layers``."""
        return cast("list[AudioInjector]", list(self.injectors))

    @property
    def dtype(self) -> torch.dtype:
        """Of the residual stream between blocks."""
        return self.patch_embedding.weight.dtype

    # --- once per prompt, once per reference ---

    def text_keys_values(self, context: Tensor) -> list[KeysValues]:
        """Keys and values of every layer for a prompt ``(tokens, text_dim)``.

        Padding is zeros before the embedding, and is attended like the rest.
        """
        missing = self.config.text_len - context.shape[0]
        padded = F.pad(context[None].to(self.dtype), (0, 0, 0, missing))
        text = self.text_embedding(padded)
        return [block.text_keys_values(text) for block in self.layers]

    def prefill(
        self,
        reference: Tensor,
        motion: Tensor,
        text: Sequence[KeysValues],
        table: Tensor,
    ) -> list[Sink]:
        """Encode the sink: it sees itself alone, at time zero, and hears nothing.

        Args:
            reference: latents ``(1, 16, 1, h, w)``.
            motion: latents ``(1, 16, T, h, w)``; the last 19 are used.
            text: of :meth:`text_keys_values`.
            table: of the sink's C tokens ``(2, C, D/2)``, the reference at its first position.
        """
        kinds = self.token_kinds.weight
        tokens = _tokens(self.patch_embedding(reference.to(self.dtype))) + kinds[1]
        x = torch.cat((tokens, self.frame_packer(motion.to(self.dtype)) + kinds[2]), dim=1)
        _, time = self.time(x.new_zeros(BLOCK_LATENTS, dtype=torch.float32))
        time = time[:1]
        share = self.share_of(1, x.shape[1])
        x, table = share.own(x), share.own(table)
        sinks: list[Sink] = []

        def look(seen: Seen, kernel: Attend) -> Tensor:
            found = share.by_heads(seen.queries, seen.keys, seen.turned, seen.values)
            queries, keys, turned, values = found
            sinks.append(Sink(keys, values))
            return share.by_tokens(kernel(queries, turned, values))

        for block, text_kv in zip(self.layers, text, strict=True):
            x = block(x, time, text_kv, table, look, self.norm3_dtype or self.dtype)
        return sinks

    # --- once per block and step ---

    def forward(
        self,
        latents: Tensor,
        timesteps: Tensor,
        audio: AudioTokens,
        text: Sequence[KeysValues],
        cache: StepCache,
        table: Tensor,
        position: int,
        pose: Tensor | None = None,
    ) -> Tensor:
        """Velocity ``(1, 16, F, h, w)`` float32 of a block; its keys go into the cache.

        Args:
            latents: ``(1, 16, F, h, w)``, noisy.
            timesteps: ``(F,)`` float32, 0 to 1000.
            audio: what the block hears.
            text: of :meth:`text_keys_values`.
            cache: of this denoising step; its sink has been taken and the reference placed.
            table: of the block's tokens ``(2, F*p, D/2)``.
            position: index of the block's first token, from the video's beginning.
            pose: latents ``(1, 16, F, h, w)``; None: zeros, which still add a bias.
        """
        rows, columns = latents.shape[-2] // PATCH, latents.shape[-1] // PATCH
        pose = torch.zeros_like(latents) if pose is None else pose
        x = _tokens(self.patch_embedding(latents.to(self.dtype)))
        x = x + _tokens(self.cond_encoder(pose.to(self.dtype))) + self.token_kinds.weight[0]
        embedded, time = self.time(timesteps)
        share = self.share_of(latents.shape[2], rows * columns)
        x, table = share.own(x), share.own(table)
        injectors = dict(zip(self.config.inject_layers, self.audio_injectors, strict=True))
        for index, (block, text_kv, layer) in enumerate(
            zip(self.layers, text, cache.layers, strict=True)
        ):
            look = partial(_look, layer, position, share)
            x = block(x, time, text_kv, table, look, self.norm3_dtype or self.dtype)
            if index in injectors:
                x = injectors[index](x, audio)
        out = share.whole(self.head(x, embedded))
        return rearrange(
            out,
            "b (f h w) (ph pw c) -> b c f (h ph) (w pw)",
            h=rows,
            w=columns,
            ph=PATCH,
            pw=PATCH,
        )

    def time(self, timesteps: Tensor) -> tuple[Tensor, Tensor]:
        """Time embedding ``(F, d)`` and its six modulations ``(F, 6, d)``, in float32.

        As many zeros are embedded beside ``timesteps``, and dropped: a matrix product's last bit
        depends on its number of rows, and the reference embeds them for its condition tokens.
        """
        count, half = timesteps.shape[0], self.config.freq_dim // 2
        steps = torch.arange(half, dtype=torch.float64, device=timesteps.device)
        timesteps = torch.cat((timesteps, torch.zeros_like(timesteps)))
        angles = timesteps.double()[:, None] * _TIME_BASE ** (-steps / half)
        waves = torch.cat((angles.cos(), angles.sin()), dim=1).float()
        embedded = _in_float32(self.time_embedding, waves)
        projected = _in_float32(self.time_projection, embedded)
        modulations = rearrange(projected, "f (six d) -> f six d", six=6)
        return embedded[:count], modulations[:count]


def _look(
    layer: LayerCache, position: int, share: TokenShare, seen: Seen, kernel: Attend
) -> Tensor:
    """Put a block's keys and values where the oldest ones are, and attend to all that is there."""
    queries, keys, values = share.by_heads(seen.queries, seen.turned, seen.values)
    layer.write(keys, values, position)
    return share.by_tokens(kernel(queries, *layer.attended()))


def _modulated(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """``(1, F*p, d)``, each latent frame with its own shift and scale ``(1, F, 1, d)``."""
    frames = x.unflatten(1, (shift.shape[1], -1))
    return (frames * (1 + scale) + shift).flatten(1, 2)


def _gated(x: Tensor, gate: Tensor) -> Tensor:
    """``(1, F*p, d)``, each latent frame times its own ``(1, F, 1, d)``."""
    return (x.unflatten(1, (gate.shape[1], -1)) * gate).flatten(1, 2)


def _tokens(x: Tensor) -> Tensor:
    """A token's width lies together from here on, as the layers read it."""
    return rearrange(x, "b d f h w -> b (f h w) d").contiguous()


def _in_float32(layers: nn.Module, x: Tensor) -> Tensor:
    """Apply small layers in float32, whatever dtype their weights are stored in."""
    for layer in layers.children():
        if isinstance(layer, nn.Linear):
            x = F.linear(x, layer.weight.float(), layer.bias.float())
        else:
            x = layer(x)
    return x
