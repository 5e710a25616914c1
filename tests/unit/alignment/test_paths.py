"""Phones that are known are laid where the sound is likest them."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from model.alignment.paths import likeliest

A, B, PAUSE = 0, 1, 2


def likeness(said: str) -> np.ndarray:
    """Of a sound that is clearly an a, a b or a pause at each step."""
    return np.array([[-9.0 * (kind != step) for kind in "ab."] for step in said], np.float32)


def found(said: str, kinds: list[int], *, is_last: bool = True) -> list[int] | None:
    path = likeliest(likeness(said), np.array(kinds), PAUSE, is_last=is_last)
    return None if path is None else path.tolist()


def test_phones_are_laid_where_they_sound() -> None:
    kinds = [PAUSE, A, B, PAUSE, A, PAUSE]
    assert found("..aaabb...aaaa.", kinds) == [0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 4, 4, 4, 4, 5]


def test_pauses_that_are_not_made_are_left_out() -> None:
    assert found("aaabbaa", [PAUSE, A, PAUSE, B, PAUSE, A, PAUSE]) == [1, 1, 1, 3, 3, 5, 5]


def test_a_phone_lasts_two_steps_and_a_sound_without_room_for_all_has_no_path() -> None:
    assert found("aaabaaa", [A, B, A]) in ([0, 0, 0, 1, 1, 2, 2], [0, 0, 1, 1, 2, 2, 2])
    assert found("aabba", [A, B, A]) is None
    assert found("aabba", [A, B, A], is_last=False) == [0, 0, 1, 1, 2]


@given(st.lists(st.tuples(st.sampled_from([A, B]), st.integers(2, 9)), min_size=1, max_size=30))
def test_any_row_of_phones_is_found_again(phones: list[tuple[int, int]]) -> None:
    kinds, said, path = [PAUSE], "", []
    for kind, length in phones:
        kinds += [kind, PAUSE]
        path += [len(kinds) - 2] * length + [len(kinds) - 1]
        said += "ab"[kind] * length + "."
    assert found(said, kinds) == path


def best_by_rule(
    like: np.ndarray, kinds: list[int], entry: list[float], *, is_last: bool
) -> float | None:
    """The score of the best path, phone by phone: each begins later than the one before it."""
    never = -1e30
    ends = np.full(len(like) + 1, never)  # of all before step t, with the phones so far
    ends[0] = 0.0
    skipped, found = None, []
    for kind, cost in zip(kinds, entry, strict=True):
        starts = ends if skipped is None else np.maximum(ends, skipped)
        now = np.full(len(like) + 1, never)
        least = 1 if kind == PAUSE else 2
        for start in range(len(like)):
            own = 0.0 if start == 0 else cost
            for end in range(start + 1, len(like) + 1):
                told = starts[start] + own + like[start:end, kind].sum()
                if end - start >= least:
                    now[end] = max(now[end], told)
                if end == len(like) and not is_last:
                    found.append(told)
        skipped = ends if kind == PAUSE else None
        ends = now
    if is_last:
        found = [ends[-1]] + ([skipped[-1]] if skipped is not None else [])
    best = max(found)
    return best if best > never / 2 else None


def score_of(path: np.ndarray, like: np.ndarray, kinds: list[int], entry: list[float]) -> float:
    changes = [b for a, b in pairwise(path.tolist()) if a != b]
    heard = sum(float(like[step, kinds[phone]]) for step, phone in enumerate(path))
    return heard + sum(entry[phone] for phone in changes)


@given(
    st.lists(st.sampled_from([A, B]), min_size=1, max_size=5),
    st.lists(st.lists(st.integers(-4, 0), min_size=3, max_size=3), min_size=1, max_size=14),
    st.booleans(),
    st.booleans(),
)
def test_no_path_is_likelier_than_the_one_that_is_found(phones, heard, has_pauses, is_last) -> None:
    kinds = [kind for phone in phones for kind in (phone, PAUSE)] if has_pauses else phones
    entry = [-3.0 * (kind == PAUSE) for kind in kinds]
    like = np.array(heard, np.float32)

    path = likeliest(
        like, np.array(kinds), PAUSE, entry=np.array(entry, np.float32), is_last=is_last
    )

    best = best_by_rule(like, kinds, entry, is_last=is_last)
    assert (None if path is None else score_of(path, like, kinds, entry)) == best


def test_a_sound_longer_than_what_is_scored_at_once_has_one_path() -> None:
    said = "aaa..bbbb" * 60
    kinds = [A, PAUSE, B] * 60
    path = found(said, kinds)
    assert path is not None
    assert "".join("ab."[kinds[phone]] for phone in path) == said
    assert path == sorted(path)
