"""Segments come out whole or not at all."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import av
import numpy as np
import psutil
import pytest
from media_clips import HEIGHT, WIDTH, barcode_frames, decode, encode_clip

from tasks.errors import (
    DiskFullError,
    FfmpegError,
)
from tasks.media.encode import EncodeError, encode_segment, read_png, seam_gates, write_png
from tasks.media.mp4 import packet_md5s, read_mp4
from tasks.records import EncodeProfile

pytestmark = pytest.mark.media


def encode(frames, part: Path, num_frames: int):
    return encode_segment(
        frames,
        width=WIDTH,
        height=HEIGHT,
        num_frames=num_frames,
        profile=EncodeProfile(),
        part=part,
    )


def test_every_frame_is_in_the_segment_once_and_in_order(tmp_path):
    path, encoded = encode_clip(tmp_path, "a.mp4", 1000, 1149)
    decoded = decode(path)
    assert decoded.barcodes == list(range(1000, 1149))
    assert decoded.pts == [512 * i for i in range(149)]
    assert encoded.media.num_frames == len(encoded.media.packet_md5s) == 149
    assert np.array_equal(encoded.last_frame, barcode_frames(1148, 1149)[0])
    assert np.array_equal(encoded.first_frame, barcode_frames(1000, 1001)[0])


@pytest.mark.parametrize("num_frames", [1, 2, 3, 47, 48, 49, 97])
def test_a_segment_of_any_length_is_whole(tmp_path, num_frames):
    path, _ = encode_clip(tmp_path, "a.mp4", 0, num_frames)
    assert decode(path).barcodes == list(range(num_frames))


def test_the_same_frames_are_the_same_bytes_however_they_arrive(tmp_path):
    frames = barcode_frames(0, 60)
    encode([frames], tmp_path / "a.mp4", 60)
    encode((frames[i : i + 1] for i in range(60)), tmp_path / "b.mp4", 60)
    encode([frames[:7], frames[7:31], frames[31:]], tmp_path / "c.mp4", 60)
    first = (tmp_path / "a.mp4").read_bytes()
    assert first == (tmp_path / "b.mp4").read_bytes() == (tmp_path / "c.mp4").read_bytes()


def test_our_reader_and_another_agree_on_packets_times_and_tags(tmp_path):
    path, encoded = encode_clip(tmp_path, "a.mp4", 0, 60)
    track = read_mp4(path).track("vide")
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        assert [packet.pts for packet in packets] == list(track.pts)
        assert [packet.size for packet in packets] == list(track.packet_sizes)
        assert [i for i, packet in enumerate(packets) if packet.is_keyframe] == sorted(
            track.sync_packets
        )
        assert stream.codec_context.extradata == track.configuration
        container.seek(0)
        frame = next(container.decode(stream))
        assert (stream.codec_context.color_primaries, stream.codec_context.color_trc) == (1, 1)
        assert (frame.colorspace, frame.color_range) == (1, 1)
    assert packet_md5s(path, track) == encoded.media.packet_md5s


def test_grey_levels_have_no_bias(tmp_path):
    levels = np.repeat(np.arange(16, 240, 14, dtype=np.uint8), 4)[:WIDTH]
    chart = np.broadcast_to(levels[None, None, :, None], (12, HEIGHT, WIDTH, 3)).copy()
    encode([chart], tmp_path / "a.mp4", 12)
    with av.open(str(tmp_path / "a.mp4")) as container:
        luma = next(container.decode(video=0)).to_ndarray(format="yuv420p")[:HEIGHT]
    grey = (luma.astype(float) - 16) * 255 / 219
    # half a level is what rounding to limited range may cost a single level; the mean must be less
    assert abs((grey - chart[0, :, :, 0]).mean()) < 0.3


@pytest.mark.parametrize("made", [0, 1, 59])
def test_a_producer_that_stops_early_leaves_no_file(tmp_path, made):
    frames = barcode_frames(0, 60)
    with pytest.raises(EncodeError, match=f"{made} frames were made, 60 were promised"):
        encode((frames[i : i + 1] for i in range(made)), tmp_path / "a.mp4", 60)
    assert not list(tmp_path.iterdir())


def test_a_producer_of_too_many_frames_leaves_no_file(tmp_path):
    with pytest.raises(EncodeError, match="61 frames were made, 60 were promised"):
        encode([barcode_frames(0, 61)], tmp_path / "a.mp4", 60)
    assert not list(tmp_path.iterdir())


def test_a_producer_that_fails_leaves_no_file_and_no_encoder(tmp_path):
    def failing():
        yield barcode_frames(0, 20)
        raise KeyError("engine")

    with pytest.raises(KeyError, match="engine"):
        encode(failing(), tmp_path / "a.mp4", 60)
    assert not list(tmp_path.iterdir())
    assert not encoders()


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_an_ffmpeg_killed_midway_leaves_no_file(tmp_path, sign):
    def killing():
        yield barcode_frames(0, 200)
        for process in encoders():
            os.kill(process.pid, sign)
        for start in range(200, 20_000, 100):
            yield barcode_frames(start, start + 100)

    with pytest.raises(FfmpegError):
        encode(killing(), tmp_path / "a.mp4", 20_000)
    assert not list(tmp_path.iterdir())


def encoders() -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "ffmpeg" in child.name()]


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting a small tmpfs needs root")
    if shutil.which("mount") is None:
        pytest.skip("there is no mount on this machine, so no small tmpfs")
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small tmpfs cannot be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_told_with_the_path_and_leaves_no_file(small_disk):
    rng = np.random.default_rng(0)
    noise = (rng.integers(0, 256, (10, HEIGHT, WIDTH, 3), np.uint8) for _ in range(40))
    with pytest.raises(DiskFullError, match=r"small/a\.mp4: the disk is full"):
        encode(noise, small_disk / "a.mp4", 400)
    assert not list(small_disk.iterdir())


def test_a_png_on_a_full_disk_is_told_with_the_path(small_disk):
    rng = np.random.default_rng(0)
    with pytest.raises(DiskFullError, match=r"small/a\.png: the disk is full"):
        write_png(rng.integers(0, 256, (512, 512, 3), np.uint8), small_disk / "a.png")


def test_odd_names_work(tmp_path):
    folder = tmp_path / "a 'quoted' \"dir\" %d 100% é 视频 [x] =;,"
    folder.mkdir()
    path, _ = encode_clip(folder, ".part-0-a:b.mp4", 0, 12)
    assert decode(path).barcodes == list(range(12))


def test_fifty_generations_of_reference_frames_are_exact(tmp_path):
    rng = np.random.default_rng(1)
    first = frame = rng.integers(0, 256, (48, 64, 3), np.uint8)
    for generation in range(50):
        write_png(frame, tmp_path / f"{generation}.png")
        frame = read_png(tmp_path / f"{generation}.png")
    assert np.array_equal(frame, first)


def test_seam_figures_tell_a_duplicate_and_a_jump_from_a_clean_seam(tmp_path):
    _, before = encode_clip(tmp_path, "a.mp4", 0, 12)
    _, clean = encode_clip(tmp_path, "b.mp4", 12, 24)
    _, duplicate = encode_clip(tmp_path, "c.mp4", 11, 24)
    _, skip = encode_clip(tmp_path, "d.mp4", 24, 36)
    gates = [seam_gates(before.last_frame, segment) for segment in (clean, duplicate, skip)]
    assert [gate["is_seam_duplicate"] for gate in gates] == [0, 1, 0]
    assert gates[1]["seam_step"] == 0
    assert gates[2]["seam_step"] > 2 * gates[0]["seam_step"] > 0
    assert "seam_step" not in seam_gates(None, before)
