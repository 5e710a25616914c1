"""One row of a manifest: its cells -> a record, or every fault in them."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeAlias, cast

from model.engine import engine_identity, engine_names
from model.errors import CampaignError
from tasks.deliver_records import CAPTION_MODES, TEASER_KINDS
from tasks.inputs.text_files import MAX_SCRIPT_BYTES, decode_text
from tasks.manifest.cell_values import (
    WINDOWS_NAMES,
    BadValueError,
    check_text,
    parse_allow,
    parse_caption_style,
    parse_choice,
    parse_deliver,
    parse_due,
    parse_framing,
    parse_language,
    parse_number,
    parse_size,
    parse_switch,
    parse_video_id,
    parse_voice,
    smaller_size_fault,
)
from tasks.manifest.faults import Fault
from tasks.manifest.on_screen.brands import Brands
from tasks.manifest.on_screen.rows import ScreenReader
from tasks.manifest.personal.variables import RowValues, no_values
from tasks.manifest.row_files import (
    MUSIC,
    PORTRAIT,
    RECORDING,
    RIG,
    SCRIPT,
    FileKind,
    Files,
    is_no_music,
)
from tasks.manifest.row_settings import SETTING_COLUMNS, setting_value
from tasks.reading.cleaning.encodings import garbled
from tasks.reading.cleaning.screen_marks import without_screen_marks
from tasks.reading.flaws import Flaw, ScriptError
from tasks.reading.languages import Language, earlier_language_of, language_flaw, language_of
from tasks.reading.script_text import script_text
from tasks.records import ManifestRow, Record, Scalar
from tasks.screen.formats import NO_SETS
from tasks.screen_records import RowScreen
from tasks.speech.voices import source_of

_SEED_LIMIT = 2**32
_SIZE_COLUMNS = ("size", "smaller_size")
_WITH_DEFAULTS = (
    "engine", "preset", "framing", "allow", "seed", "voice", "language", "prompt", "deliver",
    "captions", "caption_style", "ai_label", "teaser",
)  # fmt: skip
_OF_DELIVERABLES = ("captions", "caption_style", "ai_label", "music", "teaser")
# the others are what their cells become
_PARSED_DEFAULTS = ("framing", "allow", "deliver", "caption_style", "ai_label")
_Size: TypeAlias = tuple[int, int]
_C1_CONTROL = re.compile(r"[\x80-\x9f]")


class RowDefaults(Record):
    """What a campaign gives to rows that leave a cell empty."""

    engine: str = "preview"
    preset: str = "standard"
    size: str | None = None
    smaller_size: str | None = None
    framing: str | None = None
    allow: str | None = None
    seed: int = 0
    voice: str | None = None
    language: str | None = None
    prompt: str = ""
    deliver: str | None = None
    captions: str | None = None
    caption_style: str | None = None
    ai_label: str | None = None
    teaser: str | None = None


@dataclass
class RowReader:
    """Reads one row, and goes on after a fault to find them all."""

    line: int
    cells: dict[str, str]
    defaults: RowDefaults
    files: Files
    presets: Sequence[str]
    values: RowValues = field(default_factory=no_values)
    voices: Mapping[Language, str] = field(default_factory=dict[Language, str])
    rig: str = ""
    screen: ScreenReader | None = None
    faults: list[Fault] = field(default_factory=list[Fault])
    notices: list[str] = field(default_factory=list[str])
    script_notices: list[str] = field(default_factory=list[str])
    engine_error: CampaignError | None = None

    def __post_init__(self) -> None:
        """First, so that nothing is fetched of what is not used."""
        self._leave_out_unused()

    @property
    def parsers(self) -> dict[str, Callable[[str], object]]:
        """Columns whose value depends on nothing else; not kept, as all readers live at once."""
        return {
            "size": parse_size,
            "smaller_size": parse_size,
            "framing": parse_framing,
            "allow": parse_allow,
            "deliver": partial(parse_deliver, sets=self.screen.sets if self.screen else NO_SETS),
            "captions": lambda text: parse_choice(text, CAPTION_MODES),
            "caption_style": parse_caption_style,
            "ai_label": parse_switch,
            "teaser": lambda text: parse_choice(text, TEASER_KINDS),
            "seed": lambda text: parse_number(text, 0, _SEED_LIMIT - 1),
            "num_clip": lambda text: parse_number(text, 1, 1_000_000),
            "priority": lambda text: parse_number(text, -1_000_000, 1_000_000),
            "due": parse_due,
            "voice": parse_voice,
            "language": parse_language,
            "preset": lambda text: parse_choice(text, self.presets),
            "engine": lambda text: parse_choice(text, engine_names()),
            "prompt": str,
        }

    def read(self) -> ManifestRow | None:
        """The row, or None where it has a fault."""
        self.faults += self.values.faults
        for column, cell in self.cells.items():
            self._check_characters(column, cell)
        video_id = self.value("video_id", self._video_id, is_required=True)
        portrait = self._file("portrait", PORTRAIT, is_required=True)
        rig = self._rig_of(portrait) if portrait else None
        if self.rig:
            rig = self.files.find(self.rig, RIG)
        audio = self._file("audio", RECORDING)
        has_music = not is_no_music(self.cells.get("music", ""))
        music = self._file("music", MUSIC) if has_music else None
        script = self._script()
        plain = {name: self.value(name, parse) for name, parse in self.parsers.items()}
        language = self._language(script, plain, has_recording=audio is not None)
        shown = self._screen(script, language)
        settings = self._checked_by_engine(plain)
        size, smaller = self._sizes(plain)
        self._check_presenters_voice(language, plain, audio)
        if self.faults or self.values.blamed or video_id is None or portrait is None:
            return None
        plain["voice"] = plain["voice"] or (self.voices.get(language) if audio is None else None)
        for name in _WITH_DEFAULTS:
            if plain[name] is None:
                plain[name] = self._default(name)
        if self.screen is not None:
            told = self.cells.get("caption_style") or self.defaults.caption_style or ""
            self.faults += self.screen.film_faults(shown, language, plain, told)
            if self.faults:
                return None
        if video_id in WINDOWS_NAMES:
            self.notices.append(
                f'line {self.line}: Windows keeps the name "{video_id}" for itself: its files '
                "cannot be opened there, and are delivered only under another --name"
            )
        if audio is not None and self.cells.get("voice"):
            self.notices.append(
                f"line {self.line}: the row has a recording, so its voice is not used"
            )
        width, height = size or (None, None)
        fields = {
            **plain,
            "smaller_size": smaller,
            "line": self.line,
            "video_id": video_id,
            "script": without_screen_marks(script) or None,
            "audio_path": audio,
            "music_path": music,
            "has_music": has_music,
            "portrait_path": portrait,
            "rig_path": rig,
            "language": language,
            "is_language_told": not (plain["language"] or self.defaults.language),
            "width": width,
            "height": height,
            "settings": settings,
            "screen": shown,
        }
        # None is what they default to; a record remembers each that it was given
        given = {name: value for name, value in fields.items() if value is not None}
        return ManifestRow.model_validate(given)

    def _default(self, name: str) -> object:
        """What the campaign gives; None where the row's brand cannot have it, which is noted."""
        given = getattr(self.defaults, name)
        if given is None or name not in _PARSED_DEFAULTS:
            return given
        try:
            return self.parsers[name](str(given))
        except BadValueError as error:
            self._note(name, str(given), error)
            return None

    def _leave_out_unused(self) -> None:
        """Cells of a row that nothing is delivered of, which say how: they may be a team's own."""
        if self.cells.get("deliver") or self.defaults.deliver:
            return
        for name in _OF_DELIVERABLES:
            if self.cells.pop(name, ""):
                self.notices.append(
                    f"line {self.line}: {name} is not used, because the row has no deliver"
                )

    def value(
        self, column: str, parse: Callable[[str], object], *, is_required: bool = False
    ) -> object:
        """The parsed cell; None if it is empty or has a fault, which is noted."""
        text = self.cells.get(column, "")
        if not text:
            if is_required:
                self._fault(column, "", "the cell is empty", "every row needs a value here")
            return None
        if self._is_faulty(column):
            return None
        try:
            return parse(text)
        except BadValueError as error:
            self._note(column, text, error)
            return None

    def _check_presenters_voice(
        self, language: Language, plain: Mapping[str, object], audio: Path | None
    ) -> None:
        if not self.voices or language in self.voices or plain["voice"] or audio is not None:
            return
        rule = f"the presenter has no voice for the language {language}"
        way_out = f"add it to the presenter's voices, or fill the column voice or voice_{language}"
        self._fault("presenter", self.cells.get("presenter", ""), rule, way_out)

    def _is_faulty(self, column: str) -> bool:
        """Whether something was said of a cell, so that it need not be looked at."""
        return column in self.values.blamed or any(each.column == column for each in self.faults)

    def _sizes(self, plain: dict[str, object]) -> tuple[_Size | None, _Size | None]:
        """The size and the smaller one, the campaign's where the row names none."""
        size, smaller = (
            cast("_Size | None", plain.pop(name)) or _size_of(getattr(self.defaults, name))
            for name in _SIZE_COLUMNS
        )
        fault = smaller_size_fault(size, smaller) if size and smaller else None
        if smaller and fault:
            self._fault("smaller_size", "x".join(map(str, smaller)), *fault)
        return size, smaller

    def _checked_by_engine(self, plain: Mapping[str, object]) -> dict[str, Scalar]:
        """The row's settings; what its engine says against them and the sizes is noted."""
        sizes = {name: cast("_Size", plain[name]) for name in _SIZE_COLUMNS if plain[name]}
        named = [name for name in SETTING_COLUMNS if self.cells.get(name)]
        engine = self.cells.get("engine") or self.defaults.engine
        if not (named or sizes) or engine not in engine_names():
            return {}
        try:
            least = engine_identity(engine).min_side
        except CampaignError as error:  # told when no row has a fault of its own
            self.engine_error = error
            return {}
        for name, size in sizes.items():
            if min(size) < least:
                rule = f"engine {engine} needs at least {least} pixels on each side"
                way_out = f'try "{max(size[0], least)}x{max(size[1], least)}"'
                self._fault(name, self.cells[name], rule, way_out)
        values = {name: self.value(name, partial(setting_value, engine, name)) for name in named}
        return {name: cast("Scalar", value) for name, value in values.items() if value is not None}

    def _note(self, column: str, value: str, error: BadValueError) -> None:
        self._fault(column, value, *error.args, may_heal=error.may_heal)

    def _fault(
        self, column: str, value: str, rule: str, way_out: str, *, may_heal: bool = False
    ) -> None:
        self.faults.append(Fault(self.line, column, value, rule, way_out, may_heal))

    def _file(self, column: str, kind: FileKind, *, is_required: bool = False) -> Path | None:
        found = self.value(
            column, lambda text: self.files.find(text, kind), is_required=is_required
        )
        return found if isinstance(found, Path) else None

    def _rig_of(self, portrait: Path) -> Path | None:
        try:
            return self.files.rig_of(portrait)
        except BadValueError as error:
            self._note("portrait", self.cells["portrait"], error)
            return None

    def _script(self) -> str:
        """The text that is spoken or captioned; the row has a source, and only one script."""
        script = self.cells.get("script", "")
        named = self.cells.get("script_file", "")
        if script and named:
            rule = "the row has both a script and a script_file"
            self._fault("script_file", named, rule, "keep only one of them")
        if not (script or named or self.cells.get("audio")):
            rule = "the row has nothing to speak"
            self._fault(
                "script", "", rule, "write a script, or name a script_file or an audio file"
            )
        if len(script) > MAX_SCRIPT_BYTES:
            rule = f"the script is larger than {MAX_SCRIPT_BYTES >> 20} MiB"
            self._fault("script", script, rule, "split it into several videos")
        path = self._file("script_file", SCRIPT)
        return self._text_of(path) if path else script

    def _text_of(self, path: Path) -> str:
        """The script in a file, with its variables filled."""
        num_faults = len(self.values.faults)
        text = decode_text(path.read_bytes())[0].strip()
        text = self.values.filled("script_file", text, is_script=True)
        self.faults += self.values.faults[num_faults:]
        return text

    def _language(
        self, script: str, plain: Mapping[str, object], *, has_recording: bool
    ) -> Language:
        """The language of a script that a voice can read as it stands; what it cannot is noted."""
        voice = cast("str | None", plain["voice"]) or self.defaults.voice
        is_outside = has_recording or bool(voice and source_of(voice) != "builtin")
        told = (earlier_language_of if is_outside else language_of)(script)
        language = cast("Language", plain["language"] or self.defaults.language or told)
        column = "script_file" if self.cells.get("script_file") else "script"
        if not script or self._is_faulty(column):
            return language
        try:
            read = script_text(script, language)
        except ScriptError as error:
            self._note_flaws(column, error.flaws)
            return language
        self.script_notices += (f"{column}: {notice}" for notice in read.notices)
        if not is_outside:
            flaw = language_flaw(read.text, is_insisted=plain["language"] is not None)
            self._note_flaws(column, (flaw,) if flaw else ())
        return language

    @property
    def screen_cells(self) -> Mapping[str, str]:
        """Cells of what is shown on the screen."""
        return self.screen.cells if self.screen else {}

    def _screen(self, script: str, language: Language) -> RowScreen | None:
        """What the row shows on the screen; its faults become the row's."""
        if self.screen is None:
            return None
        column = "script_file" if self.cells.get("script_file") else "script"
        shown = self.screen.read(column, script, language)
        self.faults += self.screen.faults
        return shown

    def _note_flaws(self, column: str, flaws: Sequence[Flaw]) -> None:
        for flaw in flaws:
            rule = f"this {flaw.rule}" if flaw.rule.startswith("is ") else flaw.rule
            self._fault(column, flaw.value, rule, flaw.way_out)

    def _check_characters(self, column: str, cell: str) -> None:
        flaw = garbled(cell) if column == "script" and _C1_CONTROL.search(cell) else None
        if flaw:  # as which its bytes without a sign of their own come out
            self._note_flaws(column, (flaw,))
            return
        try:
            check_text(cell, allow_lines=column in ("script", "prompt"))
        except BadValueError as error:
            self._note(column, cell, error)

    def _video_id(self, text: str) -> str:
        return parse_video_id(text, f"video-{self.line}")


def _size_of(default: str | None) -> _Size | None:
    return parse_size(default) if default else None


def check_defaults(
    defaults: RowDefaults, files: "Files", presets: Sequence[str], brands: Brands
) -> None:
    """The campaign's defaults obey the cells' rules.

    Where a column names brands, its rows say which sets of formats there are.

    Raises:
        CampaignError: one does not.
    """
    given = {name: str(value) for name, value in defaults if value not in (None, "")}
    if brands.is_column:
        given.pop("deliver", None)
    screen = ScreenReader(1, {}, brands, files)
    reader = RowReader(1, given, defaults, files, presets, screen=screen)
    for name, parse in reader.parsers.items():
        if name in given:
            reader.value(name, parse)
    if reader.faults:
        raise CampaignError("\n".join(f"--{fault}" for fault in reader.faults))
