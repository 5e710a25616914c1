"""A CSV file as people really save it -> its header and rows, with true line numbers.

Separators: comma, semicolon, tab. Pure: bytes in, values out.
"""

import csv
import io
import re
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Lock

from tasks.inputs.text_files import TextFileError, decode_text
from tasks.tables.workbook import Sheet, is_workbook, read_workbook

SEPARATORS = ",;\t"
_SPACES = " \t\n\r\v\f\u00a0\u2007\u202f\u3000\u200b\ufeff"
_HEADER_QUOTES = "\"'“”‘’„«»`"
_LINE = re.compile(r"[^\n]+")
_SEP_LINE = re.compile(r'^\ufeff?"?sep=(.)"?[ \t]*(?:\n|$)', re.IGNORECASE)
_SPACES_BEHIND_QUOTE = re.compile(r'"[ \t]+(?=[,;\n]|$)')
_SENTINEL = "end of the file\x00"
MAX_COLUMNS = 200
MAX_ROWS = 200_000
MAX_LINES = 10_000_000  # of all cells together; a script may have many
_FIELD_LIMIT = (1 << 31) - 1  # the file's own size is bounded before
_FIELD_LIMIT_LOCK = Lock()
_LINE_BREAKS = str.maketrans(dict.fromkeys("\v\f\u2028\u2029", "\n"))
_DOS_END = "\x1a\x00 \t\r\n"


@dataclass(frozen=True)
class TableRow:
    """Cells of one record; ``line`` is where it starts in the file, the first being 1."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A header, the rows below it that are not blank, and what is worth telling.

    ``other_sheets`` are those of its workbook that were not read and could have been asked for.
    """

    header: TableRow
    rows: tuple[TableRow, ...]
    notices: tuple[str, ...]
    other_sheets: tuple[str, ...] = ()


def read_table(data: bytes, known: Iterable[str], sheet: str | None = None) -> Table:
    """Split a CSV file, whose separator the ``known`` column names tell, or read a workbook.

    Args:
        data: the file.
        known: names of columns.
        sheet: of a workbook; the first one that is not hidden if None.

    Raises:
        TextFileError: it is no table, empty, or a quote is never closed.
    """
    if is_workbook(data):
        return _of_sheet(read_workbook(data, sheet))
    if sheet is not None:
        raise TextFileError(1, sheet, "a CSV file has no sheets", "leave out --sheet")
    text, encoding = decode_text(data)
    notices = (
        ()
        if encoding.startswith("UTF")
        else (f"the file was read as {encoding} text; UTF-8 is safer",)
    )
    if "\x1a" in text[-64:]:  # Ctrl-Z, with which DOS ends a text
        text = text.rstrip(_DOS_END)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    told = _SEP_LINE.match(text)
    if told:
        text = "\n" + text[told.end() :]
    separator = told[1] if told else _separator(text, frozenset(known))
    rows = _records(text, separator)
    return _with_header(rows, (*notices, *_misquoted(text, separator)))


def _with_header(rows: Sequence[TableRow], notices: tuple[str, ...]) -> Table:
    if not rows:
        raise TextFileError(
            1, "", "the file is empty", "write a header line, then one row per video"
        )
    return Table(rows[0], tuple(rows[1:]), notices)


def _of_sheet(sheet: Sheet) -> Table:
    rows: list[TableRow] = []
    for number, cells in sheet.rows:
        rows.append(TableRow(number, tuple(map(_clean, cells))))
        _check_bounds(rows)
    if not rows and sheet.others:
        names = ", ".join(f'"{name}"' for name in sheet.others)
        raise TextFileError(
            1,
            "",
            "the sheet is empty",
            f"name the sheet that the table is on with --sheet: {names}",
        )
    return replace(_with_header(rows, sheet.notices), other_sheets=sheet.others)


