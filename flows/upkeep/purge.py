"""`nightshoot purge`: segments of approved videos are freed, and their campaign stays finished.

What a purge would do is first surveyed without touching anything. Each campaign is then surveyed
again under its lock, and only what both surveys name is freed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flows.stored import StoredCampaign
from model.errors import CampaignError
from tasks.errors import DamagedError, NewerRecordError, counted
from tasks.records import FINISHED, SegmentReceipt, VideoOutcome, VideoReceipt
from tasks.review.journal import read_journal
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.campaigns import campaigns_in, open_campaign
from tasks.store.entries import Listed
from tasks.store.shared_files import sweep_shared_parts
from tasks.upkeep.freed_segments import free_segment

_UPLOAD_AGE = timedelta(days=1)
_LOGS = ("logs/segments/", "logs/rows/")


@dataclass(frozen=True)
class PurgeRule:
    """What may go.

    Attributes:
        before: videos that were finished and last decided on before this moment.
        has_unapproved: also of videos that nobody approved.
        has_logs: also logs of segments and rows of that age.
    """

    before: datetime
    has_unapproved: bool = False
    has_logs: bool = False


@dataclass(frozen=True)
class CampaignPurge:
    """What goes of one campaign.

    Attributes:
        campaign: its name.
        videos: those whose segments go.
        segments: keys of them, and of takes that no video uses any more.
        logs: names of files.
        num_bytes: of all that.
        left: what stays though it may have been meant, and why; sentences.
        num_parts: half-written files of killed runs and unfinished uploads that went.
    """

    campaign: str
    videos: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()
    num_bytes: int = 0
    left: tuple[str, ...] = ()
    num_parts: int = 0


def survey(out: str | Path, rule: PurgeRule) -> list[CampaignPurge]:
    """What a purge would free of every campaign; nothing is touched.

    Raises:
        CampaignError: ``out`` cannot be read.
        StoreError: the store does not answer.
    """
    return [_survey(open_campaign(out, name), name, rule) for name in campaigns_in(out)]


def purge(
    out: str | Path, rule: PurgeRule, surveyed: Iterable[CampaignPurge]
) -> list[CampaignPurge]:
    """Free what was surveyed and may still go; what went, of each campaign.

    Raises:
        StoreError: the store stopped answering; the same command goes on where it was.
    """
    return [_purged(open_campaign(out, each.campaign), rule, each) for each in surveyed]


def _purged(folder: CampaignFolder, rule: PurgeRule, surveyed: CampaignPurge) -> CampaignPurge:
    try:
        with folder.lock():
            num_parts = folder.sweep_parts() + folder.sweep_uploads(_UPLOAD_AGE)
            num_parts += sweep_shared_parts(folder.shared, datetime.now(UTC))
            now = _survey(folder, surveyed.campaign, rule, is_ours=True)
            listing = folder.listing()
            freed = [key for key in now.segments if key in surveyed.segments]
            freed = [key for key in freed if _free(folder, key)]
            logs = [name for name in now.logs if name in surveyed.logs]
            for name in logs:
                folder.remove(name)
    except CampaignError as error:
        return CampaignPurge(surveyed.campaign, left=(str(error),))
    return replace(
        now,
        segments=tuple(freed),
        logs=tuple(logs),
        num_bytes=_bytes_of(listing, freed, logs),
        num_parts=num_parts,
    )


def _free(folder: CampaignFolder, key: str) -> bool:
    """Whether the segment was there with a receipt that can be read, and is freed."""
    if folder.lock_lost.is_set():
        raise CampaignError(f"{folder.url}: the lock was lost: {folder.lock_lost.why}")
    receipt = folder.read_record(_receipt_name(key), SegmentReceipt)
    if receipt is None or receipt.key != key:
        return False
    free_segment(folder, receipt)
    return True


def _survey(
    folder: CampaignFolder, campaign: str, rule: PurgeRule, *, is_ours: bool = False
) -> CampaignPurge:
    if not is_ours and folder.is_at_work():
        return CampaignPurge(campaign, left=("a run is at work on it: nothing of it is touched",))
    try:
        journal = read_journal(folder).must_be_whole().by_video()
        outcomes = StoredCampaign(folder, campaign).outcomes()
        keys = _keys_by_video(folder)
    except (CampaignError, DamagedError, NewerRecordError) as error:
        return CampaignPurge(campaign, left=(f"nothing of it is touched: {error}",))
    listing = folder.listing()
    decided = {video: max(each.at for each in said) for video, said in journal.items()}
    reasons = {o.video_id: _reason(o, listing, decided.get(o.video_id), rule) for o in outcomes}
    ready = {video for video, reason in reasons.items() if not reason}
    kept = {key for video, own in keys.items() if video not in ready for key in own}
    there = _receipts_in(listing)
    free = {key for video in ready for key in keys[video]} - kept
    if ready == keys.keys() and len(ready) == len(outcomes):  # every claim on a segment is known
        used = free | kept
        free |= {
            k for k, listed in there.items() if k not in used and listed.modified < rule.before
        }
    segments = sorted(free & there.keys())
    logs = _old_logs(listing, rule) if rule.has_logs else []
    named = set(segments)
    return CampaignPurge(
        campaign,
        videos=tuple(sorted(video for video in ready if named & keys[video])),
        segments=tuple(segments),
        logs=tuple(logs),
        num_bytes=_bytes_of(listing, segments, logs),
        left=_told(reasons, rule),
    )


def _keys_by_video(folder: CampaignFolder) -> dict[str, set[str]]:
    """The segments that each plan and each finished video name.

    Raises:
        DamagedError, NewerRecordError: one cannot be read, so nobody knows what it names.
    """
    found: dict[str, set[str]] = {}
    for video_id in folder.plan_ids():
        stored = folder.read_plan(video_id)
        if stored is not None:
            found.setdefault(video_id, set()).update(each.key for each in stored.plan.segments)
    for name in folder.listing("videos"):
        if name.endswith(".json"):
            receipt = folder.read_record(name, VideoReceipt)
            if receipt is not None:
                found.setdefault(receipt.video_id, set()).update(receipt.segment_keys)
    return found


def _reason(
    outcome: VideoOutcome, listing: Mapping[str, Listed], decided_at: str | None, rule: PurgeRule
) -> str:
    """Why a video's segments stay; empty: they may go."""
    receipt = listing.get(f"videos/{outcome.video_id}.json")
    if outcome.status not in FINISHED or receipt is None:
        return "not finished"
    times = [receipt.modified]
    if decided_at:
        times.append(datetime.fromisoformat(decided_at))
    if max(times) >= rule.before:
        return "young"
    if outcome.verdict != "approved" and not rule.has_unapproved:
        return "not approved"
    return ""


