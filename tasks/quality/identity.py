"""Whose face it is, as far as gradients tell: the upper face, aligned, as one vector.

No face embedder with a licence for every use comes in a package. So the eyes, brows and nose
(never the mouth, which speaks) are laid on one grid and compared by the directions of their edges:
one person's frames agree to 0.95 (0.86 in a blink), other people's to 0.77 at most.

A view is an affine map ``(2, 3)`` from the pixels of a crop to those of a picture.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from model.engine import Pixels
from model.preview.face import Landmarks
from model.preview.features import Features

View: TypeAlias = NDArray[np.float64]
Vector: TypeAlias = NDArray[np.float64]

FACE_SIZE = (80, 64)
MOUTH_SIZE = (20, 17)
_NUM_DIRECTIONS = 9
_NUM_BINS = _NUM_DIRECTIONS + 2  # a direction and its next one, which may be the first again
_CELL = 8
_FINER = 2  # crops are drawn this much larger, then averaged, so that they do not shimmer

# where landmarks lie on an average face, in eye distances from the middle of the eyes; none of
# them moves with the mouth
_STEADY_POINTS: Mapping[int, complex] = {
    33: -0.50 + 0.00j,
    133: -0.19 + 0.01j,
    362: 0.19 + 0.01j,
    263: 0.50 + 0.00j,
    168: 0.00 - 0.07j,
    6: 0.00 + 0.04j,
    197: 0.00 + 0.13j,
    195: 0.00 + 0.20j,
    5: 0.00 + 0.28j,
}
# left, top, right and bottom in the same unit
_UPPER_FACE = (-0.667, -0.467, 0.667, 0.6)
_MOUTH = (-0.45, 0.5, 0.45, 1.26)
_GAP_PAIRS = ((13, 14), (82, 87), (312, 317))
_FOREHEAD, _NOSE_ROOT = 10, 168


@dataclass(frozen=True)
class FaceViews:
    """Where a picture shows the upper face and the mouth."""

    face: View
    mouth: View


def views_of_landmarks(landmarks: Landmarks) -> FaceViews:
    """Views that follow the head."""
    to_picture = head_axes(landmarks)
    return FaceViews(
        face=view_of_box(to_picture, _UPPER_FACE, FACE_SIZE),
        mouth=view_of_box(to_picture, _MOUTH, MOUTH_SIZE),
    )


def head_axes(landmarks: Landmarks) -> View:
    """From eye distances around the middle of the eyes, right and down, to pixels of the picture.

    Shift, turn and size by least squares over the head's steady points.
    """
    points = landmarks[:, :2].astype(np.float64)
    seen = points[list(_STEADY_POINTS)] @ [1, 1j]
    wanted = np.array(list(_STEADY_POINTS.values()))
    seen_mean, wanted_mean = seen.mean(), wanted.mean()
    spread = wanted - wanted_mean
    turn = complex((np.conj(spread) * (seen - seen_mean)).sum() / (np.abs(spread) ** 2).sum())
    start = complex(seen_mean - turn * wanted_mean)
    return np.array([[turn.real, -turn.imag, start.real], [turn.imag, turn.real, start.imag]])


def views_of_features(features: Features) -> FaceViews:
    """Views of a face placed by a rig, for pictures in which the head hardly moves."""
    corners = features.upper_outer[[0, -1]]
    margin = 0.25 * float(np.ptp(corners[:, 0]))
    still = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    mouth = (
        float(corners[:, 0].min()) - margin,
        float(features.upper_outer[:, 1].min()) - margin,
        float(corners[:, 0].max()) + margin,
        float(features.lower_outer[:, 1].max()) + 2 * margin,
    )
    face = (
        float(features.low[0]),
        float(features.low[1]),
        float(features.high[0]),
        float(features.nose[1]),
    )
    return FaceViews(view_of_box(still, face, FACE_SIZE), view_of_box(still, mouth, MOUTH_SIZE))


def view_of_box(
    to_picture: View, box: tuple[float, float, float, float], size: tuple[int, int]
) -> View:
    """From the pixels of a crop of ``size`` over ``box`` to the picture's."""
    left, top, right, bottom = box
    step = np.array([(right - left) / size[0], (bottom - top) / size[1]])
    start = np.array([left, top]) + step / 2  # pixel centres
    return _affine(to_picture[:, :2] * step, to_picture[:, :2] @ start + to_picture[:, 2])


