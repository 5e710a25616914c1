"""Words as pictures: letters with an edge, in a box, bare, or on a plate, in Noto Sans SC."""

import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from PIL import Image, ImageColor, ImageDraw, ImageFont

from tasks.deliver_records import Backdrop
from tasks.screen.fonts import packaged_font

_LINE = 1.3  # of the size, from one line to the next
_EDGE = 0.09  # of the size: how wide the dark edge of letters is
_PLATE_MARGIN = 0.35  # of the size, around letters on a plate
_WHITE, _PLATE = (255, 255, 255, 255), (0, 0, 0, 150)
_BOX_ALPHA = 215  # darker than a label's plate: it lies on a brand's bright ground
_UNDRAWN = ("So", "Cf", "Mn", "Me", "Sk")  # emoji, and what only changes the sign before it


def drawable(text: str) -> str:
    """``text`` as it is drawn: without emoji and signs that have no shape of their own."""
    kept = (sign for sign in text if ord(sign) in _covered() or not _is_left_out(sign))
    return " ".join("".join(kept).split())


def missing_signs(text: str) -> str:
    """The letters of ``text`` that the font has not, each once."""
    signs = (sign for sign in drawable(text) if not sign.isspace() and ord(sign) not in _covered())
    return "".join(dict.fromkeys(signs))


def width_of(line: str, size: int) -> int:
    """Width of a line in pixels, its edge included."""
    return round(_font(size).getlength(line)) + 2 * _edge(size)


@dataclass(frozen=True)
class Look:
    """How lines are drawn: what is behind their letters, and colours as ``#rrggbb``."""

    backdrop: Backdrop = "outline"
    text: str = "#ffffff"
    background: str = "#101010"


def block_size(lines: Sequence[str], size: int, backdrop: Backdrop) -> tuple[int, int]:
    """Width and height of lines one below the other, in pixels, with what is around them."""
    if backdrop == "box":
        margin = round(_PLATE_MARGIN * size)
        width = max(round(_font(size).getlength(line)) for line in lines)
        return width + 2 * margin, round(_LINE * size * len(lines)) + margin
    width = max(width_of(line, size) for line in lines)
    return width, round(_LINE * size * len(lines)) + 2 * _edge(size)


def block(lines: Sequence[str], size: int, look: Look) -> Image.Image:
    """Centred lines, in a box with round corners, with an edge around letters, or bare.

    An RGBA picture of :func:`block_size`.
    """
    width, height = block_size(lines, size, look.backdrop)
    picture = Image.new("RGBA", (width, height))
    draw = ImageDraw.Draw(picture)
    if look.backdrop == "box":
        box = (0, 0, width - 1, height - 1)
        behind = (*ImageColor.getrgb(look.background)[:3], _BOX_ALPHA)
        draw.rounded_rectangle(box, radius=round(_PLATE_MARGIN * size), fill=behind)
    outline = _edge(size) if look.backdrop == "outline" else 0
    for number, line in enumerate(lines):
        draw.text(
            (width / 2, _above(size, look.backdrop) + (number + 0.5) * _LINE * size),
            line,
            fill=look.text,
            font=_font(size),
            anchor="mm",
            stroke_width=outline,
            stroke_fill=look.background,
        )
    return picture


def word_box(
    lines: Sequence[str], size: int, backdrop: Backdrop, place: tuple[int, int, int]
) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of a part of a line in its block, as far as its neighbours' spaces.

    ``place``: the line's index, and the part as a range of its characters.
    """
    index, first, last = place
    line, (width, height) = lines[index], block_size(lines, size, backdrop)
    left = width / 2 - _font(size).getlength(line) / 2
    space = _font(size).getlength(" ") / 2
    sides = (
        left + _font(size).getlength(line[:first]) - space,
        left + _font(size).getlength(line[:last]) + space,
    )
    top = _above(size, backdrop) + index * _LINE * size
    bottom = top + _LINE * size
    return (
        max(0, round(sides[0])),
        max(0, round(top)) if index else 0,
        min(width, round(sides[1])),
        min(height, round(bottom)) if index + 1 < len(lines) else height,
    )


def png(picture: Image.Image) -> bytes:
    """A picture as PNG."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def plated(line: str, size: int) -> tuple[bytes, tuple[int, int]]:
    """A line on a dark plate with round corners: an RGBA PNG, and its width and height."""
    margin = round(_PLATE_MARGIN * size)
    width, height = round(_font(size).getlength(line)) + 2 * margin, round(_LINE * size) + margin
    picture = Image.new("RGBA", (width, height))
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((0, 0, width - 1, height - 1), radius=margin, fill=_PLATE)
    draw.text((width / 2, height / 2), line, fill=_WHITE, font=_font(size), anchor="mm")
    return png(picture), (width, height)


def _above(size: int, backdrop: Backdrop) -> float:
    """What lies above the first line, in pixels."""
    return round(_PLATE_MARGIN * size) / 2 if backdrop == "box" else _edge(size)


def _edge(size: int) -> int:
    return max(1, round(_EDGE * size))


def _is_left_out(sign: str) -> bool:
    return unicodedata.category(sign) in _UNDRAWN


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont:
    # the basic layout is the same in every build of Pillow; no script of ours needs another
    return ImageFont.truetype(packaged_font().path, size, layout_engine=ImageFont.Layout.BASIC)


@cache
def _covered() -> frozenset[int]:
    return packaged_font().covers
