# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false
# scipy leaves its array types open
"""Segments of one video -> its curves for people: lip sync, likeness, drift. Pure.

They are there to be looked at, and judge nothing: verdicts come from the figures themselves.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from model.engine import FPS
from tasks.gate_records import GateFigures, GateLimits, VideoCurves

_POINT_FRAMES = 12
_MOST_POINTS = 240
_AROUND_POINTS = 4  # lip sync of a point is that of 4 s around it
_LEAST_SPEECH_S = 1.0  # within these
_SLOW_FRAMES = 12.0  # posture is slower, syllables are faster
_SPOKEN_LEVEL = 0.3

_Curve = NDArray[np.float64]


def video_curves(figures: Sequence[GateFigures | None], limits: GateLimits) -> VideoCurves | None:
    """The curves of a video; None where one of its segments was never measured.

    Args:
        figures: of its segments in order.
        limits: by which it is judged.
    """
    whole = [each for each in figures if each is not None]
    if not whole or len(whole) < len(figures):
        return None
    num_frames = sum(len(each.step) for each in whole)
    points = -(-num_frames // _POINT_FRAMES)
    bundle = -(-points // _MOST_POINTS)
    identity = _by_point(_likeness(whole), num_frames)
    return VideoCurves(
        frames_per_point=_POINT_FRAMES * bundle,
        sync=_thinned(_sync(whole, limits, points), bundle, np.nanmin),
        identity=_thinned(identity, bundle, np.nanmin),
        drift=_thinned(_by_point(_drift(whole), num_frames), bundle, np.nanmax),
        least_sync=limits.least_r,
        least_identity=_least_likeness(whole, limits),
        most_drift=limits.most_drift_colour,
    )


def _least_likeness(figures: Sequence[GateFigures], limits: GateLimits) -> float | None:
    if any(each.face == "placed" for each in figures):
        return limits.placed_least_likeness
    return limits.least_likeness_moment


def _likeness(figures: Sequence[GateFigures]) -> _Curve:
    """``(F,)``: each look holds until the next; NaN where the face was not seen."""
    held: list[_Curve] = []
    for each in figures:
        looks = np.array([np.nan if at is None else at for at in each.likeness], np.float64)
        frames = np.arange(len(each.step))
        if len(looks):
            held.append(looks[np.minimum(frames // each.look_every, len(looks) - 1)])
        else:
            held.append(np.full(len(frames), np.nan))
    return np.concatenate(held)


def _drift(figures: Sequence[GateFigures]) -> _Curve:
    """``(F,)`` how far the colour is from the usual one of the first segment, grey levels."""
    usual = np.median(np.array(figures[0].colour), axis=0)
    colour = np.concatenate([np.array(each.colour) for each in figures])
    return np.abs(colour - usual).max(axis=1)


def _by_point(curve: _Curve, num_frames: int) -> _Curve:
    """The median of every 12 frames; NaN where nothing is known of them."""
    padded = np.full(-(-num_frames // _POINT_FRAMES) * _POINT_FRAMES, np.nan)
    padded[:num_frames] = curve
    return np.array([_of_known(np.nanmedian, row) for row in padded.reshape(-1, _POINT_FRAMES)])


def _sync(figures: Sequence[GateFigures], limits: GateLimits, points: int) -> _Curve:
    """``(P,)`` correlation of the mouth with the voice around each point, at the usual lag."""
    if any(not each.motion for each in figures):
        return np.full(points, np.nan)
    mouth = np.concatenate([np.array(each.motion) for each in figures])
    voice = np.concatenate([np.array(each.speech) for each in figures])
    lag = round(limits.usual_lag_ms * FPS / 1000)
    heard, seen = _fast(np.roll(voice, lag)), _fast(mouth)
    reach = _AROUND_POINTS * _POINT_FRAMES
    found = np.full(points, np.nan)
    for point in range(points):
        middle = point * _POINT_FRAMES + _POINT_FRAMES // 2
        around = slice(max(0, middle - reach), middle + reach)
        spoken_s = float((voice[around] > _SPOKEN_LEVEL).sum()) / FPS
        if spoken_s >= _LEAST_SPEECH_S:
            found[point] = _correlation(seen[around], heard[around])
    return found


def _fast(curve: _Curve) -> _Curve:
    from scipy import ndimage  # long to import: for what is judged, not for every command

    return curve - ndimage.gaussian_filter1d(curve, _SLOW_FRAMES)


def _correlation(one: _Curve, other: _Curve) -> float:
    one, other = one - one.mean(), other - other.mean()
    scale = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / scale if scale > 1e-9 else 0.0


def _thinned(
    curve: _Curve, bundle: int, worst: Callable[[_Curve], np.float64]
) -> tuple[float | None, ...]:
    """The worst of every ``bundle`` points, None where nothing is known."""
    padded = np.full(-(-len(curve) // bundle) * bundle, np.nan)
    padded[: len(curve)] = curve
    values = [_of_known(worst, row) for row in padded.reshape(-1, bundle)]
    return tuple(None if np.isnan(value) else round(value, 2) for value in values)


def _of_known(choose: Callable[[_Curve], np.float64], row: _Curve) -> float:
    return float(choose(row)) if np.isfinite(row).any() else float("nan")
