"""One spoken clause -> a block on the 12-frame grid: trimmed, faded, with silence around it. Pure.

A block depends on its own clause alone, so that equal clauses are equal bytes wherever they stand.
"""

# scipy brings no type stubs
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportArgumentType=false

import math
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from model.engine import ENGINE_SAMPLE_RATE_HZ, FPS, FRAME_MULTIPLE
from model.speech.utterance import (
    TimedSymbol,
    Utterance,
)
from tasks.speech.loudness import GRID_SAMPLES, frame_levels, to_int16
from tasks.speech_records import TimedPhoneme

LEAD_S = 0.2
SENTENCE_TRAIL_S = 0.16
COMMA_TRAIL_S = 0.08
"""Least silence before a clause, after a sentence, and after a clause inside one."""
_KEPT_S = 0.04
_FADE_S = 0.008
_SILENCE_BELOW_PEAK_DB = 45.0
_OFFSETS_KEPT = 4


@dataclass(frozen=True)
class Block:
    """A clause on the grid. What every row that has it writes of it is made once, and kept.

    Attributes:
        viewer: ``(S,)`` float32 at the voice's rate, a whole multiple of 12 frames.
        engine: ``(T,)`` float32 at 16 kHz, without gain, of the same length in time.
        start_sample: of the speech inside ``viewer``.
        end_sample: of the speech inside ``viewer``.
        phonemes: in samples of ``engine``; None where the voice gives none.
        sample_rate_hz: of ``viewer``.
    """

    viewer: NDArray[np.float32]
    engine: NDArray[np.float32]
    start_sample: int
    end_sample: int
    phonemes: tuple[TimedPhoneme, ...] | None
    sample_rate_hz: int

    @cached_property
    def peak(self) -> np.float32:
        """The loudest sample of ``viewer``; 1 is full scale."""
        return max(self.viewer.max(), -self.viewer.min())

    @cached_property
    def viewer_int16(self) -> NDArray[np.int16]:
        """``viewer`` as it is written where its track stays below full scale."""
        return to_int16(self.viewer)

    def engine_int16(self, gain_db: float) -> NDArray[np.int16]:
        """``engine`` as it is written; a voice's gain is the same in all rows."""
        if gain_db not in self._engine_int16:
            gain = np.float32(10 ** (gain_db / 20))
            self._engine_int16[gain_db] = to_int16(self.engine * gain)
        return self._engine_int16[gain_db]

    def phonemes_at(self, offset: int) -> tuple[TimedPhoneme, ...] | None:
        """``phonemes`` where the block begins at the sample ``offset`` of the engine's copy."""
        if self.phonemes is None or offset in self._phonemes_at:
            return self._phonemes_at.get(offset)
        moved = tuple(
            TimedPhoneme(symbol=p.symbol, start=p.start + offset, end=p.end + offset)
            for p in self.phonemes
        )
        if len(self._phonemes_at) < _OFFSETS_KEPT:
            self._phonemes_at[offset] = moved
        return moved

    @cached_property
    def _engine_int16(self) -> dict[float, NDArray[np.int16]]:
        return {}

    @cached_property
    def _phonemes_at(self) -> dict[int, tuple[TimedPhoneme, ...]]:
        return {}


@dataclass(frozen=True)
class Gap:
    """The least silence before and after a clause, in seconds."""

    lead_s: float
    trail_s: float


def gap_after(
    *, ends_sentence: bool, pause_s: float = 0.0, lead_s: float = LEAD_S, is_last: bool = False
) -> Gap:
    """The silence around a clause.

    Args:
        ends_sentence: whether the clause does.
        pause_s: the least silence that its script asks for behind it.
        lead_s: the silence before it.
        is_last: no clause follows, whose own silence would be part of the pause.
    """
    trail_s = SENTENCE_TRAIL_S if ends_sentence else COMMA_TRAIL_S
    return Gap(lead_s, max(trail_s, pause_s if is_last else pause_s - LEAD_S))


def grid_rate(sample_rate_hz: int) -> int:
    """The rate a voice's sound is kept at: its own where 12 frames are whole samples there."""
    fits = sample_rate_hz >= 8000 and sample_rate_hz * FRAME_MULTIPLE % FPS == 0
    return sample_rate_hz if fits and sample_rate_hz <= 48_000 else 48_000


