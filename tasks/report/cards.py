"""Rows -> cards of the page: what is shown and played of one video, and how urgent it is."""

import json
import os
from base64 import b64encode
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tasks.errors import DamagedError, FfmpegError
from tasks.media.contact_sheets import (
    Sheet,
    contact_sheet,
    remove_stale_sheets,
    sheets_folder,
)
from tasks.media.posters import keep_poster, poster_path, posters_folder
from tasks.records import FINISHED, Status, VideoOutcome, VideoReceipt
from tasks.report.timeline import GateFault, Stretch, gate_faults, start_of, stretches
from tasks.review.sample import sample_of
from tasks.store.record_json import read_record

_EXCERPT_CHARS = 220
_SHEETS_AT_ONCE = 2
# the order in which a person wants to look at them
STATUS_ORDER: tuple[Status, ...] = (
    "held",
    "failed",
    "quarantined",
    "running",
    "pending",
    "done",
)


@dataclass(frozen=True)
class Player:
    """What plays one finished video: links relative to the page, captions as a data URI."""

    video: str
    srt: str
    vtt: str
    captions: str
    poster: str


@dataclass(frozen=True)
class Card:
    """One row of the manifest, as the page shows it."""

    outcome: VideoOutcome
    cells: Mapping[str, str]
    excerpt: str
    player: Player | None
    sheet: Sheet | None
    sheet_problem: str
    sheet_link: str = ""
    faults: tuple[GateFault, ...] = ()
    stretches: tuple[Stretch, ...] = ()
    in_sample: bool = False

    @property
    def start_s(self) -> float:
        """Where the player starts."""
        return start_of(self.faults)

    @property
    def tabs(self) -> str:
        """Names of the tabs that show it."""
        outcome = self.outcome
        shown = {
            "held": outcome.status == "held" and outcome.verdict != "approved",
            "doubts": outcome.num_doubts > 0,
            "sample": self.in_sample,
            "approved": outcome.verdict == "approved",
            "warned": bool(outcome.warnings),
        }
        return " ".join((outcome.status, *(name for name, is_in in shown.items() if is_in)))

    @property
    def rank(self) -> tuple[int, int, int]:
        """Its place: what a person must look at comes first."""
        outcome = self.outcome
        order = STATUS_ORDER.index(outcome.status)
        is_settled = outcome.verdict in ("approved", "dropped")
        num_held = sum(each.is_held for each in self.faults)
        return (len(STATUS_ORDER) if is_settled else order, -num_held, -outcome.num_open_comments)

    @property
    def text(self) -> str:
        """What the page's search looks into."""
        outcome = self.outcome
        told = (outcome.video_id, outcome.status, outcome.error, outcome.way_out, self.excerpt)
        found = (outcome.verdict, outcome.decided_by, *(each.words for each in self.faults))
        return " ".join((*told, *found, *outcome.warnings, *self.cells.values()))


def excerpt_of(text: str) -> str:
    """The beginning of a script, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _EXCERPT_CHARS else line[: _EXCERPT_CHARS - 1].rstrip() + "…"


def cards_of(
    folder: Path,
    cells: Mapping[str, Mapping[str, str]],
    rows: Sequence[VideoOutcome],
) -> list[Card]:
    """The cards of the rows, in their order; pictures are made where they are missing."""
    sample = frozenset(sample_of(rows))
    with ThreadPoolExecutor(_SHEETS_AT_ONCE, thread_name_prefix="sheet") as pool:
        sheets = list(pool.map(partial(_sheet, folder), rows))
    remove_stale_sheets(sheets_folder(folder), [path for path, _, _ in sheets if path])
    receipts = [_receipt_of(outcome) for outcome in rows]
    faults = [gate_faults(fields) for fields, _ in receipts]
    remove_stale_sheets(
        posters_folder(folder), [Path(p) for o in rows if (p := _poster(folder, o))]
    )
    return [
        Card(
            outcome=outcome,
            cells={name: text for name, text in cells[outcome.video_id].items() if text.strip()},
            excerpt=excerpt_of(cells[outcome.video_id].get("script", "")),
            player=_player(folder, outcome),
            sheet=sheet,
            sheet_problem=problem,
            sheet_link=_sheet_link(folder, outcome, path, sheet),
            faults=found,
            stretches=stretches(receipt, found) if receipt else (),
            in_sample=outcome.video_id in sample,
        )
        for outcome, (path, sheet, problem), (_, receipt), found in zip(
            rows, sheets, receipts, faults, strict=True
        )
    ]


def _receipt_of(
    outcome: VideoOutcome,
) -> tuple[Mapping[str, Any], VideoReceipt | None]:
    """A finished video's receipt, as it is written and as this release reads it."""
    if outcome.status not in FINISHED:
        return {}, None
    path = Path(outcome.path).with_suffix(".json")
    try:
        data = path.read_bytes()
        return json.loads(data), read_record(path.name, data, VideoReceipt)
    except (FileNotFoundError, DamagedError):
        return {}, None  # the sheet's problem says so


