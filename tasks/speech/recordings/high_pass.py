"""What lies below the voice and must not be taken for it: offsets, rumble and mains hum. Pure.

S samples.
"""

# scipy brings no type stubs
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

HIGH_PASS_EDGES_HZ = (20.0, 65.0, 125.0, 190.0)
"""An offset; hum at 50 or 60 Hz; at 100 or 120 Hz; its third harmonic."""
_ORDER, _STOP_DB = 8, 60.0
_ENOUGH_CONTRAST_DB = 40.0
_LEAST_GAINED_DB = 6.0
_TOO_LITTLE_DB = 15.0  # speech without a pause, whose weak sounds are no background
_AS_GOOD_DB = 3.0
MAINS_HZ = (50.0, 60.0)
_HIGHEST_HARMONIC_HZ = 3000.0
_NOTCH_HZ = 5.0  # the width of a notch; what it swings on for is over in a third of a second


class HighPass:
    """Takes out what is below ``edge_hz``, by at least 60 dB, block after block.

    It starts as if the first half second had been heard backwards before, and fades in for 50 ms:
    an offset or a hum that is there from the start makes no click.
    """

    def __init__(self, edge_hz: float, sample_rate_hz: int) -> None:
        self._num_before = sample_rate_hz // 2
        self._ramp = np.linspace(0.0, 1.0, sample_rate_hz // 20)
        self._sections, self._at_rest = _designed(edge_hz, sample_rate_hz)
        self._state: NDArray[np.float64] | None = None

    def __call__(self, pcm: NDArray[np.float32]) -> NDArray[np.float32]:
        """``(S,)``, the next samples."""
        if not len(pcm):
            return pcm
        from scipy import signal

        is_first = self._state is None
        if self._state is None:
            before = pcm[self._num_before : 0 : -1].astype(np.float64)
            first = float(before[0] if len(before) else pcm[0])
            self._state = signal.sosfilt(self._sections, before, zi=self._at_rest * first)[1]
        out, self._state = signal.sosfilt(self._sections, pcm.astype(np.float64), zi=self._state)
        if is_first:
            out[: len(self._ramp)] *= self._ramp[: len(out)]
        return np.asarray(out, np.float32)


class HumNotches:
    """Takes out an offset and ``mains_hz`` with its harmonics, block after block.

    It starts as if the first half second, whole periods of both mains, had been heard before, and
    fades in for 50 ms.
    """

    def __init__(self, mains_hz: float, sample_rate_hz: int) -> None:
        self._period = sample_rate_hz // 10
        self._ramp = np.linspace(0.0, 1.0, sample_rate_hz // 20)
        self._sections = _notches(mains_hz, sample_rate_hz)
        self._state: NDArray[np.float64] | None = None

    def __call__(self, pcm: NDArray[np.float32]) -> NDArray[np.float32]:
        """``(S,)``, the next samples."""
        if not len(pcm):
            return pcm
        from scipy import signal

        is_first = self._state is None
        if self._state is None:
            before = pcm[: min(5, len(pcm) // self._period) * self._period].astype(np.float64)
            state = np.zeros((len(self._sections), 2))
            for _ in range(2 if len(before) else 0):
                state = signal.sosfilt(self._sections, before, zi=state)[1]
            self._state = state
        out, self._state = signal.sosfilt(self._sections, pcm.astype(np.float64), zi=self._state)
        if is_first:
            out[: len(self._ramp)] *= self._ramp[: len(out)]
        return np.asarray(out, np.float32)


@cache
def _notches(mains_hz: float, sample_rate_hz: int) -> NDArray[np.float64]:
    from scipy import signal

    sections: list[NDArray[np.float64]] = [_designed(HIGH_PASS_EDGES_HZ[0], sample_rate_hz)[0]]
    for number in range(1, int(_HIGHEST_HARMONIC_HZ / mains_hz) + 1):
        hertz = number * mains_hz
        notch = signal.iirnotch(hertz, hertz / _NOTCH_HZ, fs=sample_rate_hz)
        sections.append(np.asarray(notch, np.float64).reshape(1, 6))
    return np.concatenate(sections)


@cache
def _designed(
    edge_hz: float, sample_rate_hz: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The filter's sections and its state under a constant 1; a design takes 3 ms."""
    from scipy import signal  # a second to import: for what is filtered, not for every command

    design = signal.cheby2(_ORDER, _STOP_DB, edge_hz, "highpass", fs=sample_rate_hz, output="sos")
    sections = np.asarray(design, np.float64)
    return sections, np.asarray(signal.sosfilt_zi(sections), np.float64)


def stands_out(plain_db: float) -> bool:
    """Whether speech stands out of the background as it is, whatever a filter would do."""
    return plain_db >= _ENOUGH_CONTRAST_DB


def needed_edge_hz(plain_db: float, filtered_db: Sequence[float]) -> float | None:
    """The gentlest filter with which speech stands out of the background; None: none is needed.

    Args:
        plain_db: contrast of loud frames and background without a filter.
        filtered_db: the same with each of :data:`HIGH_PASS_EDGES_HZ`.
    """
    best = max(filtered_db)
    if stands_out(plain_db) or best < max(plain_db + _LEAST_GAINED_DB, _TOO_LITTLE_DB):
        return None
    pairs = zip(HIGH_PASS_EDGES_HZ, filtered_db, strict=True)
    enough = min(best - _AS_GOOD_DB, _ENOUGH_CONTRAST_DB)
    return next(edge for edge, contrast in pairs if contrast >= enough)


def needed_mains_hz(best_db: float, notched_db: Sequence[float]) -> float | None:
    """The mains whose harmonics hide the speech, where a high-pass leaves too many of them.

    Args:
        best_db: contrast with what :func:`needed_edge_hz` asks for.
        notched_db: the same with the notches of each of :data:`MAINS_HZ`.
    """
    found_db = max(notched_db)
    is_better = found_db >= max(best_db + _LEAST_GAINED_DB, _TOO_LITTLE_DB)
    return MAINS_HZ[list(notched_db).index(found_db)] if is_better else None
