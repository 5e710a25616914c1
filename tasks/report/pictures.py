"""What the page shows of a finished video besides the video: made where it is missing."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.errors import DamagedError, FfmpegError
from tasks.media.contact_sheets import (
    Sheet,
    contact_sheet,
    keep_stills,
    remove_stale_sheets,
    sheets_folder,
    stills_folder,
    stills_path,
)
from tasks.media.posters import keep_poster, poster_path, posters_folder
from tasks.records import FINISHED, VideoOutcome, VideoReceipt
from tasks.store.record_json import read_record


@dataclass(frozen=True)
class Finished:
    """A finished video as its receipt tells of it.

    Attributes:
        video: its path.
        fields: of the receipt as it is written; empty where there is none.
        receipt: as this release reads it; None where it cannot.
    """

    video: Path
    fields: Mapping[str, Any]
    receipt: VideoReceipt | None


@dataclass(frozen=True)
class Pictures:
    """Of one video; a path that is None is not there.

    Attributes:
        sheet: the contact sheet, and where it is.
        problem: why there is none.
        poster: for the player.
        stills: of its worst second.
    """

    sheet: Sheet | None = None
    sheet_path: Path | None = None
    problem: str = ""
    poster: Path | None = None
    stills: Path | None = None


def finished_of(outcome: VideoOutcome) -> Finished | None:
    """What is known of a finished video; None of any other."""
    if outcome.status not in FINISHED:
        return None
    path = Path(outcome.path).with_suffix(".json")
    try:
        data = path.read_bytes()
        receipt = read_record(path.name, data, VideoReceipt)
        return Finished(Path(outcome.path), json.loads(data), receipt)
    except (FileNotFoundError, DamagedError):
        return Finished(Path(outcome.path), {}, None)  # the sheet's problem says so


def pictures_of(folder: Path, outcome: VideoOutcome, finished: Finished | None) -> Pictures:
    """Its pictures, or why there is no sheet: the report is written all the same."""
    if finished is None:
        return Pictures()
    try:
        _make(folder, finished)
        path, sheet = contact_sheet(
            finished.video,
            sheets_folder(folder),
            num_frames=outcome.num_frames,
            fps=outcome.num_frames / outcome.duration_s,
        )
        problem = ""
    except (FfmpegError, DamagedError) as error:
        path, sheet, problem = None, None, str(error)
    return Pictures(sheet, path, problem, *_there(folder, finished))


def _make(folder: Path, finished: Finished) -> None:
    """What an earlier release did not make; of a video whose file is not at hand there is none."""
    video, receipt = finished.video, finished.receipt
    if receipt is None or not video.exists():
        return
    width, _, height = receipt.size.partition("x")
    if width:
        size = (int(width), int(height))
        keep_poster(video, receipt.file.sha256, posters_folder(folder), size)
    keep_stills(video, receipt, stills_folder(folder))


def _there(folder: Path, finished: Finished) -> tuple[Path | None, Path | None]:
    """Poster and stills, where they are."""
    if finished.receipt is None:
        return None, None
    poster = poster_path(finished.video, finished.receipt.file.sha256, posters_folder(folder))
    stills = stills_path(finished.receipt, stills_folder(folder))
    return poster if poster.exists() else None, stills if stills and stills.exists() else None


def remove_stale_pictures(folder: Path, pictures: Iterable[Pictures]) -> None:
    """Remove pictures of videos that are no more, or are others now."""
    kept = list(pictures)
    remove_stale_sheets(sheets_folder(folder), [p.sheet_path for p in kept if p.sheet_path])
    remove_stale_sheets(posters_folder(folder), [p.poster for p in kept if p.poster])
    remove_stale_sheets(stills_folder(folder), [p.stills for p in kept if p.stills])
