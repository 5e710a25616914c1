"""Marks that say what is seen while a script is spoken: ``[show image2 3s]``, ``[presenter full]``.

They are never spoken and never captioned. Pure.
"""

import re
from dataclasses import dataclass
from typing import Literal

Shown = Literal["image", "presenter", "price"]
_TIME = r"(?:\s+(?P<{0}>\d{{1,3}}(?:\.\d{{1,3}})?)\s?s)?"
SCREEN_MARK = re.compile(
    r"[\[［]\s*(?:"
    rf"show\s+image\s?(?P<number>\d{{1,2}})?{_TIME.format('image_s')}"
    rf"|(?P<presenter>presenter\s+full){_TIME.format('presenter_s')}"
    rf"|(?P<price>price){_TIME.format('price_s')}"
    r")\s*[\]］]",
    re.IGNORECASE,
)
_LIKE_A_MARK = re.compile(
    r"[\[［]\s*(?:show|presenter|price|image|headline|cta|logo)\b[^\[\]［］\n]{0,40}[\]］]",
    re.IGNORECASE,
)
_SPACE = " \t"
_CLOSE_UP = frozenset(",.!?;:，。！？；：、)）”’」』")


@dataclass(frozen=True)
class ScreenMark:
    """What is seen from a word on.

    Attributes:
        index: of the first character behind the mark, in the text without marks.
        shown: a product picture, the presenter alone in the whole frame, or the price.
        number: of the picture, from 1; 0 for the others.
        seconds: how long; None: until the next mark, or the end.
        written: the mark, for people.
    """

    index: int
    shown: Shown
    number: int
    seconds: float | None
    written: str


def screen_mark_of(match: re.Match[str], index: int) -> ScreenMark:
    """The mark that :data:`SCREEN_MARK` found, at a place in the text without marks."""
    if match["presenter"]:
        shown: Shown = "presenter"
    else:
        shown = "price" if match["price"] else "image"
    seconds = match[f"{shown}_s"]
    number = int(match["number"] or 1) if shown == "image" else 0
    return ScreenMark(index, shown, number, float(seconds) if seconds else None, match[0])


def without_screen_marks(raw: str) -> str:
    """A script as it would stand there if nobody had put marks for the screen into it.

    A script without such marks stays what it is.
    """
    text, at = "", 0
    for match in SCREEN_MARK.finditer(raw):
        text, at = text + raw[at : match.start()], match.end()
        if not text or text[-1].isspace():
            while raw[at : at + 1] and raw[at] in _SPACE:
                at += 1
            if not raw[at : at + 1] or raw[at] in _CLOSE_UP:
                text = text.rstrip(_SPACE)
    return text + raw[at:]


def misspelt_screen_marks(text: str) -> tuple[tuple[str, int], ...]:
    """What begins like a mark for the screen and is none: as it is written, and where."""
    return tuple(
        (match[0], match.start())
        for match in _LIKE_A_MARK.finditer(text)
        if not SCREEN_MARK.fullmatch(match[0])
    )
