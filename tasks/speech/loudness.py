"""Levels of sound: frames of 10 ms, active speech, pauses, and the levels where cuts may fall.

S samples; T frames of 10 ms.
"""

# soundfile brings no type stubs
# pyright: reportMissingTypeStubs=false

import math
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from model.engine import ENGINE_SAMPLE_RATE_HZ, FPS, FRAME_MULTIPLE

FLOOR_DB = -120.0
ENGINE_LEVEL_DB = -23.0
FRAMES_PER_SECOND = 100
_ACTIVE_RANGE_DB = 25.0
_ABOVE_FLOOR_DB = 4.0
_LEAST_CONTRAST_DB = 8.0
_SHORTEST_LULL_FRAMES = 15
_STEADY_RANGE_DB = 8.0
_SHORTEST_SOUND_FRAMES = 5
_PAUSE_LEVEL_DB = -60.0
_PLACES_READ = 250  # two minutes at once
_GRID_HALF_WINDOW = ENGINE_SAMPLE_RATE_HZ * 60 // 1000
GRID_SAMPLES = ENGINE_SAMPLE_RATE_HZ * FRAME_MULTIPLE // FPS
"""Samples of the engine's copy from one place where a cut may fall to the next."""

Levels = NDArray[np.float64]


def decibels(mean_square: float) -> float:
    """Level in dBFS of a mean square, not below -120."""
    return max(FLOOR_DB, 10 * math.log10(mean_square)) if mean_square > 0 else FLOOR_DB


def percentile(values: Levels, percent: float) -> float:
    """What ``np.percentile`` says of ``(T,)`` values, T >= 1, to the last bit.

    It takes a tenth of its time: numpy's checks cost more than sorting a minute of sound.
    """
    place = (len(values) - 1) * (percent / 100)
    below = int(place)
    above = min(below + 1, len(values) - 1)
    ordered = np.partition(values, (below, above))
    low, high, share = float(ordered[below]), float(ordered[above]), place - below
    if share < 0.5:
        return low + (high - low) * share
    return high - (high - low) * (1 - share)


def frame_levels(pcm: NDArray[np.float32], sample_rate_hz: int) -> Levels:
    """``(T,)`` level of every whole 10 ms of ``pcm``, in dBFS."""
    hop = sample_rate_hz // FRAMES_PER_SECOND
    num_frames = len(pcm) // hop
    frames = pcm[: num_frames * hop].reshape(num_frames, hop).astype(np.float64)
    power = np.mean(frames**2, axis=1)
    return 10 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10)))


def active_frames(levels: Levels) -> NDArray[np.bool_]:
    """Frames that belong to speech: within 25 dB of its loud ones, and above the background.

    Where the background decides, what rises out of it for less than 50 ms is a part of it.
    """
    usual = usual_threshold_db(levels)
    threshold_db = _threshold_db(levels, usual)
    active = levels > threshold_db
    if threshold_db == usual:
        return active
    for start, end in _runs(active, is_active=True):
        if end - start < _SHORTEST_SOUND_FRAMES:
            active[start:end] = False
    return active


def activity_threshold_db(levels: Levels) -> float:
    """The level above which a frame counts as speech.

    25 dB below the loudest twentieth of the frames. Where the background is louder than that, 4 dB
    above the background; it is then the frames above it whose loudest twentieth counts, so that a
    few words in a long noise are found. Where nothing stands out of it, all is speech.
    """
    return _threshold_db(levels, usual_threshold_db(levels))


def _threshold_db(levels: Levels, usual: float) -> float:
    floor = noise_floor_db(levels)
    if usual >= floor + _ABOVE_FLOOR_DB or len(levels) < _SHORTEST_LULL_FRAMES:
        return usual
    loud = _loud_above_db(levels, floor)
    if loud - floor < _LEAST_CONTRAST_DB or not _is_steady(levels, floor):
        return usual
    return max(floor + _ABOVE_FLOOR_DB, loud - _ACTIVE_RANGE_DB)


def usual_threshold_db(levels: Levels) -> float:
    """The same for a recording whose background is far below its speech."""
    if not len(levels):
        return FLOOR_DB + 1
    return max(percentile(levels, 95) - _ACTIVE_RANGE_DB, FLOOR_DB + 1)


def noise_floor_db(levels: Levels) -> float:
    """The level that the quietest lulls of at least 150 ms never exceed.

    A lull and not a frame: the gaps inside words are quieter than the background between them.
    """
    if len(levels) < _SHORTEST_LULL_FRAMES:
        return FLOOR_DB
    return percentile(_lull_peaks(levels), 5)


def _is_steady(levels: Levels, floor_db: float) -> bool:
    """Whether the quietest lulls are a background; those inside speech rise and fall."""
    lulls = np.lib.stride_tricks.sliding_window_view(levels, _SHORTEST_LULL_FRAMES)
    quiet = lulls[_lull_peaks(levels) <= floor_db]
    return float(np.median(np.ptp(quiet, axis=1))) <= _STEADY_RANGE_DB