def _poster(folder: Path, outcome: VideoOutcome) -> str:
    """Path of a finished video's poster; empty where there is none, as of older releases on S3."""
    _, receipt = _receipt_of(outcome)
    if receipt is None:
        return ""
    path = poster_path(Path(outcome.path), receipt.file.sha256, posters_folder(folder))
    return str(path) if path.exists() else ""


def _sheet_link(folder: Path, outcome: VideoOutcome, path: Path | None, sheet: Sheet | None) -> str:
    """The sheet's file beside the page; itself where the page makes the poster of it.

    Browsers let no page from a disk read the pixels of a file beside it.
    """
    if path is None or sheet is None:
        return ""
    return _link(path, folder) if _poster(folder, outcome) else sheet.data_uri


def _sheet(folder: Path, outcome: VideoOutcome) -> tuple[Path | None, Sheet | None, str]:
    """A done video's contact sheet, or why there is none: the report is written all the same."""
    if outcome.status not in FINISHED:
        return None, None, ""
    try:
        _make_poster(folder, outcome)
        path, sheet = contact_sheet(
            Path(outcome.path),
            sheets_folder(folder),
            num_frames=outcome.num_frames,
            fps=outcome.num_frames / outcome.duration_s,
        )
    except (FfmpegError, DamagedError) as error:
        return None, None, str(error)
    return path, sheet, ""


def _make_poster(folder: Path, outcome: VideoOutcome) -> None:
    """Of a video that an earlier release finished; where its file is not at hand, it has none."""
    video = Path(outcome.path)
    _, receipt = _receipt_of(outcome)
    width, _, height = (receipt.size if receipt else "").partition("x")
    if receipt is not None and width and video.exists():
        size = (int(width), int(height))
        keep_poster(video, receipt.file.sha256, posters_folder(folder), size)


def _player(folder: Path, outcome: VideoOutcome) -> Player | None:
    if outcome.status not in FINISHED:
        return None
    poster = _poster(folder, outcome)
    video = Path(outcome.path)
    captions = video.with_suffix(".vtt")
    has_captions = captions.exists()
    return Player(
        video=_link(video, folder),
        srt=_link(video.with_suffix(".srt"), folder) if has_captions else "",
        vtt=_link(captions, folder) if has_captions else "",
        captions=captions_uri(captions) if has_captions else "",
        poster=_link(Path(poster), folder) if poster else "",
    )


def captions_uri(path: Path) -> str:
    """Captions as an address that holds them: browsers refuse a page from disk its track files."""
    return f"data:text/vtt;charset=utf-8;base64,{b64encode(path.read_bytes()).decode('ascii')}"


def _link(path: Path, folder: Path) -> str:
    return quote(relative(path, folder / "report"))


def relative(path: Path, folder: Path) -> str:
    """``path`` as seen from ``folder``, so that a copied campaign folder still works."""
    return Path(os.path.relpath(path, folder)).as_posix()
