import io
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tasks.inputs.file_types import sound_fault
from tasks.inputs.sound_length import (
    promised_mp3_s,
    write_with_right_length,
    wrong_wav_length,
)

NUM_BYTES = 32_000  # one second at 16 kHz


def sound() -> np.ndarray:
    rng = np.random.default_rng(3)
    return np.concatenate([np.zeros(400), rng.normal(0, 0.1, NUM_BYTES // 2 - 400)])


def encoded(kind: str, **more: object) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, sound(), 16_000, format=kind, **more)
    return buffer.getvalue()


def wav(declared: int, behind: bytes = b"", before: bytes = b"") -> bytes:
    """A WAV whose data chunk claims ``declared`` bytes."""
    data = encoded("WAV")
    return data[:36] + before + b"data" + struct.pack("<I", declared) + data[44:] + behind


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "declared",
    [
        *(0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFDB, 0x80000000, 0x7FFFFFFF, 0x7FFFFFDB, 0x7FFFF000),
        *(0x7FFF0000, 2_000_000_000, 1_999_999_964, 2 * NUM_BYTES, NUM_BYTES + 16, NUM_BYTES + 44),
        *(1_000_000_000, 1 << 30, 3 * NUM_BYTES, 4 * NUM_BYTES, NUM_BYTES // 2, NUM_BYTES // 4 + 1),
        0,
    ],
)
@pytest.mark.parametrize("before", [b"", b"LIST\x04\0\0\0INFO"])
def test_a_wav_that_is_wrong_about_its_length_is_known_and_put_right(
    tmp_path: Path, declared: int, before: bytes
) -> None:
    path = written(tmp_path / "a.wav", wav(declared, before=before))
    wrong = wrong_wav_length(path)
    assert wrong is not None
    assert (wrong.declared_bytes, wrong.num_bytes) == (declared, NUM_BYTES)
    assert wrong.duration_s == 1.0
    assert sound_fault(path) == ""
    write_with_right_length(wrong, path, tmp_path / "right.wav")
    found, rate = soundfile.read(tmp_path / "right.wav")
    expected, _ = soundfile.read(io.BytesIO(encoded("WAV")))
    assert rate == 16_000
    assert np.array_equal(found, expected)


@pytest.mark.parametrize(
    "data",
    [
        wav(NUM_BYTES),
        wav(NUM_BYTES, behind=b"LIST\x04\0\0\0INFO"),
        wav(NUM_BYTES, behind=b"ID3\x04rest"),
        wav(NUM_BYTES, behind=b"ID3\x04rest" + bytes(500)),
        wav(NUM_BYTES, behind=b"bext" + struct.pack("<I", 602) + bytes(602)),
        wav(round(1.4 * NUM_BYTES)),  # cut short in a copy
        wav(10 * NUM_BYTES),
        b"RIFF\0\0\0\0WAVEdata\0\0\0\0",
        b"RIFF\x24\0\0\0WAVE" + encoded("WAV")[12:36] + b"data\0\0\0\0LIST\x04\0\0\0INFO",
        b"fLaC and more",
        b"",
    ],
)
def test_honest_cut_off_and_empty_files_are_left_alone(tmp_path: Path, data: bytes) -> None:
    assert wrong_wav_length(written(tmp_path / "a.wav", data)) is None


@pytest.mark.parametrize("size", [0, (1 << 64) - 1, 1 << 63])
def test_a_large_wav_of_a_pipe_is_put_right(tmp_path: Path, size: int) -> None:
    data = encoded("RF64")
    at = data.index(b"ds64") + 8
    streamed = data[: at + 8] + struct.pack("<Q", size) + data[at + 16 :]
    path = written(tmp_path / "a.wav", streamed)
    wrong = wrong_wav_length(path)
    assert wrong is not None
    assert wrong.num_bytes == NUM_BYTES
    assert sound_fault(path) == ""
    write_with_right_length(wrong, path, tmp_path / "right.wav")
    found, _ = soundfile.read(tmp_path / "right.wav")
    assert np.array_equal(found, soundfile.read(io.BytesIO(encoded("WAV")))[0])
    assert wrong_wav_length(written(tmp_path / "b.wav", data)) is None


def test_half_a_sample_at_the_end_is_left_out(tmp_path: Path) -> None:
    path = written(tmp_path / "a.wav", wav(NUM_BYTES)[:-1])
    wrong = wrong_wav_length(path)
    assert wrong is not None
    assert wrong.num_bytes == NUM_BYTES - 2
    write_with_right_length(wrong, path, tmp_path / "right.wav")
    assert soundfile.info(tmp_path / "right.wav").frames == NUM_BYTES // 2 - 1


def test_the_notice_says_what_the_header_got_wrong(tmp_path: Path) -> None:
    never, streamed = (
        wrong_wav_length(written(tmp_path / "a.wav", wav(declared))) for declared in (0, 0xFFFFFFFF)
    )
    assert never is not None
    assert never.notice == "its header was never finished; it was read to the end of the file"
    assert streamed is not None
    assert streamed.notice.startswith("its header promises 4294967295 bytes of sound, there are 32")


@pytest.mark.parametrize("tag", [b"", b"ID3\x04\0\0\0\0\x02\0" + bytes(256)])
def test_an_mp3_says_how_long_it_is(tmp_path: Path, tag: bytes) -> None:
    data = encoded("MP3")
    whole = written(tmp_path / "a.mp3", tag + data)
    promised = promised_mp3_s(whole)
    assert promised is not None
    assert 1.0 <= promised < 1.2
    half = written(tmp_path / "b.mp3", tag + data[: len(data) // 2])
    assert promised_mp3_s(half) == promised


def test_looking_at_a_cut_off_mp3_writes_nothing_on_the_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    data = encoded("MP3")
    assert sound_fault(written(tmp_path / "a.mp3", data[: len(data) // 2])) == ""
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("data", [b"", b"ID3", b"\xff\xfb", b"\xff\xfb\x90\x00" + bytes(100)])
def test_what_says_nothing_of_its_length_promises_nothing(tmp_path: Path, data: bytes) -> None:
    assert promised_mp3_s(written(tmp_path / "a.mp3", data)) is None
