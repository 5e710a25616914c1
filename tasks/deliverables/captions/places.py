"""How large burned captions are, and where they stand: clear of platforms, face and label. Pure.

At the bottom, where nobody asks otherwise: where the mouth would be covered they move below the
chin, are set smaller, and then stand above the head. In the middle they stand as near to it as the
face lets them; at the top, nowhere else. In a layout they have a region that is clear already.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tasks.deliver_records import (
    Backdrop,
    CaptionPosition,
    CaptionSize,
    CaptionStyle,
    FaceBox,
    Size,
)
from tasks.media.captions import Caption
from tasks.reading.languages import Language
from tasks.screen.formats import SAFE_TOP, is_tall
from tasks.screen.label import label_region
from tasks.screen.lettering import block_size
from tasks.screen.overlays import Region

SIZES: dict[CaptionSize, float] = {"small": 0.75, "medium": 1.0, "large": 1.35}
"""Of the letters, where there is room, beside those of medium ones."""
_COLUMNS: dict[str, dict[Language, int]] = {
    "tall": {"en": 24, "zh": 22},
    "square": {"en": 30, "zh": 26},
    "wide": {"en": 42, "zh": 32},
}
_SQUARE, _WIDE = 0.88, 1.3  # widths of regions, in shorter sides, from which lines are as long
_SIDE_MARGIN = 0.06  # of the width, on each side
_LARGEST, _SMALLEST = 0.066, 0.034  # of the shorter side: the size of letters
_SHRUNK = 0.9  # from one try to the next
_SAFE_BOTTOM = {True: 0.18, False: 0.06}  # of the height, by whether the screen is tall
_MOUTH = 0.55  # of the face's height, from its top: where the part with the mouth begins
_BELOW_CHIN = 0.08  # of the face's height: as far as a chin moves
_AROUND_LABEL = 0.02  # of the shorter side


@dataclass(frozen=True)
class Stand:
    """Where captions may stand, and how they are to look.

    Attributes:
        size: width and height of the screen.
        face: on the screen; None where nobody is seen.
        region: that a layout gives them, clear of the face; None: there is no layout.
        style: that is asked for.
        label: words of the mark that is seen at the start; empty: there is none.
    """

    size: Size
    face: FaceBox | None
    region: Region | None = None
    style: CaptionStyle = field(default_factory=CaptionStyle)
    label: str = ""

    @property
    def position(self) -> CaptionPosition:
        """The one that is asked for, or the usual one."""
        return self.style.position or "bottom"

    @property
    def backdrop(self) -> Backdrop:
        """A box in a layout, whose ground may be as bright as the letters; else an outline."""
        return self.style.backdrop or ("outline" if self.region is None else "box")

    @property
    def scale(self) -> float:
        """Of the largest letters."""
        return SIZES[self.style.size or "medium"]

    def line_columns(self, language: Language) -> int:
        """How long lines are: large letters have shorter ones."""
        width, height = self.size
        shape = "tall" if height > width else "square" if width == height else "wide"
        if self.region is not None:
            across = self.region.width / min(self.size)
            shape = "tall" if across < _SQUARE else "square" if across < _WIDE else "wide"
        # a region's height limits letters first: shorter lines would make none of them larger
        scale = self.scale if self.region is None else min(self.scale, 1.0)
        columns = _COLUMNS[shape][language]
        return columns if scale == 1 else 2 * int(columns / scale / 2)


@dataclass(frozen=True)
class Lettering:
    """Captions as they are set: the size of their letters, and where their blocks are.

    Attributes:
        size: of letters, pixels.
        top: of the highest block, pixels.
        bottom: of that block, pixels.
        middle: of every block from the left, pixels.
    """

    size: int
    top: int
    bottom: int
    middle: int

    def top_of(self, height: int, position: CaptionPosition) -> int:
        """Where a block of a height begins: they share their lower line, upper line or middle."""
        free = self.bottom - self.top - height
        return self.top + {"bottom": free, "middle": free // 2, "top": 0}[position]


def lettering(shown: Sequence[Caption], stand: Stand) -> Lettering | None:
    """How large and where captions stand, the same for all of a film; None: they have no room."""
    width, height = stand.size
    letters = round(_LARGEST * stand.scale * min(stand.size))
    while letters >= _SMALLEST * min(stand.size):
        blocks = [block_size(caption.lines, letters, stand.backdrop) for caption in shown]
        widest, tallest = (max(block[side] for block in blocks) for side in (0, 1))
        if (region := stand.region) is not None:
            if widest <= region.width and tallest <= region.height:
                free = region.height - tallest
                top = region.top + {"bottom": free, "middle": free // 2, "top": 0}[stand.position]
                return Lettering(letters, top, top + tallest, region.left + region.width // 2)
        elif widest <= width * (1 - 2 * _SIDE_MARGIN):
            for bottom in _lower_lines(tallest, widest, stand):
                if bottom <= height and _is_clear(bottom - tallest, bottom, stand.face):
                    return Lettering(letters, bottom - tallest, bottom, width // 2)
        letters = int(letters * _SHRUNK)
    return None


def _lower_lines(tallest: int, widest: int, stand: Stand) -> list[int]:
    """Where blocks may stand, the best first: their lower line, in pixels."""
    height, face, tall = stand.size[1], stand.face, is_tall(stand.size)
    usual = round(height * (1 - _SAFE_BOTTOM[tall]))
    lowest = round(height * (1 - _SAFE_BOTTOM[False]))
    top = round(height * SAFE_TOP[tall])
    if stand.position == "top":
        return [_below_label(top, widest, stand) + tallest]
    if stand.position == "middle":
        middle = (height + tallest) // 2
        near = [middle, *((_chin(face) + tallest, face[1]) if face else ())]
        highest = _below_label(top, widest, stand) + tallest
        inside = (line for line in near if highest <= line <= usual)
        return sorted(inside, key=lambda line: abs(line - middle))
    lines = [usual]
    if face is not None:
        below_chin = _chin(face) + tallest
        if usual < below_chin <= lowest:
            lines.append(below_chin)
        if top + tallest <= face[1]:
            lines.append(top + tallest)
    return lines


def _below_label(top: int, widest: int, stand: Stand) -> int:
    """The upper line of what may stand at the top: below the label, or beside it."""
    if not stand.label:
        return top
    label = label_region(stand.label, stand.size)
    gap = round(_AROUND_LABEL * min(stand.size))
    is_beside = label.left + label.width + gap <= (stand.size[0] - widest) / 2
    return top if is_beside else label.top + label.height + gap


def _is_clear(top: int, bottom: int, face: FaceBox | None) -> bool:
    if face is None:
        return top >= 0
    mouth = face[1] + _MOUTH * (face[3] - face[1])
    return top >= 0 and (bottom <= mouth or top >= _chin(face)) and not face[1] < bottom <= mouth


def _chin(face: FaceBox) -> int:
    return round(face[3] + _BELOW_CHIN * (face[3] - face[1]))
