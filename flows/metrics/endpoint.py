"""`/metrics`: the figures in a folder, over HTTP, for a Prometheus that asks for them itself.

A worker does so where NIGHTSHOOT_METRICS_PORT is set, `render` and `cluster start` with
`--metrics-port`. What is served are the files that ``textfile`` writes, put together: those of the
process that serves and those of every run that has the folder from it.
"""

import logging
import re
import socket
import time
from collections.abc import Generator, Iterable, MutableMapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from flows.metrics.textfile import FOLDER_VARIABLE, metrics_folder
from model.errors import MachineError

PORT_VARIABLE = "NIGHTSHOOT_METRICS_PORT"
_HOST = "127.0.0.1"
_TIMEOUT_S = 10.0
_KEPT_S = 7 * 24 * 3600.0
_HEAD = re.compile(r"# (?:HELP|TYPE) (\S+)")
_log = logging.getLogger("nightshoot.metrics")


def address_of(text: str, told_by: str) -> tuple[str, int]:
    """Host and port of ``[HOST:]PORT``; without a host only this machine may ask.

    Raises:
        MachineError: it is no such address.
    """
    host, _, port = text.rpartition(":")
    if not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise MachineError(
            f'{told_by} is "{text}"; it must be a port from 1 to 65535, such as 9477, or '
            "HOST:PORT, such as 0.0.0.0:9477 for every address of this machine"
        )
    return host.strip("[]") or _HOST, int(port)


def merged(texts: Iterable[str]) -> str:
    """Several texts for Prometheus as one, in which every metric is described once."""
    heads: dict[str, list[str]] = {}
    samples: dict[str, list[str]] = {}
    for text in texts:
        name, is_new = "", False
        for line in text.splitlines():
            if head := _HEAD.match(line):
                if head[1] != name:
                    name, is_new = head[1], head[1] not in heads
                if is_new:
                    heads.setdefault(name, []).append(line)
            elif line.strip():
                samples.setdefault(name, []).append(line)
    lines = (line for name in samples for line in (*heads.get(name, ()), *samples[name]))
    return "".join(f"{line}\n" for line in lines)


def figures_in(folder: Path) -> str:
    """What was told in a folder; what nobody has renewed for a week is removed."""
    texts: list[str] = []
    for path in sorted(folder.glob("nightshoot-*.prom")):
        try:
            if time.time() - path.stat().st_mtime > _KEPT_S:
                path.unlink()
            else:
                texts.append(path.read_text())
        except FileNotFoundError:
            continue  # another has just removed it
    return merged(texts)


class Endpoint:
    """Serves the figures of a folder until it is closed.

    Raises:
        MachineError: the port cannot be used.
    """

    def __init__(self, folder: Path, address: tuple[str, int], told_by: str) -> None:
        class Handler(_Handler):
            place = folder

        try:
            kind = _Server6 if ":" in address[0] else _Server
            self._server = kind(address, Handler)
        except OSError as error:
            host, port = address
            raise MachineError(
                f"{told_by}: figures cannot be served at {host}:{port} ({error.strerror}); "
                "each worker and command of a machine needs a port of its own"
            ) from error
        self.folder, self._host = folder, address[0]
        Thread(target=self._server.serve_forever, name="metrics-endpoint", daemon=True).start()

    @property
    def address(self) -> str:
        """Where it listens, as ``HOST:PORT``."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{host}:{self._server.server_port}"

    def close(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # nobody's end waits for a slow reader


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Handler(BaseHTTPRequestHandler):
    place: Path
    timeout = _TIMEOUT_S

    def do_GET(self) -> None:
        """Answer for ``/metrics`` alone."""
        if self.path.split("?")[0] != "/metrics":
            self.send_error(404, "figures are at /metrics")
            return
        try:
            body = figures_in(self.place).encode()
        except (OSError, UnicodeDecodeError) as error:
            _log.warning("%s: figures cannot be read (%s)", self.place, error)
            self.send_error(500, "figures cannot be read; the log says why")
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of every reading."""


def serve_for_runs(environ: MutableMapping[str, str], own_folder: Path) -> Endpoint | None:
    """Serve the figures of a worker and its runs, where NIGHTSHOOT_METRICS_PORT asks for it.

    Args:
        environ: of the worker. Its runs inherit it and are told the folder in it.
        own_folder: is used where NIGHTSHOOT_METRICS_DIR names none.

    Raises:
        MachineError: the variable is no port, or it cannot be used.
    """
    wished = environ.get(PORT_VARIABLE)
    if not wished:
        return None
    address = address_of(wished, PORT_VARIABLE)
    folder = metrics_folder(environ) or own_folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MachineError(
            f"{folder}: figures cannot be kept here ({error.strerror}); set {FOLDER_VARIABLE} to a "
            "folder that can be written"
        ) from error
    environ[FOLDER_VARIABLE] = str(folder)
    return Endpoint(folder, address, PORT_VARIABLE)


@contextmanager
def serving(folder: Path, wished: str, told_by: str) -> Generator[Endpoint]:
    """Serve a folder's figures for as long as something goes on.

    Raises:
        MachineError: it is no port, or it cannot be used.
    """
    endpoint = Endpoint(folder, address_of(wished, told_by), told_by)
    try:
        yield endpoint
    finally:
        endpoint.close()
