"""How much detail the eyes show: a closed lid keeps its lashes and grain, a flat patch has none.

Pure. The detail is compared with that of the portrait's own eye, so that a soft picture is no flat
one.
"""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from model.engine import Pixels
from tasks.quality.identity import View, crop, view_of_box

_SIZE = (60, 48)
_BOXES = ((-0.645, -0.24, -0.045, 0.24), (0.045, -0.24, 0.645, 0.24))  # eye distances
_MIDDLE, _HALF = (29.5, 25.5), (15.0, 11.0)
_FINE = 2.0


def eye_details(picture: Pixels, axes: View) -> tuple[float, float]:
    """Deviation of both eyes' fine detail, in grey levels; ``axes`` of the head."""
    left, right = (_detail(picture, view_of_box(axes, box, _SIZE)) for box in _BOXES)
    return left, right


def least_share(seen: tuple[float, float], expected: tuple[float, float]) -> float:
    """What is left of the expected detail, on the side where it is less."""
    return min(one / max(other, 1e-6) for one, other in zip(seen, expected, strict=True))


def _detail(picture: Pixels, view: View) -> float:
    grey = crop(picture, view, _SIZE).astype(np.float32)
    fine = grey - np.asarray(cv2.GaussianBlur(grey, (0, 0), _FINE))
    return float(fine[_eye()].std())


@cache
def _eye() -> NDArray[np.bool_]:
    y, x = np.mgrid[: _SIZE[1], : _SIZE[0]]
    return ((x - _MIDDLE[0]) / _HALF[0]) ** 2 + ((y - _MIDDLE[1]) / _HALF[1]) ** 2 < 1
