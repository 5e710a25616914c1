"""Words and pictures of a row, drawn for one format: each with its place, or why it has none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from PIL import Image, ImageChops, ImageDraw

from tasks.deliver_records import CaptionPosition
from tasks.reading.languages import Language
from tasks.screen.brand.brand import Brand
from tasks.screen.brand.pictures import LOGO_KINDS, PRODUCT_KINDS, read_screen_picture
from tasks.screen.composing.faults import ScreenFault
from tasks.screen.formats import format_name
from tasks.screen.layout.templates import Places, safe_region
from tasks.screen.overlays import Region
from tasks.screen.text.setting import Box, Setting, TextFitError, drawn, fit
from tasks.screen_records import RowScreen

THING_OF_COLUMN = {
    "headline": "headline",
    "price_text": "price",
    "cta": "cta",
    "name": "lower_third",
    "title": "lower_third",
}
"""Where the words of a column stand."""
_SUPERSAMPLED = 4
_PAD, _RADIUS, _BAR = 0.018, 0.02, 0.008  # of the frame's shorter side
_LOGO_HEIGHT = 0.095  # likewise, at most
_PANEL_OPACITY = 214


@dataclass(frozen=True)
class Style:
    """Sizes of words, in shares of the frame's shorter side, and how many lines they may take."""

    largest: float
    smallest: float
    max_lines: int


STYLES = {
    "headline": Style(0.075, 0.033, 4),
    "price": Style(0.085, 0.028, 2),
    "cta": Style(0.050, 0.026, 2),
    "name": Style(0.046, 0.025, 2),
    "title": Style(0.034, 0.021, 2),
}
"""By what the words are."""


@dataclass(frozen=True)
class Piece:
    """A picture above the presenter: what it is, and where it lies, in pixels of the frame."""

    thing: str
    picture: Image.Image
    region: Region


@dataclass(frozen=True)
class Stage:
    """What is drawn for: a brand, a row, the language of its words, a size in pixels.

    ``is_captioned``: whether captions are burned into the film, and have a place of their own, at
    ``caption_position``. ``label``: words of the mark that is seen at the start; empty: none.
    """

    brand: Brand
    row: RowScreen
    language: Language
    width: int
    height: int
    is_captioned: bool = False
    caption_position: CaptionPosition = "bottom"
    label: str = ""

    @property
    def places(self) -> Places:
        """The row's layout in the frame."""
        layout = self.brand.layouts[self.row.layout]
        return layout.in_frame(self.width, self.height, is_captioned=self.is_captioned)

    @property
    def short(self) -> int:
        """The shorter side."""
        return min(self.width, self.height)

    def fault(
        self, column: str, value: str, rule: str, way_out: str, most: int | None = None
    ) -> ScreenFault:
        """What is wrong in this layout and format; ``most``: characters that would fit."""
        format_told = format_name((self.width, self.height))
        fitting = () if most is None else (most,)
        return ScreenFault(column, value, rule, way_out, self.row.layout, (format_told,), fitting)

    def px(self, share: float) -> int:
        """A length in pixels."""
        return max(1, round(share * self.short))


def words_on(stage: Stage) -> tuple[list[Piece], list[ScreenFault]]:
    """Headline, price, call to action and lower third, as far as the row has them."""
    pieces: list[Piece] = []
    faults: list[ScreenFault] = []
    row = stage.row
    at_most: int | None = None  # a call to action is not louder than the price
    for column, text in (
        ("headline", row.headline),
        ("price_text", row.price_text),
        ("cta", row.cta),
    ):
        region = _region(stage, column, text, faults)
        if region is None:
            continue
        thing = THING_OF_COLUMN[column]
        try:
            setting = _setting(stage, thing, text, region, at_most if thing == "cta" else None)
            pieces.append(_words(stage, thing, setting, region))
            at_most = setting.size if thing == "price" else at_most
        except TextFitError as error:
            faults.append(stage.fault(column, text, error.rule, error.way_out, error.most))
    if row.name or row.title:
        third = _lower_third(stage, faults)
        pieces += [third] if third else []
    return pieces, faults


