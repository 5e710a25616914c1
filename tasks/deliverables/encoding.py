"""A deliverable on its screen: encoded into one file, which is proved before it is kept.

A film with intro or outro is encoded in parts, which are then joined packet by packet: a graph that
holds all of them would keep the frames of the later ones in memory.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tasks.deliver_records import Size
from tasks.deliverables.checks import DeliverableError, Promise, verify_deliverable
from tasks.deliverables.clips import NO_CLIPS, Clip, Clips
from tasks.deliverables.final_encode import (
    Crops,
    Film,
    clip_args,
    copy_args,
    cut_args,
    encode_args,
    join_args,
)
from tasks.deliverables.overlay_tracks import Track, track_list, write_tracks
from tasks.media.mp4 import packet_md5s, read_mp4
from tasks.media.stitch import concat_list
from tasks.processes.ffmpeg import run_ffmpeg, time_limit_s
from tasks.records import EncodeProfile, VideoReceipt
from tasks.screen.label import label_overlay
from tasks.screen.overlays import Overlay, Region, Screen
from tasks.store.files import check_free_space, disk_full_as_error

_LARGEST_BITS_PER_PIXEL = 0.25  # of a frame; sharp moving pictures need less at this quality
AHEAD = 24
"""Frames of a kept tail that are encoded again: more than the ten that the encoder looks ahead."""
_COMPARED = 8  # of these
_MASTER_COPIES = 2.2  # a copy, and the room for moving its index to the front


@dataclass(frozen=True)
class KeptParts:
    """Parts of an earlier film, whose packets are those that an encode would make again.

    Attributes:
        path: of the film.
        frames: of each part in it, by "intro", "master" or "outro"; "tail" is the end of the
            master's, from a key frame on, where what is seen before that has changed.
    """

    path: Path
    frames: Mapping[str, range]


@dataclass(frozen=True)
class Deliverable:
    """What is made.

    Attributes:
        master: the video's receipt.
        path: a local path of its file.
        profile: with which it was encoded.
        screen: what it is shown on.
        crop: the part of it that is shown.
        tags: of the file.
        sound: a file whose sound is copied; None: the master.
        clips: what plays before and after it.
        label: that is seen over the intro, too.
        picture: a file that has this picture already, from which it is copied; None: none has.
        kept: a file that has parts of this picture already; None: none has.
        alone: the part that is shown while the presenter fills the frame, where that is asked for.
        enlarged: the master as an upscaler has enlarged it, whose parts both are; None: it is not.
    """

    master: VideoReceipt
    path: Path
    profile: EncodeProfile
    screen: Screen
    crop: Region
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    sound: Path | None = None
    alone: Region | None = None
    clips: Clips = NO_CLIPS
    label: str = ""
    enlarged: Path | None = None
    picture: Path | None = None
    kept: "KeptParts | None" = None

    @property
    def num_frames(self) -> int:
        """Of all that is played."""
        return self.master.num_frames + self.clips.num_frames

    @property
    def size(self) -> Size:
        """Width and height, pixels."""
        return self.screen.width, self.screen.height

    @property
    def is_copy(self) -> bool:
        """Whether nothing of the master's picture changes."""
        screen = self.screen
        is_whole = screen.presenter == Region(0, 0, *self.size) == self.crop
        return is_whole and not (screen.overlays or self.clips.num_frames or self.enlarged)


def encode_deliverable(made: Deliverable, part: Path) -> dict[str, bool | float | str]:
    """Write a deliverable into ``part`` and prove it; returns what was compared.

    Raises:
        DeliverableError: it is not what it must be.
        FfmpegError: ffmpeg failed or said anything at all.
        DiskFullError: no room.
    """
    master, sound = made.master, made.sound or made.path
    film = Film(
        path=made.enlarged or made.path,
        num_frames=master.num_frames,
        fps=made.profile.fps,
        timescale=made.profile.timescale,
        sound=sound,
        is_enlarged=made.enlarged is not None,
    )
    pixels = made.size[0] * made.size[1] * made.num_frames
    check_free_space(part.parent, most_bytes(made))
    limit_s = time_limit_s(copied_bytes=2 * master.file.num_bytes, decoded_pixels=2 * pixels)
    with (
        tempfile.TemporaryDirectory(prefix="nightshoot-format-") as scratch,
        disk_full_as_error(part),
    ):
        if made.picture is not None:
            args = copy_args(replace(film, path=made.picture), made.tags, part)
        elif made.clips.num_frames or (made.kept is not None and "tail" in made.kept.frames):
            args = _joined_args(made, film, Path(scratch), part, limit_s)
        elif made.kept is not None and "master" in made.kept.frames and not made.is_copy:
            cut = _cut_part(made.kept, "master", film, Path(scratch), limit_s)
            args = copy_args(replace(film, path=cut), made.tags, part)
        else:
            args = _args(made, film, Path(scratch), part)
        # of full range, which an upscaler's film may have, ffmpeg says that it is an old format
        run_ffmpeg(args, timeout_s=limit_s, allow_warnings=film.is_enlarged)
    copied = made.picture or (made.path if made.is_copy else None)
    return verify_deliverable(
        part,
        Promise(
            size=made.size,
            num_frames=made.num_frames,
            sound_md5s=packet_md5s(sound, read_mp4(sound).track("soun")),
            picture_md5s=_picture_md5s(copied) if copied else None,
            profile=made.profile,
            tags=made.tags,
        ),
    )


