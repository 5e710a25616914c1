"""Deliverables, screens and materials that nothing asks for any more, removed after a while."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from model.errors import CampaignError
from tasks.deliver_records import DeliverableReceipt
from tasks.deliverables.clips import MATERIALS
from tasks.deliverables.store import ROOM, files_of, keys_of, receipt_name
from tasks.errors import DamagedError, NewerRecordError
from tasks.screen.kept_screens import SCREENS, screen_name
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.shared_files import UNUSED_DAYS


def sweep_deliverables(folder: CampaignFolder, now: datetime) -> int:
    """Remove what no row asks for, once it is more than 30 days old; how many files.

    Whoever holds the campaign's lock may call it. Every plan of the campaign is a claim, those of
    rows that a manifest has lost too. Nothing is removed while a record cannot be read: it may name
    any of these files.

    Raises:
        CampaignError: the lock was lost.
    """
    before = now - timedelta(days=UNUSED_DAYS)
    old = [
        name
        for room in (ROOM, SCREENS, MATERIALS)
        for name, listed in folder.listing(room).items()
        if listed.modified < before
    ]
    if not old:
        return 0
    try:
        used = set(_used(folder))
    except (DamagedError, NewerRecordError):
        return 0
    unused = [name for name in old if name not in used]
    # receipts first: a deliverable is done only while its receipt is there
    for name in sorted(unused, key=lambda each: not each.endswith(".json")):
        if folder.lock_lost.is_set():
            raise CampaignError(f"{folder.url}: the lock was lost: {folder.lock_lost.why}")
        folder.remove(name)
    return len(unused)


def _used(folder: CampaignFolder) -> Iterator[str]:
    """Names of files, from the root, that a row's deliverables are made of or consist of.

    Raises:
        DamagedError, NewerRecordError: a record cannot be read.
    """
    for video_id in folder.plan_ids():
        stored = folder.read_plan(video_id)
        if stored is None or stored.deliver is None:
            continue
        asked = stored.deliver
        yield from (screen_name(sha256) for sha256 in asked.screens.values())
        materials = (asked.music, asked.intro, asked.outro)
        yield from (f"{MATERIALS}/{entry.name}" for entry in materials if entry is not None)
        master = folder.find_video(video_id)
        for key in keys_of(asked, master).values() if master else ():
            name = receipt_name(key)
            yield name
            receipt = folder.read_record(name, DeliverableReceipt)
            entries = files_of(receipt).values() if receipt else ()
            yield from (f"{name.rpartition('/')[0]}/{entry.name}" for entry in entries)
