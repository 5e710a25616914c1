"""Rows of a table that have the shape of its header, as texts by column; and what has not."""

# pandas brings no stubs and leaves its return types open
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from tasks.errors import counted
from tasks.manifest.cell_values import free_id
from tasks.manifest.faults import Fault
from tasks.reading.languages import Language
from tasks.tables.table import Table, TableRow, trimmed

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class SourceRow:
    """A row of the file, or one of the videos that it stands for.

    Attributes:
        line: of the file on which it starts.
        cells: column -> text, without columns that have no name.
        voices: language -> voice, for rows without a voice of their own; of their presenter.
        rig: of the presenter's portrait, where it does not lie beside it.
        lower_third: of the presenter: what ``name`` and ``title`` show where both cells are empty.
    """

    line: int
    cells: dict[str, str]
    voices: Mapping[Language, str] = field(default_factory=dict[Language, str])
    rig: str = ""
    lower_third: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass
class Findings:
    """What is wrong with the shape of rows, and what is worth telling."""

    faults: list[Fault] = field(default_factory=list[Fault])
    notices: list[str] = field(default_factory=list[str])


def source_rows(
    table: Table, columns: Sequence[str], required: Sequence[str]
) -> tuple[list[SourceRow], Findings]:
    """The rows of a table whose header names ``columns``, empty where one has no name."""
    frame, findings = _frame(table, columns, required)
    named = [name for name in columns if name]
    lines = frame[" line"].tolist()
    cells = zip(*(frame[name].tolist() for name in named), strict=True)
    rows = [
        SourceRow(int(line), dict(zip(named, row, strict=True)))
        for line, row in zip(lines, cells, strict=True)
    ]
    return rows, findings


def duplicates(rows: Sequence[SourceRow]) -> Iterator[Fault]:
    """Every repeated video_id, naming the line of the first."""
    first_lines: dict[str, int] = {}
    repeated: list[SourceRow] = []
    for row in rows:
        name = row.cells.get("video_id", "").lower()
        if not name:
            continue
        if name in first_lines:
            repeated.append(row)
        first_lines.setdefault(name, row.line)
    if not repeated:
        return
    taken: dict[str, Iterator[int]] = {name: count(2) for name in first_lines}
    for row in repeated:
        name = row.cells["video_id"]
        rule = f"the video_id is already used on line {first_lines[name.lower()]}"
        way_out = f'try "{free_id(name.lower(), taken)}"'
        yield Fault(row.line, "video_id", name, rule, way_out)


def _frame(
    table: Table, columns: Sequence[str], required: Sequence[str]
) -> "tuple[pd.DataFrame, Findings]":
    """One text column per header cell and the line, of the rows that have the header's shape."""
    import pandas as pd  # long to import: for who reads a table, not for every command

    findings = Findings()
    width = len(columns)
    lines: list[int] = []
    records: list[tuple[str, ...]] = []
    for row in table.rows:
        cells = trimmed(row.cells, width)
        if _is_header(cells, table.header):
            told = "the header appears again"
            findings.faults.append(Fault(row.line, "row", "", told, "remove the line"))
        elif _is_of_shape(row, cells, columns, required, findings):
            records.append((*cells, *[""] * (width - len(cells))))
            lines.append(row.line)
    frame = pd.DataFrame(records, columns=range(width), dtype=str)
    frame.columns = pd.Index([name or f" {index}" for index, name in enumerate(columns)])
    return frame.assign(**{" line": lines}), findings


def _is_header(cells: Sequence[str], header: TableRow) -> bool:
    return [each.lower() for each in cells] == [each.lower() for each in header.cells[: len(cells)]]


def _is_of_shape(
    row: TableRow,
    cells: Sequence[str],
    columns: Sequence[str],
    required: Sequence[str],
    findings: Findings,
) -> bool:
    """Whether the cells are those of the columns; if not, one fault says why."""
    if len(cells) != len(columns) and not _is_only_shorter(row, cells, columns, required, findings):
        return False
    unnamed = [cell for name, cell in zip(columns, cells, strict=False) if not name and cell]
    if unnamed:
        rule = "the cell is in a column that has no name"
        way_out = "name the column or empty the cell"
        findings.faults.append(Fault(row.line, "row", unnamed[0], rule, way_out))
    return not unnamed


def _is_only_shorter(
    row: TableRow,
    cells: Sequence[str],
    columns: Sequence[str],
    required: Sequence[str],
    findings: Findings,
) -> bool:
    """Whether a row of another width lacks nothing but optional cells at its end."""
    width = len(columns)
    told = f"the row has {counted(len(cells), 'cell')}, but the header has {width}"
    if len(cells) > width:
        way_out = 'put quotes around a cell that contains a separator: "Hello, world"'
        findings.faults.append(Fault(row.line, "row", cells[width], told, way_out))
    elif len(cells) < 2 or set(columns[len(cells) :]) & set(required):
        way_out = "add the missing separators, or put quotes around a cell that has a line break"
        findings.faults.append(Fault(row.line, "row", cells[-1], told, way_out))
    else:  # spreadsheets leave out empty cells at the end of a row
        findings.notices.append(f"line {row.line}: {told}; missing cells are treated as empty")
        return True
    return False
