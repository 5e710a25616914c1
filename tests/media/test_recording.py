"""Recordings through the real ffmpeg: formats, damage, judgement, captions, memory."""

import os
import shutil
import struct
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from model.errors import SpeechError
from tasks.errors import DiskFullError
from tasks.processes.ffmpeg import run_ffmpeg
from tasks.speech.recordings.recording import import_recording
from tasks.speech.recordings.sentence_times import sentence_times
from tasks.speech.recordings.sound_header import read_sound_header
from tasks.speech.recordings.verdict import warnings_about
from tasks.speech.speech import SpeechRequest, make_speech
from tasks.speech.speech_files import load_speech

pytestmark = pytest.mark.media
ROOT = Path(__file__).parents[2]
SAMPLES = ROOT.parent / "shared" / "samples"
RATE = 48_000


def _bursts(spans: list[tuple[float, float]], total_s: float, level: float = 0.3) -> np.ndarray:
    """Speech-like bursts over a faint hiss."""
    rng = np.random.default_rng(1)
    pcm = 1e-4 * rng.standard_normal(round(total_s * RATE))
    for start, end in spans:
        first, last = round(start * RATE), round(end * RATE)
        times = np.arange(last - first) / RATE
        pcm[first:last] += level * np.sin(2 * np.pi * 180 * times)
    return pcm


def _write(path: Path, pcm: np.ndarray, rate: int = RATE) -> Path:
    soundfile.write(path, pcm, rate)
    return path


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    return _write(tmp_path / "talk.wav", _bursts([(0.5, 2.0), (2.6, 4.0)], 4.5))


@pytest.mark.parametrize("suffix", ["wav", "mp3", "m4a", "flac", "ogg", "mp4", "opus"])
def test_any_common_format_becomes_both_copies(tmp_path: Path, talk: Path, suffix: str) -> None:
    source = tmp_path / f"ü my talk's.{suffix}"
    run_ffmpeg(["-i", str(talk), "-y", str(source)], timeout_s=60)
    speech = make_speech(SpeechRequest(audio_path=source), tmp_path / "out")
    assert (speech.source, speech.sample_rate_hz, speech.num_channels) == ("recording", RATE, 1)
    assert speech.num_samples == pytest.approx(4.5 * RATE, rel=0.02)
    pcm, rate = soundfile.read(tmp_path / "out" / f"{speech.speech_id}.16k.wav")
    assert rate == 16_000
    assert len(pcm) == pytest.approx(speech.num_samples / 3, abs=2)
    loud = pcm[16_000:24_000]
    assert 10 * np.log10(np.mean(loud**2)) == pytest.approx(-23, abs=1.5)
    assert speech.cues == ()
    assert speech.phonemes is None


def test_viewers_hear_the_recording_untouched(tmp_path: Path, talk: Path) -> None:
    speech = make_speech(SpeechRequest(audio_path=talk), tmp_path / "out")
    given, _ = soundfile.read(talk, dtype="int16")
    heard, _ = soundfile.read(tmp_path / "out" / f"{speech.speech_id}.wav", dtype="int16")
    assert np.array_equal(given, heard)


def two_decodings(source: Path, viewer_copy: Path, engine_copy: Path) -> None:
    """How both copies were made when the speech of today's stores was imported."""
    wav = ["-fflags", "+bitexact", "-flags:a", "+bitexact", "-rf64", "auto", "-f", "wav", "-y"]
    layouts = ["-af", "aformat=sample_fmts=s16:channel_layouts=mono|stereo", "-ar", "48000"]
    first = ["-i", f"file:{source}", "-map", "0:a:0", "-vn", "-map_metadata", "-1", *layouts]
    run_ffmpeg([*first, "-c:a", "pcm_s16le", *wav, str(viewer_copy)], timeout_s=60)
    second = ["-i", f"file:{viewer_copy}", "-ac", "1", "-ar", "16000", "-c:a", "pcm_f32le"]
    run_ffmpeg([*second, *wav, str(engine_copy)], timeout_s=60)


