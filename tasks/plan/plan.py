"""Speech -> segments with keys. Pure: how many frames, where to cut, what each segment is called.

The timeline is made of frames. Frame k covers audio samples
``[floor(k * rate / fps), floor((k + 1) * rate / fps))``.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

import numpy as np
from pydantic import Field

from model.engine import FRAME_MULTIPLE, EngineIdentity
from tasks.canonical_json import canonical_sha256
from tasks.records import EncodeProfile, Record, Scalar, SegmentPlan, VideoPlan

KEY_VERSION = 1
NEUTRAL = "neutral"

# A cut below this level is not heard; above, every 10 dB costs as much as a badly sized segment.
_QUIET_DB = -50.0
_DB_PER_COST = 10.0
_NO_SEEDS: Mapping[int, int] = MappingProxyType({})


class CutSettings(Record):
    """How long segments are, in frames; all three are multiples of 12."""

    target_frames: int = Field(default=144, ge=FRAME_MULTIPLE, multiple_of=FRAME_MULTIPLE)
    min_frames: int = Field(default=60, ge=FRAME_MULTIPLE, multiple_of=FRAME_MULTIPLE)
    max_frames: int = Field(default=216, ge=FRAME_MULTIPLE, multiple_of=FRAME_MULTIPLE)


def cut_settings_for(segment_clips: int, infer_frames: int) -> CutSettings:
    """Target of ``segment_clips x infer_frames`` frames, bounds at 0.4 and 1.5 times it."""

    def on_grid(frames: float) -> int:
        return max(1, round(frames / FRAME_MULTIPLE)) * FRAME_MULTIPLE

    target = segment_clips * infer_frames
    return CutSettings(
        target_frames=on_grid(target),
        min_frames=on_grid(0.4 * target),
        max_frames=on_grid(1.5 * target),
    )


def sample_of_frame(frame: int, sample_rate_hz: int, fps: int) -> int:
    """First audio sample of a frame."""
    return frame * sample_rate_hz // fps


def num_frames_of(num_samples: int, sample_rate_hz: int, fps: int) -> int:
    """Frames of a video that lets ``num_samples`` be heard to their end."""
    return math.ceil(num_samples * fps / sample_rate_hz)


def choose_cuts(
    grid_levels_db: Sequence[float], num_frames: int, settings: CutSettings
) -> tuple[int, ...]:
    """Frames at which segments begin and end: 0, ..., ``num_frames``; strictly increasing.

    Inner cuts are multiples of 12 frames, placed where it is quiet and near the target length,
    by dynamic programming. Segments are at most ``max_frames`` long; a last one shorter than
    ``min_frames`` is made only where nothing else is possible.

    Args:
        grid_levels_db: level around frame ``12 * i``.
        num_frames: length of the video, at least 1.
        settings: bounds and target.

    Raises:
        ValueError: no frames.
    """
    if num_frames < 1:
        raise ValueError(f"num_frames must be at least 1, got {num_frames}")
    num_slots = math.ceil(num_frames / FRAME_MULTIPLE)
    shortest = settings.min_frames // FRAME_MULTIPLE
    longest = max(settings.max_frames // FRAME_MULTIPLE, shortest)
    target = settings.target_frames / FRAME_MULTIPLE
    misfits = np.array([((length - target) / target) ** 2 for length in range(longest + 1)])
    best = np.full(num_slots + 1, math.inf)
    best[0] = 0.0
    came_from = [0] * (num_slots + 1)
    for end in range(1, num_slots + 1):
        is_last = end == num_slots
        heard = 0.0 if is_last else _cut_cost(grid_levels_db, end)
        lengths = np.arange(1 if is_last else shortest, min(longest, end) + 1)
        if not len(lengths):
            continue
        starts = end - lengths
        too_short = np.maximum(0, shortest - lengths) * (starts > 0)
        costs = best[starts] + heard + misfits[lengths] + too_short
        choice = int(costs.argmin())  # the shortest of the cheapest
        best[end], came_from[end] = costs[choice], int(starts[choice])
    cuts = [num_slots]
    while cuts[-1]:
        cuts.append(came_from[cuts[-1]])
    return (*(FRAME_MULTIPLE * slot for slot in reversed(cuts[1:])), num_frames)


def _cut_cost(grid_levels_db: Sequence[float], slot: int) -> float:
    level = grid_levels_db[slot] if slot < len(grid_levels_db) else -120.0
    return max(0.0, level - _QUIET_DB) / _DB_PER_COST


class KeyParts(Record):
    """What all segments of one video have in common in their keys."""

    engine: str
    engine_version: int
    weights_id: str
    settings: dict[str, Scalar]
    portrait_sha256: str
    rig: dict[str, object] | None
    prompt: str
    seed: int
    width: int
    height: int
    fps: int
    encode: EncodeProfile


def plan_segments(
    cuts: Sequence[int],
    parts: KeyParts,
    window_sha256: Callable[[int, int], str],
    seeds: Mapping[int, int] = _NO_SEEDS,
    *,
    tried_seeds: Mapping[int, int] = _NO_SEEDS,
    is_proof: bool = False,
) -> tuple[SegmentPlan, ...]:
    """Segments between the cuts, each with its content key; a key holds its predecessor's.

    Args:
        cuts: 0, ..., number of frames.
        parts: what the whole video has in common.
        window_sha256: digest of what an engine hears for frames ``start <= i < end``:
            samples with context, and their phonemes.
        seeds: of segments, by index, that have another than the video's.
        tried_seeds: of segments that are rendered again after a failed gate, in place of those.
        is_proof: the word PROOF is drawn over the frames.
    """
    common = parts.model_dump(mode="json") | {"key_version": KEY_VERSION}
    common |= {"mark": "proof"} if is_proof else {}
    segments: list[SegmentPlan] = []
    previous = NEUTRAL
    for index, (start, end) in enumerate(pairwise(cuts)):
        seed = tried_seeds.get(index, seeds.get(index))
        own = {} if seed is None else {"seed": seed}
        previous = canonical_sha256(
            common
            | own
            | {
                "audio": window_sha256(start, end),
                "num_frames": end - start,
                "predecessor": previous,
            }
        )
        segments.append(
            SegmentPlan(
                index=index,
                start_frame=start,
                end_frame=end,
                key=previous,
                seed=seeds.get(index),
            )
        )
    return tuple(segments)


def keyed(
    plan: VideoPlan,
    cuts: Sequence[int],
    identity: EngineIdentity,
    window_sha256: Callable[[int, int], str],
) -> VideoPlan:
    """``plan`` cut into segments, which keep seeds of their own; see :func:`plan_segments`."""
    parts = KeyParts(
        engine=identity.name,
        engine_version=identity.version,
        weights_id=identity.weights_id,
        settings=plan.settings,
        portrait_sha256=plan.portrait_sha256,
        rig=plan.rig,
        prompt=plan.prompt,
        seed=plan.seed,
        width=plan.width,
        height=plan.height,
        fps=plan.fps,
        encode=plan.encode,
    )
    seeds = {each.index: each.seed for each in plan.segments if each.seed is not None}
    segments = plan_segments(
        cuts, parts, window_sha256, seeds, tried_seeds=plan.seeds, is_proof=plan.is_proof
    )
    return plan.model_copy(update={"segments": segments})


def unbroken_frames(plan: VideoPlan) -> int:
    """Frames of the longest stretch that is rendered as one run, without a new beginning."""
    if plan.settings.get("handoff") == "context":
        return plan.num_frames
    return max(segment.num_frames for segment in plan.segments)


def cuts_of(plan: VideoPlan) -> tuple[int, ...]:
    """The frames at which a plan's segments begin and end."""
    return (0, *(segment.end_frame for segment in plan.segments))


def reseeded(
    plan: VideoPlan,
    index: int,
    seed: int | None,
    identity: EngineIdentity,
    window_sha256: Callable[[int, int], str],
) -> VideoPlan:
    """``plan`` with another seed (None: the video's own) for segment ``index``.

    It and its successors get other keys; those before it keep theirs.
    """
    seeds = {other: its for other, its in plan.seeds.items() if other != index}
    if seed is not None:
        seeds[index] = seed
    changed = plan.model_copy(update={"seeds": seeds})
    return keyed(changed, cuts_of(plan), identity, window_sha256)