def missing_characters(stage: Stage) -> Iterator[ScreenFault]:
    """Characters of the row's words that no font of the brand draws."""
    for column in THING_OF_COLUMN:
        text = str(getattr(stage.row, column))
        missing = stage.brand.fonts.missing(text)
        if missing:
            shown = " ".join(missing[:8])
            rule = f"no font of the brand has these characters: {shown}"
            way_out = "name a font that has them in the brand file's fonts, or write other words"
            yield ScreenFault(column, text, rule, way_out)


def logo_on(stage: Stage) -> Piece | None:
    """The brand's logo in its corner; None where it has none."""
    table = stage.brand.tables.logo
    if table is None or stage.brand.logo is None:
        return None
    picture = read_screen_picture(stage.brand.logo, LOGO_KINDS)
    picture = _within(picture, round(table.width * stage.width), stage.px(_LOGO_HEIGHT))
    safe, margin = safe_region(stage.width, stage.height), stage.px(table.margin)
    left, top = max(safe.left, margin), max(safe.top, margin)
    if table.corner.endswith("right"):
        left = min(safe.left + safe.width, stage.width - margin) - picture.width
    if table.corner.startswith("bottom"):
        top = min(safe.top + safe.height, stage.height - margin) - picture.height
    return Piece("logo", picture, Region(left, top, picture.width, picture.height))


