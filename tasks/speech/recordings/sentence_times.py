"""When each sentence of a script is said in a recording, by its pauses and the sentences' lengths.

This needs no model of speech: it works in any language, and where a script cannot be aligned.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.speech.loudness import Levels, active_frames, pauses

SHORTEST_PAUSE_FRAMES = 12
_CANDIDATES = 16
_VIRTUAL_COST = 0.5
_ODD_PAUSE_COST = 0.15


def sentence_times(levels: Levels, weights: Sequence[float]) -> list[tuple[int, int]]:
    """Fit sentences to a recording: 10 ms frames ``start <= i < end`` for each.

    A sentence's share of the active frames is expected to be its weight's share. Borders are laid
    into pauses where one is near the expected place, by dynamic programming.

    Args:
        levels: of the recording, one every 10 ms.
        weights: length of each sentence in characters, or any measure of time.
    """
    active = active_frames(levels)
    loud = np.flatnonzero(active)
    if not len(loud) or not weights:
        return [(0, len(levels))] * len(weights)
    first, last = int(loud[0]), int(loud[-1]) + 1
    spoken = np.concatenate(([0], np.cumsum(active)))
    gaps = [gap for gap in pauses(levels, SHORTEST_PAUSE_FRAMES) if first < gap[0] < last]
    shares = np.cumsum(np.asarray(weights, np.float64)) / float(sum(weights)) * int(spoken[-1])
    borders = _choose_borders(shares, gaps, spoken)
    starts = [first, *(end for _, end in borders)]
    ends = [*(start for start, _ in borders), last]
    return [(start, max(end, start + 1)) for start, end in zip(starts, ends, strict=True)]


@dataclass(frozen=True)
class _Border:
    """A place between two sentences: a pause, or (virtual) a point in the speech."""

    start: int
    end: int
    spoken: float
    cost: float


def _choose_borders(
    shares: NDArray[np.float64], gaps: list[tuple[int, int]], spoken: NDArray[np.int64]
) -> list[tuple[int, int]]:
    """The cheapest increasing row of borders, one after every sentence but the last."""
    mean = float(shares[-1]) / len(shares)
    places = [
        _Border(start, end, float(spoken[start]), _ODD_PAUSE_COST * 30 / (end - start))
        for start, end in gaps
    ]
    steps = [_candidates(share, places, spoken, mean) for share in shares[:-1].tolist()]
    costs = [0.0]
    came: list[list[int]] = []
    previous = [_Border(0, 0, 0.0, 0.0)]
    for index, step in enumerate(steps):
        wanted = float(shares[index] - (shares[index - 1] if index else 0.0))
        best = [
            min(
                (costs[k] + _stretch_cost(previous[k], border, wanted), k)
                for k in range(len(previous))
            )
            for border in step
        ]
        costs = [cost + border.cost for (cost, _), border in zip(best, step, strict=True)]
        came.append([k for _, k in best])
        previous = step
    if not steps:
        return []
    left = float(shares[-1] - shares[-2])
    at = min(
        range(len(previous)),
        key=lambda k: costs[k] + _length_cost(float(shares[-1]) - previous[k].spoken, left),
    )
    chosen: list[tuple[int, int]] = []
    for step, back in zip(reversed(steps), reversed(came), strict=True):
        chosen.append((step[at].start, step[at].end))
        at = back[at]
    return chosen[::-1]


def _stretch_cost(left: _Border, right: _Border, wanted: float) -> float:
    if right.start < left.end or right.spoken <= left.spoken:
        return math.inf if right.start < left.start else 1e6
    return _length_cost(right.spoken - left.spoken, wanted)


def _length_cost(length: float, wanted: float) -> float:
    """Squared log ratio: twice as long is as odd as half as long."""
    return math.log(max(length, 1.0) / max(wanted, 1.0)) ** 2


def _candidates(
    share: float, places: list[_Border], spoken: NDArray[np.int64], mean: float
) -> list[_Border]:
    """Pauses nearest to where ``share`` frames have been spoken, and that point itself."""
    at = bisect_left(places, share, key=lambda place: place.spoken)
    near = places[max(0, at - _CANDIDATES // 2) : at + _CANDIDATES // 2]
    point = int(np.searchsorted(spoken, share))
    inside = [place for place in near if abs(place.spoken - share) < 2 * mean]
    return [*inside, _Border(point, point, share, _VIRTUAL_COST)]
