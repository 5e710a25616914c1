from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest
from preview_jobs import PORTRAITS, portrait

from model.engine import Pixels
from model.preview.eyes.blinks import Eyes
from model.preview.eyes.crossings import EyeSight, eye_sight
from model.preview.features import Features, locate
from model.preview.pose import Pose
from tasks.portrait.portrait import check_portrait, read_rig
from tasks.portrait.suitability import eye_doubt, eyes_in_frame

NAMES = ("mara", "jun", "otto")
SHUT = replace(Pose(*([0.0] * 14)), blink=1.0, gaze_x=0.05)
BLACK, TORTOISE, GREY = (25, 22, 20), (90, 52, 28), (140, 130, 120)


@cache
def presenter(name: str) -> tuple[Pixels, Features]:
    pixels = portrait(name, 1024)
    features = locate(pixels, None)
    assert features is not None
    return pixels, features


def with_rims(
    name: str,
    down: float,
    height: float,
    colour: tuple[int, int, int],
    *,
    reach: float = 0.85,
    thick: float = 0.08,
) -> Pixels:
    """Round glasses, their middles ``down`` eye widths below the eyes'; lengths are such, too."""
    pixels, features = presenter(name)
    pixels = pixels.copy()
    for eye in features.eyes:
        x, y = (eye.upper[0] + eye.upper[-1]) / 2
        width = np.ptp(eye.upper[:, 0])
        centre = (round(x), round(y + down * width))
        radii = (round(reach * width), round(height * width))
        line = max(2, round(thick * width))
        cv2.ellipse(pixels, centre, radii, 0, 0, 360, colour, line, cv2.LINE_AA)
    return pixels


def with_strands(name: str, side: int) -> Pixels:
    pixels, features = presenter(name)
    pixels = pixels.copy()
    eye = features.eyes[side]
    x, y = (eye.upper[0] + eye.upper[-1]) / 2
    width = np.ptp(eye.upper[:, 0])
    for step in (-0.15, 0.0, 0.12):
        top = (round(x + (step + 0.3) * width), round(y - 1.8 * width))
        end = (round(x + step * width), round(y + 0.9 * width))
        cv2.line(pixels, top, end, BLACK, max(2, round(0.03 * width)), cv2.LINE_AA)
    return pixels


def behind_dark_glasses(name: str) -> Pixels:
    pixels, features = presenter(name)
    pixels = pixels.copy()
    for eye in features.eyes:
        x, y = (eye.upper[0] + eye.upper[-1]) / 2
        width = np.ptp(eye.upper[:, 0])
        radii = (round(0.9 * width), round(0.7 * width))
        cv2.ellipse(pixels, (round(x), round(y)), radii, 0, 0, 360, BLACK, -1, cv2.LINE_AA)
    return pixels


def told(pixels: Pixels, features: Features) -> str:
    return eye_doubt(eyes_in_frame(pixels, features, 0.5))


def is_drawn(pixels: Pixels, features: Features) -> bool:
    frame = pixels.copy()
    Eyes(pixels, features).draw(frame, SHUT)
    return not np.array_equal(frame, pixels)


@pytest.mark.parametrize("name", NAMES)
def test_free_eyes_blink_and_nothing_is_said_of_them(name: str) -> None:
    pixels, features = presenter(name)
    assert not eye_sight(pixels, features).is_crossed
    assert is_drawn(pixels, features)
    assert told(pixels, features) == ""


@pytest.mark.parametrize("name", ["mara", "jun"])
@pytest.mark.parametrize("colour", [BLACK, TORTOISE])
@pytest.mark.parametrize("down", [-0.4, 0.4])
def test_rims_across_the_lids_stop_the_eyes_and_are_told(
    name: str, colour: tuple[int, int, int], down: float
) -> None:
    pixels, features = with_rims(name, down, 0.55, colour), presenter(name)[1]
    assert eye_sight(pixels, features).is_crossed
    assert not is_drawn(pixels, features)
    assert "because rims of glasses or hair cross them" in told(pixels, features)