def make_block(utterance: Utterance, gap: Gap, sample_rate_hz: int) -> Block | None:
    """The block of one clause; None where the voice made no sound."""
    pcm = resampled(utterance.pcm, utterance.sample_rate_hz, sample_rate_hz)
    bounds = sound_bounds(pcm, sample_rate_hz)
    if bounds is None:
        return None
    first, last = bounds
    speech = _faded(pcm[first:last], round(_FADE_S * sample_rate_hz))
    lead = round(gap.lead_s * sample_rate_hz)
    trail = round(gap.trail_s * sample_rate_hz)
    grid = sample_rate_hz * FRAME_MULTIPLE // FPS
    num_samples = -(-(lead + len(speech) + trail) // grid) * grid
    viewer = np.zeros(num_samples, np.float32)
    viewer[lead : lead + len(speech)] = speech
    engine = resampled(viewer, sample_rate_hz, ENGINE_SAMPLE_RATE_HZ)
    assert len(engine) == num_samples // grid * GRID_SAMPLES
    shift_s = (lead - first) / sample_rate_hz
    return Block(
        viewer,
        engine,
        lead,
        lead + len(speech),
        _engine_phonemes(utterance.phonemes, utterance.sample_rate_hz, shift_s, len(engine)),
        sample_rate_hz,
    )


def resampled(pcm: NDArray[np.float32], from_rate_hz: int, to_rate_hz: int) -> NDArray[np.float32]:
    """``pcm`` at another rate, by a linear-phase filter."""
    if from_rate_hz == to_rate_hz:
        return pcm
    from scipy import signal  # a second to import: for who speaks, not for every command

    divisor = math.gcd(from_rate_hz, to_rate_hz)
    up, down = to_rate_hz // divisor, from_rate_hz // divisor
    return np.asarray(signal.resample_poly(pcm, up, down, window=_low_pass(up, down)), np.float32)


@cache
def _low_pass(up: int, down: int) -> NDArray[np.float32]:
    """The filter that ``resample_poly`` makes itself, anew for every clause."""
    from scipy import signal

    longest = max(up, down)
    taps = signal.firwin(2 * 10 * longest + 1, 1 / longest, window=("kaiser", 5.0))
    return np.asarray(taps, np.float32)


def sound_bounds(pcm: NDArray[np.float32], sample_rate_hz: int) -> tuple[int, int] | None:
    """First and last sample of the sound, with 40 ms around it; None for silence."""
    levels = frame_levels(pcm, sample_rate_hz)
    if not len(levels) or float(levels.max()) < -70.0:
        return None
    loud = np.flatnonzero(levels > float(levels.max()) - _SILENCE_BELOW_PEAK_DB)
    hop = sample_rate_hz // 100
    kept = round(_KEPT_S * sample_rate_hz)
    first = max(0, int(loud[0]) * hop - kept)
    return first, min(len(pcm), (int(loud[-1]) + 1) * hop + kept)


def _faded(pcm: NDArray[np.float32], num_fade: int) -> NDArray[np.float32]:
    """Fade the ends in and out, so that nothing clicks."""
    num_fade = min(num_fade, len(pcm) // 2)
    ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(num_fade) + 0.5) / num_fade)).astype(np.float32)
    out = pcm.copy()
    out[:num_fade] *= ramp
    out[len(out) - num_fade :] *= ramp[::-1]
    return out


def _engine_phonemes(
    phones: tuple[TimedSymbol, ...] | None, sample_rate_hz: int, shift_s: float, num_samples: int
) -> tuple[TimedPhoneme, ...] | None:
    """Phones on the block's own time, in samples at 16 kHz, none beyond its ends."""
    if phones is None:
        return None

    def at(sample: int) -> int:
        moved = round((sample / sample_rate_hz + shift_s) * ENGINE_SAMPLE_RATE_HZ)
        return min(max(moved, 0), num_samples)

    timed = (
        TimedPhoneme(symbol=p.symbol, start=at(p.start_sample), end=at(p.end_sample))
        for p in phones
    )
    return tuple(phone for phone in timed if phone.end > phone.start)
