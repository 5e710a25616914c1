"""Portraits: checked before rendering, rigged by hand where needed."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
from pydantic import Field

from model.engine import Pixels
from model.errors import PortraitError
from model.preview.face import Face, jitter
from model.preview.features import (
    Features,
    features_of_landmarks,
    features_of_rig,
    locate,
    parse_rig,
    rig_of_features,
    with_closed_mouth,
)
from model.preview.fit import choose_view
from tasks.portrait.faces import faces_of
from tasks.portrait.picture import read_portrait
from tasks.portrait.suitability import (
    Suitability,
    SuitabilityLimits,
    eye_doubt,
    eyes_in_frame,
    small_face_fault,
    suitability,
)
from tasks.records import Record
from tasks.store.files import write_file

_MAX_RIG_BYTES = 1 << 20


class PortraitLimits(Record):
    """When a portrait is refused (``least_``, ``most_``) and when it is only warned about."""

    least_face_width: float = Field(default=48, description="Pixels of the video; refused below.")
    good_face_width: float = Field(default=80, description="Pixels of the video.")
    least_short_side: int = Field(default=256, description="Pixels; refused below.")
    good_short_side: int = Field(default=512, description="Pixels.")
    good_score: float = Field(default=0.9, description="Of the face mesh, 0 to 1.")
    good_jitter: float = Field(default=0.03, description="Of the landmarks, over face width.")
    good_yaw_deg: float = Field(default=30, description="Turned to the side.")
    good_roll_deg: float = Field(default=20, description="Tilted.")
    good_mouth_gap: float = Field(default=0.25, description="Open mouth, over eye distance.")
    least_sharpness: float = Field(default=25, description="Variance of the face's Laplacian.")
    good_sharpness: float = Field(default=60, description="Variance of the face's Laplacian.")
    least_luma: float = Field(default=30, description="Mean of the face, 0 to 255.")
    good_luma: float = Field(default=60, description="Mean of the face, 0 to 255.")
    most_luma: float = Field(default=230, description="Mean of the face, 0 to 255.")
    good_clipped: float = Field(default=0.05, description="Share of white pixels in the face.")
    good_enlargement: float = Field(default=1.6, description="Pixels of the video a pixel.")


class PortraitReport(Record):
    """What a check of a portrait found; without errors it can be animated."""

    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    figures: dict[str, float] = Field(default_factory=dict, description="What was measured.")
    has_face: bool = Field(description="A face was found or is placed by a rig.")


class WrittenRig(Record):
    """The files of a rig."""

    rig_path: Path
    picture_path: Path
    origin: str = Field(description='"found" by the mesh, "guessed", or "kept" as it was.')


# --- checking -----------------------------------------------------------------------------------


def check_portrait(
    pixels: Pixels,
    rig: Mapping[str, object] | None,
    width: int,
    height: int,
    *,
    limits: PortraitLimits | None = None,
    scale: float | None = None,
    allowed: Collection[str] = (),
    is_preview: bool = True,
) -> PortraitReport:
    """Whether a portrait can be animated at ``width`` x ``height``: sentences, and figures.

    ``scale`` is of its frame, in pixels of the video for one of the portrait; None where the
    engine itself fits it into the frame. Faults that are ``allowed`` by name are only told.
    ``is_preview``: the preview engine animates it, whose eyes move only where nothing covers them.
    """
    limits = limits or PortraitLimits()
    faces: list[Face] = [] if rig is not None else faces_of(pixels)
    figures: dict[str, float] = {"short_side": float(min(pixels.shape[:2]))}
    errors, warnings = _size_sentences(figures["short_side"], limits)
    if rig is None and not faces:
        no_face = (
            "no face was found in the portrait; use a picture with one face seen from the "
            "front, place the face by hand with `nightshoot rig PORTRAIT`, or show the still "
            "picture with `--on-no-face still`"
        )
        return PortraitReport(
            errors=(no_face, *errors), warnings=tuple(warnings), figures=figures, has_face=False
        )
    if rig is not None:
        features = features_of_rig(parse_rig(rig), pixels.shape[1], pixels.shape[0])
    else:
        figures |= _mesh_figures(pixels, faces)
        features = features_of_landmarks(faces[0].landmarks)
    if scale is None:
        scale = choose_view(pixels.shape[1], pixels.shape[0], features, width, height).scale
    figures |= _picture_figures(pixels, features, scale)
    errors += _refusals(figures, limits)
    warnings += _doubts(figures, limits)
    found = Suitability(features)
    if rig is None:
        found = suitability(pixels, faces[0], figures["yaw_deg"], SuitabilityLimits())
    if is_preview and found.features.eyes:
        eyes = eyes_in_frame(pixels, found.features, scale)
        found.doubts += [doubt] if (doubt := eye_doubt(eyes)) else []
        found.figures["blinks"] = float(eyes.can_blink)
    share = float(features.high[1] - features.low[1]) * scale / height
    if fault := small_face_fault(share, SuitabilityLimits()):
        found.faults["small-face"] = fault
    figures |= found.figures | {"face_share": share}
    for name, fault in found.faults.items():
        if name in allowed:
            warnings.append(f"allowed: {fault}")
        else:
            errors.append(f"{fault}, or animate it all the same with `--allow {name}`")
    warnings += found.doubts
    return PortraitReport(
        errors=tuple(errors), warnings=tuple(warnings), figures=figures, has_face=True
    )


def _size_sentences(short_side: float, limits: PortraitLimits) -> tuple[list[str], list[str]]:
    if short_side < limits.least_short_side:
        return [
            f"the portrait's short side is {short_side:.0f} pixels, at least "
            f"{limits.least_short_side} are needed; use a larger picture"
        ], []
    if short_side < limits.good_short_side:
        return [], [
            f"the portrait's short side is {short_side:.0f} pixels, "
            f"{limits.good_short_side} or more look better; use a larger picture if you have one"
        ]
    return [], []


def _mesh_figures(pixels: Pixels, faces: list[Face]) -> dict[str, float]:
    face = faces[0]
    across = face.landmarks[454] - face.landmarks[234]  # from cheek to cheek
    eyes = face.landmarks[263] - face.landmarks[33]
    return {
        "score": face.score,
        "jitter": jitter(pixels, face.landmarks),
        "yaw_deg": float(np.degrees(np.arctan2(abs(across[2]), np.hypot(across[0], across[1])))),
        "roll_deg": float(abs(np.degrees(np.arctan2(eyes[1], eyes[0])))),
        "num_faces": float(sum(face.score > 0.9 for face in faces)),
    }


def _picture_figures(pixels: Pixels, features: Features, scale: float) -> dict[str, float]:
    left, top = (max(0, int(v)) for v in features.low)
    right, bottom = (int(np.ceil(v)) for v in features.high)
    crop = pixels[top : max(bottom, top + 1), left : max(right, left + 1)]
    if crop.size == 0:
        crop = pixels
    size = (128, max(1, round(128 * crop.shape[0] / crop.shape[1])))
    small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.float32)
    return {
        "face_width": float(features.high[0] - features.low[0]) * scale,
        "mouth_gap": features.gap,
        "enlargement": scale,
        "sharpness": float(np.asarray(cv2.Laplacian(grey, cv2.CV_32F)).var()),
        "luma": float(grey.mean()),
        "clipped": float((grey >= 250).mean()),
    }


def _refusals(figures: Mapping[str, float], limits: PortraitLimits) -> list[str]:
    found: list[str] = []
    if figures["face_width"] < limits.least_face_width:
        found.append(
            f"the face is {figures['face_width']:.0f} pixels wide in the video, at least "
            f"{limits.least_face_width:.0f} are needed; crop the portrait closer or raise the size"
        )
    if figures["sharpness"] < limits.least_sharpness:
        found.append(
            f"the face is blurred: sharpness {figures['sharpness']:.0f}, at least "
            f"{limits.least_sharpness:.0f} is needed; use a sharper picture"
        )
    if not limits.least_luma <= figures["luma"] <= limits.most_luma:
        found.append(
            f"the face's brightness is {figures['luma']:.0f} of 255, it must be from "
            f"{limits.least_luma:.0f} to {limits.most_luma:.0f}; correct the exposure"
        )
    return found


def _doubts(figures: Mapping[str, float], limits: PortraitLimits) -> list[str]:
    by_hand = "check the landmarks with `nightshoot rig PORTRAIT`"
    below = (
        ("face_width", limits.least_face_width, limits.good_face_width, "the face's width in the "
         "video is {0:.0f} pixels, {1:.0f} or more look better; crop the portrait closer"),
        ("sharpness", limits.least_sharpness, limits.good_sharpness, "the face's sharpness is "
         "{0:.0f}, {1:.0f} or more look better; use a sharper picture"),
        ("luma", limits.least_luma, limits.good_luma, "the face's brightness is {0:.0f} of 255, "
         "{1:.0f} or more look better; correct the exposure"),
        ("score", 0.0, limits.good_score, "the face mesh is only {0:.2f} sure of the face, "
         "{1:.2f} is usual; " + by_hand),
    )  # fmt: skip
    above = (
        ("jitter", limits.good_jitter, "the landmarks move by {0:.3f} of the face's width, {1:.3f} "
         "is usual at most; " + by_hand),
        ("yaw_deg", limits.good_yaw_deg, "the face is turned by {0:.0f} degrees, up to {1:.0f} "
         "animate well; use a picture from the front"),
        ("roll_deg", limits.good_roll_deg, "the head is tilted by {0:.0f} degrees, up to {1:.0f} "
         "animate well; turn the picture upright"),
        ("mouth_gap", limits.good_mouth_gap, "the mouth is open by {0:.2f} of the eye distance, up "
         "to {1:.2f} can be shut; use a picture with the lips together"),
        ("clipped", limits.good_clipped, "{0:.0%} of the face is white, up to {1:.0%} looks "
         "natural; correct the exposure"),
        ("enlargement", limits.good_enlargement, "the portrait is enlarged {0:.1f} times, up to "
         "{1:.1f} looks sharp; use a larger picture or a smaller size"),
        ("num_faces", 1.0, "{0:.0f} faces were found, the largest is animated; crop the portrait "
         "if that is the wrong one"),
    )  # fmt: skip
    found = [
        text.format(figures[name], good)
        for name, least, good, text in below
        if least <= figures.get(name, good) < good
    ]
    found += [
        text.format(figures[name], good)
        for name, good, text in above
        if figures.get(name, good) > good
    ]
    return found


# --- rigs ---------------------------------------------------------------------------------------


def rig_path_of(portrait_path: Path) -> Path:
    """Where a portrait's rig is: ``x.rig.json`` beside ``x.png``."""
    return portrait_path.with_name(f"{portrait_path.stem}.rig.json")


