"""A portrait as its video frames it: cut out, scaled, and its background extended where it ends.

This picture, and not the file, is what every engine is given and what a segment's key names.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from model.engine import Pixels
from model.errors import PortraitError
from model.loading import loaded_once_each
from model.preview.features import features_of_rig, parse_rig
from tasks.portrait.background import extended
from tasks.portrait.faces import Presenter, presenter_of
from tasks.portrait.framing import Window, box_of, boxed_window, window_of
from tasks.portrait.picture import portrait_sha256, read_portrait
from tasks.records import FramedPortrait
from tasks.store.campaign_folder import CampaignFolder

_FRAMES_KEPT = 64
_LEAST_TOLD = 0.5  # of the frame: a square picture that fills a wide one's height leaves 45 %
_POINTS = ("mouth_left", "mouth_right", "chin", "nose")
_LENGTHS = ("upper_lip", "lower_lip", "lip_thickness")


@dataclass(frozen=True)
class Framed:
    """A portrait in the frame of its video.

    Attributes:
        pixels: ``(height, width, 3)`` RGB.
        rig: the portrait's, in the frame's pixels.
        scale: pixels of the frame for a pixel of the portrait.
        notices: what a person should know, in sentences.
    """

    pixels: Pixels
    rig: dict[str, object] | None
    scale: float
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class FramedFile:
    """A framed portrait, ready to be kept.

    Attributes:
        png: the picture; its pixels are those that ``sha256`` names.
        name: of its file in a store.
        sha256: see :func:`tasks.portrait.picture.portrait_sha256`.
        rig, scale, notices: see :class:`Framed`.
    """

    png: bytes
    name: str
    sha256: str
    rig: dict[str, object] | None
    scale: float
    notices: tuple[str, ...]


def framed_file(
    path: Path,
    version: tuple[int, ...],
    rig: Mapping[str, object] | None,
    size: tuple[int, int],
    framing: str,
) -> FramedFile | None:
    """The portrait of a file in its frame, which many rows share; see :func:`frame_portrait`.

    Args:
        path: of the picture.
        version: of the file, see :func:`tasks.store.files.file_version`.
        rig: the face placed by hand, if it is.
        size: width and height of the video.
        framing: ``auto``, ``face``, ``wide`` or a box.

    Raises:
        PortraitError: the picture cannot be read, or the box does not fit it.
    """
    rig_text = None if rig is None else json.dumps(dict(rig), sort_keys=True)
    return _framed_file(path, version, rig_text, size, framing)


@loaded_once_each(most_kept=_FRAMES_KEPT)
def _framed_file(
    path: Path,
    version: tuple[int, ...],
    rig_text: str | None,
    size: tuple[int, int],
    framing: str,
) -> FramedFile | None:
    del version  # part of the cache's key
    rig = None if rig_text is None else json.loads(rig_text)
    try:
        framed = frame_portrait(read_portrait(path), rig, size, framing)
    except ValueError as error:
        raise PortraitError(f"{path.name}: {error}") from error
    if framed is None:
        return None
    is_encoded, data = cv2.imencode(".png", framed.pixels[..., ::-1])
    if not is_encoded:
        raise PortraitError(f"{path.name}: its frame of {size[0]}x{size[1]} cannot be encoded")
    digest = portrait_sha256(framed.pixels)
    notices = tuple(f"{path.name}: {notice}" for notice in framed.notices)
    png = data.tobytes()
    name = f"{hashlib.sha256(png).hexdigest()}.png"
    return FramedFile(png, name, digest, framed.rig, framed.scale, notices)


def keep_framed(framed: FramedFile, folder: CampaignFolder) -> FramedPortrait:
    """Put a framed portrait into the store, once."""
    if not folder.holds_portrait(framed.name):
        with TemporaryDirectory(prefix="nightshoot-framed-") as scratch:
            path = Path(scratch) / "framed.png"
            path.write_bytes(framed.png)
            folder.keep_portrait(path)
    return FramedPortrait(name=framed.name, sha256=framed.sha256, rig=framed.rig)


def frame_portrait(
    pixels: Pixels, rig: Mapping[str, object] | None, size: tuple[int, int], framing: str
) -> Framed | None:
    """``pixels`` as a video of ``size`` (width, height) shows them.

    None where they are shown as they are: nobody is found whom a frame could be chosen for, or
    the frame is the picture.

    Raises:
        ValueError: the framing is a box outside the picture, or one without the face.
        PortraitError: the rig is not for this picture.
    """
    height, width = pixels.shape[:2]
    rigged = None if rig is None else features_of_rig(parse_rig(rig), width, height)
    presenter = presenter_of(pixels, rigged)
    box = box_of(framing, width, height)
    if box is not None:
        window = boxed_window(box, (width, height), size)
        if presenter is not None:
            _check_face_is_shown(presenter, window, size, framing)
    elif presenter is not None:
        window = window_of(presenter.head, presenter.edges, (width, height), size, framing)
    else:
        return None
    if window == Window(1.0, 0, 0) and size == (width, height):
        return None
    scaled_size = (max(1, round(width * window.scale)), max(1, round(height * window.scale)))
    frame = extended(_resized(pixels, scaled_size), (window.left, window.top), size)
    scale = (scaled_size[0] / width, scaled_size[1] / height)
    framed_rig = None if rig is None else _moved(rig, (width, height), scale, window, size)
    notices = _notices(scaled_size, window, size, presenter)
    return Framed(frame, framed_rig, window.scale, notices)


def _resized(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    if size == (pixels.shape[1], pixels.shape[0]):
        return pixels
    is_reduced = size[0] < pixels.shape[1]
    method = cv2.INTER_AREA if is_reduced else cv2.INTER_LANCZOS4
    return np.asarray(cv2.resize(pixels, size, interpolation=method), np.uint8)


def _check_face_is_shown(
    presenter: Presenter, window: Window, size: tuple[int, int], framing: str
) -> None:
    left, top, right, bottom = presenter.head.face
    x = (left + right) / 2 * window.scale - window.left
    y = (top + bottom) / 2 * window.scale - window.top
    if not (0 <= x < size[0] and 0 <= y < size[1]):
        raise ValueError(
            f"framing {framing} does not show the face, which is at left {left:.0f}, top "
            f"{top:.0f}, width {right - left:.0f}, height {bottom - top:.0f} of the portrait; "
            "choose a box around it, or use auto, face or wide"
        )


def _moved(
    rig: Mapping[str, object],
    picture: tuple[int, int],
    scale: tuple[float, float],
    window: Window,
    size: tuple[int, int],
) -> dict[str, object]:
    """A rig in the frame's pixels."""
    parsed = parse_rig(rig)
    x_scale = picture[0] / parsed.size[0] * scale[0]
    y_scale = picture[1] / parsed.size[1] * scale[1]

    def point(place: tuple[float, float]) -> list[float]:
        # a pixel's centre is half a pixel from its corner, in both pictures
        x = (place[0] + 0.5) * x_scale - 0.5 - window.left
        y = (place[1] + 0.5) * y_scale - 0.5 - window.top
        return [round(x, 2), round(y, 2)]

    moved: dict[str, object] = {"size": list(size)}
    moved |= {name: point(getattr(parsed, name)) for name in _POINTS}
    moved |= {name: round(getattr(parsed, name) * y_scale, 2) for name in _LENGTHS}
    moved["face"] = point(parsed.face[:2]) + point(parsed.face[2:])
    moved["eyes"] = [
        {
            "left": point(eye.left),
            "right": point(eye.right),
            "upper": round(eye.upper * y_scale, 2),
            "lower": round(eye.lower * y_scale, 2),
        }
        for eye in parsed.eyes
    ]
    return moved


def _notices(
    scaled: tuple[int, int], window: Window, size: tuple[int, int], presenter: Presenter | None
) -> tuple[str, ...]:
    """What the frame shows that the picture does not."""
    beyond = {
        "left": -window.left,
        "right": window.left + size[0] - scaled[0],
        "above": -window.top,
        "below": window.top + size[1] - scaled[1],
    }
    sides = [name for name, pixels in beyond.items() if pixels > 0]
    area = 1.0
    for low, high, length, full in (
        ("left", "right", size[0], scaled[0]),
        ("above", "below", size[1], scaled[1]),
    ):
        outside = max(beyond[low], 0) + max(beyond[high], 0)
        area *= (length - min(outside, length)) / length if full else 0.0
    if 1 - area < _LEAST_TOLD:
        return ()
    is_cut = presenter is not None and (
        (presenter.edges.left and "left" in sides)
        or (presenter.edges.right and "right" in sides)
        or "below" in sides
    )
    told = (
        f"the portrait shows too little around the face for {size[0]}x{size[1]}: {1 - area:.0%} of "
        f"the frame is extended background ({', '.join(sides)})"
    )
    if is_cut:
        told += ", into which the body fades where the picture cuts it"
    return (f"{told}; use a picture with more around the head, or another size",)
