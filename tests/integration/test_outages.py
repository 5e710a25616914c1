"""A server that was away for long: it still misses the runs that died meanwhile."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.servers import PrefectCluster, wait_until

pytestmark = [pytest.mark.integration, pytest.mark.cluster, pytest.mark.sweep]

AWAY = timedelta(hours=1)


def database_of(server: PrefectCluster) -> Path:
    """SQLite's file, of a server that has none of PostgreSQL."""
    return server.folder / "home" / "prefect.db"


def num_awaited(server: PrefectCluster, run_id: str) -> int:
    """How many of the server's rules wait for a sign of this run."""
    with sqlite3.connect(database_of(server), timeout=60) as database:
        keys = [key for (key,) in database.execute("select bucketing_key from automation_bucket")]
    return sum(run_id in key for key in keys)


def let_an_hour_pass(server: PrefectCluster) -> None:
    """While the server is dead, as its database has it."""
    ago = f"{datetime.now(UTC) - AWAY:%Y-%m-%d %H:%M:%S.%f}"
    with sqlite3.connect(database_of(server), timeout=60) as database:
        database.execute("update automation_bucket set start = ?, end = ?", (ago, ago))


def test_a_campaign_that_died_while_the_server_was_away_for_an_hour_is_scheduled_again(
    ended_by_sigterm: None, tmp_path: Path
):
    server = PrefectCluster(tmp_path)
    try:
        server.start()
        made = server.nightshoot("cluster", "up")
        assert made.returncode == 0, made.stdout + made.stderr
        request = {"manifest": "june.csv", "out": str(tmp_path / "out")}
        run = server.run_deployment("campaign/adhoc", {"request": request})
        for state in ("PENDING", "RUNNING"):  # a run without a process: nobody sends heartbeats
            body = {"state": {"type": state, "name": state.title()}, "force": True}
            server.request("POST", f"/flow_runs/{run['id']}/set_state", body)
        wait_until(lambda: num_awaited(server, run["id"]), 120, "the server waits for heartbeats")
        server.kill()
        let_an_hour_pass(server)

        server.start()

        found = server.wait_for_run(run["id"], 240, frozenset({"CRASHED", "SCHEDULED"}))
        if found["state_type"] == "CRASHED":
            assert "No heartbeat" in found["state"]["message"]
        again = server.wait_for_run(run["id"], 240, frozenset({"SCHEDULED"}))
        assert again["state_name"] == "AwaitingRetry"
    finally:
        server.end()
