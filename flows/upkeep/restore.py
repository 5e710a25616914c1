"""`nightshoot restore`: campaigns of a backup, in an output that lacks them.

Nothing is overwritten. Files come first and the records that name them last, so that a restore that
is killed leaves nothing that claims to be whole; the same command goes on where it was.
"""

import tempfile
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from model.errors import CampaignError
from tasks.errors import DamagedError
from tasks.record import Record
from tasks.records import FileEntry, SegmentReceipt, VideoReceipt
from tasks.review.decision import Decision
from tasks.review.journal import JOURNAL, record_decisions
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.campaigns import checked_campaign, open_campaign
from tasks.store.files import (
    check_free_space,
    commit_file,
    part_path,
    sha256_of_file,
)
from tasks.store.record_json import read_record, record_bytes
from tasks.upkeep.backup_place import FILES, BackupPlace, file_name, open_backup
from tasks.upkeep.backup_record import CampaignBackup, KeptFile, read_backup

_DECISIONS = "decisions/"
_SHOWN = 5


@dataclass(frozen=True)
class Restored:
    """What became of one campaign.

    Attributes:
        campaign: its name.
        num_files, num_bytes: that were copied; those that were there already are not counted.
        was_at_work: a run was at work on it when it was backed up.
        sources: where its manifest and the files of its rows are; empty: they were not asked for.
        num_sources: how many such files the backup has.
        left: what the backup does not have of it, and why.
    """

    campaign: str
    num_files: int
    num_bytes: int
    was_at_work: bool
    sources: str
    num_sources: int
    left: tuple[str, ...]


def restore(
    place_name: str | Path,
    out: str | Path,
    *,
    campaigns: Collection[str] = (),
    time: str | None = None,
    sources: Path | None = None,
) -> list[Restored]:
    """Bring campaigns of a backup to ``out``.

    Args:
        place_name: where backups lie.
        out: folder of campaigns, or ``s3://bucket/prefix``.
        campaigns: names; none: all.
        time: name of the backup; None: the newest.
        sources: folder for manifests and the files that rows name, by campaign.

    Raises:
        CampaignError: there is no such backup or campaign, files of it are missing, or other files
            are in its way; nothing was changed then.
        DamagedError: a file of the backup is not what it was.
    """
    place = open_backup(place_name)
    backup = read_backup(place, time)
    chosen = [each for each in backup.campaigns if not campaigns or each.campaign in campaigns]
    unknown = sorted(set(campaigns) - {each.campaign for each in chosen})
    if unknown:
        known = ", ".join(each.campaign for each in backup.campaigns)
        raise CampaignError(f'{place.url} holds no campaign "{unknown[0]}"; it holds {known}')
    _check_whole(place, chosen)
    for each in chosen:
        _check_names(each)
    return [_restored(place, each, out, sources) for each in chosen]


def _check_names(campaign: CampaignBackup) -> None:
    """A record may lead nowhere else."""
    checked_campaign(campaign.campaign)
    names = (*campaign.files, *campaign.sources)
    bad = [name for name in names if name.startswith("/") or {"", ".", ".."} & set(name.split("/"))]
    if bad:
        raise CampaignError(f'the backup of {campaign.campaign} names "{bad[0]}", outside of it')


def _check_whole(place: BackupPlace, campaigns: Iterable[CampaignBackup]) -> None:
    there = place.sizes(FILES)
    wanted = {f.sha256: f for c in campaigns for f in (*c.files.values(), *c.sources.values())}
    missing = [s for s, file in wanted.items() if there.get(file_name(s)) != file.num_bytes]
    if missing:
        raise CampaignError(
            f"{place.url}: {len(missing)} of {len(wanted)} files of the backup are missing or cut "
            f"short, such as {file_name(missing[0])}; restore an earlier backup with --backup"
        )


def _restored(
    place: BackupPlace, campaign: CampaignBackup, out: str | Path, sources: Path | None
) -> Restored:
    folder = open_campaign(out, campaign.campaign)
    home = sources / campaign.campaign if sources else None
    with folder.lock(), tempfile.TemporaryDirectory(prefix="nightshoot-restore-") as scratch:
        target = _Target(place, folder, Path(scratch))
        wanted = target.missing_of(campaign.files)
        own = _missing_sources(home, campaign.sources) if home else {}
        total = sum(file.num_bytes for file in wanted.values())
        if folder.bucket is None:
            check_free_space(folder.root, total)
        for name, file in own.items():
            assert home is not None
            target.fetch_to(home / name, file)
        for name in sorted(wanted, key=_turn):
            target.put(name, wanted[name])
        target.put_decisions()
    return Restored(
        campaign.campaign,
        len(wanted),
        total,
        campaign.was_at_work,
        str(home or ""),
        len(campaign.sources),
        campaign.left,
    )


def _turn(name: str) -> tuple[int, str]:
    """Content, then records, then what makes a folder a campaign."""
    if name in ("campaign.json", "rows.json"):
        return 3, name
    return (2 if name.endswith((".json", ".jsonl")) else 1), name


