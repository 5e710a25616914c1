"""The loudness of finished sound by real ffmpeg: reached, not overshot, in its place."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy import signal

from tasks.media.sound import Heard, encode_sound, measure_loudness, measure_speech
from tasks.processes.ffmpeg import run_ffmpeg
from tests.media import test_recording_faults as faults

pytestmark = pytest.mark.media
ROOT = Path(__file__).parents[2]
SAMPLES = ROOT.parent / "shared" / "samples"
RATE = 48_000


def talk(seconds: float, gain_db: float = 0.0, seed: int = 1, rate: int = RATE) -> np.ndarray:
    """``(S,)`` syllables of noise in the voice's band with pauses: peaks stand far out of it."""
    rng = np.random.default_rng(seed)
    band = signal.butter(2, (150, 3_000), "bandpass", fs=rate, output="sos")
    noise = signal.sosfilt(band, rng.standard_normal(round(seconds * rate)))
    times = np.arange(len(noise)) / rate
    syllables = (0.6 - 0.4 * np.cos(2 * np.pi * 3.1 * times)) * (times % 3.0 < 2.4)
    pcm = noise * syllables
    return pcm * 10 ** (gain_db / 20) * 0.1 / np.sqrt(np.mean(pcm**2))


def made(folder: Path, pcm: np.ndarray, to: int | None, rate: int = RATE, seconds=None):
    wav, output = folder / "in.wav", folder / "out.m4a"
    soundfile.write(wav, pcm, rate)
    output.unlink(missing_ok=True)
    num_frames = int((seconds or len(pcm) / rate) * 25)
    told = encode_sound(wav, output, num_frames=num_frames, fps=25, target_lufs=to)
    heard = measure_loudness(output, None, seconds=60)
    assert (told.integrated_lufs, told.true_peak_dbtp) == pytest.approx(
        (heard.integrated_lufs, heard.true_peak_dbtp), abs=0.11
    )
    return told


def levels(*hardest: tuple[object, int]) -> list[object]:
    """Every level to be reached from every sound; in ``make test`` the hardest of them."""
    sounds = dict.fromkeys(sound for sound, _ in hardest)
    return [
        pytest.param(sound, to, marks=() if (sound, to) in hardest else pytest.mark.sweep)
        for sound in sounds
        for to in (-14, -16, -23)
    ]


@pytest.mark.parametrize(("gain_db", "to"), levels((-15, -14), (-6, -16), (6, -23)))
def test_speech_of_any_level_is_heard_at_its_loudness_and_its_peaks_below_the_limit(
    tmp_path, gain_db, to
):
    told = made(tmp_path, np.clip(talk(10, gain_db), -1, 1), to)
    assert told.integrated_lufs == pytest.approx(to, abs=1.0)
    assert told.true_peak_dbtp <= -1.5
    assert told.warnings == ()


def test_stereo_stays_stereo_and_is_one_gain_for_both_channels(tmp_path):
    left, right = talk(10, -6), 0.25 * talk(10, -6, seed=2)
    told = made(tmp_path, np.stack([left, right], axis=1), -23)
    decoded = decode(tmp_path / "out.m4a", channels=2)
    assert told.integrated_lufs == pytest.approx(-23, abs=1.0)
    rms = np.sqrt(np.mean(decoded**2, axis=0))
    assert 20 * np.log10(rms[1] / rms[0]) == pytest.approx(-12.0, abs=0.3)


def test_the_limiter_leaves_the_sound_in_its_place(tmp_path):
    pcm = talk(10, -12)
    assert made(tmp_path, pcm, -14).is_limited
    decoded = decode(tmp_path / "out.m4a")[:, 0]
    for at in range(RATE, 9 * RATE, 2 * RATE):
        window = slice(at - 200, at + 9_600 + 200)
        lag = np.argmax(signal.correlate(decoded[window], pcm[at : at + 9_600], "valid")) - 200
        assert abs(lag) <= 2


def test_off_leaves_the_level_as_it_was(tmp_path):
    pcm = talk(6, -12)
    told = made(tmp_path, pcm, None)
    decoded = decode(tmp_path / "out.m4a")[:, 0]
    assert (told.target_lufs, told.gain_db, told.is_limited) == (None, 0.0, False)
    assert 20 * np.log10(decoded.std() / pcm.std()) == pytest.approx(0.0, abs=0.2)


def test_only_the_played_part_counts(tmp_path):
    pcm = np.concatenate([talk(6, -12), talk(20, 0)])  # a video may end before its speech
    assert made(tmp_path, pcm, -16, seconds=6).integrated_lufs == pytest.approx(-16, abs=1.0)


def test_a_sound_shorter_than_its_video_is_judged_by_itself(tmp_path):
    assert made(tmp_path, talk(6, -12), -16, seconds=12).integrated_lufs == pytest.approx(
        -16, abs=1.0
    )


