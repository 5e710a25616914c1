"""How fast the GPUs of a pool are: as calibrated, or as the counted work and a datasheet say."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from model.errors import CampaignError
from model.live_avatar.planning.gpus import Gpu, like_of
from model.live_avatar.planning.sizes import PUBLISHED
from model.live_avatar.planning.speed_model import Rates, assumed_rates
from tasks.gpu_plans.calibration import CalibrationEntry, newest
from tasks.gpu_plans.compilation import compilation_of
from tasks.gpu_plans.requests import ENGINE

_SAME_MEMORY = 0.08  # of a card that is known by its memory alone, and one that was measured


@dataclass(frozen=True)
class Speed:
    """How fast the GPUs of a pool are.

    Attributes:
        gpu: of the pool; with its measured memory, where it was measured by name.
        entries: of the calibration file that are of such a GPU.
    """

    gpu: Gpu
    entries: tuple[CalibrationEntry, ...]

    @classmethod
    def of(cls, gpu: Gpu, entries: Sequence[CalibrationEntry]) -> "Speed":
        """What is known of a GPU."""
        mine = tuple(
            entry
            for entry in entries
            if (entry.engine, entry.model) == (ENGINE, PUBLISHED) and is_of(entry, gpu)
        )
        found = newest(mine)
        if found is not None and gpu.capability is not None:
            gpu = replace(gpu, usable_bytes=found.memory_bytes)
        return cls(gpu, mine)

    def entry(self, dtype: str) -> CalibrationEntry | None:
        """The newest one of a dtype; kinds of float8 differ by less than machines do."""
        measured = dtype.partition("-")[0]
        return newest([entry for entry in self.entries if entry.dtype == measured])

    @property
    def compilation(self) -> frozenset[str]:
        """The dtypes in which it compiles what leaves that open."""
        return compilation_of(self.entries, PUBLISHED)

    def rates(self, dtype: str) -> Rates:
        """Measured, or assumed.

        Raises:
            CampaignError: the entry lacks a figure.
        """
        entry, assumed = self.entry(dtype), assumed_rates(self.gpu, dtype)
        if entry is None:
            return assumed
        try:
            rates = Rates.of(entry.figures)
        except ValueError as error:
            raise CampaignError(
                f"the calibration of {entry.gpu} in {dtype}: {error}; run `nightshoot calibrate` "
                "there again"
            ) from error
        return rates if rates.link_gbps else replace(rates, link_gbps=assumed.link_gbps)

    def basis(self, dtype: str) -> str:
        """In words."""
        entry = self.entry(dtype)
        if entry is not None:
            return f"calibrated on {entry.gpu} in {dtype}, {entry.measured_at:%Y-%m-%d}"
        card = like_of(self.gpu) or self.gpu.name
        return (
            f"not calibrated: estimated from the counted work of the engine and the datasheet of "
            f"{card}; `nightshoot calibrate` measures them"
        )


def is_of(entry: CalibrationEntry, gpu: Gpu) -> bool:
    """Whether an entry was measured on such a GPU: its name, or a card of about its memory."""
    share = entry.memory_bytes / gpu.memory_bytes - 1
    if gpu.capability is None:
        return abs(share) <= _SAME_MEMORY
    words = re.split(r"[\s-]+", entry.gpu.lower())
    return gpu.name.lower().partition("-")[0] in words and abs(share) <= 2 * _SAME_MEMORY
