"""The figures of a GPU worker, told every 15 s while it works."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from flows.metrics import families
from flows.metrics.families import Figures
from flows.metrics.textfile import tell
from tasks.engines.gpu_samples import NoGpuError, NvmlReader

_PERIOD_S = 15.0
_MIB = 1 << 20
_log = logging.getLogger("nightshoot.metrics")


@dataclass(frozen=True)
class WorkerFacts:
    """What a worker says of itself.

    Attributes:
        num_slots: GPUs that it may lease.
        num_lent: that runs have.
        cooling_s: for how long it takes no run any more.
        host_starts: engine -> how often a host was started.
    """

    num_slots: int
    num_lent: int
    cooling_s: float
    host_starts: Mapping[str, int]


class WorkerMetrics:
    """Tells the figures in a thread of its own; nothing where no folder is named.

    Args:
        worker: its name.
        place: the folder.
        ask: for what the worker says of itself; called in that thread.
    """

    def __init__(self, worker: str, place: Path | None, ask: Callable[[], WorkerFacts]) -> None:
        self._worker, self._place, self._ask = worker, place, ask
        self._is_over = threading.Event()
        self._reader: NvmlReader | None = None
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)
        if place is not None:
            self._thread.start()

    def close(self) -> None:
        """Tell no more; the last figures stay, and their time says how old they are."""
        self._is_over.set()
        if self._place is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            self._reader = NvmlReader(None)
        except NoGpuError as error:
            _log.info("no figures of GPUs: %s", error)
        while True:
            tell(self._place, f"worker-{self._worker}", self._figures())
            if self._is_over.wait(_PERIOD_S):
                return

    def _figures(self) -> Figures:
        figures, facts, labels = Figures(), self._ask(), (self._worker,)
        figures.put(families.WORKER_TOLD, labels, time.time())
        figures.put(families.SLOTS, labels, facts.num_slots)
        figures.put(families.SLOTS_LENT, labels, facts.num_lent)
        figures.put(families.COOLING, labels, facts.cooling_s)
        figures.put_all(families.HOST_STARTS, self._worker, facts.host_starts)
        if self._reader is not None:
            put_gpus(figures, self._reader)
        return figures


def put_gpus(figures: Figures, reader: NvmlReader) -> None:
    """What the driver says of each GPU; a driver that is gone says nothing."""
    host = socket.gethostname()
    try:
        readings, reasons = reader.read(), reader.throttle_reasons()
    except NoGpuError as error:
        _log.warning("no figures of GPUs: %s", error)
        return
    for each in readings:
        labels = (host, str(each.gpu), each.name)
        figures.put(families.GPU_MEMORY, labels, each.memory_used_mib * _MIB)
        if each.utilization_percent is not None:
            figures.put(families.GPU_USE, labels, each.utilization_percent / 100)
        if each.temperature_c is not None:
            figures.put(families.GPU_TEMPERATURE, labels, each.temperature_c)
        for reason, is_so in reasons.get(each.gpu, {}).items():
            figures.put(families.GPU_THROTTLED, (*labels, reason), is_so)
