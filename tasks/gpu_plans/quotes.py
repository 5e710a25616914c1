"""Which placement a campaign takes on which GPUs: the planner's choices, as records for people.

The planner itself is the engine's (:mod:`model.live_avatar.planning.planner`); speed is measured
(:mod:`tasks.gpu_plans.calibration`), or assumed and said to be.
"""

from collections.abc import Mapping, Sequence

from pydantic import Field

from model.errors import CampaignError
from model.live_avatar.planning.cost import is_narrow
from model.live_avatar.planning.gpus import GIB, Pool
from model.live_avatar.planning.offload import NO_OFFLOAD
from model.live_avatar.planning.placement import ALONE, Placement
from model.live_avatar.planning.placement_checks import Wanted, placement_faults
from model.live_avatar.planning.planner import (
    Choice,
    Offer,
    Work,
    choose,
    families,
    fault_of,
    float8_note,
    gpu_faults,
    offer_of,
)
from model.live_avatar.planning.sizes import (
    MODELS,
    PUBLISHED,
    num_text_parameters,
    num_transformer_parameters,
)
from model.live_avatar.planning.speed_model import Rates
from tasks.gpu_plans.layouts import layout_env
from tasks.gpu_plans.requests import GpuRequest, Videos, named_pools, work_of
from tasks.gpu_plans.speeds import Speed
from tasks.records import Record


class OfferQuote(Record):
    """One way to render, in figures."""

    placement: str
    offload: str = Field(description="What stays in the host's memory; empty: nothing.")
    dtype: str
    gpus: int = Field(description="Of each engine: the run's `gpus`.")
    engines: int = Field(description="Side by side on the pool.")
    memory_gib: float = Field(description="Of the rank that holds most.")
    largest_rank: str
    host_gib: float = Field(description="Page-locked in the host's memory, by all engines.")
    lacking_gib: float = Field(description="Of that rank; something is left to spare.")
    problem: str = Field(description="Why it cannot be; empty where it can.")
    seconds_per_second: float = Field(description="Of one engine, for a second of video.")
    gpu_seconds_per_second: float
    step_ms: float = Field(description="Of a block and denoising step.")
    engine_s: float = Field(description="Of one engine, for all the videos asked about.")

    @property
    def gpu_seconds(self) -> float:
        """For all the videos asked about."""
        return self.engine_s * self.gpus

    @property
    def env(self) -> dict[str, str]:
        """What sets it, of a worker or a run."""
        return layout_env(self.placement, self.offload)


class SizeQuote(Record):
    """What was found for videos of one size on a pool."""

    what: str
    size: str
    num_steps: int
    video_s: float
    bulk: OfferQuote | None
    rush: OfferQuote | None
    plain: OfferQuote = Field(description="One GPU for all, nothing offloaded.")
    nearest: OfferQuote | None = Field(description="Where nothing fits: what lacks least.")
    offers: tuple[OfferQuote, ...] = Field(description="The best of every placement.")
    float8: str


class PoolQuote(Record):
    """What was found for one pool."""

    pool: str
    num_gpus: int
    gpu: str
    usable_gib: float
    basis: str = Field(description="Where the seconds come from.")
    is_calibrated: bool
    load_s: float | None = Field(description="Of all weights, where it was measured.")
    compile_s: float | None = Field(
        description="Before the first block of a size where it is compiled, if that was measured."
    )
    compile_again_s: float | None = Field(
        description="The same where the machine has compiled that size before."
    )
    sizes: tuple[SizeQuote, ...]


class CampaignQuote(Record):
    """When a campaign would be finished on some pools."""

    num_videos: int
    video_s: float
    seconds: float
    gpu_seconds: float
    last_video: str
    shares: dict[str, int] = Field(description="How many videos each pool renders.")
    layouts: dict[str, OfferQuote] = Field(description="Of each pool: one for all its videos.")


class GpuQuote(Record):
    """All that `nightshoot plan --gpus` tells."""

    pools: tuple[PoolQuote, ...]
    is_rush: bool
    campaign: CampaignQuote | None = None


def quote_gpus(videos: Sequence[Videos], wanted: GpuRequest) -> GpuQuote:
    """What every pool would do with every kind of video.

    Args:
        videos: at least one kind.
        wanted: of which GPUs.

    Raises:
        CampaignError: the GPUs cannot be read, or a placement is impossible on all of them.
    """
    pools = named_pools(wanted.gpus)
    if wanted.placement is not None:
        _check_wanted(wanted.placement, pools, videos)
    return GpuQuote(
        pools=tuple(_quote_pool(pool, videos, wanted) for pool in pools),
        is_rush=wanted.is_rush,
    )


