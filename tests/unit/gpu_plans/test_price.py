"""What a campaign costs and when it is finished: sums, limits, and who is left out."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.errors import CampaignError
from tasks.gpu_plans.price import (
    Terms,
    VideoShare,
    breaches,
    finish_of,
    fitting,
    in_order_of_work,
    left_out_lines,
    moment_of,
    parse_deadline,
    price_of,
)
from tasks.recovery.night import parse_window

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
SECONDS = st.lists(st.floats(0, 1e5), min_size=1, max_size=12)


def videos(seconds: list[float]) -> list[VideoShare]:
    return [VideoShare(video_id=f"v{i}", seconds=s, line=i + 1) for i, s in enumerate(seconds)]


@given(SECONDS, st.floats(0, 100), st.floats(0, 50), st.integers(1, 64))
@settings(deadline=None)
def test_a_price_is_the_sum_of_its_videos(
    seconds: list[float], overhead_s: float, hour: float, num_gpus: int
) -> None:
    terms = Terms(num_gpus, hour)
    whole = price_of(videos(seconds), overhead_s, terms, NOW)
    assert whole.seconds == pytest.approx(overhead_s + sum(seconds))
    assert whole.money == pytest.approx(whole.seconds / 3600 * num_gpus * hour)
    assert whole.gpu_hours == pytest.approx(whole.seconds * num_gpus / 3600)
    alone = [price_of([video], 0.0, terms, NOW).money or 0.0 for video in videos(seconds)]
    assert whole.money == pytest.approx(sum(alone) + overhead_s / 3600 * num_gpus * hour)
    assert whole.money_per_video == pytest.approx((whole.money or 0) / len(seconds))


@given(SECONDS, st.floats(0, 1e5))
@settings(deadline=None)
def test_one_more_video_is_never_cheaper_or_sooner(seconds: list[float], more: float) -> None:
    terms = Terms(gpu_hour_price=2.0, window=parse_window("22:00-06:00", "UTC"))
    before = price_of(videos(seconds), 6.0, terms, NOW)
    after = price_of(videos([*seconds, more]), 6.0, terms, NOW)
    assert after.seconds >= before.seconds
    assert (after.money or 0) >= (before.money or 0)
    assert after.finish >= before.finish


@given(SECONDS, st.floats(0, 100), st.floats(0, 300))
@settings(deadline=None)
def test_what_fits_stays_within_the_limits_and_nothing_is_lost(
    seconds: list[float], budget: float, hours: float
) -> None:
    terms = Terms(2, 1.0, budget, NOW + timedelta(hours=hours))
    price = fitting(videos(seconds), 1.0, terms, NOW)
    left = [each.video_id for each in price.left_out]
    assert sorted([*price.videos, *left]) == sorted(v.video_id for v in videos(seconds))
    assert not price.videos or breaches(price, terms) == []
    if not breaches(price_of(videos(seconds), 1.0, terms, NOW), terms):
        assert not left


def test_priority_comes_first_then_what_is_due() -> None:
    due = datetime(2026, 12, 1, tzinfo=UTC)
    listed = [
        VideoShare(video_id="a", seconds=60, line=1),
        VideoShare(video_id="b", seconds=60, line=2, due=due + timedelta(days=1)),
        VideoShare(video_id="c", seconds=60, line=3, due=due),
        VideoShare(video_id="d", seconds=60, line=4, priority=1),
    ]
    assert [each.video_id for each in in_order_of_work(listed)] == ["d", "c", "b", "a"]
    price = fitting(listed, 0.0, Terms(1, 60.0, 2.5), NOW)
    assert price.videos == ("d", "c")
    assert left_out_lines(price) == [
        "left out, because the budget does not reach: 2 videos: b, a",
    ]


def test_videos_that_are_finished_after_they_are_due_are_told() -> None:
    due = NOW + timedelta(seconds=90)
    listed = [
        VideoShare(video_id="a", seconds=60, line=1, due=due),
        VideoShare(video_id="b", seconds=60, line=2, due=due),
    ]
    price = price_of(listed, 0.0, Terms(), NOW)
    assert price.late == ("b",)
    assert left_out_lines(price) == ["finished after they are due: 1 video: b"]


def test_what_breaks_a_limit_says_by_how_much() -> None:
    terms = Terms(8, 2.5, 10.0, NOW + timedelta(minutes=30))
    assert breaches(price_of(videos([3600.0]), 0.0, terms, NOW), terms) == [
        "it costs 20.00, more than the budget of 10.00",
        "it is finished 2026-11-29 13:00 UTC, after the deadline 2026-11-29 12:30 UTC",
    ]


def test_work_goes_on_only_while_the_window_is_open() -> None:
    window = parse_window("22:00-06:00", "UTC")
    assert finish_of(NOW, 3600, window) == datetime(2026, 11, 29, 23, tzinfo=UTC)
    assert finish_of(NOW, 9 * 3600, window) == datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert finish_of(NOW, 3600, None) == NOW + timedelta(hours=1)


def test_a_deadline_is_a_day_a_moment_or_the_next_time_of_a_clock() -> None:
    assert parse_deadline("18:00", BERLIN, NOW) == datetime(2026, 11, 29, 17, tzinfo=UTC)
    assert parse_deadline("09:00", BERLIN, NOW) == datetime(2026, 11, 30, 8, tzinfo=UTC)
    assert parse_deadline("2026-12-24", BERLIN, NOW) == datetime(2026, 12, 24, 22, 59, tzinfo=UTC)
    assert moment_of("2026-12-24 18:00", ZoneInfo("UTC")) == datetime(2026, 12, 24, 18, tzinfo=UTC)
    for text in ("soon", "25:00", "2026-13-01", "2026-11-28"):
        with pytest.raises(CampaignError, match="--deadline"):
            parse_deadline(text, BERLIN, NOW)


def test_nothing_left_to_make_costs_nothing() -> None:
    price = price_of([], 11.5, Terms(1, 2.0), NOW)
    assert (price.seconds, price.money, price.money_per_video) == (0.0, 0.0, None)
