"""The lock of a campaign on S3: an object with an owner and an expiry, renewed while it is held.

Its age is told by the server's clock alone (the answer's date less the object's time), so clocks
of machines may differ. Every change is conditional on what was read (If-None-Match, If-Match): of
two that find it expired exactly one takes it over. Measured with 8 writers at once, 60 times each:
SeaweedFS 4.48 lets exactly one through.
"""

import contextlib
import json
import math
import threading
import time
import uuid
from typing import Any, cast

from model.errors import CampaignError, NightshootError
from tasks.errors import (
    StoreError,
)
from tasks.store.entries import (
    LostLock,
    held_message,
    lock_owner,
)
from tasks.store.s3.bucket import Bucket, Stored

LOCK_KEY = "lock.json"
TTL_S = 60.0
_RENEWALS_PER_TTL = 4
_POLL_S = 2.0


class S3Lock:
    """Held from ``acquire`` to ``release``.

    Args:
        bucket: the campaign's.
        lost: told when another run has taken the lock, or when it could not be renewed for as
            long as the bucket tries.
        ttl_s: age at which a lock that is not renewed may be taken over.
    """

    def __init__(self, bucket: Bucket, lost: LostLock, ttl_s: float = TTL_S) -> None:
        self._bucket, self._lost, self._ttl_s = bucket, lost, ttl_s
        self._owner = {**lock_owner(), "id": uuid.uuid4().hex, "ttl_s": ttl_s}
        self._etag = ""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="campaign-lock", daemon=True)

    def acquire(self, wait_s: float = 0.0) -> None:
        """Take the lock, waiting for as long as ``wait_s`` for another run's to end or expire.

        Raises:
            CampaignError: another run holds it.
        """
        deadline = time.monotonic() + wait_s
        while (holder := self._try()) is not None:
            if time.monotonic() >= deadline:
                raise CampaignError(self._told(holder))
            time.sleep(min(_POLL_S, self._ttl_s / _RENEWALS_PER_TTL))
        self._lost.clear()
        self._thread.start()

    def _told(self, holder: Stored) -> str:
        """Why the campaign is refused. Objects are written whole: who reads no id reads damage."""
        if "id" in _fields(holder):
            return held_message(self._bucket.url, holder.data.decode(errors="replace"))
        return (
            f"{self._bucket.url}/{LOCK_KEY}: this lock cannot be read, so another run may be at "
            "work on the campaign; if none is, remove that object and run the same command again, "
            f"or run it again later: {TTL_S:.0f} s after it was written the lock has expired"
        )

    def release(self) -> None:
        """Give the lock back, if it is still ours. Where the server is gone, it expires."""
        self._ended.set()
        self._thread.join()
        if not self._lost.is_set():
            content = _content(self._owner | {"is_released": True})
            with contextlib.suppress(NightshootError):
                self._bucket.put_bytes(content, LOCK_KEY, if_match=self._etag)

    def _try(self) -> Stored | None:
        """Take the lock; who has it instead, if that failed."""
        content = _content(self._owner)
        found = self._bucket.read(LOCK_KEY)
        if found is None:
            etag = self._bucket.put_bytes(content, LOCK_KEY, once=True)
        elif not is_free(found):
            return found
        else:
            etag = self._bucket.put_bytes(content, LOCK_KEY, if_match=found.etag)
        if etag is not None:
            self._etag = etag
            return None
        winner = self._bucket.read(LOCK_KEY)
        if winner is None:
            raise StoreError(
                f"{self._bucket.url}/{LOCK_KEY}: the lock came and went; run the same command again"
            )
        return None if self._is_ours(winner) else winner

    def _is_ours(self, found: Stored) -> bool:
        """Whether what is there was put by us, although the answer was lost."""
        if _fields(found).get("id") != self._owner["id"]:
            return False
        self._etag = found.etag
        return True

    def _keep(self) -> None:
        """Renew until the end; say so where that is over."""
        while not self._ended.wait(self._ttl_s / _RENEWALS_PER_TTL):
            try:
                is_ours = self._renew()
            except NightshootError as error:  # the bucket has tried for minutes
                self._lost.tell(str(error), is_taken=False)
                return
            if not is_ours:
                self._lost.tell("another run has taken it over", is_taken=True)
                return

    def _renew(self) -> bool:
        content = _content(self._owner | {"renewal": uuid.uuid4().hex})
        etag = self._bucket.put_bytes(content, LOCK_KEY, if_match=self._etag)
        if etag is not None:
            self._etag = etag
            return True
        found = self._bucket.read(LOCK_KEY)
        return found is not None and self._is_ours(found)


def is_held(bucket: Bucket) -> bool:
    """Whether a run holds the lock and has renewed it in time."""
    found = bucket.read(LOCK_KEY)
    return found is not None and not is_free(found)


def _content(fields: dict[str, Any]) -> bytes:
    return (json.dumps(fields, indent=1) + "\n").encode()


def _fields(found: Stored) -> dict[str, Any]:
    """What a lock says; nothing where it cannot be read."""
    try:
        fields: Any = json.loads(found.data)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", fields) if isinstance(fields, dict) else {}


def is_free(found: Stored) -> bool:
    """Whether a lock was given back, or its owner has not renewed it in time."""
    fields = _fields(found)
    if fields.get("is_released"):
        return True
    return found.age_s > _ttl_s(fields.get("ttl_s"))


def _ttl_s(value: object) -> float:
    """What a lock says of its age; the usual where it says nothing that can be compared."""
    with contextlib.suppress(OverflowError):
        seconds = float(value) if isinstance(value, int | float) else math.nan
        if math.isfinite(seconds):
            return seconds
    return TTL_S
