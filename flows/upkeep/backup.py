"""`nightshoot backup`: what cannot be made again, copied while campaigns go on.

Records are read first, then the files that they name, which every run writes before its records. A
file that changed in between has its record read again. In the backup the files come first and the
one record that names them all comes last.
"""

import hashlib
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from flows.upkeep.old_backups import Pruned, check_whole, prune
from model.errors import CampaignError
from tasks.delivery.delivery_folder import RECORD as DELIVERY_RECORD
from tasks.delivery.delivery_folder import Delivery
from tasks.errors import DamagedError
from tasks.records import CampaignRows, VideoReceipt
from tasks.review.journal import JOURNAL
from tasks.speech_records import Speech
from tasks.store.campaign_folder import S3_SCHEME, CampaignFolder
from tasks.store.campaigns import campaigns_in, open_campaign
from tasks.store.files import sha256_of_file
from tasks.store.record_json import read_record, record_bytes
from tasks.upkeep.backup_place import FILES, RECORDS, BackupPlace, file_name, open_backup
from tasks.upkeep.backup_record import Backup, CampaignBackup, KeptFile, Part, backup_times
from tasks.upkeep.freed_segments import freed_name
from tasks.upkeep.sources import sources_of

_MADE_AGAIN = ("report/", "logs/", "inputs/", ".probe-")
_TRIES = 3
_SUFFIXES = (".json", ".jsonl")


@dataclass(frozen=True)
class BackedUp:
    """What a backup did.

    Attributes:
        name: of the backup.
        place: where it lies.
        backup: its record.
        num_new, new_bytes: files that no earlier backup had.
        damaged: files of the place that are not what they were, where that was asked.
        pruned: older backups that went, where that was asked.
    """

    name: str
    place: str
    backup: Backup
    num_new: int
    new_bytes: int
    damaged: tuple[str, ...] = ()
    pruned: Pruned = field(default_factory=Pruned)


@dataclass
class _Contents:
    """The files of the place; each content is written once."""

    place: BackupPlace
    there: dict[str, int]
    scratch: Path
    num_new: int = 0
    new_bytes: int = 0

    def has(self, sha256: str) -> int | None:
        """How long the content is, where it is there."""
        return self.there.get(file_name(sha256))

    def keep(self, path: Path, sha256: str) -> KeptFile:
        """Keep a file of this content.

        Raises:
            DamagedError: it is another.
        """
        name, num_bytes = file_name(sha256), path.stat().st_size
        if self.there.get(name) != num_bytes:
            self.place.keep(path, name, sha256)
            self.there[name] = num_bytes
            self.num_new += 1
            self.new_bytes += num_bytes
        return KeptFile(sha256=sha256, num_bytes=num_bytes)

    def keep_bytes(self, data: bytes) -> KeptFile:
        """The same of a small file."""
        path = self.scratch / "record"
        path.write_bytes(data)
        return self.keep(path, hashlib.sha256(data).hexdigest())


def back_up(
    out: str | Path,
    to: str | Path,
    parts: Collection[Part],
    *,
    verify: bool = False,
    keep: int | None = None,
) -> BackedUp:
    """Back up every campaign of ``out``.

    Args:
        out: folder of campaigns, or ``s3://bucket/prefix``.
        to: where backups lie.
        parts: what is kept by choice.
        verify: read back every file that the backup names.
        keep: how many backups stay, this one included, if it is not damaged; None: all.

    Raises:
        CampaignError: there is nothing to back up, or a place cannot be used.
        DiskFullError, StoreError: a place stopped taking or giving; nothing names what was copied.
    """
    _check_apart(out, to)
    names = campaigns_in(out)
    if not names:
        raise CampaignError(f"{out} holds no campaign; name the folder that --out names elsewhere")
    at = datetime.now(UTC)
    place = open_backup(to)
    with tempfile.TemporaryDirectory(prefix="nightshoot-backup-") as scratch:
        contents = _Contents(place, place.sizes(FILES), Path(scratch))
        campaigns = [_campaign(open_campaign(out, name), name, parts, contents) for name in names]
        backup = Backup(
            at=at.isoformat(timespec="seconds"),
            out=str(out),
            release=version("nightshoot"),
            parts=tuple(sorted(parts)),
            campaigns=tuple(campaigns),
        )
        name = _write(place, at, backup)
        check_whole(place, name, backup)
        damaged = tuple(_damaged(place, backup, Path(scratch))) if verify else ()
    pruned = Pruned() if keep is None or damaged else prune(place, keep)
    new = contents.num_new, contents.new_bytes
    return BackedUp(name, place.url, backup, *new, damaged, pruned)


def _check_apart(out: str | Path, to: str | Path) -> None:
    if str(out).startswith(S3_SCHEME) or str(to).startswith(S3_SCHEME):
        is_within = str(to).rstrip("/").startswith(str(out).rstrip("/"))
    else:
        is_within = Path(to).absolute().resolve().is_relative_to(Path(out).absolute().resolve())
    if is_within:
        raise CampaignError(
            f"{to} lies in {out}, which it would be lost with; choose another disk or bucket"
        )


def _write(place: BackupPlace, at: datetime, backup: Backup) -> str:
    """Write the record under a name that no other backup has, later than all of them."""
    name = f"{at:%Y%m%dT%H%M%S}Z"
    number = 1
    while True:
        numbered = name if number == 1 else f"{name}-{number}"
        if numbered not in backup_times(place) and place.write_once(
            f"{RECORDS}/{numbered}.json", record_bytes(backup)
        ):
            return numbered
        number += 1


