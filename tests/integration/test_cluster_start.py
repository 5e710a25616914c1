"""`nightshoot cluster start` with real processes: up, used, harmed, stopped, and nothing left."""

import os
import re
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.figures import expressions
from tests.integration.campaigns import receipts, write_campaign
from tests.integration.one_machine import TIMEOUT_S, OneMachine
from tests.integration.scrapes import prometheus_of, query
from tests.integration.servers import Postgres, free_port, wait_until

pytestmark = [pytest.mark.integration, pytest.mark.cluster]

# its parts have nine and a half seconds and then are killed; a busy machine takes longer for that
ENDED_S = 60


@pytest.fixture(scope="module")
def machine(
    ended_by_sigterm: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OneMachine]:
    machine = OneMachine(tmp_path_factory.mktemp("one-machine"))
    try:
        machine.start()
        yield machine
    finally:
        machine.end()


def test_a_campaign_is_rendered_by_the_cluster_that_the_commands_find(
    machine: OneMachine, tmp_path: Path
):
    manifest = write_campaign(tmp_path / "in", num_videos=1, num_sentences=1)

    done = machine.command("submit", manifest, "--out", tmp_path / "out", "--wait")
    status = machine.command("cluster", "status")

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"cluster of this machine: http://127.0.0.1:{machine.port}/api" in done.stderr
    assert len(list((tmp_path / "out/campaign/videos").glob("*.mp4"))) == 1
    assert status.returncode == 0, status.stdout
    assert "nothing is missing" in status.stdout
    log = machine.daemon.log_text()
    assert "cluster | slots of the CPU, for engines that need no GPU: cpu0" in log
    assert "gpu     | " in log
    assert "database is locked" not in log
    campaign = (machine.metrics / "nightshoot-campaign-campaign.prom").read_text()
    assert 'nightshoot_videos{campaign="campaign",state="done"} 1.0' in campaign
    labels = 'campaign="campaign",engine="null",size="96x64"'
    assert f"nightshoot_segment_seconds_count{{{labels}}} 1.0" in campaign
    (worker,) = machine.metrics.glob("nightshoot-worker-*-gpu.prom")
    wait_until(
        lambda: re.search(r'host_starts_total\{engine="null",.*\} [12]\.0', worker.read_text()),
        60,
        "the worker tells of its hosts",
    )


# without a GPU, and where no video is held
NOT_TOLD = ("nightshoot_gpu_", "nightshoot_held_videos")


def test_prometheus_scrapes_a_night_and_answers_the_dashboard(machine: OneMachine, tmp_path: Path):
    manifest = write_campaign(tmp_path / "in", num_videos=2, num_sentences=1)
    manifest = manifest.rename(manifest.with_name("scraped.csv"))
    queries = [re.sub(r"\$\w+", ".*", each) for each in expressions()]
    asked = [each for each in queries if not any(name in each for name in NOT_TOLD)]
    done = 'nightshoot_videos{campaign="scraped",state="done"} == 2'

    with prometheus_of(tmp_path / "prometheus", machine.metrics_port) as address:
        foretold = machine.command("plan", manifest, "--out", tmp_path / "out")
        ended = machine.command("submit", manifest, "--out", tmp_path / "out", "--wait")
        wait_until(lambda: query(address, done), 60, "the end of the night is scraped")
        wait_until(
            lambda: not [each for each in asked if not query(address, each)],
            60,
            "every query of the dashboard finds something",
        )

    assert foretold.returncode == 0, foretold.stderr
    assert ended.returncode == 0, ended.stderr
    assert len(asked) > len(queries) / 2
    told = f"figures for Prometheus: http://127.0.0.1:{machine.metrics_port}/metrics"
    assert told in machine.daemon.log_text()


def test_only_its_user_may_read_the_password_and_the_log_does_not_show_it(machine: OneMachine):
    access = machine.home / "cluster.env"
    password = access.read_text().rpartition(":")[2].strip()

    assert stat.S_IMODE(access.stat().st_mode) == 0o600
    assert len(password) >= 32
    assert httpx.get(f"http://127.0.0.1:{machine.port}/api/admin/version").status_code == 401
    posted = httpx.post(f"http://127.0.0.1:{machine.port}/api/flows/filter", json={})
    assert posted.status_code in (401, 403), "CSRF protection refuses it first"
    assert password not in machine.daemon.log_text()
    assert not [line for each in machine.processes() for line in each.cmdline() if password in line]


def test_the_cluster_keeps_its_database_in_postgresql_where_one_is_named(
    machine: OneMachine, postgres: Postgres, tmp_path: Path
):
    postgres.query("create database nightshoot_start")
    where = f"postgresql://prefect@127.0.0.1:{postgres.port}/nightshoot_start"
    wrong = f"postgresql://prefect@127.0.0.1:{postgres.port}/absent"
    one = OneMachine(tmp_path, "--database", where)

    refused = machine.command("cluster", "start", "--home", tmp_path, "--database", wrong)
    try:
        one.start()
    finally:
        one.end()

    assert refused.returncode == 2
    assert 'does not let prefect into absent (database "absent" does not exist)' in refused.stderr
    assert postgres.query("select count(*) from deployment", "nightshoot_start") == "5"
    assert not (one.home / "prefect/prefect.db").exists()