def _check_wanted(placement: Placement, pools: Sequence[Pool], videos: Sequence[Videos]) -> None:
    largest = max(pools, key=lambda pool: pool.count)
    steps = max(work_of(each, pool.gpu).plan.num_steps for each in videos for pool in pools)
    faults = placement_faults(Wanted(placement, num_steps=steps), MODELS[PUBLISHED].transformer)
    told = [f"{fault.found}; {fault.way_out}" for fault in faults]
    if placement.num_ranks > largest.count:
        told.append(
            f"it takes {placement.num_ranks} GPUs of one kind in one machine, but the largest of "
            f"{', '.join(map(str, pools))} is {largest}, and a placement cannot combine pools; "
            "choose fewer stages or heads"
        )
    if told:
        raise CampaignError(f"--placement {placement}: " + "; ".join(told))


def _quote_pool(pool: Pool, videos: Sequence[Videos], wanted: GpuRequest) -> PoolQuote:
    speed = Speed.of(pool.gpu, wanted.entries)
    pool = Pool(pool.count, speed.gpu)
    plans = [work_of(each, pool.gpu, speed.compilation).plan for each in videos]
    dtypes = {plan.dtype for plan in plans}
    for dtype in sorted(dtypes):
        if fault := gpu_faults(pool.gpu, dtype):
            raise CampaignError(f"--gpus {pool}: {fault}")
    loads = [speed.rates(dtype).load_gbps for dtype in dtypes]
    compiled = [speed.rates(plan.dtype) for plan in plans if plan.is_compiled]
    return PoolQuote(
        pool=str(pool),
        num_gpus=pool.count,
        gpu=pool.gpu.name,
        usable_gib=pool.gpu.memory_bytes / GIB,
        basis="; ".join(sorted({speed.basis(dtype) for dtype in dtypes})),
        is_calibrated=all(speed.entry(dtype) is not None for dtype in dtypes),
        load_s=weight_files_gb() / min(loads) if all(loads) else None,
        compile_s=max((each.compile_s for each in compiled), default=0.0) or None,
        compile_again_s=max((each.compile_again_s for each in compiled), default=0.0) or None,
        sizes=tuple(_quote_size(pool, speed, each, wanted) for each in videos),
    )


def weight_files_gb() -> float:
    """Of the published files: transformer and text encoder, in 16 bits."""
    sizes = MODELS[PUBLISHED]
    count = num_transformer_parameters(sizes.transformer) + num_text_parameters(sizes.text)
    return 2 * count / 1e9


def choose_layout(
    pool: Pool, works: Sequence[Work], rates: Mapping[str, Rates], wanted: GpuRequest
) -> Choice:
    """The best layout of a pool, as far as the request leaves it open."""
    return choose(
        pool,
        works,
        rates,
        wanted.host_bytes,
        placement=wanted.placement,
        offload=wanted.offload,
    )


def _quote_size(pool: Pool, speed: Speed, videos: Videos, wanted: GpuRequest) -> SizeQuote:
    work = work_of(videos, pool.gpu, speed.compilation)
    rates = {work.plan.dtype: speed.rates(work.plan.dtype)}
    choice = choose_layout(pool, [work], rates, wanted)

    def told(offer: Offer) -> OfferQuote:
        return quote_offer(offer, wanted.host_bytes)

    is_open = wanted.placement is None and wanted.offload is None
    note = ""
    if is_open and not is_narrow(work.plan.dtype):
        note = float8_note(pool, [work], speed.rates("float8"))
    return SizeQuote(
        what=videos.what,
        size=f"{videos.width}x{videos.height}",
        num_steps=work.plan.num_steps,
        video_s=work.video_s,
        bulk=told(choice.bulk) if choice.bulk else None,
        rush=told(choice.rush) if choice.rush else None,
        plain=told(offer_of(pool, ALONE, NO_OFFLOAD, [work], rates)),
        nearest=None if choice.bulk else told(choice.nearest),
        offers=tuple(told(offer) for offer in families(choice)),
        float8=note,
    )


def quote_offer(offer: Offer, host_bytes: int | None) -> OfferQuote:
    """An offer's figures."""
    layout, fit = offer.layout, offer.fit
    return OfferQuote(
        placement=str(layout.placement),
        offload=str(layout.offload),
        dtype=layout.plan.dtype,
        gpus=layout.placement.num_ranks,
        engines=offer.num_engines,
        memory_gib=fit.largest.memory.total / GIB,
        largest_rank=fit.largest.name,
        host_gib=offer.num_engines * fit.host_bytes / GIB,
        lacking_gib=fit.lacking_bytes / GIB,
        problem=fault_of(offer, host_bytes),
        seconds_per_second=offer.seconds_per_second,
        gpu_seconds_per_second=offer.gpu_seconds_per_second,
        step_ms=offer.paces[0].step_s * 1000,
        engine_s=offer.engine_s,
    )
