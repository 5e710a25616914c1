"""A worker of a supervisor's cluster: Prefect's own, which ends in peace when its owner ends.

Run as ``python -m flows.supervisor.worker POOL TYPE NAME`` under a guard (``model.host.guard``).
It asks its runs to end, so that they tell the server that they were stopped, and then ends itself.
What takes longer than the guard's grace is killed by the guard. A run that is killed without a word
is missed by its heartbeats alone, for which Prefect's server may take 15 minutes after a restart.
"""

import contextlib
import gc
import os
import runpy
import signal
import sys
import time
from pathlib import Path

from model.host.guard import children_of, when_owner_ends

_RUNS_END_S = 5.0
_POLL_S = 0.05


def main() -> None:
    """Work until standard input closes."""
    pool, type_, name, *options = sys.argv[1:]
    # a guard ignores Ctrl-C, and its child would too: Prefect's worker ends itself with it
    signal.signal(signal.SIGINT, signal.default_int_handler)
    when_owner_ends(_end)
    where = ["--pool", pool, "--type", type_, "--name", name]
    sys.argv = ["prefect", "worker", "start", *where, *options]
    gc.disable()  # what Prefect imports stays; the worker's setup turns it on again
    runpy.run_module("prefect", run_name="__main__")


def _end() -> None:
    children = children_of(os.getpid()) if sys.platform == "linux" else []
    runs = [pid for pid in children if _is_run(pid)]
    for pid in runs:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _RUNS_END_S
    while any(map(_is_run, runs)) and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    os.kill(os.getpid(), signal.SIGTERM)


def _is_run(pid: int) -> bool:
    """Whether a child is a run of Prefect's; the others are engines, which runs still need."""
    try:
        return b"prefect" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


if __name__ == "__main__":
    main()
