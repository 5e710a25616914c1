"""Measures this machine's speed on a campaign's own portraits, for an honest estimate."""

import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tasks.encode import encode_segment
from tasks.engine import EnginePool
from tasks.estimate import (
    FIRST_RUN_OVERHEAD_S,
    RUN_OVERHEAD_S,
    VIDEO_OVERHEAD_S,
    estimate_seconds,
)
from tasks.picture import read_portrait
from tasks.records import VideoPlan
from tasks.render import segment_job
from tasks.store import CampaignFolder
from tasks.window import EngineTrack

_PROBE_FRAMES = 48


def estimate_campaign(
    plans: Sequence[VideoPlan], frames_left: Sequence[int], folder: CampaignFolder, workers: int
) -> float:
    """Seconds to render what is left, from a few frames rendered now.

    Args:
        plans: the videos with something left, in the order they will be made.
        frames_left: of each, the frames not rendered yet.
        folder: the campaign's, where its speech is.
        workers: videos at once.
    """
    if not plans:
        return 0.0
    common = Counter((plan.engine, plan.width, plan.height) for plan in plans).most_common(1)[0][0]
    sample = next(plan for plan in plans if (plan.engine, plan.width, plan.height) == common)
    counts = sorted({1, min(workers, len(plans))})
    measured = {count: _pixels_per_second(sample, folder, count) for count in counts}
    low, high = measured[counts[0]], measured[counts[-1]]
    rates = [
        low + (high - low) * (count - 1) / max(1, counts[-1] - 1)
        for count in range(1, counts[-1] + 1)
    ]
    work = [
        float(frames * plan.width * plan.height)
        for plan, frames in zip(plans, frames_left, strict=True)
    ]
    render = estimate_seconds(work, rates, workers)
    is_first = not (folder.logs / "prefect").exists()
    overhead = FIRST_RUN_OVERHEAD_S if is_first else RUN_OVERHEAD_S
    return overhead + render + VIDEO_OVERHEAD_S * len(plans) / min(workers, len(plans))


def _pixels_per_second(plan: VideoPlan, folder: CampaignFolder, count: int) -> float:
    with (
        tempfile.TemporaryDirectory(prefix="nightshoot-probe-") as name,
        folder.local("probe") as place,
        EnginePool(Path(name)) as pool,
        ThreadPoolExecutor(count) as threads,
    ):
        place.fetch_speech(plan.speech_id)
        place.portrait(plan.portrait)
        render = partial(_render, plan, place, pool)
        list(threads.map(render, [Path(name) / f"warm-{i}.mp4" for i in range(count)]))
        started = time.perf_counter()
        list(threads.map(render, [Path(name) / f"run-{i}.mp4" for i in range(count)]))
        seconds = time.perf_counter() - started
    frames = min(_PROBE_FRAMES, plan.num_frames)
    return count * frames * plan.width * plan.height / seconds


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
