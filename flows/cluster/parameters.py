"""Parameters of the deployed flows: what people fill in in Prefect's form, checked before any work.

Everything a run needs beside these small values is in the store.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from model.errors import CampaignError
from tasks.deliver_records import CaptionMode, TeaserKind
from tasks.gate_records import GateMode
from tasks.gpu_plans.layouts import check_layout
from tasks.manifest.personal.selection import Selection
from tasks.manifest.personal.settings import Personal
from tasks.records import VIDEO_ID_PATTERN, Loudness, Scalar
from tasks.store.campaigns import checked_campaign

_OUT = "Folder where campaigns are kept: a path every worker can reach, or s3://bucket/prefix."
_GPUS = "How many whole GPUs each video gets; 0 for engines that need none."
_OUTSTANDING = (
    "How many videos may be waiting or rendering; twice the number of GPU groups works well."
)
_PLACEMENT = (
    "How to spread each video over its GPUs, such as stages=4 or stages=2,heads=2; `nightshoot "
    "plan --gpus` suggests one. GPUs per video must match it. If empty, the worker decides."
)
_OFFLOAD = (
    "What to keep in the host's memory, such as kv,weights,text. If empty, the worker decides."
)
_QUEUE = "Queue for the videos. Urgent videos are rendered before nightly ones."


def _campaign(name: str) -> str:
    try:
        return checked_campaign(name)
    except CampaignError as error:  # of a field, as pydantic wants it
        raise ValueError(str(error)) from error


# as a pattern: of a list of choices Prefect's server refuses the null of a field left empty
_LoudnessForm = WithJsonSchema({"type": "string", "pattern": "^(-14|-16|-23|off)$"})
_Loudness = Annotated[Loudness, _LoudnessForm]
_Gates = Annotated[GateMode, WithJsonSchema({"type": "string", "pattern": "^(off|warn|hold)$"})]
_CaptionsForm = WithJsonSchema({"type": "string", "pattern": "^(burned|beside|both|off)$"})
_Captions = Annotated[CaptionMode, _CaptionsForm]
_TeaserForm = WithJsonSchema({"type": "string", "pattern": "^(webp|gif)$"})
_Teaser = Annotated[TeaserKind, _TeaserForm]
_SwitchForm = WithJsonSchema({"type": "string", "pattern": "^(on|off)$"})
_Switch = Annotated[Literal["on", "off"], _SwitchForm]
CampaignName = Annotated[str, AfterValidator(_campaign)]


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
        description="The CSV file: a path every worker can reach, s3://bucket/key or https://...",
    )
    out: str = Field(title="Output", description=_OUT)
    campaign: str | None = Field(
        default=None,
        title="Campaign",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$",
        description="Name of the run and of its folder in the output. If empty, the manifest's "
        "name.",
    )
    engine: str | None = Field(
        default=None,
        title="Engine",
        description="Engine for rows that name no engine. If empty, preview.",
    )
    preset: str | None = Field(
        default=None,
        title="Preset",
        description="Preset for rows that name no preset: quick, draft, standard, hd or long. "
        "If empty, standard.",
    )
    framing: str | None = Field(
        default=None,
        title="Framing",
        description="What the frame shows of portraits, for rows that name none: auto, face, wide, "
        "or a box left,top,width,height in pixels of the portrait. If empty, auto.",
    )
    allow: str | None = Field(
        default=None,
        title="Allowed faults",
        description="Faults of portraits with which they are animated, with commas between them: "
        "not-human, turned, open-mouth, no-mouth, small-face. If empty, none.",
    )
    deliver: str | None = Field(
        default=None,
        title="Deliver",
        description="What to make of finished videos, for rows that name nothing: 9:16, 16:9, 1:1, "
        "4:5 or WxH in pixels, with commas between them. If empty, nothing.",
    )
    captions: _Captions | None = Field(
        default=None,
        title="Captions",
        description="Captions of what is made of finished videos: burned, beside, both or off. If "
        "empty, burned into 9:16 and beside the others.",
    )
    caption_style: str | None = Field(
        default=None,
        title="Caption style",
        description="How burned captions look, such as top, box, large, highlight=#ffd400; the "
        "manual's page on formats has all of it. If empty, the brand's.",
    )
    ai_label: _Switch | None = Field(
        default=None,
        title="AI label",
        description="Whether what is made of finished videos begins with a mark that it is "
        "generated: on or off. If empty, on for Chinese videos.",
    )
    teaser: _Teaser | None = Field(
        default=None,
        title="Teaser",
        description="A small moving picture of the first three seconds too: webp or gif. If empty, "
        "none.",
    )
    loudness: _Loudness | None = Field(
        default=None,
        title="Loudness",
        description="Loudness of what viewers hear, in LUFS: -14, -16 or -23; off leaves it as it "
        "was spoken or recorded. If empty, -16, and finished videos stay as they are.",
    )
    gates: _Gates | None = Field(
        default=None,
        title="Gates",
        description="What happens if a segment fails a gate: hold renders it again and then holds "
        "its video for a person; warn only tells it; off measures nothing. If empty, hold.",
    )
    gate_tries: int | None = Field(
        default=None,
        ge=0,
        le=9,
        title="Gate tries",
        description="How often a segment that fails a gate is rendered again with a new seed. If "
        "empty, 2.",
    )
    gate_limits: str | None = Field(
        default=None,
        title="Gate limits",
        description="TOML file with limits of gates that differ from the shipped ones: a path that "
        "every worker can reach. If empty, those that the videos have, else the shipped ones.",
    )
    lexicon: str | None = Field(
        default=None,
        title="Lexicon",
        description="CSV file that says how words are spoken: a path every worker can reach or an "
        "address. If empty, lexicon.csv beside the manifest, where there is one.",
    )
    sheet: str | None = Field(
        default=None,
        title="Sheet",
        description="Sheet of a workbook. If empty, its first one that is not hidden.",
    )
    settings: dict[str, Scalar] = Field(
        default_factory=dict[str, Scalar],
        title="Engine settings",
        description="Settings of the engine and of clips for rows with empty cells, as JSON: "
        '{"sample_steps": 3, "on_no_face": "still"}.',
    )
    strict_variables: bool = Field(
        default=False,
        title="Strict variables",
        description="Refuse the manifest if a row lacks a value, even where its variable has a "
        "default.",
    )
    variants: str | None = Field(
        default=None,
        title="Variants",
        description="TOML file with sets of variants: a path every worker can reach. If empty, "
        "variants.toml beside the manifest, where there is one.",
    )
    presenters: str | None = Field(
        default=None,
        title="Presenters",
        description="TOML file with presenters: a path every worker can reach. If empty, "
        "presenters.toml beside the manifest, where there is one.",
    )
    brand: str | None = Field(
        default=None,
        title="Brand",
        description="TOML file with the brand of rows that name none: a path every worker can "
        "reach. If empty, brand.toml beside the manifest, where there is one.",
    )
    max_videos: int | None = Field(
        default=None,
        ge=1,
        title="Most videos",
        description="Refuse the manifest if its rows stand for more videos. If empty, 10000 if "
        "rows have languages or variants.",
    )
    only: tuple[str, ...] = Field(
        default=(),
        title="Only",
        description="Render only these video_ids; a row's name stands for all its videos. If "
        "empty, all.",
    )
    sample: int | None = Field(
        default=None,
        ge=1,
        title="Sample",
        description="Render only so many videos, drawn by chance.",
    )
    sample_seed: int = Field(
        default=0,
        ge=0,
        lt=2**32,
        title="Seed of the sample",
        description="Another seed draws other videos.",
    )
    limit: int | None = Field(
        default=None, ge=1, title="Limit", description="Render only the first so many videos."
    )
    keep_going: bool = Field(
        default=True,
        title="Keep going",
        description="Render the good rows even if other rows fail. If off, one bad row stops the "
        "whole campaign.",
    )
    window: str | None = Field(
        default=None,
        title="Night window",
        pattern=r"^\d{2}:\d{2}-\d{2}:\d{2}$",
        description="Render only between these times, for example 22:00-06:00; the next night "
        "continues with the rest. If empty, render until everything is done.",
    )
    timezone: str = Field(
        default="UTC",
        title="Timezone of the window",
        description="A name from the tz database, for example Europe/Berlin.",
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
    allow_outside: bool = Field(
        default=False,
        title="Files outside",
        description="Allow files outside the manifest's folder.",
    )
    allow_private: bool = Field(
        default=False,
        title="Private addresses",
        description="Allow inputs from private network addresses, and over plain http.",
    )

    @property
    def personal(self) -> Personal:
        """How the rows of the manifest become videos."""
        return Personal(
            is_strict=self.strict_variables,
            max_videos=self.max_videos,
            variants=Path(self.variants) if self.variants else None,
            presenters=Path(self.presenters) if self.presenters else None,
            brand=Path(self.brand) if self.brand else None,
        )

    @property
    def selection(self) -> Selection:
        """Which videos the run is about."""
        return Selection(
            only=self.only, sample=self.sample, limit=self.limit, seed=self.sample_seed
        )

    @model_validator(mode="after")
    def _check_layout(self) -> Self:
        check_layout(self.gpus, self.placement, self.offload)
        return self


class RetryParameters(Parameters):
    """What failed or was never finished of a campaign, rendered again from the store alone."""

    out: str = Field(title="Output", description=_OUT)
    campaign: CampaignName = Field(title="Campaign", description="Its folder in the output.")
    videos: tuple[str, ...] = Field(
        default=(),
        title="Videos",
        description="Retry only these video_ids. If empty, every video that is not done.",
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
    campaign: CampaignName = Field(title="Campaign", description="Its folder in the output.")
    video_id: str = Field(
        title="Video", pattern=VIDEO_ID_PATTERN, description="Its name in the manifest."
    )
    plan_sha256: str = Field(title="Plan", description="Digest of the plan to render.")
    not_after: datetime | None = Field(
        default=None,
        title="Not after",
        description="No segment starts after this time; the next night continues with the rest.",
    )
    estimated_s: float | None = Field(
        default=None,
        ge=0,
        title="Estimate (seconds)",
        description="The video starts only if it can be finished before that time.",
    )


class SweepParameters(Parameters):
    """What killed runs left behind, removed."""

    out: str = Field(title="Output", description=_OUT)
    uploads_older_than_hours: float = Field(
        default=24.0,
        ge=0.0,
        title="Uploads older than (hours)",
        description="Abort multipart uploads left unfinished for more than this many hours.",
    )
    verify: bool = Field(
        default=False,
        title="Verify every file",
        description="Read every file and check its sha256; receipts of damaged files are removed.",
    )
