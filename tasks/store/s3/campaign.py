"""A campaign on S3: a campaign folder with a bucket behind a local scratch folder.

Files are rendered and checked in the scratch folder, then put; the receipt follows last, if there
is none. A receipt notes size and etag of its files as they were uploaded: finding them again costs
one listing for all, or one HEAD each. Whatever is downloaded is hashed against its receipt.
"""

import contextlib
import os
import time
import uuid
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from model.errors import CampaignError
from tasks.errors import (
    DamagedError,
    StoreError,
)
from tasks.records import FileEntry, SegmentReceipt, VideoReceipt
from tasks.speech_records import Speech
from tasks.store.campaign_folder import (
    CampaignFolder,
)
from tasks.store.entries import (
    Listed,
    check_name,
    segment_entries,
)
from tasks.store.files import part_path, sha256_of_file, write_file
from tasks.store.record_json import read_record
from tasks.store.s3.bucket import RETRY_S, Bucket
from tasks.store.s3.lock import S3Lock, is_held
from tasks.store.scratch import SCRATCH_VARIABLE, Scratch, scratch_base
from tasks.store.shared_files import BucketFiles, SharedFiles

RETRY_VARIABLE = "NIGHTSHOOT_S3_RETRY_S"
# how long a listing is believed; files a receipt vouches for are hashed anyway when they are used
_SNAPSHOT_S = 900.0
_PROBE_RETRY_S = 60.0
_PROBE = ".probe-"
_WRONG_ETAG = "0" * 32


@dataclass
class _Snapshot:
    """One listing, shared by the campaign's local folders."""

    files: dict[str, Listed] = field(default_factory=dict[str, Listed])
    taken_at: float = 0.0

    def get(self, name: str) -> Listed | None:
        return self.files.get(name) if time.monotonic() < self.taken_at + _SNAPSHOT_S else None

    def forget(self, name: str) -> None:
        self.files.pop(name, None)


def open_s3_campaign(out: str, campaign: str, scratch: Path | None) -> "S3Campaign":
    """See :func:`tasks.store.campaigns.open_campaign`.

    Raises:
        CampaignError: ``out`` names no bucket, or the retry budget is no number.
    """
    shared = Bucket(out, _retry_s())
    bucket = shared.under(campaign)
    place = Scratch(scratch or scratch_base(), campaign, bucket.url)
    return S3Campaign(bucket, place, BucketFiles(shared))


def s3_campaigns(out: str) -> list[str]:
    """See :func:`tasks.store.campaigns.campaigns_in`."""
    names = (name.split("/") for name in Bucket(out, _retry_s()).list())
    return sorted(parts[0] for parts in names if parts[1:] == ["campaign.json"])


def _retry_s() -> float:
    text = os.environ.get(RETRY_VARIABLE, str(RETRY_S))
    try:
        return float(text)
    except ValueError as error:
        raise CampaignError(
            f'{RETRY_VARIABLE} is "{text}"; it must be a number of seconds, such as 300'
        ) from error


