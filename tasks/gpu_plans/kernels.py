"""Which attention kernel a new plan names where its row leaves that open: the calibrations say.

Keys are made where there may be no GPU, so nothing is tried here. A plan that was made keeps its
kernel, whatever is calibrated later, and a host that does not have it refuses the segment.
"""

from collections.abc import Iterable, Mapping, Sequence

from model.errors import WeightsError
from model.live_avatar.planning.sizes import PUBLISHED
from model.live_avatar.settings import ATTENTION, AUTO, NARROW_ATTENTION, attention_dtype
from model.live_avatar.weights.location import weights_location_of
from tasks.gpu_plans.calibration import CalibrationEntry
from tasks.records import Scalar

ENGINE = "live-avatar"
_FOUND = "attention auto"  # among a calibration's versions: what torch chooses on that device


def kernels_of(entries: Iterable[CalibrationEntry], model: str) -> dict[str, str]:
    """Of each dtype that attention computes in, the kernel that new plans name.

    Args:
        entries: of the calibration file.
        model: a name of sizes.
    """
    by_dtype: dict[str, list[CalibrationEntry]] = {}
    for entry in entries:
        if (entry.engine, entry.model) == (ENGINE, model):
            by_dtype.setdefault(attention_dtype(entry.dtype), []).append(entry)
    found = {dtype: _kernel(measured) for dtype, measured in by_dtype.items()}
    return {dtype: kernel for dtype, kernel in found.items() if kernel}


def _kernel(entries: Sequence[CalibrationEntry]) -> str:
    """What torch chooses on all these devices; else the fastest that all of them have.

    One that rounds to 8 bits is not among these, however fast it was.
    """
    chosen = {entry.versions.get(_FOUND, "") for entry in entries}
    if len(chosen) == 1:
        return chosen.pop()
    common = set[str].intersection(*({*entry.kernels} for entry in entries))
    names = sorted(common - {NARROW_ATTENTION})
    seconds = {name: sum(entry.kernels[name] for entry in entries) for name in names}
    return min(seconds, key=lambda name: seconds[name], default="")


def model_named(environ: Mapping[str, str]) -> str:
    """The sizes of the weights that the environment names."""
    try:
        return weights_location_of(environ).model
    except WeightsError:
        return PUBLISHED


def kernels_kept(kernels: Mapping[str, str], before: Mapping[str, Scalar]) -> dict[str, str]:
    """The same for a row whose plan had the settings ``before``: its kernel stays.

    But for one that rounds to 8 bits: that was asked for, and is not if the row leaves it open now.
    """
    if before.get(ATTENTION, NARROW_ATTENTION) == NARROW_ATTENTION:
        return dict(kernels)
    return {**kernels, attention_dtype(str(before["dtype"])): str(before[ATTENTION])}


def with_kernel(settings: dict[str, Scalar], kernels: Mapping[str, str]) -> dict[str, Scalar]:
    """The settings of a new plan, which a row asks for, with a kernel if they leave it open."""
    if settings.get(ATTENTION) != AUTO:
        return settings
    dtype = attention_dtype(str(settings["dtype"]))
    return {**settings, ATTENTION: kernels.get(dtype, AUTO)}


def kernel_notices(asked: Iterable[Mapping[str, Scalar]], kernels: Mapping[str, str]) -> list[str]:
    """What a person should know of the kernels that new plans of these settings have."""
    dtypes = {
        attention_dtype(str(settings["dtype"]))
        for settings in asked
        if settings.get(ATTENTION) == AUTO
    }
    told = [
        f"engine {ENGINE}: new plans name the attention kernel {kernels[dtype]} for {dtype}, as "
        "calibrated; plans that were made before keep theirs"
        for dtype in sorted(dtypes & {*kernels})
    ]
    if missing := sorted(dtypes - {*kernels}):
        told.append(
            f"engine {ENGINE}: no calibration says which attention kernel GPUs use for "
            f"{' and '.join(missing)}, so new plans leave it to torch on each machine, and another "
            "GPU or another torch may change last bits of their pixels; run `nightshoot calibrate "
            f"--engine {ENGINE}` on a GPU machine and copy its file here, or set {ATTENTION}"
        )
    return told
