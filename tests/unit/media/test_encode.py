"""Command lines, commit checks and raw frames of a segment, as values."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.media.encode import (
    EncodedSegment,
    EncodeError,
    Packet,
    decode_faults,
    encode_args,
    encode_segment,
    framemd5_args,
    parse_framemd5,
    read_png,
    seam_gates,
    write_png,
)
from tasks.records import EncodeProfile, SegmentMedia

PROFILE = EncodeProfile()


def test_the_command_line_of_a_segment():
    assert encode_args(704, 384, PROFILE, Path("/out/.part-1.mp4")) == [
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "-r", "25", "-s", "704x384", "-i", "pipe:0"),
        *("-f", "mp4", "-an", "-c:v", "libx264", "-crf", "17", "-fflags", "+bitexact"),
        *("-map_metadata", "-1", "-movflags", "+faststart", "-preset", "veryfast"),
        *("-profile:v", "high", "-threads", "1", "-vf"),
        "scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_int,"
        "format=yuv420p,"
        "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709",
        *("-video_track_timescale", "12800", "-x264-params"),
        "open-gop=0:scenecut=0:bframes=0:keyint=48:min-keyint=48:force-cfr=1",
        "file:/out/.part-1.mp4",
    ]


def test_the_command_line_that_lists_packets_and_decoded_frames():
    args = framemd5_args(Path("/a.mp4"), copies=1, decodes=1)
    assert args[:4] == ["-err_detect", "explode", "-i", "file:/a.mp4"]
    assert args[4:12] == ["-map", "0:v:0", "-map", "0:v:0", "-c:0", "copy", "-c:1", "rawvideo"]


def test_lines_of_framemd5_become_packets():
    listing = b"#format: frame checksums\n0,  0, 512,  512,  900, abc\n1, 1, 2, 3, 4, def\n"
    assert parse_framemd5(listing) == [Packet(0, 0, 512, "abc"), Packet(1, 1, 2, "def")]


def lines(num_packets: int, num_decoded: int, step: int = 512) -> list[Packet]:
    packets = [Packet(0, i * step, i * step, "a") for i in range(num_packets)]
    return packets + [Packet(1, i * step, i * step, "b") for i in range(num_decoded)]


def test_packets_and_frames_that_are_all_there_are_no_fault():
    assert decode_faults(lines(12, 12), 12, PROFILE) == []


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (lines(11, 12), "11 packets, must be 12"),
        (lines(12, 13), "13 decoded frames, must be 12"),
        (lines(12, 12, step=513), "packets at the wrong time: 11, the first at 513 ticks"),
    ],
)
def test_a_frame_lost_doubled_or_moved_is_a_fault(found, fault):
    assert decode_faults(found, 12, PROFILE) == [fault]


@pytest.mark.parametrize(
    "chunk",
    [
        np.zeros((1, 48, 32, 3), np.uint8),
        np.zeros((48, 64, 3), np.uint8),
        np.zeros((1, 48, 64, 3), np.float32),
    ],
)
def test_frames_of_another_shape_or_type_are_refused_with_both(tmp_path, chunk):
    with pytest.raises(EncodeError, match=r"must be uint8 \(F, 48, 64, 3\), got .*\("):
        encode_segment(
            [chunk], width=64, height=48, num_frames=1, profile=PROFILE, part=tmp_path / "a.mp4"
        )
    assert not list(tmp_path.iterdir())


@given(st.integers(0, 2**32 - 1), st.sampled_from([(16, 16), (48, 32), (1, 7)]))
def test_a_png_brings_every_pixel_back(tmp_path_factory, seed, size):
    frame = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
    path = tmp_path_factory.getbasetemp() / ".part-of-a-frame"
    write_png(frame, path)
    again = read_png(path)
    assert np.array_equal(again, frame)
    assert again.flags.c_contiguous


def test_a_damaged_png_is_told_with_its_path(tmp_path):
    for data in (b"", b"no picture"):
        (tmp_path / "a.png").write_bytes(data)
        with pytest.raises(EncodeError, match=r"a\.png: not a readable PNG"):
            read_png(tmp_path / "a.png")


def test_only_a_picture_can_be_a_png(tmp_path):
    with pytest.raises(EncodeError, match=r"must be uint8 \(H, W, 3\), got float64"):
        write_png(np.zeros((4, 4, 3)), tmp_path / "a.png")


def test_seam_figures_of_known_frames():
    grey = [np.full((16, 16, 3), level, np.uint8) for level in (100, 102, 103)]
    media = SegmentMedia(
        num_frames=2, extradata_sha256="", packet_md5s=(), timescale=1, width=16, height=16
    )
    encoded = EncodedSegment(media, grey[1], grey[2], grey[2])
    assert seam_gates(grey[0], encoded) == {
        "first_step": 1.0,
        "seam_step": 2.0,
        "seam_shift": 2.0,
        "is_seam_duplicate": 0.0,
    }
    assert seam_gates(grey[1], encoded)["is_seam_duplicate"] == 1.0
    assert seam_gates(None, EncodedSegment(media, grey[1], None, grey[1])) == {}
