"""Where a frame is cut out of a portrait: the composition, in numbers. Pure.

A presenter is shown from the chest up, the face 35 to 55 % of the frame's height, the eyes near its
upper third, with some room above the hair. The frame stays inside the picture wherever the picture
is large enough; where it is not, it reaches outside as little as these rules allow, and
:mod:`tasks.portrait.background` paints what is there. It never reaches above a head that the
picture cuts.

Lengths are pixels of the portrait, upright; a frame's are pixels of the video.
"""

import re
from dataclasses import dataclass
from typing import TypeAlias

Box: TypeAlias = tuple[float, float, float, float]  # left, top, right, bottom

LEAST_FACE, MOST_FACE = 0.35, 0.55  # height of the face, forehead to chin, over the frame's
_CLOSE_FACE = 0.45  # what `face` asks for
_CROWDED_FACE = 0.62  # at most, where a smaller one would show where the picture cuts the body
_EYE_LINE = 0.40  # of the frame's height, from its top
_ROOM_ABOVE, _ROOM_BELOW, _ROOM_BESIDE = 0.05, 0.08, 0.03  # around the head, of the frame
_MOST_ENLARGEMENT = 1.6  # for a better composition; a small picture is enlarged as it must be
_OFF_CENTRE = 0.12  # of the frame's width: how far a face may stand from the middle
_BOX = re.compile(r"(\d+)\s*[,;x ]\s*(\d+)\s*[,;x ]\s*(\d+)\s*[,;x ]\s*(\d+)")

MODES = ("auto", "face", "wide")


@dataclass(frozen=True)
class Head:
    """A presenter's head.

    Attributes:
        face: forehead to chin, temple to temple.
        eye_y: the line of the eyes.
        box: with its hair.
    """

    face: Box
    eye_y: float
    box: Box


@dataclass(frozen=True)
class Edges:
    """Which sides of the picture cut through the person."""

    left: bool = False
    top: bool = False
    right: bool = False


@dataclass(frozen=True)
class Window:
    """What a frame shows of a portrait.

    Attributes:
        scale: pixels of the frame for a pixel of the portrait.
        left, top: the frame's corner, in pixels of the scaled portrait; negative where the frame
            reaches outside.
    """

    scale: float
    left: int
    top: int


def parse_framing(text: str) -> str:
    """`auto`, `face`, `wide`, or a box `left,top,width,height` in a canonical form.

    Raises:
        ValueError: it is none of them; the message is the rule.
    """
    value = text.strip().lower()
    if value in MODES:
        return value
    found = _BOX.fullmatch(value)
    if not found:
        raise ValueError(
            "must be auto, face, wide, or a box of four whole numbers "
            '"left,top,width,height" in pixels of the portrait'
        )
    if int(found[3]) < 16 or int(found[4]) < 16:
        raise ValueError("the box must be at least 16 pixels wide and high")
    return ",".join(str(int(number)) for number in found.groups())


def box_of(framing: str, width: int, height: int) -> Box | None:
    """The box that a framing names, in a portrait of ``width`` x ``height``; None for a mode.

    Raises:
        ValueError: the box reaches outside the portrait.
    """
    if framing in MODES:
        return None
    left, top, box_width, box_height = map(int, framing.split(","))
    if left + box_width > width or top + box_height > height:
        raise ValueError(
            f"framing {framing} ends at ({left + box_width}, {top + box_height}), outside the "
            f"portrait of {width}x{height} pixels; the box is left,top,width,height, or use "
            "auto, face or wide"
        )
    return float(left), float(top), float(left + box_width), float(top + box_height)


def boxed_window(box: Box, picture: tuple[int, int], frame: tuple[int, int]) -> Window:
    """The smallest frame that shows all of ``box``, moved into the picture where it can be."""
    width, height = box[2] - box[0], box[3] - box[1]
    scale = min(frame[0] / width, frame[1] / height)
    left = _inside((box[0] + box[2]) / 2 * scale - frame[0] / 2, picture[0] * scale, frame[0])
    top = _inside((box[1] + box[3]) / 2 * scale - frame[1] / 2, picture[1] * scale, frame[1])
    return Window(scale, round(left), round(top))


