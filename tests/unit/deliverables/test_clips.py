"""Where clips of other shapes lie on a screen, and captions that an intro moves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.deliverables.clips import clip_place
from tasks.media.captions import Caption, shifted_captions, to_srt, to_vtt

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


@pytest.mark.parametrize("write", [to_srt, to_vtt])
def test_captions_are_moved_and_nothing_else_of_their_files(write):
    lines = ("At 00:00:01,500 --> 00:00:02,000 & on", "1")
    shown = [Caption(lines=lines, start_ms=0, end_ms=900)]
    moved = [Caption(lines=lines, start_ms=3_599_040, end_ms=3_599_940)]

    assert shifted_captions(write(shown), 3_599_040) == write(moved)
