"""A real server, real workers: made ready, looked at, scheduled, submitted to, and revived."""

import copy
import http.server
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.integration.campaigns import receipts, write_campaign
from tests.integration.kills import Crew, flow_process, send
from tests.integration.servers import PrefectCluster, Worker, wait_until

pytestmark = [pytest.mark.integration, pytest.mark.cluster]

NIGHTLY = "campaign/nightly"


@pytest.fixture
def workers(crew: Crew) -> tuple[Worker, ...]:
    """One worker for campaigns, and those for videos."""
    return (crew.cpu, *crew.gpus)


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
    cluster: PrefectCluster, workers: tuple[Worker, ...]
):
    status = cluster.nightshoot("cluster", "status")

    assert status.returncode == 0, status.stdout
    for worker in workers:
        assert f"/{worker.name}" in status.stdout


# --- what is refused ----------------------------------------------------------------------------


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


def test_doctor_is_content_with_a_protected_server(
    cluster: PrefectCluster, workers: tuple[Worker, ...], tmp_path: Path
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


def test_a_submitted_campaign_is_waited_for_and_told_though_its_run_is_killed_and_revived(
    cluster: PrefectCluster, workers: tuple[Worker, ...], tmp_path: Path, webhook
):
    url, posted = webhook
    up = {
        thing["kind"]: thing for thing in cluster.nightshoot_json("cluster", "up", "--webhook", url)
    }
    assert up["automation"]["state"] in ("made", "changed", "exists")
    manifest = write_campaign(tmp_path / "in", num_videos=2, num_sentences=2)
    manifest = manifest.rename(manifest.with_name("revived.csv"))
    there = ("--out", tmp_path / "renders", "--wait")
    root = tmp_path / "renders" / "revived"
    # a segment takes seven seconds: when the first is finished, each video has another one to come
    slow = ("--set", "delay_ms=40")

    with ThreadPoolExecutor(1) as beside:
        waiting = beside.submit(
            cluster.nightshoot, "submit", manifest, *there, *slow, timeout_s=400
        )
        wait_until(lambda: receipts(root), 240, "a finished segment")
        run_id = campaign_run(cluster, root.parent)["id"]
        before = {path: path.stat().st_mtime_ns for path in root.glob("segments/*/*.json")}
        send(flow_process(workers[0], run_id))
        done = waiting.result()
    ended = campaign_run(cluster, root.parent)
    states = states_of(cluster, run_id)
    absent = tmp_path / "in" / "absent.csv"
    failed = cluster.nightshoot("submit", absent, *there, "--no-check")
    status = cluster.nightshoot("cluster", "status")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "revived: completed (2 done" in done.stdout
    assert f"http://127.0.0.1:{cluster.port}/runs/flow-run/{run_id}" in done.stdout
    assert (ended["state_type"], ended["run_count"]) == ("COMPLETED", 2)
    assert (states.count("AwaitingRetry"), states.count("Running")) == (1, 2)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    videos = [
        run["name"]
        for run in cluster.flow_runs(flow_runs={"name": {"like_": "revived/"}})
        if "video_id" in run["parameters"]["request"]
    ]
    assert sorted(videos) == ["revived/v0", "revived/v1"]
    assert failed.returncode == 1
    assert "absent: failed (refused before rendering: " in failed.stdout
    assert "Traceback" not in failed.stdout
    assert re.search(r"^failed     campaign    absent \(.* UTC\): refused", status.stdout, re.M)
    assert "campaign    revived" not in status.stdout
    shown = cluster.request("POST", "/artifacts/latest/filter", {"limit": 50})
    pages = {each["key"]: str(each["data"]).replace("\\_", "_") for each in shown}
    assert f"report: {root / 'report/index.html'}" in pages["revived-report"]
    assert "# absent: 1 problem, nothing was rendered" in pages["absent-failures"]
    told = wait_until(lambda: len(posted) >= 2 and posted, 120, "both ends are posted")
    assert [(each["campaign"], each["state"]) for each in told] == [
        ("revived", "Completed"),
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

    def is_offline() -> bool:
        seen = cluster.request("POST", "/work_pools/cpu/workers/filter", {})
        return {each["name"]: each["status"] for each in seen}[worker.name] == "OFFLINE"

    worker.kill()

    began = time.monotonic()
    while True:
        asked_s = time.monotonic() - began  # what the request itself takes depends on other tests
        if is_offline():  # all that the command goes by, at a hundredth of what it costs
            break
        assert asked_s < 30 + 5, "whoever asks that late is told; the server has other work too"
        time.sleep(1)
    assert told in cluster.nightshoot("cluster", "status").stdout


# last: what has begun when the schedule is removed goes on
def test_a_scheduled_campaign_fires_by_itself(
    cluster: PrefectCluster, workers: tuple[Worker, ...], tmp_path: Path
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


def campaign_run(cluster: PrefectCluster, out: Path) -> dict[str, Any]:
    """The one campaign run that was asked for with this output."""
    runs = cluster.flow_runs(flow_runs={"name": {"any_": ["revived"]}})
    [run] = [run for run in runs if run["parameters"]["request"]["out"] == str(out)]
    return run