def window_of(
    head: Head, edges: Edges, picture: tuple[int, int], frame: tuple[int, int], mode: str
) -> Window:
    """Where a frame of ``frame`` (width, height) stands over a portrait of ``picture``.

    ``wide`` shows as much of the picture as the rules allow, ``face`` comes close, ``auto`` keeps
    the whole picture's width or height unless the face would be too small.
    """
    cover = max(frame[0] / picture[0], frame[1] / picture[1])
    face_height = head.face[3] - head.face[1]
    is_wider = frame[0] / picture[0] > frame[1] / picture[1]
    largest = _largest_scale(head, frame, is_bare=edges.top and not is_wider)

    def scale_for(share: float) -> float:
        return share * frame[1] / face_height

    if mode == "face":
        wanted = min(max(cover, scale_for(_CLOSE_FACE)), max(cover, _MOST_ENLARGEMENT))
    elif mode == "auto" and cover < scale_for(LEAST_FACE):
        wanted = min(scale_for(LEAST_FACE * 1.08), max(cover, _MOST_ENLARGEMENT))
    else:
        wanted = cover
    if wanted > scale_for(MOST_FACE):
        is_cut = (edges.left or edges.right) if is_wider else edges.top
        share = _CROWDED_FACE if is_cut else MOST_FACE
        wanted = min(wanted, scale_for(share)) if mode != "face" else min(wanted, largest)
    scale = min(wanted, largest)
    if edges.top and is_wider:  # a head that the picture cuts is shown cut, not made up above
        scale = max(scale, frame[1] / picture[1])
    return Window(
        scale,
        round(_left(head, edges, picture[0] * scale, frame[0], scale)),
        round(_top(head, edges, picture[1] * scale, frame[1], scale)),
    )


def _largest_scale(head: Head, frame: tuple[int, int], *, is_bare: bool) -> float:
    """At which the head still stands in the frame with room around it.

    Where ``is_bare``, with the face alone beside: hair that is cut above is better cut beside,
    too, than made up.
    """
    left, top, right, bottom = head.box
    if is_bare:
        left, right = head.face[0], head.face[2]
    high = frame[1] * (1 - _ROOM_ABOVE - _ROOM_BELOW) / max(bottom - top, 1.0)
    wide = frame[0] * (1 - 2 * _ROOM_BESIDE) / max(right - left, 1.0)
    return min(high, wide)


def _left(head: Head, edges: Edges, width: float, frame_width: int, scale: float) -> float:
    """The frame's left side: the face in the middle, as far as the picture reaches."""
    wanted = (head.face[0] + head.face[2]) / 2 * scale - frame_width / 2
    if width >= frame_width or edges.left == edges.right:
        return _inside(wanted, width, frame_width)
    flush = 0.0 if edges.left else width - frame_width  # the cut side stands at the frame's
    is_far = abs(flush - wanted) > _OFF_CENTRE * frame_width
    return _inside(wanted, width, frame_width) if is_far else flush


def _top(head: Head, edges: Edges, height: float, frame_height: int, scale: float) -> float:
    """The frame's upper side: the eyes on their line, the hair and the chin in the frame."""
    wanted = head.eye_y * scale - _EYE_LINE * frame_height
    wanted = max(wanted, head.box[3] * scale - (1 - _ROOM_BELOW) * frame_height)
    wanted = min(wanted, head.box[1] * scale - _ROOM_ABOVE * frame_height)
    if (
        height < frame_height
    ):  # missing above, where the body is cut below; below, where the head is
        return 0.0 if edges.top else height - frame_height
    return min(max(wanted, 0.0), height - frame_height)


def _inside(wanted: float, size: float, frame_size: float) -> float:
    slack = size - frame_size
    return min(max(wanted, min(slack, 0.0)), max(slack, 0.0))
