"""Which placement a campaign takes on which GPUs: the planner's choices, as records for people.

The planner itself is the engine's (:mod:`model.live_avatar.planning.planner`); speed is measured
(:mod:`tasks.gpu_plans.calibration`), or assumed and said to be.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from pydantic import Field

from model.engine import FPS
from model.errors import CampaignError
from model.live_avatar.planning.cost import Plan, is_narrow
from model.live_avatar.planning.gpus import GIB, Gpu, Pool, like_of, read_pools
from model.live_avatar.planning.offload import (
    NO_OFFLOAD,
    Offload,
    read_offload,
)
from model.live_avatar.planning.placement import ALONE, Placement, read_placement
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
    work_seconds,
)
from model.live_avatar.planning.sizes import (
    MODELS,
    PUBLISHED,
    num_text_parameters,
    num_transformer_parameters,
)
from model.live_avatar.planning.speed_model import Rates, assumed_rates
from model.live_avatar.settings import DEFAULTS, setting_fault
from tasks.gpu_plans.calibration import CalibrationEntry, newest
from tasks.gpu_plans.layouts import layout_env
from tasks.manifest.cell_values import BadValueError, parse_number
from tasks.manifest.presets import Preset
from tasks.manifest.row_settings import CLIP_RANGES, DEFAULT_SEGMENT_CLIPS, LAST_FRAME, as_kind_of
from tasks.records import Record, Scalar, VideoPlan

ENGINE = "live-avatar"
_SAME_MEMORY = 0.08  # of a card that is known by its memory alone, and one that was measured


# --- records ------------------------------------------------------------------------------------


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


# --- what is asked ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Videos:
    """Videos of one size and one set of settings.

    Attributes:
        what: a name for people.
        width: pixels.
        height: pixels.
        settings: of the engine: those that change its cost.
        segments: of each video, by its name, the frames of its segments.
    """

    what: str
    width: int
    height: int
    settings: Mapping[str, Scalar]
    segments: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class GpuRequest:
    """What is wanted of which GPUs.

    Attributes:
        gpus: as ``4x24,1x80``: pools, each of one machine's GPUs.
        entries: of the calibration file.
        is_rush: one video as soon as can be, instead of many.
        placement: the only one to look at; None: all.
        offload: the only one to look at; None: all.
        host_gib: of each machine, that may be page-locked; None: any number.
    """

    gpus: str
    entries: tuple[CalibrationEntry, ...] = ()
    is_rush: bool = False
    placement: Placement | None = None
    offload: Offload | None = None
    host_gib: float | None = None

    @property
    def host_bytes(self) -> int | None:
        """The same in bytes."""
        return None if self.host_gib is None else int(self.host_gib * GIB)


def asked(
    gpus: str,
    entries: tuple[CalibrationEntry, ...],
    *,
    is_rush: bool,
    placement: str | None,
    offload: str | None,
    host_gib: float | None,
) -> GpuRequest:
    """From a command's options.

    Raises:
        CampaignError: a placement or an offload cannot be read.
    """
    try:
        return GpuRequest(
            gpus,
            entries,
            is_rush,
            None if placement is None else read_placement(placement),
            None if offload is None else read_offload(offload),
            host_gib,
        )
    except ValueError as error:
        raise CampaignError(f"--placement or --offload: {error}") from error


def usable_settings(given: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """Settings of clips and of the engine, as somebody wrote them, with their types.

    Raises:
        CampaignError: one is unknown, or breaks a rule.
    """
    found: dict[str, Scalar] = {}
    for name, text in given.items():
        try:
            found[name] = _setting(name, text)
        except BadValueError as error:
            rule, way_out = error.args
            raise CampaignError(f'setting "{name}" "{text}": {rule}; {way_out}') from error
    return found


def _setting(name: str, text: Scalar) -> Scalar:
    if name in CLIP_RANGES:
        text = parse_number(str(text), *CLIP_RANGES[name])
    elif name not in DEFAULTS:
        known = ", ".join(sorted({*DEFAULTS, *CLIP_RANGES}))
        raise BadValueError(f"engine {ENGINE} has no such setting", f"choose one of {known}")
    if name not in DEFAULTS:
        return text
    value = as_kind_of(DEFAULTS[name], text)
    if fault := setting_fault(name, value):
        raise BadValueError(fault, f'try "{DEFAULTS[name]}"')
    return value


def preset_videos(
    presets: Mapping[str, Preset], given: Mapping[str, Scalar], seconds: float
) -> list[Videos]:
    """A video of so many seconds in every preset; those that cost the same are told together.

    Args:
        presets: by name.
        given: settings that take the place of the presets'.
        seconds: of video.
    """
    found: dict[tuple[object, ...], Videos] = {}
    for name, preset in presets.items():
        settings: dict[str, Scalar] = {**preset.settings, **given}
        usual = DEFAULT_SEGMENT_CLIPS[str(settings.get("handoff", LAST_FRAME))]
        clips = int(settings.pop("segment_clips", usual))
        segment = clips * int(settings["infer_frames"])
        whole, rest = divmod(round(seconds * FPS), segment)
        frames = (segment,) * whole + (rest,) * (rest > 0)
        kind = (preset.width, preset.height, frames, *sorted(settings.items()))
        before = found.get(kind)
        what = f"{before.what}, {name}" if before else name
        found[kind] = Videos(what, preset.width, preset.height, settings, {"video": frames})
    return list(found.values())


def videos_of(plans: Iterable[VideoPlan]) -> list[Videos]:
    """Plans of this engine, grouped by what they cost."""

    def kind(plan: VideoPlan) -> tuple[object, ...]:
        return (plan.width, plan.height, *sorted(_costly(plan.settings).items()))

    mine = sorted((plan for plan in plans if plan.engine == ENGINE), key=lambda p: repr(kind(p)))
    return [
        Videos(
            what=f"{len(group)} videos" if len(group) > 1 else group[0].video_id,
            width=group[0].width,
            height=group[0].height,
            settings=group[0].settings,
            segments={
                plan.video_id: tuple(segment.num_frames for segment in plan.segments)
                for plan in group
            },
        )
        for group in (list(found) for _, found in groupby(mine, key=kind))
    ]


def _costly(settings: Mapping[str, Scalar]) -> dict[str, Scalar]:
    names = ("sample_steps", "infer_frames", "truncate_schedule", "dtype", "handoff")
    return {name: settings[name] for name in names if name in settings}


def _work(videos: Videos, gpu: Gpu) -> Work:
    settings = videos.settings
    is_truncated = bool(settings.get("truncate_schedule", False))
    num_steps = int(settings.get("sample_steps", 4))
    plan = Plan(
        MODELS[PUBLISHED],
        videos.width,
        videos.height,
        infer_frames=int(settings.get("infer_frames", 48)),
        num_steps=max(1, num_steps - is_truncated),
        dtype=str(settings.get("dtype", gpu.usual_dtype)),
    )
    segments = tuple(frames for each in videos.segments.values() for frames in each)
    return Work(plan, segments, is_context=settings.get("handoff") == "context")


# --- speed --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Speed:
    """How fast the GPUs of a pool are.

    Attributes:
        gpu: of the pool; with its measured memory, where it was measured by name.
        entries: of the calibration file that are of such a GPU.
    """

    gpu: Gpu
    entries: tuple[CalibrationEntry, ...]

    @classmethod
    def of(cls, gpu: Gpu, entries: Sequence[CalibrationEntry]) -> "Speed":
        """What is known of a GPU."""
        mine = tuple(
            entry
            for entry in entries
            if (entry.engine, entry.model) == (ENGINE, PUBLISHED) and is_of(entry, gpu)
        )
        found = newest(mine)
        if found is not None and gpu.capability is not None:
            gpu = replace(gpu, usable_bytes=found.memory_bytes)
        return cls(gpu, mine)

    def entry(self, dtype: str) -> CalibrationEntry | None:
        """The newest one of a dtype; kinds of float8 differ by less than machines do."""
        measured = dtype.partition("-")[0]
        return newest([entry for entry in self.entries if entry.dtype == measured])

    def rates(self, dtype: str) -> Rates:
        """Measured, or assumed.

        Raises:
            CampaignError: the entry lacks a figure.
        """
        entry, assumed = self.entry(dtype), assumed_rates(self.gpu, dtype)
        if entry is None:
            return assumed
        try:
            rates = Rates.of(entry.figures)
        except ValueError as error:
            raise CampaignError(
                f"the calibration of {entry.gpu} in {dtype}: {error}; run `nightshoot calibrate` "
                "there again"
            ) from error
        return rates if rates.link_gbps else replace(rates, link_gbps=assumed.link_gbps)

    def basis(self, dtype: str) -> str:
        """In words."""
        entry = self.entry(dtype)
        if entry is not None:
            return f"calibrated on {entry.gpu} in {dtype}, {entry.measured_at:%Y-%m-%d}"
        card = like_of(self.gpu) or self.gpu.name
        return (
            f"not calibrated: estimated from the counted work of the engine and the datasheet of "
            f"{card}; `nightshoot calibrate` measures them"
        )


def is_of(entry: CalibrationEntry, gpu: Gpu) -> bool:
    """Whether an entry was measured on such a GPU: its name, or a card of about its memory."""
    share = entry.memory_bytes / gpu.memory_bytes - 1
    if gpu.capability is None:
        return abs(share) <= _SAME_MEMORY
    words = re.split(r"[\s-]+", entry.gpu.lower())
    return gpu.name.lower().partition("-")[0] in words and abs(share) <= 2 * _SAME_MEMORY


# --- quotes -------------------------------------------------------------------------------------


def quote_gpus(videos: Sequence[Videos], wanted: GpuRequest) -> GpuQuote:
    """What every pool would do with every kind of video.

    Args:
        videos: at least one kind.
        wanted: of which GPUs.

    Raises:
        CampaignError: the GPUs cannot be read, or a placement is impossible on all of them.
    """
    pools = _pools(wanted.gpus)
    if wanted.placement is not None:
        _check_wanted(wanted.placement, pools, videos)
    return GpuQuote(
        pools=tuple(_quote_pool(pool, videos, wanted) for pool in pools),
        is_rush=wanted.is_rush,
    )


def _pools(gpus: str) -> tuple[Pool, ...]:
    try:
        return read_pools(gpus)
    except ValueError as error:
        raise CampaignError(f"--gpus {error}") from error


def _check_wanted(placement: Placement, pools: Sequence[Pool], videos: Sequence[Videos]) -> None:
    largest = max(pools, key=lambda pool: pool.count)
    steps = max(_work(each, pool.gpu).plan.num_steps for each in videos for pool in pools)
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
    dtypes = {_work(each, pool.gpu).plan.dtype for each in videos}
    for dtype in sorted(dtypes):
        if fault := gpu_faults(pool.gpu, dtype):
            raise CampaignError(f"--gpus {pool}: {fault}")
    loads = [speed.rates(dtype).load_gbps for dtype in dtypes]
    return PoolQuote(
        pool=str(pool),
        num_gpus=pool.count,
        gpu=pool.gpu.name,
        usable_gib=pool.gpu.memory_bytes / GIB,
        basis="; ".join(sorted({speed.basis(dtype) for dtype in dtypes})),
        is_calibrated=all(speed.entry(dtype) is not None for dtype in dtypes),
        load_s=_weight_files_gb() / min(loads) if all(loads) else None,
        sizes=tuple(_quote_size(pool, speed, each, wanted) for each in videos),
    )


def _weight_files_gb() -> float:
    """Of the published files: transformer and text encoder, in 16 bits."""
    sizes = MODELS[PUBLISHED]
    count = num_transformer_parameters(sizes.transformer) + num_text_parameters(sizes.text)
    return 2 * count / 1e9


def _choose(
    pool: Pool, works: Sequence[Work], rates: Mapping[str, Rates], wanted: GpuRequest
) -> Choice:
    return choose(
        pool,
        works,
        rates,
        wanted.host_bytes,
        placement=wanted.placement,
        offload=wanted.offload,
    )


def _quote_size(pool: Pool, speed: Speed, videos: Videos, wanted: GpuRequest) -> SizeQuote:
    work = _work(videos, pool.gpu)
    rates = {work.plan.dtype: speed.rates(work.plan.dtype)}
    choice = _choose(pool, [work], rates, wanted)

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


# --- a campaign ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class CopyStreams:
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

    Each pool has one placement for all its videos. Arguments are those of :func:`quote_gpus`.
    """
    lanes = [lane for pool in _pools(wanted.gpus) for lane in _lanes(pool, videos, wanted)]
    if not lanes:
        return None
    frames = sum(sum(each) for kind in videos for each in kind.segments.values())
    return finish(lanes, frames / FPS)


