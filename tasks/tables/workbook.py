"""An Excel workbook (.xlsx) -> rows of text, as the spreadsheet shows them."""

# openpyxl brings no type stubs
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import io
import re
import warnings
import zipfile
from dataclasses import dataclass
from typing import Any, cast
from xml.etree import ElementTree

from tasks.errors import counted
from tasks.inputs.text_files import TextFileError
from tasks.tables.number_format import displayed
from tasks.tables.workbook_bounds import check_parts

_MAX_ROW = 1_048_576  # of the largest sheet that spreadsheets hold
_MAX_CELLS = 10_000_000  # those without text are looked at, too
_MAX_CHARS = 256 << 20
_SHOWN = 5
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^<>]*?ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
_ROW = re.compile(rb"<(?:\w+:)?row\s[^<>]*>")
_ROW_NUMBER = re.compile(rb'\sr="(\d+)"')
_HIDDEN = re.compile(rb'\shidden="(?:1|true)"')
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


@dataclass(frozen=True)
class Sheet:
    """Of a workbook that has ``others`` too.

    ``rows`` are (number in the sheet, cells), those without any text left out.
    """

    rows: tuple[tuple[int, tuple[str, ...]], ...]
    notices: tuple[str, ...]
    others: tuple[str, ...] = ()


def is_workbook(data: bytes) -> bool:
    """Whether a file that begins so is an .xlsx workbook or another zip file."""
    return data.startswith(b"PK\x03\x04")