class S3Campaign(CampaignFolder):
    """Names and receipts of one campaign in a bucket; ``root`` is scratch."""

    def __init__(
        self, bucket: Bucket, scratch: Scratch, shared: SharedFiles, root: Path | None = None
    ) -> None:
        super().__init__(root or scratch.main, bucket, bucket.url, shared)
        self._objects, self._scratch = bucket, scratch
        self._snapshot = _Snapshot()

    @contextlib.contextmanager
    def local(self, name: str = "") -> Generator[CampaignFolder]:
        """The same store with a scratch folder of its own, removed at the end."""
        with self._scratch.folder(name) as root:
            place = S3Campaign(self._objects, self._scratch, self.shared, root)
            place._snapshot, place._kept = self._snapshot, self._kept
            place.lock_lost, place.is_locked = self.lock_lost, self.is_locked
            yield place

    # --- bytes by name ---

    def read_bytes(self, name: str) -> bytes | None:
        """Content of a small object; None where it is not there."""
        found = self._objects.read(name)
        return None if found is None else found.data

    def write_text(self, name: str, data: bytes) -> None:
        """Put a small object, replacing what was there."""
        self._snapshot.forget(name)
        self._objects.put_bytes(data, name)

    def write_once(self, name: str, data: bytes) -> bool:
        """Put a small object only if it is absent; True if what is there is ``data``."""
        if self._objects.put_bytes(data, name, once=True) is not None:
            return True
        return self.read_bytes(name) == data  # ours, if only the first answer was lost

    def remove(self, name: str) -> None:
        """Delete an object; nothing where it is not there."""
        self._snapshot.forget(name)
        self._objects.delete(name)

    def listing(self, folder: str = "") -> dict[str, Listed]:
        """Every object under ``folder`` (empty: all), asked of the server now."""
        names = self._objects.list(f"{folder}/" if folder else "")
        return {name: listed for name, listed in names.items() if not name.startswith(_PROBE)}

    def _check(self, folder: str, entry: FileEntry) -> None:
        """Compare size and etag, of the snapshot or asked now; read back where that is not enough.

        Another etag need not be other bytes: some servers give each upload its own.
        """
        name = f"{folder}/{entry.name}"
        if entry.etag:
            listed = self._snapshot.get(name)
            if listed is not None and _is_same(listed, entry):
                return
            listed = self._objects.head(name)
            if listed is None:
                raise DamagedError(f"{entry.name} is missing")
            if _is_same(listed, entry):
                return
        self.read_back(name, entry.sha256, entry.num_bytes)

    def read_back(self, name: str, sha256: str, num_bytes: int | None = None) -> None:
        """Read a whole object and compare it."""
        del num_bytes  # the sha256 says it
        found = self._objects.sha256(name)
        if found is None:
            raise DamagedError(f"{name} is missing")
        if found != sha256:
            raise DamagedError(f"{name} does not match the sha256 in its receipt")

    def duplicate(self, source: str, target: str, entry: FileEntry) -> None:
        """Have a finished object under a second name, copied by the server.

        Raises:
            DamagedError: the object is not what its receipt says; there is no second name then.
        """
        folder, _, name = source.rpartition("/")
        self._check(folder, entry.model_copy(update={"name": name}))
        self._snapshot.forget(target)
        if not self._objects.copy(source, target):
            raise DamagedError(f"{source} is missing")

    def is_duplicate(
        self, source: str, target: str, entry: FileEntry, listed: Listed, etag: str | None
    ) -> bool:
        """Whether a finished object is there, whole, under its second name; as cheaply as is safe.

        Another etag need not be other bytes: some servers give each copy its own.
        """
        del source
        if listed.num_bytes != entry.num_bytes:
            return False
        if etag is not None and etag in ("", listed.etag):
            return True
        return self._has_bytes(target, entry)

    def _keep(self, folder: str, entry: FileEntry) -> FileEntry:
        etag = self._objects.put_file(self.root / folder / entry.name, f"{folder}/{entry.name}")
        return entry.model_copy(update={"etag": etag or ""})

    def _fetch(self, name: str, sha256: str) -> Path:
        """Have an object in the local folder, hashed.

        Raises:
            DamagedError: it is missing, or not what it must be.
        """
        final = self.root / name
        if final.exists() and sha256_of_file(final) == sha256:
            return final
        final.parent.mkdir(parents=True, exist_ok=True)
        part = part_path(final)
        try:
            found = self._objects.get_file(name, part)
            if found is None:
                raise DamagedError(f"{name} is missing")
            if found != sha256:
                raise DamagedError(f"{name} does not match the sha256 in its receipt")
            return part.replace(final)
        finally:
            part.unlink(missing_ok=True)

    def fetch_video(self, receipt: VideoReceipt) -> Path:
        """A local path of a finished video in the scratch folder, hashed.

        Raises:
            DamagedError: it is missing, or not what its receipt says.
        """
        return self._fetch(f"videos/{receipt.file.name}", receipt.file.sha256)

    def fetch_kept(self, folder: str, entry: FileEntry) -> Path:
        """A local path of a kept file in the scratch folder, hashed.

        Raises:
            DamagedError: it is missing, or not what the entry says.
        """
        return self._fetch(f"{folder}/{entry.name}", entry.sha256)

    # --- segments, speech, portraits ---

    def has_segment(self, key: str) -> bool:
        """Whether a segment has a receipt, of the snapshot or asked now."""
        name = f"segments/{key[:2]}/{key}.json"
        return self._snapshot.get(name) is not None or self._objects.head(name) is not None

    def fetch_segment(self, receipt: SegmentReceipt) -> None:
        """Have a finished segment's files in the scratch folder, hashed.

        Raises:
            DamagedError: a file is missing or not the one the receipt vouches for.
        """
        for entry in segment_entries(receipt).values():
            self._fetch(f"segments/{receipt.key[:2]}/{entry.name}", entry.sha256)

    def discard_segment(self, key: str) -> None:
        """Remove a damaged segment: the receipt first, then its files, here and there."""
        super().discard_segment(key)
        for name in self._objects.list(f"segments/{key[:2]}/{key}."):
            self.remove(name)

    def fetch_speech(self, speech_id: str) -> bool:
        """Have a finished speech in the scratch folder; whether the store has it whole.

        The receipt of a damaged one is removed, so that it is spoken again.
        """
        name = f"speech/{speech_id}.json"
        data = self.read_bytes(name)
        if data is None:
            return False
        try:
            speech = read_record(name, data, Speech)
            check_name(name, speech.speech_id, speech_id)
            self._fetch(f"speech/{speech_id}.wav", speech.file_sha256)
            self._fetch(f"speech/{speech_id}.16k.wav", speech.engine_file_sha256)
        except DamagedError:
            self.remove(name)
            return False
        write_file(self.root / name, data)
        return True

    def commit_speech(self, speech: Speech) -> None:
        """Put a speech made in the scratch folder: its sounds first, then its receipt, once."""
        receipt = f"speech/{speech.speech_id}.json"
        if self._objects.head(receipt) is not None:
            return
        for suffix in (".wav", ".16k.wav"):
            name = f"speech/{speech.speech_id}{suffix}"
            self._objects.put_file(self.root / name, name)
        self.write_once(receipt, (self.root / receipt).read_bytes())

    def keep_portrait(self, path: Path) -> str:
        """Put a picture into the store, once; returns its name there."""
        name = f"{sha256_of_file(path)}{path.suffix.lower()}"
        if name not in self._kept:
            if self._objects.sha256(f"portraits/{name}") != name.partition(".")[0]:
                self._objects.put_file(path, f"portraits/{name}")
            self._kept.add(name)
        return name

    def portrait(self, name: str) -> Path:
        """A local path of a kept picture, hashed.

        Raises:
            DamagedError: it is not there, or not the picture it was.
        """
        return self._fetch(f"portraits/{name}", name.partition(".")[0])

    # --- the whole ---

    def publish(self, *paths: Path) -> None:
        """Put finished files, or folders of them, under the root where people look for them."""
        for path in paths:
            for file in _files_of(path):
                name = file.relative_to(self.root).as_posix()
                self._snapshot.forget(name)
                self._objects.put_file(file, name)

    def snapshot(self) -> None:
        """List the campaign once; until it is old, looking at a file costs nothing."""
        taken_at = time.monotonic()
        self._snapshot.files = self.listing()
        self._snapshot.taken_at = taken_at

    def check_writable(self) -> None:
        """Try whether a campaign can be kept here, before any rendering.

        Raises:
            CampaignError: it cannot; says why and the way out.
        """
        try:
            super().check_writable()
        except CampaignError as error:
            raise CampaignError(f"{error} (local scratch: {SCRATCH_VARIABLE} names it)") from error
        try:
            _probe(Bucket(self.url, min(self._objects.retry_s, _PROBE_RETRY_S)))
        except StoreError as error:
            raise CampaignError(str(error)) from error

    def sweep_uploads(self, older_than: timedelta) -> int:
        """Abort unfinished uploads of that age, and remove probes of that age; how many."""
        before = datetime.now(UTC) - older_than
        probes = [
            name for name, listed in self._objects.list(_PROBE).items() if listed.modified <= before
        ]
        for name in probes:
            self._objects.delete(name)
        return self._objects.abort_uploads(older_than) + len(probes)

    def is_at_work(self) -> bool:
        """Whether some run holds the campaign's lock at this moment."""
        return is_held(self._objects)

    @contextlib.contextmanager
    def lock(self, wait_s: float = 0.0) -> Generator[None]:
        """Be the campaign's one dispatcher; ``lock_lost`` is set when another has taken over.

        Args:
            wait_s: how long to wait for another run to end, or for the lock of a killed one to
                expire (``tasks.store.s3.lock.TTL_S``).

        Raises:
            CampaignError: another run holds it.
        """
        lock = S3Lock(self._objects, self.lock_lost)
        lock.acquire(wait_s)
        self.is_locked.set()
        try:
            yield
        finally:
            self.is_locked.clear()
            lock.release()


