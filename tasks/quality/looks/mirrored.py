"""Whether a frame goes on as its own mirror image, so that a second head stands beside the first.

Earlier releases filled what a portrait lacks so. The mirrored part is blurred the more the further
out it is, so the frame is compared with its mirror image at a small size. Colours that go on from
the edge of hair into the background are alike too, but their details are not. Pure. h, w of the
small frame.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from model.engine import Pixels
from model.preview.person import person_mask

_SMALL_SIDE = 88  # pixels of the longer side
_LEAST_BESIDE, _LEAST_ABOVE = 9, 13  # of the small frame: a narrower strip is alike by chance
_MOST_STRIP = 22
_LEAST_PERSON = 0.15  # of what is mirrored: background alone troubles nobody
_DETAIL = 4.0  # pixels of the small frame: what is smoother is no detail
_LEAST_DETAIL = 0.80  # correlation of details. Mirrored 0.87 and more, clean 0.74 and less

_Small = NDArray[np.float32]


def mirrored_share(frame: Pixels, face: tuple[float, float, float, float]) -> float:
    """The highest correlation of a strip at the frame's edge with what is beside it, mirrored.

    Args:
        frame: ``(H, W, 3)``.
        face: box of the presenter's face: left, top, right, bottom.
    """
    height, width = frame.shape[:2]
    scale = _SMALL_SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    small = np.asarray(cv2.GaussianBlur(small, (0, 0), 1.2), np.float32)
    person = cv2.resize(person_mask(frame), size, interpolation=cv2.INTER_AREA)
    mask = np.asarray(person, np.float32)
    detail = small - np.asarray(cv2.GaussianBlur(small, (0, 0), _DETAIL), np.float32)
    seen = np.concatenate([small, detail, mask[..., None]], 2)
    left, top, right, _ = (round(side * scale) for side in face)
    return max(
        _alike(seen, range(_LEAST_BESIDE, left)),
        _alike(seen[:, ::-1], range(_LEAST_BESIDE, size[0] - right)),
        _alike(seen.transpose(1, 0, 2), range(_LEAST_ABOVE, top)),
    )


def _alike(seen: _Small, folds: range) -> float:
    """The highest correlation over all ``folds``: columns left of which all is mirrored.

    ``seen`` is ``(h, w, 7)``: colours, their details, and where the person is.
    """
    found = 0.0
    for fold in folds:
        reach = min(fold, seen.shape[1] - fold, _MOST_STRIP)
        outside = seen[:, fold - reach : fold][:, ::-1]
        inside = seen[:, fold : fold + reach]
        if inside[..., 6].mean() < _LEAST_PERSON:
            continue
        if _correlation(outside[..., 3:6], inside[..., 3:6]) >= _LEAST_DETAIL:
            found = max(found, _correlation(outside[..., :3], inside[..., :3]))
    return found


def _correlation(one: _Small, other: _Small) -> float:
    one = one - one.mean((0, 1))
    other = other - other.mean((0, 1))
    power = float((one**2).sum() * (other**2).sum())
    return float((one * other).sum()) / max(power, 1e-9) ** 0.5
