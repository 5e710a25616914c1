"""The mark that a film is generated: its words, and where it stands at the start. Pure."""

from tasks.deliver_records import Size
from tasks.reading.languages import Language
from tasks.screen.formats import SAFE_TOP, is_tall
from tasks.screen.lettering import plated
from tasks.screen.overlays import Overlay, Region

LABELS: dict[Language, str] = {"en": "AI-generated", "zh": "AI生成"}
LABEL_S = 3.0
"""How long the label is seen; rules ask for two seconds."""
_LETTERS = 0.05  # of the shorter side: as high as the rules of China ask
_LEFT = 0.04  # of the width


def label_overlay(text: str, size: Size, duration_s: float) -> Overlay:
    """The mark that a film is generated, in its upper left corner, at its start."""
    picture, _ = plated(text, round(_LETTERS * min(size)))
    place = label_region(text, size)
    return Overlay(
        picture=picture,
        left=place.left,
        top=place.top,
        starts_s=0.0,
        ends_s=min(LABEL_S, duration_s),
    )


def label_region(text: str, size: Size) -> Region:
    """What the mark covers."""
    _, (width, height) = plated(text, round(_LETTERS * min(size)))
    left, top = round(_LEFT * size[0]), round(SAFE_TOP[is_tall(size)] * size[1])
    return Region(left, top, width, height)
