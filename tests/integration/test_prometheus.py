"""A real Prometheus scrapes the figures, and every query of the dashboard finds some of them."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.figures import every_figure, expressions
from tests.integration.campaigns import start, write_campaign
from tests.integration.scrapes import prometheus_of, query
from tests.integration.servers import free_port, wait_until

pytestmark = pytest.mark.integration


@pytest.fixture
def prometheus(tmp_path: Path):
    """Address of one that scrapes a file with a value of every metric."""
    (tmp_path / "served").mkdir()
    (tmp_path / "served/figures.txt").write_bytes(every_figure().text())
    port = free_port()
    where = ("--bind", "127.0.0.1", "--directory", str(tmp_path / "served"))
    server = subprocess.Popen(
        [sys.executable, "-m", "http.server", str(port), *where],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with prometheus_of(tmp_path / "prometheus", port, "/figures.txt") as address:
            yield address
    finally:
        server.kill()
        server.wait()


def test_every_query_of_the_dashboard_finds_figures(prometheus: str):
    queries = [re.sub(r"\$\w+", ".*", each) for each in expressions()]
    # a growth needs two values
    wait_until(lambda: query(prometheus, queries[-1]), 60, "the first figures are scraped")

    empty = [each for each in queries if "increase(" not in each and not query(prometheus, each)]
    assert not empty
    (growth,) = (each for each in queries if "increase(" in each)
    wait_until(lambda: query(prometheus, growth), 60, "a growth is seen")


@pytest.mark.cluster
def test_a_render_is_scraped_while_it_goes_on(tmp_path: Path, prefect_api: str):
    manifest = write_campaign(tmp_path / "in", num_videos=2)
    port = free_port()
    slow = ("--set", "delay_ms=100", "--workers", "1")
    told = ("--out", tmp_path / "out", "--metrics-port", port)

    with prometheus_of(tmp_path / "prometheus", port) as address:
        env = {**os.environ, "PREFECT_API_URL": prefect_api}
        command = start(["render", manifest, *told, *slow], env, tmp_path / "log")
        try:
            running = 'nightshoot_videos{campaign="campaign",state="running"}'
            wait_until(lambda: value(address, running) == 1, 120, "a video is at work")
            assert value(address, running.replace("running", "waiting")) == 1
            assert value(address, 'nightshoot_campaign_running{campaign="campaign"}') == 1
            assert (
                value(address, 'nightshoot_oldest_waiting_seconds{campaign="campaign"}') is not None
            )
        finally:
            command.send_signal(signal.SIGINT)
            assert command.wait(60) == 130


def value(address: str, expression: str) -> float | None:
    found = query(address, expression)
    return float(found[0]["value"][1]) if found else None
