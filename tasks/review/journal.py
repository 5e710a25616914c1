"""The decisions of a campaign in its store: added, never changed, never lost to another reviewer.

On a disk they are the lines of ``decisions.jsonl``, appended under a lock; on S3 each is an object
of its own, ``decisions/<id>.json``, written if it is absent.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from model.errors import CampaignError
from tasks.errors import DamagedError
from tasks.review.decision import Decision
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.files import disk_full_as_error
from tasks.store.record_json import read_record, record_bytes

JOURNAL = "decisions.jsonl"
_FOLDER = "decisions"
_FETCHES_AT_ONCE = 8


@dataclass(frozen=True)
class Journal:
    """What was decided, in the order of time, and which records cannot be read."""

    decisions: tuple[Decision, ...] = ()
    damage: tuple[str, ...] = ()

    def of(self, video_id: str) -> tuple[Decision, ...]:
        """The decisions about one video."""
        return tuple(each for each in self.decisions if each.video_id == video_id)

    def by_video(self) -> dict[str, list[Decision]]:
        """The decisions of each video that has any."""
        found: dict[str, list[Decision]] = {}
        for each in self.decisions:
            found.setdefault(each.video_id, []).append(each)
        return found

    def must_be_whole(self) -> "Journal":
        """The same.

        Raises:
            CampaignError: a record is damaged, so nobody knows what was decided.
        """
        if self.damage:
            raise CampaignError(
                f"{'; '.join(self.damage)}; nobody knows what was decided there, so nothing is "
                "released: restore it from a backup, or remove the damaged record and decide again"
            )
        return self


def read_journal(folder: CampaignFolder) -> Journal:
    """Every decision of a campaign.

    Raises:
        NewerRecordError: a later release wrote one.
        StoreError: the store does not answer.
    """
    found: dict[str, Decision] = {}
    damage: list[str] = []
    for name, data in _stored(folder):
        try:
            decision = read_record(name, data, Decision)
        except DamagedError as error:
            damage.append(str(error))
        else:
            found[decision.id] = decision
    ordered = sorted(found.values(), key=lambda each: (each.at, each.id))
    return Journal(tuple(ordered), tuple(damage))


def record_decisions(folder: CampaignFolder, decisions: Sequence[Decision]) -> list[Decision]:
    """Add decisions to those that are there; returns those that were new.

    Raises:
        DiskFullError: there is no room for them; none was recorded.
        StoreError: the store does not answer; the same call again records what is missing.
    """
    known = {each.id for each in read_journal(folder).decisions}
    new = list({each.id: each for each in decisions if each.id not in known}.values())
    if folder.bucket is None:
        _append(folder.root / JOURNAL, new)
    else:
        for each in new:
            folder.write_once(f"{_FOLDER}/{each.id}.json", record_bytes(each))
    return new


def journal_name(folder: CampaignFolder) -> str:
    """Where a campaign's decisions are, for people."""
    return JOURNAL if folder.bucket is None else f"{_FOLDER}/"


def _stored(folder: CampaignFolder) -> Iterator[tuple[str, bytes]]:
    if folder.bucket is None:
        lines = (folder.read_bytes(JOURNAL) or b"").split(b"\n")
        yield from ((f"{JOURNAL}:{i}", line) for i, line in enumerate(lines, 1) if line.strip())
        return
    names = [name for name in folder.listing(_FOLDER) if name.endswith(".json")]
    with ThreadPoolExecutor(_FETCHES_AT_ONCE, thread_name_prefix="decisions") as pool:
        for name, data in zip(names, pool.map(folder.read_bytes, names), strict=True):
            if data is not None:
                yield name, data


def _append(path: Path, decisions: Iterable[Decision]) -> None:
    """Add lines that are on the disk when this returns; one who was killed leaves half a line."""
    data = b"".join(_line(each) for each in decisions)
    if not data:
        return
    with disk_full_as_error(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        with os.fdopen(descriptor, "rb+", buffering=0) as file:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            size = file.seek(0, os.SEEK_END)
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                data = b"\n" + data
            try:
                while data:
                    data = data[file.write(data) :]
                os.fsync(descriptor)
            except OSError:
                file.truncate(size)
                raise


def _line(decision: Decision) -> bytes:
    return json.dumps(json.loads(record_bytes(decision)), ensure_ascii=False).encode() + b"\n"
