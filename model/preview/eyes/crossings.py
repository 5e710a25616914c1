"""Whether rims of glasses or hair cross an eye: a lid drawn there would move or cut them.

What crosses is a line, dark or pale against what is within a sixth or a tenth of the eye's width of
it, that runs without a break from the eye's edge to a third of its width away. Lashes, liner and
most wrinkles end before; lashes at the outer corner and the wrinkles of laughter do not, so that
the outer upper side is not looked at, nor lines that all leave the outer corner outwards; other
deep wrinkles are redder than the skin, which rims and hair are not. A thin rim that surrounds an
eye closely crosses nothing: it is a long line with less colour than the skin. Dark glasses cross
nothing, but the skin around both eyes is then far darker than the face; around one eye alone it may
be shadow.
Measured on portraits, and on drawn glasses and hair: ``benchmarks/results/eyes-xeon-2026-11.md``.

Shapes: h, w of an eye's square, in eye widths along (u) and across (v) the eyes from its middle.
"""

from dataclasses import dataclass
from math import atan2

import cv2
import numpy as np
from numpy.typing import NDArray

from model.engine import Pixels
from model.preview.features import Eye, Features, Points
from model.preview.pose import Patch

Field = NDArray[np.float32]
Mask = NDArray[np.bool_]

MOST_CROSSED = 0.018  # share of the eye's edge
MOST_RIM = 0.60  # eye widths: a longer grey line close to the lids is a rim
LEAST_LIGHT = 0.40  # of the skin around the eyes, over the face's
_LIT = 0.90  # likewise: dark glasses with a gleam on a lens have 0.80, a side-lit face 1.15

_PIXELS = 96  # an eye's width
_REACH = (1.0, 0.8)  # of the square, in eye widths from the eye's middle
_EDGE = 0.06  # eye widths from the lids: where lashes and liner of most faces end
_EDGE_DEPTH, _END_DEPTH = 0.03, 0.04
_LEAST_SKIN = 30.0  # lightness of Lab, 0 to 255: contrast is not measured against darker skin
_BROW_MARGIN, _BROW_HEIGHT = 0.05, 0.5  # eye widths
# eye widths from the eye's middle: where wrinkles of laughter are, and how much of a line is there
_CORNER_OUT, _CORNER_DOWN, _CORNER_HALF, _CORNER_SHARE = 0.36, 0.20, 0.30, 0.8
_STEEP = 1.13  # radians, 65 degrees: wrinkles 55 and less, strands of hair 74 and more
_UPPER_STRETCH = 1.6  # eyes are that much wider than high, in telling sides
_LEAST_SAMPLES = 0.7  # a pixel: below, the picture is reduced first


@dataclass(frozen=True)
class _Line:
    """What is looked for: lengths in eye widths, contrasts in shares."""

    width: float
    end: float  # from the lids
    contrast: float
    is_pale: bool  # thin metal and light hair: yellower than the skin, or darker by a fixed step


_LINES = (
    _Line(width=0.16, end=0.30, contrast=0.27, is_pale=False),
    _Line(width=0.09, end=0.35, contrast=0.13, is_pale=True),
)
_DARKER, _YELLOWER = 100.0, 45.0  # steps of Lab that are a contrast of 1, for pale lines
_REDDER = 6.0  # steps of Lab's a over the skin's: wrinkles
_GREY = 128.0  # Lab's a and b without colour
_RIM_WIDTH, _RIM_END, _RIM_GREYER = 0.09, 0.18, 5.0  # eye widths, from the lids; steps of Lab
_RIM_THICK = 0.095  # eye widths: what is thicker is no line


@dataclass(frozen=True)
class EyeSight:
    """How freely the eyes are seen.

    Attributes:
        crossed: share of the edge of the more crossed eye that lines cross.
        light: lightness of the skin around the darker eye, or the one that is lit, over the face's.
        rim: length of the longest grey line close to the lids, in eye widths.
    """

    crossed: float
    light: float
    rim: float = 0.0

    @property
    def is_crossed(self) -> bool:
        """Whether rims or hair cross an eye."""
        return self.crossed > MOST_CROSSED or self.rim > MOST_RIM

    @property
    def is_covered(self) -> bool:
        """Whether the eyes are behind something dark."""
        return self.light < LEAST_LIGHT


