"""Where a mouth moves: on the lips, or above them."""

import numpy as np
from numpy.typing import NDArray

from tasks.quality.looks.faults import LookLimits
from tasks.quality.looks.mouth_place import (
    LOWER_SIZE,
    LipPlace,
    change_above_lips,
    motion_above_lips,
)

LIPS = LipPlace(x=0.0, nose=0.5, upper=0.8, lower=1.1)
LINES = (np.arange(LOWER_SIZE[1]) + 0.5) * 1.8 / LOWER_SIZE[1]
ABOVE = (LINES > 0.55) & (LINES < 0.78)
ON_LIPS = (LINES > 0.82) & (LINES < 1.08)
LIMITS = LookLimits()
VOICE = np.tile([0.1, 0.5, 0.9, 0.5], 50)


def lower_faces(
    above: NDArray[np.float64], on_lips: NDArray[np.float64], num_frames: int = 200
) -> NDArray[np.uint8]:
    """Skin, and two bands that are so much darker in each frame."""
    crops = np.full((num_frames, LOWER_SIZE[1], LOWER_SIZE[0]), 160.0)
    crops[:, ABOVE] -= above[:, None, None]
    crops[:, ON_LIPS] -= on_lips[:, None, None]
    return crops.astype(np.uint8)


def leading(curve: NDArray[np.float64]) -> NDArray[np.float64]:
    """As a mouth does, by a frame."""
    return np.roll(curve, -1)


def told(crops: NDArray[np.uint8]) -> tuple[bool, bool]:
    """Whether each of the two figures is above its limit."""
    followed = motion_above_lips(crops, VOICE, LIPS)
    assert followed is not None
    return (
        followed > LIMITS.most_above_lips,
        change_above_lips(crops, LIPS) > LIMITS.most_changed_above_lips,
    )


def test_lips_that_part_with_the_voice_are_a_mouth_in_its_place():
    mouth = 80 * leading(VOICE)
    assert told(lower_faces(0.1 * mouth, mouth)) == (False, False)


def test_what_parts_above_lips_that_stay_is_a_mouth_on_a_moustache():
    mouth = 80 * leading(VOICE)
    assert told(lower_faces(mouth, 0.2 * mouth)) == (True, True)


def test_teeth_that_come_where_it_was_dark_move_though_little_follows_the_voice():
    """A smile on many closed lips: the pixels of the lips are light and dark in turn."""
    mouth = 20 * leading(VOICE)
    in_turn = np.tile([1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0], 25)
    crops = lower_faces(mouth, 0.9 * mouth + 60 * in_turn + 60)
    assert told(crops) == (True, False)


def test_a_face_that_is_silent_tells_nothing():
    assert motion_above_lips(lower_faces(VOICE, VOICE), np.zeros(200), LIPS) is None
