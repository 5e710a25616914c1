"""When all videos of a campaign would be finished on some pools."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from model.engine import FPS
from model.live_avatar.planning.gpus import Pool
from model.live_avatar.planning.planner import work_seconds
from tasks.gpu_plans.quotes import (
    CampaignQuote,
    OfferQuote,
    choose_layout,
    quote_offer,
    weight_files_gb,
)
from tasks.gpu_plans.requests import GpuRequest, Videos, named_pools, work_of
from tasks.gpu_plans.speeds import Speed


@dataclass(frozen=True)
class PoolEngine:
    """One engine of a pool.

    Attributes:
        pool: its name.
        layout: how it renders.
        begins_s: when its weights are loaded.
        video_s: of every video, the seconds that it takes.
    """

    pool: str
    layout: OfferQuote
    begins_s: float
    video_s: Mapping[str, float]


def quote_campaign(videos: Sequence[Videos], wanted: GpuRequest) -> CampaignQuote | None:
    """When all videos would be finished, the longest begun first; None where no pool fits all.

    Each pool has one placement for all its videos. Arguments are those of
    :func:`tasks.gpu_plans.quotes.quote_gpus`.
    """
    pools = named_pools(wanted.gpus)
    engines = [engine for pool in pools for engine in _engines(pool, videos, wanted)]
    if not engines:
        return None
    frames = sum(sum(each) for kind in videos for each in kind.segments.values())
    return finish(engines, frames / FPS)


def _engines(pool: Pool, videos: Sequence[Videos], wanted: GpuRequest) -> list[PoolEngine]:
    speed = Speed.of(pool.gpu, wanted.entries)
    pool = Pool(pool.count, speed.gpu)
    works = [work_of(each, pool.gpu, speed.compilation) for each in videos]
    rates = {work.plan.dtype: speed.rates(work.plan.dtype) for work in works}
    choice = choose_layout(pool, works, rates, wanted)
    offer = choice.rush if wanted.is_rush else choice.bulk
    if offer is None:
        return []
    seconds = {
        name: work_seconds(replace(work, segments=frames), pace)
        for each, work, pace in zip(videos, works, offer.paces, strict=True)
        for name, frames in each.segments.items()
    }
    slowest = min(each.load_gbps for each in rates.values())
    begins = weight_files_gb() / slowest if slowest else 0.0
    engine = PoolEngine(str(pool), quote_offer(offer, wanted.host_bytes), begins, seconds)
    return [engine] * offer.num_engines


def finish(engines: Sequence[PoolEngine], video_s: float) -> CampaignQuote:
    """Give the longest video that is left to the engine that would be done with it first.

    Args:
        engines: at least one; all take the same videos.
        video_s: seconds of video, of all.
    """
    slowest = {name: max(each.video_s[name] for each in engines) for name in engines[0].video_s}
    names = sorted(slowest, key=lambda name: -slowest[name])
    free = [(engine.begins_s, index) for index, engine in enumerate(engines)]
    gpu_seconds, shares = 0.0, {engine.pool: 0 for engine in engines}
    end, last = 0.0, ""
    for name in names:
        at, index = min(free, key=lambda each: each[0] + engines[each[1]].video_s[name])
        engine = engines[index]
        done = at + engine.video_s[name]
        free[index] = (done, index)
        gpu_seconds += engine.layout.gpus * engine.video_s[name]
        shares[engine.pool] += 1
        if done > end:
            end, last = done, name
    return CampaignQuote(
        num_videos=len(names),
        video_s=video_s,
        seconds=end,
        gpu_seconds=gpu_seconds,
        last_video=last,
        shares=shares,
        layouts={engine.pool: engine.layout for engine in engines},
    )
