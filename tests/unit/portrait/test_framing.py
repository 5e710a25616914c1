"""Where a frame stands over a portrait, as numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.portrait.framing import (
    LEAST_FACE,
    MOST_FACE,
    Edges,
    Head,
    Window,
    box_of,
    boxed_window,
    parse_framing,
    window_of,
)

LANDSCAPE, UPRIGHT = (704, 384), (384, 704)


def head(left: float, top: float, width: float, height: float) -> Head:
    """A head whose hair adds a third above the face."""
    face = (left, top, left + width, top + height)
    hair = (left - 0.15 * width, max(top - height / 3, 0), left + 1.15 * width, top + height)
    return Head(face, top + 0.35 * height, hair)


def face_share(window: Window, shown: Head, frame: tuple[int, int]) -> float:
    return (shown.face[3] - shown.face[1]) * window.scale / frame[1]


@pytest.mark.parametrize("text", ["auto", " Face ", "WIDE", "10,20,300,400", "10 20 300 400"])
def test_a_framing_is_a_mode_or_a_box(text: str):
    assert parse_framing(text) in {"auto", "face", "wide", "10,20,300,400"}


@pytest.mark.parametrize("text", ["", "closer", "1,2,3", "-1,0,20,20", "0,0,8,300", "a,b,c,d"])
def test_anything_else_is_told(text: str):
    with pytest.raises(ValueError, match="box"):
        parse_framing(text)


def test_a_box_stays_inside_the_portrait():
    assert box_of("10,20,300,400", 400, 500) == (10, 20, 310, 420)
    assert box_of("wide", 400, 500) is None
    with pytest.raises(ValueError, match=r"\(310, 420\), outside the portrait of 300x500"):
        box_of("10,20,300,400", 300, 500)


def test_a_box_is_shown_whole_and_in_the_middle():
    window = boxed_window((100, 100, 300, 200), (1000, 1000), (400, 400))
    assert window == Window(2.0, 200, 100)


def test_a_box_at_the_edge_moves_the_frame_into_the_picture():
    window = boxed_window((0, 0, 100, 200), (1000, 1000), (400, 400))
    assert window == Window(2.0, 0, 0)


def test_a_picture_that_is_large_enough_covers_the_frame():
    shown = head(400, 250, 200, 260)
    window = window_of(shown, Edges(), (1000, 1000), LANDSCAPE, "auto")

    assert LEAST_FACE <= face_share(window, shown, LANDSCAPE) <= MOST_FACE
    assert 0 <= window.left <= 1000 * window.scale - LANDSCAPE[0]
    assert 0 <= window.top <= 1000 * window.scale - LANDSCAPE[1]


def test_a_small_face_is_brought_closer_but_a_wide_framing_leaves_it():
    shown = head(950, 300, 100, 130)
    near = window_of(shown, Edges(), (2000, 1100), LANDSCAPE, "auto")
    wide = window_of(shown, Edges(), (2000, 1100), LANDSCAPE, "wide")

    assert face_share(near, shown, LANDSCAPE) == pytest.approx(0.378, abs=0.01)
    assert wide.scale == pytest.approx(max(704 / 2000, 384 / 1100))


def test_a_close_portrait_is_not_cut_and_shows_ground_beside():
    shown = head(140, 160, 240, 300)
    window = window_of(shown, Edges(), (512, 512), LANDSCAPE, "auto")

    assert face_share(window, shown, LANDSCAPE) == pytest.approx(MOST_FACE)
    assert window.left < 0
    assert window.left + LANDSCAPE[0] > 512 * window.scale


def test_a_body_that_the_picture_cuts_is_shown_larger():
    shown = head(140, 160, 240, 300)
    clear = window_of(shown, Edges(), (512, 512), LANDSCAPE, "auto")
    cut = window_of(shown, Edges(left=True, right=True), (512, 512), LANDSCAPE, "auto")

    assert cut.scale > clear.scale


def test_the_side_that_is_cut_stands_at_the_frames_edge():
    shown = head(260, 160, 200, 300)
    window = window_of(shown, Edges(left=True), (660, 512), LANDSCAPE, "auto")
    assert window.left == 0


def test_what_is_missing_in_height_is_missing_above():
    shown = head(380, 260, 240, 330)
    window = window_of(shown, Edges(), (1000, 600), (384, 1504), "wide")
    assert window.top < 0
    assert window.top + 1504 == round(600 * window.scale)


@pytest.mark.parametrize("mode", ["auto", "face", "wide"])
def test_nothing_is_made_up_above_a_head_that_the_picture_cuts(mode: str):
    close = head(60, 40, 400, 440)
    whole = window_of(close, Edges(), (512, 512), LANDSCAPE, mode)
    cut = window_of(close, Edges(top=True), (512, 512), LANDSCAPE, mode)
    assert whole.top < 0, "a head with its hair gets room above it"
    assert cut.top == 0
    assert cut.scale == pytest.approx(LANDSCAPE[1] / 512)


def test_what_is_missing_around_a_cut_head_in_a_tall_frame_is_missing_below():
    close = head(60, 40, 400, 440)
    window = window_of(close, Edges(top=True), (512, 512), UPRIGHT, "auto")
    assert window.top == 0
    assert 512 * window.scale < UPRIGHT[1]


@given(
    left=st.floats(0.05, 0.6),
    top=st.floats(0.1, 0.5),
    size=st.floats(0.08, 0.38),
    picture=st.tuples(st.integers(256, 2048), st.integers(256, 2048)),
    frame=st.sampled_from([LANDSCAPE, UPRIGHT, (512, 512), (1920, 1088), (96, 64)]),
    mode=st.sampled_from(["auto", "face", "wide"]),
    edges=st.builds(Edges, st.booleans(), st.booleans(), st.booleans()),
)
def test_eyes_and_chin_are_always_in_the_frame(
    left: float,
    top: float,
    size: float,
    picture: tuple[int, int],
    frame: tuple[int, int],
    mode: str,
    edges: Edges,
):
    unit = min(picture)
    shown = head(left * picture[0], top * picture[1], size * 0.8 * unit, size * unit)
    if shown.face[2] > picture[0] or shown.face[3] > picture[1]:
        return
    window = window_of(shown, edges, picture, frame, mode)

    x = [side * window.scale - window.left for side in (shown.face[0], shown.face[2])]
    y = [line * window.scale - window.top for line in (shown.eye_y, shown.face[3])]
    assert -1 <= x[0] < x[1] <= frame[0] + 1
    assert -1 <= y[0] < y[1] <= frame[1] + 1
    assert face_share(window, shown, frame) <= 0.9
