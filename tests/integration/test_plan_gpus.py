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


def test_gpus_are_refused_where_no_video_needs_them(nightshoot, tmp_path: Path):
    manifest = write_campaign(tmp_path, num_videos=1, num_sentences=1, engine="null")

    done = nightshoot("plan", manifest, "--out", tmp_path / "out", "--gpus", "4x24")

    assert done.returncode == 2
    assert "none of the videos still to render uses the engine live-avatar" in done.stderr
