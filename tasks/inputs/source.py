"""What fetching over https and from S3 have in common: limits, errors, and where the bytes go.

RowError
  InputError              an address that cannot be used: why, and what to do
    InputMissingError     there is nothing at it, or nobody may know
    InputUnreachableError time may heal it: fault "unknown", so that it is tried again
"""

import hashlib
import time
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal, Protocol

from pydantic import Field

from model.errors import Fault, RowError
from tasks.records import Record

Kind = Literal["manifest", "portrait", "recording", "script", "rig", "lexicon"]
MAX_HELD_BYTES = 1 << 18
_GZIP_WINDOW = 31


class InputLimits(Record):
    """How much, how long and how often is fetched."""

    manifest_bytes: int = Field(default=256 << 20, ge=1, description="Largest manifest.")
    portrait_bytes: int = Field(default=64 << 20, ge=1, description="Largest portrait.")
    recording_bytes: int = Field(default=4 << 30, ge=1, description="Largest recording.")
    script_bytes: int = Field(default=4 << 20, ge=1, description="Largest script file.")
    rig_bytes: int = Field(default=1 << 20, ge=1, description="Largest rig.")
    lexicon_bytes: int = Field(default=16 << 20, ge=1, description="Largest lexicon.")
    connect_timeout_s: float = Field(default=10.0, gt=0, description="To reach a host.")
    read_timeout_s: float = Field(default=20.0, gt=0, description="Without a byte from it.")
    patience_s: float = Field(
        default=60.0, gt=0, description="A file may come slower than `least_bytes_per_s` this long."
    )
    least_bytes_per_s: float = Field(default=16_384.0, ge=0, description="Slower is given up.")
    https_attempts: int = Field(default=4, ge=1, description="Tries over https; waits 1, 2, 4 s.")
    s3_attempts: int = Field(
        default=10, ge=1, description="Tries on S3; waits 65 s in all, for its server to restart."
    )
    first_wait_s: float = Field(default=1.0, ge=0, description="Before the second try; doubles.")
    longest_wait_s: float = Field(default=10.0, ge=0, description="Where it no longer doubles.")
    host_strikes: int = Field(
        default=3, ge=1, description="Files in a row a host may fail to give, before it is left."
    )
    redirects: int = Field(default=5, ge=0, description="Hops from one https address to another.")
    side_by_side: int = Field(default=8, ge=1, le=16, description="Files fetched at once.")

    def max_bytes(self, kind: Kind) -> int:
        """The largest file of this kind."""
        by_kind: dict[Kind, int] = {
            "manifest": self.manifest_bytes,
            "portrait": self.portrait_bytes,
            "recording": self.recording_bytes,
            "script": self.script_bytes,
            "rig": self.rig_bytes,
            "lexicon": self.lexicon_bytes,
        }
        return by_kind[kind]

    def is_too_slow(self, num_bytes: int, seconds: float) -> bool:
        """Whether so little in so long is no longer waited for."""
        return num_bytes < (seconds - self.patience_s) * self.least_bytes_per_s


class InputError(RowError):
    """An address that gives no usable file; ``name`` is the address without its secrets."""

    def __init__(self, name: str, rule: str, way_out: str) -> None:
        super().__init__(name, rule, way_out)
        self.name, self.rule, self.way_out = name, rule, way_out

    def __str__(self) -> str:
        return f"{self.name}: {self.rule}; {self.way_out}"


class InputMissingError(InputError):
    """There is nothing at the address; or, not ``is_certain``, the server does not say (403)."""

    def __init__(self, name: str, rule: str, way_out: str, is_certain: bool = True) -> None:
        super().__init__(name, rule, way_out)
        self.is_certain = is_certain
        self.args = (name, rule, way_out, is_certain)


class InputUnreachableError(InputError):
    """A fault of the network or the server; ``asked_wait_s`` is what the server asked for."""

    fault: Fault = "unknown"

    def __init__(self, name: str, rule: str, way_out: str, asked_wait_s: float = 0.0) -> None:
        super().__init__(name, rule, way_out)
        self.asked_wait_s = asked_wait_s
        self.args = (name, rule, way_out, asked_wait_s)


