"""Portraits of any shape fill frames of any shape."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.picture import cover
from tests.examples import examples

SIDES = st.integers(1, 20).map(lambda units: 16 * units)


@settings(max_examples=examples(50), deadline=None)
@given(st.integers(20, 200), st.integers(20, 200), SIDES, SIDES)
def test_no_frame_has_a_black_bar(
    portrait_width: int, portrait_height: int, width: int, height: int
) -> None:
    portrait = np.full((portrait_height, portrait_width, 3), 255, np.uint8)

    frame = cover(portrait, width, height)

    assert frame.shape == (height, width, 3)
    assert frame.min() == 255


@pytest.mark.parametrize("size", [(512, 512), (704, 384), (384, 704), (672, 352), (384, 256)])
@pytest.mark.parametrize("portrait", [(720, 400), (400, 720), (1080, 1920), (600, 600)])
def test_what_is_shown_is_the_middle_unsqueezed(
    portrait: tuple[int, int], size: tuple[int, int]
) -> None:
    rows, columns = np.indices(portrait[::-1])
    picture = np.zeros((*portrait[::-1], 3), np.float32)
    picture[..., 0] = 255 * rows / portrait[1]
    picture[..., 1] = 255 * columns / portrait[0]

    frame = cover(picture.astype(np.uint8), *size).astype(np.float32)

    scale = max(size[0] / portrait[0], size[1] / portrait[1])
    shown = (size[1] / portrait[1] / scale, size[0] / portrait[0] / scale)
    for channel, axis in ((0, 0), (1, 1)):
        first, last = frame[..., channel].take([0, -1], axis).mean(1 - axis)
        assert last - first == pytest.approx(255 * shown[channel], abs=4)
        assert (first + last) / 2 == pytest.approx(255 / 2, abs=3)
