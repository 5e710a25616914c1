"""Judge a finished video from its pixels and its sound alone, whichever engine made it.

Four questions: does the mouth follow the sound (tasks/quality/lipsync.py), is it the portrait's
face to the end (tasks/quality/identity.py), do the seams show (tasks/quality/seams.py), would a
viewer see something wrong with the presenter (tasks/quality/looks/)? Frames stream through and are
dropped; what is kept of each is a mouth of 20x17 grey pixels and some numbers.

Mesh or rig: where the mesh can be trusted in the portrait, faces are followed by it from frame to
frame. Where it cannot (stylised faces), the portrait's rig says where face and mouth are, and the
head is taken to stay there; the lips are then judged by the pixels of the mouth alone.
"""

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from model.engine import Pixels
from model.preview.face import Landmarks, find_faces, jitter, refine
from model.preview.features import locate
from model.preview.fit import fit
from tasks.media.mp4 import Track, read_mp4
from tasks.media.sound import MOST_OFF_LU, MOST_TRUE_PEAK_DBTP, Heard, measure_loudness
from tasks.portrait.picture import read_portrait
from tasks.quality.decoding import frames_of, sound_of
from tasks.quality.identity import (
    FACE_SIZE,
    MOUTH_SIZE,
    FaceViews,
    Vector,
    crop,
    drift_per_minute,
    edges,
    mouth_gap,
    views_of_features,
    views_of_landmarks,
)
from tasks.quality.lipsync import (
    Curve,
    filled,
    levels_by_frame,
    main_motion,
    open_in_silence,
    speech_levels,
    speech_seconds,
    spread,
    sync_of_motion,
    sync_of_opening,
)
from tasks.quality.looks.faults import Fault, LookLimits
from tasks.quality.looks.presenter_watch import PresenterWatch
from tasks.quality.seams import (
    SIDE,
    Luma,
    luma_of,
    reduced,
    shown_share,
    unexplained_beside,
    unexplained_step,
)
from tasks.records import Record

Verdict = Literal["pass", "warn", "fail"]
Finding: TypeAlias = tuple[Verdict, str]

_SEAM_REACH = 2 * SIDE  # frames on either side of a seam that are looked at
_LOST_SCORE = 0.4
_SEARCH_EVERY = 25  # frames between two searches for a face that was lost
_WAY_TO_A_RIG = "for a stylised face give its portrait, with a rig (`nightshoot rig PORTRAIT`)"


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


class VideoJudgement(Record):
    """Verdict on one video, what was measured, and in sentences why."""

    path: Path
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    num_frames: int
    duration_s: float
    speech_s: float
    seen: float = Field(description="Share of frames in which the face was seen.")
    lip_sync: LipSync | None
    identity: Identity | None
    seams: tuple[Seam, ...] = ()
    faults: tuple[Fault, ...] = Field(default=(), description="What viewers see, by second.")
    integrated_lufs: float | None = Field(default=None, description="None: there is no sound.")
    true_peak_dbtp: float | None = Field(default=None, description="None: there is no sound.")


@dataclass(frozen=True)
class RawSeam:
    """The raw frames beside a seam, before they were encoded: ``(H, W, 3)`` uint8 RGB."""

    before: Pixels
    after: Pixels