def _told(reasons: Mapping[str, str], rule: PurgeRule) -> tuple[str, ...]:
    words = {
        "not finished": "not finished, or not whole",
        "young": f"finished or decided on since {rule.before:%Y-%m-%d %H:%M} UTC",
        "not approved": "not approved by anybody; --unapproved frees these too",
    }
    counts = {why: sum(each == why for each in reasons.values()) for why in words}
    return tuple(f"{counted(n, 'video')} {words[why]}" for why, n in counts.items() if n)


def _old_logs(listing: Mapping[str, Listed], rule: PurgeRule) -> list[str]:
    return [
        name
        for name, listed in listing.items()
        if name.startswith(_LOGS) and listed.modified < rule.before
    ]


def _receipts_in(listing: Mapping[str, Listed]) -> dict[str, Listed]:
    names = {n: each for n, each in listing.items() if n.startswith("segments/")}
    keys = ((n.rpartition("/")[2].removesuffix(".json"), n) for n in names if n.endswith(".json"))
    return {key: names[name] for key, name in keys if name == _receipt_name(key)}


def _bytes_of(listing: Mapping[str, Listed], segments: Iterable[str], logs: Iterable[str]) -> int:
    keys, names = set(segments), set(logs)
    return sum(
        listed.num_bytes
        for name, listed in listing.items()
        if name in names
        or (name.startswith("segments/") and name.rpartition("/")[2].partition(".")[0] in keys)
    )


def _receipt_name(key: str) -> str:
    return f"segments/{key[:2]}/{key}.json"
