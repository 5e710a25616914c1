"""`decisions.csv`, as the report's page exports it -> decisions, or all that is wrong with it.

ManifestError
  DecisionsError     the file's faults, one per line
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from model.errors import PortraitError
from tasks.inputs.file_types import picture_fault
from tasks.inputs.text_files import TextFileError
from tasks.manifest.faults import Fault
from tasks.manifest.manifest import ManifestError
from tasks.portrait.portrait import read_rig, rig_path_of
from tasks.reading.flaws import ScriptError
from tasks.reading.languages import Language, language_of
from tasks.reading.script_text import script_text
from tasks.review.decision import (
    ACTIONS,
    MAX_NAME_CHARS,
    MAX_NOTE_CHARS,
    SEED_LIMIT,
    TEXT_OF,
    Action,
    Decision,
    fresh_seed,
    is_sha256,
)
from tasks.tables.spreadsheet_cells import unprotected
from tasks.tables.table import column_name, read_table

COLUMNS = (
    "video_id",
    "action",
    "file_sha256",
    "second",
    "segment",
    "text",
    "sample",
    "by",
    "at",
)
_REQUIRED = ("video_id", "action", "file_sha256")
_MAX_BYTES = 64 << 20
_CLOCK = re.compile(r"(?:(?:(\d{1,3}):)?([0-5]?\d):)?(\d{1,6}(?:\.\d{1,6})?)")
_AHEAD = timedelta(hours=1)  # so much a reviewer's clock may be fast


class DecisionsError(ManifestError):
    """A file of decisions with faults: all are in ``faults``, the first 200 in the message."""


@dataclass(frozen=True)
class KnownVideo:
    """What a decision about a video is checked against.

    Attributes:
        looked_at: sha256 of its file now, or of its plan; empty where there is neither.
        is_finished: whether there is a file.
        num_segments: of its plan.
        language: of its script.
        comments: ids of the comments on it.
    """

    looked_at: str
    is_finished: bool
    num_segments: int
    language: Language | None = None
    comments: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Wish:
    """One row as it is written."""

    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "").strip()


def read_wishes(path: Path) -> list[Wish]:
    """The rows of a file of decisions.

    Raises:
        DecisionsError: it is no such table.
    """
    if path.stat().st_size > _MAX_BYTES:
        raise _of_file(path, 1, "", f"the file is larger than {_MAX_BYTES >> 20} MiB", "split it")
    try:
        table = read_table(path.read_bytes(), COLUMNS)
    except TextFileError as error:
        raise _of_file(path, error.line, error.value, error.rule, error.way_out) from error
    names = [column_name(cell) for cell in table.header.cells]
    faults = [
        Fault(table.header.line, "header", name, f"column {name} is missing", "export it again")
        for name in _REQUIRED
        if name not in names
    ]
    faults += [
        Fault(table.header.line, "header", name, "unknown column", f"use {', '.join(COLUMNS)}")
        for name in names
        if name and name not in COLUMNS
    ]
    if faults:
        raise DecisionsError(str(path), tuple(faults))
    return [
        Wish(row.line, dict(zip(names, map(unprotected, row.cells), strict=False)))
        for row in table.rows
    ]


def _of_file(path: Path, line: int, value: str, rule: str, way_out: str) -> DecisionsError:
    return DecisionsError(str(path), (Fault(line, "file", value, rule, way_out),))


@dataclass
class WishReader:
    """Rows -> decisions, each against what is known of its video; goes on after a fault.

    Args:
        home: what paths of pictures are relative to.
        known: the campaign's videos.
        decided_by: who says so, whatever the rows say; None: as they say.
        now: the moment of decisions that name none.
    """

    home: Path
    known: Mapping[str, KnownVideo]
    decided_by: str | None
    now: datetime
    faults: list[Fault] = field(default_factory=list[Fault])

    def read(self, wishes: Sequence[Wish]) -> list[Decision]:
        """The decisions of the rows that have no fault."""
        found = [self._decision(wish) for wish in wishes]
        return [each for each in found if each is not None]

    def _decision(self, wish: Wish) -> Decision | None:
        num_faults = len(self.faults)
        action = _action_of(wish["action"])
        video = self.known.get(wish["video_id"])
        if action is None:
            self._fault(wish, "action", "unknown action", f"use {', '.join(ACTIONS)}")
        if video is None:
            self._fault(wish, "video_id", "the campaign has no such video", "check its name")
        looked_at = wish["file_sha256"].lower()
        if not is_sha256(looked_at):
            rule = "must be the 64 hex digits of the file that was looked at"
            self._fault(wish, "file_sha256", rule, "export the decisions from the report again")
        by, at = self._by(wish), self._at(wish)
        if action is None or video is None or len(self.faults) > num_faults:
            return None
        decision = Decision(
            video_id=wish["video_id"],
            action=action,
            looked_at=looked_at,
            by=by,
            at=at,
            text=self._text(wish, action, video),
            second=self._second(wish),
            segment=self._segment(wish, action, video),
            sample=self._sample(wish, action),
            rig=self._rig(wish) if action == "portrait" else None,
        )
        self._check_finished(wish, action, video, looked_at)
        return decision if len(self.faults) == num_faults else None

    def _check_finished(
        self, wish: Wish, action: Action, video: KnownVideo, looked_at: str
    ) -> None:
        if video.looked_at == looked_at and not video.is_finished and action == "approve":
            rule = "the video is not finished, so nobody can have watched it"
            self._fault(wish, "video_id", rule, "render it first")

    def _fault(self, wish: Wish, column: str, rule: str, way_out: str) -> None:
        self.faults.append(Fault(wish.line, column, wish[column], rule, way_out))

    def _by(self, wish: Wish) -> str:
        named = wish["by"]
        by = named
        if self.decided_by is not None:
            is_other = named and named != self.decided_by
            by = f"{self.decided_by} ({named})" if is_other else self.decided_by
        if not by or len(by) > MAX_NAME_CHARS or not by.isprintable():
            rule = f"a decision needs the name of who decided, of at most {MAX_NAME_CHARS} signs"
            self._fault(wish, "by", rule, "write a name there, or give --as NAME")
        return by

    def _at(self, wish: Wish) -> str:
        text = wish["at"]
        if not text:
            return moment(self.now)
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            at = None
        if at is None or at.tzinfo is None:
            rule = "must be a date and time with its zone, such as 2026-11-29T08:30:00Z"
            self._fault(wish, "at", rule, "leave the cell empty for now")
            return ""
        if at > self.now + _AHEAD:
            self._fault(wish, "at", "lies in the future", "leave the cell empty for now")
        return moment(at)

    def _text(self, wish: Wish, action: Action, video: KnownVideo) -> str:
        text = wish["text"]
        if action == "seed":
            return self._seed(wish, video)
        if not text and action in TEXT_OF:
            self._fault(wish, "text", f"{action} needs {TEXT_OF[action]}", "write it there")
        elif action == "script":
            self._check_script(wish, text, video)
        elif action == "portrait":
            self._check_picture(wish, self.home / text)
        elif action == "resolve" and text not in video.comments:
            self._fault(wish, "text", "the video has no such comment", "see `nightshoot status`")
        elif len(text) > MAX_NOTE_CHARS:
            rule = f"a note may have {MAX_NOTE_CHARS} signs at most"
            self._fault(wish, "text", rule, "shorten it")
        return text

    def _seed(self, wish: Wish, video: KnownVideo) -> str:
        text = wish["text"]
        if not text:
            segment = int(wish["segment"]) if wish["segment"].isdecimal() else None
            return str(fresh_seed(wish["file_sha256"].lower() or video.looked_at, segment))
        if not (text.isascii() and text.isdecimal() and int(text) < SEED_LIMIT):
            rule = f"a seed is a whole number from 0 to {SEED_LIMIT - 1}"
            self._fault(wish, "text", rule, "leave the cell empty for one that is not in use")
        return text

    def _check_script(self, wish: Wish, text: str, video: KnownVideo) -> None:
        try:
            script_text(text, video.language or language_of(text))
        except ScriptError as error:
            self._fault(wish, "text", str(error), "correct the text")

    def _check_picture(self, wish: Wish, path: Path) -> None:
        fault = picture_fault(path) if path.is_file() else "the file does not exist"
        if fault:
            self._fault(wish, "text", fault, "name a picture; paths begin at the file's folder")

    def _rig(self, wish: Wish) -> dict[str, object] | None:
        rig = rig_path_of(self.home / wish["text"])
        if not wish["text"] or not rig.is_file():
            return None
        try:
            return read_rig(rig)
        except PortraitError as error:
            self._fault(wish, "text", str(error), "correct the rig or remove it")
            return None

    def _second(self, wish: Wish) -> float | None:
        if not wish["second"]:
            return None
        told = _CLOCK.fullmatch(wish["second"])
        if told is None:
            self._fault(wish, "second", "must be a time such as 14, 14.2 or 1:05", "correct it")
            return None
        hours, minutes, seconds = (float(part or 0) for part in told.groups())
        return hours * 3600 + minutes * 60 + seconds

    def _segment(self, wish: Wish, action: Action, video: KnownVideo) -> int | None:
        text = wish["segment"]
        if not text or action != "seed":
            return None
        if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= video.num_segments):
            rule = f"the video has segments 1 to {video.num_segments}"
            self._fault(wish, "segment", rule, "leave the cell empty for the whole video")
            return None
        return int(text)

    def _sample(self, wish: Wish, action: Action) -> tuple[str, ...]:
        sample = tuple(wish["sample"].split())
        unknown = [each for each in sample if each not in self.known]
        if unknown or (sample and action != "approve"):
            rule = "must be videos of the campaign that were watched, and goes with approve alone"
            self._fault(wish, "sample", rule, "list their names with spaces between them")
        return sample


def _action_of(text: str) -> Action | None:
    names: dict[str, Action] = {each: each for each in ACTIONS}
    return names.get(text.lower())


def moment(at: datetime) -> str:
    """A moment as decisions hold it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")
