"""A CSV of scripts and portraits -> rows to render, or every fault of every row at once.

RowError
  ManifestError      the manifest's faults, one per line
"""

# pandas brings no stubs and leaves its return types open
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import hashlib
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from itertools import count
from pathlib import Path

import pandas as pd

from model.engine import engine_names
from model.errors import CampaignError, RowError
from tasks.portrait import rig_path_of
from tasks.presets import SIZE_MULTIPLE, Preset, load_presets
from tasks.records import ManifestRow, Record
from tasks.script import language_of
from tasks.sniff import picture_fault, sound_fault
from tasks.table import Table, TableError, TableRow, column_name, decode_text, read_table, trimmed
from tasks.voices import known_voice, voices

MAX_FAULTS_SHOWN = 200
_MAX_MANIFEST_BYTES = 256 << 20
_MAX_SCRIPT_BYTES = 4 << 20
_MAX_VALUE_SHOWN = 60
_MAX_SIDE = 4096
_SEED_LIMIT = 2**32
_VIDEO_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_SIZE = re.compile(r"(\d{1,5})\s*[x*×]\s*(\d{1,5})", re.IGNORECASE)
_WHOLE_NUMBER = re.compile(r"([+-]?\d{1,18})(?:\.0*)?")
_EXCEL_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?E[+-]?\d+", re.IGNORECASE)
_EXCEL_DATE = re.compile(
    r"\d{1,4}[/.]\d{1,2}(?:[/.]\d{1,4})?|\d{1,2}-[A-Z][a-z]{2}|[A-Z][a-z]{2}-\d{2}"
    r"|\d{1,2}月\d{1,2}日"
)
_EXCEL_ERROR = re.compile(r"#(?:REF!|NAME\?|VALUE!|N/A|DIV/0!|NUM!|NULL!|SPILL!|CALC!|#+)")
_FORMULA = re.compile(r"=\s*(?:[A-Z.]+\(|\$?[A-Z]{1,3}\$?\d+\b|'[^']+'!)", re.IGNORECASE)
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
        "Name of the video and of its file; unique. Small letters, digits and hyphens, at most 63.",
        is_required=True,
        example="welcome-en",
    ),
    Column("script", "What is said, and captioned. May hold line breaks.", example="Hello there."),
    Column("script_file", "The same, in a text file (UTF-8 or GB18030).", example="long.txt"),
    Column(
        "audio",
        "A recording to use as the voice: WAV, FLAC, MP3, M4A, OGG. "
        "With a `script` or `script_file` beside it, that is captioned.",
        example="recordings/a.wav",
    ),
    Column(
        "portrait",
        "Picture of the presenter: PNG, JPEG, WebP, BMP, TIFF. "
        "`<name>.rig.json` beside it, where present, places the face by hand.",
        is_required=True,
        example="portraits/mara.png",
    ),
    Column("voice", "See `nightshoot voices`. Absent: the language's own.", example="hibari"),
    Column("language", "`en` or `zh`. Absent: told from the script's characters.", example="zh"),
    Column("prompt", "Scene and manner, for engines that read it.", example="calm, studio light"),
    Column(
        "size",
        "`WxH` or `W*H`, multiples of 16. Absent: the preset's area, the portrait's aspect.",
        example="704x384",
    ),
    Column("seed", "0 to 4294967295. Another seed, another take. Absent: 0.", example="7"),
    Column("preset", "Size, steps and segment length by name. Absent: `standard`.", example="hd"),
    Column("engine", "What renders it. Absent: `preview`.", example="preview"),
    Column("num_clip", "Caps the length at this many clips, for tests.", example="1"),
    Column("priority", "Higher is rendered earlier. Absent: 0.", example="10"),
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


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a manifest: in which line and column, the value, the rule, the cure."""

    line: int
    column: str
    value: str
    rule: str
    way_out: str

    def __str__(self) -> str:
        value = f' "{_shown(self.value)}"' if self.value else ""
        return f"{self.column}{value}: {self.rule}; {self.way_out}"


class ManifestError(RowError):
    """A manifest with faults: all are in ``faults``, the first 200 in the message."""

    def __init__(self, name: str, faults: tuple[Fault, ...]) -> None:
        super().__init__(name, faults)
        self.name, self.faults = name, faults

    def __str__(self) -> str:
        lines = [f"{self.name}:{each.line}: {each}" for each in self.faults[:MAX_FAULTS_SHOWN]]
        if len(self.faults) > MAX_FAULTS_SHOWN:
            lines.append(f"... and {len(self.faults) - MAX_FAULTS_SHOWN} faults more")
        return "\n".join(lines)


class RowDefaults(Record):
    """What a campaign gives to rows that leave a cell empty."""

    engine: str = "preview"
    preset: str = "standard"
    size: str | None = None
    seed: int = 0
    voice: str | None = None
    language: str | None = None
    prompt: str = ""


@dataclass(frozen=True)
class Manifest:
    """A manifest that was read whole.

    Attributes:
        rows: in the file's order.
        notices: worth telling, not wrong.
        sha256: of the file.
        columns: of the file, in its order, by their known names.
        cells: by video_id: column -> text as it was read.
    """

    rows: tuple[ManifestRow, ...]
    notices: tuple[str, ...]
    sha256: str
    columns: tuple[str, ...]
    cells: Mapping[str, Mapping[str, str]]


def read_manifest(
    path: Path,
    defaults: RowDefaults,
    *,
    allow_outside: bool = False,
    presets: Mapping[str, Preset] | None = None,
) -> Manifest:
    """Read and check a manifest.

    Args:
        path: a CSV file; the paths in it are relative to its folder.
        defaults: for cells that are empty or columns that are absent.
        allow_outside: let paths lead out of the manifest's folder.
        presets: the names the ``preset`` column may use; the shipped ones if None.

    Raises:
        ManifestError: with every fault of every row.
        CampaignError: a default breaks a rule.
    """
    names = tuple(load_presets() if presets is None else presets)
    data = _manifest_bytes(path)
    try:
        table = read_table(data, COLUMN_NAMES)
    except TableError as error:
        fault = Fault(error.line, "file", error.value, error.rule, error.way_out)
        raise ManifestError(str(path), (fault,)) from error
    files = _Files(path.resolve().parent, allow_outside)
    _check_defaults(defaults, files, names)
    columns, header_faults = _read_header(table)
    if header_faults:
        columns = _meant_columns(columns)
        named = [name for name in columns if name]
        if "video_id" not in named or len(set(named)) < len(named):
            raise ManifestError(str(path), tuple(header_faults))
    frame, ragged = _frame(table, columns)
    readers = [
        _RowReader(int(line), cells, defaults, files, names)
        for line, cells in zip(_lines(frame), _cells(frame, columns), strict=True)
    ]
    rows = [reader.read() for reader in readers]
    faults = [*ragged.faults, *_duplicates(frame), *(f for r in readers for f in r.faults)]
    if header_faults:
        untold = _absent_columns(columns)  # said once of the header, not again of every row
        faults = [*header_faults, *(fault for fault in faults if fault.column not in untold)]
    if faults:
        raise ManifestError(str(path), tuple(sorted(faults, key=_order)))
    return Manifest(
        rows=tuple(row for row in rows if row is not None),
        notices=(*table.notices, *ragged.notices, *(n for r in readers for n in r.notices)),
        sha256=hashlib.sha256(data).hexdigest(),
        columns=columns,
        cells={reader.cells["video_id"]: reader.cells for reader in readers},
    )


def _manifest_bytes(path: Path) -> bytes:
    rule = ""
    if path.is_dir():
        rule, way_out = "a folder is no manifest", "name the CSV file in it"
    elif not path.exists():
        rule, way_out = "there is no such file", _nearest_file(path) or "check the path"
    elif path.stat().st_size > _MAX_MANIFEST_BYTES:
        rule, way_out = f"more than {_MAX_MANIFEST_BYTES >> 20} MiB", "split it into several"
    else:
        return path.read_bytes()
    raise ManifestError(str(path), (Fault(1, "file", "", rule, way_out),))


def _order(fault: Fault) -> tuple[int, int]:
    known = COLUMN_NAMES.index(fault.column) if fault.column in COLUMN_NAMES else -1
    return fault.line, known


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
        rule = "the first line names no known column"
        way_out = f"begin with a header, for example {','.join((*_REQUIRED, 'script'))}"
        return names, [Fault(line, "header", ",".join(raw), rule, way_out)]
    faults: list[Fault] = []
    for index, (name, cell) in enumerate(zip(names, raw, strict=True)):
        if name and name not in COLUMN_NAMES:
            faults.append(Fault(line, "header", cell, "unknown column", _nearest_column(name)))
        if name and name in names[:index]:
            faults.append(Fault(line, "header", cell, "the column is there twice", "remove one"))
    for name in _REQUIRED:
        if name not in names:
            faults.append(Fault(line, "header", "", f"column {name} is missing", "add it"))
    if not set(names) & {"script", "script_file", "audio"}:
        rule = "none of the columns script, script_file and audio is there"
        faults.append(Fault(line, "header", "", rule, "add one"))
    if not table.rows and not faults:
        rule = "there is no row below the header"
        faults.append(Fault(line, "header", "", rule, "add one row per video"))
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
    return f'did you mean "{near[0]}"?' if near else f"there are {', '.join(COLUMN_NAMES)}"


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
            rule = "the cell stands under a column without a name"
            findings.faults.append(
                Fault(row.line, "row", cell, rule, "name the column or empty it")
            )
        records.append((*cells[:width], *[""] * (width - len(cells))))
    frame = pd.DataFrame(records, columns=range(width), dtype=str)
    frame.columns = pd.Index([name or f" {index}" for index, name in enumerate(columns)])
    return frame.assign(**{" line": [row.line for row in table.rows]}), findings


def _judge_width(
    row: TableRow, cells: Sequence[str], columns: Sequence[str], findings: _Findings
) -> None:
    width = len(columns)
    told = f"the row has {len(cells)} cells, the header has {width}"
    if len(cells) > width:
        way_out = 'put a cell with a separator in it between quotes: "Hello, world"'
        findings.faults.append(Fault(row.line, "row", cells[width], told, way_out))
    elif len(cells) < 2 or set(columns[len(cells) :]) & set(_REQUIRED):
        way_out = "add the missing separators, or put a cell with a line break between quotes"
        findings.faults.append(Fault(row.line, "row", cells[-1], told, way_out))
    else:  # spreadsheets leave out empty cells at the end of a row
        findings.notices.append(f"line {row.line}: {told}; the missing ones are taken as empty")


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
    first_lines = frame.groupby(ids)[" line"].first()
    taken = set(ids)
    for value, line in zip(repeated["video_id"], repeated[" line"], strict=True):
        name = str(value)
        rule = f"the video_id is already used in line {first_lines[name.lower()]}"
        yield Fault(int(line), "video_id", name, rule, f'try "{_free_id(name.lower(), taken)}"')


def _free_id(name: str, taken: set[str]) -> str:
    """``name``, or ``name-2``, ``name-3`` ...: the first that is not taken; it then is."""
    numbered = (name[:58] + f"-{number}" for number in count(2))
    free = name if name not in taken else next(each for each in numbered if each not in taken)
    taken.add(free)
    return free


# --- values: text -> value, or why not ----------------------------------------------------------


class _BadValueError(ValueError):
    """A cell breaks a rule; ``args`` are the rule and the way out."""


def parse_size(text: str) -> tuple[int, int]:
    """Width and height of ``704x384`` or ``704*384``.

    Raises:
        ValueError: not two multiples of 16 between 16 and 4096; ``args`` are rule and way out.
    """
    match = _SIZE.fullmatch(text)
    rule = f"a size is WxH, both multiples of {SIZE_MULTIPLE} from {SIZE_MULTIPLE} to {_MAX_SIDE}"
    if not match:
        raise _BadValueError(rule, 'try "704x384"')
    sides = (int(match[1]), int(match[2]))
    if any(side % SIZE_MULTIPLE or not 0 < side <= _MAX_SIDE for side in sides):
        near = [
            min(max(round(side / SIZE_MULTIPLE), 1) * SIZE_MULTIPLE, _MAX_SIDE) for side in sides
        ]
        raise _BadValueError(rule, f'try "{near[0]}x{near[1]}"')
    return sides


def _parse_number(text: str, low: int, high: int) -> int:
    match = _WHOLE_NUMBER.fullmatch(text)
    rule = f"must be a whole number from {low} to {high}"
    if not match:
        is_excel = _EXCEL_NUMBER.fullmatch(text)
        way_out = "format the column as text in Excel and type it again" if is_excel else 'try "1"'
        raise _BadValueError(rule, way_out)
    value = int(match[1])
    if not low <= value <= high:
        raise _BadValueError(rule, f'try "{min(max(value, low), high)}"')
    return value


def _parse_choice(text: str, names: Sequence[str]) -> str:
    if text in names:
        return text
    near = get_close_matches(text.lower(), names, 1, 0.5)
    way_out = f'did you mean "{near[0]}"?' if near else "choose one of them"
    raise _BadValueError(f"unknown; there are {', '.join(names)}", way_out)


def _parse_voice(text: str) -> str:
    return text if known_voice(text) else _parse_choice(text, [each.name for each in voices()])


def _parse_language(text: str) -> str:
    lower = text.lower()
    if lower in ("en", "zh"):
        return lower
    known = {"chinese": "zh", "mandarin": "zh", "cn": "zh", "中文": "zh", "english": "en"}
    near = known.get(lower) or (lower[:2] if lower[:2] in ("en", "zh") else "")
    way_out = f'try "{near}"' if near else "leave it empty to tell it from the script"
    raise _BadValueError("a language is en or zh", way_out)


def suggested_id(text: str, fallback: str) -> str:
    """The valid video_id nearest to ``text``."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:63].strip("-") or fallback


