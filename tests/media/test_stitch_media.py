"""Joined videos hold every frame once, at its time, and the sound where it was."""

import dataclasses
import hashlib
import shutil
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from media_clips import (
    HEIGHT,
    Segments,
    barcode_frames,
    decode,
    encode_clip,
    encode_clips,
    write_noise,
)

from tasks.errors import (
    DiskFullError,
    FfmpegError,
)
from tasks.media import stitch
from tasks.media.encode import encode_segment
from tasks.media.mp4 import read_mp4
from tasks.media.sound import AUDIO_RATE_HZ
from tasks.media.stitch import StitchError, join_segments, stitch_video
from tasks.processes.ffmpeg import ffmpeg_path
from tasks.processes.programs import run_program
from tasks.records import EncodeProfile, SegmentMedia

pytestmark = pytest.mark.media

PROFILE = EncodeProfile()
TITLE = 'He said: "it\'s done" = 100%; \\ 完成 é'


def join(function, segments, audio: Path, output: Path, profile: EncodeProfile = PROFILE, **change):
    options = {
        "num_frames": sum(media.num_frames for _, media in segments),
        "profile": profile,
        "output": output,
        "metadata": {"title": TITLE, "comment": "preview, not for delivery"},
        "scratch": output.parent,
    }
    return function(segments, audio, **(options | change))


def lag_samples(source: np.ndarray, source_rate_hz: int, decoded, at_s: float) -> int:
    """Samples at 48 kHz by which the decoded sound is late, around a time of the video."""
    window = 4_800
    place = round(at_s * AUDIO_RATE_HZ)
    grid = (place + np.arange(window)) * source_rate_hz / AUDIO_RATE_HZ
    wanted = np.interp(grid, np.arange(len(source)), source)
    start = place - round(decoded.sound_start_s * AUDIO_RATE_HZ)
    reach = 200
    found = decoded.sound[start - reach : start + window + reach]
    return int(np.argmax(np.correlate(found, wanted, "valid"))) - reach


@pytest.mark.parametrize("num_segments", [12, pytest.param(100, marks=pytest.mark.sweep)])
def test_segments_of_random_lengths_keep_every_frame_packet_and_time(tmp_path, num_segments):
    rng = np.random.default_rng(3)
    lengths = [int(n) for n in rng.integers(1, 5, num_segments - 1) * 12] + [7]
    segments = encode_clips(tmp_path, lengths)
    total = sum(lengths)
    sound = write_noise(tmp_path / "noise.wav", total / 25 - 0.35)[:, 0]
    checks = join(stitch_video, segments, tmp_path / "noise.wav", tmp_path / "out.mp4").checks
    decoded = decode(tmp_path / "out.mp4")
    assert decoded.barcodes == list(range(total))
    assert decoded.pts == [512 * i for i in range(total)]
    assert md5s_read_by_another(tmp_path / "out.mp4") == [
        md5 for _, media in segments for md5 in media.packet_md5s
    ]
    times = np.linspace(0.1, total / 25 - 1, 21)
    assert [lag_samples(sound, 24_000, decoded, at) for at in times] == pytest.approx(
        [0] * 21, abs=1
    )
    assert (checks.num_segments, checks.num_frames) == (num_segments, total)
    assert abs(checks.audio_minus_video_samples) <= 1


def md5s_read_by_another(path: Path) -> list[str]:
    with av.open(str(path)) as container:
        return [
            hashlib.md5(bytes(packet)).hexdigest()
            for packet in container.demux(video=0)
            if packet.size
        ]


