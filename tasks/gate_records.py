"""Records of the gates: what is measured of a segment, what it may be, what was found wrong."""

from typing import Literal

from pydantic import Field

from tasks.record import Record

GateName = Literal[
    "sync",
    "identity",
    "life",
    "sharpness",
    "exposure",
    "seam",
    "frozen",
    "black",
    "noise",
    "faces",
    "drift",
]
GateMode = Literal["off", "warn", "hold"]
"""What a failed gate does: nothing is measured; it is told; its video is held for a person."""
GATE_MODES: tuple[GateMode, ...] = ("off", "warn", "hold")

Curve = tuple[float, ...]
GapCurve = tuple[float | None, ...]
"""None where the face was not seen."""


class SyncFigures(Record):
    """How the mouth of one segment follows its own sound."""

    r: float = Field(description="Correlation at the best lag, 0 to 1.")
    z: float = Field(description="Deviations of r above other shifts of the sound.")
    lag_ms: float = Field(description="Of the mouth behind the sound; negative if ahead.")
    speech_s: float = Field(description="Seconds in which something is said.")
    open_in_silence: float | None = Field(
        description="Share of the mouth's range that stays in silence; None: too little silence."
    )


class SeamFigures(Record):
    """The step from the predecessor's last raw frame to a segment's first."""

    unexplained_step: float = Field(description="Grey levels at an eighth of the size.")
    unexplained_beside: float = Field(description="The same of an ordinary step beside it.")
    mean_step: float = Field(description="Signed, luma.")


class GateFigures(Record):
    """What was measured of one segment while its frames streamed; all of it follows from its job.

    F frames, L looks: frames 0, ``look_every``, ... and the last, at which the face is searched.
    """

    version: int = Field(default=1, description="Of how it is measured.")
    source: Literal["raw", "decoded"] = Field(description="Raw frames, or those of a finished file")
    face: Literal["mesh", "placed", "none"] = Field(
        description="Followed from frame to frame; taken to stay where the portrait has it; none."
    )
    is_still: bool = Field(description="A picture without a face, which only zooms.")
    look_every: int = Field(ge=1, description="Frames.")
    step: Curve = Field(description="(F,) mean change from the frame before, grey levels.")
    contrast: Curve = Field(description="(F,) deviation of its most varied colour.")
    colour: tuple[tuple[float, float, float], ...] = Field(
        description="(F, 3) mean red, green and blue less those of the framed portrait."
    )
    texture: Curve = Field(description="(F,) fine detail over that of the framed portrait.")
    speech: Curve = Field(description="(F,) loudness of the voice, 0 to 1.")
    motion: Curve = Field(description="(F,) the mouth's main motion, grey levels; empty: no face.")
    likeness: GapCurve = Field(description="(L,) of the upper face to the framed portrait's.")
    eyes: GapCurve = Field(description="(L,) how open, over the portrait's.")
    head: tuple[tuple[float, float] | None, ...] = Field(
        description="(L,) middle of the eyes, in the portrait's eye distances."
    )
    strangers: tuple[int, ...] = Field(description="(L,) faces beside the presenter's, as seen.")
    sync: SyncFigures | None = Field(description="None: no face, or too short to tell.")
    seam: SeamFigures | None = Field(description="None: a first segment.")


class GateLimits(Record):
    """From where on a figure fails; None: it is not judged."""

    least_r: float | None = Field(description="Lip sync of a segment, correlation.")
    least_r_at_usual_lag: float | None = Field(
        default=None,
        description="The same where the lag is usual, which that of other sound seldom is.",
    )
    least_segment_z: float = Field(
        default=1.5, description="Lip sync of a segment; it fails if its r is too low as well."
    )
    least_z: float | None = Field(description="Lip sync of a stretch of 12 s.")
    usual_lag_ms: float = Field(description="Of the mouth behind the sound, by construction.")
    most_lag_off_ms: float | None = Field(description="From that, either way.")
    most_open_in_silence: float | None = Field(description="Share of the mouth's range.")
    least_likeness: float | None = Field(description="Median of a segment, 0 to 1.")
    least_likeness_moment: float | None = Field(description="Of two looks in a row.")
    placed_least_r: float | None = Field(
        default=None, description="The same as least_r where the face is taken to stay."
    )
    placed_least_likeness: float | None = Field(
        default=None, description="The same as both likenesses where the face is taken to stay."
    )
    least_motion: float | None = Field(description="Of the mouth in speech, grey levels a frame.")
    most_motion: float | None = Field(
        description="Of the mouth, 5th to 95th percentile, grey levels."
    )
    most_eyes_closed_s: float | None = Field(description="At a stretch.")
    most_head_move: float | None = Field(description="Eye distances in half a second.")
    least_texture: float | None = Field(description="Fine detail over the portrait's.")
    most_texture: float | None = Field(description="The same: above it there is noise.")
    most_colour_off: float | None = Field(description="Grey levels from the framed portrait.")
    most_colour_step: float | None = Field(description="Grey levels from one frame to the next.")
    most_seam_step: float | None = Field(description="Beyond what motion explains, grey levels.")
    least_contrast: float | None = Field(description="Of a picture; below it there is one colour.")
    frozen_frames: int | None = Field(description="So many equal frames in a row are too many.")
    frozen_frames_decoded: int | None = Field(description="The same of finished files.")
    most_strangers: int | None = Field(description="Faces beside the presenter's.")
    most_unseen_looks: int | None = Field(description="In a row without the presenter's face.")
    most_drift_colour: float | None = Field(description="Of a segment from the first, grey levels.")
    most_drift_texture: float | None = Field(description="The same, as a share of the detail.")
    most_drift_likeness: float | None = Field(description="The same, loss of likeness.")


class GatePolicy(Record):
    """How a video's segments are judged; part of its plan, of no key."""

    mode: GateMode = "hold"
    tries: int = Field(default=2, ge=0, le=9, description="With new seeds, after the first.")
    limits: GateLimits


class GateVerdict(Record):
    """One thing that a gate found wrong."""

    gate: GateName
    second: float = Field(ge=0, description="Of the video, where it begins.")
    value: float = Field(description="What was measured.")
    limit: float = Field(description="What would have passed.")
    held: bool = Field(description="Whether it holds the video for a person.")
    words: str = Field(description="The finding in a few words, without the second.")


class VideoCurves(Record):
    """How a video's figures run, for people; P points, each of ``frames_per_point`` frames."""

    frames_per_point: int = Field(ge=1)
    sync: GapCurve = Field(
        description="(P,) correlation of mouth and voice around it, -1 to 1; None: little is said."
    )
    identity: GapCurve = Field(description="(P,) likeness to the portrait's face, 0 to 1.")
    drift: GapCurve = Field(
        description="(P,) colours, grey levels away from the usual ones of the first segment."
    )
    least_sync: float | None = Field(description="What a whole segment must reach.")
    least_identity: float | None = Field(description="Below it a moment fails.")
    most_drift: float | None = Field(description="Above it a whole segment fails.")
