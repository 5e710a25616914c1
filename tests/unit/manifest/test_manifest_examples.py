"""Every manifest that comes with the repository can be rendered."""

import re
import runpy
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from tasks.manifest.manifest import RowDefaults, read_manifest

TOLD = re.compile(
    r"2 rows stand for 8 videos \(languages en, zh; variants tall, wide\)|"
    r"\{\{price\}\}: 1 of 3 rows fell back to .what you like."
)
MANIFESTS = Path(__file__).parents[3] / "manifests"
WORKFLOWS = {
    "bilingual.csv",
    "delivery-120s.csv",
    "delivery-180s.csv",
    "delivery-60s.csv",
    "demo.csv",
    "long-video.csv",
    "preview-384x256.csv",
    "personal.csv",
    "prompts.csv",
    "recordings.csv",
    "smoke.csv",
    "styles.csv",
}


def test_there_is_a_manifest_for_every_workflow() -> None:
    assert {path.name for path in MANIFESTS.glob("*.csv")} == WORKFLOWS


@pytest.mark.parametrize("name", sorted(WORKFLOWS))
def test_a_shipped_manifest_has_no_fault(name: str) -> None:
    manifest = read_manifest(MANIFESTS / name, RowDefaults())
    assert manifest.rows
    assert [each for each in manifest.notices if not TOLD.match(each)] == []


def test_the_personal_manifest_greets_everybody_and_says_how() -> None:
    ann, siobhan, omar = read_manifest(MANIFESTS / "personal.csv", RowDefaults()).rows
    assert ann.script == "Hello Ann! Your Fernlight costs $20."
    assert 'alias="Shivawn">Siobhan<' in (siobhan.script or "")
    assert (omar.script or "").endswith("costs what you like.")


def test_the_bilingual_manifest_speaks_both_languages_in_both_sizes() -> None:
    rows = read_manifest(MANIFESTS / "bilingual.csv", RowDefaults()).rows
    ann = {row.video_id: row for row in rows if row.video_id.startswith("lamp-ann")}
    assert list(ann) == [
        *("lamp-ann--en--wide", "lamp-ann--en--tall"),
        *("lamp-ann--zh--wide", "lamp-ann--zh--tall"),
    ]
    assert ann["lamp-ann--en--tall"].script == "Hello Ann, this is Fernlight."
    assert (ann["lamp-ann--zh--wide"].script or "").startswith("安，您好")
    assert {row.voice for row in rows} == {"hibari", "zf_xiaoxiao", "bm_george", "zm_yunxi"}


def test_the_demo_shows_english_mandarin_and_a_recording() -> None:
    english, mandarin, recording = read_manifest(MANIFESTS / "demo.csv", RowDefaults()).rows
    assert (english.language, mandarin.language) == ("en", "zh")
    assert recording.audio_path is not None
    assert recording.script
    assert len({row.portrait_path for row in (english, mandarin, recording)}) == 3
    info = soundfile.info(recording.audio_path)
    assert (info.samplerate, info.channels) == (24_000, 1)
    assert 6 < info.duration < 12


def test_one_video_of_the_demo_is_delivered_with_its_product_and_a_label() -> None:
    english, *others = read_manifest(MANIFESTS / "demo.csv", RowDefaults()).rows
    assert [row.deliver for row in (english, *others)] == [((720, 1280),), (), ()]
    assert english.ai_label
    assert english.screen is not None
    assert [path.name for path in english.screen.images.values()] == [
        "lamp.png",
        "lamp-evening.png",
    ]
    assert "[" not in (english.script or "")
    assert "[show image2 4s]" in english.screen.marked_script


def test_a_script_of_ours_draws_the_products_and_the_logo() -> None:
    drawn = runpy.run_path(str(MANIFESTS / "products" / "draw.py"))["pictures"]()
    assert {path.name for path in drawn} == {"lamp.png", "lamp-evening.png", "logo.png"}
    for path, picture in drawn.items():
        with Image.open(path) as kept:
            one, other = (np.asarray(each.convert("RGBA"), float) for each in (picture, kept))
        assert one.shape == other.shape
        assert np.abs(one - other).mean() < 1, path.name  # libraries round differently


def test_the_smoke_test_is_ten_clips_of_384x256() -> None:
    rows = read_manifest(MANIFESTS / "smoke.csv", RowDefaults()).rows
    assert len(rows) == 10
    assert {(row.width, row.height, row.num_clip) for row in rows} == {(384, 256, 1)}


def test_the_long_video_has_words_for_more_than_ten_minutes() -> None:
    (row,) = read_manifest(MANIFESTS / "long-video.csv", RowDefaults()).rows
    words_per_minute = 180  # hurried speech; at a usual pace it is longer still
    assert len((row.script or "").split()) > 10 * words_per_minute
