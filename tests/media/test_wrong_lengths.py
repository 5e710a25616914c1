import io
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from model.errors import SpeechError
from tasks.speech.recordings.recording import import_recording

pytestmark = pytest.mark.media


def tone(kind: str, num_channels: int = 1, **more: object) -> bytes:
    times = np.arange(2 * 44_100) / 44_100
    left = 0.2 * np.sin(2 * np.pi * 220 * times)
    buffer = io.BytesIO()
    pcm = np.stack([left] * num_channels, axis=1)
    soundfile.write(buffer, pcm, 44_100, format=kind, **more)
    return buffer.getvalue()


@pytest.mark.parametrize("num_channels", [1, 2])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT", "ULAW"])
@pytest.mark.parametrize("declared", [0xFFFFFFFF, 0x7FFFF000, 0])
def test_a_wav_with_a_wrong_length_is_read_to_its_end(
    tmp_path: Path, num_channels: int, subtype: str, declared: int
) -> None:
    data = tone("WAV", num_channels, subtype=subtype)
    at = data.index(b"data") + 4
    (tmp_path / "good.wav").write_bytes(data)
    (tmp_path / "bad.wav").write_bytes(data[:at] + struct.pack("<I", declared) + data[at + 4 :])
    copies = {}
    for name in ("good", "bad"):
        viewer, engine = tmp_path / f"{name}.v.wav", tmp_path / f"{name}.e.wav"
        found = import_recording(tmp_path / f"{name}.wav", viewer, engine)
        copies[name] = viewer.read_bytes(), engine.read_bytes()
        assert any("to the end of the file" in each for each in found.warnings) == (name == "bad")
    assert copies["bad"] == copies["good"]
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".wav"] * 6, "nothing is left"


@pytest.mark.parametrize("share", [0.3, 0.6, 0.85])
def test_an_mp3_that_was_copied_in_part_is_cut_short(tmp_path: Path, share: float) -> None:
    data = tone("MP3")
    (tmp_path / "a.mp3").write_bytes(data[: round(share * len(data))])
    with pytest.raises(SpeechError, match=r"is cut short: its header promises .* can be decoded"):
        import_recording(tmp_path / "a.mp3", tmp_path / "v.wav", tmp_path / "e.wav")


def test_a_whole_mp3_is_not_cut_short(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(tone("MP3"))
    found = import_recording(tmp_path / "a.mp3", tmp_path / "v.wav", tmp_path / "e.wav")
    assert abs(found.num_samples / 48_000 - 2.0) < 0.1