def test_the_seams_of_a_stitched_clip_are_not_seen_in_its_decoded_frames(tmp_path):
    segments = encode_clips(tmp_path, [36, 24, 36])
    write_noise(tmp_path / "noise.wav", 96 / 25)
    join(stitch_video, segments, tmp_path / "noise.wav", tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        planes = [frame.to_ndarray(format="yuv420p") for frame in container.decode(video=0)]
    found = np.stack([plane[:HEIGHT] for plane in planes])
    raw = barcode_frames(0, 96).astype(float)
    luma = 16 + (raw @ [0.2126, 0.7152, 0.0722]) * 219 / 255
    for seam in (36, 60):
        step = found[seam].astype(float) - found[seam - 1]
        assert abs(step.mean() - (luma[seam] - luma[seam - 1]).mean()) <= 0.5
        change = luma[seam] - luma[seam - 1]
        alpha = ((found[seam] - luma[seam - 1]) * change).sum() / (change**2).sum()
        assert 0.8 <= alpha <= 1.2


@pytest.mark.parametrize(
    ("rate_hz", "channels", "surplus_s"),
    [(24_000, 1, -0.35), (24_000, 1, 3.0), (48_000, 2, 0.0), (44_100, 1, 0.01), (16_000, 1, -0.02)],
)
def test_sound_of_any_rate_and_length_is_in_place_and_as_long_as_the_video(
    five, tmp_path, rate_hz, channels, surplus_s
):
    sound = write_noise(tmp_path / "noise.wav", 3.84 + surplus_s, rate_hz, channels)
    join(stitch_video, five, tmp_path / "noise.wav", tmp_path / "out.mp4")
    decoded = decode(tmp_path / "out.mp4")
    assert decoded.sound_rate_hz == AUDIO_RATE_HZ
    for at_s in (0.0625, 1.0, 2.0, 3.2):
        assert abs(lag_samples(sound[:, 0], rate_hz, decoded, at_s)) <= 1
    audio = read_mp4(tmp_path / "out.mp4").track("soun")
    assert audio.presentation_s == pytest.approx(3.84, abs=1 / AUDIO_RATE_HZ)
    assert audio.num_channels == channels


RATES = [(24, 12_288), pytest.param(30, 15_360, marks=pytest.mark.sweep)]


def many_short(folder: Path, fps: int, timescale: int) -> tuple[Segments, EncodeProfile]:
    """One segment of 7 frames, 300 times: microseconds that round add up to ticks."""
    profile = EncodeProfile(fps=fps, timescale=timescale)
    write_noise(folder / "noise.wav", 2_100 / fps)
    return encode_clips(folder, [7], profile) * 300, profile


@pytest.mark.parametrize(("fps", "timescale"), RATES)
def test_at_other_frame_rates_every_frame_is_on_its_tick(tmp_path, fps, timescale):
    segments, profile = many_short(tmp_path, fps, timescale)
    join(stitch_video, segments, tmp_path / "noise.wav", tmp_path / "out.mp4", profile)
    decoded = decode(tmp_path / "out.mp4")
    assert decoded.pts == [512 * i for i in range(2_100)]
    assert decoded.barcodes == [*range(7)] * 300


@pytest.mark.parametrize(("fps", "timescale"), RATES)
def test_without_the_cure_other_rates_drift_and_the_verification_says_so(
    tmp_path, monkeypatch, fps, timescale
):
    segments, profile = many_short(tmp_path, fps, timescale)
    monkeypatch.setattr(stitch, "timestamp_cure", lambda fps, timescale: {})
    with pytest.raises(StitchError, match="at the wrong time"):
        join(stitch_video, segments, tmp_path / "noise.wav", tmp_path / "out.mp4", profile)
    assert not (tmp_path / "out.mp4").exists()


def test_the_same_segments_make_the_same_bytes_in_another_folder(five, noise, tmp_path):
    join(stitch_video, five, noise, tmp_path / "a.mp4")
    other = tmp_path / "it's 'another' % folder 视频"
    other.mkdir()
    moved = [(Path(shutil.copy(path, other)), media) for path, media in five]
    join(stitch_video, moved, noise, other / "b.mp4")
    assert (tmp_path / "a.mp4").read_bytes() == (other / "b.mp4").read_bytes()


def test_tags_colours_and_order_of_boxes_are_read_back_by_another_reader(five, noise, tmp_path):
    checks = join(stitch_video, five, noise, tmp_path / "out.mp4").checks
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.metadata["title"] == TITLE
        assert container.metadata["comment"] == "preview, not for delivery"
        assert "creation_time" not in container.metadata
        stream = container.streams.video[0]
        assert (stream.codec_context.color_primaries, stream.codec_context.color_trc) == (1, 1)
        assert stream.average_rate == Fraction(25)
        assert stream.duration * stream.time_base == Fraction(384, 100)
    data = (tmp_path / "out.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert b"colrnclx" in data
    assert checks.sha256 == hashlib.sha256(data).hexdigest()


# --- damage -------------------------------------------------------------------------------------


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[data.index(b"mdat") + 1_500] ^= 0x10
    path.write_bytes(data)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-50])


def empty(path: Path) -> None:
    path.write_bytes(b"")


