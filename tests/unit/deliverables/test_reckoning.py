from __future__ import annotations

import pytest

from tasks.deliverables.reckoning import reckoned


def test_films_are_reckoned_by_their_pixels_and_nothing_by_nothing():
    tall, square = ((1080, 1920), 1500, 25), ((1080, 1080), 1500, 25)
    both, one = reckoned([tall, square]), reckoned([tall])

    assert (both.num_encodes, one.num_encodes) == (2, 1)
    assert both.core_s == pytest.approx(one.core_s * (1920 + 1080) / 1920)
    assert 10e6 < one.num_bytes < 30e6
    assert reckoned([]).num_bytes == 0


def test_a_film_as_it_was_measured_is_reckoned_within_a_tenth():
    """4.3 s of 1080x1920 with captions and a label: 1,353,875 bytes and 4.9 s of computing."""
    film = reckoned([((1080, 1920), 108, 25)])

    assert film.num_bytes - 1080 * 1920 / 8 == pytest.approx(1_353_875, rel=0.1)
    assert film.core_s == pytest.approx(4.9, rel=0.1)
