"""The server that PREFECT_API_URL names, asked whether it can be used."""

import http.server
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.deployment.server import ClusterError, cluster_client
from flows.local import named_server
from flows.local.named_server import check_named_server
from model.errors import CampaignError


class Refusing(http.server.BaseHTTPRequestHandler):
    """A server that is well, and wants a password."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path.endswith("/health") else 401)
        self.end_headers()

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@pytest.fixture
def refusing() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/api"
        server.shutdown()


def told_of(url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PREFECT_API_URL", url)
    with (
        temporary_settings({PREFECT_API_URL: url}),
        pytest.raises(CampaignError, match="unset PREFECT_API_URL") as told,
    ):
        check_named_server()
    return str(told.value)


def test_a_server_that_is_not_there_is_one_line_without_the_address_s_password(monkeypatch):
    told = told_of("http://somebody:secret@127.0.0.1:9/api", monkeypatch)
    assert "http://127.0.0.1:9/api: no Prefect server answers (ConnectError" in told
    assert "secret" not in told
    assert "\n" not in told


def test_an_address_that_is_none_is_one_line(monkeypatch):
    assert "no Prefect server answers (UnsupportedProtocol" in told_of("ftp://x/api", monkeypatch)


def test_a_server_that_wants_a_password_is_one_line_that_says_where_to_put_it(
    refusing, monkeypatch
):
    told = told_of(refusing, monkeypatch)
    assert "the server wants its auth string (401)" in told
    assert "set PREFECT_API_AUTH_STRING" in told


SHORT_S = 0.3


@pytest.fixture
def answering() -> Iterator[Callable[[bytes], str]]:
    """A server that says these bytes to all that it is asked; none: it accepts and is silent."""
    with ExitStack() as stack:

        def start(answer: bytes) -> str:
            class Answering(socketserver.BaseRequestHandler):
                def handle(self) -> None:
                    self.request.recv(65_536)
                    if answer:
                        self.request.sendall(answer)
                    else:
                        ended.wait(60)

            ended = threading.Event()
            server = stack.enter_context(
                socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answering)
            )
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.shutdown)
            stack.callback(ended.set)
            return f"http://127.0.0.1:{server.server_address[1]}/api"

        yield start


def http_answer(status: str, body: str, head: str = "") -> bytes:
    length = len(body.encode())
    head += f"Content-Length: {length}\r\nConnection: close\r\n"
    return f"HTTP/1.1 {status}\r\n{head}\r\n{body}".encode()


OTHERS = {
    "silent": (b"", "no Prefect server answers (ReadTimeout"),
    "garbage": (b"\x16\x03\x00 who?\r\n\r\n", "no Prefect server answers (RemoteProtocolError"),
    "html": (http_answer("200 OK", "<html>\nnginx"), "what answers is no Prefect server (JSON"),
    "json": (http_answer("200 OK", '{"a": 1}'), "what answers is no Prefect server (Valid"),
    "latin": (
        http_answer("200 OK", "").replace(b"Length: 0", b"Length: 2") + b"\xff\xfe",
        "what answers is no Prefect",
    ),
    "500": (http_answer("500 Oh", "<html>"), "no Prefect server answers (PrefectHTTPStatusError"),
    "redirect": (
        http_answer("302 Found", "", "Location: /login\r\n"),
        "no Prefect server answers (TooManyRedirects",
    ),
}


@pytest.mark.parametrize("other", OTHERS)
def test_what_is_no_prefect_server_is_one_line_in_a_moment_at_both_doors(
    other, answering, monkeypatch
):
    answer, said = OTHERS[other]
    monkeypatch.setattr(named_server, "_ANSWER_S", SHORT_S)
    monkeypatch.setattr(named_server, "_NUM_RETRIES", 0)
    url = answering(answer)

    at_run = told_of(url, monkeypatch)
    with (
        temporary_settings({PREFECT_API_URL: url}),
        pytest.raises(ClusterError, match="or correct the address") as of_cluster,
        cluster_client(),
    ):
        pass

    for told in (at_run, str(of_cluster.value)):
        assert f"PREFECT_API_URL={url}: {said}" in told
        assert "\n" not in told


def test_a_server_that_is_silent_is_given_up_soon():
    tries = named_server._NUM_RETRIES + 1
    pauses_s = 1.2 * sum(2**n for n in range(1, tries))  # Prefect makes them a fifth longer at most
    of_one_request_s = named_server._ANSWER_S * tries + pauses_s
    # Prefect's own: six tries of a minute each, and 62 s between them
    assert 2 * of_one_request_s <= 80, "the health check, and a request if only that is answered"
