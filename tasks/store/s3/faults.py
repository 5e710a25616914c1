# pyright: reportMissingTypeStubs=false
# botocore carries no types
"""What an S3 server's refusals mean: which of them time can heal, and the way out of the others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from botocore import exceptions as boto

from model.errors import CampaignError
from tasks.errors import StoreError

_ACTIONS = "s3:GetObject, s3:PutObject, s3:DeleteObject, s3:ListBucket, s3:AbortMultipartUpload"

_NO_CREDENTIALS = (
    "no credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, "
    "or give this machine a role"
)
_WRONG_CREDENTIALS = (
    "the server refuses the credentials ({code}); correct AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY, or the profile that AWS_PROFILE names"
)
_EXPIRED = "the credentials have expired ({code}); log in again"
_FORBIDDEN = (
    f"the credentials do not allow that ({{code}}); allow {_ACTIONS} on bucket {{bucket}}, "
    "or choose another --out"
)
_NO_BUCKET = 'there is no bucket "{bucket}"; create it, or correct --out'
_ELSEWHERE = "the bucket lies in another region ({code}); set AWS_DEFAULT_REGION to its region"
_CLOCK = "this machine's clock differs from the server's ({code}); set it"
_CONFIGURATION = "the AWS configuration cannot be used ({code}); correct it"

# What no waiting heals, by the server's code or the client's exception.
_REFUSALS: Mapping[str, str] = {
    "NoCredentialsError": _NO_CREDENTIALS,
    "PartialCredentialsError": _NO_CREDENTIALS,
    "InvalidAccessKeyId": _WRONG_CREDENTIALS,
    "SignatureDoesNotMatch": _WRONG_CREDENTIALS,
    "InvalidToken": _WRONG_CREDENTIALS,
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "UnauthorizedSSOTokenError": _EXPIRED,
    "SSOTokenLoadError": _EXPIRED,
    "AccessDenied": _FORBIDDEN,
    "AllAccessDisabled": _FORBIDDEN,
    "401": _WRONG_CREDENTIALS,
    "403": _FORBIDDEN,
    "NoSuchBucket": _NO_BUCKET,
    "PermanentRedirect": _ELSEWHERE,
    "AuthorizationHeaderMalformed": _ELSEWHERE,
    "301": _ELSEWHERE,
    "RequestTimeTooSkewed": _CLOCK,
    "ProfileNotFound": _CONFIGURATION,
    "ConfigNotFound": _CONFIGURATION,
    "ConfigParseError": _CONFIGURATION,
    "InvalidRegionError": _CONFIGURATION,
    "NoRegionError": _CONFIGURATION,
}
# 4xx answers that another try may change.
_PASSING_STATUSES = frozenset({408, 409, 425, 429})
_PASSING_CODES = frozenset(
    {
        "BadDigest",
        "IncompleteBody",
        "RequestTimeout",
        "SlowDown",
        "Throttling",
        "XAmzContentSHA256Mismatch",
    }
)
TRANSPORT_ERRORS = (OSError, boto.BotoCoreError, boto.ClientError, aiohttp.ClientError)
"""Of requests and of files, tried again where that can help."""


_BAD_ADDRESSES = ("EndpointResolutionError", "InvalidEndpointConfigurationError")


class AbsentError(Exception):
    """There is no such object."""


class ConditionError(Exception):
    """The object is there already, or is not the one that was to be replaced."""


class UploadLostError(Exception):
    """A multipart upload the server does not know any more; it may have been completed."""


@dataclass(frozen=True)
class Asked:
    """A request, for messages.

    Attributes:
        url: of the prefix.
        bucket: its name.
        operation: as the S3 API names it.
        key: below the prefix; empty: it is about the bucket.
    """

    url: str
    bucket: str
    operation: str
    key: str


def bad_endpoint(url: str) -> CampaignError:
    """What is told of a server's address that cannot be one; it may hold a password."""
    return CampaignError(
        f"{url}: the address of the S3 server (AWS_ENDPOINT_URL) cannot be used; write "
        "https://host or http://host:port, without a user, a path or a query"
    )


def lasting_fault(error: Exception, asked: Asked) -> Exception | None:
    """What to raise for an error that no waiting heals; None for the others."""
    if isinstance(error, OSError) and error.filename:  # a local file's, not the network's
        return StoreError(f"{error.filename}: {error.strerror}; correct it, then run again")
    code, status = code_of(error), _status_of(error)
    if code in _BAD_ADDRESSES:
        return bad_endpoint(asked.url)
    if code in ("NoSuchKey", "404"):
        return AbsentError(asked.key)
    if code == "NoSuchUpload":
        return UploadLostError(asked.key)
    if status == 412:
        return ConditionError(asked.key)
    if code in _REFUSALS:
        why = _REFUSALS[code].format(code=code, bucket=asked.bucket)
        return CampaignError(f"{asked.url}: {asked.operation}: {why}")
    if 400 <= status < 500 and status not in _PASSING_STATUSES and code not in _PASSING_CODES:
        return StoreError(
            f"{asked.url}/{asked.key}: {asked.operation} is refused by the server "
            f"({code}, {status}); it must speak the S3 API with conditional puts and "
            "sha256 checksums"
        )
    return None


def _server_error(error: Exception) -> dict[str, Any] | None:
    """The server's answer; s3fs raises an OSError of its own from it."""
    cause = error if isinstance(error, boto.ClientError) else error.__cause__
    if not isinstance(cause, boto.ClientError):
        return None
    response: dict[str, Any] = getattr(cause, "response")  # noqa: B009 - untyped in botocore
    return response


def code_of(error: Exception) -> str:
    """The server's code; the exception's name where no answer came."""
    answer = _server_error(error)
    return type(error).__name__ if answer is None else str(answer["Error"].get("Code"))


def _status_of(error: Exception) -> int:
    """The HTTP status; 0 where no answer came."""
    answer = _server_error(error)
    return 0 if answer is None else int(answer["ResponseMetadata"]["HTTPStatusCode"])
