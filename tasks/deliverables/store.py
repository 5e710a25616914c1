"""Deliverables in the store: files named by their content, found by the key of their request.

deliverables/<key[:2]>/<key>.<sha8>.mp4 .<sha8>.jpg .<sha8>.webp .json
materials/<sha256>.<suffix>     what they are made with beside masters
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tasks.deliver_records import (
    DeliverableReceipt,
    DeliverRequest,
    Enlargement,
    Size,
    Upscaler,
)
from tasks.deliverables.clips import MATERIALS
from tasks.deliverables.keys import deliverable_key, earlier_keys
from tasks.errors import DamagedError
from tasks.record import FileEntry
from tasks.records import StoredPlan, VideoReceipt
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.entries import check_entry, check_name
from tasks.store.files import sha256_of_version, write_file
from tasks.store.record_json import record_bytes

ROOM = "deliverables"
_RECEIPTS_READ = 200  # of a campaign, to see how long its upscaler takes


def keep_material(folder: CampaignFolder, path: Path) -> FileEntry:
    """Keep a file that deliverables are made with in the store, once."""
    sha256 = sha256_of_version(path)
    entry = FileEntry(
        name=f"{sha256}{path.suffix.lower()}", sha256=sha256, num_bytes=path.stat().st_size
    )
    kept = folder.root / MATERIALS / entry.name
    with contextlib.suppress(DamagedError):
        folder.check_kept(MATERIALS, entry)
        return entry
    write_file(kept, path.read_bytes())
    folder.keep(MATERIALS, entry)
    return entry


def deliverable_folder(key: str) -> str:
    """Folder of a deliverable's files, from the campaign's root."""
    return f"{ROOM}/{key[:2]}"


def receipt_name(key: str) -> str:
    """Name of a deliverable's receipt, from the campaign's root."""
    return f"{deliverable_folder(key)}/{key}.json"


def part_folder(folder: CampaignFolder, key: str) -> Path:
    """Local folder in which a deliverable is made; it exists."""
    place = folder.root / deliverable_folder(key)
    place.mkdir(parents=True, exist_ok=True)
    return place


def files_of(receipt: DeliverableReceipt) -> Mapping[str, FileEntry]:
    """Its files, by the receipt's field."""
    names = ("file", "poster", "teaser", "srt", "vtt")
    files = {name: getattr(receipt, name) for name in names}
    return {name: entry for name, entry in files.items() if entry is not None}


def delivered_files(receipt: DeliverableReceipt) -> Mapping[str, FileEntry]:
    """What of a deliverable leaves the house beside captions, by the suffix of its name."""
    names = {name: entry for name, entry in files_of(receipt).items() if name not in ("srt", "vtt")}
    return {f".{entry.name.rpartition('.')[2]}": entry for entry in names.values()}


def find_deliverable(folder: CampaignFolder, key: str) -> DeliverableReceipt | None:
    """The receipt of a finished deliverable, its files verified; None where it is not done.

    Raises:
        DamagedError: there is a receipt, but it or a file of it is damaged.
    """
    name = receipt_name(key)

    def check(receipt: DeliverableReceipt) -> None:
        check_name(name, receipt.key, key)
        for entry in files_of(receipt).values():
            check_entry(name, entry, key)
            folder.check_kept(deliverable_folder(key), entry)

    return folder.read_record(name, DeliverableReceipt, check)


@dataclass(frozen=True)
class EarlierFilm:
    """A film that is there, encoded and whole, of which a new one can copy frames.

    Attributes:
        receipt: of it.
        changed: what the new one has otherwise: some of "music", "intro", "outro", "label" and
            "screen".
    """

    receipt: DeliverableReceipt
    changed: frozenset[str]

    @property
    def has_same_picture(self) -> bool:
        """Whether the sound alone is another."""
        return self.changed == frozenset({"music"})

    @property
    def has_same_presenter(self) -> bool:
        """Whether nothing has changed in what is shown with the presenter."""
        return not self.changed & {"label", "screen"}


