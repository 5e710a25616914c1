"""How a worker starts a run: in one Python, whose imports do not wait for the collector."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import anyio
import pytest
from prefect.client.schemas.objects import FlowRun
from prefect.runner._starter_engine import EngineCommandStarter

from flows.cluster.gpu_worker import GpuJobConfiguration, GpuProcessWorker
from flows.cluster.workers.versions import RunConfiguration, VersionedWorker

# the engine's own steps, each of which tells whether the collector is at work
TOLD = """
import gc, os, sys, types
from prefect import flow_engine
import prefect._internal.metrics as metrics
from contextlib import nullcontext

def told(what, result):
    def tell(*_, **__):
        print(what, gc.isenabled(), os.getsid(0) == os.getpid(), flush=True)
        return result
    return tell

metrics.RunMetrics = lambda *_: nullcontext()
flow_engine.load_flow_run = lambda flow_run_id: types.SimpleNamespace(id=flow_run_id, name="n")
flow_engine.flow_run_logger = lambda flow_run: None
flow_engine.load_flow, flow_engine.run_flow = told("loads", object()), told("runs", None)
from flows.cluster.workers.prefect_run import main
main()
"""


@pytest.mark.parametrize("kind", [RunConfiguration, GpuJobConfiguration])
def test_a_run_is_started_at_once_unless_the_pool_has_a_command(kind: type[RunConfiguration]):
    run = FlowRun(flow_id=uuid.uuid4())
    ours, theirs = kind(), kind(command="nice python -m prefect.engine")
    for configuration in (ours, theirs):
        configuration.prepare_for_flow_run(run)

    assert ours.command is not None
    assert ours.command.startswith(f"{sys.executable} -m flows.cluster.workers.prefect_run")
    assert ours._command_configured, "or Prefect starts another Python before it"
    assert theirs.command == "nice python -m prefect.engine"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows a process's environment")
@pytest.mark.parametrize("kind", [RunConfiguration, GpuJobConfiguration])
def test_the_process_of_a_run_has_no_password_of_servers_and_alarms(
    kind: type[RunConfiguration], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    taken = ("PGPASSWORD", "NIGHTSHOOT_ALARM_SECRET", "NIGHTSHOOT_MAIL_PASSWORD")
    for name in (*taken, "OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, f"PASSWORD-of-{name}")
    place = tmp_path / "environment"
    # somebody who writes it into a pool's form wants it there
    configuration = kind(
        command=f"cp /proc/self/environ {place}", env={"NIGHTSHOOT_MAIL_HOST": "PASSWORD-of-pool"}
    )
    run = FlowRun(flow_id=uuid.uuid4())
    configuration.prepare_for_flow_run(run)
    starter = EngineCommandStarter(command=configuration.command, env=configuration.env)

    anyio.run(starter.start, run)

    found = place.read_bytes().split(b"\0")
    secrets = {each for each in found if b"PASSWORD" in each}
    assert secrets == {
        b"OPENAI_API_KEY=PASSWORD-of-OPENAI_API_KEY",
        b"AWS_SECRET_ACCESS_KEY=PASSWORD-of-AWS_SECRET_ACCESS_KEY",
        b"NIGHTSHOOT_MAIL_HOST=PASSWORD-of-pool",
    }


def test_workers_start_runs_like_that():
    assert VersionedWorker.job_configuration is RunConfiguration
    assert GpuProcessWorker.job_configuration is GpuJobConfiguration


@pytest.mark.parametrize(("option", "is_own"), [("own-session", True), ("", False)])
def test_the_collector_rests_until_the_flow_is_loaded(option: str, is_own: bool):
    done = subprocess.run(
        [sys.executable, "-c", TOLD, *option.split()],
        env={**os.environ, "PREFECT__FLOW_RUN_ID": str(uuid.uuid4())},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"loads False {is_own}", f"runs True {is_own}"]
