"""Fonts by file, and which of them has a character. The packaged one is Noto Sans SC."""

# fontTools brings no type stubs
# pyright: reportMissingTypeStubs=false

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

FONT_FILES = "TTF, OTF or TTC"
_MAX_BYTES = 64 << 20
_SIZES_KEPT = 128


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


@lru_cache(maxsize=32)
def _read_font(path: Path, version: int, num_bytes: int) -> Font:
    from fontTools.ttLib import TTFont, TTLibError

    del version
    if num_bytes > _MAX_BYTES:
        raise FontError(f"the font is larger than {_MAX_BYTES >> 20} MiB")
    try:
        with TTFont(path, lazy=True, fontNumber=0) as font:
            covers = frozenset(font.getBestCmap() or ())
        ImageFont.truetype(path, 16)
    except (TTLibError, OSError, KeyError, AssertionError, ValueError) as error:
        raise FontError(f"the file is not a font ({FONT_FILES}), or it is damaged") from error
    if not covers:
        raise FontError("the font has no table that says which characters it draws")
    return Font(path, covers)


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
