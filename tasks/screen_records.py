"""Records of what a row shows on the screen of its deliverables, beside the presenter."""

from pathlib import Path

from pydantic import Field

from tasks.record import Record

MOST_IMAGES = 9


class RowScreen(Record):
    """What stands on the screen; it is no part of a plan, of a segment's key or of a speech."""

    brand_path: Path = Field(description="The brand file.")
    layout: str = Field(description="Its name, the brand's own where the row names none.")
    images: dict[int, Path] = Field(
        default_factory=dict[int, Path], description="Product pictures by number, from 1."
    )
    headline: str = ""
    price_text: str = ""
    cta: str = Field(default="", description="Call to action.")
    name: str = Field(default="", description="Of the presenter, in the lower third.")
    title: str = Field(default="", description="Of the presenter, below the name.")
    marked_script: str = Field(
        default="", description="The script with its marks for the screen; empty: it has none."
    )
