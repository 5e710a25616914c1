"""What a segment's frames are compared with: the framed portrait, and the face in it."""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

import cv2
import numpy as np
from numpy.typing import NDArray

from model.engine import EngineIdentity, Pixels
from model.picture import cover
from model.preview.face import Face, find_faces, find_strangers, jitter
from model.preview.features import Features, locate
from model.preview.fit import fit
from tasks.canonical_json import canonical_sha256
from tasks.quality.identity import (
    FACE_SIZE,
    FaceViews,
    Vector,
    crop,
    edges,
    views_of_features,
    views_of_landmarks,
)

GOOD_SCORE, GOOD_JITTER = 0.9, 0.03  # as `nightshoot judge` trusts the mesh on a portrait
_KEPT = 16
_LIDS = ((159, 145), (386, 374))
_OUTER_CORNERS = (33, 263)


@dataclass(frozen=True)
class FrameReference:
    """The portrait as an engine frames it, and what is compared with it.

    Attributes:
        colour: ``(3,)`` mean red, green and blue.
        texture: fine detail, see :func:`texture_of`.
        face: to be followed from frame to frame; None where the mesh cannot be trusted.
        placed: where face and mouth are taken to stay; None where they are followed, or unknown.
        upper_face: of the face, as a vector; None without one.
        eyes_open: of the followed face, over its eye distance.
        eye_distance: pixels.
        strangers: faces beside the presenter's that the portrait shows.
        needs_face: whether the engine animates a face.
    """

    colour: NDArray[np.float64]
    texture: float
    face: Face | None
    placed: FaceViews | None
    upper_face: Vector | None
    eyes_open: float
    eye_distance: float
    strangers: int
    needs_face: bool


def reference_of(
    portrait: Pixels,
    rig: Mapping[str, object] | None,
    width: int,
    height: int,
    identity: EngineIdentity,
) -> FrameReference:
    """The reference for frames of ``width`` x ``height`` that ``identity``'s engine makes.

    ``portrait`` is ``(H, W, 3)`` uint8 RGB, ``rig`` in its pixels. Of equal arguments the same
    reference is returned, so that a portrait is searched once for all its segments.

    Raises:
        PortraitError: the rig is unusable.
    """
    digest = hashlib.sha256(np.ascontiguousarray(portrait).data).hexdigest()
    shape = [*portrait.shape, width, height]
    key = canonical_sha256([digest, shape, rig, identity.name, identity.version])
    with _LOCK:
        if key in _REFERENCES:
            _REFERENCES.move_to_end(key)
            return _REFERENCES[key]
    made = _reference(portrait, rig, width, height, identity)
    with _LOCK:
        _REFERENCES[key] = made
        while len(_REFERENCES) > _KEPT:
            _REFERENCES.popitem(last=False)
    return made


_REFERENCES: OrderedDict[str, FrameReference] = OrderedDict()
_LOCK = Lock()
_PIXEL = np.dtype((np.void, 3))


def _reference(
    portrait: Pixels,
    rig: Mapping[str, object] | None,
    width: int,
    height: int,
    identity: EngineIdentity,
) -> FrameReference:
    if not identity.needs_face:
        return _plain(cover(portrait, width, height), needs_face=False)
    features: Features | None = None
    if identity.is_preview:  # it frames a portrait by its face
        features = locate(portrait, rig)
        fitted = fit(portrait, features, width, height)
        picture = fitted.picture
        features = features and features.placed(fitted.scale, fitted.shift)
    else:
        picture = cover(portrait, width, height)
    face = _trusted(picture)
    if face is None and features is None:
        return _plain(picture, needs_face=True)
    views = views_of_landmarks(face.landmarks) if face else None
    placed = None
    if views is None:
        assert features is not None
        views = placed = views_of_features(features)
    eyes, distance = (eyes_of(face)) if face else (1.0, 1.0)
    return FrameReference(
        colour=_colour(picture),
        texture=texture_of(picture),
        face=face,
        placed=placed,
        upper_face=edges(crop(picture, views.face, FACE_SIZE)),
        eyes_open=eyes,
        eye_distance=distance,
        strangers=len(find_strangers(picture, face)) if face else 0,
        needs_face=True,
    )


def _trusted(picture: Pixels) -> Face | None:
    """The framed portrait's face, if the mesh can be trusted on it."""
    faces = find_faces(picture)
    if not faces or faces[0].score < GOOD_SCORE:
        return None
    return faces[0] if jitter(picture, faces[0].landmarks) <= GOOD_JITTER else None


def _plain(picture: Pixels, *, needs_face: bool) -> FrameReference:
    return FrameReference(
        colour=_colour(picture),
        texture=texture_of(picture),
        face=None,
        placed=None,
        upper_face=None,
        eyes_open=1.0,
        eye_distance=1.0,
        strangers=0,
        needs_face=needs_face,
    )


def _colour(picture: Pixels) -> NDArray[np.float64]:
    return np.array(cv2.mean(sampled(picture))[:3])


def sampled(picture: Pixels) -> Pixels:
    """Every fourth pixel of every fourth line: enough for what concerns the whole picture."""
    if not picture.flags.c_contiguous:
        return np.ascontiguousarray(picture[2::4, 2::4])
    whole = picture.view(_PIXEL)[..., 0]  # pixels at once, not their colours one by one
    few = np.ascontiguousarray(whole[2::4, 2::4])
    return few.view(np.uint8).reshape(*few.shape, 3)


def texture_of(picture: Pixels) -> float:
    """Mean absolute second difference of the grey picture: fine detail, and noise."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return float(cv2.mean(cv2.Laplacian(grey, cv2.CV_8U))[0])


def eyes_of(face: Face) -> tuple[float, float]:
    """How open the eyes are, over the eye distance; the eye distance in pixels."""
    points = face.landmarks[:, :2].astype(np.float64)
    right, left = (points[corner] for corner in _OUTER_CORNERS)
    distance = max(float(np.hypot(*(right - left))), 1e-6)
    gaps = [float(np.hypot(*(points[low] - points[up]))) for up, low in _LIDS]
    return sum(gaps) / len(gaps) / distance, distance


def eye_middle(face: Face) -> NDArray[np.float64]:
    """``(2,)`` the middle between the outer corners of the eyes, in pixels."""
    return face.landmarks[list(_OUTER_CORNERS), :2].astype(np.float64).mean(0)
