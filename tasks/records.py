"""Records that cross a boundary: manifest, speech, plan, receipts, report. Validation only."""

from datetime import datetime
from pathlib import Path
from typing import Literal, Self

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from model.errors import Fault
from tasks.deliver_records import CaptionMode, CaptionStyle, DeliverRequest, TeaserKind
from tasks.gate_records import GateFigures, GatePolicy, GateVerdict, VideoCurves
from tasks.record import FileEntry, Record
from tasks.screen_records import RowScreen
from tasks.speech_records import ReadWords

Scalar = str | int | float | bool
VIDEO_ID_PATTERN = r"^[a-z0-9][a-z0-9-]{0,62}$"
Loudness = Literal["-14", "-16", "-23", "off"]
"""What viewers hear, in LUFS; off: as it was spoken or recorded."""
Status = Literal["pending", "running", "done", "held", "failed", "quarantined"]
"""Held: finished, but a gate found a fault, and no person has decided yet."""
Verdict = Literal["", "approved", "rejected", "changes", "dropped"]
"""What people decided of a video; changes: it is to be made otherwise by the next retry."""
FINISHED: tuple[Status, ...] = ("done", "held")


# --- manifest row -------------------------------------------------------------------------------


class ManifestRow(Record):
    """One line of a manifest: one video to make. Defaults are resolved, paths absolute."""

    line: int = Field(ge=1, description="Line of the file on which the row starts.")
    video_id: str = Field(pattern=VIDEO_ID_PATTERN, description="Name of the video; unique.")
    script: str | None = Field(default=None, description="What is said, and captioned.")
    audio_path: Path | None = Field(default=None, description="A recording to use as the voice.")
    portrait_path: Path = Field(description="Picture of the presenter.")
    rig_path: Path | None = Field(default=None, description="`<portrait>.rig.json`, where it is.")
    voice: str | None = Field(default=None, description="See `nightshoot voices`.")
    language: Literal["en", "zh"] = Field(
        default="en", description="Told from the script if absent."
    )
    is_language_told: bool = Field(default=False, description="Nobody named the language.")
    prompt: str = Field(default="", description="Scene and manner, for engines that read it.")
    width: int | None = Field(default=None, description="Pixels, a multiple of 16.")
    height: int | None = Field(default=None, description="Pixels, a multiple of 16.")
    smaller_size: tuple[int, int] | None = Field(
        default=None, description="Width and height where the other does not fit the memory."
    )
    framing: str | None = Field(
        default=None, description="`auto`, `face`, `wide` or a box; None: `auto`, nobody chose."
    )
    allow: tuple[str, ...] = Field(
        default=(), description="Faults of the portrait, by name, with which it is animated."
    )
    seed: int = Field(default=0, ge=0, lt=2**32, description="Another seed, another take.")
    preset: str = Field(default="standard", description="Size, steps and segment length by name.")
    engine: str = Field(default="preview", description="What renders it.")
    num_clip: int | None = Field(default=None, ge=1, description="Caps the length, for tests.")
    settings: dict[str, Scalar] = Field(
        default_factory=dict[str, Scalar],
        description="Of its clips and its engine, from its cells.",
    )
    priority: int = Field(default=0, description="Higher is rendered earlier.")
    due: datetime | None = Field(default=None, description="When it must be finished, in UTC.")
    deliver: tuple[tuple[int, int], ...] = Field(
        default=(), description="Width and height of each deliverable, pixels; no part of a plan."
    )
    screen: RowScreen | None = Field(
        default=None, description="What its deliverables show; no part of a plan or a key."
    )
    captions: CaptionMode | None = Field(
        default=None, description="Of deliverables; None: as the format usually has them."
    )
    caption_style: CaptionStyle | None = Field(
        default=None, description="Of burned captions; None: the brand's, or the usual one."
    )
    ai_label: bool | None = Field(
        default=None, description="Of deliverables; None: on for Chinese ones."
    )
    music_path: Path | None = Field(
        default=None, description="Played under deliverables; None: the brand's music."
    )
    has_music: bool = Field(default=True, description="False: the brand's music is left out too.")
    teaser: TeaserKind | None = Field(default=None, description="Of deliverables.")


