"""A CSV of scripts and portraits -> rows to render, or a list of everything that is wrong with it.

RowError
  ManifestError      the manifest's faults, one per line
"""

# pandas brings no stubs and leaves its return types open
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import count
from pathlib import Path

import pandas as pd

from model.errors import CampaignError, RowError
from tasks.errors import counted
from tasks.inputs.addresses import has_scheme, is_url
from tasks.inputs.inputs import InputError, Inputs, InputUnreachableError
from tasks.inputs.text_files import (
    TextFileError,
)
from tasks.manifest.cell_values import suggested_id
from tasks.manifest.presets import Preset, load_presets
from tasks.manifest.row import Fault, RowDefaults, RowReader, check_defaults
from tasks.manifest.row_files import FILE_COLUMNS, Files, nearest_file
from tasks.manifest.spreadsheet_cells import OLDEST_REPORT_COLUMNS, REPORT_COLUMNS, unprotected
from tasks.manifest.table import (
    Table,
    TableRow,
    column_name,
    read_table,
    trimmed,
)
from tasks.records import ManifestRow
from tasks.redaction import shown_url, without_secrets

MAX_FAULTS_SHOWN = 200
_MAX_MANIFEST_BYTES = 256 << 20
_STEM_CHARS = 58  # of a name of at most 63, before its number
_RECORDING_SUFFIXES = frozenset(
    (".wav", ".mp3", ".m4a", ".flac", ".ogg", ".oga", ".opus", ".aac", ".aiff", ".aif")
)


@dataclass(frozen=True)
class Column:
    """A column of the manifest, for the reader and for its documentation."""

    name: str
    about: str
    is_required: bool = False
    example: str = ""


COLUMNS = (
    Column(
        "video_id",
        "Unique name of the video and of its file: lower-case letters, digits and hyphens, at most "
        "63 characters.",
        is_required=True,
        example="welcome-en",
    ),
    Column(
        "script",
        "The text to speak and to show as captions. It may contain line breaks.",
        example="Hello there.",
    ),
    Column("script_file", "A text file (UTF-8 or GB18030) with the script.", example="long.txt"),
    Column(
        "audio",
        "A recording to use as the voice: WAV, FLAC, MP3, M4A or OGG. "
        "If the row also has a `script` or `script_file`, that text becomes the captions.",
        example="recordings/a.wav",
    ),
    Column(
        "portrait",
        "Picture of the presenter: PNG, JPEG, WebP, BMP or TIFF. "
        "A file `<name>.rig.json` beside it says where the face is.",
        is_required=True,
        example="portraits/mara.png",
    ),
    Column(
        "voice",
        "Name of a voice from `nightshoot voices`. Default: the usual voice of the language.",
        example="hibari",
    ),
    Column(
        "language",
        "`en` or `zh`. Default: recognised from the script's characters.",
        example="zh",
    ),
    Column(
        "prompt",
        "Description of the scene and manner, for engines that use one. Default: the engine's own.",
        example="calm, studio light",
    ),
    Column(
        "size",
        "`WxH` or `W*H` in pixels, both multiples of 16. Default: the preset's area in the "
        "portrait's aspect ratio.",
        example="704x384",
    ),
    Column(
        "smaller_size",
        "`WxH` with fewer pixels, used if the video does not fit into the engine's memory at its "
        "usual size. Default: such a video fails.",
        example="384x256",
    ),
    Column(
        "seed",
        "0 to 4294967295. Another seed gives another take. Default: 0.",
        example="7",
    ),
    Column(
        "preset",
        "Name of a preset for size, steps and segment length. Default: `standard`.",
        example="hd",
    ),
    Column("engine", "Engine that renders the video. Default: `preview`.", example="preview"),
    Column("num_clip", "Limits the video to this many clips, for tests.", example="1"),
    Column(
        "infer_frames",
        "Frames per clip, 1 to 480; also the attention window of engines that have one. "
        "Default: 48.",
        example="80",
    ),
    Column(
        "segment_clips",
        "Clips per segment to aim for, 1 to 10000. Default: 3, or 10 with `handoff` `context`.",
        example="5",
    ),
    Column(
        "sample_steps",
        "Number of denoising steps, for engines that have them. Default: the preset's.",
        example="2",
    ),
    Column(
        "sample_guide_scale",
        "Guidance scale, for engines that have one; `live-avatar` accepts only 0.",
        example="0",
    ),
    Column(
        "dtype",
        "Number format of the weights: `bfloat16`, `float8` (`-kept`, `-tensor`), `float16` or "
        "`float32`.",
        example="bfloat16",
    ),
    Column(
        "handoff",
        "What each segment continues from: the `last-frame`, or the `context` of the segments "
        "before it.",
        example="context",
    ),
    Column("priority", "Higher numbers are rendered earlier. Default: 0.", example="10"),
)
COLUMN_NAMES = tuple(column.name for column in COLUMNS)
_REQUIRED = tuple(column.name for column in COLUMNS if column.is_required)


