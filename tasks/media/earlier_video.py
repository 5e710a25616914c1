"""The finished file that another one has replaced, kept so that people can compare the two.

    earlier/<video_id>.<sha8>.mp4   earlier/<video_id>.json

The record is the receipt of that file. One earlier file is kept per video, the last one; nothing
needs it, so the folder may be removed at any time.
"""

from tasks.errors import DamagedError
from tasks.records import VideoReceipt
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.entries import check_entry, check_name
from tasks.store.record_json import record_bytes

FOLDER = "earlier"


def keep_earlier(folder: CampaignFolder, video_id: str, plan_sha256: str) -> None:
    """Keep the finished file of a video that is about to be made as another plan says.

    A file that is made again by the same plan is no other version, and neither is a damaged one.

    Args:
        folder: of the campaign.
        video_id: whose file.
        plan_sha256: of the plan by which the video is about to be made.

    Raises:
        DiskFullError: the file system has no hard links, and no room for a copy.
    """
    try:
        receipt = folder.find_video(video_id)
        if receipt is None or receipt.plan_sha256 == plan_sha256:
            return
        before = read_earlier(folder, video_id)
        name = f"{video_id}.{receipt.file.sha256[:8]}.mp4"
        folder.duplicate(f"videos/{receipt.file.name}", f"{FOLDER}/{name}", receipt.file)
    except DamagedError:
        return
    file = receipt.file.model_copy(update={"name": name, "etag": ""})
    kept = receipt.model_copy(update={"file": file, "captions": ()})
    folder.write_text(_record_name(video_id), record_bytes(kept))
    if before is not None and before.file.name != name:
        folder.remove(f"{FOLDER}/{before.file.name}")


def read_earlier(folder: CampaignFolder, video_id: str) -> VideoReceipt | None:
    """The receipt of a video's earlier file; None where there is none, or it is damaged."""
    name = _record_name(video_id)
    try:
        receipt = folder.read_record(name, VideoReceipt)
        if receipt is not None:
            check_name(name, receipt.video_id, video_id)
            check_entry(name, receipt.file, video_id)
    except DamagedError:
        return None
    return receipt


def _record_name(video_id: str) -> str:
    return f"{FOLDER}/{video_id}.json"
