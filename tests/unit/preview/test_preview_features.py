import json

import numpy as np
import pytest
from preview_jobs import NAMES, PORTRAITS, portrait

from model.errors import PortraitError
from model.preview.face import find_faces
from model.preview.features import (
    features_of_landmarks,
    features_of_rig,
    parse_rig,
    rig_of_features,
    with_closed_mouth,
)


def rig_of(name: str) -> dict[str, object]:
    return json.loads((PORTRAITS / f"{name}.rig.json").read_text())


@pytest.mark.parametrize("name", NAMES)
def test_closed_lips_share_one_seam_although_the_mesh_reads_a_gap(name: str) -> None:
    pixels = portrait(name)
    read = features_of_landmarks(find_faces(pixels)[0].landmarks)
    closed = with_closed_mouth(pixels, read)
    assert read.gap > 0.01
    assert closed.gap == 0
    assert np.array_equal(closed.upper_inner, closed.lower_inner)


def test_the_seam_is_the_dark_line_between_the_lips() -> None:
    pixels = np.full((200, 200, 3), 180, np.uint8)
    rig = parse_rig(
        {
            "size": [200, 200],
            "mouth_left": [70, 120],
            "mouth_right": [130, 120],
            "upper_lip": 0,
            "lower_lip": 0,
            "lip_thickness": 14,
            "chin": [100, 170],
            "nose": [100, 90],
            "face": [40, 20, 160, 175],
            "eyes": [],
        }
    )
    pixels[125:127, 76:124] = 40
    seam = with_closed_mouth(pixels, features_of_rig(rig, 200, 200)).upper_inner
    assert np.abs(seam[30:66, 1] - 125.5).max() < 1.5


def test_a_mouth_that_is_open_in_the_picture_keeps_its_gap() -> None:
    pixels = portrait("jun")
    rig = rig_of("jun") | {"lower_lip": 60}
    features = features_of_rig(parse_rig(rig), 512, 512)
    assert with_closed_mouth(pixels, features) is features


def test_a_rig_written_from_a_face_describes_that_face() -> None:
    features = features_of_landmarks(find_faces(portrait("otto"))[0].landmarks)
    again = features_of_rig(parse_rig(rig_of_features(features, 512, 512)), 512, 512)
    # a rig holds whole pixels
    assert np.abs(again.chin - features.chin).max() <= 0.5
    assert np.abs(again.upper_outer[[0, -1]] - features.upper_outer[[0, -1]]).max() <= 0.5
    assert len(again.eyes) == 2
    assert abs(again.eye_distance / features.eye_distance - 1) < 0.15


def test_a_rig_is_scaled_to_the_portrait_it_is_used_on() -> None:
    rig = parse_rig(rig_of("mara"))
    whole, half = features_of_rig(rig, 1024, 1024), features_of_rig(rig, 512, 512)
    assert np.allclose(half.chin * 2, whole.chin)
    assert half.eye_distance * 2 == pytest.approx(whole.eye_distance)


def test_a_rig_of_a_picture_of_another_shape_is_refused() -> None:
    with pytest.raises(PortraitError, match=r"1024x1024.*800x600.*nightshoot rig"):
        features_of_rig(parse_rig(rig_of("mara")), 800, 600)


def test_a_rig_outside_the_portrait_is_refused() -> None:
    with pytest.raises(PortraitError, match=r"outside the portrait"):
        features_of_rig(parse_rig(rig_of("mara") | {"chin": [500, 2000]}), 1024, 1024)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"chin": [1]}, '"chin" is \\[1\\]; it must be a list of 2 numbers'),
        ({"chin": None}, '"chin" is None'),
        ({"upper_lip": "3"}, "\"upper_lip\" is '3'; it must be a number"),
        ({"upper_lip": float("nan")}, '"upper_lip" is nan'),
        ({"upper_lip": True}, '"upper_lip" is True'),
        ({"blink": True}, '"blink" is unknown'),
        ({"lower_lip": -9}, '"lower_lip" -9.0 must not be above'),
        ({"lip_thickness": 0}, '"lip_thickness" 0.0 must be positive'),
        ({"mouth_right": [400, 583]}, "to the right"),
        ({"nose": [474, 700]}, '"nose" must be above the mouth'),
        ({"face": [348, 273, 349, 679]}, '"face"'),
        ({"size": [0, 1024]}, '"size"'),
        ({"eyes": "both"}, "\"eyes\" is 'both'"),
        ({"eyes": [3]}, r"eyes\[0\]"),
        ({"eyes": [{"left": [1, 2]}]}, r"eyes\[0\].right"),
        ({"eyes": [{"left": [9, 2], "right": [3, 2], "upper": 0, "lower": 1}]}, r"eyes\[0\]"),
    ],
)
def test_a_broken_rig_is_refused_by_field_and_rule(change: dict[str, object], message: str) -> None:
    with pytest.raises(PortraitError, match=message):
        parse_rig(rig_of("mara") | change)


def test_all_faults_of_a_rig_are_told_at_once() -> None:
    with pytest.raises(PortraitError, match=r'"chin".*"nose"'):
        parse_rig(rig_of("mara") | {"nose": 1, "chin": 2})