# --- speech -> plan -----------------------------------------------------------------------------


class EncodeProfile(Record):
    """How frames become H.264; one for all segments of a campaign, part of every key."""

    preset: str = "veryfast"
    crf: int = Field(default=17, ge=0, le=51)
    fps: int = Field(default=25, ge=1)
    timescale: int = Field(default=12_800, description="Track ticks per second; fps divides it.")
    ffmpeg: str = Field(default="", description="First line of the ffmpeg build's -version.")

    @model_validator(mode="after")
    def _whole_ticks(self) -> Self:
        if self.timescale % self.fps:
            raise ValueError(f"timescale {self.timescale} is no multiple of {self.fps} fps")
        return self


class SegmentPlan(Record):
    """Frames ``start_frame <= i < end_frame`` of a video, and their content key."""

    index: int = Field(ge=0)
    start_frame: int = Field(ge=0)
    end_frame: int
    key: str
    seed: int | None = Field(default=None, description="Its own; None: the video's.")

    @model_serializer(mode="wrap")
    def _named_where_given(self, dump: SerializerFunctionWrapHandler) -> dict[str, object]:
        """Without a seed of its own a segment is written as every release wrote it."""
        fields: dict[str, object] = dump(self)
        return fields if self.seed is not None else {k: v for k, v in fields.items() if k != "seed"}

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.end_frame <= self.start_frame:
            raise ValueError(f"segment {self.index} is empty: {self.start_frame}..{self.end_frame}")
        return self

    @property
    def num_frames(self) -> int:
        """Length in frames."""
        return self.end_frame - self.start_frame


class FramedPortrait(Record):
    """A portrait in the frame of a size, in the store."""

    name: str = Field(description="Of the picture in the store's `portraits/`.")
    sha256: str = Field(description="Of the upright RGB pixels and their size.")
    rig: dict[str, object] | None = None


class VideoPlan(Record):
    """All that the flow of one video needs, beside the store."""

    video_id: str
    title: str = Field(description="A line for people: the script's beginning.")
    engine: str
    settings: dict[str, Scalar]
    portrait: str = Field(description="Name of the picture in the store's `portraits/`.")
    portrait_sha256: str = Field(description="Of the upright RGB pixels and their size.")
    rig: dict[str, object] | None
    speech_id: str
    prompt: str
    seed: int
    width: int
    height: int
    fps: int
    num_frames: int
    priority: int
    encode: EncodeProfile
    smaller_size: tuple[int, int] | None = Field(
        default=None, description="Width and height where the other does not fit the memory."
    )
    smaller_portrait: FramedPortrait | None = Field(
        default=None, description="The portrait for that size, where it is framed otherwise."
    )
    segments: tuple[SegmentPlan, ...]
    is_preview: bool = False
    is_proof: bool = Field(default=False, description="The word PROOF is drawn over its frames.")
    warnings: tuple[str, ...] = ()
    loudness_lufs: int | None = Field(
        default=None, description="Of what viewers hear; None: as it was spoken or recorded."
    )
    seeds: dict[int, int] = Field(
        default_factory=dict[int, int],
        description="Of segments, by index, that were tried again after a failed gate.",
    )
    gates: GatePolicy | None = Field(
        default=None, description="How it is judged; None: planned before there were gates."
    )


class Amendment(Record):
    """What people decided to have otherwise than the manifest's row; a changed row undoes it."""

    row_request_sha256: str = Field(description="Of the row's own request, which it amends.")
    script: str | None = Field(default=None, description="None: the row's.")
    seed: int | None = Field(default=None, description="None: the row's.")
    segment_seeds: dict[int, int] = Field(
        default_factory=dict[int, int], description="By the segment's index."
    )
    portrait: str = Field(default="", description="Name in `portraits/`; empty: the row's.")
    by: tuple[str, ...] = Field(default=(), description="Who decided so.")


