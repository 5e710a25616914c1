"""The head turns and the chest breathes: one smooth warp of the whole frame.

The displacements are smooth, so they are summed on a grid of one sample in eight pixels.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from model.engine import Pixels
from model.preview.features import Features
from model.preview.pose import Pose, smoothstep

_CELL = 8  # pixels of the frame a grid step; frame sizes are multiples of 16
CANVAS_SCALE = 2  # canvas pixels a frame pixel, along x and y
_BAND_CELLS = 6  # rows of the grid that are sampled at a time
_STILL, _STILL_PX = 0.002, 0.02  # shares of the head's movement, and pixels, that nobody sees
_BROW_RISE = 0.085  # of the eye's width
_BREATH_RISE = 0.0065  # of the face's width


class Head:
    """The head of one portrait in one frame size."""

    def __init__(self, features: Features, canvas: Pixels) -> None:
        """Set up the movements of a face in frame pixels, drawn on ``canvas`` ``(2 H, 2 W, 3)``."""
        height, width = (side // CANVAS_SCALE for side in canvas.shape[:2])
        rows, columns = height // _CELL, width // _CELL
        grid_y, grid_x = np.mgrid[0:rows, 0:columns].astype(np.float32)
        x, y = ((grid + 0.5) * _CELL - 0.5 for grid in (grid_x, grid_y))
        across, down = features.across, np.array([-features.across[1], features.across[0]])
        face_width, face_height = features.high - features.low
        middle = (features.low + features.high) / 2 - down * 0.12 * face_height
        along = ((x - middle[0]) * across[0] + (y - middle[1]) * across[1]) / (face_width / 2)
        below = ((x - middle[0]) * down[0] + (y - middle[1]) * down[1]) / (face_height / 2)
        moves = 1 - smoothstep(1.0, 2.3, np.hypot(along / 1.25, below / 1.35))
        dome = np.clip(1 - (along / 1.5) ** 2 - (below / 1.7) ** 2, 0, 1)
        self._face_width = float(face_width)
        self._moves = moves
        # nearer to the viewer moves further; the blend with the square root keeps its edge smooth
        self._dome = moves * dome * (1.4 - 0.4 * dome)
        pivot = features.chin + down * 0.35 * face_height
        self._roll_x = -moves * (y - pivot[1]).astype(np.float32)
        self._roll_y = moves * (x - pivot[0]).astype(np.float32)
        chest = smoothstep(pivot[1] - 0.3 * face_height, pivot[1] + 0.6 * face_height, y)
        chest = chest * np.exp(-(((x - pivot[0]) / (2.2 * face_width)) ** 2))
        settle = 1 - smoothstep(0.9 * height, float(height), y)
        self._chest = (chest * settle).astype(np.float32)
        self._set_brows(features, x, y)
        frame_y, frame_x = np.mgrid[0:height, 0:width].astype(np.float32)
        self._x, self._y = (
            CANVAS_SCALE * frame + np.float32(CANVAS_SCALE / 2 - 0.5)
            for frame in (frame_x, frame_y)
        )
        self._parts = self._rectangles(width)
        self._still = self._sampled(canvas, self._x, self._y)

    def _rectangles(self, width: int) -> list[tuple[slice, slice]]:
        """Rows and columns of the frame that may move, band by band; the rest stands still."""
        chest = self._chest * np.float32(_BREATH_RISE * self._face_width)
        moves = (self._moves > _STILL) | (np.maximum(chest, self._brows) > _STILL_PX)
        found: list[tuple[slice, slice]] = []
        for first in range(0, len(moves), _BAND_CELLS):
            columns = np.flatnonzero(moves[first : first + _BAND_CELLS].any(0))
            if len(columns):
                left, right = max(0, int(columns[0]) - 1), int(columns[-1]) + 2
                rows = slice(first * _CELL, (first + _BAND_CELLS) * _CELL)
                found.append((rows, slice(left * _CELL, min(right * _CELL, width))))
        return found

    def _set_brows(
        self, features: Features, x: NDArray[np.float32], y: NDArray[np.float32]
    ) -> None:
        """How far each pixel of the grid rises with the brows; not at all on the lids."""
        across, down = features.across, np.array([-features.across[1], features.across[0]])
        self._brows = np.zeros_like(x)
        for eye in features.eyes:
            width = float(np.hypot(*(eye.upper[-1] - eye.upper[0])))
            middle = (eye.upper[0] + eye.upper[-1]) / 2
            lid = float(((eye.upper - middle) @ down).min())
            height = max(lid - float((eye.brow - middle) @ down), 0.25 * width)
            u = (x - middle[0]) * across[0] + (y - middle[1]) * across[1]
            v = (x - middle[0]) * down[0] + (y - middle[1]) * down[1]
            above = (lid - v) / height  # 0 at the lid, 1 at the brow
            rise = smoothstep(0.1, 1.0, above) * (1 - smoothstep(1.6, 3.6, above))
            bell = np.exp(-((u / (0.95 * width)) ** 2)).astype(np.float32)
            self._brows = np.maximum(self._brows, rise * bell * np.float32(_BROW_RISE * width))

    def draw(self, canvas: Pixels, pose: Pose) -> Pixels:
        """The frame that shows ``canvas`` with head and chest moved as in ``pose``.

        Args:
            canvas: ``(2 H, 2 W, 3)``.
            pose: of head and breath.

        Returns:
            ``(H, W, 3)``.
        """
        half = self._face_width / 2
        right = (
            self._moves * np.float32(pose.shift_x * self._face_width)
            + self._roll_x * np.float32(pose.roll)
            + self._dome * np.float32(pose.yaw * half)
        )
        down = (
            self._moves * np.float32(pose.shift_y * self._face_width)
            + self._roll_y * np.float32(pose.roll)
            + self._dome * np.float32(pose.pitch * half)
            - self._brows * np.float32(pose.brows)
            - self._chest * np.float32(pose.breath * _BREATH_RISE * self._face_width)
        )
        full_right, full_down = self._full(right), self._full(down)
        frame = self._still.copy()
        for part in self._parts:
            frame[part] = self._sampled(
                canvas,
                np.subtract(self._x[part], full_right[part]),
                np.subtract(self._y[part], full_down[part]),
            )
        return frame

    @staticmethod
    def _sampled(canvas: Pixels, map_x: NDArray[np.float32], map_y: NDArray[np.float32]) -> Pixels:
        return cv2.remap(
            canvas, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        ).astype(np.uint8, copy=False)

    def _full(self, grid: NDArray[np.float32]) -> NDArray[np.float32]:
        height, width = self._x.shape
        return cv2.resize(
            grid * np.float32(CANVAS_SCALE), (width, height), interpolation=cv2.INTER_LINEAR
        ).astype(np.float32, copy=False)
