"""Names of delivered files: a template with columns in braces -> a name for each video. Pure."""

import string
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from model.errors import CampaignError
from tasks.manifest.faults import Fault
from tasks.manifest.manifest import ManifestError

DEFAULT_NAME = "{video_id}"
_MAX_NAME_BYTES = 200  # a suffix follows; file systems allow 255
_NOT_IN_NAMES = frozenset('/\\:*?"<>|')
_RESERVED = frozenset(
    [
        *("con", "prn", "aux", "nul"),
        *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10)),
    ]
)


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


def fields_of(template: str, columns: Sequence[str]) -> tuple[str, ...]:
    """The columns that a template names.

    Raises:
        CampaignError: it cannot be read, names no column at all, or an unknown one.
    """
    known = ", ".join(columns)
    way_out = f"use columns in braces, such as {{video_id}}_{{language}}; there are {known}"
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise CampaignError(f'--name "{template}": {error}; {way_out}') from error
    fields = [name for _, name, _, _ in parts if name is not None]
    if any(spec or conversion for _, _, spec, conversion in parts):
        raise CampaignError(f'--name "{template}": a column stands alone in braces; {way_out}')
    unknown = [name for name in fields if name not in columns]
    if unknown:
        raise CampaignError(f'--name "{template}": there is no column "{unknown[0]}"; {way_out}')
    if not fields:
        told = "every file would have the same name"
        raise CampaignError(f'--name "{template}": {told}; {way_out}')
    return tuple(fields)


def _filled(template: str, values: Mapping[str, str]) -> str:
    """The template with values; a column's name may hold any sign."""
    parts = string.Formatter().parse(template)
    return "".join(text + (values[name] if name is not None else "") for text, name, _, _ in parts)


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
    fields = fields_of(template, columns)
    names: dict[str, str] = {}
    taken: dict[str, str] = {}
    faults: list[Fault] = []
    for row in rows:
        values = {
            each: unicodedata.normalize("NFC", row.values.get(each, "")).strip() for each in fields
        }
        name = _filled(template, values)
        empty = [each for each in fields if not values[each]]
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
    if name.casefold().partition(".")[0] in _RESERVED:
        return "Windows keeps this name for itself"
    if len(name.encode()) > _MAX_NAME_BYTES:
        return f"a file name may have {_MAX_NAME_BYTES} bytes at most"
    return ""
