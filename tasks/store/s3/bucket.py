# pyright: reportMissingTypeStubs=false
# s3fs, fsspec and botocore carry no types
"""Whole objects in and out of a prefix of an S3 bucket: checked, conditional, retried for minutes.

Nothing is listed from memory, an object is put only from a finished file or from bytes at hand,
and every upload carries the sha256 of what it must be. Faults that time can heal (a server that
restarts, a lost connection, "slow down") are tried again until a budget of minutes is spent, then
told as :class:`StoreError`; those it cannot (credentials, permissions, a bucket that is not there)
are told at once as :class:`CampaignError`. No message holds a credential.
"""

import asyncio
import base64
import hashlib
import mimetypes
import os
import random
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import s3fs
from fsspec import asyn

from model.errors import CampaignError
from tasks.errors import (
    StoreError,
)
from tasks.store.entries import (
    Listed,
)
from tasks.store.files import (
    disk_full_as_error,
)
from tasks.store.s3.faults import (
    TRANSPORT_ERRORS,
    AbsentError,
    Asked,
    ConditionError,
    UploadLostError,
    bad_endpoint,
    code_of,
    lasting_fault,
)

_Result = TypeVar("_Result")

RETRY_S = 300.0
PART_BYTES = 8 << 20
_MAX_PARTS = 9_000
_PARTS_AT_ONCE = 4
_CHUNK_BYTES = 1 << 20
_FIRST_DELAY_S = 0.2
_LONGEST_DELAY_S = 10.0
_UPLOADS_LOST = 3
_CONFIG = {
    "retries": {"total_max_attempts": 1},  # ours know what can heal
    "connect_timeout": 5,
    "read_timeout": 20,
    "max_pool_connections": 32,
    # every download is hashed here, against a receipt
    "response_checksum_validation": "when_required",
}
_URL = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(?P<prefix>.*))?")


@dataclass(frozen=True)
class Stored:
    """A small object as it was read.

    Attributes:
        data: its bytes.
        etag: the server's mark of this content.
        age_s: seconds since it was written, by the server's clock alone.
    """

    data: bytes
    etag: str
    age_s: float