def products_on(stage: Stage) -> tuple[dict[int, Piece], list[ScreenFault]]:
    """The row's product pictures by number, each as large as its place allows."""
    if not stage.row.images:
        return {}, []
    place = stage.places.regions.get("product")
    if place is None:
        value = next(iter(stage.row.images.values())).name
        return {}, [_no_place(stage, "product_image", value)]
    pieces: dict[int, Piece] = {}
    for number, path in sorted(stage.row.images.items()):
        picture = _within(read_screen_picture(path, PRODUCT_KINDS), place.width, place.height)
        # words begin at the left: under a headline a picture begins there too
        headline = stage.places.regions.get("headline")
        is_below = headline is not None and headline.left == place.left
        left = place.left + (0 if is_below else (place.width - picture.width) // 2)
        top = place.top + (place.height - picture.height) // 2
        region = Region(left, top, picture.width, picture.height)
        pieces[number] = Piece("product", _rounded(picture, stage.px(_RADIUS)), region)
    return pieces, []


def canvas_of(stage: Stage) -> Image.Image | None:
    """What lies behind the presenter; None where the presenter fills the frame."""
    presenter = stage.places.presenter
    if (presenter.width, presenter.height) == (stage.width, stage.height):
        return None
    return Image.new("RGB", (stage.width, stage.height), stage.brand.tables.palette.background)


def overlaps(one: Region, other: Region) -> bool:
    """Whether two regions share a pixel."""
    return (
        one.left < other.left + other.width
        and other.left < one.left + one.width
        and one.top < other.top + other.height
        and other.top < one.top + one.height
    )


def told(thing: str) -> str:
    """What a thing is called in messages."""
    return {"cta": "call to action", "lower_third": "lower third"}.get(thing, thing)


# --- words --------------------------------------------------------------------------------------


def _region(stage: Stage, column: str, text: str, faults: list[ScreenFault]) -> Region | None:
    """Where a column's words stand; None where there are none, or no place, which is a fault."""
    if not text:
        return None
    region = stage.places.regions.get(THING_OF_COLUMN[column])
    if region is None:
        faults.append(_no_place(stage, column, text))
    return region


def _no_place(stage: Stage, column: str, value: str) -> ScreenFault:
    rule, way_out = "there is no place for it", "choose another layout, or give it a region there"
    return stage.fault(column, value, rule, way_out)


def _box(stage: Stage, style: Style, width: int, height: int) -> Box:
    return Box(
        max(width, 1),
        max(height, 1),
        stage.px(style.largest),
        stage.px(style.smallest),
        style.max_lines,
    )


def _is_bare(stage: Stage, thing: str, region: Region) -> bool:
    """Whether words stand on the canvas itself, and not on a panel."""
    return thing == "headline" and not overlaps(region, stage.places.presenter)


def _setting(stage: Stage, thing: str, text: str, region: Region, at_most: int | None) -> Setting:
    """Words as large as they fit, and in letters of ``at_most`` pixels; None: of any size.

    Raises:
        TextFitError: they do not fit at the smallest size.
    """
    inside = 0 if _is_bare(stage, thing, region) else stage.px(_PAD)
    box = _box(stage, STYLES[thing], region.width - 2 * inside, region.height - inside)
    if at_most is not None:
        box = replace(box, largest=max(box.smallest, min(box.largest, at_most)))
    return fit(text, stage.language, stage.brand.fonts, box)


def _words(stage: Stage, thing: str, setting: Setting, region: Region) -> Piece:
    palette, pad = stage.brand.tables.palette, stage.px(_PAD)
    colours = {
        "headline": (palette.background, palette.text, _PANEL_OPACITY),
        "price": (palette.accent, palette.accent_text, 255),
        "cta": (palette.text, palette.background, 255),
    }
    behind, colour, opacity = colours[thing]
    words = drawn(setting, stage.brand.fonts, colour)
    if _is_bare(stage, thing, region):
        picture = words
    else:
        picture = _panel(stage, setting.width + 2 * pad, setting.height + pad, behind, opacity)
        picture.alpha_composite(words, (pad, pad // 2))
    top = region.top + (region.height - picture.height) // 2
    return Piece(thing, picture, Region(region.left, top, picture.width, picture.height))


def _lower_third(stage: Stage, faults: list[ScreenFault]) -> Piece | None:
    row, fonts = stage.row, stage.brand.fonts
    column, text = ("name", row.name) if row.name else ("title", row.title)
    region = _region(stage, column, text, faults)
    if region is None:
        return None
    pad, bar = stage.px(_PAD), stage.px(_BAR)
    width, height = region.width - 2 * pad - bar, region.height - pad
    settings: list[Setting] = []
    texts = [(name, words) for name, words in (("name", row.name), ("title", row.title)) if words]
    for name, words in texts:
        share = 1.0 if len(texts) == 1 else 0.5
        try:
            box = _box(stage, STYLES[name], width, int(share * height))
            settings.append(fit(words, stage.language, fonts, box))
        except TextFitError as error:
            faults.append(stage.fault(name, words, error.rule, error.way_out, error.most))
    if len(settings) < len(texts):
        return None
    return _third_drawn(stage, region, settings)


def _third_drawn(stage: Stage, region: Region, settings: Sequence[Setting]) -> Piece:
    palette, pad, bar = stage.brand.tables.palette, stage.px(_PAD), stage.px(_BAR)
    width = max(setting.width for setting in settings) + 2 * pad + bar
    height = sum(setting.height for setting in settings) + pad
    picture = _panel(stage, width, height, palette.background, _PANEL_OPACITY)
    ImageDraw.Draw(picture).rectangle((0, 0, bar - 1, height), palette.accent)
    top = pad // 2
    for setting in settings:
        words = drawn(setting, stage.brand.fonts, palette.text)
        picture.alpha_composite(words, (pad + bar, top))
        top += setting.height
    at = region.top + region.height - height
    return Piece("lower_third", picture, Region(region.left, at, width, height))


# --- pictures -----------------------------------------------------------------------------------


def _panel(stage: Stage, width: int, height: int, colour: str, opacity: int) -> Image.Image:
    panel = Image.new("RGBA", (width, height), colour)
    panel.putalpha(opacity)
    return _rounded(panel, stage.px(_RADIUS))


def _within(picture: Image.Image, width: int, height: int) -> Image.Image:
    """The picture, enlarged or reduced to fit a box."""
    scale = min(width / picture.width, height / picture.height)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _rounded(picture: Image.Image, radius: int) -> Image.Image:
    """The picture with round corners, smooth at their edges."""
    size = (picture.width * _SUPERSAMPLED, picture.height * _SUPERSAMPLED)
    mask = Image.new("L", size, 0)
    corner = min(radius, min(picture.size) // 3) * _SUPERSAMPLED
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), corner, fill=255)
    mask = mask.resize(picture.size, Image.Resampling.LANCZOS)
    rounded = picture.copy()
    rounded.putalpha(ImageChops.multiply(picture.getchannel("A"), mask))
    return rounded
