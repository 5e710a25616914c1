"""Which brand a row has: that of its cell, of the option, or the one beside the manifest."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tasks.inputs.addresses import has_scheme
from tasks.manifest.cell_values import BadValueError
from tasks.manifest.on_screen.columns import BRAND_COLUMN, SCREEN_COLUMNS, is_brand_column
from tasks.manifest.row_files import FileKind, Files
from tasks.screen.brand.brand import Brand
from tasks.screen.brand.brand_file import BRAND_NAME, BrandError, read_brand

_BRAND_FILE = FileKind("brand file", "rig", lambda _: "")


@dataclass
class Brands:
    """The brands of a manifest's rows; each file is read once.

    Attributes:
        usual: of rows that name none.
        is_column: whether the column ``brand`` names brand files.
    """

    usual: Brand | None
    is_column: bool
    files: Files
    allow_outside: bool
    _read: dict[str, Brand | BadValueError] = field(
        default_factory=dict[str, "Brand | BadValueError"]
    )

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that are settings here, in manifests that have brands."""
        own = (BRAND_COLUMN,) if self.is_column else ()
        return (*own, *SCREEN_COLUMNS) if self.usual or self.is_column else ()

    def of_cell(self, text: str) -> Brand | None:
        """The brand that a row's cell names; the usual one where it is empty.

        Raises:
            BadValueError: the file cannot be used, the first fault of several.
        """
        if not (self.is_column and text):
            return self.usual
        if text not in self._read:
            try:
                self._read[text] = self._brand(text)
            except BadValueError as error:
                self._read[text] = error
        found = self._read[text]
        if isinstance(found, BadValueError):
            raise BadValueError(*found.args)
        return found

    def _brand(self, text: str) -> Brand:
        if has_scheme(text) or self.files.is_at_address:
            rule = "a brand file at an address cannot be read, because it names files beside it"
            raise BadValueError(rule, "copy it and its files here, and name it with --brand")
        path = self.files.find(text, _BRAND_FILE)
        try:
            return read_brand(path, allow_outside=self.allow_outside)
        except BrandError as error:
            told = str(error).replace("\n", " / ")
            raise BadValueError(f"the brand file has faults: {told}", "correct them") from error


def brands_of(
    manifest: Path | str,
    named: Path | None,
    cells: Sequence[str],
    files: Files,
    *,
    allow_outside: bool,
) -> Brands:
    """The brands of a manifest.

    Args:
        manifest: its place; a file `brand.toml` beside it is its usual brand.
        named: the brand file that an option names, instead of that one.
        cells: of a column called ``brand``; none where there is none.
        files: of the manifest.
        allow_outside: let paths of brand files lead out of their folders.

    Raises:
        BrandError: everything that is wrong with the usual brand.
    """
    place = named or _beside(manifest)
    usual = read_brand(place, allow_outside=allow_outside) if place else None
    return Brands(usual, is_brand_column(cells), files, allow_outside)


def _beside(manifest: Path | str) -> Path | None:
    if isinstance(manifest, str) and has_scheme(manifest):
        return None
    path = Path(manifest).parent / BRAND_NAME
    return path if path.is_file() else None
