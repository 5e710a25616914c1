"""A run's own state, asked of the server: over one connection, and as long as nobody cancels it."""

import json
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from prefect import __version__ as prefect_version
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Cancelling, Running

from flows.cluster.api_client import OwnRun

RUN_ID = uuid.uuid4()


class Server(ThreadingHTTPServer):
    """What the API says of one run; counts who connects and what is asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.state, self.num_connections, self.num_looks = Running(), 0, 0

    def get_request(self):
        self.num_connections += 1
        return super().get_request()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        if self.path.startswith("/api/flow_runs/"):
            self.server.num_looks += 1
            run = FlowRun(id=RUN_ID, flow_id=uuid.uuid4(), name="n", state=self.server.state)
            body = run.model_dump_json().encode()
        else:
            body = json.dumps(prefect_version).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("PREFECT__FLOW_RUN_ID", str(RUN_ID))
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/api"
        with temporary_settings({PREFECT_API_URL: url}):
            yield server
        server.shutdown()


def test_a_run_asks_for_its_state_over_one_connection_and_hears_that_it_is_cancelled(
    server: Server,
):
    own, stop = OwnRun(), threading.Event()

    with own.watched(stop):
        seen = [own.look() for _ in range(4)]
        server.state = Cancelling()
        seen += [own.look(), own.look()]

    assert seen == [False] * 4 + [True] * 2
    # two where the watch asks at the same moment; each of them takes 25 ms of computing
    assert server.num_connections <= 2 < server.num_looks
