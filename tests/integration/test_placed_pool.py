"""A campaign on a real Prefect server whose videos are rendered on four ranks each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.campaigns import receipts, video_digests, write_campaign
from tests.integration.kills import TINY, Crew
from tests.integration.servers import PrefectCluster, Worker

pytestmark = [pytest.mark.integration, pytest.mark.cluster]

# alone it takes a minute; two cores with forty programs have taken more than three
TIMEOUT_S = 600
PLACEMENT = "stages=3,decoder=own"
SETTINGS = (
    "--set",
    "dtype=float32",
    "--set",
    "sample_steps=3",
    "--set",
    "segment_clips=1",
    "--gates",
    "off",
)


@pytest.fixture
def gpu_worker(crew: Crew, tmp_path: Path) -> Iterator[Worker]:
    """One for videos on a machine of four slots, with the pool to itself."""
    slots = {"NIGHTSHOOT_GPU_SLOTS": "0,1,2,3", "NIGHTSHOOT_LEASE_DIR": str(tmp_path / "leases")}
    worker = Worker(crew.cluster, "gpu", type_="gpu-process", env=TINY | slots)
    with crew.gpus_at_rest(), worker:
        yield worker


def test_a_campaign_on_four_ranks_makes_the_videos_of_one_process(
    cluster: PrefectCluster, gpu_worker: Worker, tmp_path: Path
):
    manifest = write_campaign(
        tmp_path / "placed", num_videos=2, num_sentences=1, engine="live-avatar"
    )
    manifest = manifest.rename(manifest.with_name("placed.csv"))
    out = tmp_path / "there"
    submitted = cluster.nightshoot_json(
        "submit", manifest, "--out", out, "--placement", PLACEMENT, *SETTINGS
    )
    alone = ("render", manifest, "--out", tmp_path / "here", *SETTINGS)
    here = cluster.nightshoot(*alone, timeout_s=TIMEOUT_S, **TINY)
    assert here.returncode == 0, here.stdout + here.stderr

    run = cluster.wait_for_run(submitted["run_id"], timeout_s=TIMEOUT_S)

    assert run["state_type"] == "COMPLETED", run["state"]["message"]
    assert video_digests(out / "placed") == video_digests(tmp_path / "here/placed")
    assert len(receipts(out / "placed")) == len(receipts(tmp_path / "here/placed")) > 2
    found = cluster.flow_runs(flow_runs={"name": {"like_": "placed/"}}, limit=20)
    assert [each["job_variables"]["gpus"] for each in found] == [4, 4]
    assert "GPUs 0,1,2,3, engine host live-avatar" in gpu_worker.daemon.log_text()
