"""The server that PREFECT_API_URL names, asked whether it can be used."""

import http.server
import threading
from collections.abc import Iterator

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

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
