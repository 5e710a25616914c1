"""Ctrl-C before the command line is imported: a busy machine takes seconds for that."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.processes.test_ffmpeg import wait_for_text

ROOT = Path(__file__).parents[3]
# runs at the start of Python: the import of the command line does not end
ENDLESS = """
import sys, time
from pathlib import Path
class Endless:
    def find_spec(self, name, path, target=None):
        if name == "flows.cli.main":
            Path(r"{sign}").write_text("importing")
            time.sleep(600)
sys.meta_path.insert(0, Endless())
"""


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "flows.cli"],
        ["-c", "from flows.cli.__main__ import main; main()"],  # as `nightshoot` does
    ],
)
def test_ctrl_c_while_the_command_line_is_imported_leaves_no_traceback(
    tmp_path: Path, command: list[str]
):
    sign = tmp_path / "sign"
    (tmp_path / "sitecustomize.py").write_text(ENDLESS.format(sign=sign))
    env = os.environ | {"PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT)))}
    running = subprocess.Popen(
        [sys.executable, *command, "--version"],
        cwd=ROOT,
        env=env,
        stderr=subprocess.PIPE,
        # tests that a shell runs in the background ignore the signal, and so would this
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        wait_for_text(sign)
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=60)
    finally:
        running.kill()

    assert (running.returncode, told) == (130, b"Stopped.\n")
