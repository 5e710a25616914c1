"""What a campaign asks of the server for each video's run, with a server that notes it down."""

import json
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from prefect import __version__ as prefect_version
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Scheduled

from flows.cluster.video_runs import RunSettings, VideoRuns
from flows.work import Work
from tasks.records import EncodeProfile, StoredPlan, VideoPlan
from tasks.store.campaign_folder import CampaignFolder


class Server(ThreadingHTTPServer):
    """Keeps the parameters of one run, and what changed anything."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.run = FlowRun(flow_id=uuid.uuid4(), name="june/a", state=Scheduled())
        self.asked: list[str] = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        is_unprotected = "csrf-token" in self.path
        self._answer(json.dumps(prefect_version).encode(), 404 if is_unprotected else 200)

    def do_POST(self) -> None:
        self._change()

    def do_PATCH(self) -> None:
        self._change()

    def _change(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(self.command)
        if not self.server.run.parameters or self.command == "PATCH":
            parameters = body["parameters"]
            self.server.run = self.server.run.model_copy(update={"parameters": parameters})
        self._answer(self.server.run.model_dump_json().encode())

    def _answer(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/api"
        with temporary_settings({PREFECT_API_URL: url}):
            yield server
        server.shutdown()


def video_runs(folder: Path, client: Any) -> VideoRuns:
    work = cast("Work", SimpleNamespace(folder=CampaignFolder(folder / "june"), night=None))
    settings = RunSettings(out=str(folder), campaign="june", gpus=1, queue="nightly", env={})
    return VideoRuns("june", work, settings, client, uuid.uuid4())


def stored(sha256: str) -> StoredPlan:
    plan = VideoPlan(
        video_id="a",
        title="a",
        engine="null",
        settings={},
        portrait="p.png",
        portrait_sha256="p",
        rig=None,
        speech_id="s",
        prompt="",
        seed=0,
        width=64,
        height=64,
        fps=25,
        num_frames=12,
        priority=0,
        encode=EncodeProfile(),
        segments=(),
    )
    return StoredPlan(plan=plan, line=2, sha256=sha256, request_sha256="r")


def test_a_run_that_was_made_just_now_is_told_nothing_twice(server: Server, tmp_path: Path):
    with get_client(sync_client=True) as client:
        runs = video_runs(tmp_path, client)
        run = runs.make(stored("first"))
        runs.renew(run, stored("first"))

    assert server.asked == ["POST"]


def test_a_run_of_an_earlier_night_is_told_what_has_changed(server: Server, tmp_path: Path):
    with get_client(sync_client=True) as client:
        runs = video_runs(tmp_path, client)
        run = runs.make(stored("first"))
        runs.renew(run, stored("second"))

    assert server.asked == ["POST", "PATCH"]
    assert server.run.parameters["request"]["plan_sha256"] == "second"