def fields_table() -> str:
    """The columns as the Markdown table of docs/manifest.md."""
    lines = ["| column | required | what it is | example |", "|---|---|---|---|"]
    for column in COLUMNS:
        required = "yes" if column.is_required else ""
        lines.append(f"| `{column.name}` | {required} | {column.about} | `{column.example}` |")
    return "\n".join(lines)


class ManifestError(RowError):
    """A manifest with faults: all are in ``faults``, the first 200 in the message.

    Its ``fault`` is "unknown" where each of them may heal, "row" otherwise.
    """

    def __init__(self, name: str, faults: tuple[Fault, ...]) -> None:
        super().__init__(name, faults)
        self.name, self.faults = name, faults
        if all(each.may_heal for each in faults):
            self.fault = "unknown"

    def __str__(self) -> str:
        lines = [f"{self.name}:{each.line}: {each}" for each in self.faults[:MAX_FAULTS_SHOWN]]
        if len(self.faults) > MAX_FAULTS_SHOWN:
            lines.append(f"... and {len(self.faults) - MAX_FAULTS_SHOWN} more problems")
        return "\n".join(lines)


@dataclass(frozen=True)
class Manifest:
    """A manifest that was read whole.

    Attributes:
        rows: in the file's order.
        notices: worth telling, not wrong.
        sha256: of the file.
        columns: of the file, in its order, by their known names.
        cells: by video_id: column -> text as it was read; addresses without user and query.
    """

    rows: tuple[ManifestRow, ...]
    notices: tuple[str, ...]
    sha256: str
    columns: tuple[str, ...]
    cells: Mapping[str, Mapping[str, str]]


