"""What lies beside a manifest for its rows to name: sets of variants, and presenters.

CampaignError
  LibraryError       everything that is wrong with both files, one per line
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from model.engine import engine_names
from model.errors import CampaignError
from tasks.inputs.addresses import has_scheme
from tasks.manifest.cell_values import (
    BadValueError,
    parse_choice,
    parse_framing,
    parse_number,
    parse_size,
    parse_video_id,
    parse_voice,
)
from tasks.manifest.on_screen.columns import LOWER_THIRD_COLUMNS
from tasks.manifest.personal.selection import PART
from tasks.manifest.personal.settings import Personal
from tasks.manifest.personal.template import is_template
from tasks.manifest.row_files import PORTRAIT, RIG, FileKind, Files
from tasks.reading.languages import Language
from tasks.speech.voices import voice_language
from tasks.tables.toml_text import parsed_toml

LANGUAGES: tuple[Language, ...] = ("en", "zh")
_LANGUAGE_OF: Mapping[str, Language] = {"en": "en", "zh": "zh"}
UNTIL = "consent_until"
VARIANTS_NAME, PRESENTERS_NAME = "variants.toml", "presenters.toml"
MAX_VIDEOS = 10_000
"""So many videos may the rows of a manifest stand for, unless a person allows more."""
VARIANT_COLUMNS = (
    *("voice", "voice_en", "voice_zh", "size", "preset", "prompt", "seed", "portrait", "engine"),
    *("framing", "presenter"),
)
LOWER_THIRD = "lower_third"
_PRESENTER_KEYS = ("portrait", "rig", "framing", "voices", "consent", UNTIL, LOWER_THIRD)
_MAX_BYTES = 1 << 20
_MAX_PRESENTERS = 10_000
_SEED_LIMIT = 2**32


class LibraryError(CampaignError):
    """A file of variants or presenters with faults, one per line."""


@dataclass(frozen=True)
class Presenter:
    """What a name in the column ``presenter`` stands for; paths as in the manifest."""

    portrait: str
    rig: str = ""
    framing: str = ""
    voices: Mapping[Language, str] = field(default_factory=dict[Language, str])
    consent: str = ""
    consent_until: date | None = None
    lower_third: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Libraries:
    """What rows may name; None where there is no such file.

    Attributes:
        variants: set -> variant -> column -> text.
        presenters: by name.
    """

    variants: Mapping[str, Mapping[str, Mapping[str, str]]] | None = None
    presenters: Mapping[str, Presenter] | None = None

    def columns(self, columns: Sequence[str]) -> tuple[str, ...]:
        """Those of ``columns`` that are settings; others of the same name are a team's own."""
        own = {"variants"} if self.variants is None else set[str]()
        own |= {"presenter"} if self.presenters is None else set[str]()
        return tuple(name for name in columns if name not in own)

    @property
    def gives_portraits(self) -> bool:
        """Whether a manifest may do without the column ``portrait``."""
        sets = (self.variants or {}).values()
        return bool(self.presenters) or any("portrait" in v for s in sets for v in s.values())


def read_libraries(
    manifest: Path | str, personal: Personal, files: Files, presets: Sequence[str]
) -> Libraries:
    """The files that are named, or that lie beside a manifest which is no address.

    Raises:
        LibraryError: a file cannot be read, or something in one of them breaks a rule.
    """
    faults: list[str] = []
    presenters = variants = None
    source = personal.presenters or _beside(manifest, PRESENTERS_NAME)
    if source is not None:
        reader = _Reader(source, files, presets, faults)
        presenters = dict(reader.presenters(tables_of(source, faults)))
    source = personal.variants or _beside(manifest, VARIANTS_NAME)
    if source is not None:
        reader = _Reader(source, files, presets, faults)
        variants = dict(reader.variants(tables_of(source, faults), presenters))
    if faults:
        raise LibraryError("\n".join(faults))
    return Libraries(variants, presenters)


def _beside(manifest: Path | str, name: str) -> Path | None:
    if isinstance(manifest, str) and has_scheme(manifest):
        return None
    path = Path(manifest).parent / name
    return path if path.is_file() else None


def tables_of(source: Path, faults: list[str]) -> dict[str, Any]:
    """The tables of such a file by name; what is wrong with the file is added to ``faults``."""
    try:
        if source.stat().st_size > _MAX_BYTES:
            rule = f"the file is larger than {_MAX_BYTES >> 20} MiB; remove what no row names"
            faults.append(f"{source}: {rule}")
            return {}
        tables = parsed_toml(source.read_text(encoding="utf-8-sig"))
    except OSError as error:
        faults.append(f"{source}: cannot be read ({error.strerror}); check its name")
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        told = str(error)
        way_out = "write a [name] table for each, in UTF-8"
        if "Cannot declare" in told or "Cannot overwrite" in told:
            way_out = "each name may stand for one thing only: rename or remove one of the two"
        faults.append(f"{source}: this is not such a file: {told}; {way_out}")
        return {}
    if not tables:
        faults.append(
            f"{source}: there is nothing in this file; write a [name] table, or remove it"
        )
    return tables


