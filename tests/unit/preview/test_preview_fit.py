import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from preview_jobs import landscape, portrait

from model.preview.face import find_faces
from model.preview.features import Features, features_of_landmarks
from model.preview.fit import MAX_ENLARGEMENT, choose_view, fit, head_box
from tests.examples import examples

SIZES = [(704, 384), (384, 704), (512, 512), (384, 256), (64, 512)]


def face_at(x: float, y: float, width: float) -> Features:
    line = np.stack([np.linspace(x - width / 5, x + width / 5, 11), np.full(11, y)], 1)
    return Features(
        upper_inner=line,
        lower_inner=line,
        upper_outer=line,
        lower_outer=line,
        nose=np.array([x, y - width / 5]),
        chin=np.array([x, y + width / 3]),
        low=np.array([x - width / 2, y - width * 0.8]),
        high=np.array([x + width / 2, y + width / 3]),
        across=np.array([1.0, 0.0]),
        eye_distance=width * 0.6,
        eyes=(),
    )


@given(
    portrait_size=st.tuples(st.integers(16, 6000), st.integers(16, 6000)),
    frame=st.tuples(st.integers(1, 100), st.integers(1, 100)),
    place=st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0.02, 0.6)),
)
@settings(max_examples=examples(150), deadline=None)
def test_the_head_is_in_every_frame_and_the_picture_is_never_blown_up(
    portrait_size: tuple[int, int], frame: tuple[int, int], place: tuple[float, float, float]
) -> None:
    portrait_width, portrait_height = portrait_size
    width, height = frame[0] * 16, frame[1] * 16
    face = face_at(place[0] * portrait_width, place[1] * portrait_height, place[2] * 1000)
    view = choose_view(portrait_width, portrait_height, face, width, height)
    assert 0 < view.scale <= MAX_ENLARGEMENT
    low, high = head_box(face, portrait_width, portrait_height)
    # one pixel for rounding
    assert (low * view.scale - [view.left, view.top] >= -1).all()
    assert (high * view.scale - [view.left, view.top] <= [width + 1, height + 1]).all()


@pytest.mark.parametrize("size", [(5000, 300), (64, 900), (300, 5000), (17, 16), (1, 40)])
@pytest.mark.parametrize("frame", [(704, 384), (384, 704), (64, 512)])
def test_any_portrait_fills_any_frame_without_bars(
    size: tuple[int, int], frame: tuple[int, int]
) -> None:
    pixels = np.full((size[1], size[0], 3), 120, np.uint8)
    picture = fit(pixels, None, *frame).picture
    assert picture.shape == (frame[1], frame[0], 3)
    assert picture.dtype == np.uint8
    # a plain portrait gives a plain frame: nothing that is not of the portrait comes in
    assert np.abs(picture.astype(int) - 120).max() <= 1


@pytest.mark.parametrize("frame", SIZES)
def test_the_scale_is_the_same_in_both_directions(frame: tuple[int, int]) -> None:
    fitted = fit(landscape(512, 512), face_at(260, 250, 160), *frame)
    # sizes are whole pixels, so the scales differ by less than a pixel over the picture
    assert abs(fitted.scale[0] - fitted.scale[1]) * 512 < 1


def test_a_wide_frame_shows_the_whole_head_of_a_square_portrait() -> None:
    pixels = portrait("mara", 1024)
    features = features_of_landmarks(find_faces(pixels)[0].landmarks)
    fitted = fit(pixels, features, 704, 384)
    hair_top = 150 * fitted.scale[1] + fitted.shift[1]  # seen in the picture
    assert 5 < hair_top < 100
    found = find_faces(fitted.picture)[0]
    assert (
        np.abs(found.landmarks[:, :2] - features.placed(fitted.scale, fitted.shift).low).min() < 8
    )


def test_what_is_outside_the_picture_continues_it_without_an_edge() -> None:
    pixels = portrait("jun", 1024)
    features = features_of_landmarks(find_faces(pixels)[0].landmarks)
    fitted = fit(pixels, features, 704, 384)
    edge = round(float(fitted.shift[0]))
    assert edge > 40
    steps = np.abs(np.diff(fitted.picture.astype(int), axis=1)).mean((0, 2))
    assert steps[edge - 2 : edge + 2].max() < 3 * np.median(steps[:300]) + 1


def test_a_portrait_that_fits_is_only_scaled() -> None:
    pixels = landscape(384, 704)
    assert np.array_equal(fit(pixels, None, 704, 384).picture, pixels)
