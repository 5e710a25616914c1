"""What is made of a finished video: one task for each size, after the master."""

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass

from prefect import task
from prefect.cache_policies import NO_CACHE

from flows.work import Work
from model.errors import StoppedError
from tasks.deliver_records import DeliverableReceipt, DeliverRequest, Size
from tasks.deliverables.deliverable import make_deliverable
from tasks.deliverables.store import missing_sizes
from tasks.errors import counted
from tasks.records import StoredPlan, VideoPlan, VideoReceipt
from tasks.screen.formats import format_name, listed
from tasks.store.campaign_folder import CampaignFolder


@dataclass(frozen=True)
class _Making:
    request: DeliverRequest
    plan: VideoPlan
    master: VideoReceipt
    folder: CampaignFolder
    made: list[DeliverableReceipt]


_current_making: ContextVar[_Making] = ContextVar("current_making")


@task(
    name="format",
    task_run_name="{video_id} {size}",
    retries=1,
    retry_delay_seconds=2,
    retry_condition_fn=lambda _task, _run, state: (
        not isinstance(state.result(raise_on_failure=False), StoppedError)
    ),
    cache_policy=NO_CACHE,
    persist_result=False,
)
def format_task(video_id: str, size: str) -> str:
    """Make one size of the video at hand; returns the sha256 of the file."""
    del video_id
    making = _current_making.get()
    width, height = (int(side) for side in size.split("x"))
    made = make_deliverable(
        (width, height), making.request, making.plan, making.master, making.folder
    )
    making.made.append(made)
    return made.file.sha256


def make_formats(
    stored: StoredPlan, master: VideoReceipt, folder: CampaignFolder, work: Work
) -> int:
    """Make what is missing of all that a row asks for; how many files that were.

    Raises:
        StoppedError: the user asked to stop; what was finished is kept.
        NightshootError: one could not be made.
    """
    missing: tuple[Size, ...] = missing_sizes(stored, master, folder)
    if stored.deliver is None or not missing:
        return 0
    making = _Making(stored.deliver, stored.plan, master, folder, [])
    token = _current_making.set(making)
    try:
        for size in missing:
            work.check_stop()
            format_task(stored.plan.video_id, format_name(size))
    finally:
        _current_making.reset(token)
    video_id = stored.plan.video_id
    made = ", ".join(format_name(size) for size in missing)
    work.listener.notice(f"{video_id}: {counted(len(missing), 'deliverable')} made: {made}")
    for told in film_warnings(making.made):
        work.listener.notice(f"{video_id}: {told}")
    return len(missing)


def film_warnings(made: Sequence[DeliverableReceipt]) -> list[str]:
    """What people should know of finished films, each once, with the formats that have it."""
    formats: dict[str, list[str]] = {}
    for receipt in made:
        for warning in receipt.warnings:
            formats.setdefault(warning, []).append(format_name(receipt.size))
    return [f"{listed(names)}: {warning}" for warning, names in formats.items()]
