"""Rows -> cards of the page: what is shown and played of one video, and how urgent it is."""

import os
from base64 import b64encode
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import quote

from tasks.media.contact_sheets import Sheet
from tasks.media.earlier_video import FOLDER as EARLIER_FOLDER
from tasks.media.earlier_video import read_earlier
from tasks.records import Status, VideoOutcome, VideoReceipt
from tasks.report.charts import Chart, charts
from tasks.report.films import FilmCard, films_of
from tasks.report.pictures import (
    Finished,
    Pictures,
    finished_of,
    pictures_of,
    remove_stale_pictures,
)
from tasks.report.timeline import GateFault, Stretch, gate_faults, start_of, stretches
from tasks.review.sample import sample_of
from tasks.store.campaign_folder import CampaignFolder

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
    """One row of the manifest, as the page shows it.

    ``stills`` (of its worst second) and ``earlier`` (the file that its own has replaced) are links;
    empty: there is none.
    """

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
    charts: tuple[Chart, ...] = ()
    stills: str = ""
    earlier: str = ""
    films: tuple[FilmCard, ...] = ()

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
    finished = [finished_of(outcome) for outcome in rows]
    with ThreadPoolExecutor(_SHEETS_AT_ONCE, thread_name_prefix="sheet") as pool:
        pictures = list(pool.map(partial(pictures_of, folder), rows, finished))
    remove_stale_pictures(folder, pictures)
    sample = frozenset(sample_of(rows))
    return [
        replace(
            _card(folder, outcome, its, made),
            cells={name: text for name, text in cells[outcome.video_id].items() if text.strip()},
            excerpt=excerpt_of(cells[outcome.video_id].get("script", "")),
            in_sample=outcome.video_id in sample,
        )
        for outcome, its, made in zip(rows, finished, pictures, strict=True)
    ]


def _card(
    folder: Path, outcome: VideoOutcome, finished: Finished | None, pictures: Pictures
) -> Card:
    """The card of one video, without what its row says."""
    receipt = finished.receipt if finished else None
    faults = gate_faults(finished.fields) if finished else ()
    return Card(
        outcome=outcome,
        cells={},
        excerpt="",
        player=_player(folder, finished, pictures.poster),
        sheet=pictures.sheet,
        sheet_problem=pictures.problem,
        sheet_link=_sheet_link(folder, pictures),
        faults=faults,
        stretches=stretches(receipt, faults) if receipt else (),
        charts=charts(receipt.curves if receipt else None),
        stills=_link(pictures.stills, folder) if pictures.stills else "",
        earlier=_earlier_link(folder, receipt),
        films=films_of(CampaignFolder(folder), receipt) if receipt else (),
    )


def _sheet_link(folder: Path, pictures: Pictures) -> str:
    """The sheet's file beside the page; itself where the page makes the poster of it.

    Browsers let no page from a disk read the pixels of a file beside it.
    """
    if pictures.sheet is None or pictures.sheet_path is None:
        return ""
    return _link(pictures.sheet_path, folder) if pictures.poster else pictures.sheet.data_uri


def _earlier_link(folder: Path, receipt: VideoReceipt | None) -> str:
    """The finished file that the video's own has replaced; empty where there is none."""
    if receipt is None:
        return ""
    earlier = read_earlier(CampaignFolder(folder), receipt.video_id)
    if earlier is None or earlier.file.sha256 == receipt.file.sha256:
        return ""
    return _link(folder / EARLIER_FOLDER / earlier.file.name, folder)


def _player(folder: Path, finished: Finished | None, poster: Path | None) -> Player | None:
    if finished is None:
        return None
    video = finished.video
    captions = video.with_suffix(".vtt")
    has_captions = captions.exists()
    return Player(
        video=_link(video, folder),
        srt=_link(video.with_suffix(".srt"), folder) if has_captions else "",
        vtt=_link(captions, folder) if has_captions else "",
        captions=captions_uri(captions) if has_captions else "",
        poster=_link(poster, folder) if poster else "",
    )


def captions_uri(path: Path) -> str:
    """Captions as an address that holds them: browsers refuse a page from disk its track files."""
    return f"data:text/vtt;charset=utf-8;base64,{b64encode(path.read_bytes()).decode('ascii')}"


def _link(path: Path, folder: Path) -> str:
    return quote(relative(path, folder / "report"))


def relative(path: Path, folder: Path) -> str:
    """``path`` as seen from ``folder``, so that a copied campaign folder still works."""
    return Path(os.path.relpath(path, folder)).as_posix()
