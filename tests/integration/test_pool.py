"""Campaigns on a real Prefect server with real workers: the null engine, PostgreSQL."""

from collections import Counter
from pathlib import Path

import pytest

from tests.integration.campaigns import receipts, video_digests, write_campaign
from tests.integration.servers import PrefectCluster

pytestmark = [pytest.mark.integration, pytest.mark.cluster]

GPU = {"type_": "gpu-process", "env": {"NIGHTSHOOT_GPU_SLOTS": "0,1"}}


def submitted(cluster: PrefectCluster, manifest: Path, out: object, *options: object) -> str:
    """Submit a campaign; returns the run's id."""
    return cluster.nightshoot_json("submit", manifest, "--out", out, *options)["run_id"]


def test_two_workers_share_a_campaign_and_give_the_videos_of_one_machine(
    cluster: PrefectCluster, start_worker, nightshoot, tmp_path: Path
):
    manifest = write_campaign(tmp_path, num_videos=6)
    assert nightshoot("render", manifest, "--out", tmp_path / "here").returncode == 0
    start_worker("cpu")
    slots = str(tmp_path / "leases")
    workers = [
        start_worker("gpu", type_="gpu-process", env={"NIGHTSHOOT_GPU_SLOTS": slot, "NIGHTSHOOT_LEASE_DIR": slots})
        for slot in ("0", "1")
    ]

    run_id = submitted(cluster, manifest, tmp_path / "there")
    run = cluster.wait_for_run(run_id, timeout_s=240)

    assert run["state_type"] == "COMPLETED", run["state"]["message"]
    assert video_digests(tmp_path / "there/campaign") == video_digests(tmp_path / "here/campaign")
    videos = cluster.flow_runs(flow_runs={"name": {"like_": "campaign/"}})
    shares = Counter(video["work_queue_name"] for video in videos)
    print(shares, [ (v["name"], v["state_name"], v["created_by"], v["infrastructure_pid"]) for v in videos], workers)
    print(receipts)
