"""Where a campaign's files live: content keys -> names, receipts, the lock.

    <out>/<campaign>/
      campaign.json   lock.json   report.csv   report/index.html     logs/
      plans/<video_id>.json   portraits/<sha256>.<suffix>   failures/<video_id>.json
      videos/<video_id>.mp4 .srt .vtt .json
      speech/<speech_id>.wav .16k.wav .json
      segments/<key[:2]>/<key>.<sha8>.mp4 .<sha8>.png .<sha8>.safetensors .json
      deliverables/<key[:2]>/<key>.<sha8>.mp4 .json

A thing is done when its receipt is there and its files match it; nothing else says so.
``out`` is a folder, or ``s3://bucket/prefix`` (``tasks/store/s3/campaign.py``), with one face.
"""

import contextlib
import shutil
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.errors import DamagedError, StoreError
from tasks.records import Failure, FileEntry, SegmentReceipt, StoredPlan, VideoReceipt
from tasks.speech_records import Speech
from tasks.store.entries import (
    LostLock,
    check_entry,
    check_name,
    segment_entries,
)
from tasks.store.files import (
    check_writable,
    commit_file,
    sha256_of_file,
    sha256_of_version,
    write_file,
)
from tasks.store.lock_file import is_locked, locked
from tasks.store.named_files import NamedFiles
from tasks.store.record_json import record_bytes
from tasks.store.shared_files import LocalFiles, SharedFiles

if TYPE_CHECKING:
    from tasks.store.s3.bucket import Bucket

S3_SCHEME = "s3://"