def read_manifest(
    path: Path | str,
    defaults: RowDefaults,
    *,
    allow_outside: bool = False,
    presets: Mapping[str, Preset] | None = None,
    inputs: Inputs | None = None,
) -> Manifest:
    """Read and check a manifest, and fetch what it names at addresses.

    Args:
        path: a CSV file or the address of one; the paths in it are relative to its folder.
        defaults: for cells that are empty or columns that are absent.
        allow_outside: let paths lead out of the manifest's folder.
        presets: the names the ``preset`` column may use; the shipped ones if None.
        inputs: fetches s3:// and https:// addresses; without it there must be none.

    Raises:
        ManifestError: with every fault of every row.
        CampaignError: a default breaks a rule, or an engine is not to be had.
        DiskFullError: there is no room for what is fetched.
    """
    names = tuple(load_presets() if presets is None else presets)
    shown, home, data = _manifest_at(path, inputs)
    try:
        table = read_table(data, COLUMN_NAMES)
    except TextFileError as error:
        fault = Fault(error.line, "file", error.value, error.rule, error.way_out)
        raise ManifestError(shown, (fault,)) from error
    table, outcomes_notice = _without_outcomes(table)
    files = Files(home, allow_outside, inputs)
    check_defaults(defaults, files, names)
    columns, header_faults = _read_header(table)
    if header_faults:
        columns = _meant_columns(columns)
        named = [name for name in columns if name]
        if "video_id" not in named or len(set(named)) < len(named):
            raise ManifestError(shown, tuple(header_faults))
    frame, ragged = _frame(table, columns)
    readers = [
        RowReader(int(line), cells, defaults, files, names)
        for line, cells in zip(_lines(frame), _cells(frame, columns), strict=True)
    ]
    files.fetch_all(reader.cells for reader in readers)
    rows = [reader.read() for reader in readers]
    faults = [*ragged.faults, *_duplicates(frame), *(f for r in readers for f in r.faults)]
    if header_faults:
        untold = _absent_columns(columns)  # said once of the header, not again of every row
        faults = [*header_faults, *(fault for fault in faults if fault.column not in untold)]
    if faults:
        raise ManifestError(shown, tuple(sorted(faults, key=_order)))
    for reader in readers:
        if reader.engine_error:
            raise reader.engine_error
    notices = (n for r in readers for n in r.notices)
    return Manifest(
        rows=tuple(row for row in rows if row is not None),
        notices=(*table.notices, *outcomes_notice, *ragged.notices, *notices, *files.notices),
        sha256=hashlib.sha256(data).hexdigest(),
        columns=columns,
        cells={reader.cells["video_id"]: _shown_cells(reader.cells) for reader in readers},
    )


def _manifest_at(path: Path | str, inputs: Inputs | None) -> tuple[str, Path | str, bytes]:
    """The manifest's name for people, what its paths are relative to, and its bytes."""
    if isinstance(path, str) and has_scheme(path):
        return shown_url(path), path, _fetched_bytes(path, inputs)
    local = Path(path)
    return str(local), local.resolve().parent, _manifest_bytes(local)


def _fetched_bytes(url: str, inputs: Inputs | None) -> bytes:
    if inputs is None or not is_url(url):
        rule, way_out = "manifests at such addresses cannot be read here", "download it first"
        raise ManifestError(shown_url(url), (Fault(1, "file", "", rule, way_out),))
    try:
        return inputs.read_once(url, "manifest")
    except InputError as error:
        may_heal = isinstance(error, InputUnreachableError)
        fault = Fault(1, "file", "", error.rule, error.way_out, may_heal)
        raise ManifestError(error.name, (fault,)) from error


def _manifest_bytes(path: Path) -> bytes:
    rule = ""
    if path.is_dir():
        rule, way_out = "this is a folder, not a manifest", "name the CSV file in it"
    elif not path.exists():
        rule, way_out = "the file does not exist", nearest_file(path) or "check the path"
    elif path.stat().st_size > _MAX_MANIFEST_BYTES:
        rule = f"the file is larger than {_MAX_MANIFEST_BYTES >> 20} MiB"
        way_out = "split it into several manifests"
    else:
        return path.read_bytes()
    raise ManifestError(str(path), (Fault(1, "file", "", rule, way_out),))


def _shown_cells(cells: dict[str, str]) -> dict[str, str]:
    """The cells for reports: what may be a secret in an address is left out."""
    return {
        name: without_secrets(cell) if name in FILE_COLUMNS else cell
        for name, cell in cells.items()
    }


def _order(fault: Fault) -> tuple[int, int]:
    known = COLUMN_NAMES.index(fault.column) if fault.column in COLUMN_NAMES else -1
    return fault.line, known


