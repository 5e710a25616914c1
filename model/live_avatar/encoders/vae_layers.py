"""The VAE's layers of diffusers, with fewer passes over memory and the same values.

A GPU spends more of a block's decoding on what lies between the convolutions than on these: what
diffusers writes and reads again is left out here, layer by layer. The layers and their parameters
stay those of diffusers; only how they go forward is changed, from outside.

- Zeros around a frame are the convolution's own, and not a larger copy of what goes in. Frames from
  before are put in front of those that come, which is the one copy that is left.
- A norm reads the frames in their own dtype and writes them in it: what is computed in float32 is
  not stored. Where nothing is added to a norm, zero is not added.
- A picture is enlarged in its own dtype: nearest values need no arithmetic.

Shapes: B batch, C channels, T frames, H, W rows and columns.
"""

from typing import cast

import torch
import torch.nn.functional as F  # noqa: N812  the field's name for it
from diffusers.models.autoencoders.autoencoder_kl_wan import (
    AutoencoderKLWan,
    WanCausalConv3d,
    WanRMS_norm,
    WanUpsample,
)
from torch import Tensor, nn

_EPSILON = 1e-12  # of torch's ``normalize``


class CausalConv(WanCausalConv3d):
    """A convolution that sees the past alone."""

    def forward(self, x: Tensor, cache_x: Tensor | None = None) -> Tensor:
        """``(B, C, T, H, W)`` -> the same frames, or as many as its stride leaves.

        Args:
            x: the frames.
            cache_x: up to two frames from before; what is missing of them is zero.
        """
        columns, _, rows, _, num_before, _ = cast("tuple[int, ...]", self._padding)
        if cache_x is not None and num_before:
            x = torch.cat((cache_x, x), dim=2)
            num_before -= cache_x.shape[2]
        if num_before:
            x = F.pad(x, (0, 0, 0, 0, num_before, 0))
        return F.conv3d(x, self.weight, self.bias, self.stride, (0, rows, columns))


class Norm(WanRMS_norm):
    """Over the channels, computed in float32 at least."""

    def forward(self, x: Tensor) -> Tensor:
        """Same shape and dtype."""
        wide = torch.promote_types(x.dtype, torch.float32)
        dim = 1 if self.channel_first else -1
        length = torch.linalg.vector_norm(x, dim=dim, keepdim=True, dtype=wide).clamp_min_(_EPSILON)
        normed = torch.div(x, length, out=torch.empty_like(x))  # divided wide, and then rounded
        return normed.mul_(self.scale).mul_(self.gamma)


class Enlarged(WanUpsample):
    """Twice as many rows and columns, each the nearest one's."""

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W)`` -> ``(B, C, 2H, 2W)``."""
        return nn.Upsample.forward(self, x)


def use_lean_layers(vae: AutoencoderKLWan) -> None:
    """Let a VAE's layers go forward as they do here.

    Raises:
        ValueError: a norm of it has a bias, which those of the Wan VAEs have not.
    """
    for name, module in vae.named_modules():
        if type(module) is WanCausalConv3d:
            module.__class__ = CausalConv
        elif type(module) is WanUpsample:
            module.__class__ = Enlarged
        elif type(module) is WanRMS_norm:
            if isinstance(module.bias, Tensor):
                raise ValueError(f"{name} must have no bias, as the norms of the Wan VAEs")
            module.__class__ = Norm
