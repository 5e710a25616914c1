"""Whether a picture can be a talking presenter at all: what a face mesh does not say.

The mesh fits a face to anything, a dog too, so other evidence is weighed: whether the detector of
faces agrees, whether a closer look finds lips where the mesh has them, how far the head is turned,
whether mouth and eyes are open. The detector has seen few drawings and sculptures: what it half
believes is a face if the two meshes agree about it, which they do not about animals.
Measured on portraits of many kinds:
``benchmarks/results/portraits-2026-11.md``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from model.engine import Pixels
from model.preview.eyes.blinks import Eyes
from model.preview.eyes.crossings import LEAST_LIGHT, MOST_CROSSED, MOST_RIM
from model.preview.face import (
    LEFT_EYE_CORNER,
    RIGHT_EYE_CORNER,
    Face,
    Landmarks,
    human_score,
    jitter,
)
from model.preview.features import (
    LOWER_INNER,
    LOWER_OUTER,
    UPPER_INNER,
    UPPER_OUTER,
    Eye,
    Features,
    Points,
    features_of_landmarks,
)
from model.preview.head import CANVAS_SCALE
from model.preview.refined import refined
from tasks.records import Record

_TEETH_LUMA, _TEETH_TINT = 0.95, 12.0  # over the face's luma; in Lab's a from its middle
_GREY = 128.0  # Lab's a without a tint


class SuitabilityLimits(Record):
    """When a portrait is refused (``least_``, ``most_``) and when it is only warned about."""

    least_human: float = Field(
        default=0.825, description="Of the face detector. People 0.86 and more, animals 0.79."
    )
    least_drawn_human: float = Field(
        default=0.69, description="The same where the meshes agree: comics, sculptures."
    )
    most_drawn_jitter: float = Field(
        default=0.018, description="They agree up to here. Sculptures 0.016, dogs 0.017 and more."
    )
    most_drawn_shift: float = Field(
        default=0.03, description="And to here, of the lips over eye distance. Monkeys 0.057."
    )
    good_lips_shift: float = Field(
        default=0.046, description="Of the lips between the meshes, over eye distance."
    )
    most_yaw_deg: float = Field(default=30, description="Turned to the side.")
    most_mouth_gap: float = Field(default=0.30, description="Open mouth, over eye distance.")
    least_mouth_contrast: float = Field(
        default=8, description="Lips against the face, in steps of 255. People 9.6 and more."
    )
    least_hidden_contrast: float = Field(
        default=50, description="The same where a closer look finds no lips."
    )
    least_face_share: float = Field(default=0.15, description="Face over the frame's height.")
    good_open_eyes: float = Field(
        default=0.16, description="Between the lids, over an eye's width. Narrow eyes 0.19."
    )
    good_teeth: float = Field(
        default=0.008, description="Area of teeth over the square of the eye distance."
    )


ALLOWABLE: Mapping[str, str] = {
    "not-human": "what looks like no human face",
    "turned": "a head turned to the side",
    "open-mouth": "a mouth that is wide open",
    "no-mouth": "a face whose mouth is not found",
    "small-face": "a face that is small in the frame",
}
"""What `allow` may name: faults with which a person wants a portrait animated all the same."""


@dataclass
class Suitability:
    """What speaks against a portrait.

    Attributes:
        features: the face's parts by a closer look.
        faults: sentences by name, as in :data:`ALLOWABLE`.
        doubts: sentences, about what may look wrong.
        figures: what was measured.
    """

    features: Features
    faults: dict[str, str] = field(default_factory=dict[str, str])
    doubts: list[str] = field(default_factory=list[str])
    figures: dict[str, float] = field(default_factory=dict[str, float])


def eye_doubt(eyes: Eyes) -> str:
    """Why the preview keeps the eyes still; empty where nothing crosses or covers them.

    Eyes that only do not blink need no other picture: they look alive, and nobody is told.
    """
    sight = eyes.sight
    if sight.crossed > MOST_CROSSED:
        return (
            "the eyes do not move, because rims of glasses or hair cross them "
            f"({sight.crossed:.1%} of their edge, up to {MOST_CROSSED:.1%} is taken for lashes); "
            "use a picture in which nothing crosses the eyes"
        )
    if sight.is_crossed:
        return (
            "the eyes do not move, because rims of glasses or hair cross them (a thin grey line "
            f"runs along the lids for {sight.rim:.2f} of an eye's width, up to {MOST_RIM:.2f} is "
            "taken for a fold); use a picture in which nothing crosses the eyes"
        )
    if sight.is_covered:
        return (
            "the eyes do not move, because they are covered, as by dark glasses: the skin around "
            f"them has {sight.light:.0%} of the face's light, at least {LEAST_LIGHT:.0%} is "
            "needed; use a picture that shows the eyes"
        )
    return ""


def eyes_in_frame(pixels: Pixels, features: Features, scale: float) -> Eyes:
    """The eyes of ``pixels`` as the preview engine has them, without the rest of the frame.

    ``scale`` is in pixels of the video for one of ``pixels``: at that size the eyes are judged.
    """
    margin = (features.high - features.low) * 0.1
    low = np.maximum(np.floor(features.low - margin), 0).astype(int)
    high = np.minimum(np.ceil(features.high + margin), pixels.shape[1::-1]).astype(int)
    high = np.maximum(high, low + 1)
    face = pixels[low[1] : high[1], low[0] : high[0]]
    times = scale * CANVAS_SCALE
    size = (max(1, round(face.shape[1] * times)), max(1, round(face.shape[0] * times)))
    method = cv2.INTER_AREA if times < 1 else cv2.INTER_LANCZOS4
    canvas = np.asarray(cv2.resize(face, size, interpolation=method), np.uint8)
    share = np.array([size[0] / face.shape[1], size[1] / face.shape[0]])
    return Eyes(canvas, features.placed(share, share / 2 - 0.5 - low * share))


def small_face_fault(share: float, limits: SuitabilityLimits) -> str:
    """Why a face of this ``share`` of the frame's height is refused; empty where it is not."""
    if share >= limits.least_face_share:
        return ""
    return (
        f"the face is {share:.0%} of the frame's height, at least {limits.least_face_share:.0%} "
        "is needed; crop the portrait closer, or set framing to face"
    )


