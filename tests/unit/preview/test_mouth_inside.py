from dataclasses import replace

import cv2
import numpy as np
import pytest
from preview_jobs import NAMES, PORTRAITS, portrait

from model.engine import Pixels
from model.preview.engine import Actor
from model.preview.features import Features, locate
from model.preview.fit import fit
from model.preview.pose import Pose
from tasks.portrait.portrait import read_rig

SPEAKING = replace(Pose(*([0.0] * 14)), speak=1.0)


def placed(name: str, pixels: Pixels, **change: object) -> tuple[Actor, Features, Pixels]:
    rig = read_rig(PORTRAITS / f"{name}.rig.json") | change
    features = locate(pixels, rig)
    assert features is not None
    fitted = fit(pixels, features, 512, 512)
    features = features.placed(fitted.scale, fitted.shift)
    return Actor(fitted.picture, features), features, fitted.picture


def mouth(frame: Pixels, features: Features, height: float = 0.5) -> Pixels:
    """The middle half of the mouth, from its seam downwards by ``height`` of its width."""
    left, right = features.upper_outer[0], features.upper_outer[-1]
    width = right[0] - left[0]
    seam = features.upper_inner[len(features.upper_inner) // 2][1]
    rows = slice(int(seam - 0.06 * width), int(seam + height * width))
    return frame[rows, int(left[0] + width / 4) : int(right[0] - width / 4)]


@pytest.mark.parametrize("name", NAMES)
def test_upper_teeth_stay_where_they_are_while_the_jaw_falls(name: str) -> None:
    actor, features, _ = placed(name, portrait(name, 1024))
    width = np.ptp(features.upper_outer[:, 0])
    seam = int(features.upper_inner[len(features.upper_inner) // 2][1])
    x = int(features.upper_outer[[0, -1], 0].mean())
    rows = slice(seam, seam + int(0.12 * width))
    columns = slice(int(x - 0.1 * width), int(x + 0.1 * width))
    edges: list[float] = []
    for opening in (0.6, 1.0):
        shown = actor.frame(replace(SPEAKING, opening=opening))[rows, columns]
        falls = np.clip(-np.diff(shown.astype(float).mean((1, 2))), 0, None)
        assert falls.sum() > 40, "no edge of teeth"
        falls[falls < 0.3 * falls.max()] = 0
        edges.append(float((falls * np.arange(len(falls))).sum() / falls.sum()))
    # the lip rises by two pixels meanwhile
    assert abs(edges[1] - edges[0]) < 0.4


@pytest.mark.parametrize("name", NAMES)
def test_a_small_opening_shows_no_pale_line(name: str) -> None:
    actor, features, picture = placed(name, portrait(name, 1024))
    lips = mouth(picture, features, 0.10).astype(float).mean(2)
    for opening in (0.05, 0.10):
        shown = mouth(actor.frame(replace(SPEAKING, opening=opening)), features, 0.10)
        assert shown.astype(float).mean(2).max() < lips.max() + 12


@pytest.mark.parametrize("name", ["mara", "jun"])
def test_teeth_are_seen_one_by_one(name: str) -> None:
    actor, features, _ = placed(name, portrait(name, 1024))
    left, right = features.upper_outer[0], features.upper_outer[-1]
    width = right[0] - left[0]
    seam = features.upper_inner[len(features.upper_inner) // 2][1]
    shown = actor.frame(replace(SPEAKING, opening=0.8)).astype(float).mean(2)
    rows = slice(int(seam - 0.01 * width), int(seam + 0.02 * width))
    middle = float((left + right)[0] / 2)
    # from canine to canine, in a mouth of 50 mm
    row = shown[rows, int(middle - 0.32 * width) : int(middle + 0.32 * width)].mean(0)
    smooth = np.convolve(np.pad(row, 6, mode="edge"), np.full(13, 1 / 13), "valid")
    dips = (smooth - row)[1:-1]
    is_dip = (dips > 0) & (row[1:-1] <= row[:-2]) & (row[1:-1] < row[2:])
    assert 3 <= is_dip.sum() <= 7
    assert dips[is_dip].mean() > 0.08 * row.mean()


def test_teeth_below_a_dark_moustache_are_in_its_shadow() -> None:
    pixels = portrait("mara", 1024)
    features = locate(pixels, read_rig(PORTRAITS / "mara.rig.json"))
    assert features is not None
    outline = np.concatenate([features.upper_outer, features.lower_outer[::-1]])
    dark = cv2.fillPoly(pixels.copy(), [np.rint(outline).astype(np.int32)], (48, 42, 40))
    brightest: list[float] = []
    for picture in (pixels, dark):
        actor, found, _ = placed("mara", picture)
        shown = mouth(actor.frame(replace(SPEAKING, opening=0.8)), found, 0.10)
        brightest.append(float(np.percentile(shown.astype(float).mean(2), 98)))
    assert brightest[0] > 150
    assert brightest[1] < 120


def test_a_grey_drawing_has_a_grey_mouth() -> None:
    grey = cv2.cvtColor(portrait("mara", 1024), cv2.COLOR_RGB2GRAY)
    actor, features, _ = placed("mara", np.repeat(grey[..., None], 3, 2))
    shown = mouth(actor.frame(replace(SPEAKING, opening=1.0)), features).astype(int)
    assert np.ptp(shown, axis=2).max() < 24
    assert np.ptp(shown, axis=2).mean() < 8


@pytest.mark.parametrize("opening", [0.05, 0.2, 0.5, 1.0])
def test_nothing_in_a_grey_mouth_is_red(opening: float) -> None:
    grey = cv2.cvtColor(portrait("mara", 1024), cv2.COLOR_RGB2GRAY)
    actor, features, _ = placed("mara", np.repeat(grey[..., None], 3, 2))
    shown = mouth(actor.frame(replace(SPEAKING, opening=opening)), features).astype(int)
    assert np.ptp(shown, axis=2).max() <= 2


def test_lips_that_are_open_in_the_portrait_close_over_their_teeth() -> None:
    pixels = portrait("jun", 1024)
    rig = read_rig(PORTRAITS / "jun.rig.json")
    features = locate(pixels, rig)
    assert features is not None
    seam = features.upper_inner
    line = np.rint(np.concatenate([seam, seam[::-1] + np.array([0, 18])])).astype(np.int32)
    with_teeth = cv2.fillPoly(pixels.copy(), [line], (255, 255, 250))
    # the rig's lower lip is where the painted teeth end
    upper = float(rig["upper_lip"])  # type: ignore[arg-type]
    scale = rig["size"][0] / 1024  # type: ignore[index]
    actor, placed_features, _ = placed("jun", with_teeth, lower_lip=upper + 18 * scale)
    shown = mouth(actor.frame(replace(SPEAKING, press=1.0)), placed_features, 0.2)
    assert shown.astype(float).mean(2).max() < 215


def seam_dots(frame: Pixels, features: Features) -> float:
    """How much the darkest of each column along the lips' seam jumps, in grey levels."""
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(float)
    left, right = features.upper_inner[0], features.upper_inner[-1]
    x = np.arange(int(left[0] * 0.8 + right[0] * 0.2), int(left[0] * 0.2 + right[0] * 0.8))
    y = np.interp(x, features.upper_inner[:, 0], features.upper_inner[:, 1]).round().astype(int)
    darkest = np.min([grey[y + step, x] for step in range(-3, 4)], axis=0)
    around = np.lib.stride_tricks.sliding_window_view(darkest, 7)
    return float(np.abs(darkest[3:-3] - np.median(around, axis=1)).mean())


@pytest.mark.parametrize("name", NAMES)
def test_pressed_lips_keep_their_seam_without_dots(name: str) -> None:
    pixels = portrait(name, 1024)
    features = locate(pixels, None)
    assert features is not None
    actor = Actor(pixels, features)
    rest = seam_dots(actor.frame(SPEAKING), features)
    for press in (0.5, 0.8, 1.0):
        shown = actor.frame(replace(SPEAKING, press=press))
        assert seam_dots(shown, features) < rest + 0.6  # 3 to 7 where the seam was covered


def test_details_between_parted_lips_are_not_drawn_out_to_streaks() -> None:
    pixels = portrait("jun", 1024)
    rig = read_rig(PORTRAITS / "jun.rig.json")
    features = locate(pixels, rig)
    assert features is not None
    seam = features.upper_inner
    line = np.rint(np.concatenate([seam, seam[::-1] + np.array([0, 20])])).astype(np.int32)
    is_inside = cv2.fillPoly(np.zeros(pixels.shape[:2], np.uint8), [line], 1).astype(bool)
    stripes = np.where(np.arange(1024) // 6 % 2, 200, 40)[None, :, None]
    striped = np.where(is_inside[..., None], stripes, pixels).astype(np.uint8)
    upper = float(rig["upper_lip"])  # type: ignore[arg-type]
    scale = rig["size"][0] / 1024  # type: ignore[index]
    actor, placed_features, _ = placed("jun", striped, lower_lip=upper + 20 * scale)

    frame = actor.frame(replace(SPEAKING, opening=1.0))
    shown = mouth(frame, placed_features, 0.3).astype(float).mean(2)
    stripes_of_rows = np.abs(np.diff(shown, axis=1)).mean(1)
    assert stripes_of_rows.max() > 30, "the portrait's own teeth are gone"
    assert stripes_of_rows[len(shown) // 2 :].min() < 3, "40 where stripes run down to the lip"
