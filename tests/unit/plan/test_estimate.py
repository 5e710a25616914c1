"""The estimate of a campaign's time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.plan.estimate import estimate_seconds


def test_one_worker_takes_the_sum():
    assert estimate_seconds([10, 20, 30], [2.0], 1) == pytest.approx(30)


def test_two_workers_share_the_machine_and_the_last_video_has_it_alone():
    # both at 1.5 until the short one ends at 10 / 1.5, then 10 left at 2
    assert estimate_seconds([10, 20], [2.0, 3.0], 2) == pytest.approx(10 / 1.5 + 10 / 2)


def test_nothing_to_do_takes_no_time():
    assert estimate_seconds([], [1.0], 2) == 0


@given(st.lists(st.floats(0.1, 100), min_size=1, max_size=20), st.integers(1, 5))
def test_it_is_between_perfect_sharing_and_one_after_the_other(work, workers):
    seconds = estimate_seconds(work, [1.0, 1.5], workers)

    assert sum(work) / 1.5 <= seconds * (1 + 1e-9)
    assert seconds <= sum(work) * (1 + 1e-9)


def test_a_rate_of_zero_is_refused():
    with pytest.raises(ValueError, match="positive"):
        estimate_seconds([1], [0.0], 1)