def _lull_peaks(levels: Levels) -> Levels:
    """The loudest frame of each 15 that follow each other."""
    peaks, length = levels, 1
    while 2 * length <= _SHORTEST_LULL_FRAMES:
        peaks = np.maximum(peaks[:-length], peaks[length:])
        length *= 2
    rest = _SHORTEST_LULL_FRAMES - length
    return np.maximum(peaks[:-rest], peaks[rest:])


def loud_level_db(levels: Levels) -> float:
    """The level that one in twenty of the frames above the background exceeds."""
    return _loud_above_db(levels, noise_floor_db(levels))


def _loud_above_db(levels: Levels, floor_db: float) -> float:
    above = levels[levels > floor_db + _ABOVE_FLOOR_DB]
    return percentile(above if len(above) else levels, 95) if len(levels) else FLOOR_DB


def contrast_db(levels: Levels) -> float:
    """How far the loud frames stand out of the background."""
    floor = noise_floor_db(levels)
    return _loud_above_db(levels, floor) - floor


def active_level_db(levels: Levels) -> float:
    """RMS level over active speech; -120 for silence."""
    active = levels[active_frames(levels)]
    return decibels(float(np.mean(10 ** (active / 10)))) if len(active) else FLOOR_DB


def pauses(levels: Levels, shortest: int) -> list[tuple[int, int]]:
    """Runs of at least ``shortest`` inactive frames, as half-open frame ranges."""
    runs = _runs(active_frames(levels), is_active=False)
    return [(start, end) for start, end in runs if end - start >= shortest]


def pause_gains_db(levels: Levels, gain_db: float) -> Levels:
    """``(T,)`` what is taken from each frame, so that a background moves no lips in pauses.

    The background is brought to -60 dBFS after ``gain_db``. Frames within 50 ms of speech are kept;
    over another 50 ms the gain falls and rises.
    """
    below = min(0.0, _PAUSE_LEVEL_DB - (noise_floor_db(levels) + gain_db))
    if below == 0 or not len(levels):
        return np.zeros(len(levels))
    reach = _SHORTEST_SOUND_FRAMES
    window = np.lib.stride_tricks.sliding_window_view
    near = window(np.pad(active_frames(levels), reach), 2 * reach + 1).any(axis=1)
    return below * (1.0 - window(np.pad(near, reach // 2, "edge"), reach).mean(axis=1))


def frame_gains(
    gains_db: Levels, start: int, num_samples: int, sample_rate_hz: int
) -> NDArray[np.float32]:
    """``(S,)`` factors of samples from ``start`` on, in between the gains of their frames."""
    hop = sample_rate_hz // FRAMES_PER_SECOND
    centres = (np.arange(len(gains_db)) + 0.5) * hop
    between = np.interp(start + np.arange(num_samples) + 0.5, centres, gains_db)
    return np.asarray(10 ** (between / 20), np.float32)


def _runs(active: NDArray[np.bool_], *, is_active: bool) -> list[tuple[int, int]]:
    wanted = active if is_active else ~active
    edges = np.flatnonzero(np.diff(wanted, prepend=False, append=False)).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def grid_levels(engine_copy: Path) -> tuple[float, ...]:
    """Level in +-60 ms around every 12th frame of a 16 kHz file, in dBFS, to 0.1."""
    levels: list[float] = []
    with soundfile.SoundFile(engine_copy) as file:
        places = range(0, file.frames + GRID_SAMPLES, GRID_SAMPLES)
        for first in range(0, len(places), _PLACES_READ):
            read = places[first : first + _PLACES_READ]
            offset = max(0, read[0] - _GRID_HALF_WINDOW)
            file.seek(min(offset, file.frames))
            num_samples = read[-1] + _GRID_HALF_WINDOW - offset
            pcm = np.asarray(file.read(num_samples, dtype="int16"), np.int16)
            levels += [_level_around(pcm, place - offset) for place in read]
    return tuple(levels)


def grid_levels_of(pcm: NDArray[np.int16]) -> tuple[float, ...]:
    """The same of ``(S,)`` samples in memory."""
    places = range(0, len(pcm) + GRID_SAMPLES, GRID_SAMPLES)
    return tuple(_level_around(pcm, place) for place in places)


def _level_around(pcm: NDArray[np.int16], place: int) -> float:
    """Sums of squares of 16 bits are whole numbers: their order makes no difference."""
    heard = pcm[max(0, place - _GRID_HALF_WINDOW) : place + _GRID_HALF_WINDOW].astype(np.int64)
    return round(
        decibels(int(heard @ heard) / 32768**2 / len(heard)) if len(heard) else FLOOR_DB, 1
    )


def to_int16(pcm: NDArray[np.float32]) -> NDArray[np.int16]:
    """Full scale is 32767; louder is clipped."""
    scaled = np.clip(pcm, -1.0, 1.0)
    scaled *= 32767
    return np.rint(scaled, out=scaled).astype(np.int16)
