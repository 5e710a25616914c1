"""Samples of GPUs and figures of segments -> what the report says of machines."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median

from tasks.engines.gpu_samples import FOLDER, PERIOD_S, Sample, csv_of, samples_of
from tasks.records import SegmentFigures, VideoReceipt
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.files import (
    commit_file,
    disk_full_as_error,
    part_path,
)

JOINED = "logs/gpu.csv"
_READS_AT_ONCE = 8
_TOO_SLOW = 2.0  # times the estimate
_LEAST_SEGMENTS = 4  # of a kind, for a median that says something
_LEAST_S = 5.0  # shorter ones are noise
_MOST_NAMED = 20


@dataclass(frozen=True)
class GpuSummary:
    """What one GPU did while segments were rendered; None: it did not tell.

    Attributes:
        host: its machine.
        gpu: its number there.
        name: of its make.
        hours: in which it was sampled.
        utilization_percent: mean.
        peak_memory_mib: most that was used.
        hottest_c: of all samples.
    """

    host: str
    gpu: int
    name: str
    hours: float
    utilization_percent: float | None
    peak_memory_mib: int
    hottest_c: int | None


@dataclass(frozen=True)
class SlowSegment:
    """A segment that took over twice what others of its kind take.

    Attributes:
        video_id: it belongs to.
        number: in the video, from 1.
        expected_s: engine-seconds by the median of its kind.
        figures: its own.
    """

    video_id: str
    number: int
    expected_s: float
    figures: SegmentFigures

    @property
    def times(self) -> float:
        """Of what was expected."""
        return self.figures.engine_seconds / self.expected_s

    @property
    def told(self) -> str:
        """In words, for people; after the video's name."""
        figures = self.figures
        cpu = 100 * figures.cpu_seconds / max(figures.engine_seconds, 0.001)
        gpus = ", ".join(f"GPU {gpu} {use} %" for gpu, use in sorted(figures.gpu_percents.items()))
        return (
            f"segment {self.number}: {figures.engine_seconds:.1f} s on "
            f"{figures.host}, {self.times:.1f} times the {self.expected_s:.1f} s of similar "
            f"segments; {gpus or 'no GPU figures'}, CPU {cpu:.0f} % of a core"
        )


@dataclass(frozen=True)
class MachineFigures:
    """What the report says of machines.

    Attributes:
        gpus: those that were sampled.
        slow: segments to look at.
        note: why there is nothing of GPUs; empty where nothing is known.
    """

    gpus: tuple[GpuSummary, ...] = ()
    slow: tuple[SlowSegment, ...] = ()
    note: str = ""


NO_MACHINES = MachineFigures()


def machine_figures(
    store: CampaignFolder, receipts: Iterable[VideoReceipt], note: str = ""
) -> MachineFigures:
    """Join the samples of all processes into ``logs/gpu.csv``, and sum up.

    Raises:
        StoreError: the store cannot be reached.
        DiskFullError: there is no room.
    """
    gpus = joined(store)
    return MachineFigures(gpus, tuple(slow_segments(receipts)), "" if gpus else note)


# --- GPUs ---------------------------------------------------------------------------------------


class _Tally:
    """What was sampled of one GPU, without keeping the samples."""

    def __init__(self) -> None:
        self._seconds: set[int] = set()
        self._uses = self._num_uses = self._peak_mib = 0
        self._hottest_c: int | None = None

    def add(self, sample: Sample) -> bool:
        """Whether it is new: of two processes that looked in the same second, one counts."""
        second = int(sample.at.timestamp())
        if second in self._seconds:
            return False
        self._seconds.add(second)
        reading = sample.reading
        if reading.utilization_percent is not None:
            self._uses += reading.utilization_percent
            self._num_uses += 1
        if reading.temperature_c is not None:
            self._hottest_c = max(reading.temperature_c, self._hottest_c or 0)
        self._peak_mib = max(self._peak_mib, reading.memory_used_mib)
        return True

    def summary(self, host: str, gpu: int, name: str) -> GpuSummary:
        return GpuSummary(
            host=host,
            gpu=gpu,
            name=name,
            hours=len(self._seconds) * PERIOD_S / 3600,
            utilization_percent=self._uses / self._num_uses if self._num_uses else None,
            peak_memory_mib=self._peak_mib,
            hottest_c=self._hottest_c,
        )


def joined(store: CampaignFolder) -> tuple[GpuSummary, ...]:
    """One summary for each GPU; the file has the samples in the order in which parts begin."""
    names = sorted(store.listing(FOLDER))
    if not names:
        return ()
    tallies: dict[tuple[str, int, str], _Tally] = defaultdict(_Tally)
    path = store.root / JOINED
    with disk_full_as_error(path):
        part = part_path(path)
        part.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8") as file:
            file.write(csv_of([]))
            for samples in _read(store, names):
                new = [sample for sample in samples if tallies[_gpu_of(sample)].add(sample)]
                file.write(csv_of(new, has_head=False))
        commit_file(part, path)
    store.publish(path)
    return tuple(tally.summary(*gpu) for gpu, tally in sorted(tallies.items()))


def _read(store: CampaignFolder, names: Sequence[str]) -> Iterator[list[Sample]]:
    """The parts, some of them at once."""
    with ThreadPoolExecutor(_READS_AT_ONCE, thread_name_prefix="gpu-parts") as pool:
        for start in range(0, len(names), _READS_AT_ONCE):
            for data in pool.map(store.read_bytes, names[start : start + _READS_AT_ONCE]):
                yield samples_of((data or b"").decode())


def _gpu_of(sample: Sample) -> tuple[str, int, str]:
    return sample.host, sample.reading.gpu, sample.reading.name


# --- segments -----------------------------------------------------------------------------------


def slow_segments(receipts: Iterable[VideoReceipt]) -> list[SlowSegment]:
    """The worst first, at most twenty.

    A segment is expected to take the median engine-seconds per frame of its engine, size and
    settings in this campaign.
    """
    kinds: dict[str, list[tuple[str, int, SegmentFigures]]] = defaultdict(list)
    for receipt in receipts:
        kind = json.dumps([receipt.engine, receipt.size, receipt.settings], sort_keys=True)
        kinds[kind] += [
            (receipt.video_id, number, figures)
            for number, figures in enumerate(receipt.segments, 1)
        ]
    found: list[SlowSegment] = []
    for segments in kinds.values():
        if len(segments) >= _LEAST_SEGMENTS:
            rate = median(figures.engine_seconds / figures.num_frames for *_, figures in segments)
            found += [
                SlowSegment(video_id, number, rate * figures.num_frames, figures)
                for video_id, number, figures in segments
                if _is_slow(figures, rate)
            ]
    return sorted(found, key=lambda each: -each.times)[:_MOST_NAMED]


def _is_slow(figures: SegmentFigures, rate: float) -> bool:
    limit_s = max(_LEAST_S, _TOO_SLOW * rate * figures.num_frames)
    return rate > 0 and figures.engine_seconds > limit_s
