"""Which videos a person is asked to watch before passing the rest. Pure."""

from collections.abc import Sequence

from tasks.canonical_json import canonical_sha256
from tasks.records import VideoOutcome

_SHARE = 0.1
_AT_LEAST, _AT_MOST = 5, 20


def sample_of(outcomes: Sequence[VideoOutcome]) -> list[str]:
    """A tenth of the finished videos, 5 to 20, drawn by their digests: nobody can choose them."""
    finished = [each for each in outcomes if each.status == "done"]
    size = min(max(round(len(finished) * _SHARE), _AT_LEAST), _AT_MOST)
    drawn = sorted(finished, key=lambda each: canonical_sha256([each.video_id, each.looked_at]))
    return [each.video_id for each in drawn[:size]]
