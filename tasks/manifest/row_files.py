"""Files that a manifest names: beside it or at an address, looked at once each."""

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from tasks.errors import counted
from tasks.inputs.addresses import has_scheme, is_url, url_beside
from tasks.inputs.file_types import picture_fault, sound_fault
from tasks.inputs.inputs import InputError, Inputs, InputUnreachableError
from tasks.inputs.source import Kind
from tasks.inputs.text_files import (
    script_fault,
)
from tasks.manifest.cell_values import (
    BadValueError,
)
from tasks.manifest.on_screen.columns import IMAGE_COLUMNS
from tasks.portrait.portrait import rig_path_of
from tasks.redaction import no_folder_of


@dataclass(frozen=True)
class FileKind:
    """What a column's file is: for people, for the fetcher, and what its content must be."""

    label: str
    input_kind: Kind
    fault_of: Callable[[Path], str]


PORTRAIT = FileKind("picture", "portrait", picture_fault)
RECORDING = FileKind("recording", "recording", sound_fault)
RIG = FileKind("rig", "rig", lambda _: "")
"""Read with its portrait; whether it is one is told then."""
MUSIC = FileKind("piece of music", "recording", sound_fault)
SCRIPT = FileKind("text file", "script", script_fault)
PRODUCT = FileKind("picture", "portrait", lambda _: "")
"""Looked at by who shows it."""
FILE_COLUMNS: Mapping[str, FileKind] = {
    "portrait": PORTRAIT,
    "audio": RECORDING,
    "script_file": SCRIPT,
    **dict.fromkeys(IMAGE_COLUMNS, PRODUCT),
    "music": MUSIC,
}
_NO_MUSIC = "off"
_MAX_HINTS = 200
_OUTSIDE = (
    "the path leads outside the manifest's folder",
    "move the file there, or allow it with --allow-outside",
)


def is_no_music(cell: str) -> bool:
    """Whether a cell of `music` asks for none, not even the brand's."""
    return cell.casefold() == _NO_MUSIC


