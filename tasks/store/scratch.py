"""Local folders for the files of an S3 campaign while they are worked on.

    <base>/<campaign>-<digest>/<process>.lock    held by the process that works there
    <base>/<campaign>-<digest>/<process>/        its folders; gone when it ends

What a killed process left is removed by the next one: its lock is free then.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import uuid
import weakref
from collections.abc import Generator
from pathlib import Path

SCRATCH_VARIABLE = "NIGHTSHOOT_SCRATCH"


def scratch_base() -> Path:
    """Where scratch folders are, unless one is named."""
    named = os.environ.get(SCRATCH_VARIABLE)
    if named:
        return Path(named)
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "nightshoot"


class Scratch:
    """The folders of this process for one campaign.

    Attributes:
        main: the campaign's own; lives as long as this object.
    """

    def __init__(self, base: Path, campaign: str, url: str) -> None:
        place = base / f"{campaign}-{hashlib.sha256(url.encode()).hexdigest()[:8]}"
        place.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(place)
        self._folder, lock = _claim(place)
        self.main = self._folder / "main"
        self.main.mkdir(parents=True)
        self._finalizer = weakref.finalize(self, _remove, self._folder, lock, os.getpid())

    @contextlib.contextmanager
    def folder(self, name: str) -> Generator[Path]:
        """A folder of its own, removed at the end."""
        path = self._folder / f"{name or 'work'}-{uuid.uuid4().hex[:8]}"
        path.mkdir()
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)  # what stays goes with the process

    def close(self) -> None:
        """Remove all folders of this process."""
        self._finalizer()


def _lock_path(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _claim(place: Path) -> tuple[Path, int]:
    """A new folder name whose lock this process holds."""
    while True:
        folder = place / f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        path = _lock_path(folder)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):  # taken for abandoned before it was locked
            if path.stat().st_ino == os.fstat(descriptor).st_ino:
                return folder, descriptor
        os.close(descriptor)


def _remove(folder: Path, lock: int, pid: int) -> None:
    if os.getpid() != pid:
        return  # a forked child, which does not own it
    shutil.rmtree(folder, ignore_errors=True)
    _lock_path(folder).unlink(missing_ok=True)
    os.close(lock)
    with contextlib.suppress(OSError):  # other processes work there
        folder.parent.rmdir()


def _remove_abandoned(place: Path) -> None:
    for path in place.glob("*.lock"):
        with contextlib.suppress(FileNotFoundError, BlockingIOError), path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path.with_suffix(""), ignore_errors=True)
            path.unlink()
