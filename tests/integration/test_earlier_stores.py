"""Campaigns that earlier commits finished are found finished: nothing is spoken or rendered again.

The stores lie in ``tests/stores``, made by the code of the commit that names them. What another
machine would rightly make anew is held still here: a stand-in tells the version of ffmpeg that the
store was made with, and all is left out where voices are made by other packages than then.
"""

import hashlib
import json
import shlex
import shutil
from importlib.metadata import version
from pathlib import Path

import pytest

from tasks.processes.ffmpeg import ffmpeg_path
from tasks.store.record_json import sealed
from tests.integration.campaigns import ROOT

pytestmark = pytest.mark.integration

STORES = ROOT / "tests" / "stores"
COMMITS = ("e927a16", "e7a661c")
PAID = ("segments", "speech", "videos", "portraits")


@pytest.fixture(params=COMMITS)
def manifest(request, tmp_path) -> Path:
    """A copy of a commit's store in ``tmp_path/campaign``, beside its manifest."""
    for name in dict.fromkeys((COMMITS[0], request.param)):  # e7a661c holds what differs
        shutil.copytree(STORES / name, tmp_path, dirs_exist_ok=True)
    spoken = [
        json.loads(path.read_text()) for path in (tmp_path / "campaign/speech").glob("*.json")
    ]
    for name, was in {k: v for speech in spoken for k, v in speech["versions"].items()}.items():
        if name != "ffmpeg" and version(name) != was:
            pytest.skip(f"{name} is {version(name)} here, {was} in the store: another speech id")
    return tmp_path / "campaign.csv"


@pytest.fixture
def command(nightshoot, manifest):
    """The command line, whose ffmpeg says it is the one that the store was made with."""
    about = json.loads((manifest.parent / "campaign" / "campaign.json").read_text())
    stand_in = manifest.parent / "ffmpeg-of-then"
    real, banner = shlex.quote(ffmpeg_path()), shlex.quote(about["ffmpeg"])
    stand_in.write_text(
        "#!/bin/sh\n"
        f'[ "$*" = -version ] || exec {real} "$@"\n'
        f"{real} -version | {{ read -r first; printf '%s\\n' {banner}; cat; }}\n"
    )
    stand_in.chmod(0o755)

    def run(*arguments: object, **env: str):
        done = nightshoot(*arguments, NIGHTSHOOT_FFMPEG=str(stand_in), **env)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    return run


def files(root: Path) -> dict[str, str]:
    """Sha256 of everything that was paid for, and when it was written; of records, what they say.

    Records of these commits have no digest yet, and are given one.
    """
    return {
        str(path.relative_to(root)): said(path.read_bytes())
        if path.suffix == ".json"
        else f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.stat().st_mtime_ns}"
        for folder in PAID
        for path in sorted((root / folder).rglob("*"))
        if path.is_file()
    }


def said(record: bytes) -> str:
    fields = json.loads(record)
    return json.dumps({k: v for k, v in fields.items() if k not in ("schema", "digest")})


def plans(root: Path) -> dict[str, dict]:
    found = (json.loads(path.read_text()) for path in sorted((root / "plans").glob("*.json")))
    return {stored["plan"]["video_id"]: stored for stored in found}


def keys(root: Path) -> dict[str, tuple[str, list[dict]]]:
    """The speech id and the segments of every plan, without fields that say nothing of one."""
    told = {name: stored["plan"] for name, stored in plans(root).items()}
    return {
        name: (
            plan["speech_id"],
            [
                {key: value for key, value in s.items() if value is not None}
                for s in plan["segments"]
            ],
        )
        for name, plan in told.items()
    }


def assert_finished(done) -> None:
    assert "3 of 3 videos done, 0 failed; 0 segments rendered" in done.stdout


def test_a_finished_campaign_is_found_finished(command, manifest):
    root = manifest.parent / "campaign"
    before = files(root)
    assert len([name for name in before if name.startswith("videos") and ".mp4" in name]) == 3

    assert_finished(command("render", manifest, "--out", manifest.parent))

    assert files(root) == before
    for folder in ("plans", "segments", "videos"):
        for path in (root / folder).rglob("*.json"):
            assert sealed(path.name, path.read_bytes()) is None, f"{path} has no digest"


def test_a_finished_campaign_is_all_done_in_its_status_and_whole_in_its_sweep(command, manifest):
    told = command("status", "campaign", "--out", manifest.parent, "--json")

    assert {each["status"] for each in json.loads(told.stdout)} == {"done"}
    command("sweep", "campaign", "--out", manifest.parent, "--verify")


