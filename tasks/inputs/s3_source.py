"""Files read from S3 with the usual AWS chain: environment, ~/.aws, roles, AWS_ENDPOINT_URL.

botocore, which s3fs stands on, is used by itself: one conditional GET per file, streamed, from any
thread, without an event loop of its own.
"""

# botocore brings no type stubs
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

import threading
from collections.abc import Iterator
from typing import Any

from tasks.inputs.source import (
    MAX_HELD_BYTES,
    InputError,
    InputLimits,
    InputMissingError,
    InputUnreachableError,
    Sink,
    Version,
    decoded,
)

_MAX_CONNECTIONS = 16
_UNCHANGED = 304
_TRANSIENT_CODES = frozenset(
    ("InternalError", "RequestTimeout", "ServiceUnavailable", "SlowDown", "Throttling")
)
_LATER = "check that its server is working, and try again later"
_CREDENTIALS_WAY_OUT = (
    "give the usual AWS credentials (environment, ~/.aws or a role), or use an https:// address"
)


class S3Source:
    """Addresses that begin with s3://."""

    def __init__(self, limits: InputLimits) -> None:
        self.num_attempts = limits.s3_attempts
        self._limits = limits
        self._lock = threading.Lock()
        self._made: Any = None

    def close(self) -> None:
        """Let go of its connections."""
        if self._made is not None:
            self._made.close()

    def download(self, url: str, sink: Sink, known: Version) -> Version | None:
        """Put the object at ``url`` into ``sink``; None, and nothing, if it is ``known``.

        Raises:
            InputError: it cannot be had.
            InputUnreachableError: time may heal it.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        bucket, key = _bucket_and_key(url, sink.name)
        asked = {"IfNoneMatch": known.etag} if known.etag else {}
        try:
            answer: dict[str, Any] = self._client().get_object(Bucket=bucket, Key=key, **asked)
            return _taken(answer, sink)
        except ClientError as error:
            answer = error.response
            if answer["ResponseMetadata"]["HTTPStatusCode"] == _UNCHANGED:
                return None
            raise _refusal(sink.name, bucket, answer) from error
        except BotoCoreError as error:
            raise _failure(sink.name, error) from error

    def _client(self) -> Any:
        from botocore.config import Config
        from botocore.session import Session

        with self._lock:
            if self._made is None:
                config = Config(
                    connect_timeout=self._limits.connect_timeout_s,
                    read_timeout=self._limits.read_timeout_s,
                    max_pool_connections=_MAX_CONNECTIONS,
                    retries={"mode": "standard", "total_max_attempts": 1},
                )
                self._made = Session().create_client("s3", config=config)
            return self._made


def _taken(answer: dict[str, Any], sink: Sink) -> Version:
    body = answer["Body"]
    try:
        sink.announce(int(answer["ContentLength"]))
        encoding = str(answer.get("ContentEncoding", "")).strip().lower()
        if encoding == "aws-chunked":  # left by some uploaders; the body is plain
            encoding = ""
        sink.take(decoded(_chunks(body), encoding, sink.name))
    finally:
        body.close()
    return Version(str(answer.get("ETag", "")))


def _chunks(body: Any) -> Iterator[bytes]:
    yield from body.iter_chunks(MAX_HELD_BYTES)


def _bucket_and_key(url: str, name: str) -> tuple[str, str]:
    bucket, _, key = url.partition("://")[2].partition("/")
    if "@" in bucket:  # botocore would repeat it in its message
        rule = "a user or a key stands before the bucket"
        raise InputError(name, rule, "use s3://bucket/key, and credentials of the environment")
    if not bucket or not key or key.endswith("/"):
        raise InputError(name, "this is not the address of an object", "use s3://bucket/key")
    return bucket, key


def _refusal(name: str, bucket: str, answer: dict[str, Any]) -> InputError:
    status = int(answer["ResponseMetadata"]["HTTPStatusCode"])
    code = str(answer["Error"].get("Code", ""))
    if code == "NoSuchBucket":
        return InputMissingError(name, f"there is no bucket {bucket}", "check the address")
    if status == 404:
        return InputMissingError(name, "this object does not exist", "check the address")
    if code == "InvalidObjectState":
        return InputError(name, "the object is archived", "restore it, or name a copy of it")
    if code in ("AccessDenied", "403"):
        rule = f"access is denied ({code})"
        way_out = "check the address, and the rights of the credentials in use"
        return InputMissingError(name, rule, way_out, False)
    if status >= 500 or status == 429 or code in _TRANSIENT_CODES:
        return InputUnreachableError(name, f"S3 answers {code or status}", _LATER)
    if status == 403:
        return InputError(name, f"S3 refuses the credentials ({code})", _CREDENTIALS_WAY_OUT)
    rule = f"S3 answers {code or status}"
    return InputError(name, rule, "check the address, the region and the endpoint")


def _failure(name: str, error: Exception) -> InputError:
    from botocore.exceptions import (
        ChecksumError,
        ConnectionError,  # of botocore: no end is found, or not in time
        FlexibleChecksumError,
        HTTPClientError,
        IncompleteReadError,
        NoCredentialsError,
        PartialCredentialsError,
        ProfileNotFound,
    )

    reason = f"{type(error).__name__}: {error}"
    if isinstance(
        error,
        ConnectionError
        | HTTPClientError
        | IncompleteReadError
        | FlexibleChecksumError
        | ChecksumError,
    ):
        return InputUnreachableError(name, reason, _LATER)
    if isinstance(error, NoCredentialsError | PartialCredentialsError | ProfileNotFound):
        return InputError(name, f"S3 cannot be reached ({reason})", _CREDENTIALS_WAY_OUT)
    return InputError(name, reason, "check the address, the region and the endpoint")
