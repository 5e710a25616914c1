"""The command line, forked from a process that has imported it.

A command that renders a small campaign spends most of its time on imports. One process makes them
once for a test session, the way the command itself would; each command is a fork of it: a process
of its own with its own arguments, environment, folder, signals and exit code. Tests of starting up
start Python anew.

    test session ── socket: arguments, environment, three files ──> this module ── fork ──> command
                 <─────────────── pid, and the exit code through one of the files ───────────┘
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any, NoReturn

ROOT = Path(__file__).parents[1]
_COMMAND_LINE = 'import runpy; runpy.run_module("flows.cli", run_name="__main__", alter_sys=True)'
# what `render`, `plan` and `status` import when they need it, Prefect's own late imports included
_IMPORTED = (
    "flows.cli.main",
    "flows.cli.gpus.calibrate",
    "flows.cli.gpus.tables",
    "flows.cli.live_progress",
    "flows.cli.plan",
    "flows.local.campaign",
    "flows.local.dispatcher",
    "flows.review.delivery",
    "flows.stored",
    "flows.sweep",
    "anyio._backends._asyncio",
    "fastapi",
    "ffmpeg",
    "imageio_ffmpeg",
    "model.null",
    "model.speech.hibari",
    "pandas",
    "PIL.BmpImagePlugin",
    "PIL.GifImagePlugin",
    "PIL.Image",
    "PIL.JpegImagePlugin",
    "PIL.PngImagePlugin",
    "PIL.PpmImagePlugin",
    "prefect.flow_engine",
    "prefect.task_engine",
    "prefect.utilities.visualization",
    "scipy.ndimage",
    "scipy.signal",
    "scipy.stats",
)
# read at import: a command that needs another value must start anew
_READ_AT_IMPORT = ("PYTHON", "OMP_", "OPENBLAS_", "MKL_")
_PREFECT = "PREFECT"
_READ_PREFECTS_AGAIN = (
    "from prefect.context import refresh_global_settings_context as again; again()\n"
)
_LENGTH_BYTES = 8


def read_at_import(env: Mapping[str, str], *, prefects: bool = True) -> dict[str, str]:
    names = (*_READ_AT_IMPORT, _PREFECT) if prefects else _READ_AT_IMPORT
    return {name: value for name, value in env.items() if name.startswith(names)}


# --- the test session's side ---------------------------------------------------------------------


class WarmProcess:
    """A command under way: what tests use of ``subprocess.Popen``."""

    def __init__(self, arguments: list[str], pid: int, ended: int) -> None:
        self.args, self.pid, self.returncode = arguments, pid, None
        self._ended = ended

    def poll(self) -> int | None:
        """Its exit code, once it has ended."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """The same; waits for it.

        Raises:
            subprocess.TimeoutExpired: it goes on.
        """
        if self.returncode is None:
            if not select.select([self._ended], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            told = os.read(self._ended, 32)
            os.close(self._ended)
            assert told, "the process that commands are forked from has ended"
            self.returncode = int(told)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill -9."""
        self.send_signal(signal.SIGKILL)


class WarmCommand:
    """Starts commands that have their imports behind them.

    Args:
        env: of the process they are forked from; a command may change what is not read at import.
        root: the code that runs; another one needs a copy of this file.
        faceless: pictures without a face, which are searched once instead of by every command.
        reads_again: Prefect's settings, from the environment of each command: of commands that
            speak to a server that is there, not of those that start one of their own.
    """

    def __init__(
        self,
        env: Mapping[str, str],
        root: Path = ROOT,
        *,
        faceless: Iterable[Path] = (),
        reads_again: bool = False,
    ) -> None:
        self._root, self._reads_again = root, reads_again
        self.at_import = read_at_import(env, prefects=not reads_again)
        self._socket, other = socket.socketpair()
        with other:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "tests.warm_command",
                    str(other.fileno()),
                    *map(str, faceless),
                ],
                cwd=root,
                env=dict(env),
                pass_fds=[other.fileno()],
            )

    def start(
        self,
        arguments: Iterable[object],
        env: Mapping[str, str],
        out: IO[Any],
        err: IO[Any],
        code: str = _COMMAND_LINE,
    ) -> "WarmProcess | subprocess.Popen[bytes]":
        """A command that writes to two files; Python starts anew where ``env`` asks for it.

        Args:
            arguments: of the command line.
            env: of the process.
            out: what it says.
            err: its errors.
            code: what it runs; it may change a limit before it runs the command line.
        """
        words = [str(word) for word in arguments]
        if read_at_import(env, prefects=not self._reads_again) != self.at_import:
            command = [sys.executable, "-c", code, *words]
            return subprocess.Popen(
                command, cwd=self._root, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=err
            )
        code = _READ_PREFECTS_AGAIN + code if self._reads_again else code
        body = json.dumps({"arguments": words, "env": dict(env), "code": code}).encode()
        ended, telling = os.pipe()
        try:
            files = [out.fileno(), err.fileno(), telling]
            socket.send_fds(self._socket, [len(body).to_bytes(_LENGTH_BYTES)], files)
            self._socket.sendall(body)
        finally:
            os.close(telling)
        return WarmProcess(words, int.from_bytes(_received(self._socket, _LENGTH_BYTES)), ended)

    def run(
        self,
        arguments: Iterable[object],
        env: Mapping[str, str],
        timeout_s: float,
        code: str = _COMMAND_LINE,
    ) -> subprocess.CompletedProcess[str]:
        """The same to its end; killed where that takes longer.

        Raises:
            subprocess.TimeoutExpired: it took longer.
        """
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            command = self.start(arguments, env, out, err, code)
            try:
                status = command.wait(timeout_s)
            finally:
                command.kill()
            texts = [file.seek(0) or file.read() for file in (out, err)]
        return subprocess.CompletedProcess(command.args, status, *texts)

    def end(self) -> None:
        """Start no more; what was started goes on."""
        self._socket.close()
        self._process.wait(60)


