"""Pixels <-> latents: the Wan 2.1 VAE, whose convolutions see the past alone.

The layers are those of diffusers; here are its sizes, the published names, the latents' scale, and
a decoder that goes on where it stopped. The first latent is one frame, every other one is four.

Shapes: T frames, F latent frames, H, W pixels, h, w latent rows and columns (1/8).
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias, cast

import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import (
    AutoencoderKLWan,
    WanCausalConv3d,
)
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from einops import rearrange
from torch import Tensor

from model.engine import Pixels
from model.live_avatar.config import FRAMES_PER_LATENT, LATENT_SIDE, WAN_VAE, VaeConfig
from model.live_avatar.devices.copy_streams import coming
from model.live_avatar.encoders.vae_layers import (
    REPEATED,
    Decoder,
    Encoder,
    Slots,
    put_channels_last,
    use_lean_layers,
)
from model.live_avatar.planning.sizes import decoder_reach, encoder_settled
from model.live_avatar.weights.state import built_empty, load_weights, weights_faults

State: TypeAlias = Mapping[str, Tensor]


def build_vae(config: VaeConfig) -> AutoencoderKLWan:
    """A VAE without meaningful weights, on torch's default device."""
    vae = AutoencoderKLWan(
        base_dim=config.dim,
        z_dim=config.latent_channels,
        dim_mult=list(config.multipliers),
        num_res_blocks=config.num_res_blocks,
        temperal_downsample=list(config.halves_time),
    )
    use_lean_layers(vae)
    return vae.eval().requires_grad_(False)


def load_vae(
    path: Path,
    *,
    config: VaeConfig = WAN_VAE,
    dtype: torch.dtype,
    device: torch.device | str,
) -> AutoencoderKLWan:
    """The VAE with published weights.

    Args:
        path: the ``.pth`` or a safetensors file with the same names.
        config: its sizes.
        dtype: of all its weights.
        device: that holds it.

    Raises:
        WeightsError: the file is missing, cut short or of another model.
    """
    vae = built_empty(lambda: build_vae(config))
    names = published_vae_names(vae)
    load_weights(vae, path, names, dtype=dtype, device=device, put_weight=put_channels_last)
    return vae


def vae_faults(path: Path, config: VaeConfig = WAN_VAE) -> list[str]:
    """What of the VAE's file does not fit, told by its header alone.

    Raises:
        WeightsError: the file is missing, cut short, or not what its name says.
    """
    vae = built_empty(lambda: build_vae(config))
    return weights_faults(vae, path, published_vae_names(vae))


# --- published names ---

_PARTS = {
    "quant_conv": "conv1",
    "post_quant_conv": "conv2",
    "conv_in": "conv1",
    "norm_out": "head.0",
    "conv_out": "head.2",
}
_MIDDLE = {"resnets.0": "middle.0", "attentions.0": "middle.1", "resnets.1": "middle.2"}
_RESIDUAL = {
    "norm1": "residual.0",
    "conv1": "residual.2",
    "norm2": "residual.3",
    "conv2": "residual.6",
    "conv_shortcut": "shortcut",
}
_PART = re.compile(r"(?P<side>(?:encoder\.|decoder\.|))(?P<part>\w+)")
_LAYER = re.compile(
    r"(?P<side>encoder\.|decoder\.)"
    r"(?:mid_block\.(?P<middle>\w+\.\d+)|down_blocks\.(?P<down>\d+)"
    r"|up_blocks\.(?P<up>\d+)\.(?P<place>resnets\.\d+|upsamplers\.0))"
    r"\.(?P<layer>.+)"
)


def published_vae_names(vae: AutoencoderKLWan) -> dict[str, str]:
    """Published name -> diffusers' own, of every parameter."""
    num_res_blocks = int(vae.config["num_res_blocks"]) + 1  # of the decoder
    return {_published(name, num_res_blocks): name for name, _ in vae.named_parameters()}


def _published(name: str, num_res_blocks: int) -> str:
    """The published file counts the decoder's layers through; each block ends in what doubles."""
    path, _, kind = name.rpartition(".")
    if part := _PART.fullmatch(path):
        return f"{part['side']}{_PARTS[part['part']]}.{kind}"
    found = _LAYER.fullmatch(path)
    if not found:
        raise ValueError(f"{name} is not a parameter of the Wan 2.1 VAE")
    if found["middle"]:
        stage = _MIDDLE[found["middle"]]
    elif found["down"]:
        stage = f"downsamples.{found['down']}"
    else:
        place, _, index = found["place"].partition(".")
        within = int(index) if place == "resnets" else num_res_blocks
        stage = f"upsamples.{int(found['up']) * (num_res_blocks + 1) + within}"
    return f"{found['side']}{stage}.{_RESIDUAL.get(found['layer'], found['layer'])}.{kind}"


