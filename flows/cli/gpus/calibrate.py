"""`nightshoot calibrate`: this machine's speed, measured and kept for `nightshoot plan --gpus`."""

import os
from collections.abc import Iterator, Sequence

from tasks.gpu_plans.calibration import (
    CalibrationEntry,
    calibration_path,
    keep_calibration,
    measure,
    read_calibrations,
)

_UNITS = {"_gbps": "GB/s", "_s": "s"}


def calibrate(engine: str, dtypes: Sequence[str]) -> list[CalibrationEntry]:
    """Measure an engine with every dtype, one after the other; each is kept as it is done.

    Args:
        engine: its name.
        dtypes: of its weights; none: the usual one.

    Raises:
        NightshootError: it cannot be calibrated here.
    """
    path = calibration_path(os.environ)
    read_calibrations(path)  # a file that cannot be added to is told before minutes are spent
    entries: list[CalibrationEntry] = []
    for dtype in dtypes or ("",):
        entry = measure(engine, dtype)
        keep_calibration(path, entry)
        entries.append(entry)
    return entries


def calibration_lines(entries: Sequence[CalibrationEntry]) -> Iterator[str]:
    """What `nightshoot calibrate` prints."""
    for entry in entries:
        yield (
            f"{entry.engine} ({entry.model}) on {entry.gpu}, "
            f"{entry.memory_bytes / (1 << 30):.2f} GiB, {entry.dtype}: measured in "
            f"{entry.measured_in_s:.0f} s, {entry.measured_at:%Y-%m-%d %H:%M} UTC"
        )
        yield "  " + ", ".join(f"{name} {version}" for name, version in entry.versions.items())
        for name, value in entry.figures.items():
            unit = next((u for ending, u in _UNITS.items() if name.endswith(ending)), "")
            yield f"  {name:<14} {value:.6g} {unit}".rstrip()
        for name, seconds in entry.kernels.items():
            yield f"  attention by {name:<9} {seconds * 1000:.3f} ms"
        for note in entry.notes:
            yield f"  not measured: {note}"
    yield f"saved in {calibration_path(os.environ)}"
