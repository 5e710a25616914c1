"""Judge a finished video from its pixels and its sound alone, whichever engine made it.

Four questions: does the mouth follow the sound (tasks/quality/lipsync.py), is it the portrait's
face to the end (tasks/quality/identity.py), do the seams show (tasks/quality/seams.py), would a
viewer see something wrong with the presenter (tasks/quality/looks/)? Frames stream through and are
dropped; what is kept of each is a mouth of 20x17 grey pixels and some numbers.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from pydantic import Field

from tasks.media.mp4 import read_mp4
from tasks.media.sound import measure_loudness
from tasks.portrait.picture import read_portrait
from tasks.quality.decoding import frames_of, sound_of
from tasks.quality.face_watch import FaceWatch, lip_sync_of, reference_of
from tasks.quality.findings import (
    Finding,
    Identity,
    JudgeLimits,
    LipSync,
    Seam,
    Verdict,
    fault_findings,
    identity_findings,
    lip_sync_findings,
    loudness_findings,
    seam_findings,
    sight_findings,
    worst,
)
from tasks.quality.lipsync import levels_by_frame, speech_levels, speech_seconds
from tasks.quality.looks.faults import Fault, LookLimits
from tasks.quality.looks.presenter_watch import PresenterWatch
from tasks.quality.seam_watch import RawSeam, SeamWatch
from tasks.records import Record


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
    watch = FaceWatch(reference_of(portrait, rig, track, limits), limits)
    seams = SeamWatch(boundaries, raw_seams or {})
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
    lip_sync = lip_sync_of(watch, sound, fps, limits) if speech_s >= limits.least_speech_s else None
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


def _check_boundaries(named: Sequence[int], boundaries: Sequence[int], num_frames: int) -> None:
    outside = [frame for frame in named if not 0 < frame < num_frames]
    if outside:
        raise ValueError(f"boundaries must be 1 to {num_frames - 1}, got {outside}")
    unknown = sorted(set(named) - set(boundaries))
    if unknown:
        raise ValueError(f"frames {unknown} are named as seams, but are not boundaries")
