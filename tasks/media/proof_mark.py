"""The word that is drawn over every frame of a proof, so that nobody takes it for the delivery."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from model.engine import Pixels

WORD = "PROOF"
_SHARE_OF_WIDTH = 0.6
_OPACITY = 0.45
_Mask = npt.NDArray[np.float32]
_FONT = cv2.FONT_HERSHEY_DUPLEX


def marked(frames: Iterable[Pixels]) -> Iterator[Pixels]:
    """Frames, uint8 ``(F, H, W, 3)`` at a time, with the word across the lower third."""
    for block in frames:
        edge, word = _masks(block.shape[2], block.shape[1])
        mixed = block * (1.0 - edge) * (1.0 - word) + 255.0 * word
        yield np.rint(mixed).astype(np.uint8)


@lru_cache(maxsize=8)
def _masks(width: int, height: int) -> tuple[_Mask, _Mask]:
    """How much of each pixel is a dark edge, and the white word on it, ``(H, W, 1)`` in 0..1."""
    (text_width, _), _ = cv2.getTextSize(WORD, _FONT, 1.0, 1)
    scale = _SHARE_OF_WIDTH * width / text_width
    thickness = max(1, round(2 * scale))
    (text_width, text_height), _ = cv2.getTextSize(WORD, _FONT, scale, thickness)
    place = ((width - text_width) // 2, min(height - 2, (5 * height) // 6 + text_height // 2))

    def drawn(thick: int) -> _Mask:
        canvas = np.zeros((height, width), np.uint8)
        cv2.putText(canvas, WORD, place, _FONT, scale, 255, thick, cv2.LINE_AA)
        return np.asarray(canvas[:, :, None] * (_OPACITY / 255.0), np.float32)

    return drawn(thickness + 4), drawn(thickness)
