"""Names of delivered files: a template with columns in braces -> a name for each video. Pure."""

import string
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from model.errors import CampaignError
from tasks.manifest.cell_values import WINDOWS_NAMES
from tasks.manifest.faults import Fault
from tasks.manifest.manifest import ManifestError
from tasks.manifest.personal.template import TemplateError, is_template, parse_template
from tasks.tables.table import column_name

DEFAULT_NAME = "{video_id}"
_MAX_NAME_BYTES = 200  # a suffix follows; file systems allow 255
_NOT_IN_NAMES = frozenset('/\\:*?"<>|')


class NamesError(ManifestError):
    """Names that cannot be given: all faults are in ``faults``, the first 200 in the message."""


@dataclass(frozen=True)
class NamedRow:
    """What a name is made of.

    Attributes:
        video_id: of the video.
        line: of the manifest.
        values: column -> text; the manifest's and a few of Nightshoot's own.
    """

    video_id: str
    line: int
    values: Mapping[str, str]


@dataclass(frozen=True)
class Place:
    """Where a name has a column's value.

    Attributes:
        column: as the manifest writes it.
        default: for rows without a value; None where every row must have one.
    """

    column: str
    default: str | None = None


def places_of(template: str, columns: Sequence[str]) -> tuple[str | Place, ...]:
    """The parts of a template in order: texts, and columns in single braces or in double ones.

    Double braces are those of scripts, and may have a default: ``{{name|nobody}}``.

    Raises:
        CampaignError: it cannot be read, names no column at all, or an unknown one.
    """
    known = ", ".join(columns)
    way_out = f"use columns in braces, such as {{video_id}}_{{language}}; there are {known}"
    try:
        parts = _doubled(template, columns) if is_template(template) else _single(template)
    except ValueError as error:
        raise CampaignError(f'--name "{template}": {error}; {way_out}') from error
    places = [part for part in parts if isinstance(part, Place)]
    unknown = [each.column for each in places if each.column not in columns]
    if unknown:
        raise CampaignError(f'--name "{template}": there is no column "{unknown[0]}"; {way_out}')
    if not places:
        told = "every file would have the same name"
        raise CampaignError(f'--name "{template}": {told}; {way_out}')
    return tuple(parts)


def _single(template: str) -> list[str | Place]:
    """Raises ValueError if the braces cannot be read."""
    found: list[str | Place] = []
    for text, name, spec, conversion in string.Formatter().parse(template):
        if spec or conversion:
            raise ValueError("a column stands alone in braces")
        found += [text] if name is None else [text, Place(name)]
    return found


def _doubled(template: str, columns: Sequence[str]) -> list[str | Place]:
    """Raises ValueError if the braces cannot be read."""
    written = {column_name(column): column for column in columns}
    try:
        parts = parse_template(template).parts
    except TemplateError as error:
        flaw = error.flaws[0]
        raise ValueError(f"{flaw.written} {flaw.rule}: {flaw.way_out}") from error
    found: list[str | Place] = []
    for part in parts:
        if isinstance(part, str):
            if "{" in part or "}" in part:
                raise ValueError("write all its columns in double braces, or all in single ones")
            found.append(part)
        else:
            found.append(Place(written.get(part.name, part.name), part.default))
    return found


def _filled(parts: Sequence[str | Place], values: Mapping[str, str]) -> str:
    """The name; a value that is missing has been told already."""
    return "".join(
        part if isinstance(part, str) else values[part.column] or part.default or ""
        for part in parts
    )


def names_of(template: str, rows: Sequence[NamedRow], columns: Sequence[str]) -> dict[str, str]:
    """A name without suffix for each video, by its id.

    Names differ in more than case and Unicode's spelling, so that every file system keeps them
    apart.

    Args:
        template: text with columns in braces.
        rows: of the campaign, all of them: a name stays free for a video that is not released yet.
        columns: that may be named.

    Raises:
        CampaignError: the template cannot be used.
        NamesError: every name that cannot be given, and every two that would be the same.
    """
    parts = places_of(template, columns)
    places = [part for part in parts if isinstance(part, Place)]
    names: dict[str, str] = {}
    taken: dict[str, str] = {}
    faults: list[Fault] = []
    for row in rows:
        values = {
            each.column: unicodedata.normalize("NFC", row.values.get(each.column, "")).strip()
            for each in places
        }
        name = _filled(parts, values)
        empty = [p.column for p in places if p.default is None and not values[p.column]]
        rule = f'column "{empty[0]}" is empty' if empty else name_fault(name)
        other = taken.setdefault(name.casefold(), row.video_id)
        if not rule and other != row.video_id:
            rule = f"{row.video_id} would have the same file name as {other}"
        if rule:
            way_out = "correct the row, or use other columns in --name"
            faults.append(Fault(row.line, "name", name, rule, way_out))
        names[row.video_id] = name
    if faults:
        raise NamesError("delivery", tuple(faults))
    return names


def name_fault(name: str) -> str:
    """Why ``name`` cannot be a file's on every system; empty: it can."""
    bad = sorted({char for char in name if char in _NOT_IN_NAMES or not char.isprintable()})
    if bad:
        return f"a file name cannot hold {' '.join(repr(char) for char in bad)}"
    if not name or name[0] in ". " or name[-1] in ". ":
        return "a file name cannot begin or end with a dot or a space, or be empty"
    if name.casefold().partition(".")[0] in WINDOWS_NAMES:
        return "Windows keeps this name for itself"
    if len(name.encode()) > _MAX_NAME_BYTES:
        return f"a file name may have {_MAX_NAME_BYTES} bytes at most"
    return ""
