"""The presenters that the product ships: whole in frames of every shape, nothing to say of them."""

from pathlib import Path

import pytest

from model.preview.face import find_faces
from tasks.portrait.framed import frame_portrait
from tasks.portrait.portrait import check_portrait, read_portrait, read_rig

PORTRAITS = Path(__file__).parents[3] / "manifests" / "portraits"
NAMES = ("mara", "otto", "jun")


@pytest.mark.parametrize("size", [(704, 384), (384, 704), (512, 512)])
@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_presenter_is_cut_out_of_its_picture_and_nothing_is_painted(name, size):
    framed = frame_portrait(read_portrait(PORTRAITS / f"{name}.png"), None, size, "auto")

    assert framed is not None
    assert framed.notices == ()
    left, top, right, bottom = find_faces(framed.pixels)[0].box
    assert 0.3 < (bottom - top) / size[1] < 0.55
    assert abs((left + right) / 2 - size[0] / 2) < 0.05 * size[0]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_speaks_against_a_shipped_presenter(name: str):
    rig = read_rig(PORTRAITS / f"{name}.rig.json")
    report = check_portrait(read_portrait(PORTRAITS / f"{name}.png"), rig, 704, 384)
    assert (report.errors, report.warnings, report.has_face) == ((), (), True)
