"""A real server, real workers: made ready, looked at, scheduled, submitted to, and revived."""

import copy
import http.server
import json
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.deployment.deploy import deploy_all
from flows.deployment.inventory import DEPLOY_FILE, DEPLOYMENTS
from flows.deployment.server import ClusterError
from tests.integration.campaigns import receipts, write_campaign
from tests.integration.kills import RUN_MODULE
from tests.integration.servers import PrefectCluster, Worker, wait_until

pytestmark = [pytest.mark.integration, pytest.mark.cluster]

NIGHTLY = "campaign/nightly"


@pytest.fixture(scope="module")
def careless_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectCluster]:
    """A server as it starts by itself: SQLite, nothing protected, nothing in it."""
    server = PrefectCluster(tmp_path_factory.mktemp("careless"), is_protected=False)
    try:
        yield server.start()
    finally:
        server.end()


@pytest.fixture(scope="module")
def workers(cluster: PrefectCluster) -> Iterator[tuple[Worker, Worker]]:
    """One worker per pool; the machine is said to have two GPUs."""
    gpu = Worker(cluster, "gpu", type_="gpu-process", env={"NIGHTSHOOT_GPU_SLOTS": "0,1"})
    with gpu, Worker(cluster, "cpu") as cpu:
        yield cpu, gpu


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """An address, and what was posted to it."""
    posted: list[dict[str, str]] = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["content-type"] == "application/json"
            posted.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/campaigns", posted
        server.shutdown()


def states_of(cluster: PrefectCluster, run_id: str) -> list[str]:
    return [
        state["name"] for state in cluster.request("GET", f"/flow_run_states/?flow_run_id={run_id}")
    ]


def slugs(cluster: PrefectCluster) -> list[str]:
    nightly = cluster.request("GET", f"/deployments/name/{NIGHTLY}")
    return sorted(schedule["slug"] for schedule in nightly["schedules"])


# --- what is there ------------------------------------------------------------------------------


def test_cluster_up_again_changes_nothing(cluster: PrefectCluster):
    things = cluster.nightshoot_json("cluster", "up")

    assert {thing["state"] for thing in things} == {"exists"}
    assert [thing["kind"] for thing in things].count("deployment") == 5
    urgent = cluster.request("GET", "/work_pools/gpu/queues/urgent")
    nightly = cluster.request("GET", "/work_pools/gpu/queues/nightly")
    assert (urgent["priority"], nightly["priority"]) == (1, 2)


def test_cluster_up_keeps_what_an_operator_has_set(cluster: PrefectCluster):
    before = cluster.request("GET", "/work_pools/gpu")["base_job_template"]
    template = copy.deepcopy(before)
    env = template["variables"]["properties"]["env"].setdefault("default", {})
    env["NCCL_P2P_DISABLE"] = "1"
    own = {"base_job_template": template, "concurrency_limit": 7}
    cluster.request("PATCH", "/work_pools/gpu", own)

    things = cluster.nightshoot_json("cluster", "up")

    after = cluster.request("GET", "/work_pools/gpu")
    cluster.request(
        "PATCH", "/work_pools/gpu", {"base_job_template": before, "concurrency_limit": None}
    )
    assert {thing["state"] for thing in things} == {"exists"}
    assert after["base_job_template"] == template
    assert after["concurrency_limit"] == 7


def test_what_is_taken_away_is_missed_and_made_again(cluster: PrefectCluster):
    adhoc = cluster.request("GET", "/deployments/name/campaign/adhoc")
    cluster.request("DELETE", f"/deployments/{adhoc['id']}")
    cluster.request("DELETE", "/work_pools/cpu/queues/urgent")

    status = cluster.nightshoot("cluster", "status")
    made = {thing["name"]: thing["state"] for thing in cluster.nightshoot_json("cluster", "up")}

    assert status.returncode == 1
    assert "missing    deployment  campaign/adhoc" in status.stdout
    assert "missing    queue       cpu/urgent" in status.stdout
    assert {name for name, state in made.items() if state == "made"} == {
        "campaign/adhoc",
        "cpu/urgent",
    }


