"""`nightshoot deliver`: what may leave the house, kept in step with what people decide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from flows.stored import StoredCampaign
from model.errors import CampaignError
from tasks.deliverables.store import deliverable_folder, delivered_files, made_of
from tasks.delivery.delivery_folder import (
    FOLDER,
    RECORD,
    Delivery,
    KnownDecision,
    deliver_files,
    read_delivery,
)
from tasks.delivery.index_csv import INDEX, DeliveredFile, index_csv
from tasks.delivery.names import DEFAULT_NAME, NamedRow, names_of
from tasks.delivery.release import Release, is_released
from tasks.records import ManifestRow, RowRecord, VideoOutcome
from tasks.review.decision import Decision
from tasks.review.journal import journal_name, read_journal
from tasks.review.looked_at import looked_at
from tasks.review.ruling import ruling, with_rulings
from tasks.screen.formats import format_name, is_beside
from tasks.store.campaign_folder import CampaignFolder

_OWN_COLUMNS = ("video_id", "language", "voice", "engine", "preset", "seed", "version")


@dataclass(frozen=True)
class Delivered:
    """What a delivery holds now.

    Attributes:
        place: a path or ``s3://...``.
        num_videos: in it.
        num_held_back: finished videos that it leaves out.
        placed: names of files that are new.
        withdrawn: names of files that are gone.
    """

    place: str
    num_videos: int
    num_held_back: int
    placed: tuple[str, ...]
    withdrawn: tuple[str, ...]


def deliver(
    source: StoredCampaign, release: Release | None = None, name: str | None = None
) -> Delivered:
    """Make the campaign's delivery what people decided.

    Args:
        source: the campaign.
        release: what may leave; None: as before, approved videos at first.
        name: how files are called; None: as before, by their video_id at first.

    Raises:
        CampaignError: names cannot be given, or the decisions cannot be read; nothing was changed.
        DamagedError: a finished file is not what its receipt says.
    """
    folder = source.folder
    before = read_delivery(folder) or Delivery()
    release, name = release or before.release, name or before.name
    journal = read_journal(folder).must_be_whole().by_video()
    outcomes = with_rulings(source.stored_outcomes(), journal)
    _check_known(folder, before, journal, outcomes)
    names = _names(source, name, journal, outcomes)
    released = [each for each in outcomes if is_released(each, release)]
    wanted = [
        file
        for each in released
        for file in _files(source, each, names[each.video_id], journal.get(each.video_id, ()))
    ]
    placed, withdrawn = deliver_files(
        folder,
        before,
        wanted,
        index_csv(source.columns, source.cells, wanted),
        release=release,
        name=name,
        decided=_decided(journal, outcomes),
    )
    num_finished = sum(each.status in ("done", "held") for each in outcomes)
    return Delivered(
        f"{folder.url}/{FOLDER}",
        len(released),
        num_finished - len(released),
        tuple(placed),
        tuple(withdrawn),
    )


def refresh_delivery(source: StoredCampaign) -> Delivered | None:
    """The same where the campaign has a delivery.

    A campaign that an earlier release began has one once somebody asked for it.
    """
    before = read_delivery(source.folder)
    if before is None and not source.record.has_delivery and not _has_index(source.folder):
        return None
    before = before or Delivery()
    is_empty = before.release == "approved" and not before.files and not before.decided
    journal = read_journal(source.folder)
    if is_empty and not journal.decisions and not journal.damage:
        _check_never_delivered(source.folder)
        return None  # nothing can be approved, and no file need be read to know it
    return deliver(source)


def _has_index(folder: CampaignFolder) -> bool:
    """Whether there was a delivery once, whatever became of its record."""
    return folder.read_bytes(f"{FOLDER}/{INDEX}") is not None


def _check_never_delivered(folder: CampaignFolder) -> None:
    """Of a campaign with neither decisions nor a record of its delivery.

    Raises:
        CampaignError: there was a delivery, so both were lost.
    """
    if _has_index(folder):
        raise CampaignError(
            f"{folder.url}: {FOLDER}/{INDEX} lists what was delivered, but {RECORD} and "
            f"{journal_name(folder)} are missing or empty, so nobody knows what was approved: "
            f"restore both from a backup, or move {FOLDER}/ away and decide again"
        )


def _decided(
    journal: Mapping[str, Sequence[Decision]], outcomes: Sequence[VideoOutcome]
) -> dict[str, KnownDecision]:
    """The decision that holds of each video which has one."""
    found: dict[str, KnownDecision] = {}
    for each in outcomes:
        held = ruling(journal.get(each.video_id, ()), each.looked_at).decided
        if held is not None:
            told = f"{held.action} by {held.by}"
            found[each.video_id] = KnownDecision(
                id=held.id, looked_at=held.looked_at, at=held.at, told=told
            )
    return found


def _approved(
    before: Delivery,
    journal: Mapping[str, Sequence[Decision]],
    outcomes: Sequence[VideoOutcome],
) -> dict[str, KnownDecision]:
    """What a release that kept no decisions in its record tells: what it placed was approved.

    Two videos may have the same file, and one of them was.
    """
    if before.release != "approved":
        return {}
    decided = {d.looked_at for each in journal.values() for d in each if d.is_verdict}
    placed = set(before.files.values()) - decided
    return {
        each.video_id: KnownDecision(id="", looked_at=each.looked_at, at="", told="approve")
        for each in outcomes
        if each.looked_at and each.looked_at in placed
    }


def _check_known(
    folder: CampaignFolder,
    before: Delivery,
    journal: Mapping[str, Sequence[Decision]],
    outcomes: Sequence[VideoOutcome],
) -> None:
    """A decision that was there once is there still: nothing is taken out of the journal.

    Who decides about the same file again needs the lost decision no more.

    Raises:
        CampaignError: decisions were lost; nobody knows what may leave the house.
    """
    known = before.decided or _approved(before, journal, outcomes)
    lost: list[str] = []
    for each in outcomes:
        was, now = known.get(each.video_id), journal.get(each.video_id, ())
        if was is None or was.looked_at != each.looked_at or any(d.id == was.id for d in now):
            continue
        if not any(d.looked_at == was.looked_at and d.at > was.at and d.is_verdict for d in now):
            lost.append(f"{each.video_id} ({', '.join(filter(None, (was.told, was.at)))})")
    if lost:
        raise CampaignError(
            f"{folder.url}: {journal_name(folder)} lacks decisions that were there: "
            f"{', '.join(lost)}; nothing in {FOLDER}/ was changed: restore it from a backup, or "
            "decide about these videos again (`nightshoot decide`; --withdraw: nothing is decided)"
        )


def check_names(
    folder: CampaignFolder,
    rows: Sequence[ManifestRow],
    cells: Mapping[str, Mapping[str, str]],
    columns: Sequence[str],
    name: str | None,
) -> None:
    """Try the names of a manifest's files before anything is rendered.

    Raises:
        CampaignError, NamesError: they cannot be given.
    """
    before = read_delivery(folder)
    template = name or (before.name if before else DEFAULT_NAME)
    if template == DEFAULT_NAME:
        return  # they are unique, and other rules are those of who delivers
    records = [
        RowRecord(video_id=row.video_id, line=row.line, cells=dict(cells[row.video_id]), row=row)
        for row in rows
    ]
    named = [NamedRow(row.video_id, row.line, _values(row, 1)) for row in records]
    names_of(template, named, _columns(columns))


def _columns(columns: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*(each for each in columns if each), *_OWN_COLUMNS)))


def version_of(outcome: VideoOutcome, decisions: Sequence[Decision]) -> int:
    """Which file of a video this is, the first that people decided on being 1."""
    return 1 + len({each.looked_at for each in decisions} - {outcome.looked_at})


def _names(
    source: StoredCampaign,
    template: str,
    decisions: Mapping[str, Sequence[Decision]],
    outcomes: Sequence[VideoOutcome],
) -> dict[str, str]:
    versions = {o.video_id: version_of(o, decisions.get(o.video_id, ())) for o in outcomes}
    rows = [
        NamedRow(row.video_id, row.line, _values(row, versions[row.video_id]))
        for row in source.rows
    ]
    return names_of(template, rows, _columns(source.columns))


def _values(row: RowRecord, version: int) -> dict[str, str]:
    """What a name may be made of: the cells, and for empty ones what the row was made with."""
    made: dict[str, str] = {"video_id": row.video_id, "version": str(version)}
    if row.row is not None:
        own = row.row.model_dump(mode="json")
        made |= {name: str(own[name]) for name in _OWN_COLUMNS if own.get(name) is not None}
    return made | {name: text for name, text in row.cells.items() if text.strip()}


def _files(
    source: StoredCampaign, outcome: VideoOutcome, name: str, decisions: Sequence[Decision]
) -> list[DeliveredFile]:
    seen = looked_at(source.folder, outcome.video_id)
    receipt = seen.receipt
    if receipt is None or seen.stored is None or receipt.file.sha256 != outcome.looked_at:
        return []  # it is being made again at this moment
    version = version_of(outcome, decisions)
    is_far = source.folder.bucket is not None

    def link(called: str) -> str:
        return f"{source.folder.url}/{FOLDER}/{called}" if is_far else called

    files: list[DeliveredFile] = []
    for entry in (receipt.file, *receipt.captions):
        called = f"{name}{entry.name.removeprefix(outcome.video_id)}"
        files.append(DeliveredFile(called, entry, outcome, version, link(called)))
    for made in made_of(seen.stored, receipt, source.folder):
        stem = f"{name}_{format_name(made.size)}"
        asked = seen.stored.deliver
        assert asked is not None, "something was made"
        own = tuple(entry for entry in (made.srt, made.vtt) if entry is not None)
        beside = (own or receipt.captions) if is_beside(asked.captions, made.size) else ()
        for entry in beside:
            called = f"{stem}.{asked.language}.{entry.name.rpartition('.')[2]}"
            size = format_name(made.size)
            file = DeliveredFile(called, entry, outcome, version, link(called), size=size)
            files.append(replace(file, folder=deliverable_folder(made.key)) if own else file)
        for suffix, entry in delivered_files(made).items():
            called = f"{stem}{suffix}"
            files.append(
                DeliveredFile(
                    called,
                    entry,
                    outcome,
                    version,
                    link(called),
                    folder=deliverable_folder(made.key),
                    size=format_name(made.size),
                    loudness_lufs=made.integrated_lufs,
                )
            )
    return files