DAMAGES = {"missing": Path.unlink, "zero": empty, "truncated": truncate, "bit": flip_a_bit}


@pytest.fixture
def copies(five, tmp_path) -> Segments:
    """Segments that a test may damage."""
    folder = tmp_path / "copies"
    folder.mkdir()
    return [(Path(shutil.copy(path, folder)), media) for path, media in five]


@pytest.fixture
def no_ffmpeg(monkeypatch) -> None:
    """Whoever starts ffmpeg now gets another exit code and words than a refusal's."""
    monkeypatch.setenv("NIGHTSHOOT_FFMPEG", "/bin/false")


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.usefixtures("no_ffmpeg")
def test_a_damaged_segment_is_refused_before_ffmpeg_runs(copies, noise, tmp_path, damage):
    DAMAGES[damage](copies[3][0])
    with pytest.raises(StitchError, match=r"segment 3: .*render it again") as caught:
        join(stitch_video, copies, noise, tmp_path / "out.mp4")
    assert caught.value.segment_index == 3
    assert not (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damage_that_slips_past_the_gate_never_gets_the_final_name(
    copies, noise, tmp_path, damage
):
    DAMAGES[damage](copies[3][0])
    with pytest.raises((StitchError, FfmpegError)):
        join(join_segments, copies, noise, tmp_path / "out.mp4")
    assert not list(tmp_path.glob("*.mp4"))
    assert not list(tmp_path.glob(".part*"))


def with_another_crf(path: Path) -> None:
    encode_clip(path.parent, path.name, 61, 85, EncodeProfile(crf=30))


def with_another_timescale(path: Path) -> None:
    encode_clip(path.parent, path.name, 61, 85, EncodeProfile(timescale=90_000))


def with_b_frames(path: Path) -> None:
    raw = path.with_suffix(".raw")
    raw.write_bytes(barcode_frames(61, 85).tobytes())
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "64x48", "-r", "25", "-i", str(raw)]
    coding = ["-c:v", "libx264", "-bf", "3", "-pix_fmt", "yuv420p", "-crf", "17"]
    scale = ["-video_track_timescale", "12800", str(path)]
    run_program([ffmpeg_path(), "-y", *source, *coding, *scale], timeout_s=60)


def with_other_frames(path: Path) -> None:
    encode_clip(path.parent, path.name, 62, 86)


def with_fewer_frames(path: Path) -> None:
    encode_clip(path.parent, path.name, 61, 84)


REPLACEMENTS = {
    "crf": with_another_crf,
    "timescale": with_another_timescale,
    "bframes": with_b_frames,
    "other": with_other_frames,
    "fewer": with_fewer_frames,
}


