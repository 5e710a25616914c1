"""The likeliest times of a known row of phones: Viterbi's algorithm over one window of the sound.

A phone lasts at least two steps; pauses may stand between words, and may be left out.
Shapes: T steps of 10 ms, K kinds of phones, N phones and pauses in their order.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Likeness: TypeAlias = NDArray[np.float32]
Numbers: TypeAlias = NDArray[np.int64]

_STAY, _FROM_BEFORE, _OVER_A_PAUSE = 0, 1, 2
_NEVER = np.float32(-1e30)
_STEPS_AT_ONCE = 128


def likeliest(
    likeness: Likeness,
    kinds: Numbers,
    pause: int,
    *,
    entry: Likeness | None = None,
    is_last: bool,
) -> Numbers | None:
    """Which of the ``(N,)`` phones sounds at each of ``(T,)`` steps; None where they do not fit.

    The first step is in the first phone, or in the second where the first is a pause.

    Args:
        likeness: ``(T, K)`` logarithms.
        kinds: of each phone, as columns of ``likeness``.
        pause: the kind that a phone never lasts two steps for, and that may be left out.
        entry: what beginning each phone adds, ``(N,)``; None: nothing.
        is_last: whether the sound ends with these phones; else it ends anywhere in them.
    """
    is_pause = kinds == pause
    owner = np.repeat(np.arange(len(kinds)), np.where(is_pause, 1, 2))
    state_kinds = kinds[owner]
    num_steps, num_states = len(likeness), len(owner)
    begins = np.concatenate([[True], owner[1:] != owner[:-1]])
    may_stay = is_pause[owner] | ~begins
    follows_pause = np.zeros(num_states, bool)
    follows_pause[2:] = begins[2:] & is_pause[owner[1:-1]]

    # what each way into a state adds: staying, from the state before, over a pause; two states that
    # are never stand before the first, so that all three ways are one sum of shifted scores
    costs = np.zeros((3, num_states), np.float32)
    costs[_STAY, ~may_stay] = _NEVER
    if entry is not None:
        costs[_FROM_BEFORE, begins] = entry[owner[begins]]
    costs[_OVER_A_PAUSE, ~follows_pause] = _NEVER
    scores = np.full((min(_STEPS_AT_ONCE, num_steps) + 1, num_states + 2), _NEVER, np.float32)
    scores[0, 2] = likeness[0, state_kinds[0]]
    if is_pause[0] and num_states > 1:
        scores[0, 3] = likeness[0, state_kinds[1]]
    ways = np.lib.stride_tricks.sliding_window_view(scores, num_states, axis=1)[:, ::-1]
    came = np.zeros((num_steps, num_states), np.uint8)
    reached = np.empty_like(costs)
    stay, before, over = reached
    for first in range(1, num_steps, _STEPS_AT_ONCE):
        heard = likeness[first : first + _STEPS_AT_ONCE].take(state_kinds, 1)
        for way, best, like in zip(ways, scores[1:, 2:], heard, strict=False):
            np.add(way, costs, out=reached)
            np.maximum(stay, before, out=best)
            np.maximum(best, over, out=best)
            best += like
        came[first : first + len(heard)] = _ways(ways[: len(heard)], costs)
        scores[0] = scores[len(heard)]

    score = scores[0, 2:]
    state = _end(score, is_pause, is_last=is_last)
    return owner[_back(came, state)] if score[state] > _NEVER / 2 else None


def _ways(ways: Likeness, costs: Likeness) -> NDArray[np.uint8]:
    """``(T, N)`` by which way each state was reached; of equal ones staying, then the longest."""
    stay, before, over = (ways[:, way] + costs[way] for way in range(3))
    came = (over >= before).astype(np.uint8)
    came += 1
    came[stay >= np.maximum(before, over)] = _STAY
    return came


def _end(score: Likeness, is_pause: NDArray[np.bool_], *, is_last: bool) -> int:
    if not is_last:
        return int(score.argmax())
    is_before = bool(is_pause[-1]) and len(score) > 1 and score[-2] > score[-1]
    return len(score) - 1 - is_before


def _back(came: NDArray[np.uint8], state: int) -> Numbers:
    """The states that led to the last one."""
    states = np.empty(len(came), np.int64)
    for step in range(len(came) - 1, -1, -1):
        states[step] = state
        state -= int(came[step, state])
    return states
