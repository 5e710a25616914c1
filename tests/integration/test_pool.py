"""Campaigns on a real Prefect server with real workers: the null engine, PostgreSQL."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.campaigns import receipts, video_digests, write_campaign
from tests.integration.kills import Crew
from tests.integration.servers import PrefectCluster, Worker, wait_until
from tests.integration.test_gate_campaign import flaw, write_manifest

pytestmark = [pytest.mark.integration, pytest.mark.cluster]

TIMEOUT_S = 300


def submit(cluster: PrefectCluster, manifest: Path, out: object, *options: object) -> Any:
    """A campaign submitted and awaited; the run."""
    seen = cluster.nightshoot_json("submit", manifest, "--out", out, *options)
    return cluster.wait_for_run(seen["run_id"], timeout_s=TIMEOUT_S)


def video_runs(cluster: PrefectCluster, campaign: str) -> dict[str, dict[str, Any]]:
    found = cluster.flow_runs(flow_runs={"name": {"like_": f"{campaign}/"}}, limit=200)
    return {run["name"]: run for run in found}


@pytest.fixture
def workers(crew: Crew) -> list[Worker]:
    """One for campaigns, two for videos with a slot each."""
    return [crew.cpu, *crew.gpus]


def test_two_workers_share_a_campaign_and_make_the_videos_of_one_machine(
    cluster: PrefectCluster, workers: list[Worker], tmp_path: Path
):
    manifest = write_campaign(tmp_path / "shared", num_videos=3, num_sentences=1)
    manifest = manifest.rename(manifest.with_name("shared.csv"))
    here = cluster.nightshoot("render", manifest, "--out", tmp_path / "here")
    assert here.returncode == 0, here.stderr

    run = submit(cluster, manifest, tmp_path / "there", "--outstanding", 3)

    assert run["state_type"] == "COMPLETED", run["state"]["message"]
    assert run["name"] == "shared"
    assert video_digests(tmp_path / "there/shared") == video_digests(tmp_path / "here/shared")
    runs = video_runs(cluster, "shared")
    assert {run["state_type"] for run in runs.values()} == {"COMPLETED"}
    assert set(runs) == {f"shared/v{number}" for number in range(3)}
    did = [
        sum(run["id"] in worker.daemon.log_text() for run in runs.values()) for worker in workers
    ]
    assert did[0] == 0
    assert min(did[1:]) > 0, f"both GPU workers work, they took {did[1:]}"
    assert sum(did[1:]) >= 3, "both may ask for one run; the server gives it to one of them"
    artifacts = cluster.request("POST", "/artifacts/latest/filter", {"limit": 50})
    kinds = {each["key"]: each["type"] for each in artifacts}
    assert kinds["shared-progress"] == "progress"
    assert kinds["shared-videos"] == "table"
    assert "shared-failures" not in kinds

    again = submit(cluster, manifest, tmp_path / "there")

    assert again["state_type"] == "COMPLETED"
    assert len(video_runs(cluster, "shared")) == 3, "nothing was left to render"


# test_prefect_ui.py reads the same of a campaign with two bad rows and two good ones
@pytest.mark.sweep
def test_one_bad_row_is_told_with_the_command_to_retry_and_the_others_are_made(
    cluster: PrefectCluster, workers: list[Worker], tmp_path: Path
):
    manifest = write_campaign(tmp_path / "bad", num_videos=3, num_sentences=1)
    # narrower than the null engine can draw: it breaks the engine's rules, while it is rendered
    lines = manifest.read_text().replace("96x64", "32x32", 1)
    manifest = manifest.with_name("one-bad.csv")
    manifest.write_text(lines)

    run = submit(cluster, manifest, tmp_path / "out")

    assert run["state_type"] == "FAILED"
    assert "2 done, 1 failed" in run["state"]["message"]
    assert len(video_digests(tmp_path / "out/one-bad")) == 6  # mp4, srt, vtt
    artifacts = cluster.request("POST", "/artifacts/latest/filter", {"limit": 50})
    told = next(each["data"] for each in artifacts if each["key"] == "one-bad-failures")
    assert f"nightshoot retry one-bad --out {tmp_path / 'out'}" in told
    assert "width must be at least 48" in told


# test_gates_pool.py holds one on a pool as well
@pytest.mark.sweep
def test_a_video_that_no_new_seed_heals_is_held_on_a_pool_as_on_one_machine(
    cluster: PrefectCluster, workers: list[Worker], tmp_path: Path
):
    manifest = write_manifest(tmp_path / "in", "stays").rename(tmp_path / "in" / "held.csv")
    options = ("--gate-tries", 1, *flaw("frozen"))
    alone = ("render", manifest, "--out", tmp_path / "here", *options)
    here = cluster.nightshoot(*alone, timeout_s=300)
    assert here.returncode == 1, here.stdout + here.stderr

    run = submit(cluster, manifest, tmp_path / "there", *options)

    assert run["state_type"] == "FAILED"
    assert "1 held" in run["state"]["message"]
    assert video_digests(tmp_path / "there/held") == video_digests(tmp_path / "here/held")
    assert sorted(receipts(tmp_path / "there/held")) == sorted(receipts(tmp_path / "here/held"))
    artifacts = cluster.request("POST", "/artifacts/latest/filter", {"limit": 50})
    told = next(each["data"] for each in artifacts if each["key"] == "held-failures")
    assert "1 video held" in told
    assert "picture frozen for 1.0 s from 0:01" in told


def test_a_poisoned_engine_stops_the_campaign_after_three_rows(
    cluster: PrefectCluster, workers: list[Worker], tmp_path: Path
):
    manifest = write_campaign(tmp_path / "poison", num_videos=8, num_sentences=1)
    manifest = manifest.rename(manifest.with_name("poisoned.csv"))
    options = ("--set", "fail=row", "--outstanding", 2)

    run = submit(cluster, manifest, tmp_path / "out", *options)

    assert run["state_type"] == "FAILED"
    assert "3 different videos" in run["state"]["message"]
    runs = video_runs(cluster, "poisoned")
    assert 3 <= len(runs) <= 6, "the rest was never started"
    assert not receipts(tmp_path / "out/poisoned")


@pytest.mark.faults
def test_the_window_closes_in_the_middle_and_the_next_night_makes_the_rest(
    cluster: PrefectCluster, workers: list[Worker], tmp_path: Path
):
    manifest = write_campaign(tmp_path / "night", num_videos=6)
    manifest = manifest.rename(manifest.with_name("night.csv"))
    slow = ("--set", "delay_ms=40")  # a video takes 16 s, and there are two slots
    # windows end on whole minutes: begin where 45 to 60 seconds are left
    wait_until(lambda: datetime.now(UTC).second <= 15, 60, "a minute begins")
    now = datetime.now(UTC)
    window = f"{now - timedelta(hours=2):%H:%M}-{now + timedelta(minutes=1):%H:%M}"

    first = submit(cluster, manifest, tmp_path / "out", *slow, "--window", window)

    videos = tmp_path / "out/night/videos"
    done = len(list(videos.glob("*.mp4")))
    assert first["state_type"] == "COMPLETED", first["state"]["message"]
    assert f"{6 - done} pending" in first["state"]["message"]
    assert 0 < done < 6
    states = {run["state_name"] for run in video_runs(cluster, "night").values()}
    assert states <= {"Completed", "CarriedOver"}
    report = (tmp_path / "out/night/report.csv").read_text()
    assert report.count("left for the next night") == 6 - done
    finished = receipts(tmp_path / "out/night")

    second = submit(cluster, manifest, tmp_path / "out", *slow)

    assert second["state_type"] == "COMPLETED", second["state"]["message"]
    assert len(list(videos.glob("*.mp4"))) == 6
    kept = receipts(tmp_path / "out/night")
    assert {key: kept[key] for key in finished} == finished, "nothing finished was rendered again"
