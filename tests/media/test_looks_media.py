"""What viewers see wrong with a presenter is found in finished videos; clean ones pass."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.judged_cases import (
    PRESENTERS,
    SMALL,
    WELCOME,
    WIDE,
    Case,
    Rig,
    Studio,
    Take,
    judged,
    on_the_moustache,
    presenter_take,
    sticker_lids,
    with_another_presenter,
    with_second_face,
)
from model.engine import Pixels
from tasks.portrait.picture import read_portrait

pytestmark = pytest.mark.media

Make = Callable[[Studio, Take, Take], Case]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return Studio(tmp_path_factory.mktemp("judged"))


@pytest.fixture(scope="module")
def mara(studio: Studio) -> Take:
    return presenter_take(studio, "mara", SMALL)


@pytest.fixture(scope="module")
def otto(studio: Studio) -> Take:
    return presenter_take(studio, "otto", SMALL)


def faults(case: Case) -> dict[str, float]:
    return {each.name: each.second for each in judged(case).faults}


def test_clean_videos_have_no_fault(studio: Studio, mara: Take, otto: Take):
    for take in (mara, otto):
        found = judged(studio.case(take, ""))
        assert found.faults == ()
        assert found.verdict != "fail", found.reasons


@pytest.mark.parametrize(
    ("doctor", "name", "second"),
    [
        (with_second_face, "faces", 4.0),
        (with_another_presenter, "identity", 4.32),
        (lambda take, _: sticker_lids(take), "lids", 2.1),
    ],
)
def test_a_fault_is_found_at_its_second(
    doctor: Callable[[Take, Take], Pixels],
    name: str,
    second: float,
    studio: Studio,
    mara: Take,
    otto: Take,
):
    found = faults(studio.case(mara, name, doctor(mara, otto)))

    assert set(found) == {name}
    assert found[name] == pytest.approx(second, abs=0.25)


@pytest.mark.sweep
def test_a_mouth_on_the_moustache_fails(studio: Studio):
    case = studio.case(presenter_take(studio, "otto", SMALL, on_the_moustache), "moustache")

    assert "mouth" in faults(case)
    assert judged(case).verdict == "fail"


def test_a_picture_that_goes_on_as_its_mirror_image_fails(studio: Studio, tmp_path: Path):
    """As the engine fills a frame by itself where nobody has framed the portrait."""
    pixels = read_portrait(PRESENTERS / "mara.png")[..., ::-1]
    narrow = tmp_path / "narrow.png"
    middle = pixels.shape[1] // 2
    cv2.imwrite(str(narrow), pixels[:, middle - 260 : middle + 260])

    half = (WIDE[0] // 2, WIDE[1] // 2)
    assert set(faults(studio.case(studio.take(narrow, WELCOME, half), ""))) == set()
    case = studio.case(studio.take(narrow, WELCOME, half, is_framed=False), "mirrored")
    assert set(faults(case)) == {"mirrored"}


def test_what_is_no_human_face_fails_unless_somebody_placed_its_face(studio: Studio, samples: Path):
    dwarf, sound = samples / "dwarven_blacksmith.jpg", samples / "dwarven_blacksmith.wav"
    take = studio.take(dwarf, sound, SMALL)
    found = judged(studio.case(take, "no human"))
    assert [each.name for each in found.faults] == ["human"]
    assert found.verdict == "fail"


def test_a_rig_that_moves_the_mouth_is_one(mara: Take):
    rig: Rig = on_the_moustache(mara.rig, mara.portrait)
    assert rig is not None
    assert mara.rig is not None
    moved, kept = (np.array(each["mouth_left"])[1] for each in (rig, mara.rig))
    assert moved < kept
