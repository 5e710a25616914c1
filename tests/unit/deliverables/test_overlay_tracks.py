from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from tasks.deliverables.overlay_tracks import equal_from, grouped, track_list, write_tracks
from tasks.screen.overlays import Overlay


def picture(width: int = 11, height: int = 7, colour: str = "red") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGBA", (width, height), colour).save(buffer, "PNG")
    return buffer.getvalue()


def overlay(starts_s: float, ends_s: float, fade_s: float = 0.0, place: int = 3) -> Overlay:
    return Overlay(picture(), place, place, starts_s, ends_s, fade_s)


def test_neighbours_that_never_meet_are_one_track_and_keep_their_order():
    one, two, over = overlay(0, 1), overlay(1, 2), overlay(1.5, 3)
    faded, late = overlay(3, 4, fade_s=0.2), overlay(9, 10)

    assert grouped([one, two, over, faded, late], 100, 25) == [[one, two], [over], [faded]]


def test_films_look_the_same_from_the_end_of_the_last_thing_that_differs():
    title, other, cta = overlay(1, 2, 0.2), overlay(1, 3, 0.2), overlay(3.5, 4, 0.2, place=9)

    assert equal_from([title, cta], [title, cta], 100, 25) == 0
    assert equal_from([title, cta], [other, cta], 100, 25) == 75
    assert equal_from([cta], [title, cta], 100, 25) == 50
    assert equal_from([title, cta], [title], 100, 25) == 100
    assert equal_from([title, cta], [cta, title], 100, 25) == 100


def test_what_shares_a_track_with_something_that_differs_differs_too():
    label, longer, caption = overlay(0, 1), overlay(0, 1.4), overlay(2, 3, place=9)

    assert equal_from([label, caption], [longer, caption], 100, 25) == 75


def test_a_track_has_the_size_of_all_its_pictures_on_an_even_grid(tmp_path: Path):
    (track,) = write_tracks(
        [overlay(0.4, 1.0), overlay(1.0, 2.0, place=5)], tmp_path, num_frames=40, fps=25
    )

    assert (track.left, track.top) == (2, 2)
    assert [(each.start_frame, each.end_frame) for each in track.pictures] == [(10, 25), (25, 40)]
    with Image.open(tmp_path / track.pictures[1].name) as shown:
        assert shown.size == (14, 10)
        assert shown.getpixel((2, 2)) == (0, 0, 0, 0)
        assert shown.getpixel((3, 3)) == (255, 0, 0, 255)


def test_a_list_fills_every_frame_of_the_film(tmp_path: Path):
    (track,) = write_tracks([overlay(0.4, 1.0)], tmp_path, num_frames=50, fps=25)
    lines = track_list(track, 50).splitlines()

    assert lines[1:] == [
        "file 'track0-blank.png'",
        "duration 0.40",
        "file 'track0-0.png'",
        "duration 0.60",
        "file 'track0-blank.png'",
        "duration 1.00",
    ]
