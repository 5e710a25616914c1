"""What is asked of the planner: which videos, on which GPUs, with which settings."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import groupby

from model.engine import FPS
from model.errors import CampaignError
from model.live_avatar.planning.cost import Plan
from model.live_avatar.planning.gpus import GIB, Gpu, Pool, read_pools
from model.live_avatar.planning.offload import Offload, read_offload
from model.live_avatar.planning.placement import Placement, read_placement
from model.live_avatar.planning.planner import Work
from model.live_avatar.planning.sizes import MODELS, PUBLISHED
from model.live_avatar.settings import (
    COMPILE,
    COMPILE_VAE,
    DEFAULTS,
    LATER_DEFAULTS,
    setting_fault,
)
from tasks.gpu_plans.calibration import CalibrationEntry
from tasks.gpu_plans.compilation import is_compiled
from tasks.manifest.cell_values import BadValueError, parse_number
from tasks.manifest.presets import Preset
from tasks.manifest.row_settings import CLIP_RANGES, DEFAULT_SEGMENT_CLIPS, LAST_FRAME, as_kind_of
from tasks.records import Scalar, VideoPlan

ENGINE = "live-avatar"
_DEFAULTS = {**DEFAULTS, **LATER_DEFAULTS}


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
    elif name not in _DEFAULTS:
        known = ", ".join(sorted({*_DEFAULTS, *CLIP_RANGES}))
        raise BadValueError(f"engine {ENGINE} has no such setting", f"choose one of {known}")
    if name not in _DEFAULTS:
        return text
    value = as_kind_of(_DEFAULTS[name], text)
    if fault := setting_fault(name, value):
        raise BadValueError(fault, f'try "{_DEFAULTS[name]}"')
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
    names += (COMPILE, COMPILE_VAE)
    return {name: settings[name] for name in names if name in settings}


def named_pools(gpus: str) -> tuple[Pool, ...]:
    """As ``4x24,1x80``.

    Raises:
        CampaignError: they cannot be read.
    """
    try:
        return read_pools(gpus)
    except ValueError as error:
        raise CampaignError(f"--gpus {error}") from error


def work_of(videos: Videos, gpu: Gpu, compilation: AbstractSet[str] = frozenset()) -> Work:
    """What an engine has to do for videos of one kind, in the dtype that they or the GPU name.

    Args:
        videos: of one kind.
        gpu: of the pool.
        compilation: the dtypes in which blocks are compiled where the videos leave that open.
    """
    settings = videos.settings
    dtype = str(settings.get("dtype", gpu.usual_dtype))
    is_truncated = bool(settings.get("truncate_schedule", False))
    num_steps = int(settings.get("sample_steps", 4))
    plan = Plan(
        MODELS[PUBLISHED],
        videos.width,
        videos.height,
        infer_frames=int(settings.get("infer_frames", 48)),
        num_steps=max(1, num_steps - is_truncated),
        dtype=dtype,
        is_compiled=bool(settings.get(COMPILE, is_compiled({"dtype": dtype}, compilation))),
        is_vae_compiled=bool(settings.get(COMPILE_VAE, False)),
    )
    segments = tuple(frames for each in videos.segments.values() for frames in each)
    return Work(plan, segments, is_context=settings.get("handoff") == "context")
