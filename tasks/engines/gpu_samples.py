"""What the GPUs do while segments are rendered: memory, use, temperature, once a second, by NVML.

Each process that renders writes its own parts, ``logs/gpu/<begin>-<host>-<pid>.csv``; the report
joins them into ``logs/gpu.csv`` (``tasks/engines/gpu_summary.py``). Where there is no NVIDIA GPU
there is no file, and :attr:`Sampler.problem` says why.
"""

import csv
import io
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, Protocol, cast

from model.errors import NightshootError

FOLDER = "logs/gpu"
COLUMNS = (
    "timestamp",
    "host",
    "gpu",
    "name",
    "memory_used_mib",
    "utilization_percent",
    "temperature_c",
    "engine_cpu_percent",
)
PERIOD_S = 1.0
_PART_S = 600.0  # a part of so many seconds is begun anew: parts are written whole
_KEEP_EVERY_S = 30.0
THROTTLE_BITS = {"power-cap": 0x4, "heat": 0x20, "heat-hardware": 0x40, "power-brake": 0x80}
"""Of NVML's nvmlClocksThrottleReasons; a power cap is usual under full load, the others are not."""
_MIB = 1 << 20
_log = logging.getLogger("nightshoot.gpu")


class NoGpuError(NightshootError):
    """There is nothing to sample here, and why."""


@dataclass(frozen=True)
class Reading:
    """What one GPU says of itself; None: it does not tell.

    Attributes:
        gpu: its number on this machine, in the order of the bus.
        name: of its make.
        memory_used_mib: by all programs.
        utilization_percent: of the time in which something ran on it.
        temperature_c: of the chip.
    """

    gpu: int
    name: str
    memory_used_mib: int
    utilization_percent: int | None
    temperature_c: int | None


@dataclass(frozen=True)
class Sample:
    """A line of the file.

    Attributes:
        at: when.
        host: name of the machine.
        reading: of one GPU.
        engine_cpu_percent: of one core, by all processes of the engine since the sample before.
    """

    at: datetime
    host: str
    reading: Reading
    engine_cpu_percent: int | None


class GpuReader(Protocol):
    """Reads the GPUs of this machine that this process may use."""

    def read(self) -> list[Reading]:
        """One reading of each.

        Raises:
            NoGpuError: the driver is gone.
        """
        ...


class NvmlReader:
    """The driver's own figures.

    Args:
        visible: CUDA_VISIBLE_DEVICES; None: it is not set, all GPUs are meant.

    Raises:
        NoGpuError: there is no driver, no binding, or no GPU that may be used.
    """

    def __init__(self, visible: str | None) -> None:
        try:
            # its functions have no types
            nvml = self._nvml = cast("Any", import_module("pynvml"))
        except ModuleNotFoundError as error:
            raise NoGpuError(
                "the package nvidia-ml-py is not installed (pip install 'nightshoot[gpu]')"
            ) from error
        try:
            nvml.nvmlInit()
            handles = [
                nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())
            ]
            uuids = [str(nvml.nvmlDeviceGetUUID(handle)) for handle in handles]
            self._gpus = [
                (index, str(nvml.nvmlDeviceGetName(handles[index])), handles[index])
                for index in chosen(visible, uuids)
            ]
        except nvml.NVMLError as error:
            raise NoGpuError(f"no NVIDIA GPU can be asked here: {error}") from error
        if not self._gpus:
            raise NoGpuError(f'CUDA_VISIBLE_DEVICES="{visible}" leaves none of {len(uuids)} GPUs')

    def read(self) -> list[Reading]:
        """See :class:`GpuReader`."""
        try:
            return [self._reading(index, name, handle) for index, name, handle in self._gpus]
        except self._nvml.NVMLError as error:
            raise NoGpuError(f"the driver stopped answering: {error}") from error

    def throttle_reasons(self) -> dict[int, dict[str, bool]]:
        """Whether heat or power slow a GPU down: its number -> reason -> whether it is so.

        A GPU that does not tell (a slice of one) has no reasons.

        Raises:
            NoGpuError: the driver is gone.
        """
        nvml = self._nvml
        try:
            masks = {
                index: self._told(lambda: nvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle))  # noqa: B023  asked at once
                for index, _, handle in self._gpus
            }
        except nvml.NVMLError as error:
            raise NoGpuError(f"the driver stopped answering: {error}") from error
        return {
            index: {reason: bool(mask & bit) for reason, bit in THROTTLE_BITS.items()}
            for index, mask in masks.items()
            if mask is not None
        }

    def _reading(self, index: int, name: str, handle: Any) -> Reading:
        nvml = self._nvml
        return Reading(
            gpu=index,
            name=name,
            memory_used_mib=nvml.nvmlDeviceGetMemoryInfo(handle).used // _MIB,
            utilization_percent=self._told(
                lambda: nvml.nvmlDeviceGetUtilizationRates(handle).gpu,
            ),
            temperature_c=self._told(
                lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)
            ),
        )

    def _told(self, ask: Callable[[], int]) -> int | None:
        try:
            return int(ask())
        except self._nvml.NVMLError_NotSupported:  # a slice of a GPU has none
            return None


