"""A deliverable, proved before it gets its name: read back whole, compared with what it must be."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from model.errors import MachineError
from tasks.deliver_records import Size
from tasks.media.encode import extradata_sha256, framemd5_args, parse_framemd5
from tasks.media.mp4 import Mp4Error, packet_md5s, read_mp4
from tasks.media.stitch import Expected, movie_faults, num_differing
from tasks.processes.ffmpeg import run_ffmpeg, time_limit_s
from tasks.records import EncodeProfile

_PACKETS, _FRAMES = 0, 1


class DeliverableError(MachineError):
    """A deliverable that failed a check; nothing of it is kept."""


@dataclass(frozen=True)
class Promise:
    """What a deliverable must hold.

    Attributes:
        size: width and height, pixels.
        num_frames: one packet each, in steps of the profile's ticks.
        sound_md5s: of every packet of its sound.
        picture_md5s: of every packet of its picture; None where it is encoded anew.
        profile: for ticks and frames per second.
        tags: of the file, all of them.
    """

    size: Size
    num_frames: int
    sound_md5s: tuple[str, ...]
    picture_md5s: tuple[str, ...] | None
    profile: EncodeProfile
    tags: Mapping[str, str]


def verify_deliverable(path: Path, promise: Promise) -> dict[str, bool | float | str]:
    """Prove that a file is what was promised; what was compared in it.

    Every packet and every decoded frame is counted, and their times are compared.

    Raises:
        DeliverableError: it is not.
        FfmpegError: ffmpeg cannot read or decode it, or says anything at all.
    """
    pixels = promise.size[0] * promise.size[1] * promise.num_frames
    limit_s = time_limit_s(copied_bytes=path.stat().st_size, decoded_pixels=pixels)
    read = parse_framemd5(
        run_ffmpeg(framemd5_args(path, 1, 1), timeout_s=limit_s, allow_warnings=False)
    )
    try:
        movie = read_mp4(path)
        picture, sound = movie.track("vide"), movie.track("soun")
        sound_md5s, picture_md5s = packet_md5s(path, sound), packet_md5s(path, picture)
    except Mp4Error as error:
        raise DeliverableError(f"{path.name} cannot be read back: {error}") from error
    expected = Expected(
        num_segments=1,
        packet_md5s=promise.picture_md5s or ("",) * promise.num_frames,
        audio_md5s=promise.sound_md5s,
        extradata_sha256s=frozenset([extradata_sha256(picture)]),
        width=promise.size[0],
        height=promise.size[1],
        profile=promise.profile,
        tags=dict(promise.tags),
    )
    faults = movie_faults(movie, expected)
    step = promise.profile.timescale // promise.profile.fps
    times = [step * index for index in range(promise.num_frames)]
    for what, stream in (("packets", _PACKETS), ("decoded frames", _FRAMES)):
        found = [each.pts for each in read if each.stream == stream]
        # a decoder counts in frames where the packets are counted in ticks
        if found not in (times, list(range(promise.num_frames))):
            faults.append(f"{len(found)} {what}, must be {promise.num_frames} in equal steps")
    if differing := num_differing(sound_md5s, promise.sound_md5s):
        faults.append(f"{differing} of {len(promise.sound_md5s)} packets of sound differ")
    if promise.picture_md5s is not None and (
        differing := num_differing(picture_md5s, promise.picture_md5s)
    ):
        faults.append(f"{differing} of {promise.num_frames} packets of the picture differ")
    if faults:
        raise DeliverableError(f"{path.name} is not what it must be: {'; '.join(faults)}")
    return {
        "num_frames": picture.num_packets,
        "video_s": picture.presentation_s,
        "audio_s": sound.presentation_s,
        "colours": "bt709, limited range",
        "is_moov_first": movie.is_moov_first,
        "num_sound_packets_compared": len(sound_md5s),
    }
