"""Measures this machine's speed on a campaign's own videos, for an honest estimate."""

import math
import os
import tempfile
import time
from collections import Counter
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from tasks.canonical_json import canonical_sha256
from tasks.engines.engine_pool import EnginePool
from tasks.errors import DamagedError
from tasks.gpu_plans.requests import ENGINE as GPU_ENGINE
from tasks.media.finished_video import VideoParts, deliver_video
from tasks.media.render import render_segment, segment_job
from tasks.plan.audio_window import EngineTrack
from tasks.plan.estimate import (
    ON_A_POOL,
    ON_ONE_MACHINE,
    Overhead,
    Pace,
    Timing,
    estimate_seconds,
    pace_of,
)
from tasks.portrait.picture import read_portrait
from tasks.processes.stop_request import check_stop
from tasks.quality.gates.policy import policy_of
from tasks.quality.gates.reference import reference_of
from tasks.quality.gates.segment_watch import watch_of
from tasks.records import SegmentPlan, SegmentReceipt, VideoPlan
from tasks.speech.speech_files import load_speech
from tasks.speech_records import Speech
from tasks.store.campaign_folder import CampaignFolder

_SHORT_FRAMES, _LONG_FRAMES = 24, 72
_TIMES = 2  # each is made
_BESIDE_S = 3.0  # for which videos are made side by side: one alone would be a matter of chance
_COMPUTED_S = 0.2
Kind: TypeAlias = str


@dataclass(frozen=True)
class Left:
    """What is left to render of a video; what other videos before it render too does not count."""

    plan: VideoPlan
    num_frames: int
    num_segments: int


@dataclass(frozen=True)
class Estimate:
    """How long it takes to make what is left.

    Attributes:
        seconds: of the run, in all.
        overhead_s: of these, beside its videos.
        work_s: of each video, were it made alone by one worker.
        core_s: seconds that cores compute for it, in all: what a machine does beside hardly changes
            them.
    """

    seconds: float
    overhead_s: float
    work_s: tuple[float, ...]
    core_s: float = 0.0

    @property
    def shares_s(self) -> tuple[float, ...]:
        """Of the run's seconds, what each video takes; with ``overhead_s`` they are all of it."""
        whole = sum(self.work_s)
        share = (self.seconds - self.overhead_s) / whole if whole else 0.0
        return tuple(work * share for work in self.work_s)


@dataclass(frozen=True)
class _Cost:
    """What it took to make something.

    Attributes:
        seconds: that passed.
        core_s: that cores computed for it.
    """

    seconds: float
    core_s: float

    def __add__(self, other: "_Cost") -> "_Cost":
        return _Cost(self.seconds + other.seconds, self.core_s + other.core_s)

    @property
    def cores(self) -> float:
        """How many were computing, on average."""
        return max(self.core_s, 1e-3) / max(self.seconds, 1e-3)


def estimate_campaign(
    left: Sequence[Left], folder: CampaignFolder, workers: int, *, is_on_pool: bool = False
) -> Estimate:
    """The time to make what is left, from a few short videos made now.

    Engines and their settings differ in speed by far; each kind is timed alone, the commonest side
    by side too. Where that would take longer than the campaign's videos themselves, workers are
    taken to share the cores without loss.

    Args:
        left: the videos with something left, in the order they will be made.
        folder: the campaign's, where its speech is.
        workers: videos at once.
        is_on_pool: whether a cluster on this machine makes them, not `render`.
    """
    if not left:
        return Estimate(0.0, 0.0, ())
    overhead = ON_A_POOL if is_on_pool else ON_ONE_MACHINE
    samples = samples_of([each.plan for each in left])
    common = next(iter(samples.values()))[0]
    count = min(workers, len(left))
    with _bench(folder) as bench:
        timed = {
            kind: [_Timed(_area(plan), *bench.pace(plan)) for plan in plans]
            for kind, plans in samples.items()
        }
        alone = timed[_kind_of(common)][0].cost
        paces = [_nearest(timed[_kind_of(each.plan)], each.plan).pace for each in left]
        core_s = [_core_s(each, pace, overhead) for each, pace in zip(left, paces, strict=True)]
        if is_worth_timing_beside(sum(core_s), count):
            cores = bench.cores_beside(common, count)
        else:
            cores = min(count * alone.cores, os.cpu_count() or 1)
    speed_up = min(cores / alone.cores, count)
    rates = [1 + (speed_up - 1) * index / max(1, count - 1) for index in range(count)]
    work = [
        each_s / (1.0 if each.plan.engine == GPU_ENGINE else alone.cores)
        for each, each_s in zip(left, core_s, strict=True)
    ]
    run_core_s = _run_core_s(overhead, folder)
    run_s = run_core_s * _crowding()
    videos_s = estimate_seconds(work, rates, workers, overhead.wait_s)
    return Estimate(run_s + videos_s, run_s, tuple(work), run_core_s + sum(core_s))


