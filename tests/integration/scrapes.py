"""A real Prometheus that scrapes one address every second, and answers queries."""

import json
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.integration.servers import free_port

CONFIG = """
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: nightshoot
    metrics_path: {path}
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


@contextmanager
def prometheus_of(folder: Path, port: int, path: str = "/metrics") -> Generator[str]:
    """The address of one that scrapes a port of this machine; skips where it is not installed."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("Prometheus is not installed (apt-get install prometheus)")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "prometheus.yml").write_text(CONFIG.format(port=port, path=path))
    own = free_port()
    command = [
        program,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{own}",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield f"http://127.0.0.1:{own}"
        finally:
            process.kill()
            process.wait()


def query(address: str, expression: str) -> list[dict]:
    """What a query finds now; nothing while Prometheus is not up yet."""
    try:
        answer = httpx.get(f"{address}/api/v1/query", params={"query": expression}, timeout=10)
    except httpx.TransportError:
        return []
    if answer.status_code == 503:
        return []
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text)["data"]["result"]
