"""Starts the Python processes that serve us: engine hosts, the laptop's own Prefect server.

A child reads nothing from its standard input and ends when it closes (``model.host.guard``), so
none outlives its owner, however the owner ends.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from model import child_environment
from model.host.guard import GRACE_VARIABLE, REFUSED_EXIT_CODE
from model.host.server import LOG_VARIABLE, heartbeats

_TAIL_CHARS = 2000
_POLL_S = 0.02
_MARK_VARIABLE = "NIGHTSHOOT_HOST_MARK"


class Child:
    """A running ``python -m module``, whose output goes to a log file."""

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        log_path: Path,
        env: Mapping[str, str] | None = None,
        descriptors: Sequence[int] = (),
    ) -> None:
        """Start it; ``descriptors`` are inherited.

        ``env`` is all of its environment; None: ours without secrets, as an engine has it.
        """
        log_path.parent.mkdir(parents=True, exist_ok=True)
        self.log_path = log_path
        self._log_start = log_path.stat().st_size if log_path.exists() else 0
        with log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=child_environment.engine(os.environ) if env is None else env,
                start_new_session=True,
                pass_fds=descriptors,
            )

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def log_tail(self) -> str:
        """The end of what this child wrote."""
        with self.log_path.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")[-_TAIL_CHARS:].strip()

    def wait(self, timeout_s: float) -> None:
        """For its end, but not longer."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout_s)

    def ask_to_end(self) -> None:
        """Close its standard input, and do not wait; may be called more than once."""
        if self._process.stdin:
            self._process.stdin.close()

    def end(self, timeout_s: float = 5.0) -> None:
        """Ask it to end, wait, and kill it if it lingers."""
        self.ask_to_end()
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Guarded(Child):
    """A module under a guard (``model.host.guard``), which watches all that it starts.

    A group of which one process is stopped, hangs or is killed is ended by the guard, whose words
    lie with the signs of life. A guard that is killed leaves nothing behind either: what it
    started carries a mark.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        log_path: Path,
        heartbeats_folder: Path,
        env: Mapping[str, str] | None = None,
        descriptors: Sequence[int] = (),
        grace_s: float | None = None,
    ) -> None:
        """Start it; ``arguments`` begin with the module's name.

        Once it is asked to end, the module has ``grace_s`` seconds before it is killed; None: what
        the guard itself gives.
        """
        self.heartbeats_folder = heartbeats_folder
        self._mark = f"{_MARK_VARIABLE}={uuid.uuid4().hex}"
        name, _, value = self._mark.partition("=")
        env = {
            **(child_environment.engine(os.environ) if env is None else env),
            name: value,
            heartbeats.HEARTBEATS_VARIABLE: str(heartbeats_folder),
            LOG_VARIABLE: str(log_path.absolute()),
        }
        if grace_s is not None:
            env[GRACE_VARIABLE] = str(grace_s)
        super().__init__("model.host.guard", arguments, log_path, env, descriptors)

    @property
    def refusal(self) -> str:
        """Why it has ended and cannot be started here; empty where it may be."""
        if self.exit_code != REFUSED_EXIT_CODE:
            return ""
        return heartbeats.refusal(self.heartbeats_folder) or self.log_tail()

    def end(self, timeout_s: float = 5.0) -> None:
        """See :class:`Child`; the guard itself takes its time of grace for what lingers."""
        super().end(timeout_s)
        if self.exit_code is None or self.exit_code < 0:
            end_marked(self._mark)


def end_marked(mark: str) -> None:
    """Kill every process that has ``mark`` (``NAME=value``) in its environment; wait for its end.

    For what a killed guard (``model.host.guard``) left behind. Our own user's processes only;
    elsewhere than on Linux nothing can have been left.
    """
    if sys.platform != "linux":
        return
    wanted = mark.encode()
    while marked := [pid for pid in _pids() if wanted in _environment(pid)]:
        for pid in marked:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_POLL_S)


def _pids() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdecimal()]


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return []  # it has ended, or is another user's
