"""What a decision about a video is about at this moment: its finished file, or else its plan."""

from dataclasses import dataclass

from tasks.errors import DamagedError
from tasks.records import StoredPlan, VideoReceipt
from tasks.store.campaign_folder import CampaignFolder


@dataclass(frozen=True)
class LookedAt:
    """What people look at of one video.

    Attributes:
        sha256: of the finished file, else of the plan; empty where there is neither.
        receipt: of the finished file, if that is the one the plan asks for.
        stored: the plan.
    """

    sha256: str = ""
    receipt: VideoReceipt | None = None
    stored: StoredPlan | None = None

    @property
    def num_segments(self) -> int:
        """Of the plan."""
        return len(self.stored.plan.segments) if self.stored else 0


def looked_at(folder: CampaignFolder, video_id: str) -> LookedAt:
    """What there is of a video; its file is not read.

    Raises:
        NewerRecordError: a later release wrote its plan or its receipt.
        StoreError: the store does not answer.
    """
    try:
        stored = folder.read_plan(video_id)
    except DamagedError:
        stored = None
    if stored is None:
        return LookedAt()
    try:
        receipt = folder.read_record(f"videos/{video_id}.json", VideoReceipt)
    except DamagedError:
        receipt = None
    if receipt is None or receipt.plan_sha256 != stored.sha256:
        return LookedAt(stored.sha256, None, stored)
    return LookedAt(receipt.file.sha256, receipt, stored)
