"""A CSV of scripts and portraits -> rows to render, or a list of everything that is wrong with it.

RowError
  ManifestError      the manifest's faults, one per line
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from model.errors import RowError
from tasks.inputs.addresses import has_scheme, is_url
from tasks.inputs.inputs import InputError, Inputs, InputUnreachableError
from tasks.inputs.text_files import (
    TextFileError,
)
from tasks.manifest.faults import Fault, on_other_sheets
from tasks.manifest.header import own_columns_notice, read_header
from tasks.manifest.notices import notices_of_rows
from tasks.manifest.on_screen.brands import Brands, brands_of
from tasks.manifest.on_screen.columns import BRAND_COLUMN, SCREEN_COLUMNS
from tasks.manifest.on_screen.rows import ScreenReader
from tasks.manifest.personal.fan_out import fan_out
from tasks.manifest.personal.libraries import read_libraries
from tasks.manifest.personal.settings import USUAL, Personal
from tasks.manifest.personal.variables import Variables
from tasks.manifest.presets import Preset, load_presets
from tasks.manifest.row import RowDefaults, RowReader, check_defaults
from tasks.manifest.row_files import FILE_COLUMNS, Files, nearest_file
from tasks.manifest.shape import SourceRow, duplicates, source_rows
from tasks.records import ManifestRow
from tasks.redaction import shown_cell, shown_url, with_shown_addresses
from tasks.tables.spreadsheet_cells import OLDEST_REPORT_COLUMNS, REPORT_COLUMNS, unprotected
from tasks.tables.table import (
    Table,
    TableRow,
    column_name,
    read_table,
    trimmed,
)

MAX_FAULTS_SHOWN = 200
_MAX_MANIFEST_BYTES = 256 << 20


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
    Column("script_file", "A text file with the script, best in UTF-8.", example="long.txt"),
    Column(
        "audio",
        "A recording to use as the voice: WAV, FLAC, MP3, M4A or OGG. "
        "If the row also has a `script` or `script_file`, that text becomes the captions, and "
        "lips follow its words.",
        example="recordings/a.wav",
    ),
    Column(
        "portrait",
        "Picture of the presenter: PNG, JPEG, WebP, AVIF, HEIC, BMP or TIFF. "
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
        "framing",
        "What the frame shows of the portrait: `auto`, `face` (close), `wide` (as much as fits), "
        "or a box `left,top,width,height` in pixels of the portrait. Default: `auto`.",
        example="wide",
    ),
    Column(
        "allow",
        "Faults of the portrait with which it is animated all the same: `not-human`, `turned`, "
        "`open-mouth`, `no-mouth`, `small-face`; several are separated by commas.",
        example="not-human",
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
    Column(
        "script_en",
        "The script in English. With `script_zh` beside it, the row becomes a video for each "
        "language.",
        example="Hello there.",
    ),
    Column("script_zh", "The script in Mandarin.", example="你好。"),
    Column("voice_en", "Voice of `script_en`. Default: the usual one.", example="bf_emma"),
    Column("voice_zh", "Voice of `script_zh`. Default: the usual one.", example="zm_yunxi"),
    Column(
        "variants",
        "Names of sets in `variants.toml`: the row becomes a video for each of their variants.",
        example="styles",
    ),
    Column(
        "presenter",
        "Name of a presenter in `presenters.toml`, who gives portrait and voice.",
        example="mara",
    ),
    Column("priority", "Higher numbers are rendered earlier. Default: 0.", example="10"),
    Column(
        "due",
        "When the video must be finished, in UTC: of videos with the same priority, what is due "
        "first is rendered first.",
        example="2026-12-24 18:00",
    ),
    Column(
        "deliver",
        "What to make of the finished video: `9:16`, `16:9`, `1:1`, `4:5` or `WxH` in pixels with "
        "even sides, or a set of the brand file; several are separated by commas. Without a "
        "`size`, the video is rendered in their shape. Default: nothing.",
        example="9:16, 1:1",
    ),
    Column(
        "captions",
        "Captions of what `deliver` makes: `burned` into the picture, `beside` it as files, `both` "
        "or `off`. Default: burned into 9:16, beside the others.",
        example="both",
    ),
    Column(
        "caption_style",
        "How burned captions look: `bottom`, `middle` or `top`; `box`, `outline` or `none`; "
        "`small`, `medium` or `large`; `text=`, `background=` and `highlight=` with a colour; "
        "several are separated by commas. Default: the brand's.",
        example="top, box, highlight=#ffd400",
    ),
    Column(
        "ai_label",
        "`on` or `off`: whether what `deliver` makes begins with a mark that it is generated. "
        "Default: on for Chinese videos.",
        example="on",
    ),
    Column(
        "music",
        "A piece of music that plays under what `deliver` makes, looped and held down under "
        "speech: WAV, FLAC, MP3, M4A or OGG; or `off`. Default: the brand's music, if it has any.",
        example="music/calm.mp3",
    ),
    Column(
        "teaser",
        "`webp` or `gif`: the first three seconds of what `deliver` makes, as a small moving "
        "picture. Default: none.",
        example="webp",
    ),
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
    sheet: str | None = None,
    personal: Personal = USUAL,
) -> Manifest:
    """Read and check a manifest, and fetch what it names at addresses.

    Args:
        path: a CSV file, a workbook, or the address of one; the paths in it are relative to its
            folder.
        defaults: for cells that are empty or columns that are absent.
        allow_outside: let paths lead out of the manifest's folder.
        presets: the names the ``preset`` column may use; the shipped ones if None.
        sheet: of a workbook; its first one if None.
        personal: how its rows become videos.
        inputs: fetches s3:// and https:// addresses; without it there must be none.

    Raises:
        ManifestError: with every fault of every row.
        BrandError: everything that is wrong with the brand file of rows that name none.
        LibraryError: everything that is wrong with the files of variants and presenters.
        CampaignError: a default breaks a rule, or an engine is not to be had.
        DiskFullError: there is no room for what is fetched.
    """
    names = tuple(load_presets() if presets is None else presets)
    shown, home, data = _manifest_at(path, inputs)
    try:
        table = read_table(data, COLUMN_NAMES, sheet)
    except TextFileError as error:
        fault = Fault(error.line, "file", error.value, error.rule, error.way_out)
        raise ManifestError(shown, (fault,)) from error
    table, outcomes_notice = _without_outcomes(table)
    files = Files(home, allow_outside, inputs)
    libraries = read_libraries(path, personal, files, names)
    cells_of_brand = _cells_called(BRAND_COLUMN, table)
    brands = brands_of(path, personal.brand, cells_of_brand, files, allow_outside=allow_outside)
    check_defaults(defaults, files, names, brands)
    known = (*libraries.columns(COLUMN_NAMES), *brands.columns)
    required = ("video_id",) if libraries.gives_portraits else _REQUIRED
    header = read_header(_trimmed_header(table), known, required)
    if not header.is_readable:
        raise ManifestError(shown, on_other_sheets(header.faults, table.other_sheets))
    of_file, shape = source_rows(table, header.columns, required)
    made = fan_out(of_file, header.columns, libraries, personal.max_videos)
    rows = made.rows
    on_screen = set(brands.columns) & set(SCREEN_COLUMNS)
    own = (*header.own, *(name for name in header.columns if name in on_screen))
    variables = Variables(own, COLUMN_NAMES, is_strict=personal.is_strict)
    readers = [_reader(row, variables, defaults, files, names, brands) for row in rows]
    files.fetch_all({**reader.cells, **reader.screen_cells} for reader in readers)
    read = [reader.read() for reader in readers]
    # a column that is missing is said once of the header, not again of every row
    of_rows = [f for r in readers for f in r.faults if f.column not in header.absent]
    if not table.rows and not header.faults:
        rule = "there are no rows below the header"
        fault = Fault(table.header.line, "header", "", rule, "add a row for each video")
        shape.faults.append(fault)
    faults = [
        *(*header.faults, *shape.faults, *made.faults, *duplicates(rows)),
        *(*variables.faults(), *of_rows),
    ]
    if faults:
        # what all videos of a row share is said once
        raise ManifestError(shown, tuple(sorted(dict.fromkeys(faults), key=_order)))
    for reader in readers:
        if reader.engine_error:
            raise reader.engine_error
    told = (
        *(*table.notices, *outcomes_notice, *own_columns_notice(header, variables.used)),
        *(*made.notices, *variables.notices(len(rows))),
        *(*shape.notices, *notices_of_rows(readers), *files.notices),
    )
    return Manifest(
        rows=tuple(row for row in read if row is not None),
        notices=tuple(dict.fromkeys(told)),
        sha256=hashlib.sha256(data).hexdigest(),
        columns=made.columns,
        cells={row.cells["video_id"]: _shown_cells(row.cells) for row in rows},
    )


def _reader(
    row: SourceRow,
    variables: Variables,
    defaults: RowDefaults,
    files: Files,
    presets: tuple[str, ...],
    brands: Brands,
) -> RowReader:
    """A row's reader, with its variables filled."""
    known = {name: cell for name, cell in row.cells.items() if name in COLUMN_NAMES}
    shown = {name: cell for name, cell in row.cells.items() if name in brands.columns}
    values = variables.of_row(row)
    cells = {name: values.filled(name, cell) for name, cell in known.items()}
    shown = {name: values.filled(name, cell) for name, cell in shown.items()}
    return RowReader(
        row.line,
        cells,
        defaults,
        files,
        presets,
        values,
        voices=row.voices,
        rig=row.rig,
        screen=ScreenReader(row.line, shown, brands, files, row.lower_third),
    )


