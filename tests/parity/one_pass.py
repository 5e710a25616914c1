"""A whole video whose speech is known from the start: what parity modes make in one go."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor

from model.live_avatar.config import BLOCK_FRAMES
from model.live_avatar.network.audio_encoder import AudioEncoder, block_tokens
from model.live_avatar.network.audio_injector import AudioTokens
from tests.parity.modes import ModeRollout


@dataclass(frozen=True)
class Draw:
    """The random part of one block.

    Attributes:
        noise: ``(1, 16, 3, h, w)``.
        distances: of every step, to the reference.
    """

    noise: Tensor
    distances: Sequence[int]


def generate(
    run: ModeRollout,
    encoder: AudioEncoder,
    features: Tensor,
    draws: Iterable[Draw],
    num_decoded_blocks: int | None = None,
) -> Iterator[Tensor]:
    """Frames ``(1, 3, T, H, W)`` in -1 to 1 that each block adds to the video, perhaps none.

    Args:
        run: begun.
        encoder: of the run's transformer.
        features: of the whole file, ``(1, S, audio_dim, frames)``.
        draws: one for each block.
        num_decoded_blocks: after so many, latents alone are made, and no frames; None: all.

    Raises:
        ValueError: the features end before the draws.
    """
    for index, draw in enumerate(draws):
        heard = features[..., index * BLOCK_FRAMES : (index + 1) * BLOCK_FRAMES]
        if heard.shape[-1] < BLOCK_FRAMES:
            raise ValueError(
                f"block {index} needs {(index + 1) * BLOCK_FRAMES} frames of features, got "
                f"{features.shape[-1]}; pad them with zeros, as the reference does"
            )
        audio = AudioTokens(*block_tokens(encoder, heard, run.mode.num_motion_frames))
        if num_decoded_blocks is None or index < num_decoded_blocks:
            yield run.advance(draw.noise, audio, draw.distances)
        else:
            run.make(draw.noise, audio, draw.distances)
            yield draw.noise.new_zeros(1, 3, 0, 0, 0)
