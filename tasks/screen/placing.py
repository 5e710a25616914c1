"""Which part of a master a screen shows, and where on it: around the face, once a video. Pure.

Lengths are pixels: of a crop, the master's; of a region, the screen's.
"""

from dataclasses import dataclass

from tasks.deliver_records import FaceBox, Size
from tasks.screen.overlays import Region

_LEAST_KEPT = 0.5
"""Of a master's picture: where a screen's shape would leave less of it, a canvas lies around."""
_HAIR_ABOVE, _NECK_BELOW, _HAIR_BESIDE = 0.55, 0.25, 0.30  # of the face's height and width
_EYES = 0.35  # of the face's height, from its top
_EYE_LINE = 0.40  # of a crop's height, from its top


@dataclass(frozen=True)
class Placing:
    """What of a master is shown, and where on the screen."""

    crop: Region
    presenter: Region


def placing_of(master: Size, screen: Size, face: FaceBox | None) -> Placing:
    """How a master of one shape fills a screen of another.

    It is cut around the face where at least half of it is left and the head fits; otherwise it is
    cut as far as that, and a canvas fills what is left above and below, or beside.
    """
    whole = Region(0, 0, *screen)
    shape = _crop_size(master, screen)
    if _is_enough(shape, master, face):
        return Placing(_crop_at(shape, master, face), whole)
    shape = _least_crop(shape, master, face)
    scale = min(screen[0] / shape[0], screen[1] / shape[1])
    size = tuple(
        min(_even(length * scale), side) for length, side in zip(shape, screen, strict=True)
    )
    left, top = (_even((side - length) / 2) for side, length in zip(screen, size, strict=True))
    return Placing(_crop_at(shape, master, face), Region(left, top, size[0], size[1]))


def crop_of(master: Size, region: Size, face: FaceBox | None) -> Region:
    """The largest part of a master that has a region's shape, with the face where it belongs."""
    return _crop_at(_crop_size(master, region), master, face)


def on_screen(face: FaceBox, placing: Placing) -> FaceBox:
    """Where a face of the master is on the screen."""
    crop, region = placing.crop, placing.presenter
    across, down = region.width / crop.width, region.height / crop.height
    left, right = (round(region.left + (x - crop.left) * across) for x in (face[0], face[2]))
    top, bottom = (round(region.top + (y - crop.top) * down) for y in (face[1], face[3]))
    return left, top, right, bottom


def _crop_size(master: Size, screen: Size) -> Size:
    """The largest size of a screen's shape inside a master, with even sides."""
    if master[0] * screen[1] >= screen[0] * master[1]:
        return min(_even(master[1] * screen[0] / screen[1]), master[0]), master[1]
    return master[0], min(_even(master[0] * screen[1] / screen[0]), master[1])


def _is_enough(shape: Size, master: Size, face: FaceBox | None) -> bool:
    if shape[0] * shape[1] < _LEAST_KEPT * master[0] * master[1]:
        return False
    head = _head(face, master)
    return head is None or (head[2] - head[0] <= shape[0] + 1 and head[3] - head[1] <= shape[1] + 1)


def _least_crop(shape: Size, master: Size, face: FaceBox | None) -> Size:
    """The crop nearest to ``shape`` that still is enough."""
    head = _head(face, master) or (0, 0, 0, 0)
    if shape[0] < master[0]:
        wanted = max(_LEAST_KEPT * master[0], head[2] - head[0], shape[0])
        return min(_even(wanted), master[0]), master[1]
    wanted = max(_LEAST_KEPT * master[1], head[3] - head[1], shape[1])
    return master[0], min(_even(wanted), master[1])


def _head(face: FaceBox | None, master: Size) -> FaceBox | None:
    """The face with its hair and neck, as far as the master shows them."""
    if face is None:
        return None
    left, top, right, bottom = face
    beside, height = round(_HAIR_BESIDE * (right - left)), bottom - top
    return (
        max(left - beside, 0),
        max(top - round(_HAIR_ABOVE * height), 0),
        min(right + beside, master[0]),
        min(bottom + round(_NECK_BELOW * height), master[1]),
    )


def _crop_at(shape: Size, master: Size, face: FaceBox | None) -> Region:
    left, top = (master[0] - shape[0]) / 2, (master[1] - shape[1]) / 2
    head = _head(face, master)
    if face is not None and head is not None:
        left = (face[0] + face[2]) / 2 - shape[0] / 2
        top = face[1] + _EYES * (face[3] - face[1]) - _EYE_LINE * shape[1]
        top = min(max(top, head[3] - shape[1]), head[1])  # the hair counts for more than the neck
    place = [
        _even(min(max(wanted, 0), side - length))
        for wanted, side, length in zip((left, top), master, shape, strict=True)
    ]
    return Region(place[0], place[1], *shape)


def _even(length: float) -> int:
    return 2 * int(length // 2)
