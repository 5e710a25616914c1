"""Speech -> captions: lines that fit, shown while they are said. Pure.

Widths are counted in columns: a Latin letter is one wide, a Chinese character or an emoji two.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from pydantic import Field

from model.engine import ENGINE_SAMPLE_RATE_HZ
from tasks.reading.languages import Language
from tasks.records import Record
from tasks.screen.text.line_breaks import unbroken, unbroken_figures
from tasks.speech_records import Cue, Speech

LINE_COLUMNS: dict[Language, int] = {"en": 42, "zh": 32}
"""42 Latin letters, or 16 Chinese characters."""
MAX_LINES = 2
LINGER_MS = 200
SHORTEST_MS = 800
_PUNCTUATION_BONUS = 12
_RTL_MARK = "\u200f"
_CLOSING = frozenset("，。！？、；：”’」』）》】…—,.!?;:)]}%％")
_OPENING = frozenset("“‘「『（《【([{$￥¥€£#")
_BREAK_AFTER = frozenset("，。！？、；：,.!?;:—…")
_EMOJI_TAIL = r"[\ufe0f\u20e3\u200d\U0001f3fb-\U0001f3ff]"
_TOKEN = re.compile(
    rf"[\U0001f1e6-\U0001f1ff]{{2}}"
    rf"|[\u2190-\u2bff\U0001f000-\U0001faff](?:\u200d.|{_EMOJI_TAIL})*"
    r"|[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff60\u3000-\u303f]"
    r"|[^\s\u2190-\u2bff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff60\U0001f000-\U0001faff]+"
    r"|\s+"
)

_PART_OF_ADDRESS = re.compile(r"[^./@?&=_\\:-]*[./@?&=_\\:-]+|[^./@?&=_\\:-]+")
"""``https://``, ``www.``, ``fernlight.``, ``com/``: a line may end with the signs between two."""


class Caption(Record):
    """At most two lines, shown for ``start_ms <= t < end_ms``."""

    lines: tuple[str, ...] = Field(min_length=1, max_length=MAX_LINES)
    start_ms: int = Field(ge=0)
    end_ms: int


def captions(
    speech: Speech, *, end_frame: int, fps: int, line_columns: int | None = None
) -> tuple[Caption, ...]:
    """Captions of the part of ``speech`` that a video of ``end_frame`` frames lets be heard.

    Lines are ``line_columns`` wide at most; None: as wide as the language's usually are.
    """
    end_ms = end_frame * 1000 // fps
    limit = line_columns or LINE_COLUMNS[speech.language]
    timed = [page for cue in speech.cues for page in _pages_of(cue, speech, limit)]
    shown: list[Caption] = []
    for index, (text, start, end) in enumerate(timed):
        following = timed[index + 1][1] if index + 1 < len(timed) else end_ms
        latest = max(end, min(following, end_ms))
        until = min(max(end + LINGER_MS, start + SHORTEST_MS), latest, end_ms)
        if until > start:
            lines = _directed(wrap(text, speech.language, limit))
            shown.append(Caption(lines=tuple(lines), start_ms=start, end_ms=until))
    return tuple(shown)


def wrap(text: str, language: Language, line_columns: int | None = None) -> list[str]:
    """Lines of ``text`` that fit a width, the language's usual one, as even as can be.

    No text is lost.
    """
    most = line_columns or LINE_COLUMNS[language]
    units = _units(text, language, most)
    lines = _fill(units, most)
    narrowest = max((columns(unit.rstrip()) for unit in units), default=1)
    for limit in range(most - 1, narrowest - 1, -1):
        tighter = _fill(units, limit)
        if len(tighter) > len(lines):
            break
        lines = tighter
    return lines


def pages(text: str, language: Language, line_columns: int | None = None) -> list[str]:
    """``text`` in parts of at most two lines, cut in its middle, best after punctuation."""
    most = line_columns or LINE_COLUMNS[language]
    if len(wrap(text, language, most)) <= MAX_LINES:
        return [text.strip()] if text.strip() else []
    units = _units(text, language, most)
    half = columns(text) / 2

    def cost(place: int) -> float:
        left = "".join(units[:place]).rstrip()
        bonus = _PUNCTUATION_BONUS if left[-1:] in _BREAK_AFTER else 0
        return abs(columns(left) - half) - bonus

    place = min(range(1, len(units)), key=cost)
    return [
        *pages("".join(units[:place]), language, most),
        *pages("".join(units[place:]), language, most),
    ]


def columns(text: str) -> int:
    """How wide ``text`` is shown."""
    width = 0
    for sign in text:
        if unicodedata.category(sign) in ("Mn", "Me", "Cf"):
            continue
        width += 2 if unicodedata.east_asian_width(sign) in "WF" else 1
    return width


def to_srt(shown: Sequence[Caption]) -> str:
    """SubRip, with line ends of one character."""
    blocks = (
        f"{number}\n{_clock(caption.start_ms, ',')} --> {_clock(caption.end_ms, ',')}\n"
        + "\n".join(line.replace("-->", "->") for line in caption.lines)
        for number, caption in enumerate(shown, 1)
    )
    return "".join(block + "\n\n" for block in blocks)


def to_vtt(shown: Sequence[Caption]) -> str:
    """WebVTT; ``& < >`` are escaped."""
    blocks = (
        f"{_clock(caption.start_ms, '.')} --> {_clock(caption.end_ms, '.')}\n"
        + "\n".join(
            line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            for line in caption.lines
        )
        for caption in shown
    )
    return "WEBVTT\n\n" + "".join(block + "\n\n" for block in blocks)


