"""A worker that is told to end: with real processes, its run finishes, and no other begins."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.integration.servers import wait_until
from tests.integration.test_gpu_worker import Pool

pytestmark = [pytest.mark.integration, pytest.mark.cluster]


@pytest.fixture
def pool(bare_cluster, tmp_path):
    return Pool(bare_cluster, tmp_path)


def test_a_drained_worker_finishes_its_run_takes_no_other_and_ends_all_when_its_time_is_over(
    pool, tmp_path: Path
):
    may_end = tmp_path / "may-end"
    often = {"PREFECT_WORKER_QUERY_SECONDS": "1"}
    with pool.worker("drained", slots=("0", "1"), NIGHTSHOOT_DRAIN_S="120", **often) as worker:
        run = pool.submit("first", 1, engine="", until=str(may_end))
        pool.wait_running("first")
        os.kill(worker.pid, signal.SIGTERM)
        wait_until(lambda: "draining: 1 runs" in worker.log_text(), 30, "the worker drains")
        late = pool.submit("late", 1, engine="")
        time.sleep(4)  # several polls of the worker
        assert worker.daemon.is_running
        assert pool.state_name(late) == "Scheduled"

        may_end.touch()
        pool.finish(run)
        wait_until(lambda: not worker.daemon.is_running, 60, "the worker has ended")

    assert "ended" in pool.note("first")
    assert not (tmp_path / "late.running").exists()
    with pool.worker("hurried", slots=("0",), NIGHTSHOOT_DRAIN_S="3") as worker:
        pool.finish(late)
        pool.submit("endless", 1, engine="", until=str(tmp_path / "never"))
        pool.wait_running("endless")
        children = worker.children()
        os.kill(worker.pid, signal.SIGTERM)
        # the run has no end of its own
        wait_until(lambda: not worker.daemon.is_running, 120, "the worker has ended")
        wait_until(
            lambda: not any(child.is_running() for child in children), 60, "its processes too"
        )


# as a script's background job
DEAF = (
    "import os, signal, sys\n"
    "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    "os.execv(sys.argv[1], sys.argv[1:])"
)


@pytest.mark.parametrize(
    "drain_s",
    [pytest.param("60", id="drains"), pytest.param("0", marks=pytest.mark.sweep, id="ends")],
)
def test_a_worker_without_runs_that_ignores_ctrl_c_ends_on_sigterm(pool, drain_s: str):
    idle = pool.worker(f"deaf-{drain_s}", slots=("0",), NIGHTSHOOT_DRAIN_S=drain_s)
    idle.daemon.command[:0] = [sys.executable, "-c", DEAF]
    with idle as worker:
        os.kill(worker.pid, signal.SIGTERM)
        wait_until(lambda: not worker.daemon.is_running, 120, "the worker has ended")
        assert "draining: 0 runs are at work" in worker.log_text()
