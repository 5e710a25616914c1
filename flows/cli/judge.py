"""`nightshoot judge`: measure finished videos; seams where our receipts say they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Group
from rich.table import Table
from rich.text import Text

from tasks.errors import (
    DamagedError,
    counted,
)
from tasks.media.sound import DEFAULT_LUFS
from tasks.portrait.portrait import read_rig, rig_path_of
from tasks.quality.findings import JudgeLimits, Seam, worst
from tasks.quality.gates.words import minutes
from tasks.quality.judgement import VideoJudgement, judge_video
from tasks.quality.looks.faults import LookLimits, look_limits_of
from tasks.records import SegmentReceipt
from tasks.store.campaign_folder import (
    CampaignFolder,
)
from tasks.upkeep.freed_segments import told_segment

_VERDICT_STYLES = {"pass": "green", "warn": "yellow", "fail": "red"}


@dataclass(frozen=True)
class KnownSeams:
    """First frames of a video's segments but the first; ``doubt`` says why they are unknown.

    ``loudness_lufs`` is what the video was to have; of a video without a receipt that says so, what
    videos have by default.
    """

    boundaries: tuple[int, ...] = ()
    repeated: tuple[int, ...] = ()
    doubt: str = ""
    loudness_lufs: int | None = DEFAULT_LUFS


@dataclass(frozen=True)
class Shown:
    """Whom a video must show: the picture, the rig in its pixels, the engine's limits."""

    portrait: Path | None
    rig: Mapping[str, object] | None = None
    limits: LookLimits = field(default_factory=LookLimits)


def judge_all(videos: Sequence[Path], portrait: Path | None) -> list[VideoJudgement]:
    """Judge each video, against ``portrait`` and the rig beside it.

    Without one, a campaign's video is compared with the portrait it was planned with, any other
    with its own first frame.

    Raises:
        Mp4Error, FfmpegError: a video cannot be read.
        PortraitError: the portrait or its rig cannot be read.
    """
    rig_path = None if portrait is None else rig_path_of(portrait)
    rig = read_rig(rig_path) if rig_path is not None and rig_path.exists() else None
    named = None if portrait is None else Shown(portrait, rig)
    return [_judged(video, named or planned_presenter(video)) for video in videos]


def planned_presenter(video: Path) -> Shown:
    """Whom a campaign's video was planned with; nobody for a video that is not in a campaign."""
    folder = CampaignFolder(video.absolute().parents[1])
    if video.absolute().parent != folder.videos:
        return Shown(None)
    try:
        stored, receipt = folder.read_plan(video.stem), folder.find_video(video.stem)
    except DamagedError:
        return Shown(None)  # known_seams tells it
    if stored is None or receipt is None or receipt.plan_sha256 != stored.sha256:
        return Shown(None)
    portrait = folder.portrait(stored.plan.portrait)
    if not portrait.exists():
        return Shown(None)
    limits = look_limits_of(is_preview=stored.plan.is_preview)
    return Shown(portrait, stored.plan.rig, limits)


def _judged(video: Path, shown: Shown) -> VideoJudgement:
    seams = known_seams(video)
    judged = judge_video(
        video,
        portrait=shown.portrait,
        boundaries=seams.boundaries,
        rig=shown.rig,
        look_limits=shown.limits,
        repeated=seams.repeated,
        limits=JudgeLimits(loudness_lufs=seams.loudness_lufs),
    )
    if not seams.doubt:
        return judged
    return judged.model_copy(
        update={
            "verdict": worst([(judged.verdict, ""), ("warn", seams.doubt)]),
            "reasons": (*judged.reasons, f"the seams were not judged: {seams.doubt}"),
        }
    )


def known_seams(video: Path) -> KnownSeams:
    """Where a campaign's video has its seams; none for a video that is not in a campaign."""
    folder = CampaignFolder(video.absolute().parents[1])
    if video.absolute().parent != folder.videos:
        return KnownSeams()
    try:
        receipt = folder.find_video(video.stem)
        if receipt is None or receipt.file.name != video.name:
            return KnownSeams()
        segments = [told_segment(folder, key) for key in receipt.segment_keys]
    except DamagedError as error:
        return KnownSeams(doubt=f"{error}; run the campaign's render command again")
    found = [segment for segment in segments if segment is not None]
    lufs = receipt.loudness.target_lufs if receipt.loudness else DEFAULT_LUFS
    if len(found) < len(segments):
        missing = len(segments) - len(found)
        return KnownSeams(
            doubt=f"the receipts of {missing} of {counted(len(segments), 'segment')} are missing",
            loudness_lufs=lufs,
        )
    return seams_of(found, lufs)


