"""Encoded segments + speech -> the finished video, by stream copy; proved packet by packet.

ffmpeg ends with code 0 when it loses half a video at a missing segment. So nothing is believed:
every segment is read and compared with its receipt before ffmpeg runs, and of the joined file
every packet's md5, every timestamp, both durations, the colours, the tags and the order of its
boxes are compared with what the receipts promise, before it gets its name.
The audio is padded or cut to the last frame's end, brought to its loudness and encoded once
(``tasks/media/sound.py``): no seam is in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from model.errors import MachineError
from tasks.media.encode import BT709, Packet, extradata_sha256, parse_framemd5, segment_faults
from tasks.media.mp4 import TAG_NAMES, Movie, Mp4Error, packet_md5s, read_mp4
from tasks.media.sound import AUDIO_BITRATE_BPS, AUDIO_RATE_HZ, encode_sound
from tasks.processes.ffmpeg import ffmpeg_builder, run_ffmpeg, time_limit_s
from tasks.records import EncodeProfile, Record, SegmentMedia, SoundLoudness
from tasks.store.files import (
    check_free_space,
    commit_file,
    disk_full_as_error,
    part_path,
    sha256_of_file,
)

_SPARE = 1.1  # moving the index to the front needs room beside the file itself
_SPARE_BYTES = 1 << 16
_VIDEO, _AUDIO = 0, 1


class StitchError(MachineError):
    """Segments that do not make the video, or a video that is not its segments.

    ``segment_index`` is the segment at fault, where one is: render it again.
    """

    def __init__(self, message: str, segment_index: int | None = None) -> None:
        super().__init__(message, segment_index)
        self.message, self.segment_index = message, segment_index

    def __str__(self) -> str:
        return self.message


class StitchChecks(Record):
    """What was compared in the finished file; every figure was read from it."""

    num_segments: int
    num_frames: int
    num_packets_compared: int
    video_s: float
    audio_s: float
    audio_minus_video_samples: float
    colours: str
    is_moov_first: bool
    sha256: str
    num_bytes: int


@dataclass(frozen=True)
class Stitched:
    """A finished file: what was compared in it, and how loud it is."""

    checks: StitchChecks
    loudness: SoundLoudness


@dataclass(frozen=True)
class Expected:
    """What the finished file must hold."""

    num_segments: int
    packet_md5s: tuple[str, ...]
    audio_md5s: tuple[str, ...]
    extradata_sha256s: frozenset[str]
    width: int
    height: int
    profile: EncodeProfile
    tags: dict[str, str]

    @property
    def num_frames(self) -> int:
        """Frames of the video."""
        return len(self.packet_md5s)


def stitch_video(
    segments: Sequence[tuple[Path, SegmentMedia]],
    audio_wav: Path,
    *,
    num_frames: int,
    profile: EncodeProfile,
    output: Path,
    metadata: dict[str, str],
    scratch: Path,
    loudness_lufs: int | None = None,
) -> Stitched:
    """Join ``segments`` and the speech into ``output``, which exists only if every check passed.

    ``loudness_lufs`` is what viewers shall hear; None: as it was spoken or recorded.

    Raises:
        StitchError: a segment is not what its receipt says, or the joined file is not the sum of
            its segments.
        FfmpegError: ffmpeg failed or said anything at all.
        DiskFullError: no room, in ``scratch`` or beside ``output``.
        ValueError: a tag of ``metadata`` that an MP4 cannot keep.
    """
    check_tags(metadata)
    check_segments(segments, num_frames=num_frames, profile=profile)
    return join_segments(
        segments,
        audio_wav,
        num_frames=num_frames,
        profile=profile,
        output=output,
        metadata=metadata,
        scratch=scratch,
        loudness_lufs=loudness_lufs,
    )


# --- before -------------------------------------------------------------------------------------


def check_tags(metadata: dict[str, str]) -> None:
    """Refuse tags that ffmpeg would drop without a word.

    Raises:
        ValueError: an unknown name or an empty text.
    """
    for name, text in metadata.items():
        if name not in TAG_NAMES:
            raise ValueError(f'metadata "{name}" is not one of {", ".join(sorted(TAG_NAMES))}')
        if not text or "\0" in text:
            raise ValueError(f"metadata {name}={text!r} must be text of at least one character")


def check_segments(
    segments: Sequence[tuple[Path, SegmentMedia]], *, num_frames: int, profile: EncodeProfile
) -> None:
    """Compare the segments with each other, with the plan, and each file with its receipt.

    Raises:
        StitchError: they do not fit; no program was run.
    """
    for index, (path, media) in enumerate(segments):
        _check_segment(index, path, media, profile)  # first: it names the segment to render again
    faults = media_faults([media for _, media in segments], num_frames, profile)
    if faults:
        raise StitchError("; ".join(faults))


def media_faults(
    medias: Sequence[SegmentMedia], num_frames: int, profile: EncodeProfile
) -> list[str]:
    """Why these segments do not make one video, in words; empty if they do."""
    if not medias:
        return ["no segments: a video has at least one"]
    first = medias[0]
    faults: list[str] = []
    total = sum(media.num_frames for media in medias)
    if total != num_frames:
        faults.append(f"the segments have {total} frames in all, the video has {num_frames}")
    for index, media in enumerate(medias):
        if len(media.packet_md5s) != media.num_frames:
            faults.append(
                f"segment {index}: its receipt lists {len(media.packet_md5s)} packets "
                f"for {media.num_frames} frames"
            )
        if media.timescale != profile.timescale:
            faults.append(
                f"segment {index}: timescale {media.timescale}, must be {profile.timescale}"
            )
        if (media.width, media.height) != (first.width, first.height):
            faults.append(
                f"segment {index}: {media.width}x{media.height}, "
                f"must be {first.width}x{first.height} as segment 0"
            )
        if media.extradata_sha256 != first.extradata_sha256:
            faults.append(
                f"segment {index}: another H.264 configuration than segment 0 "
                "(other encode settings or another ffmpeg)"
            )
    return faults


def _check_segment(index: int, path: Path, media: SegmentMedia, profile: EncodeProfile) -> None:
    try:
        movie = read_mp4(path)
        faults = segment_faults(
            movie,
            width=media.width,
            height=media.height,
            num_frames=media.num_frames,
            profile=profile,
        )
        track = movie.track("vide")
        if extradata_sha256(track) != media.extradata_sha256:
            faults.append("another H.264 configuration than its receipt's")
        differing = num_differing(packet_md5s(path, track), media.packet_md5s)
    except Mp4Error as error:
        raise StitchError(f"segment {index}: {error}; render it again", index) from error
    if differing:
        faults.append(f"{differing} of {media.num_frames} packets differ from its receipt")
    if faults:
        raise StitchError(f"segment {index}: {path}: {'; '.join(faults)}; render it again", index)


def num_differing(found: Sequence[str], wanted: Sequence[str]) -> int:
    """Places at which two lists differ; what only one of them has differs."""
    same = sum(a == b for a, b in zip(found, wanted, strict=False))
    return max(len(found), len(wanted)) - same


# --- command lines ------------------------------------------------------------------------------


def concat_list(paths: Sequence[Path]) -> str:
    """The list file of ffmpeg's concat demuxer.

    Raises:
        ValueError: a path has a line break, which such a list cannot say.
    """
    lines = ["ffconcat version 1.0"]
    for path in paths:
        name = f"file:{path.absolute()}"
        if "\n" in name or "\r" in name:
            raise ValueError(f"{name!r} has a line break; rename the folder")
        lines.append("file '" + name.replace("'", r"'\''") + "'")
    return "\n".join(lines) + "\n"


def stitch_args(
    list_path: Path,
    audio_path: Path,
    *,
    profile: EncodeProfile,
    metadata: dict[str, str],
    output: Path,
) -> list[str]:
    """Ffmpeg's arguments to join the segments of a concat list with the encoded speech."""
    builder = ffmpeg_builder()
    video = builder.input(f"file:{list_path}", format="concat", safe=0, auto_convert=0)
    audio = builder.input(f"file:{audio_path}")
    options: dict[str, str | int] = {
        "c": "copy",
        "map_metadata": -1,
        "fflags": "+bitexact",
        "video_track_timescale": profile.timescale,
        "movie_timescale": AUDIO_RATE_HZ,
        "movflags": "+faststart",
        "format": "mp4",
    } | timestamp_cure(profile.fps, profile.timescale)
    streams = (video["v:0"], audio["a:0"])
    args: list[str] = builder.output(*streams, f"file:{output}", **options).get_args()
    tags = [word for name, text in metadata.items() for word in ("-metadata", f"{name}={text}")]
    return [*args[:-1], *tags, args[-1]]


