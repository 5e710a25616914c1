"""The poster of a deliverable, and a teaser of its first seconds."""

import io
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tasks.deliver_records import Size, TeaserKind
from tasks.errors import FfmpegError
from tasks.media.posters import typical_frame
from tasks.processes.ffmpeg import run_ffmpeg, time_limit_s

_POSTER_FRAMES = 12
_POSTER_QUALITY = 90
_TEASER_S, _TEASER_FPS, _TEASER_SIDE = 3.0, 10, 480
_TEASER_QUALITY = 75


def poster(film: Path, size: Size, starts_s: float = 0.0) -> bytes:
    """One frame of a film as JPEG, in its size: sharp, mouth closed, eyes open, label and all.

    ``starts_s``: where the master begins, after an intro.

    Raises:
        FfmpegError: the film cannot be read.
    """
    limit = ["-frames:v", str(_POSTER_FRAMES)]
    frames = _frames(film, size, starts_s, limit, f"scale={size[0]}:{size[1]}")
    shown = np.ascontiguousarray(frames[typical_frame(frames)][..., ::-1])
    done, data = cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, _POSTER_QUALITY])
    if not done:
        raise ValueError(f"{film.name}: its poster could not be encoded")
    return data.tobytes()


def teaser(film: Path, size: Size, kind: TeaserKind, starts_s: float = 0.0) -> bytes:
    """Three seconds of a film, without sound, 480 pixels long, over and over.

    ``starts_s``: where they begin.

    Raises:
        FfmpegError: the film cannot be read.
    """
    scale = min(1.0, _TEASER_SIDE / max(size))
    small = (max(2, round(size[0] * scale)), max(2, round(size[1] * scale)))
    filters = f"fps={_TEASER_FPS},scale={small[0]}:{small[1]}:flags=lanczos"
    frames = _frames(film, small, starts_s, ["-t", str(_TEASER_S)], filters)
    pictures = [Image.fromarray(frame) for frame in frames]
    buffer = io.BytesIO()
    options = {"quality": _TEASER_QUALITY, "method": 4} if kind == "webp" else {"optimize": True}
    pictures[0].save(
        buffer,
        kind.upper(),
        save_all=True,
        append_images=pictures[1:],
        duration=1000 // _TEASER_FPS,
        loop=0,
        **options,
    )
    return buffer.getvalue()


def _frames(
    film: Path, size: Size, starts_s: float, limit: list[str], filters: str
) -> NDArray[np.uint8]:
    seek = ["-ss", f"{starts_s:.6f}"] if starts_s else []
    raw = run_ffmpeg(
        [
            *(*seek, "-i", f"file:{film}", *limit, "-map", "0:v:0", "-vf", filters),
            *("-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"),
        ],
        timeout_s=time_limit_s(decoded_pixels=size[0] * size[1] * 100),
    )
    num_bytes = size[0] * size[1] * 3
    if len(raw) < num_bytes or len(raw) % num_bytes:
        raise FfmpegError(("ffmpeg", str(film)), 0, "no whole frames came out of it")
    return np.frombuffer(raw, np.uint8).reshape(-1, size[1], size[0], 3)
