"""`nightshoot sweep`: what killed runs left behind, removed; what is damaged, found."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flows.plan_check import found_fault
from model.errors import CampaignError
from tasks.errors import NewerRecordError, counted
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.campaigns import (
    open_campaign,
)
from tasks.store.shared_files import UNUSED_DAYS, sweep_shared_parts, sweep_sounds
from tasks.store.verification import verify as verified
from tasks.upkeep.unused_deliverables import sweep_deliverables


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
        num_sounds = sweep_sounds(folder.shared, datetime.now(UTC))
        num_films = sweep_deliverables(folder, datetime.now(UTC))
        num_parts += sweep_shared_parts(folder.shared, datetime.now(UTC))
        num_uploads = folder.sweep_uploads(timedelta(hours=uploads_older_than_hours))
        damaged = (*verified(folder), *_wrong_plans(folder)) if verify else ()
    lines = [
        f"{counted(num_parts, 'half-written file')} removed",
        f"{counted(num_uploads, 'unfinished upload')} aborted",
    ]
    if num_sounds:
        lines.append(
            f"{counted(num_sounds, 'spoken clause')} removed: more than {UNUSED_DAYS} days old, "
            f"and in the speech of no campaign in {out}"
        )
    if num_films:
        lines.append(
            f"{counted(num_films, 'file')} of deliverables removed: more than {UNUSED_DAYS} days "
            "old, and asked for by no row any more"
        )
    if verify:
        lines += [*damaged, _verified(len(damaged))]
    return SweepResult(tuple(lines), damaged)


def _wrong_plans(folder: CampaignFolder) -> Iterator[str]:
    """Of videos that are not finished: plans that would be rendered under wrong names."""
    for video_id in folder.plan_ids():
        name = f"plans/{video_id}.json"
        try:
            stored, receipt = folder.read_plan(video_id), folder.find_video(video_id)
            is_finished = receipt is not None and stored and receipt.plan_sha256 == stored.sha256
            fault = found_fault(stored, folder) if stored and not is_finished else None
            reason = fault.reason if fault else ""
        except NewerRecordError:
            continue  # told already
        except CampaignError as error:
            reason = f"its keys cannot be checked on this machine: {error}"
        if reason:
            yield f"{name}: {reason}; render the manifest again to plan this row again"


def _verified(num_damaged: int) -> str:
    if not num_damaged:
        return "no damaged files found"
    return f"{counted(num_damaged, 'damaged file')} found; render the campaign again to repair this"
