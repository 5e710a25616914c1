"""A row's portrait: read and measured once a version, framed, and what is to be told of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from model.engine import (
    EngineIdentity,
    Pixels,
)
from model.errors import PortraitError
from tasks.portrait.framed import FramedFile, framed_file
from tasks.portrait.picture import PortraitReader, portrait_sha256
from tasks.portrait.portrait import (
    PortraitLimits,
    check_portrait,
)
from tasks.records import (
    ManifestRow,
    VideoPlan,
)
from tasks.store.files import file_version

_PORTRAITS = PortraitReader()


@dataclass(frozen=True)
class PortraitFacts:
    """Of a picture; a plan that an older release made of it bears the second of its ``digests``."""

    digests: tuple[str, ...]
    width: int
    height: int
    notices: tuple[str, ...]


@lru_cache(maxsize=256)
def portrait_facts(path: Path, version: tuple[int, ...]) -> PortraitFacts:
    """Of a picture file; many rows share one presenter, so it is decoded once per version."""
    picture = _PORTRAITS.read(path, version)
    readings = (picture.pixels, picture.unmanaged)
    digests = tuple(portrait_sha256(pixels) for pixels in readings if pixels is not None)
    return PortraitFacts(digests, picture.pixels.shape[1], picture.pixels.shape[0], picture.notices)


def check_portrait_sides(
    row: ManifestRow, portrait: PortraitFacts, identity: EngineIdentity
) -> None:
    """The engine can take a picture of this size.

    Raises:
        PortraitError: a side is too short.
    """
    if min(portrait.width, portrait.height) < identity.min_side:
        raise PortraitError(
            f"{row.portrait_path.name} is {portrait.width}x{portrait.height}, but engine "
            f"{identity.name} needs at least {identity.min_side} pixels on each side; use a larger "
            "picture (512 pixels or more give a sharp face)"
        )


def framed_portrait(
    row: ManifestRow, rig: dict[str, object] | None, size: tuple[int, int]
) -> FramedFile | None:
    """The row\'s portrait in a frame of ``size`` (width, height); None where it stays as it is."""
    version = file_version(row.portrait_path)
    return framed_file(row.portrait_path, version, rig, size, row.framing or "auto")


def with_portrait_findings(
    plan: VideoPlan,
    row: ManifestRow,
    rig: dict[str, object] | None,
    limits: PortraitLimits,
    *,
    size: tuple[int, int],
    scale: float | None,
) -> VideoPlan:
    """The plan with the portrait's warnings.

    Args:
        plan: of the video.
        row: whose portrait it is.
        rig: of the portrait.
        limits: of portraits.
        size: width and height at which it is judged: the video's, or of the one it is a proof of.
        scale: of its frame at that size, where it has one.

    Raises:
        PortraitError: the portrait cannot be animated, and a still is not asked for.
    """
    portrait = _PORTRAITS.read(row.portrait_path, file_version(row.portrait_path))
    found = portrait_findings(
        plan.model_copy(update={"rig": rig, "width": size[0], "height": size[1]}),
        portrait.pixels,
        row.portrait_path.name,
        limits,
        scale=scale,
        allowed=row.allow,
    )
    return plan.model_copy(update={"warnings": plan.warnings + found})


def portrait_findings(
    plan: VideoPlan,
    pixels: Pixels,
    name: str,
    limits: PortraitLimits,
    *,
    scale: float | None = None,
    allowed: Sequence[str] = (),
) -> tuple[str, ...]:
    """What is to be told of a portrait, for a plan with its rig, size and settings.

    Args:
        plan: of the video.
        pixels: the picture, (H, W, 3) uint8, RGB.
        name: of its file, for messages.
        limits: of portraits.
        scale: of its frame, where it has one; see :func:`check_portrait`.
        allowed: names of faults with which it is animated.

    Raises:
        PortraitError: the portrait cannot be animated, and a still is not asked for.
    """
    report = check_portrait(
        pixels,
        plan.rig,
        plan.width,
        plan.height,
        limits=limits,
        scale=scale,
        allowed=allowed,
        is_preview=plan.is_preview,
    )
    is_still = not report.has_face and plan.settings.get("on_no_face") == "still"
    if report.errors and not is_still:
        raise PortraitError(f"{name}: {'; '.join(report.errors)}")
    return tuple(f"shown as a still: {error}" for error in report.errors) + report.warnings
