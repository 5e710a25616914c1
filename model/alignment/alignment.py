"""The times of a script's phones in a recording of it, found window by window.

A window of the sound is read at a time, with more of the script than anybody says in it; what was
found is kept up to a pause before the window's end, from which the next one goes on.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from model.alignment.paths import Numbers, likeliest
from model.alignment.phone_net import HOP, KIND_OF, PAUSE, Values, likeness
from model.engine import Phoneme
from model.speech.phones import LENGTH_AND_TONE_MARKS, PAUSES

WINDOW_STEPS = 6_000  # 10 ms each
KEPT_STEPS = 4_500
_PAUSE_BETWEEN_WORDS = -3.0  # of a logarithm: without a comma or a stop, pauses are rarer
_PHONES_A_WINDOW = 1_500  # 25 a second; people say 10 to 20


@dataclass(frozen=True)
class SaidLine:
    """A line of the script in a recording.

    Attributes:
        phones: in samples at 16 kHz.
        likeness: of its phones to the sound: 0 for any phones, 1 for the likeliest at every moment.
    """

    phones: tuple[Phoneme, ...]
    likeness: float


@dataclass(frozen=True)
class Alignment:
    """A script in its recording.

    Attributes:
        lines: one for each of the script's.
        likeness: of all of them.
        other_likeness: of other words to the same sound: the script's phones backwards.
    """

    lines: tuple[SaidLine, ...]
    likeness: float
    other_likeness: float


@dataclass(frozen=True)
class _Row:
    """The phones of all lines in order, with a pause at both ends and between words."""

    symbols: list[str]
    kinds: Numbers
    lines: Numbers
    entry: Values


def aligned(
    sound_between: Callable[[int, int], Values], num_samples: int, lines: Sequence[str]
) -> Alignment | None:
    """When each of ``lines`` is said; None where the recording has no room for them.

    Args:
        sound_between: ``(end - start,)`` samples of the recording at 16 kHz, speech at -23 dBFS.
        num_samples: of the recording, not zero.
        lines: phonemes of the voices' alphabet.
    """
    row = _row_of(lines)
    num_steps = -(-num_samples // HOP)
    start, first = 0, 0
    paths: list[Numbers] = []
    shares: list[Values] = []
    while start < num_steps:
        end = min(start + WINDOW_STEPS, num_steps)
        is_last = end == num_steps
        like = likeness(sound_between(start * HOP, min(end * HOP, num_samples)))
        last = min(first + _PHONES_A_WINDOW, len(row.kinds))
        if is_last and last < len(row.kinds):
            return None
        kinds, entry = row.kinds[first:last], row.entry[first:last]
        path = likeliest(like, kinds, PAUSE, entry=entry, is_last=is_last)
        if path is None:
            return None
        kept = len(path) if is_last else _border(row.kinds[first + path])
        paths.append(first + path[:kept])
        shares.append(_shares(like[:kept], row, paths[-1]))
        first, start = int(paths[-1][-1]), start + kept
    return _said(row, np.concatenate(paths), np.concatenate(shares), len(lines))


def aligned_in(
    sound_between: Callable[[int, int], Values], borders: Sequence[int], lines: Sequence[str]
) -> Alignment | None:
    """The same where it is known which part of the sound each of ``lines`` is said in.

    Args:
        sound_between: see :func:`aligned`.
        borders: of these parts, one more than there are lines; whole steps, in samples.
        lines: see :func:`aligned`.
    """
    row = _row_of(lines)
    steps = [border // HOP for border in borders]
    paths: list[Numbers] = []
    shares: list[Values] = []
    for first, last in _windows(steps):
        like = likeness(sound_between(borders[first], borders[last]))
        for number in range(first, last):
            part = like[steps[number] - steps[first] : steps[number + 1] - steps[first]]
            # from the pause that the line before ends with
            start = max(int(np.searchsorted(row.lines, number)) - 1, 0)
            end = int(np.searchsorted(row.lines, number, "right"))
            entry = row.entry[start:end]
            path = likeliest(part, row.kinds[start:end], PAUSE, entry=entry, is_last=True)
            if path is None:
                return None
            paths.append(start + path)
            shares.append(_shares(part, row, paths[-1]))
    return _said(row, np.concatenate(paths), np.concatenate(shares), len(lines))


def _windows(steps: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Parts that are heard together: as many as a window holds, and at least one."""
    first = 0
    for last in range(1, len(steps)):
        if last == len(steps) - 1 or steps[last + 1] - steps[first] > WINDOW_STEPS:
            yield first, last
            first = last


def _row_of(lines: Sequence[str]) -> _Row:
    symbols, kinds, numbers, entry = [" "], [PAUSE], [0], [0.0]
    for number, line in enumerate(lines):
        for symbol in (*line, "."):
            is_phone = symbol in KIND_OF and symbol not in LENGTH_AND_TONE_MARKS
            if symbol in PAUSES and kinds[-1] == PAUSE and symbol != " ":
                entry[-1] = 0.0
            elif is_phone or (symbol in PAUSES and kinds[-1] != PAUSE):
                symbols.append(symbol)
                kinds.append(KIND_OF[symbol] if is_phone else PAUSE)
                numbers.append(number)
                entry.append(_PAUSE_BETWEEN_WORDS if symbol == " " else 0.0)
    return _Row(symbols, np.array(kinds), np.array(numbers), np.array(entry, np.float32))


def _border(kinds: Numbers) -> int:
    """Where to go on: the middle of the last pause in time, else where it is time."""
    pauses = np.flatnonzero(kinds[WINDOW_STEPS // 4 : KEPT_STEPS] == PAUSE) + WINDOW_STEPS // 4
    if not len(pauses):
        return KEPT_STEPS
    last = int(pauses[-1])
    first = last
    while first > 0 and kinds[first - 1] == PAUSE:
        first -= 1
    return (first + last) // 2 + 1


def _shares(like: Values, row: _Row, path: Numbers) -> Values:
    """``(T, 3)``: how much likelier than usual the path's phones are, other ones, the likeliest."""
    there = slice(int(path[0]), int(path[-1]) + 1)
    kinds, entry = row.kinds[there][::-1], row.entry[there][::-1]
    other = likeliest(like, kinds, PAUSE, entry=entry, is_last=True)
    own = row.kinds[path]  # in no more time than the shortest phones need, others are no better
    told = np.stack([own, own if other is None else kinds[other]], 1)
    found = np.take_along_axis(like, told, 1)
    return np.concatenate([found, like.max(1)[:, None]], 1) - like.mean(1)[:, None]


def _said(row: _Row, path: Numbers, shares: Values, num_lines: int) -> Alignment:
    borders = np.searchsorted(path, np.arange(len(row.kinds) + 1))
    phones: list[list[Phoneme]] = [[] for _ in range(num_lines)]
    for index in np.flatnonzero(row.kinds != PAUSE).tolist():
        start, end = int(borders[index]) * HOP, int(borders[index + 1]) * HOP
        phones[row.lines[index]].append(Phoneme(row.symbols[index], start, end))
    is_said = row.kinds[path] != PAUSE
    totals = np.zeros((num_lines, 3))
    np.add.at(totals, row.lines[path[is_said]], shares[is_said])
    best = np.maximum(totals[:, 2], 1e-6)
    lines = tuple(
        SaidLine(tuple(each), float(total))
        for each, total in zip(phones, totals[:, 0] / best, strict=True)
    )
    own, other, _ = totals.sum(0) / max(float(totals[:, 2].sum()), 1e-6)
    return Alignment(lines, float(own), float(other))
