"""Where lips are shut in a voice without phones: m, b and p, heard by a small network.

It reads seven bands of the sound, each over the loudest nearby and over its own quietest, at
thirteen moments within 140 ms on each side, and was learnt from seven synthetic voices and mixtures
of them, clean, in noise, in rooms and with other formants, by ``benchmarks/closures.py``
(``benchmarks/results/closures-xeon-2026-11.md``). What is around half a second away never counts,
so that a segment hears what the whole track hears.
Shapes: T steps of 10 ms, S samples of a window, B bands.
"""

from functools import cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Curve: TypeAlias = NDArray[np.float64]

CLOSURES_NAME = "closures.npz"
_NET_PATH = Path(__file__).parents[1] / "nets" / CLOSURES_NAME
_BANDS_HZ = (
    (120, 300), (300, 600), (600, 1000), (1000, 1700), (1700, 2500), (2500, 3800), (4000, 7800),
)  # fmt: skip
_VOICE_HZ = (120, 3800)
_OFFSETS = (-14, -9, -6, -4, -2, -1, 0, 1, 2, 4, 6, 9, 14)  # steps
_NEAR_STEPS = 61  # in which the loudest and the quietest are looked for
_PEAK_STEPS = 11
_QUIET_PERCENTILE = 8
# what the network says of open lips at most, and of shut ones at least; where they are lower, it
# hears many closures in recordings that are none
_HIDDEN, _SHUT = 0.35, 0.60
_SHUT_STEPS = 3  # a closure reaches a step further on each side: some are shorter than a frame


def band_levels(power: NDArray[np.floating], hertz: NDArray[np.floating]) -> Curve:
    """Levels ``(T, B + 1)`` in dB of the bands, and of the whole voice, from ``(T, F)`` power."""

    def level(low: float, high: float) -> Curve:
        return 10 * np.log10(power[:, (hertz >= low) & (hertz < high)].sum(1) + 1e-10)

    return np.stack([level(*band) for band in (*_BANDS_HZ, _VOICE_HZ)], 1)


def heard_closures(levels: Curve) -> Curve:
    """How far lips are pressed together, 0 to 1, at each of ``(T, B + 1)`` levels."""
    belief = _belief(closure_features(levels))
    t = np.clip((belief - _HIDDEN) / (_SHUT - _HIDDEN), 0, 1)
    return ndimage.maximum_filter1d(t * t * (3 - 2 * t), _SHUT_STEPS, mode="nearest")


def closure_features(levels: Curve) -> Curve:
    """What the network reads at each of ``(T, B + 1)`` levels: ``(T, 2 * B * moments)``."""
    bands, voice = levels[:, :-1], levels[:, -1]
    peak = ndimage.maximum_filter1d(voice, _NEAR_STEPS, mode="nearest")
    peak = ndimage.correlate1d(peak, np.full(_PEAK_STEPS, 1 / _PEAK_STEPS), mode="nearest")
    quiet = np.stack(
        [
            ndimage.percentile_filter(band, _QUIET_PERCENTILE, _NEAR_STEPS, mode="nearest")
            for band in bands.T
        ],
        1,
    )
    below_peak = np.clip(bands - peak[:, None], -50, 5) / 10
    above_quiet = np.clip(bands - quiet, 0, 30) / 10
    now = np.concatenate([below_peak, above_quiet], 1)
    steps = np.arange(len(now))
    around = [now[np.clip(steps + offset, 0, len(now) - 1)] for offset in _OFFSETS]
    return np.concatenate(around, 1)


def _belief(features: Curve) -> Curve:
    net = _net()
    hidden = np.tanh((features - net["mean"]) / net["scale"] @ net["w1"].T + net["b1"])
    belief = 1 / (1 + np.exp(-(hidden @ net["w2"].T + net["b2"])[:, 0]))
    kernel = np.exp(-0.5 * np.arange(-3, 4) ** 2)
    # rounded, so that a last bit that depends on vector lanes never reaches a pixel
    smooth = ndimage.correlate1d(belief, kernel / kernel.sum(), mode="nearest")
    return np.round(np.asarray(smooth, np.float64), 6)


@cache
def _net() -> dict[str, Curve]:
    with np.load(_NET_PATH) as file:
        return {name: file[name].astype(np.float64) for name in file.files}