class Files:
    """Files named by a manifest; each is looked at once, however many rows name it."""

    def __init__(self, home: Path | str, allow_outside: bool, inputs: Inputs | None) -> None:
        """``home`` is the manifest's folder, or the address of a manifest that was fetched."""
        self._home, self._allow_outside, self._inputs = home, allow_outside, inputs
        self._found: dict[tuple[str, str], Path | BadValueError] = {}
        self._rigs: dict[Path, Path | None] = {}
        self._urls: dict[Path, str] = {}
        self._names: dict[Path, dict[str, list[str]]] = {}
        self.notices: list[str] = []
        self._num_missing = 0

    @property
    def is_at_address(self) -> bool:
        """Whether the manifest itself was fetched, so that nothing lies beside it."""
        return isinstance(self._home, str)

    def fetch_all(self, rows: Iterable[Mapping[str, str]]) -> None:
        """Fetch every address that the rows name, side by side; faults are told by :meth:`find`."""
        if self._inputs is None:
            return
        distinct = {
            (column, text)
            for cells in rows
            for column in FILE_COLUMNS
            if (text := cells.get(column, "")) and self._is_far(text)
            if not (column == "music" and is_no_music(text))
        }
        wanted: list[tuple[str, Kind]] = []
        for column, text in sorted(distinct):
            try:
                wanted.append((self._url_of(text), FILE_COLUMNS[column].input_kind))
            except BadValueError:
                continue  # told with its row
        self._inputs.fetch_all(wanted)

    def find(self, text: str, kind: FileKind) -> Path:
        """The file called ``text``, of this kind.

        Raises:
            BadValueError: it cannot be used.
        """
        key = (kind.label, text)
        if key not in self._found:
            look = self._look_far if self._is_far(text) else self._look
            try:
                self._found[key] = look(text, kind)
            except BadValueError as error:
                self._found[key] = error
        found = self._found[key]
        if isinstance(found, BadValueError):
            raise BadValueError(*found.args, may_heal=found.may_heal)
        return found

    def rig_of(self, portrait: Path) -> Path | None:
        """The rig beside a portrait, where there is one.

        Raises:
            BadValueError: there is one, and it cannot be used.
        """
        if portrait not in self._rigs:
            if self._inputs is not None and portrait in self._urls:
                self._rigs[portrait] = self._far_rig(self._urls[portrait], self._inputs)
            else:
                self._rigs[portrait] = self._near_rig(rig_path_of(portrait))
        return self._rigs[portrait]

    # --- at an address ----------------------------------------------------------------------------

    def _is_far(self, text: str) -> bool:
        return isinstance(self._home, str) or has_scheme(text)

    def _url_of(self, text: str) -> str:
        if has_scheme(text):
            if self._inputs is None:
                raise BadValueError(
                    "this is a web address, not a file", "download it and name the file"
                )
            if not is_url(text):
                raise BadValueError(
                    "files at such addresses cannot be read", "use https:// or s3://"
                )
            return text
        try:
            url, is_inside = url_beside(str(self._home), text)
        except ValueError as error:
            raise BadValueError(str(error), "write its whole address") from error
        if not (is_inside or self._allow_outside):
            raise BadValueError(*_OUTSIDE)
        return url

    def _look_far(self, text: str, kind: FileKind) -> Path:
        url = self._url_of(text)
        path = _fetched(self._inputs, url, kind.input_kind)
        self._urls[path] = url
        return path

    def _far_rig(self, portrait_url: str, inputs: Inputs) -> Path | None:
        try:
            rig, notice = inputs.rig_of(portrait_url)
        except InputError as error:
            raise _bad_value(error, f"its rig {error.name}: {error.rule}") from error
        if notice:
            self.notices.append(notice)
        return rig

    def _near_rig(self, rig: Path) -> Path | None:
        """A rig follows its portrait's rule: a link may not lead to just any file."""
        if not rig.is_file():
            return None
        if not (self._allow_outside or rig.resolve().is_relative_to(Path(self._home))):
            raise BadValueError(
                f"its rig {rig.name} is a link that leads outside the manifest's folder",
                "put a copy there, or allow it with --allow-outside",
            )
        return rig

    # --- beside the manifest ----------------------------------------------------------------------

    def _look(self, text: str, kind: FileKind) -> Path:
        home = Path(self._home)
        try:
            path = self._under_its_name(home, text)
            resolved = path.resolve()
            if not (self._allow_outside or resolved.is_relative_to(home)):
                raise BadValueError(*_OUTSIDE)
            if not path.exists():
                raise BadValueError("the file does not exist", self._missing(text, path, home))
            if not path.is_file():
                raise BadValueError(
                    "this is a folder or a device, not a file", f"name a {kind.label} in it"
                )
            fault = kind.fault_of(path)
        except (OSError, ValueError, RuntimeError) as error:
            if isinstance(error, BadValueError):
                raise
            reason = getattr(error, "strerror", None) or str(error)
            way_out = "check its name and permissions"
            raise BadValueError(f"the file cannot be read ({reason})", way_out) from error
        if fault:
            raise BadValueError(fault, f"save the {kind.label} again or name another file")
        return path.absolute()

    def _under_its_name(self, home: Path, text: str) -> Path:
        """The path as the disk spells it: a Mac writes ü in two characters, others in one.

        Raises:
            BadValueError: two files differ in nothing but that.
        """
        path = home / text
        if text.isascii() or path.exists():
            return path
        place = home
        for part in Path(text).parts:
            spelt = place / part
            if not part.isascii() and not spelt.exists():
                names = self._names_in(place).get(unicodedata.normalize("NFC", part), [part])
                if len(names) > 1:
                    raise BadValueError(
                        f'{counted(len(names), "file")} in the folder are called "{part}" and '
                        "differ only in how Unicode spells it",
                        "rename all but one",
                    )
                spelt = place / names[0]
            place = spelt
        return place

    def _names_in(self, folder: Path) -> dict[str, list[str]]:
        """Names of a folder by their composed form (NFC)."""
        if folder not in self._names:
            names: dict[str, list[str]] = {}
            for each in folder.iterdir() if folder.is_dir() else ():
                names.setdefault(unicodedata.normalize("NFC", each.name), []).append(each.name)
            self._names[folder] = names
        return self._names[folder]

    def _missing(self, text: str, path: Path, home: Path) -> str:
        """A hint; each costs a look at a whole folder, and nobody reads thousands of them."""
        self._num_missing += 1
        usual = "paths are relative to the manifest"
        return usual if self._num_missing > _MAX_HINTS else _missing(text, path, home) or usual


def _fetched(inputs: Inputs | None, url: str, kind: Kind) -> Path:
    if inputs is None:
        raise ValueError("a manifest at an address is read with inputs")
    try:
        return inputs.fetch(url, kind)
    except InputError as error:
        raise _bad_value(error, error.rule) from error


def _bad_value(error: InputError, rule: str) -> BadValueError:
    may_heal = isinstance(error, InputUnreachableError)
    return BadValueError(rule, error.way_out, may_heal=may_heal)


def _missing(text: str, path: Path, home: Path) -> str:
    slashed = text.replace("\\", "/")
    if slashed != text and (home / slashed).exists():
        return f'write it with forward slashes: "{slashed}"'
    return nearest_file(path)


def nearest_file(path: Path) -> str:
    """A hint at the file of the same folder whose name is most like ``path``'s."""
    if not path.parent.is_dir():
        return no_folder_of(path)
    names = {each.name.lower(): each.name for each in path.parent.iterdir() if each.is_file()}
    near = get_close_matches(path.name.lower(), names, 1, 0.5)
    return f'did you mean "{names[near[0]]}"?' if near else ""
