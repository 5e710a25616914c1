"""What is said when a run has ended: the figures, then the notes, then what went wrong."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from flows.progress import clock_of
from flows.run import Summary
from tasks.errors import counted
from tasks.records import VideoOutcome

_SHOWN = 20


def summary_lines(summary: Summary) -> Iterator[Text]:
    """Lines for a terminal; what a person must act on comes last, where it is read."""
    if summary.refused:
        yield from _failures(summary.refused)
        yield Text(
            f"Refused: {counted(len(summary.refused), 'row')} cannot be rendered, so nothing was "
            "rendered."
        )
        are_others = len(summary.outcomes) > len(summary.refused)
        others = ", or add --keep-going to render the other rows" if are_others else ""
        yield Text(f"Correct the manifest{others}.")
        return
    done = [outcome for outcome in summary.asked if outcome.status == "done"]
    held = [outcome for outcome in summary.asked if outcome.status == "held"]
    failed = [o for o in summary.asked if o.status in ("failed", "quarantined")]
    yield from warning_lines({o.video_id: o.warnings for o in (*done, *held)})
    yield from _held(held)
    yield from _failures(failed)
    made = sum(outcome.num_segments_rendered for outcome in (*done, *held))
    told = f"{len(held)} held, " if held else ""
    yield Text(
        f"{len(done)} of {counted(len(summary.asked), 'video')} done, {told}{len(failed)} "
        f"failed; "
        f"{counted(made, 'segment')} rendered in {clock_of(summary.seconds)}",
        style="bold",
    )
    num_others = len(summary.outcomes) - len(summary.asked)
    if num_others:
        yield Text(f"{counted(num_others, 'other video')} of the campaign not chosen for this run")
    if summary.halted:
        yield Text(summary.halted, style="red")
    elif summary.was_stopped:
        yield Text("Stopped. Finished segments are kept; run the same command to continue.")
    if summary.report:
        yield Text(f"report: {summary.report}")


def warning_lines(warnings: dict[str, tuple[str, ...]]) -> Iterator[Text]:
    """Each warning once, with the videos it is about; the commonest first."""
    videos: dict[str, list[str]] = {}
    for video_id, told in warnings.items():
        for warning in dict.fromkeys(told):
            videos.setdefault(warning, []).append(video_id)
    for warning, names in sorted(videos.items(), key=lambda each: -len(each[1])):
        yield Text(f"note: {names_of(names)}: {warning}", style="yellow")


def names_of(names: Sequence[str]) -> str:
    """The first names and the number of the others."""
    more = f" and {len(names) - 3} more" if len(names) > 4 else ""
    return ", ".join(names[: 3 if more else 4]) + more


def _held(outcomes: Sequence[VideoOutcome]) -> Iterator[Text]:
    for outcome in outcomes[:_SHOWN]:
        yield Text(f"{outcome.video_id} (line {outcome.line}): held: {outcome.error}", style="red")
        yield Text(f"  {outcome.path}")
    if len(outcomes) > _SHOWN:
        yield Text(f"... and {len(outcomes) - _SHOWN} more held; the report lists them all")
    if outcomes:
        yield Text(f"  what to do: {outcomes[0].way_out}")


def _failures(outcomes: Sequence[VideoOutcome]) -> Iterator[Text]:
    for outcome in outcomes[:_SHOWN]:
        yield Text(f"{outcome.video_id} (line {outcome.line}): {outcome.error}", style="red")
        yield Text(f"  what to do: {outcome.way_out}")
    if len(outcomes) > _SHOWN:
        yield Text(f"... and {len(outcomes) - _SHOWN} more; the report lists them all")
