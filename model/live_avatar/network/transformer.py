"""The causal diffusion transformer of Live Avatar: one block of latent frames, one denoising step.

A block attends to itself, to a rolling past of noisy blocks at the same step, and to the *sink*:
the reference picture and the motion memory, encoded once. Where the weights are bf16, the residual
stream between blocks is bf16 and float32 inside them, as the model was trained.

Shapes: B batch (1), L tokens, N heads, D head dim, d width, F latent frames, p tokens of a latent
frame, A speakers, h, w latent rows and columns.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import cast

import torch
import torch.nn.functional as F  # noqa: N812  the field's name for it
from einops import rearrange
from torch import Tensor, nn

from model.live_avatar.config import BLOCK_LATENTS, PATCH, TransformerConfig
from model.live_avatar.network.attention import Attend, attend
from model.live_avatar.network.audio_encoder import AudioEncoder
from model.live_avatar.network.audio_injector import AudioInjector, AudioTokens
from model.live_avatar.network.block import Block
from model.live_avatar.network.cache import Sink, StepCache, TurnInto
from model.live_avatar.network.ends import Head, MotionEncoder
from model.live_avatar.network.past import BlockPast, KeysValues, SinkPast, TokenShare
from model.live_avatar.network.rope import turn_into

_TIME_BASE = 10_000.0


class Transformer(nn.Module):
    """Velocity of one block of latent frames.

    Args:
        config: its sizes.
        kernel: attention; see :data:`model.live_avatar.network.attention.Attend`.

    Attributes:
        share_of: F latent frames and p tokens of each -> which of them are at work here.
        num_own_heads: of self-attention, which are done and remembered here.
    """

    share_of: Callable[[int, int], TokenShare]

    def __init__(self, config: TransformerConfig, kernel: Attend = attend) -> None:
        super().__init__()
        self.config = config
        self.share_of, self.num_own_heads = TokenShare, config.num_heads
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
    ) -> Iterator[Sink]:
        """Encode the sink: it sees itself alone, at time zero, and hears nothing.

        Each layer's is given as soon as it is made, and none is kept.

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
        shape = (1, x.shape[1], self.num_own_heads, self.config.head_dim)
        x, table = share.own(x), share.own(table)
        for block, text_kv in zip(self.layers, text, strict=True):
            past = SinkPast.empty(x, shape)
            x = block(x, time, text_kv, table, share.past(past))
            yield past.sink
            del past  # before the next one is made

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
        """
        rows, columns = latents.shape[-2] // PATCH, latents.shape[-1] // PATCH
        x = _tokens(self.patch_embedding(latents.to(self.dtype)))
        x = x + self.pose_tokens(latents) + self.token_kinds.weight[0]
        embedded, time = self.time(timesteps)
        num_tokens = x.shape[1]
        share = self.share_of(latents.shape[2], rows * columns)
        x, table = share.own(x), share.own(table)
        injectors = dict(zip(self.config.inject_layers, self.audio_injectors, strict=True))
        for index, (block, text_kv, layer) in enumerate(
            zip(self.layers, text, cache.layers, strict=True)
        ):
            past = share.past(BlockPast(layer, position, num_tokens))
            x = block(x, time, text_kv, table, past)
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

    def pose_tokens(self, latents: Tensor) -> Tensor:
        """What is added to a block's tokens ``(1, F*p, d)`` for its pose.

        There is none, which the model knows as zeros; these still add a bias.
        """
        return _tokens(self.cond_encoder(torch.zeros_like(latents, dtype=self.dtype)))

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
