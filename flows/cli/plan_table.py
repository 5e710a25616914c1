"""What `nightshoot plan` prints: the videos, what to know of them, and last what cannot be made."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from flows.cli.gpus.tables import gpu_tables
from flows.cli.plan import Quote, VideoQuote
from flows.cli.rows.pricing import price_lines
from flows.cli.summary import warning_lines
from flows.progress import clock_of
from tasks.deliverables.reckoning import CALIBRATED, DeliverablesQuote
from tasks.errors import counted
from tasks.redaction import printable

_REREADS_SHOWN, _WORDS_SHOWN, _WORD_CHARS = 20, 5, 60
_ERRORS_SHOWN = 100


def campaign_table(quote: Quote, *, is_all: bool = False) -> Iterator[RenderableType]:
    """What `nightshoot plan` prints; ``is_all``: every placement."""
    good = [video for video in quote.videos if not video.error]
    table = Table("video", "size", box=None)
    for name in ("seconds", "clips", "segments", "done"):
        table.add_column(name, justify="right")
    table.add_column("state")
    for video in good:
        table.add_row(
            video.video_id,
            video.size,
            f"{video.duration_s:.2f}",
            f"{video.num_clips:.2f}",
            str(video.num_segments),
            str(video.num_segments_done),
            _state(video),
        )
    yield table
    for notice in quote.notices:
        yield Text(f"note: {notice}", style="yellow")
    yield from warning_lines({video.video_id: video.warnings for video in good})
    yield from reread_lines(quote.videos)
    seconds = sum(video.duration_s for video in good)
    yield Text(
        f"{counted(len(good), 'video')}, {counted(sum(v.num_segments for v in good), 'segment')}, "
        f"{seconds:.1f} s of video; already done: "
        f"{counted(sum(v.num_segments_done for v in good), 'segment')}, "
        f"{counted(sum(v.is_done for v in good), 'video')}"
    )
    frames = " or ".join(map(str, quote.infer_frames))
    yield Text(f"length = clips x {frames} frames / {quote.fps} fps")
    yield Text(
        f"disk: needs about {quote.disk_needed_bytes / 1e6:.0f} MB, "
        f"{quote.disk_free_bytes / 1e9:.1f} GB are free",
        style="red" if quote.disk_needed_bytes > quote.disk_free_bytes else "",
    )
    if quote.deliverables is not None:
        made = quote.deliverables
        yield Text(
            f"deliverables: {counted(made.num_encodes, 'film')}, about "
            f"{made.num_bytes / 1e6:.0f} MB of the disk, about {made.core_s:.0f} s of computing, "
            f"shared by all cores (figures of {CALIBRATED})"
            + ("" if quote.gpus is None else " and not in the time of the GPUs")
        )
        if made.num_enlarged:
            yield Text(_upscaler_line(made), style="yellow" if made.enlarging_s is None else "")
    if quote.gpus is not None:
        yield from gpu_tables(quote.gpus, is_all=is_all)
    else:
        yield Text(_time_line(quote))
    if quote.price is not None:
        for line in price_lines(quote.price, quote.fit, quote.shares):
            yield Text(line)
    for line in quote.breaches:
        yield Text(
            f"Refused: {line}. Add --fit to choose the videos that fit, or allow more.",
            style="bold red",
        )
    yield from _error_lines(quote.videos)


def _state(video: VideoQuote) -> str:
    state = "done" if video.is_done else "to do"
    num_warnings = len(dict.fromkeys(video.warnings))
    return f"{state}, {counted(num_warnings, 'note')}" if num_warnings else state


def _error_lines(videos: Sequence[VideoQuote]) -> Iterator[Text]:
    """Each row that cannot be rendered, last of all: it is what a person must act on."""
    bad = [video for video in videos if video.error]
    if not bad:
        return
    for video in bad[:_ERRORS_SHOWN]:
        yield Text(f"{video.video_id} (line {video.line}): {printable(video.error)}", style="red")
    if len(bad) > _ERRORS_SHOWN:
        yield Text(f"... and {len(bad) - _ERRORS_SHOWN} more; --json lists them all", style="red")
    others = ", or render the others with --keep-going" if len(bad) < len(videos) else ""
    yield Text(
        f"{len(bad)} of {counted(len(videos), 'row')} cannot be rendered. Correct "
        f"{'it' if len(bad) == 1 else 'them'}{others}.",
        style="bold red",
    )


def reread_lines(videos: Sequence[VideoQuote]) -> Iterator[Text]:
    """What is said of videos whose scripts would be read otherwise today; nothing if none is."""
    changed = [video for video in videos if video.rereads]
    if not changed:
        return
    done = sum(video.is_done for video in changed)
    yield Text(
        f"{counted(len(changed), 'video')} spoken earlier ({done} of them finished) would be read "
        "differently today. They stay as they are; to have them spoken, planned and rendered "
        "again, add --reread:",
        style="yellow",
    )
    for video in changed[:_REREADS_SHOWN]:
        words = [f'"{_short(each.written)}" as "{_short(each.spoken)}"' for each in video.rereads]
        more = f" and {len(words) - _WORDS_SHOWN} more" if len(words) > _WORDS_SHOWN else ""
        yield Text(f"  {video.video_id}: {', '.join(words[:_WORDS_SHOWN])}{more}")
    if len(changed) > _REREADS_SHOWN:
        yield Text(f"  and {len(changed) - _REREADS_SHOWN} more; --json lists them all")


def _short(words: str) -> str:
    line = printable(" ".join(words.split()))
    return line if len(line) <= _WORD_CHARS else f"{line[: _WORD_CHARS - 1]}…"


def _upscaler_line(made: DeliverablesQuote) -> str:
    """What enlarging masters takes, beside the computing of their films."""
    room = f"{made.enlarging_bytes / 1e6:.0f} MB for temporary files in each worker"
    if made.enlarging_s is None:
        return (
            f"upscaler: {counted(made.num_enlarged, 'film')}, {room}; how long it takes is unknown "
            "and in no time below, because no film of this output tells it yet: render one row "
            "with --only ID, then plan again"
        )
    return (
        f"upscaler: {counted(made.num_enlarged, 'film')}, about {clock_of(made.enlarging_s)} one "
        f"after the other, as earlier films took, {room}"
    )


def _time_line(quote: Quote) -> str:
    if quote.estimated_s is None:
        return f"time: unknown, because this machine cannot render the rest: {quote.time_unknown}"
    if not quote.estimated_s:
        return "time: nothing is left to render"
    return (
        f"time: about {clock_of(quote.estimated_s)} on "
        f"{'a cluster on this machine' if quote.is_on_cluster else 'this machine'} with "
        f"{counted(quote.workers, 'worker')}, from a short test just now"
    )
