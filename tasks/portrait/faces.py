"""What the nets see in a picture: its faces, and where the person is; looked at once a picture."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from model.engine import Pixels
from model.preview.face import Face, find_faces
from model.preview.features import Features, features_of_landmarks
from model.preview.person import person_mask
from tasks.portrait.framing import Edges, Head
from tasks.portrait.picture import portrait_sha256

_KEPT = 16
_PERSON = 0.5  # of the mask: more than this is a person
_HAIR_ABOVE, _HAIR_BESIDE = 0.25, 0.15  # of the face, where the mask shows no hair
_MOST_HAIR = 1.0  # of the face's height: higher up it is something else
_HAIR_SHARE = 0.05  # of a row across the head
_CUT_SHARE = 0.03  # of an edge: less of a person on it is an error of the mask

_Seen = TypeVar("_Seen")


class _Looks(Generic[_Seen]):
    """Answers about the last few pictures, by their content.

    Of threads that ask about one picture at once, one looks and the others wait for it.
    """

    def __init__(self, look: Callable[[Pixels], _Seen]) -> None:
        self._look, self._lock = look, Lock()
        self._turns = tuple(Lock() for _ in range(_KEPT))
        self._seen: OrderedDict[str, _Seen] = OrderedDict()

    def __call__(self, pixels: Pixels) -> _Seen:
        key = portrait_sha256(pixels)
        with self._turns[int(key, 16) % len(self._turns)]:
            return self._answer(key, pixels)

    def _answer(self, key: str, pixels: Pixels) -> _Seen:
        with self._lock:
            if key in self._seen:
                self._seen.move_to_end(key)
                return self._seen[key]
        seen = self._look(pixels)
        with self._lock:
            self._seen[key] = seen
            while len(self._seen) > _KEPT:
                self._seen.popitem(last=False)
        return seen


faces_of: Callable[[Pixels], list[Face]] = _Looks(find_faces)
"""See :func:`model.preview.face.find_faces`; a picture of many rows is searched once."""


@dataclass(frozen=True)
class Presenter:
    """Who stands in a picture.

    Attributes:
        head: where.
        edges: the sides of the picture that cut the body.
    """

    head: Head
    edges: Edges


def presenter_of(pixels: Pixels, rigged: Features | None) -> Presenter | None:
    """The presenter of a picture, whose face is ``rigged`` or found; None where there is none."""
    features = rigged
    if features is None:
        faces = faces_of(pixels)
        if not faces:
            return None
        features = features_of_landmarks(faces[0].landmarks)
    mask = person_mask(pixels)
    is_person = mask > _PERSON
    sides = (is_person[:, :2], is_person[:2], is_person[:, -2:])
    return Presenter(_head(features, is_person), Edges(*(_is_cut(side) for side in sides)))


def _is_cut(side: NDArray[np.bool_]) -> bool:
    return bool(side.mean() > _CUT_SHARE)


def _head(features: Features, is_person: NDArray[np.bool_]) -> Head:
    """The face and, as far as the mask shows it, the hair above."""
    height, width = is_person.shape
    (left, top), (right, bottom) = features.low.tolist(), features.high.tolist()
    face_width, face_height = right - left, bottom - top
    hair_top = _hair_top(is_person, left, top, right, face_height)
    eye_y = top + 0.35 * face_height
    if features.eyes:
        eye_y = float(np.mean([eye.upper[:, 1].mean() for eye in features.eyes]))
    beside = _HAIR_BESIDE * face_width
    box = (max(left - beside, 0), max(hair_top, 0), min(right + beside, width), min(bottom, height))
    return Head((left, top, right, bottom), eye_y, box)


def _hair_top(
    is_person: NDArray[np.bool_], left: float, top: float, right: float, face_height: float
) -> float:
    beside = 0.35 * (right - left)
    columns = slice(max(0, int(left - beside)), max(1, int(right + beside)))
    shares = is_person[: max(1, int(top)), columns].mean(1)
    highest = top
    while highest >= 1 and shares[int(highest) - 1] > _HAIR_SHARE:
        highest -= 1
        if top - highest > _MOST_HAIR * face_height:
            break
    found = top - highest
    return top - (found if found > 0.02 * face_height else _HAIR_ABOVE * face_height)
