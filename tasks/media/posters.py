"""A poster of a finished video: one of its own frames, sharp, mouth closed and eyes open.

    report/posters/<video_id>-<sha8 of the video>.jpg

Speech begins after a short silence, so the mouth is closed in the first frames, and eyes are open
in most of them. The poster is the frame that is most like the median of these: no blink, no mouth
that opens, and not blurred, because blur is unlike the others too.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tasks.errors import FfmpegError
from tasks.processes.ffmpeg import run_ffmpeg
from tasks.store.files import write_file

_NUM_FRAMES = 12
_MAX_SIDE = 960  # larger than any player of the page
_QUALITY = 82
_TIMEOUT_S = 120


def posters_folder(campaign: Path) -> Path:
    """Where a campaign keeps its posters."""
    return campaign / "report" / "posters"


def poster_path(video: Path, video_sha256: str, folder: Path) -> Path:
    """Where the poster of a finished video is."""
    return folder / f"{video.stem}-{video_sha256[:8]}.jpg"


def keep_poster(video: Path, video_sha256: str, folder: Path, size: tuple[int, int]) -> Path:
    """The poster of a finished video, from ``folder`` or made now.

    Args:
        video: the file.
        video_sha256: its digest.
        folder: of posters.
        size: width and height of the video, in pixels.

    Raises:
        FfmpegError: the video cannot be read.
    """
    path = poster_path(video, video_sha256, folder)
    if not path.exists():
        frames = _first_frames(video, size)
        shown = np.ascontiguousarray(frames[typical_frame(frames)][..., ::-1])
        done, jpeg = cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        if not done:
            raise ValueError(f"{video.name}: its poster could not be encoded")
        write_file(path, jpeg.tobytes())
    return path


def typical_frame(frames: NDArray[np.uint8]) -> int:
    """Index of the frame that is most like the median of all: (F, H, W, 3) uint8."""
    grey = frames[..., 1].astype(np.int16)
    median = np.median(grey, axis=0)
    return int(np.abs(grey - median).mean(axis=(1, 2)).argmin())


def _first_frames(video: Path, size: tuple[int, int]) -> NDArray[np.uint8]:
    scale = min(1.0, _MAX_SIDE / max(size))
    width, height = (2 * round(side * scale / 2) for side in size)
    raw = run_ffmpeg(
        [
            *("-i", f"file:{video}", "-frames:v", str(_NUM_FRAMES), "-map", "0:v:0"),
            *("-vf", f"scale={width}:{height}", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"),
        ],
        timeout_s=_TIMEOUT_S,
    )
    num_bytes = width * height * 3
    if len(raw) < num_bytes:
        raise FfmpegError(("ffmpeg", str(video)), 0, "no frame came out of it")
    usable = len(raw) // num_bytes * num_bytes
    return np.frombuffer(raw[:usable], np.uint8).reshape(-1, height, width, 3)
