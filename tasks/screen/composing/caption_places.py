"""Where burned captions stand in a layout: in its own region, or higher up, in a free one. Pure."""

from collections.abc import Iterator, Sequence

from tasks.deliver_records import FaceBox
from tasks.screen.composing.faults import ScreenFault
from tasks.screen.composing.pieces import Piece, Stage, overlaps, told
from tasks.screen.label import label_region
from tasks.screen.layout.templates import safe_region
from tasks.screen.overlays import Region

_MOUTH = (0.18, 0.60, 0.82, 0.95)
"""Where the mouth is in the box of a face, forehead to chin, however it moves: left, top, ..."""
_REACH = 0.4, 0.25
"""Of the height: where captions at the top begin at the latest; how far the middle reaches."""
_STEP = 2  # pixels: an encoder moves colours by pairs of them


def caption_place(
    stage: Stage, pieces: Sequence[Piece], faces: Sequence[FaceBox | None]
) -> Region | None:
    """The region of burned captions; None: there is none that is clear.

    It is the layout's own, or one of that size nearest to where they are to stand, clear of all
    ``pieces``, of the ``faces`` that are seen, and of the label.
    """
    usual = stage.places.regions.get("captions")
    if usual is None or stage.caption_position == "bottom":
        return usual
    size = (stage.width, stage.height)
    taken = [piece.region for piece in pieces]
    taken += [Region(*_inside(face, size)) for face in faces if face]
    if stage.label:
        taken.append(label_region(stage.label, size))
    safe = safe_region(*size)
    first = -(-safe.top // _STEP) * _STEP
    tops = list(range(first, safe.top + safe.height - usual.height + 1, _STEP))
    middle = (stage.height - usual.height) / 2
    reach = _REACH[0] * stage.height
    if stage.caption_position == "middle":
        tops.sort(key=lambda top: abs(top - middle))
        reach = _REACH[1] * stage.height
    target = middle if stage.caption_position == "middle" else first
    for top in tops:
        place = Region(usual.left, top, usual.width, usual.height)
        if abs(top - target) <= reach and not any(overlaps(place, each) for each in taken):
            return place
    return None


def _inside(face: FaceBox, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, width and height of what a frame shows of a face."""
    left, top = max(face[0], 0), max(face[1], 0)
    right, bottom = min(face[2], size[0]), min(face[3], size[1])
    return left, top, max(right - left, 1), max(bottom - top, 1)


def no_caption_place(stage: Stage) -> ScreenFault:
    """What is told where captions have no region that is clear."""
    rule = f"there is no free place for captions at the {stage.caption_position}"
    if stage.caption_position == "middle":
        rule = "there is no free place for captions in the middle"
    way_out = "choose another position, captions=beside or another layout"
    return stage.fault("caption_style", stage.caption_position, rule, way_out)


def caption_faults(stage: Stage, pieces: Sequence[Piece]) -> Iterator[ScreenFault]:
    """Burned captions have no place, or one that something else has too."""
    if not stage.is_captioned:
        return
    if "captions" not in stage.places.regions:
        rule = "there is no place for captions in the picture"
        way_out = "choose captions=beside or another layout, or give captions a region there"
        yield stage.fault("captions", "burned", rule, way_out)
        return
    place = caption_place(stage, pieces, ())
    if place is None:
        yield no_caption_place(stage)
        return
    for piece in pieces:
        if overlaps(piece.region, place):
            rule = f"captions would lie over the {told(piece.thing)}"
            way_out = "give one of them another region in the brand file, or choose captions=beside"
            yield stage.fault("captions", "burned", rule, way_out)


def captions_over_mouth(stage: Stage, faces: Sequence[FaceBox | None]) -> Iterator[ScreenFault]:
    """The layout's own place of captions covers a mouth.

    ``faces``: in the presenter's region, and where the presenter has the whole frame.
    """
    place = stage.places.regions.get("captions") if stage.is_captioned else None
    if place is None or stage.caption_position != "bottom":
        return
    seen = (stage.places.presenter, Region(0, 0, stage.width, stage.height))
    mouths = (
        common(mouth_of(face, stage.width, stage.height), region)
        for face, region in zip(faces, seen, strict=True)
        if face
    )
    if any(mouth and overlaps(place, mouth) for mouth in mouths):
        rule = "captions would lie over the presenter's mouth"
        way_out = "choose captions=beside, another layout, or framing=wide"
        yield stage.fault("captions", "burned", rule, way_out)


def mouth_of(face: tuple[int, int, int, int], width: int, height: int) -> Region:
    """Where the mouth of a face may be, as far as a frame shows it."""
    left, top, right, bottom = face
    across, down = right - left, bottom - top
    low = max(left + _MOUTH[0] * across, 0.0), max(top + _MOUTH[1] * down, 0.0)
    high = min(left + _MOUTH[2] * across, width), min(top + _MOUTH[3] * down, height)
    size = (max(1, round(high[0] - low[0])), max(1, round(high[1] - low[1])))
    return Region(round(low[0]), round(low[1]), *size)


def common(one: Region, other: Region) -> Region | None:
    """What two regions share."""
    left, top = max(one.left, other.left), max(one.top, other.top)
    right = min(one.left + one.width, other.left + other.width)
    bottom = min(one.top + one.height, other.top + other.height)
    return Region(left, top, right - left, bottom - top) if left < right and top < bottom else None