@pytest.mark.parametrize("name", ["mara", "jun"])
def test_rims_around_the_eyes_let_them_blink(name: str) -> None:
    pixels, features = with_rims(name, 0.2, 0.8, BLACK), presenter(name)[1]
    assert not eye_sight(pixels, features).is_crossed


@pytest.mark.parametrize("name", ["mara", "jun"])
@pytest.mark.parametrize("side", [0, 1])
def test_hair_over_one_eye_stops_both(name: str, side: int) -> None:
    pixels, features = with_strands(name, side), presenter(name)[1]
    assert eye_sight(pixels, features).is_crossed
    assert not is_drawn(pixels, features)


@pytest.mark.parametrize("name", ["mara", "jun"])
def test_eyes_behind_dark_glasses_stay_still_and_are_told(name: str) -> None:
    pixels, features = behind_dark_glasses(name), presenter(name)[1]
    assert eye_sight(pixels, features).is_covered
    assert not is_drawn(pixels, features)
    assert "they are covered, as by dark glasses" in told(pixels, features)


def test_a_mirrored_or_smaller_picture_is_seen_alike() -> None:
    pixels = with_rims("jun", 0.4, 0.55, BLACK)
    for changed in (
        np.ascontiguousarray(pixels[:, ::-1]),
        np.asarray(cv2.resize(pixels, None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA)),
    ):
        features = locate(changed, None)
        assert features is not None
        assert eye_sight(changed, features).is_crossed


def test_eyes_that_a_rig_places_are_taken_to_be_free() -> None:
    rig = read_rig(PORTRAITS / "jun.rig.json")
    features = locate(portrait("jun", 1024), rig)
    assert features is not None
    assert eye_sight(with_rims("jun", 0.4, 0.55, BLACK), features) == EyeSight(0.0, 1.0)


def test_plan_tells_of_eyes_that_stay_open_for_the_preview_alone() -> None:
    pixels = with_rims("jun", 0.4, 0.55, BLACK)
    are_told = [
        any("the eyes do not move" in w for w in report.warnings)
        for report in (
            check_portrait(pixels, None, 704, 384),
            check_portrait(pixels, None, 704, 384, is_preview=False),
        )
    ]
    assert are_told == [True, False]


def test_a_rig_without_eyes_says_that_nobody_blinks_and_nothing_is_told() -> None:
    pixels, features = presenter("jun")
    assert told(pixels, replace(features, eyes=())) == ""


@pytest.mark.parametrize("name", ["mara", "jun"])
def test_thin_grey_rims_close_around_the_eyes_stop_them_and_are_told(name: str) -> None:
    pixels, features = with_rims(name, 0.06, 0.26, GREY, reach=0.62, thick=0.03), presenter(name)[1]
    assert eye_sight(pixels, features).is_crossed
    assert not is_drawn(pixels, features)
    assert "because rims of glasses or hair cross them" in told(pixels, features)


@pytest.mark.parametrize("name", ["mara", "jun"])
def test_thin_grey_rims_further_out_let_them_blink(name: str) -> None:
    pixels, features = with_rims(name, 0.2, 0.8, GREY, thick=0.03), presenter(name)[1]
    assert not eye_sight(pixels, features).is_crossed


@pytest.mark.parametrize("name", ["mara", "jun"])
@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_light_that_falls_from_a_side_stops_no_blink(name: str, side: float) -> None:
    pixels, features = presenter(name)
    left, right = features.low[0], features.high[0]
    across = np.clip((np.arange(pixels.shape[1]) - left) / (right - left), 0, 1) * 2 - 1
    light = np.clip(0.65 + 0.35 * side * across, 0.3, 1)
    lit = (pixels * light[None, :, None]).astype(np.uint8)
    report = check_portrait(lit, None, 704, 384)
    assert report.figures["blinks"] == 1.0
    assert not any("the eyes" in warning for warning in report.warnings)