def _received(connection: socket.socket, num_bytes: int) -> bytes:
    data = b""
    while len(data) < num_bytes:
        part = connection.recv(num_bytes - len(data))
        assert part, "the process that commands are forked from has ended"
        data += part
    return data


# --- the other side ------------------------------------------------------------------------------


def import_all() -> None:
    """Import what commands would, with Prefect's settings as they would set them."""
    from flows.local.server import LocalServer

    assert "PREFECT_API_URL" in os.environ, "there is a server for the whole session"
    gc.disable()  # what is imported stays
    LocalServer(Path(os.devnull))
    for name in _IMPORTED:
        importlib.import_module(name)
    _read_constants()
    # OpenBLAS ends its threads before a fork and starts them again; others would be missing
    assert threading.active_count() == 1, threading.enumerate()
    assert "onnxruntime" not in sys.modules, "it has a thread that no fork would have"
    gc.freeze()
    gc.enable()


def look_for_faces(pictures: Iterable[Path]) -> None:
    """Remember of pictures that they show no face, as a run does for all rows of a portrait.

    A fork of its own searches them: what it searches with starts a thread, which no other fork
    would have.
    """
    from model.preview.face import find_faces
    from tasks.portrait.faces import faces_of
    from tasks.portrait.picture import portrait_sha256, read_portrait

    for picture in pictures:
        pixels = read_portrait(picture)
        searching = os.fork()
        if not searching:
            num_faces = -1
            with contextlib.suppress(Exception):
                num_faces = len(find_faces(pixels))
            os._exit(num_faces)
        _, status = os.waitpid(searching, 0)
        assert status == 0, f"{picture} shows a face, or could not be searched"
        faces_of._seen[portrait_sha256(pixels)] = []


def _read_constants() -> None:
    """What reads scripts aloud and the template of the report, which no argument changes."""
    from model.speech.english import is_english_word
    from tasks.reading.languages import language_flaw
    from tasks.reading.reading import read_aloud
    from tasks.report.report import report_html

    assert is_english_word("lamp")
    assert read_aloud("The IKEA lamp costs $5.", "en")
    assert read_aloud("这盏灯9.9元。", "zh")
    assert not language_flaw("The lamp follows the sun all day.", is_insisted=False)
    assert report_html("", [], {}, [])


def serve(connection: socket.socket) -> str:
    """Fork commands and tell how they end, until the test session has ended.

    Returns:
        In a fork: the code it is to run.
    """
    woken, waking = os.pipe()
    os.set_blocking(waking, False)
    os.set_blocking(woken, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waking)
    telling: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([connection, woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _tell_ended(telling)
        if connection not in ready:
            continue
        head, files, _, _ = socket.recv_fds(connection, _LENGTH_BYTES, 3)
        if not head:
            return ""
        asked = json.loads(_received(connection, int.from_bytes(head)))
        pid = os.fork()
        if not pid:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            # a shell's background job, as these tests may be, ignores Ctrl-C
            signal.signal(signal.SIGINT, signal.default_int_handler)
            _become(asked["arguments"], asked["env"], files)
            for file in (woken, waking, *telling.values()):
                os.close(file)
            return asked["code"]
        for file in files[:2]:
            os.close(file)
        telling[pid] = files[2]
        connection.sendall(pid.to_bytes(_LENGTH_BYTES))


def _tell_ended(telling: dict[int, int]) -> None:
    for pid in list(telling):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            os.write(telling[pid], str(os.waitstatus_to_exitcode(status)).encode())
            os.close(telling.pop(pid))


def _become(arguments: list[str], env: dict[str, str], files: list[int]) -> None:
    sys.argv[1:] = arguments
    os.environ.clear()
    os.environ.update(env)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for file, number in ((nothing, 0), (files[0], 1), (files[1], 2)):
        os.dup2(file, number)
    for file in (nothing, *files):
        os.close(file)


def end_at_once(code: object) -> NoReturn:
    """End as Python does, but for taking every object apart.

    A fork that does copies the memory of the process it was forked from: 50,000 pages, a quarter
    of a second.
    """
    threading._shutdown()
    atexit._run_exitfuncs()
    if code is not None and not isinstance(code, int):
        sys.stderr.write(f"{code}\n")
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code & 0xFF if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    import_all()
    look_for_faces(map(Path, sys.argv[2:]))
    gc.freeze()
    with socket.socket(fileno=int(sys.argv[1])) as session:
        code_asked = serve(session)
    try:
        exec(code_asked, {"__name__": "__main__"})
    except SystemExit as ended:
        end_at_once(ended.code)
