"""Faces and their 468 landmarks, from two small networks on onnxruntime.

BlazeFace (short range) proposes boxes on the whole picture and on overlapping tiles, so that small
faces are found too; Face Mesh places the landmarks and scores them. What the detector proposes
counts as a face only once the mesh agrees. Pictures are uint8 ``(H, W, 3)`` RGB throughout.

Shapes: N faces, A anchors, H height, W width. Landmark indices are MediaPipe's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from model.engine import Pixels
from model.preview.networks import session

Landmarks: TypeAlias = NDArray[np.float32]  # (468, 3): x, y and depth in pixels of the picture

DETECTOR_NAME = "face_detection_short_range.onnx"
MESH_NAME = "face_landmark.onnx"

NUM_LANDMARKS = 468
RIGHT_EYE_CORNER, LEFT_EYE_CORNER = 33, 263  # outer corners, named from the presenter's side

_DETECTOR_SIZE = 128
_MESH_SIZE = 192
_ROI_SCALE = 1.5  # side of the mesh's square over the face's larger side
_MIN_FACE_SCORE = 0.5
_CERTAIN_SCORE = 0.9
_MAX_CANDIDATES = 16
_SAME_FACE_OVERLAP = 0.25
_NUM_JITTER_PROBES = 12
_HUMAN_VIEWS = (1.6, 2.2, 3.0)  # sides of what is looked at, over the face's larger side


@dataclass(frozen=True)
class Face:
    """One face of a picture.

    Attributes:
        landmarks: ``(468, 3)`` float32, x, y and depth in pixels.
        score: the mesh's belief that this is a face, 0 to 1.
    """

    landmarks: Landmarks
    score: float

    @property
    def width(self) -> float:
        """Width of the landmarks' box in pixels."""
        return float(np.ptp(self.landmarks[:, 0]))

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the landmarks in pixels."""
        left, top = self.landmarks[:, :2].min(0)
        right, bottom = self.landmarks[:, :2].max(0)
        return float(left), float(top), float(right), float(bottom)


@dataclass(frozen=True)
class _Roi:
    """A turned square of the picture: centre and side in pixels, angle in radians."""

    x: float
    y: float
    side: float
    angle: float


@dataclass(frozen=True)
class _Candidate:
    """What the detector proposes: score, box ``(left, top, right, bottom)`` and the mesh's ROI."""

    score: float
    box: NDArray[np.float32]
    roi: _Roi


def find_faces(image: Pixels) -> list[Face]:
    """Every face of ``image`` that the mesh confirms, the largest certain one first.

    A finer grid of tiles is searched only when the first search finds no certain face, so that
    ordinary portraits stay cheap.
    """
    faces = _confirmed(image, _coarse_tiles(*image.shape[:2]))
    if not any(face.score >= _CERTAIN_SCORE for face in faces):
        faces += _confirmed(image, _fine_tiles(*image.shape[:2]))
    return _without_repeats(sorted(faces, key=_prominence, reverse=True))


def find_strangers(image: Pixels, known: Face | None, *, is_close: bool = False) -> list[Face]:
    """Faces beside the known one that are seen at a glance, on the whole picture alone.

    It is cheap where there are none, and misses faces below a seventh of the picture. A close look
    at its parts (``is_close``) finds smaller ones, and takes twenty times as long.
    """
    faces: list[Face] = []
    box = None if known is None else np.array(known.box, np.float32)
    tiles = iter([(0, 0, image.shape[1], image.shape[0], 0.6)])
    for item in _candidates(image, _coarse_tiles(*image.shape[:2]) if is_close else tiles):
        if box is not None and _is_same(box, item.box):
            continue
        landmarks, score = refine(image, _mesh(image, item.roi)[0])
        if score >= _CERTAIN_SCORE:
            faces.append(Face(landmarks, score))
    known_faces = [] if known is None else [known]
    return _without_repeats([*known_faces, *faces])[len(known_faces) :]


def refine(image: Pixels, landmarks: Landmarks) -> tuple[Landmarks, float]:
    """Landmarks and score of the face near ``landmarks``; follows a face from frame to frame."""
    return _mesh(image, _roi_of_landmarks(landmarks))


