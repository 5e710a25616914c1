"""Measures this machine's speed on a campaign's own videos, for an honest estimate."""

import os
import tempfile
import time
from collections import Counter
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from tasks.canonical_json import canonical_sha256
from tasks.engines.engine_host import EnginePool
from tasks.errors import DamagedError
from tasks.media.finished_video import VideoParts, deliver_video
from tasks.media.render import render_segment, segment_job
from tasks.plan.audio_window import EngineTrack
from tasks.plan.estimate import (
    Pace,
    Timing,
    estimate_seconds,
    overhead_s,
    pace_of,
    run_overhead_s,
)
from tasks.portrait.picture import read_portrait
from tasks.processes.stop_request import check_stop
from tasks.records import SegmentPlan, SegmentReceipt, VideoPlan
from tasks.speech.speech_files import load_speech
from tasks.store.campaign_folder import CampaignFolder

_SHORT_FRAMES, _LONG_FRAMES = 24, 72
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
    """

    seconds: float
    overhead_s: float
    work_s: tuple[float, ...]

    @property
    def shares_s(self) -> tuple[float, ...]:
        """Of the run's seconds, what each video takes; with ``overhead_s`` they are all of it."""
        whole = sum(self.work_s)
        share = (self.seconds - self.overhead_s) / whole if whole else 0.0
        return tuple(work * share for work in self.work_s)


def estimate_campaign(left: Sequence[Left], folder: CampaignFolder, workers: int) -> Estimate:
    """The time to make what is left, from a few short videos made now.

    Engines and their settings differ in speed by far; each kind is timed alone, the commonest side
    by side too.

    Args:
        left: the videos with something left, in the order they will be made.
        folder: the campaign's, where its speech is.
        workers: videos at once.
    """
    if not left:
        return Estimate(0.0, 0.0, ())
    samples = samples_of([each.plan for each in left])
    common = next(iter(samples.values()))
    count = min(workers, len(left))
    with _bench(folder) as bench:
        timed = {kind: bench.pace(plan) for kind, plan in samples.items()}
        alone_s = timed[_kind_of(common)][1]
        speed_up = bench.speed_up(common, count, alone_s) if count > 1 else 1.0
    crowding = _crowding()
    rates = [1 + (speed_up - 1) * index / max(1, count - 1) for index in range(count)]
    work = [
        timed[_kind_of(each.plan)][0].work_s(
            each.num_frames * each.plan.width * each.plan.height, each.num_segments
        )
        + overhead_s(each.num_segments, crowding)
        for each in left
    ]
    is_first = not (folder.logs / "prefect").exists()
    overhead = run_overhead_s(is_first=is_first, crowding=crowding)
    return Estimate(overhead + estimate_seconds(work, rates, workers), overhead, tuple(work))


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
    if not estimate.seconds:
        is_first = not (folder.logs / "prefect").exists()
        others_s += run_overhead_s(is_first=is_first, crowding=crowding)
    whole = sum(estimate.work_s)
    share = (estimate.seconds - estimate.overhead_s) / whole if whole else 1.0
    films_s = [core_s * each for each in films_core_s]
    return Estimate(
        seconds=estimate.seconds + sum(films_s) + others_s,
        overhead_s=estimate.overhead_s + others_s,
        work_s=tuple(
            work + each / share for work, each in zip(estimate.work_s, films_s, strict=True)
        ),
    )


def _crowding() -> float:
    """Seconds that one second of computing takes beside what else this machine does now."""
    began, computed = time.perf_counter(), time.thread_time()
    while time.thread_time() - computed < _COMPUTED_S:
        check_stop()
    return max(1.0, (time.perf_counter() - began) / _COMPUTED_S)


def _kind_of(plan: VideoPlan) -> Kind:
    return canonical_sha256([plan.engine, plan.settings])


def samples_of(plans: Sequence[VideoPlan]) -> dict[Kind, VideoPlan]:
    """A plan of each kind, by engine and settings, of its commonest size; commonest kind first."""
    counts = Counter((_kind_of(plan), plan.width, plan.height) for plan in plans)
    sizes: dict[Kind, tuple[int, int]] = {}
    for (kind, width, height), _ in counts.most_common():
        sizes.setdefault(kind, (width, height))
    return {
        kind: next(p for p in plans if (_kind_of(p), p.width, p.height) == (kind, *size))
        for kind, size in sizes.items()
    }


@dataclass(frozen=True)
class _Bench:
    """Where a few short videos are made; hosts stay warm from one to the next."""

    place: CampaignFolder
    store: CampaignFolder
    pool: EnginePool

    def pace(self, plan: VideoPlan) -> tuple[Pace, float]:
        """Of one worker alone, once its engine is warm; and its seconds for the longer video."""
        self._make(plan, _SHORT_FRAMES, "warm")
        short, _ = self._make(plan, _SHORT_FRAMES, "short")
        long, video_s = self._make(plan, _LONG_FRAMES, "long")
        return pace_of(short, long, video_s), long.seconds + video_s

    def speed_up(self, plan: VideoPlan, count: int, alone_s: float) -> float:
        """How much more ``count`` workers get done in the same time than one.

        It refers to the time that the pace is made of: what disturbed that cancels out.
        """
        make = partial(self._make, plan, _LONG_FRAMES)
        with ThreadPoolExecutor(count) as pool:
            list(pool.map(make, [f"warm-{index}" for index in range(count)]))  # more hosts start
            began = time.perf_counter()
            list(pool.map(make, [f"beside-{index}" for index in range(count)]))
            return count * alone_s / (time.perf_counter() - began)

    def _make(self, plan: VideoPlan, num_frames: int, name: str) -> tuple[Timing, float]:
        """A video like the plan's, but short: how long its segment took, and its delivery."""
        self.place.fetch_speech(plan.speech_id)
        speech = load_speech(plan.speech_id, self.store.speech)
        if speech is None:
            raise DamagedError(f"speech/{plan.speech_id} is missing or damaged; plan again")
        num_frames = min(num_frames, plan.num_frames)
        key = canonical_sha256([plan.segments[0].key, name])
        segment = SegmentPlan(index=0, start_frame=0, end_frame=num_frames, key=key)
        short = plan.model_copy(
            update={"video_id": name, "num_frames": num_frames, "segments": (segment,)}
        )
        began = time.perf_counter()
        receipt = self._rendered(short, segment)
        rendered = time.perf_counter()
        deliver_video(short, [receipt], speech, self.store, VideoParts(plan_sha256=key))
        timing = Timing(num_frames * plan.width * plan.height, rendered - began)
        return timing, time.perf_counter() - rendered

    def _rendered(self, plan: VideoPlan, segment: SegmentPlan) -> SegmentReceipt:
        speech = self.store.speech / f"{plan.speech_id}.16k.wav"
        with self.pool.lend(plan.engine) as host:
            job = segment_job(
                plan,
                segment,
                portrait=read_portrait(self.place.portrait(plan.portrait)),
                track=EngineTrack(speech, None),
                handoff=None,
                identity=host.identity,
            )
            receipt, _ = render_segment(
                plan, job, host=host, folder=self.store, attempt=1, should_stop=lambda: False
            )
        return receipt


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
