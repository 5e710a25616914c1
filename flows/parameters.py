"""Parameters of the deployed flows: what people fill in in Prefect's form, checked before any work.

Everything a run needs beside these small values is in the store.
"""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tasks.records import Scalar


class Parameters(BaseModel):
    """Base of every deployed flow's parameters: an unknown name is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CampaignParameters(Parameters):
    """One campaign: a manifest, and where its videos go."""

    manifest: str = Field(
        title="Manifest",
        description="CSV file: a path that every worker sees, s3://bucket/key or https://...",
    )
    out: str = Field(
        title="Output",
        description="Folder that holds the campaigns: a path every worker sees, or s3://bucket/prefix.",
    )
    campaign: str | None = Field(
        default=None,
        title="Campaign",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$",
        description="Name of the campaign. Left out: the manifest's name.",
    )
    engine: str | None = Field(
        default=None, title="Engine", description="For rows that name none. Left out: preview."
    )
    preset: str | None = Field(
        default=None, title="Preset", description="For rows that name none. Left out: standard."
    )
    settings: dict[str, Scalar] = Field(
        default_factory=dict[str, Scalar],
        title="Engine settings",
        description="Settings of the engine, by name, for every row.",
    )
    keep_going: bool = Field(
        default=True,
        title="Keep going",
        description="Render the good rows even if others fail. Off: one bad row refuses the night.",
    )
    window: str | None = Field(
        default=None,
        title="Night window",
        pattern=r"^\d{2}:\d{2}-\d{2}:\d{2}$",
        description="HH:MM-HH:MM in which videos are rendered; the rest is carried over.",
    )
    timezone: str = Field(
        default="UTC", title="Timezone of the window", description="For example Europe/Berlin."
    )
    gpus: int = Field(
        default=1, ge=0, le=64, title="GPUs per video", description="Whole GPUs each video gets."
    )
    outstanding: int = Field(
        default=8,
        ge=1,
        le=1000,
        title="Videos at once",
        description="Video runs kept scheduled or running; twice the number of GPU groups is good.",
    )
    queue: Literal["urgent", "nightly"] = Field(
        default="nightly", title="Queue", description="Urgent videos go before nightly ones."
    )
    allow_private: bool = Field(
        default=False,
        title="Private addresses",
        description="Let https inputs come from private network addresses.",
    )


class RetryParameters(Parameters):
    """What failed or was never finished of a campaign, rendered again from the store alone."""

    out: str = Field(title="Output", description="Folder or s3://bucket/prefix of the campaigns.")
    campaign: str = Field(title="Campaign", description="Name of the campaign.")
    videos: tuple[str, ...] = Field(
        default=(), title="Videos", description="Only these video_ids. Left out: all that failed."
    )
    gpus: int = Field(default=1, ge=0, le=64, title="GPUs per video")
    outstanding: int = Field(default=8, ge=1, le=1000, title="Videos at once")
    queue: Literal["urgent", "nightly"] = Field(default="urgent", title="Queue")


class VideoParameters(Parameters):
    """One video; its plan lies in the store."""

    out: str = Field(title="Output", description="Folder or s3://bucket/prefix of the campaigns.")
    campaign: str = Field(title="Campaign")
    video_id: str = Field(title="Video")
    plan_sha256: str = Field(title="Plan", description="Digest of the plan that is to be rendered.")
    not_after: datetime | None = Field(
        default=None,
        title="Not after",
        description="No segment is begun after this time; the rest is carried over.",
    )
    estimated_s: float | None = Field(
        default=None,
        ge=0,
        title="Estimate (seconds)",
        description="The video is only begun if it can be whole before that time.",
    )


class SweepParameters(Parameters):
    """What killed runs left behind, removed."""

    out: str = Field(title="Output", description="Folder or s3://bucket/prefix of the campaigns.")
    uploads_older_than_hours: float = Field(
        default=24.0,
        ge=0.0,
        title="Uploads older than (hours)",
        description="Unfinished multipart uploads of this age are aborted.",
    )
    verify: bool = Field(
        default=False,
        title="Verify every file",
        description="Read every file back and compare its sha256; damaged receipts are removed.",
    )
