"""Rows that stand for several videos: one for each language of their script and each variant. Pure.

The names of videos say what they are made of, ``row--en--calm``, and never how many there are: a
language or a variant that is added changes no other video.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from itertools import product
from math import prod

from tasks.errors import counted
from tasks.manifest.cell_values import VIDEO_ID, BadValueError
from tasks.manifest.faults import Fault
from tasks.manifest.personal.consents import consent_notices
from tasks.manifest.personal.libraries import (
    LANGUAGES,
    MAX_VIDEOS,
    PRESENTERS_NAME,
    Libraries,
    check_voice,
)
from tasks.manifest.personal.selection import PART
from tasks.manifest.shape import SourceRow
from tasks.reading.languages import Language

SCRIPTS: Mapping[Language, str] = {"en": "script_en", "zh": "script_zh"}
VOICES: Mapping[Language, str] = {"en": "voice_en", "zh": "voice_zh"}
CONSENT = "consent"
_SOURCES = ("script", "script_file", "audio", "language")
_FANNED = frozenset((*SCRIPTS.values(), *VOICES.values(), "variants"))
_NOT_SPOKEN = frozenset(
    (
        *("script_ar", "script_de", "script_es", "script_fr", "script_hi", "script_id"),
        *("script_it", "script_ja", "script_ko", "script_nl", "script_pl", "script_pt"),
        *("script_ru", "script_sv", "script_th", "script_tr", "script_vi"),
    )
)
_MAX_ID = 63


@dataclass
class FanOut:
    """The videos of a manifest's rows.

    Attributes:
        rows: one for each video, in the order of their rows.
        columns: of these.
        faults: what is wrong.
        notices: what the rows stand for.
    """

    rows: list[SourceRow] = field(default_factory=list[SourceRow])
    columns: tuple[str, ...] = ()
    faults: list[Fault] = field(default_factory=list[Fault])
    notices: list[str] = field(default_factory=list[str])


@dataclass(frozen=True)
class _Choice:
    """A language or a variant of a row: what its video is called, and the cells that it fills."""

    name: str
    cells: Mapping[str, str]
    language: Language | None = None


def fan_out(
    rows: Sequence[SourceRow],
    columns: Sequence[str],
    libraries: Libraries,
    max_videos: int | None,
) -> FanOut:
    """The videos that the rows of a manifest stand for, and their presenters' cells.

    Args:
        rows: of the file.
        columns: of the file; empty where one has no name.
        libraries: of variants and presenters.
        max_videos: the most videos; None: ``MAX_VIDEOS``, which holds only if rows are more than
            one video.
    """
    made = FanOut(columns=tuple(columns))
    made.faults += _unspoken(columns, rows)
    reader = _Reader(libraries, made.faults)
    choices = [reader.choices(row) for row in rows]
    num_videos = sum(prod(map(len, each)) for each in choices)
    most = max_videos or (MAX_VIDEOS if num_videos > len(rows) else num_videos)
    if num_videos > most:
        told = f"{counted(len(rows), 'row')} would be {num_videos:,} videos"
        rule = f"{told}, but at most {most:,} are made"
        way_out = f"name fewer variants or languages, or allow more with --max-videos {num_videos}"
        made.faults.append(Fault(1, "file", "", rule, way_out))
        choices = [tuple(each[:1] for each in of_row) for of_row in choices]
    for row, of_row in zip(rows, choices, strict=True):
        made.rows += reader.videos(row, of_row)
    if any(choices):
        made.columns = _columns_of(columns, made.rows)
    made.notices += _told(rows, choices, num_videos)
    used = (row.cells.get("presenter", "") for row in made.rows)
    made.notices += consent_notices(libraries.presenters or {}, used, datetime.now(UTC).date())
    made.columns = _with_consent(made)
    for row in made.rows:
        for name in made.columns:
            if name:
                row.cells.setdefault(name, "")
    return made


_Choices = tuple[tuple[_Choice, ...], ...]


@dataclass(frozen=True)
class _Reader:
    libraries: Libraries
    faults: list[Fault]

    def choices(self, row: SourceRow) -> _Choices:
        """What the row chooses from, one of each; nothing for one video of its own name."""
        found = tuple(each for each in (self._languages(row), *self._sets(row)) if each)
        self._check_sets(row, found)
        video_id = row.cells.get("video_id", "")
        parts = [max(len(each.name) for each in of_set) + len(PART) for of_set in found]
        length = len(video_id) + sum(parts)
        if found and length > _MAX_ID:
            rule = f"with its languages and variants the name has {length} characters, at most 63"
            self._fault(row, "video_id", rule, "choose a shorter video_id or shorter variants")
        if length > _MAX_ID or not VIDEO_ID.fullmatch(video_id):
            return tuple(each[:1] for each in found)  # the fault is told of one video
        return found

    def _languages(self, row: SourceRow) -> tuple[_Choice, ...]:
        given: list[Language] = [each for each in LANGUAGES if row.cells.get(SCRIPTS[each])]
        if not given:
            for language, column in VOICES.items():
                if row.cells.get(column):
                    rule = f"there is a voice for {language}, but no script_{language}"
                    way_out = f"fill script_{language}, or name the voice in the column voice"
                    self._fault(row, column, rule, way_out)
            return ()
        for other in _SOURCES:
            if row.cells.get(other):
                rule = f"the row has both {other} and {SCRIPTS[given[0]]}"
                way_out = "keep one of them: a column script_en or script_zh names its language"
                self._fault(row, other, rule, way_out)
        return tuple(
            _Choice(each, {"script": row.cells[SCRIPTS[each]], "language": each}, each)
            for each in given
        )

    def _sets(self, row: SourceRow) -> Iterator[tuple[_Choice, ...]]:
        known = self.libraries.variants
        if known is None:
            return
        names = row.cells.get("variants", "").replace(",", " ").split()
        for index, name in enumerate(names):
            if name in names[:index]:
                self._fault(row, "variants", f'the set "{name}" is named twice', "name it once")
            elif name not in known:
                near = get_close_matches(name, known, 1, 0.5)
                way_out = f'did you mean "{near[0]}"?' if near else f"sets are {', '.join(known)}"
                self._fault(row, "variants", f'there is no set "{name}"', way_out)
            else:
                yield tuple(_Choice(each, cells) for each, cells in known[name].items())

    def _check_sets(self, row: SourceRow, sets: _Choices) -> None:
        """No cell is filled twice, and no voice is for a language that is not spoken."""
        seen: set[str] = set()
        languages = {each.language for choices in sets for each in choices if each.language}
        for choices in sets:
            columns = sorted({column for each in choices for column in each.cells})
            if choices[0].language is None:
                twice = [column for column in columns if column in seen]
                if twice:
                    rule = f"two sets of variants both fill {', '.join(twice)}"
                    self._fault(row, "variants", rule, "leave it to one of them")
                self._check_filled(row, columns)
                for language, column in VOICES.items():
                    if column in columns and language not in languages:
                        rule = f"its variants fill {column}, but the row has no {SCRIPTS[language]}"
                        self._fault(row, "variants", rule, "fill it, or fill voice instead")
            seen.update(columns)

    def _check_filled(self, row: SourceRow, columns: Sequence[str]) -> None:
        filled = {column for column in columns if row.cells.get(column)}
        if "voice" in columns:
            filled |= {column for column in VOICES.values() if row.cells.get(column)}
        for column in sorted(filled):
            rule = "the row has this cell, and its variants fill it too"
            self._fault(row, column, rule, "empty the cell, or leave it out of the variants")

    def videos(self, row: SourceRow, choices: _Choices) -> Iterator[SourceRow]:
        """The row's videos, the last set changing fastest."""
        for chosen in product(*choices):
            cells = dict(row.cells)
            for each in chosen:
                cells |= each.cells
            name = PART.join((row.cells.get("video_id", ""), *(each.name for each in chosen)))
            if VIDEO_ID.fullmatch(name):
                cells["video_id"] = name
            spoken: list[Language] = [each.language for each in chosen if each.language]
            video = self._presented(replace(row, cells=cells))
            for language in spoken:
                self._give_voice(row, video, language)
            for column in _FANNED if chosen else ():
                video.cells.pop(column, None)
            yield video

    def _presented(self, row: SourceRow) -> SourceRow:
        """With what its presenter gives; the row's own cells stay."""
        known, name = self.libraries.presenters, row.cells.get("presenter", "")
        if known is None or not name:
            return row
        if name not in known:
            near = get_close_matches(name, known, 1, 0.5)
            way_out = f'did you mean "{near[0]}"?' if near else f"presenters are {', '.join(known)}"
            rule = f"there is no such presenter in {PRESENTERS_NAME}"
            self.faults.append(Fault(row.line, "presenter", name, rule, way_out))
            return row
        presenter = known[name]
        cells = dict(row.cells)
        rig = presenter.rig if not cells.get("portrait") else ""
        given = (
            ("portrait", presenter.portrait),
            ("framing", presenter.framing),
            (CONSENT, presenter.consent),
        )
        for column, text in given:
            if text and not cells.get(column):
                cells[column] = text
        third = presenter.lower_third
        return replace(row, cells=cells, rig=rig, voices=presenter.voices, lower_third=third)

    def _give_voice(self, row: SourceRow, video: SourceRow, language: Language) -> None:
        """The voice of a language: of its column, of all, of the presenter, or the usual one."""
        own = video.cells.get(VOICES[language], "")
        name, column = (own, VOICES[language]) if own else (video.cells.get("voice", ""), "voice")
        if not name:
            return
        try:
            video.cells["voice"] = check_voice(name, language)
        except BadValueError as error:
            rule, way_out = error.args
            if column == "voice" and "speaks" in rule:
                way_out = f"fill the column voice_{language} too"
            fault = Fault(row.line, column, name, rule, way_out)
            if fault not in self.faults:
                self.faults.append(fault)

    def _fault(self, row: SourceRow, column: str, rule: str, way_out: str) -> None:
        self.faults.append(Fault(row.line, column, row.cells.get(column, ""), rule, way_out))