def _picture_md5s(path: Path) -> tuple[str, ...]:
    return packet_md5s(path, read_mp4(path).track("vide"))


def most_bytes(made: Deliverable) -> int:
    """Room that is asked for before a deliverable is made."""
    if made.is_copy or made.picture is not None:
        copied = made.picture.stat().st_size if made.picture else made.master.file.num_bytes
        return int(_MASTER_COPIES * copied)
    pixels = made.size[0] * made.size[1] * made.num_frames
    num_bytes = int(pixels * _LARGEST_BITS_PER_PIXEL / 8)
    return num_bytes * (2 if made.clips.num_frames or made.kept else 1) + made.master.file.num_bytes


def _joined_args(
    made: Deliverable, film: Film, scratch: Path, part: Path, limit_s: float
) -> list[str]:
    """Encode intro, master and outro one by one; the arguments that join them without encoding.

    What an earlier film has of them is cut out of it.
    """
    parts: list[Path] = []
    clips = {"intro": made.clips.intro, "master": None, "outro": made.clips.outro}
    for name, clip in clips.items():
        if clip is None and name != "master":
            continue
        if made.kept is not None and name in made.kept.frames:
            parts.append(_cut_part(made.kept, name, film, scratch, limit_s))
            continue
        if clip is None and made.kept is not None and "tail" in made.kept.frames:
            halves = _head_and_tail(made, made.kept, film, scratch, limit_s)
            if halves:
                parts += halves
                continue
        folder, encoded = scratch / name, scratch / f"{name}.mp4"
        folder.mkdir()
        if clip is None:
            args = _args(made, replace(film, sound=None), folder, encoded)
        else:
            label = made.label if name == "intro" else ""
            args = _clip_args(clip, label, made, folder, encoded)
        is_told = clip is None and film.is_enlarged
        run_ffmpeg(args, timeout_s=limit_s, allow_warnings=is_told)
        parts.append(encoded)
    listed = scratch / "parts.txt"
    listed.write_text(concat_list(parts), encoding="utf-8")
    return join_args(film, listed, made.tags, part)


def _head_and_tail(
    made: Deliverable, kept: KeptParts, film: Film, scratch: Path, limit_s: float
) -> list[Path]:
    """The master's frames up to a kept tail, encoded, and the tail; empty: they do not match.

    More is encoded than is used: what the encoder looks ahead to, and a few frames of the tail,
    which prove that this encoder would make the same tail again.
    """
    tail, head = kept.frames["tail"], scratch / "head.mp4"
    folder = scratch / "head"
    folder.mkdir()
    first = made.master.num_frames - len(tail)
    ahead = replace(film, sound=None, num_frames=first + AHEAD)
    run_ffmpeg(_args(made, ahead, folder, head), timeout_s=limit_s, allow_warnings=False)
    again, before = (read_mp4(path).track("vide") for path in (head, kept.path))
    surplus = packet_md5s(head, again)[first : first + _COMPARED]
    same = packet_md5s(kept.path, before)[tail.start : tail.start + _COMPARED]
    if surplus != same or again.configuration != before.configuration:
        return []
    cut = _cut_part(KeptParts(head, {"encoded": range(first)}), "encoded", film, scratch, limit_s)
    return [cut, _cut_part(kept, "tail", film, scratch, limit_s)]


def _cut_part(kept: KeptParts, name: str, film: Film, scratch: Path, limit_s: float) -> Path:
    """A file with one part of an earlier film, packet by packet.

    Raises:
        DeliverableError: the packets are not those.
        FfmpegError: ffmpeg failed or said anything at all.
    """
    frames, cut = kept.frames[name], scratch / f"{name}.mp4"
    args = cut_args(replace(film, path=kept.path), frames.start, len(frames), cut)
    run_ffmpeg(args, timeout_s=limit_s, allow_warnings=False)
    if _picture_md5s(cut) != _picture_md5s(kept.path)[frames.start : frames.stop]:
        told = f"frames {frames.start} to {frames.stop} of {kept.path.name}"
        raise DeliverableError(f"what was copied is not {told}")
    return cut


def _clip_args(clip: Clip, label: str, made: Deliverable, folder: Path, encoded: Path) -> list[str]:
    fps, num_frames = made.profile.fps, clip.num_frames
    film = Film(clip.path, num_frames, fps, made.profile.timescale, sound=None)
    overlays = (label_overlay(label, made.size, num_frames / fps),) if label else ()
    tracks = _tracks(overlays, folder, num_frames, fps)
    background = made.clips.background
    return clip_args(film, clip.facts, background, made.size, tracks, folder=folder, part=encoded)


def _args(made: Deliverable, film: Film, scratch: Path, part: Path) -> list[str]:
    if made.is_copy:
        return copy_args(film, made.tags, part)
    screen = made.screen
    if screen.canvas is not None:
        (scratch / "canvas.png").write_bytes(screen.canvas)
    # those of the whole film, of whatever part: they share edges
    tracks = _tracks(screen.overlays, scratch, made.master.num_frames, film.fps)
    crops = Crops(made.crop, made.alone)
    return encode_args(film, screen, crops, tracks, folder=scratch, tags=made.tags, part=part)


def _tracks(
    overlays: Sequence[Overlay], folder: Path, num_frames: int, fps: int
) -> tuple[Track, ...]:
    tracks = write_tracks(overlays, folder, num_frames=num_frames, fps=fps)
    for number, track in enumerate(tracks):
        text = track_list(track, num_frames)
        (folder / f"track{number}.txt").write_text(text, encoding="utf-8")
    return tracks
