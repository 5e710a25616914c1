"""The laptop's own Prefect server: who may ask it, and what other users of the machine see."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import psutil
import pytest

from flows.local.empty_database import DATABASE, begin_database, empty_database_path
from flows.local.server import LocalServer

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a campaign whose database cannot be read."""
    folder = tmp_path_factory.mktemp("logs")
    (folder / "prefect").mkdir()
    (folder / "prefect" / "prefect.db").write_bytes(b"garbage\n" * 512)
    return folder


@pytest.fixture(scope="module")
def server(logs: Path):
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PREFECT_API_URL", "PREFECT_HOME"):
            patch.delenv(name, raising=False)
        patch.setenv("PREFECT_API_AUTH_STRING", "somebody:else")
        made = LocalServer(logs)
        try:
            made.wait()
            yield os.environ["PREFECT_API_URL"]
        finally:
            made.end()
            assert os.environ["PREFECT_API_AUTH_STRING"] == "somebody:else"
            assert "PREFECT_API_URL" not in os.environ


def credentials() -> httpx.BasicAuth:
    return httpx.BasicAuth(*os.environ["PREFECT_API_AUTH_STRING"].split(":", 1))


@pytest.mark.sweep
def test_the_first_server_keeps_its_tables_and_the_next_begins_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("PREFECT_API_URL", "PREFECT_HOME", "PREFECT_API_AUTH_STRING"):
        monkeypatch.delenv(name, raising=False)
    kept = empty_database_path()
    assert not kept.exists()
    first = LocalServer(tmp_path / "first")
    try:
        first.wait()
    finally:
        first.end()
    begun = tmp_path / "begun"
    assert not begin_database(begun)
    with closing(sqlite3.connect(begun / DATABASE)) as database:
        (num_runs,) = database.execute("select count(*) from flow_run").fetchone()
        (num_block_types,) = database.execute("select count(*) from block_type").fetchone()
    assert (num_runs, num_block_types > 10) == (0, True)
    made_at = kept.stat().st_mtime_ns

    other = LocalServer(tmp_path / "other")
    try:
        database_of_other = tmp_path / "other" / "prefect" / "prefect.db"
        assert database_of_other.exists(), "before the server has begun"
        other.wait()
        asked = f"{os.environ['PREFECT_API_URL']}/flows/filter"
        assert httpx.post(asked, json={}, auth=credentials()).status_code == 200
    finally:
        other.end()
    assert kept.stat().st_mtime_ns == made_at


def test_nobody_is_answered_without_the_runs_password(server: str) -> None:
    asked = f"{server}/flows/filter"
    assert httpx.post(asked, json={}).status_code == 401
    assert httpx.post(asked, json={}, auth=("nightshoot", "guess")).status_code == 401
    assert httpx.post(asked, json={}, auth=credentials()).status_code == 200


def test_no_page_of_another_origin_may_read_answers(server: str) -> None:
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1"):
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        preflight = httpx.options(f"{server}/flows/filter", headers=asked)
        answer = httpx.post(
            f"{server}/flows/filter", json={}, auth=credentials(), headers={"Origin": origin}
        )
        for each in (preflight, answer):
            assert each.headers.get("access-control-allow-origin") in (None, server[:-4])


def test_the_password_is_in_no_command_line_and_no_file(server: str) -> None:
    password = os.environ["PREFECT_API_AUTH_STRING"].partition(":")[2]
    assert len(password) > 40
    children = psutil.Process().children(recursive=True)
    assert any("flows.local.server" in child.cmdline() for child in children)
    for process in (psutil.Process(), *children):
        assert password not in " ".join(process.cmdline())
    logs = Path(os.environ["PREFECT_HOME"]).parent
    held = [path for path in logs.rglob("*") if path.is_file()]
    assert held
    assert not [path for path in held if password.encode() in path.read_bytes()]


def test_every_run_draws_a_password_of_its_own(server: str, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        first = os.environ["PREFECT_API_AUTH_STRING"]
        patch.delenv("PREFECT_API_URL")
        other = LocalServer(tmp_path)
        try:
            assert os.environ["PREFECT_API_AUTH_STRING"] != first
        finally:
            other.end()
        assert os.environ["PREFECT_API_AUTH_STRING"] == first


def test_a_database_that_cannot_be_read_is_put_aside_and_a_new_one_begun(
    server: str, logs: Path
) -> None:
    assert (logs / "prefect" / "damaged-prefect.db").read_bytes().startswith(b"garbage")
    with closing(sqlite3.connect(logs / "prefect" / "prefect.db")) as database:
        assert database.execute("select count(*) from flow").fetchone() == (0,)
    asked = f"{server}/flows/filter"
    assert httpx.post(asked, json={}, auth=credentials()).status_code == 200
