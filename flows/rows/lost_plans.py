"""A plan that the store lost -> what people had changed in it, found again in their decisions.

A row's own plan is made of its row; what `nightshoot retry` made of it stands in the journal of
decisions too. A decision does not tell whether it was carried out: the finished video does, or a
segment that no other plan has.
"""

from collections.abc import Callable, Iterator, Sequence

from flows.rows.amended_plans import Planning, changed_plan
from model.errors import CampaignError, NightshootError
from tasks.errors import DamagedError
from tasks.records import RowRecord, StoredPlan, VideoReceipt
from tasks.review.decision import CHANGES, Decision
from tasks.review.journal import Journal, journal_name
from tasks.review.ruling import ruling
from tasks.store.campaign_folder import CampaignFolder
from tasks.upkeep.freed_segments import freed_receipt

Rounds = Sequence[Sequence[Decision]]


def carried_out_again(
    row: RowRecord,
    anew: StoredPlan,
    lost: StoredPlan | None,
    decisions: Sequence[Decision],
    planning: Planning,
    place: CampaignFolder,
) -> StoredPlan | None:
    """The plan that was lost, with what people had changed in it; None where that is not proved.

    Args:
        row: of the manifest.
        anew: its plan, as the row alone asks for it.
        lost: the plan that was lost, where it can be read and yet cannot be rendered.
        decisions: about this video, in the order of time.
        planning: what the campaign's rows have in common.
        place: the campaign's folder on this machine.
    """
    asked = rounds(decisions)
    if not asked:
        return None
    was_lost = _proof(anew, lost, place)
    if was_lost(anew):
        return None
    for several in spans(asked):
        try:
            plan = _changed_by(several, row, anew, planning, place)
        except (NightshootError, OSError):
            continue  # a portrait that is gone too, a voice that does not answer
        if was_lost(plan):
            return plan
    return None


def check_changes_told(
    stored: StoredPlan,
    reason: str,
    folder: CampaignFolder,
    journal: Callable[[CampaignFolder], Journal],
) -> None:
    """Before a plan is discarded: what people had changed in it can be carried out again.

    Raises:
        CampaignError: the journal does not tell it.
    """
    if stored.amendment is None:
        return
    told, video_id = journal(folder), stored.plan.video_id
    is_told = any(each.action in CHANGES for each in told.of(video_id))
    if told.damage or not is_told:
        name = journal_name(folder)
        fault = "; ".join(told.damage) or f"{name} does not tell it any more"
        raise CampaignError(
            f"plans/{video_id}.json: it must be made again ({reason}), with what "
            f"{' and '.join(stored.amendment.by)} decided to change, but {fault}: restore {name} "
            "from a backup, or remove the plan and every damaged record of a decision: the video "
            "is then made as its row asks"
        )


def changes_lost(lost: StoredPlan, folder: CampaignFolder) -> CampaignError:
    """A plan must be made again, and what people had changed in it cannot be."""
    assert lost.amendment is not None, "nothing was changed in it"
    video_id, portrait = lost.plan.video_id, lost.amendment.portrait
    names = " and ".join(lost.amendment.by)
    missing, way_out = f"what {names} decided to change cannot be carried out again", ""
    if portrait and not _has_portrait(folder, portrait):
        missing = f"portraits/{portrait}, which {names} chose, is missing or damaged"
        way_out = (
            "restore it from a backup, or choose the same picture again with `nightshoot decide"
        )
        way_out += f" ... {video_id} --portrait FILE`; or "
    return CampaignError(
        f"plans/{video_id}.json: it must be made again, but {missing}: {way_out}remove the plan: "
        "the video is then made as its row asks, and `nightshoot retry` carries out what is decided"
    )


def _has_portrait(folder: CampaignFolder, name: str) -> bool:
    try:
        folder.portrait(name)
    except DamagedError:
        return False
    return True


def check_journal_told(
    told: Journal, anew: StoredPlan, lost: StoredPlan | None, damage: str, folder: CampaignFolder
) -> None:
    """Before a plan is made in the place of one that was lost: people's changes can be known.

    Args:
        told: what was decided, as far as it can be read.
        anew: the plan as its row asks for it.
        lost: the one that was lost, where it can be read.
        damage: why it cannot be read; empty where it is missing.
        folder: of the campaign.

    Raises:
        CampaignError: they may stand in a record that is damaged.
    """
    video_id = anew.plan.video_id
    if not told.damage or lost is not None:
        return
    try:
        receipt = folder.read_record(f"videos/{video_id}.json", VideoReceipt)
    except DamagedError as error:
        receipt, damage = None, damage or str(error)
    if receipt is None and not damage:
        return  # a new row, as far as anything tells
    if receipt is None or receipt.plan_sha256 != anew.sha256:
        raise CampaignError(
            f"plans/{video_id}.json is {'damaged' if damage else 'missing'}, and what people had "
            f"decided to change in it may be lost: {'; '.join(told.damage)}: restore one of both "
            "from a backup, or remove the damaged record: the video is then made as its row asks"
        )


def rounds(decisions: Sequence[Decision]) -> list[tuple[Decision, ...]]:
    """The changes that people asked for, one round for each file that they looked at. Pure."""
    files = dict.fromkeys(each.looked_at for each in decisions if each.action in CHANGES)
    found = (ruling(decisions, looked_at).changes for looked_at in files)
    return [each for each in found if each]


def spans(asked: Rounds) -> Iterator[Rounds]:
    """Rounds that may have been carried out one after the other, the likeliest first. Pure.

    A changed row undoes those before it, and the last may not have been carried out yet.
    """
    for end in range(len(asked), 0, -1):
        for start in range(end):
            yield asked[start:end]


def _changed_by(
    several: Rounds, row: RowRecord, anew: StoredPlan, planning: Planning, place: CampaignFolder
) -> StoredPlan:
    plan = anew
    for changes in several:
        plan = changed_plan(row, plan, changes, planning, place)
    return plan


def _proof(
    anew: StoredPlan, lost: StoredPlan | None, folder: CampaignFolder
) -> Callable[[StoredPlan], bool]:
    """What tells that a plan is the one that was lost."""
    if lost is not None:
        return lambda plan: plan.amendment == lost.amendment
    try:
        receipt = folder.read_record(f"videos/{anew.plan.video_id}.json", VideoReceipt)
    except DamagedError:
        receipt = None
    if receipt is not None:
        return lambda plan: plan.sha256 == receipt.plan_sha256

    def is_rendered(plan: StoredPlan) -> bool:
        """Its last segment is its own: the key holds those of all before."""
        key = plan.plan.segments[-1].key
        own = plan.amendment is not None and key != anew.plan.segments[-1].key
        return own and (folder.has_segment(key) or freed_receipt(folder, key) is not None)

    return is_rendered