def with_corner_lines(name: str, steps: tuple[tuple[float, float], ...]) -> Pixels:
    """Dark lines that begin beside each eye's outer corner and go by ``steps``, in eye widths."""
    pixels, features = presenter(name)
    pixels = pixels.copy()
    for eye, outwards in zip(features.eyes, (-1, 1), strict=True):
        corner = eye.upper[0] if outwards < 0 else eye.upper[-1]
        width = np.ptp(eye.upper[:, 0])
        x, y = corner + np.array([0.05 * outwards, 0.12]) * width
        for along, down in steps:
            end = (round(x + outwards * along * width), round(y + down * width))
            thick = round(0.05 * width)
            cv2.line(pixels, (round(x), round(y)), end, (75, 70, 65), thick, cv2.LINE_AA)
    return pixels


@pytest.mark.parametrize("slope", [0.3, 0.6, 0.9])
def test_wrinkles_of_laughter_cross_no_eye(slope: float) -> None:
    pixels, features = with_corner_lines("jun", ((0.5, slope * 0.5),)), presenter("jun")[1]
    assert not eye_sight(pixels, features).is_crossed
    assert is_drawn(pixels, features)


def test_strands_that_hang_beside_the_outer_corner_stop_the_eyes() -> None:
    pixels, features = with_corner_lines("jun", ((0.02, 0.48),)), presenter("jun")[1]
    assert eye_sight(pixels, features).is_crossed


@pytest.mark.parametrize("name", ["mara", "jun"])
@pytest.mark.parametrize("side", [0, 1])
def test_half_a_face_in_deep_shadow_is_behind_no_glasses(name: str, side: int) -> None:
    pixels, features = presenter(name)
    share = 0.45 if side == 0 else 0.55
    edge = round(float(features.low[0] + share * (features.high - features.low)[0]))
    part = slice(0, edge) if side == 0 else slice(edge, None)
    dark = pixels.copy()
    dark[:, part] = dark[:, part] // 5
    assert not eye_sight(dark, features).is_covered


def test_dark_glasses_with_a_gleam_on_one_lens_are_told() -> None:
    pixels, features = behind_dark_glasses("jun"), presenter("jun")[1]
    eye = features.eyes[1]
    x, y = (eye.upper[0] + eye.upper[-1]) / 2
    width = np.ptp(eye.upper[:, 0])
    reach = (round(0.75 * width), round(0.55 * width))
    cv2.ellipse(pixels, (round(x), round(y)), reach, 0, 0, 360, (130, 125, 120), -1, cv2.LINE_AA)
    assert eye_sight(pixels, features).is_covered


def with_outlines(name: str, reach: float) -> Pixels:
    """A dim picture, bright in lines around the eyes, ``reach`` eye widths beyond the lids."""
    pixels, features = presenter(name)
    is_line = np.zeros(pixels.shape[:2], np.uint8)
    for eye in features.eyes:
        width = np.ptp(eye.upper[:, 0])
        top, bottom = eye.upper[:, 1].min(), eye.lower[:, 1].max()
        x, y = (eye.upper[0, 0] + eye.upper[-1, 0]) / 2, (top + bottom) / 2
        radii = (round((0.60 + reach) * width), round((bottom - top) / 2 + (0.06 + reach) * width))
        cv2.ellipse(is_line, (round(x), round(y)), radii, 0, 0, 360, 1, round(0.05 * width))
    return np.where(is_line[..., None] > 0, pixels, pixels // 2)


def test_a_lid_whose_rim_is_hardly_skin_is_not_drawn() -> None:
    pixels, features = presenter("jun")
    assert Eyes(pixels // 2, features).can_blink
    assert not Eyes(with_outlines("jun", 0.04), features).can_blink


@pytest.mark.parametrize("name", ["mara", "jun"])
def test_eyes_that_are_shut_in_the_picture_neither_blink_nor_glance(name: str) -> None:
    pixels, features = presenter(name)
    eyes = tuple(replace(eye, lower=eye.upper + np.array([0, 2.0])) for eye in features.eyes)
    assert not is_drawn(pixels, replace(features, eyes=eyes))


def test_one_eye_that_is_narrower_stops_no_blink() -> None:
    pixels, features = presenter("jun")
    narrow = replace(features.eyes[0], lower=features.eyes[0].upper + np.array([0, 2.0]))
    assert is_drawn(pixels, replace(features, eyes=(narrow, features.eyes[1])))
