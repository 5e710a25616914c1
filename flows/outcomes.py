"""Receipts and errors -> the report's outcomes. Pure."""

from model.errors import NightshootError
from tasks.records import ManifestRow, VideoOutcome, VideoPlan, VideoReceipt

_WAYS_OUT = {
    "row": "correct this row, then run the same command: only what is missing is made",
    "resource": "free what is short, then run the same command: finished segments are kept",
    "machine": "run the same command again: finished segments are kept",
    "unknown": "run the same command again; if it fails again, report it with logs/",
}


def failed_outcome(row: ManifestRow, error: BaseException) -> VideoOutcome:
    """Outcome of a row that failed."""
    fault = error.fault if isinstance(error, NightshootError) else "unknown"
    text = str(error) if isinstance(error, NightshootError) else f"{type(error).__name__}: {error}"
    return VideoOutcome(
        video_id=row.video_id,
        line=row.line,
        status="failed",
        error=text,
        way_out=_WAYS_OUT[fault],
    )


def done_outcome(row: ManifestRow, receipt: VideoReceipt, path: str) -> VideoOutcome:
    """Outcome of a video on which nothing was left to do."""
    return VideoOutcome(
        video_id=row.video_id,
        line=row.line,
        status="done",
        path=path,
        duration_s=receipt.duration_s,
        num_frames=receipt.num_frames,
        num_segments=len(receipt.segment_keys),
        warnings=receipt.warnings,
        is_preview=receipt.is_preview,
    )


def pending_outcome(row: ManifestRow, plan: VideoPlan | None) -> VideoOutcome:
    """Outcome of a video that was not finished."""
    return VideoOutcome(
        video_id=row.video_id,
        line=row.line,
        status="pending",
        num_segments=len(plan.segments) if plan else 0,
        warnings=plan.warnings if plan else (),
    )
