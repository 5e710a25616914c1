"""What a campaign costs, when it is finished, and which videos fit a budget and a deadline. Pure.

A video's share of the time is its own work: the shares and the run's overhead add up to the whole.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pydantic import Field

from model.errors import CampaignError
from tasks.deliverables.reckoning import DeliverablesQuote
from tasks.errors import counted
from tasks.records import Record
from tasks.recovery.night import NightWindow

_HOUR_S = 3600.0
_MOST_NIGHTS = 10_000
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})", re.ASCII)
_LATEST = datetime.max.replace(tzinfo=UTC)


class VideoShare(Record):
    """A video with something left to make, and how much of the run's time that is."""

    video_id: str
    seconds: float = Field(ge=0)
    line: int = 1
    priority: int = 0
    due: datetime | None = None


@dataclass(frozen=True)
class Terms:
    """What was asked of the price.

    Attributes:
        num_gpus: rented until the last video is finished; a machine without counts as one.
        gpu_hour_price: of one for an hour; None: money is not told.
        budget: the most money.
        deadline: when all must be finished.
        window: work goes on only while it is open.
    """

    num_gpus: int = 1
    gpu_hour_price: float | None = None
    budget: float | None = None
    deadline: datetime | None = None
    window: NightWindow | None = None


class QuoteNote(Record):
    """`quote.json`: what the last plan foretold, for the report of the run after it."""

    at: str = Field(description="ISO 8601, UTC.")
    seconds: float = Field(description="Of the run.")
    num_videos: int
    num_segments: int = Field(description="To render.")
    deliverables: DeliverablesQuote | None = Field(default=None, description="To make.")


class LeftOut(Record):
    """A video for which there is no room."""

    video_id: str
    why: str


class Price(Record):
    """Of some videos, in the order of their making."""

    videos: tuple[str, ...]
    seconds: float = Field(description="Of work, until the last one is finished.")
    finish: datetime = Field(description="If work begins now.")
    gpu_hours: float
    money: float | None = None
    money_per_video: float | None = None
    late: tuple[str, ...] = Field(default=(), description="Finished after they are due.")
    left_out: tuple[LeftOut, ...] = ()


def in_order_of_work(videos: Sequence[VideoShare]) -> list[VideoShare]:
    """By falling priority, then by when they are due, then as in the manifest."""
    return sorted(videos, key=lambda each: (-each.priority, each.due or _LATEST, each.line))


def price_of(videos: Sequence[VideoShare], overhead_s: float, terms: Terms, now: datetime) -> Price:
    """The price of all of them.

    Args:
        videos: those with something left to make.
        overhead_s: of the run itself, before its first video.
        terms: what was asked.
        now: when work begins.
    """
    clock = _Clock(overhead_s if videos else 0.0, terms, now)
    for video in in_order_of_work(videos):
        clock.take(video)
    return clock.price()


def fitting(videos: Sequence[VideoShare], overhead_s: float, terms: Terms, now: datetime) -> Price:
    """The price of those that fit budget and deadline, taken in the order of work."""
    clock = _Clock(overhead_s, terms, now)
    left_out: list[LeftOut] = []
    for video in in_order_of_work(videos):
        why = clock.breach_with(video.seconds)
        if why:
            left_out.append(LeftOut(video_id=video.video_id, why=why))
        else:
            clock.take(video)
    return clock.price(tuple(left_out))


def breaches(price: Price, terms: Terms) -> list[str]:
    """What a price breaks of what was asked, for people."""
    told: list[str] = []
    if terms.budget is not None and price.money is not None and price.money > terms.budget:
        told.append(f"it costs {price.money:,.2f}, more than the budget of {terms.budget:,.2f}")
    if terms.deadline is not None and price.finish > terms.deadline:
        told.append(
            f"it is finished {price.finish:%Y-%m-%d %H:%M %Z}, after the deadline "
            f"{terms.deadline:%Y-%m-%d %H:%M %Z}"
        )
    return told


