"""Decoding clip by clip, as the reference's single-GPU pipeline does; see :mod:`.modes`.

It decodes the motion latents again before every clip and encodes the frames that were seen last
again after it: 778 frames' work for a clip of 48 at the published sizes. The product decodes every
block once.
"""

from typing import TYPE_CHECKING

import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from torch import Tensor

from model.live_avatar.config import FRAMES_PER_LATENT
from model.live_avatar.encoders.vae import StreamingDecoder, encode

if TYPE_CHECKING:
    from tests.parity.modes import Mode


class ClipDecoder:
    """Turns blocks into frames, a clip at a time.

    Args:
        vae: decodes and encodes.
        mode: says what is dropped, and how many frames of a clip are kept for the next.
        clip_latents: latent frames of a clip.
        seen: pixels ``(1, 3, T, H, W)`` before the first clip.
        motion: their latents.
    """

    def __init__(
        self,
        vae: AutoencoderKLWan,
        mode: "Mode",
        clip_latents: int,
        seen: Tensor,
        motion: Tensor,
    ) -> None:
        self._vae, self._mode, self._clip_latents = vae, mode, clip_latents
        self._seen, self._motion = seen, motion
        self._has_changed = False
        self._decoder = StreamingDecoder(vae)
        self._waiting: list[Tensor] = []
        self._is_first = True

    def decode(self, latents: Tensor) -> Tensor:
        """Take a block; frames ``(1, 3, T, H, W)`` of its clip, none before it is whole."""
        self._waiting.append(latents)
        clip = torch.cat(self._waiting, dim=2)
        if clip.shape[2] < self._clip_latents:
            return self._seen[:, :, :0]
        self._waiting.clear()
        self._decoder.reset()
        decoded = self._decoder.decode(torch.cat((self.motion().to(clip), clip), dim=2))
        frames = decoded[:, :, -clip.shape[2] * FRAMES_PER_LATENT :]
        if self._is_first:
            frames = frames[:, :, self._mode.num_dropped_frames :]
        self._is_first = False
        self._remember(frames)
        return frames

    def _remember(self, frames: Tensor) -> None:
        """The window's length stays: what comes in goes out at its other end."""
        count = min(self._mode.num_motion_frames, frames.shape[2])
        seen = self._seen.to(frames.device)
        self._seen = torch.cat((seen[:, :, count:], frames[:, :, -count:]), dim=2)
        self._has_changed = True

    def motion(self) -> Tensor:
        """Latents of the frames seen last; encoded when they are asked for."""
        if self._has_changed:
            self._motion, self._has_changed = encode(self._vae, self._seen), False
        return self._motion