def test_cluster_status_is_content_once_somebody_works(
    cluster: PrefectCluster, workers: tuple[Worker, Worker]
):
    status = cluster.nightshoot("cluster", "status")

    assert status.returncode == 0, status.stdout
    for worker in workers:
        assert f"/{worker.name}" in status.stdout


# --- what is refused ----------------------------------------------------------------------------


def test_a_deploy_without_pools_fails_and_names_the_pool(careless_server: PrefectCluster):
    with (
        temporary_settings({PREFECT_API_URL: careless_server.url}),
        pytest.raises(ClusterError) as refused,
    ):
        deploy_all(DEPLOY_FILE)

    assert f"{DEPLOY_FILE} could not be deployed: " in str(refused.value)
    assert "'cpu' which does not exist" in str(refused.value)


def test_an_empty_server_lacks_everything(careless_server: PrefectCluster):
    status = careless_server.nightshoot("cluster", "status")

    assert status.returncode == 1
    assert status.stdout.count("\nmissing ") == 2 + 4 + 3 + 5 + 2
    assert "run `nightshoot cluster up`" in status.stdout


def test_a_pool_of_another_type_is_refused(careless_server: PrefectCluster):
    careless_server.request("POST", "/work_pools/", {"name": "gpu", "type": "process"})
    up = careless_server.nightshoot("cluster", "up")
    careless_server.request("DELETE", "/work_pools/gpu")

    assert up.returncode == 2
    assert 'work pool "gpu" is of type "process", not "gpu-process"' in up.stderr
    assert "prefect work-pool delete gpu" in up.stderr


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"PREFECT_API_URL": "http://127.0.0.1:9/api"}, "no Prefect server answers"),
        ({"PREFECT_API_AUTH_STRING": "admin:wrong"}, "wants its auth string (401)"),
        ({"PREFECT_API_URL": ""}, "PREFECT_API_URL is not set"),
    ],
)
def test_a_server_out_of_reach_is_told_clearly(cluster: PrefectCluster, env, said):
    status = cluster.nightshoot("cluster", "status", **env)

    assert status.returncode == 2
    assert said in status.stderr
    assert "Traceback" not in status.stderr


def test_doctor_finds_an_open_server(careless_server: PrefectCluster):
    examined = careless_server.nightshoot_json("doctor")

    verdicts = {finding["what"]: finding["verdict"] for finding in examined["findings"]}
    assert verdicts["auth string"] == "fail"
    assert verdicts["CSRF protection"] == "warn"
    assert verdicts["database"] == "warn"
    assert verdicts["batching"] == "warn"
    assert verdicts["outages"] == "warn"
    assert verdicts["telemetry of the server"] == "ok"
    assert verdicts["cluster"] == "fail"


def test_deployments_are_those_that_prefect_deploy_makes(careless_server: PrefectCluster):
    def deployments() -> dict[str, Any]:
        found = careless_server.request("POST", "/deployments/filter", {})
        return {each["name"]: _but_for_its_id(each) for each in found}

    up = careless_server.nightshoot("cluster", "up")
    ours = deployments()
    for each in careless_server.request("POST", "/deployments/filter", {}):
        careless_server.request("DELETE", f"/deployments/{each['id']}")
    deployed = careless_server.prefect("--no-prompt", "deploy", "--all")
    theirs = deployments()
    again = careless_server.nightshoot_json("cluster", "up")

    assert (up.returncode, deployed.returncode) == (0, 0), up.stderr + deployed.stderr
    assert len(theirs) == len(DEPLOYMENTS)
    assert ours == theirs
    assert {thing["state"] for thing in again} == {"exists"}
    assert deployments() == theirs


def _but_for_its_id(deployment: dict[str, Any]) -> Any:
    # its limit of concurrent runs is named by it
    return _without_ids(json.loads(json.dumps(deployment).replace(deployment["id"], "ID")))


def _without_ids(record: Any) -> Any:
    """What the API says of something, but for what is new whenever it is made or changed."""
    if isinstance(record, list):
        return [_without_ids(each) for each in record]
    if not isinstance(record, dict):
        return record
    new = {"created", "updated", "version_id", "status", "last_polled"}
    return {
        name: _without_ids(value)
        for name, value in record.items()
        if name not in new and not re.fullmatch(r"(?!work_queue_|flow_).*_?id", name)
    }


