"""Levels of sound: frames of 10 ms, active speech, pauses, and the levels where cuts may fall.

S samples; T frames of 10 ms.
"""

# soundfile brings no type stubs
# pyright: reportMissingTypeStubs=false

import math
from itertools import groupby
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from model.engine import ENGINE_SAMPLE_RATE_HZ, FPS, FRAME_MULTIPLE

FLOOR_DB = -120.0
ENGINE_LEVEL_DB = -23.0
FRAMES_PER_SECOND = 100
_ACTIVE_RANGE_DB = 25.0
_GRID_HALF_WINDOW = ENGINE_SAMPLE_RATE_HZ * 60 // 1000
GRID_SAMPLES = ENGINE_SAMPLE_RATE_HZ * FRAME_MULTIPLE // FPS
"""Samples of the engine's copy from one place where a cut may fall to the next."""

Levels = NDArray[np.float64]


def decibels(mean_square: float) -> float:
    """Level in dBFS of a mean square, not below -120."""
    return max(FLOOR_DB, 10 * math.log10(mean_square)) if mean_square > 0 else FLOOR_DB


def frame_levels(pcm: NDArray[np.float32], sample_rate_hz: int) -> Levels:
    """``(T,)`` level of every whole 10 ms of ``pcm``, in dBFS."""
    hop = sample_rate_hz // FRAMES_PER_SECOND
    num_frames = len(pcm) // hop
    frames = pcm[: num_frames * hop].reshape(num_frames, hop).astype(np.float64)
    power = np.mean(frames**2, axis=1)
    return 10 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10)))


def active_frames(levels: Levels) -> NDArray[np.bool_]:
    """Frames that belong to speech: within 25 dB of the loudest twentieth."""
    if not len(levels):
        return np.zeros(0, np.bool_)
    return levels > max(float(np.percentile(levels, 95)) - _ACTIVE_RANGE_DB, FLOOR_DB + 1)


def active_level_db(levels: Levels) -> float:
    """RMS level over active speech; -120 for silence."""
    active = levels[active_frames(levels)]
    return decibels(float(np.mean(10 ** (active / 10)))) if len(active) else FLOOR_DB


def pauses(levels: Levels, shortest: int) -> list[tuple[int, int]]:
    """Runs of at least ``shortest`` inactive frames, as half-open frame ranges."""
    found: list[tuple[int, int]] = []
    start = 0
    for is_active, run in groupby(active_frames(levels).tolist()):
        end = start + sum(1 for _ in run)
        if not is_active and end - start >= shortest:
            found.append((start, end))
        start = end
    return found


def grid_levels(engine_copy: Path) -> tuple[float, ...]:
    """Level in +-60 ms around every 12th frame of a 16 kHz file, in dBFS, to 0.1."""
    levels: list[float] = []
    with soundfile.SoundFile(engine_copy) as file:
        for place in range(0, file.frames + GRID_SAMPLES, GRID_SAMPLES):
            start = max(0, place - _GRID_HALF_WINDOW)
            end = min(file.frames, place + _GRID_HALF_WINDOW)
            level = FLOOR_DB
            if start < end:
                file.seek(start)
                window = file.read(end - start, dtype="float64")
                level = decibels(float(np.mean(window**2)))
            levels.append(round(level, 1))
    return tuple(levels)


def to_int16(pcm: NDArray[np.float32]) -> NDArray[np.int16]:
    """Full scale is 32767; louder is clipped."""
    return np.rint(np.clip(pcm, -1.0, 1.0) * 32767).astype(np.int16)
