"""What two manifests differ in, and which videos a render would therefore make. Pure.

It compares what the manifests say. A picture or a recording that was replaced under its old name is
found by `nightshoot plan`, which reads the files.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from tasks.manifest.on_screen.columns import BRAND_COLUMN, SCREEN_COLUMNS, is_brand_column
from tasks.manifest.personal.variables import Variables
from tasks.manifest.shape import SourceRow
from tasks.records import Record

Cells = Mapping[str, str]
_SILENT = frozenset(("video_id", "priority", "due"))
"""Columns that change no video."""
_OF_FILMS = frozenset(("deliver", "captions", "caption_style", "ai_label", "music", "teaser"))
"""Columns that change what is made of a finished video, and not the video."""


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
    has_other_films: bool = False
    """Whether nothing is rendered, but what is made of the video changes."""


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
        RowChange(
            video_id=name,
            cells=cells,
            is_made_again=first.of_video != second.of_video,
            has_other_films=_has_other_films(first, second),
        )
        for name in both
        for cells in [_changes(before[name], after[name])]
        for first in [_asked(before[name], columns[0], known)]
        for second in [_asked(after[name], columns[1], known)]
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


@dataclass(frozen=True)
class _Asked:
    """What a row asks for, by column: of its video, and of what is made of it."""

    of_video: Mapping[str, str]
    of_films: Mapping[str, str]


def _has_other_films(first: _Asked, second: _Asked) -> bool:
    is_rendered = first.of_video != second.of_video
    return not is_rendered and bool(second.of_films) and first.of_films != second.of_films


def _asked(cells: Cells, own: Sequence[str], known: Collection[str]) -> _Asked:
    """What the row asks for, with its variables filled; empty cells ask for nothing."""
    values = Variables(own, known, is_strict=False).of_row(SourceRow(1, dict(cells)))

    def filled(columns: Collection[str]) -> dict[str, str]:
        return {name: values.filled(name, cells[name]) for name in columns if cells.get(name)}

    of_films: frozenset[str] = frozenset()
    if cells.get("deliver"):
        is_branded = is_brand_column([cells.get(BRAND_COLUMN, "")])
        of_films = _OF_FILMS.union((BRAND_COLUMN, *SCREEN_COLUMNS) if is_branded else ())
    others = [name for name in cells if name in known and name not in _SILENT | _OF_FILMS]
    return _Asked(filled([name for name in others if name not in of_films]), filled(of_films))
