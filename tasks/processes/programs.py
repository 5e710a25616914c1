"""The only place that starts a program that is not ours: runs it, listens to it, ends it.

Every program runs in a session of its own, so that it can be ended together with its children,
and, where Linux's ``setpriv`` is at hand, is killed by the kernel when the thread that started
it ends: a killed run leaves no encoder behind.

Nothing here waits for ever. A program has a time limit, which its caller derives from the work,
and every wait looks at the request to stop.
"""

import os
import selectors
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from model import child_environment
from tasks.errors import ProgramError, ProgramHungError
from tasks.processes.stop_request import POLL_S, check_stop

CHUNK_BYTES = 1 << 16
STDERR_BYTES = 1 << 18
_KILL_TIMEOUT_S = 10
_MAX_STDOUT_BYTES = 1 << 31


@dataclass(frozen=True)
class ProgramResult:
    """What a program that ended well wrote."""

    stdout: bytes
    stderr: str


def run_program(
    command: Sequence[str],
    *,
    timeout_s: float,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    max_stdout_bytes: int = _MAX_STDOUT_BYTES,
) -> ProgramResult:
    """Run a program to its end; on a timeout it is killed with all its children.

    Of stderr the last 256 KiB are kept. ``env`` is all of its environment; None: what a program
    that reads files needs.

    Raises:
        ProgramError: it is not there, it ended with a code other than 0, or it said too much.
        ProgramHungError: it did not end within ``timeout_s``.
        StoppedError: the user asked to stop.
    """
    process = start_program(
        command,
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=env,
        cwd=cwd,
    )
    talk = _Talk(process, stdin or b"", max_stdout_bytes)
    with process:
        try:
            returncode = talk.to_the_end(time.monotonic() + timeout_s)
        except TimeoutError as error:
            said = f"{talk.words}\nkilled, because it did not end within {timeout_s:g} s".lstrip()
            raise ProgramHungError(command, None, said) from error
        except OverflowError as error:
            raise ProgramError(command, None, f"{error}: killed") from error
        finally:
            kill_group(process)
    if returncode != 0:
        raise ProgramError(command, returncode, talk.words)
    return ProgramResult(bytes(talk.stdout), talk.words)


class _Talk:
    """What goes into a program and comes out of it, without ever waiting long on one pipe."""

    def __init__(
        self, process: subprocess.Popen[bytes], stdin: bytes, max_stdout_bytes: int
    ) -> None:
        self._process, self._rest, self._max_bytes = process, memoryview(stdin), max_stdout_bytes
        self.stdout, self._stderr = bytearray(), bytearray()

    @property
    def words(self) -> str:
        """What it said on stderr, the end of it."""
        return self._stderr.decode("utf-8", "replace")

    def to_the_end(self, deadline: float) -> int:
        """Until the pipes are closed and the program has ended; its exit code.

        Raises:
            TimeoutError: it had not by ``deadline``.
            OverflowError: it writes more to stdout than is taken.
            StoppedError: the user asked to stop.
        """
        process = self._process
        assert process.stdout is not None
        assert process.stderr is not None
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ, self.stdout)
            selector.register(process.stderr, selectors.EVENT_READ, self._stderr)
            if process.stdin is not None:
                os.set_blocking(process.stdin.fileno(), False)
                selector.register(process.stdin, selectors.EVENT_WRITE)
            while selector.get_map():
                check_deadline(deadline)
                for key, _ in selector.select(POLL_S):
                    if not (self._take(key) if key.data is not None else self._feed(key.fd)):
                        selector.unregister(key.fileobj)
                        if key.data is None:
                            process.stdin.close()  # pyright: ignore[reportOptionalMemberAccess]
        return wait_for_end(process, deadline)

    def _take(self, key: selectors.SelectorKey) -> bool:
        chunk = os.read(key.fd, CHUNK_BYTES)
        key.data.extend(chunk)
        del self._stderr[:-STDERR_BYTES]
        if len(self.stdout) > self._max_bytes:
            raise OverflowError(f"it wrote more than {self._max_bytes} bytes to standard output")
        return bool(chunk)

    def _feed(self, descriptor: int) -> bool:
        with suppress(BlockingIOError):
            try:
                self._rest = self._rest[os.write(descriptor, self._rest[:CHUNK_BYTES]) :]
            except BrokenPipeError:
                return False  # its exit code tells why
        return bool(self._rest)


def check_deadline(deadline: float) -> None:
    """Look up from a wait that has lasted until now.

    Raises:
        TimeoutError: ``deadline``, by the monotonic clock, is past.
        StoppedError: the user asked to stop.
    """
    check_stop()
    if time.monotonic() > deadline:
        raise TimeoutError


def wait_for_end(process: subprocess.Popen[bytes], deadline: float) -> int:
    """For a program's end; its exit code.

    Raises:
        TimeoutError: it had not ended by ``deadline``.
        StoppedError: the user asked to stop.
    """
    while True:
        with suppress(subprocess.TimeoutExpired):
            return process.wait(POLL_S)
        check_deadline(deadline)


def start_program(
    command: Sequence[str],
    *,
    stdin: int,
    stdout: int,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program that dies with us, in a session of its own, stderr in a pipe.

    ``env`` as for :func:`run_program`.

    Raises:
        ProgramError: it is not there, or cannot be started.
    """
    env = child_environment.file_program(os.environ) if env is None else env
    if not shutil.which(command[0], path=env.get("PATH")):
        raise ProgramError(command, None, f'"{command[0]}" is not a program on this machine')
    whole = [*_deathbound(), *command]
    try:
        with _starting:
            process = subprocess.Popen(
                whole,
                stdin=stdin,
                stdout=stdout,
                stderr=subprocess.PIPE,
                env=env,
                cwd=cwd,
                start_new_session=True,
            )
            _running.add(process.pid)
    except OSError as error:
        raise ProgramError(command, None, str(error)) from error
    return process


_running: set[int] = set()  # programs that were started and not yet ended
_starting = threading.RLock()  # a signal may come while its own thread starts one
_START_S = 1.0


def kill_programs() -> None:
    """End every program of this process with its children; for a process that ends at once.

    One that another thread is starting is waited for, and no thread starts another afterwards.
    """
    _starting.acquire(timeout=_START_S)
    for pid in tuple(_running):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


@cache
def _deathbound() -> tuple[str, ...]:
    """What makes the kernel kill a program with its parent; empty where no such tool is.

    ``setpriv`` and not ``preexec_fn``: running Python between fork and exec is unsafe beside
    threads, and a fork of a process with loaded models copies large page tables.
    """
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "KILL", "--") if setpriv else ()


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End the program and whatever it started in its session; harmless when all have ended."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_KILL_TIMEOUT_S)
    _running.discard(process.pid)