def _separator(text: str, known: frozenset[str]) -> str:
    """The separator that finds most known columns in the first line that is not blank."""
    lines = (found[0] for found in _LINE.finditer(text))
    header = next((line for line in lines if line.strip(_SPACES + SEPARATORS)), "")

    def num_known(separator: str) -> int:
        return len({column_name(cell) for cell in header.split(separator)} & known)

    return max(SEPARATORS, key=num_known)


def _records(text: str, separator: str) -> list[TableRow]:
    """The rows that are not blank, without the empty cells that spreadsheets leave at their end."""
    with _long_cells_read():
        return _checked_records(text, separator)


def _misquoted(text: str, separator: str) -> tuple[str, ...]:
    """A notice of the first cell such as ``"Say "hi" to us."``, which loses a quote."""
    if '"' not in text:
        return ()
    closed = _SPACES_BEHIND_QUOTE.sub('"', text)
    line = 1
    with _long_cells_read():
        reader = csv.reader(
            io.StringIO(closed, newline=""),
            delimiter=separator,
            skipinitialspace=separator != "\t",
            strict=True,
        )
        try:
            for _ in reader:
                line = reader.line_num + 1
        except csv.Error:
            told = (
                "text stands behind the closing quote of a cell, whose quotes may be read wrongly"
            )
            return (f'line {line}: {told}; double the quotes inside it: ""like this""',)
    return ()


@contextmanager
def _long_cells_read() -> Generator[None]:
    """The csv module's limit is one for the whole process: it is given back."""
    with _FIELD_LIMIT_LOCK:
        usual = csv.field_size_limit(_FIELD_LIMIT)
        try:
            yield
        finally:
            csv.field_size_limit(usual)


def _checked_records(text: str, separator: str) -> list[TableRow]:
    reader = csv.reader(
        io.StringIO(f"{text}\n{_SENTINEL}\n", newline=""),
        delimiter=separator,
        skipinitialspace=separator != "\t",
    )
    rows: list[TableRow] = []
    start, cells = 1, [""]
    try:
        for cells in reader:
            if reader.line_num > MAX_LINES:
                rule = f"the file has more than {MAX_LINES} lines"
                raise TextFileError(start, "", rule, "split it into several manifests")
            kept = tuple(_clean(cell) for cell in cells)
            if any(kept):
                rows.append(TableRow(start, trimmed(kept, len(rows[0].cells) if rows else 1)))
                _check_bounds(rows)
            start = reader.line_num + 1
    except csv.Error as error:
        raise _unclosed(start) from error
    if cells != [_SENTINEL]:
        raise _unclosed(rows[-1].line)
    return rows[:-1]


def _check_bounds(rows: Sequence[TableRow]) -> None:
    if len(rows) == 1 and len(rows[0].cells) > MAX_COLUMNS:
        rule = f"the header has {len(rows[0].cells)} columns, at most {MAX_COLUMNS} are read"
        raise TextFileError(rows[0].line, "", rule, "remove the columns that are no settings")
    if len(rows) > MAX_ROWS + 1 and rows[-1].cells != (_SENTINEL,):  # the first is the header
        rule = f"there are more than {MAX_ROWS} rows below the header"
        raise TextFileError(rows[-1].line, "", rule, "split the file into several manifests")


def _unclosed(line: int) -> TextFileError:
    return TextFileError(
        line,
        "",
        "a quote that opens in this row is never closed",
        'close it, and double the quotes inside a quoted cell: ""like this""',
    )


def _clean(cell: str) -> str:
    return cell.translate(_LINE_BREAKS).strip(_SPACES)


def column_name(cell: str) -> str:
    """A header cell as a column's name: lower case, words joined by ``_``, no quotes."""
    bare = _clean(_clean(cell).strip(_HEADER_QUOTES)).lower()
    return re.sub(r"[\s\-_\u00a0\u3000]+", "_", bare)


def trimmed(cells: Sequence[str], width: int) -> tuple[str, ...]:
    """Cells without the empty ones beyond ``width`` that spreadsheets leave behind."""
    end = len(cells)
    while end > width and not cells[end - 1]:
        end -= 1
    return tuple(cells[:end])
