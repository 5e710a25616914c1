"""What of a planned video is finished: its master, and what is made of it."""

from collections.abc import Callable

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