def _missing_sources(home: Path, sources: dict[str, KeptFile]) -> dict[str, KeptFile]:
    missing: dict[str, KeptFile] = {}
    in_the_way: list[str] = []
    for name, file in sources.items():
        if not (home / name).exists():
            missing[name] = file
        elif sha256_of_file(home / name) != file.sha256:
            in_the_way.append(str(home / name))
    _refuse(in_the_way)
    return missing


def _refuse(in_the_way: Sequence[str]) -> None:
    if in_the_way:
        raise CampaignError(
            f"{len(in_the_way)} other files are in the way: {', '.join(in_the_way[:_SHOWN])}; "
            "nothing was changed: restore to another --out, or move them away"
        )


class _Target:
    """The campaign that is restored."""

    def __init__(self, place: BackupPlace, folder: CampaignFolder, scratch: Path) -> None:
        self._place, self._folder, self._scratch = place, folder, scratch
        self._etags: dict[str, str] = {}
        self._decisions: list[Decision] = []

    def missing_of(self, files: dict[str, KeptFile]) -> dict[str, KeptFile]:
        """The files that are not there yet.

        Raises:
            CampaignError: others are in their place.
        """
        there = self._folder.listing()
        missing = {name: file for name, file in files.items() if name not in there}
        in_the_way = [
            name for name, file in files.items() if name in there and not self._is_same(name, file)
        ]
        _refuse([f"{self._folder.url}/{name}" for name in in_the_way])
        self._etags = {name: listed.etag for name, listed in there.items()}
        return missing

    def _is_same(self, name: str, file: KeptFile) -> bool:
        bucket = self._folder.bucket
        if bucket is None:
            return sha256_of_file(self._folder.root / name) == file.sha256
        if bucket.sha256(name) == file.sha256:
            return True
        kind = _receipt_kind(name)  # restored before, with the etags of this bucket
        data = self._folder.read_bytes(name)
        if kind is None or data is None:
            return False
        kept = read_record(name, self._read(file), kind)
        return _without_etags(read_record(name, data, kind)) == _without_etags(kept)

    def _read(self, file: KeptFile) -> bytes:
        return self.fetch_to(self._scratch / "record", file).read_bytes()

    def fetch_to(self, final: Path, file: KeptFile) -> Path:
        """Have a file of the backup there, proved.

        Raises:
            DamagedError: it is not what it was.
        """
        final.parent.mkdir(parents=True, exist_ok=True)
        part = part_path(final)
        try:
            if self._place.fetch(file_name(file.sha256), part) != file.sha256:
                raise DamagedError(
                    f"{self._place.url}/{file_name(file.sha256)} is damaged, so {final.name} "
                    "cannot be restored; restore an earlier backup with --backup"
                )
            return commit_file(part, final)
        finally:
            part.unlink(missing_ok=True)

    def put(self, name: str, file: KeptFile) -> None:
        """Have one file in the campaign."""
        bucket = self._folder.bucket
        if (name == JOURNAL) if bucket else name.startswith(_DECISIONS):
            self._note_decisions(name, self._read(file))
        elif bucket is None:
            self.fetch_to(self._folder.root / name, file)
        elif (kind := _receipt_kind(name)) is not None:
            receipt = read_record(name, self._read(file), kind)
            told = _with_etags(receipt, name.rpartition("/")[0], self._etags)
            self._folder.write_text(name, record_bytes(told))
        else:
            path = self.fetch_to(self._scratch / "content", file)
            self._etags[name] = bucket.put_file(path, name) or ""

    def _note_decisions(self, name: str, data: bytes) -> None:
        """Decisions of the other kind of store: a journal here, an object each there."""
        lines = data.split(b"\n") if name == JOURNAL else [data]
        self._decisions += [read_record(name, line, Decision) for line in lines if line.strip()]

    def put_decisions(self) -> None:
        """Record what was decided in another kind of store."""
        if self._decisions:
            record_decisions(self._folder, self._decisions)


def _receipt_kind(name: str) -> type[Record] | None:
    """Of receipts that note etags."""
    if not name.endswith(".json"):
        return None
    room = name.partition("/")[0]
    return {"videos": VideoReceipt, "segments": SegmentReceipt}.get(room)


def _with_etags(receipt: Record, folder: str, etags: dict[str, str]) -> Record:
    def told(entry: FileEntry) -> FileEntry:
        return entry.model_copy(update={"etag": etags.get(f"{folder}/{entry.name}", "")})

    updates: dict[str, object] = {}
    for field in type(receipt).model_fields:
        value = getattr(receipt, field)
        if isinstance(value, FileEntry):
            updates[field] = told(value)
        elif field == "captions":
            updates[field] = tuple(told(each) for each in value)
    return receipt.model_copy(update=updates)


def _without_etags(receipt: Record) -> Record:
    return _with_etags(receipt, "", {})
