"""The parts of a face that move, as named curves in pixels, from the mesh or from a rig.

All curves run from left to right in the picture. A mouth that is closed in the picture has one
curve for both inner lips: the seam, found in the pixels, because the mesh reads a gap of some
pixels on closed lips and an animation that believes it never shuts the mouth.
"""

import math
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from model.engine import Pixels
from model.errors import PortraitError
from model.preview.face import LEFT_EYE_CORNER, RIGHT_EYE_CORNER, Landmarks, find_faces
from model.preview.refined import refined

Points: TypeAlias = NDArray[np.float64]  # (N, 2): x, y in pixels

UPPER_INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
UPPER_OUTER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
LOWER_OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
NOSE_BASE, CHIN = 2, 152
EYES = (
    (
        (33, 246, 161, 160, 159, 158, 157, 173, 133),
        (33, 7, 163, 144, 145, 153, 154, 155, 133),
        (46, 53, 52, 65, 55),
    ),
    (
        (362, 398, 384, 385, 386, 387, 388, 466, 263),
        (362, 382, 381, 380, 374, 373, 390, 249, 263),
        (285, 295, 282, 283, 276),
    ),
)

CLOSED_GAP = 0.04  # of the eye distance: a smaller gap of the mesh is a closed mouth
_EYE_SPAN = 0.62  # eye distance over face width, where only a rig's face box is known
_SAME_SHAPE = 0.01  # how far a rig's aspect may be from the portrait's
_SEAM_COLUMNS, _SEAM_ROWS = 96, 64


@dataclass(frozen=True)
class Eye:
    """Lid edges ``(N, 2)`` from corner to corner, and the lowest point of the brow above."""

    upper: Points
    lower: Points
    brow: Points  # (2,)


