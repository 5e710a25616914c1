"""The VAE's layers of diffusers, with fewer passes over memory and the same values.

A GPU spends more of a block's decoding on what lies between the convolutions than on these: what
diffusers writes and reads again is left out here, layer by layer. The layers and their parameters
stay those of diffusers; only how they go forward is changed, from outside.

- A norm and its SiLU are written behind the frames that the next convolution remembers, where it
  reads them: nothing is joined afterwards.
- Frames that a convolution has doubled are put in their order while they are enlarged.
- Channels lie last in memory, as cuDNN's convolutions on tensor cores want them. In another layout
  they copy all that goes in and comes out.
- Zeros around a frame are the convolution's own, and not a larger copy of what goes in. Where there
  are no frames from before yet, there are frames of zeros.
- A norm reads the frames in their own dtype and writes them in it: what is computed in float32 is
  not stored. Where nothing is added to a norm, zero is not added.
- A picture is enlarged in its own dtype: nearest values need no arithmetic.

Shapes: B batch (1), C channels, T frames, H, W rows and columns.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias, cast

import torch
import torch.nn.functional as F  # noqa: N812  the field's name for it
from diffusers.models.autoencoders.autoencoder_kl_wan import (
    AutoencoderKLWan,
    WanCausalConv3d,
    WanDecoder3d,
    WanEncoder3d,
    WanResample,
    WanResidualBlock,
    WanRMS_norm,
)
from einops import rearrange, repeat
from torch import Tensor, nn

from model.live_avatar.config import FRAMES_PER_LATENT
from model.live_avatar.weights.state import put

#: what each convolution remembers, in the decoder's or the encoder's order; diffusers' own list
Slots: TypeAlias = list[Any]
Layer: TypeAlias = Callable[[Tensor, Slots, list[int]], Tensor]
REPEATED = "Rep"  # how diffusers marks a layer that has seen one latent alone
REMEMBERED_FRAMES = 2
_EPSILON = 1e-12  # of torch's ``normalize``


# --- between convolutions ---


def activated(x: Tensor, gamma: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
    """A norm and SiLU, as the next convolution takes them.

    Args:
        x: frames ``(1, C, T, H, W)``.
        gamma: of the norm, C values.
        memory: what the next convolution saw last, ``(1, C, 2, H, W)``.

    Returns:
        ``(1, C, 2 + T, H, W)``, the memory in front, and the last two frames of it.
    """
    frames, before = (rearrange(each, "b c t h w -> b t h w c") for each in (x, memory))
    joined = before.new_empty(
        (frames.shape[0], before.shape[1] + frames.shape[1], *frames.shape[2:])
    )
    joined[:, : before.shape[1]] = before
    normed = joined[:, before.shape[1] :]
    _normalize(frames, gamma, into=normed)
    F.silu(normed, inplace=True)
    last = joined[:, -REMEMBERED_FRAMES:].clone(memory_format=torch.contiguous_format)
    return _by_channel(joined), _by_channel(last)


def enlarged(x: Tensor, count: int) -> Tensor:
    """``(1, N*C, T, H, W)`` -> ``(T*N, C, 2H, 2W)``, each value the nearest one's.

    Args:
        x: frames.
        count: N; of each, the first C channels are the first frame.
    """
    larger = repeat(x, "1 (n c) t h w -> (t n) (h p) (w q) c", n=count, p=2, q=2)
    return rearrange(larger, "t h w c -> t c h w")


def _normalize(x: Tensor, gamma: Tensor, into: Tensor) -> Tensor:
    """``(..., C)``, over the channels, computed in float32 at least; written into ``into``."""
    wide = torch.promote_types(x.dtype, torch.float32)
    length = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=wide).clamp_min_(_EPSILON)
    torch.div(x, length, out=into)  # divided wide, and then rounded
    return into.mul_(x.shape[-1] ** 0.5).mul_(gamma.flatten())


def _by_channel(frames: Tensor) -> Tensor:
    return rearrange(frames, "b t h w c -> b c t h w")


# --- what of a decoder is run in one piece each ---


class VaePieces(NamedTuple):
    """What lies around the convolutions of a decoder; see :func:`use_vae_pieces`.

    Attributes:
        convolve: frames, and the bias that is still to be added to them, if any.
        activate: see :func:`activated`, behind the bias that is still to be added, if any.
        add: a bias that is still to be added, if any, and the frames beside.
    """

    convolve: Callable[[WanCausalConv3d, Tensor], tuple[Tensor, Tensor | None]]
    activate: Callable[[Tensor, Tensor | None, Tensor, Tensor], tuple[Tensor, Tensor]]
    add: Callable[[Tensor, Tensor | None, Tensor], Tensor]


def convolved(conv: WanCausalConv3d, x: Tensor) -> tuple[Tensor, None]:
    """A convolution with its bias; nothing is left to add."""
    return conv(x), None


def _activated_alone(
    x: Tensor, bias: Tensor | None, gamma: Tensor, memory: Tensor
) -> tuple[Tensor, Tensor]:
    assert bias is None
    return activated(x, gamma, memory)


def _added(x: Tensor, bias: Tensor | None, beside: Tensor) -> Tensor:
    assert bias is None
    return x + beside


EAGER_VAE = VaePieces(convolved, _activated_alone, _added)


def convolved_without_bias(conv: WanCausalConv3d, x: Tensor) -> tuple[Tensor, Tensor | None]:
    """A convolution whose bias the next piece adds: cuDNN would add it in a pass of its own."""
    return cast("CausalConv", conv).without_bias(x), conv.bias


def fusible_activated(
    x: Tensor, bias: Tensor | None, gamma: Tensor, memory: Tensor
) -> tuple[Tensor, Tensor]:
    """A bias, a norm and SiLU as torch's compiler makes one kernel of them.

    The values are those of :func:`activated` but for rounding: compiled, nothing is rounded between
    the bias and what is stored. Nothing is written in place, which the compiler decides by itself.
    """
    frames, before = (rearrange(each, "b c t h w -> b t h w c") for each in (x, memory))
    if bias is not None:
        frames = frames + bias
    wide = frames.to(torch.promote_types(frames.dtype, torch.float32))
    length = torch.linalg.vector_norm(wide, dim=-1, keepdim=True).clamp_min(_EPSILON)
    normed = wide / length * (frames.shape[-1] ** 0.5) * gamma.flatten()
    joined = torch.cat((before, F.silu(normed).to(before.dtype)), dim=1)
    last = joined[:, -REMEMBERED_FRAMES:].clone(memory_format=torch.contiguous_format)
    return _by_channel(joined), _by_channel(last)


def fusible_added(x: Tensor, bias: Tensor | None, beside: Tensor) -> Tensor:
    """A bias and the frames beside, in one pass."""
    return x + beside if bias is None else x + bias.view(-1, 1, 1, 1) + beside


# --- layers ---


class CausalConv(WanCausalConv3d):
    """A convolution that sees the past alone."""

    def forward(self, x: Tensor, cache_x: Tensor | None = None) -> Tensor:
        """``(B, C, T, H, W)``, frames from before in front -> those that its kernel leaves.

        Args:
            x: the frames.
            cache_x: diffusers' argument; frames from before are in ``x``.
        """
        assert cache_x is None
        return self._convolved(x, self.bias)

    def without_bias(self, x: Tensor) -> Tensor:
        """The same before its bias is added."""
        return self._convolved(x, None)

    def _convolved(self, x: Tensor, bias: Tensor | None) -> Tensor:
        columns, _, rows, *_ = cast("tuple[int, ...]", self._padding)
        return F.conv3d(x, self.weight, bias, self.stride, (0, rows, columns))


class Norm(WanRMS_norm):
    """Over the channels, computed in float32 at least."""

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W)``, same shape and dtype."""
        pixels = rearrange(x, "b c h w -> b h w c")
        normed = _normalize(pixels, self.gamma, into=torch.empty_like(pixels))
        return rearrange(normed, "b h w c -> b c h w")


