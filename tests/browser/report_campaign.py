"""A small campaign with real videos, for the tests of the report."""

import hashlib
from pathlib import Path

from tasks.gate_records import VideoCurves
from tasks.processes.ffmpeg import run_ffmpeg
from tasks.records import FileEntry, VideoOutcome, VideoReceipt

FPS = 25
CURVES = VideoCurves(
    frames_per_point=12,
    sync=(0.8, 0.8, 0.3, 0.4, None),
    identity=(0.97, 0.98, 0.97, 0.96, 0.95),
    drift=(0.1, 0.2, 0.2, 0.4, 0.9),
    least_sync=0.6,
    least_identity=0.8,
    most_drift=3.0,
)


def make_video(folder: Path, video_id: str, *, size: str = "320x192", num_frames: int = 50) -> Path:
    """A video that grows brighter from black to white, with a tone, and its receipt."""
    path = folder / "videos" / f"{video_id}.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    seconds = num_frames / FPS
    picture = f"color=black:s={size}:r={FPS}:d={seconds},format=gray,geq=lum='255*N/{num_frames}'"
    args = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", f"sine=d={seconds}"]
    args += ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    run_ffmpeg([*args, "-movflags", "+faststart", "-y", str(path)], timeout_s=60)
    write_receipt(path, num_frames)
    return path


def write_receipt(video: Path, num_frames: int) -> None:
    """The receipt that vouches for ``video`` as it is now."""
    data = video.read_bytes()
    entry = FileEntry(name=video.name, sha256=hashlib.sha256(data).hexdigest(), num_bytes=len(data))
    receipt = VideoReceipt(
        video_id=video.stem,
        plan_sha256="0" * 64,
        segment_keys=("a", "b"),
        file=entry,
        captions=(),
        num_frames=num_frames,
        duration_s=num_frames / FPS,
        checks={},
        is_preview=True,
    )
    video.with_suffix(".json").write_text(receipt.model_dump_json())


def done(video: Path, line: int, *, num_frames: int = 50, **fields: object) -> VideoOutcome:
    """The outcome of a video that :func:`make_video` made."""
    return VideoOutcome(
        video_id=video.stem,
        line=line,
        status="done",
        path=str(video),
        num_frames=num_frames,
        duration_s=num_frames / FPS,
        num_segments=2,
        is_preview=True,
        **fields,  # type: ignore[arg-type]
    )
