"""Which finished videos may leave the house. Pure."""

from typing import Literal, get_args

from tasks.records import VideoOutcome

Release = Literal["approved", "unheld", "all"]
RELEASES: tuple[Release, ...] = get_args(Release)
_FINISHED = ("done", "held")
_REFUSED = ("rejected", "changes", "dropped")


def is_released(outcome: VideoOutcome, release: Release) -> bool:
    """Whether a video's file may leave.

    approved: a person approved the file. unheld: also one on which nobody decided, if no gate holds
    it. all: also held ones. What a person rejected, dropped or wants otherwise never leaves.
    """
    if outcome.status not in _FINISHED or outcome.verdict in _REFUSED:
        return False
    if outcome.verdict == "approved" or release == "all":
        return True
    return release == "unheld" and outcome.status == "done"
