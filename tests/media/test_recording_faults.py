"""Recordings with faults of their own, imported by real ffmpeg: heard, captioned, told, mended."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tasks.speech.speech import SpeechRequest, make_speech, speech_id_of, speech_ids_of
from tasks.speech.speech_files import load_speech
from tasks.speech_records import Speech

pytestmark = pytest.mark.media
RATE = 48_000
REPORTS = Path(__file__).parents[3] / "shared" / "reports"
TEXT = "The first sentence is here. The second one follows."
CLEAN = (1.0, 3.0, 4.0, 6.0)


@cache
def talk() -> np.ndarray:
    """Two sentences of two seconds, from 1 s and from 4 s, in seven seconds; faint hiss."""
    times = np.arange(7 * RATE) / RATE
    speaks = ((times >= 1) & (times < 3)) | ((times >= 4) & (times < 6))
    swell = 0.6 + 0.4 * np.cos(2 * np.pi * 4 * times)
    tones = sum(np.sin(2 * np.pi * hz * times) / hz * 220 for hz in (220, 440, 880, 1_760))
    pcm = 0.2 * tones * swell * speaks + hiss(-80)
    pcm.setflags(write=False)  # many tests begin with it
    return pcm


def hiss(level_db: float, seed: int = 1) -> np.ndarray:
    return 10 ** (level_db / 20) * np.random.default_rng(seed).standard_normal(7 * RATE)


def hum(hz: float, level_db: float) -> np.ndarray:
    times = np.arange(7 * RATE) / RATE
    return np.sqrt(2) * 10 ** (level_db / 20) * np.sin(2 * np.pi * hz * times)


def buzz(hz: float, level_db: float) -> np.ndarray:
    """A mains and its harmonics, as dimmers and bad earths have them."""
    parts = [hum(hz * number, level_db) / number for number in range(1, 22)]
    return np.sum(parts, axis=0)


def turned(pcm: np.ndarray) -> np.ndarray:
    """Inverted from the middle on."""
    half = len(pcm) // 2
    return np.concatenate([pcm[:half], -pcm[half:]])


def both(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.stack([left, right], axis=1)


def later(pcm: np.ndarray, ms: float) -> np.ndarray:
    num = round(ms * RATE / 1000)
    return np.concatenate([np.zeros(num), pcm[: len(pcm) - num]])


def imported(folder: Path, pcm: np.ndarray) -> Speech:
    soundfile.write(folder / "in.flac", np.clip(pcm, -1, 1), RATE, subtype="PCM_24")
    request = SpeechRequest(audio_path=folder / "in.flac", text=TEXT)
    speech = make_speech(request, folder / "out")
    assert speech.speech_id in speech_ids_of(request)
    assert make_speech(request, folder / "out") == speech
    return speech


def caption_times(speech: Speech) -> list[float]:
    places = [place for cue in speech.cues for place in (cue.start_sample, cue.end_sample)]
    return [place / speech.sample_rate_hz for place in places]


def engine_levels(folder: Path, speech: Speech) -> np.ndarray:
    """Level of every 100 ms of what engines hear, in dBFS."""
    pcm, rate = soundfile.read(folder / "out" / f"{speech.speech_id}.16k.wav")
    frames = pcm[: len(pcm) // (rate // 10) * (rate // 10)].reshape(-1, rate // 10)
    return 10 * np.log10(np.maximum(np.mean(frames**2, axis=1), 1e-12))


FAULTS = [
    pytest.param(0.95 * talk() + 0.05, "an offset, or rumble below 20 Hz, was", id="offset 0.05"),
    pytest.param(0.5 * talk() - 0.5, "an offset, or rumble below 20 Hz, was", id="offset -0.5"),
    pytest.param(talk() + hum(50, -30), "hum or rumble below 65 Hz was", id="50 Hz"),
    pytest.param(talk() + hum(60, -40), "hum or rumble below 65 Hz was", id="60 Hz"),
    pytest.param(talk() + hum(100, -25), "hum or rumble below 125 Hz was", id="100 Hz"),
    pytest.param(talk() + buzz(60, -35), "hum at 60 Hz and its harmonics was", id="60 Hz, 21st"),
    pytest.param(talk() + buzz(50, -24), "hum at 50 Hz and its harmonics was", id="as loud"),
    pytest.param(both(talk(), -talk()), "the left and the right channel cancel", id="antiphase"),
    pytest.param(both(talk(), turned(talk())), "the left and the right channel", id="half way"),
    pytest.param(both(talk(), -0.6 * talk()), "the left and the right channel cancel", id="partly"),
    pytest.param(both(talk(), 0 * talk()), "only the left channel has speech", id="dead right"),
    pytest.param(both(hiss(-70), talk()), "only the right channel has speech", id="dead left"),
    pytest.param(both(talk(), later(talk(), 1)), "the right channel repeats the left", id="1 ms"),
    pytest.param(both(talk() + 0.1, 0.1 - talk()), "an offset, or rumble", id="antiphase, offset"),
    pytest.param(talk() + hiss(-34), "noisy: speech is", id="noise"),
]


@pytest.mark.parametrize(("pcm", "warning"), FAULTS)
def test_a_recording_with_a_fault_is_captioned_as_a_clean_one_and_its_lips_rest(
    tmp_path, pcm, warning
):
    speech = imported(tmp_path, pcm)
    assert caption_times(speech) == pytest.approx(CLEAN, abs=0.1)
    assert any(text.startswith(warning) for text in speech.warnings), speech.warnings
    levels = engine_levels(tmp_path, speech)
    assert levels[[3, 4, 5, 34, 35, 36, 64, 65, 66]].max() < -54  # where the lips stay shut
    assert levels[[12, 15, 20, 45, 50, 55]].min() > -35


@pytest.mark.parametrize(
    ("pcm", "side"),
    [
        (both(talk(), -0.9 * talk()), 0),
        pytest.param(both(-0.5 * talk(), talk()), 1, marks=pytest.mark.sweep),
        (both(0 * talk(), talk()), 1),
    ],
)
def test_the_channel_that_is_used_alone_is_heard_on_both_sides(tmp_path, pcm, side):
    speech = imported(tmp_path, pcm)
    heard, _ = soundfile.read(tmp_path / "out" / f"{speech.speech_id}.wav")
    assert speech.num_channels == 2
    assert np.array_equal(heard[:, 0], heard[:, 1])
    assert heard[:, 0] == pytest.approx(pcm[:, side], abs=2 / 32_768)


@pytest.mark.parametrize(
    "pcm",
    [
        pytest.param(talk(), id="mono", marks=pytest.mark.sweep),
        pytest.param(both(talk(), talk()), id="stereo", marks=pytest.mark.sweep),
        pytest.param(both(talk(), 0.3 * talk()), id="one side quieter"),
        pytest.param(0.01 * talk(), id="quiet", marks=pytest.mark.sweep),
        pytest.param(talk() + hiss(-60), id="a little noise"),
    ],
)
def test_a_recording_without_a_fault_keeps_its_id_and_is_copied_as_it_is(tmp_path, pcm):
    speech = imported(tmp_path, pcm)
    request = SpeechRequest(audio_path=tmp_path / "in.flac", text=TEXT)
    assert speech.speech_id == speech_id_of(request)
    heard, _ = soundfile.read(tmp_path / "out" / f"{speech.speech_id}.wav")
    assert heard == pytest.approx(pcm, abs=2 / 32_768)
    assert caption_times(speech) == pytest.approx(CLEAN, abs=0.05)


def test_a_mended_recording_has_an_id_of_its_own(tmp_path):
    speech = imported(tmp_path, 0.9 * talk() + 0.1)
    request = SpeechRequest(audio_path=tmp_path / "in.flac", text=TEXT)
    *aligned, mended, plain = speech_ids_of(request)  # noise says no script
    assert speech.speech_id == mended
    assert all(load_speech(other, tmp_path / "out") is None for other in (*aligned, plain))


def test_nothing_but_the_speech_is_left_in_the_folder(tmp_path):
    speech = imported(tmp_path, both(talk(), -talk()))
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {f"{speech.speech_id}{end}" for end in (".wav", ".16k.wav", ".json")}


@pytest.mark.skipif(not REPORTS.is_dir(), reason=f"{REPORTS} is not here")
def test_the_recordings_of_the_reports_are_heard_and_captioned(tmp_path):
    text = "Welcome to Fernlight. My name is Otto, and in the next few minutes I will show you."
    folder = REPORTS / "dc-offset-and-hum"
    clean, offset = (
        make_speech(SpeechRequest(audio_path=folder / name, text=text), tmp_path)
        for name in ("clean.flac", "dc.flac")
    )
    assert caption_times(offset) == pytest.approx(caption_times(clean), abs=0.05)
    source = REPORTS / "stereo-antiphase" / "antiphase.flac"
    speech = make_speech(SpeechRequest(audio_path=source, text="Welcome to Fernlight."), tmp_path)
    assert speech.warnings[0].startswith("the left and the right channel cancel each other")
    start_s, end_s = caption_times(speech)
    assert 0.1 < start_s < end_s < speech.num_samples / speech.sample_rate_hz
