"""Where lips are shut in a voice without phones: m, b and p, heard by three small networks.

One tells phones apart (:mod:`model.preview.motion.lip_phones`). The others listen for lips alone,
through layers that look ever further, 170 ms on each side in all. The first of these reads twenty
bands of the sound, each over the loudest nearby and over its own quietest, and was learnt from
synthetic voices of 64 speakers. The second reads 24 bands of shorter windows, over their own
loudest nearby as well, and was learnt from these voices and from four people. All were learnt
clean, in noise, in rooms, through codecs and with other formants, by
``benchmarks/closures_learning.py`` and ``benchmarks/closures_recordings.py``
(``benchmarks/results/closures-xeon-2026-11.md``). What is half a second away never counts, so that
a segment hears what the whole track hears.
Shapes: T steps of 10 ms, F frequencies, B bands, I inputs, C channels of a layer.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from model.preview.motion.lip_phones import average, below_loudest, lips_belief, mel_bands

Curve: TypeAlias = NDArray[np.float64]

CLOSURES_NAME = "closures.npz"
_NET_PATH = Path(__file__).parents[1] / "nets" / CLOSURES_NAME
NUM_BANDS = 20
_LOWEST_HZ, _HIGHEST_HZ = 80.0, 7600.0
_VOICE_HZ = (120, 3800)
DILATIONS = (1, 2, 4, 8)  # steps between the moments that each layer reads
PEOPLE_DILATIONS = (1, 1, 2, 4, 8)
_FIRST_MOMENTS = 5  # that a first layer reads; the others read three
_NEAR_STEPS = 61  # in which the loudest and the quietest are looked for
_PEAK_STEPS, _QUIET_STEPS = 11, 5
# the belief that shuts no lips, and that shuts them, where the voice is this much above what is
# quietest nearby; a network that hears less through noise takes more for closures
_CLEAN_DB, _NOISY_DB = 27.0, 21.0
_CLEAN_BELIEFS, _NOISY_BELIEFS = (0.14, 0.18), (0.25, 0.30)
# of the networks' odds: learnt from people too, from voices alone, of phones
_SHARES = (0.4, 0.3, 0.3)
# the phones' network is never surer than this, and has learnt from fewer closures than the other
_LEAST_SHARE, _PHONES_BIAS = 1e-5, 0.7
_ONE_CLOSURE_STEPS = 17  # a belief that falls behind its greatest this near is beside the closure
_SHUT_STEPS = 3  # a closure reaches a step further on each side: some are shorter than a frame
_BESIDE, _WITHIN = 0.6, 0.85


def band_levels(power: NDArray[np.floating], hertz: NDArray[np.floating]) -> Curve:
    """Levels ``(T, B + 1)`` in dB of the bands, and of the whole voice, from ``(T, F)`` power."""
    bands = power @ mel_bands(hertz, NUM_BANDS, _LOWEST_HZ, _HIGHEST_HZ)
    voice = power[:, (hertz >= _VOICE_HZ[0]) & (hertz < _VOICE_HZ[1])].sum(1)
    return 10 * np.log10(np.concatenate([bands, voice[:, None]], 1) + 1e-10)


def heard_closures(levels: Curve, phone_levels: Curve) -> Curve:
    """How far lips are pressed together, 0 to 1, at each step.

    Args:
        levels: ``(T, B + 1)`` of :func:`band_levels`.
        phone_levels: those of :func:`model.preview.motion.lip_phones.phone_levels`.
    """
    voice = levels[:, -1]
    belief = _belief(levels, phone_levels)
    greatest = ndimage.maximum_filter1d(belief, _ONE_CLOSURE_STEPS, mode="nearest")
    # rounded like the belief
    above_noise = np.round(_loudest(voice) - _quietest(voice), 6)
    noise = np.clip((_CLEAN_DB - above_noise) / (_CLEAN_DB - _NOISY_DB), 0, 1)
    hidden, shut = (
        clean + noise * (noisy - clean)
        for clean, noisy in zip(_CLEAN_BELIEFS, _NOISY_BELIEFS, strict=True)
    )
    is_there = _step((greatest - hidden) / (shut - hidden))
    is_now = (belief / np.maximum(greatest, 1e-6) - _BESIDE) / (_WITHIN - _BESIDE)
    return ndimage.maximum_filter1d(is_there * _step(is_now), _SHUT_STEPS, mode="nearest")


def closure_features(levels: Curve) -> Curve:
    """What the network reads at each of ``(T, B + 1)`` levels: ``(T, 2 * B)``."""
    bands, voice = levels[:, :-1], levels[:, -1]
    below_peak = np.clip(bands - _loudest(voice)[:, None], -60, 5) / 10
    above_quiet = np.clip(bands - _quietest(bands), -5, 30) / 10
    return np.concatenate([below_peak, above_quiet], 1)


def people_features(phone_levels: Curve) -> Curve:
    """What the network that was learnt from people reads of ``(T, B + 1)`` levels: ``(T, 3 * B)``.

    The level of a band over its own loudest nearby is the same through any microphone.
    """
    bands, voice = phone_levels[:, :-1], phone_levels[:, -1]
    below_peak = np.clip(bands - _loudest(voice)[:, None], -60, 5) / 10
    above_quiet = np.clip(bands - _quietest(bands), -5, 30) / 10
    return np.concatenate([below_loudest(bands), below_peak, above_quiet], 1)


def _loudest(levels: Curve) -> Curve:
    peak = ndimage.maximum_filter1d(levels, _NEAR_STEPS, axis=0, mode="nearest")
    return average(peak, _PEAK_STEPS)


def _quietest(levels: Curve) -> Curve:
    steady = average(levels, _QUIET_STEPS)
    return ndimage.minimum_filter1d(steady, _NEAR_STEPS, axis=0, mode="nearest")


def _step(share: Curve) -> Curve:
    share = np.clip(share, 0, 1)
    return share * share * (3 - 2 * share)


def _belief(levels: Curve, phone_levels: Curve) -> Curve:
    """What the networks believe: the mean of their logarithms of odds, each by its share."""
    net = _net()
    phones = lips_belief(phone_levels, net)
    odds = (
        _odds(people_features(phone_levels), "people_", PEOPLE_DILATIONS),
        _odds(closure_features(levels), "", DILATIONS),
        np.log((phones + _LEAST_SHARE) / (1 - phones + _LEAST_SHARE)) + _PHONES_BIAS,
    )
    mean = np.sum([share * each for share, each in zip(_SHARES, odds, strict=True)], 0)
    belief = 1 / (1 + np.exp(-mean))
    kernel = np.exp(-0.5 * np.arange(-3, 4) ** 2)
    # rounded, so that a last bit that depends on vector lanes never reaches a pixel
    smooth = ndimage.correlate1d(belief, kernel / kernel.sum(), mode="nearest")
    return np.round(np.asarray(smooth, np.float64), 6)


def _odds(features: Curve, name: str, dilations: Sequence[int]) -> Curve:
    """Logarithms of odds at each of ``(T, I)`` features, by the network called ``name``."""
    net, sides = _net(), reach(dilations)
    heard = (features - net[f"{name}mean"]) / net[f"{name}scale"]
    heard = np.pad(heard, ((sides, sides), (0, 0)), mode="edge")
    for number, dilation in enumerate(dilations, 1):
        seen = _layer(heard, net[f"{name}w{number}"], dilation) + net[f"{name}b{number}"]
        seen = np.maximum(seen, 0)
        margin = (len(heard) - len(seen)) // 2
        heard = seen if number == 1 else seen + heard[margin : len(heard) - margin]
    return heard @ net[f"{name}w"] + net[f"{name}b"]


def reach(dilations: Sequence[int]) -> int:
    """Steps that all layers see on each side."""
    first, *others = dilations
    return (_FIRST_MOMENTS - 1) // 2 * first + sum(others)


def _layer(heard: Curve, weights: Curve, dilation: int) -> Curve:
    """``(T, C)`` through ``(moments, C, C')`` weights: shorter by what is seen on both sides."""
    length = len(heard) - (len(weights) - 1) * dilation
    parts = [heard[i * dilation :][:length] @ moment for i, moment in enumerate(weights)]
    return np.sum(parts, 0)


@cache
def _net() -> dict[str, Curve]:
    with np.load(_NET_PATH) as file:
        return {name: file[name].astype(np.float64) for name in file.files}
