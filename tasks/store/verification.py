"""Every file of a campaign read back: what `nightshoot sweep --verify` finds, and removes.

A damaged thing loses its record, so that the next run makes it again. What a later release wrote
is named and left alone.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial

from tasks.deliver_records import DeliverableReceipt
from tasks.errors import DamagedError, NewerRecordError
from tasks.records import CampaignRows, FileEntry, SegmentReceipt, StoredPlan, VideoReceipt
from tasks.speech_records import Speech
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.entries import Listed, check_entry, check_name, segment_entries

_ORPHAN_AGE = timedelta(days=1)
_THREADS = 8
_SPEECH_SUFFIXES = (".wav", ".16k.wav")


def verify(folder: CampaignFolder) -> list[str]:
    """Read everything back; what was found, one sentence each. Needs the campaign's lock.

    Files without a receipt that are older than a day are removed too.
    """
    names = folder.listing()
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="verify") as pool:
        found = [sentence for sentence in pool.map(partial(_verify, folder), names) if sentence]
    return found + _discard_plans_without(folder, names) + _remove_orphans(folder, names)


def _verify(folder: CampaignFolder, name: str) -> str:
    room, stem = name.partition("/")[0], name.rpartition("/")[2].removesuffix(".json")
    try:
        if room in _NAMED_BY_CONTENT:
            folder.read_back(name, stem.partition(".")[0])
        elif name.endswith(".json") and room in _CHECKS:
            _CHECKS[room](folder, name, stem)
    except NewerRecordError as error:
        return str(error)
    except DamagedError as error:
        if room == "rows.json":
            return f"{error}; render the manifest again, which writes {name} anew"
        if room == "segments":
            folder.discard_segment(stem)
        else:
            folder.remove(name)
        if room == "earlier":
            return f"{name} is removed: {error}; the report compares nothing with it any more"
        return f"{name} is removed: {error}; the next run will make it again"
    return ""


def _verify_segment(folder: CampaignFolder, name: str, key: str) -> None:
    def check(receipt: SegmentReceipt) -> None:
        check_name(name, receipt.key, key)
        for entry in segment_entries(receipt).values():
            _read_back(folder, name, entry, key)

    folder.read_record(name, SegmentReceipt, check)


def _verify_freed(folder: CampaignFolder, name: str, key: str) -> None:
    folder.read_record(name, SegmentReceipt, lambda receipt: check_name(name, receipt.key, key))


def _verify_video(folder: CampaignFolder, name: str, video_id: str) -> None:
    def check(receipt: VideoReceipt) -> None:
        check_name(name, receipt.video_id, video_id)
        for entry in (receipt.file, *receipt.captions):
            _read_back(folder, name, entry, video_id)

    folder.read_record(name, VideoReceipt, check)


def _verify_earlier(folder: CampaignFolder, name: str, video_id: str) -> None:
    def check(receipt: VideoReceipt) -> None:
        check_name(name, receipt.video_id, video_id)
        _read_back(folder, name, receipt.file, video_id)

    folder.read_record(name, VideoReceipt, check)


def _verify_deliverable(folder: CampaignFolder, name: str, key: str) -> None:
    def check(receipt: DeliverableReceipt) -> None:
        check_name(name, receipt.key, key)
        files = (receipt.file, receipt.poster, receipt.teaser, receipt.srt, receipt.vtt)
        for entry in files:
            if entry is not None:
                _read_back(folder, name, entry, key)

    folder.read_record(name, DeliverableReceipt, check)


def _verify_speech(folder: CampaignFolder, name: str, speech_id: str) -> None:
    def check(speech: Speech) -> None:
        check_name(name, speech.speech_id, speech_id)
        sums = (speech.file_sha256, speech.engine_file_sha256)
        for suffix, sha256 in zip(_SPEECH_SUFFIXES, sums, strict=True):
            folder.read_back(f"speech/{speech_id}{suffix}", sha256)

    folder.read_record(name, Speech, check)


def _verify_plan(folder: CampaignFolder, name: str, video_id: str) -> None:
    del name
    folder.read_plan(video_id)


def _verify_failure(folder: CampaignFolder, name: str, video_id: str) -> None:
    if folder.read_failure(video_id) is None:
        raise DamagedError(f"{name}: the record is damaged")


def _verify_rows(folder: CampaignFolder, name: str, stem: str) -> None:
    del stem
    folder.read_record(name, CampaignRows)


_NAMED_BY_CONTENT = ("portraits", "materials", "screens")
_CHECKS: Mapping[str, Callable[[CampaignFolder, str, str], None]] = {
    "segments": _verify_segment,
    "freed": _verify_freed,
    "videos": _verify_video,
    "earlier": _verify_earlier,
    "deliverables": _verify_deliverable,
    "speech": _verify_speech,
    "plans": _verify_plan,
    "failures": _verify_failure,
    "rows.json": _verify_rows,
}


def _read_back(folder: CampaignFolder, receipt: str, entry: FileEntry, stem: str) -> None:
    check_entry(receipt, entry, stem)
    place = receipt.rpartition("/")[0]
    folder.read_back(f"{place}/{entry.name}", entry.sha256, entry.num_bytes)


def _discard_plans_without(folder: CampaignFolder, names: Mapping[str, Listed]) -> list[str]:
    """Plans whose speech or portrait is not there (any more): they cannot be rendered."""
    there = set(folder.listing("speech")) | set(folder.listing("portraits"))
    found: list[str] = []
    for name, stored in _plans(folder, names):
        needed = {f"speech/{stored.plan.speech_id}.json", f"portraits/{stored.plan.portrait}"}
        if missing := sorted(needed - there):
            folder.discard_plan(stored.plan.video_id)
            found.append(
                f"{name} is removed: {missing[0]} is missing; its row will be planned again"
            )
    return found


def _plans(folder: CampaignFolder, names: Mapping[str, Listed]) -> Iterator[tuple[str, StoredPlan]]:
    for name in names:
        if name.startswith("plans/") and name.endswith(".json"):
            try:
                stored = folder.read_record(name, StoredPlan)
            except NewerRecordError:
                continue  # told already
            if stored is not None:
                yield name, stored


def _remove_orphans(folder: CampaignFolder, names: Mapping[str, Listed]) -> list[str]:
    """Old files of segments, speech and deliverables whose receipt is not there."""
    receipts = {name for name in names if name.endswith(".json")}
    before = datetime.now(UTC) - _ORPHAN_AGE
    orphans = [
        name
        for name, listed in names.items()
        if name.startswith(("segments/", "speech/", "deliverables/"))
        and f"{name.partition('.')[0]}.json" not in receipts
        and listed.modified < before
    ]
    for name in orphans:
        folder.remove(name)
    return [f"{name} is removed: it has no receipt and is older than a day" for name in orphans]
