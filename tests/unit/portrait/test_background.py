"""Frames larger than their picture, on pictures drawn for it: nobody stands in them twice."""

import numpy as np

from tasks.portrait.background import extended

GROUND, BODY = (40, 90, 160), (230, 60, 40)


def scene(width: int = 240, height: int = 200, left: int = 90, right: int = 150):
    """A red person (columns ``left`` to ``right``, from row 40 down) before a blue wall."""
    picture = np.full((height, width, 3), GROUND, np.uint8)
    picture[40:, left:right] = BODY
    return picture


def redness(frame: np.ndarray) -> np.ndarray:
    return frame[..., 0].astype(int) - frame[..., 2].astype(int)


def test_a_frame_inside_the_picture_is_the_picture():
    picture = scene()
    frame = extended(picture, (10, 20), (100, 80))
    np.testing.assert_array_equal(frame, picture[20:100, 10:110])


def test_what_the_picture_shows_stays_as_it_is():
    picture = scene()
    frame = extended(picture, (-100, -60), (440, 260))
    np.testing.assert_array_equal(frame[60:260, 100:340], picture)


def test_nobody_is_mirrored_into_the_ground_beside():
    picture = scene(left=20, right=100)  # its mirror would stand left of the picture
    frame = extended(picture, (-120, 0), (360, 200))
    assert redness(frame[:, :120]).max() < 0


def test_the_ground_goes_on_in_its_colour():
    frame = extended(scene(), (-200, 0), (640, 200))
    np.testing.assert_allclose(frame[:, :200], np.broadcast_to(GROUND, (200, 200, 3)), atol=1)
    np.testing.assert_allclose(frame[:, 440:], np.broadcast_to(GROUND, (200, 200, 3)), atol=1)


def test_a_body_that_the_edge_cuts_fades_into_the_ground_and_has_no_outline():
    frame = extended(scene(left=0, right=150), (-200, 0), (440, 200))

    steps = np.abs(np.diff(redness(frame), axis=0)).max(0)  # down each column, the nearest at 199
    assert steps[199] > 100, "it goes on from the picture without a seam"
    assert steps[150] < 30, "its outline softens with the distance"
    assert steps[50] < steps[150] < steps[190]
    seam = np.abs(frame[:, 199].astype(int) - frame[:, 200])
    assert np.median(seam) == 0


def test_a_narrow_line_along_the_edge_is_not_drawn_out():
    picture = scene()
    picture[:, -1] = 0
    frame = extended(picture, (0, 0), (440, 200))
    np.testing.assert_allclose(frame[:, 240:], np.broadcast_to(GROUND, (200, 200, 3)), atol=1)


def test_a_frame_that_reaches_out_on_two_sides_has_a_corner_of_both():
    frame = extended(scene(), (-60, -50), (300, 250))
    np.testing.assert_allclose(frame[:50, :60], np.broadcast_to(GROUND, (50, 60, 3)), atol=1)


def test_a_larger_frame_is_as_soft_for_its_size():
    small = extended(scene(left=0, right=150), (-200, 0), (440, 200))
    large = extended(scene(left=0, right=150).repeat(2, 0).repeat(2, 1), (-400, 0), (880, 400))
    np.testing.assert_allclose(large[::2, 100:380:2].astype(int), small[:, 50:190], atol=12)
