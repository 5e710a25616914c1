"""Tells from signs of life (``model.host.heartbeats``) which process of an engine is lost, and why.

Time in which the watcher itself did not run counts for little: a machine that was suspended, or
is loaded to its limits, makes nobody late.
"""

import contextlib
import os
import select
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from model.host.heartbeats import Heartbeat, Limits, read_heartbeats, variable_of

POLL_S = 0.5
_MOST_STEP_S = 2.0
_STATES = {"T": "stopped", "t": "traced", "D": "waiting in the kernel", "Z": "ended"}


@dataclass
class WatchedProcess:
    """A process's latest record, and for how long it has been so.

    Attributes:
        beat: the record.
        silent_s: since its last pulse.
        phase_s: since its phase began.
        is_gone: whether the process has ended without saying so.
    """

    beat: Heartbeat
    silent_s: float = 0.0
    phase_s: float = 0.0
    is_gone: bool = False

    def see(self, beat: Heartbeat, elapsed_s: float) -> None:
        """The next look at its record."""
        has_pulse = (beat.pulse, beat.number) != (self.beat.pulse, self.beat.number)
        self.silent_s = 0.0 if has_pulse else self.silent_s + elapsed_s
        self.phase_s = 0.0 if beat.number != self.beat.number else self.phase_s + elapsed_s
        self.beat = beat

    @property
    def doing(self) -> str:
        """What it does, for people."""
        return f'{self.beat.name}: "{self.beat.phase}" for {self.phase_s:.0f} s'


def fault_of(watched: WatchedProcess, limits: Limits, state: str = "") -> str:
    """What is wrong with a process, in words; empty: nothing.

    Args:
        watched: the process.
        limits: of the group.
        state: of the process as the system tells it, for people; empty: nothing special.
    """
    beat = watched.beat
    who = f"{beat.name} (process {beat.pid}{f', {state}' if state else ''})"
    if watched.is_gone:
        return f'{who} ended in phase "{beat.phase}", {watched.phase_s:.0f} s after that began'
    if watched.silent_s > limits.heartbeat:
        return (
            f"{who} gave no sign of life for {watched.silent_s:.0f} s, in phase "
            f'"{beat.phase}"; the limit is {limits.heartbeat:g} s ({variable_of("heartbeat")})'
        )
    if beat.limit_s and watched.phase_s > beat.limit_s:
        return (
            f'{who} has hung in phase "{beat.phase}" for {watched.phase_s:.0f} s; '
            f"the limit is {beat.limit_s:g} s ({variable_of(beat.kind)})"
        )
    return ""


KILLED = (
    "a process that ends without a word in its log was killed, by a person or by the kernel when "
    "memory ran out (`dmesg` shows it, or oom_kill in memory.events of its cgroup)"
)


class Watch:
    """The processes of one group.

    Args:
        folder: of their records.
        limits: how long they may say nothing; and to give their first sign, that of loading.
        child: whose end is told to its parent, who watches: not told here.
    """

    def __init__(self, folder: Path, limits: Limits, child: int) -> None:
        self._folder, self._limits, self._child = folder, limits, child
        self._watched: dict[int, WatchedProcess] = {}
        self._handles: dict[int, int] = {}
        self._before = time.monotonic()
        self._unborn_s = 0.0
        self._woken, self._waker = os.pipe()

    @property
    def pids(self) -> list[int]:
        """All that were ever seen."""
        return list(self._watched)

    def wait(self) -> None:
        """Until it is time to look again, one of them ended, or :meth:`wake`."""
        select.select([self._woken, *self._handles.values()], [], [], POLL_S)

    def wake(self) -> None:
        """End a :meth:`wait`, now or later."""
        os.write(self._waker, b"!")

    def look(self) -> str:
        """What is wrong, and what the others do; empty: nothing."""
        now = time.monotonic()
        elapsed, self._before = min(now - self._before, _MOST_STEP_S), now
        beats = {beat.pid: beat for beat in read_heartbeats(self._folder)}
        self._unborn_s = 0.0 if self._watched else self._unborn_s + elapsed
        for pid, beat in beats.items():
            known = self._watched.setdefault(pid, WatchedProcess(beat))
            known.see(beat, elapsed)
            known.is_gone = pid != self._child and self._has_ended(pid)
        self._drop([pid for pid in self._handles if pid not in beats])
        if self._unborn_s > self._limits.load:
            return (
                f"no process of the engine started within {self._limits.load:g} s "
                f"({variable_of('load')})"
            )
        return self._told([self._watched[pid] for pid in beats])

    def doing(self) -> str:
        """What all do that have not said that they end."""
        left = {beat.pid for beat in read_heartbeats(self._folder)}
        told = [each.doing for pid, each in self._watched.items() if pid in left]
        return "; ".join(sorted(told))  # by their names

    def _told(self, group: list[WatchedProcess]) -> str:
        faults = {
            each.beat.pid: fault_of(each, self._limits, state_of(each.beat.pid)) for each in group
        }
        wrong = [fault for fault in faults.values() if fault]
        others = [each.doing for each in group if not faults[each.beat.pid]]
        killed = [KILLED] if any(each.is_gone for each in group) else []
        return "; ".join([*wrong, *others, *killed]) if wrong else ""

    def _has_ended(self, pid: int) -> bool:
        """By a handle, so that it is told at once; only Linux has such handles."""
        if sys.platform != "linux":
            return False
        if pid not in self._handles:
            try:
                self._handles[pid] = os.pidfd_open(pid)
            except ProcessLookupError:
                return True
        readable, _, _ = select.select([self._handles[pid]], [], [], 0)
        return bool(readable)

    def _drop(self, pids: list[int]) -> None:
        for pid in pids:
            os.close(self._handles.pop(pid))


def state_of(pid: int) -> str:
    """What is special about a process as the system sees it (Linux); empty: nothing."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return _STATES.get(fields[0], "")
    return ""
