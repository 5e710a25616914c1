"""What a row shows on the screen: its cells -> a record, or every fault in them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from tasks.deliver_records import CaptionMode, CaptionStyle, Size
from tasks.manifest.cell_values import BadValueError, check_text
from tasks.manifest.faults import Fault
from tasks.manifest.on_screen.brands import Brands
from tasks.manifest.on_screen.columns import (
    BRAND_COLUMN,
    IMAGE_COLUMNS,
    LAYOUT_COLUMN,
    LOWER_THIRD_COLUMNS,
    SCREEN_COLUMNS,
    TEXT_COLUMNS,
)
from tasks.manifest.row_files import PRODUCT, Files
from tasks.reading.cleaning.screen_marks import (
    SCREEN_MARK,
    ScreenMark,
    misspelt_screen_marks,
    without_screen_marks,
)
from tasks.reading.flaws import ScriptError
from tasks.reading.languages import Language
from tasks.reading.script_text import script_text
from tasks.screen.brand.brand import Brand
from tasks.screen.brand.pictures import PRODUCT_KINDS, ScreenPictureError, read_screen_picture
from tasks.screen.caption_styles import style_faults
from tasks.screen.composing.faults import ScreenFault, told_once
from tasks.screen.composing.pieces import Stage
from tasks.screen.composing.screens import drawing_of
from tasks.screen.formats import NO_SETS, FormatSets, is_burned
from tasks.screen.text.setting import MOST_CHARS
from tasks.screen_records import RowScreen

_MARKS = "[show image2 3s], [presenter full] and [price]"


@dataclass
class ScreenReader:
    """Reads what one row shows, and goes on after a fault to find them all.

    Attributes:
        line: of the file on which the row starts.
        cells: those of the screen's columns, filled.
        brands: of the manifest.
        files: of the manifest.
        lower_third: of the row's presenter, for cells that are empty.
    """

    line: int
    cells: Mapping[str, str]
    brands: Brands
    files: Files
    lower_third: Mapping[str, str] = field(default_factory=dict[str, str])
    faults: list[Fault] = field(default_factory=list[Fault])

    def read(self, column: str, script: str, language: Language) -> RowScreen | None:
        """What the row shows; None where it has no brand, or a fault.

        Args:
            column: that the script comes from.
            script: with its marks.
            language: of the script.
        """
        try:
            brand = self.brands.of_cell(self.cells.get(BRAND_COLUMN, ""))
        except BadValueError as error:
            self._fault(BRAND_COLUMN, self.cells[BRAND_COLUMN], *error.args)
            return None
        if brand is None:
            self._check_brandless(column, script)
            return None
        layout = self._layout(brand)
        images = {
            number: path
            for name, number in IMAGE_COLUMNS.items()
            if (path := self._image(name)) is not None
        }
        texts = {name: self._text(name, brand) for name in TEXT_COLUMNS}
        self._check_marks(column, script, language)
        if self.faults:
            return None
        has_marks = without_screen_marks(script) != script
        return RowScreen(
            brand_path=brand.path,
            layout=layout,
            images=images,
            **texts,
            marked_script=script if has_marks else "",
        )

    @property
    def sets(self) -> FormatSets:
        """The sets of formats of the row's brand; none where it cannot be used, which is told."""
        try:
            brand = self.brands.of_cell(self.cells.get(BRAND_COLUMN, ""))
        except BadValueError:
            return NO_SETS
        return brand.sets if brand else NO_SETS

    def film_faults(
        self,
        shown: RowScreen | None,
        language: Language,
        asked: Mapping[str, object],
        style_told: str,
    ) -> Sequence[Fault]:
        """Draw what the row shows in each of its formats: what does not fit is a fault.

        Args:
            shown: what :meth:`read` gave.
            language: of the script.
            asked: what the row and its campaign ask for, by column.
            style_told: the style of captions, as it was written.
        """
        style = cast("CaptionStyle | None", asked["caption_style"])
        if style is not None:
            self._check_style(style, style_told, language)
        brand = self.brands.of_cell(self.cells.get(BRAND_COLUMN, ""))
        if brand is None or shown is None:
            return self.faults
        position = self._caption_style(style).position or "bottom"
        captions = cast("CaptionMode | None", asked["captions"])
        sizes = cast("Sequence[Size]", asked["deliver"] or ())
        found: list[ScreenFault] = []
        for size in sizes:
            # where nobody says it, room for captions is looked for when the row is planned
            is_captioned = captions is not None and is_burned(captions, size)
            stage = Stage(
                brand,
                shown,
                language,
                *size,
                is_captioned=is_captioned,
                caption_position=position,
            )
            found += drawing_of(stage)[1]
        for each in told_once(found):
            self._fault(each.column, each.value, each.told_rule, each.told_way_out)
        if not sizes:
            self._check_lengths(shown)
        return self.faults

    def _check_lengths(self, shown: RowScreen) -> None:
        """Words that would fit into no format; with formats, drawing them tells what fits."""
        for column in TEXT_COLUMNS:
            text = str(getattr(shown, column))
            if len(text) > MOST_CHARS:
                rule = f"has {len(text)} characters, and at most {MOST_CHARS} can stand on a screen"
                self._fault(column, text, rule, "write a few words")

    def _check_style(self, style: CaptionStyle, told: str, language: Language) -> None:
        """A style that nobody could read, with that of the brand, or that no word can have."""
        for name, rule, way_out in style_faults(self._caption_style(style)):
            self._fault("caption_style", told, f"{name}: {rule}", way_out)
        if style.highlight not in (None, "off") and language != "en":
            rule = "words are highlighted in English alone"
            self._fault("caption_style", told, rule, "leave highlight out, or say it in the brand")

    def _caption_style(self, asked: CaptionStyle | None) -> CaptionStyle:
        """How the row's burned captions look: as it asks for it, else as its brand says.

        Raises:
            BadValueError: its brand file cannot be used.
        """
        brand = self.brands.of_cell(self.cells.get(BRAND_COLUMN, ""))
        return (asked or CaptionStyle()).over(brand.tables.captions if brand else CaptionStyle())

    def _check_brandless(self, column: str, script: str) -> None:
        """A row without a brand shows nothing; what would be left out silently is a fault."""
        way_out = "name a brand file with --brand"
        if self.brands.is_column:
            way_out += f", or in the column {BRAND_COLUMN}"
            for name in SCREEN_COLUMNS:
                if self.cells.get(name):
                    rule = "no brand file says where this stands"
                    self._fault(name, self.cells[name], rule, way_out)
        for match in SCREEN_MARK.finditer(script):
            rule = "this is a mark for the screen, and the row has no brand file"
            self._fault(column, match[0], rule, f"{way_out}, or remove the mark")

    def _layout(self, brand: Brand) -> str:
        name = self.cells.get(LAYOUT_COLUMN, "")
        if name and name not in brand.layouts:
            rule = f"{brand.path.name} has no such layout"
            self._fault(LAYOUT_COLUMN, name, rule, f"layouts are {', '.join(brand.layouts)}")
        return name or brand.tables.layout

    def _image(self, column: str) -> Path | None:
        name = self.cells.get(column, "")
        if not name:
            return None
        try:
            path = self.files.find(name, PRODUCT)
            read_screen_picture(path, PRODUCT_KINDS)
        except BadValueError as error:
            self._fault(column, name, *error.args, may_heal=error.may_heal)
        except ScreenPictureError as error:
            self._fault(column, name, error.rule, error.way_out)
        else:
            return path
        return None

    def _text(self, column: str, brand: Brand) -> str:
        is_filled = any(self.cells.get(name) for name in LOWER_THIRD_COLUMNS)
        theirs = "" if is_filled else self.lower_third.get(column, "")
        text = theirs or self.cells.get(column, "")
        try:
            check_text(text, allow_lines=False)
        except BadValueError as error:
            self._fault(column, text, *error.args)
            return ""
        missing = brand.fonts.missing(text)
        if missing:
            rule = f"no font of {brand.path.name} has these characters: {' '.join(missing[:8])}"
            self._fault(column, text, rule, "name a font that has them in its fonts")
        return text

    def _check_marks(self, column: str, script: str, language: Language) -> None:
        for written, _ in misspelt_screen_marks(script):
            self._fault(column, written, "this is no mark that is known", f"marks are {_MARKS}")
        if not SCREEN_MARK.search(script):
            return
        try:
            read = script_text(script, language)
        except ScriptError:
            return  # told with the script
        for mark in read.screen:
            for rule, way_out in self._mark_faults(mark, read.text):
                self._fault(column, mark.written, rule, way_out)

    def _mark_faults(self, mark: ScreenMark, text: str) -> Iterator[tuple[str, str]]:
        columns = {number: name for name, number in IMAGE_COLUMNS.items()}
        if mark.shown == "image":
            name = columns.get(mark.number)
            if name is None:
                yield f"there is no picture {mark.number}", f"pictures are 1 to {len(columns)}"
            elif not self.cells.get(name):
                yield f"the row has no picture in {name}", "name one there, or remove the mark"
        if mark.shown == "price" and not self.cells.get("price_text"):
            yield "the row has no price_text", "write the price there, or remove the mark"
        if mark.seconds is not None and mark.seconds < 0.2:
            yield f"it asks for {mark.seconds:g} s, at least 0.2 s can be seen", "give it more"
        if not any(map(str.isalnum, text[mark.index :])):
            yield "it stands behind the last word, when the video ends", "put it before a word"

    def _fault(
        self, column: str, value: str, rule: str, way_out: str, *, may_heal: bool = False
    ) -> None:
        self.faults.append(Fault(self.line, column, value, rule, way_out, may_heal))
