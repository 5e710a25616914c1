"""`nightshoot backup --keep N`: older backups go, and a day later what only they held.

The day is for others: a backup that is at work counts on files that it found there, and a restore
reads them. So a backup is first put aside, from ``backups/`` to ``pruned/``, and its files go with
the first backup with ``--keep`` that is made a day later.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tasks.errors import DamagedError, NewerRecordError, StoreError
from tasks.store.record_json import read_record
from tasks.upkeep.backup_place import FILES, RECORDS, BackupPlace, file_name
from tasks.upkeep.backup_record import Backup, backup_times

_PRUNED = "pruned"
_TIME = "%Y%m%dT%H%M%SZ"
_WAIT = timedelta(days=1)


@dataclass(frozen=True)
class Pruned:
    """What was removed.

    Attributes:
        backups: that were put aside now, the oldest first.
        num_files, num_bytes: what went for good.
        waiting: backups put aside less than a day ago, whose files are still there.
        left: why nothing could go; empty: it could.
    """

    backups: tuple[str, ...] = ()
    num_files: int = 0
    num_bytes: int = 0
    waiting: tuple[str, ...] = ()
    left: str = ""


def prune(place: BackupPlace, keep: int, now: datetime | None = None) -> Pruned:
    """Keep the newest backups of a place.

    Args:
        place: where they lie.
        keep: how many, 1 at least.
        now: the moment.

    Raises:
        ValueError: none would be kept.
        StoreError: the place stopped answering; the next time goes on from there.
    """
    if keep < 1:
        raise ValueError(f"{keep} backups cannot be kept; keep 1 at least")
    now = now or datetime.now(UTC)
    old = backup_times(place)[:-keep]
    for name in old:
        record = f"{RECORDS}/{name}.json"
        place.write_once(f"{_PRUNED}/{now:{_TIME}}--{name}.json", place.read(record) or b"")
        place.remove(record)
    aside = sorted(place.sizes(_PRUNED))
    due = [each for each in aside if now - _put_aside(each) >= _WAIT]
    waiting = tuple(_backup_of(each) for each in aside if each not in due)
    try:
        num_files, num_bytes = _free(place, due) if due else (0, 0)
    except (DamagedError, NewerRecordError) as error:
        return Pruned(tuple(old), waiting=waiting, left=f"no file was removed: {error}")
    return Pruned(tuple(old), num_files, num_bytes, waiting)


def _free(place: BackupPlace, due: Iterable[str]) -> tuple[int, int]:
    """Remove the files that only these name, then them."""
    gone = {name: read_record(name, place.read(name) or b"", Backup) for name in due}
    kept = [f"{RECORDS}/{time}.json" for time in backup_times(place)]
    aside = [name for name in place.sizes(_PRUNED) if name not in gone]
    needed: set[str] = set()
    for name in (*kept, *aside):
        needed |= read_record(name, place.read(name) or b"", Backup).contents().keys()
    there = place.sizes(FILES)
    freed = {
        name
        for backup in gone.values()
        for sha256 in backup.contents().keys() - needed
        if (name := file_name(sha256)) in there
    }
    for name in sorted(freed):
        place.remove(name)
    for name in gone:
        place.remove(name)
    return len(freed), sum(there[name] for name in freed)


def check_whole(place: BackupPlace, name: str, backup: Backup) -> None:
    """What a backup names is there, and has its length; else it is no backup.

    Raises:
        StoreError: something is missing; the record was removed.
    """
    there = place.sizes(FILES)
    for sha256, kept in backup.contents().items():
        if there.get(file_name(sha256)) != kept.num_bytes:
            place.remove(f"{RECORDS}/{name}.json")
            raise StoreError(
                f"{place.url}/{file_name(sha256)} was removed while this backup was made; nothing "
                "is lost in the output, so make the backup again"
            )


def _put_aside(name: str) -> datetime:
    told = name.removeprefix(f"{_PRUNED}/").partition("--")[0]
    return datetime.strptime(told, _TIME).replace(tzinfo=UTC)


def _backup_of(name: str) -> str:
    return name.partition("--")[2].removesuffix(".json")
