"""Ways to run a whole video: the product's own, and three that repeat the reference exactly.

The reference's pipelines do not agree with each other; what differs is named here. None of the
values is a setting of a row: segments are made in the default mode. The parity modes take their
noise and distances from whoever compares, and hear features of the whole file.
"""

from dataclasses import dataclass

MOTION_FRAMES = 73
# decoded and thrown away, so that the first new frame is no beginning: after 19 a fresh decoder is
# within 6e-4 of one that saw all (the reference decodes 7, and is 0.4 off)
WARM_LATENTS = 19


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
