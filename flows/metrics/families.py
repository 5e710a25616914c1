"""Every metric there is: its name, its labels and what it means; and the text Prometheus reads."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
    SummaryMetricFamily,
)

Kind = Literal["gauge", "counter", "summary"]


@dataclass(frozen=True)
class Family:
    """One metric.

    Attributes:
        name: with its unit; of a counter without ``_total``, which Prometheus' text adds.
        help: what it says, for people.
        labels: their names, in the order in which values are given.
        kind: a summary has a count and a sum, and becomes ``NAME_count`` and ``NAME_sum``.
    """

    name: str
    help: str
    labels: tuple[str, ...]
    kind: Kind = "gauge"

    @property
    def sample_names(self) -> tuple[str, ...]:
        """What it is called in queries."""
        if self.kind == "summary":
            return (f"{self.name}_count", f"{self.name}_sum")
        return (f"{self.name}_total",) if self.kind == "counter" else (self.name,)


_OF_CAMPAIGN = ("campaign",)
VIDEOS = Family(
    "nightshoot_videos",
    "Videos of the campaign's last run, by state: waiting, running, done, held, failed, "
    "quarantined, pending.",
    (*_OF_CAMPAIGN, "state"),
)
SEGMENTS = Family(
    "nightshoot_segments",
    "Segments of the campaign's videos, by state: rendered by the last run, found from earlier "
    "ones, or open.",
    (*_OF_CAMPAIGN, "state"),
)
SEGMENT_SECONDS = Family(
    "nightshoot_segment_seconds",
    "Seconds that the engine needed for a segment, in videos that the last run rendered.",
    (*_OF_CAMPAIGN, "engine", "size"),
    "summary",
)
ENGINE_RATIO = Family(
    "nightshoot_engine_seconds_per_video_second",
    "Seconds of the engine, on as many GPUs as a video gets, per second of finished video.",
    (*_OF_CAMPAIGN, "engine", "size"),
)
OLDEST_WAITING = Family(
    "nightshoot_oldest_waiting_seconds",
    "How long the video that has waited longest for a worker has waited; 0: none waits.",
    _OF_CAMPAIGN,
)
HELD = Family(
    "nightshoot_held_videos",
    "Videos that a gate holds for a person, by gate; a video may count for several.",
    (*_OF_CAMPAIGN, "gate"),
)
FAILURES = Family(
    "nightshoot_failures",
    "Videos that failed for good, by the class of fault: row, resource, machine, unknown.",
    (*_OF_CAMPAIGN, "fault"),
)
QUOTED = Family(
    "nightshoot_quoted_seconds", "What the last `nightshoot plan` foretold of a run.", _OF_CAMPAIGN
)
RUN_SECONDS = Family("nightshoot_run_seconds", "What the last run took, so far.", _OF_CAMPAIGN)
IS_RUNNING = Family("nightshoot_campaign_running", "1 while a run is under way.", _OF_CAMPAIGN)
UPDATED = Family(
    "nightshoot_campaign_updated_timestamp_seconds", "When these figures were told.", _OF_CAMPAIGN
)
STORE_SECONDS = Family(
    "nightshoot_store_read_seconds", "How long the store takes to read campaign.json.", _OF_CAMPAIGN
)
_OF_WORKER = ("worker",)
WORKER_TOLD = Family(
    "nightshoot_worker_timestamp_seconds",
    "When a GPU worker told its figures; it does so every 15 s.",
    _OF_WORKER,
)
SLOTS = Family("nightshoot_worker_slots", "GPUs that the worker may lease.", _OF_WORKER)
SLOTS_LENT = Family("nightshoot_worker_slots_lent", "GPUs that runs have at present.", _OF_WORKER)
COOLING = Family(
    "nightshoot_worker_cooling_seconds",
    "How long the worker takes no run any more, after a fault of its machine; 0: it takes runs.",
    _OF_WORKER,
)
HOST_STARTS = Family(
    "nightshoot_host_starts",
    "How often the worker has started an engine host; again and again: hosts die.",
    (*_OF_WORKER, "engine"),
    "counter",
)
_OF_GPU = ("host", "gpu", "name")
GPU_MEMORY = Family("nightshoot_gpu_memory_used_bytes", "By all programs.", _OF_GPU)
GPU_USE = Family(
    "nightshoot_gpu_utilization_ratio", "Share of the time in which something ran on it.", _OF_GPU
)
GPU_TEMPERATURE = Family("nightshoot_gpu_temperature_celsius", "Of the chip.", _OF_GPU)
GPU_THROTTLED = Family(
    "nightshoot_gpu_throttled",
    "1 while heat or power slow the chip down, by reason.",
    (*_OF_GPU, "reason"),
)

FAMILIES = (
    VIDEOS, SEGMENTS, SEGMENT_SECONDS, ENGINE_RATIO, OLDEST_WAITING, HELD, FAILURES, QUOTED,
    RUN_SECONDS, IS_RUNNING, UPDATED, STORE_SECONDS, WORKER_TOLD, SLOTS, SLOTS_LENT, COOLING,
    HOST_STARTS, GPU_MEMORY, GPU_USE, GPU_TEMPERATURE, GPU_THROTTLED,
)  # fmt: skip


class Figures:
    """Values of metrics, gathered and told at once."""

    def __init__(self) -> None:
        self._values: dict[Family, dict[tuple[str, ...], tuple[float, float]]] = {}

    def put(self, family: Family, labels: Sequence[str], value: float, count: int = 0) -> None:
        """Set one value; of a summary the sum, with its count.

        Raises:
            ValueError: these are not the labels of the family.
        """
        if len(labels) != len(family.labels):
            raise ValueError(f"{family.name} has the labels {family.labels}, not {tuple(labels)}")
        self._values.setdefault(family, {})[tuple(labels)] = (value, count)

    def put_all(self, family: Family, first: str, values: Mapping[str, float]) -> None:
        """Set one value for each last label."""
        for label, value in values.items():
            self.put(family, (first, label), value)

    def text(self) -> bytes:
        """As Prometheus reads it."""
        registry = CollectorRegistry()
        registry.register(self)  # pyright: ignore[reportArgumentType]  # anything that collects
        return generate_latest(registry)

    def collect(self) -> Iterable[Metric]:
        """For prometheus_client."""
        for family, values in self._values.items():
            yield _metric(family, values)


def _metric(family: Family, values: Mapping[tuple[str, ...], tuple[float, float]]) -> Metric:
    if family.kind == "summary":
        summary = SummaryMetricFamily(family.name, family.help, labels=family.labels)
        for labels, (value, count) in values.items():
            summary.add_metric(labels, count_value=int(count), sum_value=value)
        return summary
    kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    metric = kind(family.name, family.help, labels=family.labels)
    for labels, (value, _) in values.items():
        metric.add_metric(labels, value)
    return metric