@dataclass(frozen=True)
class Features:
    """A face's moving parts in pixels of one picture.

    Attributes:
        upper_inner, lower_inner: inner lip edges, ``(N, 2)``; equal where the mouth is closed.
        upper_outer, lower_outer: outer lip edges, ``(N, 2)``.
        nose, chin: ``(2,)``; base of the nose and tip of the chin.
        low, high: ``(2,)``; corners of the face's box, forehead to chin.
        across: ``(2,)``; unit vector along the eyes.
        eye_distance: between the outer corners.
        eyes: those that may blink.
        is_placed: by hand, with a rig; what it says of the eyes is believed.
    """

    upper_inner: Points
    lower_inner: Points
    upper_outer: Points
    lower_outer: Points
    nose: Points
    chin: Points
    low: Points
    high: Points
    across: Points
    eye_distance: float
    eyes: tuple[Eye, ...]
    is_placed: bool = False

    def placed(self, scale: Points, shift: Points) -> "Features":
        """The same face after ``pixel -> pixel * scale + shift``."""

        def move(points: Points) -> Points:
            return points * scale + shift

        return Features(
            upper_inner=move(self.upper_inner),
            lower_inner=move(self.lower_inner),
            upper_outer=move(self.upper_outer),
            lower_outer=move(self.lower_outer),
            nose=move(self.nose),
            chin=move(self.chin),
            low=move(self.low),
            high=move(self.high),
            across=self.across,
            eye_distance=self.eye_distance * float(scale.mean()),
            eyes=tuple(Eye(move(e.upper), move(e.lower), move(e.brow)) for e in self.eyes),
            is_placed=self.is_placed,
        )

    @property
    def gap(self) -> float:
        """Opening of the mouth at its middle, over the eye distance."""
        middle = slice(len(self.upper_inner) // 3, -(len(self.upper_inner) // 3))
        opening = (self.lower_inner - self.upper_inner)[middle] @ _down(self.across)
        return float(opening.mean()) / self.eye_distance


def features_of_landmarks(landmarks: Landmarks) -> Features:
    """The moving parts of a face the mesh has found."""
    points = landmarks[:, :2].astype(np.float64)
    span = points[LEFT_EYE_CORNER] - points[RIGHT_EYE_CORNER]
    eye_distance = float(np.hypot(*span))
    across = span / eye_distance
    eyes: list[Eye] = []
    for upper, lower, brow in EYES:
        lowest = points[list(brow)][np.argmax(points[list(brow)] @ _down(across))]
        eyes.append(Eye(points[list(upper)], points[list(lower)], lowest))
    return Features(
        upper_inner=points[list(UPPER_INNER)],
        lower_inner=points[list(LOWER_INNER)],
        upper_outer=points[list(UPPER_OUTER)],
        lower_outer=points[list(LOWER_OUTER)],
        nose=points[NOSE_BASE],
        chin=points[CHIN],
        low=points.min(0),
        high=points.max(0),
        across=across,
        eye_distance=eye_distance,
        eyes=tuple(eyes),
    )


# --- rig ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RigEye:
    """An eye of a rig: corners left and right; lid edges below (+) or above (-) their line."""

    left: tuple[float, float]
    right: tuple[float, float]
    upper: float
    lower: float


@dataclass(frozen=True)
class Rig:
    """A face placed by hand; it replaces the mesh's landmarks altogether.

    Attributes:
        size: ``[width, height]`` of the picture in whose pixels everything else is given.
        mouth_left: ``[x, y]`` of the mouth's corner on the left of the picture.
        mouth_right: ``[x, y]`` of the corner on the right.
        upper_lip: inner edge of the upper lip at the mouth's middle, pixels below (+) or above (-)
            the straight line between the corners.
        lower_lip: inner edge of the lower lip, likewise; equal to ``upper_lip`` if the mouth is
            closed in the picture.
        lip_thickness: pixels from a lip's inner to its outer edge.
        chin: ``[x, y]`` of the chin's tip.
        nose: ``[x, y]`` of the nose's base, between the nostrils.
        face: ``[left, top, right, bottom]`` of the face without hair.
        eyes: those that blink, none to keep them still; each ``{"left": [x, y], "right": [x, y],
            "upper": pixels, "lower": pixels}``.
    """

    size: tuple[float, float]
    mouth_left: tuple[float, float]
    mouth_right: tuple[float, float]
    upper_lip: float
    lower_lip: float
    lip_thickness: float
    chin: tuple[float, float]
    nose: tuple[float, float]
    face: tuple[float, float, float, float]
    eyes: tuple[RigEye, ...]


_NAME_SHOWN, _FAULTS_SHOWN = 60, 20


def parse_rig(values: Mapping[str, object]) -> Rig:
    """Check a rig's fields.

    Raises:
        PortraitError: naming every field that is missing, unknown or of the wrong shape.
    """
    sizes = {
        "size": 2,
        "mouth_left": 2,
        "mouth_right": 2,
        "upper_lip": 0,
        "lower_lip": 0,
        "lip_thickness": 0,
        "chin": 2,
        "nose": 2,
        "face": 4,
    }
    faults: list[str] = []
    numbers = _numbers(values, {**sizes, "eyes": None}, "", faults)
    eyes: list[RigEye] = []
    listed = values.get("eyes", ())
    if not isinstance(listed, list | tuple) or len(listed) > 2:
        faults.append(f'"eyes" is {reprlib.repr(listed)}; it must be a list of at most two eyes')
        listed = ()
    for index, entry in enumerate(listed):
        if not isinstance(entry, Mapping):
            faults.append(f'"eyes[{index}]" is {reprlib.repr(entry)}; it must be an object')
            continue
        eye_sizes: dict[str, int | None] = {"left": 2, "right": 2, "upper": 0, "lower": 0}
        found = _numbers(entry, eye_sizes, f"eyes[{index}].", faults)
        if len(found) == len(eye_sizes):
            eyes.append(RigEye(**found))
    if not faults:
        rig = Rig(**numbers, eyes=tuple(eyes))
        faults += _impossible(rig)
        if not faults:
            return rig
    raise PortraitError(
        "the rig cannot be used: "
        + "; ".join(faults)
        + "; `nightshoot rig PORTRAIT` writes one to correct"
    )


def _numbers(
    values: Mapping[Any, Any],
    sizes: Mapping[str, int | None],
    prefix: str,
    faults: list[str],
) -> dict[str, Any]:
    """Fields of the stated sizes (0: a number, None: looked at elsewhere); faults are added."""
    found: dict[str, Any] = {}
    unknown = [name for name in values if name not in sizes]
    shown = [f"{prefix}{name}"[:_NAME_SHOWN] for name in unknown[:_FAULTS_SHOWN]]
    faults += [f'"{name}" is unknown' for name in shown]
    for name, size in sizes.items():
        value: Any = values.get(name)
        if size is None:
            continue
        if size == 0 and _is_number(value):
            found[name] = float(value)
        elif size and isinstance(value, list | tuple) and _are_numbers(value, size):
            found[name] = tuple(float(item) for item in value)
        else:
            shape = "a number" if size == 0 else f"a list of {size} numbers"
            faults.append(f'"{prefix}{name}" is {reprlib.repr(value)}; it must be {shape}')
    return found


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number that no float can hold
        return False


def _are_numbers(value: list[Any] | tuple[Any, ...], size: int) -> bool:
    return len(value) == size and all(_is_number(item) for item in value)


def _impossible(rig: Rig) -> list[str]:
    faults: list[str] = []
    if min(rig.size) < 1:
        faults.append(f'"size" {rig.size} must be [width, height] of the portrait in pixels')
    if rig.mouth_right[0] - rig.mouth_left[0] < 4:
        faults.append('"mouth_right" must be at least 4 pixels to the right of "mouth_left"')
    if rig.lower_lip < rig.upper_lip:
        faults.append(f'"lower_lip" {rig.lower_lip} must not be above "upper_lip" {rig.upper_lip}')
    if rig.lip_thickness <= 0:
        faults.append(f'"lip_thickness" {rig.lip_thickness} must be positive')
    mouth_y = (rig.mouth_left[1] + rig.mouth_right[1]) / 2
    if not rig.nose[1] < mouth_y < rig.chin[1]:
        faults.append('"nose" must be above the mouth and "chin" below it')
    left, top, right, bottom = rig.face
    if right - left < 8 or bottom - top < 8:
        faults.append(f'"face" {rig.face} must be [left, top, right, bottom], 8 pixels or more')
    faults += [
        f'"eyes[{index}]" must have "right" to the right of "left" and "upper" < "lower"'
        for index, eye in enumerate(rig.eyes)
        if eye.right[0] - eye.left[0] < 2 or eye.lower <= eye.upper
    ]
    return faults


def features_of_rig(rig: Rig, width: int, height: int) -> Features:
    """The moving parts a rig describes, in a portrait of ``width`` x ``height`` pixels.

    Lips and lids are parabolas between their corners.

    Raises:
        PortraitError: the rig was made for a picture of another shape, or lies outside it.
    """
    scale = np.array([width, height]) / np.array(rig.size)
    if abs(scale[0] / scale[1] - 1) > _SAME_SHAPE:
        rig_width, rig_height = (round(v) for v in rig.size)
        raise PortraitError(
            f"the rig was made for a picture of {rig_width}x{rig_height} pixels, the portrait has "
            f"{width}x{height}; write a new one with `nightshoot rig PORTRAIT`"
        )
    features = _rigged(rig).placed(scale, np.zeros(2))
    points = [features.upper_outer, features.lower_outer, features.nose[None], features.chin[None]]
    points += [curve for eye in features.eyes for curve in (eye.upper, eye.lower)]
    outside = [p for p in np.concatenate(points) if (p < 0).any() or (p >= [width, height]).any()]
    if outside:
        x, y = (round(float(v)) for v in outside[0] / scale)
        raise PortraitError(
            f"the rig places a part of the face at ({x}, {y}), outside the portrait of "
            f"{width}x{height} pixels; correct it, or write a new one with "
            "`nightshoot rig PORTRAIT`"
        )
    return features


def _rigged(rig: Rig) -> Features:
    left, right = np.array(rig.mouth_left), np.array(rig.mouth_right)
    span = right - left
    low, high = np.array(rig.face[:2]), np.array(rig.face[2:])
    eye_distance = float(high[0] - low[0]) * _EYE_SPAN
    eyes: list[Eye] = []
    for eye in rig.eyes:
        corners = np.array(eye.left), np.array(eye.right)
        width = np.hypot(*(corners[1] - corners[0]))
        brow = (corners[0] + corners[1]) / 2 + [0.0, eye.upper - 0.4 * width]
        eyes.append(Eye(_arc(*corners, eye.upper), _arc(*corners, eye.lower), brow))
    return Features(
        upper_inner=_arc(left, right, rig.upper_lip),
        lower_inner=_arc(left, right, rig.lower_lip),
        upper_outer=_arc(left, right, rig.upper_lip - rig.lip_thickness),
        lower_outer=_arc(left, right, rig.lower_lip + rig.lip_thickness),
        nose=np.array(rig.nose),
        chin=np.array(rig.chin),
        low=low,
        high=high,
        across=span / np.hypot(*span),
        eye_distance=eye_distance,
        eyes=tuple(eyes),
        is_placed=True,
    )


def rig_of_features(features: Features, width: int, height: int) -> dict[str, object]:
    """A rig that describes ``features`` of a ``width`` x ``height`` picture, to be corrected."""
    left, right = features.upper_outer[0], features.upper_outer[-1]
    line = (left + right) / 2
    down = _down(features.across)

    def below(points: Points) -> float:
        return float((points[len(points) // 2] - line) @ down)

    thickness = (below(features.lower_outer) - below(features.lower_inner)) / 2
    thickness += (below(features.upper_inner) - below(features.upper_outer)) / 2
    eyes = [
        {
            "left": _rounded(eye.upper[0]),
            "right": _rounded(eye.upper[-1]),
            "upper": round(float(((eye.upper - eye.upper[[0, -1]].mean(0)) @ down).min())),
            "lower": round(float(((eye.lower - eye.upper[[0, -1]].mean(0)) @ down).max())),
        }
        for eye in features.eyes
    ]
    return {
        "size": [width, height],
        "mouth_left": _rounded(left),
        "mouth_right": _rounded(right),
        "upper_lip": round(below(features.upper_inner)),
        "lower_lip": round(below(features.lower_inner)),
        "lip_thickness": max(1, round(thickness)),
        "chin": _rounded(features.chin),
        "nose": _rounded(features.nose),
        "face": [*_rounded(features.low), *_rounded(features.high)],
        "eyes": eyes,
    }


def _rounded(point: Points) -> list[int]:
    return [round(float(point[0])), round(float(point[1]))]


def _down(across: Points) -> Points:
    return np.array([-across[1], across[0]])


def _arc(left: Points, right: Points, depth: float, num_points: int = 11) -> Points:
    """A parabola from ``left`` to ``right`` that is ``depth`` below their line at its middle."""
    t = np.linspace(0, 1, num_points)[:, None]
    span = right - left
    down = _down(span / np.hypot(*span))
    return left * (1 - t) + right * t + down * depth * (1 - (2 * t - 1) ** 2)


# --- closed mouths ------------------------------------------------------------------------------


def with_closed_mouth(image: Pixels, features: Features) -> Features:
    """Where the mouth is closed, both inner lips become the seam seen in ``image``."""
    if features.gap > CLOSED_GAP:
        return features
    seam = _find_seam(image, features)
    return replace(features, upper_inner=seam, lower_inner=seam)


def _find_seam(image: Pixels, features: Features) -> Points:
    """The dark line between closed lips, ``(96, 2)``: the cheapest smooth path between corners."""
    upper = _resampled(features.upper_outer)
    lower = _resampled(features.lower_outer)
    rows = np.linspace(0.12, 0.82, _SEAM_ROWS)[:, None, None]
    places = (upper * (1 - rows) + lower * rows).astype(np.float32)  # (rows, columns, 2)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    pixels_per_row = float(np.hypot(*(places[-1] - places[0]).mean(0))) / _SEAM_ROWS
    if pixels_per_row > 0.7:
        grey = cv2.GaussianBlur(grey, (0, 0), 0.6 * pixels_per_row)
    lips = cv2.remap(
        grey, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    dark = cv2.GaussianBlur(lips, (0, 0), 1.0) - cv2.GaussianBlur(lips, (0, 0), 8.0)
    dark = dark / max(float(dark.std()), 1e-3)
    expected = _expected_rows(features, upper, lower, rows[:, 0, 0])
    prior = ((np.arange(_SEAM_ROWS)[:, None] - expected[None]) / (0.35 * _SEAM_ROWS)) ** 2
    path = _cheapest_path(dark.astype(np.float64) + prior)
    smooth = np.convolve(np.pad(path, 4, mode="edge"), np.full(9, 1 / 9), "valid")
    share = np.interp(smooth, np.arange(_SEAM_ROWS), rows[:, 0, 0])[:, None]
    return upper * (1 - share) + lower * share


def _resampled(curve: Points) -> Points:
    t = np.linspace(0, len(curve) - 1, _SEAM_COLUMNS)
    steps = np.arange(len(curve))
    return np.stack([np.interp(t, steps, curve[:, axis]) for axis in (0, 1)], 1)


def _expected_rows(
    features: Features, upper: Points, lower: Points, rows: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Row of the mesh's own middle line at every column."""
    middle = (_resampled(features.upper_inner) + _resampled(features.lower_inner)) / 2
    down = _down(features.across)
    depth = np.maximum((lower - upper) @ down, 1e-6)
    share = np.clip((middle - upper) @ down / depth, rows[0], rows[-1])
    return np.interp(share, rows, np.arange(len(rows)))


def _cheapest_path(cost: NDArray[np.float64]) -> NDArray[np.float64]:
    """One row per column of ``cost`` (rows, columns), moving at most two rows a column."""
    num_rows, num_columns = cost.shape
    steps = np.arange(-2, 3)
    total = cost[:, 0].copy()
    came_from = np.zeros(cost.shape, np.intp)
    for column in range(1, num_columns):
        sources = np.arange(num_rows)[:, None] + steps[None]
        reachable = np.where(
            (sources >= 0) & (sources < num_rows),
            total[np.clip(sources, 0, num_rows - 1)] + 0.25 * np.abs(steps)[None],
            np.inf,
        )
        best = reachable.argmin(1)
        came_from[:, column] = sources[np.arange(num_rows), best]
        total = reachable[np.arange(num_rows), best] + cost[:, column]
    path = np.zeros(num_columns, np.intp)
    path[-1] = int(total.argmin())
    for column in range(num_columns - 1, 0, -1):
        path[column - 1] = came_from[path[column], column]
    return path.astype(np.float64)


def locate(portrait: Pixels, rig: Mapping[str, object] | None) -> Features | None:
    """The face to animate, in portrait pixels; None if there is none.

    Raises:
        PortraitError: the rig is malformed, outside the picture or made for another.
    """
    if rig is not None:
        features = features_of_rig(parse_rig(rig), portrait.shape[1], portrait.shape[0])
    else:
        faces = find_faces(portrait)
        if not faces:
            return None
        features = features_of_landmarks(refined(portrait, faces[0].landmarks).landmarks)
    return with_closed_mouth(portrait, features)
