"""Measures this machine's speed on a campaign's own portraits, for an honest estimate."""

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
from tasks.media.encode import encode_segment
from tasks.media.render import segment_job
from tasks.plan.audio_window import EngineTrack
from tasks.plan.estimate import (
    FIRST_RUN_OVERHEAD_S,
    RUN_OVERHEAD_S,
    VIDEO_OVERHEAD_S,
    estimate_seconds,
)
from tasks.portrait.picture import read_portrait
from tasks.records import VideoPlan
from tasks.store.campaign_folder import CampaignFolder

_PROBE_FRAMES = 48
Kind: TypeAlias = str


def estimate_campaign(
    plans: Sequence[VideoPlan], frames_left: Sequence[int], folder: CampaignFolder, workers: int
) -> float:
    """Seconds to render what is left, from a few frames rendered now.

    Engines and their settings differ in speed by far; each kind is rendered alone, the commonest
    side by side too.

    Args:
        plans: the videos with something left, in the order they will be made.
        frames_left: of each, the frames not rendered yet.
        folder: the campaign's, where its speech is.
        workers: videos at once.
    """
    if not plans:
        return 0.0
    samples = samples_of(plans)
    common, sample = next(iter(samples.items()))
    counts = sorted({1, min(workers, len(plans))})
    with _bench(folder) as bench:
        measured = {count: bench.pixels_per_second(sample, count) for count in counts}
        low, high = measured[counts[0]], measured[counts[-1]]
        slowness = {
            kind: 1.0 if kind == common else low / bench.pixels_per_second(plan, 1)
            for kind, plan in samples.items()
        }
    rates = [
        low + (high - low) * (count - 1) / max(1, counts[-1] - 1)
        for count in range(1, counts[-1] + 1)
    ]
    work = [
        float(frames * plan.width * plan.height) * slowness[_kind_of(plan)]
        for plan, frames in zip(plans, frames_left, strict=True)
    ]
    render = estimate_seconds(work, rates, workers)
    is_first = not (folder.logs / "prefect").exists()
    overhead = FIRST_RUN_OVERHEAD_S if is_first else RUN_OVERHEAD_S
    return overhead + render + VIDEO_OVERHEAD_S * len(plans) / min(workers, len(plans))


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
    """Where a few frames are rendered; hosts stay warm from one measurement to the next."""

    scratch: Path
    place: CampaignFolder
    pool: EnginePool

    def pixels_per_second(self, plan: VideoPlan, count: int) -> float:
        """Of ``count`` segments like the plan's, side by side."""
        self.place.fetch_speech(plan.speech_id)
        self.place.portrait(plan.portrait)
        render = partial(_render, plan, self.place, self.pool)
        with (
            tempfile.TemporaryDirectory(dir=self.scratch) as name,
            ThreadPoolExecutor(count) as pool,
        ):
            list(pool.map(render, [Path(name) / f"warm-{i}.mp4" for i in range(count)]))
            started = time.perf_counter()
            list(pool.map(render, [Path(name) / f"run-{i}.mp4" for i in range(count)]))
            seconds = time.perf_counter() - started
        frames = min(_PROBE_FRAMES, plan.num_frames)
        return count * frames * plan.width * plan.height / seconds


@contextmanager
def _bench(folder: CampaignFolder) -> Generator[_Bench]:
    with (
        tempfile.TemporaryDirectory(prefix="nightshoot-probe-") as name,
        folder.local("probe") as place,
        EnginePool(Path(name)) as pool,
    ):
        yield _Bench(Path(name), place, pool)


def _render(plan: VideoPlan, folder: CampaignFolder, pool: EnginePool, part: Path) -> None:
    num_frames = min(_PROBE_FRAMES, plan.num_frames)
    segment = plan.segments[0].model_copy(update={"end_frame": num_frames})
    speech = folder.speech / f"{plan.speech_id}.16k.wav"
    with pool.lend(plan.engine) as host:
        job = segment_job(
            plan,
            segment,
            portrait=read_portrait(folder.portrait(plan.portrait)),
            track=EngineTrack(speech, None),
            handoff=None,
            identity=host.identity,
        )
        encode_segment(
            host.render(job),
            width=plan.width,
            height=plan.height,
            num_frames=num_frames,
            profile=plan.encode,
            part=part,
        )
