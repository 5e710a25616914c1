"""`nightshoot sweep`: what killed runs left behind, removed; what is damaged, found."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tasks.errors import counted
from tasks.store.campaigns import (
    open_campaign,
)


@dataclass(frozen=True)
class SweepResult:
    """What a sweep did: sentences for people, and those about damage."""

    lines: tuple[str, ...]
    damaged: tuple[str, ...]


def sweep_campaign(
    out: str | Path, campaign: str, uploads_older_than_hours: float, *, verify: bool
) -> SweepResult:
    """Sweep one campaign; it must not be running, as half-written files are removed.

    Raises:
        CampaignError: a run holds the campaign, or its store cannot be used.
    """
    folder = open_campaign(out, campaign)
    with folder.lock():
        num_parts = folder.sweep_parts()
        num_uploads = folder.sweep_uploads(timedelta(hours=uploads_older_than_hours))
        damaged = tuple(folder.verify()) if verify else ()
    lines = [
        f"{counted(num_parts, 'half-written file')} removed",
        f"{counted(num_uploads, 'unfinished upload')} aborted",
    ]
    if verify:
        lines += [*damaged, _verified(len(damaged))]
    return SweepResult(tuple(lines), damaged)


def _verified(num_damaged: int) -> str:
    if not num_damaged:
        return "no damaged files found"
    return f"{counted(num_damaged, 'damaged file')} found; render the campaign again to repair this"
