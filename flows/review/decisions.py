"""`nightshoot decide`: what people say of videos, checked as a whole and then recorded."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from flows.rows.order import side_by_side
from flows.stored import StoredCampaign
from model.errors import CampaignError
from tasks.manifest.faults import Fault
from tasks.records import RowRecord
from tasks.review.decision import Decision
from tasks.review.decisions_file import DecisionsError, KnownVideo, Wish, WishReader, read_wishes
from tasks.review.journal import Journal, read_journal, record_decisions
from tasks.review.looked_at import LookedAt, looked_at
from tasks.review.ruling import ruling

_COMMAND = "the command"


@dataclass(frozen=True)
class Recorded:
    """What was taken down.

    Attributes:
        new: decisions that were not known.
        num_known: those that had been recorded before.
        lapsed: videos that are others now than those that were decided on.
        comments: ids of new comments, for who wants to resolve them.
    """

    new: tuple[Decision, ...]
    num_known: int
    lapsed: tuple[str, ...]


class Review:
    """A campaign's videos as a reviewer finds them.

    Raises:
        CampaignError: the store holds no such campaign.
    """

    def __init__(self, source: StoredCampaign) -> None:
        self.source, self.folder = source, source.folder
        self.journal: Journal = read_journal(self.folder)
        seen = side_by_side(source.rows, lambda row: looked_at(self.folder, row.video_id))
        self.videos: dict[str, LookedAt] = {
            row.video_id: each for row, each in zip(source.rows, seen, strict=True)
        }

    def take_file(self, path: Path, decided_by: str | None) -> Recorded:
        """Record the decisions of a file that the report's page exported.

        Raises:
            DecisionsError: every fault of it; nothing was recorded.
        """
        return self._take(str(path), path.parent, read_wishes(path), decided_by)

    def take(
        self, videos: Sequence[str], cells: dict[str, str], decided_by: str, home: Path
    ) -> Recorded:
        """Record one decision about each of some videos, as they are now.

        Args:
            videos: their names.
            cells: the columns of a file of decisions, without video and digest.
            decided_by: who.
            home: what the path of a picture is relative to.

        Raises:
            DecisionsError: every fault of it; nothing was recorded.
        """
        return self._take(_COMMAND, home, [self._wish(v, cells) for v in videos], decided_by)

    def take_rest(self, watched: Sequence[str], decided_by: str) -> Recorded:
        """Approve what is finished and undecided, though only a sample was watched.

        Raises:
            CampaignError: nothing is left to approve.
            DecisionsError: an unknown video in the sample.
        """
        rest = [row for row in self.source.rows if self._is_undecided(row)]
        if not rest:
            raise CampaignError(
                f'campaign "{self.source.campaign}" has no finished video that nobody decided on; '
                "`nightshoot status` shows who decided what"
            )
        cells = {"action": "approve", "sample": " ".join(watched)}
        of_sample = [row for row in rest if row.video_id in watched]
        wishes = [self._wish(row.video_id, {"action": "approve"}) for row in of_sample]
        wishes += [self._wish(r.video_id, cells) for r in rest if r.video_id not in watched]
        return self._take(_COMMAND, Path(), wishes, decided_by)

    def _is_undecided(self, row: RowRecord) -> bool:
        seen = self.videos[row.video_id]
        if seen.receipt is None or is_held(seen):
            return False
        return not ruling(self.journal.of(row.video_id), seen.sha256).verdict

    def _wish(self, video_id: str, cells: dict[str, str]) -> Wish:
        seen = self.videos.get(video_id, LookedAt())
        return Wish(1, {"video_id": video_id, "file_sha256": seen.sha256} | cells)

    def _take(
        self, name: str, home: Path, wishes: Sequence[Wish], decided_by: str | None
    ) -> Recorded:
        reader = WishReader(home, self._known(), decided_by, datetime.now(UTC))
        decisions = reader.read(wishes)
        if reader.faults:
            raise DecisionsError(name, tuple(map(self._explained, reader.faults)))
        decisions = [self._with_picture(each, home) for each in decisions]
        new = record_decisions(self.folder, decisions)
        lapsed = [d.video_id for d in decisions if d.looked_at != self.videos[d.video_id].sha256]
        return Recorded(tuple(new), len(decisions) - len(new), tuple(dict.fromkeys(lapsed)))

    def _explained(self, fault: Fault) -> Fault:
        """A video that was never planned has nothing that could have been looked at."""
        if fault.column != "file_sha256" or fault.value:
            return fault
        rule = "nothing of this video could have been looked at, because it was never planned"
        return replace(fault, column="video_id", rule=rule, way_out="correct its row")

    def _known(self) -> dict[str, KnownVideo]:
        decisions = self.journal.by_video()
        return {
            row.video_id: KnownVideo(
                looked_at=self.videos[row.video_id].sha256,
                is_finished=self.videos[row.video_id].receipt is not None,
                num_segments=self.videos[row.video_id].num_segments,
                language=row.row.language if row.row else None,
                comments=frozenset(
                    each.id for each in decisions.get(row.video_id, ()) if each.action == "comment"
                ),
            )
            for row in self.source.rows
        }

    def _with_picture(self, decision: Decision, home: Path) -> Decision:
        if decision.action != "portrait":
            return decision
        name = self.folder.keep_portrait(home / decision.text)
        return decision.model_copy(update={"text": name})


def is_held(seen: LookedAt) -> bool:
    """Whether a gate holds the finished file back until a person decides."""
    return seen.receipt is not None and seen.receipt.is_held