@dataclass(frozen=True)
class _Reader:
    source: Path
    files: Files
    presets: Sequence[str]
    faults: list[str]

    def presenters(self, tables: Mapping[str, Any]) -> Iterator[tuple[str, Presenter]]:
        for name, given in tables.items():
            table = table_of(given)
            if table is None:
                self._fault(name, "stands outside a table", f"write a [{name}] table")
                continue
            portrait, rig = self._text(name, table, "portrait"), self._text(name, table, "rig")
            if not portrait:
                self._fault(name, "has no portrait", 'write portrait = "portraits/mara.png"')
            self._check_file(name, "portrait", portrait, PORTRAIT)
            self._check_file(name, "rig", rig, RIG)
            for key in table:
                if key not in _PRESENTER_KEYS:
                    self._unknown(name, key, _PRESENTER_KEYS)
            voices = dict(self._voices(name, table.get("voices", {})))
            framing, consent = (self._text(name, table, key) for key in ("framing", "consent"))
            self._check_framing(name, framing)
            until = self._until(name, table, consent)
            third = dict(self._lower_third(name, table.get(LOWER_THIRD, {})))
            yield name, Presenter(portrait, rig, framing, voices, consent, until, third)

    def variants(
        self, tables: Mapping[str, Any], presenters: Mapping[str, Presenter] | None
    ) -> Iterator[tuple[str, dict[str, dict[str, str]]]]:
        seen: dict[str, str] = {}
        for set_name, of_set in tables.items():
            variants = table_of(of_set)
            if not variants:
                told = "is a set without variants"
                self._fault(set_name, told, f"write a [{set_name}.name] table for each variant")
                continue
            found: dict[str, dict[str, str]] = {}
            for name, given in variants.items():
                where, table = f"{set_name}.{name}", table_of(given)
                if table is None:
                    self._fault(set_name, f"{name} stands outside a variant", f"write [{where}]")
                    continue
                self._check_variant_name(where, name, seen)
                found[name] = dict(self._variant(where, table, presenters))
            yield set_name, found

    def _check_variant_name(self, where: str, name: str, seen: dict[str, str]) -> None:
        try:
            parse_video_id(name, "one")
        except BadValueError as error:
            self._fault(where, f'the name "{name}" {error.args[0]}', str(error.args[1]))
        if PART in name or name in LANGUAGES:
            rule = f'the name "{name}" is a language or holds {PART}, which parts names of videos'
            self._fault(where, rule, "choose another name")
        if name in seen:
            rule = f'the name "{name}" is taken by [{seen[name]}]'
            self._fault(where, rule, "give each variant a name of its own")
        seen.setdefault(name, where)

    def _variant(
        self, where: str, table: Mapping[str, Any], presenters: Mapping[str, Presenter] | None
    ) -> Iterator[tuple[str, str]]:
        if not table:
            self._fault(where, "sets nothing", f"name one of {', '.join(VARIANT_COLUMNS)}")
        for key, given in table.items():
            if key not in VARIANT_COLUMNS:
                self._unknown(where, key, VARIANT_COLUMNS)
                continue
            if isinstance(given, bool) or not isinstance(given, str | int) or given == "":
                self._fault(where, f"{key} = {given!r} is no text and no number", "write one")
                continue
            text = str(given)
            self._check_cell(where, key, text, presenters)
            yield key, text

    def _check_cell(
        self, where: str, key: str, text: str, presenters: Mapping[str, Presenter] | None
    ) -> None:
        if is_template(text):
            return  # checked with the values of each row
        parsers: dict[str, Callable[[str], object]] = {
            "size": parse_size,
            "seed": lambda given: parse_number(given, 0, _SEED_LIMIT - 1),
            "preset": lambda given: parse_choice(given, self.presets),
            "engine": lambda given: parse_choice(given, engine_names()),
            "presenter": lambda given: parse_choice(given, sorted(presenters or ())),
            "framing": parse_framing,
            "portrait": lambda given: self.files.find(given, PORTRAIT),
            "voice": parse_voice,
            "voice_en": lambda given: check_voice(given, "en"),
            "voice_zh": lambda given: check_voice(given, "zh"),
            "prompt": str,
        }
        try:
            parsers[key](text)
        except BadValueError as error:
            self._fault(where, f'{key} "{text}": {error.args[0]}', str(error.args[1]))

    def _voices(self, name: str, given: object) -> Iterator[tuple[Language, str]]:
        table = table_of(given)
        if table is None:
            told = "voices is no table"
            self._fault(name, told, f'write [{name}.voices] with lines such as en = "hibari"')
            return
        for key, voice in table.items():
            language = _LANGUAGE_OF.get(key)
            if language is None or not isinstance(voice, str):
                rule = f"voices.{key} = {voice!r} is no language with the name of a voice"
                self._fault(name, rule, f"languages are {', '.join(LANGUAGES)}")
                continue
            try:
                yield language, check_voice(voice, language)
            except BadValueError as error:
                self._fault(name, f'voices.{language} "{voice}": {error.args[0]}', error.args[1])

    def _lower_third(self, name: str, given: object) -> Iterator[tuple[str, str]]:
        """``name`` and ``title``; what fits and what can be drawn is checked in each row."""
        table = table_of(given)
        way_out = f'write {LOWER_THIRD} = {{ name = "Mara Lind", title = "Lighting designer" }}'
        if table is None:
            self._fault(name, f"{LOWER_THIRD} = {given!r} is no table", way_out)
            return
        for key in table:
            if key not in LOWER_THIRD_COLUMNS:
                self._unknown(f"{name}.{LOWER_THIRD}", key, LOWER_THIRD_COLUMNS)
        for key in LOWER_THIRD_COLUMNS:
            text = self._text(f"{name}.{LOWER_THIRD}", table, key)
            if is_template(text):
                rule = f'{key} "{text}" has a variable, and presenters are the same in all rows'
                self._fault(f"{name}.{LOWER_THIRD}", rule, "write it out, or fill the row's cell")
            elif text:
                yield key, text

    def _text(self, name: str, table: Mapping[str, Any], key: str) -> str:
        given = table.get(key, "")
        if isinstance(given, str):
            return given.strip()
        self._fault(name, f"{key} = {given!r} is no text", f'write {key} = "..."')
        return ""

    def _until(self, name: str, table: Mapping[str, Any], consent: str) -> date | None:
        try:
            until = day_of(table)
        except BadValueError as error:
            self._fault(name, error.args[0], error.args[1])
            return None
        if until is not None and not consent:
            self._fault(name, f"{UNTIL} has no consent to it", 'write consent = "2026-114" too')
        return until

    def _check_file(self, name: str, key: str, path: str, kind: FileKind) -> None:
        if not path:
            return
        try:
            self.files.find(path, kind)
        except BadValueError as error:
            self._fault(name, f'{key} "{path}": {error.args[0]}', error.args[1])

    def _check_framing(self, name: str, text: str) -> None:
        try:
            if text:
                parse_framing(text)
        except BadValueError as error:
            self._fault(name, f'framing "{text}": {error.args[0]}', error.args[1])

    def _unknown(self, where: str, key: str, known: Sequence[str]) -> None:
        near = get_close_matches(key, known, 1)
        way_out = f'did you mean "{near[0]}"?' if near else f"known are {', '.join(known)}"
        if key in LOWER_THIRD_COLUMNS and known is _PRESENTER_KEYS:
            way_out = f'write {LOWER_THIRD} = {{ {key} = "..." }}'
        self._fault(where, f"{key} is unknown here", way_out)

    def _fault(self, where: str, rule: str, way_out: str) -> None:
        self.faults.append(f"{self.source}: [{where}] {rule}; {way_out}")


def day_of(table: Mapping[str, Any]) -> date | None:
    """The last day of a presenter's consent; None where the table does not say.

    Raises:
        BadValueError: it says something else than a day.
    """
    given = table.get(UNTIL)
    if given is None or (isinstance(given, date) and not isinstance(given, datetime)):
        return given
    told = f'"{given}"' if isinstance(given, str) else given
    raise BadValueError(f"{UNTIL} = {told} is no day", f"write {UNTIL} = 2027-03-31, as it stands")


def table_of(given: object) -> dict[str, Any] | None:
    """What stands in a file, where it is a table."""
    return cast("dict[str, Any]", given) if isinstance(given, dict) else None


def check_voice(name: str, language: Language) -> str:
    """The name of a voice that speaks a language.

    Raises:
        BadValueError: there is none of that name, or it speaks another.
    """
    spoken = voice_language(parse_voice(name))
    if spoken not in (None, language):
        rule = f"this voice speaks {spoken}, not {language}"
        raise BadValueError(rule, f"name one for {language} from `nightshoot voices`")
    return name
