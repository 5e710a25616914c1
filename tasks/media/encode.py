"""Frames -> one encoded segment: a video-only progressive MP4 that can be joined by stream copy.

A segment is committed only when it passed every check: as many frames as promised went in, ffmpeg
ended without a word, and what the file holds is exactly that many packets at exact times, of the
profile's size, timescale and colours, all of which decode.

One recipe for every segment, and no B-frames: then pts = dts from 0 on, a segment
of a single frame joins without a timestamp out of order, and segments of any length meet exactly.
One encoder thread: the same frames are the same bytes on any number of cores.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np

from model.engine import Pixels
from model.errors import MachineError
from tasks.media.mp4 import Colour, Movie, Mp4Error, Track, read_mp4
from tasks.processes.ffmpeg import STALL_S, FfmpegPipe, ffmpeg_builder, run_ffmpeg, time_limit_s
from tasks.records import EncodeProfile, SegmentMedia
from tasks.store.files import (
    disk_full_as_error,
)

BT709 = Colour(primaries=1, transfer=1, matrix=1, is_full_range=False)
_KEYFRAME_EVERY = 48
# accurate_rnd with full_chroma_int is the only pair without a colour bias (spec, section 3);
# setparams, as ffmpeg 9 loses colour tags given as output options for raw input (section 2).
_FILTERS = (
    "scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_int,"
    "format=yuv420p,"
    "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"
)
_X264_PARAMS = (
    f"open-gop=0:scenecut=0:bframes=0:keyint={_KEYFRAME_EVERY}:min-keyint={_KEYFRAME_EVERY}:"
    "force-cfr=1"
)
_PNG_COMPRESSION = 1
_ENCODED_PIXELS_PER_S = 250_000  # on a machine that does much else; usually a hundred times that
_FRAMES_HELD = 64  # more than the encoder keeps back to look ahead


class EncodeError(MachineError):
    """A segment that failed a commit check; nothing of it is kept."""


@dataclass(frozen=True)
class EncodedSegment:
    """A segment in its ``part`` file, and the raw frames at its ends: ``(H, W, 3)`` uint8 RGB."""

    media: SegmentMedia
    first_frame: Pixels
    second_frame: Pixels | None
    last_frame: Pixels


@dataclass(frozen=True, slots=True)  # hours of video have a million of them
class Packet:
    """A line of ffmpeg's framemd5: a packet or a decoded frame; times in the stream's ticks."""

    stream: int
    dts: int
    pts: int
    md5: str


def encode_segment(
    frames: Iterable[Pixels],
    *,
    width: int,
    height: int,
    num_frames: int,
    profile: EncodeProfile,
    part: Path,
) -> EncodedSegment:
    """Encode frames, uint8 ``(F, H, W, 3)`` at a time, into ``part`` and check what came out.

    The caller gives ``part`` its final name.

    Raises:
        EncodeError: not exactly ``num_frames`` frames, or a commit check failed.
        FfmpegError: the encoder failed.
        DiskFullError: no room.
    """
    is_whole = False
    try:
        with disk_full_as_error(part):
            ends = _write_frames(
                frames, encode_args(width, height, profile, part), width, height, num_frames
            )
            media = _checked_media(part, width, height, num_frames, profile)
        is_whole = True
    finally:
        if not is_whole:
            part.unlink(missing_ok=True)
    return EncodedSegment(media, *ends)


def encode_args(width: int, height: int, profile: EncodeProfile, part: Path) -> list[str]:
    """Ffmpeg's arguments for one segment, raw RGB frames on its stdin."""
    builder = ffmpeg_builder()
    source = builder.input(
        "pipe:0", format="rawvideo", pix_fmt="rgb24", s=f"{width}x{height}", r=profile.fps
    )
    options: dict[str, str | int] = {
        "vf": _FILTERS,
        "c:v": "libx264",
        "preset": profile.preset,
        "crf": profile.crf,
        "profile:v": "high",
        "threads": 1,
        "x264-params": _X264_PARAMS,
        "map_metadata": -1,
        "fflags": "+bitexact",
        "video_track_timescale": profile.timescale,
        "movflags": "+faststart",
        "format": "mp4",
    }
    return list(builder.output(source, f"file:{part}", an=None, **options).get_args())


