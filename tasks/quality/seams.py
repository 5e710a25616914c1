"""Whether a seam between two segments shows: three figures of decoded frames.

A seam always begins with a keyframe, whose step is many times the median step of a calm portrait
and yet below what anyone sees; so steps are judged in grey levels, at an eighth of the size, where
texture coded anew is gone and motion is left.

H height, W width; luma is BT.709, 0 to 255.
"""

from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from model.engine import Pixels

Luma: TypeAlias = NDArray[np.float32]

_LUMA_OF_RGB = np.array([[0.2126, 0.7152, 0.0722]], np.float32)
REDUCTION = 8
SIDE = 4  # frames on either side whose motion explains a step


def luma_of(frame: Pixels) -> Luma:
    """``(H, W)`` luma of an RGB frame."""
    return np.asarray(cv2.transform(frame.astype(np.float32), _LUMA_OF_RGB), np.float32)


def reduced(luma: Luma) -> Luma:
    """``luma`` at an eighth of its size."""
    height, width = (max(1, round(side / REDUCTION)) for side in luma.shape)
    return np.asarray(cv2.resize(luma, (width, height), interpolation=cv2.INTER_AREA), np.float32)


def unexplained_step(before: Sequence[Luma], after: Sequence[Luma]) -> float:
    """Mean absolute step at the seam that the motion on both sides does not explain (``m8``).

    ``before`` and ``after`` are up to four reduced frames on either side, in order.
    """
    step = after[0] - before[-1]
    sides = [frames for frames in (before, after) if len(frames) > 1]
    slopes = [(frames[-1] - frames[0]) / (len(frames) - 1) for frames in sides]
    motion = sum(slopes, np.zeros_like(step)) / max(len(slopes), 1)
    return float(np.abs(step - motion).mean())


def unexplained_beside(before: Sequence[Luma], after: Sequence[Luma]) -> float:
    """The same figure of the ordinary steps four frames from the seam, the larger one.

    Lips and lids turn round within four frames, so that in a large face one ordinary step in a
    hundred leaves 0.6 unexplained; what motion does beside the seam it may do at the seam.
    ``before`` and ``after`` are up to eight reduced frames on either side; 0 if they are too few.
    """
    figures: list[float] = []
    if len(before) > SIDE:
        figures.append(unexplained_step(before[:-SIDE], before[-SIDE:]))
    if len(after) > SIDE:
        figures.append(unexplained_step(after[:SIDE], after[SIDE:]))
    return max(figures, default=0.0)


def shown_share(decoded: Pixels, raw_before: Pixels, raw_after: Pixels) -> float:
    """How much of the raw step at the seam is shown (``alpha``): 1 all, 0 the frame is doubled.

    Raises:
        ValueError: the raw frames are equal, so that there is no step.
    """
    step = raw_after.astype(np.float64) - raw_before
    power = float(np.square(step).sum())
    if power == 0:
        raise ValueError("the raw frames beside the seam are equal: the reference was repeated")
    return float(((decoded.astype(np.float64) - raw_before) * step).sum() / power)
