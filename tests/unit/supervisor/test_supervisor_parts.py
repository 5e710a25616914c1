"""The parts of a supervisor: its folder, its database's address, its view of logs, its restarts."""

import asyncio
import re
import signal
import time
from pathlib import Path

import pytest

from flows.cluster.workers.sign import SIGN_VARIABLE, keep_touching
from flows.supervisor.database import database_settings
from flows.supervisor.health import HANG_VARIABLE, Signs, hang_limit, touched
from flows.supervisor.home import (
    HOME_VARIABLE,
    PASSWORD_VARIABLE,
    URL_VARIABLE,
    ClusterHome,
    SupervisorError,
    join_cluster,
)
from flows.supervisor.log_view import LogView, Tail
from flows.supervisor.part import Backoff, Part
from flows.supervisor.settings import slots_of
from tasks.processes.child_processes import Child

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


def signs_of(values: list[int], limit_s: float) -> Signs:
    """Gives the last of ``values``."""
    return Signs(lambda: values[-1], limit_s)


def test_a_part_that_stays_silent_after_its_first_sign_is_missed():
    values = [1]
    signs = signs_of(values, 20)
    signs.begin(100)
    values.append(2)
    assert not signs.silent_s(101)

    found = [signs.silent_s(now) for now in range(102, 124)]

    assert found[:20] == [0] * 20
    assert found[-1] == 22
    values.append(3)
    assert not signs.silent_s(124)


def test_a_part_may_take_five_minutes_to_give_its_first_sign():
    signs = signs_of([1], 20)
    signs.begin(0)

    found = [signs.silent_s(now) for now in range(303)]

    assert not any(found[:301])
    assert found[-1] > 300


def test_nobody_is_missed_while_the_supervisor_itself_stood_still():
    values = [1]
    signs = signs_of(values, 20)
    signs.begin(0)
    values.append(2)
    assert not signs.silent_s(1)

    assert not signs.silent_s(1000)
    assert not any(signs.silent_s(now) for now in range(1001, 1020))
    assert any(signs.silent_s(now) for now in range(1020, 1030))


@pytest.mark.parametrize("text", ["9", "soon", "nan", "inf", "-1"])
def test_a_time_to_hang_that_is_none_is_refused(text: str):
    assert hang_limit({}) == 90
    assert hang_limit({HANG_VARIABLE: "30"}) == 30
    with pytest.raises(SupervisorError, match=rf'HANG_S is "{text}"; it must be a number of sec'):
        hang_limit({HANG_VARIABLE: text})


def test_what_hangs_is_killed_and_started_again(tmp_path: Path):
    values, started = [1], list[Child]()

    def start() -> Child:
        started.append(Child("http.server", ["0", "--bind", "127.0.0.1"], tmp_path / "log"))
        return started[-1]

    part = Part("server", start, signs_of(values, 0.2))
    part.start()
    assert part.look() == ""
    values.append(2)
    assert part.look() == ""
    told = look_until_said(part)
    assert re.fullmatch(
        r"gave no sign of life for 0 s and was killed; it is started again in 1 s", told
    )
    assert started[0].exit_code == -signal.SIGKILL
    assert look_until_said(part) == "started again"
    assert part.child is started[1]
    started[1].end(0.0)


def look_until_said(part: Part) -> str:
    deadline = time.monotonic() + 20
    while not (told := part.look()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return told


def test_a_worker_touches_its_sign_for_as_long_as_its_loop_turns(tmp_path: Path):
    place = tmp_path / "gpu.sign"

    async def work() -> None:
        task = keep_touching({SIGN_VARIABLE: str(place)})
        assert task is not None
        assert keep_touching({}) is None
        while not place.exists():
            await asyncio.sleep(0.01)
        task.cancel()

    assert touched(place)() is None
    asyncio.run(asyncio.wait_for(work(), 20))
    assert touched(place)() == place.stat().st_mtime_ns


def test_a_setting_names_the_slots_and_a_wrong_one_is_not_ignored():
    assert slots_of({"NIGHTSHOOT_GPU_SLOTS": "0,1"}).names == ("0", "1")
    assert slots_of({"NIGHTSHOOT_GPU_SLOTS": "0,1"}).are_gpus
    with pytest.raises(Exception, match="must name GPUs"):
        slots_of({"NIGHTSHOOT_GPU_SLOTS": "0,0"})
