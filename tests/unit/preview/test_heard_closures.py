"""Closed lips in a voice that says no phones; `benchmarks/closures.py` measures many."""

import numpy as np
import pytest
from preview_jobs import SAMPLES_PER_FRAME, job, landscape
from scipy import signal

from model.preview.motion.curves import MouthCurves, mouth_curves
from model.speech.utterance import Utterance
from model.speech.voices import load_voice

PIXELS = landscape(16, 16)
VOICE_RMS = 32768 * 10 ** (-23 / 20)  # of speech, as engines hear it


@pytest.fixture(scope="module")
def said() -> Utterance:
    return load_voice("hibari").speak("Mama may bring Bob a ripe apple.")


@pytest.fixture(scope="module")
def longer() -> Utterance:
    return load_voice("hibari").speak(
        "Please remember to compare both maps before breakfast, my friend."
    )


def heard(said: Utterance, noise_db: float | None) -> MouthCurves:
    sound = signal.resample_poly(said.pcm.astype(float), 16_000, said.sample_rate_hz)
    levels = np.sqrt((sound[: len(sound) // 400 * 400].reshape(-1, 400) ** 2).mean(1))
    sound *= VOICE_RMS / np.sqrt((levels[levels > 0.08 * levels.max()] ** 2).mean())
    if noise_db is not None:
        scale = VOICE_RMS * 10 ** (-noise_db / 20)
        sound += np.random.default_rng(0).normal(0, scale, len(sound))
    track = sound.clip(-32768, 32767).astype(np.int16)
    return mouth_curves(job(PIXELS, track, 0, -(-len(track) // SAMPLES_PER_FRAME)))


@pytest.mark.parametrize(("noise_db", "least"), [(None, 8), (15.0, 6)], ids=["clean", "noise"])
def test_most_m_b_and_p_shut_the_lips_without_being_told(
    said: Utterance, noise_db: float | None, least: int
) -> None:
    num_shut, num_false = counts(said, noise_db)
    assert num_shut >= least
    assert num_false <= 1


def test_m_b_and_p_shut_the_lips_in_noise_nearly_as_loud_as_the_voice(longer: Utterance) -> None:
    num_shut, num_false = counts(longer, 5.0)
    assert num_shut >= 9  # of 12
    assert num_false <= 2


def counts(said: Utterance, noise_db: float | None) -> tuple[int, int]:
    """How many m, b and p shut the lips, and how often they are pressed beside these."""
    found = heard(said, noise_db)
    step = said.sample_rate_hz * SAMPLES_PER_FRAME / 16_000
    is_expected = np.zeros(len(found.press), bool)
    num_shut = 0
    for phone in said.phonemes:
        if phone.symbol in "mbp":
            first, last = int(phone.start_sample / step), int(phone.end_sample / step)
            num_shut += found.opening[max(first - 1, 0) : last + 2].min() < 0.06
            is_expected[max(first - 2, 0) : last + 3] = True
    is_pressed = np.concatenate([[False], found.press > 0.5])
    begins = is_pressed[1:] & ~is_pressed[:-1]
    return num_shut, int((begins & ~is_expected).sum())
