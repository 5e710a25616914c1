"""Overlays -> pictures that ffmpeg reads one after the other: a track for those that never meet.

A film of an hour has a thousand captions; as a track they are one input of ffmpeg, not a thousand.
"""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from tasks.screen.overlays import Overlay

LIST_FPS = 25
"""Ffmpeg counts the pictures of a list in this rate, whatever the film's."""


@dataclass(frozen=True)
class Shown:
    """A picture in a track: ``start_frame <= i < end_frame``; ``name`` is its file's."""

    name: str
    start_frame: int
    end_frame: int


@dataclass(frozen=True)
class Track:
    """Pictures of one size at one place, one after the other.

    Attributes:
        pictures: in the order of time; what lies between them is empty.
        blank: file of the empty picture.
        left, top: on the screen, both even.
        fade_frames: in which the one picture of the track comes and goes; 0: at once.
    """

    pictures: tuple[Shown, ...]
    blank: str
    left: int
    top: int
    fade_frames: int


def grouped(overlays: Sequence[Overlay], num_frames: int, fps: int) -> list[list[Overlay]]:
    """Overlays that a film shows, in groups of neighbours that never meet in time.

    Their order stays: a later group lies above an earlier one. One that fades is alone.
    """
    groups: list[list[Overlay]] = []
    for overlay in overlays:
        if first_frame(overlay.starts_s, fps) >= min(end_of(overlay, fps), num_frames):
            continue  # no frame of this film begins in its time
        last = groups[-1][-1] if groups else None
        if (
            last
            and not (last.fade_s or overlay.fade_s)
            and end_of(last, fps) <= first_frame(overlay.starts_s, fps)
        ):
            groups[-1].append(overlay)
        else:
            groups.append([overlay])
    return groups


def equal_from(before: Sequence[Overlay], now: Sequence[Overlay], num_frames: int, fps: int) -> int:
    """The frame from which on two films show the same, as the same tracks; ``num_frames``: none.

    Overlays that share a track share its edges, where colours are mixed with what is next to them.
    """
    one, other = (grouped(each, num_frames, fps) for each in (before, now))
    if [group for group in one if group in other] != [group for group in other if group in one]:
        return num_frames
    only = [group for group in one if group not in other]
    only += [group for group in other if group not in one]
    ends = (end_of(overlay, fps) for group in only for overlay in group)
    return min(max(ends, default=0), num_frames)


def first_frame(seconds: float, fps: int) -> int:
    """The first frame that begins at ``seconds`` or later."""
    return max(0, math.ceil(round(seconds * fps, 6)))


def end_of(overlay: Overlay, fps: int) -> int:
    """The first frame that does not show an overlay any more."""
    return first_frame(overlay.ends_s, fps)


def write_tracks(
    overlays: Sequence[Overlay], folder: Path, *, num_frames: int, fps: int
) -> tuple[Track, ...]:
    """Write the pictures of every track into ``folder``.

    Raises:
        DiskFullError: no room.
        OSError: a picture is none.
    """
    groups = grouped(overlays, num_frames, fps)
    return tuple(
        _track(group, folder, f"track{number}", num_frames, fps)
        for number, group in enumerate(groups)
    )


def _track(group: Sequence[Overlay], folder: Path, name: str, num_frames: int, fps: int) -> Track:
    # a film with lit words has thousands: their sizes are read here, their pixels one by one below
    boxes: list[tuple[int, int, int, int]] = []
    for each in group:
        with Image.open(io.BytesIO(each.picture)) as picture:
            right, bottom = each.left + picture.width, each.top + picture.height
        boxes.append((each.left, each.top, right, bottom))
    # chroma has a sample for two pixels: what begins on an odd one would be moved
    left, top = (min(box[side] for box in boxes) // 2 * 2 for side in (0, 1))
    size = tuple(
        -(-(max(box[side + 2] for box in boxes) - low) // 2) * 2
        for side, low in ((0, left), (1, top))
    )
    shown: list[Shown] = []
    for number, (each, box) in enumerate(zip(group, boxes, strict=True)):
        whole = Image.new("RGBA", (size[0], size[1]))
        with Image.open(io.BytesIO(each.picture)) as picture:
            whole.paste(picture.convert("RGBA"), (box[0] - left, box[1] - top))
        file = f"{name}-{number}.png"
        whole.save(folder / file, compress_level=1)
        ends = min(end_of(each, fps), num_frames)
        shown.append(Shown(file, first_frame(each.starts_s, fps), ends))
    blank = f"{name}-blank.png"
    Image.new("RGBA", (size[0], size[1])).save(folder / blank)
    return Track(tuple(shown), blank, left, top, round(group[0].fade_s * fps))


def track_list(track: Track, num_frames: int) -> str:
    """The list file of ffmpeg's concat demuxer with a track's pictures, each for its frames.

    A frame of the film counts as one of ``LIST_FPS``.
    """
    lines = ["ffconcat version 1.0"]
    at = 0
    for picture in track.pictures:
        if picture.start_frame > at:
            lines += _entry(track.blank, picture.start_frame - at)
        lines += _entry(picture.name, picture.end_frame - picture.start_frame)
        at = picture.end_frame
    if at < num_frames:
        lines += _entry(track.blank, num_frames - at)
    return "\n".join(lines) + "\n"


def _entry(name: str, num_frames: int) -> list[str]:
    return [f"file '{name}'", f"duration {num_frames / LIST_FPS:.2f}"]
