"""Whether a new plan's blocks are compiled where its row leaves that open: the calibrations say.

As with kernels, nothing is tried here, a plan that was made stays as it is, and a host that cannot
compile refuses the segment.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from model.live_avatar.settings import COMPILE
from tasks.gpu_plans.calibration import CalibrationEntry
from tasks.gpu_plans.kernels import ENGINE
from tasks.manifest.row_settings import RowSettings
from tasks.records import Scalar

_MOST = 0.97  # of what a pass takes beside attention; else noise may have decided
_COMPILED = (
    "compiled"  # among a calibration's figures; see `model.live_avatar.planning.speed_model`
)


def compilation_of(entries: Iterable[CalibrationEntry], model: str) -> frozenset[str]:
    """The dtypes, as they are calibrated, in which new plans are compiled.

    Those in which every calibrated device could compile, and was faster for it.

    Args:
        entries: of the calibration file.
        model: a name of sizes.
    """
    shares: dict[str, list[float]] = {}
    for entry in entries:
        if (entry.engine, entry.model) == (ENGINE, model):
            shares.setdefault(entry.dtype, []).append(entry.figures.get(_COMPILED, 1.0))
    return frozenset(dtype for dtype, each in shares.items() if max(each) <= _MOST)


def is_compiled(settings: Mapping[str, Scalar], compilation: AbstractSet[str]) -> bool:
    """Whether a new plan of these settings is, where they leave it open."""
    return _measured(settings) in compilation


def compilation_kept(compilation: AbstractSet[str], before: Mapping[str, Scalar]) -> frozenset[str]:
    """The same for a row whose plan had the settings ``before``: it stays compiled, or not."""
    if COMPILE not in before:
        return frozenset(compilation)
    mine = {_measured(before)}
    return frozenset(compilation | mine if before[COMPILE] else compilation - mine)


def with_compilation(
    settings: dict[str, Scalar], compilation: AbstractSet[str], asked: AbstractSet[str]
) -> dict[str, Scalar]:
    """The settings of a new plan.

    Args:
        settings: those of the row, complete.
        compilation: see :func:`compilation_of`.
        asked: the names of those that somebody gave.
    """
    if COMPILE in asked or COMPILE not in settings:
        return settings
    return {**settings, COMPILE: is_compiled(settings, compilation)}


def is_compilation_refused(settings: Mapping[str, Scalar], asked: AbstractSet[str]) -> bool:
    """Whether somebody said so: silence leaves it to the calibration, and to a plan that is."""
    return COMPILE in asked and settings[COMPILE] is False


def compilation_notices(rows: Iterable[RowSettings], compilation: AbstractSet[str]) -> list[str]:
    """What a person should know of new plans of such rows."""
    dtypes = {
        str(row.engine["dtype"])
        for row in rows
        if COMPILE not in row.asked and is_compiled(row.engine, compilation)
    }
    return [
        f"engine {ENGINE}: new plans in {dtype} are rendered with {COMPILE}=true, which is faster "
        f"on the GPUs that were calibrated; plans that were made before stay as they are, and "
        f"{COMPILE}=false leaves it off"
        for dtype in sorted(dtypes)
    ]


def _measured(settings: Mapping[str, Scalar]) -> str:
    """Kinds of float8 are calibrated as one."""
    return str(settings.get("dtype", "")).partition("-")[0]