def _lanes(pool: Pool, videos: Sequence[Videos], wanted: GpuRequest) -> list[CopyStreams]:
    speed = Speed.of(pool.gpu, wanted.entries)
    pool = Pool(pool.count, speed.gpu)
    works = [_work(each, pool.gpu) for each in videos]
    rates = {work.plan.dtype: speed.rates(work.plan.dtype) for work in works}
    choice = _choose(pool, works, rates, wanted)
    offer = choice.rush if wanted.is_rush else choice.bulk
    if offer is None:
        return []
    seconds = {
        name: work_seconds(replace(work, segments=frames), pace)
        for each, work, pace in zip(videos, works, offer.paces, strict=True)
        for name, frames in each.segments.items()
    }
    slowest = min(each.load_gbps for each in rates.values())
    begins = _weight_files_gb() / slowest if slowest else 0.0
    lane = CopyStreams(str(pool), quote_offer(offer, wanted.host_bytes), begins, seconds)
    return [lane] * offer.num_engines


def finish(lanes: Sequence[CopyStreams], video_s: float) -> CampaignQuote:
    """Give the longest video that is left to the engine that would be done with it first.

    Args:
        lanes: at least one; all take the same videos.
        video_s: seconds of video, of all.
    """
    names = sorted(lanes[0].video_s, key=lambda name: -max(lane.video_s[name] for lane in lanes))
    free = [(lane.begins_s, index) for index, lane in enumerate(lanes)]
    gpu_seconds, shares = 0.0, {lane.pool: 0 for lane in lanes}
    end, last = 0.0, ""
    for name in names:
        at, index = min(free, key=lambda each: each[0] + lanes[each[1]].video_s[name])
        lane = lanes[index]
        done = at + lane.video_s[name]
        free[index] = (done, index)
        gpu_seconds += lane.layout.gpus * lane.video_s[name]
        shares[lane.pool] += 1
        if done > end:
            end, last = done, name
    return CampaignQuote(
        num_videos=len(names),
        video_s=video_s,
        seconds=end,
        gpu_seconds=gpu_seconds,
        last_video=last,
        shares=shares,
        layouts={lane.pool: lane.layout for lane in lanes},
    )
