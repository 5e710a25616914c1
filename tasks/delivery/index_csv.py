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
        source: its file in `videos/`.
        outcome: of its video.
        version: the first file that people decided on is 1.
        link: where other systems find it; relative on a disk.
    """

    name: str
    source: FileEntry
    outcome: VideoOutcome
    version: int
    link: str

    @property
    def format(self) -> str:
        """Its kind: mp4, srt or vtt."""
        return self.name.rpartition(".")[2]


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
    is_video = file.format == "mp4"
    lufs = outcome.loudness_lufs if is_video else None
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