def timestamp_cure(fps: int, timescale: int) -> dict[str, str]:
    """The option that puts frames back on their ticks where a frame is no whole microseconds.

    The concat demuxer adds up durations in microseconds: at 24 or 30 fps they round, and a frame
    in hundreds lands a tick beside its place.
    """
    if (Fraction(1_000_000) / fps).denominator == 1:
        return {}
    step = timescale // fps
    moved = {name: f"round({name.upper()}*TB*{fps})*{step}" for name in ("pts", "dts")}
    times = ":".join(f"{name}={value}" for name, value in moved.items())
    return {"bsf:v": f"setts={times}:duration={step}:time_base=1/{timescale}"}


# --- joining ------------------------------------------------------------------------------------


def join_segments(
    segments: Sequence[tuple[Path, SegmentMedia]],
    audio_wav: Path,
    *,
    num_frames: int,
    profile: EncodeProfile,
    output: Path,
    metadata: dict[str, str],
    scratch: Path,
    loudness_lufs: int | None = None,
) -> Stitched:
    """Join what :func:`check_segments` let pass, and prove the result; see :func:`stitch_video`."""
    _check_room(segments, num_frames, profile, output, scratch)
    audio_path = scratch / "speech.m4a"
    list_path = scratch / "segments.txt"
    part = part_path(output)
    try:
        with disk_full_as_error(audio_path):
            audio_path.unlink(missing_ok=True)
            loudness = encode_sound(
                audio_wav,
                audio_path,
                num_frames=num_frames,
                fps=profile.fps,
                target_lufs=loudness_lufs,
            )
            list_path.write_text(concat_list([path for path, _ in segments]), encoding="utf-8")
        with disk_full_as_error(output):
            args = stitch_args(
                list_path, audio_path, profile=profile, metadata=metadata, output=part
            )
            num_bytes = audio_path.stat().st_size + _num_bytes(segments)
            limit_s = time_limit_s(copied_bytes=2 * num_bytes)  # the index is moved to the front
            run_ffmpeg(args, timeout_s=limit_s, allow_warnings=False)
            checks = verify_video(part, _expected(segments, audio_path, profile, metadata))
            commit_file(part, output)
    finally:
        part.unlink(missing_ok=True)
    return Stitched(checks, loudness)


