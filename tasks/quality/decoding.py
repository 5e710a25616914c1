"""Finished files as judges see and hear them."""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.engine import ENGINE_SAMPLE_RATE_HZ, Pixels
from tasks.media.mp4 import Movie, Track
from tasks.processes.ffmpeg import read_ffmpeg, run_ffmpeg, time_limit_s


def frames_of(path: Path, track: Track) -> Generator[Pixels]:
    """Every frame of a video, ``(H, W, 3)`` uint8 RGB, converted without a colour bias."""
    args = ["-i", f"file:{path}", "-map", "0:v:0", "-fps_mode", "passthrough"]
    args += ["-vf", "scale=flags=bicubic+accurate_rnd+full_chroma_int"]
    args += ["-pix_fmt", "rgb24", "-f", "rawvideo", "pipe:1"]
    shape = (track.height, track.width, 3)
    with closing(read_ffmpeg(args, track.height * track.width * 3)) as chunks:
        for chunk in chunks:
            yield np.frombuffer(chunk, np.uint8).reshape(shape)


def sound_of(path: Path, movie: Movie, seconds: float) -> NDArray[np.int16]:
    """The first ``seconds`` of a video's sound from its time 0: 16 kHz, mono; empty if none."""
    if not any(track.kind == "soun" for track in movie.tracks):
        return np.zeros(0, np.int16)
    args = ["-i", f"file:{path}", "-map", "0:a:0", "-ac", "1", "-t", f"{seconds:.6f}"]
    args += ["-af", f"aresample={ENGINE_SAMPLE_RATE_HZ}:first_pts=0"]
    args += ["-f", "s16le", "pipe:1"]
    sound = run_ffmpeg(args, timeout_s=time_limit_s(sound_s=seconds))
    return np.frombuffer(sound, "<i2").astype(np.int16)