def _check_defaults(defaults: RowDefaults, files: "_Files", presets: Sequence[str]) -> None:
    """The campaign's defaults obey the cells' rules.

    Raises:
        CampaignError: one does not.
    """
    given = {name: str(value) for name, value in defaults if value not in (None, "")}
    reader = _RowReader(1, given, defaults, files, presets)
    for name, parse in reader.parsers.items():
        if name in given:
            reader.value(name, parse)
    if reader.faults:
        raise CampaignError("\n".join(f"--{fault}" for fault in reader.faults))


# --- files --------------------------------------------------------------------------------------


class _Files:
    """Files named by a manifest; each is looked at once, however many rows name it."""

    def __init__(self, folder: Path, allow_outside: bool) -> None:
        self._folder, self._allow_outside = folder, allow_outside
        self._found: dict[tuple[str, str], Path | _BadValueError] = {}
        self._rigs: dict[Path, Path | None] = {}

    def find(self, text: str, kind: str, fault_of: Callable[[Path], str]) -> Path:
        """The file called ``text``; ``fault_of`` says what speaks against its content.

        Raises:
            _BadValueError: it cannot be used.
        """
        key = (kind, text)
        if key not in self._found:
            try:
                self._found[key] = self._look(text, kind, fault_of)
            except _BadValueError as error:
                self._found[key] = error
        found = self._found[key]
        if isinstance(found, _BadValueError):
            raise _BadValueError(*found.args)
        return found

    def rig_of(self, portrait: Path) -> Path | None:
        """The rig beside a portrait, where there is one."""
        if portrait not in self._rigs:
            rig = rig_path_of(portrait)
            self._rigs[portrait] = rig if rig.is_file() else None
        return self._rigs[portrait]

    def _look(self, text: str, kind: str, fault_of: Callable[[Path], str]) -> Path:
        if "://" in text:
            raise _BadValueError("a web address is no file", "download it and name the file")
        path = self._folder / text
        try:
            resolved = path.resolve()
            if not (self._allow_outside or resolved.is_relative_to(self._folder)):
                raise _BadValueError(
                    "the path leads out of the manifest's folder",
                    "move the file there, or allow it with --allow-outside",
                )
            if not path.exists():
                raise _BadValueError("there is no such file", self._missing(text, path))
            if not path.is_file():
                raise _BadValueError("a folder or device is no file", f"name a {kind} in it")
            fault = fault_of(path)
        except (OSError, ValueError, RuntimeError) as error:
            if isinstance(error, _BadValueError):
                raise
            reason = getattr(error, "strerror", None) or str(error)
            way_out = "check its name and permissions"
            raise _BadValueError(f"the file cannot be read ({reason})", way_out) from error
        if fault:
            raise _BadValueError(fault, f"save the {kind} again or name another file")
        return path.absolute()

    def _missing(self, text: str, path: Path) -> str:
        slashed = text.replace("\\", "/")
        if slashed != text and (self._folder / slashed).exists():
            return f'write it with forward slashes: "{slashed}"'
        return _nearest_file(path) or "paths are relative to the manifest"