def _check_room(
    segments: Sequence[tuple[Path, SegmentMedia]],
    num_frames: int,
    profile: EncodeProfile,
    output: Path,
    scratch: Path,
) -> None:
    audio_bytes = num_frames * AUDIO_BITRATE_BPS // 8 // profile.fps + _SPARE_BYTES
    check_free_space(scratch, audio_bytes)
    check_free_space(output.parent, int(_SPARE * (_num_bytes(segments) + audio_bytes)))


def _num_bytes(segments: Sequence[tuple[Path, SegmentMedia]]) -> int:
    return sum(path.stat().st_size for path, _ in segments if path.exists())


def _expected(
    segments: Sequence[tuple[Path, SegmentMedia]],
    audio_path: Path,
    profile: EncodeProfile,
    metadata: dict[str, str],
) -> Expected:
    first = segments[0][1]
    return Expected(
        num_segments=len(segments),
        packet_md5s=tuple(md5 for _, media in segments for md5 in media.packet_md5s),
        audio_md5s=packet_md5s(audio_path, read_mp4(audio_path).track("soun")),
        extradata_sha256s=frozenset(media.extradata_sha256 for _, media in segments),
        width=first.width,
        height=first.height,
        profile=profile,
        tags=metadata,
    )


# --- after --------------------------------------------------------------------------------------


