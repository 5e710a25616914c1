"""A folder of recordings -> a manifest with one row for each."""

# pandas brings no stubs and leaves its return types open
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from model.errors import CampaignError
from tasks.inputs.file_types import sound_fault
from tasks.manifest.cell_values import free_id, suggested_id
from tasks.redaction import printable

_SUFFIXES = frozenset(
    (
        *(".wav", ".wave", ".flac", ".aiff", ".aif", ".aifc", ".caf", ".au"),
        *(".mp3", ".m4a", ".m4b", ".aac", ".ogg", ".oga", ".opus", ".amr", ".wma"),
        *(".mp4", ".m4v", ".mov", ".3gp", ".webm", ".weba", ".mka", ".mkv"),
    )
)
_SYSTEM_FILES = frozenset(("thumbs.db", "desktop.ini", "icon\r"))


@dataclass(frozen=True)
class RecordingsManifest:
    """The CSV text, and every file of the folder that has no row, with the reason."""

    text: str
    left_out: tuple[str, ...]


def manifest_from_recordings(
    audio_dir: Path, portrait: Path, out: Path | None = None
) -> RecordingsManifest:
    """One row per recording in ``audio_dir``, in natural order.

    Paths are relative to the folder of ``out``, or to the current one without it.

    Raises:
        CampaignError: there is no recording in the folder that can be read.
    """
    folder = (out.parent if out else Path()).resolve()
    recordings: list[Path] = []
    left_out: list[str] = []
    for path in sorted(audio_dir.iterdir(), key=_natural):
        if path.resolve() in (portrait.resolve(), out and out.resolve()):
            continue
        reason = _reason_against(path)
        if reason:
            left_out.append(f"{printable(path.name)}: {reason}")
        else:
            recordings.append(path)
    if not recordings:
        kinds = ", ".join(sorted(suffix[1:] for suffix in _SUFFIXES))
        told = "".join(f"\n  {each}" for each in left_out)
        raise CampaignError(
            f"{audio_dir}: there are no recordings in this folder; supported types are {kinds}"
            f"{told}"
        )
    import pandas as pd  # long to import: for who asks for a manifest, not for every command

    taken: dict[str, Iterator[int]] = {}
    rows = [
        {
            "video_id": free_id(suggested_id(each.stem, f"recording-{number}"), taken),
            "audio": _relative(each, folder),
            "portrait": _relative(portrait, folder),
        }
        for number, each in enumerate(recordings, 1)
    ]
    return RecordingsManifest(
        pd.DataFrame(rows).to_csv(index=False, lineterminator="\n"), tuple(left_out)
    )


def _reason_against(path: Path) -> str:
    """Why a file has no row; empty for a recording."""
    name = path.name.lower()
    if name.startswith((".", "~$")) or name in _SYSTEM_FILES:
        return "a hidden file of the system"  # macOS writes ._Take 1.mp3 beside Take 1.mp3
    if path.is_dir():
        return "a folder; name it as --audio-dir to read what is in it"
    if path.suffix.lower() not in _SUFFIXES:
        return "its name is not that of a recording"
    try:
        return sound_fault(path)
    except OSError as error:
        return f"the file cannot be read ({error.strerror})"


def _natural(path: Path) -> list[tuple[int, int, str]]:
    """Sort key: numbers by value, words by letter."""
    parts = re.split(r"(\d+)", path.name.lower())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path.resolve(), folder)).as_posix()
