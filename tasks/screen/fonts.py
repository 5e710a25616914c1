"""Fonts by file, and which of them has a character. The packaged one is Noto Sans SC."""

# fontTools brings no type stubs
# pyright: reportMissingTypeStubs=false

import logging
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import ImageFont

from model.loading import loaded_once_each

FONT_FILES = "TTF, OTF or TTC"
_NO_FONT = f"the file is not a font ({FONT_FILES}), or it is damaged"
_MAX_BYTES = 64 << 20
_SIZES_KEPT = 128
_STARTS = (b"\0\1\0\0", b"OTTO", b"true", b"ttcf")
_WEB_STARTS = (b"wOFF", b"wOF2")
_MOST_CHARACTERS = 0x110000  # of Unicode; a table that repeats them is made to take all memory
# what fontTools raises of a damaged file, FreeType's errors among them
_DAMAGE: tuple[type[Exception], ...] = (
    *(OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError),
    *(AssertionError, EOFError, RecursionError, struct.error),
)


class FontError(ValueError):
    """A file that is no font which can be used; the message is the rule."""


@dataclass(frozen=True)
class Font:
    """A font file, and the characters that it can draw."""

    path: Path
    covers: frozenset[int]


@dataclass(frozen=True)
class Run:
    """Characters of a line that are drawn in one font."""

    text: str
    font: Font


@dataclass(frozen=True)
class Fonts:
    """Fonts in the order in which they are asked for a character."""

    stack: tuple[Font, ...]

    def missing(self, text: str) -> str:
        """The characters of ``text`` that no font has, each once, in order."""
        return "".join(
            dict.fromkeys(
                sign
                for sign in text
                if not sign.isspace() and not any(ord(sign) in font.covers for font in self.stack)
            )
        )

    def runs(self, line: str) -> Iterator[Run]:
        """``line`` in stretches of one font; a space stays with what precedes it."""
        text, used = "", self.stack[0]
        for sign in line:
            font = used if text and sign.isspace() else self._of(sign)
            if text and font != used:
                yield Run(text, used)
                text = ""
            text, used = text + sign, font
        if text:
            yield Run(text, used)

    def _of(self, sign: str) -> Font:
        return next((font for font in self.stack if ord(sign) in font.covers), self.stack[0])


def read_font(path: Path) -> Font:
    """The font at ``path``.

    Raises:
        FontError: it is no font, or one that has no table of characters.
    """
    info = path.stat()
    return _read_font(path, info.st_mtime_ns, info.st_size)


@loaded_once_each(most_kept=32)
def _read_font(path: Path, version: int, num_bytes: int) -> Font:
    from fontTools.ttLib import TTFont, TTLibError

    del version
    if num_bytes > _MAX_BYTES:
        raise FontError(f"the font is larger than {_MAX_BYTES >> 20} MiB")
    logging.getLogger("fontTools").setLevel(logging.CRITICAL)  # else its doubts are on the terminal
    with path.open("rb") as file:  # fontTools leaves open what it cannot read
        start = file.read(4)
        if start in _WEB_STARTS:  # packed, and as large as they like
            raise FontError(
                f"the file is a web font (WOFF), which must be unpacked to {FONT_FILES}"
            )
        if start not in _STARTS:
            raise FontError(_NO_FONT)
        file.seek(0)
        try:
            with TTFont(file, lazy=True, fontNumber=0) as font:
                _check_tables(font.reader, num_bytes)
                covers = frozenset(font.getBestCmap() or ())
            ImageFont.truetype(path, 16)
        except TTLibError as error:
            raise FontError(_NO_FONT) from error
        except _DAMAGE as error:
            raise FontError(_NO_FONT) from error
    if not covers:
        raise FontError("the font has no table that says which characters it draws")
    return Font(path, covers)


def _check_tables(reader: Any, num_bytes: int) -> None:
    """Before a table is read as it says it is.

    Raises:
        ValueError: it says that it is larger than its file, or maps more characters than there are.
        struct.error: it is cut short.
    """
    if any(table.length > num_bytes for table in reader.tables.values()):
        raise ValueError("a table is larger than the file")
    if _num_mapped(reader["cmap"]) > _MOST_CHARACTERS:
        raise ValueError("the table of characters repeats itself")


def _num_mapped(cmap: bytes) -> int:
    """How many characters the largest part of a table says that it maps, one by one.

    Raises:
        struct.error: it is cut short.
    """
    (num_parts,) = struct.unpack_from(">H", cmap, 2)
    starts = {struct.unpack_from(">HHI", cmap, 4 + 8 * part)[2] for part in range(num_parts)}
    return max((_num_in_part(cmap, start) for start in starts), default=0)


def _num_in_part(cmap: bytes, at: int) -> int:
    (kind,) = struct.unpack_from(">H", cmap, at)
    if kind == 4:
        num = struct.unpack_from(">H", cmap, at + 6)[0] // 2
        ends = struct.unpack_from(f">{num}H", cmap, at + 14)
        firsts = struct.unpack_from(f">{num}H", cmap, at + 16 + 2 * num)
        return sum(max(0, end + 1 - first) for first, end in zip(firsts, ends, strict=True))
    if kind in (12, 13):
        (num,) = struct.unpack_from(">I", cmap, at + 12)
        groups = struct.iter_unpack(">III", cmap[at + 16 : at + 16 + 12 * num])
        return sum(max(0, end + 1 - first) for first, end, _ in groups)
    return 0  # as long as it says


def packaged_font() -> Font:
    """Noto Sans SC: Chinese in both scripts, and the letters of Western European languages.

    Captions and the label are set in it, and whatever a brand's own fonts cannot draw.
    """
    import pylopdf_fonts_zh_cn

    return read_font(pylopdf_fonts_zh_cn.sans_path())


def fonts_of(own: Sequence[Font]) -> Fonts:
    """A brand's fonts first, the packaged one for what they lack."""
    return Fonts((*own, packaged_font()))


@lru_cache(maxsize=_SIZES_KEPT)
def sized(font: Font, size: int) -> ImageFont.FreeTypeFont:
    """The font at a size in pixels."""
    return ImageFont.truetype(font.path, size)
