"""A brand, as its file says it: values alone, no pictures read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import Field

from tasks.deliver_records import CaptionStyle
from tasks.record import Record
from tasks.screen.fonts import Fonts
from tasks.screen.formats import NO_SETS, FormatSets
from tasks.screen.layout.templates import Layout

Corner = Literal["top-left", "top-right", "bottom-left", "bottom-right"]
Transition = Literal["cut", "fade"]
_COLOUR = r"^#[0-9a-fA-F]{6}$"


class LogoTable(Record):
    """``[logo]``."""

    file: str = Field(min_length=1, description="write the name of a PNG or WebP file")
    corner: Corner = Field(default="top-right", description="write top-left, top-right, ...")
    margin: float = Field(
        default=0.04,
        ge=0,
        le=0.2,
        description="write a share of the frame's shorter side, 0 to 0.2",
    )
    width: float = Field(
        default=0.16, ge=0.02, le=0.5, description="write a share of the frame's width, 0.02 to 0.5"
    )


class Palette(Record):
    """``[palette]``: colours as ``#rrggbb``."""

    background: str = Field(default="#14202b", pattern=_COLOUR, description='write it as "#14202b"')
    text: str = Field(default="#ffffff", pattern=_COLOUR, description='write it as "#ffffff"')
    accent: str = Field(default="#ffb400", pattern=_COLOUR, description='write it as "#ffb400"')
    accent_text: str = Field(
        default="#14202b", pattern=_COLOUR, description='write it as "#14202b"'
    )


class LowerThird(Record):
    """``[lower_third]``: when name and title are seen, in seconds of the video."""

    starts_s: float = Field(default=1.0, ge=0, le=600, description="write seconds, 0 to 600")
    lasts_s: float = Field(default=5.0, ge=1, le=600, description="write seconds, 1 to 600")


class FileTable(Record):
    """``[intro]``, ``[outro]``, ``[music]``."""

    file: str = Field(min_length=1, description="write the name of a file")


class LabelTable(Record):
    """``[label]``: what the mark says that a film is generated, by the language of its script."""

    en: str = Field(default="", max_length=24, description="write at most 24 letters")
    zh: str = Field(default="", max_length=12, description="write at most 12 characters")


class UpscalerTable(Record):
    """``[upscaler]``: what enlarges masters; its command is the operator's."""

    name: str = Field(
        pattern=r"^[\w][\w .+-]{0,39}$", description="write a name of at most 40 letters and digits"
    )
    version: str = Field(
        min_length=1, max_length=40, description='write its version, such as "4.0.0"'
    )


class BrandTables(Record):
    """A brand file without its layouts, which have rules of their own."""

    name: str = Field(default="", max_length=80, description="write a name for people")
    fonts: tuple[str, ...] = Field(
        default=(), max_length=8, description='write names of files: ["brand.otf", "han.otf"]'
    )
    layout: str = Field(default="beside", description="write the name of a layout")
    transition: Transition = Field(default="fade", description="write cut or fade")
    logo: LogoTable | None = None
    palette: Palette = Field(default_factory=Palette)
    lower_third: LowerThird = Field(default_factory=LowerThird)
    label: LabelTable = Field(default_factory=LabelTable)
    captions: CaptionStyle = Field(default_factory=CaptionStyle)
    intro: FileTable | None = None
    outro: FileTable | None = None
    music: FileTable | None = None
    upscaler: UpscalerTable | None = None


@dataclass(frozen=True)
class Brand:
    """A brand file that was read and found right.

    Attributes:
        path: of the file.
        tables: what it says.
        layouts: the packaged ones and its own, by name.
        fonts: its own and the packaged one, in the order in which they are asked.
        logo, intro, outro, music: the files that it names.
        sets: its sets of formats, by their names in small letters.
    """

    path: Path
    tables: BrandTables
    layouts: Mapping[str, Layout]
    fonts: Fonts
    logo: Path | None = None
    intro: Path | None = None
    outro: Path | None = None
    music: Path | None = None
    sets: FormatSets = field(default_factory=lambda: NO_SETS)
