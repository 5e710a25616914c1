"""The lock of a campaign on a local disk. The system frees it however its owner ends."""

import contextlib
import errno
import fcntl
import json
import os
import time
from collections.abc import Generator
from pathlib import Path
from stat import S_ISREG

from model.errors import CampaignError
from tasks.store.entries import held_message, lock_owner

_POLL_S = 1.0
_LOOK_S = 0.2  # for who only looks whether the lock is held
_OWNER_CHARS = 4096


def is_locked(path: Path) -> bool:
    """Whether some run holds the lock at this moment."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    with os.fdopen(descriptor):
        return not _try_flock(descriptor, fcntl.LOCK_SH)


@contextlib.contextmanager
def locked(path: Path, url: str, wait_s: float) -> Generator[None]:
    """Hold the lock, with the name of its owner in the file.

    Args:
        path: the lock's file.
        url: the campaign, as people see it.
        wait_s: how long to wait for another run to end.

    Raises:
        CampaignError: another run holds it, or it is no file of ours.
    """
    descriptor = open_lock(path)
    with os.fdopen(descriptor, "r+", errors="replace") as file:
        deadline = time.monotonic() + max(wait_s, _LOOK_S)
        while not _try_flock(descriptor, fcntl.LOCK_EX):
            if time.monotonic() >= deadline:
                raise CampaignError(held_message(url, file.read(_OWNER_CHARS)))
            time.sleep(_POLL_S)
        file.seek(0)
        file.truncate()
        json.dump(lock_owner(), file)
        file.flush()
        yield


def _try_flock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def open_lock(path: Path) -> int:
    """A descriptor of the file, made if need be; a link is not followed: it may lead anywhere.

    Raises:
        CampaignError: it cannot be used.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
        if S_ISREG(os.fstat(descriptor).st_mode):
            return descriptor
        os.close(descriptor)
        reason = "it is no plain file"
    except OSError as error:
        is_link = error.errno == errno.ELOOP
        reason = "it is a link" if is_link else str(error.strerror)
    raise CampaignError(
        f"{path}: this cannot be used as the lock of the campaign ({reason}); remove it, correct "
        "its owner and permissions, or choose another --out"
    )