def is_worth_timing_beside(core_s: float, workers: int) -> bool:
    """Whether videos that need ``core_s`` in all take longer than it takes to time the workers."""
    return workers > 1 and core_s > workers * _BESIDE_S


@dataclass(frozen=True)
class _Timed:
    """What was timed of a size: pixels of a frame, pace, and what the pace was reckoned from."""

    area: int
    pace: Pace
    cost: _Cost


def _area(plan: VideoPlan) -> int:
    return plan.width * plan.height


def _nearest(timed: Sequence[_Timed], plan: VideoPlan) -> _Timed:
    """Of the size most like the plan's: the pixels of a large frame take less each."""
    return min(timed, key=lambda each: abs(math.log(each.area / _area(plan))))


def _core_s(left: Left, pace: Pace, overhead: Overhead) -> float:
    num_pixels = left.num_frames * _area(left.plan)
    beside_s = overhead.video_s + overhead.segment_s * left.num_segments
    return pace.work_s(num_pixels, left.num_segments) + beside_s


def _run_core_s(overhead: Overhead, folder: CampaignFolder) -> float:
    return overhead.run_s if (folder.logs / "prefect").exists() else overhead.first_run_s


def with_films(
    estimate: Estimate, films_core_s: Sequence[float], others_core_s: float, folder: CampaignFolder
) -> Estimate:
    """An estimate with the films that are made of masters, which all cores share.

    Args:
        estimate: of the masters.
        films_core_s: of each of its videos, seconds of one core.
        others_core_s: of videos whose masters are finished.
        folder: the campaign's.
    """
    if not others_core_s and not sum(films_core_s):
        return estimate
    crowding = _crowding()
    core_s = crowding / (os.cpu_count() or 1)
    others_s = core_s * others_core_s
    films_sum_s = sum(films_core_s) + others_core_s
    if not estimate.seconds:
        run_core_s = _run_core_s(ON_ONE_MACHINE, folder)
        others_s += run_core_s * crowding
        films_sum_s += run_core_s
    whole = sum(estimate.work_s)
    share = (estimate.seconds - estimate.overhead_s) / whole if whole else 1.0
    films_s = [core_s * each for each in films_core_s]
    return Estimate(
        seconds=estimate.seconds + sum(films_s) + others_s,
        overhead_s=estimate.overhead_s + others_s,
        work_s=tuple(
            work + each / share for work, each in zip(estimate.work_s, films_s, strict=True)
        ),
        core_s=estimate.core_s + films_sum_s,
    )