def judge_video(
    path: Path,
    *,
    portrait: Path | None = None,
    boundaries: Sequence[int] = (),
    rig: Mapping[str, object] | None = None,
    limits: JudgeLimits | None = None,
    look_limits: LookLimits | None = None,
    raw_seams: Mapping[int, RawSeam] | None = None,
    repeated: Collection[int] = (),
) -> VideoJudgement:
    """Measure ``path`` and say whether it passes.

    Args:
        path: a finished MP4.
        portrait: whom it must show; None compares with its own first frame.
        boundaries: first frames of all segments but the first.
        rig: of the portrait, used where the mesh cannot be trusted in it.
        limits: when it passes.
        look_limits: from where on viewers see a fault.
        raw_seams: raw frames by boundary, where they are known.
        repeated: boundaries whose receipts say that the reference was emitted again.

    Raises:
        ValueError: a boundary outside the video, or a rig without its portrait.
        Mp4Error: no whole MP4.
        FfmpegError: it cannot be decoded.
        PortraitError: the portrait cannot be read.
    """
    limits = limits or JudgeLimits()
    movie = read_mp4(path)
    track = movie.track("vide")
    _check_boundaries((*boundaries, *repeated, *(raw_seams or {})), boundaries, track.num_packets)
    watch = _Watch(_reference(portrait, rig, track, limits), limits)
    seams = _SeamWatch(boundaries, raw_seams or {})
    fps = track.num_packets * track.timescale / sum(track.durations)
    sound = sound_of(path, movie, track.num_packets / fps)
    presenter = PresenterWatch(
        None if portrait is None else read_portrait(portrait),
        is_rigged=rig is not None,
        levels=levels_by_frame(speech_levels(sound), track.num_packets, fps),
        fps=fps,
        limits=look_limits or LookLimits(),
    )
    with closing(frames_of(path, track)) as frames:
        for frame in frames:
            watch.look(frame)
            seams.look(frame)
            presenter.look(frame)
    faults = presenter.faults()
    speech_s = speech_seconds(sound)
    lip_sync = _lip_sync(watch, sound, fps, limits) if speech_s >= limits.least_speech_s else None
    identity = watch.identity(fps)
    findings: list[Finding] = [*fault_findings(faults), *watch.doubts]
    has_sound = any(each.kind == "soun" for each in movie.tracks)
    seconds = watch.num_frames / fps
    heard = measure_loudness(path, None, seconds=seconds) if has_sound else None
    findings += sight_findings(watch.seen, speech_s if has_sound else None, limits)
    findings += lip_sync_findings(lip_sync, limits)
    findings += identity_findings(identity, limits)
    findings += seam_findings(seams.found(), repeated, limits)
    findings += loudness_findings(heard, speech_s, limits)
    return VideoJudgement(
        path=path,
        verdict=worst(findings),
        reasons=tuple(sentence for _, sentence in findings),
        num_frames=watch.num_frames,
        duration_s=round(seconds, 3),
        speech_s=round(speech_s, 2),
        seen=round(watch.seen, 3),
        lip_sync=lip_sync,
        identity=identity,
        seams=seams.found(),
        faults=faults,
        integrated_lufs=heard.integrated_lufs if heard else None,
        true_peak_dbtp=heard.true_peak_dbtp if heard else None,
    )


def worst(findings: Sequence[Finding]) -> Verdict:
    """The gravest verdict; a pass if nothing was found."""
    verdicts = [verdict for verdict, _ in findings]
    return "fail" if "fail" in verdicts else "warn" if "warn" in verdicts else "pass"


def _check_boundaries(named: Sequence[int], boundaries: Sequence[int], num_frames: int) -> None:
    outside = [frame for frame in named if not 0 < frame < num_frames]
    if outside:
        raise ValueError(f"boundaries must be 1 to {num_frames - 1}, got {outside}")
    unknown = sorted(set(named) - set(boundaries))
    if unknown:
        raise ValueError(f"frames {unknown} are named as seams, but are not boundaries")


# --- sentences ----------------------------------------------------------------------------------


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
            f"must; {_WAY_TO_A_RIG}",
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


# --- looking ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Reference:
    """Whom the video must show, and where its face lies if a rig has to say so."""

    face: Vector | None
    placed: FaceViews | None
    doubts: tuple[Finding, ...] = ()