def _affine(turn: View, shift: View) -> View:
    """``(2, 3)`` of ``(2, 2)`` and ``(2,)``; ``np.c_`` takes ten times as long."""
    whole = np.empty((2, 3))
    whole[:, :2], whole[:, 2] = turn, shift
    return whole


def crop(picture: Pixels, view: View, size: tuple[int, int]) -> NDArray[np.uint8]:
    """The grey crop ``(height, width)`` that ``view`` describes."""
    offset = (1 - _FINER) / (2 * _FINER)
    fine = _affine(view[:, :2] / _FINER, view[:, :2] @ [offset, offset] + view[:, 2])
    large = cv2.warpAffine(
        picture,
        fine,
        (size[0] * _FINER, size[1] * _FINER),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    small = cv2.resize(large, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)


def mouth_gap(landmarks: Landmarks) -> float:
    """Opening between the inner lips over the eye distance (or its like on a turned head)."""
    points = landmarks.astype(np.float64)
    gap = np.mean([np.hypot(*(points[low] - points[up])[:2]) for up, low in _GAP_PAIRS])
    eye_distance = float(np.hypot(*(points[33] - points[263])[:2]))
    height = float(np.linalg.norm(points[_FOREHEAD] - points[_NOSE_ROOT]))
    return float(gap) / max(eye_distance, 0.9 * height, 1e-6)


# --- comparing ----------------------------------------------------------------------------------


def edges(face: NDArray[np.uint8]) -> Vector:
    """A grey crop of the upper face as one vector of length 1: histograms of edge directions.

    Cells of 8x8 pixels, nine directions without sign, blocks of 2x2 cells of equal weight.
    """
    grey = face.astype(np.float64)
    down, right = _slopes(grey), _slopes(grey.T).T
    turn = np.arctan2(down, right)
    place = np.where(turn < 0, turn + np.pi, turn) * (_NUM_DIRECTIONS / np.pi)
    low = place.astype(np.intp)
    strength = np.sqrt(down * down + right * right)
    above = strength * (place - low)
    bins = _first_bins(*grey.shape) + low
    weights = np.concatenate([(strength - above).ravel(), above.ravel()])
    places = np.concatenate([bins.ravel(), bins.ravel() + 1])
    height, width = (side // _CELL for side in grey.shape)
    sums = np.bincount(places, weights, height * width * _NUM_BINS)
    counted = sums.reshape(height, width, _NUM_BINS)
    cells = counted[..., :_NUM_DIRECTIONS].copy()
    cells[..., :2] += counted[..., _NUM_DIRECTIONS:]  # half a turn further is the same direction
    blocks = np.concatenate(
        [cells[:-1, :-1], cells[:-1, 1:], cells[1:, :-1], cells[1:, 1:]], axis=-1
    )
    blocks /= np.sqrt(np.square(blocks).sum(-1, keepdims=True) + 1.0)
    vector = blocks.ravel()
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


def _slopes(grey: Vector) -> Vector:
    """Change from line to line: over two lines, at the ends over one."""
    slopes = np.empty_like(grey)
    slopes[1:-1] = (grey[2:] - grey[:-2]) * 0.5
    slopes[0], slopes[-1] = grey[1] - grey[0], grey[-1] - grey[-2]
    return slopes


@cache
def _first_bins(height: int, width: int) -> NDArray[np.intp]:
    """``(height, width)`` the first bin of each pixel's cell."""
    rows, columns = np.indices((height, width))
    return (rows // _CELL * (width // _CELL) + columns // _CELL) * _NUM_BINS


def drift_per_minute(similarity: Vector, fps: float) -> float:
    """Slope of a straight line through the similarities: what a minute changes."""
    minutes = np.arange(len(similarity)) / fps / 60
    minutes = minutes - minutes.mean()
    power = float(np.square(minutes).sum())
    return float((minutes * similarity).sum() / power) if power else 0.0