def _nearest_file(path: Path) -> str:
    """A hint at the file of the same folder whose name is most like ``path``'s."""
    if not path.parent.is_dir():
        return f'there is no folder "{path.parent.name}" either'
    names = {each.name.lower(): each.name for each in path.parent.iterdir() if each.is_file()}
    near = get_close_matches(path.name.lower(), names, 1, 0.5)
    return f'did you mean "{names[near[0]]}"?' if near else ""


def _script_fault(path: Path) -> str:
    if path.stat().st_size > _MAX_SCRIPT_BYTES:
        return f"the script has more than {_MAX_SCRIPT_BYTES >> 20} MiB"
    try:
        text, _ = decode_text(path.read_bytes())
    except TableError as error:
        return error.rule
    if not text.strip():
        return "the script is empty"
    return _character_fault(text, allow_lines=True)


def _character_fault(text: str, *, allow_lines: bool) -> str:
    """Which character of ``text`` does not belong in a cell; empty if none."""
    allowed = "\n\t\r" if allow_lines else ""
    for index, char in enumerate(text):
        if char == "\ufffd":
            return f"character {index + 1} was lost in an earlier conversion"
        if char not in allowed and unicodedata.category(char) == "Cc":
            return f"character {index + 1} is a control character (U+{ord(char):04X})"
    return ""