def finish_of(now: datetime, seconds: float, window: NightWindow | None) -> datetime:
    """When so much work is done that begins now, in UTC; only an open window counts.

    Raises:
        CampaignError: that is years away.
    """
    at, left = now.astimezone(UTC), timedelta(seconds=seconds)
    if window is None:
        return at + left
    for _ in range(_MOST_NIGHTS):
        end = window.end_after(at)
        if end is not None and at + left <= end:
            return at + left
        if end is not None:
            left -= end - at
            at = end
        at = window.opens_after(at)
    raise CampaignError(f"this is work for more than {_MOST_NIGHTS:,} nights")


def parse_deadline(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """``2026-12-24``, ``2026-12-24 18:00``, or ``18:00`` for the next such time; in UTC.

    A day alone is its end.

    Raises:
        CampaignError: it is none of these, or is over.
    """
    clock = _CLOCK.fullmatch(text)
    try:
        if clock:
            at = time(int(clock[1]), int(clock[2]))
            local = now.astimezone(zone)
            moment = datetime.combine(local.date(), at, zone)
            moment = moment if moment > local else moment + timedelta(days=1)
        else:
            moment = moment_of(text, zone)
    except ValueError as error:
        raise CampaignError(
            f'--deadline "{text}" must be a time such as 18:00, 2026-12-24 or "2026-12-24 18:00"'
        ) from error
    if moment <= now:
        raise CampaignError(f'--deadline "{text}" is over; it is {now.astimezone(zone):%H:%M} now')
    return moment.astimezone(UTC)


def moment_of(text: str, zone: ZoneInfo) -> datetime:
    """A day's end, or a moment of a day, by the clocks of ``zone`` unless it names an offset.

    Raises:
        ValueError: it is neither.
    """
    moment = datetime.fromisoformat(text)
    if len(text) <= len("2026-12-24"):
        moment = datetime.combine(moment.date(), time(23, 59), zone)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


@dataclass
class _Clock:
    """Takes videos one after the other."""

    seconds: float
    terms: Terms
    now: datetime
    videos: list[str] = field(default_factory=list[str])
    late: list[str] = field(default_factory=list[str])

    def take(self, video: VideoShare) -> None:
        self.seconds += video.seconds
        self.videos.append(video.video_id)
        if video.due is not None and self._finish(self.seconds) > video.due:
            self.late.append(video.video_id)

    def breach_with(self, seconds: float) -> str:
        total = self.seconds + seconds
        money, budget = self._money(total), self.terms.budget
        if budget is not None and money is not None and money > budget:
            return "over the budget"
        deadline = self.terms.deadline
        if deadline is not None and self._finish(total) > deadline:
            return "after the deadline"
        return ""

    def price(self, left_out: tuple[LeftOut, ...] = ()) -> Price:
        seconds = self.seconds if self.videos else 0.0
        money, count = self._money(seconds), len(self.videos)
        return Price(
            videos=tuple(self.videos),
            seconds=seconds,
            finish=self._finish(seconds),
            gpu_hours=seconds * self.terms.num_gpus / _HOUR_S,
            money=money,
            money_per_video=None if money is None or not count else money / count,
            late=tuple(self.late),
            left_out=left_out,
        )

    def _finish(self, seconds: float) -> datetime:
        return finish_of(self.now, seconds, self.terms.window)

    def _money(self, seconds: float) -> float | None:
        price = self.terms.gpu_hour_price
        return None if price is None else seconds / _HOUR_S * self.terms.num_gpus * price


def left_out_lines(price: Price) -> list[str]:
    """What is said of videos for which there is no room, and of late ones."""
    lines: list[str] = []
    for why in dict.fromkeys(each.why for each in price.left_out):
        names = [each.video_id for each in price.left_out if each.why == why]
        told = f"{counted(len(names), 'video')}: {_few(names)}"
        lines.append(f"left out, because {_PLURAL[why]}: {told}")
    if price.late:
        lines.append(
            f"finished after they are due: {counted(len(price.late), 'video')}: {_few(price.late)}"
        )
    return lines


_PLURAL = {
    "over the budget": "the budget does not reach",
    "after the deadline": "the time before the deadline does not reach",
}


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
