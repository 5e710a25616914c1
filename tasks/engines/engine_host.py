"""Connections to engine hosts: a job goes out, its frames come back.

The host's process is started for a connection, or was given to this run by its worker.
"""

import contextlib
import json
import math
import selectors
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from model.engine import EngineIdentity, Handoff, Pixels, SegmentJob
from model.errors import ResourceError, StoppedError
from model.host import heartbeats, protocol
from tasks.engines.gpu_samples import Stretch
from tasks.engines.host_process import (
    EngineLostError,
    GivenHost,
    HostProcess,
    OwnProcess,
    heartbeats_folder,
)
from tasks.processes.stop_request import POLL_S, check_stop

HELLO_TIMEOUT_S = 300.0
_POLL_S = 0.02
SPARE_S = 60.0  # a guard is late too where a machine is loaded
_CANCEL_S = 2.0  # an engine looks between two chunks of frames whether its work is still wanted


class EngineFullError(ResourceError, EngineLostError):
    """The engine host ended for want of memory, in the middle of what its ranks do together."""


class HostRendering:
    """Frames as they arrive from a host; see :class:`model.engine.Rendering`."""

    def __init__(self, host: "EngineHost", should_stop: Callable[[], bool]) -> None:
        self._host, self._should_stop = host, should_stop
        self._handoff: Handoff | None = None
        self._started = time.perf_counter()
        self.first_frame_seconds = 0.0
        self.engine_seconds = 0.0
        self.cpu_seconds = 0.0
        self.peak_rss_bytes = 0

    def __iter__(self) -> Iterator[Pixels]:
        return self

    def __next__(self) -> Pixels:
        if self._handoff is not None:
            raise StopIteration
        if self._should_stop():
            self._host.cancel()
            raise StoppedError("stopped between frames")
        if not self._host.wait_for_message(self._should_stop):
            self._host.cancel()
            raise StoppedError("stopped between frames")
        message = self._host.receive()
        if message.kind == "frames":
            self.first_frame_seconds = self.first_frame_seconds or self._elapsed()
            return message.arrays["frames"]
        self._host.is_rendering = False
        if message.kind == "error":
            raise protocol.error_of(message)
        if message.kind != "handoff":
            raise EngineLostError(f'engine host sent "{message.kind}" in the middle of a segment')
        self._handoff = protocol.handoff_of(message)
        self.engine_seconds = message.fields["engine_seconds"]
        self.cpu_seconds = message.fields["cpu_seconds"]
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
    """The one connection to a host process; without ``given`` to one that is started for it.

    Raises:
        EngineLostError: the host did not come up.
    """

    def __init__(
        self,
        engine: str,
        log_path: Path,
        load_timeout_s: float = 120.0,
        given: GivenHost | None = None,
    ) -> None:
        self.engine = engine
        self.log_path: Path | None = None
        self.stretch: Stretch | None = None
        self.is_rendering = False
        self._process: HostProcess = given or OwnProcess(engine, log_path)
        try:
            self._connection, hello = self._connect(load_timeout_s)
            self.identity, self.pid = self._introduced(hello)
            self.log_path = Path(hello.fields["log"]) if hello.fields["log"] else None
            # the guard ends it long before, with better words
            self._connection.settimeout(hello.fields["patience_s"] + SPARE_S)
        except BaseException:
            self._process.end()
            raise

    def _introduced(self, hello: protocol.Message) -> tuple[EngineIdentity, int]:
        try:
            return protocol.identity_of(hello), protocol.pid_of(hello)
        except (ValueError, KeyError, TypeError) as error:
            last_words = self._process.lose(_listener_pid(self._connection))
            self._connection.close()
            raise EngineLostError(
                f'engine host "{self.engine}" runs different code from this run: {error}; '
                f"{last_words}"
            ) from error

    def _connect(self, load_timeout_s: float) -> tuple[socket.socket, protocol.Message]:
        deadline = time.monotonic() + load_timeout_s
        while time.monotonic() < deadline:
            self._process.check()
            check_stop()
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(HELLO_TIMEOUT_S)
            try:
                connection.connect(str(self._process.socket_path))
                return connection, protocol.receive(connection)
            except (FileNotFoundError, ConnectionRefusedError, protocol.ConnectionLostError):
                connection.close()  # still loading, or just being started again
            except TimeoutError as error:
                last_words = self._process.lose(_listener_pid(connection))
                connection.close()
                raise EngineLostError(
                    f'engine host "{self.engine}" took the connection but said nothing for '
                    f"{HELLO_TIMEOUT_S:.0f} s; {last_words}"
                ) from error
            except BaseException:
                connection.close()
                raise
            time.sleep(_POLL_S)
        raise EngineLostError(
            f'engine host "{self.engine}" did not load within {load_timeout_s:.0f} s; '
            f"{self._process.log_place}"
        )

    def render(
        self, job: SegmentJob, should_stop: Callable[[], bool] = lambda: False
    ) -> HostRendering:
        """Ask for a segment; the frames arrive while the rest is being made.

        Raises:
            EngineLostError: the host is gone.
        """
        try:
            protocol.send_job(self._connection, job)
            self.is_rendering = True
        except (protocol.ConnectionLostError, TimeoutError) as error:
            raise self._lost(str(error)) from error
        return HostRendering(self, should_stop)

    def wait_for_message(self, should_stop: Callable[[], bool]) -> bool:
        """Whether the next message has begun to arrive; False where ``should_stop`` came first.

        Raises:
            EngineLostError: the host is silent for too long.
        """
        limit_s = self._connection.gettimeout()
        deadline = math.inf if limit_s is None else time.monotonic() + limit_s
        with selectors.DefaultSelector() as selector:
            selector.register(self._connection, selectors.EVENT_READ)
            while not selector.select(POLL_S):
                if should_stop():
                    return False
                if time.monotonic() > deadline:
                    raise self._lost(f"it said nothing for {limit_s:g} s")
        return True

    def receive(self) -> protocol.Message:
        """The next message.

        Raises:
            EngineLostError: the host is gone, silent for too long, or speaks nonsense.
        """
        try:
            return protocol.receive(self._connection)
        except (protocol.ConnectionLostError, TimeoutError, ValueError, KeyError) as error:
            raise self._lost(str(error)) from error

    def _lost(self, why: str) -> EngineLostError:
        with contextlib.suppress(OSError):
            self._connection.close()
        kept = heartbeats.fault(heartbeats_folder(self._process.socket_path))
        last_words = self._process.lose(self.pid)
        lost = f'engine host "{self.engine}" (process {self.pid}) was lost: {why}; {last_words}'
        told = protocol.error_in(json.loads(kept)) if kept else None
        if isinstance(told, ResourceError):
            return EngineFullError(f"{told}; {lost}", told.rungs)
        return EngineLostError(lost)

    def cpu_seconds(self) -> float:
        """Processor time that all its processes have used so far."""
        return heartbeats.cpu_seconds(heartbeats_folder(self._process.socket_path))

    @property
    def gpu_percents(self) -> dict[str, int]:
        """Mean use of each GPU, by its number, since it was lent; empty where none is sampled."""
        return self.stretch.gpu_percents if self.stretch else {}

    def cancel(self) -> None:
        """End the rendering under way, if any; the host is usable afterwards.

        One that does not let go of its work in time is hung up on, which ends the work too.
        """
        if not self.is_rendering:
            return
        deadline = time.monotonic() + _CANCEL_S
        try:
            protocol.send(self._connection, "cancel")
            while self.wait_for_message(lambda: time.monotonic() > deadline):
                if self.receive().kind in ("error", "handoff"):
                    self.is_rendering = False
                    return
            self.is_rendering = False
            self._connection.close()
        except (protocol.ConnectionLostError, EngineLostError):
            return  # it is gone, which ends the rendering too

    def ping(self) -> bool:
        """Whether the host answers."""
        try:
            protocol.send(self._connection, "ping")
            return self.receive().kind == "pong"
        except (protocol.ConnectionLostError, EngineLostError, OSError):
            return False

    def replace(self) -> None:
        """Have a given host started afresh: it belongs to other code or weights than ours."""
        with contextlib.suppress(protocol.ConnectionLostError, OSError):
            protocol.send(self._connection, "bye")
        self._connection.close()

    def close(self) -> None:
        """Hang up; a host of ours is gone then, a given one waits for the next connection."""
        self._connection.close()
        self._process.end()


def _listener_pid(connection: socket.socket) -> int | None:
    """Process id of who listens, where the system tells it (Linux); a hung host says nothing."""
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return int.from_bytes(credentials[:4], sys.byteorder)