# --- pixels ---


def pixels_of(frames: Pixels) -> Tensor:
    """Frames ``(T, H, W, 3)`` uint8 -> ``(1, 3, T, H, W)`` float32 in -1 to 1."""
    video = rearrange(torch.tensor(frames), "t h w c -> 1 c t h w")
    return video.float() / 255 * 2 - 1


class Arriving:
    """Frames on their way to the host, each value the nearest of 8 bits.

    (The reference cuts the fraction off, which darkens by half a level.)

    Args:
        pixels: ``(1, 3, T, H, W)`` in -1 to 1; nothing waits for them yet.
    """

    def __init__(self, pixels: Tensor) -> None:
        levels = ((pixels.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
        self._levels = coming(rearrange(levels, "1 c t h w -> t h w c").contiguous())
        self._is_finite = coming(torch.isfinite(pixels).all())

    def frames(self) -> Pixels:
        """Wait for them; ``(T, H, W, 3)`` uint8.

        Raises:
            ValueError: a pixel is not a number.
        """
        if not bool(self._is_finite()):
            raise ValueError(
                "a decoded pixel is not a number: the latents or the weights are damaged"
            )
        return self._levels().numpy()


# --- latents ---


def _scale(vae: AutoencoderKLWan) -> tuple[Tensor, Tensor]:
    """Mean and 1 / std of raw latents, ``(1, 16, 1, 1, 1)`` float32.

    In float32 whatever the weights are; the reference rounds both to bf16, which moves latents by
    7e-3.
    """
    mean, std = (
        torch.tensor(values, dtype=torch.float32, device=vae.device)
        for values in (vae.config["latents_mean"], vae.config["latents_std"])
    )
    return mean.view(1, -1, 1, 1, 1), (1 / std).view(1, -1, 1, 1, 1)


@torch.no_grad()
def encode(vae: AutoencoderKLWan, pixels: Tensor) -> Tensor:
    """Latents ``(1, 16, F, h, w)`` float32, the distribution's mean, of ``(1, 3, T, H, W)``.

    Raises:
        ValueError: T is not one more than a multiple of 4, or H or W is no multiple of 8. (The
            reference drops the frames that are too many without a word.)
    """
    _check_frames(pixels)
    (distribution,) = vae.encode(pixels.to(vae.device, vae.dtype), return_dict=False)
    return _scaled(vae, distribution)


class Still(NamedTuple):
    """A picture's latents.

    Attributes:
        alone: ``(1, 16, 1, h, w)`` float32, of the picture as a video of one frame.
        lasting: ``(1, 16, F, h, w)`` float32, of a video of it that goes on.
    """

    alone: Tensor
    lasting: Tensor


@torch.no_grad()
def encode_still(vae: AutoencoderKLWan, picture: Tensor, num_frames: int) -> Still:
    """What :func:`encode` makes of a picture and of ``num_frames`` copies of it, for less work.

    The bits are the same: see :meth:`.vae_layers.Encoder.still`. The first latent of the copies is
    the picture's own.

    Args:
        vae: of :func:`build_vae`, its weights loaded.
        picture: ``(1, 3, 1, H, W)``.
        num_frames: of the video that goes on.

    Raises:
        ValueError: see :func:`encode`.
    """
    _check_frames(picture.expand(-1, -1, num_frames, -1, -1))
    encoder, count = cast("Encoder", vae.encoder), 1 + num_frames // FRAMES_PER_LATENT
    there = picture.to(vae.device, vae.dtype)
    made = encoder.still(there, encoder_settled(_config_of(vae)), count)
    alone, lasting = (
        _scaled(vae, DiagonalGaussianDistribution(vae.quant_conv(each)))
        for each in (made[0], torch.cat(made, dim=2))
    )
    return Still(alone, lasting)


def _check_frames(pixels: Tensor) -> None:
    num_frames, height, width = pixels.shape[2:]
    if num_frames % FRAMES_PER_LATENT != 1:
        raise ValueError(f"frames to encode must be 4n + 1, got {num_frames}")
    if height % LATENT_SIDE or width % LATENT_SIDE:
        raise ValueError(f"size must be multiples of {LATENT_SIDE}, got {width}x{height}")


def _scaled(vae: AutoencoderKLWan, distribution: DiagonalGaussianDistribution) -> Tensor:
    mean, inverse_std = _scale(vae)
    return (distribution.mode().float() - mean) * inverse_std


def _config_of(vae: AutoencoderKLWan) -> VaeConfig:
    """What :func:`build_vae` made it of."""
    told = vae.config
    return VaeConfig(
        dim=told["base_dim"],
        latent_channels=told["z_dim"],
        multipliers=tuple(told["dim_mult"]),
        num_res_blocks=told["num_res_blocks"],
        halves_time=tuple(told["temperal_downsample"]),
    )


class StreamingDecoder:
    """Decodes a video piece by piece; pieces in a row are bit-equal to the whole at once.

    One latent frame at a time goes through the decoder, beside a list with what each causal
    convolution remembers. That list is an argument of diffusers' decoder that it does not
    document: the version is pinned, and golden tensors guard it.

    Args:
        vae: of :func:`build_vae`, its weights loaded.
    """

    def __init__(self, vae: AutoencoderKLWan) -> None:
        self._vae, self._decoder = vae, cast("Decoder", vae.decoder)
        self._num_slots = sum(isinstance(m, WanCausalConv3d) for m in vae.decoder.modules())
        self._mean, self._inverse_std = _scale(vae)
        self._slots: Slots = []
        self._reach = decoder_reach(_config_of(vae))
        self.reset()

    def reset(self) -> None:
        """Forget all: the next latent is the first of a video, and gives one frame."""
        self._slots = [None] * self._num_slots

    @property
    def has_begun(self) -> bool:
        """Whether the next latent gives four frames."""
        return any(slot is not None for slot in self._slots)

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """The next latents ``(1, 16, F, h, w)`` -> ``(1, 3, T, H, W)`` float32 in -1 to 1."""
        pieces = [
            self._decoder(self._features(one), self._slots, [0]) for one in self._raw(latents)
        ]
        return torch.cat(pieces, dim=2).float().clamp(-1, 1)

    @torch.no_grad()
    def warm(self, latents: Tensor) -> None:
        """Begin with latents ``(1, 16, F, h, w)`` whose frames nobody wants to see.

        What is decoded afterwards has the bits that it has after :meth:`decode`. A latent passes
        only through those blocks of the decoder in whose reach it is from the frames that come: at
        full resolution these are the last 4 latents, at half of it the last 7.

        Raises:
            ValueError: the decoder has begun, and would lose what it remembers.
        """
        if self.has_begun:
            raise ValueError("the decoder has begun already; reset it, or decode these latents")
        for num_left, latent in zip(
            range(latents.shape[2], 0, -1), self._raw(latents), strict=True
        ):
            count = sum(num_left <= reach for reach in self._reach)
            if count == len(self._reach):
                self._decoder(self._features(latent), self._slots, [0])
            else:
                self._decoder.through(self._features(latent), self._slots, [0], count)

    def _raw(self, latents: Tensor) -> Sequence[Tensor]:
        """One by one, on the decoder's scale."""
        raw = latents.to(self._vae.device).float() / self._inverse_std + self._mean
        return raw.to(self._vae.dtype).split(1, dim=2)

    def _features(self, latent: Tensor) -> Tensor:
        """What a latent is to the decoder."""
        return self._vae.post_quant_conv(latent)

    def state(self) -> dict[str, Tensor]:
        """What is remembered, by slot: a layer that has seen one latent alone is an empty tensor.

        At 704x384 these are 1.2 GB in bf16: to hand a stream on, decode its last latents again.
        """
        layout = torch.contiguous_format  # that files want
        return {
            f"slot{index:02d}": self._empty()
            if isinstance(slot, str)
            else slot.clone(memory_format=layout)
            for index, slot in enumerate(self._slots)
            if slot is not None
        }

    def _empty(self) -> Tensor:
        return torch.empty(0, dtype=self._vae.dtype, device=self._vae.device)

    def restore(self, state: State) -> None:
        """Go on where :meth:`state` was taken, in this process or another.

        Raises:
            ValueError: it is the state of another decoder.
        """
        names = [f"slot{index:02d}" for index in range(self._num_slots)]
        unknown = sorted(set(state) - set(names))
        if unknown:
            raise ValueError(f"slots {unknown} do not exist, the decoder has {self._num_slots}")
        self._slots = [self._slot(state.get(name)) for name in names]

    def _slot(self, remembered: Tensor | None) -> Tensor | str | None:
        if remembered is None:
            return None
        if not remembered.numel():
            return REPEATED
        layout = torch.channels_last_3d  # as a convolution leaves it
        return remembered.to(self._vae.device, self._vae.dtype).clone(memory_format=layout)