def find_earlier(
    request: DeliverRequest, size: Size, master: VideoReceipt, folder: CampaignFolder
) -> EarlierFilm | None:
    """The film from before its music, clips, label or screen changed that has most of it."""
    for key, changed in earlier_keys(request, size, master):
        with contextlib.suppress(DamagedError):
            found = find_deliverable(folder, key)
            if found is not None and not found.is_copy:
                return EarlierFilm(found, changed)
    return None


def enlargements(folder: CampaignFolder, upscaler: Upscaler) -> list[Enlargement]:
    """What an upscaler, with the command of today, took for a campaign's latest films."""
    receipts = {
        name: listed for name, listed in folder.listing(ROOM).items() if name.endswith(".json")
    }
    latest = sorted(receipts, key=lambda name: receipts[name].modified, reverse=True)
    found: list[Enlargement] = []
    for name in latest[:_RECEIPTS_READ]:
        with contextlib.suppress(DamagedError):
            receipt = folder.read_record(name, DeliverableReceipt)
            if receipt and receipt.enlargement and receipt.upscaler == upscaler:
                found.append(receipt.enlargement)
    return found


def commit_deliverable(folder: CampaignFolder, receipt: DeliverableReceipt) -> DeliverableReceipt:
    """Keep the files, then write the receipt; the first one wins and is returned."""
    place, name = deliverable_folder(receipt.key), receipt_name(receipt.key)
    kept = receipt.model_copy(
        update={field: folder.keep(place, entry) for field, entry in files_of(receipt).items()}
    )
    if folder.write_once(name, record_bytes(kept)):
        return kept
    return folder.read_record(name, DeliverableReceipt) or kept


def discard_deliverable(folder: CampaignFolder, key: str) -> None:
    """Remove a damaged deliverable: the receipt first, then its files."""
    folder.remove(receipt_name(key))
    for name in folder.listing(deliverable_folder(key)):
        if name.rpartition("/")[2].startswith(f"{key}."):
            folder.remove(name)


def keys_of(request: DeliverRequest, master: VideoReceipt) -> dict[Size, str]:
    """The key of each size that is asked for of a finished video."""
    return {size: deliverable_key(request, size, master) for size in request.sizes}


def missing_sizes(
    stored: StoredPlan, master: VideoReceipt, folder: CampaignFolder
) -> tuple[Size, ...]:
    """The sizes of a finished video that are still to be made, damaged ones among them."""
    if stored.deliver is None:
        return ()
    return tuple(
        size for size, key in keys_of(stored.deliver, master).items() if not _is_whole(folder, key)
    )


def made_of(
    stored: StoredPlan, master: VideoReceipt, folder: CampaignFolder
) -> tuple[DeliverableReceipt, ...]:
    """Receipts of the deliverables that are there, in the order of the row; files are not read.

    Raises:
        DamagedError: one of them is not what was written.
    """
    return tuple(_receipts(stored, master, folder, is_strict=True))


def told_as_made(
    stored: StoredPlan, master: VideoReceipt, folder: CampaignFolder
) -> tuple[DeliverableReceipt, ...]:
    """The same for who counts them: what is damaged is not made, and the next run makes it."""
    return tuple(_receipts(stored, master, folder, is_strict=False))


def _receipts(
    stored: StoredPlan, master: VideoReceipt, folder: CampaignFolder, *, is_strict: bool
) -> Iterator[DeliverableReceipt]:
    for key in keys_of(stored.deliver, master).values() if stored.deliver else ():
        try:
            receipt = folder.read_record(receipt_name(key), DeliverableReceipt)
        except DamagedError:
            if is_strict:
                raise
            continue
        if receipt is not None:
            yield receipt


def _is_whole(folder: CampaignFolder, key: str) -> bool:
    try:
        return find_deliverable(folder, key) is not None
    except DamagedError:
        return False