def with_upscaler(
    estimate: Estimate, films_s: Sequence[float], others_s: Sequence[float], workers: int
) -> Estimate:
    """An estimate with the time for which upscalers keep workers, whatever they compute on.

    Args:
        estimate: of masters and films.
        films_s: of each of its videos, seconds as earlier films tell them.
        others_s: of videos whose masters are finished.
        workers: videos at once.
    """
    count = sum(each > 0 for each in (*films_s, *others_s))
    if not count:
        return estimate
    at_once = min(workers, count)
    work_s = list(estimate.work_s)
    whole = sum(work_s)
    share = (estimate.seconds - estimate.overhead_s) / whole if whole else 1.0
    films = [each / at_once for each in films_s]
    others = sum(others_s) / at_once
    return Estimate(
        seconds=estimate.seconds + sum(films) + others,
        overhead_s=estimate.overhead_s + others,
        work_s=tuple(work + each / share for work, each in zip(work_s, films, strict=True)),
        core_s=estimate.core_s,
    )


def _crowding() -> float:
    """Seconds that one second of computing takes beside what else this machine does now."""
    began, computed = time.perf_counter(), time.thread_time()
    while time.thread_time() - computed < _COMPUTED_S:
        check_stop()
    return max(1.0, (time.perf_counter() - began) / _COMPUTED_S)


def _kind_of(plan: VideoPlan) -> Kind:
    return canonical_sha256([plan.engine, plan.settings])


def samples_of(plans: Sequence[VideoPlan]) -> dict[Kind, tuple[VideoPlan, ...]]:
    """Plans of each kind, by engine and settings; commonest kind first.

    One of its commonest size, and another where a size of another area has more of its pixels.
    """
    counts = Counter((_kind_of(plan), plan.width, plan.height) for plan in plans)
    pixels: Counter[tuple[Kind, int]] = Counter()
    for plan in plans:
        pixels[_kind_of(plan), _area(plan)] += plan.num_frames * _area(plan)
    samples: dict[Kind, tuple[VideoPlan, ...]] = {}
    for (kind, width, height), _ in counts.most_common():
        if kind in samples:
            continue
        alike = [plan for plan in plans if _kind_of(plan) == kind]
        common = next(plan for plan in alike if (plan.width, plan.height) == (width, height))
        largest = max(alike, key=lambda plan: pixels[kind, _area(plan)])
        is_one = pixels[kind, _area(largest)] == pixels[kind, _area(common)]
        samples[kind] = (common,) if is_one else (common, largest)
    return samples