class Residual(WanResidualBlock):
    """Two norms with SiLU and a convolution each, beside the frames themselves."""

    pieces = EAGER_VAE

    def forward(
        self, x: Tensor, feat_cache: Slots | None = None, feat_idx: list[int] | None = None
    ) -> Tensor:
        """``(1, C, T, H, W)`` -> as many frames; remembers in two slots."""
        slots, index = _given(feat_cache, feat_idx)
        run, beside = self.pieces, self.conv_shortcut(x)
        x, bias = run.convolve(self.conv1, _activated(self, x, None, self.norm1, slots, index))
        x, bias = run.convolve(self.conv2, _activated(self, x, bias, self.norm2, slots, index))
        return run.add(x, bias, beside)


class Resample(WanResample):
    """Twice as many rows and columns, and frames too; or half as many, as diffusers does it."""

    def forward(
        self, x: Tensor, feat_cache: Slots | None = None, feat_idx: list[int] | None = None
    ) -> Tensor:
        """``(1, C, T, H, W)``; the first latent is not doubled in time."""
        if not self.mode.startswith("upsample"):
            return super().forward(x, feat_cache, feat_idx)
        count = 1
        if self.mode == "upsample3d":
            slots, index = _given(feat_cache, feat_idx)
            if slots[index[0]] is None:
                slots[index[0]] = REPEATED
            else:
                x, count = self.time_conv(_behind(x, slots, index[0])), 2
            index[0] += 1
        _, conv = cast("nn.Sequential", self.resample)
        return rearrange(conv(enlarged(x, count)), "t c h w -> 1 c t h w")


