"""Where the presenter's face is in a master, told from the portrait of its plan."""

import math
from collections.abc import Mapping

from model.engine import EngineIdentity, Pixels
from model.preview.features import Features, features_of_landmarks, features_of_rig, parse_rig
from model.preview.fit import View, choose_view
from tasks.deliver_records import FaceBox, Size
from tasks.portrait.faces import faces_of


def face_in_master(
    portrait: Pixels, rig: Mapping[str, object] | None, size: Size, identity: EngineIdentity
) -> FaceBox | None:
    """The face in frames of ``size`` (width, height), forehead to chin; None where nobody is seen.

    Args:
        portrait: ``(H, W, 3)`` uint8 RGB, as the engine is given it.
        rig: the face placed by hand, in the portrait's pixels.
        size: of the master, in pixels.
        identity: of the engine, which says how a portrait fills a frame.

    Raises:
        PortraitError: the rig is unusable.
    """
    features = _features(portrait, rig)
    if features is None:
        return None
    view = _view(portrait, features, size, identity)
    corners = (*features.low.tolist(), *features.high.tolist())
    left, top, right, bottom = (
        corner * view.scale - shift
        for corner, shift in zip(corners, (view.left, view.top) * 2, strict=True)
    )
    box = (
        max(math.floor(left), 0),
        max(math.floor(top), 0),
        min(math.ceil(right), size[0]),
        min(math.ceil(bottom), size[1]),
    )
    return box if box[0] < box[2] and box[1] < box[3] else None


def _features(portrait: Pixels, rig: Mapping[str, object] | None) -> Features | None:
    if rig is not None:
        return features_of_rig(parse_rig(rig), portrait.shape[1], portrait.shape[0])
    faces = faces_of(portrait)
    return features_of_landmarks(faces[0].landmarks) if faces else None


def _view(portrait: Pixels, features: Features, size: Size, identity: EngineIdentity) -> View:
    height, width = portrait.shape[:2]
    if identity.is_preview:
        return choose_view(width, height, features, *size)
    scale = max(size[0] / width, size[1] / height)
    left, top = (round(width * scale) - size[0]) // 2, (round(height * scale) - size[1]) // 2
    return View(scale, left, top)