_TIMES = re.compile(
    r"^(\d\d+):(\d\d):(\d\d)([.,])(\d{3}) --> (\d\d+):(\d\d):(\d\d)[.,](\d{3})$", re.MULTILINE
)


def shifted_captions(text: str, milliseconds: int) -> str:
    """An SRT or VTT file of ours with all times so much later."""

    def later(match: re.Match[str]) -> str:
        mark = match[4]
        parts = [int(match[group]) for group in (1, 2, 3, 5, 6, 7, 8, 9)]
        moments = (
            ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest
            for hours, minutes, seconds, rest in (parts[:4], parts[4:])
        )
        return " --> ".join(_clock(moment + milliseconds, mark) for moment in moments)

    return _TIMES.sub(later, text)


# --- lines --------------------------------------------------------------------------------------


def _tokens(text: str, limit: int) -> list[str]:
    """Words with the space after them, Chinese characters and emoji; none wider than ``limit``."""
    tokens: list[str] = []
    for token in _TOKEN.findall(" ".join(text.split())):
        if token.isspace() and tokens:
            tokens[-1] += " "
        elif columns(token) <= limit:
            tokens.append(token)
        else:
            tokens += _parted(token, limit)
    return tokens


def _parted(token: str, limit: int) -> list[str]:
    """An address or another word that no line holds, parted where its own parts end.

    What has no parts so short is cut after half a line.
    """
    parts: list[str] = []
    for part in _PART_OF_ADDRESS.findall(token):
        if parts and columns(parts[-1] + part) <= limit // 2:
            parts[-1] += part
        elif columns(part) <= limit:
            parts.append(part)
        else:
            parts += [part[i : i + limit // 2] for i in range(0, len(part), limit // 2)]
    return parts


def _may_break(left: str, right: str) -> bool:
    return right[0] not in _CLOSING and left.rstrip()[-1:] not in _OPENING


def _fill(units: list[str], limit: int) -> list[str]:
    """Lines filled from the left."""
    lines: list[str] = []
    line = ""
    for unit in units:
        if line and columns((line + unit).rstrip()) > limit:
            lines.append(line.rstrip())
            line = ""
        line += unit
    return [*lines, line.rstrip()] if line.strip() else lines


def _units(text: str, language: Language, limit: int) -> list[str]:
    """Parts of ``text`` between which lines may break; what is wider than a line is parted.

    A part too wide is parted beside its figures, and through one only where a line holds no figure.
    """
    tokens = _tokens(text, limit)
    whole = "".join(tokens)
    units: list[str] = []
    at = 0
    for group in _groups(tokens, unbroken(whole, language), 0):
        if columns("".join(group).rstrip()) <= limit:
            units.append("".join(group))
        else:
            for part in _groups(group, unbroken_figures(whole, language), at):
                joined = "".join(part)
                units += [joined] if columns(joined.rstrip()) <= limit else part
        at += sum(map(len, group))
    return _joined(units)


def _groups(tokens: list[str], kept: frozenset[int], at: int) -> list[list[str]]:
    """Tokens that stay together; the first stands at ``at`` of the text that ``kept`` counts in."""
    groups: list[list[str]] = []
    for index, token in enumerate(tokens):
        if index and at in kept:
            groups[-1].append(token)
        else:
            groups.append([token])
        at += len(token)
    return groups


def _joined(parts: list[str]) -> list[str]:
    """Parts joined where their signs do not let a line break between them."""
    units = parts[:1]
    for left, right in pairwise(parts):
        if _may_break(left, right):
            units.append(right)
        else:
            units[-1] += right
    return units


def _directed(lines: list[str]) -> list[str]:
    """Marks around lines of a right-to-left text, so that its punctuation stays at its end."""
    strong = (unicodedata.bidirectional(sign) for line in lines for sign in line)
    first = next((kind for kind in strong if kind in ("L", "R", "AL")), "L")
    return lines if first == "L" else [f"{_RTL_MARK}{line}{_RTL_MARK}" for line in lines]


# --- times --------------------------------------------------------------------------------------


def _pages_of(cue: Cue, speech: Speech, limit: int) -> list[tuple[str, int, int]]:
    """Parts of a cue with the milliseconds in which they are said."""
    parts = pages(cue.text, speech.language, limit)
    widths = [columns(part) for part in parts]
    total = sum(widths) or 1
    borders = [_moment(cue, speech, sum(widths[:index]) / total) for index in range(len(parts) + 1)]
    return [(part, start, end) for part, (start, end) in zip(parts, pairwise(borders), strict=True)]


def _moment(cue: Cue, speech: Speech, share: float) -> int:
    """When ``share`` of a cue has been said, in ms: by its phones where there are any."""
    start_s = cue.start_sample / speech.sample_rate_hz
    end_s = cue.end_sample / speech.sample_rate_hz
    moment_s = start_s + share * (end_s - start_s)
    if 0 < share < 1 and speech.phonemes:
        starts = [phone.start for phone in speech.phonemes]
        first = bisect_left(starts, start_s * ENGINE_SAMPLE_RATE_HZ)
        last = bisect_left(starts, end_s * ENGINE_SAMPLE_RATE_HZ)
        if last > first:
            moment_s = starts[first + int(share * (last - first))] / ENGINE_SAMPLE_RATE_HZ
    return round(moment_s * 1000)


def _clock(milliseconds: int, mark: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{mark}{rest:03}"
