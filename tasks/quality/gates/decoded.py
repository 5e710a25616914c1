"""Figures of a segment that was rendered before there were gates, from its encoded file."""

from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasks.gate_records import GateFigures
from tasks.media.mp4 import read_mp4
from tasks.quality.decoding import frames_of
from tasks.quality.gates.reference import FrameReference
from tasks.quality.gates.segment_watch import SegmentWatch


def measured_file(video: Path, reference: FrameReference, pcm: NDArray[np.int16]) -> GateFigures:
    """Measure an encoded segment; its seam and single equal frames cannot be told from it.

    Args:
        video: the segment's file.
        reference: what its frames are compared with.
        pcm: ``(S,)`` its own samples at 16 kHz.

    Raises:
        Mp4Error, FfmpegError: it cannot be decoded.
    """
    watch = SegmentWatch(reference, pcm, None, "decoded")
    with closing(frames_of(video, read_mp4(video).track("vide"))) as frames:
        for frame in frames:
            watch.look(frame[None])
    return watch.figures()