def chosen(visible: str | None, uuids: Sequence[str]) -> list[int]:
    """Which GPUs ``CUDA_VISIBLE_DEVICES`` leaves, by their numbers.

    As CUDA does, the first entry that names no GPU ends the list. Numbers are those of the bus.
    """
    if visible is None:
        return list(range(len(uuids)))
    found: list[int] = []
    for name in filter(None, (part.strip() for part in visible.split(","))):
        if name.isdecimal():
            fitting = [int(name)] if int(name) < len(uuids) else []
        else:
            fitting = [index for index, uuid in enumerate(uuids) if uuid.startswith(name)]
        if len(fitting) != 1:
            break
        found += fitting
    return found


class Stretch:
    """One segment's time: its engine's processor time, and the samples taken meanwhile."""

    def __init__(self, cpu_seconds: Callable[[], float]) -> None:
        self._cpu_seconds = cpu_seconds
        self._before, self._looked = cpu_seconds(), time.monotonic()
        self.samples: list[Sample] = []

    def cpu_percent(self) -> float:
        """Of one core, since the last time that this was asked."""
        used, now = self._cpu_seconds(), time.monotonic()
        percent = 100 * (used - self._before) / max(now - self._looked, 1e-3)
        self._before, self._looked = used, now
        return max(0.0, percent)

    @property
    def gpu_percents(self) -> dict[str, int]:
        """Mean use of each GPU, by its number; empty where none was sampled."""
        told: dict[str, list[int]] = {}
        for sample in self.samples:
            if sample.reading.utilization_percent is not None:
                told.setdefault(str(sample.reading.gpu), []).append(
                    sample.reading.utilization_percent
                )
        return {gpu: round(sum(values) / len(values)) for gpu, values in told.items()}


