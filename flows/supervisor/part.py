"""One program of a supervisor's cluster, started again when it crashes."""

import time
from collections.abc import Callable
from dataclasses import dataclass

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

    def __init__(self, name: str, start: Callable[[], Child]) -> None:
        self.name, self._start = name, start
        self.child: Child | None = None
        self._backoff, self._started_at, self._start_at = Backoff(), 0.0, 0.0

    def start(self) -> None:
        """Start it now."""
        self.child, self._started_at = self._start(), time.monotonic()

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
        if code is None:
            return ""
        self.child.end(0.0)  # what a guard left behind, where it was killed
        self.child = None
        self._backoff = self._backoff.after_crash(now - self._started_at)
        self._start_at = now + self._backoff.delay_s
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return f"ended with {how}; it is started again in {self._backoff.delay_s:.0f} s"
