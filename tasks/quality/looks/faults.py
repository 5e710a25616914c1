"""Records of looks: what may be wrong with a presenter, and from where on it is."""

from typing import Literal

from pydantic import Field

from tasks.record import Record

FaultName = Literal["human", "identity", "faces", "mirrored", "mouth", "lids"]


class Fault(Record):
    """One thing that viewers see."""

    name: FaultName
    second: float = Field(ge=0, description="Of the video, where it is first seen.")
    value: float = Field(description="What was measured.")
    limit: float = Field(description="What would have passed.")
    words: str = Field(description="The fault in a few words, without the second.")


class LookLimits(Record):
    """From where on a figure is a fault: measured on 40 clean and 34 doctored videos.

    See ``benchmarks/results/judged_cases-2026-11.md``.
    """

    least_human: float = Field(
        default=0.825, description="Of the face detector. People 0.88 and more, animals 0.79."
    )
    most_unlike: float = Field(
        default=0.10, description="Below the usual likeness, twice in a row. Clean videos 0.02."
    )
    most_above_lips: float = Field(
        default=0.45,
        description="Motion above the lips over that of the lips. Clean 0.68, and then:",
    )
    most_changed_above_lips: float = Field(
        default=0.63, description="The same of all change. Clean 0.61; a moustache's mouth 0.66."
    )
    least_lid_detail: float = Field(
        default=0.33, description="Of an eye, over that of the portrait's. Closed lids 0.42."
    )
    most_mirrored: float = Field(
        default=0.90, description="Correlation of a part with its mirror image. Clean 0.88."
    )


_LOOSE = LookLimits(most_unlike=0.25)  # presenters who turn their heads as they like


def look_limits_of(*, is_preview: bool) -> LookLimits:
    """The limits of the preview engine, whose heads hardly turn, or of any other."""
    return LookLimits() if is_preview else _LOOSE
