"""Decisions -> what holds of a video now: the verdict, the comments, what is asked for. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tasks.records import CommentNote, Verdict, VideoOutcome
from tasks.review.decision import CHANGES, Decision


@dataclass(frozen=True)
class Comment:
    """What a person said of a moment, and the decision that settled it."""

    decision: Decision
    resolved: Decision | None = None


@dataclass(frozen=True)
class Ruling:
    """What people's decisions come to, for the file that is there.

    Attributes:
        verdict: of the last decision that gives one.
        decided: that decision.
        comments: in the order of time.
        changes: what the next retry makes otherwise.
        num_lapsed: decisions about earlier files.
    """

    verdict: Verdict = ""
    decided: Decision | None = None
    comments: tuple[Comment, ...] = ()
    changes: tuple[Decision, ...] = ()
    num_lapsed: int = 0

    @property
    def num_open(self) -> int:
        """Comments that nobody resolved."""
        return sum(1 for each in self.comments if each.resolved is None)


_VERDICTS: Mapping[str, Verdict] = {
    "approve": "approved",
    "reject": "rejected",
    "drop": "dropped",
    "withdraw": "",
}


def ruling(decisions: Iterable[Decision], looked_at: str) -> Ruling:
    """What holds of the file ``looked_at``.

    The last decision counts. Approving, dropping and withdrawing also take back changes that were
    asked for and not carried out; rejecting leaves them.

    Args:
        decisions: about one video, in the order of time.
        looked_at: sha256 of its file, or of its plan where none is finished.
    """
    verdict: Verdict = ""
    decided: Decision | None = None
    comments: dict[str, Comment] = {}
    changes: dict[tuple[str, int | None], Decision] = {}
    num_lapsed = 0
    for each in decisions:
        if not looked_at or each.looked_at != looked_at:
            num_lapsed += 1
        elif each.action == "comment":
            comments[each.id] = Comment(each)
        elif each.action == "resolve":
            if each.text in comments:
                comments[each.text] = Comment(comments[each.text].decision, each)
        elif each.action in CHANGES:
            verdict, decided = "changes", each
            if each.action != "seed" or each.segment is None:
                changes.pop((each.action, None), None)
            changes[each.action, each.segment] = each
        else:
            verdict, decided = _VERDICTS[each.action], each
            if each.action != "reject":
                changes.clear()
    return Ruling(
        verdict,
        decided if verdict else None,
        tuple(comments.values()),
        tuple(changes.values()),
        num_lapsed,
    )


def with_rulings(
    outcomes: Sequence[VideoOutcome], decisions: Mapping[str, Sequence[Decision]]
) -> list[VideoOutcome]:
    """Outcomes with what people decided of each.

    Args:
        outcomes: of a campaign.
        decisions: of each video that has any, in the order of time.
    """
    return [
        _decided(each, ruling(decisions[each.video_id], each.looked_at))
        if each.video_id in decisions
        else each
        for each in outcomes
    ]


def _decided(outcome: VideoOutcome, found: Ruling) -> VideoOutcome:
    decided = found.decided
    return outcome.model_copy(
        update={
            "verdict": found.verdict,
            "decided_by": decided.by if decided else "",
            "decided_at": decided.at if decided else "",
            "decided_why": told(decided) if decided else "",
            "comments": tuple(map(_note, found.comments)),
        }
    )


def _note(comment: Comment) -> CommentNote:
    said = comment.decision
    return CommentNote(
        id=said.id,
        by=said.by,
        at=said.at,
        text=said.text,
        second=said.second,
        resolved_by=comment.resolved.by if comment.resolved else "",
    )


def told(decision: Decision) -> str:
    """What is to be said of a decision beside its verdict; empty: nothing."""
    if decision.action == "approve" and decision.sample:
        return f"sampled: {len(decision.sample)} watched ({', '.join(decision.sample)})"
    if decision.action == "seed":
        place = f"segment {decision.segment}" if decision.segment else "the video"
        return f"new seed {decision.text} for {place}"
    if decision.action == "portrait":
        return "other portrait"
    return decision.text if decision.action != "script" else f"new text: {decision.text}"
