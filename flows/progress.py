"""What a person at a terminal sees while a campaign renders: a live view, or plain lines."""

import threading
import time
from collections.abc import Callable
from typing import Protocol, Self

from rich.console import Console
from rich.text import Text

from flows.outcomes import RowName
from flows.work import Listener
from tasks.errors import counted
from tasks.records import SegmentPlan, SegmentReceipt, VideoOutcome, VideoPlan


class Tally:
    """Counts of a run; turned into speed and time left."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started: float | None = None
        self.num_segments = 0
        self.num_segments_done = 0
        self.frames = 0
        self.frames_done = 0
        self.frames_rendered = 0
        self.fps = 25

    def add(self, plan: VideoPlan) -> None:
        """A video to make."""
        self.num_segments += len(plan.segments)
        self.frames += plan.num_frames
        self.fps = plan.fps

    def start(self) -> None:
        """The first video has begun."""
        self._started = self._started or self._clock()

    def done(self, segment: SegmentPlan, *, is_reused: bool) -> None:
        """A segment is there."""
        self.num_segments_done += 1
        self.frames_done += segment.num_frames
        self.frames_rendered += 0 if is_reused else segment.num_frames

    @property
    def elapsed_s(self) -> float:
        """Since the first video began."""
        return 0.0 if self._started is None else self._clock() - self._started

    @property
    def times_real_time(self) -> float:
        """Seconds of video rendered per second."""
        return self.frames_rendered / self.fps / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """At the speed so far; None while there is none."""
        if not self.times_real_time:
            return None
        return (self.frames - self.frames_done) / self.fps / self.times_real_time


class ProgressView(Listener, Protocol):
    """A listener with a beginning and an end."""

    tally: Tally

    def status(self, text: str) -> None:
        """What the run is at before its first segment."""
        ...

    def __enter__(self) -> Self:
        """Begin to draw."""
        ...

    def __exit__(self, *_: object) -> None:
        """Stop drawing."""
        ...


class PlainProgress:
    """One line per step, for files and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.RLock()
        self.tally = Tally()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def _say(self, text: str, style: str = "") -> None:
        self._console.print(Text(text, style=style), soft_wrap=True)

    def notice(self, text: str) -> None:
        """Something a person should know."""
        with self._lock:
            self._say(f"note: {text}", "yellow")

    def status(self, text: str) -> None:
        """Not worth a line of its own."""
        del text

    def row_prepared(self, row: RowName, plan: VideoPlan | None) -> None:
        """A row has been read, spoken and planned, or (None) is done or has failed."""
        del row
        with self._lock:
            if plan is not None:
                self.tally.add(plan)

    def video_started(self, plan: VideoPlan) -> None:
        """A video's first segment is next."""
        with self._lock:
            self.tally.start()
            self._say(
                f"{plan.video_id}: {plan.num_frames / plan.fps:.1f} s in "
                f"{counted(len(plan.segments), 'segment')} at {plan.width}x{plan.height}"
            )

    def segment_done(
        self, plan: VideoPlan, segment: SegmentPlan, receipt: SegmentReceipt, *, is_reused: bool
    ) -> None:
        """A segment is there."""
        del receipt
        with self._lock:
            self.tally.done(segment, is_reused=is_reused)
            how = "reused" if is_reused else "rendered"
            self._say(
                f"{plan.video_id}: segment {segment.index + 1} of {len(plan.segments)} {how}"
                f" ({summary_of(self.tally)})"
            )

    def video_ended(self, outcome: VideoOutcome) -> None:
        """A video is done or has failed."""
        with self._lock:
            style = {"done": "green", "held": "yellow"}.get(outcome.status, "red")
            self._say(ending_of(outcome), style)


def summary_of(tally: Tally) -> str:
    """Segments done, multiple of real time, time left."""
    text = f"{tally.num_segments_done} of {counted(tally.num_segments, 'segment')}"
    if tally.times_real_time:
        text += f", {tally.times_real_time:.2f}x real time"
    if tally.seconds_left is not None:
        text += f", {clock_of(tally.seconds_left)} left"
    return text


def ending_of(outcome: VideoOutcome) -> str:
    """One line about a video that ended."""
    if outcome.status in ("failed", "quarantined"):
        error = f"{outcome.video_id}: {outcome.status}: {outcome.error}"
        return f"{error}\n  what to do: {outcome.way_out}"
    if outcome.status == "held":
        held = f"{outcome.video_id}: held: {outcome.error} -> {outcome.path}"
        return f"{held}\n  what to do: {outcome.way_out}"
    if outcome.status != "done":
        return f"{outcome.video_id}: {outcome.status}: {'; '.join(outcome.warnings)}"
    return (
        f"{outcome.video_id}: done, {outcome.duration_s:.1f} s of video "
        f"in {outcome.seconds:.1f} s -> {outcome.path}"
    )


def clock_of(seconds: float) -> str:
    """`0:07`, `12:30`, `3:05:00`."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