class Decoder(WanDecoder3d):
    """From latents to frames."""

    pieces = EAGER_VAE

    def forward(
        self,
        x: Tensor,
        feat_cache: Slots | None = None,
        feat_idx: list[int] | None = None,
        first_chunk: bool = False,
    ) -> Tensor:
        """``(1, 16, 1, h, w)`` -> ``(1, 3, T, H, W)``; every convolution remembers in its slot."""
        del first_chunk  # which other VAEs than this one ask for
        slots, index = _given(feat_cache, feat_idx)
        return _end(self, self.through(x, slots, index, len(self.up_blocks)), slots, index)

    def through(self, x: Tensor, slots: Slots, index: list[int], count: int) -> Tensor:
        """Up to so many of its blocks, and not to the frames."""
        x = self.mid_block(_begin(self, x, slots, index), slots, index)
        for block in self.up_blocks[:count]:
            x = block(x, slots, index)
        return x


class Encoder(WanEncoder3d):
    """From frames to latents."""

    pieces = EAGER_VAE

    def forward(
        self, x: Tensor, feat_cache: Slots | None = None, feat_idx: list[int] | None = None
    ) -> Tensor:
        """``(1, 3, T, H, W)`` -> ``(1, 32, 1, h, w)``; every convolution remembers in its slot."""
        slots, index = _given(feat_cache, feat_idx)
        for layer in self.layers():
            x = layer(x, slots, index)
        return x

    def still(self, picture: Tensor, settled: Sequence[int], count: int) -> list[Tensor]:
        """A picture that stands still, as the frames of so many latents.

        What all frames have in common is equal from one latent to the next once a layer sees
        nothing of the video's beginning any more. From there on a layer is not run again, and what
        follows it is given what it made last: the same values, at the same places of a call.

        Args:
            picture: ``(1, 3, 1, H, W)``, which is the first latent's only frame.
            settled: for each of :meth:`layers` the last latent, counted from 0, for which it is
                run; no number is smaller than the one before.
            count: of latents.

        Returns:
            Each ``(1, 32, 1, h, w)``.
        """
        layers, made = self.layers(), list[Tensor]()
        slots: Slots = [None] * sum(isinstance(m, WanCausalConv3d) for m in self.modules())
        places = list[int]()  # of each layer's first slot
        given = picture
        for latent in range(count):
            if latent == 1:
                given = repeat(picture, "1 c 1 h w -> 1 c t h w", t=FRAMES_PER_LATENT).contiguous()
            first = sum(last < latent for last in settled)
            x, index = given, [places[first] if latent else 0]
            for layer, last in zip(layers[first:], settled[first:], strict=True):
                if not latent:
                    places.append(index[0])
                x = layer(x, slots, index)
                if last == latent:
                    given = x
            made.append(x)
        return made

    def layers(self) -> list[Layer]:
        """In order."""
        return [partial(_begin, self), *self.down_blocks, self.mid_block, partial(_end, self)]