def jitter(image: Pixels, landmarks: Landmarks) -> float:
    """How far the landmarks move when the mesh looks from slightly elsewhere, over face width.

    Photographs of people give 0.008 to 0.016; above 0.03 the landmarks cannot be trusted.
    """
    roi = _roi_of_landmarks(landmarks)
    draws = np.random.default_rng(0).uniform(-1, 1, (_NUM_JITTER_PROBES, 4))
    probes = [
        _mesh(
            image,
            _Roi(
                roi.x + 0.075 * dx * roi.side,
                roi.y + 0.075 * dy * roi.side,
                roi.side * (1 + 0.15 * scale),
                roi.angle + 0.15 * turn,
            ),
        )[0][:, :2]
        for dx, dy, scale, turn in draws.tolist()
    ]
    spread = np.stack(probes).std(0)
    return float(np.hypot(spread[:, 0], spread[:, 1]).mean() / np.ptp(landmarks[:, 0]))


def human_score(image: Pixels, landmarks: Landmarks) -> float:
    """How sure the detector is of the face at ``landmarks``, 0 to 1, looking from three distances.

    The mesh fits any face; the detector is less sure of animals (0.59 to 0.79 on six) than of
    people (0.84 to 0.94 on 75, drawings, paintings and a sculpture among them).
    """
    low, high = landmarks[:, :2].min(0), landmarks[:, :2].max(0)
    centre, side = (low + high) / 2, float((high - low).max())
    scores: list[float] = []
    for share in _HUMAN_VIEWS:
        view = max(16, int(side * share))
        left, top = (centre - side * share / 2).astype(int).tolist()
        logits = _run(DETECTOR_NAME, _small_square(_cut_out(image, left, top, view)))[1]
        scores.append(float((1 / (1 + np.exp(-np.clip(logits[0, :, 0], -80, 80)))).max()))
    return float(np.mean(scores))


