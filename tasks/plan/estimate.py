"""How long a campaign will take: measured speed, videos side by side. Pure."""

from collections.abc import Sequence

# Beside the rendering, per run: Prefect's start and end, where its database is new and where it
# is there; per video: stitch, captions, checks. Measured on the demo, 2 cores of a shared x86-64
# machine, 2026-11.
FIRST_RUN_OVERHEAD_S = 11.5
RUN_OVERHEAD_S = 6.0
VIDEO_OVERHEAD_S = 1.5


def estimate_seconds(work: Sequence[float], rates: Sequence[float], workers: int) -> float:
    """Time until the last video is rendered, videos taken in order as workers become free.

    Args:
        work: of each video, in any unit (pixels to render).
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
