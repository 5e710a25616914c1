"""Outcomes -> `report.csv` for spreadsheets and `report/index.html` for people.

The page needs nothing but itself and the files beside it: videos, posters and contact sheets.
Style, script and captions are inside: browsers refuse a page opened from disk its track files.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from tasks.deliverables.store import ROOM
from tasks.engines.gpu_summary import NO_MACHINES, MachineFigures, machine_figures
from tasks.media.contact_sheets import (
    sheet_path,
    sheets_folder,
    stills_folder,
    stills_path,
)
from tasks.media.earlier_video import FOLDER as EARLIER_FOLDER
from tasks.media.posters import poster_path, posters_folder
from tasks.records import FINISHED, VideoOutcome, VideoReceipt
from tasks.redaction import without_secrets
from tasks.report import charts
from tasks.report.cards import STATUS_ORDER, Card, cards_of, relative
from tasks.report.films import film_records
from tasks.store.campaign_folder import (
    CampaignFolder,
)
from tasks.store.files import (
    disk_full_as_error,
    write_file,
)
from tasks.store.record_json import read_record
from tasks.tables.spreadsheet_cells import REPORT_COLUMNS, protected

_TEMPLATE = "report.html.j2"
PAGE_CARDS = 100
"""So many videos are on one page of the report; a browser does not lay out the others."""
_FETCHES_AT_ONCE = 8


def campaign_report(
    store: CampaignFolder,
    *,
    title: str,
    columns: Sequence[str],
    cells: Mapping[str, Mapping[str, str]],
    outcomes: Sequence[VideoOutcome],
    facts: Mapping[str, str],
    notices: Sequence[str],
    gpu_note: str = "",
) -> str:
    """Both reports in the campaign's store; see :func:`write_report`. Returns the page's address.

    The samples of GPUs are joined into ``logs/gpu.csv``; ``gpu_note`` says why there are none.

    Raises:
        ValueError, DiskFullError: as :func:`write_report`.
        StoreError: the store cannot be reached.
    """
    done = [outcome.video_id for outcome in outcomes if outcome.status in FINISHED]
    if store.bucket is not None:
        with ThreadPoolExecutor(_FETCHES_AT_ONCE, thread_name_prefix="report") as pool:
            list(pool.map(partial(_fetch, store), done))
            list(pool.map(partial(_fetch_file, store), _earlier_records(store)))
            if store.listing(ROOM):
                list(pool.map(partial(_fetch_films, store), done))
    page = write_report(
        store.root,
        title=title,
        columns=columns,
        cells=cells,
        outcomes=[
            outcome.model_copy(update={"path": str(store.video_path(outcome.video_id))})
            if outcome.status in FINISHED
            else outcome
            for outcome in outcomes
        ],
        facts=facts,
        notices=notices,
        machines=machine_figures(store, _receipts(store, done), gpu_note),
    )
    store.publish(store.root / "report.csv", page)
    return f"{store.url}/report/index.html"


def _receipts(store: CampaignFolder, video_ids: Sequence[str]) -> Iterator[VideoReceipt]:
    for video_id in video_ids:
        path = store.root / "videos" / f"{video_id}.json"
        if path.exists():  # a bucket's may have gone since
            yield read_record(f"videos/{path.name}", path.read_bytes(), VideoReceipt)


def _fetch(store: CampaignFolder, video_id: str) -> None:
    """Bring what the page shows of a finished video beside it: receipt, captions, contact sheet."""
    receipt = store.root / "videos" / f"{video_id}.json"
    for name in (receipt.name, f"{video_id}.vtt", f"{video_id}.srt"):
        _fetch_file(store, f"videos/{name}")
    if receipt.exists():
        made = read_record(receipt.name, receipt.read_bytes(), VideoReceipt)
        video = store.video_path(video_id)
        pictures = [
            sheet_path(video, sheets_folder(store.root)),
            poster_path(video, made.file.sha256, posters_folder(store.root)),
        ]
        if stills := stills_path(made, stills_folder(store.root)):
            pictures.append(stills)
        for picture in pictures:
            _fetch_file(store, picture.relative_to(store.root).as_posix())


def _fetch_file(store: CampaignFolder, name: str) -> None:
    data = store.read_bytes(name)
    if data is not None:
        write_file(store.root / name, data)


def _fetch_films(store: CampaignFolder, video_id: str) -> None:
    """Bring the records of what was made of a finished video beside it."""
    receipt = store.root / "videos" / f"{video_id}.json"
    if receipt.exists():
        for name in film_records(
            store, read_record(receipt.name, receipt.read_bytes(), VideoReceipt)
        ):
            _fetch_file(store, name)


def _earlier_records(store: CampaignFolder) -> list[str]:
    return [name for name in store.listing(EARLIER_FOLDER) if name.endswith(".json")]


def write_report(
    folder: Path,
    *,
    title: str,
    columns: Sequence[str],
    cells: Mapping[str, Mapping[str, str]],
    outcomes: Sequence[VideoOutcome],
    facts: Mapping[str, str],
    notices: Sequence[str],
    machines: MachineFigures = NO_MACHINES,
) -> Path:
    """Write both reports of the campaign in ``folder``; returns the page's path.

    Args:
        folder: the campaign's folder; videos are in `videos/`.
        title: the campaign's name.
        columns: the manifest's columns, in its order.
        cells: video_id -> column -> text, in the manifest's order.
        outcomes: one per row, in any order.
        facts: engine, preset and so on, for the page's head.
        notices: what concerns the whole campaign.
        machines: what GPUs did, and which segments were slow.

    Raises:
        ValueError: the outcomes are not those of the rows.
        DiskFullError: there is no room; the reports that were there are untouched.
    """
    by_id = {outcome.video_id: outcome for outcome in outcomes}
    if by_id.keys() != cells.keys() or len(outcomes) != len(cells):
        raise ValueError(f"{len(outcomes)} outcomes do not match the {len(cells)} rows' video_ids")
    rows = [_shown(by_id[video_id]) for video_id in cells]
    notices = [without_secrets(notice) for notice in notices]
    page = folder / "report" / "index.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    with disk_full_as_error(page):
        text = report_csv(folder, columns, cells, rows)
        write_file(folder / "report.csv", _encoded("\ufeff" + text))
        cards = cards_of(folder, cells, rows)
        write_file(page, _encoded(report_html(title, cards, facts, notices, machines)))
    return page


def _shown(outcome: VideoOutcome) -> VideoOutcome:
    """An outcome as people may see it: its texts may be those of an earlier release."""
    return outcome.model_copy(
        update={
            "error": without_secrets(outcome.error),
            "way_out": without_secrets(outcome.way_out),
            "warnings": tuple(map(without_secrets, outcome.warnings)),
        }
    )


# --- the table ----------------------------------------------------------------------------------


def report_csv(
    folder: Path,
    columns: Sequence[str],
    cells: Mapping[str, Mapping[str, str]],
    rows: Sequence[VideoOutcome],
) -> str:
    """The manifest's columns, then :data:`REPORT_COLUMNS`; texts are safe for spreadsheets."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([*columns, *REPORT_COLUMNS])
    for outcome in rows:
        texts = [cells[outcome.video_id].get(column, "") for column in columns]
        writer.writerow([*map(protected, texts), *_outcome_cells(folder, outcome)])
    return buffer.getvalue()


