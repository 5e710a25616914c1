"""What the flows of one process share: the store, the engine hosts, the listener, the stop flag.

Prefect sees only small names as parameters; this object travels in a context variable, which
Prefect carries into its worker threads.
"""

import signal
import threading
from collections import defaultdict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import FrameType
from typing import Protocol

from model.errors import StoppedError
from tasks.engine import EnginePool
from tasks.records import ManifestRow, SegmentPlan, SegmentReceipt, VideoOutcome, VideoPlan
from tasks.store import CampaignFolder


class Listener(Protocol):
    """Who is told what happens; called from any thread."""

    def notice(self, text: str) -> None:
        """Something a person should know."""
        ...

    def row_prepared(self, row: ManifestRow, plan: VideoPlan | None) -> None:
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


@dataclass
class Work:
    """Shared by the flows of one campaign in this process."""

    folder: CampaignFolder
    pool: EnginePool
    listener: Listener
    stop: threading.Event
    key_locks: dict[str, threading.Lock] = field(
        default_factory=lambda: defaultdict[str, threading.Lock](threading.Lock)
    )
    figures: list[RenderFigures] = field(default_factory=list[RenderFigures])
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def key_lock(self, key: str) -> threading.Lock:
        """Equal segments of two videos are rendered once: the second waits for the first."""
        with self._guard:
            return self.key_locks[key]

    def check_stop(self) -> None:
        """Between steps.

        Raises:
            StoppedError: the user asked to stop.
        """
        if self.stop.is_set():
            raise StoppedError("stopped; what is finished is kept")

    @property
    def should_stop(self) -> Callable[[], bool]:
        """For loops that look between frames."""
        return self.stop.is_set


current_work: ContextVar[Work] = ContextVar("current_work")


@contextmanager
def stop_on_signals(stop: threading.Event) -> Generator[None]:
    """Ctrl-C and SIGTERM set ``stop`` once; a second one interrupts at once.

    Prefect puts a handler of its own in place for the time of a flow, so the flow enters this too.
    """

    def on_signal(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            signal.signal(number, signal.default_int_handler)
            signal.default_int_handler(number, frame)
        stop.set()

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, on_signal) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
