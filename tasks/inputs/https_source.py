"""Files read over https: each hop's every address is checked, and just that address is asked.

No proxy is used, whatever the environment says: behind one, nobody could check the address. The
certificates are the usual ones, or those of ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``.
"""

import base64
import os
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from functools import cache

import httpcore
import httpx

from tasks.inputs.addresses import address_fault
from tasks.inputs.source import (
    InputError,
    InputLimits,
    InputMissingError,
    InputUnreachableError,
    Sink,
    Version,
    decoded,
)
from tasks.redaction import shown_url

_MAX_CONNECTIONS = 16
_HOST = re.compile(rb"[A-Za-z0-9._:-]+")
_MAX_ADDRESSES_TRIED = 4
_MAX_ASKED_WAIT_S = 30.0
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_UNCHANGED = 304
_TRANSIENT = frozenset((408, 425, 429, 500, 502, 503, 504))
_GONE = frozenset((404, 410))
_FORBIDDEN = frozenset((401, 403))
_LATER = "check that its server is working, and try again later"
_PRIVATE_WAY_OUT = "use a public address, or allow private ones where you trust the manifest"

_SocketOptions = Iterable[httpcore.SOCKET_OPTION]


class _RefusedAddressError(Exception):
    """A host leads to an address that is not asked; ``args`` are the host, address and why."""


class _PatientStream(httpcore.NetworkStream):
    """A line whose answers, headers included, may not drip for ever."""

    def __init__(self, stream: httpcore.NetworkStream, limits: InputLimits) -> None:
        self._stream, self._limits = stream, limits
        self._started, self._num_bytes = time.monotonic(), 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._limits.is_too_slow(self._num_bytes, time.monotonic() - self._started):
            raise httpcore.ReadTimeout("the answer arrives too slowly")
        data = self._stream.read(max_bytes, timeout)
        self._num_bytes += len(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._started, self._num_bytes = time.monotonic(), 0  # a request: its answer begins
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, timeout)
        return _PatientStream(secured, self._limits)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


class _CheckedNetwork(httpcore.NetworkBackend):
    """Connects to the very addresses that it has checked.

    No second answer of the name service can lead elsewhere; certificates stay the host's.
    """

    def __init__(self, limits: InputLimits, allow_private: bool) -> None:
        self._limits, self._allow_private = limits, allow_private
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: _SocketOptions | None = None,
    ) -> httpcore.NetworkStream:
        addresses = self._checked(host, port)
        failure: Exception | None = None
        for address in addresses[:_MAX_ADDRESSES_TRIED]:
            try:
                stream = self._network.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
                return _PatientStream(stream, self._limits)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError(f"{host} has no address")

    def _checked(self, host: str, port: int) -> list[str]:
        """Every address of a host.

        Raises:
            _RefusedAddressError: one of them is not asked.
            httpcore.ConnectError: the name service knows none.
        """
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"the name cannot be resolved ({error})") from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        for address in addresses:
            fault = address_fault(address, allow_private=self._allow_private)
            if fault:
                raise _RefusedAddressError(host, address, fault)
        return addresses


