"""How a process ends at once, with every program that it started.

Nothing that is finished can be lost by it: a file has its name only when it is whole. Engine hosts
and Prefect's server end by themselves when their owner does.
"""

import os
import threading
from typing import NoReturn

from tasks.processes.programs import kill_programs

EXIT_INTERRUPTED = 130
STOP_WITHIN_S = 7.0
"""After a first Ctrl-C a run on a person's machine is gone within this time."""
_SHOW_CURSOR = "\x1b[?25h"  # a live view hides it


class LastResort:
    """Ends this process where a stop takes too long, or where it is asked for twice."""

    def __init__(self, within_s: float) -> None:
        self._within_s = within_s
        self._over = threading.Event()

    def begin(self) -> None:
        """Somebody has asked to stop: from now on the time runs."""
        threading.Thread(target=self._watch, name="last-resort", daemon=True).start()

    def is_over(self) -> None:
        """The stop has succeeded."""
        self._over.set()

    def _watch(self) -> None:
        if not self._over.wait(self._within_s):
            leave(f"Stopped: what was under way did not end within {self._within_s:g} s.")


def leave(how: str) -> NoReturn:
    """End this process and every program that it started, now; exit code 130."""
    kill_programs()
    shown = _SHOW_CURSOR if os.isatty(1) or os.isatty(2) else ""
    text = f"{shown}{how} Finished segments are kept; run the same command to continue.\n"
    os.write(2, text.encode())  # a signal may have come in the middle of a print
    os._exit(EXIT_INTERRUPTED)
