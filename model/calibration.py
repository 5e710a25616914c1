"""How fast an engine is on this machine: measured by the engine's own module, kept by tasks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module

from model.errors import CampaignError


@dataclass(frozen=True)
class Calibration:
    """What was measured on one device with one dtype.

    Attributes:
        engine: its name.
        model: which sizes of it; only the same can be reckoned from this.
        gpu: the device's name.
        dtype: of the weights.
        memory_bytes: of the device, as programs see it.
        figures: by name; the engine knows what they mean.
        kernels: of attention that work, with seconds of one self-attention, the fastest first.
        versions: of driver, torch and whatever else matters.
        notes: what was not measured, and why.
    """

    engine: str
    model: str
    gpu: str
    dtype: str
    memory_bytes: int
    figures: Mapping[str, float]
    kernels: Mapping[str, float]
    versions: Mapping[str, str]
    notes: tuple[str, ...] = ()


# of engines whose speed is reckoned from what a device does
_CALIBRATORS: Mapping[str, str] = {"live-avatar": "model.live_avatar.examine.calibration:calibrate"}


def calibrate_engine(name: str, dtype: str) -> Calibration:
    """Measure the engine called ``name`` on this machine; minutes.

    Args:
        name: one of those that can be.
        dtype: of the weights; empty: the usual one of this device.

    Raises:
        CampaignError: the engine cannot be calibrated so.
        NightshootError: this machine cannot do it.
    """
    if name not in _CALIBRATORS:
        raise CampaignError(
            f'engine "{name}" cannot be calibrated, only {" and ".join(_CALIBRATORS)} can; '
            "`nightshoot plan` measures other engines on the campaign's own portraits"
        )
    module_name, _, function = _CALIBRATORS[name].partition(":")
    calibrate: Callable[[str], Calibration] = getattr(import_module(module_name), function)
    return calibrate(dtype)