def framemd5_args(path: Path, copies: int, decodes: int) -> list[str]:
    """Arguments that list the md5 of each packet, then of each decoded frame, of the first video.

    Streams 0 to ``copies - 1`` are the packets, the ``decodes`` after them decoded frames.
    """
    args = ["-err_detect", "explode", "-i", f"file:{path}"]
    args += ["-map", "0:v:0"] * (copies + decodes)
    for stream in range(copies + decodes):
        args += [f"-c:{stream}", "copy" if stream < copies else "rawvideo"]
    return [*args, "-copyts", "-avoid_negative_ts", "disabled", "-f", "framemd5", "pipe:1"]


def parse_framemd5(listing: bytes) -> list[Packet]:
    """Lines of ffmpeg's framemd5 output."""
    packets: list[Packet] = []
    for line in BytesIO(listing):
        if line.strip() and not line.startswith(b"#"):
            stream, dts, pts, _, _, md5, *_ = (field.strip() for field in line.split(b","))
            packets.append(Packet(int(stream), int(dts), int(pts), md5.decode("ascii")))
    return packets


def extradata_sha256(track: Track) -> str:
    """Digest of a track's H.264 configuration; joined segments must agree in it."""
    return hashlib.sha256(track.configuration).hexdigest()


def segment_faults(
    movie: Movie, *, width: int, height: int, num_frames: int, profile: EncodeProfile
) -> list[str]:
    """What is wrong with an encoded segment's boxes, in words; empty if nothing is."""
    track = movie.track("vide")
    step = profile.timescale // profile.fps
    expected = {
        "tracks": (len(movie.tracks), 1),
        "packets": (track.num_packets, num_frames),
        "codec": (track.codec, "avc1"),
        "configuration present": (bool(track.configuration), True),
        "timescale": (track.timescale, profile.timescale),
        "size": ((track.width, track.height), (width, height)),
        "colours": (track.colour, BT709),
        "moov before mdat": (movie.is_moov_first, True),
        "first packet is a keyframe": (0 in track.sync_packets, True),
        "pts in steps": (track.pts == tuple(step * i for i in range(track.num_packets)), True),
        "dts equal to pts": (track.dts == track.pts, True),
    }
    return [
        f"{what} {found}, must be {wanted}"
        for what, (found, wanted) in expected.items()
        if found != wanted
    ]


def seam_gates(predecessor_last: Pixels | None, encoded: EncodedSegment) -> dict[str, float]:
    """Figures of a segment's beginning, in grey levels of the raw frames.

    ``seam_step`` is the mean absolute step from the predecessor's last frame, ``first_step`` the
    one after it, ``seam_shift`` the signed mean step, ``is_seam_duplicate`` 1 where the reference
    was emitted again. Empty for what there is nothing to compare with.
    """
    gates: dict[str, float] = {}
    first = encoded.first_frame
    if encoded.second_frame is not None:
        gates["first_step"] = mean_step(first, encoded.second_frame)
    if predecessor_last is not None:
        gates["seam_step"] = mean_step(predecessor_last, first)
        gates["seam_shift"] = round(float(first.mean() - predecessor_last.mean()), 4)
        gates["is_seam_duplicate"] = float(np.array_equal(first, predecessor_last))
    return gates


def mean_step(before: Pixels, after: Pixels) -> float:
    """Mean absolute difference of two frames, in grey levels."""
    return round(float(cv2.absdiff(before, after).mean()), 4)


def write_png(frame: Pixels, path: Path) -> None:
    """Write a frame without loss, whatever the path's name ends in.

    Raises:
        DiskFullError: no room.
        EncodeError: it is no picture.
    """
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
        raise EncodeError(f"{path}: a frame must be uint8 (H, W, 3), got {_shape(frame)}")
    is_coded, data = cv2.imencode(
        ".png", frame[:, :, ::-1], [cv2.IMWRITE_PNG_COMPRESSION, _PNG_COMPRESSION]
    )
    if not is_coded:
        raise EncodeError(f"{path}: a frame of {_shape(frame)} cannot be written as PNG")
    with disk_full_as_error(path):
        path.write_bytes(data.tobytes())


