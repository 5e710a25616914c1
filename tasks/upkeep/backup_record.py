"""What one backup holds: campaigns, their files by name, the files their rows were made from."""

from typing import Literal

from pydantic import Field

from model.errors import CampaignError
from tasks.record import Record
from tasks.store.record_json import read_record
from tasks.upkeep.backup_place import RECORDS, BackupPlace

Part = Literal["masters", "delivery", "segments"]
"""What a backup holds by choice."""


class KeptFile(Record):
    """One file: what its content is, and how long."""

    sha256: str
    num_bytes: int


class CampaignBackup(Record):
    """One campaign as it was."""

    campaign: str
    was_at_work: bool = Field(description="A run was at work on it meanwhile.")
    files: dict[str, KeptFile] = Field(description="By their names in the campaign.")
    sources: dict[str, KeptFile] = Field(
        description="Manifest, lexicon, portraits and so on, by their paths from its folder."
    )
    left: tuple[str, ...] = Field(default=(), description="What is missing, and why.")


class Backup(Record):
    """`backups/<time>.json`: one backup of all campaigns of an output."""

    at: str = Field(description="ISO 8601, UTC: when it was begun.")
    out: str
    release: str = Field(description="Of Nightshoot.")
    parts: tuple[Part, ...]
    campaigns: tuple[CampaignBackup, ...]

    def contents(self) -> dict[str, KeptFile]:
        """Every content that it names, by sha256."""
        return {
            file.sha256: file
            for one in self.campaigns
            for file in (*one.files.values(), *one.sources.values())
        }


def backup_times(place: BackupPlace) -> list[str]:
    """Names of the backups that are there, the oldest first."""
    names = (name for name in place.sizes(RECORDS) if name.endswith(".json"))
    return sorted(name.removeprefix(f"{RECORDS}/").removesuffix(".json") for name in names)


def read_backup(place: BackupPlace, time: str | None = None) -> Backup:
    """The backup of a time, or the newest.

    Raises:
        CampaignError: there is none.
        DamagedError: its record is not what was written.
        NewerRecordError: a later release wrote it.
    """
    times = backup_times(place)
    if not times:
        raise CampaignError(f"{place.url} holds no backup; name the place that --to named")
    if time is not None and time not in times:
        raise CampaignError(f"{place.url} holds no backup {time}; it holds {', '.join(times[-5:])}")
    name = f"{RECORDS}/{time or times[-1]}.json"
    return read_record(name, place.read(name) or b"", Backup)
