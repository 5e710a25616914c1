"""What people asked to have otherwise -> new plans, which the next retry renders."""

from collections.abc import Callable, Sequence

from flows.rows.amended_plans import Planning, changed_plan
from flows.rows.order import side_by_side
from flows.stored import StoredCampaign
from model.errors import CampaignError, NightshootError
from tasks.reading.lexicon import Entry, Lexicon
from tasks.records import RowRecord, StoredPlan
from tasks.review.decision import Decision
from tasks.review.journal import read_journal
from tasks.review.looked_at import looked_at
from tasks.review.ruling import ruling
from tasks.speech.voices import VoiceSettings


def carry_out(
    source: StoredCampaign,
    voices: VoiceSettings,
    notice: Callable[[str], None],
    *,
    lock_wait_s: float = 0.0,
) -> int:
    """Plan anew what people asked to have otherwise; returns how many videos that are.

    What was carried out before is found so, and a plan is written whole: who is killed here and
    runs it again loses nothing and does nothing twice.

    Args:
        source: the campaign, and which of its videos to retry.
        voices: for texts that are spoken by voices from outside.
        notice: is told what a person should know.
        lock_wait_s: how long another run of the campaign may take to end.

    Raises:
        CampaignError: what cannot be carried out, all at once; or another run is at work.
    """
    folder = source.folder
    decisions = read_journal(folder).by_video()
    rows = [row for row in source.wanted_rows if row.video_id in decisions]
    if not rows:
        return 0
    errors: list[str] = []
    num_changed = 0
    with folder.lock(lock_wait_s):
        found = side_by_side(rows, lambda row: looked_at(folder, row.video_id))
        for row, seen in zip(rows, found, strict=True):
            changes = ruling(decisions[row.video_id], seen.sha256).changes
            if not changes or seen.stored is None:
                continue
            try:
                changed = _changed(source, row, seen.stored, changes, voices)
            except (NightshootError, OSError) as error:
                errors.append(f"{row.video_id}: {_asked(changes)}: {error}")
                continue
            if changed.sha256 == seen.stored.sha256:
                names = " and ".join(dict.fromkeys(each.by for each in changes))
                notice(f"{row.video_id}: it looks the same with what {names} asked for")
                continue
            num_changed += 1
            folder.clear_failure(row.video_id)
            if any(each.action == "script" for each in changes):
                notice(
                    f"{row.video_id}: its text is now the one that was decided; write it into the "
                    "manifest too, so that a changed row does not bring the old one back"
                )
    if errors:
        raise CampaignError(
            "\n".join(errors)
            + "\nNothing was rendered. Withdraw these decisions (`nightshoot decide --withdraw`) "
            "or decide otherwise, then retry again."
        )
    return num_changed


def _asked(changes: Sequence[Decision]) -> str:
    return ", ".join(f"{each.action} asked for by {each.by}" for each in changes)


def _changed(
    source: StoredCampaign,
    row: RowRecord,
    stored: StoredPlan,
    changes: Sequence[Decision],
    voices: VoiceSettings,
) -> StoredPlan:
    """The changed plan of one video, written to the store."""
    record = source.record
    planning = Planning(
        presets=record.presets,
        engine_settings=record.engine_settings,
        lexicon=Lexicon(tuple(Entry(*each) for each in record.lexicon)),  # type: ignore[arg-type]
        voices=voices,
    )
    with source.folder.local(f"change-{row.video_id}") as place:
        changed = changed_plan(row, stored, changes, planning, place)
        place.write_plan(changed)
    return changed
