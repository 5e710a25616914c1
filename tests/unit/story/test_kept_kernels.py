"""A campaign keeps the attention kernel it was planned with, whatever is calibrated since."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile

from flows.prepare import prepare_row
from flows.rows.settings import PrepareSettings
from flows.session import Request, Session
from model.engine import engine_identity
from tasks.gpu_plans.calibration import CalibrationEntry, keep_calibration
from tasks.manifest.manifest import RowDefaults, read_manifest
from tasks.manifest.presets import load_presets
from tasks.portrait.portrait import PortraitLimits
from tasks.records import ManifestRow, StoredPlan
from tasks.speech.voices import VoiceSettings
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.campaigns import open_campaign

ROOT = Path(__file__).parents[3]
BEFORE = PrepareSettings(load_presets(), {}, VoiceSettings(), PortraitLimits(), "ffmpeg version 7")
CALIBRATED = replace(BEFORE, kernels={"bfloat16": "cudnn"})
COMPILED = replace(CALIBRATED, compilation=frozenset({"bfloat16"}))
VAE_COMPILED = replace(BEFORE, engine_settings={"compile_vae": "true"})
VAE_PLAIN = replace(BEFORE, engine_settings={"compile_vae": "false"})
UNTOLD = replace(COMPILED, engine_settings={"compile": "false"})
#: of a segment of this row by the release before kernels were fixed while planning
EARLIER_KEY = "cffe81c4802898d1c926777ae99fdaf4b7ac5f58f1c02918f871420e48d46ac2"


@pytest.fixture(autouse=True)
def weights(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NIGHTSHOOT_WEIGHTS", "random:tiny")
    engine_identity.cache_clear()
    yield
    engine_identity.cache_clear()


@pytest.fixture
def folder(tmp_path: Path) -> CampaignFolder:
    return open_campaign(tmp_path / "renders", "june")


def row_of(home: Path, **cells: str) -> ManifestRow:
    cells = {"video_id": "lamp", "audio": "lamp.wav", "portrait": "mara.png", **cells}
    cells |= {"engine": "live-avatar", "width": "64", "height": "64"}
    shutil.copy(ROOT / "manifests" / "portraits" / "mara.png", home / "mara.png")
    loud = np.random.default_rng(0).normal(0, 0.1, 24_000)
    soundfile.write(home / "lamp.wav", loud, 24_000, subtype="PCM_16")
    (home / "m.csv").write_text(f"{','.join(cells)}\n{','.join(cells.values())}\n")
    return read_manifest(home / "m.csv", RowDefaults()).rows[0]


def session_of(home: Path) -> Session:
    return Session(Request(home / "m.csv", home / "renders", "june", RowDefaults(), workers=1))


def planned(
    row: ManifestRow, settings: PrepareSettings, folder: CampaignFolder
) -> tuple[str, str, StoredPlan]:
    """The kernel and the first key."""
    with folder.lock():
        found = prepare_row(row, settings, folder, print)
    assert found.stored is not None, found.error
    plan = found.stored.plan
    return str(plan.settings["attention"]), plan.segments[0].key, found.stored


def is_compiled(stored: StoredPlan) -> bool:
    return stored.plan.settings["compile"] is True


def begin(key: str, folder: CampaignFolder) -> None:
    """As if its first segment had been rendered."""
    folder.write_text(f"segments/{key[:2]}/{key}.json", b"{}")


def test_a_new_plan_names_the_calibrated_kernel_and_its_key_holds_it(folder, tmp_path):
    row = row_of(tmp_path)

    open_kernel, open_key, _ = planned(row, BEFORE, open_campaign(tmp_path / "other", "june"))
    kernel, key, _ = planned(row, CALIBRATED, folder)

    assert (open_kernel, kernel) == ("auto", "cudnn")
    assert key != open_key
    assert open_key == EARLIER_KEY


def test_a_planned_row_stays_as_it_is_when_a_machine_is_calibrated_and_when_it_is_no_more(
    folder, tmp_path
):
    row = row_of(tmp_path)
    other = open_campaign(tmp_path / "other", "june")

    assert planned(row, BEFORE, folder) == planned(row, CALIBRATED, folder)
    assert planned(row, CALIBRATED, other) == planned(row, BEFORE, other)


def test_a_row_that_changes_keeps_the_kernel_so_that_what_it_keeps_is_not_rendered_again(
    folder, tmp_path
):
    planned(row_of(tmp_path), BEFORE, folder)

    kernel, _, stored = planned(row_of(tmp_path, prompt="calm"), CALIBRATED, folder)

    assert kernel == "auto"
    assert stored.plan.prompt == "calm"


def test_a_kernel_that_somebody_names_is_the_plans(folder, tmp_path):
    planned(row_of(tmp_path), BEFORE, folder)
    named = replace(CALIBRATED, engine_settings={"attention": "math"})
    assert planned(row_of(tmp_path), named, folder)[0] == "math"


@pytest.mark.parametrize("is_damaged", [True, False])
def test_a_lost_plan_is_made_again_as_it_was_begun(is_damaged, folder, tmp_path):
    row = row_of(tmp_path)
    begun = planned(row, BEFORE, folder)
    begin(begun[1], folder)
    if is_damaged:
        folder.write_text("plans/lamp.json", b"{")
    else:
        folder.discard_plan("lamp")

    assert planned(row, CALIBRATED, folder) == begun


def test_a_lost_plan_of_which_nothing_was_rendered_is_made_as_a_new_one(folder, tmp_path):
    row = row_of(tmp_path)
    planned(row, BEFORE, folder)
    folder.discard_plan("lamp")
    assert planned(row, CALIBRATED, folder)[0] == "cudnn"


def test_a_plan_that_is_made_again_because_of_a_fault_keeps_its_kernel(folder, tmp_path):
    row = row_of(tmp_path)
    kernel, key, stored = planned(row, CALIBRATED, folder)
    folder.write_plan(
        stored.model_copy(update={"plan": stored.plan.model_copy(update={"seed": 9})})
    )

    assert planned(row, BEFORE, folder)[:2] == (kernel, key) == ("cudnn", key)


def test_a_campaign_takes_the_kernel_from_the_calibration_file_of_the_machine_that_plans(
    tmp_path, monkeypatch
):
    path = tmp_path / "calibration.json"
    monkeypatch.setenv("NIGHTSHOOT_CALIBRATION", str(path))
    row_of(tmp_path)
    assert session_of(tmp_path).settings.kernels == {}
    entry = CalibrationEntry(
        engine="live-avatar",
        model="tiny",
        gpu="cpu",
        dtype="bfloat16",
        memory_bytes=1 << 30,
        measured_at=datetime(2026, 11, 30, tzinfo=UTC),
        measured_in_s=1,
        figures={},
        kernels={"flash": 0.001},
        versions={"attention auto": "flash"},
    )
    keep_calibration(path, entry)

    assert session_of(tmp_path).settings.kernels == {"bfloat16": "flash"}


def test_people_are_told_of_kernels_where_the_weights_are_real(tmp_path, monkeypatch):
    monkeypatch.setenv("NIGHTSHOOT_CALIBRATION", str(tmp_path / "none.json"))
    row_of(tmp_path)
    assert not [each for each in session_of(tmp_path).notices if "attention kernel" in each]

    monkeypatch.delenv("NIGHTSHOOT_WEIGHTS")
    monkeypatch.setenv("NIGHTSHOOT_WEIGHTS_ID", "published")
    engine_identity.cache_clear()

    (told,) = [each for each in session_of(tmp_path).notices if "attention kernel" in each]
    assert "no calibration says which attention kernel GPUs use for bfloat16" in told


def test_a_new_plan_is_compiled_where_that_is_calibrated_and_its_key_holds_it(folder, tmp_path):
    row = row_of(tmp_path)
    *_, key, plain = planned(row, CALIBRATED, open_campaign(tmp_path / "other", "june"))
    *_, compiled_key, compiled = planned(row, COMPILED, folder)

    assert (is_compiled(plain), is_compiled(compiled)) == (False, True)
    assert key != compiled_key


def test_a_planned_row_stays_compiled_or_not_whatever_is_calibrated_since(folder, tmp_path):
    row = row_of(tmp_path)
    other = open_campaign(tmp_path / "other", "june")

    assert planned(row, CALIBRATED, folder) == planned(row, COMPILED, folder)
    assert planned(row, COMPILED, other) == planned(row, CALIBRATED, other)
    *_, stored = planned(row_of(tmp_path, prompt="calm"), CALIBRATED, other)
    assert is_compiled(stored)


def test_a_row_that_is_not_to_be_compiled_is_planned_anew_without(folder, tmp_path):
    row = row_of(tmp_path)
    assert is_compiled(planned(row, COMPILED, folder)[2])
    assert not is_compiled(planned(row, UNTOLD, folder)[2])


def test_who_says_no_where_nothing_was_compiled_changes_no_key(folder, tmp_path):
    row = row_of(tmp_path)
    before = planned(row, CALIBRATED, folder)
    assert planned(row, UNTOLD, folder)[:2] == before[:2]


@pytest.mark.parametrize("begun_with", [BEFORE, CALIBRATED], ids=["auto", "a kernel"])
def test_a_lost_plan_that_was_begun_before_it_was_compiled_is_made_as_it_was(
    begun_with, folder, tmp_path
):
    row = row_of(tmp_path)
    begun = planned(row, begun_with, folder)
    begin(begun[1], folder)
    folder.discard_plan("lamp")

    assert planned(row, COMPILED, folder) == begun


def test_a_row_whose_decoder_is_compiled_has_keys_of_its_own_and_no_other_has_them(
    folder, tmp_path
):
    row, others = row_of(tmp_path), open_campaign(tmp_path / "other", "june")

    _, plain, stored = planned(row, VAE_PLAIN, folder)
    assert (plain, "compile_vae" in stored.plan.settings) == (EARLIER_KEY, False)
    assert planned(row, BEFORE, folder) == ("auto", plain, stored)

    _, key, stored = planned(row, VAE_COMPILED, others)
    assert key != plain
    assert stored.plan.settings["compile_vae"] is True
