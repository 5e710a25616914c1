"""CI's second chance: for one or two tests that fail once, and for nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ONCE = """
from pathlib import Path

def test_{name}():
    seen = Path(__file__).with_suffix(".{name}")
    try:
        assert seen.exists()
    finally:
        seen.touch()
"""
ALWAYS = """
def test_always():
    assert False
"""
NEVER = """
def test_never():
    pass
"""
BROKEN = "raise RuntimeError('cannot be collected')\n"


@pytest.mark.parametrize(
    ("tests", "passes", "runs"),
    [
        ((NEVER,), True, 1),
        ((NEVER, ONCE.format(name="once")), True, 2),
        ((NEVER, ONCE.format(name="once"), ALWAYS), False, 2),
        ((NEVER, *(ONCE.format(name=name) for name in ("once", "too", "three"))), False, 1),
        ((NEVER, BROKEN), False, 1),
    ],
    ids=["all pass", "one is flaky", "one is broken", "three are flaky", "not collected"],
)
def test_what_fails_once_is_run_again_and_named(
    tests: tuple[str, ...], passes: bool, runs: int, tmp_path: Path
):
    (tmp_path / "test_some.py").write_text("\n".join(tests))
    # of all that is installed for pytest, only what is asked for by name
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "xdist.plugin"}
    env = {**os.environ, "PYTHONPATH": str(ROOT), **alone}
    command = [sys.executable, "-m", "tests.once_more"]
    done = subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode == 0) == passes, done.stdout
    assert done.stdout.count("test session starts") == runs
    assert ("FLAKY" in done.stdout) == (runs == 2)
    assert " in " in done.stdout.splitlines()[-1], "pytest's closing line is the last"
