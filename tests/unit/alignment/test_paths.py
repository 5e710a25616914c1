"""Phones that are known are laid where the sound is likest them."""

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
