"""Follows the presenter's face through one segment, and keeps what is measured on it.

The mesh costs as much as half a frame of the preview engine, so it looks at every twelfth frame,
and at the last; between two looks the mouth's place is interpolated. F frames, L looks.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from model.engine import Pixels
from model.preview.face import Face, find_strangers, refine
from tasks.quality.gates.reference import FrameReference, eye_middle, eyes_of
from tasks.quality.identity import (
    FACE_SIZE,
    MOUTH_SIZE,
    View,
    crop,
    edges,
    views_of_landmarks,
)

LOOK_EVERY = 12
_STRANGERS_EVERY = 2  # looks
_SEEN_SCORE = 0.4


@dataclass
class FaceCurves:
    """What was seen, look by look; ``mouths`` frame by frame."""

    likeness: list[float | None] = field(default_factory=list[float | None])
    eyes: list[float | None] = field(default_factory=list[float | None])
    head: list[tuple[float, float] | None] = field(default_factory=list[tuple[float, float] | None])
    strangers: list[int] = field(default_factory=list[int])
    mouths: list[NDArray[np.uint8]] = field(default_factory=list[NDArray[np.uint8]])


class FaceWatch:
    """One segment's; frames in their order, then :meth:`end`."""

    def __init__(self, reference: FrameReference) -> None:
        self._reference = reference
        self._face = reference.face
        self._mouth = reference.placed.mouth if reference.placed else self._mouth_of(self._face)
        self._waiting: list[Pixels] = []
        self._num_frames = 0
        self.curves = FaceCurves()

    def look(self, frame: Pixels) -> None:
        """Take the next frame, ``(H, W, 3)``; it must not change until the next look."""
        if self._reference.upper_face is None:
            return
        self._waiting.append(frame)
        if self._num_frames % LOOK_EVERY == 0:
            self._look(frame)
        self._num_frames += 1

    def end(self) -> FaceCurves:
        """What was seen, the last frame included."""
        if self._waiting:
            self._look(self._waiting[-1])
        return self.curves

    def _look(self, frame: Pixels) -> None:
        before = self._mouth
        if self._reference.placed is None:
            self._follow(frame)
        else:
            self._note(frame, self._reference.placed.face, None)
        assert before is not None
        assert self._mouth is not None
        count = len(self._waiting)
        for number, each in enumerate(self._waiting, 1):
            share = number / count
            view = (1 - share) * before + share * self._mouth
            self.curves.mouths.append(crop(each, view, MOUTH_SIZE).ravel())
        self._waiting.clear()

    def _follow(self, frame: Pixels) -> None:
        assert self._face is not None
        landmarks, score = refine(frame, self._face.landmarks)
        is_seen = score >= _SEEN_SCORE
        if not is_seen and self._reference.face is not None:  # it may be where the portrait has it
            landmarks, score = refine(frame, self._reference.face.landmarks)
            is_seen = score >= _SEEN_SCORE
        if is_seen:
            self._face = Face(landmarks, score)
            views = views_of_landmarks(landmarks)
            self._mouth = views.mouth
            self._note(frame, views.face, self._face)
        else:
            self.curves.likeness.append(None)
            self.curves.eyes.append(None)
            self.curves.head.append(None)
        looks = len(self.curves.likeness) - 1
        is_due = looks % _STRANGERS_EVERY == 0 or not is_seen
        seen = len(find_strangers(frame, self._face if is_seen else None)) if is_due else None
        known = self.curves.strangers[-1] if self.curves.strangers else 0
        self.curves.strangers.append(
            known if seen is None else max(0, seen - self._reference.strangers)
        )

    def _note(self, frame: Pixels, view: View, face: Face | None) -> None:
        assert self._reference.upper_face is not None
        vector = edges(crop(frame, view, FACE_SIZE))
        self.curves.likeness.append(round(float(vector @ self._reference.upper_face), 4))
        if face is None:
            self.curves.eyes.append(None)
            self.curves.head.append(None)
            self.curves.strangers.append(0)
            return
        eyes, _ = eyes_of(face)
        self.curves.eyes.append(round(eyes / max(self._reference.eyes_open, 1e-6), 3))
        x, y = (eye_middle(face) / self._reference.eye_distance).tolist()
        self.curves.head.append((round(x, 4), round(y, 4)))

    @staticmethod
    def _mouth_of(face: Face | None) -> View | None:
        return None if face is None else views_of_landmarks(face.landmarks).mouth