def _outcome_cells(folder: Path, outcome: VideoOutcome) -> list[str | int | float]:
    path = relative(Path(outcome.path), folder) if outcome.path else ""
    return [
        outcome.status,
        protected(path),
        round(outcome.duration_s, 3),
        outcome.num_frames,
        outcome.num_segments,
        round(outcome.seconds, 2),
        round(outcome.engine_seconds, 2),
        "" if outcome.loudness_lufs is None else outcome.loudness_lufs,
        "" if outcome.true_peak_dbtp is None else outcome.true_peak_dbtp,
        protected(outcome.error),
        protected(outcome.way_out),
        protected("; ".join(outcome.warnings)),
    ]


# --- the page -----------------------------------------------------------------------------------


def report_html(
    title: str,
    cards: Sequence[Card],
    facts: Mapping[str, str],
    notices: Sequence[str],
    machines: MachineFigures = NO_MACHINES,
    *,
    is_shared: bool = False,
) -> str:
    """The page; every text is escaped. ``is_shared``: for a client, who approves and comments."""
    cards = sorted(cards, key=lambda card: card.rank)
    done = [card.outcome for card in cards if card.outcome.status in FINISHED]
    counts = Counter(card.outcome.status for card in cards)
    return _page().render(
        clock=clock,
        is_shared=is_shared,
        title=title,
        cards=cards,
        facts=facts,
        notices=notices,
        machines=machines,
        counts={status: counts[status] for status in STATUS_ORDER if counts[status]},
        tabs=Counter(tab for card in cards for tab in card.tabs.split()),
        page_cards=PAGE_CARDS,
        chart_box=f"0 0 {charts.WIDTH} {charts.HEIGHT}",
        has_preview=any(card.outcome.is_preview for card in cards),
        total_s=sum(outcome.duration_s for outcome in done),
        engine_s=sum(outcome.engine_seconds for outcome in done),
        num_segments=sum(outcome.num_segments for outcome in done),
    )


@cache
def _page() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(_TEMPLATE)


def clock(seconds: float) -> str:
    """A length for people: ``8.3 s``, ``1:05`` or ``2:00:07``."""
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _encoded(text: str) -> bytes:
    # a file name on Linux may hold bytes that are no text; they are shown escaped
    return text.encode("utf-8", "backslashreplace")
