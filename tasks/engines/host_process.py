"""The process of an engine host: started here under a guard, or given to this run by its worker."""

import contextlib
import os
import signal
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from model.errors import MachineError, ResourceError
from model.host import heartbeats
from tasks.processes.child_processes import Guarded

SOCKET_VARIABLE = "NIGHTSHOOT_ENGINE_SOCKET"
ENGINE_VARIABLE = "NIGHTSHOOT_ENGINE"
_POLL_S = 0.02
_WORDS_S = 2.0  # within which a guard says why it ends a host


class EngineLostError(MachineError):
    """The engine host died, hung or spoke nonsense; the segment can be rendered again."""


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