def _cells_called(name: str, table: Table) -> list[str]:
    """All cells of the first column of this name."""
    names = [column_name(cell) for cell in table.header.cells]
    if name not in names:
        return []
    index = names.index(name)
    return [row.cells[index] for row in table.rows if index < len(row.cells)]


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
    return {name: _shown_cell_of(name, cell) for name, cell in cells.items()}


def _shown_cell_of(column: str, cell: str) -> str:
    if column in FILE_COLUMNS:
        return shown_cell(cell)
    return cell if column in COLUMN_NAMES else with_shown_addresses(cell)


def _order(fault: Fault) -> tuple[int, int]:
    known = COLUMN_NAMES.index(fault.column) if fault.column in COLUMN_NAMES else -1
    return fault.line, known


def _without_outcomes(table: Table) -> tuple[Table, tuple[str, ...]]:
    """A report.csv as the manifest it was made of, whatever was deleted from it; and a notice.

    A table of a team's own with one of a report's columns is read alike: the next report writes
    columns of these names.
    """
    names = [column_name(cell) for cell in table.header.cells]
    left_out = [name for name in names if name in REPORT_COLUMNS]
    if not left_out:
        return table, ()
    kept = [index for index, name in enumerate(names) if name not in REPORT_COLUMNS]
    is_report = set(names) >= OLDEST_REPORT_COLUMNS

    def of_manifest(row: TableRow) -> TableRow:
        beyond = row.cells[len(names) :]
        cells = [row.cells[index] for index in kept if index < len(row.cells)]
        return TableRow(row.line, (*(map(unprotected, cells) if is_report else cells), *beyond))

    notice = f"the report writes {'columns' if len(left_out) > 1 else 'a column'} called "
    notice += f"{', '.join(left_out)}: what the file has there is left out"
    if is_report:
        notice = "the file is a report: its columns from status to warnings are left out"
    rows = tuple(of_manifest(row) for row in table.rows)
    return replace(table, header=of_manifest(table.header), rows=rows), (notice,)


def _trimmed_header(table: Table) -> TableRow:
    return TableRow(table.header.line, trimmed(table.header.cells, 1))