def _without_outcomes(table: Table) -> tuple[Table, tuple[str, ...]]:
    """A campaign's report.csv as the manifest it was made of, and a notice; else the same table."""
    names = [column_name(cell) for cell in table.header.cells]
    if not set(names) >= OLDEST_REPORT_COLUMNS:
        return table, ()
    kept = [index for index, name in enumerate(names) if name not in REPORT_COLUMNS]

    def of_manifest(row: TableRow) -> TableRow:
        beyond = row.cells[len(names) :]
        cells = [row.cells[index] for index in kept if index < len(row.cells)]
        return TableRow(row.line, (*map(unprotected, cells), *beyond))

    notice = "the file is a report: its columns from status to warnings are left out"
    rows = tuple(of_manifest(row) for row in table.rows)
    return Table(of_manifest(table.header), rows, table.notices), (notice,)


# --- header and shape ---------------------------------------------------------------------------


@dataclass
class _Findings:
    faults: list[Fault] = field(default_factory=list[Fault])
    notices: list[str] = field(default_factory=list[str])


def _read_header(table: Table) -> tuple[tuple[str, ...], list[Fault]]:
    """The columns by name (an unnamed one is ""), and what is wrong with the header."""
    line = table.header.line
    raw = trimmed(table.header.cells, 1)
    names = tuple(column_name(cell) for cell in raw)
    if not set(names) & set(COLUMN_NAMES):
        rule = "the first line has no known column name"
        way_out = f"start with a header such as {','.join((*_REQUIRED, 'script'))}"
        return names, [Fault(line, "header", ",".join(raw), rule, way_out)]
    faults: list[Fault] = []
    for index, (name, cell) in enumerate(zip(names, raw, strict=True)):
        if name and name not in COLUMN_NAMES:
            faults.append(Fault(line, "header", cell, "unknown column", _nearest_column(name)))
        if name and name in names[:index]:
            faults.append(Fault(line, "header", cell, "the column appears twice", "remove one"))
    for name in _REQUIRED:
        if name not in names:
            faults.append(Fault(line, "header", "", f"column {name} is missing", "add it"))
    if not set(names) & {"script", "script_file", "audio"}:
        rule = "the columns script, script_file and audio are all missing"
        faults.append(Fault(line, "header", "", rule, "add one of them"))
    if not table.rows and not faults:
        rule = "there are no rows below the header"
        faults.append(Fault(line, "header", "", rule, "add a row for each video"))
    return names, faults


def _meant_columns(columns: Sequence[str]) -> tuple[str, ...]:
    """The columns with misspelt names put right where they can be, so that rows are still read."""
    meant: list[str] = []
    for name in columns:
        near = get_close_matches(name, COLUMN_NAMES, 1, 0.5) if name else []
        is_meant = name not in COLUMN_NAMES and near and near[0] not in (*columns, *meant)
        meant.append(near[0] if is_meant else name)
    return tuple(meant)


def _absent_columns(columns: Sequence[str]) -> frozenset[str]:
    absent = {name for name in _REQUIRED if name not in columns}
    sources = {"script", "script_file", "audio"}
    return frozenset(absent if sources & set(columns) else absent | sources)


def _nearest_column(name: str) -> str:
    near = get_close_matches(name, COLUMN_NAMES, 1, 0.5)
    return f'did you mean "{near[0]}"?' if near else f"use one of {', '.join(COLUMN_NAMES)}"


def _frame(table: Table, columns: Sequence[str]) -> tuple[pd.DataFrame, _Findings]:
    """One text column per header cell and the line; rows of another width are reported."""
    findings = _Findings()
    width = len(columns)
    records: list[tuple[str, ...]] = []
    for row in table.rows:
        cells = trimmed(row.cells, width)
        if len(cells) != width:
            _judge_width(row, cells, columns, findings)
        for cell in (cell for name, cell in zip(columns, cells, strict=False) if not name and cell):
            rule = "the cell is in a column that has no name"
            findings.faults.append(
                Fault(row.line, "row", cell, rule, "name the column or empty the cell")
            )
        records.append((*cells[:width], *[""] * (width - len(cells))))
    frame = pd.DataFrame(records, columns=range(width), dtype=str)
    frame.columns = pd.Index([name or f" {index}" for index, name in enumerate(columns)])
    return frame.assign(**{" line": [row.line for row in table.rows]}), findings


