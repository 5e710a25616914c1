"""How long a campaign will take: measured speed, videos side by side. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

# Computing beside the videos themselves, in seconds of one core. Per run: Prefect's start and end,
# where its database is new and where it is there; per video and per segment: their runs and states
# in that database. Measured on the demo and in benchmarks/results/orchestration-*, 2026-11.
FIRST_RUN_OVERHEAD_S = 11.5
RUN_OVERHEAD_S = 6.0
VIDEO_OVERHEAD_S = 0.2
SEGMENT_OVERHEAD_S = 0.13


@dataclass(frozen=True)
class Timing:
    """A segment that was rendered to see how long it takes."""

    num_pixels: int
    seconds: float


@dataclass(frozen=True)
class Pace:
    """How long one worker alone takes for videos of one kind, in seconds.

    Attributes:
        pixel_s: for each pixel of each frame.
        segment_s: for each segment beside its pixels: an encoder starts, files are written.
        video_s: to join, mux, caption and check a finished video.
    """

    pixel_s: float
    segment_s: float
    video_s: float

    def work_s(self, num_pixels: int, num_segments: int) -> float:
        """Of a video with so much left to render, without its overhead."""
        return self.pixel_s * num_pixels + self.segment_s * num_segments + self.video_s


def overhead_s(num_segments: int, crowding: float) -> float:
    """Of a video.

    Args:
        num_segments: of it.
        crowding: seconds that one second of computing takes beside what else this machine does.
    """
    return crowding * (VIDEO_OVERHEAD_S + SEGMENT_OVERHEAD_S * num_segments)


def run_overhead_s(*, is_first: bool, crowding: float) -> float:
    """Of a run, beside its videos."""
    return crowding * (FIRST_RUN_OVERHEAD_S if is_first else RUN_OVERHEAD_S)


def pace_of(short: Timing, long: Timing, video_s: float) -> Pace:
    """What two segments of different lengths say; where noise hides it, all is for the pixels.

    Raises:
        ValueError: the long one has no pixels.
    """
    if long.num_pixels <= 0:
        raise ValueError(f"a segment has at least one pixel, got {long.num_pixels}")
    more_pixels, more_s = long.num_pixels - short.num_pixels, long.seconds - short.seconds
    pixel_s = more_s / more_pixels if more_pixels > 0 else 0.0
    segment_s = long.seconds - pixel_s * long.num_pixels
    if pixel_s <= 0 or segment_s < 0:
        return Pace(long.seconds / long.num_pixels, 0.0, video_s)
    return Pace(pixel_s, segment_s, video_s)


def estimate_seconds(work: Sequence[float], rates: Sequence[float], workers: int) -> float:
    """Time until the last video is rendered, videos taken in order as workers become free.

    Args:
        work: of each video, in any unit (seconds of one worker alone).
        rates: units per second of the whole machine with 1, 2, ... videos at work; the last
            value holds for more.
        workers: videos at once, at least 1.

    Raises:
        ValueError: no rates, or a rate that is not positive.
    """
    if not rates or min(rates) <= 0:
        raise ValueError(f"rates must be positive, got {list(rates)}")
    waiting = list(work)
    active: list[float] = []
    seconds = 0.0
    while waiting or active:
        while waiting and len(active) < workers:
            active.append(waiting.pop(0))
        share = rates[min(len(active), len(rates)) - 1] / len(active)
        step = min(active)
        seconds += step / share
        active = [left - step for left in active if left > step]
    return seconds
