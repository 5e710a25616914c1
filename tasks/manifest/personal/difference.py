"""What two manifests differ in, and which videos a render would therefore make. Pure.

It compares what the manifests say. A picture or a recording that was replaced under its old name is
found by `nightshoot plan`, which reads the files.
"""

from collections.abc import Collection, Mapping, Sequence

from tasks.manifest.personal.variables import Variables
from tasks.manifest.shape import SourceRow
from tasks.records import Record

Cells = Mapping[str, str]
_SILENT = frozenset(("video_id", "priority", "due"))
"""Columns that change no video."""


class CellChange(Record):
    """One cell, before and after."""

    column: str
    before: str
    after: str


class RowChange(Record):
    """A video of both manifests whose row is not the same."""

    video_id: str
    cells: tuple[CellChange, ...]
    is_made_again: bool


class Difference(Record):
    """Videos by what became of them, each in the manifest's order."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[RowChange, ...]
    num_same: int

    @property
    def made(self) -> tuple[str, ...]:
        """What a render of the second makes, where the first was rendered."""
        again = (each.video_id for each in self.changed if each.is_made_again)
        return (*self.added, *again)


def difference(
    before: Mapping[str, Cells], after: Mapping[str, Cells], known: Collection[str]
) -> Difference:
    """What changed from one manifest to another.

    Args:
        before: video_id -> column -> text, of the first.
        after: likewise, of the second.
        known: columns that are settings; the others only fill variables.
    """
    columns = (_own_columns(before, known), _own_columns(after, known))
    both = [name for name in after if name in before]
    changed = tuple(
        RowChange(video_id=name, cells=cells, is_made_again=made)
        for name in both
        for cells in [_changes(before[name], after[name])]
        for made in [
            _asked(before[name], columns[0], known) != _asked(after[name], columns[1], known)
        ]
        if cells
    )
    return Difference(
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
        changed=changed,
        num_same=len(both) - len(changed),
    )


def _own_columns(rows: Mapping[str, Cells], known: Collection[str]) -> tuple[str, ...]:
    names = dict.fromkeys(name for cells in rows.values() for name in cells)
    return tuple(name for name in names if name and name not in known)


def _changes(before: Cells, after: Cells) -> tuple[CellChange, ...]:
    columns = dict.fromkeys((*after, *before))
    return tuple(
        CellChange(column=name, before=before.get(name, ""), after=after.get(name, ""))
        for name in columns
        if before.get(name, "") != after.get(name, "")
    )


def _asked(cells: Cells, own: Sequence[str], known: Collection[str]) -> dict[str, str]:
    """What the row asks for, with its variables filled; empty cells ask for nothing."""
    values = Variables(own, known, is_strict=False).of_row(SourceRow(1, dict(cells)))
    asked = {name: cell for name, cell in cells.items() if name in known and name not in _SILENT}
    return {name: values.filled(name, cell) for name, cell in asked.items() if cell}
