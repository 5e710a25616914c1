"""A frame larger than its picture: the background goes on, nobody stands in it twice.

What lies outside the picture is its mirror image, softer the further out it is; wherever the
mirror would show the person, the colours of the background around are spread instead. Where the
picture's edge cuts through the body, the body is rounded off outside it.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from model.engine import Pixels

_Plane = NDArray[np.float32]

_PERSON = 0.5  # of the mask: more than this is a person
_MARGIN = 0.02  # of the picture's diagonal: hair and soft outlines around the mask
_CAP = 0.2  # how far a head or an arm that is cut goes on, over its breadth
_SHORTEST_RUN = 0.02  # of the edge: shorter stretches of a person on it are specks
# softness (sigma) from a distance on, in pixels of a 704x384 frame
_SOFTNESS = ((2.0, 0.0), (6.0, 10.0), (14.0, 30.0), (30.0, 70.0))


def extended(
    picture: Pixels, person: _Plane, corner: tuple[int, int], size: tuple[int, int]
) -> Pixels:
    """The frame of ``size`` (width, height) whose upper left corner is at ``corner`` (x, y).

    Args:
        picture: ``(H, W, 3)`` RGB, already in the frame's scale.
        person: ``(H, W)``, how much of each pixel is a person.
        corner: in pixels of ``picture``, negative where the frame reaches outside.
        size: of the frame.
    """
    (left, top), (width, height) = corner, size
    columns, outside_x = _mirrored(left, width, picture.shape[1])
    rows, outside_y = _mirrored(top, height, picture.shape[0])
    mirrored = np.ascontiguousarray(picture[rows][:, columns])
    distance = np.hypot(outside_y[:, None], outside_x[None]).astype(np.float32)
    is_outside = distance > 0
    if not is_outside.any():
        return mirrored
    is_person = _grown(person > _PERSON)
    ground = picture.astype(np.float32)
    if is_person.any():
        spread = _spread(ground, (~is_person).astype(np.float32))
        share = _soft(is_person.astype(np.float32), 2.0)[..., None]
        ground += (spread - ground) * share
    outside = _softened(ground[rows][:, columns], distance)
    body = _body(person > _PERSON, left, top, width, height)
    if body.any():
        share = _soft(body, 1.2)[..., None]
        clothes = _softened(mirrored.astype(np.float32), distance / np.float32(2))
        outside += (clothes - outside) * share
    frame = np.where(is_outside[..., None], outside, mirrored.astype(np.float32))
    return np.clip(np.rint(frame), 0, 255).astype(np.uint8)


def _mirrored(start: int, count: int, size: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Indices of ``count`` pixels from ``start``, mirrored at the ends, and how far outside."""
    index = np.arange(start, start + count, dtype=np.intp)
    outside = np.maximum(np.maximum(-index, index - (size - 1)), 0)
    period = max(2 * (size - 1), 1)
    folded = np.abs((index + size - 1) % period - (size - 1)) if size > 1 else np.zeros_like(index)
    return folded, outside


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    radius = max(1, round(_MARGIN * float(np.hypot(*mask.shape))))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return cv2.dilate(mask.astype(np.uint8), disc).astype(bool)


def _soft(plane: _Plane, sigma: float) -> _Plane:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma), np.float32)


def _spread(picture: _Plane, known: _Plane) -> _Plane:
    """The known pixels (weight 1) spread over the unknown ones (0), near ones first."""
    height, width = known.shape
    if min(height, width) <= 2 or known.min() > 0:
        total = max(float(known.sum()), 1e-6)
        mean = (picture * known[..., None]).sum((0, 1)) / total
        return np.where(known[..., None] > 0, picture, mean).astype(np.float32)
    size = ((width + 1) // 2, (height + 1) // 2)
    weight = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
    coloured = cv2.resize(picture * known[..., None], size, interpolation=cv2.INTER_AREA)
    small = coloured / np.maximum(weight, 1e-6)[..., None]
    filled = _spread(small.astype(np.float32), (weight > 1e-3).astype(np.float32))
    large = cv2.resize(filled, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.where(known[..., None] > 0, picture, large).astype(np.float32)


def _softened(picture: _Plane, distance: _Plane) -> _Plane:
    """Blurred by distance."""
    height, width = distance.shape
    unit = (width + height) / 1088
    mixed = picture.copy()
    for sigma, start in _SOFTNESS:
        share = np.clip((distance / unit - start) / (start + 12.0), 0, 1)[..., None]
        mixed += (_blurred(picture, sigma * unit) - mixed) * share
    return mixed


def _blurred(picture: _Plane, sigma: float) -> _Plane:
    """A Gaussian blur; a wide one is made on a quarter of the size, where it costs little."""
    height, width = picture.shape[:2]
    small = picture
    if sigma > 5 and min(width, height) >= 64:
        small = cv2.resize(small, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
        sigma /= 4
    soft = cv2.GaussianBlur(small, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    if soft.shape[:2] != (height, width):
        soft = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(soft, np.float32)


# --- the body beyond the picture's edge -----------------------------------------------------------


def _body(is_person: NDArray[np.bool_], left: int, top: int, width: int, height: int) -> _Plane:
    """``(height, width)``: 1 where a body that the picture's edge cuts goes on outside."""
    body = np.zeros((height, width), np.float32)
    rows, columns = is_person.shape
    shown = slice(max(0, -top), max(0, -top) + min(rows - max(top, 0), height))
    rows_shown = slice(max(top, 0), max(top, 0) + (shown.stop - shown.start))
    if left < 0:
        _continue(body[shown, :-left][:, ::-1], is_person[rows_shown, 0])
    if left + width > columns:
        _continue(body[shown, columns - left :], is_person[rows_shown, -1])
    if top < 0:
        shown = slice(max(0, -left), max(0, -left) + min(columns - max(left, 0), width))
        columns_shown = slice(max(left, 0), max(left, 0) + (shown.stop - shown.start))
        side = body[:-top, shown][::-1].T
        _continue(side, is_person[0, columns_shown], is_closed=True)
    return body


def _continue(side: _Plane, edge: NDArray[np.bool_], *, is_closed: bool = False) -> None:
    """Round off the person of an ``edge`` (N) into ``side`` (N, distance from the edge), in place.

    A stretch that reaches the end of the edge, the bottom of the picture, is a shoulder and falls
    to the bottom; any other closes on itself, and so does one that ``is_closed``.
    """
    num, reach = side.shape
    bounds = np.flatnonzero(np.diff(np.concatenate([[False], edge, [False]]).astype(np.int8)))
    away = np.arange(reach, dtype=np.float32)
    for start, end in bounds.reshape(-1, 2).tolist():
        run = end - start
        if run < _SHORTEST_RUN * num:
            continue
        is_shoulder = end >= num - 1 and not is_closed
        length = run * (1.0 if is_shoulder else _CAP)
        fall = 1 - np.sqrt(np.clip(1 - (away / length) ** 2, 0, None))
        low = start + run * (fall if is_shoulder else fall / 2)
        high = np.full(reach, float(num)) if is_shoulder else end - run * fall / 2
        place = np.arange(num, dtype=np.float32)[:, None]
        covered = np.clip(place - low + 0.5, 0, 1) * np.clip(high - place + 0.5, 0, 1)
        covered[:, away >= length] = 0
        np.maximum(side, covered, out=side)
