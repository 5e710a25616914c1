"""`delivery/index.csv`: one row per file that may leave, for people and for other systems."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tasks.records import FileEntry, VideoOutcome
from tasks.tables.spreadsheet_cells import protected

INDEX = "index.csv"
INDEX_COLUMNS = (
    "file",
    "status",
    "version",
    "approved_by",
    "approved_at",
    "sha256",
    "duration",
    "format",
    "LUFS",
    "link",
)
"""What follows the manifest's columns."""


@dataclass(frozen=True)
class DeliveredFile:
    """One file in `delivery/`.

    Attributes:
        name: of the file there.
        source: its file in `folder`.
        outcome: of its video.
        version: the first file that people decided on is 1.
        link: where other systems find it; relative on a disk.
        folder: of the store, from its root.
        size: of a deliverable, as `1080x1920`; empty: it is the master's.
        loudness_lufs: of a sound of its own; None: it has the master's.
    """

    name: str
    source: FileEntry
    outcome: VideoOutcome
    version: int
    link: str
    folder: str = "videos"
    size: str = ""
    loudness_lufs: float | None = None

    @property
    def kind(self) -> str:
        """Of the file: mp4, srt or vtt."""
        return self.name.rpartition(".")[2]

    @property
    def format(self) -> str:
        """Its kind, and the size of a deliverable: `mp4 1080x1920`."""
        return f"{self.kind} {self.size}".rstrip()


def index_csv(
    columns: Sequence[str],
    cells: Mapping[str, Mapping[str, str]],
    files: Sequence[DeliveredFile],
) -> bytes:
    """The list of files; texts are safe for spreadsheets.

    Args:
        columns: of the manifest.
        cells: video_id -> column -> text.
        files: in the order of the rows.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    own = [name for name in columns if name not in INDEX_COLUMNS]
    writer.writerow([*own, *INDEX_COLUMNS])
    for file in files:
        texts = [cells[file.outcome.video_id].get(name, "") for name in own]
        writer.writerow([*map(protected, texts), *_file_cells(file)])
    return ("\ufeff" + buffer.getvalue()).encode("utf-8", "backslashreplace")


def _file_cells(file: DeliveredFile) -> list[str | int | float]:
    outcome = file.outcome
    is_approved = outcome.verdict == "approved"
    is_video = file.kind == "mp4"
    own = outcome.loudness_lufs if file.loudness_lufs is None else file.loudness_lufs
    lufs = own if is_video else None
    return [
        protected(file.name),
        outcome.status,
        file.version,
        protected(outcome.decided_by) if is_approved else "",
        outcome.decided_at if is_approved else "",
        file.source.sha256,
        round(outcome.duration_s, 3) if is_video else "",
        file.format,
        "" if lufs is None else lufs,
        protected(file.link),
    ]
