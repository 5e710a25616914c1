"""Lips, lids and brows placed anew by a second mesh, which looks at each of them alone.

Face Mesh places the whole face by one look and misses the lips of a drawn face by a third of their
height. The mesh with attention has the same 468 points, and refines lips, lids and brows from a
closer look; where its closer look found nothing regular (no mouth under a moustache), the first
mesh's points stay.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.engine import Pixels
from model.preview.face import Landmarks, face_square
from model.preview.networks import session

REFINED_MESH_NAME = "face_mesh_attention.onnx"

# the mesh's index of each refined point, in the order of the network's outputs
_LIPS = (
    61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409,
    78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 191, 80, 81, 82, 13, 312, 311, 310, 415,
    76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306, 184, 74, 73, 72, 11, 302, 303, 304, 408,
    62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292, 183, 42, 41, 38, 12, 268, 271, 272, 407,
)  # fmt: skip
_EYE_AT_33 = (
    33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173, 130, 25, 110,
    24, 23, 22, 26, 112, 243, 247, 30, 29, 27, 28, 56, 190, 226, 31, 228, 229, 230, 231, 232,
    233, 244, 113, 225, 224, 223, 222, 221, 189, 35, 124, 46, 53, 52, 65, 143, 111, 117, 118,
    119, 120, 121, 128, 245, 156, 70, 63, 105, 66, 107, 55, 193,
)  # fmt: skip
_EYE_AT_263 = (
    263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398, 359, 255,
    339, 254, 253, 252, 256, 341, 463, 467, 260, 259, 257, 258, 286, 414, 446, 261, 448, 449,
    450, 451, 452, 453, 464, 342, 445, 444, 443, 442, 441, 413, 265, 353, 276, 283, 282, 295,
    372, 340, 346, 347, 348, 349, 350, 357, 465, 383, 300, 293, 334, 296, 336, 285, 417,
)  # fmt: skip

_OUTER_LIPS = (
    (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291),
    (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291),
)
_RIGHT_EYE_CORNER, _LEFT_EYE_CORNER = 33, 263
_WIDTHS = (0.7, 1.4)  # of refined lips over the mesh's: 0.86 to 1.04 where there is a mouth
_MOST_SHIFT = 0.12  # of their middle, over the mesh's width: at most 0.06, or 0.18 without a mouth
_MOST_BEND = 0.12  # of a lip's edge from a smooth curve, over its width


@dataclass(frozen=True)
class RefinedFace:
    """A face's landmarks, its lips, lids and brows placed by the closer look.

    Attributes:
        landmarks: ``(468, 3)`` float32, x, y and depth in pixels.
        irises: ``(2, 5, 2)`` float32; of the eyes on the left and on the right of the picture, the
            middle and four points of the rim, in pixels.
        is_mouth_seen: whether the lips' closer look found regular lips; else they are the mesh's.
    """

    landmarks: Landmarks
    irises: NDArray[np.float32]
    is_mouth_seen: bool


def refined(image: Pixels, landmarks: Landmarks) -> RefinedFace:
    """The face of ``landmarks`` as the mesh with attention sees it in ``image``."""
    crop, to_image = face_square(image, landmarks)
    net = session(REFINED_MESH_NAME)
    names = [output.name for output in net.get_outputs()]
    values = net.run(None, {"picture": np.ascontiguousarray(crop.transpose(2, 0, 1))[None]})
    outputs: dict[str, Any] = dict(zip(names, values, strict=True))

    def points(name: str, count: int) -> NDArray[np.float64]:
        places = np.asarray(outputs[name], np.float64).reshape(count, 2)
        return places @ to_image[:, :2].T + to_image[:, 2]

    found = landmarks.copy()
    for name, indices in (("left_eye", _EYE_AT_33), ("right_eye", _EYE_AT_263)):
        found[list(indices), :2] = points(name, len(indices))
    seen = found.copy()
    seen[list(_LIPS), :2] = points("lips", len(_LIPS))
    is_mouth_seen = _are_lips_regular(landmarks, seen)
    irises = np.stack([points("left_iris", 5), points("right_iris", 5)])
    return RefinedFace(seen if is_mouth_seen else found, irises.astype(np.float32), is_mouth_seen)


def _are_lips_regular(mesh: Landmarks, seen: Landmarks) -> bool:
    """Whether refined lips are lips: in place, in order, smooth."""
    across = (seen[_LEFT_EYE_CORNER] - seen[_RIGHT_EYE_CORNER])[:2].astype(np.float64)
    across /= max(float(np.hypot(*across)), 1e-6)
    axes = np.stack([across, [-across[1], across[0]]], 1)
    width = float(np.ptp(mesh[list(_OUTER_LIPS[0]), :2] @ axes[:, 0]))
    edges = [seen[list(edge), :2] @ axes for edge in _OUTER_LIPS]
    seen_width = float(np.ptp(edges[0][:, 0]))
    if not _WIDTHS[0] * width < seen_width < _WIDTHS[1] * width:
        return False
    shift = np.mean([seen[list(e), :2] - mesh[list(e), :2] for e in _OUTER_LIPS], (0, 1))
    if float(np.hypot(*shift)) > _MOST_SHIFT * width:
        return False
    bends = [np.abs(np.diff(edge, 2, axis=0)).max() / seen_width for edge in edges]
    in_order = all((np.diff(edge[:, 0]) > -0.01 * seen_width).all() for edge in edges)
    return in_order and max(bends) < _MOST_BEND
