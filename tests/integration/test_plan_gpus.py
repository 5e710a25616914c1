"""`nightshoot plan MANIFEST --gpus`, from the script to the hour at which all would be finished."""

import json
from pathlib import Path

import pytest

from tests.integration.campaigns import write_campaign

pytestmark = pytest.mark.integration

KNOWN = {"NIGHTSHOOT_WEIGHTS_ID": "known-elsewhere"}


def test_a_manifest_is_planned_for_gpus_that_are_not_here(nightshoot, tmp_path: Path):
    manifest = write_campaign(tmp_path, num_videos=2, num_sentences=1, engine="live-avatar")
    asked = ("plan", manifest, "--out", tmp_path / "out", "--gpus", "4x24,1xH100", "--json")

    done = nightshoot(*asked, **KNOWN, NIGHTSHOOT_CALIBRATION=str(tmp_path / "none"))

    assert done.returncode == 0, done.stderr
    quote = json.loads(done.stdout)
    campaign = quote["gpus"]["campaign"]
    assert campaign["num_videos"] == 2
    assert campaign["video_s"] == pytest.approx(sum(v["duration_s"] for v in quote["videos"]))
    assert campaign["shares"] == {"4x24": 0, "1xH100": 2}  # some seconds there, minutes here
    assert [size["size"] for size in quote["gpus"]["pools"][0]["sizes"]] == ["96x64"]
    assert quote["estimated_s"] is None


def test_a_plan_without_weights_gives_the_same_figures_and_touches_no_plan(
    nightshoot, tmp_path: Path
):
    manifest = write_campaign(tmp_path, num_videos=1, num_sentences=1, engine="live-avatar")
    asked = ("plan", manifest, "--out", tmp_path / "out", "--gpus", "1xH100", "--json")
    none = {"NIGHTSHOOT_CALIBRATION": str(tmp_path / "none")}
    plans = tmp_path / "out/campaign/plans"

    without = nightshoot(*asked, **none)

    assert without.returncode == 0, without.stderr
    assert not plans.exists(), "nothing is filed under keys that name no weights"
    quote = json.loads(without.stdout)
    assert "this plan was made without weights" in quote["notices"][-1]
    known = json.loads(nightshoot(*asked, **none, **KNOWN).stdout)
    assert known["notices"] == quote["notices"][:-1]
    assert (known["videos"], known["gpus"]) == (quote["videos"], quote["gpus"])
    kept = {path.name: path.read_bytes() for path in plans.iterdir()}
    assert nightshoot(*asked, **none).returncode == 0
    assert {path.name: path.read_bytes() for path in plans.iterdir()} == kept


def test_gpus_are_refused_where_no_video_needs_them(nightshoot, tmp_path: Path):
    manifest = write_campaign(tmp_path, num_videos=1, num_sentences=1, engine="null")

    done = nightshoot("plan", manifest, "--out", tmp_path / "out", "--gpus", "4x24")

    assert done.returncode == 2
    assert "none of the videos still to render uses the engine live-avatar" in done.stderr