def _unspoken(columns: Sequence[str], rows: Sequence[SourceRow]) -> Iterator[Fault]:
    """Scripts in languages that no voice speaks, where scripts by language are used."""
    if not set(columns) & set(SCRIPTS.values()):
        return
    for name in columns:
        row = next((each for each in rows if each.cells.get(name)), None)
        if name in _NOT_SPOKEN and row is not None:
            rule = "no voice speaks this language, so its videos cannot be made"
            way_out = "languages are en and zh; give recordings of others in the column audio"
            yield Fault(row.line, name, row.cells[name], rule, way_out)


def _columns_of(columns: Sequence[str], rows: Sequence[SourceRow]) -> tuple[str, ...]:
    """The columns of videos: those of the file, and what languages and variants fill."""
    kept = [name for name in columns if name not in _FANNED]
    filled = {name for row in rows for name, cell in row.cells.items() if cell}
    added = ("script", "language", "voice", "size", "preset", "prompt", "seed", "portrait")
    more = [name for name in (*added, "engine", "framing", "presenter") if name in filled]
    return tuple(dict.fromkeys((*kept, *more)))


def _with_consent(made: FanOut) -> tuple[str, ...]:
    filled = {
        name
        for row in made.rows
        for name in ("portrait", "framing", CONSENT)
        if row.cells.get(name)
    }
    return tuple(dict.fromkeys((*made.columns, *sorted(filled - set(made.columns)))))


def _told(rows: Sequence[SourceRow], choices: Sequence[_Choices], num_videos: int) -> Iterator[str]:
    """What the rows are multiplied by."""
    if not any(choices):
        return
    each = [choice for of_row in choices for of_set in of_row for choice in of_set]
    languages = sorted({choice.name for choice in each if choice.language})
    variants = sorted({choice.name for choice in each if not choice.language})
    by = [f"languages {', '.join(languages)}"] if languages else []
    by += [f"variants {_few(variants)}"] if variants else []
    told = f"{counted(len(rows), 'row')} {'stands' if len(rows) == 1 else 'stand'} for"
    yield f"{told} {counted(num_videos, 'video')} ({'; '.join(by)})"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
