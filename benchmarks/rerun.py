"""A finished campaign of 100 videos, run again: everything is verified, nothing is rendered.

Null engine at 384x256; each video says something else.

    .venv/bin/python benchmarks/rerun.py [--videos 100]
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


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
        print("| run | seconds | ends with |\n|---|---|---|")
        for turn in ("first", "again"):
            started = time.perf_counter()
            done = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True)
            seconds = time.perf_counter() - started
            print(f"| {turn} | {seconds:.1f} | {done.stdout.splitlines()[-2]} |", flush=True)
        stored = sum(path.stat().st_size for path in Path(name).rglob("*") if path.is_file())
        print(f"\n{count} videos, {stored / 1e6:.0f} MB on disk")


if __name__ == "__main__":
    main()
