"""Nights in which everything dies: kill -9 of each part of a cluster, and of its database.

Every campaign here ends without a person, with the bytes of an undisturbed one, and nothing is
rendered twice but what a kill met in flight (``tests/integration/kills.py``).
"""

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tasks.records import StoredPlan
from tasks.store.record_json import read_record
from tests.integration.campaigns import write_campaign
from tests.integration.kills import (
    OUTAGE_S,
    Campaign,
    Crew,
    Folder,
    Objects,
    Place,
    digests,
    engine_hosts,
    finished_videos,
    flow_process,
    messages,
    outage,
    processes_of,
    send,
    submitted,
)
from tests.integration.servers import Postgres, PrefectCluster, wait_until
from tests.seaweed import Seaweed

pytestmark = pytest.mark.integration

NUM_SEGMENTS = 4
DENIED_S = 25.0


def manifest_named(folder: Path, name: str, num_videos: int) -> Path:
    manifest = write_campaign(folder, num_videos=num_videos, num_sentences=NUM_SEGMENTS)
    return manifest.rename(manifest.with_name(f"{name}.csv"))


def rendered_calmly(cluster: PrefectCluster, folder: Path, num_videos: int) -> dict[str, str]:
    """Digests of videos rendered on one machine without any trouble."""
    manifest = manifest_named(folder / "in", "calm", num_videos)
    done = cluster.nightshoot("render", manifest, "--out", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return digests(Folder(folder / "calm"))


@pytest.fixture(scope="module")
def undisturbed(
    cluster: PrefectCluster, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Of eight videos, for the long kills."""
    return rendered_calmly(cluster, tmp_path_factory.mktemp("undisturbed"), 8)


@pytest.fixture(scope="module")
def four_undisturbed(
    cluster: PrefectCluster, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Of the first four of them, for what every run of the cluster tests proves."""
    return rendered_calmly(cluster, tmp_path_factory.mktemp("four"), 4)


def check_whole(campaign: Campaign, undisturbed: dict[str, str], num_videos: int) -> int:
    """It ended well, with the right bytes, and paid once; segments rendered twice."""
    run = campaign.finish()
    assert run["state_type"] == "COMPLETED", run["state"]["message"]
    assert f"{num_videos} done" in run["state"]["message"]
    video_runs = campaign.video_runs().values()
    assert {video_run["state_type"] for video_run in video_runs} == {"COMPLETED"}
    names = {f"v{number}" for number in range(num_videos)}
    expected = {name: sha for name, sha in undisturbed.items() if name.split(".")[0] in names}
    assert digests(campaign.place) == expected
    return campaign.check_renders()


# --- one part dies ------------------------------------------------------------------------------


@pytest.mark.cluster
def test_a_killed_video_flow_and_a_killed_engine_host_cost_the_segment_in_flight(
    crew: Crew, four_undisturbed: dict[str, str], tmp_path: Path
):
    manifest = manifest_named(tmp_path, "small-kills", 4)
    slow = ("--set", "delay_ms=20")
    campaign = submitted(crew, Folder(tmp_path / "small-kills"), manifest, tmp_path, *slow)
    first, second = crew.gpus

    campaign.kill_at_work(first, lambda: flow_process(first), num_finished=2)
    campaign.kill_at_work(second, lambda: next(iter(engine_hosts(second)), None), num_finished=3)

    num_twice = check_whole(campaign, four_undisturbed, 4)
    assert num_twice == 2, "both kills met a segment in flight"


@pytest.mark.faults
def test_a_gpu_worker_killed_alone_and_another_with_its_flow_and_host(
    crew: Crew, undisturbed: dict[str, str], tmp_path: Path
):
    manifest = manifest_named(tmp_path, "worker-kills", 8)
    slow = ("--set", "delay_ms=40")
    campaign = submitted(crew, Folder(tmp_path / "worker-kills"), manifest, tmp_path, *slow)
    first, second = crew.gpus

    campaign.wait_in_flight(first, num_finished=1)
    campaign.kill(first.kill, first)
    outage(OUTAGE_S)
    first.start()
    campaign.wait_in_flight(second)
    campaign.kill(second.kill_all, second)
    outage(OUTAGE_S)
    second.start()

    check_whole(campaign, undisturbed, 8)


@pytest.mark.faults
def test_the_cpu_worker_killed_with_its_campaign(
    crew: Crew, undisturbed: dict[str, str], tmp_path: Path
):
    manifest = manifest_named(tmp_path, "campaign-kill", 6)
    slow = ("--set", "delay_ms=40")
    campaign = submitted(crew, Folder(tmp_path / "campaign-kill"), manifest, tmp_path, *slow)

    campaign.wait_in_flight(crew.gpus[0], num_finished=1)
    campaign.kill(crew.cpu.kill_all)
    outage(OUTAGE_S)
    crew.cpu.start()

    assert check_whole(campaign, undisturbed, 6) == 0, "the videos did not notice"
    assert len(campaign.video_runs()) == 6, "the revived campaign found the runs it had made"


@pytest.mark.faults
def test_prefects_server_away_for_twenty_seconds_and_for_seventy(
    crew: Crew, undisturbed: dict[str, str], tmp_path: Path
):
    manifest = manifest_named(tmp_path, "server-kills", 6)
    slow = ("--set", "delay_ms=60")
    campaign = submitted(crew, Folder(tmp_path / "server-kills"), manifest, tmp_path, *slow)
    cluster = crew.cluster

    campaign.wait_in_flight(crew.gpus[0], num_finished=1)
    for seconds in (20.0, 70.0):
        campaign.kill(cluster.kill)
        outage(seconds)
        cluster.start()
        campaign.wait_progress(2)

    assert check_whole(campaign, undisturbed, 6) == 0, "nothing died but the server"


# --- S3 -----------------------------------------------------------------------------------------


@pytest.fixture
def bucket(seaweed: Seaweed) -> str:
    return seaweed.new_bucket()


def objects(seaweed: Seaweed, bucket: str, campaign: str) -> Objects:
    return Objects(seaweed.client(), bucket, f"night/{campaign}")


def frozen_in_flight(campaign: Campaign, weed: psutil.Process) -> str:
    """Freeze the S3 server while the first GPU's segment is being drawn; the segment's key."""
    worker = campaign.crew.gpus[0]

    def seen() -> str:
        keys = campaign.in_flight(worker)
        weed.suspend()
        drawn_now = keys - campaign.rendered(worker)
        if len(drawn_now) == 1:
            return drawn_now.pop()
        weed.resume()
        return ""

    return wait_until(seen, 120, "the S3 server is frozen in the middle of a segment")


@pytest.mark.faults
def test_the_uploader_killed_while_it_uploads_and_then_the_s3_server(
    crew: Crew, undisturbed: dict[str, str], seaweed: Seaweed, bucket: str, tmp_path: Path
):
    manifest = manifest_named(tmp_path, "s3-kills", 6)
    place = objects(seaweed, bucket, "s3-kills")
    slow = ("--set", "delay_ms=30")
    campaign = submitted(crew, place, manifest, f"s3://{bucket}/night", *slow)
    first = crew.gpus[0]
    campaign.wait_in_flight(first, num_finished=1)
    weed = psutil.Process(seaweed.daemon.pid)

    key = frozen_in_flight(campaign, weed)
    try:
        made = f"**/segments/*/{key}.*.mp4"
        wait_until(lambda: any(crew.scratch.glob(made)), 120, "the segment is to be put")
        send(flow_process(first))
    finally:
        weed.resume()
    assert key in campaign.kill(lambda: None, first), "it was killed before its receipt"
    campaign.wait_progress(3)
    campaign.kill(seaweed.kill)
    outage(OUTAGE_S)
    seaweed.start()

    num_twice = check_whole(campaign, undisturbed, 6)
    assert num_twice == 1, "the killed upload's segment, and nothing for the server's death"
    wait_until(lambda: not files_under(crew.scratch), 60, "no scratch file is left behind")


def files_under(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def segment_names(place: Place, video: str, index: int) -> dict[str, str]:
    """Names of a segment's files and receipt, by suffix."""
    file = f"plans/{video}.json"
    plan = read_record(file, place.read(file), StoredPlan).plan
    stem = f"segments/{plan.segments[index].key[:2]}/{plan.segments[index].key}."
    return {Path(name).suffix: name for name in place.names() if name.startswith(stem)}


def flip_a_byte(place: Place, name: str) -> None:
    data = bytearray(place.read(name))
    data[len(data) // 2] ^= 1
    place.write(name, bytes(data))


@pytest.mark.faults
def test_damage_on_s3_is_found_repaired_and_said_by_the_next_run(
    crew: Crew, undisturbed: dict[str, str], seaweed: Seaweed, bucket: str, tmp_path: Path
):
    manifest = manifest_named(tmp_path, "s3-damage", 3)
    place, out = objects(seaweed, bucket, "s3-damage"), f"s3://{bucket}/night"
    check_whole(submitted(crew, place, manifest, out), undisturbed, 3)
    # a receipt without its file, a file without its receipt, a flipped byte: of videos, which
    # makes the next run look at their segments, and of segments
    place.remove("videos/v0.mp4")
    place.remove(segment_names(place, "v0", 0)[".mp4"])
    place.remove("videos/v1.json")
    place.remove(segment_names(place, "v1", 1)[".json"])
    flip_a_byte(place, "videos/v2.mp4")
    flip_a_byte(place, segment_names(place, "v2", 2)[".mp4"])

    repair = submitted(crew, place, manifest, out)

    check_whole(repair, undisturbed, 3)
    assert sum(repair.begun().values()) == 3, "one segment of each video"
    said = messages(crew.cluster, repair.run_id)
    for video, damage in (("v0", "v0.mp4 is missing"), ("v2", "does not match the sha256")):
        assert any(video in line and damage in line for line in said.splitlines()), said
    runs = repair.video_runs()
    for video, number, damage in (("v0", 1, "is missing"), ("v2", 3, "does not match the sha256")):
        told = messages(crew.cluster, runs[f"s3-damage/{video}"]["id"])
        again = [line for line in told.splitlines() if f"rendering segment {number} again" in line]
        assert again, told
        assert damage in again[-1]


@pytest.mark.faults
def test_two_campaigns_at_once_on_one_bucket(
    crew: Crew, undisturbed: dict[str, str], seaweed: Seaweed, bucket: str, tmp_path: Path
):
    pair: list[Campaign] = []
    for name, delay_ms in (("one", 5), ("two", 6)):
        manifest, place = manifest_named(tmp_path, name, 3), objects(seaweed, bucket, name)
        options = ("--set", f"delay_ms={delay_ms}")  # other keys, so that each is counted alone
        pair.append(submitted(crew, place, manifest, f"s3://{bucket}/night", *options))

    for campaign in pair:
        assert check_whole(campaign, undisturbed, 3) == 0


# --- refused before any video run ---------------------------------------------------------------


def refused(crew: Crew, campaign: str, manifest: Path, out: str, env: dict[str, str]) -> Any:
    """A campaign whose process has other variables than its worker; the run."""
    request = {"manifest": str(manifest), "out": out, "campaign": campaign}
    variables = {"env": env}
    return crew.cluster.run_deployment(
        "campaign/adhoc", {"request": request}, job_variables=variables
    )


@pytest.mark.faults
def test_a_campaign_that_cannot_be_kept_is_refused_before_any_video_run(
    crew: Crew, seaweed: Seaweed, bucket: str, tmp_path: Path
):
    manifest = manifest_named(tmp_path, "refused", 1)
    out = f"s3://{bucket}/night"
    wrong = {"AWS_SECRET_ACCESS_KEY": "wrong"}
    cases = {
        "wrong-credentials": (out, wrong, "the server refuses the credentials"),
        "missing-bucket": ("s3://never-made/night", {}, 'there is no bucket "never-made"'),
        "read-only": (out, seaweed.env("reader"), "the credentials do not allow that"),
    }
    runs = {
        name: refused(crew, name, manifest, where, env) for name, (where, env, _) in cases.items()
    }

    for name, (_, _, why) in cases.items():
        ended = crew.cluster.wait_for_run(runs[name]["id"], 180)
        assert ended["state_type"] == "FAILED", name
        assert why in ended["state"]["message"]
        assert "secret" not in ended["state"]["message"].replace("AWS_SECRET_ACCESS_KEY", "")
        assert not crew.cluster.flow_runs(flow_runs={"name": {"like_": f"{name}/"}})


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with no room left; only where one can be mounted."""
    if shutil.which("mount") is None:
        pytest.skip("there is no mount on this machine, so no small tmpfs")
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a small tmpfs can be mounted by root only")
    try:
        with pytest.raises(OSError, match="No space left"):
            (disk / "filler").write_bytes(bytes(1 << 20))
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.faults
@pytest.mark.parametrize("where", ["out", "scratch"])
def test_a_full_disk_is_told_before_any_video_run(
    crew: Crew, bucket: str, full_disk: Path, tmp_path: Path, where: str
):
    name = f"full-{where}"
    manifest = manifest_named(tmp_path, name, 1)
    env = {"NIGHTSHOOT_SCRATCH": str(full_disk)} if where == "scratch" else {}
    out = f"s3://{bucket}/night" if where == "scratch" else str(full_disk)

    ended = crew.cluster.wait_for_run(refused(crew, name, manifest, out, env)["id"], 180)

    assert ended["state_type"] == "FAILED"
    assert "No space left on device" in ended["state"]["message"]
    assert str(full_disk) in ended["state"]["message"]
    assert not crew.cluster.flow_runs(flow_runs={"name": {"like_": f"{name}/"}})


# --- cancelled ----------------------------------------------------------------------------------


@pytest.fixture
def machine(crew: Crew, cluster: PrefectCluster, tmp_path: Path) -> Iterator[Crew]:
    """One worker that owns two GPUs, alone in its pool."""
    with (
        crew.gpus_at_rest(),
        Crew(cluster, tmp_path, {}, ("0,1",), cpu=crew.cpu) as other,
    ):
        yield other


def plain_video_run(campaign: Campaign, video: str) -> str:
    """A run of one video without a worker's host, so that it starts its own; its id."""
    name = f"plans/{video}.json"
    wait_until(lambda: name in campaign.place.names(), 60, f"{video} is planned")
    request = {
        "out": campaign.out,
        "campaign": campaign.name,
        "video_id": video,
        "plan_sha256": read_record(name, campaign.place.read(name), StoredPlan).sha256,
    }
    variables = {"gpus": 0, "engine": ""}
    cluster = campaign.cluster
    run = cluster.run_deployment("video/render", {"request": request}, job_variables=variables)

    def has_host() -> bool:
        lines = [" ".join(process.cmdline()) for process in processes_of(cluster, [run["id"]])]
        return any("model.host" in line for line in lines)

    wait_until(has_host, 120, "the plain run has an engine host of its own")
    return run["id"]


def call_crashed(cluster: PrefectCluster, run_ids: list[str]) -> None:
    """What the server does to runs whose heartbeats it missed."""
    for run_id in run_ids:
        body = {"state": {"type": "CRASHED", "name": "Crashed"}, "force": True}
        answer = cluster.request("POST", f"/flow_runs/{run_id}/set_state", body)
        assert answer["status"] == "ACCEPT", answer


@pytest.mark.parametrize(
    "outage_s",
    [pytest.param(0.0, marks=pytest.mark.cluster), pytest.param(65.0, marks=pytest.mark.faults)],
)
def test_runs_deny_a_crash_and_once_cancelled_leave_no_process_and_no_lease(
    machine: Crew, four_undisturbed: dict[str, str], tmp_path: Path, outage_s: float
):
    cluster, name = machine.cluster, f"cancelled-{outage_s:.0f}"
    manifest = manifest_named(tmp_path, name, 3)
    # the first segment takes minutes: no run ends by itself before it is called crashed
    slow = ("--set", "delay_ms=1500", "--outstanding", 1)
    campaign = submitted(machine, Folder(tmp_path / name), manifest, tmp_path, *slow)
    campaign.wait_in_flight(machine.gpus[0])
    begun = {run_name.partition("/")[2] for run_name in campaign.video_runs()}
    plain = plain_video_run(campaign, min({"v0", "v1", "v2"} - begun))
    if outage_s:
        cluster.kill()
        outage(outage_s)
        cluster.start()
        # it calls runs crashed whose heartbeats could not come, and they deny it
        began = time.monotonic()
        wait_until(lambda: time.monotonic() > began + DENIED_S, 120, "the server is up for a while")

    run_ids = [campaign.run_id, plain, *(run["id"] for run in campaign.video_runs().values())]
    call_crashed(cluster, run_ids)
    for run_id in run_ids:
        assert cluster.wait_for_run(run_id, 180, frozenset({"RUNNING"}))
    for run_id in (campaign.run_id, plain):
        asked = cluster.prefect("flow-run", "cancel", run_id)
        assert asked.returncode == 0, asked.stdout + asked.stderr

    wait_until(lambda: not processes_of(cluster, run_ids), 180, "no process of these runs is left")
    for run_id in run_ids:
        cancelled = cluster.wait_for_run(run_id, 180)
        assert cancelled["state_type"] == "CANCELLED", cancelled["state"]
    assert set(campaign.begun().values()) == {1}, "nobody took the place of a run that lived"
    whole = submitted(
        machine, campaign.place, manifest, tmp_path, "--gpus", 2, "--set", "delay_ms=0"
    )
    check_whole(whole, four_undisturbed, 3)


# --- the database is gone -----------------------------------------------------------------------


def wipe_database(cluster: PrefectCluster, postgres: Postgres) -> None:
    """Of a server that is dead; it is started again and made ready."""
    postgres.query("drop database prefect with (force)")
    postgres.query("create database prefect")
    cluster.start()
    made = cluster.nightshoot("cluster", "up")
    assert made.returncode == 0, made.stdout + made.stderr


def half_done(crew: Crew, tmp_path: Path, name: str) -> Campaign:
    """A campaign of six videos that has finished two."""
    manifest = manifest_named(tmp_path, name, 6)
    slow = ("--set", "delay_ms=30")
    campaign = submitted(crew, Folder(tmp_path / name), manifest, tmp_path, *slow)
    wait_until(lambda: len(finished_videos(campaign.place)) >= 2, 240, "two videos are finished")
    return campaign


def retry(campaign: Campaign) -> None:
    seen = campaign.cluster.nightshoot_json("retry", campaign.name, "--out", campaign.out)
    campaign.run_id = seen["run_id"]


@pytest.mark.faults
def test_a_retry_after_everything_died_and_the_database_was_wiped_makes_what_was_missing(
    crew: Crew, postgres: Postgres, undisturbed: dict[str, str], tmp_path: Path
):
    campaign = half_done(crew, tmp_path, "wiped")

    def all_die() -> None:
        crew.cluster.kill()
        for worker in (crew.cpu, *crew.gpus):
            worker.kill_all()

    campaign.kill(all_die, *crew.gpus)
    finished = finished_videos(campaign.place)
    assert len(finished) < 6
    wipe_database(crew.cluster, postgres)
    crew.restore()
    retry(campaign)

    check_whole(campaign, undisturbed, 6)
    names = set(campaign.video_runs())
    assert names == {f"wiped/v{number}" for number in range(6)} - {f"wiped/{v}" for v in finished}


@pytest.mark.faults
def test_a_retry_after_the_database_was_wiped_under_running_workers_makes_what_was_missing(
    crew: Crew, postgres: Postgres, undisturbed: dict[str, str], tmp_path: Path
):
    campaign = half_done(crew, tmp_path, "forgotten")
    old_run_id = campaign.run_id
    crew.cluster.kill()
    wipe_database(crew.cluster, postgres)
    wait_until(
        lambda: not processes_of(crew.cluster, [old_run_id]), 120, "the lost campaign has ended"
    )
    assert "has lost its deployment" in crew.cpu.log_text()
    retry(campaign)

    run = campaign.finish()
    assert run["state_type"] == "COMPLETED", run["state"]["message"]
    expected = {name: sha for name, sha in undisturbed.items() if name[:2] < "v6"}
    assert digests(campaign.place) == expected
    # nobody knows the runs that were under way; one slot may take up a video that the other is at
    begun = campaign.begun()
    assert sum(begun.values()) - len(begun) <= len(crew.gpus)