def _reference(
    portrait: Path | None, rig: Mapping[str, object] | None, track: Track, limits: JudgeLimits
) -> _Reference:
    if portrait is None:
        if rig is not None:
            raise ValueError("a rig is given in its portrait's pixels: name the portrait, too")
        return _Reference(None, None)
    pixels = read_portrait(portrait)
    faces = find_faces(pixels)
    doubt = "no face was found in the portrait"
    if faces:
        doubt = _mesh_doubt(pixels, faces[0].landmarks, faces[0].score, limits)
    if doubt and rig is not None:
        features = locate(pixels, rig)
        assert features is not None  # a rig always places one
        fitted = fit(pixels, features, track.width, track.height)
        views = views_of_features(features.placed(fitted.scale, fitted.shift))
        return _Reference(edges(crop(fitted.picture, views.face, FACE_SIZE)), views)
    doubts: tuple[Finding, ...] = (("warn", f"{doubt}; {_WAY_TO_A_RIG}"),) if doubt else ()
    if not faces:
        return _Reference(None, None, doubts)
    views = views_of_landmarks(faces[0].landmarks)
    return _Reference(edges(crop(pixels, views.face, FACE_SIZE)), None, doubts)


def _mesh_doubt(pixels: Pixels, landmarks: Landmarks, score: float, limits: JudgeLimits) -> str:
    """Why the mesh cannot be trusted on a picture; empty if it can."""
    if score < limits.good_score:
        return f"the face mesh is only {score:.2f} sure of the face"
    unsteady = jitter(pixels, landmarks)
    if unsteady > limits.good_jitter:
        return f"the landmarks move by {unsteady:.3f} of the face's width on one picture"
    return ""


class _Watch:
    """Follows the face from frame to frame and keeps what is measured on it."""

    def __init__(self, reference: _Reference, limits: JudgeLimits) -> None:
        self._reference, self._limits = reference, limits
        self._face = reference.face
        self._landmarks: Landmarks | None = None
        self._search_at = 0
        self._is_first_face = True
        self._mouths: list[NDArray[np.uint8]] = []
        self._is_seen: list[bool] = []
        self._gaps: list[float] = []
        self._likeness: list[float] = []
        self.doubts: list[Finding] = list(reference.doubts)

    @property
    def num_frames(self) -> int:
        """Frames looked at."""
        return len(self._is_seen)

    @property
    def seen(self) -> float:
        """Share of frames in which the face was seen."""
        return sum(self._is_seen) / max(self.num_frames, 1)

    @property
    def gaps(self) -> Curve | None:
        """``(F,)`` opening of the mouth over the eye distance, NaN where unseen; None by rig."""
        return None if self._reference.placed else np.array(self._gaps)

    @property
    def mouths(self) -> NDArray[np.uint8]:
        """``(F, P)`` the mouth's pixels; where it is unseen, those seen last (or first)."""
        latest = np.maximum(np.cumsum(self._is_seen) - 1, 0)
        return np.stack(self._mouths)[latest]

    def look(self, frame: Pixels) -> None:
        """Take one frame, ``(H, W, 3)`` RGB."""
        views = self._views(frame)
        self._is_seen.append(views is not None)
        if views is None:
            self._likeness.append(float("nan"))
            return
        self._mouths.append(crop(frame, views.mouth, MOUTH_SIZE).ravel())
        face = edges(crop(frame, views.face, FACE_SIZE))
        if self._face is None:
            self._face = face
        self._likeness.append(float(face @ self._face))

    def _views(self, frame: Pixels) -> FaceViews | None:
        if self._reference.placed:
            return self._reference.placed
        self._landmarks = self._followed(frame)
        self._gaps.append(float("nan") if self._landmarks is None else mouth_gap(self._landmarks))
        return None if self._landmarks is None else views_of_landmarks(self._landmarks)

    def _followed(self, frame: Pixels) -> Landmarks | None:
        if self._landmarks is not None:
            landmarks, score = refine(frame, self._landmarks)
            if score >= _LOST_SCORE:
                return landmarks
        if self.num_frames < self._search_at:
            return None
        self._search_at = self.num_frames + _SEARCH_EVERY
        faces = find_faces(frame)
        if not faces:
            return None
        if self._is_first_face and self._reference.face is None:
            doubt = _mesh_doubt(frame, faces[0].landmarks, faces[0].score, self._limits)
            if doubt:
                self.doubts.append(("warn", f"{doubt}; {_WAY_TO_A_RIG}"))
        self._is_first_face = False
        return faces[0].landmarks

    def identity(self, fps: float) -> Identity | None:
        """Likeness over the whole video; None if no face was seen."""
        likeness = np.array(self._likeness)
        known = likeness[np.isfinite(likeness)]
        if not len(known):
            return None
        return Identity(
            reference="first frame" if self._reference.face is None else "portrait",
            p5=round(float(np.percentile(known, 5)), 4),
            median=round(float(np.median(known)), 4),
            drift_per_minute=round(drift_per_minute(filled(likeness), fps), 4),
        )


