"""Engine hosts that stay warm between runs, owned by a worker, each holding the lease of its GPUs.

A host is of a kind: engine, number of GPUs, environment. A run is lent one of its kind; given
back, the host stays for the next run of that kind until it has been idle for long, its GPUs are
wanted by whoever is next in line, here or in another worker of this machine, or its worker ends.
One that dies while it is lent comes back on the same socket with the same GPUs.

Each host runs under a guard (``model.host.guard``) that holds the lease too, ends the host when one
of its processes hangs, and leaves none behind, in sessions of their own or not, however the worker
ends. Linux.
"""

import logging
import os
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from model import child_environment
from model.errors import MachineError
from model.host.server import BUS_ORDER, ORDER_VARIABLE
from tasks.engines.gpu_lease import Ask, Lease, Slots, wait_in_line
from tasks.engines.host_process import (
    ENGINE_VARIABLE,
    SOCKET_VARIABLE,
    failure_note_path,
    heartbeats_folder,
)
from tasks.errors import counted
from tasks.processes.child_processes import Guarded

DEVICES_VARIABLE = "CUDA_VISIBLE_DEVICES"
IDLE_TTL_S = 900.0

_log = logging.getLogger("nightshoot.warm")
_KEEPER_POLL_S = 0.2
_MAX_FAILED_LOADS = 3
_FIRST_DELAY_S = 0.5
_MAX_COOL_OFF_S = 3600.0


@dataclass(frozen=True)
class HostKind:
    """What makes two hosts interchangeable.

    Attributes:
        engine: its name.
        num_slots: whole GPUs; 0 for an engine of the CPU.
        env: variables added to the worker's, sorted.
    """

    engine: str
    num_slots: int
    env: tuple[tuple[str, str], ...] = ()


def _gpu_env(slots: Sequence[str]) -> dict[str, str]:
    """The GPUs of a lease, and the order in which they are numbered, whatever the user set."""
    return {DEVICES_VARIABLE: ",".join(slots), ORDER_VARIABLE: BUS_ORDER}


class WarmHost:
    """One host process, its socket, and the lease it holds."""

    def __init__(
        self, kind: HostKind, lease: Lease, log_path: Path, on_start: Callable[[], None]
    ) -> None:
        self.kind, self._lease, self._log_path = kind, lease, log_path
        self._on_start = on_start
        self._folder = Path(tempfile.mkdtemp(prefix="nightshoot-"))
        self.socket_path = self._folder / "host.sock"
        self.is_lent = True
        self.last_used = time.monotonic()
        self._num_failed_loads, self._start_after = 0, 0.0
        try:
            self._child = self._start()
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            lease.release()
            raise

    @property
    def slots(self) -> tuple[str, ...]:
        """Names of its GPUs."""
        return self._lease.slots

    @property
    def pid(self) -> int:
        """Process id of its guard."""
        return self._child.pid

    @property
    def is_alive(self) -> bool:
        """Whether its guard runs, and so does the host or will not for long."""
        return self._child.exit_code is None

    @property
    def has_given_up(self) -> bool:
        """Whether it failed to load so often that it is not started again."""
        return failure_note_path(self.socket_path).exists()

    @property
    def environ(self) -> dict[str, str]:
        """What tells a run of this host and its GPUs."""
        return {
            SOCKET_VARIABLE: str(self.socket_path),
            ENGINE_VARIABLE: self.kind.engine,
            **_gpu_env(self.slots),
        }

    def _start(self) -> Guarded:
        self._on_start()
        self._folder.mkdir(exist_ok=True)
        for path in (self.socket_path, self.socket_path.with_suffix(".unready")):
            path.unlink(missing_ok=True)
        env = child_environment.engine(os.environ) | dict(self.kind.env) | _gpu_env(self.slots)
        return Guarded(
            ["model.host", self.kind.engine, "--socket", str(self.socket_path)],
            self._log_path,
            heartbeats_folder(self.socket_path),
            env,
            self._lease.descriptors,
        )

    def revive(self) -> None:
        """Start it again on the same socket if it died; later and later if it does not load."""
        if self.is_alive or self.has_given_up or time.monotonic() < self._start_after:
            return
        self._child.end()
        self._num_failed_loads = 0 if self.socket_path.exists() else self._num_failed_loads + 1
        if self._num_failed_loads >= _MAX_FAILED_LOADS:
            note = failure_note_path(self.socket_path)
            why = self._child.refusal or self._child.log_tail()
            note.with_suffix(".part").write_text(
                f'engine host "{self.kind.engine}" failed to load {self._num_failed_loads} times: '
                f"{why}; its log is {self._log_path}"
            )
            note.with_suffix(".part").rename(note)
            return
        self._start_after = time.monotonic() + _FIRST_DELAY_S * 2**self._num_failed_loads
        self._child = self._start()

    def end(self) -> None:
        """End it and all it started, then free its GPUs."""
        self._child.end()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._lease.release()