class StoredPlan(Record):
    """`plans/<video_id>.json`: a video that can be rendered from the store alone."""

    plan: VideoPlan
    line: int = Field(ge=1, description="Line of the manifest.")
    sha256: str = Field(description="Of the plan's canonical JSON.")
    request_sha256: str = Field(description="Of all that the plan was made from.")
    words: tuple[ReadWords, ...] = Field(
        default=(), description="How the script was read; none for recordings and older releases."
    )
    amendment: Amendment | None = Field(
        default=None, description="What differs from the row, by people's decisions."
    )
    deliver: DeliverRequest | None = Field(
        default=None, description="What is made of the finished video; no part of `sha256`."
    )


# --- segments -> video --------------------------------------------------------------------------


class SegmentMedia(Record):
    """What is known of an encoded segment: enough to prove a stitch without decoding."""

    num_frames: int = Field(ge=1)
    extradata_sha256: str = Field(description="Of the H.264 configuration (avcC).")
    packet_md5s: tuple[str, ...] = Field(description="Of every packet, in decode order.")
    timescale: int = Field(ge=1)
    width: int = Field(ge=1)
    height: int = Field(ge=1)


class SegmentReceipt(Record):
    """`segments/<key[:2]>/<key>.json`, written last: the segment is done."""

    key: str
    engine: str
    num_frames: int = Field(ge=1)
    video: FileEntry
    last_frame: FileEntry
    state: FileEntry
    handoff_sha256: str = Field(description="Of this segment's own handoff.")
    started_from_sha256: str = Field(description="Of the handoff it started from, or neutral.")
    media: SegmentMedia
    gates: dict[str, float] = Field(default_factory=dict, description="Of its seam, raw frames.")
    figures: GateFigures | None = Field(
        default=None,
        description="What gates judge; None: rendered before there were, or gates off.",
    )
    engine_seconds: float
    encode_seconds: float = 0.0
    cpu_seconds: float = Field(default=0.0, description="Of all the engine's processes.")
    gpu_percents: dict[str, int] = Field(
        default_factory=dict[str, int], description="Mean use of the machine's GPUs, by number."
    )
    attempts: int
    rungs: tuple[str, ...] = Field(default=(), description="What the engine gave up to fit.")
    host: str
    versions: dict[str, str]


class SegmentFigures(Record):
    """What the report tells of a segment: how long it took, and on what."""

    num_frames: int = Field(ge=1)
    engine_seconds: float
    cpu_seconds: float
    gpu_percents: dict[str, int]
    host: str


class SoundLoudness(Record):
    """How loud viewers hear a finished file, and what was done for that."""

    target_lufs: int | None = Field(description="None: as it was spoken or recorded.")
    integrated_lufs: float = Field(description="Of the finished file; -70 is silence.")
    true_peak_dbtp: float = Field(description="Of the finished file; -120 is silence.")
    gain_db: float = Field(description="From the speech to the finished file.")
    is_limited: bool = Field(description="Whether peaks were held down.")
    warnings: tuple[str, ...] = ()


class VideoReceipt(Record):
    """`videos/<video_id>.json`: the finished file, its segments in order, the checks it passed."""

    video_id: str
    plan_sha256: str = Field(description="Of all that the finished file was asked to be.")
    segment_keys: tuple[str, ...]
    file: FileEntry
    captions: tuple[FileEntry, ...]
    num_frames: int = Field(ge=1)
    duration_s: float = Field(gt=0)
    checks: dict[str, bool | float | str]
    num_segments_rendered: int = Field(default=0, description="By the run that delivered it.")
    engine_seconds: float = Field(default=0.0, description="Of all its segments.")
    seconds: float = Field(default=0.0, description="Of the run that delivered it.")
    warnings: tuple[str, ...] = ()
    is_preview: bool = False
    prompt: str = Field(
        default="", description="What the engine read, its own where none was given."
    )
    settings: dict[str, Scalar] = Field(
        default_factory=dict[str, Scalar], description="Of the engine, complete."
    )
    engine: str = ""
    size: str = Field(default="", description="WxH, pixels.")
    segments: tuple[SegmentFigures, ...] = Field(default=(), description="In order.")
    loudness: SoundLoudness | None = Field(
        default=None, description="None: delivered before loudness was measured."
    )
    gates: tuple[GateVerdict, ...] = Field(default=(), description="What gates found wrong.")
    is_judged: bool = Field(default=False, description="Whether gates have looked at it.")
    curves: VideoCurves | None = Field(
        default=None, description="None: judged before there were curves, or not at all."
    )
    earlier: FileEntry | None = Field(
        default=None, description="In `earlier/`: the finished file that this one replaced."
    )

    @property
    def is_held(self) -> bool:
        """Whether a gate holds it for a person."""
        return any(verdict.held for verdict in self.gates)

    @property
    def worst(self) -> GateVerdict | None:
        """What a person looks at first: what holds it, then what comes first; None: it passed."""
        return min(self.gates, key=lambda each: (not each.held, each.second), default=None)


