"""The parts of a supervisor: its folder, its database's address, its view of logs, its restarts."""

from pathlib import Path

import pytest

from flows.supervisor.database import database_settings
from flows.supervisor.home import (
    HOME_VARIABLE,
    PASSWORD_VARIABLE,
    URL_VARIABLE,
    ClusterHome,
    SupervisorError,
    join_cluster,
)
from flows.supervisor.log_view import LogView, Tail
from flows.supervisor.part import Backoff
from flows.supervisor.settings import slots_of

# --- the folder ---------------------------------------------------------------------------------


def test_a_folder_holds_one_cluster_at_a_time(tmp_path: Path):
    home = ClusterHome(tmp_path / "home")

    with home.held():
        assert home.is_running()
        with (
            pytest.raises(SupervisorError, match=r"a cluster already runs in .*home"),
            ClusterHome(tmp_path / "home").held(),
        ):
            pass
        assert home.is_running(), "who was refused takes nothing away"
    assert not home.is_running()


def test_a_folder_that_cannot_be_used_is_named_with_the_way_out(tmp_path: Path):
    (tmp_path / "file").touch()

    with pytest.raises(SupervisorError, match=r"file/home: .* --home"):
        ClusterHome(tmp_path / "file" / "home").held().__enter__()


def test_the_password_stays_and_the_port_may_change(tmp_path: Path):
    home = ClusterHome(tmp_path)

    first, second = home.write_access(4200), home.write_access(4300)

    assert first[PASSWORD_VARIABLE] == second[PASSWORD_VARIABLE]
    assert home.access() == second
    assert second[URL_VARIABLE] == "http://127.0.0.1:4300/api"
    assert [path.name for path in tmp_path.iterdir()] == ["cluster.env"]


def test_commands_join_a_cluster_only_while_it_runs_and_no_other_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    for name in (URL_VARIABLE, PASSWORD_VARIABLE):
        monkeypatch.setenv(name, "")  # so that what is set below goes away again
    home = ClusterHome(tmp_path)
    home.write_access(4200)

    assert join_cluster() == ""
    with home.held():
        monkeypatch.setenv(URL_VARIABLE, "http://control:4200/api")
        assert join_cluster() == ""
        monkeypatch.setenv(URL_VARIABLE, "")
        assert join_cluster() == "http://127.0.0.1:4200/api"


# --- the database -------------------------------------------------------------------------------


def test_an_address_becomes_the_servers_settings():
    settings = database_settings("postgresql://night:se%40cret@db:5433/prefect", {})

    assert settings == {
        "PREFECT_SERVER_DATABASE_DRIVER": "postgresql+asyncpg",
        "PREFECT_SERVER_DATABASE_HOST": "db",
        "PREFECT_SERVER_DATABASE_PORT": "5433",
        "PREFECT_SERVER_DATABASE_USER": "night",
        "PREFECT_SERVER_DATABASE_PASSWORD": "se@cret",
        "PREFECT_SERVER_DATABASE_NAME": "prefect",
    }


def test_a_password_may_come_from_the_environment():
    settings = database_settings("postgresql://night@db/prefect", {"PGPASSWORD": "secret"})

    assert settings["PREFECT_SERVER_DATABASE_PASSWORD"] == "secret"
    assert settings["PREFECT_SERVER_DATABASE_PORT"] == "5432"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("mysql://night:secret@db/prefect", "must read postgresql://USER@HOST/NAME"),
        ("prefect.db", "must read postgresql://USER@HOST/NAME"),
        ("postgresql://db/prefect", "must read postgresql://USER@HOST/NAME"),
        ("postgresql://night@db/prefect", "lacks a password; set PGPASSWORD"),
        ("postgresql://night:secret@db", "lacks the database's name"),
        ("postgresql://night:secret@db/prefect?ssl=true", "must end with the database's name"),
        ("postgresql://night:secret@db:many/prefect", "--database"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_its_password(address: str, said: str):
    with pytest.raises(SupervisorError) as caught:
        database_settings(address, {})

    assert said in str(caught.value)
    assert "secret" not in str(caught.value)


# --- logs ---------------------------------------------------------------------------------------


def test_the_view_names_who_wrote_each_line(tmp_path: Path):
    shown: list[str] = []
    view = LogView(shown.append, ["cpu", "server"])
    (tmp_path / "cpu.log").write_text("of an earlier start\n")
    view.add("cpu", tmp_path / "cpu.log")
    view.add("server", tmp_path / "server.log")

    with (tmp_path / "cpu.log").open("a") as log:
        log.write("started\n\nhalf a")
    (tmp_path / "server.log").write_text("ready\n")
    view.look()
    with (tmp_path / "cpu.log").open("a") as log:
        log.write(" line\nlast words")
    view.close()

    assert shown == [
        "cpu    | started",
        "server | ready",
        "cpu    | half a line",
        "cpu    | last words",
    ]


def test_a_log_that_has_grown_is_put_aside_and_its_writer_goes_on(tmp_path: Path):
    path = tmp_path / "gpu.log"
    with path.open("a", buffering=1) as log:
        tail = Tail("gpu", path, most_bytes=100)
        for number in range(30):
            log.write(f"line {number}\n")
        seen = tail.lines()
        log.write("after\n")
        seen += tail.lines()
    tail.close()

    assert seen == [*(f"line {number}" for number in range(30)), "after"]
    assert path.read_text() == "after\n"
    assert (tmp_path / "gpu.log.1").read_text().startswith("line 0\n")


# --- restarts and slots -------------------------------------------------------------------------


def test_restarts_wait_twice_as_long_each_time_until_a_part_has_run_for_a_minute():
    backoff, delays = Backoff(), []
    for _ in range(7):
        backoff = backoff.after_crash(ran_s=2)
        delays.append(backoff.delay_s)

    assert delays == [1, 2, 4, 8, 16, 30, 30]
    assert backoff.after_crash(ran_s=90).delay_s == 1


def test_a_setting_names_the_slots_and_a_wrong_one_is_not_ignored():
    assert slots_of({"NIGHTSHOOT_GPU_SLOTS": "0,1"}).names == ("0", "1")
    assert slots_of({"NIGHTSHOOT_GPU_SLOTS": "0,1"}).are_gpus
    with pytest.raises(Exception, match="must name GPUs"):
        slots_of({"NIGHTSHOOT_GPU_SLOTS": "0,0"})
