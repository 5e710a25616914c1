"""Frames larger than their picture, on pictures drawn for it: nobody stands in them twice."""

import numpy as np

from tasks.portrait.background import extended

GROUND, BODY = (40, 90, 160), (230, 60, 40)


def scene(width: int = 240, height: int = 200, left: int = 90, right: int = 150):
    """A red person (columns ``left`` to ``right``, from row 40 down) before a blue wall."""
    picture = np.full((height, width, 3), GROUND, np.uint8)
    mask = np.zeros((height, width), np.float32)
    picture[40:, left:right] = BODY
    mask[40:, left:right] = 1
    return picture, mask


def redness(frame: np.ndarray) -> np.ndarray:
    return frame[..., 0].astype(int) - frame[..., 2].astype(int)


def test_a_frame_inside_the_picture_is_the_picture():
    picture, mask = scene()
    frame = extended(picture, mask, (10, 20), (100, 80))
    np.testing.assert_array_equal(frame, picture[20:100, 10:110])


def test_what_the_picture_shows_stays_as_it_is():
    picture, mask = scene()
    frame = extended(picture, mask, (-100, -60), (440, 260))
    np.testing.assert_array_equal(frame[60:260, 100:340], picture)


def test_nobody_is_mirrored_into_the_ground_beside():
    picture, mask = scene(left=20, right=100)  # its mirror would stand left of the picture
    frame = extended(picture, mask, (-120, 0), (360, 200))
    assert redness(frame[:, :118]).max() < 0


def test_the_ground_goes_on_in_its_colour():
    picture, mask = scene()
    frame = extended(picture, mask, (-200, 0), (640, 200))
    np.testing.assert_allclose(frame[:, :190], np.broadcast_to(GROUND, (200, 190, 3)), atol=2)


def test_a_shoulder_that_the_edge_cuts_is_rounded_off_to_the_bottom():
    picture, mask = scene(left=0, right=150)
    frame = extended(picture, mask, (-200, 0), (440, 200))

    is_body = redness(frame) > 0
    tops = [int(np.argmax(is_body[:, x])) for x in (195, 160, 120, 80)]
    assert tops == sorted(tops), "it falls away from the picture"
    assert tops[-1] > tops[0] + 20
    assert not is_body[:, :30].any(), "and ends"
    assert not is_body[:38].any(), "nothing grows above the shoulder"


def test_an_arm_that_the_edge_cuts_closes_on_itself():
    picture, mask = scene(left=100, right=140)
    picture[80:110, 140:], mask[80:110, 140:] = BODY, 1
    frame = extended(picture, mask, (0, 0), (440, 200))
    is_body = redness(frame[:, 240:]) > 0
    assert is_body[80:110, 0].any()
    assert not is_body[:, 40:].any()


def test_hair_that_the_upper_edge_cuts_closes_above():
    picture, mask = scene()
    picture[:, 90:150], mask[:, 90:150] = BODY, 1
    frame = extended(picture, mask, (0, -120), (240, 320))
    is_body = redness(frame[:120]) > 0
    assert is_body[118, 100:140].all()
    assert not is_body[:90].any()
