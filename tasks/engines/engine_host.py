"""Starts engine hosts and talks to them, or to the one that a worker gave this run.

A pool keeps one warm host per thread that renders.
"""

import contextlib
import json
import math
import os
import selectors
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from model.engine import EngineIdentity, Handoff, Pixels, SegmentJob, engine_identity
from model.errors import MachineError, ResourceError, StoppedError
from model.host import heartbeats, protocol
from tasks.engines.gpu_samples import NvmlReader, Sampler, Stretch
from tasks.processes.child_processes import Guarded
from tasks.processes.stop_request import POLL_S, check_stop

HELLO_TIMEOUT_S = 300.0
SOCKET_VARIABLE = "NIGHTSHOOT_ENGINE_SOCKET"
ENGINE_VARIABLE = "NIGHTSHOOT_ENGINE"
_POLL_S = 0.02
_CANCEL_S = 2.0  # an engine looks between two chunks of frames whether its work is still wanted
_WORDS_S = 2.0  # within which a guard says why it ends a host
_SPARE_S = 60.0  # a guard is late too where a machine is loaded


class EngineLostError(MachineError):
    """The engine host died, hung or spoke nonsense; the segment can be rendered again."""


class EngineFullError(ResourceError, EngineLostError):
    """The engine host ended for want of memory, in the middle of what its ranks do together."""


class WrongHostError(MachineError):
    """The given engine host is not the one that this run needs."""


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


class HostProcess(Protocol):
    """The process behind a connection, ours or a worker's."""

    @property
    def socket_path(self) -> Path:
        """Where it listens, once it is ready."""
        ...

    @property
    def log_place(self) -> str:
        """Where people find what it said."""
        ...

    def check(self) -> None:
        """While it is waited for.

        Raises:
            EngineLostError: it will not come up.
        """
        ...

    def lose(self, pid: int | None) -> str:
        """Make sure that it is gone; returns its last words, or its guard's."""
        ...

    def end(self) -> None:
        """It is not needed any more by this process."""
        ...


class OwnProcess:
    """A host that this process started, under a guard, and that ends with it."""

    def __init__(self, engine: str, log_path: Path) -> None:
        self.engine = engine
        self._folder = tempfile.TemporaryDirectory(prefix="nightshoot-", ignore_cleanup_errors=True)
        self.socket_path = Path(self._folder.name) / "host.sock"
        arguments = ["model.host", engine, "--socket", str(self.socket_path)]
        self._child = Guarded(arguments, log_path, heartbeats_folder(self.socket_path))

    @property
    def log_place(self) -> str:
        """See :class:`HostProcess`."""
        return f"its log is {self._child.log_path}"

    def check(self) -> None:
        """See :class:`HostProcess`.

        Raises:
            ResourceError: this machine cannot hold the engine, or its files are damaged.
        """
        if self._child.refusal:
            raise ResourceError(
                f'engine "{self.engine}" cannot be loaded here: {self._child.refusal}'
            )
        if self._child.exit_code is not None:
            raise EngineLostError(
                f'engine host "{self.engine}" ended with exit code {self._child.exit_code} '
                f"while loading: {self._child.log_tail()}"
            )

    def lose(self, pid: int | None) -> str:
        """See :class:`HostProcess`."""
        self._child.wait(_WORDS_S)  # its guard knows best why it ends
        words = heartbeats.last_words(heartbeats_folder(self.socket_path), pid) if pid else ""
        self._child.end()
        tail = " / ".join(self._child.log_tail().splitlines()[-3:])
        words = words or f"exit code {self._child.exit_code}; last words: {tail or 'none'}"
        return f"{words}; {self.log_place}"

    def end(self) -> None:
        """See :class:`HostProcess`."""
        self._child.end()
        self._folder.cleanup()


@dataclass(frozen=True)
class GivenHost:
    """A host that belongs to the worker of this run, which restarts it when it dies.

    Its guard knows how long its engine may load, and its worker tells when it gives up: so the run
    waits long.
    """

    engine: str
    socket_path: Path
    load_timeout_s: float = heartbeats.Limits.load

    @property
    def log_place(self) -> str:
        """See :class:`HostProcess`."""
        return f"its worker keeps its log; its socket is {self.socket_path}"

    def check(self) -> None:
        """See :class:`HostProcess`."""
        note = failure_note_path(self.socket_path)
        if not self.socket_path.parent.exists():
            raise EngineLostError(
                f'the worker of this run has ended, and its engine host "{self.engine}" with it; '
                "run it again on another worker"
            )
        if note.exists():
            raise EngineLostError(note.read_text())

    def lose(self, pid: int | None) -> str:
        """See :class:`HostProcess`. Killed, it is started again by its worker."""
        words = ""
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            words = self._words(pid)
        return f"{words}its worker starts it again and keeps its log"

    def _words(self, pid: int) -> str:
        deadline = time.monotonic() + _WORDS_S
        while time.monotonic() < deadline:
            if words := heartbeats.last_words(heartbeats_folder(self.socket_path), pid):
                return f"{words}; "
            time.sleep(_POLL_S)
        return ""

    def end(self) -> None:
        """See :class:`HostProcess`. It stays for the next run."""


