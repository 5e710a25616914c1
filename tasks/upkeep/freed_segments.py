"""Segments whose files were purged: their receipts stay, and say that the campaign had them.

    <out>/<campaign>/freed/<key[:2]>/<key>.json      the receipt as it was

A video that is finished and whole needs its segments no more, so it stays finished while each of
them is there or was freed. A video that has to be made again needs their pixels: for that a freed
segment is one that was never rendered.
"""

from tasks.errors import DamagedError
from tasks.records import SegmentReceipt
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.entries import check_name
from tasks.store.record_json import record_bytes

FOLDER = "freed"


def freed_name(key: str) -> str:
    """Name of the receipt that a freed segment leaves."""
    return f"{FOLDER}/{key[:2]}/{key}.json"


def free_segment(folder: CampaignFolder, receipt: SegmentReceipt) -> None:
    """Keep a segment's receipt as that of a freed one, then remove the segment. Needs the lock."""
    folder.write_text(freed_name(receipt.key), record_bytes(receipt))
    folder.discard_segment(receipt.key)


def freed_receipt(folder: CampaignFolder, key: str) -> SegmentReceipt | None:
    """The receipt of a freed segment; None where there is none that can be read.

    Raises:
        NewerRecordError: a later release wrote it.
    """
    name = freed_name(key)
    try:
        return folder.read_record(name, SegmentReceipt, lambda r: check_name(name, r.key, key))
    except DamagedError:
        return None  # as if it had never been rendered, which heals it


def told_segment(folder: CampaignFolder, key: str) -> SegmentReceipt | None:
    """The receipt of a segment that is there and whole, or was freed.

    Raises:
        DamagedError: it is there, and damaged.
        NewerRecordError: a later release wrote its receipt.
    """
    return folder.find_segment(key) or freed_receipt(folder, key)
