"""How often glasses and hair across the eyes are found; prints one table.

    .venv/bin/python benchmarks/eyes.py PORTRAIT [PORTRAIT ...] [--glasses PORTRAIT ...]

Every portrait, its face bare, is changed in ways that leave its eyes free, and gets glasses and
hair that cross them; those with ``--glasses`` wear some that do not. Told apart are what crosses or
covers the eyes, and whether the preview engine blinks at 704x384.
"""

import argparse
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from model.engine import Pixels
from model.preview.eyes.blinks import Eyes
from model.preview.features import Features, Points, locate
from model.preview.fit import fit
from model.preview.head import CANVAS_SCALE
from tasks.portrait.picture import read_portrait

Change = Callable[[Pixels, Features, np.random.Generator], Pixels]
SIZE = (704, 384)
BLACK, GREY, GOLD, TORTOISE, BROWN, BLOND = (
    (25, 23, 22), (140, 130, 120), (175, 140, 80), (90, 52, 28), (40, 28, 20), (205, 170, 110),
)  # fmt: skip
_FINE = 900  # pixels of a face's longer side on which is drawn


class Canvas:
    """A face enlarged, to be drawn on, with its eyes' middles and width."""

    def __init__(self, pixels: Pixels, features: Features) -> None:
        margin = 0.25 * (features.high - features.low)
        self._low = np.maximum((features.low - margin).astype(int), 0)
        high = np.minimum((features.high + margin).astype(int), pixels.shape[1::-1])
        self._pixels = pixels
        part = pixels[self._low[1] : high[1], self._low[0] : high[0]]
        self.scale = max(1, int(np.ceil(_FINE / max(part.shape[:2]))))
        self._shape = part.shape
        self.image = np.asarray(
            cv2.resize(part, None, fx=self.scale, fy=self.scale, interpolation=cv2.INTER_CUBIC),
            np.float32,
        )
        self.across = features.across
        self.down = np.array([-features.across[1], features.across[0]])
        middles = [(eye.upper[0] + eye.upper[-1]) / 2 for eye in features.eyes]
        widths = [np.hypot(*(eye.upper[-1] - eye.upper[0])) for eye in features.eyes]
        self.middles = [(middle - self._low + 0.5) * self.scale - 0.5 for middle in middles]
        self.width = float(np.mean(widths)) * self.scale

    def draw(
        self,
        points: Points,
        colour: tuple[int, int, int],
        thick: float,
        cover: float = 0.97,
        blur: float = 0.0,
    ) -> None:
        """A line through ``points``, ``thick`` eye widths; what it surrounds if that is 0."""
        mask = np.zeros(self.image.shape[:2], np.uint8)
        fine = np.rint(points * 16).astype(np.int32)
        if thick:
            pixels = max(1, round(thick * self.width))
            cv2.polylines(mask, [fine], False, 255, pixels, cv2.LINE_AA, 4)
        else:
            cv2.fillPoly(mask, [fine], 255, cv2.LINE_AA, 4)
        if blur:
            mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), blur * self.width), np.uint8)
        left, top, width, height = cv2.boundingRect(mask)
        rows, columns = slice(top, top + height), slice(left, left + width)
        share = (mask[rows, columns].astype(np.float32) / 255 * cover)[..., None]
        part = self.image[rows, columns]
        part += (np.array(colour, np.float32) - part) * share

    def picture(self) -> Pixels:
        """The portrait with what was drawn."""
        small = cv2.resize(self.image, self._shape[1::-1], interpolation=cv2.INTER_AREA)
        out = self._pixels.copy()
        rows = slice(self._low[1], self._low[1] + self._shape[0])
        columns = slice(self._low[0], self._low[0] + self._shape[1])
        out[rows, columns] = np.clip(small, 0, 255).astype(np.uint8)
        return out


@dataclass(frozen=True)
class Glasses:
    """Glasses, in eye widths: half their lenses' size, and how far they are below the eyes."""

    roundness: float
    size: tuple[float, float]
    down: float
    thick: float
    colour: tuple[int, int, int]
    lens: float = 0.0  # how dark
    is_half: bool = False
    has_glare: bool = False


@dataclass(frozen=True)
class Hair:
    """Hairs over each of ``eyes``, down to ``reach`` eye widths below its middle."""

    num: int
    spread: float
    colour: tuple[int, int, int] = BROWN
    reach: float = 1.0
    slant: float = 0.5
    eyes: tuple[int, ...] = (0,)


