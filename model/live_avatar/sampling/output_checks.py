"""Finds what must never be committed: broken latents, and frames without a picture."""

import math

import numpy as np
import torch
from torch import Tensor

from model.engine import Pixels
from model.errors import NightshootError

# of 8-bit levels; a real frame of a person has a spread of 20 and more
_FLAT_STD = 2.0
_BLACK_MEAN = 4.0
_SPARSE = 4
_MOST_LATENT = 100.0  # real ones stay below 10


class BadFramesError(NightshootError):
    """The model made no picture; says in which block and step, and the figures."""


def latent_figures(seen: Tensor, latents: Tensor) -> Tensor:
    """What :func:`check_figures` judges, made where the latents are: nothing waits for it.

    Args:
        seen: a block as every step found it, ``(steps, ...)``.
        latents: as the last one left it, ``(1, ...)``.

    Returns:
        ``(2, steps + 1)`` float32: the largest value at each step, and the share of values that
        are not numbers.
    """
    found = torch.cat((seen, latents)).flatten(1).float()
    return torch.stack((found.abs().amax(1), (~torch.isfinite(found)).float().mean(1)))


def check_figures(figures: Tensor, block_index: int) -> None:
    """Judge what :func:`latent_figures` gave.

    Raises:
        BadFramesError: a value is not a number, or out of all bounds.
    """
    for step_index, (largest, share) in enumerate(figures.t().tolist()):
        if math.isfinite(largest) and largest <= _MOST_LATENT:
            continue
        raise BadFramesError(
            f"block {block_index}, after {step_index} steps: the latents reach {largest:g} and "
            f"{share:.1%} of them are not numbers; must be finite and at most {_MOST_LATENT:g}: "
            "check the weights' dtype and the LoRA, or try another seed"
        )


def check_frames(frames: Pixels, block_index: int, before: Pixels | None) -> None:
    """Look at a block's frames ``(T, H, W, 3)``; ``before`` is the frame before them.

    Raises:
        BadFramesError: one is black or of one colour, or they do not move at all.
    """
    sparse = frames[:, ::_SPARSE, ::_SPARSE]  # enough to tell a picture, in a tenth of the time
    spreads = sparse.std(axis=(1, 2)).max(axis=1)  # of each frame, its liveliest channel
    flattest = int(spreads.argmin())
    spread, mean = float(spreads[flattest]), float(frames[flattest].mean())
    if spread < _FLAT_STD:
        kind = "black" if mean < _BLACK_MEAN else "of a single colour"
        raise BadFramesError(
            f"block {block_index}: frame {flattest} of its {len(frames)} is {kind} "
            f"(mean {mean:.1f}, spread {spread:.2f} of "
            f"255; at least {_FLAT_STD:g} is a picture): check portrait, weights and VAE"
        )
    if before is not None and all(np.array_equal(frame, before) for frame in frames):
        raise BadFramesError(
            f"block {block_index}: all its {len(frames)} frames equal the one before them; "
            "the model has frozen: check the speech and the weights, or try another seed"
        )
