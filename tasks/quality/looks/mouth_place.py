"""Where a mouth moves: on the lips, or above them, as on a moustache. Pure.

Pixels of the lower face are compared with the loudness of the voice: lips part when it is loud, so
they are darker then, or lighter, and skin that stays is neither. F frames; lengths are in eye
distances from the middle of the eyes, see :func:`tasks.quality.identity.head_axes`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.preview.features import features_of_landmarks
from model.preview.refined import RefinedFace
from tasks.quality.identity import View, head_axes, view_of_box

LOWER_SIZE = (64, 72)
_LOWER_FACE = (-0.8, 0.0, 0.8, 1.8)
_HALF_MOUTH = 0.20
_BELOW_NOSE, _BELOW_LIPS = 0.02, 0.12
_LEAST_MOTION = 1.0  # grey levels: less is no mouth that moves
_LOUD, _LEAST_LOUD_SHARE = 0.3, 0.2


@dataclass(frozen=True)
class LipPlace:
    """Where a face has its lips.

    Attributes:
        x: of their middle.
        nose: line of the nose's base.
        upper, lower: lines of the lips' outer edges.
    """

    x: float
    nose: float
    upper: float
    lower: float


def lip_place(face: RefinedFace) -> LipPlace | None:
    """Where the lips are; None where a closer look has not found them."""
    if not face.is_mouth_seen:
        return None
    axes = head_axes(face.landmarks)
    features = features_of_landmarks(face.landmarks)
    parts = (features.upper_inner, features.nose[None], features.upper_outer, features.lower_outer)
    to_head = np.linalg.inv(axes[:, :2])
    middles = np.stack([part.mean(0) for part in parts])
    places: NDArray[np.float64] = (middles - axes[:, 2]) @ to_head.T
    return LipPlace(float(places[0, 0]), *places[1:, 1].tolist())


def lower_view(axes: View) -> View:
    """Of the lower face, for a crop of ``LOWER_SIZE``."""
    return view_of_box(axes, _LOWER_FACE, LOWER_SIZE)


def motion_above_lips(
    crops: NDArray[np.uint8], levels: NDArray[np.float64], lips: LipPlace
) -> float | None:
    """What follows the voice between nose and lips over what does on the lips.

    None where nothing can be told. Of teeth that come and go as a dark mouth does, little follows
    the voice, so that a thin upper lip alone may seem to: ask :func:`change_above_lips` too.

    Args:
        crops: ``(F, 72, 64)`` grey, the lower face.
        levels: ``(F,)`` loudness of the voice, 0 to 1.
        lips: of the portrait.
    """
    if len(crops) < 2 or float((levels > _LOUD).mean()) < _LEAST_LOUD_SHARE:
        return None
    pixels = crops[:-1].astype(np.float32)  # the mouth leads by a frame
    pixels -= pixels.mean(0)
    heard = levels[1:] - levels[1:].mean()
    together = np.abs(np.tensordot(heard, pixels, (0, 0)) / len(heard)) / max(heard.std(), 1e-6)
    above, on_lips = _parts(together, lips)
    if not len(above) or max(float(above.mean()), float(on_lips.mean())) < _LEAST_MOTION:
        return None
    return _share(above, on_lips)


def change_above_lips(crops: NDArray[np.uint8], lips: LipPlace) -> float:
    """How much the pixels ``(F, 72, 64)`` between nose and lips change over those of the lips.

    By their standard deviations, whatever is heard.
    """
    return _share(*_parts(crops.astype(np.float32).std(0), lips))


def _parts(
    figures: NDArray[np.float32], lips: LipPlace
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Means of the lines of ``(72, 64)`` figures between nose and lips, and on the lips."""
    left, top, right, bottom = _LOWER_FACE
    x = left + (np.arange(LOWER_SIZE[0]) + 0.5) * (right - left) / LOWER_SIZE[0]
    y = top + (np.arange(LOWER_SIZE[1]) + 0.5) * (bottom - top) / LOWER_SIZE[1]
    lines = figures[:, np.abs(x - lips.x) < _HALF_MOUTH].mean(1)
    above = lines[(y > lips.nose + _BELOW_NOSE) & (y < lips.upper)]
    return above, lines[(y > lips.upper) & (y < lips.lower + _BELOW_LIPS)]


def _share(above: NDArray[np.float32], on_lips: NDArray[np.float32]) -> float:
    return float(above.mean() / max(float(on_lips.mean()), 1e-6))