def glasses(kind: Glasses, pixels: Pixels, features: Features, rng: np.random.Generator) -> Pixels:
    """The portrait with glasses."""
    canvas = Canvas(pixels, features)
    across, below = canvas.across, canvas.down
    angle = np.linspace(0, 2 * np.pi, 91)
    cosine, sine = np.cos(angle), np.sin(angle)
    rim = np.stack(
        [
            kind.size[0] * np.sign(cosine) * np.abs(cosine) ** (2 / kind.roundness),
            kind.size[1] * np.sign(sine) * np.abs(sine) ** (2 / kind.roundness),
        ],
        1,
    )
    rims: list[Points] = []
    for side, middle in zip((-1, 1), canvas.middles, strict=True):
        place = np.array([side * 0.06, kind.down + rng.normal(0, 0.01)])
        rims.append((rim + place) * canvas.width @ np.stack([across, below]) + middle)
    for edge in rims:
        canvas.draw(edge + below * 0.06 * canvas.width, BROWN, kind.thick, 0.28, 0.03)
    for edge in rims:
        if kind.lens:
            canvas.draw(edge, (40, 32, 28), 0, kind.lens)
        if kind.has_glare:
            inner = edge.mean(0) + (edge - edge.mean(0)) * 0.8
            canvas.draw(inner[[70, 75, 35, 30]], (240, 245, 250), 0, 0.45, 0.02)
        shown = edge
        if kind.is_half:
            lower = (edge - edge.mean(0)) @ below
            shown = edge[lower < 0.25 * kind.size[1] * canvas.width]
            shown = shown[np.argsort((shown - edge.mean(0)) @ across)]
        canvas.draw(shown, kind.colour, kind.thick)
        red, green, blue = (min(value + 90, 255) for value in kind.colour)
        canvas.draw(
            shown - below * kind.thick * 0.25 * canvas.width,
            (red, green, blue),
            kind.thick * 0.22,
            0.5,
        )
    ends = rims[0][np.argmax(rims[0] @ across)], rims[1][np.argmin(rims[1] @ across)]
    bridge = (ends[0] + ends[1]) / 2 - below * 0.08 * canvas.width
    canvas.draw(np.stack([ends[0], bridge, ends[1]]), kind.colour, kind.thick)
    return canvas.picture()


def hair(kind: Hair, pixels: Pixels, features: Features, rng: np.random.Generator) -> Pixels:
    """The portrait with hair over its eyes."""
    canvas = Canvas(pixels, features)
    t = np.linspace(0, 1, 30)[:, None]
    for eye in kind.eyes:
        side, middle = (-1, 1)[eye], canvas.middles[eye]
        for _ in range(kind.num):
            off = rng.normal(0, kind.spread)
            top = -1.9 * canvas.down + (off - side * kind.slant) * canvas.across
            end = kind.reach * canvas.down + 1.2 * off * canvas.across
            bow = (rng.normal(0, 0.06) - side * 0.12) * np.sin(np.pi * t) * canvas.across
            tone = np.clip(np.array(kind.colour) + rng.normal(0, 14), 0, 255).astype(int).tolist()
            points = (top * (1 - t) + end * t + bow) * canvas.width + middle
            canvas.draw(points, (tone[0], tone[1], tone[2]), 0.03 * rng.uniform(0.6, 1.3), 0.9)
    return canvas.picture()


CROSSED: dict[str, Change] = {
    "thin grey metal, small": partial(
        glasses, Glasses(roundness=2.6, size=(0.62, 0.26), down=0.06, thick=0.028, colour=GREY)
    ),
    "thin gold metal, low": partial(
        glasses, Glasses(roundness=2, size=(0.72, 0.5), down=0.42, thick=0.03, colour=GOLD)
    ),
    "thick black, low": partial(
        glasses, Glasses(roundness=3.5, size=(0.8, 0.5), down=0.40, thick=0.10, colour=BLACK)
    ),
    "round tortoise, high": partial(
        glasses, Glasses(roundness=2, size=(0.72, 0.6), down=-0.42, thick=0.07, colour=TORTOISE)
    ),
    "upper rims alone": partial(
        glasses,
        Glasses(roundness=3, size=(0.8, 0.45), down=0.33, thick=0.07, colour=BLACK, is_half=True),
    ),
    "sunglasses": partial(
        glasses,
        Glasses(roundness=2.6, size=(0.85, 0.65), down=0.1, thick=0.06, colour=BLACK, lens=0.96),
    ),
    "glare on the lenses": partial(
        glasses,
        Glasses(
            roundness=3,
            size=(0.8, 0.62),
            down=0.08,
            thick=0.06,
            colour=BLACK,
            has_glare=True,
        ),
    ),
    "six dark strands": partial(hair, Hair(num=6, spread=0.22)),
    "a dark lock": partial(hair, Hair(num=26, spread=0.12, eyes=(1,))),
    "a fringe over both": partial(
        hair, Hair(num=60, spread=0.42, reach=0.12, slant=0.1, eyes=(0, 1))
    ),
    "a blond lock": partial(hair, Hair(num=22, spread=0.12, colour=BLOND)),
}
AROUND: dict[str, Change] = {
    "thin metal around the eyes": partial(
        glasses, Glasses(roundness=2.2, size=(0.92, 0.8), down=0.2, thick=0.028, colour=GREY)
    ),
    "thick black around the eyes": partial(
        glasses, Glasses(roundness=2.8, size=(0.95, 0.8), down=0.2, thick=0.08, colour=BLACK)
    ),
    "a fringe above the brows": partial(
        hair, Hair(num=60, spread=0.42, reach=-0.75, slant=0.1, eyes=(0, 1))
    ),
}