def test_doctor_is_content_with_a_protected_server(
    cluster: PrefectCluster, workers: tuple[Worker, Worker], tmp_path: Path
):
    examined = cluster.nightshoot("doctor", "--out", tmp_path, NIGHTSHOOT_GPU_SLOTS="0")

    assert examined.returncode == 0, examined.stdout
    assert "\nfail" not in examined.stdout
    assert "\nwarn" not in examined.stdout
    assert "rehearsal" not in examined.stdout  # the password
    assert not list(tmp_path.iterdir())


# --- schedules ----------------------------------------------------------------------------------


def test_a_schedule_is_made_changed_kept_and_removed(cluster: PrefectCluster):
    night = ("schedule", "/data/june.csv", "--out", "/data/renders", "--no-check")
    night += ("--timezone", "Europe/Berlin")

    made = cluster.nightshoot_json(*night, "--cron", "15 1 * * *", "--window", "22:00-06:00")
    changed = cluster.nightshoot_json(*night, "--cron", "15 3 * * *")
    cluster.nightshoot("cluster", "up")
    kept = slugs(cluster)
    nightly = cluster.request("GET", f"/deployments/name/{NIGHTLY}")["id"]
    waiting = cluster.flow_runs(
        deployments={"id": {"any_": [nightly]}},
        flow_runs={"state": {"type": {"any_": ["SCHEDULED"]}}},
    )
    removed = cluster.nightshoot_json("schedule", "/data/june.csv", "--remove")

    assert (made["deed"], changed["deed"], removed["deed"]) == ("made", "changed", "removed")
    assert kept == ["example", "june"]
    assert {run["name"] for run in waiting} == {"june"}, "not names that Prefect drew"
    assert len(waiting) >= 3
    assert slugs(cluster) == ["example"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--cron", "15 25 * * *"), '--cron "15 25 * * *" must be five fields'),
        (("--cron", "15 1 * * *", "--timezone", "Berlin"), '--timezone "Berlin" is not a timezone'),
        (("--remove",), f'{NIGHTLY} has no schedule "june"; it has: example'),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(cluster: PrefectCluster, options, said):
    night = ("schedule", "/data/june.csv", "--out", "/data/renders", "--no-check")
    refused = cluster.nightshoot(*night, *options)

    assert refused.returncode == 2
    assert said in refused.stderr
    assert slugs(cluster) == ["example"]


# --- runs ---------------------------------------------------------------------------------------


def test_a_submitted_campaign_is_waited_for_and_told(
    cluster: PrefectCluster, workers: tuple[Worker, Worker], tmp_path: Path, webhook
):
    url, posted = webhook
    up = {
        thing["kind"]: thing for thing in cluster.nightshoot_json("cluster", "up", "--webhook", url)
    }
    assert up["automation"]["state"] in ("made", "changed", "exists")
    manifest = write_campaign(tmp_path / "in", num_videos=2, num_sentences=2)
    absent = tmp_path / "in" / "absent.csv"

    done = cluster.nightshoot("submit", manifest, "--out", tmp_path / "renders", "--wait")
    there = ("--out", tmp_path / "renders", "--wait", "--no-check")
    failed = cluster.nightshoot("submit", absent, *there)
    status = cluster.nightshoot("cluster", "status")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "campaign: completed (2 done" in done.stdout
    assert f"http://127.0.0.1:{cluster.port}/runs/flow-run/" in done.stdout
    assert failed.returncode == 1
    assert "absent: failed (refused before rendering: " in failed.stdout
    assert "Traceback" not in failed.stdout
    assert re.search(r"^failed     campaign    absent \(.* UTC\): refused", status.stdout, re.M)
    assert "campaign    campaign" not in status.stdout
    shown = cluster.request("POST", "/artifacts/latest/filter", {"limit": 50})
    pages = {each["key"]: str(each["data"]).replace("\\_", "_") for each in shown}
    assert f"report: {tmp_path / 'renders/campaign/report/index.html'}" in pages["campaign-report"]
    assert "# absent: 1 problem, nothing was rendered" in pages["absent-failures"]
    told = wait_until(lambda: len(posted) >= 2 and posted, 120, "both ends are posted")
    assert [(each["campaign"], each["state"]) for each in told] == [
        ("campaign", "Completed"),
        ("absent", "Failed"),
    ]
    assert told[0]["url"] in done.stdout


@pytest.mark.parametrize("command", [("submit",), ("schedule", "--cron", "15 1 * * *")])
def test_a_manifest_with_faults_is_refused_before_anything_is_promised(
    cluster: PrefectCluster, tmp_path: Path, command: tuple[str, ...]
):
    manifest = write_campaign(tmp_path / "in", num_videos=3)
    manifest = manifest.rename(manifest.with_name("faulty.csv"))
    text = manifest.read_text().replace("face.png", "gone.png", 1).replace("96x64", "97x64", 2)
    manifest.write_text(text)

    name, *options = command
    out = ("--out", tmp_path / "out")
    refused = cluster.nightshoot(name, manifest, *out, *options, own_clauses=True)

    assert refused.returncode == 2
    assert "faulty.csv:2: portrait" in refused.stderr
    assert "faulty.csv:3: size" in refused.stderr, "all faults at once"
    deed = {"submit": "submitted", "schedule": "scheduled"}[name]
    assert f"nothing was {deed}; correct this, or add --no-check" in refused.stderr
    assert not (tmp_path / "out").exists()
    assert "faulty" not in slugs(cluster)
    assert not cluster.flow_runs(flow_runs={"name": {"like_": "faulty"}})


def test_a_worker_that_is_gone_is_told_within_half_a_minute(
    cluster: PrefectCluster, start_worker: Callable[..., Worker]
):
    worker = start_worker("cpu", env={"PREFECT_WORKER_HEARTBEAT_SECONDS": "8"})
    told = f"offline    worker      cpu/{worker.name}"

    worker.kill()

    began = time.monotonic()
    while True:
        asked_s = time.monotonic() - began  # what the command itself takes depends on other tests
        if told in cluster.nightshoot("cluster", "status").stdout:
            break
        assert asked_s < 30 + 5, "whoever asks that late is told; the server has other work too"
        time.sleep(1)


def test_a_killed_campaign_run_is_revived_once(
    cluster: PrefectCluster, workers: tuple[Worker, Worker], tmp_path: Path
):
    run_id, root = submit_slowly(cluster, tmp_path)
    engine = wait_until(lambda: engine_process(workers[0], run_id), 120, "the run's process")
    wait_until(lambda: receipts(root), 120, "a finished segment")
    before = {path: path.stat().st_mtime_ns for path in root.glob("segments/*/*.json")}

    engine.send_signal(signal.SIGKILL)

    ended = wait_for_completed(cluster, run_id, 300)
    states = states_of(cluster, run_id)
    assert ended["run_count"] == 2
    assert (states.count("AwaitingRetry"), states.count("Running")) == (1, 2)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    videos = [
        run["name"]
        for run in cluster.flow_runs()
        if run["parameters"].get("request", {}).get("out") == str(root.parent)
        and "video_id" in run["parameters"]["request"]
    ]
    assert sorted(videos) == ["campaign/v0", "campaign/v1"]


# last: what has begun when the schedule is removed goes on
def test_a_scheduled_campaign_fires_by_itself(
    cluster: PrefectCluster, workers: tuple[Worker, Worker], tmp_path: Path
):
    manifest = write_campaign(tmp_path / "in", num_videos=1, num_sentences=1)
    out = tmp_path / "renders"
    cluster.nightshoot(
        "schedule", manifest, "--out", out, "--cron", "* * * * *", "--queue", "urgent"
    )
    try:
        wait_until((out / "campaign" / "videos" / "v0.mp4").is_file, 300, "the night's video")
        status = cluster.nightshoot_json("cluster", "status")
    finally:
        cluster.nightshoot("schedule", manifest, "--remove")

    night = next(each for each in status["schedules"] if each["slug"] == "campaign")
    assert night["active"]
    assert night["next_run"] is not None


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


def engine_process(worker: Worker, run_id: str) -> psutil.Process | None:
    """The process that executes a run's flow, below its worker."""
    found = [
        process
        for process in worker.children()
        if RUN_MODULE in process.cmdline()
        and process.environ().get("PREFECT__FLOW_RUN_ID") == run_id
    ]
    return found[-1] if found else None
