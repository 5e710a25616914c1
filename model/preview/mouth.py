"""The mouth: two smooth layers of skin, one on each lip, with the mouth's inside between them.

The upper layer carries the upper lip, the lower one the lower lip and the jaw. Each is a weighted
sum of displacements that are computed once for a portrait; a frame inverts the two sums, blends
them along the line between the lips and draws the inside where the lips have parted.
Lengths are in canvas pixels, in coordinates along (u) and across (v) the eyes.
Shapes: h, w of the patch (supersampled); ch, cw of its coarse grid, half a sample a canvas pixel.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from model.engine import Pixels
from model.preview.features import Features, Points
from model.preview.pose import Paste, Patch, Pose, smoothstep
from model.preview.teeth import Inside, Lips, MouthColours, own_inside

Field = NDArray[np.float32]

_COARSE_SAMPLES = 0.5  # of the displacements, a canvas pixel
_OWN_INSIDE_GAP = 0.05  # of the eye distance: from here the picture shows the mouth's inside
_REST_GAP = 0.10  # of the mouth's width: how far lips that are parted in the picture rest
_LARGEST_GAP = 0.34  # of the mouth's width
_SEAM_REACH = 0.05  # of the mouth's width: how far from it pressed lips leave the seam alone
_JOIN_ROWS, _JOIN_SHARPNESS = 4.0, 0.7  # canvas pixels around the seam, and a pixel's share
_CLOSING_REACH = 0.30  # of the mouth's width: a wider open mouth cannot be shut fully


class Mouth:
    """The mouth of one portrait in one frame size."""

    def __init__(self, picture: Pixels, features: Features) -> None:
        self._set_geometry(features)
        self._patch = self._make_patch()
        self._coarse = Patch(
            self._origin, features.across, self._patch.low, self._patch.high, _COARSE_SAMPLES
        )
        self._texture = self._patch.cut(picture)
        self._paste = Paste(self._patch, self._patch.feather(0.12, 0.10), picture.shape)
        self._set_fields()
        self._set_inside(features)

    # --- made once --------------------------------------------------------------------------

    def _set_geometry(self, features: Features) -> None:
        self._origin = (features.upper_outer[0] + features.upper_outer[-1]) / 2
        self._across = features.across
        axes = np.stack([features.across, [-features.across[1], features.across[0]]], 1)

        def local(points: Points) -> Points:
            return (points - self._origin) @ axes

        self._upper_inner = local(features.upper_inner)
        self._lower_inner = local(features.lower_inner)
        self._upper_outer = local(features.upper_outer)
        self._lower_outer = local(features.lower_outer)
        self._width = float(self._upper_outer[-1, 0] - self._upper_outer[0, 0])
        self._centre = float(self._upper_outer[[0, -1], 0].mean())
        self._chin = float(local(features.chin)[1])
        self._nose = float(local(features.nose)[1])

    def _patch_high(self) -> Points:
        below = self._chin + 0.75 * (self._chin - self._lower_outer[:, 1].max()) + 4
        return np.array([self._centre + 1.25 * self._width, below])

    def _make_patch(self) -> Patch:
        samples = 2 if self._width < 60 else 1
        low = np.array([self._centre - 1.25 * self._width, self._nose - 0.15 * self._width])
        low[1] = min(low[1], self._upper_outer[:, 1].min() - 4)
        unit = 1 / _COARSE_SAMPLES  # so that a coarse pixel is a whole number of the patch's
        span = np.ceil((self._patch_high() - low) / unit) * unit
        return Patch(self._origin, self._across, low, low + span, samples)

    def _across_mouth(self, u: Field) -> Field:
        left, right = self._upper_inner[0, 0], self._upper_inner[-1, 0]
        return ((u - (left + right) / 2) / ((right - left) / 2)).astype(np.float32)

    def _curves(self, u: Field) -> tuple[Field, Field]:
        upper = np.interp(u, self._upper_inner[:, 0], self._upper_inner[:, 1])
        lower = np.interp(u, self._lower_inner[:, 0], self._lower_inner[:, 1])
        return upper.astype(np.float32), np.maximum(lower, upper).astype(np.float32)

    def _set_fields(self) -> None:
        """Displacements of the coarse grid, ``(ch, cw)``, for one unit of each movement."""
        u, v = self._coarse.u, self._coarse.v
        width = self._width
        upper, lower = self._curves(u)
        middle = (upper + lower) / 2
        t = self._across_mouth(u)
        inner = np.clip(1 - t**2, 0, None) ** 0.62
        from_centre = (u - self._centre) / (width / 2)
        jaw = np.exp(-((np.abs(from_centre) / 1.75) ** 3))
        bottom = float(self._lower_outer[:, 1].max())
        lip_floor = bottom * 0.35 + float(lower.max()) * 0.65
        to_chin = smoothstep(lip_floor, max(self._chin, lip_floor + 1), v)
        end = float(self._patch_high()[1]) - 2
        fade = 1 - smoothstep(self._chin - 0.05 * width, end, v)
        gap = np.where(np.abs(t) < 1, lower - upper, 0)
        self._gap = float(gap.max())
        profile = gap / max(self._gap, 1e-3)
        top = float(self._upper_outer[:, 1].min())
        lip_top = max(top * 0.6 + float(upper.min()) * 0.4, self._nose + 0.06 * width)
        rise = smoothstep(self._nose + 0.05 * width, lip_top, v)
        rise = rise * (1 - smoothstep(float(lower.max()), float(lower.max()) + 0.4 * width, v))
        cheek = np.exp(-(np.clip((np.abs(from_centre) - 1) / 0.55, 0, None) ** 2))
        near = (v - middle) / width
        self._jaw_down = (((1 - to_chin) * inner + to_chin * jaw * 0.92) * fade).astype(np.float32)
        self._lip_up = (((1 - to_chin) * profile + to_chin * jaw * 0.85) * fade).astype(np.float32)
        self._lip_rise = (inner * rise).astype(np.float32)
        # the seam between closed lips stays where it is: skin that moves towards it from both sides
        # would cover it, but for the dots where it strays from its curve
        self._is_seam_kept = float(self._gap < 1e-3)
        seam = np.exp(-((near / _SEAM_REACH) ** 2))
        self._pressed = (1 - self._is_seam_kept * seam).astype(np.float32)
        self._spread = (
            np.clip(from_centre, -1.25, 1.25) * cheek * np.exp(-((near / 0.62) ** 2)) * width / 2
        ).astype(np.float32)
        self._thicken = (
            np.clip(near / 0.22, -1.2, 1.2) * inner * np.exp(-((near / 0.42) ** 2)) * 0.12 * width
        ).astype(np.float32)
        self._grid_x = np.broadcast_to(
            np.arange(len(u), dtype=np.float32), self._jaw_down.shape
        ).copy()
        self._grid_y = np.broadcast_to(
            np.arange(len(v), dtype=np.float32)[:, None], self._jaw_down.shape
        ).copy()

    def _set_inside(self, features: Features) -> None:
        """What is between the lips, and the skin without it."""
        u, v = self._patch.u, self._patch.v
        self._upper, self._lower = self._curves(u)
        self._middle = (self._upper + self._lower) / 2
        self._t = self._across_mouth(u)
        self._softness = (0.7 + np.clip(np.abs(self._t) - 1, 0, None) * 0.6 * self._width).astype(
            np.float32
        )
        is_inner = (np.abs(self._t) < 1).astype(np.float32)
        texture = self._texture.astype(np.float32)
        own = None
        if features.gap > _OWN_INSIDE_GAP:
            own = own_inside(texture, self._patch, self._upper, self._lower, is_inner)
        is_between = (v > self._upper) & (v < self._lower) & (is_inner > 0)
        line = np.polyfit(u[is_inner > 0], self._middle[is_inner > 0], 1)
        left, right = float(self._upper_inner[0, 0]), float(self._upper_inner[-1, 0])
        bow = float(self._upper_outer[len(self._upper_outer) // 2, 0])
        middle = float(np.clip(bow, left + 0.3 * (right - left), right - 0.3 * (right - left)))
        seam = float(np.interp(middle, u, self._upper)), float(line[0]), self._width
        colours = self._colours(texture, is_between)
        self._inside = Inside(self._patch, seam, (left, middle, right), colours, own)
        if own is not None:
            self._texture = self._without_inside(is_inner)
        self._has_own = own is not None
        self._largest = max(_LARGEST_GAP * self._width, self._gap * 1.05)
        self._smallest = max(0.0, self._gap - _CLOSING_REACH * self._width)

    def _colours(self, texture: Field, is_between: NDArray[np.bool_]) -> MouthColours:
        u, v = self._patch.u, self._patch.v
        outer = [
            np.interp(u, curve[:, 0], curve[:, 1])
            for curve in (self._upper_outer, self._lower_outer)
        ]
        is_lip = (v > outer[0] + 1) & (v < outer[1] - 1) & ~is_between & (np.abs(self._t) < 0.8)
        near = (np.abs(v - self._middle) < 0.9 * self._width) & (np.abs(self._t) < 1.5)
        is_skin = near & ~((v > outer[0] - 2) & (v < outer[1] + 2) & (np.abs(self._t) < 1.1))
        if not is_skin.any():  # a rig may leave no skin around the mouth
            is_skin = np.ones_like(is_skin)
        if not is_lip.any():
            is_lip = is_skin
        grey = texture @ np.array([0.299, 0.587, 0.114], np.float32)
        is_lit = is_skin & (grey >= np.median(grey[is_skin]))
        sides = [grey[is_skin & (side * self._t > 0.3)] for side in (1, -1)]
        right, left = (float(np.median(part)) if part.size else 0.0 for part in sides)
        slope = (right - left) / max(right + left, 1.0)
        return MouthColours(
            texture[is_lit].mean(0), texture[is_lip].mean(0), float(np.clip(slope, -0.5, 0.5))
        )

    def _without_inside(self, is_inner: Field) -> Pixels:
        """The patch with each lip drawn on over the inside, for the layers of skin."""
        v, samples = self._patch.v, self._patch.samples
        margin = np.float32(max(2.0, 0.022 * self._width))
        top, bottom = self._upper - margin, self._lower + margin
        rows = np.where(v < self._middle, np.minimum(v, top), np.maximum(v, bottom))
        rows = np.where(is_inner > 0, rows, v)
        map_y = ((rows - np.float32(self._patch.low[1])) * samples - 0.5).astype(np.float32)
        columns = np.arange(self._patch.size[0], dtype=np.float32)
        map_x = np.broadcast_to(columns, map_y.shape).copy()
        return np.asarray(
            cv2.remap(
                self._texture, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            ),
            np.uint8,
        )

    # --- made for every frame ---------------------------------------------------------------

    def draw(self, frame: Pixels, pose: Pose) -> None:
        """Draw the mouth of ``pose`` into ``frame`` in place."""
        upper_field, lower_field, spread = self._displacements(pose)
        upper_map = self._inverse(upper_field, spread)
        lower_map = self._inverse(lower_field, spread)
        lips = self._moved_lips(upper_field, lower_field, spread)
        middle = np.asarray((lips.upper + lips.lower) / 2, np.float32)
        share = smoothstep(-1, 1, (self._patch.v - middle) / self._softness)
        upper_x, upper_y = (self._fine(each) for each in upper_map)
        lower_x, lower_y = (self._fine(each) for each in lower_map)
        map_x, map_y = (
            np.asarray(upper + (lower - upper) * share, np.float32)
            for upper, lower in ((upper_x, lower_x), (upper_y, lower_y))
        )
        skin = self._skin(map_x, map_y)
        shut = self._shut(lips)
        if self._has_own and shut > 0:
            near = self._near_seam(middle) * np.float32(min(1.0, 3 * shut))
            self._join_lips(skin, middle, near, (upper_x, upper_y), (lower_x, lower_y))
        self._draw_seam(skin, lips)
        self._draw_inside(skin, lips)
        self._paste.onto(frame, skin)

    def _skin(self, map_x: Field, map_y: Field) -> Field:
        skin = cv2.remap(
            self._texture, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(skin, np.float32)

    def _near_seam(self, middle: Field) -> Field:
        """Where two lips that meet are seen side by side, ``(h, w)``: 1, falling to 0 around."""
        beside = np.clip(_JOIN_ROWS - np.abs(self._patch.v - middle), 0, 1)
        return (beside * np.clip((1 - np.abs(self._t)) * 8, 0, 1)).astype(np.float32)

    def _join_lips(
        self,
        skin: Field,
        middle: Field,
        near: Field,
        upper_map: tuple[Field, Field],
        lower_map: tuple[Field, Field],
    ) -> None:
        """Blend the colours of both lips where they meet.

        Blended places would run through all that was between the lips within a pixel: dots.
        """
        seen = np.flatnonzero(near.any(1))
        if not len(seen):
            return
        rows = slice(int(seen[0]), int(seen[-1]) + 1)
        upper, lower = (
            self._skin(np.ascontiguousarray(x[rows]), np.ascontiguousarray(y[rows]))
            for x, y in (upper_map, lower_map)
        )
        below = (self._patch.v[rows] - middle) * np.float32(_JOIN_SHARPNESS) + 0.5
        joined = upper + (lower - upper) * np.clip(below, 0, 1)[..., None]
        skin[rows] += (joined - skin[rows]) * near[rows][..., None]

    def _displacements(self, pose: Pose) -> tuple[Field, Field, Field]:
        """Downward movement of the upper and of the lower layer, and the movement outwards."""
        rest = min(self._gap, _REST_GAP * self._width) * (1 - pose.speak)
        wanted = rest * (1 - pose.press) + pose.opening * self._largest
        wanted = max(self._smallest, wanted)
        closing = self._gap - min(wanted, self._gap)
        opening = max(0.0, wanted - self._gap)
        press = pose.press * self._width
        lower = self._jaw_down * (
            np.float32(opening * 0.86) - self._pressed * np.float32(press * 0.025)
        )
        lower -= self._lip_up * np.float32(closing * 0.9)
        upper = self._lip_rise * (
            np.float32(closing * 0.1 - opening * 0.14) + self._pressed * np.float32(press * 0.015)
        )
        thick = self._thicken * np.float32(max(0.0, -pose.wide) - 0.45 * pose.press)
        reach = 0.13 if pose.wide > 0 else 0.26
        return upper + thick, lower + thick, self._spread * np.float32(reach * pose.wide)

    def _inverse(self, down: Field, out: Field) -> tuple[Field, Field]:
        """Coarse source coordinates of every coarse pixel, by fixed-point iteration."""
        out, down = out * np.float32(_COARSE_SAMPLES), down * np.float32(_COARSE_SAMPLES)
        map_x, map_y = self._grid_x - out, self._grid_y - down
        for _ in range(2):
            moved_x = cv2.remap(
                out, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )
            moved_y = cv2.remap(
                down, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )
            map_x, map_y = self._grid_x - moved_x, self._grid_y - moved_y
        return map_x, map_y

    def _fine(self, coarse: Field) -> Field:
        """A coarse map in the patch's own pixels."""
        ratio = np.float32(self._patch.samples / _COARSE_SAMPLES)
        own = coarse * ratio + (ratio - 1) / 2
        fine = cv2.resize(own, self._patch.size, interpolation=cv2.INTER_LINEAR)
        return np.asarray(fine, np.float32)

    def _moved_lips(self, upper_field: Field, lower_field: Field, spread: Field) -> Lips:
        """Inner lip edges after the movement, over the patch's columns."""
        columns = np.clip(
            ((self._patch.u - self._coarse.low[0]) * _COARSE_SAMPLES).astype(np.intp),
            0,
            self._coarse.size[0] - 1,
        )

        def at(field: Field, curve: Field) -> Field:
            return field[self._coarse.row(curve), columns]

        upper = self._upper + at(upper_field, self._upper)
        lower = self._lower + at(lower_field, self._lower)
        moved = np.maximum.accumulate(self._patch.u + at(spread, self._middle.astype(np.float32)))
        upper = np.interp(self._patch.u, moved, upper).astype(np.float32)
        lower = np.interp(self._patch.u, moved, lower).astype(np.float32)
        middle = (upper + lower) / 2
        is_crossed = lower < upper
        t = np.interp(self._patch.u, moved, self._t).astype(np.float32)
        return Lips(np.where(is_crossed, middle, upper), np.where(is_crossed, middle, lower), t)

    def _shut(self, lips: Lips) -> float:
        """How nearly lips that are open in the portrait meet, 0 to 1."""
        return float(np.clip(1 - lips.gap.max() / max(0.5 * self._gap, 1.0), 0, 1))

    def _draw_seam(self, skin: Field, lips: Lips) -> None:
        """The shadow between lips that are open in the portrait and meet in this frame."""
        shut = self._shut(lips)
        if not self._has_own or shut <= 0:
            return
        middle = (lips.upper + lips.lower) / 2
        line = np.exp(-(((self._patch.v - middle) / (0.010 * self._width + 0.6)) ** 2))
        strength = shut * 0.35 * np.clip(1 - np.abs(lips.t) ** 4, 0, 1)
        skin *= (1 - line * strength)[..., None].astype(np.float32)

    def _draw_inside(self, skin: Field, lips: Lips) -> None:
        """Draw the mouth's inside into the hole between the moved lips."""
        open_columns = np.flatnonzero(lips.gap > 0.2)
        if not len(open_columns):
            return
        margin = 2 * int(np.ceil(self._patch.samples))
        top, bottom = self._patch.row(
            np.array([lips.upper[open_columns].min(), lips.lower[open_columns].max()], np.float32)
        ).tolist()
        rows = slice(max(0, top - margin), bottom + margin + 1)
        columns = slice(max(0, int(open_columns[0]) - margin), int(open_columns[-1]) + margin + 1)
        v = self._patch.v[rows]
        seen = Lips(lips.upper[columns], lips.lower[columns], lips.t[columns])
        inside = self._inside.draw(v, rows, columns, seen)
        hole = self._hole(v, seen)[..., None]
        part = skin[rows, columns]
        part += (inside - part) * hole

    def _hole(self, v: Field, lips: Lips) -> Field:
        """How much of every pixel is between the lips, 0 to 1."""
        sharp = np.float32(0.4 * self._patch.samples)
        below = np.clip((v - lips.upper) * sharp + 0.5, 0, 1)
        above = np.clip((lips.lower - v) * sharp + 0.5, 0, 1)
        hole = below * above * np.clip((lips.gap - 0.24) / 2.4, 0, 1)
        smooth = cv2.GaussianBlur(hole.astype(np.float32), (0, 0), 0.7 * self._patch.samples)
        return np.asarray(smooth, np.float32)
