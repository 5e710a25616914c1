"""The live view of a campaign on a terminal, and the table of its status."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Self

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from flows.cli.summary import names_of
from flows.progress import PlainProgress, ProgressView, summary_of
from tasks.errors import counted
from tasks.records import SegmentPlan, SegmentReceipt, VideoOutcome, VideoPlan
from tasks.redaction import printable


class PlainConsole(Console):
    """Draws with its own colours and movements, and with none that a text brings along."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """See :class:`rich.console.Console`."""
        for segment in super().render(renderable, options):
            is_own = segment.control is not None
            yield segment if is_own else Segment(printable(segment.text), segment.style)


class LiveProgress(PlainProgress):
    """Bars: the whole campaign, and each video at work."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._bars = Progress(
            TextColumn("{task.description}", style="bold"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[detail]}"),
            console=console,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}
        self._whole = self._bars.add_task("all videos", total=None, detail="preparing")

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def status(self, text: str) -> None:
        """Shown beside the bar of the whole until segments are counted there."""
        with self._lock:
            if not self.tally.num_segments_done:
                self._bars.update(self._whole, detail=text)

    def video_started(self, plan: VideoPlan) -> None:
        """A video's first segment is next."""
        with self._lock:
            self.tally.start()
            self._tasks[plan.video_id] = self._bars.add_task(
                plan.video_id,
                total=len(plan.segments),
                detail=f"0 of {counted(len(plan.segments), 'segment')}",
            )

    def segment_done(
        self, plan: VideoPlan, segment: SegmentPlan, receipt: SegmentReceipt, *, is_reused: bool
    ) -> None:
        """A segment is there."""
        del receipt
        with self._lock:
            self.tally.done(segment, is_reused=is_reused)
            count = f"{segment.index + 1} of {counted(len(plan.segments), 'segment')}"
            self._bars.update(self._tasks[plan.video_id], advance=1, detail=count)
            self._bars.update(
                self._whole,
                total=self.tally.num_segments,
                completed=self.tally.num_segments_done,
                detail=summary_of(self.tally),
            )

    def video_ended(self, outcome: VideoOutcome) -> None:
        """A video is done or has failed."""
        with self._lock:
            if outcome.video_id in self._tasks:
                self._bars.remove_task(self._tasks.pop(outcome.video_id))
            super().video_ended(outcome)


def status_table(outcomes: Sequence[VideoOutcome]) -> Group:
    """What `nightshoot status` prints: what is not done, held first, or decided on; what to do."""
    counts = Counter(outcome.status for outcome in outcomes)
    counts.update(outcome.verdict for outcome in outcomes if outcome.verdict)
    is_decided = any(each.verdict or each.num_open_comments for each in outcomes)
    table = Table("video", "state", *(["decided"] if is_decided else []), "reason", box=None)
    for outcome in sorted(outcomes, key=lambda each: each.status != "held"):
        decided = decision_told(outcome)
        if outcome.status != "done" or decided:
            why = outcome.error or "; ".join(outcome.warnings) if outcome.status != "done" else ""
            cells = [Text(decided)] if is_decided else []
            table.add_row(outcome.video_id, outcome.status, *cells, Text(why))
    videos_of: dict[str, list[str]] = {}
    for outcome in outcomes:
        if outcome.way_out:
            videos_of.setdefault(outcome.way_out, []).append(outcome.video_id)
    ways = [Text(f"what to do: {names_of(names)}: {way}") for way, names in videos_of.items()]
    told = ", ".join(f"{number} {status}" for status, number in counts.most_common())
    tables = [table] if table.row_count else []
    return Group(*tables, *ways, Text(told or "no videos", style="bold"))


def decision_told(outcome: VideoOutcome) -> str:
    """Who decided what of a video, and when; empty where nobody said anything."""
    parts: list[str] = []
    if outcome.verdict:
        when = outcome.decided_at[:16].replace("T", " ")
        why = f" ({outcome.decided_why})" if outcome.decided_why else ""
        parts.append(f"{outcome.verdict} by {outcome.decided_by}, {when} UTC{why}")
    if outcome.num_open_comments:
        parts.append(counted(outcome.num_open_comments, "open comment"))
    return "; ".join(parts)


def progress_view(console: Console) -> ProgressView:
    """Bars on a terminal, lines elsewhere."""
    return LiveProgress(console) if console.is_terminal else PlainProgress(console)
