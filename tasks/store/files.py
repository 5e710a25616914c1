"""A file exists only when it is whole: write beside, fsync, rename."""

import errno
import hashlib
import os
import shutil
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from uuid import uuid4

from model.errors import CampaignError
from tasks.errors import DiskFullError, FfmpegError

_CHUNK_BYTES = 1 << 20
_PROBE_BYTES = 1 << 20
_SETTLED_NS = 2_000_000_000
"""The clock of a file system may be coarse: two changes within so long may bear one time."""


def sha256_of_file(path: Path) -> str:
    """Hex digest of a file's bytes, in bounded memory."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def file_version(path: Path) -> tuple[int, ...]:
    """What is another where a file has changed; empty where there is none."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_dev, status.st_ino


def sha256_of_version(path: Path) -> str:
    """Hex digest of a file that many rows name: this process reads each version of it once.

    A file that has changed just now is read each time.
    """
    version = file_version(path)
    if not version or time.time_ns() - max(version[:2]) < _SETTLED_NS:
        return sha256_of_file(path)
    return _sha256_of_version(path, version)


@lru_cache(maxsize=256)
def _sha256_of_version(path: Path, version: tuple[int, ...]) -> str:
    del version
    return sha256_of_file(path)


def part_path(final: Path) -> Path:
    """A name beside ``final`` for a file that is not whole yet."""
    return final.with_name(f".part-{uuid4().hex}-{final.name}")


def commit_file(part: Path, final: Path) -> Path:
    """Give a finished ``part`` its final name; it is on disk before the name is."""
    commit_files({part: final})
    return final


def commit_files(finals: Mapping[Path, Path]) -> None:
    """Give finished parts of one folder their final names; all are on disk before a name is."""
    for part in finals:
        with part.open("rb") as file:
            os.fsync(file.fileno())
    for part, final in finals.items():
        part.replace(final)
    for folder in {final.parent for final in finals.values()}:
        _sync_folder(folder)


def write_file(final: Path, data: bytes) -> Path:
    """Write ``data`` so that ``final`` is either whole or absent."""
    final.parent.mkdir(parents=True, exist_ok=True)
    part = part_path(final)
    try:
        part.write_bytes(data)
        return commit_file(part, final)
    finally:
        part.unlink(missing_ok=True)


def write_file_once(final: Path, data: bytes) -> bool:
    """Like :func:`write_file`, but only if ``final`` is absent; True if this call wrote it."""
    final.parent.mkdir(parents=True, exist_ok=True)
    part = part_path(final)
    try:
        part.write_bytes(data)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        os.link(part, final)
    except FileExistsError:
        return False
    finally:
        part.unlink(missing_ok=True)
    _sync_folder(final.parent)
    return True


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check_writable(folder: Path) -> None:
    """Try whether files can be kept in a folder, with one that is removed again.

    Raises:
        CampaignError: they cannot; says why and the way out.
    """
    probe = part_path(folder / "probe")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(bytes(_PROBE_BYTES))
    except OSError as error:
        raise CampaignError(
            f"{folder}: a file of {_PROBE_BYTES >> 20} MiB cannot be written there "
            f"({error.strerror}); free some space, change its owner or choose another --out"
        ) from error
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)


def check_free_space(folder: Path, needed_bytes: int) -> None:
    """Refuse to begin what cannot fit.

    Raises:
        DiskFullError: ``folder``'s disk has less than ``needed_bytes`` free.
    """
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < needed_bytes:
        raise DiskFullError(folder, free_bytes, needed_bytes)


@contextmanager
def disk_full_as_error(path: Path) -> Generator[None]:
    """Turn "no space left", ours or ffmpeg's, into a :class:`DiskFullError` that names ``path``."""
    try:
        yield
    except FfmpegError as error:
        if _DISK_FULL_SIGN in error.stderr:
            raise DiskFullError(path, shutil.disk_usage(path.parent).free) from error
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(path, shutil.disk_usage(path.parent).free) from error
        raise


_DISK_FULL_SIGN = "No space left on device"