@pytest.mark.parametrize("replacement", REPLACEMENTS)
def test_a_segment_of_another_make_is_refused_by_the_gate_and_by_the_verification(
    copies, noise, tmp_path, monkeypatch, replacement
):
    path = copies[3][0]
    path.unlink()
    REPLACEMENTS[replacement](path)
    with pytest.raises((StitchError, FfmpegError)):
        join(join_segments, copies, noise, tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()
    monkeypatch.setenv("NIGHTSHOOT_FFMPEG", "/bin/false")
    with pytest.raises(StitchError) as caught:
        join(stitch_video, copies, noise, tmp_path / "out.mp4")
    assert caught.value.segment_index == 3


def honest(path: Path, media: SegmentMedia, num_frames: int) -> SegmentMedia:
    """A receipt that tells the truth about a segment of another make."""
    movie = read_mp4(path)
    return media.model_copy(
        update={
            "num_frames": num_frames,
            "extradata_sha256": stitch.extradata_sha256(movie.track("vide")),
            "packet_md5s": stitch.packet_md5s(path, movie.track("vide")),
            "timescale": movie.track("vide").timescale,
        }
    )


@pytest.mark.parametrize("replacement", ["crf", "timescale", "bframes", "fewer"])
def test_an_honest_receipt_of_another_make_is_refused_too(copies, noise, tmp_path, replacement):
    path, media = copies[3]
    path.unlink()
    REPLACEMENTS[replacement](path)
    copies[3] = (path, honest(path, media, 23 if replacement == "fewer" else 24))
    with pytest.raises(StitchError):
        join(stitch_video, copies, noise, tmp_path / "out.mp4", num_frames=96)
    with pytest.raises((StitchError, FfmpegError)):
        join(join_segments, copies, noise, tmp_path / "out.mp4", num_frames=96)
    assert not list(tmp_path.glob("*.mp4"))


def test_segments_in_the_wrong_order_are_caught_by_the_verification(five, tmp_path, noise):
    swapped = [five[1], five[0], *five[2:]]
    join(stitch_video, swapped, noise, tmp_path / "out.mp4")  # their receipts are in this order
    assert decode(tmp_path / "out.mp4").barcodes[:12] == list(range(48, 60))
    expected = stitch.Expected(
        num_segments=5,
        packet_md5s=tuple(md5 for _, media in five for md5 in media.packet_md5s),
        audio_md5s=(),
        extradata_sha256s=frozenset({five[0][1].extradata_sha256}),
        width=64,
        height=48,
        profile=PROFILE,
        tags={},
    )
    with pytest.raises(StitchError, match="video packets differ"):
        stitch.verify_video(tmp_path / "out.mp4", expected)


def test_each_fault_of_the_finished_file_is_told(five, noise, tmp_path):
    join(stitch_video, five, noise, tmp_path / "out.mp4")
    movie = read_mp4(tmp_path / "out.mp4")
    expected = stitch.Expected(
        num_segments=5,
        packet_md5s=tuple(md5 for _, media in five for md5 in media.packet_md5s),
        audio_md5s=(),
        extradata_sha256s=frozenset({five[0][1].extradata_sha256}),
        width=64,
        height=48,
        profile=PROFILE,
        tags=dict(movie.tags),
    )
    assert stitch.movie_faults(movie, expected) == []
    late = dataclasses.replace(movie, is_moov_first=False)
    assert "moov before mdat" in stitch.movie_faults(late, expected)[0]
    video, audio = movie.track("vide"), movie.track("soun")
    grey = dataclasses.replace(movie, tracks=(dataclasses.replace(video, colour=None), audio))
    assert "colours None" in stitch.movie_faults(grey, expected)[0]
    short = dataclasses.replace(
        audio,
        edits=(dataclasses.replace(audio.edits[0], duration=audio.edits[0].duration - 2),),
    )
    longer = dataclasses.replace(movie, tracks=(video, short))
    assert "audio within a sample" in stitch.movie_faults(longer, expected)[0]
    untitled = dataclasses.replace(expected, tags={"title": "another"})
    assert "tags" in stitch.movie_faults(movie, untitled)[0]


def test_a_sound_file_that_is_none_leaves_no_video(five, tmp_path):
    (tmp_path / "noise.wav").write_bytes(b"RIFF????WAVE")
    with pytest.raises(FfmpegError):
        join(stitch_video, five, tmp_path / "noise.wav", tmp_path / "out.mp4")
    assert not list(tmp_path.glob("*.mp4"))


def test_a_disk_too_small_is_refused_before_anything_is_written(five, noise, tmp_path, monkeypatch):
    monkeypatch.setattr(stitch, "_SPARE", 1e15)
    with pytest.raises(DiskFullError, match="are needed"):
        join(stitch_video, five, noise, tmp_path / "out.mp4")
    assert not list(tmp_path.glob("*.m4a"))


def test_an_older_video_stays_when_a_stitch_fails(copies, noise, tmp_path):
    (tmp_path / "out.mp4").write_bytes(b"yesterday's")
    flip_a_bit(copies[0][0])
    with pytest.raises(StitchError):
        join(stitch_video, copies, noise, tmp_path / "out.mp4")
    assert (tmp_path / "out.mp4").read_bytes() == b"yesterday's"


def test_a_portrait_size_keeps_its_shape_and_colours(tmp_path, noise):
    frames = np.full((12, 64, 32, 3), (200, 120, 60), np.uint8)
    path = tmp_path / "tall.mp4"
    encoded = encode_segment(
        [frames], width=32, height=64, num_frames=12, profile=PROFILE, part=path
    )
    join(stitch_video, [(path, encoded.media)], noise, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        frame = next(container.decode(video=0)).reformat(
            format="rgb24", src_colorspace="ITU709", dst_colorspace="ITU709"
        )
        mean = frame.to_ndarray().mean(axis=(0, 1))
    # swscale's default conversion in this reader is 1 to 1.5 levels dark (spec, section 3)
    assert np.abs(mean - (200, 120, 60)).max() < 3
