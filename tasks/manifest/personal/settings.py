"""What a command says of how rows become videos.

Apart from what reads libraries, for which a process imports voices and the reading of scripts: a
video's run has these settings in its parameters, and needs none of that.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Personal:
    """How the rows of a manifest become videos.

    Attributes:
        is_strict: a row that lacks a value is a fault, also where there is a default.
        max_videos: the most videos; None: those of the file, or the ``MAX_VIDEOS`` of libraries if
            rows stand for several.
        variants: a file of variants; None: the one beside the manifest, where there is one.
        presenters: likewise.
        brand: likewise, the brand file of rows that name none.
    """

    is_strict: bool = False
    max_videos: int | None = None
    variants: Path | None = None
    presenters: Path | None = None
    brand: Path | None = None


USUAL = Personal()
