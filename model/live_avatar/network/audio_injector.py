"""How a block hears: cross-attention to the tokens of speech, after some of the layers.

Shapes: A speakers, F latent frames, p tokens of each, d width, h, w latent rows and columns.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch.nn.functional as F  # noqa: N812  the field's name for it
from einops import rearrange, repeat
from torch import Tensor, nn

from model.live_avatar.config import TransformerConfig
from model.live_avatar.network.attention import Attend
from model.live_avatar.network.block import CrossAttention


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


class AudioInjector(nn.Module):
    """After some blocks: a norm set by the global token, cross-attention to the local ones."""

    def __init__(self, config: TransformerConfig, kernel: Attend) -> None:
        super().__init__()
        self.eps = config.adaptive_norm_eps
        self.attention = CrossAttention(config, kernel)
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
        heard = self.attention(query, *self.attention.keys_values(tokens))
        heard = rearrange(heard, "(a f) p d -> a f p d", a=num_speakers)
        if audio.speakers is not None:
            heard = heard * rearrange(audio.speakers, "a f h w 1 -> a f (h w) 1").to(x.dtype)
        return x + rearrange(heard.sum(0, keepdim=True), "1 f p d -> 1 (f p) d")
