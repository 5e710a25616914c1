"""Which placement, what is offloaded, in which dtype: for GPUs that need not be there.

*bulk*   many videos: as many engines as the pool has room for, each with a video of its own. The
         most video in a given time wins; a GPU that no engine uses counts as used.
*rush*   one video, as soon as can be.

Every placement of the pool's GPUs is tried with every choice of what is offloaded. Where two are
as fast, fewer ranks win, then less that is offloaded.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import inf

from model.engine import FPS
from model.live_avatar.planning.cost import Plan, Tokens, is_narrow
from model.live_avatar.planning.gpus import GIB, Gpu, Pool
from model.live_avatar.planning.offload import (
    NO_OFFLOAD,
    Offload,
)
from model.live_avatar.planning.placement import MOST_RANKS, Placement
from model.live_avatar.planning.placement_checks import Wanted, placement_faults
from model.live_avatar.planning.rank_memory import Fit, fit
from model.live_avatar.planning.speed_model import Layout, Rates, SpeedEstimate, estimate_speed

_FLOAT8 = "float8"


@dataclass(frozen=True)
class Work:
    """Videos of one size and one set of settings.

    Attributes:
        plan: of a block.
        segments: frames of every segment, of all videos.
        is_context: segments go on from the blocks before.
    """

    plan: Plan
    segments: tuple[int, ...]
    is_context: bool = False

    @property
    def video_s(self) -> float:
        """Seconds of video."""
        return sum(self.segments) / FPS


@dataclass(frozen=True)
class Offer:
    """One way to do some work on a pool.

    Attributes:
        layout: of each engine; of the work that needs most memory.
        fit: of that, on the pool's GPUs.
        num_engines: side by side.
        paces: of each kind of work, in its order.
        engine_s: that one engine would take for all of it.
        video_s: of video in it.
        num_steps: of denoising, of the work that has fewest.
    """

    layout: Layout
    fit: Fit
    num_engines: int
    paces: tuple[SpeedEstimate, ...]
    engine_s: float
    video_s: float
    num_steps: int

    @property
    def seconds_per_second(self) -> float:
        """Of one engine, for a second of video."""
        return self.engine_s / self.video_s

    @property
    def gpu_seconds_per_second(self) -> float:
        """Of the GPUs that it uses."""
        return self.seconds_per_second * self.layout.placement.num_ranks

    @property
    def pool_seconds_per_second(self) -> float:
        """Of the whole pool, all its engines at work; without end where it has room for none."""
        return self.seconds_per_second / self.num_engines if self.num_engines else inf


@dataclass(frozen=True)
class Choice:
    """What was found for a pool.

    Attributes:
        offers: all, the best for bulk first; those that do not fit behind them.
        bulk: the best of them; None: nothing fits.
        rush: the one with which a video is ready first.
    """

    offers: tuple[Offer, ...]
    bulk: Offer | None
    rush: Offer | None

    @property
    def nearest(self) -> Offer:
        """The one that lacks least."""
        return min(self.offers, key=lambda offer: offer.fit.largest.memory.total)


def choose(
    pool: Pool,
    works: Sequence[Work],
    rates: Mapping[str, Rates],
    host_bytes: int | None = None,
    *,
    placement: Placement | None = None,
    offload: Offload | None = None,
) -> Choice:
    """The best ways to do all of ``works``, whose plans have the same model.

    Args:
        pool: GPUs of one kind in one machine.
        works: at least one.
        rates: of the pool's GPUs, by dtype.
        host_bytes: that may be page-locked in the host's memory; None: any number.
        placement: the only one to try; None: all.
        offload: the only one to try; None: all.

    Raises:
        ValueError: there are no works.
    """
    if not works:
        raise ValueError("works must not be empty")
    offers = [
        offer_of(pool, each, moved, works, rates)
        for each in ([placement] if placement else placements(pool.count, works))
        for moved in ([offload] if offload is not None else offloads(each))
    ]
    fitting = [offer for offer in offers if not fault_of(offer, host_bytes)]
    others = [offer for offer in offers if fault_of(offer, host_bytes)]
    return Choice(
        offers=(
            *sorted(fitting, key=bulk_rank),
            *sorted(others, key=lambda offer: offer.fit.largest.memory.total),
        ),
        bulk=min(fitting, key=bulk_rank, default=None),
        rush=min(fitting, key=rush_rank, default=None),
    )


def fault_of(offer: Offer, host_bytes: int | None = None) -> str:
    """Why an offer cannot be taken; empty where it can."""
    if not offer.num_engines:
        return f"takes {offer.layout.placement.num_ranks} GPUs, more than this pool has"
    if offer.layout.placement.stages > offer.num_steps:
        return f"has {offer.layout.placement.stages} stages for {offer.num_steps} steps"
    needed = offer.fit.host_bytes * offer.num_engines
    if offer.fit.problem or host_bytes is None or needed <= host_bytes:
        return offer.fit.problem
    return (
        f"{offer.num_engines} engines page-lock {needed / GIB:.0f} GiB of the host's memory, but "
        f"the limit is {host_bytes / GIB:.0f} GiB"
    )


def bulk_rank(offer: Offer) -> tuple[float, int, int, str]:
    """The smaller, the better."""
    return (round(offer.pool_seconds_per_second, 9), *_simplicity(offer))


def rush_rank(offer: Offer) -> tuple[float, int, int, str]:
    """The smaller, the better."""
    return (round(offer.seconds_per_second, 9), *_simplicity(offer))


def _simplicity(offer: Offer) -> tuple[int, int, str]:
    layout = offer.layout
    return layout.placement.num_ranks, num_offloaded(layout.offload), str(layout.placement)


def num_offloaded(offload: Offload) -> int:
    """Kinds of things that are."""
    return sum((offload.kv, offload.sink, offload.weights, offload.text))


def placements(num_gpus: int, works: Sequence[Work]) -> Iterator[Placement]:
    """All that make sense on so many GPUs for all of ``works``, the simplest first.

    A decoder of its own is for pipelines; weights are shared out among all ranks of a stage.
    """
    config = works[0].plan.model.transformer
    most = min(num_gpus, MOST_RANKS)
    num_steps = min(work.plan.num_steps for work in works)
    for stages, size in product(range(1, num_steps + 1), range(1, most + 1)):
        for heads, shards in sorted({(1, size), (size, 1), (size, size)}):
            for has_decoder in (False, True):
                if stages * size + has_decoder > most:
                    continue
                placement = Placement(stages, heads, shards, has_decoder)
                if not placement_faults(Wanted(placement, num_steps=num_steps), config):
                    yield placement


def offloads(placement: Placement) -> Iterator[Offload]:
    """All that can be beside a placement; weights are shared out or offloaded, not both."""
    for kv, sink, weights, text in product((False, True), repeat=4):
        if (sink and not kv) or (weights and placement.shards > 1):
            continue
        yield Offload(kv, sink, weights, text)


def offer_of(
    pool: Pool,
    placement: Placement,
    offload: Offload,
    works: Sequence[Work],
    rates: Mapping[str, Rates],
) -> Offer:
    """One way to do ``works``; whether it fits is told by its fault."""
    layouts = [Layout(work.plan, placement, offload) for work in works]
    fits = [fit(layout.plan, placement, offload, pool.gpu.memory_bytes) for layout in layouts]
    worst = max(range(len(works)), key=lambda index: fits[index].largest.memory.total)
    paces = [
        estimate_speed(layout, rates[work.plan.dtype], is_context=work.is_context)
        for layout, work in zip(layouts, works, strict=True)
    ]
    return Offer(
        layout=layouts[worst],
        fit=replace(fits[worst], host_bytes=max(each.host_bytes for each in fits)),
        num_engines=pool.count // placement.num_ranks,
        paces=tuple(paces),
        engine_s=sum(work_seconds(work, each) for work, each in zip(works, paces, strict=True)),
        video_s=sum(work.video_s for work in works),
        num_steps=min(work.plan.num_steps for work in works),
    )


def work_seconds(work: Work, at: SpeedEstimate) -> float:
    """That one engine takes for all segments of some work."""
    blocks_per_clip = _blocks_per_clip(work.plan.tokens)
    return sum(at.segment_s(frames, blocks_per_clip) for frames in work.segments)


def _blocks_per_clip(tokens: Tokens) -> int:
    return tokens.ring // tokens.block


def families(choice: Choice) -> list[Offer]:
    """The best offer of every placement that fits, and of every other the one that lacks least."""
    best: dict[Placement, Offer] = {}
    for offer in choice.offers:
        best.setdefault(offer.layout.placement, offer)
    return list(best.values())


# --- float8 ---


def float8_note(pool: Pool, works: Sequence[Work], rates: Rates) -> str:
    """What 8 bits would change on this pool, which alters pixels and so is nobody's default."""
    gpu = pool.gpu
    if gpu.has_float8 is False:
        return f"float8: {gpu.name} has no 8-bit products, which need compute capability 8.9"
    narrow = [replace(work, plan=replace(work.plan, dtype=_FLOAT8)) for work in works]
    found = choose(pool, narrow, {_FLOAT8: rates}).bulk
    if found is None:
        return "float8: does not fit either"
    layout = found.layout
    told = f"{layout.placement}"
    if layout.offload != NO_OFFLOAD:
        told += f" with {layout.offload} offloaded"
    proviso = ", if the cards have 8-bit products (compute capability 8.9)"
    pacing = f", {found.seconds_per_second:.2f} s a second"
    told += proviso if gpu.has_float8 is None else pacing
    return f"float8 (changes pixels) would fit as {told}"


def gpu_faults(gpu: Gpu, dtype: str) -> str:
    """Why a GPU cannot compute in a dtype; empty where it can, or where that is not known."""
    if is_narrow(dtype) and gpu.has_float8 is False:
        return f"{gpu.name} has no 8-bit products: take bfloat16, or a card of capability 8.9"
    if dtype == "bfloat16" and gpu.usual_dtype == "float16":
        return f"{gpu.name} has no bfloat16: take --dtype float16"
    return ""
