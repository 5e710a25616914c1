"""Every manifest that comes with the repository can be rendered."""

import re
from pathlib import Path

import pytest
import soundfile

from tasks.manifest.manifest import RowDefaults, read_manifest

FELL_BACK = re.compile(r"\{\{price\}\}: 1 of 3 rows fell back to .what you like.")
MANIFESTS = Path(__file__).parents[3] / "manifests"
WORKFLOWS = {
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
    assert [each for each in manifest.notices if not FELL_BACK.match(each)] == []


def test_the_personal_manifest_greets_everybody_and_says_how() -> None:
    ann, siobhan, omar = read_manifest(MANIFESTS / "personal.csv", RowDefaults()).rows
    assert ann.script == "Hello Ann! Your Fernlight costs $20."
    assert 'alias="Shivawn">Siobhan<' in (siobhan.script or "")
    assert (omar.script or "").endswith("costs what you like.")


def test_the_demo_shows_english_mandarin_and_a_recording() -> None:
    english, mandarin, recording = read_manifest(MANIFESTS / "demo.csv", RowDefaults()).rows
    assert (english.language, mandarin.language) == ("en", "zh")
    assert recording.audio_path is not None
    assert recording.script
    assert len({row.portrait_path for row in (english, mandarin, recording)}) == 3
    info = soundfile.info(recording.audio_path)
    assert (info.samplerate, info.channels) == (24_000, 1)
    assert 6 < info.duration < 12


def test_the_smoke_test_is_ten_clips_of_384x256() -> None:
    rows = read_manifest(MANIFESTS / "smoke.csv", RowDefaults()).rows
    assert len(rows) == 10
    assert {(row.width, row.height, row.num_clip) for row in rows} == {(384, 256, 1)}


def test_the_long_video_has_words_for_more_than_ten_minutes() -> None:
    (row,) = read_manifest(MANIFESTS / "long-video.csv", RowDefaults()).rows
    words_per_minute = 180  # hurried speech; at a usual pace it is longer still
    assert len((row.script or "").split()) > 10 * words_per_minute