def given_host(environ: Mapping[str, str]) -> GivenHost | None:
    """The host that a worker gave this run, if it gave one.

    Raises:
        MachineError: only half of it is told.
        CampaignError: a time limit is no positive number of seconds.
    """
    engine, path = environ.get(ENGINE_VARIABLE, ""), environ.get(SOCKET_VARIABLE, "")
    if bool(engine) != bool(path):
        raise MachineError(
            f'{ENGINE_VARIABLE}="{engine}" and {SOCKET_VARIABLE}="{path}" must both be set or '
            "both be absent; a worker of type gpu-process sets both"
        )
    if not engine:
        return None
    return GivenHost(engine, Path(path), heartbeats.limits_of(environ).load)


def heartbeats_folder(socket_path: Path) -> Path:
    """Where the processes of a host leave their signs of life, and its guard its words."""
    return socket_path.parent / "beats"


def failure_note_path(socket_path: Path) -> Path:
    """Where a worker says that it has given up starting a host, and why."""
    return socket_path.with_suffix(".failed")


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
            self._connection.settimeout(hello.fields["patience_s"] + _SPARE_S)
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


class EnginePool:
    """Warm hosts, each lent to one video at a time; a lost one is replaced at the next loan.

    With a given host there is no other: one segment at a time, who comes second waits. So it is
    with an engine of which a machine can hold one alone, or a few.

    Args:
        log_folder: of the hosts that are started.
        given: a worker's host.
        keep: writes the samples of GPUs under their names into the campaign's store; None: the
            GPUs are not looked at.

    Raises:
        CampaignError: the environment sets a time limit that is no positive number of seconds.
    """

    def __init__(
        self,
        log_folder: Path,
        given: GivenHost | None = None,
        keep: Callable[[str, bytes], object] | None = None,
    ) -> None:
        self._log_folder, self._given = log_folder, given
        self._sampler = Sampler(keep, _reader) if keep else None
        heartbeats.limits_of(os.environ)  # told now, not by the first host
        self._idle: dict[str, list[EngineHost]] = {}
        self._lock = threading.Lock()
        self._turns: dict[str, threading.Semaphore] = {}
        self._num_started = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def lend(self, engine: str) -> Generator[EngineHost]:
        """A host for the time of a segment; started if none is idle.

        Raises:
            EngineLostError: it could not be started, or was lost meanwhile.
            WrongHostError: the given host is of another engine, version or weights.
        """
        with self._turn(engine):
            host = self._take(engine)
            try:
                with self._sampled(host):
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

    @contextlib.contextmanager
    def _sampled(self, host: EngineHost) -> Generator[None]:
        if self._sampler is None:
            yield
            return
        with self._sampler.sampling(host.cpu_seconds) as host.stretch:
            yield

    def keep_samples(self) -> str:
        """Have the samples of GPUs so far in the store; why there are none, where that is known."""
        if self._sampler is None:
            return ""
        self._sampler.write()
        return self._sampler.problem

    def _turn(self, engine: str) -> threading.Semaphore:
        with self._lock:
            if engine not in self._turns:
                at_once = 1 if self._given else engine_identity(engine).max_hosts
                self._turns[engine] = threading.Semaphore(at_once)
            return self._turns[engine]

    def _take(self, engine: str) -> EngineHost:
        with self._lock:
            idle = self._idle.setdefault(engine, [])
            if idle:
                return idle.pop()
            self._num_started += 1
            number = self._num_started
        if self._given is not None:
            return _connect_given(self._given, engine)
        log_path = self._log_folder / f"host-{engine}-{number}.log"
        limits = heartbeats.limits_of(os.environ, engine_identity(engine).load_timeout_s)
        return EngineHost(engine, log_path, limits.load + _SPARE_S)

    def _give(self, host: EngineHost) -> None:
        if not host.ping():
            host.close()
            return
        with self._lock:
            self._idle[host.engine].append(host)

    def close(self) -> None:
        """End every idle host of ours; hang up on a given one."""
        if self._sampler is not None:
            self._sampler.close()
        with self._lock:
            hosts = [host for idle in self._idle.values() for host in idle]
            self._idle.clear()
        for host in hosts:
            host.close()


def _reader() -> NvmlReader:
    return NvmlReader(os.environ.get("CUDA_VISIBLE_DEVICES"))


def _connect_given(given: GivenHost, engine: str) -> EngineHost:
    if engine != given.engine:
        raise WrongHostError(
            f'this run needs engine "{engine}", but its worker gave it a host of "{given.engine}"; '
            f'set the job variable "engine" to "{engine}", or leave it empty'
        )
    log_path = given.socket_path.with_suffix(".log")
    host = EngineHost(engine, log_path, given.load_timeout_s, given=given)
    expected = engine_identity(engine)
    told, wanted = _vital(host.identity), _vital(expected)
    if told != wanted:
        host.replace()
        raise WrongHostError(
            f"the engine host is {told}, but this run's code expects {wanted}; it was ended, and "
            "its worker starts it again from the code that it has now"
        )
    return host


def _vital(identity: EngineIdentity) -> str:
    return f"{identity.name} version {identity.version} with weights {identity.weights_id}"
