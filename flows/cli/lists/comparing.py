"""`nightshoot diff`: two manifests, or what a campaign was last made from, side by side."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from flows.stored import StoredCampaign
from model.errors import CampaignError
from tasks.errors import counted
from tasks.inputs.addresses import has_scheme
from tasks.inputs.inputs import Inputs
from tasks.manifest.manifest import COLUMN_NAMES, RowDefaults, read_manifest
from tasks.manifest.personal.difference import Difference, RowChange, difference
from tasks.redaction import printable
from tasks.store.campaigns import open_campaign

_SHOWN, _CELL_CHARS = 50, 40


def compared(
    before: str, after: str, out: str | Path, *, allow_private: bool = False
) -> Difference:
    """What two manifests or campaigns differ in.

    Raises:
        CampaignError: one of them is neither a file nor a campaign.
        ManifestError: a manifest has faults.
    """
    first, second = (_cells_of(each, out, allow_private=allow_private) for each in (before, after))
    return difference(first, second, COLUMN_NAMES)


def _cells_of(
    name: str, out: str | Path, *, allow_private: bool
) -> Mapping[str, Mapping[str, str]]:
    if has_scheme(name) or Path(name).is_file():
        place = name if has_scheme(name) else Path(name)
        with (
            tempfile.TemporaryDirectory(prefix="nightshoot-diff-") as scratch,
            Inputs(Path(scratch), allow_private=allow_private) as inputs,
        ):
            return read_manifest(place, RowDefaults(), inputs=inputs).cells
    try:
        folder = open_campaign(out, name)
        return StoredCampaign(folder, name).cells
    except CampaignError as error:
        raise CampaignError(f'"{name}" is neither a manifest nor a campaign: {error}') from error


def difference_lines(found: Difference) -> Iterator[str]:
    """What `nightshoot diff` prints."""
    yield from _names("added", found.added)
    yield from _names("removed", found.removed)
    for each in found.changed[:_SHOWN]:
        yield from _change_lines(each)
    if len(found.changed) > _SHOWN:
        yield f"... and {len(found.changed) - _SHOWN} more changed; --json lists them all"
    num_changed, num_made = len(found.changed), len(found.made)
    yield (
        f"{counted(len(found.added), 'video')} added, {len(found.removed)} removed, {num_changed} "
        f"changed, {found.num_same} the same"
    )
    num_others = sum(each.has_other_films for each in found.changed)
    films = f", and films of {counted(num_others, 'other video')} anew" if num_others else ""
    yield f"where the first was rendered, the second makes {counted(num_made, 'video')}{films}"


def _names(what: str, names: Sequence[str]) -> Iterator[str]:
    if names:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        yield f"{what}: {', '.join(names[:_SHOWN])}{more}"


def _change_lines(change: RowChange) -> Iterator[str]:
    note = "" if change.is_made_again else " (changes no video)"
    if change.has_other_films:
        note = " (renders nothing; its films are made anew)"
    yield f"{change.video_id}{note}"
    for cell in change.cells:
        yield f'  {printable(cell.column)}: "{_short(cell.before)}" -> "{_short(cell.after)}"'


def _short(text: str) -> str:
    line = printable(" ".join(text.split()))
    return line if len(line) <= _CELL_CHARS else line[: _CELL_CHARS - 1] + "…"
