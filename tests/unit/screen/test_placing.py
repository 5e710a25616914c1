from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tasks.screen.formats import RATIOS
from tasks.screen.overlays import Region, Screen
from tasks.screen.placing import on_screen, placing_of

WIDE, TALL, SQUARE = (704, 384), (384, 704), (512, 512)
sides = st.integers(4, 64).map(lambda n: 16 * n)
evens = st.integers(32, 1024).map(lambda n: 2 * n)


def test_a_shape_that_keeps_half_of_the_master_is_cut_around_the_face():
    placing = placing_of(WIDE, RATIOS["1:1"], (120, 100, 220, 240))

    assert placing.presenter == Region(0, 0, 1080, 1080)
    assert placing.crop == Region(0, 0, 384, 384)
    assert placing_of(WIDE, RATIOS["1:1"], None).crop == Region(160, 0, 384, 384)


def test_a_canvas_lies_around_where_a_cut_would_leave_too_little():
    placing = placing_of(WIDE, RATIOS["9:16"], (300, 100, 400, 240))

    assert placing.crop.width == 352  # not the 216 that the shape alone would leave
    assert placing.presenter.width == 1080
    assert placing.presenter.top > 300
    assert placing.presenter.top * 2 + placing.presenter.height in range(1918, 1923)


def test_a_canvas_lies_around_where_the_head_would_be_cut():
    face = (60, 200, 330, 520)
    placing = placing_of(TALL, RATIOS["1:1"], face)

    assert placing.crop.height > 384
    assert placing.presenter.width < 1080
    assert placing.presenter.height == 1080


def test_a_master_of_the_same_shape_is_shown_whole():
    assert placing_of(SQUARE, RATIOS["1:1"], (200, 100, 300, 240)).crop == Region(0, 0, 512, 512)


@given(sides, sides, evens, evens, st.data())
def test_every_placing_stays_inside_master_and_screen_and_shows_the_face(
    width: int, height: int, across: int, down: int, data: st.DataObject
):
    left = data.draw(st.integers(0, width - 16))
    top = data.draw(st.integers(0, height - 16))
    right = data.draw(st.integers(left + 8, width))
    bottom = data.draw(st.integers(top + 8, height))
    face = (left, top, right, bottom)
    placing = placing_of((width, height), (across, down), face)
    crop, region = placing.crop, placing.presenter

    assert crop.is_within(width, height)
    Screen(across, down, region)
    assert not [n for n in (*vars(crop).values(), region.left, region.top) if n % 2]
    # two pixels of an even grid may be missing at an edge
    assert crop.left <= left + 2
    assert right - 2 <= crop.left + crop.width
    assert crop.top <= top + 2
    assert bottom - 2 <= crop.top + crop.height
    shown = on_screen(face, placing)
    assert shown[0] <= shown[2]
    assert shown[1] <= shown[3]


def test_a_face_is_found_again_on_the_screen():
    placing = placing_of(WIDE, RATIOS["1:1"], (300, 100, 400, 240))
    face = on_screen((300, 100, 400, 240), placing)

    assert abs((face[0] + face[2]) / 2 - 540) <= 6
    assert face[3] - face[1] == round(140 * 1080 / 384)
