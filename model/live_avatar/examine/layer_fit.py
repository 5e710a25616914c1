"""Figures of speed fitted to what was measured; without torch.

A layer takes ``a * TFLOP of matrices + b * TFLOP of attention + c`` seconds. Times at sizes and
lengths of memory that differ tell the three; none can be negative.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np


@dataclass(frozen=True)
class Point:
    """One measurement.

    Attributes:
        linear: TFLOP of matrices, of one layer.
        attention: TFLOP of products of attention, of one layer.
        seconds: of one layer.
    """

    linear: float
    attention: float
    seconds: float


class LayerFit(NamedTuple):
    """a, b and c; see the module."""

    linear_s: float
    attention_s: float
    layer_s: float


def fit_layer(points: Sequence[Point]) -> LayerFit:
    """The three figures, none negative, that are least wrong in proportion to each time.

    Raises:
        ValueError: there are fewer than three points, or a time is not positive.
    """
    if len(points) < len(LayerFit._fields) or min(point.seconds for point in points) <= 0:
        raise ValueError(f"at least three points with positive seconds are needed, got {points}")
    terms = np.array([[point.linear, point.attention, 1.0] for point in points])
    terms /= np.array([[point.seconds] for point in points])
    best, least = np.zeros(3), np.inf
    for count in (1, 2, 3):
        for chosen in combinations(range(3), count):
            columns = terms[:, chosen]
            found, *_ = np.linalg.lstsq(columns, np.ones(len(points)), rcond=None)
            error = float(np.square(columns @ found - 1).sum())
            if found.min() >= 0 and error < least - 1e-12:
                best, least = np.zeros(3), error
                best[list(chosen)] = found
    return LayerFit(*(float(value) for value in best))
