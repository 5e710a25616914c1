"""What a person should know of a recording before it becomes a video: silence, noise, clipping."""

# soundfile brings no type stubs
# pyright: reportMissingTypeStubs=false

import math

import numpy as np
import soundfile

from tasks.errors import counted
from tasks.speech.loudness import (
    FRAMES_PER_SECOND,
    Levels,
    active_level_db,
    pauses,
)

LEAST_SNR_DB = 30.0
LEAST_LEVEL_DB = -45.0
LONGEST_SILENCE_S = 3.0
SILENT_BELOW_DB = -80.0
_CLIPPED = 32_760  # of 32,768
_BLOCK_SAMPLES = 1 << 18


def warnings_about(levels: Levels, num_clipped: int) -> tuple[str, ...]:
    """What a person should know before a recording becomes a video."""
    level = active_level_db(levels)
    if level < SILENT_BELOW_DB:
        return ("the recording is silent",)
    warnings: list[str] = []
    snr_db = signal_to_noise_db(levels)
    if snr_db < LEAST_SNR_DB:
        warnings.append(
            f"noisy: speech is {snr_db:.0f} dB above the background, under {LEAST_SNR_DB:.0f}; "
            "lips may follow the noise"
        )
    if num_clipped:
        warnings.append(f"clipped in {counted(num_clipped, 'place')}; record at a lower level")
    if level < LEAST_LEVEL_DB:
        warnings.append(
            f"very quiet: {level:.0f} dBFS; its noise is raised together with the voice"
        )
    silences = pauses(levels, math.ceil(LONGEST_SILENCE_S * FRAMES_PER_SECOND))
    if silences:
        start, end = max(silences, key=lambda span: span[1] - span[0])
        length_s, start_s = (end - start) / FRAMES_PER_SECOND, start / FRAMES_PER_SECOND
        warnings.append(
            f"{counted(len(silences), 'silence')} over {LONGEST_SILENCE_S:.0f} s; the longest, "
            f"{length_s:.1f} s, begins at {start_s:.1f} s"
        )
    return tuple(warnings)


def signal_to_noise_db(levels: Levels) -> float:
    """Active level above the middle of the quietest tenth of the frames."""
    quiet = np.sort(levels)[: max(1, len(levels) // 10)]
    return active_level_db(levels) - float(np.median(quiet))


def count_clipped(file: soundfile.SoundFile) -> int:
    """Runs of at least three samples at full scale, over all channels."""
    num_runs = 0
    while len(block := file.read(_BLOCK_SAMPLES, dtype="int16", always_2d=True)):
        if block.min() > -_CLIPPED and block.max() < _CLIPPED:
            continue
        at_limit = np.abs(block.astype(np.int32)) >= _CLIPPED
        run = at_limit[2:] & at_limit[1:-1] & at_limit[:-2]
        num_runs += int(np.count_nonzero(run[1:] & ~run[:-1])) + int(run[:1].sum())
    return num_runs
