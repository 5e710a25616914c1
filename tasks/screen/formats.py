"""Sizes of deliverables: what a cell says, what they are called, which shape suits them. Pure."""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import TypeAlias

from tasks.deliver_records import CaptionMode, Size

RATIOS: dict[str, Size] = {
    "9:16": (1080, 1920),
    "16:9": (1920, 1080),
    "1:1": (1080, 1080),
    "4:5": (1080, 1350),
}
LEAST_SIDE, MOST_SIDE = 64, 4096
SAFE_TOP = {True: 0.10, False: 0.05}
"""What platforms draw over, of the height, by whether the screen is tall."""
_SIZE = re.compile(r"(\d{1,5})\s*[x*×]\s*(\d{1,5})", re.IGNORECASE)
_RATIO = re.compile(r"(\d{1,3})\s*[:：]\s*(\d{1,3})")
_BETWEEN = re.compile(r"[\s,;、，；+]+")
_MOST = 8
_SET_NAME = re.compile(r"[^\W\d_][\w-]{0,31}")
FormatSets: TypeAlias = Mapping[str, tuple[Size, ...]]
"""Sets of formats of a brand file, by their names in small letters."""
NO_SETS: FormatSets = MappingProxyType({})


class FormatError(ValueError):
    """A cell that names no size; ``args`` are the rule and the way out."""


def parse_formats(text: str, sets: FormatSets = NO_SETS) -> tuple[Size, ...]:
    """Sizes, ratios and sets, between commas, semicolons or spaces, each size once, in their order.

    ``9:16`` is 1080x1920, ``16:9`` 1920x1080, ``1:1`` 1080x1080, ``4:5`` 1080x1350.

    Raises:
        FormatError: one of them is none, or there are more than eight.
    """
    joined = re.sub(r"(?<=\d)\s*([x*×:：])\s*(?=\d)", r"\1", text.strip())
    words = [each for each in _BETWEEN.split(joined) if each]
    sizes = tuple(
        dict.fromkeys(
            size for word in words for size in sets.get(word.casefold()) or (_size(word, sets),)
        )
    )
    if not sizes:
        raise FormatError("no format is named", 'try "9:16"')
    if len(sizes) > _MOST:
        raise FormatError(
            f"{len(sizes)} formats are named, at most {_MOST} can be", "leave some out"
        )
    return sizes


def set_fault(name: str) -> tuple[str, str] | None:
    """Why a set of formats cannot be called so, and the way out; None: it can."""
    way_out = 'call it by a word, such as "social"'
    if _RATIO.fullmatch(name) or _SIZE.fullmatch(name):
        return f'"{name}" is a format itself', way_out
    if not _SET_NAME.fullmatch(name):
        rule = (
            f'"{name}" is no name of a set: it begins with a letter and holds no spaces or commas'
        )
        return rule, way_out
    return None


def _size(text: str, sets: FormatSets) -> Size:
    known = f"{', '.join(RATIOS)}, or WxH with even sides from {LEAST_SIDE} to {MOST_SIDE}"
    if sets:
        known += f", or a set of the brand file: {', '.join(sets)}"
    rule = f'"{text}" is no format: it must be {known}'
    if ratio := _RATIO.fullmatch(text):
        name = f"{int(ratio[1])}:{int(ratio[2])}"
        if name in RATIOS:
            return RATIOS[name]
        near = get_close_matches(name, RATIOS, 1, 0.5) or ["9:16"]
        raise FormatError(rule, f'try "{near[0]}", or write the size in pixels')
    found = _SIZE.fullmatch(text)
    if not found:
        close = get_close_matches(text.casefold(), sets, 1)
        raise FormatError(rule, f'try "{close[0]}"' if close else 'try "9:16" or "1080x1920"')
    size = (int(found[1]), int(found[2]))
    if any(side % 2 or not LEAST_SIDE <= side <= MOST_SIDE for side in size):
        near_sides = (min(max(side + side % 2, LEAST_SIDE), MOST_SIDE) for side in size)
        raise FormatError(rule, 'try "{}x{}"'.format(*near_sides))
    return size


def format_name(size: Size) -> str:
    """``1080x1920``: how a deliverable is called in names of files and in messages."""
    return f"{size[0]}x{size[1]}"


def listed(names: Sequence[str]) -> str:
    """Formats by name in a sentence: ``a, b and c``."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def is_tall(size: Size) -> bool:
    """Whether it fills a telephone that is held upright: 9:16 or narrower."""
    return size[0] * 16 <= size[1] * 9


def shape_for(sizes: Sequence[Size]) -> Size:
    """The one of ``sizes`` in whose shape to render, so that all of them together lose least.

    A size loses what has to be cut off the picture to have its shape.
    """

    def loss(shape: Size) -> float:
        return sum(1 - kept_share(shape, size) for size in sizes)

    return min(sizes, key=loss)


def kept_share(picture: Size, size: Size) -> float:
    """How much of ``picture`` is left where it is cut to the shape of ``size``."""
    across, down = picture[0] * size[1], picture[1] * size[0]
    return min(across, down) / max(across, down)


def mode_of(asked: CaptionMode | None, size: Size) -> CaptionMode:
    """How captions are shown: where nobody asks, burned into tall films and beside the others."""
    if asked is not None:
        return asked
    return "burned" if is_tall(size) else "beside"


def is_burned(asked: CaptionMode | None, size: Size) -> bool:
    """Whether captions are drawn into the picture."""
    return mode_of(asked, size) in ("burned", "both")


def is_beside(asked: CaptionMode | None, size: Size) -> bool:
    """Whether captions lie beside the film."""
    return mode_of(asked, size) in ("beside", "both")