def _toned(pixels: Pixels, gamma: float, tint: tuple[float, float, float]) -> Pixels:
    return np.clip(255 * (pixels / 255.0) ** gamma * np.array(tint), 0, 255).astype(np.uint8)


def _turned(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 8, 1)
    turned = cv2.warpAffine(
        pixels, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(turned, np.uint8)


def _as_small_jpeg(pixels: Pixels) -> Pixels:
    small = cv2.resize(pixels, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 70])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


FREE: dict[str, Callable[[Pixels], Pixels]] = {
    "as it is": lambda pixels: pixels,
    "mirrored": lambda pixels: np.ascontiguousarray(pixels[:, ::-1]),
    "dark": lambda pixels: _toned(pixels, 1.5, (1, 1, 1)),
    "bright and warm": lambda pixels: _toned(pixels, 0.75, (1, 0.95, 0.82)),
    "turned by 8 degrees": _turned,
    "a small JPEG": _as_small_jpeg,
    "more contrast": lambda pixels: np.clip(
        (pixels.astype(np.float32) - 110) * 1.3 + 110, 0, 255
    ).astype(np.uint8),
}


def eyes_of(pixels: Pixels) -> Eyes:
    """The eyes as the engine has them; ValueError without a face."""
    features = locate(pixels, None)
    if features is None:
        raise ValueError("no face was found; measure with portraits that plan accepts")
    fitted = fit(pixels, features, *SIZE)
    size = (SIZE[0] * CANVAS_SCALE, SIZE[1] * CANVAS_SCALE)
    canvas = cv2.resize(fitted.picture, size, interpolation=cv2.INTER_LANCZOS4)
    placed = features.placed(fitted.scale, fitted.shift)
    shift = np.full(2, CANVAS_SCALE / 2 - 0.5)
    return Eyes(np.asarray(canvas, np.uint8), placed.placed(np.full(2, float(CANVAS_SCALE)), shift))


def cases(path: Path, *, has_glasses: bool) -> Iterator[tuple[str, bool, Pixels]]:
    """What is looked at: its name, whether something crosses the eyes, the picture."""
    pixels = read_portrait(path)
    for name, changed in FREE.items():
        yield name, False, changed(pixels)
    features = locate(pixels, None)
    if has_glasses or features is None:
        return
    for is_crossed, changes in ((False, AROUND), (True, CROSSED)):
        for name, change in changes.items():
            rng = np.random.default_rng(zlib.crc32(f"{path.name} {name}".encode()))
            yield name, is_crossed, change(pixels, features, rng)


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("portraits", nargs="+", type=Path)
    parser.add_argument("--glasses", nargs="*", type=Path, default=[], help="That wear some.")
    wanted = parser.parse_args()
    found: dict[tuple[str, bool], list[Eyes]] = {}
    for path in (*wanted.portraits, *wanted.glasses):
        for name, is_crossed, pixels in cases(path, has_glasses=path in wanted.glasses):
            found.setdefault((name, is_crossed), []).append(eyes_of(pixels))
    print("| picture | eyes crossed | pictures | told | blink |\n|---|---|---|---|---|")
    for (name, is_crossed), eyes in found.items():
        num_told = sum(each.sight.is_crossed or each.sight.is_covered for each in eyes)
        num_blink = sum(each.can_blink for each in eyes)
        crossed = "yes" if is_crossed else "no"
        print(f"| {name} | {crossed} | {len(eyes)} | {num_told} | {num_blink} |")


if __name__ == "__main__":
    main()
