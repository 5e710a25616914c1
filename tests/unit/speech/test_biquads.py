"""Second-order sections, to the bits of ``scipy.signal`` and without importing it."""

import subprocess
import sys

import numpy as np
import pytest
from scipy import signal

from model.biquads import constant_state, filtered, filtered_on
from tasks.quality import lipsync
from tasks.speech.k_weighting import sections

RATES_HZ = (8_000, 16_000, 22_050, 24_000, 44_100, 48_000, 96_000)
DESIGNS = {f"K-weighting at {rate} Hz": sections(rate) for rate in RATES_HZ} | {
    "high-pass": signal.cheby2(8, 60, 90, "highpass", fs=48_000, output="sos"),
    "voice": signal.butter(2, (120.0, 3800.0), "bandpass", fs=16_000, output="sos"),
}


@pytest.mark.parametrize("design", DESIGNS.values(), ids=DESIGNS.keys())
def test_filters_are_those_of_scipy_to_the_last_bit(design: np.ndarray):
    samples = np.random.default_rng(7).normal(0, 0.2, 10_000)
    at_rest = constant_state(design)

    theirs, theirs_after = signal.sosfilt(design, samples, zi=at_rest * samples[0])
    ours, ours_after = filtered_on(design, samples, at_rest * samples[0])

    assert np.array_equal(at_rest, signal.sosfilt_zi(design))
    assert np.array_equal(ours, theirs)
    assert np.array_equal(ours_after, theirs_after)
    assert np.array_equal(filtered(design, samples), signal.sosfilt(design, samples))


def test_what_is_filtered_stays_as_it_was():
    samples, state = np.ones(100), np.ones((2, 2))
    filtered_on(DESIGNS["voice"], samples[::-1], state)

    assert samples.all()
    assert np.array_equal(state, np.ones((2, 2)))


def test_the_band_of_voices_is_butterworths():
    # another build of scipy may round the design's last bits another way
    np.testing.assert_allclose(lipsync._VOICE_BAND, DESIGNS["voice"], rtol=1e-12)


def test_a_video_is_judged_without_importing_what_takes_longer():
    code = (
        "import sys, numpy as np\n"
        "from tasks.quality.lipsync import speech_levels\n"
        "from tasks.speech.k_weighting import KWeighting\n"
        "pcm = (np.sin(np.arange(16_000)) * 9000).astype(np.int16)\n"
        "levels, heard = speech_levels(pcm), KWeighting(16_000)(pcm.astype(np.float32))\n"
        "assert 'scipy.signal' not in sys.modules, 'it takes 0.6 s of computing'\n"
        "from scipy import signal\n"
        "assert np.array_equal(speech_levels(pcm), levels)\n"
        "assert signal.sosfilt(np.ones((1, 6)), pcm).size == pcm.size\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