class HttpsSource:
    """Addresses that begin with https://, and with http:// where private ones are allowed."""

    def __init__(self, limits: InputLimits, allow_private: bool) -> None:
        self.num_attempts = limits.https_attempts
        self._limits, self._allow_private = limits, allow_private
        self._lock = threading.Lock()
        self._pool: httpcore.ConnectionPool | None = None
        self._timeouts = {
            "connect": limits.connect_timeout_s,
            "read": limits.read_timeout_s,
            "write": limits.read_timeout_s,
            "pool": limits.read_timeout_s,
        }

    def close(self) -> None:
        """Let go of its connections."""
        with self._lock:
            if self._pool is not None:
                self._pool.close()

    def _connections(self) -> httpcore.ConnectionPool:
        """Made for the first address: a campaign of local files reads no certificates."""
        with self._lock:
            if self._pool is None:
                file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
                self._pool = httpcore.ConnectionPool(
                    ssl_context=_trust(file, folder),
                    max_connections=_MAX_CONNECTIONS,
                    network_backend=_CheckedNetwork(self._limits, self._allow_private),
                )
            return self._pool

    def download(self, url: str, sink: Sink, known: Version) -> Version | None:
        """Put the content at ``url`` into ``sink``; None, and nothing, if it is ``known``.

        Raises:
            InputError: it cannot be had, or leads where nothing is asked.
            InputUnreachableError: time may heal it.
        """
        target = self._parsed(url, sink.name)
        for _ in range(self._limits.redirects + 1):
            try:
                following, version = self._ask(target, sink, known)
            except _RefusedAddressError as error:
                host, address, fault = error.args
                rule = f"{host} is at {address}, {fault}"
                raise InputError(sink.name, rule, _PRIVATE_WAY_OUT) from error
            except (
                httpcore.TimeoutException,
                httpcore.NetworkError,
                httpcore.ProtocolError,
            ) as error:
                raise _unreachable(sink.name, target, error) from error
            if following is None:
                return version
            target = following
        rule = f"the address redirects more than {self._limits.redirects} times"
        raise InputError(sink.name, rule, "name the address where the file is")

    def _ask(
        self, target: httpx.URL, sink: Sink, known: Version
    ) -> tuple[httpx.URL | None, Version | None]:
        """Where a redirect leads, or the version of what was taken (None: it is ``known``)."""
        with self._connections().stream(
            "GET",
            httpcore.URL(
                scheme=target.raw_scheme,
                host=target.raw_host,
                port=target.port,
                target=target.raw_path,
            ),
            headers=_headers(target, known),
            extensions={"timeout": self._timeouts},
        ) as answer:
            headers = _header_texts(answer)
            if answer.status in _REDIRECTS:
                return self._redirected(target, headers.get("location", ""), sink.name), None
            if answer.status == _UNCHANGED and known != Version():
                return None, None
            if answer.status != 200:
                raise _refusal(sink.name, answer.status, headers)
            encoding = headers.get("content-encoding", "").strip().lower()
            if headers.get("content-length", "").isdigit():
                sink.announce(int(headers["content-length"]))
            sink.take(decoded(_chunks(answer), encoding, sink.name))
        return None, Version(headers.get("etag", ""), headers.get("last-modified", ""))

    def _redirected(self, target: httpx.URL, location: str, name: str) -> httpx.URL:
        if not location:
            raise InputError(name, "the redirect names no address", "name the address of the file")
        try:
            following = str(target.join(location))
        except httpx.InvalidURL:
            rule = "the redirect does not name a valid address"
            raise InputError(name, rule, "name the address where the file is") from None
        if target.scheme == "https" and not following.lower().startswith("https://"):
            rule = f"it redirects from https to {shown_url(following)}"
            raise InputError(name, rule, "name an address that redirects only to https")
        return self._parsed(following, name)

    def _parsed(self, url: str, name: str) -> httpx.URL:
        try:
            target = httpx.URL(url)
        except httpx.InvalidURL:  # its words hold parts of the address
            raise InputError(name, "this is not a valid address", "check its spelling") from None
        if target.scheme == "http" and not self._allow_private:
            rule = "with http://, anybody on the way can read and change the file"
            raise InputError(name, rule, "use https://, or allow private addresses")
        if target.scheme not in ("http", "https") or not _HOST.fullmatch(target.raw_host):
            rule = f"{shown_url(url)} is not the address of a file"
            raise InputError(name, rule, "use https://host/path or s3://bucket/key")
        return target


@cache
def _trust(file: str | None, folder: str | None) -> ssl.SSLContext:
    """Whose certificates are believed."""
    if file or folder:
        return ssl.create_default_context(cafile=file or None, capath=folder or None)
    return httpx.create_ssl_context(trust_env=False)


def _chunks(answer: httpcore.Response) -> Iterator[bytes]:
    yield from answer.iter_stream()


def _headers(target: httpx.URL, known: Version) -> list[tuple[bytes, bytes]]:
    headers = {"User-Agent": "nightshoot", "Accept": "*/*", "Accept-Encoding": "identity"}
    if target.userinfo:
        login = f"{target.username}:{target.password}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(login).decode()}"
    if known.etag:
        headers["If-None-Match"] = known.etag
    elif known.last_modified:
        headers["If-Modified-Since"] = known.last_modified
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def _header_texts(answer: httpcore.Response) -> dict[str, str]:
    return {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers
    }


def _refusal(name: str, status: int, headers: dict[str, str]) -> InputError:
    if status in _TRANSIENT:
        asked = headers.get("retry-after", "")
        wait_s = min(float(asked), _MAX_ASKED_WAIT_S) if asked.isdigit() else 0.0
        return InputUnreachableError(name, f"its server answers {status}", _LATER, wait_s)
    if status in _GONE:
        return InputMissingError(
            name, f"there is no file at this address ({status})", "check the address"
        )
    if status in _FORBIDDEN:
        way_out = "check the address; a signed address expires"
        return InputMissingError(name, f"its server refuses ({status})", way_out, False)
    return InputError(name, f"its server answers {status}, not 200", "check the address")


def _unreachable(name: str, target: httpx.URL, error: Exception) -> InputError:
    reason = error.__cause__ or error.__context__
    if isinstance(reason, ssl.SSLCertVerificationError):
        rule = f"{target.host} cannot prove its name ({reason.verify_message})"
        way_out = "correct its certificate, or name its authority in SSL_CERT_FILE"
        return InputError(name, rule, way_out)
    told = str(error) or type(error).__name__
    if isinstance(error, httpcore.TimeoutException):
        told = f"no answer in time ({type(error).__name__})"
    return InputUnreachableError(name, f"{target.host} gives no file: {told}", _LATER)
