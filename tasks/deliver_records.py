"""Records of deliverables: what a row asks to be made of its master, and what was made."""

from typing import Literal, get_args

from pydantic import Field

from tasks.record import FileEntry, Record

Size = tuple[int, int]
"""Width and height, pixels."""
FaceBox = tuple[int, int, int, int]
"""Left, top, right, bottom of a face, forehead to chin, in pixels of the master."""

CaptionMode = Literal["burned", "beside", "both", "off"]
CAPTION_MODES: tuple[CaptionMode, ...] = get_args(CaptionMode)

CaptionPosition = Literal["bottom", "middle", "top"]
CAPTION_POSITIONS: tuple[CaptionPosition, ...] = get_args(CaptionPosition)
Backdrop = Literal["box", "outline", "none"]
BACKDROPS: tuple[Backdrop, ...] = get_args(Backdrop)
CaptionSize = Literal["small", "medium", "large"]
CAPTION_SIZES: tuple[CaptionSize, ...] = get_args(CaptionSize)
_COLOUR = r"^#[0-9a-fA-F]{6}$"


class CaptionStyle(Record):
    """How burned captions look, as a brand file's `[captions]` and rows say it; None: as usual."""

    position: CaptionPosition | None = Field(
        default=None, description="write bottom, middle or top"
    )
    backdrop: Backdrop | None = Field(default=None, description="write box, outline or none")
    size: CaptionSize | None = Field(default=None, description="write small, medium or large")
    text: str | None = Field(default=None, pattern=_COLOUR, description='write it as "#ffffff"')
    background: str | None = Field(
        default=None,
        pattern=_COLOUR,
        description='of the box or the outline; write it as "#101010"',
    )
    highlight: str | None = Field(
        default=None,
        pattern=rf"^off$|{_COLOUR}",
        description='of the word that is being said; write it as "#ffd400", or off',
    )

    def over(self, other: "CaptionStyle") -> "CaptionStyle":
        """What this one says, and else the other."""
        return other.model_copy(update=self.model_dump(exclude_none=True))


TeaserKind = Literal["webp", "gif"]
TEASER_KINDS: tuple[TeaserKind, ...] = get_args(TeaserKind)


class Upscaler(Record):
    """What enlarges masters: a brand's name and version of it, and the operator's command."""

    name: str
    version: str
    command: str = Field(description="sha256 of the command, which may hold secrets.")


class DeliverRequest(Record):
    """What is made of a finished video. It is part of no segment's key and of no plan's digest."""

    sizes: tuple[Size, ...] = Field(min_length=1, description="One deliverable each.")
    face: FaceBox | None = Field(default=None, description="None: nobody is seen.")
    captions: CaptionMode | None = Field(
        default=None, description="None: burned into tall films, beside the others."
    )
    caption_style: CaptionStyle | None = Field(
        default=None, description="Of burned captions; None: as they usually look."
    )
    label: str = Field(default="", description="Seen at the start; empty: no label.")
    language: Literal["en", "zh"] = Field(default="en", description="Of the captions.")
    music: FileEntry | None = Field(default=None, description="In the store's `materials/`.")
    earlier_music: str | None = Field(
        default=None,
        description="sha256 of the music that films had before, whose picture is kept; empty: they "
        "had none. None: they had another picture, or there were none.",
    )
    earlier_intro: str | None = Field(
        default=None, description="sha256 of the intro that films had before; as with the music."
    )
    earlier_outro: str | None = Field(
        default=None, description="sha256 of the outro that films had before; as with the music."
    )
    earlier_label: str | None = Field(
        default=None,
        description="That films had before; empty: none. None: this one, or there were no films.",
    )
    earlier_screens: dict[str, str] = Field(
        default_factory=dict[str, str],
        description="sha256 of the screen that films of a size had before, by its name.",
    )
    teaser: TeaserKind | None = Field(default=None, description="None: no teaser.")
    intro: FileEntry | None = Field(default=None, description="In the store's `materials/`.")
    outro: FileEntry | None = Field(default=None, description="In the store's `materials/`.")
    clip_background: str = Field(
        default="", description="Colour around clips of another shape; empty: there are no clips."
    )
    earlier_clip_background: str = Field(
        default="", description="That films had while there were clips; empty: there still are."
    )
    num_clip_frames: int = Field(default=0, description="Of intro and outro together.")
    upscaler: Upscaler | None = Field(
        default=None, description="Enlarges the master first; None: it is scaled with lanczos."
    )
    shown: str = Field(
        default="", description="sha256 of all that its screens are drawn of; empty: no brand."
    )
    screens: dict[str, str] = Field(
        default_factory=dict[str, str],
        description="sha256 of the kept screen of each size, by its name, such as 1080x1920.",
    )


class Enlargement(Record):
    """What an upscaler made of a master, and what that took."""

    size: Size
    num_frames: int
    num_bytes: int
    seconds: float = Field(description="That passed, its verification included.")


class DeliverableReceipt(Record):
    """`deliverables/<key[:2]>/<key>.json`, written last: the deliverable is done."""

    key: str
    video_id: str = Field(description="The video that it was made of first.")
    master_sha256: str
    size: Size
    file: FileEntry
    poster: FileEntry
    teaser: FileEntry | None = None
    is_copy: bool = Field(description="Its packets are the master's.")
    presenter: tuple[int, int, int, int] = Field(
        description="Left, top, width and height of what the master fills, on the screen."
    )
    crop: tuple[int, int, int, int] = Field(
        description="Left, top, width and height of what is shown, in the master."
    )
    num_frames: int = Field(ge=1)
    num_intro_frames: int = Field(default=0, description="That play before the master.")
    num_outro_frames: int = Field(default=0, description="That play after the master.")
    srt: FileEntry | None = Field(
        default=None,
        description="Captions in the time of a film with an intro; None: the master's.",
    )
    vtt: FileEntry | None = None
    duration_s: float = Field(gt=0)
    checks: dict[str, bool | float | str]
    caption_place: tuple[int, int, int] | None = Field(
        default=None,
        description="Size of the letters, top and bottom of burned captions; None: there are none.",
    )
    label: str = Field(default="", description="Seen at the start.")
    integrated_lufs: float | None = Field(
        default=None, description="Of a sound with music or clips; None: it has the master's sound."
    )
    true_peak_dbtp: float | None = None
    warnings: tuple[str, ...] = ()
    upscaler: Upscaler | None = Field(
        default=None, description="That has enlarged the master first."
    )
    enlargement: Enlargement | None = Field(
        default=None, description="None: nothing was enlarged for this film, or nobody noted it."
    )
    encode: dict[str, str | int] = Field(description="Settings of the encode; empty for a copy.")
    seconds: float = Field(description="That it took to make.")
    versions: dict[str, str]
