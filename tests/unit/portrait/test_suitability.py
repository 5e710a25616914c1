"""Portraits that a mesh finds a face in and nobody should animate."""

from dataclasses import fields
from functools import cache

import cv2
import numpy as np
import pytest

from model.engine import Pixels
from model.preview.engine import Actor
from model.preview.face import Face, find_faces, human_score
from model.preview.features import (
    LOWER_INNER,
    LOWER_OUTER,
    UPPER_INNER,
    UPPER_OUTER,
    features_of_landmarks,
    locate,
)
from model.preview.pose import Pose
from model.preview.refined import refined
from tasks.portrait.picture import read_portrait
from tasks.portrait.portrait import check_portrait
from tasks.portrait.suitability import ALLOWABLE, SuitabilityLimits, suitability
from tests.unit.portrait.test_portrait import PORTRAITS

NAMES = ("mara", "jun", "otto")
LIPS = (*UPPER_OUTER, *LOWER_OUTER, *UPPER_INNER, *LOWER_INNER)
SAMPLES = PORTRAITS.parents[2] / "shared" / "samples"


@cache
def presenter(name: str) -> tuple[Pixels, Face]:
    pixels = read_portrait(PORTRAITS / f"{name}.png")
    return pixels, find_faces(pixels)[0]


def faults_of(pixels: Pixels, yaw_deg: float = 0.0) -> set[str]:
    return set(suitability(pixels, find_faces(pixels)[0], yaw_deg, SuitabilityLimits()).faults)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_speaks_against_the_demo_presenters(name: str):
    found = suitability(*presenter(name), 0.0, SuitabilityLimits())
    assert not found.faults
    assert not found.doubts


@pytest.mark.parametrize("name", NAMES)
def test_a_mirrored_or_smaller_person_is_as_human(name: str):
    pixels, face = presenter(name)
    for changed in (
        np.ascontiguousarray(pixels[:, ::-1]),
        np.asarray(cv2.resize(pixels, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)),
    ):
        score = human_score(changed, find_faces(changed)[0].landmarks)
        assert score == pytest.approx(human_score(pixels, face.landmarks), abs=0.05)


@pytest.mark.parametrize("name", ["mara", "jun"])
def test_a_face_without_a_mouth_is_told(name: str):
    pixels, _ = presenter(name)
    assert faults_of(without_mouth(name)) == {"no-mouth"}
    assert not faults_of(pixels)


def test_lips_that_are_pale_and_seen_are_a_mouth():
    pixels, _ = presenter("jun")
    pale = np.asarray(cv2.addWeighted(without_mouth("jun"), 0.9, pixels, 0.1, 0), np.uint8)
    dim = np.asarray(cv2.addWeighted(pale, 0.58, np.full_like(pale, 110), 0.42, 0), np.uint8)

    found = suitability(dim, find_faces(dim)[0], 0.0, SuitabilityLimits())
    assert 8 < found.figures["mouth_contrast"] < 10
    assert found.figures["is_mouth_seen"]
    assert not found.faults


@cache
def without_mouth(name: str) -> Pixels:
    pixels, face = presenter(name)
    features = features_of_landmarks(face.landmarks)
    outline = np.concatenate([features.upper_outer, features.lower_outer[::-1]])
    mask = np.zeros(pixels.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.rint(outline).astype(np.int32)], 255)
    side = round(0.3 * features.eye_distance) | 1
    mask = cv2.dilate(mask, np.ones((side, side), np.uint8))
    return np.asarray(cv2.inpaint(pixels, mask, 5, cv2.INPAINT_TELEA), np.uint8)


def test_eyes_that_are_shut_are_told():
    pixels, _ = presenter("jun")
    features = locate(pixels, None)
    assert features is not None
    still = dict.fromkeys((field.name for field in fields(Pose)), 0.0)

    def doubts(blink: float) -> list[str]:
        frame = Actor(pixels, features).frame(Pose(**still | {"blink": blink}))
        return suitability(frame, find_faces(frame)[0], 0.0, SuitabilityLimits()).doubts

    assert any(doubt.startswith("the eyes are shut in the portrait") for doubt in doubts(1.0))
    assert not doubts(0.0)


