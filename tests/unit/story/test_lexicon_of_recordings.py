"""A lexicon says how the words of a recording sound: which plans follow it, and which stay."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from flows.prepare import prepare_row
from flows.rows.settings import PrepareSettings
from tasks.manifest.manifest import RowDefaults, read_manifest
from tasks.manifest.presets import load_presets
from tasks.portrait.portrait import PortraitLimits
from tasks.reading.lexicon import Entry, Lexicon
from tasks.records import ManifestRow, StoredPlan
from tasks.speech.voices import VoiceSettings
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.campaigns import open_campaign

ROOT = Path(__file__).parents[3]
SETTINGS = PrepareSettings(
    load_presets(), {}, VoiceSettings(), PortraitLimits(), "ffmpeg version 7"
)


@pytest.fixture
def folder(tmp_path: Path) -> CampaignFolder:
    return open_campaign(tmp_path / "renders", "june")


@pytest.fixture
def row(tmp_path: Path) -> ManifestRow:
    shutil.copy(ROOT / "manifests" / "portraits" / "mara.png", tmp_path / "mara.png")
    sound = np.random.default_rng(0).normal(0, 0.1, 24_000)
    soundfile.write(tmp_path / "lamp.wav", sound, 24_000, subtype="PCM_16")
    (tmp_path / "m.csv").write_text(
        "video_id,audio,script,portrait,engine,width,height\n"
        "lamp,lamp.wav,The Xqz lamp.,mara.png,preview,64,64\n"
    )
    return read_manifest(tmp_path / "m.csv", RowDefaults()).rows[0]


def planned(row: ManifestRow, folder: CampaignFolder, said: str, **changes: str) -> StoredPlan:
    lexicon = Lexicon((Entry("Xqz", "en", said),) if said else ())
    with folder.lock():
        found = prepare_row(row, replace(SETTINGS, lexicon=lexicon, **changes), folder, print)
    assert found.stored is not None, found.error
    return found.stored


def test_a_recording_planned_without_its_lexicon_stays_until_it_is_asked_for(row, folder):
    before = planned(row, folder, "")  # as releases planned it that read no lexicon for it

    assert planned(row, folder, "summer") == before
    renewed = planned(row, folder, "summer", rereading="renew")
    assert renewed.plan.speech_id != before.plan.speech_id
    assert planned(row, folder, "summer") == renewed
    assert planned(row, folder, "summer", rereading="renew") == renewed


def test_a_recording_is_planned_anew_where_its_words_of_the_lexicon_change(row, folder):
    summer = planned(row, folder, "summer")
    winter = planned(row, folder, "winter")

    assert winter.plan.speech_id != summer.plan.speech_id
    assert planned(row, folder, "").plan.speech_id not in (
        summer.plan.speech_id,
        winter.plan.speech_id,
    )