def eye_sight(picture: Pixels, features: Features) -> EyeSight:
    """How freely the eyes of ``features`` are seen in ``picture`` ((H, W, 3) RGB).

    Eyes that a person has placed are taken to be free: no brows are known, and they are named to
    blink.
    """
    if features.is_placed or not features.eyes:
        return EyeSight(0.0, 1.0)
    low, high = np.floor(features.low).astype(int), np.ceil(features.high).astype(int)
    left, top = np.maximum(low, 0).tolist()
    right, bottom = high.tolist()
    face = picture[top : max(bottom, top + 1), left : max(right, left + 1)]
    if face.size == 0:
        face = picture
    light = float(np.median(cv2.cvtColor(face, cv2.COLOR_RGB2LAB)[..., 0]))
    found = [_sight(picture, features, eye) for eye in features.eyes]
    return EyeSight(
        max(each.crossed for each in found),
        _light_of(np.array([each.light for each in found]) / max(light, 1.0)),
        max(each.rim for each in found),
    )


def _light_of(eyes: Points) -> float:
    """The darker eye's light, unless the other is lit: then half the face is in shadow."""
    return float(eyes.max() if eyes.max() >= _LIT else eyes.min())


def _sight(picture: Pixels, features: Features, eye: Eye) -> EyeSight:
    """How freely one eye is seen; ``light`` is 0 to 255."""
    width = max(float(np.hypot(*(eye.upper[-1] - eye.upper[0]))), 1.0)
    middle = (eye.upper[0] + eye.upper[-1]) / 2
    reach = np.array(_REACH) * width
    patch = Patch(middle, features.across, -reach, reach, _PIXELS / width)
    lab = np.asarray(cv2.cvtColor(_cut(picture, patch), cv2.COLOR_RGB2LAB), np.float32)
    lab = np.asarray(cv2.GaussianBlur(lab, (0, 0), 1.0), np.float32)
    axes = np.stack([features.across, [-features.across[1], features.across[0]]], 1)
    upper, lower = ((lid - middle) @ axes / width for lid in (eye.upper, eye.lower))
    u, v = patch.u / np.float32(width), patch.v / np.float32(width)
    away = _away(u, v, upper, lower)
    brow = float(((eye.brow - middle) @ axes)[1]) / width
    is_below_brow = v > max(brow + _BROW_MARGIN, float(upper[:, 1].min()) - _BROW_HEIGHT)
    is_near = (away > _EDGE) & is_below_brow
    side = np.sign(float((middle - (features.low + features.high) / 2) @ features.across))
    outwards = np.float32(side) * u
    is_lashes = (v < 0) & (outwards - _UPPER_STRETCH * v > 0)
    is_corner = (outwards > _CORNER_OUT) & (np.abs(v - _CORNER_DOWN) < _CORNER_HALF)
    crossed = max(_crossed(lab, line, away, is_near, is_lashes, is_corner) for line in _LINES)
    around = lab[..., 0][is_near & (away < _LINES[0].end)]
    light = float(np.percentile(around, 60)) if around.size else 0.0
    return EyeSight(crossed, light, _rim(lab, is_near & ~is_lashes & (away < _RIM_END)))