def suitability(
    pixels: Pixels, face: Face, yaw_deg: float, limits: SuitabilityLimits
) -> Suitability:
    """What speaks against animating the ``face`` found in ``pixels`` ((H, W, 3) RGB)."""
    closer = refined(pixels, face.landmarks)
    features = features_of_landmarks(closer.landmarks)
    contrast, teeth = _mouth(pixels, features)
    found = Suitability(
        features,
        figures={
            "human": human_score(pixels, face.landmarks),
            "mouth_contrast": contrast,
            "is_mouth_seen": float(closer.is_mouth_seen),
            "teeth": teeth,
            "open_mouth": features.gap,
            "lips_shift": _lips_shift(face.landmarks, closer.landmarks),
            "open_eyes": max((_openness(eye, features.across) for eye in features.eyes), default=1),
        },
    )
    is_drawn = _is_drawn_human(found.figures, lambda: jitter(pixels, face.landmarks), limits)
    _add_faults(found, yaw_deg, limits, is_drawn=is_drawn)
    if "no-mouth" not in found.faults and not closer.is_mouth_seen:
        found.doubts.append(
            "a closer look does not find the lips where the face mesh has them, as under a beard; "
            "check them with `nightshoot rig PORTRAIT`"
        )
    elif "no-mouth" not in found.faults and (
        (shift := found.figures["lips_shift"]) > limits.good_lips_shift
    ):
        found.doubts.append(
            f"two looks at the lips differ by {shift:.3f} of the eye distance, up to "
            f"{limits.good_lips_shift:.3f} is usual; where a beard covers them or they are drawn "
            "as strokes, the mouth may look wrong; check them with `nightshoot rig PORTRAIT`, "
            "or use a picture that shows the lips"
        )
    if (open_eyes := found.figures["open_eyes"]) < limits.good_open_eyes:
        found.doubts.append(
            f"the eyes are shut in the portrait (open by {max(open_eyes, 0):.2f} of their width, "
            f"from {limits.good_open_eyes:.2f} on they look open), and stay so in the video; use "
            "a picture with open eyes"
        )
    if teeth > limits.good_teeth:
        found.doubts.append(
            "the portrait shows teeth, which stay visible when the mouth should be shut; use a "
            "picture with the lips together"
        )
    return found


def _is_drawn_human(
    figures: Mapping[str, float], measured_jitter: Callable[[], float], limits: SuitabilityLimits
) -> bool:
    """Whether the meshes agree about what the detector of faces half believes."""
    if figures["human"] < limits.least_drawn_human or not figures["is_mouth_seen"]:
        return False
    is_in_place = figures["lips_shift"] <= limits.most_drawn_shift
    return is_in_place and measured_jitter() <= limits.most_drawn_jitter


