"""Intro and outro clips of a film, in its size, rate and colours.

A clip fills the frame where no more than a tenth of its picture is lost by that; otherwise all of
it is seen, on a colour of the brand.
"""

from dataclasses import dataclass
from pathlib import Path

from model.errors import RowError
from tasks.deliver_records import DeliverRequest, Size
from tasks.record import FileEntry
from tasks.screen.brand.clips import ClipError, ClipFacts, measured_clip
from tasks.screen.formats import kept_share
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.files import file_version

MATERIALS = "materials"
"""Where the store keeps what deliverables are made with beside masters."""
_LEAST_KEPT = 0.9


@dataclass(frozen=True)
class Clip:
    """A clip that plays before or after a master: its file, and what was measured of it."""

    path: Path
    facts: ClipFacts

    @property
    def num_frames(self) -> int:
        """That are played."""
        return self.facts.num_frames


@dataclass(frozen=True)
class Clips:
    """What plays before and after a master; None: nothing.

    ``background`` is the colour around clips of another shape, as ``#rrggbb``.
    """

    intro: Clip | None = None
    outro: Clip | None = None
    background: str = "#000000"

    @property
    def num_before(self) -> int:
        """Frames that play before the master."""
        return self.intro.num_frames if self.intro else 0

    @property
    def num_after(self) -> int:
        """Frames that play after it."""
        return self.outro.num_frames if self.outro else 0

    @property
    def num_frames(self) -> int:
        """Of both."""
        return self.num_before + self.num_after


NO_CLIPS = Clips()


def kept_clips(request: DeliverRequest, folder: CampaignFolder) -> Clips:
    """The clips that a request names, from the store.

    Raises:
        DamagedError: one is missing, or not what it was.
        RowError: one cannot be played.
    """

    def clip(entry: FileEntry | None) -> Clip | None:
        if entry is None:
            return None
        path = folder.fetch_kept(MATERIALS, entry)
        try:
            return Clip(path, measured_clip(path, file_version(path)))
        except ClipError as error:
            raise RowError(f"clip {path.name}: {error.rule}; {error.way_out}") from error

    background = request.clip_background or Clips.background
    return Clips(clip(request.intro), clip(request.outro), background)


@dataclass(frozen=True)
class ClipPlace:
    """Where a clip lies on a screen, in pixels; what leaves the screen is not seen."""

    left: int
    top: int
    width: int
    height: int


def clip_place(clip: Size, screen: Size) -> ClipPlace:
    """Where a clip is put, in its own shape: over the whole screen, or inside it; all even."""
    scales = [side / length for side, length in zip(screen, clip, strict=True)]
    is_filled = kept_share(clip, screen) >= _LEAST_KEPT
    scale = max(scales) if is_filled else min(scales)
    sides: list[int] = []
    for side, length in zip(screen, clip, strict=True):
        even = max(2, 2 * round(length * scale / 2))
        sides.append(max(even, side) if is_filled else min(even, side))
    left, top = (2 * ((side - length) // 4) for side, length in zip(screen, sides, strict=True))
    return ClipPlace(left, top, sides[0], sides[1])
