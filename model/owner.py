"""A process that ends with its owner, however the owner ends; and with it all that it started.

The owner keeps the write end of a pipe open as this process's standard input; the kernel closes
it when the owner dies, kill -9 included. Unlike a parent-death signal this is not tied to the
thread that started the process.

``python -m model.owner MODULE ARGUMENT...`` is a guard (Linux): it runs the module as its child and
is the subreaper of everything below it, so that processes in sessions of their own (the ranks of
a distributed engine) stay its descendants when their parents die. When the module ends or the
owner does, the guard kills what is left and ends last, with the module's exit code. It inherits the
descriptors of a GPU lease, which therefore lasts as long as anything that can touch the GPU.
"""

import contextlib
import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_GRACE_S = 2.0


def exit_with_owner(on_exit: Callable[[], None]) -> None:
    """Watch standard input in a thread; when it closes, call ``on_exit`` and end at once."""

    def end() -> None:
        try:
            on_exit()
        finally:
            os._exit(0)

    _when_owner_ends(end)


def _when_owner_ends(act: Callable[[], None]) -> None:
    def watch() -> None:
        while os.read(0, 4096):
            pass
        act()

    threading.Thread(target=watch, name="owner", daemon=True).start()


def run_guarded(arguments: list[str]) -> int:
    """Run ``python -m`` with ``arguments`` until it or the owner ends; leave nothing behind.

    Returns:
        Its exit code, or 128 + the signal that ended it.
    """
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    guard = os.getpid()
    child = os.fork()
    if child == 0:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != guard:  # it died before the signal was asked for
            os._exit(1)
        os.execv(sys.executable, [sys.executable, "-m", *arguments])
    signal.signal(signal.SIGTERM, lambda *_: _kill(child))
    # the child sees the end of the owner too and has its own way of ending
    _when_owner_ends(lambda: threading.Timer(_GRACE_S, _kill, (child,)).start())
    while True:
        ended, status = os.wait()  # adopted orphans are reaped on the way
        if ended == child:
            break
    _end_descendants()
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _end_descendants() -> None:
    """Kill children until there are none: those of a killed process become ours."""
    while True:
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
    sys.exit(run_guarded(sys.argv[1:]))


if __name__ == "__main__":
    main()