def _add_faults(
    found: Suitability, yaw_deg: float, limits: SuitabilityLimits, *, is_drawn: bool
) -> None:
    figures, faults = found.figures, found.faults
    if figures["human"] < limits.least_human and not is_drawn:
        faults["not-human"] = (
            f"the picture is only {figures['human']:.2f} like a human face, at least "
            f"{limits.least_human:.2f} is needed; use a portrait of a person, or place the face "
            "by hand with `nightshoot rig PORTRAIT`"
        )
    if yaw_deg > limits.most_yaw_deg:
        faults["turned"] = (
            f"the head is turned by {yaw_deg:.0f} degrees, at most {limits.most_yaw_deg:.0f} can "
            "be animated; use a picture from the front"
        )
    if figures["open_mouth"] > limits.most_mouth_gap:
        faults["open-mouth"] = (
            f"the mouth is open by {figures['open_mouth']:.2f} of the eye distance, at most "
            f"{limits.most_mouth_gap:.2f} can be shut; use a picture with the lips together"
        )
    is_seen = bool(figures["is_mouth_seen"])
    least = limits.least_mouth_contrast if is_seen else limits.least_hidden_contrast
    if figures["mouth_contrast"] < least and "turned" not in faults:
        faults["no-mouth"] = (
            f"no mouth is found in the face: its contrast is {figures['mouth_contrast']:.0f}, at "
            f"least {least:.0f} is needed; use a picture that shows the lips, or place them by "
            "hand with `nightshoot rig PORTRAIT`"
        )


def _lips_shift(mesh: Landmarks, closer: Landmarks) -> float:
    """How far the lips of two meshes are apart, on the average, over the eye distance."""
    lips = list({*UPPER_OUTER, *LOWER_OUTER, UPPER_INNER[0], UPPER_INNER[5], LOWER_INNER[5]})
    apart = np.hypot(*(closer[lips, :2] - mesh[lips, :2]).T)
    eyes = np.hypot(*(mesh[LEFT_EYE_CORNER, :2] - mesh[RIGHT_EYE_CORNER, :2]))
    return float(apart.mean()) / max(float(eyes), 1e-6)


def _openness(eye: Eye, across: Points) -> float:
    """How far the lids are apart, on the average of an eye's middle half, over its width."""
    corner, width = eye.upper[0], float(np.hypot(*(eye.upper[-1] - eye.upper[0])))
    axes = np.stack([across, [-across[1], across[0]]], 1) / max(width, 1e-6)
    places = np.linspace(0.25, 0.75, 5)

    def below(lid: Points) -> NDArray[np.float64]:
        local: Points = (lid - corner) @ axes
        order = np.argsort(local[:, 0])
        return np.asarray(np.interp(places, local[order, 0], local[order, 1]), np.float64)

    return float((below(eye.lower) - below(eye.upper)).mean())


def _mouth(pixels: Pixels, features: Features) -> tuple[float, float]:
    """The lips' contrast with the face, and the area of teeth over the eye distance squared."""
    lab = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB), np.float32)
    lips = _filled(pixels, features.upper_outer, features.upper_inner)
    lips |= _filled(pixels, features.lower_outer, features.lower_inner)
    inside = _filled(pixels, features.upper_inner, features.lower_inner) & ~lips
    face = _ellipse(pixels, features) & ~lips & ~inside
    if not lips.any() or not face.any():
        return 0.0, 0.0
    luma, tint = float(np.median(lab[face][:, 0])), float(np.median(lab[face][:, 1]))
    contrast = abs(float(lab[lips][:, 0].mean()) - luma)
    contrast += 2 * abs(float(lab[lips][:, 1].mean()) - tint)
    shown = lab[inside]
    is_tooth = (shown[:, 0] > _TEETH_LUMA * luma) & (np.abs(shown[:, 1] - _GREY) < _TEETH_TINT)
    return contrast, float(is_tooth.sum()) / features.eye_distance**2


def _filled(
    pixels: Pixels, upper: NDArray[np.float64], lower: NDArray[np.float64]
) -> NDArray[np.bool_]:
    canvas = np.zeros(pixels.shape[:2], np.uint8)
    outline = np.concatenate([upper, lower[::-1]])
    cv2.fillPoly(canvas, [np.rint(outline).astype(np.int32)], 1)
    return canvas.astype(bool)


def _ellipse(pixels: Pixels, features: Features) -> NDArray[np.bool_]:
    canvas = np.zeros(pixels.shape[:2], np.uint8)
    centre = np.rint((features.low + features.high) / 2).astype(int)
    half = np.rint((features.high - features.low) / 2 * 0.85).astype(int)
    cv2.ellipse(canvas, centre.tolist(), half.tolist(), 0, 0, 360, 1, -1)
    return canvas.astype(bool)
