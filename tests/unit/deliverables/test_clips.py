"""Where clips of other shapes lie, and when labels and captions are seen around an intro."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.deliverables.clips import clip_place
from tasks.deliverables.words import label_overlays
from tasks.media.captions import Caption, shifted_captions, to_srt, to_vtt
from tasks.screen.overlays import Overlay, shifted

SIDES = st.integers(64, 4096)
EVEN = st.integers(32, 1024).map(lambda half: 2 * half)


@given(SIDES, SIDES, EVEN, EVEN)
def test_a_clip_fills_the_frame_or_lies_inside_it_in_its_own_shape(wide, high, width, height):
    place = clip_place((wide, high), (width, height))
    loss = 1 - min(wide * height, high * width) / max(wide * height, high * width)

    assert not any(each % 2 for each in (place.left, place.top, place.width, place.height))
    right, bottom = place.left + place.width, place.top + place.height
    if loss <= 0.1:
        assert max(place.left, place.top) <= 0
        assert right >= width
        assert bottom >= height
    else:
        assert min(place.left, place.top) >= 0
        assert right <= width
        assert bottom <= height
        assert width - place.width <= 1 or height - place.height <= 1
    # off by the pixel that an even side takes, or two pixels at least
    assert abs(place.width - wide * place.height / high) <= max(1, wide / high) + 1


@pytest.mark.parametrize(
    ("starts_s", "seen"),
    [(0.0, [(0, 3)]), (2.0, [(0, 5)]), (3.0, [(0, 6)]), (8.0, [(0, 3), (8, 11)])],
)
def test_a_label_is_seen_when_the_film_starts_and_when_the_presenter_appears(starts_s, seen):
    shown = label_overlays("AI-generated", (108, 192), 60.0, starts_s)

    assert [(each.starts_s, each.ends_s) for each in shown] == seen
    assert label_overlays("", (108, 192), 60.0, starts_s) == ()


def test_overlays_keep_their_length_and_fade_when_they_come_later():
    given = (Overlay(b"", 0, 0, 0.0, 0.48, 0.2), Overlay(b"", 0, 0, 1.0, 2.0))

    assert shifted(given, 0.0) == given
    later = [(each.starts_s, each.ends_s, each.fade_s) for each in shifted(given, 1.52)]
    assert later == [(1.52, 2.0, 0.2), (2.52, 3.52, 0.0)]


@pytest.mark.parametrize("write", [to_srt, to_vtt])
def test_captions_are_moved_and_nothing_else_of_their_files(write):
    lines = ("At 00:00:01,500 --> 00:00:02,000 & on", "1")
    shown = [Caption(lines=lines, start_ms=0, end_ms=900)]
    moved = [Caption(lines=lines, start_ms=3_599_040, end_ms=3_599_940)]

    assert shifted_captions(write(shown), 3_599_040) == write(moved)
