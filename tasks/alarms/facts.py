"""What rules look at: records of the moment, without any reading. Times are UTC."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class FailureSeen:
    """A video that failed for good."""

    video_id: str
    signature: str
    at: datetime


@dataclass(frozen=True)
class SegmentSeen:
    """A segment that was rendered."""

    host: str
    size: str
    num_frames: int
    engine_seconds: float
    at: datetime


@dataclass(frozen=True)
class GpuSeen:
    """A GPU's temperature over the last minute: the lowest reading of ``num_samples``."""

    host: str
    gpu: str
    lowest_c: int
    num_samples: int


@dataclass(frozen=True)
class CampaignSeen:
    """One campaign that is at work, or was within the last day.

    Attributes:
        out, campaign: where it is.
        is_at_work: a run holds its lock.
        num_videos: of its rows.
        num_finished: of them, held ones too.
        num_held: that gates hold and nobody decided on.
        failures: of videos that are not finished.
        num_frames_left: of planned videos.
        segments: rendered within the last day, the oldest first.
        gpus: as far as samples are of the last minutes.
        day_bytes: written within the last day.
    """

    out: str
    campaign: str
    is_at_work: bool
    num_videos: int
    num_finished: int
    num_held: int
    failures: tuple[FailureSeen, ...]
    num_frames_left: int
    segments: tuple[SegmentSeen, ...]
    gpus: tuple[GpuSeen, ...]
    day_bytes: int


@dataclass(frozen=True)
class DiskSeen:
    """The disk of an output; ``night_bytes``: the most that a day wrote of late."""

    out: str
    free_bytes: int
    night_bytes: int


@dataclass(frozen=True)
class LateNight:
    """A campaign's run that should have begun; ``is_missing``: the server never made it."""

    name: str
    due: datetime
    is_missing: bool


@dataclass(frozen=True)
class OpenNight:
    """A campaign's run with a window, at work."""

    out: str
    campaign: str
    began: datetime
    closes: datetime


@dataclass(frozen=True)
class WorkerSeen:
    """When a worker was last heard from."""

    pool: str
    name: str
    last_heartbeat: datetime


@dataclass(frozen=True)
class Ending:
    """What ends: a certificate, a consent; ``fault``: it is not valid as it is."""

    name: str
    ends: datetime | None
    fault: str = ""


@dataclass(frozen=True)
class DatabaseSeen:
    """How large Prefect's database is, and was a day ago."""

    num_bytes: int
    before_bytes: int | None


@dataclass(frozen=True)
class Facts:
    """All of one look.

    Attributes:
        silent: what could not be looked at, by the part's name ("server", "database", an output),
            with the reason; alarms about it stay as they are.
    """

    now: datetime
    campaigns: tuple[CampaignSeen, ...] = ()
    disks: tuple[DiskSeen, ...] = ()
    late: tuple[LateNight, ...] = ()
    nights: tuple[OpenNight, ...] = ()
    workers: tuple[WorkerSeen, ...] = ()
    endings: tuple[Ending, ...] = ()
    database: DatabaseSeen | None = None
    silent: tuple[tuple[str, str], ...] = ()
