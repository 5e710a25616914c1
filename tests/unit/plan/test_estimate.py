"""The estimate of a campaign's time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.plan.estimate import (
    Pace,
    Timing,
    estimate_seconds,
    pace_of,
)


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


def test_two_lengths_tell_pixels_from_what_each_segment_costs_beside_them():
    pace = pace_of(Timing(1_000, 0.5), Timing(3_000, 0.9), video_s=0.7)
    assert pace == Pace(pytest.approx(0.0002), pytest.approx(0.3), 0.7)
    assert pace.work_s(10_000, 4) == pytest.approx(2 + 1.2 + 0.7)


@pytest.mark.parametrize(
    ("short", "long"),
    [
        (Timing(1_000, 2.0), Timing(3_000, 1.5)),  # the longer one was quicker: noise
        (Timing(1_000, 0.1), Timing(3_000, 1.5)),  # a segment would cost less than nothing
        (Timing(3_000, 1.5), Timing(3_000, 1.5)),  # the video is no longer than the short one
    ],
)
def test_where_noise_hides_the_difference_all_time_is_for_the_pixels(short, long):
    assert pace_of(short, long, 0.0) == Pace(pytest.approx(0.0005), 0.0, 0.0)


def test_a_segment_without_pixels_is_refused():
    with pytest.raises(ValueError, match="got 0"):
        pace_of(Timing(0, 1.0), Timing(0, 1.0), 0.0)


def test_a_video_of_which_nothing_is_left_to_render_is_delivered_all_the_same():
    assert Pace(1.0, 1.0, 0.7).work_s(0, 0) == 0.7


def test_a_video_that_waits_keeps_its_worker_and_computes_nothing():
    assert estimate_seconds([10, 20], [1.0], 1, wait_s=2.0) == pytest.approx(34)
    # both wait until 2, share 1.5 until 2 + 20/1.5, then 10 are left at 1
    assert estimate_seconds([10, 20], [1.0, 1.5], 2, wait_s=2.0) == pytest.approx(2 + 20 / 1.5 + 10)
    # one works alone while the next waits: from 2 to 12 both, ends; the third from 14
    assert estimate_seconds([5, 5, 5], [1.0, 1.0], 2, wait_s=2.0) == pytest.approx(12 + 2 + 5)


@given(st.lists(st.floats(0.1, 100), min_size=1, max_size=20), st.integers(1, 5), st.floats(0, 9))
def test_waiting_makes_a_run_longer_by_no_more_than_all_waits(work, workers, wait_s):
    rates = [1.0, 1.5]
    alone = estimate_seconds(work, rates, workers)

    seconds = estimate_seconds(work, rates, workers, wait_s)

    assert alone * (1 - 1e-9) <= seconds <= (alone + wait_s * len(work)) * (1 + 1e-9)


@given(
    st.lists(st.floats(0.1, 100), min_size=1, max_size=20),
    st.floats(0.1, 100),
    st.floats(0.0, 1.0),
    st.integers(1, 5),
)
def test_one_more_video_at_the_end_never_makes_a_run_shorter(work, more, gain, workers):
    rates = [1 + gain * index for index in range(workers)]  # n workers are no more than n at once
    before = estimate_seconds(work, rates, workers)

    assert estimate_seconds([*work, more], rates, workers) >= before - 1e-6 * before


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_two_thousand_short_videos_take_as_long_as_four_times_five_hundred(workers):
    rates = [1 + 0.9 * index / 7 for index in range(8)]
    work = [0.8, 1.1, 0.6, 1.3] * 125

    whole, part = estimate_seconds(work * 4, rates, workers), estimate_seconds(work, rates, workers)

    ending = max(work) * workers  # in which fewer than all workers are busy, once in each run
    assert 4 * part - 4 * ending <= whole <= 4 * part
    assert whole == pytest.approx(sum(work) * 4 / rates[workers - 1], rel=0.01)