def test_a_mouth_that_is_wide_open_is_told():
    pixels, _ = presenter("mara")
    features = locate(pixels, None)
    assert features is not None
    still = dict.fromkeys((field.name for field in fields(Pose)), 0.0)
    shouting = Actor(pixels, features).frame(Pose(**still | {"opening": 1.6, "speak": 1.0}))

    limits = SuitabilityLimits(most_mouth_gap=0.2)  # the engine's own mouth opens to 0.3
    assert set(suitability(shouting, find_faces(shouting)[0], 0.0, limits).faults) == {"open-mouth"}
    assert not suitability(*presenter("mara"), 0.0, limits).faults


@pytest.mark.parametrize("name", NAMES)
def test_what_the_detector_half_believes_is_human_where_both_meshes_agree(name: str):
    """Comics and sculptures: few of them were among the faces that the detector learnt."""
    pixels, face = presenter(name)
    lips_shift = suitability(pixels, face, 0.0, SuitabilityLimits()).figures["lips_shift"]

    def faults(**limits: float) -> set[str]:
        asked = SuitabilityLimits(least_human=0.99, **{"most_drawn_shift": 0.05} | limits)
        return set(suitability(pixels, face, 0.0, asked).faults)

    assert faults() == set()
    assert faults(most_drawn_shift=0.9 * lips_shift) == {"not-human"}
    assert faults(most_drawn_jitter=0.0) == {"not-human"}
    assert faults(least_drawn_human=0.98) == {"not-human"}


def test_what_has_no_lips_is_not_human_where_the_detector_half_believes_it():
    pixels = without_mouth("mara")
    asked = SuitabilityLimits(least_human=0.99, most_drawn_shift=1.0)
    found = suitability(pixels, find_faces(pixels)[0], 0.0, asked)
    assert not found.figures["is_mouth_seen"]
    assert "not-human" in found.faults


def test_lips_that_two_meshes_place_apart_are_told():
    pixels, face = presenter("mara")
    moved = face.landmarks.copy()
    eyes = float(np.hypot(*(moved[263, :2] - moved[33, :2])))

    def doubts(shift: float) -> list[str]:
        landmarks = moved + np.array([0, shift * eyes, 0], np.float32)
        closer = refined(pixels, moved).landmarks
        other = Face(np.where(np.isin(np.arange(468), LIPS)[:, None], landmarks, closer), 1.0)
        return suitability(pixels, other, 0.0, SuitabilityLimits()).doubts

    assert not doubts(0.0)
    told = [doubt for doubt in doubts(0.06) if doubt.startswith("two looks at the lips differ")]
    assert len(told) == 1
    assert "nightshoot rig" in told[0]


def test_a_head_that_is_turned_is_told():
    pixels, _ = presenter("mara")
    assert faults_of(pixels, yaw_deg=38) == {"turned"}


def test_a_face_that_is_small_in_the_frame_is_told():
    pixels, _ = presenter("mara")
    report = check_portrait(pixels, None, 704, 384, scale=0.1)
    assert any("of the frame's height, at least 15%" in error for error in report.errors)


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not beside this checkout")
def test_an_ogre_is_no_human_face_and_may_be_animated_all_the_same():
    pixels = read_portrait(SAMPLES / "dwarven_blacksmith.jpg")

    refused = check_portrait(pixels, None, 704, 384)
    assert any("--allow not-human" in error for error in refused.errors)

    allowed = check_portrait(pixels, None, 704, 384, allowed=tuple(ALLOWABLE))
    assert not [error for error in allowed.errors if "human" in error]
    assert any(warning.startswith("allowed: the picture is only") for warning in allowed.warnings)
    assert any("as under a beard" in warning for warning in allowed.warnings)


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not beside this checkout")
@pytest.mark.parametrize(
    "name", ["boy.jpg", "fashion_blogger.jpg", "kitchen_grandmother.jpg", "livestream_1.png"]
)
def test_photographs_of_people_are_animated(name: str):
    pixels = read_portrait(SAMPLES / name)
    assert not check_portrait(pixels, None, 704, 384).errors