def _is_same(listed: Listed, entry: FileEntry) -> bool:
    return listed.num_bytes == entry.num_bytes and listed.etag == entry.etag


def _files_of(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from (each for each in sorted(path.rglob("*")) if each.is_file())
    else:
        yield path


def _probe(bucket: Bucket) -> None:
    """Try every kind of request a campaign makes.

    Raises:
        CampaignError: one is refused, or a condition is not honoured.
        StoreError: the server does not answer.
    """
    bucket.check_listable()  # before the first put: some servers make a missing bucket then
    key = f"{_PROBE}{uuid.uuid4().hex}"
    data = key.encode()
    bucket.put_bytes(data, key, once=True)
    try:
        has_second = bucket.put_bytes(data, key, once=True) is not None
        has_replaced = bucket.put_bytes(data, key, if_match=_WRONG_ETAG) is not None
        found = bucket.read(key)
    finally:
        bucket.delete(key)
    if has_second or has_replaced:
        condition = "If-None-Match" if has_second else "If-Match"
        raise CampaignError(
            f"{bucket.url}: the S3 server does not honour {condition}, so two runs could overwrite "
            "each other's receipts; use a server that does (AWS S3, SeaweedFS 4.48)"
        )
    if found is None or found.data != data:
        raise CampaignError(
            f"{bucket.url}: the S3 server does not return what was just put (key {key}); "
            "a campaign needs a store that is consistent at once; use another --out"
        )
