"""`nightshoot smoke`: ten short clips, rendered afresh and measured."""

import statistics
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.local.dispatcher import LocalDispatcher
from flows.progress import PlainProgress
from flows.run import Run
from flows.session import Request, Session, peak_rss_bytes
from tasks.manifest.manifest import RowDefaults
from tasks.records import Record


class SmokeResult(Record):
    """How ten clips went."""

    num_clips: int
    num_done: int
    seconds_per_clip_mean: float
    seconds_per_clip_spread: float
    first_frame_s: float
    peak_rss_bytes: int
    total_s: float
    folder: str
    errors: tuple[str, ...]


def smoke_test(out: str | Path, workers: int, console: Console) -> SmokeResult:
    """Render the ten clips of `manifests/smoke.csv` afresh and measure each.

    They go to a new campaign of their own, named by the time, so that nothing is found done
    and nothing is removed.
    """
    manifest = Path(__file__).parents[2] / "manifests" / "smoke.csv"
    request = Request(
        manifest=manifest,
        out=out,
        campaign=f"smoke-{datetime.now(UTC):%Y%m%d-%H%M%S}",
        defaults=RowDefaults(),
        workers=workers,
        keep_going=True,
    )
    session = Session(request)
    summary = Run(session, PlainProgress(console), LocalDispatcher(workers))()
    done = [outcome for outcome in summary.outcomes if outcome.status == "done"]
    seconds = [outcome.seconds for outcome in done] or [0.0]
    first_frames = [figure.first_frame_seconds for figure in summary.figures] or [0.0]
    return SmokeResult(
        num_clips=len(summary.outcomes),
        num_done=len(done),
        seconds_per_clip_mean=statistics.mean(seconds),
        seconds_per_clip_spread=statistics.pstdev(seconds),
        first_frame_s=statistics.median(first_frames),
        peak_rss_bytes=peak_rss_bytes(summary.figures),
        total_s=summary.seconds,
        folder=session.folder.url,
        errors=tuple(outcome.error for outcome in summary.outcomes if outcome.error),
    )


def smoke_table(result: SmokeResult) -> Table:
    """What `nightshoot smoke` prints."""
    table = Table(show_header=False, box=None)
    table.add_row("clips done", f"{result.num_done} of {result.num_clips}")
    table.add_row(
        "seconds per clip",
        f"{result.seconds_per_clip_mean:.2f} (spread {result.seconds_per_clip_spread:.2f})",
    )
    table.add_row("time to first frame", f"{result.first_frame_s:.2f} s (median)")
    table.add_row("peak memory", f"{result.peak_rss_bytes / 1e6:.0f} MB (of the largest process)")
    table.add_row("whole run", f"{result.total_s:.1f} s")
    table.add_row("videos in", result.folder)
    for error in result.errors:
        table.add_row("failed", Text(error, style="red"))
    return table
