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

    score = np.full(num_states, _NEVER, np.float32)
    score[0] = likeness[0, state_kinds[0]]
    if is_pause[0] and num_states > 1:
        score[1] = likeness[0, state_kinds[1]]
    came = np.zeros((num_steps, num_states), np.uint8)
    stay_cost = np.where(may_stay, 0, _NEVER).astype(np.float32)
    skip_cost = np.where(follows_pause, 0, _NEVER).astype(np.float32)
    entry_cost = np.zeros(num_states, np.float32)
    if entry is not None:
        entry_cost = np.where(begins, entry[owner], 0).astype(np.float32)
    before = np.full(num_states, _NEVER, np.float32)
    over = np.full(num_states, _NEVER, np.float32)
    for step in range(1, num_steps):
        stay = score + stay_cost
        before[1:] = score[:-1]
        before += entry_cost
        over[2:] = score[:-2]
        over[2:] += skip_cost[2:]
        best = np.maximum(before, over)
        row = came[step]
        np.greater_equal(over, before, out=row.view(bool))
        row += 1
        is_staying = stay >= best
        row[is_staying] = _STAY
        score = np.maximum(stay, best)
        score += likeness[step, state_kinds]

    state = _end(score, is_pause, is_last=is_last)
    return owner[_back(came, state)] if score[state] > _NEVER / 2 else None


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