class Sampler:
    """Samples while at least one engine renders, in a thread of its own.

    Args:
        keep: writes a part under its name in the campaign's store.
        make_reader: begins to ask the GPUs, when the first segment is rendered.
        period_s: between two samples.

    Attributes:
        problem: why there are no samples; empty while there is nothing to say.
    """

    def __init__(
        self,
        keep: Callable[[str, bytes], object],
        make_reader: Callable[[], GpuReader],
        period_s: float = PERIOD_S,
    ) -> None:
        self._keep, self._make_reader, self._period_s = keep, make_reader, period_s
        self._lock = threading.Lock()
        self._stretches: list[Stretch] = []
        self._part: list[Sample] = []
        self._num_kept = 0
        self._kept_at = time.monotonic()
        self._is_over, self._is_wanted = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self.problem = ""

    @contextmanager
    def sampling(self, cpu_seconds: Callable[[], float]) -> Generator[Stretch]:
        """Sample meanwhile; ``cpu_seconds`` tells what the engine has used so far."""
        stretch = Stretch(cpu_seconds)
        with self._lock:
            self._stretches.append(stretch)
            if self._thread is None and not self._is_over.is_set():
                self._thread = threading.Thread(target=self._run, name="gpus", daemon=True)
                self._thread.start()
        self._is_wanted.set()
        try:
            yield stretch
        finally:
            with self._lock:
                self._stretches.remove(stretch)
                if not self._stretches:
                    self._is_wanted.clear()
            if time.monotonic() - self._kept_at > _KEEP_EVERY_S:
                self.write()

    def write(self) -> None:
        """Have what was sampled so far in the store; what cannot be written is tried again."""
        with self._lock:
            part, is_new = list(self._part), len(self._part) > self._num_kept
        if not is_new:
            return
        try:
            self._keep(f"{FOLDER}/{part_name(part[0])}", csv_of(part).encode())
        except (NightshootError, OSError) as error:
            _log.warning("samples of GPUs could not be kept: %s", error)
            return
        with self._lock:
            self._num_kept, self._kept_at = len(part), time.monotonic()
            if part[-1].at.timestamp() - part[0].at.timestamp() > _PART_S:
                self._part, self._num_kept = self._part[len(part) :], 0

    def close(self) -> None:
        """Nothing is rendered any more."""
        self._is_over.set()
        self._is_wanted.set()
        if self._thread is not None:
            self._thread.join()
        self.write()

    def _run(self) -> None:
        try:
            reader = self._make_reader()
            while not self._is_over.is_set():
                self._is_wanted.wait()
                self._sample(reader)
                self._is_over.wait(self._period_s)
        except NoGpuError as error:
            self.problem = str(error)
            _log.info("logs/gpu.csv is not written: %s", error)

    def _sample(self, reader: GpuReader) -> None:
        now, host = datetime.now(UTC), socket.gethostname()
        readings = reader.read()
        with self._lock:
            if not self._stretches:
                return
            percent = round(sum(stretch.cpu_percent() for stretch in self._stretches))
            samples = [Sample(now, host, reading, percent) for reading in readings]
            self._part += samples
            for stretch in self._stretches:
                stretch.samples += samples


# --- the file -----------------------------------------------------------------------------------


def part_name(first: Sample) -> str:
    """Of a part, by its first sample and who took it."""
    return f"{first.at:%Y%m%dT%H%M%S}-{first.host}-{os.getpid()}.csv"


def csv_of(samples: Sequence[Sample], *, has_head: bool = True) -> str:
    """One line for each; what a GPU does not tell is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([COLUMNS] if has_head else [])
    for sample in samples:
        reading = sample.reading
        writer.writerow(
            [
                sample.at.isoformat(timespec="milliseconds"),
                sample.host,
                reading.gpu,
                reading.name,
                reading.memory_used_mib,
                reading.utilization_percent,
                reading.temperature_c,
                sample.engine_cpu_percent,
            ]
        )
    return text.getvalue()


def samples_of(text: str) -> list[Sample]:
    """Read a part, or the joined file; a line that was cut short is left out."""
    found: list[Sample] = []
    for row in csv.DictReader(io.StringIO(text)):
        if None not in row.values() and row.keys() == set(COLUMNS):
            found.append(_sample_of(row))
    return found


def _sample_of(row: Mapping[str, str]) -> Sample:
    def number(column: str) -> int | None:
        return int(row[column]) if row[column] else None

    return Sample(
        at=datetime.fromisoformat(row["timestamp"]),
        host=row["host"],
        reading=Reading(
            gpu=int(row["gpu"]),
            name=row["name"],
            memory_used_mib=int(row["memory_used_mib"]),
            utilization_percent=number("utilization_percent"),
            temperature_c=number("temperature_c"),
        ),
        engine_cpu_percent=number("engine_cpu_percent"),
    )