@dataclass(frozen=True)
class Version:
    """How a server tells one content of an address from another; empty where it does not."""

    etag: str = ""
    last_modified: str = ""


class Source(Protocol):
    """Where addresses of one scheme lead."""

    @property
    def num_attempts(self) -> int:
        """How often an address is tried."""
        ...

    def download(self, url: str, sink: "Sink", known: Version) -> Version | None:
        """Put the content at ``url`` into ``sink``; None, and nothing, if it is ``known``.

        Raises:
            InputError: it cannot be had.
        """
        ...

    def close(self) -> None:
        """Let go of its connections."""
        ...


class Sink:
    """A file on its way: counts and hashes it, refuses what is too large or comes too slowly."""

    def __init__(
        self,
        file: BinaryIO,
        name: str,
        max_bytes: int,
        limits: InputLimits,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file, self.name, self._max_bytes, self._limits = file, name, max_bytes, limits
        self._clock, self._started = clock, clock()
        self._digest = hashlib.sha256()
        self.num_bytes = 0

    @property
    def sha256(self) -> str:
        """Hex digest of what was written."""
        return self._digest.hexdigest()

    def announce(self, num_bytes: int) -> None:
        """Refuse a file that says itself that it is too large.

        Raises:
            InputError: it is.
        """
        if num_bytes > self._max_bytes:
            mb = f"{num_bytes / 1e6:.1f} MB"
            raise InputError(self.name, f"the file is {mb}, but {self._rule()}", "make it smaller")

    def take(self, chunks: Iterable[bytes]) -> None:
        """Write everything.

        Raises:
            InputError: it is too large.
            InputUnreachableError: it comes too slowly.
        """
        for chunk in chunks:
            self.num_bytes += len(chunk)
            if self.num_bytes > self._max_bytes:
                rule = f"the file is too large: {self._rule()}"
                raise InputError(self.name, rule, "make it smaller")
            self._file.write(chunk)
            self._digest.update(chunk)
            self._check_pace()

    def _rule(self) -> str:
        return f"at most {self._max_bytes / 1e6:.1f} MB are read"

    def _check_pace(self) -> None:
        seconds = self._clock() - self._started
        if self._limits.is_too_slow(self.num_bytes, seconds):
            rule = f"only {self.num_bytes} bytes arrived in {seconds:.0f} s"
            raise InputUnreachableError(
                self.name, rule, "check that its server is working, and try again later"
            )


def decoded(chunks: Iterable[bytes], encoding: str, name: str) -> Iterator[bytes]:
    """The chunks as they were before the server compressed them, never much held at once.

    Raises:
        InputError: a compression other than gzip, or damaged.
        InputUnreachableError: it ends too early.
    """
    if encoding in ("", "identity"):
        yield from chunks
        return
    if encoding not in ("gzip", "x-gzip"):
        rule = f"the server compresses with {encoding[:20]!r}, which is not supported"
        raise InputError(name, rule, "store it uncompressed, or with gzip")
    try:
        is_whole = yield from _inflated(chunks)
    except zlib.error as error:
        rule = "the file is not gzip, although its server says so"
        raise InputError(name, rule, "store it again, without a content encoding") from error
    if not is_whole:
        raise InputUnreachableError(name, "the compressed file ends too early", "try again later")


def _inflated(chunks: Iterable[bytes]) -> Generator[bytes, None, bool]:
    """What gzip's chunks hold, in bounded pieces; returns whether its end came."""
    inflate = zlib.decompressobj(_GZIP_WINDOW)
    for chunk in chunks:
        rest, is_more = chunk, True
        while is_more and not inflate.eof:
            data = inflate.decompress(rest, MAX_HELD_BYTES)
            rest = inflate.unconsumed_tail
            is_more = bool(rest) or len(data) == MAX_HELD_BYTES
            yield data
    return inflate.eof
