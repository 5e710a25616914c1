"""A CSV file as people really save it -> its header and rows, with true line numbers.

Encodings: UTF-8 with or without BOM, UTF-16, GB18030. Separators: comma, semicolon, tab. Pure:
bytes in, values out.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SEPARATORS = ",;\t"
_SPACES = " \t\n\r\v\f\u00a0\u2007\u202f\u3000\u200b\ufeff"
_HEADER_QUOTES = "\"'“”‘’„«»`"
_SEP_LINE = re.compile(r'^\ufeff?"?sep=(.)"?[ \t]*(?:\n|$)', re.IGNORECASE)
_SENTINEL = "end of the file\x00"
_COMMON_GBK = 0.8  # share of two-byte characters outside GB2312 is small in real Chinese text
_BINARY_STARTS = (
    (b"PK\x03\x04", "is an Excel workbook or another zip file"),
    (b"\xd0\xcf\x11\xe0", "is an old Excel workbook"),
    (b"%PDF", "is a PDF"),
    (b"{\\rtf", "is a rich text file"),
)


class TableError(ValueError):
    """Text that is no table: on which line, what is wrong, and the way out."""

    def __init__(self, line: int, value: str, rule: str, way_out: str) -> None:
        super().__init__(line, value, rule, way_out)
        self.line, self.value, self.rule, self.way_out = line, value, rule, way_out


@dataclass(frozen=True)
class TableRow:
    """Cells of one record; ``line`` is where it starts in the file, the first being 1."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A header, the rows below it that are not blank, and what is worth telling."""

    header: TableRow
    rows: tuple[TableRow, ...]
    notices: tuple[str, ...]


def read_table(data: bytes, known: Iterable[str]) -> Table:
    """Split a CSV file; ``known`` column names tell its separator.

    Raises:
        TableError: it is no CSV, empty, or a quote is never closed.
    """
    text, encoding = decode_text(data)
    notices = () if encoding != "GB18030" else ("read as GB18030 text; UTF-8 is safer",)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    told = _SEP_LINE.match(text)
    if told:
        text = "\n" + text[told.end() :]
    separator = told[1] if told else _separator(text, frozenset(known))
    rows = [row for row in _records(text, separator) if any(row.cells)]
    if not rows:
        raise TableError(1, "", "the file is empty", "write a header line and one row a video")
    return Table(rows[0], tuple(rows[1:]), notices)


def decode_text(data: bytes) -> tuple[str, str]:
    """Text and the name of its encoding.

    Raises:
        TableError: it is no text, or its encoding cannot be told.
    """
    for start, what in _BINARY_STARTS:
        if data.startswith(start):
            raise TableError(
                1, "", f"the file {what}, not text", 'save it as "CSV UTF-8 (comma delimited)"'
            )
    wide = _wide_encoding(data)
    if wide:
        try:
            return data.decode(wide).removeprefix("\ufeff"), "UTF-16"
        except UnicodeDecodeError as error:
            raise TableError(
                1, "", f"the file is broken UTF-16: {error.reason}", 'save it as "CSV UTF-8"'
            ) from error
    try:
        return data.decode("utf-8-sig"), "UTF-8"
    except UnicodeDecodeError as error:
        if _is_chinese(data):
            return data.decode("gb18030"), "GB18030"
        line = data.count(b"\n", 0, error.start) + 1
        shown = data[max(0, error.start - 12) : error.start + 12].decode("latin-1")
        raise TableError(
            line, shown, "the text is neither UTF-8, UTF-16 nor GB18030", 'save it as "CSV UTF-8"'
        ) from error


def _wide_encoding(data: bytes) -> str:
    """UTF-16 told by its mark, or by the zero bytes of its ASCII half."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    start = data[:4096]
    for offset, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros = start[offset::2]
        if len(zeros) > 4 and zeros.count(0) > 0.6 * len(zeros):
            return name
    return ""


def _is_chinese(data: bytes) -> bool:
    """GB18030 in which most characters are common ones; Western accents give rare ones."""
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        return False
    wide = [char for char in text if ord(char) > 0x7F]
    num_common = sum(_is_gb2312(char) for char in wide)
    return bool(wide) and num_common >= _COMMON_GBK * len(wide)


def _is_gb2312(char: str) -> bool:
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _separator(text: str, known: frozenset[str]) -> str:
    """The separator that finds most known columns in the first line that is not blank."""
    header = next((line for line in text.split("\n") if line.strip(_SPACES + SEPARATORS)), "")

    def num_known(separator: str) -> int:
        return len({column_name(cell) for cell in header.split(separator)} & known)

    return max(SEPARATORS, key=num_known)


def _records(text: str, separator: str) -> list[TableRow]:
    reader = csv.reader(
        io.StringIO(f"{text}\n{_SENTINEL}\n", newline=""),
        delimiter=separator,
        skipinitialspace=separator != "\t",
    )
    rows: list[TableRow] = []
    start, cells = 1, [""]
    try:
        for cells in reader:
            rows.append(TableRow(start, tuple(_clean(cell) for cell in cells)))
            start = reader.line_num + 1
    except csv.Error as error:
        raise _unclosed(start) from error
    if cells != [_SENTINEL]:
        raise _unclosed(rows[-1].line)
    return rows[:-1]


def _unclosed(line: int) -> TableError:
    return TableError(
        line,
        "",
        "a quote opened in this row is never closed",
        'close it, and write quotes inside a quoted cell twice: ""like this""',
    )


def _clean(cell: str) -> str:
    return cell.strip(_SPACES)


def column_name(cell: str) -> str:
    """A header cell as a column's name: lower case, words joined by ``_``, no quotes."""
    bare = _clean(_clean(cell).strip(_HEADER_QUOTES)).lower()
    return re.sub(r"[\s\-_\u00a0\u3000]+", "_", bare)


def trimmed(cells: Sequence[str], width: int) -> tuple[str, ...]:
    """Cells without the empty ones beyond ``width`` that spreadsheets leave behind."""
    kept = list(cells)
    while len(kept) > width and not kept[-1]:
        kept.pop()
    return tuple(kept)