def _cut(picture: Pixels, patch: Patch) -> Pixels:
    """The patch's pixels, averaged first where it is a reduction."""
    if patch.samples >= _LEAST_SAMPLES:
        return patch.cut(picture)
    share = patch.samples
    small = cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    matrix = patch.to_frame * share
    matrix[:, 2] += share / 2 - 0.5  # pixel centres
    cut = cv2.warpAffine(
        small,
        matrix,
        patch.size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(cut, np.uint8)


def _away(u: Field, v: Field, upper: Points, lower: Points) -> Field:
    """How far each pixel ``(h, w)`` is from the eye, in eye widths; 0 in it."""
    up, low = (np.interp(u, lid[:, 0], lid[:, 1]) for lid in (upper, lower))
    is_eye = (v > up - 0.03) & (v < low + 0.03) & (np.abs(u) < 0.5)
    corners = np.interp(u, upper[[0, -1], 0], upper[[0, -1], 1])
    middle = (float(up.min()) + float(low.max())) / 4 + corners / 2
    height = float((low - up).max())
    is_eye |= (u / 0.60) ** 2 + ((v - middle) / (0.5 * height + 0.06)) ** 2 < 1
    far = cv2.distanceTransform((~is_eye).astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(far / _PIXELS, np.float32)


def _crossed(
    lab: Field, line: _Line, away: Field, is_near: Mask, is_lashes: Mask, is_corner: Mask
) -> float:
    """The share of the eye's edge that lines of this kind leave by."""
    side = round(line.width * _PIXELS) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    light, yellow = lab[..., 0], lab[..., 2]
    around = np.asarray(cv2.morphologyEx(light, cv2.MORPH_CLOSE, kernel), np.float32)
    darker = around - light
    if line.is_pale:
        before = np.asarray(cv2.morphologyEx(yellow, cv2.MORPH_OPEN, kernel), np.float32)
        contrast = np.maximum(darker / _DARKER, (yellow - before) / _YELLOWER)
    else:
        contrast = darker / np.maximum(around, _LEAST_SKIN)
    is_ring = is_near & (away < line.end)
    edge = is_ring & (away < _EDGE + _EDGE_DEPTH)
    end = is_ring & (away > line.end - _END_DEPTH)
    is_line = (is_ring & (contrast > line.contrast)).astype(np.uint8)
    labels = np.asarray(cv2.connectedComponents(is_line, connectivity=8)[1], np.intp)
    through = np.intersect1d(labels[edge], labels[end])
    is_plain = is_ring & (is_line == 0)
    red = lab[..., 1] - (np.median(lab[is_plain][:, 1]) if is_plain.any() else _GREY)
    crossing = [label for label in through if label and red[labels == label].mean() <= _REDDER]
    if all(_is_laughter(labels == label, is_corner) for label in crossing):
        return 0.0
    is_crossed = edge & ~is_lashes & np.isin(labels, crossing)
    return float(is_crossed.sum()) / max(float(edge.sum()), 1.0)


def _is_laughter(line: Mask, is_corner: Mask) -> bool:
    """Whether a line is at the outer corner and leaves it outwards, where hair hangs down."""
    y, x = np.nonzero(line)
    spread_x, spread_y = float(x.var()), float(y.var())
    together = float(((x - x.mean()) * (y - y.mean())).mean())
    slope = abs(atan2(2 * together, spread_x - spread_y)) / 2
    return float(is_corner[line].mean()) > _CORNER_SHARE and slope < _STEEP


def _rim(lab: Field, is_close: Mask) -> float:
    """The length of the longest thin line without colour in ``is_close``, in eye widths."""
    side = round(_RIM_WIDTH * _PIXELS) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    colour = np.hypot(lab[..., 1] - _GREY, lab[..., 2] - _GREY).astype(np.float32)
    around = np.asarray(cv2.morphologyEx(colour, cv2.MORPH_CLOSE, kernel), np.float32)
    is_grey = (is_close & (around - colour > _RIM_GREYER)).astype(np.uint8)
    found = cv2.connectedComponentsWithStats(is_grey, connectivity=8)[2]
    stats = np.asarray(found, np.float64)[1:]  # the first is all that is no line
    sizes = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    is_thin = stats[:, cv2.CC_STAT_AREA] < _RIM_THICK * _PIXELS * sizes.max(1)
    lengths = np.hypot(sizes[is_thin, 0], sizes[is_thin, 1])
    return float(lengths.max(initial=0.0)) / _PIXELS
