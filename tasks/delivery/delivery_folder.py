"""`delivery/` in the store: files placed and withdrawn; whoever is killed here leaves no secret.

``delivery.json`` names every file that Nightshoot placed, before it is placed, so that a later run
can withdraw it. Files that people put there themselves are left alone.
"""

from collections.abc import Mapping, Sequence

from pydantic import Field

from model.errors import CampaignError
from tasks.delivery.index_csv import INDEX, DeliveredFile
from tasks.delivery.names import DEFAULT_NAME
from tasks.delivery.release import Release
from tasks.errors import DamagedError
from tasks.records import Record
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.entries import Listed
from tasks.store.record_json import record_bytes

RECORD = "delivery.json"
FOLDER = "delivery"


class KnownDecision(Record):
    """What had been decided of a file; decisions are never taken out of their journal."""

    id: str
    looked_at: str
    at: str
    told: str = Field(description="For people, such as `approve by Ann`.")


class Delivery(Record):
    """`delivery.json`: what is released, how files are called, and which were placed."""

    release: Release = "approved"
    name: str = DEFAULT_NAME
    files: dict[str, str] = Field(
        default_factory=dict[str, str], description="sha256 of each file in `delivery/`, by name."
    )
    etags: dict[str, str] = Field(
        default_factory=dict[str, str], description="On S3, the server's mark of each content."
    )
    decided: dict[str, KnownDecision] = Field(
        default_factory=dict[str, KnownDecision],
        description="The decision that held of each video: a journal that lacks it is damaged.",
    )


def read_delivery(folder: CampaignFolder) -> Delivery | None:
    """What a campaign delivers; None where nobody asked for a delivery.

    Raises:
        CampaignError: the record is damaged.
    """
    try:
        return folder.read_record(RECORD, Delivery)
    except DamagedError as error:
        raise CampaignError(
            f"{folder.url}: {error}; nobody knows which files of {FOLDER}/ are Nightshoot's: move "
            f"that folder away, remove {RECORD} and run `nightshoot deliver` again"
        ) from error


def deliver_files(
    folder: CampaignFolder,
    before: Delivery,
    wanted: Sequence[DeliveredFile],
    index: bytes,
    *,
    release: Release,
    name: str,
    decided: Mapping[str, KnownDecision],
) -> tuple[list[str], list[str]]:
    """Make `delivery/` hold what is wanted; returns the names that were placed and withdrawn.

    Args:
        folder: of the campaign.
        before: what was delivered.
        wanted: what is released now.
        index: the list of it.
        release: what is released.
        name: how files are called.
        decided: the decision that holds of each video.

    Raises:
        CampaignError: a file of somebody else has one of the names, or two files have the same.
        DamagedError: a finished file is not what its receipt says; it is not delivered.
    """
    there = _listed(folder)
    _check_names(wanted)
    names = {file.name: file.source.sha256 for file in wanted}
    whole = {each.name for each in wanted if _is_whole(folder, each, there, before)}
    foreign = sorted((there.keys() & names.keys()) - before.files.keys() - whole)
    if foreign:
        raise CampaignError(
            f"{folder.url}/{FOLDER}/{foreign[0]} is not a file that Nightshoot placed; move it "
            "away, or give the videos other names with --name"
        )
    # a whole one that the record does not name is of a record that was lost
    kept = {n for n in whole if before.files.get(n, names[n]) == names[n]}
    withdrawn = sorted(there.keys() & before.files.keys() - kept)
    # of a file that is about to change nobody knows the content until the end
    unsure = dict.fromkeys((names.keys() - kept) | set(withdrawn), "")
    announced = Delivery(
        release=release, name=name, files=before.files | unsure, decided=dict(decided)
    )
    folder.write_text(RECORD, record_bytes(announced))
    for each in withdrawn:
        folder.remove(f"{FOLDER}/{each}")
    placed = [file for file in wanted if file.name not in kept]
    for file in placed:
        source = f"{file.folder}/{file.source.name}"
        folder.duplicate(source, f"{FOLDER}/{file.name}", file.source)
    if wanted or there:
        folder.write_text(f"{FOLDER}/{INDEX}", index)
    seen = _listed(folder) if placed else there
    etags = {called: seen[called].etag for called in names if called in seen}
    delivered = Delivery(
        release=release,
        name=name,
        files=names,
        etags={called: etag for called, etag in etags.items() if etag},
        decided=dict(decided),
    )
    folder.write_text(RECORD, record_bytes(delivered))
    gone = [each for each in withdrawn if each not in names]
    return [file.name for file in placed], gone


def _listed(folder: CampaignFolder) -> dict[str, Listed]:
    return {name.partition("/")[2]: each for name, each in folder.listing(FOLDER).items()}


def _is_whole(
    folder: CampaignFolder, file: DeliveredFile, there: Mapping[str, Listed], before: Delivery
) -> bool:
    """Whether it is there already, as it must be: it may have been changed, or placed unnoted."""
    listed = there.get(file.name)
    if listed is None:
        return False
    etag = before.etags.get(file.name, "") if file.name in before.files else None
    source, target = f"{file.folder}/{file.source.name}", f"{FOLDER}/{file.name}"
    return folder.is_duplicate(source, target, file.source, listed, etag)


def _check_names(wanted: Sequence[DeliveredFile]) -> None:
    """Every file has a name of its own, on file systems too that do not tell case apart."""
    taken: dict[str, DeliveredFile] = {}
    for file in wanted:
        other = taken.setdefault(file.name.casefold(), file)
        if other is not file:
            ids = " and ".join((other.outcome.video_id, file.outcome.video_id))
            raise CampaignError(
                f"two files of {ids} would be called {file.name}; give the videos other names "
                "with --name"
            )
