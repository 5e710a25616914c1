"""The night window, over midnight and changes of the clocks; what still fits into it."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from model.errors import CampaignError
from tasks.recovery.night import (
    PACE_VIDEOS,
    NightWindow,
    Pace,
    Unfinished,
    carry_over_order,
    may_open,
    parse_window,
)

BERLIN = ZoneInfo("Europe/Berlin")
SHANGHAI = ZoneInfo("Asia/Shanghai")


def berlin(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- an ordinary night ---


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-11-20T21:59:59", None),
        ("2026-11-20T22:00", "2026-11-21T06:00"),
        ("2026-11-21T00:00", "2026-11-21T06:00"),
        ("2026-11-21T05:59:59", "2026-11-21T06:00"),
        ("2026-11-21T06:00", None),
    ],
)
def test_a_window_over_midnight_is_open_from_its_start_until_before_its_end(now, end):
    window = parse_window("22:00-06:00", "Europe/Berlin")
    wanted = berlin(end).astimezone(UTC) if end else None

    assert window.end_after(berlin(now)) == wanted
    assert window.is_open(berlin(now)) == (end is not None)


def test_a_window_within_a_day_ends_on_that_day():
    window = parse_window("01:00-05:30", "Asia/Shanghai")
    now = datetime(2026, 11, 21, 2, 0, tzinfo=SHANGHAI)

    assert window.end_after(now) == utc("2026-11-20T21:30")
    assert not window.is_open(datetime(2026, 11, 21, 23, 0, tzinfo=SHANGHAI))


def test_the_next_opening_is_later_than_now_also_within_a_window():
    window = parse_window("22:00-06:00", "Asia/Shanghai")

    assert window.opens_after(utc("2026-11-20T13:59")) == utc("2026-11-20T14:00")
    assert window.opens_after(utc("2026-11-20T14:00")) == utc("2026-11-21T14:00")
    assert window.opens_after(utc("2026-11-20T20:00")) == utc("2026-11-21T14:00")


def test_now_may_be_told_in_any_timezone():
    window = parse_window("22:00-06:00", "Europe/Berlin")

    assert window.end_after(utc("2026-11-20T21:00")) == utc("2026-11-21T05:00")
    assert window.end_after(datetime(2026, 11, 21, 5, tzinfo=SHANGHAI)) == utc("2026-11-21T05:00")


def test_a_time_without_a_timezone_is_refused():
    window = parse_window("22:00-06:00", "UTC")
    with pytest.raises(ValueError, match="must have a timezone"):
        window.end_after(datetime(2026, 11, 21))
    with pytest.raises(ValueError, match="must have a timezone"):
        window.opens_after(datetime(2026, 11, 21))


# --- changes of the clocks: Berlin 2026-03-29 02:00 -> 03:00, 2026-10-25 03:00 -> 02:00 ---


def hours(window: NightWindow, evening: datetime) -> float:
    begin = window.opens_after(evening)
    end = window.end_after(begin)
    assert end is not None
    return (end - begin) / timedelta(hours=1)


@pytest.mark.parametrize(
    ("evening", "length"),
    [("2026-03-28T12:00", 7), ("2026-10-24T12:00", 9), ("2026-11-20T12:00", 8)],
)
def test_the_night_of_a_clock_change_is_an_hour_shorter_or_longer(evening, length):
    assert hours(parse_window("22:00-06:00", "Europe/Berlin"), berlin(evening)) == length


def test_shanghai_changes_no_clocks():
    window = parse_window("22:00-06:00", "Asia/Shanghai")
    for evening in ("2026-03-28T12:00", "2026-10-24T12:00"):
        assert hours(window, datetime.fromisoformat(evening).replace(tzinfo=SHANGHAI)) == 8


def test_a_start_that_the_clock_skips_opens_at_the_change():
    window = parse_window("02:30-06:00", "Europe/Berlin")

    assert window.opens_after(berlin("2026-03-28T12:00")) == utc("2026-03-29T01:00")
    assert not window.is_open(utc("2026-03-29T00:59:59"))


def test_an_end_that_the_clock_skips_closes_at_the_change():
    window = parse_window("22:00-02:30", "Europe/Berlin")

    assert window.end_after(berlin("2026-03-28T23:00")) == utc("2026-03-29T01:00")


def test_a_night_that_the_clock_skips_does_not_open():
    window = parse_window("02:10-02:50", "Europe/Berlin")

    assert not window.is_open(utc("2026-03-29T01:00"))
    assert window.opens_after(berlin("2026-03-28T12:00")) == berlin("2026-03-30T02:10")


def test_a_time_that_comes_twice_counts_the_first_time():
    to_twice = parse_window("22:00-02:30", "Europe/Berlin")
    from_twice = parse_window("02:30-06:00", "Europe/Berlin")

    assert to_twice.end_after(berlin("2026-10-24T23:00")) == utc("2026-10-25T00:30")
    assert not to_twice.is_open(berlin("2026-10-25T02:15", fold=1))
    assert from_twice.opens_after(berlin("2026-10-24T12:00")) == utc("2026-10-25T00:30")
    assert from_twice.is_open(berlin("2026-10-25T02:15", fold=1))


MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
CLOCK = st.times().map(lambda at: time(at.hour, at.minute))
ZONES = st.sampled_from(
    ["Europe/Berlin", "Asia/Shanghai", "UTC", "America/Sao_Paulo", "Australia/Lord_Howe"]
)


@given(CLOCK, CLOCK, ZONES, MOMENTS)
@example(time(22), time(6), "Europe/Berlin", utc("2026-10-25T01:30"))
@example(time(2, 10), time(2, 50), "Europe/Berlin", utc("2026-03-28T23:00"))
def test_openings_and_ends_agree_at_every_moment(start, end, zone, now):
    if start == end:
        return
    window = NightWindow(start, end, ZoneInfo(zone))
    begin = window.opens_after(now)
    closes = window.end_after(begin)

    assert now < begin <= now + timedelta(hours=49)
    assert closes is not None
    assert begin < closes < begin + timedelta(hours=25)
    assert not window.is_open(begin - timedelta(seconds=1)) or start == time(0, 0)
    assert window.is_open(now) == (window.end_after(now) is not None)
    current = window.end_after(now)
    if current is not None:
        assert now < current <= begin


# --- reading it ---


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("22-06", "HH:MM-HH:MM"),
        ("22:00-6:00", "two digits"),
        ("22:00 - 06:00", "HH:MM-HH:MM"),
        ("٢٢:00-06:00", "HH:MM-HH:MM"),
        ("24:00-06:00", "midnight is 00:00"),
        ("22:60-06:00", "22:60 must be from 00:00 to 23:59"),
        ("22:00-22:00", "leave it out"),
    ],
)
def test_a_window_that_is_none_is_refused_with_the_way_out(text, words):
    with pytest.raises(CampaignError, match=words) as caught:
        parse_window(text, "UTC")
    assert f'"{text}"' in str(caught.value)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Europe/Berln", '"Europe/Berlin"'),
        ("europe/berlin ", '"Europe/Berlin"'),
        ("Shanghai", '"Asia/Shanghai"'),
        ("New York", '"America/New_York"'),
        ("Europe", '"UTC"'),
        ("../../etc/passwd", '"UTC"'),
        ("", '"UTC"'),
    ],
)
def test_a_misspelt_timezone_is_answered_with_the_nearest(name, words):
    with pytest.raises(CampaignError, match="IANA") as caught:
        parse_window("22:00-06:00", name)
    assert words in str(caught.value)


def test_a_window_of_no_length_cannot_be_made():
    with pytest.raises(ValueError, match="must differ"):
        NightWindow(time(1), time(1), BERLIN)


# --- what still fits ---


def test_nothing_is_known_before_the_first_video():
    assert Pace().estimate_s(100) is None


def test_one_slow_video_does_not_change_the_pace():
    pace = Pace()
    for seconds in (100, 102, 98, 900, 101):
        pace.add(50, seconds)
    assert pace.estimate_s(10) == pytest.approx(10 * 101 / 50)


def test_the_pace_follows_a_lasting_change_after_half_its_videos():
    pace = Pace()
    for _ in range(100):
        pace.add(1, 1.0)
    for _ in range(PACE_VIDEOS // 2 + 1):
        pace.add(1, 3.0)
    assert pace.estimate_s(1) == 3.0


@given(st.lists(st.tuples(st.integers(1, 9999), st.floats(0.1, 1e5)), min_size=1, max_size=60))
def test_an_estimate_is_within_what_was_seen(videos):
    pace = Pace()
    for num_frames, seconds in videos:
        pace.add(num_frames, seconds)
    seen = [seconds / num_frames for num_frames, seconds in videos[-PACE_VIDEOS:]]
    estimate = pace.estimate_s(1000)
    assert estimate is not None
    assert 1000 * min(seen) * (1 - 1e-9) <= estimate <= 1000 * max(seen) * (1 + 1e-9)


@pytest.mark.parametrize(("num_frames", "seconds"), [(0, 1.0), (1, 0.0), (1, -1.0)])
def test_a_video_of_no_length_teaches_nothing(num_frames, seconds):
    with pytest.raises(ValueError, match="must be at least 1"):
        Pace().add(num_frames, seconds)


@pytest.mark.parametrize(
    ("left_s", "estimate_s", "margin", "answer"),
    [
        (100, 80, 0.25, True),
        (99, 80, 0.25, False),
        (80, 80, 0.0, True),
        (1, None, 0.25, True),
        (0, None, 0.25, False),
        (-5, 0.1, 0.25, False),
    ],
)
def test_a_video_is_opened_only_if_it_will_be_whole(left_s, estimate_s, margin, answer):
    now = utc("2026-11-21T03:00")
    assert may_open(now, now + timedelta(seconds=left_s), estimate_s, margin) is answer


def test_without_a_window_everything_may_be_opened():
    assert may_open(utc("2026-11-21T03:00"), None, 1e9, 0.25)


def test_time_left_is_counted_in_true_hours_in_the_night_of_a_clock_change():
    now, end = berlin("2026-10-25T01:30"), berlin("2026-10-25T03:30")  # three hours, not two
    assert may_open(now, end, 2.9 * 3600, 0.0)


def test_a_negative_margin_is_refused():
    now = utc("2026-11-21T03:00")
    with pytest.raises(ValueError, match="margin"):
        may_open(now, now, 1.0, -0.1)


def test_the_next_night_begins_with_priority_then_what_is_nearly_done_then_the_longest():
    items = [
        Unfinished("unplanned-1", 0, 0, is_begun=False, row_index=5),
        Unfinished("short", 0, 10, is_begun=False, row_index=0),
        Unfinished("far", 0, 900, is_begun=True, row_index=1),
        Unfinished("near", 0, 20, is_begun=True, row_index=2),
        Unfinished("urgent", 5, 5000, is_begun=False, row_index=3),
        Unfinished("long", 0, 50, is_begun=False, row_index=4),
        Unfinished("unplanned-2", 0, 0, is_begun=False, row_index=6),
    ]
    names = [item.video_id for item in carry_over_order(reversed(items))]
    assert names == [
        "urgent",
        "near",
        "far",
        "long",
        "short",
        "unplanned-1",
        "unplanned-2",
    ]