def seams_of(
    receipts: Sequence[SegmentReceipt], loudness_lufs: int | None = DEFAULT_LUFS
) -> KnownSeams:
    """Boundaries of segments in order, and those that repeat a frame."""
    starts: list[int] = []
    total = 0
    for receipt in receipts:
        starts.append(total)
        total += receipt.num_frames
    pairs = list(zip(starts, receipts, strict=True))[1:]
    return KnownSeams(
        boundaries=tuple(start for start, _ in pairs),
        repeated=tuple(start for start, each in pairs if each.gates.get("is_seam_duplicate")),
        loudness_lufs=loudness_lufs,
    )


def judgement_table(judged: Sequence[VideoJudgement]) -> Group:
    """What `nightshoot judge` prints: what is wrong and when, the figures, what columns mean."""
    return Group(_verdicts(judged), Text(), _figures(judged), Text(), _legend())


def _verdicts(judged: Sequence[VideoJudgement]) -> Table:
    """A line for each thing that is wrong; one for a video that passes."""
    table = Table("video", "verdict", "from", "what is wrong", box=None)
    for each in judged:
        name = Text(each.path.name)
        verdict = Text(each.verdict, style=_VERDICT_STYLES[each.verdict])
        lines = [(minutes(fault.second), fault.words) for fault in each.faults]
        lines += [("", reason) for reason in each.reasons[len(each.faults) :]]
        for number, (second, words) in enumerate(lines or [("", "")]):
            first = (name, verdict) if number == 0 else ("", "")
            table.add_row(*first, second, Text(words))
    return table


def _figures(judged: Sequence[VideoJudgement]) -> Table:
    table = Table("video", box=None)
    for name in ("s", "z", "lag ms", "r", "range", "likeness", "seams: m8, step", "LUFS", "dBTP"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in judged:
        table.add_row(
            Text(each.path.name),
            f"{each.duration_s:.1f}",
            *_lip_sync_cells(each),
            "-" if each.identity is None else f"{each.identity.p5:.3f}",
            _seam_cell(each.seams),
            *_loudness_cells(each),
        )
    return table


def _legend() -> Table:
    """Every column in words, with its unit and the limits that a verdict goes by."""
    limits = JudgeLimits()
    meanings = {
        "s": "length of the video in seconds",
        "z": "lip-sync: how far the mouth follows its own sound better than the same sound moved "
        f"in time, in standard deviations; passes from {limits.good_z:g}, fails below "
        f"{limits.least_z:g}",
        "lag ms": "how many milliseconds the mouth comes after the sound (minus: before it); at "
        f"most {limits.most_lag_ms:g} either way",
        "r": "correlation of mouth and sound at that lag, -1 to 1; no limit",
        "range": "how far the mouth opens and closes, as a share of the distance between the eyes; "
        f'at least {limits.least_gap_range:g}. With "grey": how much its pixels change, in grey '
        f"levels of 255. A mouth passes whose pixels change by {limits.least_motion:g}",
        "likeness": "of the upper face to the portrait, or to the first frame without --portrait, "
        "0 to 1: 95 of 100 frames looked at are at least so alike; at least "
        f"{limits.least_identity:g}",
        "seams: m8, step": "where segments meet, the worst of all. m8: change of the picture that "
        "motion does not explain, in grey levels at an eighth of the size; at most "
        f"{limits.most_unexplained_step:g}, or as much as beside the seam. step: change of the "
        f"mean brightness, in grey levels; at most {limits.most_mean_step:g}",
        "LUFS": "loudness as viewers hear it (EBU R 128); at most "
        f"{limits.most_off_lu:g} LU from what the video was made with, by default {DEFAULT_LUFS}",
        "dBTP": f"highest true peak, in decibels; at most {limits.most_true_peak_dbtp:g}",
        "-": "not measured; the first table says why, where that matters",
    }
    legend = Table(show_header=False, box=None, padding=(0, 1, 0, 0))
    legend.add_column(no_wrap=True)
    legend.add_column()
    for name, meaning in meanings.items():
        legend.add_row(name, meaning)
    return legend


def _lip_sync_cells(judged: VideoJudgement) -> tuple[str, str, str, str]:
    found = judged.lip_sync
    if found is None:
        return "-", "-", "-", "-"
    moved = f"{found.motion_range:.1f} grey"
    if found.gap_range is not None:
        moved = f"{found.gap_range:.3f}"
    return f"{found.z:.1f}", f"{found.lag_ms:+.0f}", f"{found.r:.2f}", moved


def _loudness_cells(judged: VideoJudgement) -> tuple[str, str]:
    if judged.integrated_lufs is None or judged.true_peak_dbtp is None:
        return "-", "-"
    return f"{judged.integrated_lufs:.1f}", f"{judged.true_peak_dbtp:.1f}"


def _seam_cell(seams: Sequence[Seam]) -> str:
    """The worst of every figure."""
    if not seams:
        return "-"
    step = max(abs(seam.mean_step) for seam in seams)
    return f"{max(seam.unexplained_step for seam in seams):.2f}, {step:.2f}"
