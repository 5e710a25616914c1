"""A campaign made from its store alone: what failed or was never finished, without the manifest."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from flows.outcomes import RowName, done_outcome, failure_outcome, pending_outcome
from flows.prepare import Prepared, guarded, judged
from flows.rows.order import side_by_side
from model.errors import CampaignError, RowError
from tasks.deliverables.store import told_as_made
from tasks.errors import (
    DamagedError,
    NewerRecordError,
)
from tasks.records import (
    CampaignRows,
    Failure,
    RowRecord,
    StoredPlan,
    VideoOutcome,
    VideoReceipt,
)
from tasks.review.journal import read_journal
from tasks.review.ruling import with_rulings
from tasks.screen.formats import format_name
from tasks.store.campaign_folder import (
    CampaignFolder,
)


class StoredCampaign:
    """The rows of a campaign that ran before; only ``videos`` are worked on, if any are named.

    Raises:
        CampaignError: the store holds no such campaign, or not these videos.
    """

    keep_going = True
    is_of_manifest = False
    chosen: frozenset[str] | None = None

    def __init__(self, folder: CampaignFolder, campaign: str, videos: Sequence[str] = ()) -> None:
        self.folder, self.campaign = folder, campaign
        self.notices: list[str] = []
        try:
            stored = folder.read_record("rows.json", CampaignRows)
        except DamagedError as error:
            raise CampaignError(
                f"{folder.url}: {error}; render the manifest again, which writes it anew"
            ) from error
        if stored is None:
            raise CampaignError(
                f'campaign "{campaign}" was never rendered here: {folder.url} has no rows.json; '
                "check --out and the campaign's name, or render the manifest first"
            )
        self._rows = stored
        unknown = sorted(set(videos) - {row.video_id for row in self._rows.rows})
        if unknown:
            raise CampaignError(
                f'campaign "{campaign}" has no video "{unknown[0]}"; '
                f"{folder.url}/report.csv lists its videos"
            )
        self._cells = {row.video_id: row.cells for row in self._rows.rows}
        self._wanted = frozenset(videos)

    @property
    def record(self) -> CampaignRows:
        """The rows and what they have in common, as the last run of the manifest read them."""
        return self._rows

    @property
    def rows(self) -> Sequence[RowRecord]:
        """Every row of the campaign."""
        return self._rows.rows

    @property
    def wanted_rows(self) -> Sequence[RowRecord]:
        """The rows that are worked on."""
        return [row for row in self._rows.rows if self._is_wanted(row)]

    @property
    def columns(self) -> Sequence[str]:
        """The manifest's columns."""
        return self._rows.columns

    @property
    def cells(self) -> Mapping[str, Mapping[str, str]]:
        """The manifest's cells: video_id -> column -> text."""
        return self._cells

    @property
    def facts(self) -> Mapping[str, str]:
        """For the report's head."""
        return self._rows.facts

    def prepare(self, notice: Callable[[str], None]) -> Iterator[Prepared]:
        """The rows with their plans; those asked for leave quarantine."""
        rows = sorted(self.rows, key=lambda row: -row.priority)
        for prepared in side_by_side(rows, partial(self._prepared, notice=notice)):
            is_told = prepared.error or prepared.receipt or prepared.failure
            if is_told or self._is_wanted(prepared.row):
                yield prepared

    def _prepared(self, row: RowRecord, notice: Callable[[str], None]) -> Prepared:
        return guarded(row, self.folder, lambda: self._found(row, notice))

    def _found(self, row: RowRecord, notice: Callable[[str], None]) -> Prepared:
        try:
            stored = self.folder.read_plan(row.video_id)
        except DamagedError as error:
            raise RowError(_damaged(row, error)) from error
        failure = self.folder.read_failure(row.video_id)
        if failure is not None and not failure.plan_sha256:
            return Prepared(row, failure=failure)  # only the manifest can help
        if stored is None:
            raise RowError(_never_planned(row, is_at_work=False))
        prepared = judged(row, stored, self.folder, notice)
        if prepared.failure and self._is_wanted(row):
            self.folder.clear_failure(row.video_id)
            prepared = Prepared(row, stored)
        return prepared

    def _is_wanted(self, row: RowName) -> bool:
        return not self._wanted or row.video_id in self._wanted

    def describe(self) -> None:
        """Nothing changes of what the campaign is."""

    def outcomes(self) -> list[VideoOutcome]:
        """What the store says of every row and people decided of it, without making anything."""
        return with_rulings(self.stored_outcomes(), read_journal(self.folder).by_video())

    def stored_outcomes(self) -> list[VideoOutcome]:
        """The same without decisions."""
        outcome = partial(stored_outcome, self.folder, is_at_work=self.folder.is_at_work())
        return list(side_by_side(self.rows, outcome))


