"""Captions and the label of a deliverable: which words, how large, where, and when. Pure.

Captions stand in the lower part, clear of what platforms draw over films and of the mouth. Where
they cannot, they are drawn smaller, and then stand above the head; where that fails too, the row is
refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from model.errors import RowError
from tasks.deliver_records import FaceBox, Size
from tasks.media.captions import Caption, captions
from tasks.reading.languages import Language
from tasks.records import Speech
from tasks.screen.formats import format_name, is_tall
from tasks.screen.lettering import (
    block_size,
    box_size,
    boxed,
    drawable,
    edged,
    missing_signs,
    plated,
)
from tasks.screen.overlays import Overlay, Region

LABELS: dict[Language, str] = {"en": "AI-generated", "zh": "AI生成"}
LABEL_S = 3.0
"""How long the label is seen; rules ask for two seconds."""
_LABEL_SIZE = 0.05  # of the shorter side: as high as the rules of China ask
_COLUMNS: dict[str, dict[Language, int]] = {
    "tall": {"en": 24, "zh": 22},
    "square": {"en": 30, "zh": 26},
    "wide": {"en": 42, "zh": 32},
}
_SQUARE, _WIDE = 0.88, 1.3  # widths of regions, in shorter sides, from which lines are as long
_SIDE_MARGIN = 0.06  # of the width, on each side
_LARGEST, _SMALLEST = 0.066, 0.034  # of the shorter side: the size of letters
_SHRUNK = 0.9  # from one try to the next
_SAFE_TOP = {True: 0.10, False: 0.05}  # of the height, by whether the screen is tall
_SAFE_BOTTOM = {True: 0.18, False: 0.06}
_MOUTH = 0.55  # of the face's height, from its top: where the part with the mouth begins
_BELOW_CHIN = 0.08  # of the face's height: as far as a chin moves


@dataclass(frozen=True)
class Lettering:
    """Captions as they are set: the size of their letters, and the top of their block.

    Attributes:
        size: of letters, pixels.
        top: of the highest block, pixels; each block stands on the same lower line.
        bottom: of every block, pixels.
        middle: of every block from the left, pixels.
    """

    size: int
    top: int
    bottom: int
    middle: int


def screen_captions(
    speech: Speech, size: Size, *, num_frames: int, fps: int, region: Region | None = None
) -> tuple[Caption, ...]:
    """Captions in lines that fit the screen, or a region of it, without what is not drawn."""
    shape = "tall" if size[1] > size[0] else "square" if size[0] == size[1] else "wide"
    if region is not None:
        across = region.width / min(size)
        shape = "tall" if across < _SQUARE else "square" if across < _WIDE else "wide"
    shown = captions(
        speech, end_frame=num_frames, fps=fps, line_columns=_COLUMNS[shape][speech.language]
    )
    drawn = (
        (caption, tuple(text for line in caption.lines if (text := drawable(line))))
        for caption in shown
    )
    return tuple(caption.model_copy(update={"lines": lines}) for caption, lines in drawn if lines)


def lettering(
    shown: Sequence[Caption], size: Size, face: FaceBox | None, region: Region | None = None
) -> Lettering | None:
    """How large and where captions stand, the same for all of a film; None: they have no room.

    Args:
        shown: the captions.
        size: width and height of the screen.
        face: on the screen; None where nobody is seen.
        region: that a layout gives them, clear of the face; None: there is no layout.
    """
    width, height = size
    size_of = block_size if region is None else box_size
    largest = round(_LARGEST * min(size))
    letters = largest
    while letters >= _SMALLEST * min(size):
        blocks = [size_of(caption.lines, letters) for caption in shown]
        widest, tallest = (max(block[side] for block in blocks) for side in (0, 1))
        if region is not None:
            if widest <= region.width and tallest <= region.height:
                bottom = region.top + region.height
                return Lettering(letters, bottom - tallest, bottom, region.left + region.width // 2)
        elif widest <= width * (1 - 2 * _SIDE_MARGIN):
            for bottom in _lower_lines(tallest, size, face):
                if bottom <= height and _is_clear(bottom - tallest, bottom, face):
                    return Lettering(letters, bottom - tallest, bottom, width // 2)
        letters = int(letters * _SHRUNK)
    return None


def _lower_lines(tallest: int, size: Size, face: FaceBox | None) -> list[int]:
    """Where blocks may stand, the best first: their lower line, in pixels."""
    height, tall = size[1], is_tall(size)
    usual = round(height * (1 - _SAFE_BOTTOM[tall]))
    lowest = round(height * (1 - _SAFE_BOTTOM[False]))
    lines = [usual]
    if face is not None:
        below_chin = _chin(face) + tallest
        if usual < below_chin <= lowest:
            lines.append(below_chin)
        top = round(height * _SAFE_TOP[tall])
        if top + tallest <= face[1]:
            lines.append(top + tallest)
    return lines


def _is_clear(top: int, bottom: int, face: FaceBox | None) -> bool:
    if face is None:
        return top >= 0
    mouth = face[1] + _MOUTH * (face[3] - face[1])
    return top >= 0 and (bottom <= mouth or top >= _chin(face)) and not face[1] < bottom <= mouth


def _chin(face: FaceBox) -> int:
    return round(face[3] + _BELOW_CHIN * (face[3] - face[1]))


def caption_overlays(
    shown: Sequence[Caption], size: Size, face: FaceBox | None, region: Region | None = None
) -> tuple[Overlay, ...]:
    """Captions as pictures in their times.

    Raises:
        RowError: they have no room that is clear of the face, or the font lacks a letter.
    """
    check_captions(shown, size, face, region)
    place = lettering(shown, size, face, region) if shown else None
    if place is None:
        return ()
    # a layout's ground may be as bright as the letters: they get a box
    size_of, drawn = (block_size, edged) if region is None else (box_size, boxed)
    overlays: list[Overlay] = []
    for caption in shown:
        width, height = size_of(caption.lines, place.size)
        overlays.append(
            Overlay(
                picture=drawn(caption.lines, place.size),
                left=(2 * place.middle - width) // 2,
                top=place.bottom - height,
                starts_s=caption.start_ms / 1000,
                ends_s=caption.end_ms / 1000,
            )
        )
    return tuple(overlays)


def check_captions(
    shown: Sequence[Caption], size: Size, face: FaceBox | None, region: Region | None = None
) -> None:
    """Captions can be drawn, and have room.

    Raises:
        RowError: they cannot, or have none.
    """
    signs = missing_signs("".join(line for caption in shown for line in caption.lines))
    if signs:
        raise RowError(
            f'captions of {format_name(size)}: the font has no letter for "{signs[:20]}"; write '
            "them otherwise, or choose captions=beside"
        )
    if not shown or lettering(shown, size, face, region) is not None:
        return
    if region is None:
        raise RowError(
            f"captions of {format_name(size)} would stand over the face, which is too "
            "large in this format; choose captions=beside, another format, or framing=wide"
        )
    raise RowError(
        f"captions of {format_name(size)} do not fit into the {region.width}x{region.height} "
        "pixels that the layout gives them, at the smallest size too; choose captions=beside, "
        "another layout, or give captions a larger region in the brand file"
    )


def label_overlay(text: str, size: Size, duration_s: float) -> Overlay:
    """The mark that a film is generated, in its upper left corner, at its start."""
    letters = round(_LABEL_SIZE * min(size))
    picture, _ = plated(text, letters)
    return Overlay(
        picture=picture,
        left=round(_SIDE_MARGIN * 2 / 3 * size[0]),
        top=round(_SAFE_TOP[is_tall(size)] * size[1]),
        starts_s=0.0,
        ends_s=min(LABEL_S, duration_s),
    )