def read_rig(path: Path) -> dict[str, object]:
    """The content of a rig file, checked; fields as in :class:`model.preview.features.Rig`.

    Raises:
        PortraitError: the file is missing, no JSON, or breaks the rules of a rig.
    """
    try:
        if path.stat().st_size > _MAX_RIG_BYTES:
            raise PortraitError(
                f"{path}: the rig is larger than {_MAX_RIG_BYTES >> 10} KiB; "
                "`nightshoot rig PORTRAIT` writes a small one"
            )
        content: Any = json.loads(path.read_text("utf-8"))
    except RecursionError as error:
        raise PortraitError(
            f"{path}: its brackets are nested too deeply for a rig; correct it, or delete it "
            "and run `nightshoot rig` again"
        ) from error
    except OSError as error:
        raise PortraitError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except ValueError as error:
        raise PortraitError(
            f"{path}: is not valid JSON ({error}); correct it, or delete it "
            "and run `nightshoot rig` again"
        ) from error
    if not isinstance(content, dict):
        raise PortraitError(f"{path}: must hold one JSON object, with the fields of a rig")
    values = cast(dict[str, object], content)
    try:
        parse_rig(values)
    except PortraitError as error:
        raise PortraitError(f"{path}: {error}") from error
    return values


def write_rig(portrait_path: Path, folder: Path | None = None) -> WrittenRig:
    """Write ``<stem>.rig.json``, to be corrected by hand, and a picture that shows it.

    A rig that is there already is kept and only drawn, so that a correction can be looked at.

    Raises:
        PortraitError: the portrait or the rig that is there cannot be read.
    """
    pixels = read_portrait(portrait_path)
    rig_path = (folder or portrait_path.parent) / rig_path_of(portrait_path).name
    if rig_path.exists():
        rig, origin = read_rig(rig_path), "kept"
    else:
        features = locate(pixels, None)
        height, width = pixels.shape[:2]
        origin = "guessed" if features is None else "found"
        rig = _guessed_rig(width, height)
        if features is not None:
            rig = rig_of_features(features, width, height)
        write_file(rig_path, _rig_text(rig).encode())
    picture_path = rig_path.with_name(f"{portrait_path.stem}.rig.png")
    is_encoded, data = cv2.imencode(".png", draw_rig(pixels, rig)[..., ::-1])
    if not is_encoded:
        raise PortraitError(f"{picture_path}: the picture of the rig could not be encoded as PNG")
    write_file(picture_path, data.tobytes())
    return WrittenRig(rig_path=rig_path, picture_path=picture_path, origin=origin)


