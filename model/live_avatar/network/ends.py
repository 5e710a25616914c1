"""Where latents become tokens that are not noisy, and where tokens become latents again.

Shapes: F latent frames, p tokens of each, d width, h, w latent rows and columns.
"""

import torch
import torch.nn.functional as F  # noqa: N812  the field's name for it
from einops import rearrange
from torch import Tensor, nn

from model.live_avatar.config import MOTION_LATENTS, PATCH, TransformerConfig
from model.live_avatar.network.block import modulated


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
            modulated(normed, shift, scale), self.head.weight.float(), self.head.bias.float()
        )
