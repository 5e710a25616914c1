"""Measures one segment while its frames stream to the encoder: raw pixels in, figures out.

F frames, S samples at 16 kHz.
"""

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from model.engine import FPS, Pixels, SegmentJob
from tasks.gate_records import GateFigures, SeamFigures, SyncFigures
from tasks.quality.gates.face_watch import LOOK_EVERY, FaceCurves, FaceWatch
from tasks.quality.gates.reference import FrameReference, sampled, texture_of
from tasks.quality.lipsync import (
    Curve,
    main_motion,
    open_in_silence,
    speech_levels,
    speech_seconds,
    spread,
    sync_of_opening,
)
from tasks.quality.seams import (
    SIDE,
    Luma,
    luma_of,
    reduced,
    unexplained_step,
)
from tasks.speech.loudness import FRAMES_PER_SECOND

_TEXTURE_EVERY = 3  # frames; held between
_LEAST_SYNC_FRAMES = 60


class SegmentWatch:
    """One segment's frames, looked at in their order, ``(F, H, W, 3)`` uint8 RGB at a time."""

    def __init__(
        self,
        reference: FrameReference,
        pcm: NDArray[np.int16],
        before: Pixels | None,
        source: Literal["raw", "decoded"] = "raw",
    ) -> None:
        """Nothing is looked at yet.

        Args:
            reference: what the frames are compared with.
            pcm: ``(S,)`` the segment's own samples, without context.
            before: the predecessor's last raw frame; None for a first segment.
            source: where the frames come from.
        """
        self._reference, self._pcm = reference, pcm
        self._source: Literal["raw", "decoded"] = source
        self._before = self._last = before
        self._face = FaceWatch(reference)
        self._steps: list[float] = []
        self._contrast: list[float] = []
        self._colour: list[tuple[float, float, float]] = []
        self._texture: list[float] = []
        self._first: list[Luma] = []

    def look(self, frames: Pixels) -> None:
        """Take the next frames."""
        for frame in frames:
            self._look(frame)

    def _look(self, frame: Pixels) -> None:
        mean, deviation = cv2.meanStdDev(sampled(frame))
        off = (mean.ravel() - self._reference.colour).tolist()
        self._colour.append((round(off[0], 2), round(off[1], 2), round(off[2], 2)))
        self._contrast.append(round(float(deviation.max()), 2))
        last = self._last
        step = 0.0 if last is None else cv2.norm(frame, last, cv2.NORM_L1) / frame.size
        self._steps.append(round(step, 4))
        if len(self._texture) % _TEXTURE_EVERY == 0:
            texture = round(texture_of(frame) / max(self._reference.texture, 1e-6), 3)
            self._texture.append(texture)
        else:
            self._texture.append(self._texture[-1])
        if self._before is not None and len(self._first) < 2 * SIDE:
            self._first.append(reduced(luma_of(frame)))
        self._face.look(frame)
        self._last = frame

    def figures(self) -> GateFigures:
        """What was measured, after the last frame.

        Raises:
            ValueError: there was no frame.
        """
        if not self._steps:
            raise ValueError("a segment without frames cannot be measured")
        curves = self._face.end()
        levels = speech_levels(self._pcm)
        motion, sync = self._mouth(curves, levels)
        return GateFigures(
            source=self._source,
            face=self._kind,
            is_still=self._reference.needs_face and self._kind == "none",
            look_every=LOOK_EVERY,
            step=tuple(self._steps),
            contrast=tuple(self._contrast),
            colour=tuple(self._colour),
            texture=tuple(self._texture),
            speech=_by_frame(levels, len(self._steps)),
            motion=tuple(np.round(motion, 2).tolist()),
            likeness=tuple(curves.likeness),
            eyes=tuple(curves.eyes),
            head=tuple(curves.head),
            strangers=tuple(curves.strangers),
            sync=sync,
            seam=self._seam(),
        )

    @property
    def _kind(self) -> Literal["mesh", "placed", "none"]:
        if self._reference.placed is not None:
            return "placed"
        return "none" if self._reference.face is None else "mesh"

    def _mouth(self, curves: FaceCurves, levels: Curve) -> tuple[Curve, SyncFigures | None]:
        """The mouth's motion, larger where the sound is louder, and how it fits."""
        if not curves.mouths:
            return np.zeros(0), None
        motion = main_motion(np.stack(curves.mouths))
        if len(motion) < _LEAST_SYNC_FRAMES or not levels.any():
            return motion, None
        found, other = (sync_of_opening(m, levels, FPS) for m in (motion, -motion))
        if other.r > found.r:
            motion, found = -motion, other
        silent = open_in_silence(motion, levels, FPS)
        reach = max(spread(motion), 1e-6)
        return motion, SyncFigures(
            r=round(found.r, 3),
            z=round(found.z, 2),
            lag_ms=round(found.lag_ms, 1),
            speech_s=round(speech_seconds(self._pcm), 2),
            open_in_silence=None if silent is None else round(silent / reach, 3),
        )

    def _seam(self) -> SeamFigures | None:
        if self._before is None or self._source == "decoded":
            return None
        before = luma_of(self._before)
        last = reduced(before)
        beside = 0.0
        if len(self._first) > SIDE:
            beside = unexplained_step(self._first[:SIDE], self._first[SIDE:])
        return SeamFigures(
            unexplained_step=round(unexplained_step([last], self._first[:SIDE]), 3),
            unexplained_beside=round(beside, 3),
            mean_step=round(float(self._first[0].mean() - last.mean()), 3),
        )


def _by_frame(levels: Curve, num_frames: int) -> tuple[float, ...]:
    """Levels of every 10 ms as one number a frame."""
    steps = FRAMES_PER_SECOND // FPS
    padded = np.zeros(num_frames * steps)
    padded[: min(len(levels), len(padded))] = levels[: len(padded)]
    by_frame = padded.reshape(num_frames, steps).mean(1)
    return tuple(round(float(level), 2) for level in by_frame)


def watch_of(job: SegmentJob, reference: FrameReference) -> SegmentWatch:
    """What measures the rendering of ``job``."""
    own = job.pcm[job.left_context : len(job.pcm) - job.right_context]
    before = job.handoff.last_frame if job.handoff else None
    return SegmentWatch(reference, own, before)
