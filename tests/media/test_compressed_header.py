"""What an MP3 or an M4A says of itself is what ffmpeg says; what is unusual is left to ffmpeg."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tasks.processes.ffmpeg import run_ffmpeg
from tasks.speech.recordings import sound_header
from tasks.speech.recordings.compressed_header import compressed_header
from tasks.speech.recordings.sound_header import read_sound_header

pytestmark = pytest.mark.media
SECONDS = 2
MOST_PRIMING_S = 0.25


def encoded(folder: Path, rate: int, num_channels: int, *args: str) -> Path:
    """``args``: of ffmpeg, the last of them the file's suffix."""
    tone = 0.3 * np.sin(np.arange(SECONDS * rate) * 0.03)
    plain, path = folder / "plain.wav", folder / f"{rate}-{num_channels}{args[-1]}"
    soundfile.write(plain, np.stack([tone] * num_channels, 1), rate)
    run_ffmpeg(["-y", "-i", f"file:{plain}", *args[:-1], str(path)], timeout_s=60)
    return path


MP3 = ("-c:a", "libmp3lame", "-b:a", "64k", ".mp3")
M4A = ("-c:a", "aac", ".m4a")


@pytest.mark.parametrize("num_channels", [1, 2])
@pytest.mark.parametrize(
    ("rate", "args"),
    [(8_000, MP3), (22_050, MP3), (44_100, MP3), (24_000, M4A), (44_100, M4A), (96_000, M4A)],
)
def test_rate_channels_and_length_are_those_that_ffmpeg_tells(
    tmp_path: Path, rate: int, num_channels: int, args: tuple[str, ...]
) -> None:
    path = encoded(tmp_path, rate, num_channels, *args)
    told, ours = sound_header._header_by_ffmpeg(path), compressed_header(path)
    assert told is not None
    assert ours is not None
    assert (ours.sample_rate_hz, ours.num_channels) == (told.sample_rate_hz, told.num_channels)
    assert (ours.sample_rate_hz, ours.num_channels) == (rate, num_channels)
    assert told.duration_s is not None
    assert 0 <= ours.duration_s - told.duration_s < MOST_PRIMING_S


def test_no_program_is_started_for_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [encoded(tmp_path, 24_000, 1, *args) for args in (MP3, M4A)]
    monkeypatch.setattr(sound_header, "run_program", None)
    for path in paths:
        assert read_sound_header(path) is not None


def test_frames_that_differ_or_do_not_fill_the_file_are_left_to_ffmpeg(tmp_path: Path) -> None:
    mono, stereo = (encoded(tmp_path, 24_000, n, *MP3) for n in (1, 2))
    other = encoded(tmp_path, 16_000, 1, *MP3)
    frames = mono.read_bytes()
    odd = tmp_path / "odd.mp3"
    for data in (
        frames + stereo.read_bytes(),
        frames + other.read_bytes(),
        frames[:-20],
        frames + b"APETAGEX" + bytes(24),
        frames[:1000] + bytes(200) + frames[1200:],
        frames[:10],
        b"",
    ):
        odd.write_bytes(data)
        assert compressed_header(odd) is None
    odd.write_bytes(frames + b"TAG" + bytes(125))
    assert compressed_header(odd) == compressed_header(mono)


def test_what_is_no_plain_aac_alone_in_its_file_is_left_to_ffmpeg(tmp_path: Path) -> None:
    whole = encoded(tmp_path, 24_000, 1, *M4A).read_bytes()
    alac = encoded(tmp_path, 24_000, 1, "-c:a", "alac", "-alac.m4a")
    surround = encoded(tmp_path, 24_000, 1, "-ac", "6", "-c:a", "aac", "-six.m4a")
    two = encoded(tmp_path, 24_000, 1, "-map", "0", "-map", "0", "-c:a", "aac", "-two.m4a")
    for path in (alac, surround, two):
        assert compressed_header(path) is None
    odd = tmp_path / "odd.m4a"
    for data in (
        whole[: len(whole) // 2],
        whole.replace(b"soun", b"text"),
        whole.replace(b"mp4a", b"enca"),
        whole.replace(b"moov", b"free"),
        whole.replace(b"esds", b"free"),
        whole[:12],
    ):
        odd.write_bytes(data)
        assert compressed_header(odd) is None


def test_a_header_with_any_changed_byte_tells_something_or_nothing(tmp_path: Path) -> None:
    path = encoded(tmp_path, 24_000, 1, *M4A)
    whole = path.read_bytes()
    start, odd = whole.index(b"moov"), tmp_path / "odd.m4a"
    random = np.random.default_rng(1)
    for place in random.integers(start, len(whole), 300).tolist():
        changed = bytearray(whole)
        changed[place] = int(random.integers(256))
        odd.write_bytes(changed)
        found = compressed_header(odd)
        assert found is None or found.num_channels in (1, 2)
