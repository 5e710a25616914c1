"""Blinks: the lid comes down over the eye, drawn with skin from around the eye.

Lashes and liner are not stretched with the lid, which would smear them. The closed lid is made
once: the eye, its lashes and liner are masked by their contrast to the skin, and the hole is filled
from its rim (a membrane: the discrete Laplace equation). A frame uncovers that lid down to its edge
and draws a lash line there.
Shapes: h, w of an eye's patch, in coordinates along (u) and across (v) the eyes.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from model.engine import Pixels
from model.preview.features import Eye, Features
from model.preview.pose import Paste, Patch, Pose

Field = NDArray[np.float32]
Mask = NDArray[np.bool_]

_LEAST_WIDTH = 10.0  # canvas pixels: a narrower eye is not animated
_NUM_RELAXATIONS = 60  # of every level of the membrane's pyramid
_CONTRAST = 0.15  # of the skin's luminance: darker pixels beside the eye are lashes or liner
_FOREIGN = 0.50  # of the skin's luminance: darker pixels are hair or spectacles, not lid


class Eyes:
    """The eyes of one portrait in one frame size."""

    def __init__(self, picture: Pixels, features: Features) -> None:
        lids = [_Lid(picture, features, eye) for eye in features.eyes if _is_wide(eye)]
        self._lids = tuple(lids)

    def draw(self, frame: Pixels, pose: Pose) -> None:
        """Draw the lids of ``pose`` into ``frame`` in place."""
        if pose.blink > 0.01:
            for lid in self._lids:
                lid.draw(frame, pose.blink)


def _is_wide(eye: Eye) -> bool:
    return float(np.hypot(*(eye.upper[-1] - eye.upper[0]))) >= _LEAST_WIDTH


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
        skin = float(np.percentile(grey[ring], 65)) if ring.any() else 128.0
        is_lash = self._lash_mask(grey, is_eye, skin)
        hole = _grown(is_eye | is_lash, 0.035 * self._width * self._patch.samples)
        hole &= self._patch.feather(0.06, 0.06) >= 1
        # hair and spectacles at the rim would bleed into the lid
        is_foreign = _grown(grey < _FOREIGN * skin, 0.03 * self._width * self._patch.samples)
        fill = _membrane(self._texture, hole | is_foreign)
        soft = cv2.GaussianBlur(
            hole.astype(np.float32), (0, 0), 0.03 * self._width * self._patch.samples + 0.3
        )
        self._hole = np.clip(soft * 2 - 0.6, 0, 1).astype(np.float32)
        self._closed = np.clip(fill * self._shading()[..., None], 0, 255).astype(np.float32)
        self._set_lashes(grey, is_eye)

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
        return (1 + (0.03 * bulge - 0.07 * fold) * self._span()).astype(np.float32)

    def _span(self) -> Field:
        """1 along the eye, falling to 0 beyond its corners, over the columns."""
        t = (self._patch.u - self._left) / self._width * 2 - 1
        return (np.clip(1 - (t / 1.12) ** 2, 0, 1) ** 0.5).astype(np.float32)

    def _lash_mask(self, grey: Field, is_eye: Mask, skin: float) -> Mask:
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

    def draw(self, frame: Pixels, blink: float) -> None:
        """Draw the lid, 0 (open) to 1 (shut), into ``frame`` in place."""
        v, samples = self._patch.v, self._patch.samples
        shut = self._lower - 0.06 * np.maximum(self._lower - self._upper, 0)
        edge = (self._upper + np.float32(blink) * (shut - self._upper)).astype(np.float32)
        lid = np.clip((edge - v) * samples * 0.8 + 0.5, 0, 1)
        below = np.float32(np.clip((blink - 0.7) / 0.3, 0, 1))  # the lower lashes go last
        lid = np.maximum(lid, below) * self._hole
        out = self._texture + (self._closed - self._texture) * lid[..., None]
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
        thickness = (0.028 * self._width + 0.35) * (0.4 + 0.6 * span)
        line = np.exp(-(((self._patch.v - edge) / thickness) ** 2))
        strength = np.float32(0.7 * min(1.0, blink * 1.6))
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