class Bucket:
    """A prefix of a bucket, usable from any thread and after a fork. Keys are below the prefix.

    Args:
        url: ``s3://bucket/prefix``.
        retry_s: how long a fault that time can heal is tried again.

    Attributes:
        num_requests: requests made so far, by the name of the operation.
    """

    def __init__(self, url: str, retry_s: float = RETRY_S) -> None:
        self.name, self.prefix = split_url(url)
        self.url = f"s3://{self.name}/{self.prefix}".rstrip("/")
        self.retry_s = retry_s
        self.num_requests: Counter[str] = Counter()
        # one filesystem for each process that uses this bucket: it does not survive a fork, and
        # an inherited one must not be closed by the child
        self._filesystems: dict[int, Any] = {}

    def under(self, name: str) -> "Bucket":
        """The part of this bucket below ``name``; it counts its own requests."""
        return Bucket(f"{self.url}/{name}", self.retry_s)

    # --- up ---

    def put_bytes(
        self, data: bytes, key: str, *, once: bool = False, if_match: str = ""
    ) -> str | None:
        """Put a small object.

        Args:
            data: its content.
            key: its name.
            once: only if there is none.
            if_match: only if the one that is there has this etag.

        Returns:
            The new etag; None where the condition did not hold.
        """
        condition = {"IfNoneMatch": "*"} if once else {}
        condition |= {"IfMatch": f'"{if_match}"'} if if_match else {}
        return self._run(self._put_bytes, data, key, condition)

    def put_file(self, path: Path, key: str, *, once: bool = False) -> str | None:
        """Put a finished file; beyond 8 MiB in parts, of which nothing is seen before the last.

        Returns:
            The new etag; None where ``once`` and there is one already.
        """
        condition = {"IfNoneMatch": "*"} if once else {}
        return self._run(self._put_file, path, key, condition)

    def copy(self, source: str, target: str) -> bool:
        """Have the server copy an object of at most 5 GiB; False where there is none."""
        return self._run(self._copy, source, target)

    # --- down ---

    def read(self, key: str) -> Stored | None:
        """A small object; None where there is none."""
        return self._run(self._read, key)

    def get_file(self, key: str, path: Path) -> str | None:
        """Write an object into the file ``path``; its sha256, or None where there is none.

        Raises:
            DiskFullError: there is no room for it.
        """
        return self._run(self._get_file, key, path)

    def sha256(self, key: str) -> str | None:
        """Read an object back and hash it; None where there is none."""
        return self._run(self._get_file, key, None)

    def head(self, key: str) -> Listed | None:
        """Size and etag of an object; None where there is none."""
        return self._run(self._head, key)

    def list(self, prefix: str = "") -> dict[str, Listed]:
        """Every object whose key begins with ``prefix``, asked of the server now."""
        return self._run(self._list, prefix)

    # --- away ---

    def delete(self, key: str) -> None:
        """Delete an object; nothing where there is none."""
        self._run(self._delete, key)

    def abort_uploads(self, older_than: timedelta) -> int:
        """Abort unfinished multipart uploads of that age, by the server's clock; how many."""
        return self._run(self._abort_uploads, older_than)

    def check_listable(self) -> None:
        """Ask for one key.

        Raises:
            CampaignError: no such bucket, or the credentials do not allow it.
        """
        self._run(self._call, "list_objects_v2", "", Prefix=self._full(""), MaxKeys=1)

    # --- requests ---

    def _run(
        self, function: Callable[..., Awaitable[_Result]], *args: Any, **named: Any
    ) -> _Result:
        return cast("Any", asyn).sync(self._filesystem().loop, function, *args, **named)

    def _filesystem(self) -> Any:
        pid = os.getpid()
        if pid not in self._filesystems:
            made = s3fs.S3FileSystem(
                anon=False,
                use_listings_cache=False,
                skip_instance_cache=True,
                config_kwargs=_CONFIG,
            )
            made.retries = 1
            self._filesystems[pid] = made
        return self._filesystems[pid]

    def _full(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key

    async def _call(self, operation: str, key: str, **arguments: Any) -> dict[str, Any]:
        """One request about an object, or about the bucket where ``key`` is empty."""
        if key:
            arguments["Key"] = self._full(key)
        return await self._tried(operation, key, lambda: self._send(operation, arguments))

    async def _send(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        self.num_requests[operation] += 1
        # s3fs's own name for "any request of the S3 API"
        call: Callable[..., Awaitable[dict[str, Any]]] = getattr(self._filesystem(), "_call_s3")  # noqa: B009
        return await call(operation, Bucket=self.name, **arguments)

    async def _tried(
        self, operation: str, key: str, attempt: Callable[[], Awaitable[_Result]]
    ) -> _Result:
        """Try until it works, cannot work, or the budget is spent."""
        deadline = time.monotonic() + self.retry_s
        delay_s = _FIRST_DELAY_S
        while True:
            try:
                return await attempt()
            except ValueError as error:  # before anything is asked
                if "endpoint" not in str(error):
                    raise
                raise bad_endpoint(self.url) from None  # its words are the address
            except TRANSPORT_ERRORS as error:
                fault = lasting_fault(error, Asked(self.url, self.name, operation, key))
                if fault is not None:
                    raise fault from error
                if time.monotonic() + delay_s > deadline:
                    raise StoreError(
                        f"{self.url}/{key}: {operation} did not succeed within "
                        f"{self.retry_s:.0f} s ({code_of(error)}{self._endpoint()}); "
                        "run the same command again when the S3 server answers"
                    ) from error
                await asyncio.sleep(delay_s * random.uniform(0.5, 1.5))
                delay_s = min(2 * delay_s, _LONGEST_DELAY_S)

    async def _copy(self, source: str, target: str) -> bool:
        place = {"Bucket": self.name, "Key": self._full(source)}
        try:
            await self._call("copy_object", target, CopySource=place)
        except AbsentError:
            return False
        return True

    def _endpoint(self) -> str:
        """Host and port asked, without the user a URL may name."""
        meta = getattr(getattr(self._filesystem(), "s3", None), "meta", None)
        parts = urlsplit(getattr(meta, "endpoint_url", "") or "")
        return f" at {parts.hostname}:{parts.port}" if parts.port else f" at {parts.hostname}"

    # --- up, in detail ---

    async def _put_bytes(self, data: bytes, key: str, condition: dict[str, str]) -> str | None:
        try:
            answer = await self._call(
                "put_object",
                key,
                Body=data,
                ChecksumSHA256=_checksum(data),
                ContentType=_content_type(key),
                **condition,
            )
        except ConditionError:
            return None
        return _etag(answer)

    async def _put_file(self, path: Path, key: str, condition: dict[str, str]) -> str | None:
        num_bytes = path.stat().st_size
        if num_bytes <= PART_BYTES:
            return await self._put_bytes(path.read_bytes(), key, condition)
        for _ in range(_UPLOADS_LOST):
            try:
                return await self._put_parts(path, key, num_bytes, condition)
            except ConditionError:
                return None
            except UploadLostError:
                continue  # aborted by a sweep, or completed although the answer was lost
        raise StoreError(
            f"{self.url}/{key}: the server lost its upload {_UPLOADS_LOST} times; "
            "does a sweep with a short age run beside it?"
        )

    async def _put_parts(
        self, path: Path, key: str, num_bytes: int, condition: dict[str, str]
    ) -> str:
        upload = await self._call(
            "create_multipart_upload",
            key,
            ChecksumAlgorithm="SHA256",
            ContentType=_content_type(key),
        )
        upload_id = str(upload["UploadId"])
        part_bytes = max(PART_BYTES, -(-num_bytes // _MAX_PARTS))
        turns = asyncio.Semaphore(_PARTS_AT_ONCE)

        async def put(number: int, offset: int) -> dict[str, Any]:
            async with turns:
                data, checksum = await asyncio.to_thread(_read_part, path, offset, part_bytes)
                named = {"UploadId": upload_id, "PartNumber": number, "ChecksumSHA256": checksum}
                answer = await self._call("upload_part", key, Body=data, **named)
            return {"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum}

        offsets = range(0, num_bytes, part_bytes)
        puts = [asyncio.ensure_future(put(*numbered)) for numbered in enumerate(offsets, 1)]
        try:
            parts = {"Parts": await asyncio.gather(*puts)}
            answer = await self._call(
                "complete_multipart_upload",
                key,
                UploadId=upload_id,
                MultipartUpload=parts,
                **condition,
            )
        except BaseException:
            for each in puts:
                each.cancel()
            await self._abort_now(key, upload_id)
            raise
        return _etag(answer)

    async def _abort_now(self, key: str, upload_id: str) -> None:
        """Try once to leave nothing behind; what stays is swept later."""
        try:
            await self._send(
                "abort_multipart_upload", {"Key": self._full(key), "UploadId": upload_id}
            )
        except TRANSPORT_ERRORS:
            return

    # --- down, in detail ---

    async def _read(self, key: str) -> Stored | None:
        async def attempt() -> Stored:
            answer = await self._send("get_object", {"Key": self._full(key)})
            async with answer["Body"] as body:
                data: bytes = await body.read()
            return Stored(data, _etag(answer), _age_s(answer, answer["LastModified"]))

        try:
            return await self._tried("get_object", key, attempt)
        except AbsentError:
            return None

    async def _get_file(self, key: str, path: Path | None) -> str | None:
        async def attempt() -> str:
            answer = await self._send("get_object", {"Key": self._full(key)})
            async with answer["Body"] as body:
                return await _drain(_chunks(body), path)

        try:
            return await self._tried("get_object", key, attempt)
        except AbsentError:
            return None

    async def _head(self, key: str) -> Listed | None:
        try:
            answer = await self._call("head_object", key)
        except AbsentError:
            return None
        return Listed(int(answer["ContentLength"]), answer["LastModified"], _etag(answer))

    async def _list(self, prefix: str) -> dict[str, Listed]:
        found: dict[str, Listed] = {}
        named: dict[str, Any] = {"Prefix": self._full(prefix)}
        start = len(self._full(""))
        while True:
            answer = await self._call("list_objects_v2", "", **named)
            for each in answer.get("Contents", ()):
                listed = Listed(int(each["Size"]), each["LastModified"], _etag(each))
                found[str(each["Key"])[start:]] = listed
            if not answer.get("IsTruncated"):
                return found
            named["ContinuationToken"] = answer["NextContinuationToken"]

    async def _delete(self, key: str) -> None:
        try:
            await self._call("delete_object", key)
        except AbsentError:
            return

    async def _abort_uploads(self, older_than: timedelta) -> int:
        num_aborted = 0
        named: dict[str, Any] = {"Prefix": self._full("")}
        while True:
            answer = await self._call("list_multipart_uploads", "", **named)
            for each in answer.get("Uploads", ()):
                if _age_s(answer, each["Initiated"]) >= older_than.total_seconds():
                    key = str(each["Key"])[len(self._full("")) :]
                    num_aborted += await self._abort(key, str(each["UploadId"]))
            if not answer.get("IsTruncated"):
                return num_aborted
            named["KeyMarker"] = answer["NextKeyMarker"]
            named["UploadIdMarker"] = answer["NextUploadIdMarker"]

    async def _abort(self, key: str, upload_id: str) -> int:
        try:
            await self._call("abort_multipart_upload", key, UploadId=upload_id)
        except UploadLostError:
            return 0  # completed or aborted since it was listed
        return 1


def split_url(url: str) -> tuple[str, str]:
    """Bucket and prefix of ``s3://bucket/prefix``.

    Raises:
        CampaignError: it names no bucket. The text is not repeated: it may hold a secret.
    """
    match = _URL.fullmatch(url)
    if match is None:
        raise CampaignError(
            "an S3 --out must be s3://bucket/prefix, its bucket 3 to 63 lower-case letters, "
            "digits, dots and hyphens, without credentials; those come from the AWS variables "
            "or profile"
        )
    return match["bucket"], (match["prefix"] or "").strip("/")


def _etag(answer: Mapping[str, Any]) -> str:
    return str(answer["ETag"]).strip('"')


def _age_s(answer: Mapping[str, Any], written: datetime) -> float:
    """Seconds from ``written`` to the answer, both by the server's clock."""
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    now = parsedate_to_datetime(date) if date else datetime.now(UTC)
    return (now - written).total_seconds()


def _content_type(key: str) -> str:
    """What a browser that opens the object is told."""
    return mimetypes.guess_type(key)[0] or "application/octet-stream"


def _checksum(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode("ascii")


def _read_part(path: Path, offset: int, num_bytes: int) -> tuple[bytes, str]:
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(num_bytes)
    return data, _checksum(data)


async def _chunks(body: Any) -> AsyncIterator[bytes]:
    while chunk := await body.read(_CHUNK_BYTES):
        yield chunk


async def _drain(chunks: AsyncIterator[bytes], path: Path | None) -> str:
    """Hash what comes, and write it where there is a path."""
    digest = hashlib.sha256()
    if path is None:
        async for chunk in chunks:
            digest.update(chunk)
        return digest.hexdigest()
    with disk_full_as_error(path), path.open("wb") as file:
        async for chunk in chunks:
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()
