"""The tests' forked commands are the command line: same words, same exit codes, same signals."""

import os
import signal
import subprocess
import sys

import pytest

from tests.integration.campaigns import ROOT, write_campaign
from tests.warm_command import read_at_import

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("arguments", [("--help",), ("status", "nowhere"), ("paint",)])
def test_a_forked_command_says_and_returns_what_python_started_anew_does(
    nightshoot, prefect_api, tmp_path, arguments
):
    words = [*arguments, "--out", str(tmp_path)] if len(arguments) == 2 else list(arguments)
    anew = subprocess.run(
        [sys.executable, "-m", "flows.cli", *words],
        cwd=ROOT,
        env={**os.environ, "PREFECT_API_URL": prefect_api, "COLUMNS": "120"},
        capture_output=True,
        text=True,
        check=False,
    )

    forked = nightshoot(*words)

    assert forked.returncode == anew.returncode
    assert (forked.stdout, forked.stderr) == (anew.stdout, anew.stderr)


@pytest.mark.parametrize("code", ["None", "0", "3", "True", "259", "'a word'", "''"])
def test_a_fork_that_exits_waits_for_threads_and_tidies_up_as_python_does(
    warm_command, prefect_api, code
):
    program = (
        "import atexit, sys, threading, time\n"
        "atexit.register(print, 'tidied up')\n"
        "def late():\n    time.sleep(0.1)\n    print('the thread has ended')\n"
        f"threading.Thread(target=late).start()\nsys.exit({code})"
    )
    anew = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    forked = warm_command.run([], {**os.environ, "PREFECT_API_URL": prefect_api}, 60, program)

    assert forked.returncode == anew.returncode
    assert (forked.stdout, forked.stderr) == (anew.stdout, anew.stderr)


def test_a_killed_command_ends_with_its_signal_and_others_go_on(start_nightshoot, tmp_path):
    manifest = write_campaign(tmp_path / "in", num_videos=1, num_sentences=1)
    logs = tmp_path / "a.log", tmp_path / "b.log"
    slow = ["render", manifest, "--out", tmp_path / "a", "--set", "delay_ms=2000"]
    killed = start_nightshoot(slow, logs[0])
    other = start_nightshoot(["status", "nowhere", "--out", tmp_path], logs[1])

    with pytest.raises(subprocess.TimeoutExpired):
        killed.wait(0.1)
    assert killed.poll() is None
    killed.kill()

    assert killed.wait(30) == -signal.SIGKILL
    assert other.wait(60) == 2


def test_where_another_value_is_read_at_import_python_starts_anew(
    start_nightshoot, warm_command, tmp_path, monkeypatch
):
    # whatever the tests before this one have left in this process
    for name in read_at_import(os.environ).keys() - warm_command.at_import.keys():
        monkeypatch.delenv(name)
    for name, value in warm_command.at_import.items():
        monkeypatch.setenv(name, value)
    forked = start_nightshoot(["--help"], tmp_path / "forked.log")
    anew = start_nightshoot(["--help"], tmp_path / "anew.log", PREFECT_LOGGING_LEVEL="ERROR")

    assert isinstance(anew, subprocess.Popen)
    assert not isinstance(forked, subprocess.Popen)
    assert (anew.wait(60), forked.wait(60)) == (0, 0)
    assert (tmp_path / "anew.log").read_text() == (tmp_path / "forked.log").read_text()
