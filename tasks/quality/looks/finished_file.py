"""A finished file, looked at as a viewer would."""

from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.engine import FPS, Pixels
from tasks.media.mp4 import read_mp4
from tasks.quality.decoding import frames_of
from tasks.quality.lipsync import levels_by_frame, speech_levels
from tasks.quality.looks.faults import Fault, LookLimits
from tasks.quality.looks.presenter_watch import PresenterWatch


def faults_of_file(
    video: Path,
    portrait: Pixels,
    pcm: NDArray[np.int16],
    *,
    is_rigged: bool,
    limits: LookLimits,
) -> tuple[Fault, ...]:
    """What viewers see wrong with a presenter, in the order of seconds.

    Args:
        video: the finished file.
        portrait: ``(H, W, 3)`` RGB, whom it must show.
        pcm: ``(S,)`` what is heard from its first frame on, 16 kHz.
        is_rigged: whether a person has placed the portrait's face.
        limits: from where on something is a fault.

    Raises:
        Mp4Error, FfmpegError: it cannot be decoded.
    """
    track = read_mp4(video).track("vide")
    levels = levels_by_frame(speech_levels(pcm), track.num_packets, FPS)
    watch = PresenterWatch(portrait, is_rigged=is_rigged, levels=levels, fps=FPS, limits=limits)
    with closing(frames_of(video, track)) as frames:
        for frame in frames:
            watch.look(frame)
    return watch.faults()
