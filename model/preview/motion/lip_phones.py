"""How likely an m, a p or a b sounds: the network that lays scripts into recordings, of version 4.

It tells 33 kinds of phones apart (:mod:`model.alignment.phone_net`, which may learn again without
changing a pixel here); its weights are a copy, and bands are told by their loudest nearby, not by
that of a whole recording, of which a segment knows nothing.
Shapes: T steps of 10 ms, S samples of a window, B bands, K kinds of phones.
"""

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Curve: TypeAlias = NDArray[np.float64]

_WINDOW, _FFT, _RATE_HZ = 400, 512, 16_000
_NUM_BANDS = 24
_LOWEST_HZ, _HIGHEST_HZ = 80.0, 7600.0
_VOICE_HZ = (120, 3800)
_NEAR_STEPS, _PEAK_STEPS = 61, 11
_BELOW_PEAK_DB, _LEAST_LOUD_DB, _DEEPEST_DB = 2.0, -20.0, 50.0
_OFFSETS = (-12, -8, -5, -3, -2, -1, 0, 1, 2, 3, 5, 8, 12)  # steps
_LIPS = slice(0, 2)  # of the kinds: m; p and b


def phone_levels(frames: NDArray[np.int16]) -> Curve:
    """Levels ``(T, B + 1)`` in dB of the middle of ``(T, S)`` windows: bands, and the voice."""
    margin = (frames.shape[1] - _WINDOW) // 2
    middle = frames[:, margin : margin + _WINDOW] * (np.hanning(_WINDOW) / 32768)
    power = np.abs(np.fft.rfft(middle, _FFT)) ** 2
    return band_levels(power, np.fft.rfftfreq(_FFT, 1 / _RATE_HZ))


def band_levels(power: NDArray[np.floating], hertz: NDArray[np.floating]) -> Curve:
    """The same from ``(T, F)`` power."""
    bands = power @ mel_bands(hertz, _NUM_BANDS, _LOWEST_HZ, _HIGHEST_HZ)
    voice = power[:, (hertz >= _VOICE_HZ[0]) & (hertz < _VOICE_HZ[1])].sum(1)
    return 10 * np.log10(np.concatenate([bands, voice[:, None]], 1) + 1e-8)


def lips_belief(levels: Curve, net: Mapping[str, Curve]) -> Curve:
    """How likely each of ``(T, B + 1)`` steps is an m, a p or a b."""
    below = below_loudest(levels[:, :-1])
    steps = np.arange(len(below))
    around = [below[np.clip(steps + offset, 0, len(below) - 1)] for offset in _OFFSETS]
    hidden = (np.concatenate(around, 1) - net["phones_mean"]) / net["phones_scale"]
    for layer in ("1", "2"):
        hidden = np.maximum(hidden @ net[f"phones_w{layer}"].T + net[f"phones_b{layer}"], 0)
    scores = hidden @ net["phones_w3"].T + net["phones_b3"]
    shares = np.exp(scores - scores.max(1, keepdims=True))
    return shares[:, _LIPS].sum(1) / shares.sum(1)


def below_loudest(bands: Curve) -> Curve:
    """How far each of ``(T, B)`` levels is from its band's loudest nearby, in tens of dB."""
    loudest = ndimage.maximum_filter1d(bands, _NEAR_STEPS, axis=0, mode="nearest")
    loudest = average(loudest, _PEAK_STEPS) - _BELOW_PEAK_DB
    return np.clip(bands - np.maximum(loudest, _LEAST_LOUD_DB), -_DEEPEST_DB, 10) / 10


def mel_bands(hertz: NDArray[np.floating], num: int, lowest_hz: float, highest_hz: float) -> Curve:
    """Triangles ``(F, num)``, evenly spaced on the mel scale."""
    low, high = (2595 * np.log10(1 + edge / 700) for edge in (lowest_hz, highest_hz))
    edges = 700 * (10 ** (np.linspace(low, high, num + 2) / 2595) - 1)
    rising = (hertz[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - hertz[:, None]) / (edges[2:] - edges[1:-1])
    return np.maximum(0, np.minimum(rising, falling))


def average(levels: Curve, num_steps: int) -> Curve:
    """A moving average; no running sum, whose last bits depend on where the sound begins."""
    return ndimage.correlate1d(levels, np.full(num_steps, 1 / num_steps), axis=0, mode="nearest")
