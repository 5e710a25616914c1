"""What SIGTERM means to a worker: no more runs, time for those it has, then the end.

NIGHTSHOOT_DRAIN_S is that time in seconds, somewhat less than whoever sends the signal waits before
it kills (``terminationGracePeriodSeconds`` on Kubernetes, ``TimeoutStopSec`` of systemd). Without
it a worker ends at once, and its runs with it; campaigns then schedule these again.
"""

import os
import signal
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from model.errors import MachineError

DRAIN_VARIABLE = "NIGHTSHOOT_DRAIN_S"
# Prefect ends a worker by Ctrl-C, which a script's background jobs ignore (`worker start &`); seen
# here, before Prefect puts handlers of its own in its place
_IGNORES_CTRL_C = signal.getsignal(signal.SIGINT) is signal.SIG_IGN


class Drain:
    """Counts runs, and says when the worker may end.

    Raises:
        MachineError: the time is no number of seconds.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        text = environ.get(DRAIN_VARIABLE, "0")
        try:
            self.grace_s = float(text)
        except ValueError as error:
            raise MachineError(
                f'{DRAIN_VARIABLE} is "{text}"; it must be a number of seconds, such as 1500'
            ) from error
        self._began_at: float | None = None
        self._num_runs = 0
        self._has_ended = False

    def install(self) -> None:
        """Take SIGTERM, where there is a time to drain; only the main thread can.

        Where Ctrl-C is ignored it is taken too: what Prefect makes of it would be lost.
        """
        if (
            self.grace_s > 0 or _IGNORES_CTRL_C
        ) and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._begin)

    def _begin(self, *_: object) -> None:
        if self._began_at is None:
            self._began_at = time.monotonic()

    @property
    def is_on(self) -> bool:
        """Whether no more runs are to be taken."""
        return self._began_at is not None

    @property
    def num_runs(self) -> int:
        """Runs that the worker has."""
        return self._num_runs

    @contextmanager
    def one_run(self) -> Generator[None]:
        """While a run is at work."""
        self._num_runs += 1
        try:
            yield
        finally:
            self._num_runs -= 1

    def end_if_due(self) -> None:
        """Interrupt the worker once, when it has no runs or no more time: as Ctrl-C does."""
        if self._began_at is None or self._has_ended:
            return
        if self._num_runs == 0 or time.monotonic() - self._began_at > self.grace_s:
            self._has_ended = True
            if _IGNORES_CTRL_C:
                signal.signal(signal.SIGINT, signal.default_int_handler)
            os.kill(os.getpid(), signal.SIGINT)