@pytest.mark.parametrize(
    ("suffix", "changed"),
    [
        ("wav", ["-c:a", "pcm_s24le", "-ar", "44100", "-ac", "6"]),
        ("wav", ["-c:a", "pcm_f32le", "-ar", "96000", "-ac", "2"]),
        ("wav", ["-c:a", "pcm_u8", "-ar", "8000"]),
        ("mp3", ["-ar", "22050", "-ac", "2"]),
        ("m4a", ["-ar", "44100"]),
        ("opus", []),
        ("mka", ["-itsoffset", "0.7", "-f", "lavfi", "-i", "sine=r=16000:d=2", "-map", "1:a"]),
        ("ogg", ["-af", "aselect='lt(t,1)+gt(t,1.5)'"]),  # with a hole in its time stamps
    ],
)
def test_both_copies_are_byte_for_byte_what_two_decodings_made_of_them(
    tmp_path: Path, talk: Path, suffix: str, changed: list[str]
) -> None:
    source = tmp_path / f"given.{suffix}"
    run_ffmpeg(["-i", str(talk), *changed, "-y", str(source)], timeout_s=60)
    made, levelled = tmp_path / "made.wav", tmp_path / "levelled.wav"
    recording = import_recording(source, made, levelled)
    viewer_copy, engine_copy = tmp_path / "viewer.wav", tmp_path / "engine.wav"
    two_decodings(source, viewer_copy, engine_copy)
    assert made.read_bytes() == viewer_copy.read_bytes()
    expected, _ = soundfile.read(engine_copy, dtype="float32")
    gain = np.float32(10 ** (recording.engine_gain_db / 20))
    pcm, _ = soundfile.read(levelled, dtype="int16")
    assert np.array_equal(pcm, np.rint(np.clip(expected * gain, -1, 1) * 32767).astype(np.int16))


@pytest.mark.parametrize(("num_channels", "kept"), [(1, 1), (2, 2), (6, 2)])
def test_at_most_two_channels_are_kept(tmp_path: Path, num_channels: int, kept: int) -> None:
    pcm = np.stack([_bursts([(0.2, 0.8)], 1.0)] * num_channels, axis=1) / num_channels
    source = _write(tmp_path / "many.wav", pcm, 44_100)
    assert make_speech(SpeechRequest(audio_path=source), tmp_path / "out").num_channels == kept


def test_a_recording_is_imported_once_and_found_again(tmp_path: Path, talk: Path) -> None:
    first = make_speech(SpeechRequest(audio_path=talk), tmp_path / "out")
    renamed = talk.rename(talk.with_name("renamed.wav"))
    again = make_speech(SpeechRequest(audio_path=renamed), tmp_path / "out")
    assert again == first
    assert load_speech(first.speech_id, tmp_path / "out") == first
    assert len(list((tmp_path / "out").iterdir())) == 3


def test_a_clean_recording_has_no_warnings(tmp_path: Path, talk: Path) -> None:
    assert make_speech(SpeechRequest(audio_path=talk), tmp_path / "out").warnings == ()


@pytest.mark.parametrize(
    ("pcm", "warning"),
    [
        (
            _bursts([(0.5, 2.0)], 3) + 0.02 * np.random.default_rng(0).standard_normal(144_000),
            "noisy",
        ),
        (np.clip(_bursts([(0.5, 2.0)], 3, level=2.0), -1, 1), "clipped in"),
        (_bursts([(0.5, 2.0), (6.0, 7.0)], 7.5), "1 silence over 3 s; the longest, 4.0 s, begins"),
        (_bursts([(0.5, 2.0)], 3) * 0.005, "very quiet"),
        (np.zeros(RATE), "the recording is silent"),
    ],
)
def test_what_a_person_should_know_is_said(tmp_path: Path, pcm: np.ndarray, warning: str) -> None:
    source = _write(tmp_path / "odd.wav", pcm)
    speech = make_speech(SpeechRequest(audio_path=source), tmp_path / "out")
    assert any(text.startswith(warning) for text in speech.warnings), speech.warnings


