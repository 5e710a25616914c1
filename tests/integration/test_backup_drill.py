"""Drills: a lost disk is restored, here and on S3; after a purge nothing is rendered again."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from model.errors import CampaignError
from tasks.errors import DamagedError
from tasks.store.campaigns import open_campaign
from tasks.upkeep.backup_place import file_name, open_backup
from tasks.upkeep.backup_record import backup_times

pytestmark = pytest.mark.integration

S3 = {
    "AWS_ACCESS_KEY_ID": "drill",
    "AWS_SECRET_ACCESS_KEY": "drill",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@pytest.fixture(scope="module")
def s3_server():
    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield {**S3, "AWS_ENDPOINT_URL": f"http://{host}:{port}"}
    server.stop()


@pytest.fixture
def s3(s3_server, monkeypatch, tmp_path):
    """Variables of a server with the bucket ``drill``."""
    env = {**s3_server, "NIGHTSHOOT_SCRATCH": str(tmp_path / "scratch")}
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket="drill")
    return env


@pytest.fixture
def out(finished, tmp_path) -> Path:
    """A finished campaign of two videos, one of them approved, that may be harmed."""
    shutil.copytree(finished.root, tmp_path / "out" / "campaign")
    return tmp_path / "out"


def succeeded(done):
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def approve(nightshoot, out, *videos, **env):
    told = ("--out", out, "--approve", "--as", "Ann")
    succeeded(nightshoot("decide", "campaign", *videos, *told, **env))


def assert_finished(nightshoot, manifest, out, **env):
    told = succeeded(nightshoot("render", manifest, "--out", out, **env))
    assert "2 of 2 videos done, 0 failed; 0 segments rendered" in told
    outcomes = json.loads(
        succeeded(nightshoot("status", "campaign", "--out", out, "--json", **env))
    )
    assert {each["status"] for each in outcomes} == {"done"}
    return {each["video_id"]: each for each in outcomes}


def test_a_lost_disk_is_restored_and_nothing_is_rendered_again(nightshoot, finished, out, tmp_path):
    approve(nightshoot, out, "v0")
    succeeded(nightshoot("render", finished.manifest, "--out", out))
    first = json.loads(succeeded(nightshoot("backup", out, "--to", tmp_path / "b", "--json")))
    again = json.loads(
        succeeded(nightshoot("backup", out, "--to", tmp_path / "b", "--verify", "--json"))
    )
    assert first["num_new"] == first["num_files"] > 10
    assert (again["num_new"], again["damaged"], again["left"]) == (0, [], {})

    new, sources = tmp_path / "new", tmp_path / "sources"
    arguments = ("restore", tmp_path / "b", "--out", new, "--sources", sources)
    succeeded(nightshoot(*arguments))
    succeeded(nightshoot(*arguments))  # goes on where it was, which is the end

    assert not (new / "campaign" / "segments").exists()
    manifest = sources / "campaign" / finished.manifest.name
    outcomes = assert_finished(nightshoot, manifest, new)
    assert outcomes["v0"]["verdict"] == "approved"
    assert (new / "campaign/delivery/v0.mp4").is_file()
    succeeded(nightshoot("sweep", "campaign", "--out", new, "--verify"))


@pytest.mark.sweep
def test_a_lost_disk_is_restored_to_s3_from_s3_and_nothing_is_rendered_again(
    nightshoot, finished, out, tmp_path, s3
):
    approve(nightshoot, out, "v0")
    succeeded(nightshoot("backup", out, "--to", "s3://drill/backups", **s3))
    place = "s3://drill/night"
    succeeded(nightshoot("restore", "s3://drill/backups", "--out", place, **s3))

    outcomes = assert_finished(nightshoot, finished.manifest, place, **s3)
    assert outcomes["v0"]["verdict"] == "approved", "a journal's lines became objects"
    folder = open_campaign(place, "campaign", scratch=tmp_path / "look")
    folder.snapshot()
    folder.bucket.num_requests.clear()
    assert folder.find_video("v0") is not None
    assert folder.bucket.num_requests == {"get_object": 1}, "its etags are those of this bucket"

    # and back: from the bucket to a disk
    succeeded(nightshoot("backup", place, "--to", tmp_path / "b", **s3))
    succeeded(nightshoot("restore", tmp_path / "b", "--out", tmp_path / "new"))
    assert assert_finished(nightshoot, finished.manifest, tmp_path / "new")["v0"]["verdict"]


def test_a_damaged_backup_and_files_in_the_way_are_told_and_nothing_is_overwritten(out, tmp_path):
    from flows.upkeep.backup import back_up
    from flows.upkeep.restore import restore

    done = back_up(out, tmp_path / "b", ("masters",))
    with pytest.raises(CampaignError, match="would be lost with"):
        back_up(out, out / "b", ())

    other = tmp_path / "other" / "campaign" / "rows.json"
    other.parent.mkdir(parents=True)
    other.write_text("another")
    with pytest.raises(CampaignError, match="other files are in the way"):
        restore(tmp_path / "b", tmp_path / "other")
    assert [path.name for path in sorted(other.parent.iterdir())] == ["lock.json", "rows.json"]

    campaign = done.backup.campaigns[0]
    sha256 = campaign.files["videos/v1.mp4"].sha256
    kept = tmp_path / "b" / "files" / sha256[:2] / sha256
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(DamagedError, match="damaged"):
        restore(tmp_path / "b", tmp_path / "new")
    assert not (tmp_path / "new/campaign/campaign.json").exists(), "it claims to be no campaign"
    assert back_up(out, tmp_path / "b", ("masters",), verify=True).damaged
    kept.unlink()
    with pytest.raises(CampaignError, match=r"1 of .* files of the backup are missing"):
        restore(tmp_path / "b", tmp_path / "new")
    assert back_up(out, tmp_path / "b", ("masters",)).num_new == 1, "what is missing comes again"
    assert restore(tmp_path / "b", tmp_path / "new")[0].num_files > 0


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_old_backups_go_and_a_day_later_what_only_they_held(out, tmp_path, kind, request):
    from flows.upkeep.backup import back_up
    from flows.upkeep.old_backups import prune
    from flows.upkeep.restore import restore

    if kind == "s3":
        request.getfixturevalue("s3")
    to = "s3://drill/pruned" if kind == "s3" else tmp_path / "b"
    place, now = open_backup(to), datetime.now(UTC)
    first = back_up(out, to, ("masters",))
    (out / "campaign" / "report.csv").write_text("only the first has what was here")
    second = back_up(out, to, ("masters",))
    third = back_up(out, to, ("masters",), keep=2)
    before = place.sizes("files")

    assert third.pruned.backups == (first.name,)
    assert (third.pruned.num_files, third.pruned.waiting) == (0, (first.name,))
    assert backup_times(place) == [second.name, third.name]
    soon = prune(place, 2, now + timedelta(hours=23))
    assert (soon.num_files, place.sizes("files")) == (0, before)
    later = prune(place, 2, now + timedelta(hours=25))
    gone = first.backup.contents().keys() - second.backup.contents().keys()
    assert len(gone) == later.num_files == 1
    assert before.keys() - place.sizes("files").keys() == {file_name(*gone)}
    assert not place.sizes("pruned")
    assert restore(to, tmp_path / "new", time=second.name)[0].num_files > 0


def test_nothing_is_removed_while_a_backup_cannot_be_read(out, tmp_path):
    from flows.upkeep.backup import back_up
    from flows.upkeep.old_backups import prune

    now = datetime.now(UTC)
    back_up(out, tmp_path / "b", ("masters",))
    (out / "campaign" / "report.csv").write_text("another")
    kept = back_up(out, tmp_path / "b", ("masters",), keep=1)
    record = tmp_path / "b" / "backups" / f"{kept.name}.json"
    whole = record.read_bytes()
    record.write_bytes(whole.replace(b"campaign", b"campaigm", 1))
    before = open_backup(tmp_path / "b").sizes("files")

    told = prune(open_backup(tmp_path / "b"), 1, now + timedelta(days=2))

    assert "no file was removed" in told.left
    assert kept.name in told.left
    assert open_backup(tmp_path / "b").sizes("files") == before
    record.write_bytes(whole)
    assert prune(open_backup(tmp_path / "b"), 1, now + timedelta(days=2)).num_files == 1


def test_a_backup_whose_files_were_removed_meanwhile_is_none(out, tmp_path, monkeypatch):
    from flows.upkeep import backup
    from tasks.errors import StoreError

    write = backup._write

    def removed_meanwhile(place, at, made):
        place.remove(file_name(next(iter(made.contents()))))
        return write(place, at, made)

    monkeypatch.setattr(backup, "_write", removed_meanwhile)
    with pytest.raises(StoreError, match="was removed while this backup was made"):
        backup.back_up(out, tmp_path / "b", ())
    assert not backup_times(open_backup(tmp_path / "b"))


def test_a_video_replaced_while_it_is_backed_up_is_that_of_its_receipt(out, tmp_path):
    """A run at work: the file changes before its receipt does, and a decision is half written."""
    from flows.upkeep.backup import back_up

    folder = open_campaign(out, "campaign")
    (out / "campaign/videos/v0.mp4").write_bytes(b"what the next run is just writing")
    (out / "campaign/decisions.jsonl").write_bytes(b'{"whole": 1}\n{"hal')

    with folder.lock():
        backup = back_up(out, tmp_path / "b", ("masters",)).backup.campaigns[0]

    assert backup.was_at_work
    assert "videos/v0.json" not in backup.files
    assert "videos/v1.json" in backup.files
    assert any("v0" in each for each in backup.left)
    sha256 = backup.files["decisions.jsonl"].sha256
    kept = tmp_path / "b" / "files" / sha256[:2] / sha256
    assert kept.read_bytes() == b'{"whole": 1}\n'


def test_after_a_purge_the_campaign_is_finished_and_only_a_changed_row_is_rendered(
    nightshoot, finished, out, tmp_path
):
    manifest = tmp_path / "in" / finished.manifest.name
    shutil.copytree(finished.manifest.parent, manifest.parent)
    approve(nightshoot, out, "v0")

    young = succeeded(nightshoot("purge", out, "--older-than", "90d", "--yes"))
    assert "0 segments of 0 videos freed" in young
    asked = nightshoot("purge", out, "--older-than", "0d")
    assert asked.returncode == 2
    assert "3 segments of 1 video would be freed" in asked.stdout
    assert "1 video not approved by anybody; --unapproved" in asked.stdout
    assert not (out / "campaign/freed").exists(), "nobody said yes"
    with open_campaign(out, "campaign").lock():
        at_work = succeeded(nightshoot("purge", out, "--older-than", "0d", "--yes"))
    assert "a run is at work on it" in at_work
    assert not (out / "campaign/freed").exists()

    succeeded(nightshoot("purge", out, "--older-than", "0d", "--yes"))
    assert len(list((out / "campaign").glob("segments/*/*.mp4"))) == 3
    assert_finished(nightshoot, manifest, out)
    succeeded(nightshoot("purge", out, "--older-than", "0d", "--yes", "--unapproved"))
    assert not list((out / "campaign").glob("segments/*/*.*"))
    assert_finished(nightshoot, manifest, out)
    shutil.rmtree(out / "campaign/plans")
    assert_finished(nightshoot, manifest, out)
    succeeded(nightshoot("sweep", "campaign", "--out", out, "--verify"))

    manifest.write_text(manifest.read_text().replace("Number 1.", "Number one, changed."))
    changed = succeeded(nightshoot("render", manifest, "--out", out, "--json"))
    rendered = {o["video_id"]: o["num_segments_rendered"] for o in json.loads(changed)}
    assert rendered["v0"] == 0
    assert rendered["v1"] >= 3
    (out / "campaign/videos/v0.mp4").unlink()
    told = succeeded(nightshoot("render", manifest, "--out", out, "--json"))
    assert {o["video_id"]: o["num_segments_rendered"] for o in json.loads(told)}["v0"] == 3
    assert len(list((out / "campaign").glob("segments/*/*.mp4"))) >= 6


def test_what_a_purge_does_not_understand_stays(out):
    from datetime import UTC, datetime, timedelta

    from flows.upkeep.purge import PurgeRule, purge, survey

    rule = PurgeRule(datetime.now(UTC) + timedelta(days=1), has_unapproved=True)
    strange = out / "campaign/segments/zz/of-a-later-release.bin"
    strange.parent.mkdir()
    strange.write_bytes(b"?")
    plan = out / "campaign/plans/v0.json"
    whole = plan.read_bytes()
    plan.write_bytes(b"{}")
    (found,) = survey(out, rule)
    assert found.segments == ()
    assert "nothing of it is touched" in found.left[0]

    plan.write_bytes(whole)
    surveyed = survey(out, rule)
    assert len(surveyed[0].segments) == 6
    purge(out, rule, surveyed)
    left = [path.name for path in (out / "campaign/segments").rglob("*") if path.is_file()]
    assert left == [strange.name]
