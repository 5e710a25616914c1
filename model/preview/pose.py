"""What is drawn in one frame, and the coordinates in which it is drawn."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from model.engine import Pixels
from model.preview.features import Points


@dataclass(frozen=True)
class Pose:
    """One frame of the animation.

    Attributes:
        opening: of the mouth, 0 (shut) to 1; small where lips are pressed together.
        wide: -1 (rounded, pushed forward) to 1 (spread).
        press: lips pressed together, 0 to 1.
        speak: 0 in silence, where the mouth rests, to 1 in speech.
        blink: 0 (open) to 1 (shut).
        brows: -1 (drawn down) to 1 (raised).
        gaze_x, gaze_y: of the irises from where they look in the portrait, over the eye's width.
        yaw, pitch, roll: of the head, radians.
        shift_x, shift_y: of the head, over face width.
        breath: 0 to 1.
    """

    opening: float
    wide: float
    press: float
    speak: float
    blink: float
    brows: float
    gaze_x: float
    gaze_y: float
    yaw: float
    pitch: float
    roll: float
    shift_x: float
    shift_y: float
    breath: float


def smoothstep(low: float, high: float, x: NDArray[np.floating]) -> NDArray[np.float32]:
    """0 below ``low``, 1 above ``high``, smooth between."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


class Patch:
    """A piece of the canvas in coordinates along (u) and across (v) the eyes.

    Shapes: h, w of the patch's own pixels, ``samples`` for each pixel of the canvas.
    """

    def __init__(
        self, origin: Points, across: Points, low: Points, high: Points, samples: float
    ) -> None:
        width, height = (max(8, round(v)) for v in ((high - low) * samples).tolist())
        self.low, self.high, self.samples, self.size = low, high, samples, (width, height)
        self.u = (low[0] + (np.arange(width) + 0.5) / samples).astype(np.float32)
        self.v = (low[1] + (np.arange(height) + 0.5) / samples).astype(np.float32)[:, None]
        axes = np.stack([across, [-across[1], across[0]]], 1)  # columns: u and v in the frame
        corner = origin + axes @ (low + 0.5 / samples)
        self.to_frame = np.c_[axes / samples, corner]

    def cut(self, picture: Pixels) -> Pixels:
        """The patch's pixels ``(h, w, 3)`` from the picture."""
        return cv2.warpAffine(
            picture,
            self.to_frame,
            self.size,
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        ).astype(np.uint8, copy=False)

    def row(self, v: NDArray[np.float32]) -> NDArray[np.intp]:
        """Index of the row that holds ``v``."""
        rows = ((v - self.low[1]) * self.samples).astype(np.intp)
        return np.clip(rows, 0, self.size[1] - 1)

    def feather(self, share_u: float, share_v: float) -> NDArray[np.float32]:
        """Weights ``(h, w)`` that fade to 0 at the patch's edges."""
        width, height = self.size
        x, y = np.arange(width), np.arange(height)
        along = np.minimum(x, width - 1 - x) / (share_u * width)
        down = np.minimum(y, height - 1 - y) / (share_v * height)
        t = np.clip(np.minimum(along[None], down[:, None]), 0, 1)
        return (t * t * (3 - 2 * t)).astype(np.float32)


class Paste:
    """Puts a patch back into frames; what can be computed once is."""

    def __init__(
        self, patch: Patch, weights: NDArray[np.float32], frame_shape: tuple[int, ...]
    ) -> None:
        height, width = frame_shape[:2]
        patch_width, patch_height = patch.size
        corners = np.array(
            [[0, 0], [patch_width, 0], [0, patch_height], [patch_width, patch_height]]
        )
        places = corners @ patch.to_frame[:, :2].T + patch.to_frame[:, 2]
        low = np.clip(np.floor(places.min(0)).astype(int) - 1, 0, [width, height])
        high = np.clip(np.ceil(places.max(0)).astype(int) + 2, 0, [width, height])
        self._window = (slice(low[1], high[1]), slice(low[0], high[0]))
        self._size = (int(high[0] - low[0]), int(high[1] - low[1]))
        self._blur = 0.36 * patch.samples if patch.samples > 1 else 0.0
        matrix = np.asarray(cv2.invertAffineTransform(patch.to_frame))
        matrix[:, 2] += matrix[:, :2] @ low
        self._matrix = matrix
        _, placed = self.placed(weights)
        self._weights = np.clip(placed, 0, 1).astype(np.float32)
        self._rest = 1 - self._weights

    def placed(
        self, values: NDArray[np.float32]
    ) -> tuple[tuple[slice, slice], NDArray[np.float32]]:
        """The canvas's window that holds the patch, and the patch's ``values`` in it."""
        there = cv2.warpAffine(
            values,
            self._matrix,
            self._size,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
        )
        return self._window, np.asarray(there, np.float32)

    def onto(self, frame: Pixels, pixels: NDArray[np.float32]) -> None:
        """Blend ``pixels`` (h, w, 3) into ``frame`` in place."""
        whole = np.asarray(cv2.convertScaleAbs(pixels))
        smooth = cv2.GaussianBlur(whole, (0, 0), self._blur) if self._blur else whole
        placed = cv2.warpAffine(
            smooth,
            self._matrix,
            self._size,
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        under = np.ascontiguousarray(frame[self._window])
        frame[self._window] = cv2.blendLinear(placed, under, self._weights, self._rest)
