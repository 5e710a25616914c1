"""Portraits in the frames of their videos: the demo presenters, cropped and extended."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event

import numpy as np
import pytest

from model.preview.face import find_faces
from model.preview.features import features_of_rig, parse_rig
from tasks.portrait import faces, framed
from tasks.portrait.framed import frame_portrait, framed_file
from tasks.portrait.picture import portrait_sha256, read_portrait
from tasks.portrait.portrait import read_rig
from tasks.store.files import file_version
from tests.unit.portrait.test_portrait import PORTRAITS

SIZES = ((704, 384), (384, 704), (512, 512), (384, 256))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["mara", "jun", "otto"])
def test_a_presenter_stands_once_in_every_frame(name: str, size: tuple[int, int]):
    framed = frame_portrait(read_portrait(PORTRAITS / f"{name}.png"), None, size, "auto")

    assert framed is not None
    assert framed.pixels.shape == (size[1], size[0], 3)
    faces = find_faces(framed.pixels)
    assert len(faces) == 1
    left, top, right, bottom = faces[0].box
    assert 0.3 < (bottom - top) / size[1] < 0.65
    assert abs((left + right) / 2 - size[0] / 2) < 0.1 * size[0]


def test_a_close_crop_of_a_presenter_is_extended_without_a_second_one():
    whole = read_portrait(PORTRAITS / "mara.png")
    left, top, right, bottom = (round(side) for side in find_faces(whole)[0].box)
    beside, above = (right - left) // 3, (bottom - top) // 2
    close = np.ascontiguousarray(
        whole[top - above : bottom + above, left - beside : right + beside]
    )

    framed = frame_portrait(close, None, (704, 384), "auto")

    assert framed is not None
    assert len(find_faces(framed.pixels)) == 1
    assert "of the frame is extended background (left, right)" in framed.notices[0]
    assert "into which the body fades where the picture cuts it" in framed.notices[0]


def test_a_box_shows_what_it_names():
    picture = read_portrait(PORTRAITS / "jun.png")
    left, top, right, bottom = find_faces(picture)[0].box
    side = round(max(right - left, bottom - top) * 1.6) // 16 * 16
    x, y = round((left + right - side) / 2), round((top + bottom - side) / 2)
    framed = frame_portrait(picture, None, (side, side), f"{x},{y},{side},{side}")

    assert framed is not None
    np.testing.assert_array_equal(framed.pixels, picture[y : y + side, x : x + side])
    with pytest.raises(ValueError, match="does not show the face, which is at left"):
        frame_portrait(picture, None, (64, 64), "0,0,64,64")


def test_a_picture_in_which_nobody_is_found_is_left_to_the_engine():
    ground = np.full((400, 300, 3), 120, np.uint8)
    assert frame_portrait(ground, None, (256, 256), "auto") is None


def test_a_framed_portrait_needs_no_second_frame():
    first = frame_portrait(read_portrait(PORTRAITS / "otto.png"), None, (512, 512), "auto")
    assert first is not None
    assert frame_portrait(first.pixels, None, (512, 512), "wide") is None


def test_a_rig_moves_with_its_portrait(tmp_path: Path):
    from tasks.portrait.portrait import write_rig

    picture = read_portrait(PORTRAITS / "mara.png")
    rig = read_rig(write_rig(PORTRAITS / "mara.png", tmp_path).rig_path)
    framed = frame_portrait(picture, rig, (704, 384), "auto")

    assert framed is not None
    assert framed.rig is not None
    moved = features_of_rig(parse_rig(framed.rig), 704, 384)
    mesh = find_faces(framed.pixels)[0].landmarks
    for points, index in ((moved.chin, 152), (moved.nose, 2), (moved.upper_outer[0], 61)):
        assert np.hypot(*(points - mesh[index, :2])) < 0.05 * np.ptp(mesh[:, 0])


def test_rows_that_share_a_portrait_share_its_frame():
    path = PORTRAITS / "mara.png"
    found = [framed_file(path, file_version(path), None, (384, 256), "auto") for _ in range(2)]
    assert found[0] is not None
    assert found[0] is found[1]
    assert found[0].sha256 != portrait_sha256(read_portrait(path))


def test_rows_that_are_planned_at_once_share_one_frame(tmp_path, monkeypatch):
    """Else each thread frames it and looks for its faces, before the first one is ready."""
    path = tmp_path / "face.png"
    path.write_bytes((PORTRAITS / "mara.png").read_bytes())
    framed_of, looks = framed.frame_portrait, []

    def counted(*given):
        looks.append(given)
        return framed_of(*given)

    monkeypatch.setattr(framed, "frame_portrait", counted)
    version = file_version(path)
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(framed_file, path, version, None, (384, 256), "auto") for _ in "1234"]
        found = [each.result() for each in asked]

    assert len(looks) == 1
    assert found[0] is not None
    assert all(each is found[0] for each in found)


def test_threads_that_ask_for_the_faces_of_a_picture_at_once_wait_for_one_answer():
    began, looked = Barrier(4), []

    def look(pixels):
        looked.append(len(pixels))
        Event().wait(0.05)  # long enough for the others to ask
        return []

    looks, pixels = faces._Looks(look), np.zeros((8, 8, 3), np.uint8)

    def ask(_):
        began.wait()
        return looks(pixels)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(4))) == [[]] * 4
    assert looked == [8]