def stored_outcome(
    folder: CampaignFolder, row: RowName, *, is_at_work: bool, note: str = ""
) -> VideoOutcome:
    """What the store says of a row.

    Args:
        folder: of the campaign.
        row: its name and line.
        is_at_work: whether a run is at work on the campaign, which may still plan it.
        note: why a row that is not finished was left so.
    """
    try:
        stored = folder.read_plan(row.video_id)
    except DamagedError as error:
        return pending_outcome(row, None, _damaged(row, error))
    except NewerRecordError as error:
        return pending_outcome(row, None, str(error))
    failure = folder.read_failure(row.video_id)
    if failure is not None and not failure.plan_sha256:
        return failure_outcome(row, failure)
    if stored is None:
        return pending_outcome(row, None, note or _never_planned(row, is_at_work=is_at_work))
    outcome = _told_words(_planned_outcome(folder, row, stored, failure, note), stored)
    return outcome if outcome.looked_at else _about_the_plan(outcome, stored)


def _about_the_plan(outcome: VideoOutcome, stored: StoredPlan) -> VideoOutcome:
    return outcome.model_copy(update={"looked_at": stored.sha256})


def _told_words(outcome: VideoOutcome, stored: StoredPlan) -> VideoOutcome:
    return outcome.model_copy(update={"words": stored.words})


def _planned_outcome(
    folder: CampaignFolder, row: RowName, stored: StoredPlan, failure: Failure | None, note: str
) -> VideoOutcome:
    damage = ""
    try:
        receipt = folder.find_video(row.video_id)
    except (DamagedError, NewerRecordError) as error:
        receipt, damage = None, str(error)
    if receipt is not None and receipt.plan_sha256 == stored.sha256:
        missing = _not_made(stored, receipt, folder)
        if not (missing and failure is not None and failure.plan_sha256 == stored.sha256):
            done = done_outcome(row, receipt, folder.video_url(row.video_id))
            return done.model_copy(update={"warnings": (*done.warnings, *missing)})
    if failure is not None and failure.plan_sha256 == stored.sha256:
        return failure_outcome(row, failure)
    return pending_outcome(row, stored.plan, damage or note)


def _not_made(stored: StoredPlan, receipt: VideoReceipt, folder: CampaignFolder) -> tuple[str, ...]:
    """What is said of a finished video of which something is still to be made."""
    wanted = stored.deliver.sizes if stored.deliver else ()
    made = {each.size for each in told_as_made(stored, receipt, folder)}
    missing = [format_name(size) for size in wanted if size not in made]
    if not missing:
        return ()
    return (f"not made of it yet: {', '.join(missing)}; run the campaign again to make it",)


def _damaged(row: RowName, error: DamagedError) -> str:
    return f"line {row.line}: {error}; render the manifest again, which plans this row again"


def _never_planned(row: RowName, *, is_at_work: bool) -> str:
    if is_at_work:
        return f"line {row.line}: not spoken and planned yet; a run is at work on this campaign"
    return (
        f"line {row.line}: the last run ended before this row was spoken and planned; render the "
        "manifest again"
    )
