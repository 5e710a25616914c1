"""A process that ends with its owner, however the owner ends; and with it all that it started.

The owner keeps the write end of a pipe open as this process's standard input; the kernel closes
it when the owner dies, kill -9 included. Unlike a parent-death signal this is not tied to the
thread that started the process.

``python -m model.host.guard MODULE ARGUMENT...`` is a guard (Linux): it runs the module as its
child and is the subreaper of everything below it, so that processes in sessions of their own (the
ranks of a distributed engine) stay its descendants when their parents die. When the module ends or
the owner does, the guard kills what is left and ends last, with the module's exit code. It inherits
the descriptors of a GPU lease, which therefore lasts as long as anything that can touch the GPU.

The guard watches the signs of life of all that it started (``model.host.heartbeats``): a process
that is stopped, hangs or is killed ends the whole group, and the guard's words say which one it
was. Elsewhere than on Linux a guard has one process alone, which ends with the owner too.
"""

import contextlib
import ctypes
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from model.errors import NightshootError
from model.host import heartbeats
from model.host.watchdog import KILLED, Watch

REFUSED_EXIT_CODE = 3
"""Of a host whose engine cannot be loaded on this machine: trying again cannot help."""

HUNG_EXIT_CODE = 4
"""Of a guard that ended its group because of a process that was stopped, hung or killed."""

GRACE_VARIABLE = "NIGHTSHOOT_GUARD_GRACE_S"
"""Of a guard: seconds that its child has to end by itself once the owner has ended."""

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_GRACE_S = 2.0


def exit_with_owner(on_exit: Callable[[], None]) -> None:
    """Watch standard input in a thread; when it closes, call ``on_exit`` and end at once."""

    def end() -> None:
        try:
            on_exit()
        finally:
            os._exit(0)

    when_owner_ends(end)


def when_owner_ends(act: Callable[[], None]) -> None:
    """Watch standard input in a thread; call ``act`` when it closes, and go on."""

    def watch() -> None:
        while os.read(0, 4096):
            pass
        act()

    threading.Thread(target=watch, name="owner", daemon=True).start()


def run_guarded(arguments: list[str]) -> int:
    """Run ``python -m`` with ``arguments`` until it or the owner ends; leave nothing behind.

    The environment names the folder for signs of life.

    Returns:
        Its exit code, or 128 + the signal that ended it; :data:`HUNG_EXIT_CODE` where it was ended
        for a process that was lost, :data:`REFUSED_EXIT_CODE` where one of them said so.

    Raises:
        CampaignError: a time limit is no positive number of seconds.
    """
    folder = Path(os.environ[heartbeats.HEARTBEATS_VARIABLE])
    limits = heartbeats.limits_of(os.environ)
    heartbeats.clear(folder)
    os.environ[heartbeats.GUARD_VARIABLE] = str(os.getpid())
    grace_s = float(os.environ.pop(GRACE_VARIABLE, _GRACE_S))  # ours alone, not of guards below
    child = _start(arguments)
    signal.signal(signal.SIGTERM, lambda *_: _kill(child))
    keeper = _Keeper(Watch(folder, limits, child), folder, child)
    # the child sees the end of the owner too and has its own way of ending
    when_owner_ends(lambda: keeper.give_up(grace_s))
    while True:
        ended, status = os.wait()  # adopted orphans are reaped on the way
        if ended == child:
            break
    code = os.waitstatus_to_exitcode(status)
    keeper.end(code)
    _end_descendants()
    if heartbeats.refusal(folder):
        return REFUSED_EXIT_CODE
    if keeper.words:
        return HUNG_EXIT_CODE
    return code if code >= 0 else 128 - code


def _start(arguments: list[str]) -> int:
    """The module as a child that ends with this process (Linux)."""
    guard, is_linux = os.getpid(), sys.platform == "linux"
    if is_linux:
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    child = os.fork()
    if child == 0:
        if is_linux:
            _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != guard:  # it died before the signal was asked for
            os._exit(1)
        os.execv(sys.executable, [sys.executable, "-m", *arguments])
    return child


class _Keeper:
    """Watches a group in a thread and ends it when one of its processes is lost.

    Attributes:
        words: why it was ended; empty: it was not.
    """

    def __init__(self, watch: Watch, folder: Path, child: int) -> None:
        self._watch, self._folder, self._child = watch, folder, child
        self._is_over = threading.Event()
        self.words = ""
        self._thread = threading.Thread(target=self._keep, name="watch", daemon=True)
        self._thread.start()

    def _keep(self) -> None:
        while not self._is_over.is_set():
            self._watch.wait()
            words = self._watch.look()
            if words and not self._is_over.is_set():
                self.words = words
                self._leave(words)
                _kill(self._child)
                return

    def give_up(self, grace_s: float) -> None:
        """The owner has ended: nobody is missed any more, and what lingers is killed."""
        self._is_over.set()
        threading.Timer(grace_s, _kill, (self._child,)).start()

    def end(self, code: int) -> None:
        """The child has ended; where it should not have, say what was going on."""
        was_over = self._is_over.is_set()
        self._is_over.set()
        self._watch.wake()
        self._thread.join()
        self._watch.look()  # at what came up since the last time
        if code and not was_over and not self.words and (doing := self._watch.doing()):
            told = f"signal {-code}" if code < 0 else f"exit code {code}"
            killed = f"; {KILLED}" if code == -signal.SIGKILL else ""
            self._leave(f"process {self._child} ended with {told}; {doing}{killed}")

    def _leave(self, words: str) -> None:
        heartbeats.leave_words(self._folder, words, self._watch.pids)
        # the log of the group; everything in it has a time
        now = time.strftime("%Y-%m-%d %H:%M:%S")
        os.write(2, f"{now} nightshoot.guard ending the engine: {words}\n".encode())


def _end_descendants() -> None:
    """Kill children until there are none: those of a killed process become ours (Linux)."""
    while sys.platform == "linux":
        for pid in children_of(os.getpid()):
            _kill(pid)
        try:
            os.wait()
        except ChildProcessError:
            return


def children_of(parent: int) -> list[int]:
    """Process ids of the children of ``parent``, in whichever session (Linux)."""
    found: list[int] = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            # a process may end while we look
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                if int(fields[1]) == parent:
                    found.append(int(folder.name))
    return found


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}, {value}) failed")


def main() -> None:
    """Guard the module named on the command line."""
    # what ends a whole group or terminal is decided by the owner
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    told = os.environ.get(heartbeats.HEARTBEATS_VARIABLE)
    place = contextlib.nullcontext(told) if told else tempfile.TemporaryDirectory("-nightshoot")
    with place as os.environ[heartbeats.HEARTBEATS_VARIABLE]:
        try:
            code = run_guarded(sys.argv[1:])
        except NightshootError as error:
            os.write(2, f"{error}\n".encode())
            code = REFUSED_EXIT_CODE
    sys.exit(code)


if __name__ == "__main__":
    main()
