"""Warm engine hosts, one for each thread that renders, or the one that a worker gave this run."""

import contextlib
import os
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Self

from model.engine import EngineIdentity, engine_identity
from model.errors import MachineError
from model.host import heartbeats
from tasks.engines.engine_host import SPARE_S, EngineHost
from tasks.engines.gpu_samples import NvmlReader, Sampler
from tasks.engines.host_process import EngineLostError, GivenHost


class WrongHostError(MachineError):
    """The given engine host is not the one that this run needs."""


class EnginePool:
    """Warm hosts, each lent to one video at a time; a lost one is replaced at the next loan.

    With a given host there is no other: one segment at a time, who comes second waits. So it is
    with an engine of which a machine can hold one alone, or a few.

    Args:
        log_folder: of the hosts that are started.
        given: a worker's host.
        keep: writes the samples of GPUs under their names into the campaign's store; None: the
            GPUs are not looked at.

    Raises:
        CampaignError: the environment sets a time limit that is no positive number of seconds.
    """

    def __init__(
        self,
        log_folder: Path,
        given: GivenHost | None = None,
        keep: Callable[[str, bytes], object] | None = None,
    ) -> None:
        self._log_folder, self._given = log_folder, given
        self._sampler = Sampler(keep, _reader) if keep else None
        heartbeats.limits_of(os.environ)  # told now, not by the first host
        self._idle: dict[str, list[EngineHost]] = {}
        self._lock = threading.Lock()
        self._turns: dict[str, threading.Semaphore] = {}
        self._num_started = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def lend(self, engine: str) -> Generator[EngineHost]:
        """A host for the time of a segment; started if none is idle.

        Raises:
            EngineLostError: it could not be started, or was lost meanwhile.
            WrongHostError: the given host is of another engine, version or weights.
        """
        with self._turn(engine):
            host = self._take(engine)
            try:
                with self._sampled(host):
                    yield host
            except EngineLostError:
                host.close()
                raise
            except BaseException:
                # the encoder or the user stopped in the middle: the host may still be sending
                host.cancel()
                self._give(host)
                raise
            else:
                self._give(host)

    @contextlib.contextmanager
    def _sampled(self, host: EngineHost) -> Generator[None]:
        if self._sampler is None:
            yield
            return
        with self._sampler.sampling(host.cpu_seconds) as host.stretch:
            yield

    def keep_samples(self) -> str:
        """Have the samples of GPUs so far in the store; why there are none, where that is known."""
        if self._sampler is None:
            return ""
        self._sampler.write()
        return self._sampler.problem

    def _turn(self, engine: str) -> threading.Semaphore:
        with self._lock:
            if engine not in self._turns:
                at_once = 1 if self._given else engine_identity(engine).max_hosts
                self._turns[engine] = threading.Semaphore(at_once)
            return self._turns[engine]

    def _take(self, engine: str) -> EngineHost:
        with self._lock:
            idle = self._idle.setdefault(engine, [])
            if idle:
                return idle.pop()
            self._num_started += 1
            number = self._num_started
        if self._given is not None:
            return _connect_given(self._given, engine)
        log_path = self._log_folder / f"host-{engine}-{number}.log"
        limits = heartbeats.limits_of(os.environ, engine_identity(engine).load_timeout_s)
        return EngineHost(engine, log_path, limits.load + SPARE_S)

    def _give(self, host: EngineHost) -> None:
        if not host.ping():
            host.close()
            return
        with self._lock:
            self._idle[host.engine].append(host)

    def close(self) -> None:
        """End every idle host of ours; hang up on a given one."""
        if self._sampler is not None:
            self._sampler.close()
        with self._lock:
            hosts = [host for idle in self._idle.values() for host in idle]
            self._idle.clear()
        for host in hosts:
            host.close()


def _reader() -> NvmlReader:
    return NvmlReader(os.environ.get("CUDA_VISIBLE_DEVICES"))


def _connect_given(given: GivenHost, engine: str) -> EngineHost:
    if engine != given.engine:
        raise WrongHostError(
            f'this run needs engine "{engine}", but its worker gave it a host of "{given.engine}"; '
            f'set the job variable "engine" to "{engine}", or leave it empty'
        )
    log_path = given.socket_path.with_suffix(".log")
    host = EngineHost(engine, log_path, given.load_timeout_s, given=given)
    expected = engine_identity(engine)
    told, wanted = _vital(host.identity), _vital(expected)
    if told != wanted:
        host.replace()
        raise WrongHostError(
            f"the engine host is {told}, but this run's code expects {wanted}; it was ended, and "
            "its worker starts it again from the code that it has now"
        )
    return host


def _vital(identity: EngineIdentity) -> str:
    return f"{identity.name} version {identity.version} with weights {identity.weights_id}"
