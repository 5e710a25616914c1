"""Receipts, failures and errors -> the report's outcomes. Pure."""

import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from model.errors import Fault, NightshootError
from tasks.errors import os_error_text
from tasks.quality.gates.words import told_verdicts
from tasks.records import Failure, VideoOutcome, VideoPlan, VideoReceipt
from tasks.recovery.failures import fault_of, signature_of
from tasks.redaction import shown_url, without_secrets

_WAYS_OUT: dict[Fault, str] = {
    "row": "correct this row, then run the same command again; only what is missing is rendered",
    "resource": "free the memory or disk space that was short, then run the same command again; "
    "finished segments are kept",
    "machine": "run the same command again; finished segments are kept",
    "unknown": "run the same command again; if it fails again, report it and attach logs/",
}


_WAYS_TO_A_PLAN: dict[Fault, str] = {
    "row": "correct this row, then render the manifest again; only what is missing is rendered",
    "resource": "free the memory or disk space that was short, then render the manifest again",
    "machine": "render the manifest again",
    "unknown": "render the manifest again; if it fails again, report it and attach logs/",
}


_WAY_FROM_HELD = (
    "watch it from there; approve it with `nightshoot decide CAMPAIGN VIDEO --approve --as NAME`, "
    "or give its row another seed, script or portrait and render the manifest "
    "again, or raise the limit that is too strict and run `nightshoot judge` on the campaign"
)


class RowName(Protocol):
    """What is known of a row beside its plan."""

    @property
    def video_id(self) -> str:
        """Name of the video."""
        ...

    @property
    def line(self) -> int:
        """Line of the manifest."""
        ...

    @property
    def priority(self) -> int:
        """Higher is rendered earlier."""
        ...


def way_out_of(fault: Fault) -> str:
    """What to do about a failure of this kind."""
    return _WAYS_OUT[fault]


def text_of(error: BaseException) -> str:
    """An error in one line, without the secrets of addresses in it."""
    if isinstance(error, NightshootError):
        return without_secrets(str(error))
    if isinstance(error, OSError) and error.filename:
        return without_secrets(os_error_text(error))
    return without_secrets(f"{type(error).__name__}: {error}")


def preparation_failure(row: RowName, error: BaseException) -> Failure:
    """Why a row has no plan, as the store keeps it for who asks later."""
    fault = fault_of(error)
    return Failure(
        video_id=row.video_id,
        fault=fault,
        signature=signature_of(error, row.video_id),
        message=text_of(error),
        way_out=_WAYS_TO_A_PLAN[fault],
        attempts=0,
        host=socket.gethostname(),
        plan_sha256="",
        is_quarantined=False,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def failure_outcome(row: RowName, failure: Failure) -> VideoOutcome:
    """Outcome of a video that failed."""
    return VideoOutcome(
        video_id=row.video_id,
        line=row.line,
        status="quarantined" if failure.is_quarantined else "failed",
        error=without_secrets(failure.message),
        way_out=failure.way_out,
        looked_at=failure.plan_sha256,
    )


def done_outcome(
    row: RowName, receipt: VideoReceipt, path: str, *, is_fresh: bool = False
) -> VideoOutcome:
    """Outcome of a finished video, done or held; ``is_fresh`` if this run finished it."""
    told = told_verdicts(receipt.gates)
    warned = () if receipt.is_held or not told else (told,)
    return VideoOutcome(
        video_id=row.video_id,
        line=row.line,
        status="held" if receipt.is_held else "done",
        error=told if receipt.is_held else "",
        way_out=_WAY_FROM_HELD if receipt.is_held else "",
        gates=receipt.gates,
        path=path,
        duration_s=receipt.duration_s,
        num_frames=receipt.num_frames,
        num_segments=len(receipt.segment_keys),
        num_segments_rendered=receipt.num_segments_rendered if is_fresh else 0,
        engine_seconds=receipt.engine_seconds,
        seconds=receipt.seconds,
        warnings=(*receipt.warnings, *warned),
        is_preview=receipt.is_preview,
        loudness_lufs=receipt.loudness.integrated_lufs if receipt.loudness else None,
        true_peak_dbtp=receipt.loudness.true_peak_dbtp if receipt.loudness else None,
        looked_at=receipt.file.sha256,
    )


def pending_outcome(row: RowName, plan: VideoPlan | None, note: str = "") -> VideoOutcome:
    """Outcome of a video that was not finished; ``note`` says why not."""
    return VideoOutcome(
        video_id=row.video_id,
        line=row.line,
        status="pending",
        num_segments=len(plan.segments) if plan else 0,
        warnings=(plan.warnings if plan else ()) + ((note,) if note else ()),
    )


def name_of(manifest: str | Path) -> str:
    """A manifest's name for people: without its folder, and without an address's secrets."""
    text = str(manifest)
    shown = shown_url(text) if "://" in text else text
    return shown.split("?")[0].rsplit("/", 1)[-1]
