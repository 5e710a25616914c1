"""Parameters of the deployed flows: what people fill in in Prefect's form, checked before any work.

Everything a run needs beside these small values is in the store.
"""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tasks.gpu_plans.layouts import check_layout
from tasks.records import Scalar

_OUT = "Folder that holds the campaigns: a path every worker sees, or s3://bucket/prefix."
_GPUS = "Whole GPUs that each video gets; 0 for engines that need none."
_OUTSTANDING = "Videos that wait or are rendered; twice the number of GPU groups is good."
_PLACEMENT = (
    "How each video is laid over its GPUs: stages=4 or stages=2,heads=2; `nightshoot plan --gpus` "
    "chooses. Left empty: the worker's own way. GPUs per video must be as many as it takes."
)
_OFFLOAD = (
    "What stays in the host's memory: kv,weights,text for example. Left empty: the worker's way."
)
_QUEUE = "Queue of the videos: urgent ones go before nightly ones."


def readable_form(schema: dict[str, Any]) -> None:
    """Make Prefect's form show the fields in our order, and one plain input for what may be absent.

    PostgreSQL keeps a schema's keys by length, so the form goes by ``position``. Of a field that
    may be null it would show a switch between two types; a field that is neither required nor has
    a default may be left empty, and Prefect's server takes null for it.
    """
    for position, field in enumerate(schema["properties"].values()):
        field["position"] = position
        if "default" in field and field["default"] is None:
            del field["default"]
            wanted = [choice for choice in field.pop("anyOf") if choice != {"type": "null"}]
            assert len(wanted) == 1, f"{field['title']}: one type, or null"
            field.update(wanted[0])


class Parameters(BaseModel):
    """Base of every deployed flow's parameters: an unknown name is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra=readable_form)


class CampaignParameters(Parameters):
    """One campaign: a manifest, and where its videos go."""

    manifest: str = Field(
        title="Manifest",
        description="CSV file: a path every worker sees, s3://bucket/key or https://...",
    )
    out: str = Field(title="Output", description=_OUT)
    campaign: str | None = Field(
        default=None,
        title="Campaign",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$",
        description="Its folder in the output, and the run's name. Left out: the manifest's name.",
    )
    engine: str | None = Field(
        default=None,
        title="Engine",
        description="Engine of the rows that name none. Left out: preview.",
    )
    preset: str | None = Field(
        default=None,
        title="Preset",
        description="Of the rows that name none: quick, draft, standard, hd or long. "
        "Left out: standard.",
    )
    settings: dict[str, Scalar] = Field(
        default_factory=dict[str, Scalar],
        title="Engine settings",
        description="Of clips and of the engine, for rows whose cells leave them open, as JSON: "
        '{"sample_steps": 3, "on_no_face": "still"}.',
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
        description="Videos are rendered from HH:MM to HH:MM, for example 22:00-06:00; the rest is "
        "carried over to the next night. Left out: until all is done.",
    )
    timezone: str = Field(
        default="UTC",
        title="Timezone of the window",
        description="Name of the tz database, for example Europe/Berlin.",
    )
    gpus: int = Field(default=1, ge=0, le=64, title="GPUs per video", description=_GPUS)
    placement: str = Field(default="", title="Placement", description=_PLACEMENT)
    offload: str = Field(default="", title="Offload", description=_OFFLOAD)
    outstanding: int = Field(
        default=8, ge=1, le=1000, title="Videos at once", description=_OUTSTANDING
    )
    queue: Literal["urgent", "nightly"] = Field(
        default="nightly", title="Queue", description=_QUEUE
    )
    allow_private: bool = Field(
        default=False,
        title="Private addresses",
        description="Let inputs come from https addresses of private networks.",
    )

    @model_validator(mode="after")
    def _check_layout(self) -> Self:
        check_layout(self.gpus, self.placement, self.offload)
        return self


class RetryParameters(Parameters):
    """What failed or was never finished of a campaign, rendered again from the store alone."""

    out: str = Field(title="Output", description=_OUT)
    campaign: str = Field(title="Campaign", description="Its folder in the output.")
    videos: tuple[str, ...] = Field(
        default=(),
        title="Videos",
        description="Only these video_ids. Left out: every video that is not done.",
    )
    gpus: int = Field(default=1, ge=0, le=64, title="GPUs per video", description=_GPUS)
    placement: str = Field(default="", title="Placement", description=_PLACEMENT)
    offload: str = Field(default="", title="Offload", description=_OFFLOAD)
    outstanding: int = Field(
        default=8, ge=1, le=1000, title="Videos at once", description=_OUTSTANDING
    )
    queue: Literal["urgent", "nightly"] = Field(default="urgent", title="Queue", description=_QUEUE)

    @model_validator(mode="after")
    def _check_layout(self) -> Self:
        check_layout(self.gpus, self.placement, self.offload)
        return self


class VideoParameters(Parameters):
    """One video; its plan lies in the store."""

    out: str = Field(title="Output", description=_OUT)
    campaign: str = Field(title="Campaign", description="Its folder in the output.")
    video_id: str = Field(title="Video", description="Its name in the manifest.")
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

    out: str = Field(title="Output", description=_OUT)
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
