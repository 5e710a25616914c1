"""How much a sound is like each kind of phone: a small network over 24 bands of the voice.

It was learnt from the built-in voices, clean, in noise, in rooms and with other formants, by
``benchmarks/alignment.py`` (``benchmarks/results/alignment-xeon-2026-11.md``). It need not tell
phones apart on its own: what is said is known, and it says when.
Shapes: S samples at 16 kHz, T steps of 10 ms, B bands, K kinds of phones, the last a pause.
"""

from functools import cache
from pathlib import Path
from typing import TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

Values: TypeAlias = NDArray[np.float32]

RATE_HZ = 16_000
HOP = 160
KINDS = (
    "m", "pbβ", "fvʋɸ", "nɲɳɴ", "tdɾTʈɖ", "l", "ɹrɻɽ", "θð", "sz", "ʃʒʂʐɕʝç", "ʧʤʨʥꭧʦʣq",
    "kɡcɟ", "ŋ", "hxɣχ", "wɰ", "jɥ", "i", "yø", "ɪᵻɨʲ", "eA", "ɛœ", "æ", "aɑ", "ʌɐ", "əᵊɜɚɤɯ",
    "ɔɒo", "u", "ʊ", "I", "W", "OQ", "Y",
)  # fmt: skip
"""Phones that sound alike enough, as the voices write them."""
PAUSE = len(KINDS)
NUM_KINDS = PAUSE + 1
KIND_OF = {symbol: kind for kind, symbols in enumerate(KINDS) for symbol in symbols}

NET_PATH = Path(__file__).parent / "phones.npz"
_WINDOW = 400
_FFT = 512
_NUM_BANDS = 24
_LOWEST_HZ, _HIGHEST_HZ = 80.0, 7600.0
_LOUD_PERCENTILE, _PEAK_PERCENTILE = 95, 99.5
_VOICE_RANGE_DB = 30.0  # what is this much below the peak, or more, is no voice
_LEAST_LOUD_DB = -20.0  # speech at -23 dBFS has 20 dB in its loudest bands, -4 in its softest
_DEEPEST_DB = 50.0
_MOST_ON_ONE_THREAD = 1 << 18  # multiplications; OpenBLAS shares out more than these
_OFFSETS = (-12, -8, -5, -3, -2, -1, 0, 1, 2, 3, 5, 8, 12)  # steps


def likeness(sound: Values) -> Values:
    """Log-likelihood ``(T, K)`` of each kind at each step of ``(S,)`` speech, up to a constant."""
    return likeness_of(features(sound), _net())


def likeness_of(read: Values, net: dict[str, Values]) -> Values:
    """The same of what the network reads."""
    hidden = (read - net["mean"]) / net["scale"]
    for layer in ("1", "2"):
        hidden = np.maximum(_product(hidden, net[f"w{layer}"].T) + net[f"b{layer}"], 0)
    scores = _product(hidden, net["w3"].T) + net["b3"]
    scores -= scores.max(1, keepdims=True)
    scores -= np.log(np.exp(scores).sum(1, keepdims=True))
    return scores - net["prior"]


def features(sound: Values) -> Values:
    """What the network reads at each step of ``(S,)`` speech: ``(T, moments * B)``.

    Bands are told by how far they are below their own loudest, so that neither a microphone's
    colour nor the level matters.
    """
    levels = band_levels(sound)
    loud = levels.max(1)
    is_voice = loud >= np.percentile(loud, _PEAK_PERCENTILE) - _VOICE_RANGE_DB
    loudest = np.percentile(levels[is_voice], _LOUD_PERCENTILE, axis=0)
    loudest = np.maximum(loudest, _LEAST_LOUD_DB)
    below = np.clip(levels - loudest, -_DEEPEST_DB, 10) / 10
    steps = np.arange(len(below))
    around = [below[np.clip(steps + offset, 0, len(below) - 1)] for offset in _OFFSETS]
    return np.concatenate(around, 1).astype(np.float32)


def band_levels(sound: Values) -> Values:
    """Levels ``(T, B)`` in dB; step i is centred on sample ``160 * i + 80``."""
    from scipy.fft import rfft  # of many short windows at once it takes a sixth of numpy's time

    num_steps = -(-len(sound) // HOP)
    lead = (_WINDOW - HOP) // 2
    signal = np.zeros(num_steps * HOP + _WINDOW, np.float32)
    signal[lead : lead + len(sound)] = sound
    frames = np.lib.stride_tricks.sliding_window_view(signal, _WINDOW)[::HOP][:num_steps]
    taper = np.hanning(_WINDOW).astype(np.float32)
    spectra = cast("NDArray[np.complex64]", rfft(frames * taper, _FFT))  # scipy brings no types
    power = np.abs(spectra) ** 2
    return (10 * np.log10(_product(power, _bands()) + 1e-8)).astype(np.float32)


def _product(rows: Values, weights: Values) -> Values:
    """``rows @ weights`` in pieces that BLAS computes on this thread.

    It wakes threads of its own for larger ones, which spin for longer than such a product takes,
    and rows are read side by side anyway.
    """
    num_in, num_out = weights.shape
    size = max(1, _MOST_ON_ONE_THREAD // (num_in * num_out))
    num_whole = len(rows) // size * size
    out = np.empty((len(rows), num_out), np.float32)
    pieces = rows[:num_whole].reshape(-1, size, num_in)
    np.matmul(pieces, weights, out=out[:num_whole].reshape(-1, size, num_out))
    np.matmul(rows[num_whole:], weights, out=out[num_whole:])
    return out


@cache
def _bands() -> Values:
    """Triangles ``(F, B)``, evenly spaced on the mel scale."""

    def mel(hertz: float) -> float:
        return 2595 * np.log10(1 + hertz / 700)

    edges = np.linspace(mel(_LOWEST_HZ), mel(_HIGHEST_HZ), _NUM_BANDS + 2)
    hertz = 700 * (10 ** (edges / 2595) - 1)
    bins = np.fft.rfftfreq(_FFT, 1 / RATE_HZ)[:, None]
    rising = (bins - hertz[:-2]) / (hertz[1:-1] - hertz[:-2])
    falling = (hertz[2:] - bins) / (hertz[2:] - hertz[1:-1])
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)


@cache
def _net() -> dict[str, Values]:
    with np.load(NET_PATH) as file:
        return {name: file[name].astype(np.float32) for name in file.files}
