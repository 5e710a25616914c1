"""Filters of second-order sections, as ``scipy.signal`` computes them, without importing it. Pure.

Its import takes 0.6 s of computing, most of it for texts of help and for statistics, and each video
of a work pool has a process of its own. What computes lies in a file of its own, which takes half a
millisecond to load. Where there is none, ``scipy.signal`` is imported after all: to the same bits.

N sections, S samples.
"""

# scipy brings no type stubs
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from typing import TypeAlias

import numpy as np
import scipy
from numpy.typing import NDArray

from model.loading import loaded_once

Samples: TypeAlias = NDArray[np.float64]
_MODULE = "scipy.signal._sosfilt"


def filtered(sections: Samples, samples: Samples) -> Samples:
    """``(S,)`` under sections of ``(N, 6)``, from rest."""
    return filtered_on(sections, samples, np.zeros((len(sections), 2)))[0]


def filtered_on(sections: Samples, samples: Samples, state: Samples) -> tuple[Samples, Samples]:
    """The same, and the state in which the next samples find the filter."""
    out, after = samples[np.newaxis].copy(), state[np.newaxis].copy()
    _kernel()(np.ascontiguousarray(sections), out, after)
    return out[0], after[0]


def constant_state(sections: Samples) -> Samples:
    """``(N, 2)`` the state under a constant 1 that has always been there."""
    states, gain = np.empty((len(sections), 2)), 1.0
    for index, section in enumerate(sections):
        b, a = section[:3], section[3:]
        step = np.array([[1 + a[1], -1.0], [a[2], 1.0]])
        states[index] = gain * np.linalg.solve(step, b[1:] - a[1:] * b[0])
        gain *= np.sum(b) / np.sum(a)
    return states


@loaded_once
def _kernel() -> Callable[[Samples, Samples, Samples], None]:
    """Filters rows and carries their states on, both in place."""
    if _MODULE not in sys.modules:
        spec = PathFinder.find_spec(_MODULE, [str(Path(scipy.__file__).parent / "signal")])
        if spec is None or spec.loader is None:
            return import_module(_MODULE)._sosfilt
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules[_MODULE] = module  # whoever imports scipy.signal finds it
    return sys.modules[_MODULE]._sosfilt