def verify_video(path: Path, expected: Expected) -> StitchChecks:
    """Prove that a joined file holds exactly what it must.

    Raises:
        StitchError: it does not.
        FfmpegError: ffmpeg cannot read it.
    """
    args = ["-i", f"file:{path}", "-map", "0", "-c", "copy", "-copyts"]
    args += ["-avoid_negative_ts", "disabled", "-f", "framemd5", "pipe:1"]
    limit_s = time_limit_s(copied_bytes=path.stat().st_size)
    packets = parse_framemd5(run_ffmpeg(args, timeout_s=limit_s, allow_warnings=False))
    try:
        movie = read_mp4(path)
        faults = packet_faults(packets, expected) + movie_faults(movie, expected)
    except Mp4Error as error:
        raise StitchError(f"the joined file cannot be read back: {error}") from error
    if faults:
        raise StitchError(f"the joined file differs from its segments: {'; '.join(faults)}")
    video, audio = movie.track("vide"), movie.track("soun")
    return StitchChecks(
        num_segments=expected.num_segments,
        num_frames=video.num_packets,
        num_packets_compared=len(packets),
        video_s=video.presentation_s,
        audio_s=audio.presentation_s,
        audio_minus_video_samples=round(_audio_surplus(movie), 3),
        colours="bt709, limited range",
        is_moov_first=movie.is_moov_first,
        sha256=sha256_of_file(path),
        num_bytes=path.stat().st_size,
    )


def packet_faults(packets: Sequence[Packet], expected: Expected) -> list[str]:
    """What is wrong with the packets as ffmpeg reads them back."""
    video = [packet for packet in packets if packet.stream == _VIDEO]
    audio = [packet for packet in packets if packet.stream == _AUDIO]
    step = expected.profile.timescale // expected.profile.fps
    faults: list[str] = []
    for what, found, wanted in (
        ("video", [packet.md5 for packet in video], expected.packet_md5s),
        ("audio", [packet.md5 for packet in audio], expected.audio_md5s),
    ):
        differing = num_differing(found, wanted)
        if differing:
            faults.append(
                f"{differing} of {len(wanted)} {what} packets differ ({len(found)} are there)"
            )
    moved = [index for index, packet in enumerate(video) if packet.pts != index * step]
    if moved:
        faults.append(f"frames at the wrong time: {len(moved)}, the first is frame {moved[0]}")
    if any(packet.dts != packet.pts for packet in video):
        faults.append("video packets are not in the order in which they are shown")
    return faults


def movie_faults(movie: Movie, expected: Expected) -> list[str]:
    """What is wrong with the boxes of the joined file."""
    video, audio = movie.track("vide"), movie.track("soun")
    step = expected.profile.timescale // expected.profile.fps
    times = tuple(step * index for index in range(expected.num_frames))
    checks = {
        "tracks": (len(movie.tracks), 2),
        "moov before mdat": (movie.is_moov_first, True),
        "colours": (video.colour, BT709),
        "codecs": ((video.codec, audio.codec), ("avc1", "mp4a")),
        "H.264 configuration": ({extradata_sha256(video)}, expected.extradata_sha256s),
        "size": ((video.width, video.height), (expected.width, expected.height)),
        "timescale": (video.timescale, expected.profile.timescale),
        "times as indexed equal to frames x step": (video.pts == times, True),
        "frame durations": (set(video.durations), {step}),
        "empty edits": (video.num_empty_edits + audio.num_empty_edits, 0),
        "audio rate": (audio.sample_rate_hz, AUDIO_RATE_HZ),
        "audio within a sample of the video": (abs(_audio_surplus(movie)) <= 1, True),
        "tags": (dict(movie.tags), expected.tags),
    }
    return [
        f"{what} {found}, must be {wanted}"
        for what, (found, wanted) in checks.items()
        if found != wanted
    ]


def _audio_surplus(movie: Movie) -> float:
    """Samples by which the audio outlasts the video."""
    video, audio = movie.track("vide"), movie.track("soun")
    return (audio.presentation_s - video.duration / video.timescale) * AUDIO_RATE_HZ