# --- rows ---------------------------------------------------------------------------------------


@dataclass
class _RowReader:
    """Reads one row, and goes on after a fault to find them all."""

    line: int
    cells: dict[str, str]
    defaults: RowDefaults
    files: _Files
    presets: Sequence[str]
    faults: list[Fault] = field(default_factory=list[Fault])
    notices: list[str] = field(default_factory=list[str])

    @cached_property
    def parsers(self) -> dict[str, Callable[[str], object]]:
        """Columns whose value depends on nothing else."""
        return {
            "size": parse_size,
            "seed": lambda text: _parse_number(text, 0, _SEED_LIMIT - 1),
            "num_clip": lambda text: _parse_number(text, 1, 1_000_000),
            "priority": lambda text: _parse_number(text, -1_000_000, 1_000_000),
            "voice": _parse_voice,
            "language": _parse_language,
            "preset": lambda text: _parse_choice(text, self.presets),
            "engine": lambda text: _parse_choice(text, engine_names()),
            "prompt": str,
        }

    def read(self) -> ManifestRow | None:
        """The row, or None where it has a fault."""
        for column, cell in self.cells.items():
            self._check_characters(column, cell)
        video_id = self.value("video_id", self._video_id, is_required=True)
        portrait = self._file("portrait", "picture", picture_fault, is_required=True)
        audio = self._file("audio", "recording", sound_fault)
        script = self._script()
        plain = {name: self.value(name, parse) for name, parse in self.parsers.items()}
        if self.faults or video_id is None or portrait is None:
            return None
        for name in ("engine", "preset", "seed", "voice", "language", "prompt"):
            if plain[name] is None:
                plain[name] = getattr(self.defaults, name)
        if audio is not None and self.cells.get("voice"):
            self.notices.append(f"line {self.line}: the recording is used, the voice is not")
        size = plain.pop("size")
        if size is None and self.defaults.size:
            size = parse_size(self.defaults.size)
        width, height = size if isinstance(size, tuple) else (None, None)
        fields = {
            **{name: value for name, value in plain.items() if value is not None},
            "line": self.line,
            "video_id": video_id,
            "script": script or None,
            "audio_path": audio,
            "portrait_path": portrait,
            "rig_path": self.files.rig_of(portrait),
            "language": plain["language"] or language_of(script),
            "width": width,
            "height": height,
        }
        return ManifestRow.model_validate(fields)

    def value(
        self, column: str, parse: Callable[[str], object], *, is_required: bool = False
    ) -> object:
        """The parsed cell; None if it is empty or has a fault, which is noted."""
        text = self.cells.get(column, "")
        if not text:
            if is_required:
                self._fault(column, "", "the cell is empty", "every row needs it")
            return None
        if any(fault.column == column for fault in self.faults):
            return None
        try:
            return parse(text)
        except _BadValueError as error:
            self._fault(column, text, *error.args)
            return None

    def _fault(self, column: str, value: str, rule: str, way_out: str) -> None:
        self.faults.append(Fault(self.line, column, value, rule, way_out))

    def _file(
        self,
        column: str,
        kind: str,
        fault_of: Callable[[Path], str],
        *,
        is_required: bool = False,
    ) -> Path | None:
        found = self.value(
            column, lambda text: self.files.find(text, kind, fault_of), is_required=is_required
        )
        return found if isinstance(found, Path) else None

    def _script(self) -> str:
        """The text that is spoken or captioned; the row has a source, and only one script."""
        script = self.cells.get("script", "")
        named = self.cells.get("script_file", "")
        if script and named:
            rule = "the row has a script and a script_file"
            self._fault("script_file", named, rule, "keep one of them")
        if not (script or named or self.cells.get("audio")):
            rule = "the row has nothing to say"
            self._fault("script", "", rule, "write a script, or name a script_file or an audio")
        path = self._file("script_file", "text file", _script_fault)
        return decode_text(path.read_bytes())[0].strip() if path else script

    def _check_characters(self, column: str, cell: str) -> None:
        is_prose = column in ("script", "prompt")
        fault = _character_fault(cell, allow_lines=is_prose)
        if fault:
            self._fault(column, cell, fault, "remove it or type the text again")
        elif _EXCEL_ERROR.fullmatch(cell):
            self._fault(column, cell, "an error of the spreadsheet", "correct its formula")
        elif _FORMULA.match(cell):
            way_out = "paste the values instead, then save as CSV again"
            self._fault(column, cell, "a formula of the spreadsheet", way_out)

    def _video_id(self, text: str) -> str:
        if _VIDEO_ID.fullmatch(text):
            return text
        rule = "must match [a-z0-9][a-z0-9-]*, at most 63 long"
        for kind, pattern in (("number", _EXCEL_NUMBER), ("date", _EXCEL_DATE)):
            if pattern.fullmatch(text):
                way_out = "format the column as text in Excel and type it again"
                raise _BadValueError(f"{rule}; it looks like a {kind} made by Excel", way_out)
        raise _BadValueError(rule, f'try "{suggested_id(text, f"video-{self.line}")}"')


def _shown(value: str) -> str:
    """A value on one line, shortened, with what cannot be seen escaped."""
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value)
    return text if len(text) <= _MAX_VALUE_SHOWN else text[: _MAX_VALUE_SHOWN - 1] + "…"


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
        raise CampaignError(f"{audio_dir}: holds no recording; there are {kinds}")
    taken: set[str] = set()
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