def _cut_out(image: Pixels, left: int, top: int, side: int) -> Pixels:
    """A square of the picture, black where it reaches outside."""
    height, width = image.shape[:2]
    right, bottom = left + side, top + side
    inside = image[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    margins = (max(-top, 0), max(bottom - height, 0), max(-left, 0), max(right - width, 0))
    return np.asarray(cv2.copyMakeBorder(inside, *margins, cv2.BORDER_CONSTANT), np.uint8)


# --- networks -----------------------------------------------------------------------------------


def _run(name: str, image: NDArray[np.float32]) -> list[Any]:
    net = session(name)
    return list(net.run(None, {net.get_inputs()[0].name: image[None]}))


@cache
def _anchors() -> NDArray[np.float32]:
    """Centres ``(A, 2)`` of the short-range detector: two a cell at stride 8, six at stride 16."""
    centres: list[NDArray[np.float64]] = []
    for stride, num_per_cell in ((8, 2), (16, 6)):
        num_cells = _DETECTOR_SIZE // stride
        axis = (np.arange(num_cells) + 0.5) / num_cells
        grid = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
        centres.append(np.repeat(grid, num_per_cell, 0))
    return np.concatenate(centres).astype(np.float32)


# --- detection ----------------------------------------------------------------------------------


def _coarse_tiles(height: int, width: int) -> Iterator[tuple[int, int, int, int, float]]:
    """Tiles ``(left, top, right, bottom, least score)``: the whole picture, then two grids."""
    yield 0, 0, width, height, 0.5
    yield from _grid(height, width, 0.6, rows=3, columns=4)
    yield from _grid(height, width, 0.4, rows=3, columns=4)


def _fine_tiles(height: int, width: int) -> Iterator[tuple[int, int, int, int, float]]:
    """Tiles for small and stylised faces that the coarse search misses."""
    yield from _grid(height, width, 0.5, rows=5, columns=7)
    yield from _grid(height, width, 0.35, rows=5, columns=7)


def _grid(
    height: int, width: int, share: float, rows: int, columns: int
) -> Iterator[tuple[int, int, int, int, float]]:
    side = max(16, int(max(height, width) * share))
    tile_height, tile_width = min(side, height), min(side, width)
    num_rows = 1 if tile_height == height else rows
    num_columns = 1 if tile_width == width else columns
    for top in sorted({int(v) for v in np.linspace(0, height - tile_height, num_rows)}):
        for left in sorted({int(v) for v in np.linspace(0, width - tile_width, num_columns)}):
            yield left, top, left + tile_width, top + tile_height, 0.6


def _small_square(square: Pixels) -> NDArray[np.float32]:
    """What the detector looks at, -1 to 1."""
    size = (_DETECTOR_SIZE, _DETECTOR_SIZE)
    small = cv2.resize(square, size, interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) / np.float32(127.5) - 1


def _detect(tile: Pixels, least_score: float) -> list[_Candidate]:
    """Candidates of one tile, in its pixels; overlapping boxes are averaged by score."""
    height, width = tile.shape[:2]
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    square = cv2.copyMakeBorder(
        tile, top, side - height - top, left, side - width - left, cv2.BORDER_CONSTANT
    )
    offsets, logits = _run(DETECTOR_NAME, _small_square(np.asarray(square, np.uint8)))
    scores = 1 / (1 + np.exp(-np.clip(logits[0, :, 0], -80, 80)))
    is_kept = scores > least_score
    scores, anchors = scores[is_kept], _anchors()[is_kept]
    # each row: centre x, y, width, height, then six key points relative to the anchor
    values = offsets[0, is_kept] / _DETECTOR_SIZE
    centres, half_sizes = values[:, :2] + anchors, values[:, 2:4] / 2
    boxes = np.concatenate([centres - half_sizes, centres + half_sizes], 1)
    eyes = values[:, 4:8].reshape(-1, 2, 2) + anchors[:, None]  # (A, 2 eyes, xy)
    shift = np.array([left, top], np.float32)
    found: list[_Candidate] = []
    for group in _overlap_groups(boxes, scores):
        weights = scores[group] / scores[group].sum()
        box = (boxes[group] * weights[:, None]).sum(0) * side - np.tile(shift, 2)
        eye_pair = (eyes[group] * weights[:, None, None]).sum(0) * side - shift
        found.append(_Candidate(float(scores[group].max()), box, _roi_of_box(box, eye_pair)))
    return found


def _overlap_groups(
    boxes: NDArray[np.float32], scores: NDArray[np.float32]
) -> Iterator[NDArray[np.intp]]:
    """Indices of boxes that show one face, the best scored first."""
    is_free = np.ones(len(scores), bool)
    for best in np.argsort(-scores, kind="stable"):
        if not is_free[best]:
            continue
        overlap = np.array([_intersection(boxes[best], box) for box in boxes])
        areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        group = (overlap / np.maximum(areas[best] + areas - overlap, 1e-9) > 0.3) & is_free
        group[best] = True
        is_free &= ~group
        yield np.flatnonzero(group)


def _intersection(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    return float(max(width, 0) * max(height, 0))


def _is_same(first: NDArray[np.float32], second: NDArray[np.float32]) -> bool:
    smaller = min((b[2] - b[0]) * (b[3] - b[1]) for b in (first, second))
    return _intersection(first, second) > _SAME_FACE_OVERLAP * smaller


def _candidates(
    image: Pixels, tiles: Iterator[tuple[int, int, int, int, float]]
) -> list[_Candidate]:
    found: list[_Candidate] = []
    for left, top, right, bottom, least_score in tiles:
        shift = np.array([left, top, left, top], np.float32)
        for item in _detect(image[top:bottom, left:right], least_score):
            roi = _Roi(item.roi.x + left, item.roi.y + top, item.roi.side, item.roi.angle)
            found.append(_Candidate(item.score, item.box + shift, roi))
    found.sort(key=lambda item: item.score * np.sqrt(item.roi.side), reverse=True)
    kept: list[_Candidate] = []
    for item in found:
        if not any(_is_same(item.box, other.box) for other in kept):
            kept.append(item)
    return kept[:_MAX_CANDIDATES]


def _confirmed(image: Pixels, tiles: Iterator[tuple[int, int, int, int, float]]) -> list[Face]:
    faces: list[Face] = []
    for item in _candidates(image, tiles):
        landmarks, score = _mesh(image, item.roi)
        for _ in range(2):  # the mesh sees best when its square fits its own landmarks
            landmarks, score = refine(image, landmarks)
        if score >= _MIN_FACE_SCORE:
            faces.append(Face(landmarks, score))
    return faces


def _prominence(face: Face) -> tuple[bool, float]:
    left, top, right, bottom = face.box
    return face.score >= _CERTAIN_SCORE, face.score * (right - left) * (bottom - top)


def _without_repeats(faces: list[Face]) -> list[Face]:
    kept: list[Face] = []
    for face in faces:
        box = np.array(face.box, np.float32)
        if not any(_is_same(box, np.array(other.box, np.float32)) for other in kept):
            kept.append(face)
    return kept


# --- mesh ---------------------------------------------------------------------------------------


def _mesh(image: Pixels, roi: _Roi) -> tuple[Landmarks, float]:
    """Landmarks in picture pixels and score, of the turned square ``roi``."""
    crop, to_image = _square(image, roi)
    outputs = [np.asarray(o).ravel() for o in _run(MESH_NAME, crop)]
    points, logit = sorted(outputs, key=lambda o: o.size, reverse=True)
    points = points.reshape(NUM_LANDMARKS, 3)
    places = points[:, :2] @ to_image[:, :2].T + to_image[:, 2]
    scale = max(roi.side, 1.0) / _MESH_SIZE
    landmarks = np.concatenate([places, points[:, 2:] * scale], 1).astype(np.float32)
    return landmarks, float(1 / (1 + np.exp(-np.clip(logit[0], -80, 80))))


def face_square(
    image: Pixels, landmarks: Landmarks
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """What a mesh looks at: the upright face, and where its pixels are in ``image``.

    Returns:
        ``(192, 192, 3)`` RGB in 0 to 1, and the affine map ``(2, 3)`` from its pixels to those of
        ``image``.
    """
    return _square(image, _roi_of_landmarks(landmarks))


def _square(image: Pixels, roi: _Roi) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    scale = max(roi.side, 1.0) / _MESH_SIZE
    to_image = _square_to_image(roi, scale)
    return _crop(image, to_image, scale), to_image


def _square_to_image(roi: _Roi, scale: float) -> NDArray[np.float64]:
    """Affine map ``(2, 3)`` from the mesh's pixels to the picture's."""
    cosine, sine = scale * np.cos(roi.angle), scale * np.sin(roi.angle)
    turn = np.array([[cosine, -sine], [sine, cosine]])
    centre = np.full(2, (_MESH_SIZE - 1) / 2)
    return np.c_[turn, np.array([roi.x, roi.y]) - turn @ centre]


def _crop(image: Pixels, to_image: NDArray[np.float64], scale: float) -> NDArray[np.float32]:
    """The mesh's square in 0 to 1, area-averaged first where it is a reduction."""
    source, matrix = image, to_image
    if scale > 1.5:
        height, width = (max(1, round(v / scale)) for v in image.shape[:2])
        source = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        shrink = np.array([width / image.shape[1], height / image.shape[0]])
        matrix = to_image * shrink[:, None]
        matrix[:, 2] += shrink / 2 - 0.5  # pixel centres
    crop = cv2.warpAffine(
        source,
        matrix,
        (_MESH_SIZE, _MESH_SIZE),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return crop.astype(np.float32) / np.float32(255)


def _roi_of_box(box: NDArray[np.float32], eyes: NDArray[np.float32]) -> _Roi:
    """The square around a detector's box, turned so that the eyes are level."""
    (right_x, right_y), (left_x, left_y) = eyes.tolist()
    left, top, right, bottom = box.tolist()
    side = max(right - left, bottom - top) * _ROI_SCALE
    angle = float(np.arctan2(left_y - right_y, left_x - right_x))
    return _Roi((left + right) / 2, (top + bottom) / 2, side, angle)


def _roi_of_landmarks(landmarks: Landmarks) -> _Roi:
    """The square around a face's landmarks, turned so that the eyes are level."""
    points = landmarks[:, :2].astype(np.float64)
    across = points[LEFT_EYE_CORNER] - points[RIGHT_EYE_CORNER]
    angle = float(np.arctan2(across[1], across[0]))
    cosine, sine = np.cos(angle), np.sin(angle)
    level = points @ np.array([[cosine, -sine], [sine, cosine]])
    low, high = level.min(0), level.max(0)
    x, y = (low + high) / 2 @ np.array([[cosine, sine], [-sine, cosine]])
    return _Roi(float(x), float(y), float((high - low).max()) * _ROI_SCALE, angle)
