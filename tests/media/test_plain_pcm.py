"""Whether ffmpeg is told that a WAV holds samples, and that this changes no byte of any."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tasks.processes.ffmpeg import run_ffmpeg
from tasks.speech.recordings.plain_pcm import NO_CODED_STREAM, is_plain_pcm

pytestmark = pytest.mark.media
RATE = 48_000
CODED = {
    "ac3": ["-c:a", "ac3", "-f", "ac3"],
    "dts": ["-c:a", "dca", "-strict", "-2", "-f", "dts"],
    "mp3": ["-c:a", "libmp3lame", "-f", "mp3"],
    "aac": ["-c:a", "aac", "-f", "adts"],
    "s/pdif": ["-c:a", "ac3", "-f", "spdif"],
}


def _talk(rate: int, level: float = 0.3) -> np.ndarray:
    times = np.arange(2 * rate) / rate
    hiss = 1e-4 * np.random.default_rng(1).standard_normal(len(times))
    return level * np.sin(2 * np.pi * 180 * times) * (times % 1 < 0.7) + hiss


def _decoded(path: Path, *known: str) -> bytes:
    return run_ffmpeg([*known, "-i", str(path), "-f", "s16le", "-"], timeout_s=60)


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("num_channels", [1, 2])
def test_sound_is_known_and_decoded_as_without_knowing_it(
    tmp_path: Path, rate: int, num_channels: int
) -> None:
    path = tmp_path / "talk.wav"
    soundfile.write(path, np.stack([_talk(rate)] * num_channels, 1), rate)
    assert is_plain_pcm(path)
    assert _decoded(path, *NO_CODED_STREAM) == _decoded(path)


@pytest.mark.parametrize("level", [0.0, 0.001, 0.05])
def test_a_quiet_recording_is_known_whatever_its_noise(tmp_path: Path, level: float) -> None:
    noise = level * np.random.default_rng(2).uniform(-1, 1, RATE)
    soundfile.write(tmp_path / "quiet.wav", noise, RATE)
    assert is_plain_pcm(tmp_path / "quiet.wav")


@pytest.mark.parametrize(("num_equal", "times", "is_plain"), [(8, 40, True), (9, 1, False)])
def test_a_loud_word_that_follows_itself_eight_times_is_an_encoders_padding(
    tmp_path: Path, num_equal: int, times: int, is_plain: bool
) -> None:
    tone = np.round(20_000 * np.sin(2 * np.pi * 441 * np.arange(RATE) / RATE)).astype(np.int16)
    for start in range(1000, 1000 + 500 * times, 500):
        tone[start : start + num_equal] = 9_000
        tone[start - 1], tone[start + num_equal] = 9_100, 8_900
    soundfile.write(tmp_path / "tone.wav", tone, RATE)
    assert is_plain_pcm(tmp_path / "tone.wav") == is_plain


@pytest.mark.parametrize("is_silent", [False, True])
@pytest.mark.parametrize("codec", CODED)
def test_a_coded_stream_that_calls_itself_pcm_is_left_to_ffmpeg(
    tmp_path: Path, codec: str, is_silent: bool
) -> None:
    soundfile.write(tmp_path / "talk.wav", _talk(RATE, 0.0 if is_silent else 0.3), RATE)
    encode = ["-i", str(tmp_path / "talk.wav"), "-ac", "2", *CODED[codec], "-"]
    stream = run_ffmpeg(encode, timeout_s=60)
    stream += b"\0" * (-len(stream) % 4)
    path = tmp_path / "coded.wav"
    soundfile.write(path, np.frombuffer(stream, "<i2").reshape(-1, 2), RATE)
    assert not is_plain_pcm(path)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "FLOAT", "ULAW"])
def test_samples_that_ffmpeg_searches_nothing_in_are_left_alone(
    tmp_path: Path, subtype: str
) -> None:
    soundfile.write(tmp_path / "talk.wav", _talk(RATE), RATE, subtype=subtype)
    assert not is_plain_pcm(tmp_path / "talk.wav")


@pytest.mark.parametrize(
    "content", [b"", b"RIFF", b"RIFF\0\0\0\0WAVE", b"RIFF\0\0\0\0WAVEfmt \x02\0\0\0ab", b"fLaC"]
)
def test_what_is_no_whole_wav_is_left_to_ffmpeg(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.wav").write_bytes(content)
    assert not is_plain_pcm(tmp_path / "broken.wav")
