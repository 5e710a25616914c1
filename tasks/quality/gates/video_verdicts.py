"""Segments of one video -> the video's verdicts: theirs, and what only a comparison shows. Pure.

A segment is never judged by what is not in its job; what compares segments is the video's.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from model.engine import ENGINE_SAMPLE_RATE_HZ, FPS
from tasks.gate_records import GateFigures, GateLimits, GateName, GatePolicy, GateVerdict
from tasks.plan.plan import sample_of_frame
from tasks.quality.gates.segment_verdicts import in_order, lag_finding, segment_verdicts
from tasks.quality.lipsync import Curve, speech_levels, speech_seconds, sync_of_opening

_WINDOW_FRAMES, _HOP_FRAMES = 300, 150
_LEAST_WINDOW_SPEECH_S = 4.0
_SURE_Z = 4.0

_Finding = tuple[GateName, int, float, float, str]


def video_verdicts(
    figures: Sequence[GateFigures | None], pcm: NDArray[np.int16], policy: GatePolicy
) -> tuple[GateVerdict, ...]:
    """All that is wrong with a video, in the order of its seconds; empty: it passes.

    Args:
        figures: of its segments in order; None where one was never measured.
        pcm: ``(S,)`` what the engine heard from its first frame on, 16 kHz.
        policy: of its plan.
    """
    if policy.mode == "off" or any(each is None for each in figures):
        return ()
    is_held = policy.mode == "hold"
    whole = [each for each in figures if each is not None]
    verdicts: list[GateVerdict] = []
    starts: list[int] = []
    frame = 0
    for each in whole:
        starts.append(frame)
        verdicts += [
            verdict.model_copy(update={"second": round(verdict.second + frame / FPS, 2)})
            for verdict in segment_verdicts(each, policy.limits, is_held=is_held)
        ]
        frame += len(each.step)
    found = [*_drift(whole, starts, policy.limits), *_sync(whole, pcm, policy.limits)]
    told = {verdict.gate for verdict in verdicts}
    for gate, at, value, limit, words in found:
        if gate not in told:  # a segment has told it already, and more exactly
            told.add(gate)
            verdicts.append(
                GateVerdict(
                    gate=gate,
                    second=round(at / FPS, 2),
                    value=round(value, 3),
                    limit=limit,
                    held=is_held,
                    words=words,
                )
            )
    return in_order(verdicts)


def _drift(
    figures: Sequence[GateFigures], starts: Sequence[int], limits: GateLimits
) -> Iterator[_Finding]:
    """The first segment that has gone too far from the video's first."""
    means = [_means(each) for each in figures]
    colour, texture, likeness = means[0]
    for (its_colour, its_texture, its_likeness), start in zip(means[1:], starts[1:], strict=True):
        off = float(np.abs(its_colour - colour).max())
        if limits.most_drift_colour is not None and off > limits.most_drift_colour:
            words = f"colours have drifted by {off:.1f} grey levels"
            yield "drift", start, off, limits.most_drift_colour, words
        lost = 1 - its_texture / max(texture, 1e-6)
        if limits.most_drift_texture is not None and lost > limits.most_drift_texture:
            words = f"picture has lost {lost:.0%} of its detail"
            yield "drift", start, lost, limits.most_drift_texture, words
        if likeness is None or its_likeness is None or limits.most_drift_likeness is None:
            continue
        less = likeness - its_likeness
        if less > limits.most_drift_likeness:
            words = f"face has drifted away from the portrait's by {less:.2f}"
            yield "drift", start, less, limits.most_drift_likeness, words


def _means(figures: GateFigures) -> tuple[NDArray[np.float64], float, float | None]:
    known = [each for each in figures.likeness if each is not None]
    return (
        np.median(np.array(figures.colour), axis=0),
        float(np.median(figures.texture)),
        float(np.median(known)) if known else None,
    )


def _sync(
    figures: Sequence[GateFigures], pcm: NDArray[np.int16], limits: GateLimits
) -> Iterator[_Finding]:
    """Lip sync of stretches of 12 s, each half over the one before."""
    if limits.least_z is None or any(not each.motion for each in figures):
        return
    motion = np.concatenate([np.array(each.motion) for each in figures])
    last = max(0, len(motion) - _WINDOW_FRAMES)
    for start in sorted({*range(0, last + 1, _HOP_FRAMES), last}):
        part = motion[start : start + _WINDOW_FRAMES]
        first, end = (
            sample_of_frame(frame, ENGINE_SAMPLE_RATE_HZ, FPS)
            for frame in (start, start + len(part))
        )
        sound = pcm[first:end]
        if speech_seconds(sound) < _LEAST_WINDOW_SPEECH_S:
            continue
        yield from _window(part, speech_levels(sound), start, limits)


def _window(part: Curve, levels: Curve, start: int, limits: GateLimits) -> Iterator[_Finding]:
    assert limits.least_z is not None
    found = sync_of_opening(part, levels, FPS)
    if found.z < limits.least_z:
        words = "mouth does not follow the sound"
        yield "sync", start, found.z, limits.least_z, words
    elif found.z >= _SURE_Z:
        yield from lag_finding(start, found.lag_ms, (part, levels), limits)
