"""pytest for CI, which gives one or two tests that failed a second chance and names them.

``python -m tests.once_more [arguments of pytest]`` runs pytest. Where no more than two tests failed
it runs these again, one after the other with nothing beside them, and passes if they do: among
thousands of tests, some wait for processes that a busy machine starves. A test that fails for a
reason fails twice, and three that fail are no accident. What passes at its second chance is FLAKY,
which is a fault of its own, to be mended by whoever reads the last lines.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

MOST = 2
_SOME_FAILED = 1  # pytest's exit status; others are errors of the run itself


def failed_in(cache: Path) -> list[str]:
    """The tests that failed in the run that had this cache."""
    record = cache / "v" / "cache" / "lastfailed"
    return sorted(json.loads(record.read_text())) if record.exists() else []


def main(arguments: Sequence[str]) -> int:
    """The exit status of pytest, of its second run where there was one."""
    with tempfile.TemporaryDirectory() as folder:
        first = _pytest([*arguments, "-o", f"cache_dir={folder}"])
        failed = failed_in(Path(folder))
    if first != _SOME_FAILED or not 0 < len(failed) <= MOST:
        return first
    names = "\n".join(f"  {name}" for name in failed)
    sys.stdout.write(f"\nFailed, run again alone, and FLAKY if they pass now:\n{names}\n\n")
    sys.stdout.flush()
    return _pytest(["-n", "0", "-m", "", *failed])


def _pytest(arguments: Sequence[str]) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