class WarmHosts:
    """The hosts of one worker.

    Attributes:
        num_starts: engine -> how often a host was started, or started again after it died.

    Raises:
        MachineError: this is not Linux.
    """

    def __init__(self, slots: Slots, log_folder: Path, idle_ttl_s: float = IDLE_TTL_S) -> None:
        if sys.platform != "linux":
            raise MachineError(
                f"warm engine hosts need Linux, but this is {sys.platform}, where a worker cannot "
                "find and end every process of an engine; use `nightshoot render` instead"
            )
        self.slots, self._log_folder, self._idle_ttl_s = slots, log_folder, idle_ttl_s
        self._hosts: list[WarmHost] = []
        self._num_started, self.num_starts = 0, Counter[str]()
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="warm-hosts", daemon=True)
        self._keeper.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, kind: HostKind) -> "HostAsk":
        """Take a place in the machine's line for a host of this kind; leave it by closing.

        Raises:
            LeaseError: the machine has not as many GPUs.
        """
        return HostAsk(self, kind, self.slots.ask(kind.num_slots) if kind.num_slots else None)

    def take(
        self,
        kind: HostKind,
        timeout_s: float | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> WarmHost:
        """Wait for a host of this kind; it may still be loading.

        Raises:
            MachineError: the GPUs do not exist or were not free in time.
            StoppedError: asked to stop.
        """
        with self.ask(kind) as ask:
            return wait_in_line(
                ask.try_take,
                f"{kind.num_slots} GPUs",
                should_stop=should_stop,
                timeout_s=timeout_s,
                late=lambda waited: MachineError(
                    f"{counted(kind.num_slots, 'GPU')} for {kind.engine} did not become free "
                    f"within {waited}"
                ),
            )

    def reuse(self, kind: HostKind) -> WarmHost | None:
        """An idle host of this kind, lent from now on."""
        with self._lock:
            for host in sorted(self._hosts, key=lambda host: -host.last_used):
                if host.kind == kind and not host.is_lent and host.is_alive:
                    host.is_lent = True
                    return host
        return None

    def start(self, kind: HostKind, lease: Lease) -> WarmHost:
        """A new host, lent from now on; the lease is its own."""
        with self._lock:
            self._num_started += 1
            log_path = self._log_folder / f"host-{kind.engine}-{self._num_started}.log"
            host = WarmHost(kind, lease, log_path, lambda: self.num_starts.update([kind.engine]))
            self._hosts.append(host)
            return host

    def give_back(self, host: WarmHost) -> None:
        """Keep it warm for the next run of its kind."""
        if host.has_given_up:
            self.end(host)
            return
        with self._lock:
            host.is_lent = False
            host.last_used = time.monotonic()

    def end(self, host: WarmHost) -> None:
        """End a host, lent or not."""
        with self._lock:
            if host not in self._hosts:
                return
            self._hosts.remove(host)
        host.end()

    def end_idle(self) -> None:
        """End all that are not lent."""
        while self.end_longest_idle(least_slots=0):
            pass

    def end_longest_idle(self, least_slots: int = 1) -> bool:
        """End the idle host that was used longest ago, if there is one with so many GPUs."""
        with self._lock:
            idle = [
                host
                for host in self._hosts
                if not host.is_lent and host.kind.num_slots >= least_slots
            ]
            if not idle:
                return False
            oldest = min(idle, key=lambda host: host.last_used)
            self._hosts.remove(oldest)
        oldest.end()
        return True

    def close(self) -> None:
        """End every host."""
        self._is_over.set()
        self._keeper.join()
        with self._lock:
            hosts, self._hosts = self._hosts, []
        for host in hosts:
            host.end()

    def _keep(self) -> None:
        while not self._is_over.wait(_KEEPER_POLL_S):
            with self._lock:
                for host in self._hosts:
                    if host.is_lent:
                        _revive(host)
                done = [host for host in self._hosts if self._is_done(host)]
                self._hosts = [host for host in self._hosts if host not in done]
            for host in done:
                host.end()
            if self.slots.is_somebody_waiting():
                self.end_longest_idle()

    def _is_done(self, host: WarmHost) -> bool:
        idle_s = time.monotonic() - host.last_used
        return not host.is_lent and (not host.is_alive or idle_s > self._idle_ttl_s)


def _revive(host: WarmHost) -> None:
    try:
        host.revive()
    except OSError:
        # no memory, no process ids left: told, and tried again at the keeper's next look
        _log.exception('engine host "%s" could not be started again', host.kind.engine)


class HostAsk:
    """A place in the line for a host of a kind."""

    def __init__(self, hosts: WarmHosts, kind: HostKind, ask: Ask | None) -> None:
        self._hosts, self._kind, self._ask = hosts, kind, ask

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def try_take(self) -> WarmHost | None:
        """A host once it is our turn: an idle one, else a new one, else an idle one gives way."""
        if self._ask is None:
            return self._hosts.reuse(self._kind) or self._hosts.start(self._kind, Lease((), ()))
        if not self._ask.is_next():
            return None
        if host := self._hosts.reuse(self._kind):
            return host
        if lease := self._ask.try_lease():
            return self._hosts.start(self._kind, lease)
        self._hosts.end_longest_idle()
        return None

    def close(self) -> None:
        """Leave the line."""
        if self._ask is not None:
            self._ask.close()


def host_env(env: Mapping[str, str | None]) -> tuple[tuple[str, str], ...]:
    """The variables of a pool or deployment that reach an engine, as part of its host's kind.

    Those that we set for each run, and Prefect's own, tell nothing about an engine.
    """
    gpus = (DEVICES_VARIABLE, ORDER_VARIABLE)
    ours = {SOCKET_VARIABLE, ENGINE_VARIABLE, *gpus, "NIGHTSHOOT_VERDICT"}
    return tuple(
        sorted(
            (name, value)
            for name, value in env.items()
            if value is not None and name not in ours and not name.startswith("PREFECT_")
        )
    )


@dataclass(frozen=True)
class CoolOff:
    """How long no run is taken; doubled from one machine fault to the next, up to an hour."""

    num_in_row: int = 0
    until: float = 0.0

    def after_machine_fault(self, now: float, base_s: float) -> "CoolOff":
        """From now on; faults of runs that were already going are the same incident."""
        if now < self.until:
            return self
        return CoolOff(self.num_in_row + 1, now + min(base_s * 2**self.num_in_row, _MAX_COOL_OFF_S))


def num_runs_to_fetch(num_free: int, num_submitting: int, last_gpus: int) -> int:
    """Runs to take from the pool now, of which most need as many GPUs as the last.

    A run that waits here cannot run elsewhere, and is stuck if this worker is killed: so none is
    fetched without free GPUs, and one at most that may have to wait.
    """
    if num_free == 0:
        return 0
    fitting = num_free // last_gpus
    return max(fitting - num_submitting, 0 if num_submitting else 1)
