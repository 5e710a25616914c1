"""Campaigns judged again: older ones from their files, others by other limits; nothing rendered."""

import json
import shutil
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.integration.campaigns import ROOT, receipts, video_digests
from tests.integration.kills import Objects, digests, finished_segments
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
    assert video_receipt(root, "blurred")["is_judged"] is False
    assert receipts(root)
    assert all(each["figures"] is None for each in receipts(root).values())

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


@pytest.mark.sweep
def test_a_campaign_in_a_bucket_is_judged_there(unmeasured, nightshoot, tmp_path):
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    env = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "someone",
        "AWS_SECRET_ACCESS_KEY": "very-secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NIGHTSHOOT_SCRATCH": str(tmp_path / "scratch"),
    }
    client = boto3.client(
        "s3",
        endpoint_url=env["AWS_ENDPOINT_URL"],
        aws_access_key_id="someone",
        aws_secret_access_key="very-secret",
        region_name="us-east-1",
    )
    try:
        client.create_bucket(Bucket="judged")
        for path in (unmeasured / "campaign").rglob("*"):
            if path.is_file() and path.name != "lock.json":  # of a disk; a bucket has its own
                name = f"night/{path.relative_to(unmeasured).as_posix()}"
                client.upload_file(str(path), "judged", name)
        place = Objects(client, "judged", "night/campaign")
        before = digests(place)

        judged = nightshoot(
            "judge", "campaign", "--out", "s3://judged/night", "--json", timeout_s=300, **env
        )

        assert judged.returncode == 1, judged.stdout + judged.stderr
        [video] = json.loads(judged.stdout)
        assert (video["verdict"], video["gates"][0]["gate"]) == ("held", "sharpness")
        receipt = json.loads(place.read("videos/blurred.json"))
        assert receipt["is_judged"]
        assert receipt["curves"]["frames_per_point"] == 12
        assert finished_segments(place) == set(receipts(unmeasured / "campaign"))
        for key in receipt["segment_keys"]:
            assert json.loads(place.read(f"segments/{key[:2]}/{key}.json"))["figures"]
        [stills] = (name for name in place.names() if name.startswith("report/stills/"))
        page = place.read("report/index.html").decode()
        assert f'src="{stills.removeprefix("report/")}"' in page
        assert digests(place) == before
        again = nightshoot("judge", "campaign", "--out", "s3://judged/night", "--json", **env)
        assert json.loads(again.stdout)[0]["num_measured"] == 0
        assert not [path for path in (tmp_path / "scratch").rglob("*") if path.is_file()]
    finally:
        server.stop()


def test_limits_with_faults_are_refused_all_at_once(unmeasured, nightshoot, tmp_path):
    limits = tmp_path / "mine.toml"
    limits.write_text('[previw]\nleast_r = 0.1\n[preview]\nleast_q = 1\nleast_z = "much"\n')

    refused = nightshoot("judge", "campaign", "--out", unmeasured, "--limits", limits)

    assert refused.returncode == 2
    assert "[previw] is no engine" in refused.stderr
    assert "[preview] least_q is no limit" in refused.stderr
    assert "[preview] least_z = 'much' must be a number" in refused.stderr


def test_a_store_of_an_earlier_release_is_judged_and_its_mirrored_head_fails(nightshoot, tmp_path):
    shutil.copytree(STORE, tmp_path, dirs_exist_ok=True)
    before = video_digests(tmp_path / "campaign")

    judged = nightshoot("judge", "campaign", "--out", tmp_path, "--json", timeout_s=300)

    assert judged.returncode == 1, judged.stdout + judged.stderr
    told = {each["video_id"]: each for each in json.loads(judged.stdout)}
    assert not any(each["gates"] for each in told.values())
    # its engine filled what the portrait lacks with the portrait's mirror image
    assert [fault["name"] for fault in told.pop("lamp-en")["faults"]] == ["mirrored"]
    assert {each["verdict"] for each in told.values()} == {"passed"}
    assert video_digests(tmp_path / "campaign") == before


def test_neither_a_file_nor_a_campaign_is_refused(nightshoot, tmp_path):
    refused = nightshoot("judge", "nothing", "--out", tmp_path)

    assert refused.returncode == 2
    assert 'campaign "nothing" was never rendered here' in refused.stderr
