"""The night window: when it is open, and which videos still fit into it. Pure.

Nothing here reads a clock. Times that come out are in UTC, as Python compares two times of one
timezone by what the clock on the wall shows, wrongly in the night of a clock change.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from statistics import median
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from model.errors import CampaignError

PACE_VIDEOS = 25

_WINDOW = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})", re.ASCII)
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)

Rank = tuple[int, bool, int, int]


# --- when it is open ----------------------------------------------------------------------------


@dataclass(frozen=True)
class NightWindow:
    """Every day from ``start`` until ``end`` by the clocks of ``zone``, over midnight if need be.

    It opens and closes the first time the clock of that day shows the time, or a later one where
    a change of the clocks skips it. A night that a change leaves empty does not open.
    """

    start: time
    end: time
    zone: ZoneInfo

    def __post_init__(self) -> None:
        if self.start == self.end:
            raise ValueError(f"start and end must differ, both are {self.start:%H:%M}")

    def is_open(self, now: datetime) -> bool:
        """Whether ``begin <= now < end`` of some night."""
        return self.end_after(now) is not None

    def end_after(self, now: datetime) -> datetime | None:
        """When the window that is open at ``now`` closes, in UTC; None where none is open.

        Raises:
            ValueError: ``now`` has no timezone.
        """
        for begin, end in self._nights_around(now):
            if begin <= now < end:
                return end
        return None

    def opens_after(self, now: datetime) -> datetime:
        """When it opens next, later than ``now`` also if it is open, in UTC.

        Raises:
            ValueError: ``now`` has no timezone.
        """
        return min(begin for begin, end in self._nights_around(now) if now < begin < end)

    def _nights_around(self, now: datetime) -> Iterator[tuple[datetime, datetime]]:
        if now.tzinfo is None:
            raise ValueError(f"{now} must have a timezone")
        today = now.astimezone(self.zone).date()
        for days in range(-1, 4):  # one night may fall away, and one more to be sure
            day = today + days * _DAY
            end_day = day + _DAY if self.end < self.start else day
            yield (
                _first_moment(day, self.start, self.zone),
                _first_moment(end_day, self.end, self.zone),
            )


def parse_window(text: str, timezone: str) -> NightWindow:
    """Read a window such as ``22:00-06:00``, ``Europe/Berlin``.

    Raises:
        CampaignError: it is no such window, or there is no such timezone.
    """
    found = _WINDOW.fullmatch(text)
    if found is None:
        raise CampaignError(
            f'window "{text}" must be HH:MM-HH:MM with two digits each; write for example '
            '"22:00-06:00"'
        )
    hour, minute, end_hour, end_minute = map(int, found.groups())
    start, end = _time_of(text, hour, minute), _time_of(text, end_hour, end_minute)
    if start == end:
        raise CampaignError(
            f'window "{text}" must end at another time than it starts; leave it out to render '
            "day and night"
        )
    return NightWindow(start, end, _zone_of(timezone))


def _time_of(text: str, hour: int, minute: int) -> time:
    if hour > 23 or minute > 59:
        hint = "midnight is 00:00" if (hour, minute) == (24, 0) else 'write for example "06:30"'
        raise CampaignError(
            f'window "{text}": {hour:02}:{minute:02} must be from 00:00 to 23:59; {hint}'
        )
    return time(hour, minute)


def _zone_of(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # a folder's name is an OSError
        near = _near_zones(name)
        hint = " or ".join(f'"{zone}"' for zone in near) or '"UTC", "Europe/Berlin"'
        raise CampaignError(
            f'timezone "{name}" must be a name of the IANA time zone database; try {hint}'
        ) from error


def _near_zones(name: str) -> list[str]:
    """Zones whose name, or whose city's name, is spelt much like ``name``; the nearest first."""
    spelt = {zone.lower(): zone for zone in sorted(available_timezones(), reverse=True)}
    cities = {lower.rpartition("/")[2]: zone for lower, zone in spelt.items()}
    wished = name.strip().lower().replace(" ", "_")
    near = [spelt[lower] for lower in get_close_matches(wished, spelt, n=3, cutoff=0.8)]
    near += [cities[lower] for lower in get_close_matches(wished, cities, n=3, cutoff=0.8)]
    return list(dict.fromkeys(near))[:3]


def _first_moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """When the clock first shows ``at`` or later on ``day``, in UTC."""
    wall = datetime.combine(day, at)
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    if _wall(moment, zone) == wall:
        return moment
    # the clock jumps over it: somewhere between the two readings of a time that is not there
    before, after = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), moment
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        before, after = (middle, after) if _wall(middle, zone) < wall else (before, middle)
    return after.replace(microsecond=0)


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


# --- what still fits ----------------------------------------------------------------------------


class Pace:
    """Learns how long a frame takes, from finished videos of one engine and size.

    The median of the last 25 videos: one that sat through a lost engine or a slow disk leaves it
    as it is, where it would drag a mean along for many videos; it follows a lasting change after
    half of them.
    """

    def __init__(self) -> None:
        self._seconds_per_frame: deque[float] = deque(maxlen=PACE_VIDEOS)

    def add(self, num_frames: int, seconds: float) -> None:
        """Learn from a video that took ``seconds`` from its first segment to its file.

        Raises:
            ValueError: one of them is not positive.
        """
        if num_frames < 1 or seconds <= 0:
            raise ValueError(
                f"num_frames must be at least 1 and seconds positive, got {num_frames}, {seconds}"
            )
        self._seconds_per_frame.append(seconds / num_frames)

    def estimate_s(self, num_frames: int) -> float | None:
        """Seconds that ``num_frames`` will take; None before the first video."""
        if not self._seconds_per_frame:
            return None
        return num_frames * median(self._seconds_per_frame)


def may_open(
    now: datetime, end: datetime | None, estimate_s: float | None, margin: float = 0.25
) -> bool:
    """Whether a video that is begun at ``now`` will be whole before the window closes.

    Where the next one in order does not fit, ask of those after it too: short ones fill the end.

    Args:
        now: when it would be begun, with its timezone.
        end: of the window; None: there is no window, everything may be opened.
        estimate_s: of :class:`Pace`; None: nothing is known yet, and it may be opened.
        margin: share of the estimate to add, to be safe.

    Raises:
        ValueError: the margin is negative.
    """
    if margin < 0:
        raise ValueError(f"margin must be at least 0, got {margin}")
    if end is None:
        return True
    left = end.astimezone(UTC) - now.astimezone(UTC)
    return left.total_seconds() > 0 and (estimate_s or 0.0) * (1 + margin) <= left.total_seconds()


@dataclass(frozen=True)
class Unfinished:
    """A video that is not done.

    Attributes:
        video_id: its name.
        priority: of the manifest; higher is earlier.
        num_frames_left: of the segments that are not done.
        is_begun: a segment of it is done.
        row_index: its place in the manifest.
    """

    video_id: str
    priority: int
    num_frames_left: int
    is_begun: bool
    row_index: int


def rank_of(item: Unfinished) -> Rank:
    """The smaller, the earlier: by priority; then those begun, nearest to done first; then longest.

    A video begun is worth nothing until it is whole, so it is finished before another is opened.
    A long one that is opened last keeps one machine at work when the others have nothing left.
    """
    left = item.num_frames_left
    return (-item.priority, not item.is_begun, left if item.is_begun else -left, item.row_index)


def carry_over_order(items: Iterable[Unfinished]) -> list[Unfinished]:
    """The order of the next night; what has no plan yet, 0 frames, comes last of its priority."""
    return sorted(items, key=rank_of)