def _lip_sync(
    watch: _Watch, sound: NDArray[np.int16], fps: float, limits: JudgeLimits
) -> LipSync | None:
    """The better of the mesh's gap and the mouth's pixels; None if too little was seen."""
    if watch.seen < limits.least_seen:
        return None
    levels = speech_levels(sound)
    motion, gaps = main_motion(watch.mouths), watch.gaps
    by_pixels = sync_of_motion(motion, levels, fps)
    found, seen_by = by_pixels, "pixels"
    if gaps is not None:
        by_mesh = sync_of_opening(gaps, levels, fps)
        if by_mesh.z >= found.z:
            found, seen_by = by_mesh, "mesh"
    left_open = None if gaps is None else open_in_silence(gaps, levels, fps)
    return LipSync(
        r=round(found.r, 3),
        lag_ms=round(found.lag_ms, 1),
        z=round(found.z, 2),
        seen_by=seen_by,
        gap_range=None if gaps is None else round(spread(gaps), 4),
        motion_range=round(max(by_pixels.r, 0.0) * spread(motion), 2),
        open_in_silence=None if left_open is None else round(left_open, 4),
    )


class _SeamWatch:
    """Measures every seam from the frames around it, and keeps no more than those."""

    def __init__(self, boundaries: Sequence[int], raw_seams: Mapping[int, RawSeam]) -> None:
        self._open = deque(sorted(set(boundaries)))
        self._raw = raw_seams
        self._num_frames = 0
        self._near: dict[int, tuple[Luma, float]] = {}
        self._shares: dict[int, float] = {}
        self._found: list[Seam] = []

    def look(self, frame: Pixels) -> None:
        """Take the next frame."""
        index = self._num_frames
        self._num_frames += 1
        if any(seam - _SEAM_REACH <= index < seam + _SEAM_REACH for seam in self._soon()):
            luma = luma_of(frame)
            self._near[index] = reduced(luma), float(luma.mean())
            if index in self._raw:
                raw = self._raw[index]
                self._shares[index] = shown_share(frame, raw.before, raw.after)
        while self._open and index >= self._open[0] + _SEAM_REACH - 1:
            self._close(self._open.popleft())

    def found(self) -> tuple[Seam, ...]:
        """All seams; called when the video has ended."""
        while self._open:
            self._close(self._open.popleft())
        return tuple(self._found)

    def _soon(self) -> list[int]:
        return list(islice(self._open, 2 * _SEAM_REACH + 1))

    def _close(self, seam: int) -> None:
        before = [self._near[k][0] for k in range(seam - _SEAM_REACH, seam) if k in self._near]
        after = [self._near[k][0] for k in range(seam, seam + _SEAM_REACH) if k in self._near]
        share = self._shares.pop(seam, None)
        self._found.append(
            Seam(
                frame=seam,
                unexplained_step=round(unexplained_step(before[-SIDE:], after[:SIDE]), 3),
                unexplained_beside=round(unexplained_beside(before, after), 3),
                mean_step=round(self._near[seam][1] - self._near[seam - 1][1], 3),
                shown_share=None if share is None else round(share, 3),
            )
        )
        first = self._open[0] if self._open else self._num_frames + _SEAM_REACH
        for index in [k for k in self._near if k < first - _SEAM_REACH]:
            del self._near[index]
