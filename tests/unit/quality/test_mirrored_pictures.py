"""A picture that goes on as its mirror image is told from one whose colours go on."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from model.engine import Pixels
from tasks.portrait.faces import faces_of
from tasks.portrait.picture import read_portrait
from tasks.quality.looks.faults import LookLimits
from tasks.quality.looks.mirrored import mirrored_share

MARA = Path(__file__).parents[2] / "portraits" / "mara.png"
LIMIT = LookLimits().most_mirrored


def continued(softness: float) -> Pixels:
    """Mara, cut beside her head; her mirror image goes on there, as soft as that."""
    whole = cv2.resize(read_portrait(MARA), (384, 384), interpolation=cv2.INTER_AREA)
    cut = whole[:, 60:324]
    sides = [cut[:, :70][:, ::-1], cut[:, -70:][:, ::-1]]
    if softness:
        sides = [cv2.GaussianBlur(side, (0, 0), softness) for side in sides]
    return np.ascontiguousarray(np.concatenate([sides[0], cut, sides[1]], 1))


def share(frame: Pixels) -> float:
    points = faces_of(frame)[0].landmarks[:, :2]
    left, top = points.min(0)
    right, bottom = points.max(0)
    return mirrored_share(frame, (float(left), float(top), float(right), float(bottom)))


@pytest.mark.parametrize("softness", [0, 6])
def test_a_mirror_image_is_told(softness: float) -> None:
    assert share(continued(softness)) > LIMIT


def test_colours_that_go_on_softly_are_no_mirror_image() -> None:
    assert share(continued(20)) < LIMIT
