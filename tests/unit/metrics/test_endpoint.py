"""Figures over HTTP: put together from files, at a port that is checked before anything starts."""

import os
import socket
import threading
import time
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from flows.metrics import families
from flows.metrics.campaign_metrics import CampaignMetrics
from flows.metrics.endpoint import (
    PORT_VARIABLE,
    Endpoint,
    address_of,
    figures_in,
    merged,
    serve_for_runs,
    serving,
)
from flows.metrics.families import Figures
from flows.metrics.metered_view import MeteredView
from flows.metrics.textfile import FOLDER_VARIABLE, tell
from flows.progress import Tally
from model.errors import MachineError
from tasks.records import VideoOutcome
from tasks.store.campaign_folder import CampaignFolder
from tests.figures import every_figure
from tests.unit.plans import video_plan


def slots_of(worker: str, number: int) -> Figures:
    figures = Figures()
    figures.put(families.SLOTS, (worker,), number)
    figures.put(families.HOST_STARTS, (worker, "preview"), number)
    return figures


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_a_metric_of_several_files_is_described_once_with_all_its_values():
    text = merged([slots_of("a", 1).text().decode(), slots_of("b", 2).text().decode()])

    found = {each.name: each.samples for each in text_string_to_metric_families(text)}
    assert text.count("# TYPE nightshoot_worker_slots gauge") == 1
    assert {s.labels["worker"]: s.value for s in found["nightshoot_worker_slots"]} == {
        "a": 1,
        "b": 2,
    }
    assert len(found["nightshoot_host_starts"]) == 2


def test_one_file_is_served_as_it_was_told():
    text = every_figure().text().decode()

    assert merged([text]) == text


def test_the_endpoint_answers_with_what_is_in_the_folder_now(tmp_path: Path):
    tell(tmp_path, "worker-a", slots_of("a", 1))
    (tmp_path / "others.prom").write_text("not_ours 1\n")
    port = free_port()

    with serving(tmp_path, str(port), "--metrics-port") as endpoint:
        address = f"http://{endpoint.address}"
        first = httpx.get(f"{address}/metrics")
        tell(tmp_path, "worker-a", slots_of("a", 3))
        second = httpx.get(f"{address}/metrics")
        other = httpx.get(f"{address}/")

    assert address == f"http://127.0.0.1:{port}"
    assert first.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert 'nightshoot_worker_slots{worker="a"} 1.0' in first.text
    assert 'nightshoot_worker_slots{worker="a"} 3.0' in second.text
    assert "not_ours" not in first.text
    assert (other.status_code, "figures are at /metrics" in other.text) == (404, True)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{address}/metrics")


def test_figures_that_nobody_has_renewed_for_a_week_are_removed(tmp_path: Path):
    for name in ("old", "new"):
        tell(tmp_path, f"campaign-{name}", slots_of(name, 1))
    week = time.time() - 8 * 24 * 3600
    os.utime(tmp_path / "nightshoot-campaign-old.prom", (week, week))

    text = figures_in(tmp_path)

    assert ('worker="old"' in text, 'worker="new"' in text) == (False, True)
    assert not (tmp_path / "nightshoot-campaign-old.prom").exists()


@pytest.mark.parametrize("text", ["", "http", "0", "65536", "-1", "1.5", "127.0.0.1:", "٣"])
def test_what_is_no_port_is_refused_with_an_example(text: str):
    with pytest.raises(MachineError, match=r'PORT is ".*"; it must be a port .* such as 9477'):
        address_of(text, "PORT")


def test_an_address_may_name_its_host():
    assert address_of("9477", "x") == ("127.0.0.1", 9477)
    assert address_of("0.0.0.0:80", "x") == ("0.0.0.0", 80)
    assert address_of("[::1]:9477", "x") == ("::1", 9477)


def test_a_port_that_is_taken_is_named(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(MachineError, match=rf"PORT: .* 127\.0\.0\.1:{port} .*in use"):
            Endpoint(tmp_path, ("127.0.0.1", port), "PORT")


def test_an_address_of_the_sixth_version_is_served_too(tmp_path: Path):
    if not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    with serving(tmp_path, f"[::1]:{free_port()}", "--metrics-port") as endpoint:
        assert httpx.get(f"http://{endpoint.address}/metrics").status_code == 200


def test_a_workers_runs_are_told_the_folder_that_it_serves(tmp_path: Path):
    environ = {PORT_VARIABLE: str(free_port())}

    endpoint = serve_for_runs(environ, tmp_path / "own")

    assert endpoint is not None
    endpoint.close()
    assert environ[FOLDER_VARIABLE] == str(tmp_path / "own")
    assert (tmp_path / "own").is_dir()
    assert serve_for_runs({FOLDER_VARIABLE: "kept"}, tmp_path / "none") is None


def test_a_folder_that_all_share_is_the_one_that_is_served(tmp_path: Path):
    environ = {PORT_VARIABLE: str(free_port()), FOLDER_VARIABLE: str(tmp_path / "shared")}

    endpoint = serve_for_runs(environ, tmp_path / "own")

    assert endpoint is not None
    endpoint.close()
    assert endpoint.folder == tmp_path / "shared"
    assert not (tmp_path / "own").exists()


# --- runs in this process ------------------------------------------------------------------------


class Silent:
    """A view that shows nothing, but remembers who spoke to it."""

    def __init__(self) -> None:
        self.tally, self.said = Tally(), []

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None: ...

    def __getattr__(self, name: str):
        return lambda *_, **__: self.said.append(name)


def test_a_run_tells_what_waits_runs_and_has_ended_and_shows_it_as_before(tmp_path: Path):
    metrics = CampaignMetrics("june", CampaignFolder(tmp_path / "june"), tmp_path)
    told = tmp_path / "nightshoot-campaign-june.prom"
    view, plans = Silent(), [video_plan(video_id=f"v{number}") for number in range(3)]
    metered = MeteredView(view, metrics)  # pyright: ignore[reportArgumentType]

    with metered:
        for plan in plans:
            metered.row_prepared(None, plan)  # pyright: ignore[reportArgumentType]
        for plan in plans[:2]:
            metered.video_started(plan)
        metered.video_ended(VideoOutcome(video_id="v0", line=2, status="done"))
        wait_for(told, 'nightshoot_videos{campaign="june",state="done"} 1.0')
        text = told.read_text()
    metrics.end([VideoOutcome(video_id="v0", line=2, status="done")])

    assert 'nightshoot_videos{campaign="june",state="running"} 1.0' in text
    assert 'nightshoot_videos{campaign="june",state="waiting"} 1.0' in text
    assert 'nightshoot_campaign_running{campaign="june"} 1.0' in text
    assert 'nightshoot_campaign_running{campaign="june"} 0.0' in told.read_text()
    assert view.said == ["row_prepared"] * 3 + ["video_started"] * 2 + ["video_ended"]
    assert "metrics" not in {each.name for each in threading.enumerate()}


def wait_for(path: Path, text: str) -> None:
    deadline = time.monotonic() + 20
    while not (path.exists() and text in path.read_text()):
        assert time.monotonic() < deadline, path.read_text()
        time.sleep(0.02)
