"""Words in a box: as large as they fit, in as few lines, and no line breaks inside a word. Pure.

English breaks at spaces and behind hyphens, Chinese between words as a small model of its
characters sees them. What cannot fit at the smallest size is refused, never cut off.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from tasks.reading.languages import Language
from tasks.screen.fonts import Fonts, Run, sized
from tasks.screen.text.line_breaks import unbroken

LINE_HEIGHT = 1.28
"""Of the size, from one baseline to the next."""
_ASCENT = 1.0  # of the size, from a line's top to its baseline
_CLOSING = frozenset("，。！？、；：”’」』）》】…—,.!?;:)]}%％")
_OPENING = frozenset("“‘「『（《【([{$￥¥€£#")
_MOST_KERNING = 8  # pixels, of a line
MOST_CHARS = 400
"""Of words on a screen."""
_SHOWN = 40
_MOST_BEYOND = 8  # of a letter's size: how far outlines reach beyond their line


class TextFitError(ValueError):
    """Words that cannot stand where they should; ``rule`` and ``way_out`` are for people.

    ``most``: so many characters of them fit, wherever in the text they are taken from; None: that
    is not what is wrong.
    """

    def __init__(self, rule: str, way_out: str, most: int | None = None) -> None:
        super().__init__(rule, way_out, most)
        self.rule, self.way_out, self.most = rule, way_out, most


@dataclass(frozen=True)
class Box:
    """Where words may stand, in pixels.

    Attributes:
        width, height: of the box.
        largest, smallest: sizes between which the words are shrunk.
        max_lines: the most lines.
    """

    width: int
    height: int
    largest: int
    smallest: int
    max_lines: int


@dataclass(frozen=True)
class Setting:
    """Words in lines of one size, in pixels."""

    lines: tuple[str, ...]
    size: int
    width: int
    height: int


def fit(text: str, language: Language, fonts: Fonts, box: Box) -> Setting:
    """``text`` in the largest size at which it fits into ``box``, its lines as even as can be.

    Raises:
        TextFitError: it does not fit at the smallest size.
    """
    if len(text) > MOST_CHARS:
        raise _misfit(text, units_of(text[:MOST_CHARS], language), fonts, box)
    units = units_of(text, language)
    low, high = box.smallest - 1, box.largest
    while low < high:
        size = (low + high + 1) // 2
        if _lines(units, fonts, size, box):
            low = size
        else:
            high = size - 1
    lines = _lines(units, fonts, low, box) if low >= box.smallest else ()
    if not lines:
        raise _misfit(text, units, fonts, box)
    width = max(_width(line, fonts, low) for line in lines)
    for run in (run for line in lines for run in fonts.runs(line)):
        _check_outlines(run, low, width)
    return Setting(lines, low, width, _height(len(lines), low))


def drawn(setting: Setting, fonts: Fonts, colour: str, align: str = "left") -> Image.Image:
    """The words as an RGBA picture of ``setting.width`` x ``setting.height`` pixels.

    ``align``: left, centre or right.
    """
    picture = Image.new("RGBA", (setting.width, setting.height), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    for index, line in enumerate(setting.lines):
        slack = setting.width - _width(line, fonts, setting.size)
        left = {"left": 0.0, "centre": slack / 2, "right": float(slack)}[align]
        baseline = round(_ASCENT * setting.size + index * LINE_HEIGHT * setting.size)
        for run in fonts.runs(line):
            font = sized(run.font, setting.size)
            draw.text((left, baseline), run.text, font=font, fill=colour, anchor="ls")
            left += font.getlength(run.text)
    return picture


def _check_outlines(run: Run, size: int, width: int) -> None:
    """A font's outlines may be any number of times larger than its letters; all are drawn whole.

    Raises:
        TextFitError: they are, or they cannot be drawn.
    """
    try:
        left, top, right, bottom = sized(run.font, size).getbbox(run.text, anchor="ls")
    except OSError:  # FreeType's
        left = top = right = bottom = float("inf")
    if max(-left, right, -top, bottom) > width + _MOST_BEYOND * size:
        rule = f'the font {run.font.path.name} cannot draw "{run.text[:_SHOWN]}" within its line'
        raise TextFitError(rule, "name another font")


def units_of(text: str, language: Language) -> list[str]:
    """``text`` on one line, in the stretches inside which no line may break."""
    line = " ".join(text.split())
    inside = unbroken(line, language)
    units: list[str] = []
    start = 0
    for index in range(1, len(line)):
        if index not in inside and _may_break(line[index - 1], line[index]):
            units.append(line[start:index])
            start = index
    return [*units, line[start:]] if line else []


def _may_break(left: str, right: str) -> bool:
    if right in _CLOSING or left in _OPENING or right == " ":
        return False
    return left in " -–—" or _is_wide(left) or _is_wide(right)


def _is_wide(sign: str) -> bool:
    return "\u2e80" <= sign <= "\u9fff" or "\uac00" <= sign <= "\ud7af" or sign >= "\uff00"


def _lines(units: Sequence[str], fonts: Fonts, size: int, box: Box) -> tuple[str, ...]:
    """Lines that fit into the box at a size, the fewest, as even as can be; none: they do not."""
    widths, spaces = _widths(units, fonts, size)
    most = min(box.max_lines, _most_lines(box.height, size))
    for limit in range(box.width, box.width - _MOST_KERNING, -1):
        even = _evened(widths, spaces, limit)
        lines = tuple("".join(units[start:end]).rstrip() for start, end in even)
        if not lines or len(lines) > most:
            return ()
        # letters of two words are kerned over the space too, so a line may be wider than its words
        if all(_width(line, fonts, size) <= box.width for line in lines):
            return lines
    return ()


def _widths(units: Sequence[str], fonts: Fonts, size: int) -> tuple[list[int], list[int]]:
    """Of units, and of the space behind each of them, in pixels."""
    widths = [_width(unit, fonts, size) for unit in units]
    spaces = [
        _width(unit + ".", fonts, size) - _width(unit.rstrip() + ".", fonts, size)
        if unit[-1:] == " "
        else 0
        for unit in units
    ]
    return widths, spaces


def _evened(widths: Sequence[int], spaces: Sequence[int], limit: int) -> list[tuple[int, int]]:
    """The fewest lines within ``limit``, in the narrowest column that has no more of them."""
    lines = _filled(widths, spaces, limit)
    low, high = max(widths), limit
    while low < high:
        middle = (low + high) // 2
        if len(_filled(widths, spaces, middle)) <= len(lines):
            high = middle
        else:
            low = middle + 1
    return _filled(widths, spaces, high)


def _filled(widths: Sequence[int], spaces: Sequence[int], limit: int) -> list[tuple[int, int]]:
    """Lines filled from their beginning, as ranges of units; none where a unit is too wide."""
    if max(widths) > limit:
        return []
    lines: list[tuple[int, int]] = []
    start = at = 0
    for index, width in enumerate(widths):
        if index > start and at + width > limit:
            lines.append((start, index))
            start, at = index, 0
        at += width + spaces[index]
    return [*lines, (start, len(widths))]


def _width(line: str, fonts: Fonts, size: int) -> int:
    shown = line.rstrip()
    return -int(-sum(sized(run.font, size).getlength(run.text) for run in fonts.runs(shown)) // 1)


def _height(num_lines: int, size: int) -> int:
    return round(num_lines * LINE_HEIGHT * size)


def _most_lines(height: int, size: int) -> int:
    return max(0, int(height / (LINE_HEIGHT * size)))


def _misfit(text: str, units: Sequence[str], fonts: Fonts, box: Box) -> TextFitError:
    """Why words do not fit: there is no room for a line, or for the widest word, or for so many."""
    if not _most_lines(box.height, box.smallest):
        rule = "there is no room for a line, even in the smallest letters,"
        return TextFitError(rule, "choose another layout, or give it a higher region there")
    widest = max(units, key=lambda unit: _width(unit, fonts, box.smallest)).strip()
    if _width(widest, fonts, box.smallest) > box.width:
        shown = widest if len(widest) <= _SHOWN else widest[: _SHOWN - 1] + "…"
        rule = f'its word "{shown}" is too wide, even in the smallest letters,'
        return TextFitError(rule, "write a shorter word, or two")
    most = _most_characters(text, units, fonts, box)
    rule = f"{len(text)} characters do not fit, even in the smallest letters,"
    return TextFitError(rule, f"write at most {most} characters", most)


def _most_characters(text: str, units: Sequence[str], fonts: Fonts, box: Box) -> int:
    """So many characters fit at the smallest size, whichever of its units the words begin with."""
    widths, spaces = _widths(units, fonts, box.smallest)
    limit = box.width - _MOST_KERNING
    most_lines = min(box.max_lines, _most_lines(box.height, box.smallest))
    most = min(len(text) - 1, MOST_CHARS)
    for start in range(len(units)):
        end = start
        for _ in range(most_lines):
            at = 0
            while end < len(units) and (at == 0 or at + widths[end] <= limit):
                at += widths[end] + spaces[end]
                end += 1
        if end == len(units):
            break  # what begins later fits too
        most = min(most, len("".join(units[start:end]).rstrip()))
    return most
