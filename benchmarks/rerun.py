"""A finished campaign of 100 videos, run again: everything is read once, nothing is rendered.

Null engine at 384x256; each video says something else.

    .venv/bin/python benchmarks/rerun.py [--videos 100]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


def measured(command: list[str]) -> tuple[float, float, float, str]:
    """Wall and CPU seconds of a program with its children, MB that it read, and what it printed.

    Linux counts what is read from files, cached or not, in /proc/<pid>/io.
    """
    before, started = os.times(), time.perf_counter()
    watched = 'rc=0; "$@" || rc=$?; cat /proc/$$/io >&2; exit $rc'
    done = subprocess.run(
        ["sh", "-c", watched, "sh", *command],
        check=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    wall, after = time.perf_counter() - started, os.times()
    user, system = (
        after.children_user - before.children_user,
        after.children_system - before.children_system,
    )
    read = next(line for line in done.stderr.splitlines()[::-1] if line.startswith("rchar:"))
    return wall, user + system, int(read.split()[1]) / 1e6, done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, default=100)
    count = parser.parse_args().videos
    portrait = ROOT / "manifests" / "portraits" / "mara.png"
    rows = ["video_id,script,portrait,engine,size"]
    for number in range(count):
        script = f"Video number {number + 1}. " + "This lamp lights by itself. " * 8
        rows.append(f'v{number},"{script}",{portrait},null,384x256')
    with tempfile.TemporaryDirectory() as name:
        manifest = Path(name) / "hundred.csv"
        manifest.write_text("\n".join(rows) + "\n")
        command = [sys.executable, "-m", "flows.cli", "render", str(manifest), "--out", name]
        command += ["--allow-outside"]
        subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
        stored = [path for path in Path(name).rglob("*") if path.is_file()]
        megabytes = sum(path.stat().st_size for path in stored) / 1e6
        print("| what | wall, s | CPU s | MB read | MB a CPU second | ends with |")
        print("|---|---|---|---|---|---|")
        runs = {
            "nightshoot --help": [*command[:3], "--help"],
            "again": command,
            "once more": command,
        }
        for what, each in runs.items():
            wall, cpu, read_mb, said = measured(each)
            last = said.splitlines()[-2] if each is command else ""
            rate = f"{megabytes / cpu:.0f}" if each is command else ""
            print(
                f"| {what} | {wall:.1f} | {cpu:.1f} | {read_mb:.0f} | {rate} | {last} |", flush=True
            )
        wall, cpu, read_mb, _ = measured(["sha256sum", *map(str, stored)])
        print(f"| sha256sum of all files | {wall:.1f} | {cpu:.1f} | {read_mb:.0f} ", end="")
        print(f"| {megabytes / cpu:.0f} | |")
        print(f"\n{count} videos, {len(stored)} files, {megabytes:.0f} MB on disk")


if __name__ == "__main__":
    main()