def read_workbook(data: bytes, sheet_name: str | None) -> Sheet:
    """The rows of a sheet: the one called ``sheet_name``, or the first that is not hidden.

    Raises:
        TextFileError: it is no workbook, has no such sheet, or shows errors instead of values.
    """
    try:
        _check_parts(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that no value depends on
            return _read(data, sheet_name)
    except TextFileError:
        raise
    except Exception as error:
        told = f"the workbook is damaged ({type(error).__name__}: {error})"
        raise TextFileError(1, "", told, "open it in the spreadsheet and save it again") from error


def _check_parts(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            if "xl/workbook.xml" in parts.namelist():
                return check_parts(parts)
    except TextFileError:
        raise
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise TextFileError(
            1, "", "the workbook is damaged or cut short", "save or copy it again"
        ) from error
    told = "the file is a zip file, but no Excel workbook"
    raise TextFileError(1, "", told, 'save it as "Excel Workbook (.xlsx)" or "CSV UTF-8"')


def _read(data: bytes, sheet_name: str | None) -> Sheet:
    import openpyxl

    book = openpyxl.load_workbook(
        io.BytesIO(data), read_only=True, data_only=True, keep_links=False
    )
    sheets = book.worksheets
    if not sheets:
        raise TextFileError(1, "", "the workbook has no sheet of cells", "add one")
    sheet = _chosen(sheets, sheet_name)
    xml = _xml_of(data, sheet)
    merged = _merged_rows(xml)
    cells, errors = _cells(sheet)
    if errors:
        told = f"the sheet shows {counted(len(errors), 'error')}: {_listed(errors)}"
        raise TextFileError(1, "", told, "correct the formulas and save the workbook")
    formulas = _formulas(xml) if _FORMULA.search(xml) else []
    unsaved = [name for row, column, name in formulas if (row, column) not in cells]
    if unsaved:
        told = f"there are formulas without a saved value: {_listed(unsaved)}"
        raise TextFileError(1, "", told, "open the workbook in the spreadsheet and save it")
    _spread(cells, merged)
    notices = (
        *_sheet_notice(sheet, sheets, sheet_name),
        *_merged_notice(merged),
        *_hidden_notice(xml, {row for row, _ in cells}),
    )
    if formulas:
        told = f"of {counted(len(formulas), 'formula')} the saved values are read"
        notices = (*notices, told)
    others = tuple(each.title for each in sheets if each is not sheet)
    return Sheet(_rows(cells), notices, others)


def _chosen(sheets: list[Any], sheet_name: str | None) -> Any:
    if sheet_name is None:
        return next((each for each in sheets if each.sheet_state == "visible"), sheets[0])
    for each in sheets:
        if each.title.strip().lower() == sheet_name.strip().lower():
            return each
    names = ", ".join(f'"{each.title}"' for each in sheets)
    raise TextFileError(1, sheet_name, "the workbook has no such sheet", f"it has {names}")


def _cells(sheet: Any) -> tuple[dict[tuple[int, int], str], list[str]]:
    """Texts by row and column, counted from 1; and the cells that show an error."""
    cells: dict[tuple[int, int], str] = {}
    errors: list[str] = []
    num_cells = num_chars = 0
    sheet.reset_dimensions()  # a sheet may say that it is larger, or smaller, than it is
    for number, row in enumerate(sheet.iter_rows(), 1):
        num_cells += len(row)
        _check_extent(number, num_cells, num_chars)
        for cell in row:
            if cell.value is None:
                continue
            if cell.data_type == "e":
                errors.append(f"{cell.coordinate} {cell.value}")
            text = _unescaped(displayed(cell.value, cell.number_format or "General"))
            if text.strip():
                num_chars += len(text)
                cells[cell.row, cell.column] = text
    return cells, errors


def _check_extent(num_rows: int, num_cells: int, num_chars: int) -> None:
    if num_rows > _MAX_ROW or num_cells > _MAX_CELLS or num_chars > _MAX_CHARS:
        told = (
            f"the sheet is too large: it reaches row {num_rows:,} and holds {num_cells:,} cells, "
            f"the empty ones between them included, with {num_chars:,} characters"
        )
        way_out = "copy the table into a new workbook, or split it into several manifests"
        raise TextFileError(1, "", told, way_out)


def _spread(cells: dict[tuple[int, int], str], merged: list[tuple[int, int, int]]) -> None:
    """Give each row the text of the merged cell that it is a part of."""
    num_cells, num_chars = len(cells), sum(map(len, cells.values()))
    for top, bottom, column in merged:
        text = cells.get((top, column))
        if text is None:
            continue
        num_cells += bottom - top
        num_chars += len(text) * (bottom - top)
        _check_extent(bottom, num_cells, num_chars)
        cells.update({(row, column): text for row in range(top + 1, bottom + 1)})


def _unescaped(text: str) -> str:
    """Control characters as workbooks write them: ``_x000D_``."""
    return _ESCAPED.sub(lambda m: chr(int(m[1], 16)), text).replace("\r\n", "\n")


def _formulas(xml: bytes) -> list[tuple[int, int, str]]:
    """Row, column and name of the cells that hold a formula."""
    from openpyxl.utils import get_column_letter
    from openpyxl.utils.cell import coordinate_to_tuple

    found: list[tuple[int, int, str]] = []
    number = 0
    for _, row in ElementTree.iterparse(io.BytesIO(xml)):
        if _tag(row) != "row":
            continue
        number, column = int(float(row.get("r", number + 1))), 0
        for cell in row:
            name = cell.get("r")
            line, column = coordinate_to_tuple(name) if name else (number, column + 1)
            if any(_tag(part) == "f" for part in cell):
                found.append((line, column, f"{get_column_letter(column)}{line}"))
        row.clear()
    return found


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _xml_of(data: bytes, sheet: Any) -> bytes:
    path = cast("str", sheet._worksheet_path)  # openpyxl has no public name for it
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        return parts.read(path.lstrip("/"))


def _merged_rows(xml: bytes) -> list[tuple[int, int, int]]:
    """First row, last row and first column of cells that are merged over several rows."""
    from openpyxl.utils import column_index_from_string

    found = (
        (int(match[2]), int(match[4]), column_index_from_string(match[1].decode()))
        for match in _MERGED.finditer(xml)
    )
    return [(top, bottom, column) for top, bottom, column in found if bottom > top]


def _merged_notice(merged: list[tuple[int, int, int]]) -> tuple[str, ...]:
    from openpyxl.utils import get_column_letter

    names = [f"{get_column_letter(c)}{top}:{get_column_letter(c)}{end}" for top, end, c in merged]
    if not names:
        return ()
    return (f"merged cells count for each of their rows: {_listed(names)}",)


def _hidden_notice(xml: bytes, used: set[int]) -> tuple[str, ...]:
    numbers: list[str] = []
    for match in _ROW.finditer(xml):
        number = _ROW_NUMBER.search(match[0])
        if number and _HIDDEN.search(match[0]) and int(number[1]) in used:
            numbers.append(number[1].decode())
    if not numbers:
        return ()
    return (f"hidden rows are read like the others: {_listed(numbers)}",)


def _sheet_notice(sheet: Any, sheets: list[Any], asked: str | None) -> tuple[str, ...]:
    others = [f'"{each.title}"' for each in sheets if each is not sheet]
    if asked is not None or not others:
        return ()
    return (f'the sheet "{sheet.title}" was read, not {_listed(others)}; --sheet names another',)


def _rows(
    cells: dict[tuple[int, int], str],
) -> tuple[tuple[int, tuple[str, ...]], ...]:
    widths: dict[int, int] = {}
    for row, column in cells:
        widths[row] = max(column, widths.get(row, 0))
    _check_extent(max(widths, default=0), sum(widths.values()), 0)
    return tuple(
        (row, tuple(cells.get((row, column), "") for column in range(1, width + 1)))
        for row, width in sorted(widths.items())
    )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
