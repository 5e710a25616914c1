# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false
# scipy leaves its array types open
"""How well a mouth follows the sound: correlation, lag and odds, from two curves.

Everything is laid on one grid of 10 ms: value i belongs to the time ``(i + 0.5) / 100`` s, and
video frame k to the middle of its showing, ``(k + 0.5) / fps``. Both curves lose what is slower
than syllables: phrases and pauses repeat, and synthetic speech in even clauses then fits itself at
other shifts, too (z of 4.5 where syllables give 8). What luck can do is read from the same two
curves, turned against each other by every shift of a second or more, with the same search for the
best lag.

F frames, S samples, T steps of 10 ms.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from model.biquads import filtered
from model.engine import ENGINE_SAMPLE_RATE_HZ
from tasks.speech.loudness import FRAMES_PER_SECOND, active_frames, frame_levels

Curve: TypeAlias = NDArray[np.float64]

STEP_MS = 1000 // FRAMES_PER_SECOND
_HOP = ENGINE_SAMPLE_RATE_HZ // FRAMES_PER_SECOND
# Butterworth's, of order 2, from 120 to 3,800 Hz at 16 kHz
_VOICE_NUMERATORS = (
    (0.25702345401429055, 0.5140469080285811, 0.25702345401429055),
    (1.0, -2.0, 1.0),
)
_VOICE_DENOMINATORS = (
    (1.0, -0.12231142746951748, 0.18746549961644743),
    (1.0, -1.9334450095108136, 0.9357028549026887),
)
_VOICE_BAND = np.hstack([_VOICE_NUMERATORS, _VOICE_DENOMINATORS])
_LEVEL_RANGE_DB = 36.0  # from the loudest syllables down to what counts as silence
_FASTEST_STEPS = 3.2  # Gaussian over both curves: lips do not follow single pitch pulses
_SLOWEST_STEPS = 25.0  # what changes more slowly is posture and phrases, not syllables
_MOST_LAG_STEPS = 48
_LEAST_SHIFT_STEPS = 100
_QUIET_LEVEL = 0.05
_LEAST_QUIET_FRAMES = 5
_MOST_POWERS = 300


@dataclass(frozen=True)
class Sync:
    """How a mouth curve fits the sound.

    Attributes:
        r: correlation at the best lag.
        lag_ms: of the mouth behind the sound; negative where it is ahead.
        z: how far ``r`` is above the best lag of other circular shifts of the sound, on average,
            in standard deviations of the correlation there. Mismatched sound stays below 2.5 in
            99 of 100 cases of five seconds and more.
    """

    r: float
    lag_ms: float
    z: float


def speech_levels(pcm: NDArray[np.int16]) -> Curve:
    """``(T,)`` loudness of the voice at 16 kHz, 0 (silent) to 1 (its loudest syllables)."""
    num_steps = len(pcm) // _HOP
    if num_steps == 0 or not pcm.any():
        return np.zeros(num_steps)
    forward = filtered(_VOICE_BAND, (pcm.astype(np.float32) / np.float32(32768)).astype(np.float64))
    voice = filtered(_VOICE_BAND, forward[::-1])[::-1]  # back again, so that nothing is delayed
    power = np.square(voice[: num_steps * _HOP]).reshape(num_steps, _HOP).mean(1)
    power = _smooth(power.astype(np.float64), 1.0)
    level_db = 10 * np.log10(np.maximum(power, 1e-12))
    loud_db = float(np.percentile(level_db, 95))
    return np.clip((level_db - loud_db) / _LEVEL_RANGE_DB + 1, 0, 1)


def _smooth(curves: NDArray[Any], steps: float) -> NDArray[Any]:
    """``(T,)`` or ``(T, ...)`` under a Gaussian along T."""
    from scipy import ndimage  # long to import: for what is judged, not for every command

    return np.asarray(ndimage.gaussian_filter1d(curves, steps, axis=0))


def _highest_around(curve: Curve, num_steps: int, mode: str) -> Curve:
    """``(T,)`` the highest of so many values around each; ``mode`` says what is past the ends."""
    from scipy import ndimage

    return np.asarray(ndimage.maximum_filter1d(curve, num_steps, mode=mode))


def levels_by_frame(levels: Curve, num_frames: int, fps: float) -> Curve:
    """``(F,)`` mean of ``levels`` ``(T,)`` over each frame; 0 after their end."""
    edges = np.round(np.arange(num_frames + 1) / fps * FRAMES_PER_SECOND).astype(np.intp)
    sums = np.concatenate([[0.0], np.cumsum(levels)])
    starts, ends = (np.minimum(edges[k : k + num_frames], len(levels)) for k in (0, 1))
    return (sums[ends] - sums[starts]) / np.maximum(ends - starts, 1)


def speech_seconds(pcm: NDArray[np.int16]) -> float:
    """Seconds of ``pcm`` at 16 kHz in which something is said."""
    levels = frame_levels(pcm.astype(np.float32) / np.float32(32768), ENGINE_SAMPLE_RATE_HZ)
    return float(active_frames(levels).sum()) / FRAMES_PER_SECOND


def sync_of_opening(opening: Curve, levels: Curve, fps: float) -> Sync:
    """How an opening ``(F,)``, larger when the mouth is more open, follows ``levels``."""
    return _best(_correlations(opening, levels, fps))


def fit_at(opening: Curve, levels: Curve, fps: float, lag_ms: float) -> float:
    """Correlation of an opening ``(F,)`` with ``levels`` at one lag, to the next 10 ms."""
    return float(_correlations(opening, levels, fps)[round(lag_ms / STEP_MS)])


def sync_of_motion(motion: Curve, levels: Curve, fps: float) -> Sync:
    """The same for a curve whose sign is unknown: the sign that fits better."""
    correlations = _correlations(motion, levels, fps)
    return max(_best(correlations), _best(-correlations), key=lambda sync: sync.z)


def _correlations(mouth: Curve, levels: Curve, fps: float) -> Curve:
    """Correlation ``(T,)`` at every circular shift: index i, the mouth is i steps late."""
    num_steps = min(len(levels), int(len(mouth) * FRAMES_PER_SECOND / fps))
    if num_steps <= 2 * _LEAST_SHIFT_STEPS + 2:
        raise ValueError(
            f"{num_steps} steps of 10 ms are too few to tell a fit from luck, "
            f"more than {2 * _LEAST_SHIFT_STEPS + 2} are needed"
        )
    steps = (np.arange(num_steps) + 0.5) / FRAMES_PER_SECOND
    frames = (np.arange(len(mouth)) + 0.5) / fps
    seen = _syllables(np.interp(steps, frames, filled(mouth)))
    heard = _syllables(levels[:num_steps])
    spectrum = np.fft.rfft(seen) * np.conj(np.fft.rfft(heard))
    return np.fft.irfft(spectrum, num_steps) / num_steps


def _syllables(curve: Curve) -> Curve:
    """The curve without posture and flicker, with mean 0 and deviation 1 (0 if it is flat)."""
    smooth = _smooth(curve, _FASTEST_STEPS)
    smooth = smooth - _smooth(smooth, _SLOWEST_STEPS)
    smooth -= smooth.mean()
    deviation = float(smooth.std())
    return smooth / deviation if deviation > 1e-9 else np.zeros_like(smooth)


def _best(correlations: Curve) -> Sync:
    lags = np.arange(-_MOST_LAG_STEPS, _MOST_LAG_STEPS + 1)
    near = correlations[lags]
    peak = int(near.argmax())
    elsewhere = slice(_LEAST_SHIFT_STEPS, -_LEAST_SHIFT_STEPS)
    luck = _highest_around(correlations, len(lags), "wrap")[elsewhere]
    deviation = float(correlations[elsewhere].std())
    r = float(near[peak])
    return Sync(
        r=r,
        lag_ms=(float(lags[peak]) + _vertex(near, peak)) * STEP_MS,
        z=(r - float(luck.mean())) / deviation if deviation > 1e-9 else 0.0,
    )


def _vertex(values: Curve, peak: int) -> float:
    """How far the top of the parabola through ``peak`` and its neighbours is from it."""
    if not 0 < peak < len(values) - 1:
        return 0.0
    before, top, after = values[peak - 1 : peak + 2].tolist()
    bend = before - 2 * top + after
    return 0.5 * (before - after) / bend if bend < -1e-12 else 0.0


def filled(curve: Curve) -> Curve:
    """The curve with its gaps (NaN) bridged by straight lines.

    Raises:
        ValueError: it is nothing but gaps.
    """
    is_known = np.isfinite(curve)
    if not is_known.any():
        raise ValueError(f"a curve of {len(curve)} values has none that is known")
    index = np.arange(len(curve))
    return np.interp(index, index[is_known], curve[is_known])


def main_motion(patches: NDArray[np.uint8]) -> Curve:
    """What moves most in a mouth's pixels ``(F, P)``: ``(F,)`` grey levels, sign unknown.

    The first principal component of the pixels without their slow change, over the root of P.
    """
    pixels = patches.astype(np.float32)
    pixels -= _smooth(pixels, 25.0)
    pixels -= pixels.mean(0)
    direction = _main_direction((pixels.T @ pixels).astype(np.float64))
    return (pixels @ direction).astype(np.float64) / np.sqrt(pixels.shape[1])


def _main_direction(products: NDArray[np.float64]) -> Curve:
    """The eigenvector of the largest eigenvalue, by powers: LAPACK computes all of them."""
    direction = np.diag(products).copy()
    for _ in range(_MOST_POWERS):
        after = products @ direction
        length = float(np.linalg.norm(after))
        if length < 1e-12:
            return np.zeros_like(direction)  # nothing moves
        after /= length
        is_settled = float(np.abs(after - direction).max()) < 1e-9
        direction = after
        if is_settled:
            break
    return direction


def spread(curve: Curve) -> float:
    """From the 5th to the 95th percentile of what is known of a curve."""
    low, high = np.nanpercentile(curve, [5, 95]).tolist()
    return float(high - low)


def open_in_silence(opening: Curve, levels: Curve, fps: float) -> float | None:
    """How far the mouth stays open where nothing is said, above its most closed; None if unknown.

    In the unit of ``opening``. Frames whose whole neighbourhood of 200 ms is silent count.
    """
    loudest = _highest_around(levels, 21, "nearest")
    steps = ((np.arange(len(opening)) + 0.5) / fps * FRAMES_PER_SECOND).astype(np.intp)
    is_quiet = loudest[np.minimum(steps, len(levels) - 1)] < _QUIET_LEVEL
    quiet = opening[is_quiet & np.isfinite(opening)]
    if len(quiet) < _LEAST_QUIET_FRAMES:
        return None
    return float(quiet.mean() - np.nanpercentile(opening, 2))
