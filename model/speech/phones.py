"""From a model's tokens and durations to timed phones."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from model.speech.utterance import (
    TimedSymbol,
)

STRESS_MARKS = "ˈˌ"
LENGTH_AND_TONE_MARKS = "ːʰʲ→↗↓↘\u0303"
PAUSES = ' ;:,.!?—…"()“”'


def timed_phones(
    symbols: Sequence[str],
    borders: NDArray[np.int64],
    lag_samples: int,
    num_samples: int,
) -> tuple[TimedSymbol, ...]:
    """The sounding phones among ``symbols``.

    A stress mark's time belongs to the next phone, a length or tone mark's to the one before;
    pauses are left out.

    Args:
        symbols: L tokens, without the pads.
        borders: L + 3 borders in samples, pads included.
        lag_samples: subtracted from every border.
        num_samples: length of the utterance; times are clipped to it.
    """
    if len(borders) != len(symbols) + 3:
        raise ValueError(
            f"{len(symbols)} symbols need {len(symbols) + 3} borders, got {len(borders)}"
        )
    times = np.clip(borders - lag_samples, 0, num_samples)
    phones: list[TimedSymbol] = []
    stressed_from: int | None = None
    for symbol, start, end in zip(symbols, times[1:-2].tolist(), times[2:-1].tolist(), strict=True):
        if symbol in STRESS_MARKS:
            stressed_from = start
        elif symbol in LENGTH_AND_TONE_MARKS and phones:
            phones[-1] = TimedSymbol(phones[-1].symbol, phones[-1].start_sample, end)
        elif symbol not in PAUSES and symbol not in LENGTH_AND_TONE_MARKS:
            phones.append(
                TimedSymbol(symbol, start if stressed_from is None else stressed_from, end)
            )
            stressed_from = None
    return tuple(phone for phone in phones if phone.end_sample > phone.start_sample)


def sounding(symbols: str) -> str:
    """The phones among ``symbols``: without stress, length, tones and pauses."""
    unheard = STRESS_MARKS + LENGTH_AND_TONE_MARKS + PAUSES
    return "".join(symbol for symbol in symbols if symbol not in unheard)


def known_symbols(text: str, vocab: dict[str, int]) -> tuple[str, tuple[str, ...]]:
    """``text`` without the symbols a model does not know, and those symbols, each once."""
    unknown = tuple(dict.fromkeys(symbol for symbol in text if symbol not in vocab))
    return "".join(symbol for symbol in text if symbol in vocab), unknown
