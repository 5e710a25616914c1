"""Copies of compressed recordings that were broken off, and recordings that have no end."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from model.errors import SpeechError
from tasks.inputs.file_types import sound_fault
from tasks.inputs.sound_ends import adts_fault, is_adts, ogg_end
from tasks.processes.ffmpeg import run_ffmpeg
from tasks.speech.recordings.recording import import_recording

pytestmark = pytest.mark.media

CUT = "the recording is cut short: its header promises "
SHARES = (0.3, 0.6, 0.97)
ID3 = b"ID3\x04\0\0\0\0\0\x3f" + bytes(63)


def encoded(folder: Path, name: str, *how: str) -> bytes:
    source = ["-f", "lavfi", "-i", "sine=frequency=220:duration=2", "-c:a", "aac"]
    run_ffmpeg(["-v", "error", "-y", *source, *how, str(folder / name)], timeout_s=60)
    return (folder / name).read_bytes()


def ogg(subtype: str) -> bytes:
    buffer = io.BytesIO()
    times = np.arange(5 * 48_000) / 48_000
    sound = 0.2 * np.sin(2 * np.pi * 220 * times) + np.random.default_rng(1).normal(
        0, 0.05, 240_000
    )
    soundfile.write(buffer, sound, 48_000, format="OGG", subtype=subtype)
    return buffer.getvalue()


def fault_of(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return sound_fault(path)


@pytest.mark.parametrize(
    "how", [(), ("-movflags", "+faststart"), ("-movflags", "frag_keyframe+empty_moov")]
)
def test_an_m4a_that_was_copied_in_part_is_cut_short(tmp_path: Path, how: tuple[str, ...]) -> None:
    data = encoded(tmp_path, "a.m4a", *how)
    path = tmp_path / "b.m4a"
    for rest in (b"", b"notes of a camera", b"\0\0\0\0\0\0\0\0\0"):
        assert fault_of(path, data + rest) == ""
    for share in SHARES:
        num_bytes = round(share * len(data))
        told = fault_of(path, data[:num_bytes])
        assert told.startswith(CUT)
        assert told.endswith(f"there are {num_bytes}")


def test_an_m4a_whose_recorder_never_wrote_its_index_is_cut_short(tmp_path: Path) -> None:
    data = encoded(tmp_path, "a.m4a")
    at = data.index(b"moov") - 4
    told = fault_of(tmp_path / "b.m4a", data[:at])
    assert told.startswith("the recording is cut short: its index (moov) is missing")
    unfinished = data[: data.index(b"mdat") - 4] + bytes(4) + data[data.index(b"mdat") : at]
    assert fault_of(tmp_path / "b.m4a", unfinished) == told


@pytest.mark.parametrize("number", [0x7FFFFFFF, 1 << 63, (1 << 64) - 1])
def test_an_m4a_that_claims_to_be_endless_is_cut_short(tmp_path: Path, number: int) -> None:
    data = encoded(tmp_path, "a.m4a")
    box = b"\0\0\0\x01free" + number.to_bytes(8)
    assert fault_of(tmp_path / "b.m4a", data[:28] + box + data[28:]).startswith(CUT)


@pytest.mark.parametrize("before", [b"", ID3])
def test_an_aac_that_was_copied_in_part_is_cut_short(tmp_path: Path, before: bytes) -> None:
    data = encoded(tmp_path, "a.aac")
    path = tmp_path / "b.aac"
    for rest in (b"", b"TAG" + bytes(125)):
        assert fault_of(path, before + data + rest) == ""
        assert is_adts(path)
    import_recording(path, tmp_path / "v.wav", tmp_path / "e.wav")
    for share in SHARES:
        assert fault_of(path, before + data[: round(share * len(data))]).startswith(CUT)
    assert adts_fault(path)


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_an_ogg_ends_with_a_whole_page(tmp_path: Path, subtype: str) -> None:
    data = ogg(subtype)
    path = tmp_path / "a.ogg"
    for rest in (b"", b"TAG and more"):
        assert fault_of(path, data + rest) == ""
        assert ogg_end(path) == "whole"
    last = data.rindex(b"OggS")
    cuts = [round(share * last) for share in SHARES]
    for cut in (*cuts, last + 3, last + 20, last + 30, len(data) - 1):
        assert fault_of(path, data[:cut]) == (
            "the recording is cut short: its last page is not whole"
        )


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_a_recorded_stream_without_an_end_page_is_read_with_a_notice(
    tmp_path: Path, subtype: str
) -> None:
    data = ogg(subtype)
    path = tmp_path / "a.ogg"
    assert fault_of(path, data[: data.rindex(b"OggS")]) == ""
    found = import_recording(path, tmp_path / "v.wav", tmp_path / "e.wav")
    assert found.warnings[0].startswith("it has no end page, like the recording of a live stream")
    assert found.num_samples > 3.5 * 48_000


def test_what_is_no_sound_is_refused_and_never_read_for_ever(tmp_path: Path) -> None:
    assert fault_of(tmp_path / "a.aac", b"\xff\xf1" + bytes(60))
    with pytest.raises(SpeechError):
        import_recording(tmp_path / "a.aac", tmp_path / "v.wav", tmp_path / "e.wav")


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("a.webm", ("-c:a", "libopus")),
        ("a.mka", ()),
        ("a.aiff", ("-c:a", "pcm_s16be")),
        ("a.au", ("-c:a", "pcm_s16be")),
    ],
)
def test_other_kinds_that_were_copied_in_part_are_cut_short(
    tmp_path: Path, name: str, how: tuple[str, ...]
) -> None:
    data = encoded(tmp_path, name, *how)
    assert fault_of(tmp_path / name, data + b"some notes") == ""
    for share in SHARES:
        assert fault_of(tmp_path / name, data[: round(share * len(data))]).startswith(CUT)


@pytest.mark.parametrize("name", ["a.webm", "a.au"])
def test_what_was_recorded_live_promises_nothing(tmp_path: Path, name: str) -> None:
    """As browsers and pipes write it: no length in its header."""
    kind = {"a.webm": ("-c:a", "libopus", "-f", "webm", "-live", "1"), "a.au": ("-f", "au")}[name]
    codec = ("-c:a", "pcm_s16be") if name == "a.au" else ()
    data = encoded(tmp_path, name, *codec, *kind)
    if name == "a.au":
        data = data[:8] + b"\xff" * 4 + data[12:]
    assert fault_of(tmp_path / name, data[: round(0.7 * len(data))]) == ""


def test_flac_in_ogg_is_read(tmp_path: Path) -> None:
    data = encoded(tmp_path, "a.ogg", "-c:a", "flac")
    assert fault_of(tmp_path / "a.ogg", data) == ""
    found = import_recording(tmp_path / "a.ogg", tmp_path / "v.wav", tmp_path / "e.wav")
    assert abs(found.num_samples / 48_000 - 2) < 0.05
