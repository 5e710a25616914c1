"""What an earlier version of an engine planned and finished stays as it is."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from flows.plan_check import keys_fault
from flows.prepare import prepare_row
from flows.rows.settings import PrepareSettings
from model.engine import earlier_identities, engine_identity
from model.preview.engine import PreviewEngine
from tasks.manifest.manifest import RowDefaults, read_manifest
from tasks.manifest.presets import load_presets
from tasks.plan.audio_window import EngineTrack
from tasks.portrait.portrait import PortraitLimits
from tasks.records import ManifestRow, StoredPlan
from tasks.speech.speech_files import load_speech
from tasks.speech.voices import VoiceSettings
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.campaigns import open_campaign

ROOT = Path(__file__).parents[3]
SETTINGS = PrepareSettings(
    load_presets(), {}, VoiceSettings(), PortraitLimits(), "ffmpeg version 7"
)
FINISHED_BY = (  # versions of releases, with the weights they had
    (6, "eab4e064b3ab5f79"),
    (5, "eab4e064b3ab5f79"),
    (4, "eab4e064b3ab5f79"),
    (3, "ca5a7f8ebc377505"),
    (2, "ce449c48a9ba14ac"),
    (1, "fa2f22212ff6d78b"),
)


@pytest.fixture(autouse=True)
def identities():
    yield
    engine_identity.cache_clear()
    earlier_identities.cache_clear()


@pytest.fixture
def folder(tmp_path: Path) -> CampaignFolder:
    return open_campaign(tmp_path / "renders", "june")


@pytest.fixture
def row(tmp_path: Path) -> ManifestRow:
    shutil.copy(ROOT / "manifests" / "portraits" / "mara.png", tmp_path / "mara.png")
    sound = np.random.default_rng(0).normal(0, 0.1, 24_000)
    soundfile.write(tmp_path / "lamp.wav", sound, 24_000, subtype="PCM_16")
    (tmp_path / "m.csv").write_text(
        "video_id,audio,portrait,engine,width,height\nlamp,lamp.wav,mara.png,preview,64,64\n"
    )
    return read_manifest(tmp_path / "m.csv", RowDefaults()).rows[0]


def planned(row: ManifestRow, folder: CampaignFolder) -> StoredPlan:
    with folder.lock():
        found = prepare_row(row, SETTINGS, folder, print)
    assert found.stored is not None, found.error
    return found.stored


def fault(stored: StoredPlan, folder: CampaignFolder) -> str:
    plan = stored.plan
    speech = load_speech(plan.speech_id, folder.speech)
    assert speech is not None
    track = EngineTrack(folder.speech / f"{plan.speech_id}.16k.wav", speech.phonemes)
    return keys_fault(plan, track, folder)


@pytest.mark.parametrize(("version", "weights_id"), FINISHED_BY)
def test_what_an_earlier_preview_finished_is_neither_planned_nor_rendered_again(
    version: int,
    weights_id: str,
    row: ManifestRow,
    folder: CampaignFolder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = engine_identity("preview")
    then = replace(now, version=version, weights_id=weights_id)
    with monkeypatch.context() as earlier:
        earlier.setattr(PreviewEngine, "identity", property(lambda _: then))
        engine_identity.cache_clear()
        earlier_identities.cache_clear()
        before = planned(row, folder)
    engine_identity.cache_clear()
    earlier_identities.cache_clear()
    assert engine_identity("preview") == now != then

    begun = f"an earlier version of engine preview began it, and this is version {now.version}"
    assert begun in fault(before, folder)

    keys = {each.key for each in before.plan.segments}
    monkeypatch.setattr(CampaignFolder, "find_segment", lambda _, key: key in keys)
    assert fault(before, folder) == ""
    assert planned(row, folder) == before
