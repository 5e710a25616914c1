"""Words as pictures: white letters with a dark edge, in a box, or on a plate, in Noto Sans SC."""

# fontTools brings no type stubs
# pyright: reportMissingTypeStubs=false

import io
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache

from PIL import Image, ImageDraw, ImageFont

_LINE = 1.3  # of the size, from one line to the next
_EDGE = 0.09  # of the size: how wide the dark edge of letters is
_PLATE_MARGIN = 0.35  # of the size, around letters on a plate
_WHITE, _DARK, _PLATE = (255, 255, 255, 255), (16, 16, 16, 255), (0, 0, 0, 150)
_BOX = (16, 16, 16, 215)  # darker than a label's plate: it lies on a brand's bright ground
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


def block_size(lines: Sequence[str], size: int) -> tuple[int, int]:
    """Width and height of lines one below the other, in pixels."""
    width = max(width_of(line, size) for line in lines)
    return width, round(_LINE * size * len(lines)) + 2 * _edge(size)


def edged(lines: Sequence[str], size: int) -> bytes:
    """Centred lines with a dark edge: an RGBA PNG of :func:`block_size`."""
    width, height = block_size(lines, size)
    picture = Image.new("RGBA", (width, height))
    draw = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        draw.text(
            (width / 2, _edge(size) + (number + 0.5) * _LINE * size),
            line,
            fill=_WHITE,
            font=_font(size),
            anchor="mm",
            stroke_width=_edge(size),
            stroke_fill=_DARK,
        )
    return _png(picture)


def box_size(lines: Sequence[str], size: int) -> tuple[int, int]:
    """Width and height of lines in a box, in pixels."""
    margin = round(_PLATE_MARGIN * size)
    width = max(round(_font(size).getlength(line)) for line in lines)
    return width + 2 * margin, round(_LINE * size * len(lines)) + margin


def boxed(lines: Sequence[str], size: int) -> bytes:
    """Centred lines in a dark box with round corners: an RGBA PNG of :func:`box_size`."""
    margin = round(_PLATE_MARGIN * size)
    width, height = box_size(lines, size)
    picture = Image.new("RGBA", (width, height))
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((0, 0, width - 1, height - 1), radius=margin, fill=_BOX)
    for number, line in enumerate(lines):
        at = (width / 2, margin / 2 + (number + 0.5) * _LINE * size)
        draw.text(at, line, fill=_WHITE, font=_font(size), anchor="mm")
    return _png(picture)


def plated(line: str, size: int) -> tuple[bytes, tuple[int, int]]:
    """A line on a dark plate with round corners: an RGBA PNG, and its width and height."""
    margin = round(_PLATE_MARGIN * size)
    width, height = round(_font(size).getlength(line)) + 2 * margin, round(_LINE * size) + margin
    picture = Image.new("RGBA", (width, height))
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((0, 0, width - 1, height - 1), radius=margin, fill=_PLATE)
    draw.text((width / 2, height / 2), line, fill=_WHITE, font=_font(size), anchor="mm")
    return _png(picture), (width, height)


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _edge(size: int) -> int:
    return max(1, round(_EDGE * size))


def _is_left_out(sign: str) -> bool:
    return unicodedata.category(sign) in _UNDRAWN


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont:
    from pylopdf_fonts_zh_cn import sans_path

    # the basic layout is the same in every build of Pillow; no script of ours needs another
    return ImageFont.truetype(str(sans_path()), size, layout_engine=ImageFont.Layout.BASIC)


@cache
def _covered() -> frozenset[int]:
    from fontTools.ttLib import TTFont
    from pylopdf_fonts_zh_cn import sans_path

    with TTFont(sans_path(), lazy=True) as font:
        return frozenset(font.getBestCmap() or {})
