"""Cells of a manifest: text -> value, or the rule that it breaks and the way out."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from itertools import count

from tasks.deliver_records import CaptionStyle
from tasks.inputs.text_files import (
    character_fault,
)
from tasks.manifest.presets import SIZE_MULTIPLE
from tasks.portrait import framing
from tasks.portrait.suitability import ALLOWABLE
from tasks.redaction import without_secrets
from tasks.screen import caption_styles
from tasks.screen.caption_styles import CaptionStyleError
from tasks.screen.formats import NO_SETS, FormatError, FormatSets, parse_formats
from tasks.speech.voices import known_voice, voices

_ON = frozenset(("on", "yes", "true", "1", "是", "开"))
_OFF = frozenset(("off", "no", "false", "0", "否", "关"))
VIDEO_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
WINDOWS_NAMES = frozenset(
    [
        *("con", "prn", "aux", "nul"),
        *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10)),
    ]
)
"""Windows keeps these for itself, with every suffix."""
_MAX_SIDE = 4096
_STEM_CHARS = 58  # of a name of at most 63, before its number
_SIZE = re.compile(r"(\d{1,5})\s*[x*×]\s*(\d{1,5})", re.IGNORECASE)
_WHOLE_NUMBER = re.compile(r"([+-]?\d{1,18})(?:\.0*)?")
_EXCEL_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?E[+-]?\d+", re.IGNORECASE)
_EXCEL_DATE = re.compile(
    r"\d{1,4}[/.]\d{1,2}(?:[/.]\d{1,4})?|\d{1,2}-[A-Z][a-z]{2}|[A-Z][a-z]{2}-\d{2}"
    r"|\d{1,2}月\d{1,2}日"
)
_EXCEL_ERROR = re.compile(r"#(?:REF!|NAME\?|VALUE!|N/A|DIV/0!|NUM!|NULL!|SPILL!|CALC!|#+)")
_FORMULA = re.compile(r"=\s*(?:[A-Z.]+\(|\$?[A-Z]{1,3}\$?\d+\b|'[^']+'!)", re.IGNORECASE)


class BadValueError(ValueError):
    """A cell breaks a rule; ``args`` are the rule and the way out.

    ``may_heal`` says that the fault is a server's or the network's, not the cell's.
    """

    def __init__(self, rule: str, way_out: str, *, may_heal: bool = False) -> None:
        super().__init__(rule, way_out)
        self.may_heal = may_heal


def parse_size(text: str) -> tuple[int, int]:
    """Width and height of ``704x384`` or ``704*384``.

    Raises:
        ValueError: not two multiples of 16 between 16 and 4096; ``args`` are rule and way out.
    """
    match = _SIZE.fullmatch(text)
    rule = (
        f"a size must be WxH, both multiples of {SIZE_MULTIPLE} from {SIZE_MULTIPLE} to {_MAX_SIDE}"
    )
    if not match:
        raise BadValueError(rule, 'try "704x384"')
    sides = (int(match[1]), int(match[2]))
    if any(side % SIZE_MULTIPLE or not 0 < side <= _MAX_SIDE for side in sides):
        near = [
            min(max(round(side / SIZE_MULTIPLE), 1) * SIZE_MULTIPLE, _MAX_SIDE) for side in sides
        ]
        raise BadValueError(rule, f'try "{near[0]}x{near[1]}"')
    return sides


def smaller_size_fault(size: tuple[int, int], smaller: tuple[int, int]) -> tuple[str, str] | None:
    """The rule that a smaller size breaks beside the size, and the way out; None for neither."""
    if smaller[0] * smaller[1] < size[0] * size[1]:
        return None
    rule = f"it must have fewer pixels than the video's {size[0]}x{size[1]}"
    return rule, "choose a smaller one, or leave it out"


def parse_framing(text: str) -> str:
    """See :func:`tasks.portrait.framing.parse_framing`.

    Raises:
        BadValueError: it is none.
    """
    try:
        return framing.parse_framing(text)
    except ValueError as error:
        raise BadValueError(str(error), 'try "auto"') from error


def parse_deliver(text: str, sets: FormatSets = NO_SETS) -> tuple[tuple[int, int], ...]:
    """See :func:`tasks.screen.formats.parse_formats`.

    Raises:
        BadValueError: a format is none.
    """
    try:
        return parse_formats(text, sets)
    except FormatError as error:
        raise BadValueError(*error.args) from error


def parse_caption_style(text: str) -> CaptionStyle:
    """See :func:`tasks.screen.caption_styles.parse_caption_style`.

    Raises:
        BadValueError: it is none.
    """
    try:
        return caption_styles.parse_caption_style(text)
    except CaptionStyleError as error:
        raise BadValueError(*error.args) from error


def parse_allow(text: str) -> tuple[str, ...]:
    """Names of faults of a portrait, separated by commas, semicolons or spaces.

    Raises:
        BadValueError: one is unknown.
    """
    names = tuple(dict.fromkeys(re.split(r"[\s,;、，；]+", text.strip().lower())))
    for name in names:
        if name not in ALLOWABLE:
            close = get_close_matches(name, ALLOWABLE, 1) or ["not-human"]
            raise BadValueError(f'"{name}" is none of {", ".join(ALLOWABLE)}', f'try "{close[0]}"')
    return tuple(sorted(names))


def parse_number(text: str, low: int, high: int) -> int:
    """A whole number, ``low <= number <= high``; Excel's ``1.0`` is one.

    Raises:
        BadValueError: it is none.
    """
    match = _WHOLE_NUMBER.fullmatch(text)
    rule = f"must be a whole number from {low} to {high}"
    if not match:
        is_excel = _EXCEL_NUMBER.fullmatch(text)
        way_out = "format the column as text in Excel and type it again" if is_excel else 'try "1"'
        raise BadValueError(rule, way_out)
    value = int(match[1])
    if not low <= value <= high:
        raise BadValueError(rule, f'try "{min(max(value, low), high)}"')
    return value


def parse_choice(text: str, names: Sequence[str]) -> str:
    """One of ``names``.

    Raises:
        BadValueError: it is none of them.
    """
    if text in names:
        return text
    near = get_close_matches(text.lower(), names, 1, 0.5)
    way_out = f'did you mean "{near[0]}"?' if near else "choose one of them"
    raise BadValueError(f"must be one of {', '.join(names)}", way_out)


def parse_switch(text: str) -> bool:
    """``on`` or ``off``, and the words that people write for them.

    Raises:
        BadValueError: it is neither.
    """
    for value, words in ((True, _ON), (False, _OFF)):
        if text.strip().lower() in words:
            return value
    raise BadValueError("must be on or off", 'try "on"')


def parse_voice(text: str) -> str:
    """The name of a voice that can be had.

    Raises:
        BadValueError: there is none of that name.
    """
    return text if known_voice(text) else parse_choice(text, [each.name for each in voices()])


def parse_language(text: str) -> str:
    """``en`` or ``zh``.

    Raises:
        BadValueError: another language, or another way to write one of them.
    """
    lower = text.lower()
    if lower in ("en", "zh"):
        return lower
    known = {"chinese": "zh", "mandarin": "zh", "cn": "zh", "中文": "zh", "english": "en"}
    near = known.get(lower) or (lower[:2] if lower[:2] in ("en", "zh") else "")
    way_out = f'try "{near}"' if near else "leave it empty to recognise it from the script"
    raise BadValueError("the language must be en or zh", way_out)


def parse_due(text: str) -> datetime:
    """A day, which means its end, or a moment of a day; in UTC unless it names an offset.

    Raises:
        BadValueError: it is neither.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        rule = "must be a day or a time of a day in UTC"
        raise BadValueError(rule, 'try "2026-12-24" or "2026-12-24 18:00"') from error
    if len(text) <= len("2026-12-24"):
        moment = moment.replace(hour=23, minute=59)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def parse_video_id(text: str, fallback: str) -> str:
    """The name of a video; ``fallback`` is proposed where nothing of ``text`` can be kept.

    Raises:
        BadValueError: it breaks the rule of names.
    """
    if VIDEO_ID.fullmatch(text):
        return text
    rule = "must match [a-z0-9][a-z0-9-]* and have at most 63 characters"
    for kind, pattern in (("number", _EXCEL_NUMBER), ("date", _EXCEL_DATE)):
        if pattern.fullmatch(text):
            way_out = "format the column as text in Excel and type it again"
            raise BadValueError(f"{rule}; it looks like a {kind} that Excel made of it", way_out)
    raise BadValueError(rule, f'try "{suggested_id(without_secrets(text), fallback)}"')


def suggested_id(text: str, fallback: str) -> str:
    """The valid video_id nearest to ``text``."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:63].strip("-") or fallback


def free_id(name: str, taken: dict[str, Iterator[int]]) -> str:
    """``name``, or ``name-2``, ``name-3`` ...: the first that is not taken; it then is.

    ``taken`` maps a name to the numbers after it that were not tried yet.
    """
    if name in taken:
        stem = name[:_STEM_CHARS]
        numbers = taken.setdefault(stem, count(2))
        name = next(each for each in (f"{stem}-{n}" for n in numbers) if each not in taken)
    taken.setdefault(name, count(2))
    return name


def check_text(cell: str, *, allow_lines: bool) -> None:
    """A cell holds what somebody typed.

    Raises:
        BadValueError: it holds characters that nobody types, or what a spreadsheet left.
    """
    fault = character_fault(cell, allow_lines=allow_lines)
    if fault:
        raise BadValueError(fault, "remove it or type the text again")
    if _EXCEL_ERROR.fullmatch(cell):
        raise BadValueError("this is a spreadsheet error", "correct the formula")
    if _FORMULA.match(cell):
        way_out = "paste the values instead, then save as CSV again"
        raise BadValueError("this is a spreadsheet formula", way_out)
