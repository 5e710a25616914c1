"""Findings about a finished video: what was measured, when it passes, and in sentences why not."""

from collections.abc import Collection, Iterator, Sequence
from typing import Literal, TypeAlias

from pydantic import Field

from tasks.media.sound import MOST_OFF_LU, MOST_TRUE_PEAK_DBTP, Heard
from tasks.quality.looks.faults import Fault
from tasks.records import Record

Verdict = Literal["pass", "warn", "fail"]
Finding: TypeAlias = tuple[Verdict, str]

WAY_TO_A_RIG = "for a stylised face give its portrait, with a rig (`nightshoot rig PORTRAIT`)"


class JudgeLimits(Record):
    """When a video passes; starting values from some thirty clips, settings and not laws."""

    good_z: float = Field(default=4.0, description="Lip-sync; below it a warning.")
    least_z: float = Field(default=2.5, description="Lip-sync; below it a failure.")
    most_lag_ms: float = Field(default=80, description="Of the mouth, either way.")
    least_gap_range: float = Field(default=0.05, description="Of the mouth, over eye distance.")
    least_motion: float = Field(
        default=6.0, description="Of the mouth's pixels, grey levels; enough where the gap is not."
    )
    least_speech_s: float = Field(default=3.0, description="Less cannot tell fit from luck.")
    least_identity: float = Field(default=0.80, description="5th percentile of the likeness.")
    most_unexplained_step: float = Field(default=0.5, description="At a seam, grey levels.")
    most_beyond_motion: float = Field(
        default=0.25, description="Grey levels; a larger step passes if steps beside it are alike."
    )
    most_mean_step: float = Field(default=0.5, description="At a seam, luma, either way.")
    least_shown_share: float = Field(default=0.8, description="Of the raw step at a seam.")
    most_shown_share: float = Field(default=1.2, description="Of the raw step at a seam.")
    least_seen: float = Field(default=0.8, description="Share of frames with a face.")
    loudness_lufs: int | None = Field(default=None, description="Of the sound; None: any passes.")
    most_off_lu: float = Field(default=MOST_OFF_LU, description="From that loudness, either way.")
    most_true_peak_dbtp: float = Field(default=MOST_TRUE_PEAK_DBTP, description="Of the sound.")
    good_score: float = Field(default=0.9, description="Of the mesh on the reference picture.")
    good_jitter: float = Field(default=0.03, description="Of the mesh on the reference picture.")


class LipSync(Record):
    """How the mouth follows the sound."""

    r: float = Field(description="Correlation at the best lag.")
    lag_ms: float = Field(description="Of the mouth behind the sound; negative if ahead.")
    z: float = Field(description="Deviations of r above other shifts of the sound.")
    seen_by: Literal["mesh", "pixels"] = Field(description="Which curve fits better.")
    gap_range: float | None = Field(description="5th to 95th percentile, over eye distance.")
    motion_range: float = Field(
        description="The same of the mouth's pixels as far as they follow the sound, grey levels."
    )
    open_in_silence: float | None = Field(description="Gap left in silence, over eye distance.")


class Identity(Record):
    """Likeness of the upper face to the reference, 0 to 1."""

    reference: Literal["portrait", "first frame"]
    p5: float
    median: float
    drift_per_minute: float


class Seam(Record):
    """What shows where a segment begins."""

    frame: int = Field(ge=1, description="First frame of the later segment.")
    unexplained_step: float = Field(description="m8: grey levels at an eighth of the size.")
    unexplained_beside: float = Field(description="The same of ordinary steps beside the seam.")
    mean_step: float = Field(description="Signed, luma.")
    shown_share: float | None = Field(description="alpha, where the raw frames are known.")


def worst(findings: Sequence[Finding]) -> Verdict:
    """The gravest verdict; a pass if nothing was found."""
    verdicts = [verdict for verdict, _ in findings]
    return "fail" if "fail" in verdicts else "warn" if "warn" in verdicts else "pass"


def fault_findings(faults: Sequence[Fault]) -> Iterator[Finding]:
    """What viewers see wrong with the presenter, and when."""
    for fault in faults:
        yield "fail", f"{fault.words}, from {fault.second:.1f} s on"


def sight_findings(seen: float, speech_s: float | None, limits: JudgeLimits) -> Iterator[Finding]:
    """Why a video could not be judged; ``speech_s`` is None where it has no sound."""
    if seen < limits.least_seen:
        yield (
            "fail",
            f"only {seen:.0%} of the frames show a face, but at least {limits.least_seen:.0%} "
            f"must; {WAY_TO_A_RIG}",
        )
    if speech_s is None:
        yield "fail", "the video has no sound"
    elif speech_s < limits.least_speech_s:
        yield (
            "warn",
            f"lip-sync was not judged: {speech_s:.1f} s of speech are too short to tell a fit from "
            f"luck; at least {limits.least_speech_s:.0f} s are needed",
        )