@pytest.mark.parametrize("seconds", [0.5, 1.0, 2.0])
def test_a_few_words_are_as_loud_as_many(tmp_path, seconds):
    told = made(tmp_path, np.concatenate([talk(seconds, -9), np.zeros(3 * RATE)]), -16)
    loud = measure_speech(decoded_wav(tmp_path), 60)
    many = made(tmp_path, talk(20, -9), -16)
    loud_of_many = measure_speech(decoded_wav(tmp_path), 60)
    assert loud.speech_lufs == pytest.approx(loud_of_many.speech_lufs, abs=1.5)
    assert max(told.true_peak_dbtp, many.true_peak_dbtp) <= -1.5


@pytest.mark.parametrize(("hertz", "level_db"), [(100, -25), (50, -20)])
def test_a_voice_over_a_loud_hum_is_heard_at_its_loudness(tmp_path, hertz, level_db):
    told = made(tmp_path, faults.talk() + faults.hum(hertz, level_db), -16)
    assert told.integrated_lufs == pytest.approx(-16, abs=1.0)
    assert told.warnings == ()


def test_a_background_far_below_a_few_words_does_not_count_as_speech(tmp_path):
    words = np.concatenate([talk(2, -9), np.zeros(3 * RATE)])
    made(tmp_path, words + faults.hum(100, -45)[: len(words)], -16)
    assert measure_speech(tmp_path / "in.wav", 60).speech_s < 2.1


def test_an_offset_takes_no_room_from_the_voice(tmp_path):
    told = made(tmp_path, 0.5 + talk(10, -12), -16)
    decoded = decode(tmp_path / "out.m4a")[RATE:, 0]
    assert abs(decoded.mean()) < 0.002
    assert told.integrated_lufs == pytest.approx(-16, abs=1.0)
    assert told.true_peak_dbtp <= -1.5


def test_a_sound_too_quiet_is_raised_by_20_db_and_told(tmp_path):
    told = made(tmp_path, talk(10, -40), -16)
    assert told.gain_db == 20.0
    assert told.warnings[0].startswith(f"viewers hear it at {told.integrated_lufs:.1f} LUFS")


def test_silence_stays_silence_and_is_told(tmp_path):
    told = made(tmp_path, np.zeros(5 * RATE), -16)
    assert (told.integrated_lufs, told.true_peak_dbtp, told.gain_db) == (-70.0, -120.0, 0.0)
    assert told.warnings == (
        "viewers hear nothing: the sound is silent, and was not brought to -16 LUFS",
    )


def test_the_same_sound_makes_the_same_bytes(tmp_path):
    made(tmp_path, talk(8, -12), -16)
    first = (tmp_path / "out.m4a").read_bytes()
    made(tmp_path, talk(8, -12), -16)
    assert (tmp_path / "out.m4a").read_bytes() == first


@pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"{SAMPLES} is not here")
@pytest.mark.parametrize(
    ("name", "to"),
    levels(
        ("dwarven_blacksmith.wav", -14),
        ("fashion_blogger.wav", -16),
        ("kitchen_grandmother.wav", -23),
    ),
)
def test_real_recordings_are_heard_at_their_loudness(tmp_path, name, to):
    run_ffmpeg(["-i", str(SAMPLES / name), "-y", str(tmp_path / "real.wav")], timeout_s=60)
    pcm, rate = soundfile.read(tmp_path / "real.wav")
    told = made(tmp_path, pcm, to, rate)
    assert told.integrated_lufs == pytest.approx(to, abs=1.0)
    assert told.true_peak_dbtp <= -1.5


def test_a_damaged_sound_is_an_error(tmp_path):
    (tmp_path / "noise.wav").write_bytes(os.urandom(1_000))
    with pytest.raises(Exception, match="noise"):
        measure_loudness(tmp_path / "noise.wav", None, seconds=1)


def test_a_tone_of_minus_23_lufs_measures_minus_23(tmp_path):
    # EBU Tech 3341: a stereo tone of 1 kHz at -23 dBFS is -23 LUFS
    tone = 10 ** (-23 / 20) * np.sin(2 * np.pi * 1_000 * np.arange(20 * RATE) / RATE)
    soundfile.write(tmp_path / "tone.wav", np.stack([tone, tone], axis=1), RATE, subtype="FLOAT")
    heard = measure_loudness(tmp_path / "tone.wav", None, seconds=20)
    assert heard == Heard(pytest.approx(-23.0, abs=0.1), pytest.approx(-23.0, abs=0.1))


def decode(path: Path, channels: int = 1) -> np.ndarray:
    """``(S, channels)``."""
    args = ["-i", str(path), "-f", "f32le", "-ac", str(channels), "-ar", str(RATE), "pipe:1"]
    data = run_ffmpeg(args, timeout_s=60)
    return np.frombuffer(data, "<f4").reshape(-1, channels).astype(np.float64)


def decoded_wav(folder: Path) -> Path:
    run_ffmpeg(["-i", str(folder / "out.m4a"), "-y", str(folder / "decoded.wav")], timeout_s=60)
    return folder / "decoded.wav"
