"""What the processes that we start find in their environment, read where the kernel keeps it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from model import child_environment
from tasks.processes import ffmpeg
from tasks.processes.child_processes import Child, Guarded
from tasks.processes.programs import run_program
from tests.unit.processes.test_ffmpeg import wait_for_text

SECRETS = {
    "OPENAI_API_KEY": "sk-PASSWORD",
    "MY_VOICE_TOKEN": "PASSWORD",
    "AWS_ACCESS_KEY_ID": "PASSWORD",
    "AWS_SECRET_ACCESS_KEY": "PASSWORD",
    "AWS_SESSION_TOKEN": "PASSWORD",
    "AWS_ENDPOINT_URL": "http://end:PASSWORD@127.0.0.1:9/?k=PASSWORD",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/PASSWORD",
    "PGPASSWORD": "PASSWORD",
    "GITHUB_PAT": "PASSWORD",
    "SLACK_WEBHOOK_URL": "https://hooks.example/services/PASSWORD",
    "SOME_SERVICE": "https://service.example/?token=PASSWORD",
    "NIGHTSHOOT_VOICE_URL": "http://speech.example/PASSWORD/v1",
    "NIGHTSHOOT_VOICE_COMMAND": "speak --token PASSWORD {text_file} {out}",
    "NIGHTSHOOT_UPSCALER_COMMAND": "enlarge --token PASSWORD {in} {out} {width} {height}",
    "NIGHTSHOOT_ALARM_SECRET": "PASSWORD",
    "NIGHTSHOOT_MAIL_PASSWORD": "PASSWORD",
    "PREFECT_API_KEY": "PASSWORD",
    "PREFECT_API_AUTH_STRING": "nightshoot:PASSWORD",
    "PREFECT_SERVER_DATABASE_CONNECTION_URL": "postgresql://p:PASSWORD@127.0.0.1/p",
    "https_proxy": "http://me:PASSWORD@proxy.example:3128",
}
# of GPUs, their network and Python, whose names look like those of secrets
OF_ENGINES = {
    "NCCL_IB_PKEY": "1",
    "NCCL_PAT_ENABLE": "0",
    "TOKENIZERS_PARALLELISM": "false",
    "CUDA_VISIBLE_DEVICES": "3",
    "PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True",
    "NIGHTSHOOT_WEIGHTS": "/models/a@b?c=d",
    "UCX_NET_DEVICES": "mlx5_0:1",
    "MODULES": "tools:/opt/gcc@13/lib",
    "UNHEARD_OF": "1",
}
RUN = {"PREFECT__FLOW_RUN_ID": "7f1c"}
KEPT = {
    "PATH": "/usr/bin",
    "LD_LIBRARY_PATH": "/opt/lib",
    "LC_ALL": "C",
    "TMPDIR": "/scratch",
} | RUN
WORLD = SECRETS | OF_ENGINES | KEPT


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(child_environment, "_hidden", set[str]())
    child_environment.keep_from_children("SPEECH")
    return "SPEECH"


def test_ffmpeg_finds_what_it_works_with_and_nothing_else(hidden: str):
    found = child_environment.file_program(WORLD | {hidden: "PASSWORD"})
    assert found == KEPT | {"NIGHTSHOOT_WEIGHTS": "/models/a@b?c=d"}


def test_an_engine_finds_all_but_secrets_however_they_are_named(hidden: str):
    assert child_environment.engine(WORLD | {hidden: "PASSWORD"}) == OF_ENGINES | KEPT


def test_a_server_finds_the_same_and_what_is_prefects_or_a_proxys(hidden: str):
    found = child_environment.server(WORLD | {hidden: "PASSWORD"})
    own = {name: value for name, value in SECRETS.items() if name.startswith("PREFECT_")}
    del own["PREFECT_API_KEY"]  # of Prefect's cloud
    assert found == OF_ENGINES | KEPT | own | {"https_proxy": SECRETS["https_proxy"]}


def test_a_command_of_the_operator_finds_what_the_operator_set_and_no_password_of_ours():
    found = child_environment.operator(WORLD)
    ours = ("PREFECT_", "PGPASSWORD", "NIGHTSHOOT_VOICE", "NIGHTSHOOT_UPSCALER")
    ours = (*ours, "NIGHTSHOOT_ALARM", "NIGHTSHOOT_MAIL")
    others = {name: value for name, value in WORLD.items() if not name.startswith(ours)}
    assert found == others | RUN
    assert found["OPENAI_API_KEY"] == "sk-PASSWORD"


OF_SERVERS = {
    "PGPASSWORD",
    "NIGHTSHOOT_ALARM_SECRET",
    "NIGHTSHOOT_MAIL_PASSWORD",
    "PREFECT_SERVER_DATABASE_CONNECTION_URL",
}


def test_a_worker_finds_all_but_what_servers_and_alarms_need():
    found = child_environment.worker(WORLD | {"PREFECT_SERVER_API_AUTH_STRING": "PASSWORD"})
    assert found == {name: value for name, value in WORLD.items() if name not in OF_SERVERS}


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("UNHEARD_OF", "1")


def test_a_program_that_is_started_has_no_secret(secrets: None):
    found = run_program(["cat", "/proc/self/environ"], timeout_s=60).stdout

    assert b"PATH=" in found
    assert b"PASSWORD" not in found
    assert b"UNHEARD_OF" not in found


TELL = """
import sys, time
from pathlib import Path
place = Path(sys.argv[1])
place.with_suffix(".part").write_bytes(Path("/proc/self/environ").read_bytes())
place.with_suffix(".part").rename(place)
sys.stdin.read()
"""


@pytest.mark.parametrize("is_guarded", [False, True])
def test_a_process_of_ours_that_is_started_has_no_secret(
    secrets: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_guarded: bool
):
    if sys.platform != "linux":
        pytest.skip("only Linux shows the environment of a process")
    (tmp_path / "tells.py").write_text(TELL)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    place, log = tmp_path / "environment", tmp_path / "log"

    if is_guarded:
        child = Guarded(["tells", str(place)], log, tmp_path / "beats")
    else:
        child = Child("tells", [str(place)], log)
    try:
        found = wait_for_text(place)
    finally:
        child.end()

    assert "UNHEARD_OF=1" in found
    assert "PASSWORD" not in found


def test_the_ffmpeg_that_pip_installed_is_looked_for_without_being_started_with_our_keys(
    secrets: None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("NIGHTSHOOT_FFMPEG", raising=False)
    monkeypatch.delenv("IMAGEIO_FFMPEG_EXE", raising=False)
    environments: list[object] = []

    class Noted(subprocess.Popen):
        def __init__(self, *words: object, **options: object) -> None:
            environments.append(options.get("env"))
            super().__init__(*words, **options)

    monkeypatch.setattr(subprocess, "Popen", Noted)
    ffmpeg._checked_ffmpeg.cache_clear()

    assert "imageio_ffmpeg" in ffmpeg.ffmpeg_path()

    assert len(environments) == 1
    assert environments[0], "none would be ours"
    assert "PASSWORD" not in str(environments[0])
