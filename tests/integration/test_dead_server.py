"""What PREFECT_API_URL names is no Prefect server: one line, or a command that never asks it."""

import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from flows.cli.main import cli
from tests.integration.campaigns import UNTIMED, Finished, write_short_campaign
from tests.integration.servers import free_port
from tests.warm_command import WarmCommand

pytestmark = pytest.mark.integration
LIMIT_S = 120  # of a machine with much else to do; each takes a second or two
_OUT, _MANIFEST, _NIGHT = "{out}", "{manifest}", "0 1 * * *"
# what each command is called with, and its exit code
ASKING = {
    "cluster status": (("cluster", "status"), 2),
    "cluster up": (("cluster", "up"), 2),
    "doctor": (("doctor", "--out", _OUT), 1),
    "submit": (("submit", _MANIFEST, "--out", _OUT, "--no-check"), 2),
    "schedule": (("schedule", _MANIFEST, "--out", _OUT, "--cron", _NIGHT, "--no-check"), 2),
    "schedule --remove": (("schedule", _MANIFEST, "--remove"), 2),
    "retry": (("retry", "campaign", "--out", _OUT), 2),
    "watch": (("watch", "{alarms}", "--once", "--state", "{new}/state.json"), 1),
    "render": (("render", _MANIFEST, "--out", "{new}"), 2),
}
ALONE = {
    "cluster stop": (("cluster", "stop", "--home", "{new}"), 2),
    "backup": (("backup", _OUT, "--to", "{new}"), 0),
    "decide": (("decide", "campaign", "v0", "--approve", "--as", "ann", "--out", _OUT), 0),
    "deliver": (("deliver", "campaign", "--out", _OUT, "--release", "all"), 0),
    "diff": (("diff", _MANIFEST, _MANIFEST), 0),
    "find": (("find", "--script", "lamp", "--out", _OUT), 0),
    "judge": (("judge", "campaign", "--out", _OUT), 0),
    "manifest": (("manifest", "--audio-dir", "{empty}", "--portrait", "{face}"), 2),
    "plan": (("plan", _MANIFEST, "--out", _OUT), 0),
    "plan --gpus": (("plan", _MANIFEST, "--out", _OUT, "--gpus", "1"), 0),
    "purge": (("purge", _OUT, "--older-than", "0d", "--unapproved", "--yes"), 0),
    "report": (("report", "campaign", "--out", _OUT), 0),
    "restore": (("restore", "{empty}", "--out", "{new}"), 2),
    "rig": (("rig", "{face}", "--out", "{empty}"), 0),
    "say": (("say", "A lamp."), 0),
    "status": (("status", "campaign", "--out", _OUT), 0),
    "sweep": (("sweep", "campaign", "--out", _OUT), 0),
    "voices": (("voices",), 0),
}
# they run for minutes; `render` is what they call, with a server of their own or the named one
_LONG = {"calibrate", "proof", "smoke", "cluster start"}


class Other(BaseHTTPRequestHandler):
    """The page of a web server that took the place of Prefect's."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        page = b"<html>\nWelcome\n</html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@pytest.fixture
def other() -> Iterator[tuple[str, list[str]]]:
    """Its address, and what it was asked."""
    asked: list[str] = []
    handler = type("Other", (Other,), {"asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://ann:PASSWORD-7@127.0.0.1:{server.server_port}/api", asked
        server.shutdown()


@pytest.fixture
def call(
    finished: Finished, cluster_commands: WarmCommand, tmp_path: Path
) -> Callable[[tuple[str, ...], str], Any]:
    """A command, where there is a finished campaign."""
    (tmp_path / "empty").mkdir()
    manifest = finished.copied_to(tmp_path / "out")
    alarms = tmp_path / "alarms.toml"
    alarms.write_text(f'outs = ["{tmp_path}/out"]\n[webhook]\nurl = "http://127.0.0.1:9/"\n')
    places = {
        "out": tmp_path / "out",
        "manifest": manifest,
        "new": tmp_path / "new",
        "empty": tmp_path / "empty",
        "alarms": alarms,
        "face": manifest.parent / "face.png",
    }

    def run(words: tuple[str, ...], url: str) -> Any:
        env = {name: value for name, value in os.environ.items() if "PREFECT" not in name}
        env |= {"PREFECT_API_URL": url, "PREFECT_HOME": str(tmp_path / "prefect")}
        env |= {"COLUMNS": "200", "DO_NOT_TRACK": "1", "NIGHTSHOOT_ALARM_SECRET": "x" * 32}
        env |= {"XDG_DATA_HOME": str(tmp_path / "data"), **UNTIMED}
        return cluster_commands.run([word.format(**places) for word in words], env, LIMIT_S)

    return run


def test_every_command_is_tried():
    names = {name for name in cli.commands if name != "cluster"}
    names |= {f"cluster {name}" for name in cli.commands["cluster"].commands}  # type: ignore
    assert names == {*ALONE, *_LONG, *ASKING} - {"schedule --remove", "plan --gpus"}


@pytest.mark.parametrize("name", ASKING)
def test_a_command_that_meets_another_program_tells_it_in_one_line(name, call, other):
    url, asked = other
    words, status = ASKING[name]

    done = call(words, url)

    told = done.stdout + done.stderr
    assert done.returncode == status, told
    assert "Traceback" not in told
    assert "PASSWORD-7" not in told
    (line,) = [line for line in told.splitlines() if "what answers is no Prefect server" in line]
    assert "PREFECT_API_URL=http://127.0.0.1:" in line
    assert "correct the address" in line
    assert len(asked) <= 2


@pytest.mark.parametrize("name", ALONE)
def test_a_command_that_works_on_files_asks_no_server(name, call, other):
    url, asked = other
    words, status = ALONE[name]

    done = call(words, url)

    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert asked == []


def test_a_server_that_does_not_answer_is_one_line_and_a_way_out_that_works(
    nightshoot, tmp_path: Path
) -> None:
    manifest = write_short_campaign(tmp_path / "in", 1)
    dead = f"http://somebody:secret@127.0.0.1:{free_port()}/api"

    refused = nightshoot(
        "render", manifest, "--out", tmp_path / "out", timeout_s=600, PREFECT_API_URL=dead
    )

    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert "Traceback" not in refused.stderr
    assert "no Prefect server answers (ConnectError" in refused.stderr
    assert "or unset PREFECT_API_URL: the run then starts a server of its own" in refused.stderr
    assert "secret" not in refused.stdout + refused.stderr
    done = nightshoot("render", manifest, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stdout + done.stderr
