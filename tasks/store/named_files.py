"""Files of one campaign by their names from its root: read, written, listed, compared."""

import contextlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from tasks.errors import DamagedError, StoreError
from tasks.records import FileEntry, Record
from tasks.store.entries import Listed
from tasks.store.files import (
    commit_file,
    disk_full_as_error,
    part_path,
    sha256_of_file,
    write_file,
    write_file_once,
)
from tasks.store.record_json import read_record, sealed

_Record = TypeVar("_Record", bound=Record)


class NamedFiles:
    """Whole files below a folder of this machine.

    Attributes:
        root: the folder.
        is_locked: set while this process is the only one that changes records.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.is_locked = threading.Event()

    def read_bytes(self, name: str) -> bytes | None:
        """Content of a small file; None where it is not there."""
        try:
            return (self.root / name).read_bytes()
        except FileNotFoundError:
            return None

    def write_text(self, name: str, data: bytes) -> None:
        """Write a small file whole, replacing what was there."""
        write_file(self.root / name, data)

    def write_once(self, name: str, data: bytes) -> bool:
        """Write a small file only if it is absent; True if this call wrote it."""
        return write_file_once(self.root / name, data)

    def remove(self, name: str) -> None:
        """Remove a file; nothing where it is not there."""
        (self.root / name).unlink(missing_ok=True)

    def listing(self, folder: str = "") -> dict[str, Listed]:
        """Every whole file under ``folder`` (empty: all), by its name from the root."""
        return dict(self._walk(folder))

    def _walk(self, folder: str) -> Iterator[tuple[str, Listed]]:
        for path in sorted(_files_below(self.root / folder)):
            with contextlib.suppress(FileNotFoundError):  # removed since it was listed
                stat = path.stat()
                if path.is_file() and not path.name.startswith(".part-"):
                    modified = datetime.fromtimestamp(stat.st_mtime, UTC)
                    yield path.relative_to(self.root).as_posix(), Listed(stat.st_size, modified)

    def read_record(
        self, name: str, kind: type[_Record], check: Callable[[_Record], None] | None = None
    ) -> _Record | None:
        """A record and whatever ``check`` says of it; None where there is none.

        One that older releases wrote without a digest gets it, if this run holds the lock.

        Raises:
            DamagedError: it is not what was written; or by ``check``.
            NewerRecordError: a later release wrote it.
        """
        data = self.read_bytes(name)
        if data is None:
            return None
        record = read_record(name, data, kind)
        if check is not None:
            check(record)
        if self.is_locked.is_set() and (with_digest := sealed(name, data)):
            with contextlib.suppress(OSError, StoreError):  # the next run tries again
                self.write_text(name, with_digest)
        return record

    def _check(self, folder: str, entry: FileEntry) -> None:
        """Raise DamagedError unless the file is what its receipt says, as cheaply as is safe."""
        self.read_back(f"{folder}/{entry.name}", entry.sha256, entry.num_bytes)

    def read_back(self, name: str, sha256: str, num_bytes: int | None = None) -> None:
        """Read a whole file and compare it.

        Raises:
            DamagedError: it is missing or not the same.
        """
        path = self.root / name
        if not path.exists():
            raise DamagedError(f"{path.name} is missing")
        size = path.stat().st_size
        if num_bytes is not None and size != num_bytes:
            raise DamagedError(f"{path.name} has {size} bytes, its receipt says {num_bytes}")
        if sha256_of_file(path) != sha256:
            raise DamagedError(f"{path.name} does not match the sha256 in its receipt")

    def _keep(self, folder: str, entry: FileEntry) -> FileEntry:
        """Have the store keep a finished local file; the entry with what the store says of it."""
        del folder
        return entry

    def check_kept(self, folder: str, entry: FileEntry) -> None:
        """Look whether a file that a receipt vouches for is whole, as cheaply as is safe.

        Raises:
            DamagedError: it is missing, or not what the receipt says.
        """
        self._check(folder, entry)

    def keep(self, folder: str, entry: FileEntry) -> FileEntry:
        """Have the store keep a finished local file; the entry with what the store says of it."""
        return self._keep(folder, entry)

    def fetch_kept(self, folder: str, entry: FileEntry) -> Path:
        """A local path of a kept file.

        Raises:
            DamagedError: it is missing, or not what the entry says.
        """
        self.read_back(f"{folder}/{entry.name}", entry.sha256, entry.num_bytes)
        return self.root / folder / entry.name

    def duplicate(self, source: str, target: str, entry: FileEntry) -> None:
        """Have a finished file under a second name: a hard link, a copy where there are none.

        Raises:
            DamagedError: the file is not what its receipt says; there is no second name then.
            DiskFullError: there is no room for a copy.
        """
        self.read_back(source, entry.sha256, entry.num_bytes)
        final = self.root / target
        final.parent.mkdir(parents=True, exist_ok=True)
        part = part_path(final)
        try:
            with disk_full_as_error(final):
                try:
                    os.link(self.root / source, part)
                except OSError:  # a file system without links, or with too many of this file
                    shutil.copyfile(self.root / source, part)
                commit_file(part, final)
        finally:
            part.unlink(missing_ok=True)

    def is_duplicate(
        self, source: str, target: str, entry: FileEntry, listed: Listed, etag: str | None
    ) -> bool:
        """Whether a finished file is there, whole, under its second name.

        Args:
            source: its first name.
            target: its second name.
            entry: what it must be.
            listed: what is there under its second name.
            etag: what was there under it; empty: nobody noted it; None: nothing is known to be.
        """
        del listed, etag
        first, second = self.root / source, self.root / target
        if first.exists() and second.samefile(first):
            return True  # who finished it has read it
        return self._has_bytes(target, entry)

    def _has_bytes(self, name: str, entry: FileEntry) -> bool:
        try:
            self.read_back(name, entry.sha256, entry.num_bytes)
        except DamagedError:
            return False
        return True


def _files_below(folder: Path) -> Iterator[Path]:
    """Every file; a folder that may not be read is an error, not empty."""

    def fail(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise error

    for here, _, names in os.walk(folder, onerror=fail):
        yield from (Path(here, name) for name in names)