def _given(slots: Slots | None, index: list[int] | None) -> tuple[Slots, list[int]]:
    """What diffusers need not be given."""
    assert slots is not None
    assert index is not None
    return slots, index


def _begin(coder: Decoder | Encoder, x: Tensor, slots: Slots, index: list[int]) -> Tensor:
    x = coder.conv_in(_behind(x, slots, index[0]))
    index[0] += 1
    return x


def _end(coder: Decoder | Encoder, x: Tensor, slots: Slots, index: list[int]) -> Tensor:
    return coder.conv_out(_activated(coder, x, None, coder.norm_out, slots, index))


def _activated(
    owner: Residual | Decoder | Encoder,
    x: Tensor,
    bias: Tensor | None,
    norm: WanRMS_norm,
    slots: Slots,
    index: list[int],
) -> Tensor:
    """A norm and SiLU behind the frames that the next convolution remembers; it remembers anew."""
    memory = _memory(x, slots[index[0]])
    joined, slots[index[0]] = owner.pieces.activate(x, bias, norm.gamma, memory)
    index[0] += 1
    return joined


def _behind(x: Tensor, slots: Slots, index: int) -> Tensor:
    """Frames behind those that a convolution remembers; it then remembers the last ones."""
    joined = torch.cat((_memory(x, slots[index]), x), dim=2)
    slots[index] = joined[:, :, -REMEMBERED_FRAMES:].clone()
    return joined


def _memory(x: Tensor, slot: Tensor | str | None) -> Tensor:
    """What a slot holds, frames of zeros where there was nothing before."""
    if isinstance(slot, Tensor):
        return slot
    frames, channels, _, *sides = x.shape
    return _by_channel(x.new_zeros((frames, REMEMBERED_FRAMES, *sides, channels)))


# --- from outside ---

_LEAN: dict[type[nn.Module], type[nn.Module]] = {
    WanCausalConv3d: CausalConv,
    WanRMS_norm: Norm,
    WanResidualBlock: Residual,
    WanResample: Resample,
    WanDecoder3d: Decoder,
    WanEncoder3d: Encoder,
}


def use_lean_layers(vae: AutoencoderKLWan) -> None:
    """Let a VAE's layers go forward as they do here.

    Raises:
        ValueError: a norm of it has a bias, which those of the Wan VAEs have not.
    """
    modules: dict[str, nn.Module] = dict(vae.named_modules())
    for name, module in modules.items():
        if isinstance(module, WanRMS_norm) and isinstance(module.bias, Tensor):
            raise ValueError(f"{name} must have no bias, as the norms of the Wan VAEs")
    for module in modules.values():
        module.__class__ = _LEAN.get(type(module), type(module))


def use_vae_pieces(decoder: nn.Module, pieces: VaePieces) -> None:
    """Let all layers of a decoder run ``pieces``; its weights are untouched."""
    for module in decoder.modules():
        if isinstance(module, Residual | Decoder):
            module.pieces = pieces


def put_channels_last(model: nn.Module, name: str, weight: Tensor) -> None:
    """Put a weight into a VAE; a convolution's with its channels last in memory."""
    layouts = {4: torch.channels_last, 5: torch.channels_last_3d}
    if model.get_parameter(name).dim() in layouts and name.endswith("weight"):
        weight = weight.contiguous(memory_format=layouts[weight.dim()])
    put(model, name, weight)