class CommentNote(Record):
    """What a person said of a video, for the report."""

    id: str
    by: str
    at: str
    text: str
    second: float | None = None
    resolved_by: str = Field(default="", description="Empty: nobody yet.")


class VideoOutcome(Record):
    """What became of one row, for the report."""

    video_id: str
    line: int
    status: Status
    path: str = ""
    duration_s: float = 0.0
    num_frames: int = 0
    num_segments: int = 0
    num_segments_rendered: int = 0
    engine_seconds: float = 0.0
    seconds: float = 0.0
    error: str = ""
    way_out: str = ""
    warnings: tuple[str, ...] = ()
    is_preview: bool = False
    words: tuple[ReadWords, ...] = Field(
        default=(), description="What of the script is not read as it is written."
    )
    loudness_lufs: float | None = None
    true_peak_dbtp: float | None = None
    gates: tuple[GateVerdict, ...] = Field(default=(), description="What gates found wrong.")
    looked_at: str = Field(
        default="",
        description="sha256 of the finished file, else of the plan: what a decision is about.",
    )
    verdict: Verdict = Field(default="", description="What people decided of it.")
    decided_by: str = ""
    decided_at: str = ""
    decided_why: str = ""
    comments: tuple[CommentNote, ...] = ()

    @property
    def num_open_comments(self) -> int:
        """Comments that nobody resolved."""
        return sum(1 for each in self.comments if not each.resolved_by)

    @property
    def needs_nobody(self) -> bool:
        """Whether it is finished, or a person has decided that it stays as it is."""
        return self.status == "done" or self.verdict in ("approved", "dropped")

    @property
    def num_doubts(self) -> int:
        """How many readings a person should check."""
        return sum(1 for words in self.words if words.doubt)


class Failure(Record):
    """`failures/<video_id>.json`: why a video failed for good, and the way out."""

    video_id: str
    fault: Fault
    signature: str = Field(description="The same for the same kind of failure on other rows.")
    message: str
    way_out: str
    attempts: int = Field(ge=0, description="Tries in all; 0: refused before the first.")
    host: str = Field(description="Machine of the last try.")
    plan_sha256: str = Field(description="Of the plan that failed; empty: there was none yet.")
    is_quarantined: bool = Field(description="Only a correction of the row can help.")
    at: str = Field(description="ISO 8601, UTC.")


class RowRecord(Record):
    """A row as `rows.json` keeps it: its name, its place, what the manifest says."""

    video_id: str
    line: int
    priority: int = 0
    cells: dict[str, str]
    row: ManifestRow | None = Field(
        default=None, description="As it was read, defaults resolved; None: of older releases."
    )


class CampaignRows(Record):
    """`rows.json`: the rows of a campaign, so that the store alone can tell of it and retry it."""

    columns: tuple[str, ...]
    facts: dict[str, str]
    rows: tuple[RowRecord, ...]
    engine_settings: dict[str, Scalar] = Field(
        default_factory=dict[str, Scalar], description="As options gave them, of clips too."
    )
    presets: dict[str, dict[str, object]] = Field(
        default_factory=dict[str, dict[str, object]], description="Those that the rows use."
    )
    lexicon: tuple[tuple[str, str | None, str, str | None], ...] = Field(
        default=(), description="Word, language, spoken, sounds of each entry."
    )
    has_delivery: bool = Field(
        default=False, description="Begun by a release that delivers; others are asked to."
    )
