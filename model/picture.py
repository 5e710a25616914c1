"""Portraits -> frames: scaled and cut, never squeezed, never padded."""

import cv2
import numpy as np

from model.engine import Pixels


def cover(portrait: Pixels, width: int, height: int) -> Pixels:
    """The middle of the portrait, scaled alike in both directions until it fills the frame."""
    scale = max(width / portrait.shape[1], height / portrait.shape[0])
    size = (
        max(width, round(portrait.shape[1] * scale)),
        max(height, round(portrait.shape[0] * scale)),
    )
    scaled = cv2.resize(portrait, size, interpolation=cv2.INTER_AREA)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    window = scaled[top : top + height, left : left + width]
    return np.ascontiguousarray(window, np.uint8)
