# pyright: reportUnknownVariableType=false
# safetensors leaves its dictionaries open
"""One segment: its job from the plan and the store, its frames from a host, its files, its receipt.

A segment is done when its receipt is there; everything before that can be thrown away.
"""

import hashlib
import platform
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from safetensors.numpy import load_file, save_file

from model.engine import EngineIdentity, Handoff, Pixels, SegmentJob
from model.errors import NightshootError, Rung, StoppedError
from tasks.engines.engine_host import EngineHost, HostRendering
from tasks.engines.host_logs import keep_segment_log
from tasks.errors import (
    DamagedError,
)
from tasks.gate_records import GateFigures
from tasks.media.encode import EncodedSegment, encode_segment, read_png, seam_gates, write_png
from tasks.media.proof_mark import marked
from tasks.plan.audio_window import EngineTrack
from tasks.plan.plan import NEUTRAL
from tasks.records import SegmentPlan, SegmentReceipt, VideoPlan
from tasks.recovery.memory_ladder import effective, settings_after
from tasks.store.campaign_folder import (
    CampaignFolder,
)
from tasks.store.files import part_path


def handoff_sha256(handoff: Handoff | None) -> str:
    """Digest of a handoff's pixels and state; ``neutral`` for none."""
    if handoff is None:
        return NEUTRAL
    digest = hashlib.sha256()
    arrays = {"last_frame": handoff.last_frame, **dict(sorted(handoff.state.items()))}
    for name, array in arrays.items():
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def load_handoff(folder: CampaignFolder, receipt: SegmentReceipt) -> Handoff:
    """The handoff a finished segment left.

    Raises:
        DamagedError: it is not the one its receipt vouches for.
    """
    place = folder.segment_folder(receipt.key)
    handoff = Handoff(
        last_frame=read_png(place / receipt.last_frame.name),
        state=load_file(place / receipt.state.name),
    )
    if handoff_sha256(handoff) != receipt.handoff_sha256:
        raise DamagedError(f"{receipt.last_frame.name}: the handoff differs from its receipt")
    return handoff


def segment_job(
    plan: VideoPlan,
    segment: SegmentPlan,
    *,
    portrait: Pixels,
    track: EngineTrack,
    handoff: Handoff | None,
    identity: EngineIdentity,
    rungs: Sequence[Rung] = (),
) -> SegmentJob:
    """The job of one segment; ``rungs`` are settings that do not change its pixels."""
    window = track.window(segment.start_frame, segment.end_frame, identity)
    return SegmentJob(
        key=segment.key,
        portrait=portrait,
        rig=plan.rig,
        handoff=handoff,
        pcm=window.pcm,
        left_context=window.left_context,
        right_context=window.right_context,
        phonemes=window.phonemes,
        prompt=plan.prompt,
        seed=plan.seeds.get(segment.index, plan.seed if segment.seed is None else segment.seed),
        width=plan.width,
        height=plan.height,
        num_frames=segment.num_frames,
        settings=settings_after(plan, rungs),
    )


class Watch(Protocol):
    """What measures a segment's raw frames on their way to the encoder."""

    def look(self, frames: Pixels) -> None:
        """Take the next frames, ``(F, H, W, 3)``."""
        ...

    def figures(self) -> GateFigures:
        """What was measured, after the last frame."""
        ...


def render_segment(
    plan: VideoPlan,
    job: SegmentJob,
    *,
    host: EngineHost,
    folder: CampaignFolder,
    attempt: int,
    should_stop: Callable[[], bool],
    rungs: Sequence[Rung] = (),
    watch: Watch | None = None,
) -> tuple[SegmentReceipt, HostRendering]:
    """Render a segment and commit it; the receipt is written last.

    Of a try that failed the last lines of all the engine's processes are kept.

    Raises:
        StoppedError: asked to stop between frames.
        EngineLostError: the host died.
        FfmpegError, DiskFullError: the encoder failed.
        NightshootError: what the engine reported.
    """
    place = folder.segment_folder(job.key)
    place.mkdir(parents=True, exist_ok=True)
    parts = {suffix: part_path(place / f"{job.key}{suffix}") for suffix in _SUFFIXES}
    started = time.perf_counter()
    try:
        rendering = host.render(job, should_stop)
        encoded = encode_segment(
            _shown(rendering, plan, watch),
            width=job.width,
            height=job.height,
            num_frames=job.num_frames,
            profile=plan.encode,
            part=parts[".mp4"],
        )
        seconds = time.perf_counter() - started
        write_png(encoded.last_frame, parts[".png"])
        save_file(_saveable(rendering.handoff), parts[".safetensors"])
        receipt = _receipt(job, host, encoded, rendering, parts, folder, attempt, seconds)
        if rungs:
            receipt = receipt.model_copy(update={"rungs": effective(rungs)})
        if watch is not None:
            receipt = receipt.model_copy(update={"figures": watch.figures()})
        return folder.commit_segment(receipt), rendering
    except NightshootError as error:
        if not isinstance(error, StoppedError):
            keep_segment_log(folder, host.log_path, job.key, attempt, str(error))
        raise
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def _shown(rendering: HostRendering, plan: VideoPlan, watch: Watch | None) -> Iterable[Pixels]:
    """The frames to encode; what watches sees them as the engine drew them."""
    frames = rendering if watch is None else _watched(rendering, watch)
    return marked(frames) if plan.is_proof else frames


def _watched(frames: HostRendering, watch: Watch) -> Iterator[Pixels]:
    for chunk in frames:
        watch.look(chunk)
        yield chunk


_SUFFIXES = (".mp4", ".png", ".safetensors")


def _saveable(handoff: Handoff) -> dict[str, np.ndarray]:
    return {name: np.ascontiguousarray(array) for name, array in handoff.state.items()}


def _receipt(
    job: SegmentJob,
    host: EngineHost,
    encoded: EncodedSegment,
    rendering: HostRendering,
    parts: dict[str, Path],
    folder: CampaignFolder,
    attempt: int,
    seconds: float,
) -> SegmentReceipt:
    entries = {suffix: folder.adopt(part, job.key, suffix) for suffix, part in parts.items()}
    before = job.handoff.last_frame if job.handoff else None
    return SegmentReceipt(
        key=job.key,
        engine=host.identity.name,
        num_frames=job.num_frames,
        video=entries[".mp4"],
        last_frame=entries[".png"],
        state=entries[".safetensors"],
        handoff_sha256=handoff_sha256(rendering.handoff),
        started_from_sha256=handoff_sha256(job.handoff),
        media=encoded.media,
        gates=seam_gates(before, encoded),
        engine_seconds=round(rendering.engine_seconds, 3),
        cpu_seconds=round(rendering.cpu_seconds, 3),
        gpu_percents=host.gpu_percents,
        encode_seconds=round(max(0.0, seconds - rendering.engine_seconds), 3),
        attempts=attempt,
        host=socket.gethostname(),
        versions={
            "engine": str(host.identity.version),
            "weights": host.identity.weights_id,
            "python": platform.python_version(),
        },
    )
