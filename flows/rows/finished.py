"""What of a planned video is finished: its master, and what is made of it."""

from collections.abc import Callable
from typing import Protocol

from tasks.deliver_records import Size
from tasks.deliverables.store import missing_sizes
from tasks.errors import DamagedError
from tasks.records import StoredPlan, VideoReceipt
from tasks.store.campaign_folder import CampaignFolder
from tasks.upkeep.freed_segments import told_segment


def finished_master(
    stored: StoredPlan, folder: CampaignFolder, notice: Callable[[str], None]
) -> VideoReceipt | None:
    """The receipt of a video whose master and segments are whole and as planned; else None."""
    video_id = stored.plan.video_id
    try:
        receipt = folder.find_video(video_id)
    except DamagedError as error:
        notice(f"{video_id}: making the video again: {error}")
        return None
    if receipt is None or receipt.plan_sha256 != stored.sha256:
        return None
    try:
        segments = [told_segment(folder, key) for key in receipt.segment_keys]
    except DamagedError:
        return None  # the video's chain finds it, says so and renders it again
    return None if None in segments else receipt


def is_delivered(stored: StoredPlan, master: VideoReceipt, folder: CampaignFolder) -> bool:
    """Whether everything that is asked for of a finished video is made."""
    return not missing_sizes(stored, master, folder)


class PlannedRow(Protocol):
    """A row with its plan, and the receipt of its master where that is finished."""

    @property
    def stored(self) -> StoredPlan | None:
        """Its plan."""
        ...

    @property
    def receipt(self) -> VideoReceipt | None:
        """Where nothing is left to do."""
        ...

    @property
    def master(self) -> VideoReceipt | None:
        """Where something is still to be made of it."""
        ...


def films_left(row: PlannedRow, folder: CampaignFolder) -> list[tuple[Size, int, int]]:
    """What is still to be made of a row's master: size, frames and frames per second of each."""
    stored = row.stored
    if stored is None or stored.deliver is None or row.receipt is not None:
        return []
    sizes = missing_sizes(stored, row.master, folder) if row.master else stored.deliver.sizes
    num_frames = stored.plan.num_frames + stored.deliver.num_clip_frames
    return [(size, num_frames, stored.plan.fps) for size in sizes]