def _judge_width(
    row: TableRow, cells: Sequence[str], columns: Sequence[str], findings: _Findings
) -> None:
    width = len(columns)
    told = f"the row has {counted(len(cells), 'cell')}, but the header has {width}"
    if len(cells) > width:
        way_out = 'put quotes around a cell that contains a separator: "Hello, world"'
        findings.faults.append(Fault(row.line, "row", cells[width], told, way_out))
    elif len(cells) < 2 or set(columns[len(cells) :]) & set(_REQUIRED):
        way_out = "add the missing separators, or put quotes around a cell that has a line break"
        findings.faults.append(Fault(row.line, "row", cells[-1], told, way_out))
    else:  # spreadsheets leave out empty cells at the end of a row
        findings.notices.append(f"line {row.line}: {told}; missing cells are treated as empty")


def _lines(frame: pd.DataFrame) -> Iterable[int]:
    """Line of the file on which each row starts."""
    return frame[" line"].tolist()


def _cells(frame: pd.DataFrame, columns: Sequence[str]) -> Iterable[dict[str, str]]:
    named = [name for name in columns if name]
    lists = [frame[name].tolist() for name in named]
    return (dict(zip(named, row, strict=True)) for row in zip(*lists, strict=True))


def _duplicates(frame: pd.DataFrame) -> Iterable[Fault]:
    """Every repeated video_id, naming the line of the first."""
    ids = frame["video_id"].str.lower()
    repeated = frame[ids.duplicated() & (ids != "")]
    first_lines = frame.groupby(ids)[" line"].first().to_dict()
    taken: dict[str, Iterator[int]] = {str(name): count(2) for name in ids}
    for value, line in zip(repeated["video_id"], repeated[" line"], strict=True):
        name = str(value)
        rule = f"the video_id is already used on line {first_lines[name.lower()]}"
        yield Fault(int(line), "video_id", name, rule, f'try "{_free_id(name.lower(), taken)}"')


def _free_id(name: str, taken: dict[str, Iterator[int]]) -> str:
    """``name``, or ``name-2``, ``name-3`` ...: the first that is not taken; it then is.

    ``taken`` maps a name to the numbers after it that were not tried yet.
    """
    if name in taken:
        stem = name[:_STEM_CHARS]
        numbers = taken.setdefault(stem, count(2))
        name = next(each for each in (f"{stem}-{n}" for n in numbers) if each not in taken)
    taken.setdefault(name, count(2))
    return name


# --- writing ------------------------------------------------------------------------------------


def manifest_from_recordings(audio_dir: Path, portrait: Path, out: Path | None = None) -> str:
    """CSV text with one row per recording in ``audio_dir``, in natural order.

    Paths are relative to the folder of ``out``, or to the current one without it.

    Raises:
        CampaignError: there is no recording in the folder.
    """
    folder = (out.parent if out else Path()).resolve()
    recordings = sorted(
        (each for each in audio_dir.iterdir() if each.suffix.lower() in _RECORDING_SUFFIXES),
        key=_natural,
    )
    if not recordings:
        kinds = ", ".join(sorted(suffix[1:] for suffix in _RECORDING_SUFFIXES))
        raise CampaignError(
            f"{audio_dir}: there are no recordings in this folder; supported types are {kinds}"
        )
    taken: dict[str, Iterator[int]] = {}
    rows = [
        {
            "video_id": _free_id(suggested_id(each.stem, f"recording-{number}"), taken),
            "audio": _relative(each, folder),
            "portrait": _relative(portrait, folder),
        }
        for number, each in enumerate(recordings, 1)
    ]
    return pd.DataFrame(rows).to_csv(index=False, lineterminator="\n")


def _natural(path: Path) -> list[tuple[int, int, str]]:
    """Sort key: numbers by value, words by letter."""
    parts = re.split(r"(\d+)", path.name.lower())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path.resolve(), folder)).as_posix()