class CampaignFolder(NamedFiles):
    """Names and receipts of one campaign on a local disk.

    Attributes:
        root: local folder: the campaign itself, or for S3 the files being worked on.
        bucket: what is behind it, for S3.
        url: what people see: a path or ``s3://...``.
        lock_lost: set when this dispatcher is no longer the only one, and why.
        is_locked: set while this process is the campaign's one dispatcher.
        shared: what it shares with the other campaigns of its ``out``.
    """

    def __init__(
        self,
        root: Path,
        bucket: "Bucket | None" = None,
        url: str = "",
        shared: SharedFiles | None = None,
    ) -> None:
        super().__init__(root)
        self.bucket = bucket
        self.url = url or str(root)
        self.lock_lost = LostLock()
        self.videos = root / "videos"
        self.speech = root / "speech"
        self.segments = root / "segments"
        self.portraits = root / "portraits"
        self.logs = root / "logs"
        self.shared: SharedFiles = shared or LocalFiles(root.parent)
        self._kept: set[str] = set()  # portraits found whole by this process

    @contextlib.contextmanager
    def local(self, name: str = "") -> Generator["CampaignFolder"]:
        """The store with a local folder of its own, removed at the end; a local store is itself.

        Args:
            name: what it is for, seen in the folder's name.
        """
        del name
        yield self

    # --- segments ---

    def segment_folder(self, key: str) -> Path:
        """Folder of a segment's files."""
        return self.segments / key[:2]

    def segment_receipt_path(self, key: str) -> Path:
        """Path of a segment's receipt on a local disk."""
        return self.root / _segment_name(key)

    def find_segment(self, key: str) -> SegmentReceipt | None:
        """The receipt of a finished segment, its files verified; None where it is not done.

        Raises:
            DamagedError: there is a receipt, but it or a file of it is damaged.
        """

        def check(receipt: SegmentReceipt) -> None:
            check_name(_segment_name(key), receipt.key, key)
            for entry in segment_entries(receipt).values():
                check_entry(_segment_name(key), entry, key)
                self._check(_segment_folder(key), entry)

        return self.read_record(_segment_name(key), SegmentReceipt, check)

    def has_segment(self, key: str) -> bool:
        """Whether a segment has a receipt; its files are not looked at."""
        return self.read_bytes(_segment_name(key)) is not None

    def fetch_segment(self, receipt: SegmentReceipt) -> None:
        """Have a finished segment's files in the local folder.

        Raises:
            DamagedError: a file is missing or not the one the receipt vouches for.
        """
        del receipt

    def discard_segment(self, key: str) -> None:
        """Remove a damaged segment: the receipt first, then its files."""
        self.remove(_segment_name(key))
        for path in self.segment_folder(key).glob(f"{key}.*"):
            path.unlink(missing_ok=True)

    def adopt(self, part: Path, stem: str, suffix: str) -> FileEntry:
        """Give a finished file its content name ``<stem>.<sha8><suffix>`` in its folder."""
        sha256 = sha256_of_file(part)
        final = part.with_name(f"{stem}.{sha256[:8]}{suffix}")
        num_bytes = part.stat().st_size
        commit_file(part, final)
        return FileEntry(name=final.name, sha256=sha256, num_bytes=num_bytes)

    def commit_segment(self, receipt: SegmentReceipt) -> SegmentReceipt:
        """Keep the files, then write the receipt; the first one wins and is returned."""
        folder, name = _segment_folder(receipt.key), _segment_name(receipt.key)
        entries = segment_entries(receipt)
        kept = receipt.model_copy(
            update={field: self._keep(folder, entry) for field, entry in entries.items()}
        )
        if self.write_once(name, record_bytes(kept)):
            return kept
        winner = self.read_record(name, SegmentReceipt)
        if winner is None:
            raise StoreError(f"{name}: the receipt that was there has disappeared")
        return winner

    def renew_segment(self, receipt: SegmentReceipt) -> None:
        """Write a finished segment's receipt again, with figures; needs the lock."""
        self.write_text(_segment_name(receipt.key), record_bytes(receipt))

    def renew_video(self, receipt: VideoReceipt) -> None:
        """Write a finished video's receipt again, with verdicts; needs the lock."""
        self.write_text(f"videos/{receipt.video_id}.json", record_bytes(receipt))

    # --- speech ---

    def fetch_speech(self, speech_id: str) -> bool:
        """Have a finished speech in the local folder; whether the store has it."""
        return (self.speech / f"{speech_id}.json").exists()

    def commit_speech(self, speech: Speech) -> None:
        """Keep a speech made in the local folder: its sounds first, then its receipt."""
        del speech

    def discard_speech(self, speech_id: str) -> None:
        """Remove a speech's receipt, so that it is made again."""
        self.remove(f"speech/{speech_id}.json")

    # --- portraits, plans, failures ---

    def keep_portrait(self, path: Path) -> str:
        """Keep a picture in the store, once; returns its name there."""
        name = f"{sha256_of_version(path)}{path.suffix.lower()}"
        if name not in self._kept:
            data, kept = path.read_bytes(), self.portraits / name
            if not (kept.exists() and kept.read_bytes() == data):
                write_file(kept, data)
            self._kept.add(name)
        return name

    def holds_portrait(self, name: str) -> bool:
        """Whether this process has kept the picture, or found it whole."""
        return name in self._kept

    def portrait(self, name: str) -> Path:
        """A local path of a kept picture; many videos share one, which is read once per version.

        Raises:
            DamagedError: it is not there, or not the picture it was.
        """
        kept = self.portraits / name
        if not kept.exists() or sha256_of_version(kept) != name.partition(".")[0]:
            self.read_back(f"portraits/{name}", name.partition(".")[0])
        return kept

    def write_plan(self, plan: StoredPlan) -> None:
        """Keep a video's plan; written only if it differs from the one that is there."""
        name, data = f"plans/{plan.plan.video_id}.json", record_bytes(plan)
        if self.read_bytes(name) != data:
            self.write_text(name, data)

    def read_plan(self, video_id: str) -> StoredPlan | None:
        """A video's plan.

        Raises:
            DamagedError: it is not what was written.
            NewerRecordError: a later release wrote it.
        """
        name = f"plans/{video_id}.json"

        def check(stored: StoredPlan) -> None:
            check_name(name, stored.plan.video_id, video_id)

        return self.read_record(name, StoredPlan, check)

    def plan_ids(self) -> list[str]:
        """The videos that have a plan."""
        return self._stems("plans")

    def discard_plan(self, video_id: str) -> None:
        """Remove a video's plan, so that its row is prepared anew."""
        self.remove(f"plans/{video_id}.json")

    def write_failure(self, failure: Failure) -> None:
        """Note why a video failed, in place of what was noted before."""
        self.write_text(f"failures/{failure.video_id}.json", record_bytes(failure))

    def read_failure(self, video_id: str) -> Failure | None:
        """Why a video failed last; None where there is no note, or none that can be read."""
        name = f"failures/{video_id}.json"

        def check(failure: Failure) -> None:
            check_name(name, failure.video_id, video_id)

        try:
            return self.read_record(name, Failure, check)
        except DamagedError:
            return None  # without its note a video is tried again, which heals it

    def clear_failure(self, video_id: str) -> None:
        """Forget why a video failed."""
        self.remove(f"failures/{video_id}.json")

    def failures(self) -> list[Failure]:
        """Every failure whose note can be read, by video."""
        found = [self.read_failure(video_id) for video_id in self._stems("failures")]
        return [failure for failure in found if failure is not None]

    def _stems(self, folder: str) -> list[str]:
        return sorted(_stem(name) for name in self.listing(folder) if name.endswith(".json"))

    # --- videos ---

    def video_path(self, video_id: str) -> Path:
        """Local path of the finished video."""
        return self.videos / f"{video_id}.mp4"

    def video_url(self, video_id: str) -> str:
        """Where people find the finished video: a path or ``s3://...``."""
        return f"{self.url}/videos/{video_id}.mp4"

    def find_video(self, video_id: str) -> VideoReceipt | None:
        """The receipt of a finished video, its files verified; None where it is not done.

        Raises:
            DamagedError: there is a receipt, but it or a file of it is damaged.
        """
        name = f"videos/{video_id}.json"

        def check(receipt: VideoReceipt) -> None:
            check_name(name, receipt.video_id, video_id)
            for entry in (receipt.file, *receipt.captions):
                check_entry(name, entry, video_id)
                self._check("videos", entry)

        return self.read_record(name, VideoReceipt, check)

    def fetch_video(self, receipt: VideoReceipt) -> Path:
        """A local path of a finished video, its bytes those of the receipt.

        Raises:
            DamagedError: it is missing, or not what its receipt says.
        """
        self.read_back(f"videos/{receipt.file.name}", receipt.file.sha256, receipt.file.num_bytes)
        return self.videos / receipt.file.name

    def discard_video(self, video_id: str) -> None:
        """Remove a video's receipt, so that it is made anew."""
        self.remove(f"videos/{video_id}.json")

    def commit_video(self, receipt: VideoReceipt) -> None:
        """Keep the files, then write the receipt; one that is there stays."""
        kept = receipt.model_copy(
            update={
                "file": self._keep("videos", receipt.file),
                "captions": tuple(self._keep("videos", entry) for entry in receipt.captions),
            }
        )
        self.write_once(f"videos/{receipt.video_id}.json", record_bytes(kept))

    # --- the whole ---

    def publish(self, *paths: Path) -> None:
        """Have finished local files under the root where people look for them."""
        del paths

    def snapshot(self) -> None:
        """Look at all files at once, so that looking at each costs nothing; local: nothing."""

    def free_bytes(self) -> int:
        """Space left on the disk that holds the local folder."""
        folder = self.root
        while not folder.exists():
            folder = folder.parent
        return shutil.disk_usage(folder).free

    def check_writable(self) -> None:
        """Try whether a campaign can be kept here, before any rendering.

        Raises:
            CampaignError: it cannot; says why and the way out.
        """
        check_writable(self.root)

    def sweep_parts(self) -> int:
        """Remove what killed runs left half-written; number of files removed. Needs the lock."""
        parts = [path for path in self.root.glob("**/.part-*") if path.is_file()]
        for path in parts:
            path.unlink(missing_ok=True)
        return len(parts)

    def sweep_uploads(self, older_than: timedelta) -> int:
        """Abort unfinished uploads of that age; how many. A local disk has none."""
        del older_than
        return 0

    def is_at_work(self) -> bool:
        """Whether some run holds the campaign's lock at this moment."""
        return is_locked(self.root / "lock.json")

    @contextlib.contextmanager
    def lock(self, wait_s: float = 0.0) -> Generator[None]:
        """Be the campaign's one dispatcher. The system frees the lock however its owner ends.

        Args:
            wait_s: how long to wait for another run to end.

        Raises:
            CampaignError: another run holds it, or it is no file of ours.
        """
        with locked(self.root / "lock.json", self.url, wait_s):
            self.is_locked.set()
            try:
                yield
            finally:
                self.is_locked.clear()


def _segment_folder(key: str) -> str:
    return f"segments/{key[:2]}"


def _segment_name(key: str) -> str:
    return f"{_segment_folder(key)}/{key}.json"


def _stem(name: str) -> str:
    return name.rpartition("/")[2].removesuffix(".json")