def test_a_second_start_is_refused_and_says_what_runs(machine: OneMachine):
    second = machine.command("cluster", "start", "--port", free_port())

    assert second.returncode == 2
    assert f"a cluster already runs in {machine.home}" in second.stderr
    assert f"process {machine.daemon.pid}, http://127.0.0.1:{machine.port}/api" in second.stderr
    assert machine.is_healthy()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param("gpu", ("flows.supervisor.worker", "gpu"), marks=pytest.mark.sweep),
        ("cpu", ("model.host.guard", "flows.supervisor.worker", "cpu")),
        # what follows is the same where it hung and was killed, as in the next test
        pytest.param("server", ("flows.local.server",), marks=pytest.mark.sweep),
    ],
)
def test_a_part_that_is_killed_is_started_again(
    machine: OneMachine, name: str, words: tuple[str, ...]
):
    before = machine.daemon.log_text().count(f"{name} started again")

    found = machine.find(*words)
    assert found is not None
    found.kill()

    wait_until(
        lambda: machine.daemon.log_text().count(f"{name} started again") > before,
        TIMEOUT_S,
        f"{name} is started again",
    )
    assert f"{name} ended with " in machine.daemon.log_text()
    wait_until(machine.is_healthy, TIMEOUT_S, "the server is healthy")
    wait_until(lambda: machine.find(*words), TIMEOUT_S, f"{name} runs")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        # tests/unit/supervisor/test_supervisor_parts.py has signs of workers
        pytest.param("gpu", ("flows.supervisor.worker", "gpu"), marks=pytest.mark.sweep),
        ("server", ("flows.local.server",)),
    ],
)
def test_a_part_that_hangs_is_killed_and_started_again(
    machine: OneMachine, name: str, words: tuple[str, ...]
):
    found = machine.find(*words)
    assert found is not None
    if name != "server":  # a part that has not yet given a first sign may take five minutes
        wait_until(
            lambda: machine.has_given_sign(name, found), TIMEOUT_S, f"{name} gives a sign of life"
        )
    seen = len(machine.daemon.log_text())

    found.suspend()

    def said(text: str) -> bool:
        return f"cluster | {name} {text}" in machine.daemon.log_text()[seen:]

    wait_until(lambda: said("gave no sign of life for 3"), TIMEOUT_S, f"{name} is missed")
    wait_until(lambda: said("started again"), TIMEOUT_S, f"{name} is started again")
    # a container's first process may not reap what its parent left
    assert not found.is_running() or found.status() == psutil.STATUS_ZOMBIE
    wait_until(machine.is_healthy, TIMEOUT_S, "the server is healthy")
    again = wait_until(lambda: machine.find(*words), TIMEOUT_S, f"{name} runs")
    if name == "server":  # the one before it has told the database
        assert again.environ()["PREFECT_API_BLOCKS_REGISTER_ON_START"] == "false"


def test_ctrl_c_ends_everything_and_the_next_start_goes_on_with_what_ran(
    machine: OneMachine, tmp_path: Path
):
    # three segments of six seconds each: when the first is finished, two are left
    manifest = write_campaign(tmp_path / "in", num_videos=2, num_sentences=3)
    manifest = manifest.rename(manifest.with_name("slow.csv"))
    slow = ("--set", "delay_ms=40")
    asked = machine.command("submit", manifest, "--out", tmp_path / "out", *slow)
    assert asked.returncode == 0, asked.stderr
    root = tmp_path / "out/slow"
    wait_until(lambda: receipts(root), TIMEOUT_S, "a segment is finished")

    seen = len(machine.daemon.log_text())
    os.kill(machine.daemon.pid, signal.SIGINT)

    wait_until(lambda: not machine.daemon.is_running, ENDED_S, "the cluster has ended")
    left = [each.cmdline() for each in machine.processes()]
    said = machine.daemon.log_text()[seen:]
    assert not left, said
    assert "cluster | ended within " in said
    assert not list((root / "videos").glob("v1.mp4"))
    finished = receipts(root)

    machine.start()

    wait_until(lambda: len(list((root / "videos").glob("*.mp4"))) == 2, TIMEOUT_S, "both are done")
    kept = receipts(root)
    assert {key: kept[key] for key in finished} == finished, "nothing finished was rendered again"


def test_nothing_outlives_a_supervisor_that_is_killed(machine: OneMachine):
    if not machine.daemon.is_running:
        machine.start()

    machine.daemon.kill()

    wait_until(lambda: not machine.processes(), ENDED_S, "all its processes have ended")


def test_a_port_that_is_taken_is_named_before_anything_starts(machine: OneMachine, tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        refused = machine.command("cluster", "start", "--home", tmp_path, "--port", port)

    assert refused.returncode == 2
    assert f"port {port} of this machine cannot be used" in refused.stderr
    assert not (tmp_path / "prefect").exists()
