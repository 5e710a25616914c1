"""The GPU worker with a real Prefect server: GPUs in order, warm hosts, cancels, kills, faults."""

import json
import os
import signal
import time
import uuid
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import pytest

from tasks.engines.gpu_lease import Slots
from tests.integration.servers import ROOT, PrefectCluster, Worker, wait_until

pytestmark = [pytest.mark.integration, pytest.mark.cluster]

FOUR = ("0", "1", "2", "3")


@cache
def template_of(cluster: PrefectCluster) -> dict[str, Any]:
    """What Prefect's command makes a pool of this type of; a command takes seconds."""
    name = f"gpu-{uuid.uuid4().hex[:6]}"
    made = cluster.prefect("work-pool", "create", name, "--type", "gpu-process")
    assert made.returncode == 0, made.stdout + made.stderr
    pool = cluster.request("GET", f"/work_pools/{name}")
    return {"type": pool["type"], "base_job_template": pool["base_job_template"]}


class Pool:
    """A pool of its own, its deployment, its notes."""

    def __init__(self, cluster, folder: Path) -> None:
        self.cluster, self.folder = cluster, folder
        self.name = f"gpu-{uuid.uuid4().hex[:6]}"
        cluster.request("POST", "/work_pools/", {"name": self.name, **template_of(cluster)})
        flow_id = cluster.request("POST", "/flows/", {"name": "probe"})["id"]
        body = {
            "name": self.name,
            "flow_id": flow_id,
            "entrypoint": "tests.integration.gpu_flows.probe",
            "work_pool_name": self.name,
            "enforce_parameter_schema": False,
            "pull_steps": [
                {"prefect.deployments.steps.set_working_directory": {"directory": str(ROOT)}}
            ],
        }
        self.deployment = cluster.request("POST", "/deployments/", body)["id"]
        self.leases = folder / "leases"

    def worker(self, name: str = "", slots: tuple[str, ...] = FOUR, **env: str) -> Worker:
        return Worker(
            self.cluster,
            self.name,
            type_="gpu-process",
            name=name or None,
            env={
                "NIGHTSHOOT_GPU_SLOTS": ",".join(slots),
                "NIGHTSHOOT_LEASE_DIR": str(self.leases),
                **env,
            },
        )

    def submit(self, name: str, gpus: int, engine: str = "null", env=None, **parameters) -> str:
        body = {
            "name": name,
            "parameters": {"notes": str(self.folder), "name": name, **parameters},
            "job_variables": {"gpus": gpus, "engine": engine, "env": env or {}},
            "state": {"type": "SCHEDULED"},
        }
        path = f"/deployments/{self.deployment}/create_flow_run"
        return self.cluster.request("POST", path, body)["id"]

    def finish(self, run_id: str, state: str = "COMPLETED") -> None:
        run = self.cluster.wait_for_run(run_id)
        assert run["state_type"] == state, run["state"]

    def state_name(self, run_id: str) -> str:
        return self.cluster.request("GET", f"/flow_runs/{run_id}")["state"]["name"]

    def note(self, name: str, suffix: str = ".json") -> dict:
        return json.loads((self.folder / f"{name}{suffix}").read_text())

    def wait_running(self, name: str) -> dict:
        path = self.folder / f"{name}.running"
        wait_until(lambda: path.exists() and path.read_text(), 60, f"{name} is running")
        return self.note(name, ".running")


@pytest.fixture(scope="module")
def pool(bare_cluster, tmp_path_factory):
    return Pool(bare_cluster, tmp_path_factory.mktemp("gpu"))


@pytest.fixture(scope="module")
def worker(pool):
    with pool.worker() as worker:
        yield worker


def test_runs_use_one_warm_host_past_a_cancel_and_another_once_it_is_dead_or_told_otherwise(
    pool, worker
):
    def finished(name: str, **options: Any) -> dict:
        # all GPUs: while the last run's process winds up, fewer would be leased for a second host
        pool.finish(pool.submit(name, 4, **options))
        return pool.note(name)

    first = finished("warm-1")
    cancelled = pool.submit("cancelled", 4, hold_s=300)
    second = pool.wait_running("cancelled")
    pool.cluster.request(
        "POST", f"/flow_runs/{cancelled}/set_state", {"state": {"type": "CANCELLING"}}
    )
    pool.finish(cancelled, "CANCELLED")
    wait_until(lambda: not psutil.pid_exists(second["pid"]), 60, "the run's process is gone")
    third = finished("after-cancelled")
    os.kill(third["host"], signal.SIGKILL)
    fourth = finished("after-kill")
    other = finished("warm-3", env={"NCCL_DEBUG": "WARN"})

    assert first["host"] == second["host"] == third["host"]
    assert len({first["pid"], second["pid"], third["pid"]}) == 3
    assert first["num_frames"] == fourth["num_frames"] == 30
    assert first["gpus"] == "0,1,2,3"
    assert len({third["host"], fourth["host"], other["host"]}) == 3
    assert psutil.Process(other["host"]).environ()["NCCL_DEBUG"] == other["nccl"] == "WARN"


def test_asks_for_3_2_1_and_4_gpus_are_served_in_order_on_4_and_idle_hosts_give_way(pool, worker):
    idle = pool.submit("idle", 4)  # whose host keeps all GPUs
    pool.finish(idle)
    runs = {}
    for gpus in (3, 2, 1, 4):
        name = f"asks-{gpus}"
        runs[name] = pool.submit(name, gpus, engine="", hold_s=2)
        if gpus == 3:
            pool.wait_running(name)

    for run_id in runs.values():
        pool.finish(run_id)

    assert not psutil.pid_exists(pool.note("idle")["host"])
    notes = {name: pool.note(name) for name in runs}
    assert notes["asks-3"]["gpus"] == "0,1,2"
    assert notes["asks-4"]["gpus"] == "0,1,2,3"
    for first in notes.values():
        for second in notes.values():
            together = first["began"] < second["ended"] and second["began"] < first["ended"]
            shared = set(first["gpus"].split(",")) & set(second["gpus"].split(","))
            assert first is second or not (together and shared), (first, second)