@dataclass(frozen=True)
class _Bench:
    """Where a few short videos are made; hosts stay warm from one to the next."""

    place: CampaignFolder
    store: CampaignFolder
    pool: EnginePool

    def pace(self, plan: VideoPlan) -> tuple[Pace, _Cost]:
        """Of one worker alone, once its engine is warm; and what it was reckoned from.

        In seconds of cores; where the engine computes on a GPU, in those that pass.
        """

        def seconds(cost: _Cost) -> float:
            return cost.seconds if plan.engine == GPU_ENGINE else cost.core_s

        def quickest(num_frames: int, name: str) -> tuple[_Cost, _Cost]:
            # a segment's and its delivery's: what a cold cache or another program adds is no pace
            made = [self._make(plan, num_frames, f"{name}-{again}") for again in range(_TIMES)]
            segments, ends = zip(*made, strict=True)
            return min(segments, key=seconds), min(ends, key=seconds)

        self._speech(plan)
        self._rendered(*_shortened(plan, _SHORT_FRAMES, "warm"))
        short, short_end = quickest(_SHORT_FRAMES, "short")
        long, long_end = quickest(_LONG_FRAMES, "long")

        pixels = plan.width * plan.height
        pace = pace_of(
            Timing(min(_SHORT_FRAMES, plan.num_frames) * pixels, seconds(short)),
            Timing(min(_LONG_FRAMES, plan.num_frames) * pixels, seconds(long)),
            (seconds(short_end) + seconds(long_end)) / 2,
        )
        return pace, short + short_end + long + long_end

    def cores_beside(self, plan: VideoPlan, count: int) -> float:
        """How many cores ``count`` workers find to compute on, side by side."""
        until = 0.0

        def make(index: int) -> float:
            core_s, number = 0.0, 0
            while not number or time.perf_counter() < until:
                segment, end = self._make(plan, _LONG_FRAMES, f"beside-{index}-{number}", own=False)
                core_s += segment.core_s + end.core_s
                number += 1
            return core_s

        with ThreadPoolExecutor(count) as pool:
            list(pool.map(make, range(count)))  # more hosts start
            until = time.perf_counter() + _BESIDE_S
            began, computed = time.perf_counter(), _own_core_s()
            core_s = sum(pool.map(make, range(count))) + _own_core_s() - computed
            return _Cost(time.perf_counter() - began, core_s).cores

    def _make(
        self, plan: VideoPlan, num_frames: int, name: str, *, own: bool = True
    ) -> tuple[_Cost, _Cost]:
        """A video like the plan's, but short: what its segment took, and its delivery.

        ``own``: whether what this process and its programs computed is its alone.
        """
        speech = self._speech(plan)
        short, segment = _shortened(plan, num_frames, name)
        marks = [(time.perf_counter(), _own_core_s())]
        receipt = self._rendered(short, segment)
        marks.append((time.perf_counter(), _own_core_s()))
        parts = VideoParts(plan_sha256=segment.key)
        deliver_video(short, [receipt], speech, self.store, parts)
        marks.append((time.perf_counter(), _own_core_s()))
        (began, before), (rendered, after), (ended, last) = marks
        return (
            _Cost(rendered - began, receipt.cpu_seconds + own * (after - before)),
            _Cost(ended - rendered, own * (last - after)),
        )

    def _speech(self, plan: VideoPlan) -> Speech:
        self.place.fetch_speech(plan.speech_id)
        speech = load_speech(plan.speech_id, self.store.speech)
        if speech is None:
            raise DamagedError(f"speech/{plan.speech_id} is missing or damaged; plan again")
        return speech

    def _rendered(self, plan: VideoPlan, segment: SegmentPlan) -> SegmentReceipt:
        speech = self.store.speech / f"{plan.speech_id}.16k.wav"
        portrait = read_portrait(self.place.portrait(plan.portrait))
        with self.pool.lend(plan.engine) as host:
            job = segment_job(
                plan,
                segment,
                portrait=portrait,
                track=EngineTrack(speech, None),
                handoff=None,
                identity=host.identity,
            )
            watch = None
            if policy_of(plan).mode != "off":
                frame = (portrait, plan.rig, plan.width, plan.height)
                watch = watch_of(job, reference_of(*frame, host.identity))
            receipt, _ = render_segment(
                plan,
                job,
                host=host,
                folder=self.store,
                attempt=1,
                should_stop=lambda: False,
                watch=watch,
            )
        return receipt


def _shortened(plan: VideoPlan, num_frames: int, name: str) -> tuple[VideoPlan, SegmentPlan]:
    """The plan's first frames as a video of another name, and its one segment."""
    num_frames = min(num_frames, plan.num_frames)
    key = canonical_sha256([plan.segments[0].key, name])
    segment = SegmentPlan(index=0, start_frame=0, end_frame=num_frames, key=key)
    short = plan.model_copy(
        update={"video_id": name, "num_frames": num_frames, "segments": (segment,)}
    )
    return short, segment


def _own_core_s() -> float:
    """Seconds that this process computed until now, and the programs that it waited for."""
    now = os.times()
    return now.user + now.system + now.children_user + now.children_system


@contextmanager
def _bench(folder: CampaignFolder) -> Generator[_Bench]:
    with (
        tempfile.TemporaryDirectory(prefix="nightshoot-probe-") as name,
        folder.local("probe") as place,
        EnginePool(Path(name)) as pool,
    ):
        store = CampaignFolder(Path(name) / "store")
        store.root.mkdir()
        store.speech.symlink_to(place.speech.resolve())
        yield _Bench(place, store, pool)
