"""Starts engine hosts and talks to them; a pool keeps one warm host per worker."""

import contextlib
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from model import wire
from model.engine import EngineIdentity, Handoff, Pixels, SegmentJob
from model.errors import MachineError, StoppedError
from tasks.children import Child

LOAD_TIMEOUT_S = 120.0
FRAMES_TIMEOUT_S = 300.0
_POLL_S = 0.02


class EngineLostError(MachineError):
    """The engine host died, hung or spoke nonsense; the segment can be rendered again."""


class HostRendering:
    """Frames as they arrive from a host; see :class:`model.engine.Rendering`."""

    def __init__(self, host: "EngineHost", should_stop: Callable[[], bool]) -> None:
        self._host, self._should_stop = host, should_stop
        self._handoff: Handoff | None = None
        self._started = time.perf_counter()
        self.first_frame_seconds = 0.0
        self.engine_seconds = 0.0
        self.peak_rss_bytes = 0

    def __iter__(self) -> Iterator[Pixels]:
        return self

    def __next__(self) -> Pixels:
        if self._handoff is not None:
            raise StopIteration
        if self._should_stop():
            self._host.cancel()
            raise StoppedError("stopped between frames")
        message = self._host.receive()
        if message.kind == "frames":
            self.first_frame_seconds = self.first_frame_seconds or self._elapsed()
            return message.arrays["frames"]
        self._host.is_rendering = False
        if message.kind == "error":
            raise wire.error_of(message)
        if message.kind != "handoff":
            raise EngineLostError(f'engine host sent "{message.kind}" in the middle of a segment')
        self._handoff = wire.handoff_of(message)
        self.engine_seconds = message.fields["engine_seconds"]
        self.peak_rss_bytes = message.fields["peak_rss_bytes"]
        raise StopIteration

    def _elapsed(self) -> float:
        return time.perf_counter() - self._started

    @property
    def handoff(self) -> Handoff:
        """What the next segment starts from; valid once exhausted."""
        if self._handoff is None:
            raise ValueError("the rendering is not exhausted yet")
        return self._handoff


class EngineHost:
    """One host process and the one connection to it.

    Raises:
        EngineLostError: the host did not come up.
    """

    def __init__(self, engine: str, log_path: Path, load_timeout_s: float = LOAD_TIMEOUT_S) -> None:
        self.engine = engine
        self.is_rendering = False
        self._folder = tempfile.TemporaryDirectory(prefix="nightshoot-", ignore_cleanup_errors=True)
        socket_path = Path(self._folder.name) / "host.sock"
        self._child = Child("model.host", [engine, "--socket", str(socket_path)], log_path)
        try:
            self._connection = self._connect(socket_path, load_timeout_s)
            self.identity: EngineIdentity = wire.identity_of(self.receive())
        except BaseException:
            self._discard()
            raise

    @property
    def pid(self) -> int:
        """Process id of the host."""
        return self._child.pid

    def _connect(self, socket_path: Path, load_timeout_s: float) -> socket.socket:
        deadline = time.monotonic() + load_timeout_s
        while not socket_path.exists():
            if self._child.exit_code is not None:
                raise EngineLostError(
                    f'engine host "{self.engine}" ended with exit code {self._child.exit_code} '
                    f"while loading: {self._child.log_tail()}"
                )
            if time.monotonic() > deadline:
                raise EngineLostError(
                    f'engine host "{self.engine}" did not load within {load_timeout_s:.0f} s; '
                    f"its log is {self._child.log_path}"
                )
            time.sleep(_POLL_S)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(FRAMES_TIMEOUT_S)
        connection.connect(str(socket_path))
        return connection

    def render(
        self, job: SegmentJob, should_stop: Callable[[], bool] = lambda: False
    ) -> HostRendering:
        """Ask for a segment; the frames arrive while the rest is being made.

        Raises:
            EngineLostError: the host is gone.
        """
        try:
            wire.send_job(self._connection, job)
            self.is_rendering = True
        except wire.ConnectionLostError as error:
            raise self._lost(str(error)) from error
        return HostRendering(self, should_stop)

    def receive(self) -> wire.Message:
        """The next message.

        Raises:
            EngineLostError: the host is gone, silent for too long, or speaks nonsense.
        """
        try:
            return wire.receive(self._connection)
        except (wire.ConnectionLostError, TimeoutError, ValueError, KeyError) as error:
            raise self._lost(str(error)) from error

    def _lost(self, why: str) -> EngineLostError:
        with contextlib.suppress(OSError):
            self._connection.close()
        self._child.end(timeout_s=2.0)
        tail = self._child.log_tail().splitlines()[-3:]
        return EngineLostError(
            f'engine host "{self.engine}" (process {self.pid}) was lost: {why}; '
            f"exit code {self._child.exit_code}; last words: {' / '.join(tail) or 'none'}; "
            f"log {self._child.log_path}"
        )

    def cancel(self) -> None:
        """End the rendering under way, if any; the host is usable afterwards."""
        if not self.is_rendering:
            return
        try:
            wire.send(self._connection, "cancel")
            while self.receive().kind not in ("error", "handoff"):
                pass
            self.is_rendering = False
        except (wire.ConnectionLostError, EngineLostError):
            return  # it is gone, which ends the rendering too

    def ping(self) -> bool:
        """Whether the host answers."""
        try:
            wire.send(self._connection, "ping")
            return self.receive().kind == "pong"
        except (wire.ConnectionLostError, EngineLostError, OSError):
            return False

    def close(self) -> None:
        """Say goodbye and wait until the process is gone."""
        with contextlib.suppress(wire.ConnectionLostError, OSError):
            wire.send(self._connection, "bye")
        self._connection.close()
        self._discard()

    def _discard(self) -> None:
        self._child.end()
        self._folder.cleanup()


class EnginePool:
    """Warm hosts, each lent to one video at a time; a lost one is replaced at the next loan."""

    def __init__(self, log_folder: Path) -> None:
        self._log_folder = log_folder
        self._idle: dict[str, list[EngineHost]] = {}
        self._lock = threading.Lock()
        self._num_started = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def lend(self, engine: str) -> Generator[EngineHost]:
        """A host for the time of a segment; started if none is idle.

        Raises:
            EngineLostError: it could not be started, or was lost meanwhile.
        """
        host = self._take(engine)
        try:
            yield host
        except EngineLostError:
            host.close()
            raise
        except BaseException:
            # the encoder or the user stopped in the middle: the host may still be sending
            host.cancel()
            self._give(host)
            raise
        else:
            self._give(host)

    def _take(self, engine: str) -> EngineHost:
        with self._lock:
            idle = self._idle.setdefault(engine, [])
            if idle:
                return idle.pop()
            self._num_started += 1
            number = self._num_started
        return EngineHost(engine, self._log_folder / f"host-{engine}-{number}.log")

    def _give(self, host: EngineHost) -> None:
        if not host.ping():
            host.close()
            return
        with self._lock:
            self._idle[host.engine].append(host)

    def close(self) -> None:
        """End every idle host."""
        with self._lock:
            hosts = [host for idle in self._idle.values() for host in idle]
            self._idle.clear()
        for host in hosts:
            host.close()
