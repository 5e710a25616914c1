"""Segments + speech -> the finished video: stitched, captioned, checked, its receipt last."""

import contextlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.canonical_json import canonical_sha256
from tasks.errors import DamagedError, FfmpegError
from tasks.gate_records import GateVerdict, VideoCurves
from tasks.media.captions import captions, to_srt, to_vtt
from tasks.media.contact_sheets import contact_sheet, keep_stills, sheets_folder, stills_folder
from tasks.media.earlier_video import keep_earlier
from tasks.media.posters import keep_poster, posters_folder
from tasks.media.stitch import stitch_video
from tasks.records import SegmentFigures, SegmentReceipt, VideoPlan, VideoReceipt
from tasks.recovery.memory_ladder import describe_silent_changes
from tasks.speech_records import Speech
from tasks.store.campaign_folder import (
    CampaignFolder,
)
from tasks.store.entries import (
    entry_of,
)
from tasks.store.files import write_file
from tasks.store.record_json import record_bytes

# Raised by every change that makes another file of the same segments.
DELIVERY_VERSION = 1
_PREVIEW_COMMENT = "Preview: made by the preview engine to check script, voice, timing and cuts"


def delivery_sha256(plan: VideoPlan, speech: Speech) -> str:
    """Digest of all that a finished video and its captions depend on."""
    # named only where they are given, so that videos finished before they existed stay finished
    allowed = {"smaller_size": plan.smaller_size} if plan.smaller_size else {}
    heard = {} if plan.loudness_lufs is None else {"loudness_lufs": plan.loudness_lufs}
    return canonical_sha256(
        allowed
        | heard
        | {
            "version": DELIVERY_VERSION,
            "video_id": plan.video_id,
            "title": plan.title,
            "segments": [[segment.key, segment.num_frames] for segment in plan.segments],
            "speech": speech.file_sha256,
            "cues": [cue.model_dump() for cue in speech.cues],
            "is_preview": plan.is_preview,
            "encode": plan.encode.model_dump(),
        }
    )


@dataclass(frozen=True)
class VideoParts:
    """What is told of how a video was made.

    Attributes:
        plan_sha256: of the plan that was asked for.
        num_segments_rendered: by this run.
        seconds: of this run.
        gates: what they found wrong.
        is_judged: whether gates have looked at it.
        curves: of its figures, for the report.
    """

    plan_sha256: str
    num_segments_rendered: int = 0
    seconds: float = 0.0
    gates: tuple[GateVerdict, ...] = ()
    is_judged: bool = False
    curves: VideoCurves | None = None


def deliver_video(
    plan: VideoPlan,
    receipts: Sequence[SegmentReceipt],
    speech: Speech,
    folder: CampaignFolder,
    making: VideoParts,
) -> VideoReceipt:
    """Stitch, caption and check one video; its receipt is written last.

    A finished file that an earlier plan made is kept in `earlier/`.

    Raises:
        StitchError, FfmpegError, DiskFullError: nothing was written under the final name.
    """
    keep_earlier(folder, plan.video_id, making.plan_sha256)
    folder.discard_video(plan.video_id)
    folder.videos.mkdir(parents=True, exist_ok=True)
    output = folder.video_path(plan.video_id)
    with tempfile.TemporaryDirectory(prefix="nightshoot-stitch-") as scratch:
        stitched = stitch_video(
            [
                (folder.segment_folder(receipt.key) / receipt.video.name, receipt.media)
                for receipt in receipts
            ],
            folder.speech / f"{speech.speech_id}.wav",
            num_frames=plan.num_frames,
            profile=plan.encode,
            output=output,
            metadata=_metadata(plan),
            scratch=Path(scratch),
            loudness_lufs=plan.loudness_lufs,
        )
    receipt = VideoReceipt(
        video_id=plan.video_id,
        plan_sha256=making.plan_sha256,
        segment_keys=tuple(segment.key for segment in plan.segments),
        file=entry_of(output),
        captions=tuple(entry_of(path) for path in _write_captions(plan, speech, folder)),
        num_frames=plan.num_frames,
        duration_s=plan.num_frames / plan.fps,
        checks=stitched.checks.model_dump(),
        num_segments_rendered=making.num_segments_rendered,
        engine_seconds=round(sum(receipt.engine_seconds for receipt in receipts), 3),
        seconds=round(making.seconds, 3),
        warnings=(
            *plan.warnings,
            *describe_silent_changes(receipts),
            *stitched.loudness.warnings,
        ),
        is_preview=plan.is_preview,
        prompt=plan.prompt,
        settings=plan.settings,
        engine=plan.engine,
        size=f"{plan.width}x{plan.height}",
        segments=tuple(_figures(receipt) for receipt in receipts),
        loudness=stitched.loudness,
        gates=making.gates,
        is_judged=making.is_judged,
        curves=making.curves,
    )
    folder.commit_video(receipt)
    with contextlib.suppress(FfmpegError, DamagedError):  # the report tries again, and says why
        _keep_pictures(plan, receipt, output, folder)
    return receipt


def _figures(receipt: SegmentReceipt) -> SegmentFigures:
    return SegmentFigures(
        num_frames=receipt.num_frames,
        engine_seconds=receipt.engine_seconds,
        cpu_seconds=receipt.cpu_seconds,
        gpu_percents=receipt.gpu_percents,
        host=receipt.host,
    )


def _keep_pictures(
    plan: VideoPlan, receipt: VideoReceipt, video: Path, folder: CampaignFolder
) -> None:
    """Make the report's pictures while other videos render and this one is at hand."""
    if folder.bucket is not None:  # the sheet is named by the receipt, which is in the bucket
        write_file(video.with_suffix(".json"), record_bytes(receipt))
    sheet, _ = contact_sheet(
        video,
        sheets_folder(folder.root),
        num_frames=receipt.num_frames,
        fps=receipt.num_frames / receipt.duration_s,
    )
    poster = keep_poster(
        video, receipt.file.sha256, posters_folder(folder.root), (plan.width, plan.height)
    )
    stills = keep_stills(video, receipt, stills_folder(folder.root))
    folder.publish(sheet, poster, *([stills] if stills else []))


def _metadata(plan: VideoPlan) -> dict[str, str]:
    comment = {"comment": _PREVIEW_COMMENT} if plan.is_preview else {}
    return {"title": plan.title or plan.video_id} | comment


def _write_captions(plan: VideoPlan, speech: Speech, folder: CampaignFolder) -> list[Path]:
    cues = captions(speech, end_frame=plan.num_frames, fps=plan.fps)
    if not cues:
        for suffix in (".srt", ".vtt"):
            (folder.videos / f"{plan.video_id}{suffix}").unlink(missing_ok=True)
        return []
    return [
        write_file(folder.videos / f"{plan.video_id}.srt", to_srt(cues).encode()),
        write_file(folder.videos / f"{plan.video_id}.vtt", to_vtt(cues).encode()),
    ]
