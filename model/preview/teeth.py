"""What is seen between the lips: two rows of teeth, tongue and dark, and the portrait's own pixels.

The upper row is drawn once and belongs to the skull: lips pass over it. The lower row and the
tongue go with the lower lip. All colours are taken from the portrait: teeth are its skin's light
with little of its colour, tongue and dark are its lips', so that a grey drawing stays grey.
Where the portrait shows the inside of its own mouth, that is used, unmoved.
Shapes: h, w of the patch; n of the columns that are drawn in a frame. Lengths are in canvas pixels,
except those of teeth, which are in millimetres of a mouth of 50.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from model.preview.pose import Patch, smoothstep

Field = NDArray[np.float32]

_MOUTH_MM = 50.0
# from the middle outwards, as seen from the front: where each tooth ends, how far its edge is above
# the front teeth's, and how high its crown is
_UPPER_ENDS = (8.3, 14.6, 20.0, 23.6, 26.2, 28.0)
_UPPER_RISES = (0.0, 0.45, 0.2, 0.9, 1.5, 2.2)
_UPPER_HEIGHTS = (10.2, 8.8, 9.6, 8.2, 7.4, 7.0)
_UPPER_TONES = (1.0, 0.975, 0.94, 0.95, 0.94, 0.93)
_LOWER_ENDS = (5.2, 10.8, 17.0, 22.0, 26.0)
_EMBRASURE_MM = 0.7  # how far an edge rises beside the next tooth
_BETWEEN_MM, _BETWEEN_PX = (
    0.40,
    0.9,
)  # half the line between teeth, and the least that is seen of it
_BETWEEN_DARK = 0.22
_CORNER_DARK = 0.50  # from here to the corner of the mouth teeth are in the cheek's shadow
_BELOW_SEAM_MM = 1.6  # the upper front teeth's edge, where the lips meet
_OWN_MIDDLE = 0.7  # of the portrait's own opening: above it belongs to the skull
_OWN_KEPT, _OWN_KEPT_ALWAYS = (
    0.13,
    0.25,
)  # of the mouth's width: an opening that shows how the open mouth looks
_STREAK_EDGE, _STREAK_REACH = 0.03, 0.03  # of the mouth's width, of the patch's
_DEPTH = 0.7  # of the teeth's light: darker pixels below them are the mouth's depth
_BELOW_LIP_MM = 3.0  # likewise below the lip's edge, where the portrait's mouth is open
_ABOVE_LOWER_LIP_MM = 2.6  # the lower teeth's edge
_ARCH_RADIUS_MM = 28.5
_TEETH_HIDDEN, _TEETH_LIT = 0.03, 0.115  # of the mouth's width: openings that hide and show teeth
_LOWER_HIDDEN, _LOWER_LIT = 0.17, 0.28
_TONGUE_HIDDEN, _TONGUE_LIT = 0.10, 0.24
_COLOUR_KEPT = 0.45  # of the skin's colour, in teeth
_DARK_RED, _DARK_GREY = (0.24, 0.15, 0.15), 0.177  # of the lips' light, with the same luma
_RED_LIPS = 0.08  # how far red is above the luma of lips that are no longer grey


@dataclass(frozen=True)
class Lips:
    """Inner lip edges over ``n`` columns, as drawn in one frame: v, and t across (-1 to 1)."""

    upper: Field
    lower: Field
    t: Field

    @property
    def gap(self) -> Field:
        """Opening in every column."""
        return self.lower - self.upper


@dataclass(frozen=True)
class MouthColours:
    """Colours of the portrait around its mouth, each ``(3,)`` RGB, and the light's slope.

    Attributes:
        skin: beside the lips, in its light.
        lips: of both lips.
        slope: by how much the skin's light changes from the middle to the right corner, over it.
    """

    skin: Field
    lips: Field
    slope: float


@dataclass(frozen=True)
class OwnInside:
    """The inside of the mouth that the portrait shows.

    Attributes:
        colours: ``(h, w, 3)``, the inside's, drawn on over the lips.
        share: ``(w,)``, where they are known, 0 to 1.
        upper, lower: ``(w,)``, the lips' inner edges in the portrait.
        teeth: ``(3,)``, the teeth's colour.
        depth: ``(w, 3)``, what is below the teeth, without its details.
        has_depth: whether something darker than teeth is above the lower lip.
    """

    colours: Field
    share: Field
    upper: Field
    lower: Field
    teeth: Field
    depth: Field
    has_depth: bool


class Inside:
    """The inside of one portrait's mouth."""

    def __init__(
        self,
        patch: Patch,
        seam: tuple[float, float, float],
        corners: tuple[float, float, float],
        colours: MouthColours,
        own: OwnInside | None,
    ) -> None:
        """Draw what does not move.

        Args:
            patch: where the mouth is.
            seam: of the upper lip's inner edge: v at the middle, the mouth's slope, and the width
                between its corners.
            corners: u of the left corner, the middle of the lips and the right corner.
            colours: of the portrait.
            own: what it shows of its mouth, if it is open.
        """
        left, middle, right = corners
        self._width = seam[2]
        self._scale = self._width / _MOUTH_MM
        self._own, self._patch = own, patch
        self._kept = 0.0
        if own is not None:
            most = _OWN_KEPT if own.has_depth else _OWN_KEPT_ALWAYS
            self._kept = float((own.lower - own.upper).max() > most * self._width)
        self._set_colours(colours)
        u = patch.u
        side = np.where(u < middle, middle - left, right - middle)
        self._x_mm = ((u - middle) / np.maximum(side, 1) * _MOUTH_MM / 2).astype(np.float32)
        line = seam[0] + seam[1] * (u - middle)
        below = _BELOW_SEAM_MM if own is None else _BELOW_LIP_MM
        edge = line + below * self._scale
        above = ((edge - patch.v) / self._scale).astype(np.float32)
        self._upper, self._upper_share = self._upper_row(above)
        self._upper_share *= np.float32(1 - self._kept)
        self._light = np.clip(1 + 0.6 * colours.slope * self._x_mm / 25, 0.7, 1.3)[:, None]

    def _set_colours(self, colours: MouthColours) -> None:
        level = float(colours.skin @ np.array([0.299, 0.587, 0.114], np.float32))
        lips_level = float(colours.lips @ np.array([0.299, 0.587, 0.114], np.float32))
        teeth_level = min(0.80 * level + 52, 1.2 * lips_level + 50, 238.0)
        chroma = colours.skin / max(level, 1.0)
        tint = 1 + _COLOUR_KEPT * (chroma - 1)
        self._teeth = (teeth_level * tint).astype(np.float32)
        if self._own is not None:  # seen in the shadow of the lips, so hardly believed
            self._teeth = 0.75 * self._teeth + 0.25 * self._own.teeth
        self._gum = (0.55 * colours.lips + 0.15 * colours.skin).astype(np.float32)
        self._tongue = (0.72 * colours.lips).astype(np.float32)
        # red only as far as the lips are, or a mouth in a grey photograph is the one red thing
        red = float(np.clip((colours.lips[0] / max(lips_level, 1.0) - 1) / _RED_LIPS, 0, 1))
        dark = red * np.array(_DARK_RED) + (1 - red) * _DARK_GREY
        self._dark = (colours.lips * dark.astype(np.float32) + 0.06 * colours.skin).astype(
            np.float32
        )

    def _upper_row(self, above: Field) -> tuple[Field, Field]:
        """Colours ``(h, w, 3)`` and coverage ``(h, w)`` of teeth and gum.

        ``above`` is how many mm above the front teeth's edge a pixel is.
        """
        x = np.abs(self._x_mm)
        ends = np.array((0.0, *_UPPER_ENDS), np.float32)
        index = np.clip(np.searchsorted(ends, x, "right") - 1, 0, len(_UPPER_ENDS) - 1)
        begin, end = ends[index], ends[index + 1]
        across = np.clip((x - begin) / (end - begin), 0, 1) * 2 - 1
        rise = np.array(_UPPER_RISES)[index] + _EMBRASURE_MM * np.abs(across) ** 5
        height = np.array(_UPPER_HEIGHTS)[index] - 1.2 * across**2
        share = np.clip((above - rise) * self._scale * 0.45 + 0.5, 0, 1)
        share *= np.clip((_UPPER_ENDS[-1] - x) * self._scale * 0.3, 0, 1)
        is_gum = np.clip((above - height) * self._scale * 0.5 + 0.5, 0, 1)[..., None]
        # round crowns, dark between them, darker towards the gum and the thin edge, and with depth
        crown = np.array(_UPPER_TONES)[index] * (1 - 0.04 * np.abs(across) ** 3)
        to_side = np.minimum(x - begin, end - x)
        between = max(_BETWEEN_MM, _BETWEEN_PX / self._scale)
        crown = crown * (1 - _BETWEEN_DARK * np.exp(-((to_side / between) ** 2)))
        along = np.clip(above / np.maximum(height, 1), 0, 1)
        crown = crown * (0.94 + 0.08 * np.sin(np.pi * np.clip(along + 0.1, 0, 1)))
        depth = np.sqrt(np.clip(1 - (x / _ARCH_RADIUS_MM) ** 2, 0, 1))
        tone = (crown * (0.42 + 0.58 * depth)).astype(np.float32)[..., None]
        gum_tone = (0.45 + 0.55 * depth).astype(np.float32)[None, :, None]
        teeth = self._dark + tone * (self._teeth - self._dark)
        colours = teeth + (gum_tone * self._gum - teeth) * is_gum
        return colours.astype(np.float32), share.astype(np.float32)

    def draw(self, v: Field, rows: slice, columns: slice, lips: Lips) -> Field:
        """Colours of the patch's ``rows`` and ``columns``, ``(rows, n, 3)``, ``v`` down them."""
        gap = np.maximum(lips.gap, 0.3)
        opening = float(gap.max()) / self._width
        from_top, from_bottom = v - lips.upper, lips.lower - v
        light = self._light[columns]
        shape = from_top.shape
        # lips that just touch leave a shadow, no black line
        dark = self._dark * (2.4 - 1.4 * _ramp(0.01, 0.10, opening))
        inside = np.broadcast_to(dark * light, (*shape, 3)).astype(np.float32)
        self._add_tongue(inside, from_bottom, lips, opening)
        if opening > _LOWER_HIDDEN and self._own is None:
            self._add_lower(inside, v, columns, lips, opening)
        lit = smoothstep(_TEETH_HIDDEN, _TEETH_LIT, gap / self._width)
        lit = 0.5 * lit + 0.5 * _ramp(_TEETH_HIDDEN, _TEETH_LIT, opening)
        lit = lit * (1 - 0.85 * smoothstep(_CORNER_DARK, 0.95, np.abs(lips.t)))
        share = self._upper_share[rows, columns] * lit
        shadow = 0.74 + 0.26 * np.clip(from_top / (0.05 * self._width), 0, 1)
        upper = self._upper[rows, columns] * (shadow[..., None] * light)
        inside += share[..., None].astype(np.float32) * (upper - inside)
        if self._own is not None:
            self._add_own(inside, v, columns, lips, self._own)
        nearest = np.minimum(from_top, from_bottom) / (0.05 * self._width)
        return inside * (0.72 + 0.28 * np.clip(nearest, 0, 1))[..., None].astype(np.float32)

    def _add_tongue(self, inside: Field, from_bottom: Field, lips: Lips, opening: float) -> None:
        shown = _ramp(_TONGUE_HIDDEN, _TONGUE_LIT, opening)
        if shown <= 0:
            return
        top = 0.62 * float(lips.gap.max()) * (1 - 0.55 * np.clip(np.abs(lips.t) / 0.8, 0, 1) ** 2)
        body = smoothstep(-0.15, 0.35, (top - from_bottom) / max(float(top.max()), 1))
        body = body * (1 - smoothstep(0.62, 0.92, np.abs(lips.t)))
        tone = 0.75 + 0.25 * np.clip(from_bottom / max(float(top.max()), 1), 0, 1)
        colour = tone[..., None] * self._tongue
        inside += (0.9 * shown * body)[..., None].astype(np.float32) * (colour - inside)

    def _add_lower(
        self, inside: Field, v: Field, columns: slice, lips: Lips, opening: float
    ) -> None:
        """The lower teeth: a row a little above the lower lip, flatter than it."""
        x = np.abs(self._x_mm[columns])
        ends = np.array((0.0, *_LOWER_ENDS), np.float32)
        index = np.clip(np.searchsorted(ends, x, "right") - 1, 0, len(_LOWER_ENDS) - 1)
        to_side = np.minimum(x - ends[index], ends[index + 1] - x)
        line = 0.65 * lips.lower + 0.35 * float(lips.lower.max())
        line = line - _ABOVE_LOWER_LIP_MM * self._scale
        below = (v - line) / self._scale + 0.25 * np.exp(-((to_side / 0.8) ** 2)) - 0.2
        share = np.clip(below * self._scale * 0.6 + 0.5, 0, 1)
        shown = _ramp(_LOWER_HIDDEN, _LOWER_LIT, opening)
        share = 0.8 * share * shown * (1 - smoothstep(12.0, 19.0, x))
        tone = (0.66 - 0.15 * np.exp(-((to_side / 0.4) ** 2))) * (1 - (x / 34) ** 2)
        colour = self._dark + tone.astype(np.float32)[None, :, None] * (self._teeth - self._dark)
        inside += share[..., None].astype(np.float32) * (colour - inside)

    def _add_own(self, inside: Field, v: Field, columns: slice, lips: Lips, own: OwnInside) -> None:
        """The portrait's own pixels: above their middle unmoved, below it with the lower lip."""
        own_middle = own.upper[columns] + _OWN_MIDDLE * (own.lower - own.upper)[columns]
        fall = lips.lower - own.lower[columns]
        source = np.where(v < own_middle, v, np.maximum(v - fall, own_middle))
        map_y = ((source - np.float32(self._patch.low[1])) * self._patch.samples - 0.5).astype(
            np.float32
        )
        numbers = np.arange(self._patch.size[0], dtype=np.float32)[columns]
        map_x = np.broadcast_to(numbers, map_y.shape).copy()
        seen = cv2.remap(
            own.colours, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        # drawn out over a mouth that opens further, its details would be streaks
        soft = np.float32(_STREAK_EDGE * self._width)
        drawn_out = np.clip((v - own_middle) / soft, 0, 1) * np.clip(fall / soft, 0, 1)
        seen = seen + drawn_out[..., None].astype(np.float32) * (own.depth[columns] - seen)
        gap = np.maximum(lips.gap, 0.3)
        lit = 0.45 + 0.55 * smoothstep(0.01, 0.055, gap / np.float32(self._width))
        # a mere sliver does not tell how a wide open mouth looks
        beyond = smoothstep(0.95, 1.25, gap / np.maximum((own.lower - own.upper)[columns], 1.0))
        share = own.share[columns] * (1 - (1 - self._kept) * beyond)
        inside += share[:, None] * (seen * lit[:, None] - inside)


def _below_teeth(colours: Field, patch: Patch, top: Field, bottom: Field) -> Field:
    """The mean colour of every column between ``top`` and ``bottom``, smooth across: ``(w, 3)``."""
    v = patch.v
    is_below = ((v >= top) & (v <= np.maximum(bottom, top + 1 / patch.samples))).astype(np.float32)
    total = (colours * is_below[..., None]).sum(0)
    num = is_below.sum(0)[:, None]
    stacked = np.concatenate([total, num], 1).astype(np.float32)[None]
    reach = max(_STREAK_REACH * float(patch.size[0]), 1.0)
    smooth = np.asarray(cv2.GaussianBlur(stacked, (0, 0), reach), np.float32)[0]
    return (smooth[:, :3] / np.maximum(smooth[:, 3:], 1e-3)).astype(np.float32)


def _ramp(low: float, high: float, x: float) -> float:
    return float(smoothstep(low, high, np.full(1, x, np.float32))[0])


def own_inside(
    texture: Field, patch: Patch, upper: Field, lower: Field, is_inner: Field
) -> OwnInside | None:
    """What the portrait shows between its lips; None if it is too little to be read.

    Args:
        texture: ``(h, w, 3)``, the patch's pixels.
        patch: where the mouth is.
        upper: v of the inner edge of the upper lip, over the columns.
        lower: likewise of the lower lip.
        is_inner: over the columns, 1 between the corners of the mouth.
    """
    v = patch.v
    gap = (lower - upper) * is_inner
    # the pixels next to a lip are the lip's, too: those further in are drawn on to its edge
    edge_px = np.minimum(2.0, 0.20 * np.maximum(gap, 0))
    rows = np.clip(v, upper + edge_px, np.maximum(lower - 1.5 * edge_px, upper + edge_px))
    map_y = ((rows - np.float32(patch.low[1])) * patch.samples - 0.5).astype(np.float32)
    map_x = np.broadcast_to(np.arange(patch.size[0], dtype=np.float32), map_y.shape).copy()
    colours = np.asarray(
        cv2.remap(texture, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        np.float32,
    )
    share = cv2.GaussianBlur(
        (is_inner * np.clip(gap / 3.0, 0, 1)).astype(np.float32)[None], (0, 0), 1.5 * patch.samples
    )[0]
    middle = gap > 0.6 * float(gap.max())
    is_seen = (v > upper + 1) & (v < lower - 1.5) & middle
    if int(is_seen.sum()) < 12:
        return None
    grey = texture @ np.array([0.299, 0.587, 0.114], np.float32)
    bright = float(np.percentile(grey[is_seen], 85))
    is_tooth = is_seen & (grey > 0.72 * bright)
    teeth = np.median(texture[is_tooth], axis=0).astype(np.float32)
    is_low = is_seen & (v > upper + 0.6 * gap) & (v < upper + 0.85 * gap)
    depth = float(np.median(grey[is_low])) if is_low.any() else bright
    has_depth = depth < _DEPTH * bright
    own_middle = np.asarray(upper + _OWN_MIDDLE * gap, np.float32)
    below = _below_teeth(colours, patch, own_middle, lower - edge_px)
    return OwnInside(colours, np.asarray(share, np.float32), upper, lower, teeth, below, has_depth)
