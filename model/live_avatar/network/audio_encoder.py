"""Speech features -> audio tokens, causally: four local tokens and a global one per latent frame.

Shapes: A speakers, S hidden states of the speech encoder, T video frames, F latent frames,
D width of the transformer.
"""

import torch
import torch.nn.functional as F  # noqa: N812  the field's name for it
from einops import rearrange
from torch import Tensor, nn

from model.live_avatar.config import FRAMES_PER_LATENT, TransformerConfig

_KERNEL = 3


class CausalConv(nn.Conv1d):
    """A convolution in time that sees the past alone; before the first frame is the first."""

    def __init__(self, channels_in: int, channels_out: int, stride: int = 1) -> None:
        super().__init__(channels_in, channels_out, _KERNEL, stride)

    def forward(self, input: Tensor) -> Tensor:
        """``(B, C, T)`` -> ``(B, C', ceil(T / stride))``, in float32."""
        padded = F.pad(input, (_KERNEL - 1, 0), mode="replicate")
        bias = None if self.bias is None else self.bias.float()
        return F.conv1d(padded, self.weight.float(), bias, self.stride)


class AudioEncoder(nn.Module):
    """Mixes the speech encoder's layers, then halves time twice; all in float32."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        dim, tokens = config.dim, config.num_audio_tokens
        narrow = dim // tokens
        self.num_tokens, self.eps = tokens, config.norm_eps
        self.layer_weights = nn.Parameter(torch.empty(1, config.num_audio_layers, 1, 1))
        self.conv1_local = CausalConv(config.audio_dim, narrow * tokens)
        self.conv1_global = CausalConv(config.audio_dim, narrow)
        self.conv2 = CausalConv(narrow, dim // 2, stride=2)
        self.conv3 = CausalConv(dim // 2, dim, stride=2)
        self.final_linear = nn.Linear(dim, dim)
        self.padding_tokens = nn.Parameter(torch.empty(1, 1, 1, dim))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens of speech features ``(A, S, audio_dim, T)``.

        Returns:
            The global token ``(A, F, 1, D)`` and the local ones ``(A, F, 5, D)``, float32.
        """
        weights = F.silu(self.layer_weights.float())
        mixed = (features * weights / weights.sum(1, keepdim=True)).sum(1)  # (A, audio_dim, T)
        local = rearrange(self.conv1_local(mixed), "a (n c) t -> (a n) c t", n=self.num_tokens)
        local = rearrange(self._halved(local), "(a n) c f -> a f n c", n=self.num_tokens)
        padding = self.padding_tokens.float().expand(*local.shape[:2], 1, -1)
        whole = rearrange(self._halved(self.conv1_global(mixed)), "a c f -> a f 1 c")
        whole = F.linear(whole, self.final_linear.weight.float(), self.final_linear.bias.float())
        return whole, torch.cat((local, padding), dim=2)

    def _halved(self, x: Tensor) -> Tensor:
        """The part that both branches share: time is halved twice."""
        x = self.conv2(self._active(x))
        return self._active(self.conv3(self._active(x)))

    def _active(self, x: Tensor) -> Tensor:
        """Norm over channels, then SiLU."""
        normed = F.layer_norm(rearrange(x, "b c t -> b t c"), x.shape[1:2], eps=self.eps)
        return rearrange(F.silu(normed), "b t c -> b c t")


def block_tokens(
    encoder: AudioEncoder, features: Tensor, num_prefix_frames: int
) -> tuple[Tensor, Tensor]:
    """Tokens of one block, encoded alone: its first frame is repeated in front of it.

    This is how the model was trained: no context crosses a block's border.

    Args:
        encoder: of the model.
        features: ``(A, S, audio_dim, 12)`` of the block.
        num_prefix_frames: repetitions; their latent frames are dropped again.
    """
    prefix = features[..., :1].expand(*features.shape[:-1], num_prefix_frames)
    whole, local = encoder(torch.cat((prefix, features), dim=-1))
    num_dropped = (num_prefix_frames + FRAMES_PER_LATENT - 1) // FRAMES_PER_LATENT
    return whole[:, num_dropped:], local[:, num_dropped:]
