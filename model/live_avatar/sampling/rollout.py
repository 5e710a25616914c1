"""The run of blocks inside a segment: sampler, decoder, and what has been made so far.

After its first clip a run's reference gives way to the first latent that was made (the *sink
advance* of the reference's multi-GPU pipeline).

Shapes: H, W pixels, h, w latent rows and columns (1/8), F latent frames.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from numpy.typing import NDArray
from torch import Tensor

from model.engine import Pixels
from model.live_avatar.config import MOTION_FRAMES, WARM_LATENTS
from model.live_avatar.devices.copy_streams import coming, toward
from model.live_avatar.encoders.vae import (
    Arriving,
    Still,
    StreamingDecoder,
    encode_still,
    pixels_of,
)
from model.live_avatar.network.audio_injector import AudioTokens
from model.live_avatar.sampling.output_checks import check_figures, latent_figures
from model.live_avatar.sampling.sampler import BlockSampler, Denoised


@dataclass(frozen=True)
class PastBlock:
    """A block that later ones look back to.

    Attributes:
        seen: ``(steps, 16, 3, h, w)``, the latents as each step found them.
        distances: of every step, to the reference.
    """

    seen: Tensor
    distances: tuple[int, ...]


@dataclass(frozen=True)
class Past:
    """What a run leaves to another that goes on with it.

    Attributes:
        num_blocks: made so far.
        reference: latents ``(1, 16, 1, h, w)`` of the sink.
        first: the first latent that was made, of the same shape; the next reference.
        blocks: the latest ones, the oldest first.
        clean: the latest finished latents ``(1, 16, F, h, w)``.
    """

    num_blocks: int
    reference: Tensor
    first: Tensor
    blocks: tuple[PastBlock, ...]
    clean: Tensor

    def state(self) -> dict[str, NDArray[np.generic]]:
        """As named arrays, exact: bf16 travels as the bits it has, which numpy has no name for."""
        return {
            "num_blocks": np.array([self.num_blocks], np.int64),
            "reference": _array(self.reference),
            "first": _array(self.first),
            "clean": _array(self.clean),
            "seen": _array(self._seen()),
            "distances": np.array([block.distances for block in self.blocks], np.int64),
        }

    def _seen(self) -> Tensor:
        """Of all blocks ``(blocks, steps, 16, 3, h, w)``; a clip of one looks back to none."""
        if not self.blocks:
            return self.first.new_empty(0)
        return torch.stack([block.seen for block in self.blocks])

    @classmethod
    def of(cls, state: Mapping[str, NDArray[np.generic]], like: Tensor) -> "Past":
        """From named arrays, on the device and in the dtype of ``like``.

        Raises:
            ValueError: they were made with another engine or another handoff setting.
        """
        wanted = {"num_blocks", "reference", "first", "clean", "seen", "distances"}
        if not wanted <= set(state):
            raise ValueError(
                f"the handoff holds {sorted(state)}, but a context handoff has {sorted(wanted)}: "
                "another engine or another handoff setting made it"
            )
        blocks = zip(_tensor(state["seen"], like), state["distances"].tolist(), strict=True)
        return cls(
            num_blocks=int(state["num_blocks"].item()),
            reference=_tensor(state["reference"], like),
            first=_tensor(state["first"], like),
            blocks=tuple(PastBlock(seen, tuple(distances)) for seen, distances in blocks),
            clean=_tensor(state["clean"], like),
        )


def _array(tensor: Tensor) -> NDArray[np.generic]:
    held = tensor.cpu().contiguous()
    if held.dtype == torch.bfloat16:
        return held.view(torch.uint16).numpy()
    return held.float().numpy()


def _tensor(array: NDArray[np.generic], like: Tensor) -> Tensor:
    held = torch.from_numpy(np.array(array))
    if held.dtype == torch.uint16:
        held = held.view(torch.bfloat16)
    return held.to(like.device, like.dtype)


class Rollout:
    """Blocks in a row.

    Args:
        sampler: its prompt set; it is reset.
        vae: encodes pictures and decodes blocks.
        blocks_per_clip: after so many the reference gives way; blocks look back one less.

    Attributes:
        reference: latents ``(1, 16, 1, h, w)`` of the sink.
        motion: latents ``(1, 16, F, h, w)`` of the sink.
        decoder: makes frames of the blocks.
        made: the latest block.
    """

    def __init__(
        self,
        sampler: BlockSampler,
        vae: AutoencoderKLWan,
        blocks_per_clip: int,
    ) -> None:
        self._sampler, self._vae, self._blocks_per_clip = sampler, vae, blocks_per_clip
        self.decoder = StreamingDecoder(vae)
        self._blocks: deque[PastBlock] = deque(maxlen=blocks_per_clip - 1)
        self._distances: deque[tuple[int, ...]] = deque()  # of blocks not collected yet
        self._num_blocks = self._num_submitted = 0
        sampler.reset()
        self._motion_there = self._first_there = _nothing

    def begin(self, picture: Pixels) -> None:
        """Start from a picture ``(H, W, 3)``."""
        still = self._encoded(picture)
        self.reference = still.alone
        self._take_first(self.reference)
        self._take_motion(still.lasting)
        self._warm(self.motion[:, :, :WARM_LATENTS])

    def go_on(self, picture: Pixels, past: Past, heard: Iterable[AudioTokens]) -> None:
        """Start where another run ended.

        Args:
            picture: that the other run began with.
            past: that it left.
            heard: by each of its blocks.
        """
        self.reference = past.reference
        self._num_blocks = self._num_submitted = past.num_blocks
        self._take_first(past.first)
        self._take_motion(self._encoded(picture).lasting)
        first = past.num_blocks - len(past.blocks)
        for index, (block, audio) in enumerate(zip(past.blocks, heard, strict=True)):
            self._sampler.remember(first + index, block.seen, audio, block.distances)
        self._blocks.extend(past.blocks)
        self._warm(past.clean)

    def _encoded(self, picture: Pixels) -> Still:
        return encode_still(self._vae, pixels_of(picture[None]), MOTION_FRAMES)

    def _take_motion(self, motion: Tensor) -> None:
        self._set_motion(motion)
        self._sampler.set_sink(self.reference, self._motion_there())

    def _set_motion(self, motion: Tensor) -> None:
        self.motion, self._motion_there = motion, toward(motion, self._sampler.inputs)

    def _take_first(self, first: Tensor) -> None:
        """It goes to the sampler in the middle of a run, which should not wait for it then."""
        self._first, self._first_there = first, toward(first, self._sampler.inputs)

    def _warm(self, latents: Tensor) -> None:
        if latents.shape[2]:
            self.decoder.warm(latents)
        self._clean = latents

    def submit(self, noise: Tensor, audio: AudioTokens, distances: Sequence[int]) -> None:
        """Have the next block made; :attr:`may_submit` says when, :meth:`fetch` gives it."""
        if self._num_submitted == self._blocks_per_clip:
            self._advance_reference()
        self._sampler.submit(self._num_submitted, noise, audio, distances)
        self._distances.append(tuple(distances))
        self._num_submitted += 1

    @property
    def may_submit(self) -> bool:
        """Whether the next block can be begun before another one is fetched."""
        has_room = self._num_submitted - self._num_blocks < self._sampler.depth
        return has_room and (self._num_submitted != self._blocks_per_clip or self._num_blocks > 0)

    def fetch(self) -> "Fetched":
        """The block that was submitted first and not fetched yet, its frames on their way.

        Another one can be submitted now.
        """
        self._take()
        figures = latent_figures(self.made.seen, self.made.latents)
        pixels = self.decoder.decode(self.made.latents)
        return Fetched(self._num_blocks - 1, coming(figures), Arriving(pixels))

    def _take(self) -> None:
        self.made = self._sampler.collect()
        self._note(self.made, self._distances.popleft())

    def _advance_reference(self) -> None:
        self.reference = self._first
        self._sampler.set_sink(self._first_there(), self._motion_there())

    def _note(self, made: Denoised, distances: tuple[int, ...]) -> None:
        if self._num_blocks == 0:
            self._take_first(made.latents[:, :, :1])
        self._num_blocks += 1
        self._blocks.append(PastBlock(made.seen, distances))
        self._clean = torch.cat((self._clean.to(made.latents), made.latents), dim=2)
        self._clean = self._clean[:, :, -WARM_LATENTS:]

    @property
    def past(self) -> Past:
        """What another run needs to go on."""
        used = self.reference.to(self._first.dtype)  # in which the transformer takes it
        return Past(self._num_blocks, used, self._first, tuple(self._blocks), self._clean)


@dataclass(frozen=True)
class Fetched:
    """A block that is made, and not looked at yet.

    Attributes:
        block_index: within the run.
        figures: of its latents.
        arriving: its frames.
    """

    block_index: int
    figures: Callable[[], Tensor]
    arriving: Arriving

    def frames(self) -> Pixels:
        """Wait for them; ``(T, H, W, 3)``.

        Raises:
            BadFramesError: a latent is not a number, or out of all bounds.
            ValueError: a pixel is not a number.
        """
        check_figures(self.figures(), self.block_index)
        return self.arriving.frames()


def _nothing() -> Tensor:
    raise ValueError("the run has not begun: call begin or go_on first")