def read_png(path: Path) -> Pixels:
    """Read what :func:`write_png` wrote: ``(H, W, 3)`` uint8 RGB.

    Raises:
        EncodeError: it is damaged or no picture.
    """
    data = np.frombuffer(path.read_bytes(), np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if picture is None:
        raise EncodeError(f"{path}: not a readable PNG of {data.size} bytes; render it again")
    return np.ascontiguousarray(picture[:, :, ::-1], dtype=np.uint8)


# --- writing and checking -----------------------------------------------------------------------


def _write_frames(
    frames: Iterable[Pixels], args: list[str], width: int, height: int, num_frames: int
) -> tuple[Pixels, Pixels | None, Pixels]:
    """Feed the encoder; the first, second and last raw frame."""
    written = 0
    ends: list[Pixels] = []
    last: Pixels | None = None
    frame_s = width * height / _ENCODED_PIXELS_PER_S
    with FfmpegPipe(
        args, stall_s=STALL_S + frame_s, finish_s=STALL_S + _FRAMES_HELD * frame_s
    ) as pipe:
        for chunk in frames:
            _check_chunk(chunk, width, height)
            written += len(chunk)
            if written > num_frames:
                raise EncodeError(f"{written} frames were made, {num_frames} were promised")
            pipe.write(chunk.tobytes())
            ends.extend(frame.copy() for frame in chunk[: 2 - len(ends)])
            last = chunk[-1]
        if written != num_frames or last is None:
            raise EncodeError(f"{written} frames were made, {num_frames} were promised")
        last = last.copy()
        words = pipe.finish()
    if words.strip():
        raise EncodeError(f"the encoder complained: {words.strip()}")
    return ends[0], ends[1] if len(ends) > 1 else None, last


def _check_chunk(chunk: Pixels, width: int, height: int) -> None:
    if chunk.dtype != np.uint8 or chunk.ndim != 4 or chunk.shape[1:] != (height, width, 3):
        raise EncodeError(f"frames must be uint8 (F, {height}, {width}, 3), got {_shape(chunk)}")
    if not len(chunk):
        raise EncodeError("frames must come one or more at a time, got none")


def _shape(array: Pixels) -> str:
    return f"{array.dtype} {array.shape}"


def _checked_media(
    part: Path, width: int, height: int, num_frames: int, profile: EncodeProfile
) -> SegmentMedia:
    """Read the file back: its boxes, its packets, every frame decoded."""
    try:
        movie = read_mp4(part)
        faults = segment_faults(
            movie, width=width, height=height, num_frames=num_frames, profile=profile
        )
    except Mp4Error as error:
        raise EncodeError(f"the encoded segment cannot be read back: {error}") from error
    limit_s = time_limit_s(
        copied_bytes=part.stat().st_size, decoded_pixels=num_frames * width * height
    )
    args = framemd5_args(part, copies=1, decodes=1)
    lines = parse_framemd5(run_ffmpeg(args, timeout_s=limit_s, allow_warnings=False))
    packets = [line for line in lines if line.stream == 0]
    faults += decode_faults(lines, num_frames, profile)
    if faults:
        raise EncodeError(f"{part}: {'; '.join(faults)}")
    return SegmentMedia(
        num_frames=num_frames,
        extradata_sha256=extradata_sha256(movie.track("vide")),
        packet_md5s=tuple(packet.md5 for packet in packets),
        timescale=profile.timescale,
        width=width,
        height=height,
    )


def decode_faults(lines: list[Packet], num_frames: int, profile: EncodeProfile) -> list[str]:
    """What is wrong with a segment's packets (stream 0) and decoded frames (stream 1)."""
    step = profile.timescale // profile.fps
    faults: list[str] = []
    counts: Mapping[str, list[Packet]] = {
        "packets": [line for line in lines if line.stream == 0],
        "decoded frames": [line for line in lines if line.stream == 1],
    }
    for what, found in counts.items():
        if len(found) != num_frames:
            faults.append(f"{len(found)} {what}, must be {num_frames}")
    late = [
        packet.pts
        for index, packet in enumerate(counts["packets"])
        if packet.pts != index * step or packet.dts != packet.pts
    ]
    if late:
        faults.append(f"packets at the wrong time: {len(late)}, the first at {late[0]} ticks")
    return faults
