"""Where a campaign's files live: content keys -> names, receipts, the lock.

    <out>/<campaign>/
      campaign.json   report.csv   report/index.html   logs/
      videos/<video_id>.mp4 .srt .vtt .json
      speech/<speech_id>.wav .16k.wav .json
      segments/<key[:2]>/<key>.<sha8>.mp4 .<sha8>.png .<sha8>.safetensors .json

A thing is done when its receipt is there and its files match it; nothing else says so.
"""

import contextlib
import fcntl
import json
import os
import shutil
import socket
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from model.errors import CampaignError, MachineError
from tasks.files import commit_file, sha256_of_file, write_file_once
from tasks.records import FileEntry, Record, SegmentReceipt, VideoReceipt

_Receipt = TypeVar("_Receipt", bound=Record)


class StoreError(MachineError):
    """A file that was just written is not what was written."""


class DamagedError(StoreError):
    """A receipt whose files are not there or not the same; says which and how."""


class CampaignFolder:
    """Names and receipts of one campaign on a local disk."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.videos = root / "videos"
        self.speech = root / "speech"
        self.segments = root / "segments"
        self.logs = root / "logs"

    # --- segments ---

    def segment_folder(self, key: str) -> Path:
        """Folder of a segment's files."""
        return self.segments / key[:2]

    def segment_receipt_path(self, key: str) -> Path:
        """Path of a segment's receipt."""
        return self.segment_folder(key) / f"{key}.json"

    def find_segment(self, key: str) -> SegmentReceipt | None:
        """The receipt of a finished segment, its files verified; None where it is not done.

        Raises:
            DamagedError: there is a receipt, but it or a file of it is damaged.
        """
        receipt = _read_receipt(self.segment_receipt_path(key), SegmentReceipt)
        if receipt is None:
            return None
        for entry in (receipt.video, receipt.last_frame, receipt.state):
            _verify(self.segment_folder(key), entry)
        return receipt

    def discard_segment(self, key: str) -> None:
        """Remove a damaged segment: the receipt first, then its files."""
        self.segment_receipt_path(key).unlink(missing_ok=True)
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
        """Write the receipt, last; the first one wins, and the winner is returned."""
        path = self.segment_receipt_path(receipt.key)
        write_file_once(path, _receipt_bytes(receipt))
        winner = _read_receipt(path, SegmentReceipt)
        if winner is None:
            raise StoreError(f"{path}: the receipt just written is gone")
        return winner

    # --- videos ---

    def video_path(self, video_id: str) -> Path:
        """Path of the finished video."""
        return self.videos / f"{video_id}.mp4"

    def find_video(self, video_id: str) -> VideoReceipt | None:
        """The receipt of a finished video, its files verified; None where it is not done.

        Raises:
            DamagedError: there is a receipt, but it or a file of it is damaged.
        """
        receipt = _read_receipt(self.videos / f"{video_id}.json", VideoReceipt)
        if receipt is None:
            return None
        for entry in (receipt.file, *receipt.captions):
            _verify(self.videos, entry)
        return receipt

    def discard_video(self, video_id: str) -> None:
        """Remove a video's receipt, so that it is made anew."""
        (self.videos / f"{video_id}.json").unlink(missing_ok=True)

    def commit_video(self, receipt: VideoReceipt) -> None:
        """Write the receipt, last."""
        write_file_once(self.videos / f"{receipt.video_id}.json", _receipt_bytes(receipt))

    # --- the whole ---

    def free_bytes(self) -> int:
        """Space left on the disk that holds the campaign."""
        folder = self.root
        while not folder.exists():
            folder = folder.parent
        return shutil.disk_usage(folder).free

    def sweep_parts(self) -> int:
        """Remove what killed runs left half-written; number of files removed. Needs the lock."""
        parts = [path for path in self.root.glob("**/.part-*") if path.is_file()]
        for path in parts:
            path.unlink(missing_ok=True)
        return len(parts)

    @contextlib.contextmanager
    def lock(self) -> Generator[None]:
        """Be the campaign's one dispatcher. The system frees the lock however its owner ends.

        Raises:
            CampaignError: another run holds it.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        path = self.root / "lock.json"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        with os.fdopen(descriptor, "r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise CampaignError(_held_message(self.root, file.read())) from error
            file.seek(0)
            file.truncate()
            json.dump(_owner(), file)
            file.flush()
            yield


def _owner() -> dict[str, str | int]:
    started = datetime.now(UTC).isoformat(timespec="seconds")
    return {"host": socket.gethostname(), "pid": os.getpid(), "started": started}


def _held_message(root: Path, owner: str) -> str:
    try:
        fields = json.loads(owner)
        who = f"process {fields['pid']} on {fields['host']}, since {fields['started']}"
    except (ValueError, KeyError, TypeError):
        who = "its owner is just starting"
    return (
        f'campaign "{root.name}" in {root.parent} is being rendered by another run ({who}); '
        "one campaign has one dispatcher: wait for it, stop it, or use another --campaign"
    )


def entry_of(path: Path) -> FileEntry:
    """Describe a finished file."""
    return FileEntry(name=path.name, sha256=sha256_of_file(path), num_bytes=path.stat().st_size)


def _receipt_bytes(receipt: Record) -> bytes:
    return (receipt.model_dump_json(indent=1) + "\n").encode()


def _read_receipt(path: Path, kind: type[_Receipt]) -> _Receipt | None:
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise DamagedError(f"{path.name}: the receipt is damaged") from error


def _verify(folder: Path, entry: FileEntry) -> None:
    path = folder / entry.name
    if not path.exists():
        raise DamagedError(f"{entry.name} is missing")
    size = path.stat().st_size
    if size != entry.num_bytes:
        raise DamagedError(f"{entry.name} has {size} bytes, its receipt says {entry.num_bytes}")
    if sha256_of_file(path) != entry.sha256:
        raise DamagedError(f"{entry.name} does not match the sha256 in its receipt")
