"""Blinks and glances: the lid comes down over the eye, and the iris moves between the lids.

Lashes and liner are not stretched with the lid, which would smear them. The closed lid is made
once: the eye, its lashes and liner are masked by their contrast to the skin, and the hole is filled
from the skin around (a membrane: the discrete Laplace equation), with the grain of the cheek. What
is skin is measured against a plane, because light falls from a side. A frame uncovers that lid down
to its edge and draws a lash line there. Where little around an eye is skin, there is no blink, nor
where much beside the lid is none: a drawn eye's outline or a socket of stone would stay around it.
Where rims or hair cross an eye, or it is shut in the picture, the iris stays, too.
Shapes: h, w of an eye's patch, in coordinates along (u) and across (v) the eyes.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from model.engine import Pixels
from model.preview.eyes.crossings import eye_sight
from model.preview.features import Eye, Features
from model.preview.pose import Paste, Patch, Pose

Field = NDArray[np.float32]
Mask = NDArray[np.bool_]

_LEAST_WIDTH = 10.0  # canvas pixels: a narrower eye is not animated
_NUM_RELAXATIONS = 60  # of every level of the membrane's pyramid
_LEAST_GAZE = 0.004  # of the eye's width: a smaller turn is not drawn
_SKIN_SPAN = (0.80, 1.35)  # of the skin's luminance: what is darker or lighter tints no lid
_SKIN_PERCENTILE, _SKIN_EXPECTILE = 65, 0.65
_NUM_FITS = 6
_LIGHT_SPAN = (0.45, 1.5)  # of the skin's middle level: as far as its light may fall around an eye
_MOST_FOREIGN = 0.47  # share of the pixels around an eye that may be no skin
_GRAIN = 7.0  # grey levels: the most that grain adds to a lid
_GRAIN_BELOW = 0.30  # eye widths below the lids: where it is taken from
_CONTRAST = 0.15  # of the skin's luminance: darker pixels beside the eye are lashes or liner
_RIM_REACH, _MOST_RIM_FOREIGN = 0.05, 0.535  # eye widths around a lid; share that may be no skin
_LEAST_OPEN = 0.13  # between the lids where they are furthest apart, over the eye's width
_FOREIGN = 0.50  # of the skin's luminance: darker pixels are hair or spectacles, not lid


class Eyes:
    """The eyes of one portrait in one frame size.

    Attributes:
        sight: how freely they are seen.
        can_blink: whether lids are drawn.
    """

    def __init__(self, picture: Pixels, features: Features) -> None:
        self.sight = eye_sight(picture, features)
        lids: list[_Lid] = []
        is_seen = not self.sight.is_crossed and not self.sight.is_covered
        if is_seen and any(_is_open(eye, features) for eye in features.eyes):
            lids = [_Lid(picture, features, eye) for eye in features.eyes if _is_wide(eye)]
        self._lids = tuple(lids)
        # one eye that winks while the other stares is worse than none
        self.can_blink = bool(lids) and all(lid.is_clear for lid in lids)

    def draw(self, frame: Pixels, pose: Pose) -> None:
        """Draw the eyes of ``pose`` into ``frame`` in place."""
        blink = pose.blink if self.can_blink else 0.0
        if blink <= 0.01 and max(abs(pose.gaze_x), abs(pose.gaze_y)) < _LEAST_GAZE:
            return
        for lid in self._lids:
            lid.draw(frame, blink, (pose.gaze_x, pose.gaze_y))


def _is_wide(eye: Eye) -> bool:
    return float(np.hypot(*(eye.upper[-1] - eye.upper[0]))) >= _LEAST_WIDTH


def _is_open(eye: Eye, features: Features) -> bool:
    """Whether the eye is open in the picture; one that a person has placed is."""
    axes = np.stack([features.across, [-features.across[1], features.across[0]]], 1)
    upper, lower = (lid @ axes for lid in (eye.upper, eye.lower))
    below = np.interp(upper[:, 0], lower[:, 0], lower[:, 1]) - upper[:, 1]
    width = max(float(upper[-1, 0] - upper[0, 0]), 1e-6)
    return features.is_placed or float(below.max()) >= _LEAST_OPEN * width


class _Lid:
    """One eye's lid."""

    def __init__(self, picture: Pixels, features: Features, eye: Eye) -> None:
        axes = np.stack([features.across, [-features.across[1], features.across[0]]], 1)
        origin = (eye.upper[0] + eye.upper[-1]) / 2
        upper, lower = (eye.upper - origin) @ axes, (eye.lower - origin) @ axes
        brow = float(((eye.brow - origin) @ axes)[1])
        width = float(upper[-1, 0] - upper[0, 0])
        top = max(brow + 0.02 * width, float(upper[:, 1].min()) - 0.55 * width)
        top = min(top, float(upper[:, 1].min()) - 0.15 * width)
        low = np.array([upper[0, 0] - 0.45 * width, top])
        high = np.array([upper[-1, 0] + 0.45 * width, float(lower[:, 1].max()) + 0.40 * width])
        samples = 2 if width < 40 else 1
        self._patch = Patch(origin, features.across, low, high, samples)
        self._width, self._left = width, float(upper[0, 0])
        self._across = features.across
        self._texture = self._patch.cut(picture).astype(np.float32)
        u = self._patch.u
        self._upper = np.interp(u, upper[:, 0], upper[:, 1]).astype(np.float32)
        self._lower = np.interp(u, lower[:, 0], lower[:, 1]).astype(np.float32)
        self._paste = Paste(self._patch, self._patch.feather(0.10, 0.10), picture.shape)
        self._make_closed()

    def _make_closed(self) -> None:
        """The skin of the closed lid, where it is drawn, and the lashes to move with its edge."""
        grey = self._texture @ np.array([0.299, 0.587, 0.114], np.float32)
        is_eye = self._eye_mask()
        near = _grown(is_eye, 0.20 * self._width * self._patch.samples)
        ring = near & ~_grown(is_eye, 0.06 * self._width * self._patch.samples)
        skin = self._skin_light(grey, ring)
        is_lash = self._lash_mask(grey, is_eye, skin)
        samples = self._patch.samples
        hole = _grown(is_eye | is_lash, max(0.035 * self._width, 2.0) * samples)
        hole &= self._patch.feather(0.06, 0.06) >= 1
        # hair and spectacles at the rim would bleed into the lid, and lashes make it grey
        is_foreign = _grown(grey < _FOREIGN * skin, 0.03 * self._width * samples)
        around = _grown(hole, 0.16 * self._width * samples)
        is_odd = (grey < _SKIN_SPAN[0] * skin) | (grey > _SKIN_SPAN[1] * skin)
        is_skin = around & ~hole & ~is_odd
        around_hole = max(float((around & ~hole).sum()), 1.0)
        self.is_clear = 1 - float(is_skin.sum()) / around_hole <= _MOST_FOREIGN
        rim = _grown(hole, _RIM_REACH * self._width * samples) & ~hole
        self.is_clear &= float((rim & is_odd).sum()) <= _MOST_RIM_FOREIGN * float(rim.sum())
        fill = _membrane(self._texture, hole | is_foreign | (around & is_odd))
        soft = cv2.GaussianBlur(hole.astype(np.float32), (0, 0), 0.03 * self._width * samples + 0.6)
        self._hole = np.clip(soft * 2 - 0.6, 0, 1).astype(np.float32)
        grain = self._grain(grey, hole | is_odd)
        closed = fill * self._shading()[..., None] + grain[..., None]
        self._closed = np.clip(closed, 0, 255).astype(np.float32)
        self._set_lashes(grey, is_eye)
        self._set_gaze()

    def _skin_light(self, grey: Field, ring: Mask) -> Field:
        """How light the skin is over the patch: a plane, as light falls from a side."""
        if not ring.any():
            return np.full_like(grey, 128.0)
        level = float(np.percentile(grey[ring], _SKIN_PERCENTILE))
        u, v = self._patch.u / self._width, self._patch.v / self._width
        across, down = (
            np.asarray(np.broadcast_to(each, grey.shape), np.float64) for each in (u, v)
        )
        terms = np.stack([np.ones(int(ring.sum())), across[ring], down[ring]], 1)
        light = grey[ring].astype(np.float64)
        plane = np.array([level, 0.0, 0.0])
        for _ in range(_NUM_FITS):  # dark marks weigh little: lashes, folds, hair
            weight = np.where(light < terms @ plane, 1 - _SKIN_EXPECTILE, _SKIN_EXPECTILE)
            normal = (terms * weight[:, None]).T @ terms + 1e-6 * np.eye(3)
            # rounded, so that a last bit that depends on vector lanes never reaches a pixel
            plane = np.round(np.linalg.solve(normal, (terms * weight[:, None]).T @ light), 2)
        skin = plane[0] + plane[1] * across + plane[2] * down
        low, high = (share * level for share in _LIGHT_SPAN)
        return np.clip(skin, low, high).astype(np.float32)

    def _grain(self, grey: Field, is_odd: Mask) -> Field:
        """The cheek's grain, in grey levels, laid over the eye; none where it is no skin."""
        size = 0.05 * self._width * self._patch.samples + 1
        smooth = cv2.GaussianBlur(grey, (0, 0), size)
        grain = np.clip(grey - np.asarray(smooth), -_GRAIN, _GRAIN)
        is_plain = (~_grown(is_odd, size)).astype(np.float32)
        grain *= np.asarray(cv2.GaussianBlur(is_plain, (0, 0), 0.5 * size))
        down = float(self._lower.max() - self._upper.min()) + _GRAIN_BELOW * self._width
        rows = np.arange(len(grey), dtype=np.float32)[:, None] + down * self._patch.samples
        columns = np.arange(self._patch.size[0], dtype=np.float32)
        map_y = np.broadcast_to(rows, grey.shape).copy()
        map_x = np.broadcast_to(columns, grey.shape).copy()
        return np.asarray(
            cv2.remap(grain, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT),
            np.float32,
        )

    def _set_gaze(self) -> None:
        """How far each pixel goes with the iris: 1 at its middle, 0 at corners and lids."""
        v, width = self._patch.v, self._width
        t = (self._patch.u - self._left) / width * 2 - 1
        along = np.clip(np.cos(np.clip(t, -1, 1) * np.pi / 2), 0, 1) ** 0.8
        inside = np.minimum(v - self._upper, self._lower - v) / (0.10 * width)
        moves = np.clip(inside + 0.15, 0, 1) * along
        self._follows = cv2.GaussianBlur(
            moves.astype(np.float32), (0, 0), 0.03 * width * self._patch.samples + 0.3
        )
        rows = np.arange(self._patch.size[1], dtype=np.float32)[:, None]
        columns = np.arange(self._patch.size[0], dtype=np.float32)
        self._rows = np.broadcast_to(rows, self._follows.shape).copy()
        self._cols = np.broadcast_to(columns, self._follows.shape).copy()
        self._set_window()

    def _set_window(self) -> None:
        """The part of the canvas that moves with the iris."""
        (rows, columns), follows = self._paste.placed(self._follows)
        is_moved = follows > 0.004
        if is_moved.any():
            y, x = (np.flatnonzero(is_moved.any(axis)) for axis in (1, 0))
            part = slice(int(y[0]), int(y[-1]) + 1), slice(int(x[0]), int(x[-1]) + 1)
        else:  # an eye outside the frame
            part = slice(0, 1), slice(0, 1)
        self._window = (
            slice(rows.start + part[0].start, rows.start + part[0].stop),
            slice(columns.start + part[1].start, columns.start + part[1].stop),
        )
        self._window_follows = np.ascontiguousarray(follows[part])
        height, width = self._window_follows.shape
        window_y, window_x = np.mgrid[:height, :width].astype(np.float32)
        self._window_x, self._window_y = window_x, window_y

    def _eye_mask(self) -> Mask:
        """The eye and its corners, which lie further out than the mesh's."""
        u, v, width = self._patch.u, self._patch.v, self._width
        is_eye = (v > self._upper - 0.03 * width) & (v < self._lower + 0.03 * width)
        is_eye &= (u > self._left) & (u < self._left + width)
        middle = (float(self._upper.min()) + float(self._lower.max())) / 2
        corner_line = np.interp(
            u, [self._left, self._left + width], [self._upper[0], self._upper[-1]]
        )
        middle = 0.5 * middle + 0.5 * corner_line
        height = float((self._lower - self._upper).max())
        along = (u - self._left - width / 2) / (0.60 * width)
        down = (v - middle) / (0.5 * height + 0.06 * width)
        return is_eye | (along**2 + down**2 < 1)

    def _shading(self) -> Field:
        """Light on the closed lid's bulge and the shadow of its fold, as factors."""
        v, width = self._patch.v, self._width
        height = float((self._lower - self._upper).max())
        middle = (self._upper + self._lower) / 2
        bulge = np.exp(-(((v - middle) / max(0.75 * height, 1)) ** 2))
        fold = np.exp(-(((v - self._upper + 0.08 * width) / (0.045 * width + 0.3)) ** 2))
        return (1 + (0.03 * bulge - 0.05 * fold) * self._span()).astype(np.float32)

    def _span(self) -> Field:
        """1 along the eye, falling to 0 beyond its corners, over the columns."""
        t = (self._patch.u - self._left) / self._width * 2 - 1
        return (np.clip(1 - (t / 1.12) ** 2, 0, 1) ** 0.5).astype(np.float32)

    def _lash_mask(self, grey: Field, is_eye: Mask, skin: Field) -> Mask:
        """Thin dark marks that touch the eye: lashes and liner, but not hair or shadows."""
        u, v, width, samples = self._patch.u, self._patch.v, self._width, self._patch.samples
        near = _grown(is_eye, 0.13 * width * samples)
        near &= (u > self._left - 0.13 * width) & (u < self._left + 1.13 * width)
        near &= v < self._lower + 0.10 * width
        is_dark = grey < (1 - _CONTRAST) * skin
        around = cv2.GaussianBlur(
            (is_dark & ~is_eye).astype(np.float32), (0, 0), 0.10 * width * samples
        )
        is_dark &= near & (np.asarray(around) < 0.65)
        num_labels, labels = cv2.connectedComponents((is_dark | is_eye).astype(np.uint8))
        keep = np.zeros(num_labels, bool)
        labels = np.asarray(labels, np.intp)
        keep[np.unique(labels[is_eye])] = True
        keep[0] = False
        return keep[labels]

    def _set_lashes(self, grey: Field, is_eye: Mask) -> None:
        """Colour and coverage of the upper lashes; the eye below them is left out."""
        dark = float(np.percentile(grey[is_eye], 6)) if is_eye.any() else 40.0
        is_darkest = is_eye & (grey <= dark + 1)
        colour = self._texture[is_darkest].mean(0) if is_darkest.any() else np.full(3, 40.0)
        self._lash_colour = colour.astype(np.float32)
        closed = self._closed @ np.array([0.299, 0.587, 0.114], np.float32)
        contrast = (closed - grey) / np.maximum(closed - dark, 20)
        edge = self._upper + 0.05 * self._width
        above = np.clip((edge - self._patch.v) * self._patch.samples * 0.5 + 0.5, 0, 1)
        self._lashes = (np.clip((contrast - 0.2) / 0.75, 0, 1) * above * self._hole).astype(
            np.float32
        )
        columns = np.arange(self._patch.size[0], dtype=np.float32)
        self._columns = np.broadcast_to(columns, self._lashes.shape).copy()

    def _look(self, frame: Pixels, gaze: tuple[float, float]) -> None:
        """Move the iris in ``frame`` itself, where no lid is drawn."""
        across, down = self._across, np.array([-self._across[1], self._across[0]])
        step = self._width * (gaze[0] * across + gaze[1] * down)
        frame[self._window] = cv2.remap(
            np.ascontiguousarray(frame[self._window]),
            self._window_x - self._window_follows * np.float32(step[0]),
            self._window_y - self._window_follows * np.float32(step[1]),
            cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )

    def _looking(self, gaze: tuple[float, float]) -> Field:
        """The open eye with its iris moved by ``gaze``, over the eye's width."""
        if max(abs(gaze[0]), abs(gaze[1])) < _LEAST_GAZE:
            return self._texture
        reach = self._follows * np.float32(self._width * self._patch.samples)
        moved = cv2.remap(
            self._texture,
            self._cols - reach * np.float32(gaze[0]),
            self._rows - reach * np.float32(gaze[1]),
            cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(moved, np.float32)

    def draw(self, frame: Pixels, blink: float, gaze: tuple[float, float]) -> None:
        """Draw the lid, 0 (open) to 1 (shut), and the iris into ``frame`` in place."""
        if blink <= 0.01:
            self._look(frame, gaze)
            return
        looking = self._looking(gaze)
        v, samples = self._patch.v, self._patch.samples
        shut = self._lower - 0.06 * np.maximum(self._lower - self._upper, 0)
        edge = (self._upper + np.float32(blink) * (shut - self._upper)).astype(np.float32)
        lid = np.clip((edge - v) * samples * 0.8 + 0.5, 0, 1)
        below = np.float32(np.clip((blink - 0.7) / 0.3, 0, 1))  # the lower lashes go last
        lid = np.maximum(lid, below) * self._hole
        out = looking + (self._closed - looking) * lid[..., None]
        dark = np.maximum(self._moved_lashes(edge, blink), self._lash_line(edge, blink))
        out += (self._lash_colour - out) * dark[..., None]
        self._paste.onto(frame, out)

    def _moved_lashes(self, edge: Field, blink: float) -> Field:
        """Coverage of the lashes on the lid's edge: they point up, then ahead, then down."""
        lift = 1 - 1.4 * blink
        lift = float(np.copysign(max(abs(lift), 0.15), lift))
        source = self._upper + (self._patch.v - edge) / lift
        rows = (source - self._patch.low[1]) * self._patch.samples - 0.5
        moved = cv2.remap(
            self._lashes,
            self._columns,
            rows.astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
        )
        return np.asarray(moved * np.float32(1 - 0.4 * blink), np.float32)

    def _lash_line(self, edge: Field, blink: float) -> Field:
        """Coverage of the dark line along the lid's edge."""
        span = self._span()
        thickness = (0.020 * self._width + 0.6) * (0.4 + 0.6 * span)
        line = np.exp(-(((self._patch.v - edge) / thickness) ** 2))
        strength = np.float32(0.6 * min(1.0, blink * 1.6))
        return (line * np.clip(span * 1.5, 0, 1) * strength).astype(np.float32)


def _grown(mask: Mask, reach: float) -> Mask:
    """``mask`` grown by ``reach`` pixels in every direction."""
    size = 2 * max(1, round(reach)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(cv2.dilate(mask.astype(np.uint8), kernel)) > 0


def _membrane(texture: Field, hole: Mask) -> Field:
    """``texture`` with ``hole`` filled by the smoothest surface through its rim.

    Coarse to fine: each level starts from the one below, so that few relaxations are enough.
    """
    height, width = hole.shape
    known = (~hole).astype(np.float32)
    if min(height, width) > 8:
        half = ((width + 1) // 2, (height + 1) // 2)
        weight = cv2.resize(known, half, interpolation=cv2.INTER_AREA)[..., None]
        coarse = cv2.resize(texture * known[..., None], half, interpolation=cv2.INTER_AREA)
        coarse = coarse / np.maximum(weight, 1e-6)
        filled = _membrane(coarse.astype(np.float32), weight[..., 0] < 0.05)
        guess = cv2.resize(filled, (width, height), interpolation=cv2.INTER_LINEAR)
    else:
        total = max(float(known.sum()), 1e-6)
        mean = (texture * known[..., None]).sum((0, 1)) / total
        guess = np.broadcast_to(mean, texture.shape)
    out = np.where(hole[..., None], guess, texture).astype(np.float32)
    kernel = np.array([[0, 0.25, 0], [0.25, 0, 0.25], [0, 0.25, 0]], np.float32)
    for _ in range(_NUM_RELAXATIONS):
        smooth = cv2.filter2D(out, -1, kernel, borderType=cv2.BORDER_REPLICATE)
        out = np.where(hole[..., None], smooth, texture).astype(np.float32)
    return out
