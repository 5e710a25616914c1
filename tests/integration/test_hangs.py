"""What hangs is noticed; Ctrl-C ends a run in any state, with all that it started."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.integration.campaigns import video_digests, write_campaign

pytestmark = pytest.mark.integration
# the run itself sees to it that it is gone in time (`tasks/processes/last_resort.py`) and says so;
# how long a loaded machine takes to get there is not what is asked
ENDED_S = 60.0
LATE = "what was under way did not end within 7 s"
# how long a command may take to come to its work, which is not what is asked: beside ten other
# sessions, its imports alone have taken a minute
STARTED_S = 180.0
# the command line with an encoder's patience of two seconds instead of two minutes
IMPATIENT = (
    "import tasks.media.encode as e; e.STALL_S = 2.0; from flows.cli.main import main; main()"
)


class Run:
    """The command line, running; it is told apart from others by its log."""

    def __init__(self, start: Callable[..., Any], log: Path, *words: object, code: str) -> None:
        self.log = log
        # where a step is another, it must come to pass
        self.process = start(words, log, code=code, own_clauses=bool(code))

    @property
    def text(self) -> str:
        return self.log.read_text()

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def child(self, is_it: Callable[[list[str]], bool]) -> psutil.Process:
        """The first of its processes whose command line ``is_it``."""
        deadline = time.monotonic() + STARTED_S
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.text
            for each in self.family():
                try:
                    if is_it(each.cmdline()):
                        return each
                except psutil.NoSuchProcess:
                    continue
            time.sleep(0.1)  # to look at all processes is work
        raise AssertionError(self.text)

    def interrupt(self, *, is_repeated: bool = False) -> None:
        """Press Ctrl-C, once or again and again, until it and its children are gone."""
        family = self.family()
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        while is_repeated and self.process.poll() is None and time.monotonic() - began < ENDED_S:
            # two signals that come while a busy machine does not let it run are one
            time.sleep(0.2)
            self.process.send_signal(signal.SIGINT)
        assert self.process.wait(ENDED_S) == 130, self.text
        _, alive = psutil.wait_procs(family, timeout=ENDED_S)
        assert not alive, alive
        assert "run the same command to continue" in self.text
        assert "Traceback" not in self.text
        if is_repeated:
            assert LATE not in self.text, "who presses again does not wait"


@pytest.fixture
def run(tmp_path: Path, start_nightshoot: Callable[..., Any]) -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def start(*words: object, code: str = "") -> Run:
        runs.append(Run(start_nightshoot, tmp_path / f"{len(runs)}.log", *words, code=code))
        return runs[-1]

    yield start
    for each in runs:
        if each.process.poll() is None:
            for child in each.family():
                child.kill()
            each.process.kill()
        each.process.wait()


def is_encoder(command: list[str]) -> bool:
    return "rawvideo" in command and "setpriv" not in command[0]


def is_engine(command: list[str]) -> bool:
    return command[1:3] == ["-m", "model.host"]


@pytest.fixture
def slow_video(tmp_path: Path) -> list[object]:
    """One video with few and long segments, so that an encoder is caught at work."""
    manifest = write_campaign(tmp_path / "in", num_videos=1, num_sentences=3)
    return ["render", manifest, "--out", tmp_path, "--set", "delay_ms=20", "--workers", 1]


def test_a_stopped_encoder_is_killed_and_its_segment_rendered_again(tmp_path, run, slow_video):
    rendering = run(*slow_video, code=IMPATIENT)
    encoder = rendering.child(is_encoder)
    encoder.suspend()

    assert rendering.process.wait(STARTED_S) == 0, rendering.text

    assert not encoder.is_running()
    kept = [path.read_text() for path in tmp_path.glob("campaign/logs/segments/*.log")]
    assert len(kept) == 1
    assert "so it hangs: killed" in kept[0] or "of its last input: killed" in kept[0]
    assert video_digests(tmp_path / "campaign")


def test_ctrl_c_ends_a_run_whose_encoder_is_stopped(run, slow_video):
    rendering = run(*slow_video)
    rendering.child(is_encoder).suspend()
    time.sleep(1)  # its pipe fills meanwhile
    rendering.interrupt()


def test_ctrl_c_ends_a_run_whose_engine_is_stopped(run, slow_video):
    rendering = run(*slow_video)
    rendering.child(is_encoder)
    for process in [each for each in rendering.family() if is_engine(each.cmdline())]:
        process.suspend()
    rendering.interrupt()


def speaking(folder: Path, command_name: str = "render") -> list[object]:
    manifest = write_campaign(folder / "in", num_videos=3, num_sentences=1)
    command = "sh -c 'sleep 600; : {text_file} {out}'"
    options = ["--voice", "command:x", "--voice-command", command]
    return [command_name, manifest, "--out", folder, *options]


def is_speech(command: list[str]) -> bool:
    return command == ["sleep", "600"]


def test_ctrl_c_ends_a_run_that_waits_for_a_speech_command(tmp_path, run):
    rendering = run(*speaking(tmp_path))
    rendering.child(is_speech)
    rendering.interrupt()


def test_a_second_ctrl_c_ends_a_run_at_once(tmp_path, run):
    rendering = run(*speaking(tmp_path))
    rendering.child(is_speech)
    rendering.interrupt(is_repeated=True)


def test_what_does_not_look_at_a_request_to_stop_is_left_behind_in_time(tmp_path, run):
    """A step inside a library, for example; here it sleeps where a clause is spoken."""
    manifest = write_campaign(tmp_path / "in", num_videos=3, num_sentences=1)
    rendering = run("render", manifest, "--out", tmp_path, code=DEAF)
    deadline = time.monotonic() + STARTED_S
    while "speaks" not in rendering.text:
        assert time.monotonic() < deadline, rendering.text
        time.sleep(0.05)
    rendering.interrupt()
    assert LATE in rendering.text


@pytest.mark.sweep
def test_ctrl_c_ends_a_plan_that_waits_for_a_speech_command(tmp_path, run):
    planning = run(*speaking(tmp_path, "plan"))
    planning.child(is_speech)
    planning.interrupt()


@pytest.mark.sweep
def test_a_second_ctrl_c_ends_a_plan_at_once(tmp_path, run):
    planning = run(*speaking(tmp_path, "plan"))
    planning.child(is_speech)
    planning.interrupt(is_repeated=True)


DEAF = (
    "import time, tasks.speech.speech as s\n"
    "s.open_speaker = lambda *_: lambda text: print('speaks', flush=True) or time.sleep(600)\n"
    "from flows.cli.main import main; main()"
)


# pressed once is shown by a run, above
@pytest.mark.parametrize("is_repeated", [pytest.param(False, marks=pytest.mark.sweep), True])
def test_ctrl_c_ends_a_plan_in_the_middle_of_a_clause(tmp_path, run, is_repeated):
    """A built-in voice does not look up while it speaks one; here it takes ten minutes."""
    manifest = write_campaign(tmp_path / "in", num_videos=3, num_sentences=1)
    planning = run("plan", manifest, "--out", tmp_path, code=DEAF)
    deadline = time.monotonic() + STARTED_S
    while "speaks" not in planning.text:
        assert time.monotonic() < deadline, planning.text
        time.sleep(0.05)
    planning.interrupt(is_repeated=is_repeated)
    assert is_repeated == (LATE not in planning.text)


@pytest.fixture
def stalling_server() -> Iterator[tuple[str, threading.Event]]:
    """Promises a portrait and sends one byte of it; the event is set when it was asked."""
    asked, over = threading.Event(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            self.wfile.write(b"\x89")
            asked.set()
            over.wait(600)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the terminal quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/face.png", asked
    over.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("is_repeated", [False, pytest.param(True, marks=pytest.mark.sweep)])
def test_ctrl_c_ends_a_run_that_waits_for_a_portrait(tmp_path, run, stalling_server, is_repeated):
    url, asked = stalling_server
    manifest = write_campaign(tmp_path / "in", num_videos=2)
    manifest.write_text(manifest.read_text().replace("face.png", url))
    rendering = run("render", manifest, "--out", tmp_path, "--allow-private")
    assert asked.wait(STARTED_S), rendering.text
    rendering.interrupt(is_repeated=is_repeated)
