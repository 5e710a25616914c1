"""Campaigns judged again: older ones from their files, others by other limits; nothing rendered."""

import json
import shutil
from pathlib import Path

import pytest

from tests.integration.campaigns import ROOT, receipts, video_digests
from tests.integration.test_gate_campaign import flaw, report, video_receipt, write_manifest

pytestmark = pytest.mark.integration

STORE = ROOT / "tests" / "stores" / "e927a16"


@pytest.fixture(scope="module")
def unmeasured(nightshoot_command, tmp_path_factory) -> Path:
    """A campaign with a blurred second that no gate has looked at."""
    folder = tmp_path_factory.mktemp("unmeasured")
    manifest = write_manifest(folder / "in", "blurred")
    options = ("--out", folder, "--gates", "off", *flaw("blur"))
    done = nightshoot_command("render", manifest, *options, timeout_s=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_a_campaign_that_was_never_measured_is_judged_from_its_files(
    unmeasured, nightshoot, tmp_path
):
    shutil.copytree(unmeasured / "campaign", tmp_path / "campaign")
    root = tmp_path / "campaign"
    before = video_digests(root)

    judged = nightshoot("judge", "campaign", "--out", tmp_path, timeout_s=300)

    assert judged.returncode == 1, judged.stdout + judged.stderr
    assert "blurred" in judged.stdout
    assert "held" in judged.stdout
    assert "picture blurred" in judged.stdout
    assert "segments were measured from their files" in judged.stdout
    assert video_digests(root) == before
    assert report(root)["blurred"]["status"] == "held"
    assert all(each["figures"]["source"] == "decoded" for each in receipts(root).values())
    told = nightshoot("status", "campaign", "--out", tmp_path)
    assert "1 held" in told.stdout

    limits = tmp_path / "mine.toml"
    limits.write_text("[flawed]\nleast_texture = 0.05\nleast_likeness_moment = 0.3\n")
    again = nightshoot("judge", "campaign", "--out", tmp_path, "--limits", limits, "--json")

    assert again.returncode == 0, again.stdout + again.stderr
    [video] = json.loads(again.stdout)
    assert (video["verdict"], video["num_measured"]) == ("passed", 0)
    assert video_receipt(root, "blurred")["gates"] == []
    assert report(root)["blurred"]["status"] == "done"
    assert video_digests(root) == before


def test_limits_with_faults_are_refused_all_at_once(unmeasured, nightshoot, tmp_path):
    limits = tmp_path / "mine.toml"
    limits.write_text('[previw]\nleast_r = 0.1\n[preview]\nleast_q = 1\nleast_z = "much"\n')

    refused = nightshoot("judge", "campaign", "--out", unmeasured, "--limits", limits)

    assert refused.returncode == 2
    assert "[previw] is no engine" in refused.stderr
    assert "[preview] least_q is no limit" in refused.stderr
    assert "[preview] least_z = 'much' must be a number" in refused.stderr


def test_a_store_of_an_earlier_release_is_judged_and_its_clean_videos_pass(nightshoot, tmp_path):
    shutil.copytree(STORE, tmp_path, dirs_exist_ok=True)
    before = video_digests(tmp_path / "campaign")

    judged = nightshoot("judge", "campaign", "--out", tmp_path, "--json", timeout_s=300)

    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert {each["verdict"] for each in json.loads(judged.stdout)} == {"passed"}
    assert video_digests(tmp_path / "campaign") == before


def test_neither_a_file_nor_a_campaign_is_refused(nightshoot, tmp_path):
    refused = nightshoot("judge", "nothing", "--out", tmp_path)

    assert refused.returncode == 2
    assert 'campaign "nothing" was never rendered here' in refused.stderr