def _damaged(place: BackupPlace, backup: Backup, scratch: Path) -> Iterator[str]:
    for sha256 in sorted(backup.contents()):
        found = place.fetch(file_name(sha256), scratch / "content")
        if found != sha256:
            yield f"{place.url}/{file_name(sha256)} is {'missing' if found is None else 'damaged'}"


@dataclass
class _Files:
    """What of one campaign is in the backup."""

    folder: CampaignFolder
    contents: _Contents
    files: dict[str, KeptFile] = field(default_factory=dict[str, KeptFile])
    left: list[str] = field(default_factory=list[str])

    def add_record(self, name: str, data: bytes | None) -> None:
        if data is not None:
            self.files[name] = self.contents.keep_bytes(data)

    def add(self, name: str, sha256: str | None) -> None:
        """Add a file by its name; of known content, it is read only if it is new.

        Raises:
            DamagedError: it is missing, or of other content.
        """
        num_bytes = None if sha256 is None else self.contents.has(sha256)
        if sha256 is not None and num_bytes is not None:
            self.files[name] = KeptFile(sha256=sha256, num_bytes=num_bytes)
            return
        path = self.folder.root / name
        found = sha256
        if self.folder.bucket is not None:
            path = self.contents.scratch / "content"
            found = self.folder.bucket.get_file(name, path)
        elif sha256 is None and path.is_file():
            found = sha256_of_file(path)
        if found is None or not path.is_file():
            raise DamagedError(f"{name} is missing")
        if sha256 is not None and found != sha256:
            raise DamagedError(f"{name} is not what its record says")
        self.files[name] = self.contents.keep(path, found)


def _campaign(
    folder: CampaignFolder, campaign: str, parts: Collection[Part], contents: _Contents
) -> CampaignBackup:
    was_at_work = folder.is_at_work()
    records = {
        name: folder.read_bytes(name)
        for name in folder.listing()
        if name.endswith(_SUFFIXES) and _is_kept(name, parts) and not name.startswith("videos/")
    }
    found = _Files(folder, contents)
    known = _known(records)
    videos = [name for name in folder.listing("videos") if name.endswith(".json")]
    for name in videos:
        _add_video(found, name, parts)
    for name in folder.listing():  # after the records: all that these name is there by now
        if name.endswith(_SUFFIXES) or name.startswith("videos/") or not _is_kept(name, parts):
            continue
        try:
            found.add(name, known.get(name))
        except DamagedError as error:
            found.left.append(str(error))
    for name, data in records.items():
        found.add_record(name, _whole_lines(data) if name == JOURNAL else data)
    rows = _rows(records.get("rows.json"))
    sources = sources_of(folder, rows) if rows else None
    kept = {
        name: contents.keep(path, sha256_of_file(path))
        for name, path in (sources.files if sources else {}).items()
    }
    return CampaignBackup(
        campaign=campaign,
        was_at_work=was_at_work or folder.is_at_work(),
        files=found.files,
        sources=kept,
        left=(*found.left, *(sources.left if sources else ())),
    )


def _is_kept(name: str, parts: Collection[Part]) -> bool:
    """Whether a file is copied; what is not understood is."""
    if name == "lock.json" or name.startswith(_MADE_AGAIN):
        return False
    if name.startswith("segments/"):
        return "segments" in parts
    return not name.startswith("delivery/") or name == "delivery/index.csv" or "delivery" in parts


def _known(records: Mapping[str, bytes | None]) -> dict[str, str]:
    """What records say of the content of files, by their names."""
    known: dict[str, str] = {}
    for name, data in records.items():
        try:
            if name == DELIVERY_RECORD:
                files = read_record(name, data or b"", Delivery).files
                known |= {f"delivery/{each}": sha256 for each, sha256 in files.items() if sha256}
            elif name.startswith("speech/"):
                speech = read_record(name, data or b"", Speech)
                known[f"speech/{speech.speech_id}.wav"] = speech.file_sha256
                known[f"speech/{speech.speech_id}.16k.wav"] = speech.engine_file_sha256
        except DamagedError:
            continue  # kept as it is; a run finds it
    return known


def _add_video(found: _Files, name: str, parts: Collection[Part]) -> None:
    """A finished video's receipt with its files; a run may replace them meanwhile."""
    trouble = ""
    for _ in range(_TRIES):
        data = found.folder.read_bytes(name)
        if data is None:
            return
        try:
            receipt = read_record(name, data, VideoReceipt)
            for entry in receipt.captions:
                found.add(f"videos/{entry.name}", entry.sha256)
            if "masters" in parts:
                found.add(f"videos/{receipt.file.name}", receipt.file.sha256)
        except DamagedError as error:
            trouble = str(error)
            continue
        if "segments" not in parts:
            _add_freed(found, receipt)
        found.add_record(name, data)
        return
    found.left.append(f"{name}: {trouble}; the video is left out")


def _add_freed(found: _Files, receipt: VideoReceipt) -> None:
    """Receipts of the video's segments, as a purge leaves them."""
    for key in receipt.segment_keys:
        name = f"segments/{key[:2]}/{key}.json"
        found.add_record(freed_name(key), found.folder.read_bytes(name))


def _whole_lines(data: bytes | None) -> bytes | None:
    """A journal without the line that somebody is just adding."""
    return None if data is None else data[: data.rfind(b"\n") + 1]


def _rows(data: bytes | None) -> CampaignRows | None:
    try:
        return None if data is None else read_record("rows.json", data, CampaignRows)
    except DamagedError:
        return None