def _rig_text(rig: Mapping[str, object]) -> str:
    fields = [f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in rig.items()]
    return "{\n" + ",\n".join(fields) + "\n}\n"


def _guessed_rig(width: int, height: int) -> dict[str, object]:
    """A face in the upper middle of the picture, for people to move into place."""
    unit = min(width, height) / 10
    x, y = width / 2, height * 0.4
    mouth_y = round(y + unit * 0.9)
    return {
        "size": [width, height],
        "mouth_left": [round(x - 0.6 * unit), mouth_y],
        "mouth_right": [round(x + 0.6 * unit), mouth_y],
        "upper_lip": 0,
        "lower_lip": 0,
        "lip_thickness": max(1, round(0.2 * unit)),
        "chin": [round(x), round(y + 1.7 * unit)],
        "nose": [round(x), round(y + 0.4 * unit)],
        "face": [
            round(x - 1.2 * unit),
            round(y - 1.5 * unit),
            round(x + 1.2 * unit),
            round(y + 1.7 * unit),
        ],
        "eyes": [],
    }


def draw_rig(pixels: Pixels, rig: Mapping[str, object]) -> Pixels:
    """The face enlarged, with the rig's parts drawn and named, and rulers in portrait pixels."""
    features = with_closed_mouth(
        pixels, features_of_rig(parse_rig(rig), pixels.shape[1], pixels.shape[0])
    )
    margin = (features.high - features.low) * 0.35
    low = np.maximum(np.floor(features.low - margin), 0).astype(int)
    high = np.minimum(np.ceil(features.high + margin), pixels.shape[1::-1]).astype(int)
    scale = 900 / max(high - low)
    size = (round((high[0] - low[0]) * scale), round((high[1] - low[1]) * scale))
    crop = np.ascontiguousarray(pixels[low[1] : high[1], low[0] : high[0]])
    canvas = np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_CUBIC), np.uint8).copy()
    shift = scale / 2 - 0.5 - low * scale
    _draw_rulers(canvas, low, scale)
    placed = features.placed(np.full(2, scale), shift)
    parts: list[tuple[str, Any, tuple[int, int, int], bool]] = [
        ("upper_lip", placed.upper_inner, (0, 220, 0), False),
        ("lower_lip", placed.lower_inner, (0, 150, 255), True),
        ("", placed.upper_outer, (255, 80, 80), False),
        ("lip_thickness", placed.lower_outer, (255, 80, 80), True),
        ("nose", placed.nose[None], (255, 220, 0), False),
        ("chin", placed.chin[None], (255, 220, 0), True),
        ("mouth_left", placed.upper_outer[:1], (255, 0, 255), False),
        ("mouth_right", placed.upper_outer[-1:], (255, 0, 255), False),
    ]
    for index, eye in enumerate(placed.eyes):
        parts.append((f"eyes[{index}]", eye.upper, (0, 255, 255), False))
        parts.append(("", eye.lower, (0, 255, 255), True))
    corners = [tuple(np.rint(point).astype(int).tolist()) for point in (placed.low, placed.high)]
    cv2.rectangle(canvas, corners[0], corners[1], (255, 255, 255), 1, cv2.LINE_AA)
    _label(canvas, "face", placed.low + np.array([4, 18]), (255, 255, 255))
    for name, points, colour, is_below in parts:
        _draw_part(canvas, name, points, colour, is_below)
    return canvas


