"""Place a portrait of any size in a frame of any size: no bars, no distortion, no cut head.

The portrait is scaled alike in both directions and cropped around the face. Where a crop would cut
the head, or enlarge the picture beyond reason, a wider view is taken, and what lies outside the
picture is its mirror image, more blurred the further out it is.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from model.engine import Pixels
from model.preview.features import Features, Points

MAX_ENLARGEMENT = 3.0
_HAIR_ABOVE, _NECK_BELOW, _HAIR_BESIDE = 0.55, 0.45, 0.40  # of the face's height and width
_FACE_CENTRE_Y = 0.46  # of the frame's height


@dataclass(frozen=True)
class Fit:
    """A portrait in its frame.

    Attributes:
        picture: ``(H, W, 3)`` uint8 RGB.
        scale: ``(2,)``; frame pixels a portrait pixel, along x and y (alike but for rounding).
        shift: ``(2,)``; ``frame pixel = portrait pixel * scale + shift``.
    """

    picture: Pixels
    scale: Points
    shift: Points


@dataclass(frozen=True)
class View:
    """What a frame shows of a portrait: its scale and top left corner, in scaled pixels."""

    scale: float
    left: int
    top: int


def fit(portrait: Pixels, features: Features | None, width: int, height: int) -> Fit:
    """Fill a ``width`` x ``height`` frame with ``portrait``, its face well placed."""
    view = choose_view(portrait.shape[1], portrait.shape[0], features, width, height)
    size = _scaled_size(portrait.shape[1], portrait.shape[0], view.scale)
    is_reduced = size[0] < portrait.shape[1]
    scaled = cv2.resize(
        portrait, size, interpolation=cv2.INTER_AREA if is_reduced else cv2.INTER_CUBIC
    )
    scale = np.array([size[0] / portrait.shape[1], size[1] / portrait.shape[0]])
    shift = scale / 2 - 0.5 - [view.left, view.top]  # pixel centres
    picture = _window(scaled.astype(np.uint8, copy=False), view, width, height)
    return Fit(picture, scale, shift)


def choose_view(
    portrait_width: int, portrait_height: int, features: Features | None, width: int, height: int
) -> View:
    """Scale and place of a frame over a portrait.

    The picture covers the frame if it can without cutting the head or being enlarged more than
    ``MAX_ENLARGEMENT`` times.
    """
    size = np.array([portrait_width, portrait_height], np.float64)
    frame = np.array([width, height], np.float64)
    scale = min(float((frame / size).max()), MAX_ENLARGEMENT)
    if features is None:
        low, high, centre = size / 2, size / 2, size * [0.5, 0.42]
    else:
        low, high = head_box(features, portrait_width, portrait_height)
        scale = min(scale, float((frame / np.maximum(high - low, 1)).min()))
        centre = (features.low + features.high) / 2
    scaled = np.array(_scaled_size(portrait_width, portrait_height, scale))
    wanted = centre * scale - frame * [0.5, _FACE_CENTRE_Y]
    slack = scaled - frame
    corner = np.clip(wanted, np.minimum(slack, 0), np.maximum(slack, 0))
    corner = np.maximum(np.minimum(corner, np.floor(low * scale)), np.ceil(high * scale) - frame)
    return View(scale, int(np.floor(corner[0] + 0.5)), int(np.floor(corner[1] + 0.5)))


def head_box(features: Features, width: int, height: int) -> tuple[Points, Points]:
    """Corners of the head with its hair and neck, as far as the portrait shows them."""
    face_width, face_height = features.high - features.low
    low = features.low - np.array([_HAIR_BESIDE * face_width, _HAIR_ABOVE * face_height])
    high = features.high + np.array([_HAIR_BESIDE * face_width, _NECK_BELOW * face_height])
    size = np.array([width, height], np.float64)
    return np.clip(low, 0, size), np.clip(high, 0, size)


def _scaled_size(width: int, height: int, scale: float) -> tuple[int, int]:
    return max(1, round(width * scale)), max(1, round(height * scale))


def _window(scaled: Pixels, view: View, width: int, height: int) -> Pixels:
    """The frame's window of the scaled picture, extended where it reaches outside."""
    columns, outside_x = _mirrored(view.left, width, scaled.shape[1])
    rows, outside_y = _mirrored(view.top, height, scaled.shape[0])
    picture = np.ascontiguousarray(scaled[rows][:, columns])
    distance = np.hypot(outside_y[:, None], outside_x[None]).astype(np.float32)
    if not distance.any():
        return picture
    unit = (width + height) / 1088  # one pixel of a 704x384 frame
    mixed = picture.astype(np.float32)
    for sigma, start in ((2.0, 0.0), (6.0, 12.0), (16.0, 36.0), (40.0, 90.0)):
        blurred = _blurred(picture, sigma * unit)
        share = np.clip((distance / unit - start) / (start + 12.0), 0, 1)[..., None]
        mixed += (blurred - mixed) * share
    return np.rint(mixed).astype(np.uint8)


def _blurred(picture: Pixels, sigma: float) -> NDArray[np.float32]:
    """A Gaussian blur; a wide one is made on a quarter of the size, where it costs little."""
    height, width = picture.shape[:2]
    small = picture.astype(np.float32)
    if sigma > 5 and min(width, height) >= 64:
        small = cv2.resize(small, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
        sigma /= 4
    soft = cv2.GaussianBlur(small, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    if soft.shape[:2] != (height, width):
        soft = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(soft, np.float32)


def _mirrored(start: int, count: int, size: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Indices of ``count`` pixels from ``start``, mirrored at the ends, and how far outside."""
    index = np.arange(start, start + count, dtype=np.intp)
    outside = np.maximum(np.maximum(-index, index - (size - 1)), 0)
    period = max(2 * (size - 1), 1)
    folded = np.abs((index + size - 1) % period - (size - 1)) if size > 1 else np.zeros_like(index)
    return folded, outside
