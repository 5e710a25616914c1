"""Where a picture shows a person, from a small network on onnxruntime.

The network sees the whole picture in 256 x 256 pixels, so an outline is sharp to about a 256th of
the picture. Pictures are uint8 ``(H, W, 3)`` RGB.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from model.engine import Pixels
from model.preview.networks import session

PERSON_NAME = "person_mask.onnx"
_SIDE = 256


def person_mask(image: Pixels) -> NDArray[np.float32]:
    """How much of each pixel is a person, ``(H, W)``, 0 to 1.

    What a person holds, or has in front of them, counts in part.
    """
    height, width = image.shape[:2]
    small = cv2.resize(image, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    picture = (small.astype(np.float32) / np.float32(255)).transpose(2, 0, 1)
    net = session(PERSON_NAME)
    found = net.run(None, {net.get_inputs()[0].name: picture[None]})[0]
    mask = np.asarray(found, np.float32).reshape(_SIDE, _SIDE)
    large = cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.clip(large, 0, 1).astype(np.float32, copy=False)
