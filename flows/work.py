"""What the flows of one process share: the store, the engine hosts, the listener, the stop flag.

Prefect sees only small names as parameters; this object travels in a context variable, which
Prefect carries into its worker threads.
"""

import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import FrameType
from typing import Protocol
from weakref import WeakSet

from flows.outcomes import RowName
from model.errors import StoppedError, WindowClosedError
from tasks.engines.engine_pool import EnginePool
from tasks.processes.last_resort import LastResort, leave
from tasks.records import Failure, SegmentPlan, SegmentReceipt, VideoOutcome, VideoPlan
from tasks.recovery.failures import Breaker
from tasks.recovery.memory_ladder import Ladder
from tasks.recovery.night import Pace, may_open, parse_window
from tasks.store.campaign_folder import CampaignFolder

# the name of the state of a video run that the night window left out
CARRIED_OVER = "CarriedOver"


class Listener(Protocol):
    """Who is told what happens; called from any thread."""

    def notice(self, text: str) -> None:
        """Something a person should know."""
        ...

    def row_prepared(self, row: RowName, plan: VideoPlan | None) -> None:
        """A row has been read, spoken and planned, or (None) has failed."""
        ...

    def video_started(self, plan: VideoPlan) -> None:
        """A video's first segment is next."""
        ...

    def segment_done(
        self, plan: VideoPlan, segment: SegmentPlan, receipt: SegmentReceipt, *, is_reused: bool
    ) -> None:
        """A segment is there."""
        ...

    def video_ended(self, outcome: VideoOutcome) -> None:
        """A video is done or has failed."""
        ...


@dataclass(frozen=True)
class RenderFigures:
    """What was seen of one rendered segment, for `smoke` and the report."""

    video_id: str
    first_frame_seconds: float
    engine_seconds: float
    peak_rss_bytes: int


@dataclass(frozen=True)
class Night:
    """When the window closes, and how fast videos were made so far."""

    end: datetime
    _paces: dict[tuple[str, int, int], Pace] = field(
        default_factory=lambda: defaultdict[tuple[str, int, int], Pace](Pace)
    )

    def _pace(self, plan: VideoPlan) -> Pace:
        return self._paces[plan.engine, plan.width, plan.height]

    def learn(self, plan: VideoPlan, outcome: VideoOutcome) -> None:
        """Note how long a finished video took, if all of it was rendered now."""
        if outcome.num_segments_rendered == outcome.num_segments > 0 and outcome.seconds > 0:
            self._pace(plan).add(outcome.num_frames, outcome.seconds)

    def estimate_s(self, plan: VideoPlan, num_frames: int) -> float | None:
        """Seconds that so many frames of such a video take; None before the first."""
        return self._pace(plan).estimate_s(num_frames)

    def may_open(self, plan: VideoPlan, num_frames: int) -> bool:
        """Whether so many frames of a video can be whole before the window closes."""
        return may_open(datetime.now(UTC), self.end, self.estimate_s(plan, num_frames))


def night_of(window: str, timezone: str) -> Night:
    """The night that is on now; closed already where none is.

    Raises:
        CampaignError: the window or the timezone cannot be read.
    """
    now = datetime.now(UTC)
    return Night(parse_window(window, timezone).end_after(now) or now)


@dataclass
class Work:
    """Shared by the flows of one campaign in this process."""

    folder: CampaignFolder
    pool: EnginePool
    listener: Listener
    stop: threading.Event
    night: Night | None = None
    breaker: Breaker = field(default_factory=Breaker)
    halted: str = ""
    key_locks: dict[str, threading.Lock] = field(
        default_factory=lambda: defaultdict[str, threading.Lock](threading.Lock)
    )
    ladder: Ladder = field(default_factory=Ladder)
    last_resort: LastResort | None = None
    figures: list[RenderFigures] = field(default_factory=list[RenderFigures])
    # rows that need no rendering, then what the dispatcher made of the others
    outcomes: dict[str, VideoOutcome] = field(default_factory=dict[str, VideoOutcome])
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def key_lock(self, key: str) -> threading.Lock:
        """Equal segments of two videos are rendered once: the second waits for the first."""
        with self._guard:
            return self.key_locks[key]

    def check_stop(self) -> None:
        """Between steps.

        Raises:
            WindowClosedError: the night is over.
            StoppedError: the user asked to stop.
        """
        if self.stop.is_set():
            raise StoppedError("stopped; finished work is kept")
        if self.folder.lock_lost.is_set():
            raise StoppedError(f"the campaign's lock was lost: {self.folder.lock_lost.why}")
        if self.night and datetime.now(UTC) >= self.night.end:
            raise WindowClosedError(self.carried_over)

    @property
    def carried_over(self) -> str:
        """What is said of a video that the window left out."""
        closed = f"{self.night.end:%H:%M %Z}" if self.night else "now"
        return f"left for the next night, because the window closed at {closed}"

    def may_open(self, plan: VideoPlan) -> bool:
        """Whether a new video is begun: whole videos are finished as the window's end nears."""
        return self.night is None or self.night.may_open(plan, self.frames_left(plan))

    def frames_left(self, plan: VideoPlan) -> int:
        """Frames of segments that have no receipt yet."""
        left = [each for each in plan.segments if not self.folder.has_segment(each.key)]
        return sum(segment.num_frames for segment in left)

    def note_failure(self, failure: Failure) -> None:
        """Count a failure; the same one on several rows stops the campaign."""
        reason = self.breaker.add(failure.video_id, failure.signature, time.monotonic())
        if reason:
            self.halt(reason)

    def halt(self, reason: str) -> None:
        """Stop the campaign for a reason that the report tells; the first one counts."""
        if not self.halted:
            self.halted = reason
            self.listener.notice(reason)
            self.stop.set()

    @property
    def should_stop(self) -> Callable[[], bool]:
        """For loops that look between frames."""
        return self.stop.is_set


current_work: ContextVar[Work] = ContextVar("current_work")


_signalled: WeakSet[threading.Event] = WeakSet()
"""Requests to stop that a signal has made, whichever handler took it."""


@contextmanager
def stop_on_signals(
    stop: threading.Event, last_resort: LastResort | None = None
) -> Generator[None]:
    """Ctrl-C and SIGTERM set ``stop`` once; a second one interrupts at once.

    Signals are counted, whatever else has set ``stop``: a run that sees on the server that it is
    cancelled is sent one too, and would be called crashed if that cut short what it still does.

    Prefect puts a handler of its own in place for the time of a flow, so the flow enters this too.
    With ``last_resort``, this process is gone when its time is over or a second signal comes.
    """

    def on_signal(number: int, frame: FrameType | None) -> None:
        if stop in _signalled:
            if last_resort is not None:
                leave("Stopped at once.")
            signal.signal(number, signal.default_int_handler)
            signal.default_int_handler(number, frame)
        _signalled.add(stop)
        stop.set()
        if last_resort is not None:
            last_resort.begin()

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, on_signal) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