def _draw_part(
    canvas: Pixels, name: str, points: Any, colour: tuple[int, int, int], is_below: bool
) -> None:
    line = np.rint(points).astype(np.int32)
    cv2.polylines(canvas, [line], False, colour, 2, cv2.LINE_AA)
    for x, y in line[[0, -1]].tolist():
        cv2.circle(canvas, (x, y), 4, colour, -1, cv2.LINE_AA)
    middle = line[len(line) // 2]
    if name in ("mouth_left", "mouth_right"):
        side = -110 if name == "mouth_left" else 12
        _label(canvas, name, middle + np.array([side, -10]), colour)
    elif name:
        _label(canvas, name, middle + np.array([-40, 24 if is_below else -10]), colour)


def _label(canvas: Pixels, text: str, place: Any, colour: tuple[int, int, int]) -> None:
    x = int(np.clip(place[0], 2, max(2, canvas.shape[1] - 10 * len(text))))
    y = int(np.clip(place[1], 14, canvas.shape[0] - 6))
    font = cv2.FONT_HERSHEY_SIMPLEX
    for dx, dy in ((-1, -1), (1, -1), (-1, 1), (1, 1)):  # an outline, legible on any ground
        cv2.putText(canvas, text, (x + dx, y + dy), font, 0.55, (0, 0, 0), 1, cv2.LINE_AA)
    cv2.putText(canvas, text, (x, y), font, 0.55, colour, 1, cv2.LINE_AA)


def _draw_rulers(canvas: Pixels, low: Any, scale: float) -> None:
    """Numbered lines every so many portrait pixels, about 100 canvas pixels apart."""
    steps = [step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if step * scale >= 70]
    step = steps[0] if steps else 2000
    for axis in (0, 1):
        length = canvas.shape[1 - axis]
        first = -(-int(low[axis]) // step) * step
        for value in range(first, int(low[axis] + length / scale) + 1, step):
            place = round((value - low[axis] + 0.5) * scale)
            start, end = ((place, 0), (place, canvas.shape[0]))
            if axis == 1:
                start, end = ((0, place), (canvas.shape[1], place))
            cv2.line(canvas, start, end, (128, 128, 128), 1)
            _label(canvas, str(value), start if axis else (place + 2, 14), (255, 255, 255))
