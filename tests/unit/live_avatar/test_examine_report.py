"""What the engine finds of its packages, files and configs, where there is no torch."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from model.engine import Finding, engine_names, examine_engine
from model.live_avatar.examine.report import (
    FIGURES,
    PACKAGES,
    PINNED,
    host_memory_finding,
    id_findings,
    packages_findings,
    place_findings,
)
from model.live_avatar.weights.checkpoint import Lora
from model.live_avatar.weights.location import WeightsLocation, files_in
from model.live_avatar.weights.published import LORA_PUBLISHED_AT, PUBLISHED_AT, ModelFiles
from tests.unit.weights_files import published

ROOT = Path(__file__).parents[3]
INSTALLED = {**dict.fromkeys(PACKAGES, "1.0"), **PINNED}
# `examine`, as it is where torch cannot be imported
_WITHOUT_TORCH = """
import json, sys
from dataclasses import asdict
sys.modules["torch"] = None
from model.engine import examine_engine
found = examine_engine("live-avatar")
assert not {"transformers", "diffusers", "accelerate"} & sys.modules.keys()
print(json.dumps([asdict(finding) for finding in found]))
"""


def _without_torch(**environ: str) -> list[Finding]:
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_TORCH],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    return [Finding(**each) for each in json.loads(done.stdout)]


# --- packages -----------------------------------------------------------------------------------


def test_packages_are_those_of_the_gpu_extra():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]["gpu"]
    names = [re.split(r"[=>]=", line)[0] for line in extras]
    pinned = dict(line.split("==") for line in extras if "==" in line)
    assert sorted(names) == sorted(PACKAGES)
    assert pinned == PINNED


def test_packages_that_are_missing_are_all_named():
    missing = dict(INSTALLED)
    del missing["torch"], missing["ftfy"]
    (finding,) = packages_findings(missing)
    assert finding.verdict == "fail"
    assert finding.found.startswith("not installed: ftfy, torch")
    assert "pip install torch==2.13.0" in finding.way_out


def test_without_figures_of_gpus_videos_are_rendered_all_the_same():
    (finding,) = packages_findings({name: "1.0" for name in PACKAGES if name != FIGURES} | PINNED)
    assert (finding.verdict, finding.what) == ("warn", "packages")
    assert "no GPU figures" in finding.found


@pytest.mark.parametrize(
    ("version", "verdict"), [("2.13.0", "ok"), ("2.13.0+cu130", "ok"), ("2.12.1", "warn")]
)
def test_another_version_than_the_one_that_was_tested_is_warned_of(version: str, verdict: str):
    (finding,) = packages_findings({**INSTALLED, "torch": version})
    assert finding.verdict == verdict
    assert bool(finding.way_out) == (verdict != "ok")
    assert version in finding.found


# --- weights ------------------------------------------------------------------------------------


def test_random_weights_are_warned_of_as_noise():
    (finding,) = place_findings(WeightsLocation(random="tiny"), has_torch=False)
    assert (finding.verdict, finding.found) == ("warn", "random (tiny): the pictures will be noise")


def test_where_only_the_id_is_known_campaigns_can_be_planned():
    (finding,) = place_findings(WeightsLocation(known_id="abc"), has_torch=False)
    assert finding.verdict == "warn"
    assert finding.found == "only their id is set, abc: this machine can plan, but not render"


def test_without_torch_files_are_examined_and_it_is_said_that_torch_is_missing(tmp_path: Path):
    findings = _without_torch(NIGHTSHOOT_WEIGHTS=str(tmp_path))
    packages, *others = findings
    assert (packages.verdict, packages.what) == ("fail", "packages")
    assert packages.found.startswith("not installed: torch; weights that need them")
    missing = [finding for finding in others if finding.what == "file"]
    assert len(missing) == 9
    assert all(finding.verdict == "fail" for finding in missing)
    places = [finding.way_out for finding in missing]
    assert places.count(f"download it from {PUBLISHED_AT}") == 8
    assert places[-1] == f"download it from {LORA_PUBLISHED_AT}"


def test_without_weights_it_is_said_how_to_name_them():
    weights = next(finding for finding in _without_torch() if finding.what == "weights")
    assert (weights.verdict, weights.found) == ("fail", "NIGHTSHOOT_WEIGHTS is not set")
    assert "random:tiny" in weights.way_out


def _files(folder: Path) -> ModelFiles:
    base, lora = published(folder)
    return ModelFiles(base, Lora(lora))


def test_a_whole_folder_is_all_well_and_says_its_id(tmp_path: Path):
    place = WeightsLocation(files=_files(tmp_path))
    findings = place_findings(place, has_torch=False)
    assert [(each.verdict, each.what) for each in findings[:-1]] == [
        ("ok", "files"),
        ("ok", "config"),
        ("ok", "speech config"),
        ("ok", "tokenizer"),
    ]
    (known,) = id_findings(place, "")
    assert known.found == f"NIGHTSHOOT_WEIGHTS_ID={place.weights_id()}"
    assert id_findings(place, place.weights_id()) == [known]


def test_an_id_of_other_weights_is_warned_of(tmp_path: Path):
    (finding,) = id_findings(WeightsLocation(files=_files(tmp_path)), "abc")
    assert finding.verdict == "warn"
    assert "NIGHTSHOOT_WEIGHTS_ID=abc, but the files here are" in finding.found


def test_no_id_is_told_of_files_that_are_not_there(tmp_path: Path):
    assert id_findings(WeightsLocation(files=files_in(tmp_path)), "") == []


def test_every_config_of_another_model_is_told_beside_missing_files(tmp_path: Path):
    files = _files(tmp_path)
    files.vae.unlink()
    for path, name, value in (
        (files.transformer_config, "num_heads", 24),
        (files.speech_encoder / "config.json", "do_stable_layer_norm", False),
        (files.speech_encoder / "preprocessor_config.json", "do_normalize", False),
        (files.tokenizer / "tokenizer.json", "model", {"type": "BPE"}),
    ):
        path.write_text(json.dumps({**json.loads(path.read_text()), name: value}))
    findings = place_findings(WeightsLocation(files=files), has_torch=False)
    told = {finding.what: finding for finding in findings if finding.verdict == "fail"}
    assert told["file"].found == f"{files.vae}: is not there"
    assert "num_heads: 24, wanted 40" in told["config"].found
    assert "do_stable_layer_norm is False, but must be True" in told["speech config"].found
    assert "do_normalize is False, but must be True" in told["speech config"].found
    assert "its model is BPE, but must be Unigram" in told["tokenizer"].found
    assert all(PUBLISHED_AT in finding.way_out for finding in told.values())


@pytest.mark.parametrize(("kilobytes", "verdict"), [(20_000_000, "ok"), (8_000_000, "warn")])
def test_the_hosts_memory_must_hold_the_text_encoders_file(
    kilobytes: int, verdict: str, tmp_path: Path
):
    path = tmp_path / "meminfo"
    path.write_text(f"MemTotal: 99999999 kB\nMemAvailable: {kilobytes} kB\n")
    assert host_memory_finding(path).verdict == verdict
    assert host_memory_finding(tmp_path / "none").verdict == "warn"


def test_a_plan_without_the_weights_is_refused_and_names_every_file(tmp_path: Path):
    arguments = ("plan", "manifests/demo.csv", "--engine", "live-avatar", "--out", str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-m", "flows.cli", *arguments],
        cwd=ROOT,
        env={"NIGHTSHOOT_WEIGHTS": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("there is no such file") == 8
    assert "nightshoot doctor --engine live-avatar" in done.stderr


# --- other engines ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["preview", "null"])
def test_engines_of_packages_alone_are_well_where_they_can_be_made(name: str):
    (finding,) = examine_engine(name)
    assert finding.verdict == "ok"
    assert "version" in finding.found


def test_an_engine_that_is_unknown_is_not_examined():
    with pytest.raises(ValueError, match="is unknown"):
        examine_engine("x")
    assert "live-avatar" in engine_names()