def test_a_video_without_sound_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "mute.mp4"
    run_ffmpeg(["-f", "lavfi", "-i", "color=s=64x64:d=0.2", "-y", str(source)], timeout_s=60)
    with pytest.raises(SpeechError, match="has no sound track"):
        make_speech(SpeechRequest(audio_path=source), tmp_path / "out")


def test_a_recording_of_zero_length_is_refused(tmp_path: Path) -> None:
    source = _write(tmp_path / "none.wav", np.zeros(0))
    with pytest.raises(SpeechError, match=r"zero length|no sound"):
        make_speech(SpeechRequest(audio_path=source), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_an_empty_file_and_text_called_mp3_are_refused(tmp_path: Path) -> None:
    for data in (b"", b"this is no sound\n" * 100):
        source = tmp_path / "fake.mp3"
        source.write_bytes(data)
        with pytest.raises(SpeechError, match=r"fake\.mp3"):
            make_speech(SpeechRequest(audio_path=source), tmp_path / "out")


@pytest.mark.parametrize("suffix", ["wav", "flac", "m4a"])
def test_a_recording_cut_short_is_refused(tmp_path: Path, talk: Path, suffix: str) -> None:
    source = tmp_path / f"cut.{suffix}"
    if suffix == "wav":
        source.write_bytes(talk.read_bytes())
    else:
        run_ffmpeg(["-i", str(talk), "-y", str(source)], timeout_s=60)
    data = source.read_bytes()
    source.write_bytes(data[: len(data) * 6 // 10])
    with pytest.raises(SpeechError, match="cut short"):
        make_speech(SpeechRequest(audio_path=source), tmp_path / "out")


def test_sentences_are_laid_into_the_pauses(tmp_path: Path) -> None:
    spans = [(0.4, 2.4), (3.0, 4.1), (4.6, 7.6)]
    source = _write(tmp_path / "talk.wav", _bursts(spans, 8.0))
    script = (
        "Twenty letters are in here. Just about ten. And this one has about thirty letters now."
    )
    speech = make_speech(SpeechRequest(audio_path=source, text=script), tmp_path / "out")
    times = [(c.start_sample / RATE, c.end_sample / RATE) for c in speech.cues]
    assert times == [pytest.approx(span, abs=0.02) for span in spans]


def test_sentences_without_pauses_share_the_time_by_length() -> None:
    levels = np.full(900, -20.0)
    assert sentence_times(levels, [1, 2]) == [(0, 300), (300, 900)]


def test_pauses_inside_a_sentence_do_not_end_it() -> None:
    levels = np.full(1000, -20.0)
    for start in (200, 480, 700):  # one long pause near the middle, two short ones elsewhere
        levels[start : start + (50 if start == 480 else 14)] = -90.0
    assert sentence_times(levels, [10, 10]) == [(0, 480), (530, 1000)]


def test_many_sentences_stay_in_order_and_cover_the_speech() -> None:
    rng = np.random.default_rng(5)
    levels = np.where(rng.random(60_000) < 0.8, -20.0, -90.0)
    levels = np.repeat(levels[::20], 20)
    spans = sentence_times(levels, [1 + i % 7 for i in range(150)])
    assert all(start < end for start, end in spans)
    assert all(a[1] <= b[0] + 1 for a, b in pairwise(spans))


def test_real_recordings_are_judged_and_captioned(tmp_path: Path) -> None:
    if not SAMPLES.is_dir():
        pytest.skip("the sample recordings are not on this machine")
    for source in sorted(SAMPLES.glob("*.wav")):
        script = "The first sentence is here. Then comes another one. And a third, at the end."
        speech = make_speech(SpeechRequest(audio_path=source, text=script), tmp_path / "out")
        assert len(speech.cues) == 3
        assert speech.cues[0].end_sample <= speech.cues[1].start_sample + 480
        assert speech.cues[-1].end_sample <= speech.num_samples
        assert not any("clipped" in warning for warning in speech.warnings)


def test_silence_is_judged_as_silence() -> None:
    assert warnings_about(np.full(500, -120.0), 0) == ("the recording is silent",)


MEASURE = """
import re, sys
from pathlib import Path
from tasks.speech.speech import SpeechRequest, make_speech
speech = make_speech(SpeechRequest(audio_path=Path(sys.argv[1])), Path(sys.argv[2]))
status = Path("/proc/self/status").read_text()
print(speech.num_samples, int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from Linux's /proc")
@pytest.mark.sweep
def test_a_long_recording_is_imported_in_bounded_memory(tmp_path: Path) -> None:
    minutes = 20
    source = tmp_path / "long.flac"
    noise = f"anoisesrc=r=8000:d={60 * minutes}:a=0.1:seed=1"
    run_ffmpeg(["-f", "lavfi", "-i", noise, "-y", str(source)], timeout_s=60)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(source), str(tmp_path / "out")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    num_samples, peak_mb = map(int, done.stdout.split())
    assert num_samples == 60 * minutes * RATE
    assert peak_mb < 300


def pcm_wav(path: Path, rate_hz: int, num_samples: int, num_channels: int = 1) -> Path:
    """A WAV of silence whose header says what it is told to say."""
    size = 2 * num_samples * num_channels
    head = struct.pack("<HHIIHH", 1, num_channels, rate_hz, 2 * rate_hz, 2 * num_channels, 16)
    body = b"fmt " + struct.pack("<I", 16) + head + b"data" + struct.pack("<I", size) + bytes(size)
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body)
    return path


@pytest.mark.parametrize(
    ("rate_hz", "num_samples", "num_channels", "rule"),
    [
        (1, 16_000, 1, r"sample rate of 1 Hz.*must be from 4000 to 384000 Hz"),
        (4_000_000, 16_000, 1, r"sample rate of 4000000 Hz"),
        (8_000, 8_000 * 3600 * 13, 1, r"is 13\.0 hours long, at most 12 hours are read; split it"),
        (48_000, 1_000, 40, r"has 40 channels, at most 32 are read"),
    ],
)
def test_a_small_file_that_promises_days_of_sound_is_refused_before_it_is_decoded(
    tmp_path: Path, rate_hz: int, num_samples: int, num_channels: int, rule: str
) -> None:
    source = pcm_wav(tmp_path / "bomb.wav", rate_hz, min(num_samples, 16_000), num_channels)
    if num_samples > 16_000:  # a hole in the file costs nothing
        with source.open("r+b") as file:
            file.seek(40)
            file.write(struct.pack("<I", 2 * num_samples))
            file.truncate(44 + 2 * num_samples)
    began = sum(os.times()[:4])  # what this process and its programs have computed
    with pytest.raises(SpeechError, match=rule):
        import_recording(source, tmp_path / "a.wav", tmp_path / "b.wav")
    assert sum(os.times()[:4]) - began < 5
    assert [path.name for path in tmp_path.iterdir()] == ["bomb.wav"]


def test_room_for_both_copies_is_looked_for_before_a_recording_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = pcm_wav(tmp_path / "hour.wav", 8_000, 8_000 * 60)
    usage = shutil.disk_usage(tmp_path)._replace(free=10_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    # 60 s: 96 kB/s for viewers, 96 kB/s for engines
    with pytest.raises(DiskFullError, match=r"10\.0 MB are free and 11\.5 MB are needed"):
        import_recording(source, tmp_path / "a.wav", tmp_path / "b.wav")


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".m4a", ".ogg"])
def test_the_header_of_every_kind_of_recording_is_read_without_decoding_it(
    tmp_path: Path, suffix: str
) -> None:
    source = tmp_path / f"tone{suffix}"
    tone = ["-f", "lavfi", "-i", "sine=r=44100:d=3"]
    # a tag that looks like ffmpeg's own words does not deceive
    lie = "x\n  Duration: 99:00:00.00\n  Stream #0:0: Audio: pcm, 1 Hz, mono"
    run_ffmpeg([*tone, "-ac", "2", "-metadata", f"title={lie}", "-y", str(source)], timeout_s=60)
    header = read_sound_header(source)
    assert header is not None
    assert (header.sample_rate_hz, header.num_channels) in {(44_100, 2), (48_000, 2)}
    assert header.duration_s == pytest.approx(3, abs=0.2)
