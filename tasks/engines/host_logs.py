"""What the processes of an engine said of one segment: kept where a segment failed or was lost.

A host writes a log, and so does each of its ranks, beside it. They go on over many segments and
videos, and lie on the machine that renders; the last lines of all of them go into the campaign's
store, as ``logs/segments/<key>.<attempt>.log``.
"""

import contextlib
from pathlib import Path

from model.errors import NightshootError
from tasks.store.campaign_folder import CampaignFolder

_MOST_LINES = 60
_MOST_BYTES = 256 << 10  # read from a log's end


def segment_log_name(key: str, attempt: int) -> str:
    """Where the store keeps what was said of a try."""
    return f"logs/segments/{key}.{attempt}.log"


def lines_of_segment(text: str, key: str, most: int = _MOST_LINES) -> list[str]:
    """The last lines of a log since the segment began; of all where it tells of no beginning.

    A log in which only other lines carry the segment's short name begins with the first of those.
    """
    lines = text.splitlines()
    begins = [at for at, line in enumerate(lines) if f"segment {key} begins" in line]
    named = [at for at, line in enumerate(lines) if f" {key[:8]} " in line]
    first = (begins[-1:] or named[:1] or [0])[0]
    return lines[first:][-most:]


def logs_of(host_log: Path) -> list[Path]:
    """The host's log, then those of its ranks."""
    ranks = host_log.parent.glob(f"{host_log.stem}.rank*{host_log.suffix}")
    return [host_log, *sorted(ranks, key=lambda path: (len(path.name), path.name))]


def segment_log_lines(host_log: Path, key: str) -> str:
    """The last lines of the host and of each rank, under their names."""
    parts: list[str] = []
    for path in logs_of(host_log):
        with contextlib.suppress(FileNotFoundError):
            lines = lines_of_segment(_end_of(path), key)
            parts.append("\n".join([f"--- {path.name}", *lines, ""]))
    return "\n".join(parts)


def keep_segment_log(
    folder: CampaignFolder, host_log: Path | None, key: str, attempt: int, why: str
) -> None:
    """Keep what all processes said of a try that failed; a store that is away keeps none.

    Args:
        folder: the campaign's.
        host_log: of the engine host; None where it is not told.
        key: of the segment.
        attempt: which try it was.
        why: the error.
    """
    text = f"segment {key}, try {attempt}: {why}\n\n"
    text += segment_log_lines(host_log, key) if host_log else "the engine host has no log here\n"
    with contextlib.suppress(NightshootError, OSError):
        folder.write_text(segment_log_name(key, attempt), text.encode())


def _end_of(path: Path) -> str:
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - _MOST_BYTES))
        return log.read().decode(errors="replace")
