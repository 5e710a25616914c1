"""A campaign whose machine is gone: another takes it up, whether it had begun or not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.campaigns import receipts, write_campaign
from tests.integration.kills import Crew, flow_process
from tests.integration.servers import PrefectCluster, Worker, wait_until
from tests.integration.test_cluster import states_of

pytestmark = [pytest.mark.integration, pytest.mark.cluster, pytest.mark.faults]

# alone, what is waited for takes seconds; two cores with twenty programs have taken minutes
PATIENT_S = 600


def test_a_campaign_whose_machine_is_gone_is_taken_up_by_another(
    crew: Crew, start_worker: Callable[..., Worker], tmp_path: Path
):
    cluster, doomed = crew.cluster, crew.cpu
    run_id, root = submit_slowly(cluster, tmp_path)
    wait_until(lambda: flow_process(doomed, run_id), PATIENT_S, "the run's process")
    wait_until(lambda: receipts(root), PATIENT_S, "a finished segment")

    doomed.kill_all()
    start_worker("cpu")

    # 90 s of silence, 15 s for the crash to settle, and what is left to do
    ended = wait_for_completed(cluster, run_id, 240 + PATIENT_S)
    assert ended["run_count"] == 2
    assert states_of(cluster, run_id).count("Crashed") == 1


def test_a_campaign_that_was_taken_and_never_started_is_taken_again(
    crew: Crew, start_worker: Callable[..., Worker], tmp_path: Path
):
    cluster, doomed = crew.cluster, crew.cpu
    run_id, _ = submit_slowly(cluster, tmp_path)
    cluster.wait_for_run(run_id, states=frozenset({"PENDING"}))
    doomed.kill_all()
    assert "Running" not in states_of(cluster, run_id)

    start_worker("cpu")

    ended = wait_for_completed(cluster, run_id, 420 + PATIENT_S)
    assert ended["run_count"] == 1


def submit_slowly(cluster: PrefectCluster, folder: Path) -> tuple[str, Path]:
    """A campaign that takes some seconds; its run's id and its folder."""
    manifest = write_campaign(folder / "in", num_videos=2, num_sentences=4)
    submitted = cluster.nightshoot_json(
        "submit", manifest, "--out", folder / "renders", "--set", "delay_ms=15"
    )
    return submitted["run_id"], folder / "renders" / "campaign"


def wait_for_completed(cluster: PrefectCluster, run_id: str, timeout_s: float) -> dict[str, Any]:
    completed = frozenset({"COMPLETED", "FAILED"})
    run = cluster.wait_for_run(run_id, timeout_s, completed)
    assert run["state_type"] == "COMPLETED", run["state"]
    return run
