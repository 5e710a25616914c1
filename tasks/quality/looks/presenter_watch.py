"""Follows the presenter through a finished video, and says what viewers would see wrong.

The mesh looks at every fourth frame; second faces are searched once a second. Where the mesh cannot
be trusted in the portrait (stylised faces, placed by a rig), it is only asked whether the picture
goes on as its mirror image. F frames, L looks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from model.engine import Pixels
from model.preview.face import Face, find_faces, find_strangers, human_score, jitter, refine
from model.preview.refined import refined
from tasks.quality.gates.reference import texture_of
from tasks.quality.identity import FACE_SIZE, Vector, crop, edges, head_axes, views_of_landmarks
from tasks.quality.looks.eye_detail import eye_details, least_share
from tasks.quality.looks.faults import Fault, FaultName, LookLimits
from tasks.quality.looks.mirrored import mirrored_share
from tasks.quality.looks.mouth_place import (
    LOWER_SIZE,
    LipPlace,
    change_above_lips,
    lip_place,
    lower_view,
    motion_above_lips,
)

_FOLLOW_EVERY, _LIKENESS_EVERY, _FACES_EVERY = 4, 12, 25  # frames
_HUMAN_EVERY, _MIRROR_EVERY, _STRETCH = 50, 250, 250
_LEAST_STRETCH = 100
_SOFT = 0.7  # of the first frame's detail; below it a gate calls a picture blurred
_GOOD_SCORE, _GOOD_JITTER, _SEEN_SCORE = 0.9, 0.03, 0.4


@dataclass(frozen=True)
class ExpectedPresenter:
    """Whom a video must show.

    Attributes:
        upper_face: as a vector.
        eyes: detail of the left and of the right eye.
        lips: where they are; None where nobody can tell.
        strangers: other faces in the picture.
    """

    upper_face: Vector
    eyes: tuple[float, float]
    lips: LipPlace | None
    strangers: int


def expected_presenter(picture: Pixels) -> ExpectedPresenter | None:
    """Whom ``picture`` ((H, W, 3) RGB) shows; None where the mesh cannot be trusted on it."""
    faces = find_faces(picture)
    if not faces or faces[0].score < _GOOD_SCORE:
        return None
    landmarks = faces[0].landmarks
    if jitter(picture, landmarks) > _GOOD_JITTER:
        return None
    return ExpectedPresenter(
        upper_face=edges(crop(picture, views_of_landmarks(landmarks).face, FACE_SIZE)),
        eyes=eye_details(picture, head_axes(landmarks)),
        lips=lip_place(refined(picture, landmarks)),
        strangers=len(find_strangers(picture, faces[0], is_close=True)),
    )


class PresenterWatch:
    """One video's; frames in their order, then :meth:`faults`."""

    def __init__(
        self,
        portrait: Pixels | None,
        *,
        is_rigged: bool,
        levels: NDArray[np.float64],
        fps: float,
        limits: LookLimits,
    ) -> None:
        """Nothing is looked at yet.

        Args:
            portrait: ``(H, W, 3)`` RGB; None: whom the first frame shows.
            is_rigged: whether a person has placed its face, so that it may be anybody's.
            levels: ``(F,)`` loudness of the voice, 0 to 1, one for each frame.
            fps: frames a second.
            limits: from where on something is a fault.
        """
        self._expected = None if portrait is None else expected_presenter(portrait)
        self._is_open = portrait is None
        self._is_rigged, self._levels, self._fps, self._limits = is_rigged, levels, fps, limits
        self._face: Face | None = None
        self._index = 0
        self._texture = 0.0
        self._lower: list[NDArray[np.uint8]] = []
        self._likeness: list[tuple[int, float]] = []
        self._human: list[float] = []
        self._found: dict[FaultName, Fault] = {}

    def look(self, frame: Pixels) -> None:
        """Take the next frame, ``(H, W, 3)`` RGB."""
        if self._is_open:
            self._expected, self._is_open = expected_presenter(frame), False
        if self._index == 0:
            self._texture = texture_of(frame)
        self._follow(frame)
        if self._face is None:
            self._lower.clear()  # a stretch has no gaps
        else:
            self._look_at(frame, self._face)
        self._index += 1
        if len(self._lower) == _STRETCH:
            self._end_stretch()

    def faults(self) -> tuple[Fault, ...]:
        """What was seen, in the order of seconds; called after the last frame."""
        if len(self._lower) >= _LEAST_STRETCH:
            self._end_stretch()
        self._judge_likeness()
        human = float(np.mean(self._human)) if self._human else 1.0
        if not self._is_rigged and human < self._limits.least_human:
            words = f"no human face: it is only {human:.2f} like one"
            self._note("human", 0, human, self._limits.least_human, words)
        return tuple(sorted(self._found.values(), key=lambda fault: fault.second))

    def _note(self, name: FaultName, frame: int, value: float, limit: float, words: str) -> None:
        if name not in self._found:
            self._found[name] = Fault(
                name=name,
                second=round(frame / self._fps, 2),
                value=round(value, 3),
                limit=limit,
                words=words,
            )

    def _follow(self, frame: Pixels) -> None:
        if self._face is not None and self._index % _FOLLOW_EVERY:
            return
        if self._face is not None:
            landmarks, score = refine(frame, self._face.landmarks)
            self._face = Face(landmarks, score) if score >= _SEEN_SCORE else None
        if self._face is None and self._index % _FACES_EVERY == 0:
            self._face = next(iter(find_faces(frame)), None)

    def _look_at(self, frame: Pixels, face: Face) -> None:
        index, limits = self._index, self._limits
        if index % _HUMAN_EVERY == 0:
            self._human.append(human_score(frame, face.landmarks))
        if index % _MIRROR_EVERY == 0:
            share = mirrored_share(frame, face.box)
            if share > limits.most_mirrored:
                words = "a second head: the picture goes on as its own mirror image"
                self._note("mirrored", index, share, limits.most_mirrored, words)
        expected = self._expected
        if expected is None:
            return
        if index % _FACES_EVERY == 0:
            more = len(find_strangers(frame, face, is_close=True)) - expected.strangers
            if more > 0:
                self._note("faces", index, more, 0, "a second face beside the presenter's")
        axes = head_axes(face.landmarks)
        # a blurred picture is neither another face nor a flat eye
        if texture_of(frame) > _SOFT * self._texture:
            if index % _LIKENESS_EVERY == 0:
                upper = edges(crop(frame, views_of_landmarks(face.landmarks).face, FACE_SIZE))
                self._likeness.append((index, float(upper @ expected.upper_face)))
            self._judge_eyes(least_share(eye_details(frame, axes), expected.eyes))
        if expected.lips is not None:
            self._lower.append(crop(frame, lower_view(axes), LOWER_SIZE))

    def _judge_eyes(self, share: float) -> None:
        if share < self._limits.least_lid_detail:
            words = "an eye is covered by a flat patch instead of its lid"
            self._note("lids", self._index, share, self._limits.least_lid_detail, words)

    def _end_stretch(self) -> None:
        crops, start = np.stack(self._lower), self._index - len(self._lower)
        self._lower.clear()
        levels = self._levels[start : start + len(crops)]
        assert self._expected is not None
        assert self._expected.lips is not None
        crops, lips = crops[: len(levels)], self._expected.lips
        above, limits = motion_above_lips(crops, levels, lips), self._limits
        if (
            above is not None
            and above > limits.most_above_lips
            and change_above_lips(crops, lips) > limits.most_changed_above_lips
        ):
            words = "the mouth moves above the lips, as on a moustache"
            self._note("mouth", start, above, limits.most_above_lips, words)

    def _judge_likeness(self) -> None:
        if not self._likeness:
            return
        least = float(np.median([each for _, each in self._likeness])) - self._limits.most_unlike
        for index, value in _twice_below(self._likeness, least):
            self._note("identity", index, value, round(least, 3), "another face than before")
            return


def _twice_below(looks: Sequence[tuple[int, float]], least: float) -> Iterator[tuple[int, float]]:
    """Looks below ``least`` whose next is below it, too: one alone may fall into a blink."""
    for (index, value), (_, after) in pairwise(looks):
        if max(value, after) < least:
            yield index, min(value, after)