# of the other commit it is found on a disk, by the same records
@pytest.mark.parametrize(
    "manifest",
    [COMMITS[0], *(pytest.param(each, marks=pytest.mark.sweep) for each in COMMITS[1:])],
    indirect=True,
)
def test_a_finished_campaign_on_s3_is_found_finished(command, manifest, seaweed, tmp_path):
    bucket, s3, env = seaweed.new_bucket(), seaweed.client(), seaweed.env()
    root = manifest.parent / "campaign"
    names = [str(path.relative_to(root)) for path in sorted(root.rglob("*")) if path.is_file()]
    for name in names:
        s3.put_object(Bucket=bucket, Key=f"night/campaign/{name}", Body=(root / name).read_bytes())

    def body(name: str) -> bytes:
        return s3.get_object(Bucket=bucket, Key=f"night/campaign/{name}")["Body"].read()

    def stored() -> dict[str, str]:
        listed = s3.list_objects_v2(Bucket=bucket, Prefix="night/campaign/")["Contents"]
        told = {each["Key"].removeprefix("night/campaign/"): each for each in listed}
        return {
            name: said(body(name))
            if name.endswith(".json")
            else f"{each['ETag']} {each['LastModified']}"
            for name, each in told.items()
            if name.partition("/")[0] in PAID
        }

    before = stored()
    assert len(before) == len([name for name in names if name.partition("/")[0] in PAID])

    scratch = str(tmp_path / "scratch")
    out = f"s3://{bucket}/night"
    assert_finished(command("render", manifest, "--out", out, NIGHTSHOOT_SCRATCH=scratch, **env))

    assert stored() == before


@pytest.mark.parametrize("manifest", COMMITS[:1], indirect=True)
@pytest.mark.sweep
def test_a_loudness_that_is_asked_for_is_delivered_and_no_segment_rendered_again(command, manifest):
    root = manifest.parent / "campaign"
    before = files(root)

    assert_finished(command("render", manifest, "--out", manifest.parent, "--loudness", "-16"))

    after = files(root)
    changed = {name for name in after if after[name] != before.get(name)}
    assert {name for name in changed if not name.startswith("videos/")} == set()
    assert {name for name in changed if name.endswith(".mp4")} == {
        name for name in before if name.startswith("videos/") and name.endswith(".mp4")
    }
    assert_finished(command("render", manifest, "--out", manifest.parent))
    assert files(root) == after, "nobody asked for another"


@pytest.mark.parametrize("manifest", COMMITS[:1], indirect=True)
@pytest.mark.sweep
def test_another_seed_renders_that_video_alone(command, manifest):
    """The proof that the tests above can fail."""
    root = manifest.parent / "campaign"
    before = files(root)
    text = manifest.read_text()
    manifest.write_text(text.replace("192x128,quick,1,", "192x128,quick,99,"))
    assert manifest.read_text() != text

    done = command("render", manifest, "--out", manifest.parent, "--json")

    rendered = {o["video_id"]: o["num_segments_rendered"] for o in json.loads(done.stdout)}
    after = files(root)
    assert rendered["lamp-en"] == 1
    assert [name for name in before if after.get(name) != before[name]] == [
        name for name in before if name.startswith("videos/lamp-en.")
    ]
    assert len([name for name in after if name.startswith("segments") and ".mp4" in name]) == 4


# both commits have the same speech
@pytest.mark.parametrize(
    "manifest",
    [COMMITS[0], *(pytest.param(each, marks=pytest.mark.sweep) for each in COMMITS[1:])],
    indirect=True,
)
def test_rows_planned_anew_from_their_speech_are_framed_and_drawn_as_today(command, manifest):
    root = manifest.parent / "campaign"
    fresh = manifest.parent / "fresh" / "campaign"
    shutil.copytree(root / "speech", fresh / "speech")

    command("plan", manifest, "--out", fresh.parent, "--loudness", "off", "--workers", 1)

    for name, (speech_id, segments) in keys(root).items():
        assert keys(fresh)[name][0] == speech_id
        assert keys(fresh)[name][1] != segments


def test_a_campaign_whose_plans_are_lost_renders_nothing_again(command, manifest):
    root = manifest.parent / "campaign"
    then, before = plans(root), keys(root)
    shutil.rmtree(root / "plans")

    assert_finished(command("render", manifest, "--out", manifest.parent))

    assert keys(root) == before
    assert {name: stored["sha256"] for name, stored in plans(root).items()} == {
        name: stored["sha256"] for name, stored in then.items()
    }


@pytest.mark.parametrize("manifest", COMMITS[:1], indirect=True)
def test_a_damaged_segment_of_an_earlier_engine_has_its_video_planned_anew(command, manifest):
    """The engine of today would file other pixels under the same key."""
    root = manifest.parent / "campaign"
    before = keys(root)
    (key,) = (segment["key"] for segment in before["lamp-en"][1])
    for path in (root / "segments").rglob(f"{key}*"):
        path.unlink()

    done = command("render", manifest, "--out", manifest.parent)

    assert "3 of 3 videos done, 0 failed; 1 segment rendered" in done.stdout
    assert "an earlier version of engine preview began it" in done.stdout + done.stderr
    assert keys(root)["lamp-en"][1] != before["lamp-en"][1]
    assert not list((root / "segments").rglob(f"{key}*"))