def lip_sync_findings(found: LipSync | None, limits: JudgeLimits) -> Iterator[Finding]:
    """What is wrong with a mouth's fit to the sound."""
    if found is None:
        return
    if found.z < limits.good_z:
        is_chance = found.z < limits.least_z
        yield (
            "fail" if is_chance else "warn",
            f"the mouth follows the sound only with z {found.z:.1f}, "
            + (f"no better than chance ({limits.least_z}); " if is_chance else "")
            + f"{limits.good_z} is good",
        )
    if found.z >= limits.least_z and abs(found.lag_ms) > limits.most_lag_ms:
        side = "behind" if found.lag_ms > 0 else "ahead of"
        yield (
            "fail",
            f"the mouth is {abs(found.lag_ms):.0f} ms {side} the sound, "
            f"at most {limits.most_lag_ms:.0f} ms pass",
        )
    # the mesh reads a wide open mouth in a beard as nearly shut, so either curve may show motion
    is_open = found.gap_range is not None and found.gap_range >= limits.least_gap_range
    if not is_open and found.motion_range < limits.least_motion:
        gap = "not measured" if found.gap_range is None else f"{found.gap_range:.3f}"
        yield (
            "fail",
            f"the mouth hardly moves: its opening is {gap} ({limits.least_gap_range} of the eye "
            f"distance passes), its pixels follow the sound by {found.motion_range:.1f} grey "
            f"levels ({limits.least_motion} passes)",
        )


def identity_findings(found: Identity | None, limits: JudgeLimits) -> Iterator[Finding]:
    """Whether it is the reference's face."""
    if found is not None and found.p5 < limits.least_identity:
        yield (
            "fail",
            f"the face is unlike the {found.reference}: likeness {found.p5:.2f} in the worst "
            f"twentieth of the frames, at least {limits.least_identity:.2f} passes",
        )


def seam_findings(
    seams: Sequence[Seam], repeated: Collection[int], limits: JudgeLimits
) -> Iterator[Finding]:
    """Which seams show."""
    for seam in seams:
        beyond = seam.unexplained_step - seam.unexplained_beside
        if (
            seam.unexplained_step > limits.most_unexplained_step
            and beyond > limits.most_beyond_motion
        ):
            yield (
                "fail",
                f"the picture jumps at frame {seam.frame}, where a segment begins: "
                f"{seam.unexplained_step:.2f} grey levels that its motion does not explain "
                f"({seam.unexplained_beside:.2f} beside it), at most "
                f"{limits.most_unexplained_step} pass",
            )
        if abs(seam.mean_step) > limits.most_mean_step:
            yield (
                "fail",
                f"the brightness steps by {seam.mean_step:+.2f} at frame {seam.frame}, where a "
                f"segment begins; at most {limits.most_mean_step} passes",
            )
        share = seam.shown_share
        if share is not None and not limits.least_shown_share <= share <= limits.most_shown_share:
            yield (
                "fail",
                f"frame {seam.frame}, where a segment begins, shows {share:.2f} of its step; "
                f"{limits.least_shown_share} to {limits.most_shown_share} passes, and a share near "
                "0 is the frame before it again",
            )
        if seam.frame in repeated:
            yield "fail", f"frame {seam.frame}, where a segment begins, repeats the one before it"


def loudness_findings(
    heard: Heard | None, speech_s: float, limits: JudgeLimits
) -> Iterator[Finding]:
    """What viewers would reach for the volume for; a few words have no steady loudness."""
    if heard is None:
        return
    off_lu = heard.integrated_lufs - (limits.loudness_lufs or 0)
    is_judged = limits.loudness_lufs is not None and speech_s >= limits.least_speech_s
    if is_judged and abs(off_lu) > limits.most_off_lu:
        side = "louder" if off_lu > 0 else "quieter"
        yield (
            "warn",
            f"the sound has {heard.integrated_lufs:.1f} LUFS, {abs(off_lu):.1f} {side} than "
            f"{limits.loudness_lufs}; at most {limits.most_off_lu:.0f} LU pass: render its row "
            f"with --loudness {limits.loudness_lufs}, which delivers it again",
        )
    if heard.true_peak_dbtp > limits.most_true_peak_dbtp:
        yield (
            "warn",
            f"the sound's peaks reach {heard.true_peak_dbtp:.1f} dBTP, at most "
            f"{limits.most_true_peak_dbtp} pass; players may distort them",
        )
