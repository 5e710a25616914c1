"""A real Prometheus scrapes the figures, and every query of the dashboard finds some of them."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.figures import every_figure, expressions
from tests.integration.servers import free_port, wait_until

pytestmark = pytest.mark.integration

CONFIG = """
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: nightshoot
    metrics_path: /figures.txt
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


@pytest.fixture
def prometheus(tmp_path: Path):
    """Address of one that scrapes a file with a value of every metric."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("Prometheus is not installed (apt-get install prometheus)")
    (tmp_path / "served").mkdir()
    (tmp_path / "served/figures.txt").write_bytes(every_figure().text())
    served, own = free_port(), free_port()
    (tmp_path / "prometheus.yml").write_text(CONFIG.format(port=served))
    where = ("--bind", "127.0.0.1", "--directory", str(tmp_path / "served"))
    commands = (
        [sys.executable, "-m", "http.server", str(served), *where],
        [
            program,
            f"--config.file={tmp_path / 'prometheus.yml'}",
            f"--storage.tsdb.path={tmp_path / 'data'}",
            f"--web.listen-address=127.0.0.1:{own}",
        ],
    )
    with (tmp_path / "log").open("wb") as log:
        started = [subprocess.Popen(each, stdout=log, stderr=log) for each in commands]
        try:
            yield f"http://127.0.0.1:{own}"
        finally:
            for process in started:
                process.kill()
                process.wait()


def query(address: str, expression: str) -> list[dict]:
    try:
        answer = httpx.get(f"{address}/api/v1/query", params={"query": expression}, timeout=10)
    except httpx.TransportError:
        return []  # it is not up yet
    if answer.status_code == 503:
        return []
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text)["data"]["result"]


def test_every_query_of_the_dashboard_finds_figures(prometheus: str):
    queries = [re.sub(r"\$\w+", ".*", each) for each in expressions()]
    # a growth needs two values
    wait_until(lambda: query(prometheus, queries[-1]), 60, "the first figures are scraped")

    empty = [each for each in queries if "increase(" not in each and not query(prometheus, each)]
    assert not empty
    (growth,) = (each for each in queries if "increase(" in each)
    wait_until(lambda: query(prometheus, growth), 60, "a growth is seen")
