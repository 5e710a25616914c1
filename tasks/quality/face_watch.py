"""The presenter's face from frame to frame: its likeness, and how its mouth follows the sound.

Mesh or rig: where the mesh can be trusted in the portrait, faces are followed by it from frame to
frame. Where it cannot (stylised faces), the portrait's rig says where face and mouth are, and the
head is taken to stay there; the lips are then judged by the pixels of the mouth alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.engine import Pixels
from model.preview.face import Landmarks, find_faces, jitter, refine
from model.preview.features import locate
from model.preview.fit import fit
from tasks.media.mp4 import Track
from tasks.portrait.picture import read_portrait
from tasks.quality.findings import WAY_TO_A_RIG, Finding, Identity, JudgeLimits, LipSync
from tasks.quality.identity import (
    FACE_SIZE,
    MOUTH_SIZE,
    FaceViews,
    Vector,
    crop,
    drift_per_minute,
    edges,
    mouth_gap,
    views_of_features,
    views_of_landmarks,
)
from tasks.quality.lipsync import (
    Curve,
    filled,
    main_motion,
    open_in_silence,
    speech_levels,
    spread,
    sync_of_motion,
    sync_of_opening,
)

_LOST_SCORE = 0.4
_SEARCH_EVERY = 25  # frames between two searches for a face that was lost


@dataclass(frozen=True)
class Reference:
    """Whom the video must show, and where its face lies if a rig has to say so."""

    face: Vector | None
    placed: FaceViews | None
    doubts: tuple[Finding, ...] = ()


def reference_of(
    portrait: Path | None, rig: Mapping[str, object] | None, track: Track, limits: JudgeLimits
) -> Reference:
    """What a video's face is compared with; without a portrait, its own first frame.

    Raises:
        ValueError: a rig without its portrait.
        PortraitError: the portrait cannot be read.
    """
    if portrait is None:
        if rig is not None:
            raise ValueError("a rig is given in its portrait's pixels: name the portrait, too")
        return Reference(None, None)
    pixels = read_portrait(portrait)
    faces = find_faces(pixels)
    doubt = "no face was found in the portrait"
    if faces:
        doubt = _mesh_doubt(pixels, faces[0].landmarks, faces[0].score, limits)
    if doubt and rig is not None:
        features = locate(pixels, rig)
        assert features is not None  # a rig always places one
        fitted = fit(pixels, features, track.width, track.height)
        views = views_of_features(features.placed(fitted.scale, fitted.shift))
        return Reference(edges(crop(fitted.picture, views.face, FACE_SIZE)), views)
    doubts: tuple[Finding, ...] = (("warn", f"{doubt}; {WAY_TO_A_RIG}"),) if doubt else ()
    if not faces:
        return Reference(None, None, doubts)
    views = views_of_landmarks(faces[0].landmarks)
    return Reference(edges(crop(pixels, views.face, FACE_SIZE)), None, doubts)


def _mesh_doubt(pixels: Pixels, landmarks: Landmarks, score: float, limits: JudgeLimits) -> str:
    """Why the mesh cannot be trusted on a picture; empty if it can."""
    if score < limits.good_score:
        return f"the face mesh is only {score:.2f} sure of the face"
    unsteady = jitter(pixels, landmarks)
    if unsteady > limits.good_jitter:
        return f"the landmarks move by {unsteady:.3f} of the face's width on one picture"
    return ""


class FaceWatch:
    """Follows the face from frame to frame and keeps what is measured on it."""

    def __init__(self, reference: Reference, limits: JudgeLimits) -> None:
        self._reference, self._limits = reference, limits
        self._face = reference.face
        self._landmarks: Landmarks | None = None
        self._search_at = 0
        self._is_first_face = True
        self._mouths: list[NDArray[np.uint8]] = []
        self._is_seen: list[bool] = []
        self._gaps: list[float] = []
        self._likeness: list[float] = []
        self.doubts: list[Finding] = list(reference.doubts)

    @property
    def num_frames(self) -> int:
        """Frames looked at."""
        return len(self._is_seen)

    @property
    def seen(self) -> float:
        """Share of frames in which the face was seen."""
        return sum(self._is_seen) / max(self.num_frames, 1)

    @property
    def gaps(self) -> Curve | None:
        """``(F,)`` opening of the mouth over the eye distance, NaN where unseen; None by rig."""
        return None if self._reference.placed else np.array(self._gaps)

    @property
    def mouths(self) -> NDArray[np.uint8]:
        """``(F, P)`` the mouth's pixels; where it is unseen, those seen last (or first)."""
        latest = np.maximum(np.cumsum(self._is_seen) - 1, 0)
        return np.stack(self._mouths)[latest]

    def look(self, frame: Pixels) -> None:
        """Take one frame, ``(H, W, 3)`` RGB."""
        views = self._views(frame)
        self._is_seen.append(views is not None)
        if views is None:
            self._likeness.append(float("nan"))
            return
        self._mouths.append(crop(frame, views.mouth, MOUTH_SIZE).ravel())
        face = edges(crop(frame, views.face, FACE_SIZE))
        if self._face is None:
            self._face = face
        self._likeness.append(float(face @ self._face))

    def _views(self, frame: Pixels) -> FaceViews | None:
        if self._reference.placed:
            return self._reference.placed
        self._landmarks = self._followed(frame)
        self._gaps.append(float("nan") if self._landmarks is None else mouth_gap(self._landmarks))
        return None if self._landmarks is None else views_of_landmarks(self._landmarks)

    def _followed(self, frame: Pixels) -> Landmarks | None:
        if self._landmarks is not None:
            landmarks, score = refine(frame, self._landmarks)
            if score >= _LOST_SCORE:
                return landmarks
        if self.num_frames < self._search_at:
            return None
        self._search_at = self.num_frames + _SEARCH_EVERY
        faces = find_faces(frame)
        if not faces:
            return None
        if self._is_first_face and self._reference.face is None:
            doubt = _mesh_doubt(frame, faces[0].landmarks, faces[0].score, self._limits)
            if doubt:
                self.doubts.append(("warn", f"{doubt}; {WAY_TO_A_RIG}"))
        self._is_first_face = False
        return faces[0].landmarks

    def identity(self, fps: float) -> Identity | None:
        """Likeness over the whole video; None if no face was seen."""
        likeness = np.array(self._likeness)
        known = likeness[np.isfinite(likeness)]
        if not len(known):
            return None
        return Identity(
            reference="first frame" if self._reference.face is None else "portrait",
            p5=round(float(np.percentile(known, 5)), 4),
            median=round(float(np.median(known)), 4),
            drift_per_minute=round(drift_per_minute(filled(likeness), fps), 4),
        )


def lip_sync_of(
    watch: FaceWatch, sound: NDArray[np.int16], fps: float, limits: JudgeLimits
) -> LipSync | None:
    """The better of the mesh's gap and the mouth's pixels; None if too little was seen."""
    if watch.seen < limits.least_seen:
        return None
    levels = speech_levels(sound)
    motion, gaps = main_motion(watch.mouths), watch.gaps
    by_pixels = sync_of_motion(motion, levels, fps)
    found, seen_by = by_pixels, "pixels"
    if gaps is not None:
        by_mesh = sync_of_opening(gaps, levels, fps)
        if by_mesh.z >= found.z:
            found, seen_by = by_mesh, "mesh"
    left_open = None if gaps is None else open_in_silence(gaps, levels, fps)
    return LipSync(
        r=round(found.r, 3),
        lag_ms=round(found.lag_ms, 1),
        z=round(found.z, 2),
        seen_by=seen_by,
        gap_range=None if gaps is None else round(spread(gaps), 4),
        motion_range=round(max(by_pixels.r, 0.0) * spread(motion), 2),
        open_in_silence=None if left_open is None else round(left_open, 4),
    )
