"""How long a campaign will take: measured speed, videos side by side. Pure.

Work is measured in seconds of cores, which hardly depend on what else a machine does; how many of
them a second gives, alone and side by side, is measured apart.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Overhead:
    """Computing beside the videos themselves, in seconds of one core.

    Attributes:
        first_run_s: of a run whose database is new: Prefect's start, report and end.
        run_s: of any other run.
        video_s: of each video: its runs and their states, its row read again, its card.
        segment_s: of each segment: its run and states.
        wait_s: for which each video keeps its slot and computes nothing.
    """

    first_run_s: float
    run_s: float
    video_s: float
    segment_s: float
    wait_s: float = 0.0


# benchmarks/results/quote-*
ON_ONE_MACHINE = Overhead(first_run_s=9.5, run_s=5.0, video_s=0.04, segment_s=0.07)
ON_A_POOL = Overhead(first_run_s=8.0, run_s=8.0, video_s=3.1, segment_s=0.09, wait_s=2.1)


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


def estimate_seconds(
    work: Sequence[float], rates: Sequence[float], workers: int, wait_s: float = 0.0
) -> float:
    """Time until the last video is rendered, videos taken in order as workers become free.

    Args:
        work: of each video, in any unit (seconds of one worker alone).
        rates: units per second of the whole machine with 1, 2, ... videos at work; the last
            value holds for more.
        workers: videos at once, at least 1.
        wait_s: for which each video keeps its worker before its work begins.

    Raises:
        ValueError: no rates, or a rate that is not positive.
    """
    if not rates or min(rates) <= 0:
        raise ValueError(f"rates must be positive, got {list(rates)}")
    ahead = list(reversed(work))
    waiting: list[tuple[float, float]] = []  # when each begins, and its work
    active: list[float] = []
    now = 0.0
    while ahead or waiting or active:
        while ahead and len(waiting) + len(active) < workers:
            waiting.append((now + wait_s, ahead.pop()))
        while waiting and waiting[0][0] <= now:
            active.append(waiting.pop(0)[1])
        begins = waiting[0][0] if waiting else math.inf
        if not active:
            now = begins
            continue
        share = rates[min(len(active), len(rates)) - 1] / len(active)
        step = min(active)
        ends = now + step / share
        if begins < ends:
            step = (begins - now) * share
        now = min(begins, ends)
        active = [left - step for left in active if left > step]
    return now
