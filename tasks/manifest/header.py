"""The header of a table -> which column of a manifest each of its columns is. Pure."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from tasks.errors import counted
from tasks.manifest.faults import Fault
from tasks.tables.spreadsheet_cells import REPORT_COLUMNS
from tasks.tables.table import TableRow, column_name

SOURCES = ("script", "script_file", "audio")
LANGUAGE_SOURCES = ("script_en", "script_zh")
_MISSPELT_FROM = 0.75  # likeness: "sede" is meant to be "seed", "notes" is a column of its own
# a team's own column may well be called nearly so
_LATER = frozenset({"deliver", "captions", "caption_style", "ai_label", "music", "teaser"})
_DECORATION = re.compile(
    r"(?:[\s_]*(?:\([^()]*\)|（[^（）]*）|\[[^\[\]]*\]|【[^【】]*】)|[\s_]*[*＊:：])+$"
)
_OTHER_NAMES = {
    "video_id": ("id", "video", "video_name", "name", "filename", "file_name", "slug", "key"),
    "script": ("text", "copy", "speech", "words", "content", "voiceover", "voice_over", "line"),
    "portrait": ("image", "photo", "picture", "avatar", "presenter", "face", "headshot", "img"),
}


@dataclass(frozen=True)
class Header:
    """What was read.

    Attributes:
        columns: a name for each column of the file: a known one, one of the team's own, or "".
        own: those of the team's own.
        faults: what is wrong.
        absent: columns that a fault says are missing, so that no row need say it again.
        is_readable: whether rows can be read in spite of the faults.
    """

    columns: tuple[str, ...]
    own: tuple[str, ...]
    faults: tuple[Fault, ...]
    absent: frozenset[str]
    is_readable: bool


def read_header(row: TableRow, known: Sequence[str], required: Sequence[str]) -> Header:
    """The columns of a table whose first row is ``row``, without empty cells at its end."""
    names = _names(row.cells, known)
    templates = [_template_fault(row.line, cell) for cell in row.cells if "{{" in cell]
    if templates:
        return Header(names, (), tuple(templates), frozenset(), is_readable=False)
    if not set(names) & set(known):
        rule = "the first line has no known column name"
        way_out = f"start with a header such as {','.join((*required, 'script'))}"
        fault = Fault(row.line, "header", ",".join(row.cells), rule, way_out)
        return Header(names, (), (fault,), frozenset(), is_readable=False)
    faults: list[Fault] = []
    twice = [i for i, name in enumerate(names) if name and name in names[:i]]
    for index in twice:
        told = "the column appears twice"
        faults.append(Fault(row.line, "header", row.cells[index], told, "remove one"))
    meant = list(names)
    for index, name in enumerate(names):
        near = "" if name in known else _misspelt(name, known)
        if not near:
            continue
        way_out = f'did you mean "{near}"? A column of your own needs a name less like it'
        told = "unknown column"
        faults.append(Fault(row.line, "header", row.cells[index], told, way_out))
        if near not in meant:
            meant[index] = near
    own = tuple(name for name in meant if name and name not in known)
    absent = [name for name in required if name not in meant]
    faults += [_missing(row.line, name, own) for name in absent]
    if not set(meant) & {*SOURCES, *LANGUAGE_SOURCES}:
        absent += SOURCES
        rule = "the columns script, script_file and audio are all missing"
        other = next((name for name in _OTHER_NAMES["script"] if name in own), "")
        way_out = f'rename "{other}" to script' if other else "add one of them"
        faults.append(Fault(row.line, "header", "", rule, way_out))
    is_readable = "video_id" in meant and not twice
    return Header(tuple(meant), own, tuple(faults), frozenset(absent), is_readable)


def own_columns_notice(header: Header, used: Collection[str] = ()) -> tuple[str, ...]:
    """One notice about all columns that no setting is called like and no variable names."""
    own = tuple(name for name in header.own if name not in REPORT_COLUMNS and name not in used)
    if not own:
        return ()
    shown = ", ".join(own[:8]) + (f" and {len(own) - 8} more" if len(own) > 8 else "")
    is_one = len(own) == 1
    return (
        f"{counted(len(own), 'column')} of your own {'is' if is_one else 'are'} copied into the "
        f"report and not used otherwise: {shown}",
    )


def _template_fault(line: int, cell: str) -> Fault:
    rule = "a column's name cannot hold a variable"
    way_out = "name the column as people write it between the braces: name for {{name}}"
    return Fault(line, "header", cell, rule, way_out)


def _names(cells: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Names of columns; ``Script (required)`` and ``Video ID*`` are those they decorate."""
    plain = [column_name(cell) for cell in cells]
    names: list[str] = []
    for cell, name in zip(cells, plain, strict=True):
        bare = name if name in known else column_name(_DECORATION.sub("", cell.strip()))
        is_decorated = bare in known and bare not in plain and bare not in names
        names.append(bare if is_decorated else name)
    return tuple(names)


def _misspelt(name: str, known: Sequence[str]) -> str:
    """The column that ``name`` is probably meant to be; empty for one of the team's own."""
    if not name or any(name.startswith(f"{each}_") for each in known):
        return ""
    meant = [each for each in known if each not in _LATER]
    near = get_close_matches(name, meant, 1, _MISSPELT_FROM)
    return near[0] if near else ""


def _missing(line: int, name: str, own: Sequence[str]) -> Fault:
    other = next((each for each in _OTHER_NAMES.get(name, ()) if each in own), "")
    way_out = f'rename "{other}" to {name}' if other else "add it"
    return Fault(line, "header", "", f"column {name} is missing", way_out)
