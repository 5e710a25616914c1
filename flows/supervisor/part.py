"""One program of a supervisor's cluster, started again when it crashes or hangs."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from flows.supervisor.health import Signs
from tasks.processes.child_processes import Child

_FIRST_DELAY_S, _LONGEST_DELAY_S = 1.0, 30.0
_STEADY_S = 60.0


@dataclass(frozen=True)
class Backoff:
    """How long to wait before a program that has crashed is started again."""

    num_crashes: int = 0

    @property
    def delay_s(self) -> float:
        """1 s, then twice as long each time, up to 30 s."""
        return min(_LONGEST_DELAY_S, _FIRST_DELAY_S * 2 ** max(0, self.num_crashes - 1))

    def after_crash(self, ran_s: float) -> "Backoff":
        """One crash more; who ran for a minute begins at 1 s again."""
        return Backoff(1 if ran_s >= _STEADY_S else self.num_crashes + 1)


class Part:
    """A program that ought to run.

    Attributes:
        name: for people.
        child: its process; None before it is started, and while a restart is waited for.
    """

    def __init__(self, name: str, start: Callable[[], Child], signs: Signs) -> None:
        self.name, self._start, self._signs = name, start, signs
        self.child: Child | None = None
        self._backoff, self._started_at, self._start_at = Backoff(), 0.0, 0.0

    def start(self) -> None:
        """Start it now."""
        self.child, self._started_at = self._start(), time.monotonic()
        self._signs.begin(self._started_at)

    def look(self) -> str:
        """Start it again when it is time.

        Returns:
            What happened, for people; empty: nothing.
        """
        now = time.monotonic()
        if self.child is None:
            if now < self._start_at:
                return ""
            self.start()
            return "started again"
        code = self.child.exit_code
        silent_s = self._signs.silent_s(now) if code is None else 0.0
        if code is None and not silent_s:
            return ""
        self.child.end(0.0)  # what hangs, or what a guard left behind where it was killed
        self.child = None
        self._backoff = self._backoff.after_crash(now - self._started_at)
        self._start_at = now + self._backoff.delay_s
        return f"{_how(code, silent_s)}; it is started again in {self._backoff.delay_s:.0f} s"


def _how(code: int | None, silent_s: float) -> str:
    """How a part came to its end, for people; without a code it hung."""
    if code is None:
        return f"gave no sign of life for {silent_s:.0f} s and was killed"
    return f"ended with signal {-code}" if code < 0 else f"ended with exit code {code}"
