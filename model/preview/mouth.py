"""The mouth: two smooth layers of skin, one on each lip, with the mouth's inside between them.

The upper layer carries the upper lip, the lower one the lower lip and the jaw. Each is a weighted
sum of displacements that are computed once for a portrait; a frame inverts the two sums, blends
them along the line between the lips and draws the inside where the lips have parted.
Lengths are in canvas pixels, in coordinates along (u) and across (v) the eyes.
Shapes: h, w of the patch (supersampled); ch, cw of its coarse grid, half a sample a canvas pixel.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from model.engine import Pixels
from model.preview.features import Features, Points
from model.preview.pose import Paste, Patch, Pose, smoothstep

Field = NDArray[np.float32]

_COARSE_SAMPLES = 0.5  # of the displacements, a canvas pixel
_TEETH_RGB = np.array([232, 223, 210], np.float32)
_TONGUE_RGB = np.array([164, 82, 86], np.float32)
_DARK_RGB = np.array([52, 20, 22], np.float32)
_NEUTRAL_SKIN = np.array([1.23, 0.97, 0.80])  # skin's RGB over its mean, in white light
_OWN_INSIDE_GAP = 0.05  # of the eye distance: from here the picture shows the mouth's inside
_REST_GAP = 0.030  # of the mouth's width: how far lips that are parted in the picture rest
_LARGEST_GAP = 0.34  # of the mouth's width
_MOST_STRETCH = 1.12  # of the picture's own inside of the mouth
_CLOSING_REACH = 0.30  # of the mouth's width: a wider open mouth cannot be shut fully


@dataclass(frozen=True)
class _Lips:
    """Inner lip edges over the patch's columns, as drawn in one frame: v, and t across (-1..1)."""

    upper: Field
    lower: Field
    t: Field

    @property
    def gap(self) -> Field:
        """Opening in every column."""
        return self.lower - self.upper


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
        """What is between the lips: the picture's own pixels, where it shows them, and colours."""
        u, v = self._patch.u, self._patch.v
        self._upper, self._lower = self._curves(u)
        self._middle = (self._upper + self._lower) / 2
        self._t = self._across_mouth(u)
        self._softness = (0.7 + np.clip(np.abs(self._t) - 1, 0, None) * 0.6 * self._width).astype(
            np.float32
        )
        is_between = (v > self._upper) & (v < self._lower) & (np.abs(self._t) < 1)
        # the mesh's lower edge lies a little inside the lip: what is next to it is not the inside,
        # and shows once the mouth opens further than in the picture
        from_lip = np.clip((self._lower - v - 0.3) / (0.035 * self._width), 0, 1)
        masks = np.stack([is_between, is_between * from_lip], -1).astype(np.float32)
        self._own = cv2.GaussianBlur(masks, (0, 0), 0.5 * self._patch.samples)
        self._has_own = features.gap > _OWN_INSIDE_GAP
        near = (np.abs(v - self._middle) < 0.9 * self._width) & (np.abs(self._t) < 1.2)
        is_skin = near & ~is_between
        if not is_skin.any():  # a rig may leave no skin around the mouth
            is_skin = np.ones_like(is_skin)
        skin = self._texture[is_skin].astype(np.float64).mean(0)
        luminance = float(skin @ [0.299, 0.587, 0.114]) / 150
        cast = np.clip(skin / (skin.mean() + 1e-6) / _NEUTRAL_SKIN, 0.5, 1.7) ** 0.75
        self._cast = (cast / cast.max()).astype(np.float32)
        self._light = min(1.25, max(0.35, luminance))
        self._largest = max(_LARGEST_GAP * self._width, self._gap * 1.05)
        self._smallest = max(0.0, self._gap - _CLOSING_REACH * self._width)

    # --- made for every frame ---------------------------------------------------------------

    def draw(self, frame: Pixels, pose: Pose) -> None:
        """Draw the mouth of ``pose`` into ``frame`` in place."""
        upper_field, lower_field, spread = self._displacements(pose)
        upper_map = self._inverse(upper_field, spread)
        lower_map = self._inverse(lower_field, spread)
        lips = self._moved_lips(upper_field, lower_field, spread)
        middle = (lips.upper + lips.lower) / 2
        share = smoothstep(-1, 1, (self._patch.v - middle) / self._softness)
        map_x, map_y = (
            self._fine(upper) + (self._fine(lower) - self._fine(upper)) * share
            for upper, lower in zip(upper_map, lower_map, strict=True)
        )
        skin = cv2.remap(
            self._texture, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        ).astype(np.float32)
        self._draw_inside(skin, lips, upper_map)
        self._paste.onto(frame, skin)

    def _displacements(self, pose: Pose) -> tuple[Field, Field, Field]:
        """Downward movement of the upper and of the lower layer, and the movement outwards."""
        rest = min(self._gap, _REST_GAP * self._width) * (1 - pose.speak)
        wanted = (rest + pose.opening * self._largest) * (1 - pose.press)
        wanted = max(self._smallest, wanted)
        closing = self._gap - min(wanted, self._gap)
        opening = max(0.0, wanted - self._gap)
        press = pose.press * self._width
        lower = self._jaw_down * np.float32(opening * 0.86 - press * 0.025)
        lower -= self._lip_up * np.float32(closing * 0.9)
        upper = self._lip_rise * np.float32(closing * 0.1 - opening * 0.14 + press * 0.015)
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

    def _moved_lips(self, upper_field: Field, lower_field: Field, spread: Field) -> _Lips:
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
        return _Lips(np.where(is_crossed, middle, upper), np.where(is_crossed, middle, lower), t)

    def _draw_inside(self, skin: Field, lips: _Lips, upper_map: tuple[Field, Field]) -> None:
        """Draw teeth, tongue and dark between the lips into ``skin`` in place."""
        open_columns = np.flatnonzero(lips.gap > 0.12)
        if not len(open_columns):
            return
        margin = 2 * self._patch.samples
        top, bottom = self._patch.row(
            np.array([lips.upper[open_columns].min(), lips.lower[open_columns].max()], np.float32)
        ).tolist()
        rows = slice(max(0, top - margin), bottom + margin + 1)
        columns = slice(max(0, int(open_columns[0]) - margin), int(open_columns[-1]) + margin + 1)
        v = self._patch.v[rows]
        seen = _Lips(lips.upper[columns], lips.lower[columns], lips.t[columns])
        inside = self._synthetic_inside(v, seen)
        if self._has_own:
            map_x, map_y = (self._fine(part)[rows, columns] for part in upper_map)
            map_y = self._stretched(map_y, seen.gap, columns)
            own = cv2.remap(
                self._texture, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )
            known = cv2.remap(self._own, map_x, map_y, cv2.INTER_LINEAR)
            own_gap = np.maximum((self._lower - self._upper)[columns], 0.5)
            beyond = np.clip((seen.gap / own_gap - 1) / 0.25, 0, 1)
            share = known[..., 0] * (1 - beyond) + known[..., 1] * beyond
            share = np.clip(share * 1.6 - 0.3, 0, 1)[..., None]
            inside += (own.astype(np.float32) - inside) * share.astype(np.float32)
        hole = self._hole(v, seen)[..., None]
        part = skin[rows, columns]
        part += (inside - part) * hole

    def _stretched(self, map_y: Field, gap: Field, columns: slice) -> Field:
        """Source rows of the picture's own inside, stretched a little to fill a wider mouth."""
        own_gap = (self._lower - self._upper)[columns]
        stretch = np.clip(gap / np.maximum(own_gap, 0.5), 1, _MOST_STRETCH)
        top = (self._upper[columns] - np.float32(self._patch.low[1])) * self._patch.samples - 0.5
        return (top + (map_y - top) / stretch).astype(np.float32)

    def _hole(self, v: Field, lips: _Lips) -> Field:
        """How much of every pixel is between the lips, 0 to 1."""
        sharp = np.float32(0.4 * self._patch.samples)
        below = np.clip((v - lips.upper) * sharp + 0.5, 0, 1)
        above = np.clip((lips.lower - v) * sharp + 0.5, 0, 1)
        hole = below * above * np.clip((lips.gap - 0.24) / 2.4, 0, 1)
        smooth = cv2.GaussianBlur(hole.astype(np.float32), (0, 0), 0.7 * self._patch.samples)
        return np.asarray(smooth, np.float32)

    def _synthetic_inside(self, v: Field, lips: _Lips) -> Field:
        """Colours ``(h, w, 3)`` of a mouth seen between the lips."""
        gap = np.maximum(lips.gap, 0.3)
        depth = (v - lips.upper) / gap  # 0 at the upper lip, 1 at the lower
        t = lips.t
        tone = self._cast * np.float32(self._light)
        inside = np.empty((*depth.shape, 3), np.float32)
        inside[:] = _DARK_RGB * tone
        parted = np.clip((float(gap.max()) / self._width - 0.08) / 0.15, 0, 1)
        tongue = np.exp(-(((depth - 1.02) / 0.42) ** 2)) * np.exp(-((t / 0.62) ** 2)) * parted
        inside += tongue[..., None].astype(np.float32) * (_TONGUE_RGB * tone - inside)
        below_gum = (v - (lips.upper - 0.045 * self._width)) / (0.165 * self._width)
        teeth = np.clip((1 - below_gum) * 3.0, 0, 1) * np.clip(1 - (np.abs(t) / 0.86) ** 6, 0, 1)
        shade = (1 - 0.40 * np.abs(t) ** 2.2) * (0.90 + 0.10 * np.clip(below_gum, 0, 1))
        shade = shade * (1 - 0.08 * np.exp(-(((t * 4.1 % 1 - 0.5) / 0.07) ** 2)))
        colour = _TEETH_RGB * self._cast**0.25 * np.float32(min(1.08, self._light))
        teeth_colour = shade[..., None].astype(np.float32) * colour
        inside += (0.94 * teeth)[..., None].astype(np.float32) * (teeth_colour - inside)
        edge = np.minimum(depth, 1 - depth) * gap / (0.075 * self._width)
        return inside * (0.68 + 0.32 * np.clip(edge, 0, 1))[..., None].astype(np.float32)
