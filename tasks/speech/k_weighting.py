"""How strongly ears take each frequency, by ITU-R BS.1770-5: the filter behind LUFS. Pure.

S samples. The standard gives coefficients for 48 kHz only. For other rates they are derived from
the analogue filters that those coefficients stand for.
"""

import math

import numpy as np
from numpy.typing import NDArray

from model.biquads import constant_state, filtered_on

LUFS_OF_FULL_POWER = -0.691
"""Loudness of a weighted mean square of 1."""
_SHELF_HZ, _SHELF_Q, _SHELF_DB = 1681.974450955533, 0.7071752369554196, 3.999843853973347
_SHELF_SLOPE = 0.4996667741545416
_PASS_HZ, _PASS_Q = 38.13547087602444, 0.5003270373238773


class KWeighting:
    """The head's shelf, then what ears lose below the voice; block after block."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._sections = sections(sample_rate_hz)
        self._state: NDArray[np.float64] | None = None

    def __call__(self, pcm: NDArray[np.float32]) -> NDArray[np.float32]:
        """``(S,)``, the next samples; an offset that is there from the start makes no click."""
        if not len(pcm):
            return pcm
        if self._state is None:
            self._state = constant_state(self._sections) * float(pcm[0])
        out, self._state = filtered_on(self._sections, pcm.astype(np.float64), self._state)
        return np.asarray(out, np.float32)


def sections(sample_rate_hz: int) -> NDArray[np.float64]:
    """``(2, 6)`` second-order sections of both filters."""
    k = math.tan(math.pi * _SHELF_HZ / sample_rate_hz)
    high = 10 ** (_SHELF_DB / 20)
    band = high**_SHELF_SLOPE
    shelf = _section(
        (
            high + band * k / _SHELF_Q + k * k,
            2 * (k * k - high),
            high - band * k / _SHELF_Q + k * k,
        ),
        k,
        _SHELF_Q,
    )
    k = math.tan(math.pi * _PASS_HZ / sample_rate_hz)
    one = 1 + k / _PASS_Q + k * k  # the standard's own numerator is 1, -2, 1
    return np.array([shelf, _section((one, -2 * one, one), k, _PASS_Q)])


def _section(numerator: tuple[float, float, float], k: float, q: float) -> list[float]:
    one = 1 + k / q + k * k
    return [*(b / one for b in numerator), 1.0, 2 * (k * k - 1) / one, (1 - k / q + k * k) / one]
