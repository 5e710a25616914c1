"""The network's numbers, and who computes them."""

import time

import numpy as np

from model.alignment import phone_net
from model.alignment.phone_net import HOP, band_levels, likeness


def noise(num_steps: int) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 0.1, num_steps * HOP).astype(np.float32)


def test_bands_are_the_powers_of_tapered_windows() -> None:
    sound = noise(61)
    padded = np.concatenate([np.zeros(120), sound, np.zeros(400)])
    for step in (0, 7, 60):
        window = padded[step * HOP : step * HOP + 400] * np.hanning(400)
        power = np.abs(np.fft.rfft(window, 512)) ** 2
        expected = 10 * np.log10(power @ phone_net._bands() + 1e-8)
        np.testing.assert_allclose(band_levels(sound)[step], expected, atol=1e-3)


def test_products_in_pieces_are_the_whole_ones() -> None:
    random = np.random.default_rng(2)
    for num_rows, num_in, num_out in ((0, 312, 128), (1, 312, 128), (301, 257, 24), (5, 700, 700)):
        rows = random.standard_normal((num_rows, num_in)).astype(np.float32)
        weights = random.standard_normal((num_out, num_in)).astype(np.float32).T
        whole = rows.astype(np.float64) @ weights
        np.testing.assert_allclose(phone_net._product(rows, weights), whole, atol=1e-3)


def test_no_other_thread_computes_for_the_network() -> None:
    """Threads of BLAS spin for many times as long as the products take, where rows share a CPU."""
    sound = noise(300)
    likeness(sound)
    # threads that another test has woken may spin on for some hundredths of a second
    assert min(others_s(sound) for _ in range(5)) < 0.005


def others_s(sound: np.ndarray) -> float:
    """What other threads than this one compute beside 20 readings, in seconds."""
    before = time.process_time(), time.thread_time()
    for _ in range(20):
        likeness(sound)
    return time.process_time() - before[0] - (time.thread_time() - before[1])
