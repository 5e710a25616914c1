"""A frame larger than its picture: the colours at the picture's edge go on, softer and softer.

What lies outside a side of the picture is that side's outermost column (or row), drawn outwards
and blurred along the edge the further out it is. So nothing stands in the frame twice, whatever
the edge cuts: a shoulder, hair or a sign becomes a soft colour, as behind a lens.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from model.engine import Pixels

_Plane = NDArray[np.float32]

_EDGE_PX = 3  # the median of so many columns: neither a thin frame nor noise is drawn out
_SOFTER_BY = 0.5  # sigma of the blur along the edge, over the distance from it
_SOFTEST = 64.0  # sigma, in pixels of a 704x384 frame
_LEVELS = 9  # each twice as soft as the one before


def extended(picture: Pixels, corner: tuple[int, int], size: tuple[int, int]) -> Pixels:
    """The frame of ``size`` (width, height) whose upper left corner is at ``corner`` (x, y).

    Args:
        picture: ``(H, W, 3)`` RGB, already in the frame's scale.
        corner: in pixels of ``picture``, negative where the frame reaches outside.
        size: of the frame.
    """
    softest = _SOFTEST * sum(size) / 1088
    (left, top), (width, height) = corner, size
    shown = picture[max(top, 0) : top + height, max(left, 0) : left + width]
    above, below = max(-top, 0), max(top + height - picture.shape[0], 0)
    before, after = max(-left, 0), max(left + width - picture.shape[1], 0)
    tall = _drawn_out(shown.swapaxes(0, 1), above, below, softest).swapaxes(0, 1)
    return np.ascontiguousarray(_drawn_out(tall, before, after, softest))


def _drawn_out(picture: Pixels, before: int, after: int, softest: float) -> Pixels:
    """``picture`` with so many columns more on its left and on its right."""
    parts = [picture]
    if before:
        parts.insert(0, _outside(picture[:, :_EDGE_PX], before, softest)[:, ::-1])
    if after:
        parts.append(_outside(picture[:, -_EDGE_PX:], after, softest))
    return np.concatenate(parts, 1)


def _outside(edge: Pixels, num_columns: int, softest: float) -> Pixels:
    """``(H, num_columns, 3)``: what follows ``edge`` ``(H, few, 3)``, the nearest column first."""
    profile = np.median(edge.astype(np.float32), axis=1, keepdims=True)
    sigmas = softest / 2.0 ** np.arange(_LEVELS - 2, -1, -1)
    levels = [profile, *(_soft(profile, float(sigma)) for sigma in sigmas)]
    steps = np.concatenate([[0.0], sigmas / _SOFTER_BY])
    places = np.interp(np.arange(1, num_columns + 1), steps, np.arange(_LEVELS))
    index = np.minimum(places.astype(np.intp), _LEVELS - 2)
    share = (places - index).astype(np.float32)[None, :, None]
    stacked = np.concatenate(levels, 1)
    columns = stacked[:, index] * (1 - share) + stacked[:, index + 1] * share
    return np.clip(np.rint(columns), 0, 255).astype(np.uint8)


def _soft(profile: _Plane, sigma: float) -> _Plane:
    """Blurred along the edge only."""
    kernel = cv2.getGaussianKernel(2 * round(3 * sigma) + 1, sigma)
    blurred = cv2.sepFilter2D(profile, -1, np.ones(1), kernel, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred, np.float32)
