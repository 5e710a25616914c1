"""The size that a row allows where its own does not fit: what is read, and what is refused."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from flows.prepare import prepare_row
from flows.rows.settings import PrepareSettings
from model.engine import engine_identity
from model.errors import CampaignError, RowError
from tasks.manifest.manifest import ManifestError, RowDefaults, read_manifest
from tasks.manifest.presets import load_presets
from tasks.manifest.row_settings import check_options
from tasks.media.finished_video import delivery_sha256
from tasks.portrait.portrait import PortraitLimits
from tasks.records import ManifestRow
from tasks.speech.voices import VoiceSettings
from tasks.speech_records import Speech
from tasks.store.campaigns import (
    open_campaign,
)
from tests.unit.plans import video_plan

HEADER = "video_id,script,portrait,engine,size,smaller_size\n"


@pytest.fixture(autouse=True)
def live_avatar(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("NIGHTSHOOT_WEIGHTS", "random:tiny")
    engine_identity.cache_clear()
    yield
    engine_identity.cache_clear()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert cv2.imwrite(str(tmp_path / "a.png"), np.full((320, 512, 3), 128, np.uint8))
    return tmp_path


def read(folder: Path, cells: str, **defaults: str) -> ManifestRow:
    manifest = folder / "june.csv"
    manifest.write_text(f"{HEADER}a,Hello there.,a.png,{cells}\n")
    return read_manifest(manifest, RowDefaults.model_validate(defaults)).rows[0]


def test_a_row_names_its_smaller_size_or_the_option_does(folder: Path):
    assert read(folder, "live-avatar,704x384,384x256").smaller_size == (384, 256)
    assert read(folder, "live-avatar,704x384,").smaller_size is None
    assert read(folder, "null,704x384,", smaller_size="384*256").smaller_size == (384, 256)
    both = read(folder, "null,704x384,320x192", smaller_size="384x256")
    assert both.smaller_size == (320, 192), "a cell goes before the option"


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ("null,384x256,384x256", '"384x256": it must have fewer pixels than the video\'s 384x256'),
        ("null,384x256,256x400", '"256x400": it must have fewer pixels than the video\'s 384x256'),
        (
            "null,384x256,380x256",
            'smaller_size "380x256": a size must be WxH, both multiples of 16',
        ),
        ("live-avatar,384x256,96x48", 'smaller_size "96x48": engine live-avatar needs at least 64'),
    ],
)
def test_one_that_cannot_be_is_a_fault_of_the_row(folder: Path, cells: str, told: str):
    with pytest.raises(ManifestError) as found:
        read(folder, cells)
    assert told in str(found.value)


def test_an_option_that_cannot_be_is_refused(folder: Path):
    with pytest.raises(CampaignError, match='--smaller_size "small": a size must be WxH'):
        read(folder, "null,384x256,", smaller_size="small")
    rows = [read(folder, "live-avatar,384x256,", smaller_size="96x48")]
    with pytest.raises(CampaignError, match=r'--smaller-size "96x48" is too small: .*try "96x64"'):
        check_options(rows, load_presets(), {})


def test_it_has_fewer_pixels_than_the_preset_where_the_row_has_no_size(folder: Path):
    row = read(folder, "null,,704x384")
    check_options([read(folder, "null,,384x256")], load_presets(), {})
    with pytest.raises(CampaignError, match=r'"704x384", preset "standard": .* video\'s 688x368'):
        check_options([row], load_presets(), {})


def test_it_has_fewer_pixels_than_what_the_portraits_shape_leaves_of_the_preset(folder: Path):
    settings = PrepareSettings(load_presets(), {}, VoiceSettings(), PortraitLimits(), "ffmpeg")
    row = read(folder, "null,,976x256")  # fewer than 688x368, of which the portrait gets 624x400
    check_options([row], load_presets(), {})
    store = open_campaign(folder / "out", "june")

    prepared = prepare_row(row, settings, store, print)

    assert isinstance(prepared.error, RowError)
    assert 'smaller_size "976x256": it must have fewer pixels than the video\'s 624x400' in str(
        prepared.error
    )


def test_a_video_that_may_be_smaller_is_another_delivery_and_the_others_stay_as_they_were():
    plan = video_plan(24, title="A", width=384, height=256, segments=())
    speech = Speech(
        speech_id="s",
        source="builtin",
        voice="v",
        language="en",
        sample_rate_hz=16_000,
        num_channels=1,
        num_samples=16_000,
        engine_gain_db=0.0,
        grid_levels_db=(),
        cues=(),
        file_sha256="f",
        engine_file_sha256="e",
    )
    usual = delivery_sha256(plan, speech)

    # as it was before rows could name a smaller size: finished videos stay finished
    assert usual == "0eff145d55c15d0ead0399b867f9bf92dad64c228498738cbe19cc2528d76992"
    assert delivery_sha256(plan.model_copy(update={"smaller_size": (96, 64)}), speech) != usual
