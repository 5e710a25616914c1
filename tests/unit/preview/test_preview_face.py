import numpy as np
import pytest
from preview_jobs import NAMES, landscape, portrait

from model.preview.face import NUM_LANDMARKS, find_faces, jitter, refine


@pytest.mark.parametrize("name", NAMES)
def test_each_presenter_has_one_certain_face(name: str) -> None:
    pixels = portrait(name)
    faces = find_faces(pixels)
    assert len(faces) == 1
    assert faces[0].landmarks.shape == (NUM_LANDMARKS, 3)
    assert faces[0].score > 0.95
    assert jitter(pixels, faces[0].landmarks) < 0.03


def test_a_small_face_in_a_large_picture_is_found_where_it_is() -> None:
    canvas = np.full((900, 1600, 3), 190, np.uint8)
    canvas[500:700, 1200:1400] = portrait("jun", 200)
    left, top, right, bottom = find_faces(canvas)[0].box
    assert 1200 < left < right < 1400
    assert 500 < top < bottom < 700


def test_two_faces_are_two_the_larger_first() -> None:
    canvas = np.full((500, 900, 3), 190, np.uint8)
    canvas[:480, :480] = portrait("mara", 480)
    canvas[100:400, 550:850] = portrait("otto", 300)
    faces = find_faces(canvas)
    assert len(faces) == 2
    assert faces[0].box[2] < 480 < faces[1].box[0]


def test_a_picture_without_a_face_has_none() -> None:
    assert find_faces(landscape()) == []


def test_landmarks_follow_a_face_that_has_moved() -> None:
    pixels = portrait("jun")
    face = find_faces(pixels)[0]
    moved, score = refine(np.roll(pixels, (6, 9), (0, 1)), face.landmarks)
    shift = (moved - face.landmarks)[:, :2].mean(0)
    assert score > 0.95
    # the mesh's own jitter is about one percent of the face, here under two pixels
    assert np.abs(shift - [9, 6]).max() < 2