def test_a_run_in_the_line_that_is_cancelled_or_rescheduled_makes_room_for_the_next(pool, worker):
    release = pool.folder / "release"
    running = pool.submit("long", 3, engine="", until=str(release))
    pool.wait_running("long")
    never = pool.submit("never", 4, engine="")
    pool.cluster.wait_for_run(never, states=frozenset({"PENDING"}))
    pool.cluster.request("POST", f"/flow_runs/{never}/set_state", {"state": {"type": "CANCELLING"}})
    pool.finish(pool.submit("one", 1, engine=""))
    assert pool.note("one")["gpus"] == "3"
    pool.finish(never, "CANCELLED")

    moved = pool.submit("moved", 4, engine="")
    wait_until(lambda: pool.state_name(moved) == "WaitingForGpus", 60, "it is in the line")
    later = {"type": "SCHEDULED", "state_details": {"scheduled_time": "2100-01-01T00:00:00Z"}}
    path = f"/flow_runs/{moved}/set_state"
    pool.cluster.request("POST", path, {"state": later, "force": True})
    pool.finish(pool.submit("small", 1, engine=""))

    patient = pool.submit("patient", 4, engine="")
    wait_until(lambda: pool.state_name(patient) == "WaitingForGpus", 60, "it is told to wait")
    time.sleep(5)  # two looks at the server later
    assert pool.state_name(patient) == "WaitingForGpus"
    release.touch()
    pool.finish(running)
    pool.finish(patient)

    assert pool.state_name(moved) == "Scheduled"
    for name in ("never", "moved"):
        assert not (pool.folder / f"{name}.running").exists()


def test_a_run_that_asks_for_more_gpus_than_there_are_says_so(pool, worker):
    run_id = pool.submit("greedy", 5)

    run = pool.cluster.wait_for_run(run_id)

    assert run["state_type"] == "CRASHED"
    assert "the run asks for 5 GPUs, but this machine has 4" in run["state"]["message"]


def test_a_machine_fault_ends_the_hosts_and_stops_the_worker_for_a_while_and_a_stop_ends_all(
    bare_cluster, tmp_path
):
    pool = Pool(bare_cluster, tmp_path)
    with pool.worker(NIGHTSHOOT_COOL_OFF_S="6") as worker:
        pool.finish(pool.submit("row", 1, fault="row"), "FAILED")
        assert psutil.pid_exists(pool.note("row")["host"])

        release = tmp_path / "release"
        fault = pool.submit("fault", 2, fault="machine", until=str(release))
        pool.wait_running("fault")
        waiting = pool.submit("healed", 3)
        pool.cluster.wait_for_run(waiting, states=frozenset({"PENDING"}))
        released = time.time()  # from then on it may fail, and the worker may cool off
        release.touch()
        pool.finish(fault, "FAILED")
        wait_until(lambda: "takes no run for 6 s" in worker.log_text(), 60, "the worker cools off")
        host_pids = [pool.note(name)["host"] for name in ("row", "fault")]
        wait_until(lambda: not any(map(psutil.pid_exists, host_pids)), 60, "its hosts are ended")
        pool.finish(waiting)

        pool.submit("held", 1, hold_s=300)  # beside the three GPUs of a host that is idle now
        held, idle = pool.wait_running("held"), pool.note("healed")
        assert psutil.pid_exists(idle["host"])
        worker.stop()

    assert "handed healed back to the pool" in worker.log_text()
    assert idle["began"] - released >= 6
    left = [idle["host"], held["host"], held["pid"]]
    wait_until(lambda: not any(map(psutil.pid_exists, left)), 60, "hosts and run are gone")
    assert Slots(FOUR, pool.leases).lease(4, timeout_s=1).slots == FOUR


def test_nothing_is_left_of_a_worker_that_is_killed(bare_cluster, tmp_path):
    pool = Pool(bare_cluster, tmp_path)
    worker = pool.worker().start()
    try:
        pool.finish(pool.submit("idle", 1))
        pool.submit("held", 2, hold_s=300)
        note = pool.wait_running("held")
        hosts = [pool.note("idle")["host"], note["host"]]
        worker.kill()
        # the run itself lives on for a while; the GPUs are free and no engine is left
        lease = Slots(FOUR, pool.leases).lease(4, timeout_s=60)
        assert not any(map(psutil.pid_exists, hosts))
        lease.release()
    finally:
        worker.end()
        for process in pool.cluster.processes():
            if str(note["pid"]) == str(process.pid):
                process.kill()


def test_a_worker_without_gpus_says_the_way_out_in_one_line(bare_cluster, tmp_path):
    started = bare_cluster.prefect(
        "worker",
        "start",
        "--pool",
        "any",
        "--type",
        "gpu-process",
        "--run-once",
        CUDA_VISIBLE_DEVICES="",
        NIGHTSHOOT_LEASE_DIR=str(tmp_path),
    )

    assert started.returncode == 1
    said = (started.stdout + started.stderr).strip()
    assert said.startswith('This worker cannot start: CUDA_VISIBLE_DEVICES="" must name GPUs')
    assert "NIGHTSHOOT_GPU_SLOTS" in said
    assert len(said.splitlines()) == 1, said
