"""A CSV of pronunciations -> a lexicon, or a list of everything that is wrong with it.

ManifestError
  LexiconError       the lexicon's faults, one per line
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.inputs.addresses import has_scheme, is_url
from tasks.inputs.inputs import InputError, Inputs, InputUnreachableError
from tasks.inputs.text_files import TextFileError
from tasks.manifest.faults import Fault
from tasks.manifest.manifest import ManifestError
from tasks.manifest.row_files import nearest_file
from tasks.reading.languages import Language
from tasks.reading.lexicon import Entry, Lexicon, plain_word
from tasks.reading.pronunciation.entries import CellFault, EntryError, read_entry
from tasks.redaction import shown_url
from tasks.tables.table import Table, TableRow, column_name, read_table

LEXICON_NAME = "lexicon.csv"
"""What lies beside a manifest under this name is its lexicon."""

COLUMNS = ("word", "language", "say")
_REQUIRED = ("word", "say")
_MAX_BYTES = 16 << 20
_UNUSED_SHOWN = 10


class LexiconError(ManifestError):
    """A lexicon with faults: all are in ``faults``, the first 200 in the message."""


@dataclass(frozen=True)
class LexiconFile:
    """A lexicon that was read whole.

    Attributes:
        name: of the file, for people.
        lexicon: its entries, in the file's order.
        notices: worth telling, not wrong.
    """

    name: str
    lexicon: Lexicon
    notices: tuple[str, ...] = ()

    def told(self, scripts: Iterable[tuple[str, Language]]) -> tuple[str, ...]:
        """What to tell of it once all scripts are known: entries that none of them needs."""
        used = {
            entry.word
            for text, language in scripts
            for _, _, entry in self.lexicon.found(text, language)
        }
        unused = [
            entry.word for entry in self.lexicon.entries if plain_word(entry.word) not in used
        ]
        if not unused:
            return self.notices
        shown = ", ".join(unused[:_UNUSED_SHOWN])
        rest = f" and {len(unused) - _UNUSED_SHOWN} more" if len(unused) > _UNUSED_SHOWN else ""
        words = "this word" if len(unused) == 1 else f"these {len(unused)} words"
        told = f"{self.name}: no script has {words}: {shown}{rest}"
        return (*self.notices, told)


def beside(manifest: Path | str) -> Path | None:
    """The lexicon that lies beside a manifest; None where there is none.

    Nobody can look around at an address: the lexicon of such a manifest must be named.
    """
    if isinstance(manifest, str) and has_scheme(manifest):
        return None
    path = Path(manifest).parent / LEXICON_NAME
    return path if path.is_file() else None


def read_lexicon(path: Path | str, inputs: Inputs | None = None) -> LexiconFile:
    """Read and check a lexicon.

    Args:
        path: a CSV file, or the address of one.
        inputs: fetches s3:// and https:// addresses.

    Raises:
        LexiconError: with every fault of every row.
        DiskFullError: there is no room for what is fetched.
    """
    shown, data = _lexicon_at(path, inputs)
    try:
        table = read_table(data, COLUMNS)
    except TextFileError as error:
        way_out = "write the header word,language,say, then one word per line"
        told = way_out if "empty" in error.rule else error.way_out
        raise LexiconError(
            shown, (Fault(error.line, "file", error.value, error.rule, told),)
        ) from error
    faults = list(_header_faults(table))
    if faults:
        raise LexiconError(shown, tuple(faults))
    names = tuple(column_name(cell) for cell in table.header.cells)
    entries: list[Entry] = []
    lines: dict[tuple[str, Language], int] = {}
    for row in table.rows:
        try:
            entry = _entry_of(row, names)
        except EntryError as error:
            faults += [Fault(row.line, f.column, f.value, f.rule, f.way_out) for f in error.faults]
            continue
        faults += _repeated(entry, row.line, lines)
        entries.append(entry)
    if faults:
        raise LexiconError(shown, tuple(faults))
    notices = tuple(f"{shown}: {notice}" for notice in table.notices)
    return LexiconFile(shown, Lexicon(tuple(entries)), notices)


def _lexicon_at(path: Path | str, inputs: Inputs | None) -> tuple[str, bytes]:
    """The lexicon's name for people, and its bytes."""
    if isinstance(path, str) and has_scheme(path):
        return shown_url(path), _fetched_bytes(path, inputs)
    return str(path), _local_bytes(Path(path))


def _fetched_bytes(url: str, inputs: Inputs | None) -> bytes:
    if inputs is None or not is_url(url):
        rule, way_out = "lexicons at such addresses cannot be read here", "download it first"
        raise LexiconError(shown_url(url), (Fault(1, "file", "", rule, way_out),))
    try:
        return inputs.read_once(url, "lexicon")
    except InputError as error:
        may_heal = isinstance(error, InputUnreachableError)
        fault = Fault(1, "file", "", error.rule, error.way_out, may_heal)
        raise LexiconError(error.name, (fault,)) from error


def _local_bytes(path: Path) -> bytes:
    if path.is_dir():
        rule, way_out = "this is a folder, not a lexicon", "name the CSV file in it"
    elif not path.exists():
        rule, way_out = "the file does not exist", nearest_file(path) or "check the path"
    elif path.stat().st_size > _MAX_BYTES:
        rule, way_out = f"the file is larger than {_MAX_BYTES >> 20} MiB", "remove entries"
    else:
        return path.read_bytes()
    raise LexiconError(str(path), (Fault(1, "file", "", rule, way_out),))


def _header_faults(table: Table) -> Iterator[Fault]:
    line, cells = table.header.line, table.header.cells
    names = [column_name(cell) for cell in cells]
    if not set(names) & set(COLUMNS):
        rule, way_out = "the first line has no known column name", "start with word,language,say"
        yield Fault(line, "header", ",".join(cells), rule, way_out)
        return
    for index, (name, cell) in enumerate(zip(names, cells, strict=True)):
        if name not in COLUMNS:
            way_out = "the columns are word, language and say; remove it"
            yield Fault(line, "header", cell, "unknown column", way_out)
        if name in names[:index]:
            yield Fault(line, "header", cell, "the column appears twice", "remove one")
    for name in _REQUIRED:
        if name not in names:
            yield Fault(line, "header", "", f"column {name} is missing", "add it")
    if not table.rows:
        yield Fault(line, "header", "", "there are no rows below the header", "add a word")


def _entry_of(row: TableRow, names: Sequence[str]) -> Entry:
    """The entry of a row.

    Raises:
        EntryError: with all of its faults.
    """
    beyond = row.cells[len(names) :]
    if beyond:
        rule, way_out = "the row has more cells than the header", "put quotes around a comma"
        raise EntryError((CellFault("row", ",".join(beyond), rule, way_out),))
    cells = dict(zip(names, row.cells, strict=False))
    return read_entry(*(cells.get(name, "") for name in COLUMNS))


def _repeated(entry: Entry, line: int, lines: dict[tuple[str, Language], int]) -> Iterator[Fault]:
    """A fault where an earlier line has the same word for the same language; notes this one."""
    languages: tuple[Language, ...] = (entry.language,) if entry.language else ("en", "zh")
    word = plain_word(entry.word)
    earlier = [lines[word, language] for language in languages if (word, language) in lines]
    if earlier:
        rule = f"line {earlier[0]} has the same word for the same language"
        yield Fault(line, "word", entry.word, rule, "remove one of them, or write en or zh")
    for language in languages:
        lines.setdefault((word, language), line)
