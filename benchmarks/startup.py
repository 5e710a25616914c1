"""`nightshoot --help` as a whole process, beside an empty Python: what the command line costs.

.venv/bin/python benchmarks/startup.py
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 9


def timed(command: list[str]) -> list[float]:
    """Seconds of each run, after one that is not counted."""
    seconds: list[float] = []
    for _ in range(RUNS + 1):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        seconds.append(time.perf_counter() - started)
    return sorted(seconds[1:])


def main() -> None:
    print("| command | median, s | min, s | max, s |\n|---|---|---|---|")
    nightshoot = str(Path(sys.executable).with_name("nightshoot"))
    for name, command in (
        ("python -c pass", [sys.executable, "-c", "pass"]),
        ("nightshoot --help", [nightshoot, "--help"]),
    ):
        seconds = timed(command)
        median = statistics.median(seconds)
        print(f"| `{name}` | {median:.3f} | {seconds[0]:.3f} | {seconds[-1]:.3f} |")


if __name__ == "__main__":
    main()
