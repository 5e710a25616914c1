"""What the store tells of its files and of the holder of a lock."""

import json
import os
import socket
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tasks.errors import DamagedError
from tasks.records import (
    FileEntry,
    SegmentReceipt,
)
from tasks.redaction import printable
from tasks.store.files import sha256_of_file

_OWNER_SHOWN = 200


@dataclass(frozen=True)
class Listed:
    """What a listing tells of one file; ``etag`` is empty on a local disk."""

    num_bytes: int
    modified: datetime
    etag: str = ""


class LostLock(threading.Event):
    """Set when a dispatcher is no longer the only one.

    Attributes:
        why: in words.
        is_taken: another run has the lock; else it could not be renewed, and nobody knows.
    """

    why = ""
    is_taken = False

    def tell(self, why: str, *, is_taken: bool) -> None:
        """Say so."""
        self.why, self.is_taken = why, is_taken
        self.set()


def lock_owner() -> dict[str, str | int]:
    """Who holds a lock, for people."""
    started = datetime.now(UTC).isoformat(timespec="seconds")
    return {"host": socket.gethostname(), "pid": os.getpid(), "started": started}


def held_message(url: str, owner: str) -> str:
    """Why a campaign is refused while another run renders it."""
    try:
        fields = json.loads(owner)
        told = f"process {fields['pid']} on {fields['host']}, since {fields['started']}"
        whole = told.encode(errors="replace").decode()  # JSON can hold half of a sign
        line = " ".join(printable(whole).split())
        who = "".join(sign for sign in line if sign.isprintable())[:_OWNER_SHOWN]
    except (ValueError, KeyError, TypeError, RecursionError):
        who = "it is just starting"
    out, _, campaign = url.rpartition("/")
    return (
        f'campaign "{campaign}" in {out} is being rendered by another run ({who}); '
        "wait for that run, stop it, or use another --campaign"
    )


def entry_of(path: Path) -> FileEntry:
    """Describe a finished file."""
    return FileEntry(name=path.name, sha256=sha256_of_file(path), num_bytes=path.stat().st_size)


def segment_entries(receipt: SegmentReceipt) -> dict[str, FileEntry]:
    """The files of a segment, by the receipt's field."""
    return {"video": receipt.video, "last_frame": receipt.last_frame, "state": receipt.state}


def check_name(name: str, found: str, wanted: str) -> None:
    """A record must be of the thing it lies under.

    Raises:
        DamagedError: it is another's.
    """
    if found != wanted:
        raise DamagedError(f"{name} is the record of another one ({found[:63]})")


def check_entry(name: str, entry: FileEntry, stem: str) -> None:
    """A receipt may vouch for files of its own thing alone, in its own folder.

    Raises:
        DamagedError: it names another file.
    """
    if entry.name.partition(".")[0] != stem or "/" in entry.name:
        raise DamagedError(f'{name} names "{entry.name[:80]}", which is not a file of its own')
