"""Compares every output tensor of a golden file with what is computed here.

A comparison yields ``(tensor's name, what is computed)``; what the file holds beyond that was not
visited, which is a failure.
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from tests.parity.golden import GoldenSet, difference

Numbers = Iterator[tuple[str, Tensor]]
Comparison = Callable[[GoldenSet, str], Numbers]

EXACT = 0.0
MERGED = 1e-6  # the order of sums in B @ A is the kernel's own
ALONE = 1e-5  # VAE, text encoder and speech features, each fed with the reference's input
DIT = 2e-5  # float32 kernels that sum in another order, over all layers and the first clip
ROUND_TRIP = 5e-5  # what lies behind a decoded or an encoded video
HALF = 1e-3  # stored in float16


@dataclass(frozen=True)
class Gap:
    """One tensor.

    Attributes:
        tensor: its name.
        difference: the largest absolute one; infinite where shapes differ.
        tolerance: what is allowed.
    """

    tensor: str
    difference: float
    tolerance: float

    @property
    def is_ok(self) -> bool:
        return self.difference <= self.tolerance

    def __str__(self) -> str:
        return f"{self.tensor}: {self.difference:.2g} > {self.tolerance:g}"


@dataclass(frozen=True)
class FileReport:
    """One file.

    Attributes:
        name: of the file.
        gaps: of its output tensors.
        unvisited: output tensors that nothing was compared with.
        error: what stopped the comparison; empty if nothing did.
        hint: what else may explain a tensor that is too far off; empty if nothing does.
    """

    name: str
    gaps: tuple[Gap, ...]
    unvisited: tuple[str, ...]
    error: str = ""
    hint: str = ""

    @property
    def is_ok(self) -> bool:
        return not (self.error or self.unvisited) and all(gap.is_ok for gap in self.gaps)

    @property
    def faults(self) -> list[str]:
        """In words, one a line."""
        stopped = [f"stopped: {self.error}"] if self.error else []
        told = f" ({self.hint})" if self.hint else ""
        far = [f"{gap}{told}" for gap in self.gaps if not gap.is_ok]
        return stopped + far + [f"{name}: not visited" for name in self.unvisited]

    def __str__(self) -> str:
        largest: dict[float, float] = {}
        for gap in self.gaps:
            largest[gap.tolerance] = max(largest.get(gap.tolerance, 0.0), gap.difference)
        told = ", ".join(
            f"{found:.1e} of {allowed:.0e}" if allowed else f"{found:.1e} of 0"
            for allowed, found in sorted(largest.items())
        )
        verdict = "ok" if self.is_ok else "FAIL"
        return f"{self.name:26}{len(self.gaps):4} tensors  {verdict:4}  largest {told or 'unknown'}"


def compare(golden: GoldenSet, name: str, comparison: Comparison | None) -> FileReport:
    """Compare one file; without a comparison nothing of it is visited."""
    gaps: dict[str, Gap] = {}
    wanted, error = golden.outputs(name), ""
    try:
        for tensor, actual in comparison(golden, name) if comparison else ():
            expected = golden.tensors(name).get(tensor)
            if expected is not None:  # a set may hold less; what it holds more is not visited
                gaps[tensor] = Gap(tensor, _gap(actual, expected), tolerance(golden, name, tensor))
    except (AssertionError, LookupError, RuntimeError, ValueError) as caught:
        error = f"{type(caught).__name__}: {caught}"  # the other files are compared all the same
    unvisited = tuple(tensor for tensor in wanted if tensor not in gaps)
    return FileReport(name, tuple(gaps.values()), unvisited, error, _hint(golden, name))


def _hint(golden: GoldenSet, name: str) -> str:
    """Rounding to bf16 makes 1e-3 of a last bit, so files that do it must agree in every bit."""
    if not name.endswith("norm3bf16"):
        return ""
    kind, threads = torch.backends.cpu.get_cpu_capability(), torch.get_num_threads()
    return (
        f"it needs the bits of the CPU that computed the set, on {golden.num_threads} threads; "
        f"here: {kind}, {threads} threads"
    )


def _gap(actual: Tensor, expected: Tensor) -> float:
    return difference(actual, expected) if actual.shape == expected.shape else math.inf


def tolerance(golden: GoldenSet, file: str, tensor: str) -> float:
    """What a tensor may differ by, told from its name and dtype."""
    expected = golden.tensors(file)[tensor]
    if not expected.is_floating_point() or re.match(r"n\d+\.|idx\.|scale\.", tensor):
        return EXACT
    if expected.dtype == torch.float16:
        return HALF
    if file.startswith("generate_"):
        return _generation_tolerance(golden, file, tensor)
    if tensor.startswith("merged"):
        return MERGED
    return ALONE if file in ("audio", "t5", "vae") else DIT


def _generation_tolerance(golden: GoldenSet, file: str, tensor: str) -> float:
    """Later clips of the online pipeline see motion latents that were decoded and encoded again."""
    if tensor.startswith("video"):
        return ROUND_TRIP
    first = {  # of each kind, the first that belongs to the second clip
        "clip": 1,
        "infer": golden.config["steps"] * golden.blocks_per_clip,
        "sink": golden.config["steps"],
        "vae_call": 3,
    }
    kind = re.match(r"(?:tap\.)?([a-z_]+?)(\d+)\.", tensor)
    is_late = tensor.startswith("final_kv") or (
        kind is not None and kind[1] in first and int(kind[2]) >= first[kind[1]]
    )
    if is_late and file.startswith("generate_online"):
        return ROUND_TRIP
    return ALONE if tensor.startswith("vae_call") else DIT
