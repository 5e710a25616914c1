"""Ways to run a whole video: the product's own, and three that repeat the reference exactly.

The reference's pipelines do not agree with each other; what differs is named here. The parity modes
take their noise and distances from whoever compares, and hear features of the whole file.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from einops import repeat
from torch import Tensor

from model.engine import Pixels
from model.live_avatar.config import BLOCK_LATENTS, MOTION_FRAMES, WARM_LATENTS
from model.live_avatar.encoders.vae import Still, encode, pixels_of
from model.live_avatar.network.audio_injector import AudioTokens
from model.live_avatar.sampling.output_checks import check_figures, latent_figures
from model.live_avatar.sampling.rollout import Past, Rollout
from model.live_avatar.sampling.sampler import BlockSampler
from tests.parity.clip_decoder import ClipDecoder


@dataclass(frozen=True)
class Mode:
    """What pipelines do differently.

    Attributes:
        name: of the mode.
        num_reference_frames: copies of the picture that are encoded together; the reference is
            their last latent.
        num_motion_frames: frames that the motion memory was meant to begin with. So many times
            the reference's copies are encoded: with five of them the reference encodes 365.
        advances_reference: after its first clip the reference gives way to the first latent made.
        renews_motion: the motion memory then gives way to the latest frames, encoded again.
        decodes_clips: a clip is decoded when it is whole, behind the motion memory's latents, and
            its frames are encoded again to go before the next one. Else every block is decoded at
            once by one decoder that remembers.
        num_warm_latents: of the motion memory, decoded and thrown away before the first block.
        num_dropped_frames: of the video's beginning.
    """

    name: str
    num_reference_frames: int
    advances_reference: bool
    renews_motion: bool
    decodes_clips: bool
    num_warm_latents: int
    num_dropped_frames: int
    num_motion_frames: int = MOTION_FRAMES

    def __post_init__(self) -> None:
        if self.renews_motion and not (self.decodes_clips and self.advances_reference):
            raise ValueError(
                f"mode {self.name}: renews_motion needs decodes_clips and advances_reference: the "
                "first makes its latents, the second takes them"
            )
        for count in (self.num_reference_frames, self.num_motion_copies):
            if count % 4 != 1:
                raise ValueError(
                    f"mode {self.name}: copies to encode must be 4n + 1, got {count}; change "
                    "num_reference_frames or num_motion_frames"
                )

    @property
    def num_motion_copies(self) -> int:
        """Copies of the picture that the motion memory begins with."""
        return self.num_reference_frames * self.num_motion_frames


#: the reference's multi-GPU pipeline, its decoder warmed longer and all frames kept
DEFAULT = Mode(
    "default",
    num_reference_frames=1,
    advances_reference=True,
    renews_motion=False,
    decodes_clips=False,
    num_warm_latents=WARM_LATENTS,
    num_dropped_frames=0,
)
#: the reference's multi-GPU pipeline
PARITY_TPP = Mode(
    "parity-tpp",
    num_reference_frames=1,
    advances_reference=True,
    renews_motion=False,
    decodes_clips=False,
    num_warm_latents=7,
    num_dropped_frames=3,
)
#: the reference's single-GPU pipeline as its scripts call it
PARITY_OFFLINE = Mode(
    "parity-offline",
    num_reference_frames=5,
    advances_reference=False,
    renews_motion=False,
    decodes_clips=True,
    num_warm_latents=0,
    num_dropped_frames=3,
)
#: the reference's single-GPU pipeline with ``enable_online_decode``
PARITY_ONLINE = Mode(
    "parity-online",
    num_reference_frames=5,
    advances_reference=True,
    renews_motion=True,
    decodes_clips=True,
    num_warm_latents=0,
    num_dropped_frames=3,
)
MODES = {mode.name: mode for mode in (DEFAULT, PARITY_TPP, PARITY_OFFLINE, PARITY_ONLINE)}


class ModeRollout(Rollout):
    """A run in a mode; in the default one it is the product's.

    Args:
        sampler: see :class:`Rollout`.
        vae: see there.
        blocks_per_clip: see there.
        mode: how.

    Attributes:
        mode: the same.
    """

    def __init__(
        self, sampler: BlockSampler, vae: AutoencoderKLWan, blocks_per_clip: int, mode: Mode
    ) -> None:
        super().__init__(sampler, vae, blocks_per_clip)
        self.mode = mode
        self._clips: ClipDecoder | None = None

    def begin(self, picture: Pixels) -> None:
        """See :meth:`Rollout.begin`."""
        mode, still = self.mode, self._encoded(picture)
        self.reference = still.alone
        self._take_first(self.reference)
        self._take_motion(still.lasting)
        if mode.decodes_clips:
            self._clips = ClipDecoder(
                self._vae,
                mode,
                self._blocks_per_clip * BLOCK_LATENTS,
                copies(pixels_of(picture[None]), mode.num_motion_copies),
                self.motion,
            )
        self._warm(self.motion[:, :, : mode.num_warm_latents])

    def go_on(self, picture: Pixels, past: Past, heard: Iterable[AudioTokens]) -> None:
        """See :meth:`Rollout.go_on`.

        Raises:
            ValueError: the mode decodes whole clips, of which a past holds no frames.
        """
        if self.mode.decodes_clips:
            raise ValueError(f"mode {self.mode.name} decodes whole clips, so it cannot continue")
        super().go_on(picture, past, heard)

    def _encoded(self, picture: Pixels) -> Still:
        """As the reference does it: all copies pass through all layers."""
        mode, pixels = self.mode, pixels_of(picture[None])
        alone = encode(self._vae, copies(pixels, mode.num_reference_frames))[:, :, -1:]
        return Still(alone, encode(self._vae, copies(pixels, mode.num_motion_copies)))

    def advance(self, noise: Tensor, audio: AudioTokens, distances: Sequence[int]) -> Tensor:
        """Make the next block; its frames ``(1, 3, T, H, W)`` in -1 to 1.

        They are less what the mode drops; or a whole clip's, or none yet.
        """
        self.make(noise, audio, distances)
        if self._clips is not None:
            return self._clips.decode(self.made.latents)
        pixels = self.decoder.decode(self.made.latents)
        return pixels[:, :, self.mode.num_dropped_frames :] if self._num_blocks == 1 else pixels

    def make(self, noise: Tensor, audio: AudioTokens, distances: Sequence[int]) -> None:
        """Make the next block's latents, for :attr:`made`; nothing is decoded."""
        self.submit(noise, audio, distances)
        self._take()
        check_figures(latent_figures(self.made.seen, self.made.latents), self._num_blocks - 1)

    def _advance_reference(self) -> None:
        if not self.mode.advances_reference:
            return
        if self.mode.renews_motion:
            assert self._clips is not None  # the mode's own rule
            self._set_motion(self._clips.motion())
        super()._advance_reference()


def copies(pixels: Tensor, count: int) -> Tensor:
    """``(1, 3, 1, H, W)`` -> ``(1, 3, count, H, W)``."""
    return repeat(pixels, "1 c 1 h w -> 1 c count h w", count=count)
