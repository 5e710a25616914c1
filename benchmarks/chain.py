"""The whole chain on the demo's scripts: command line to finished videos, multiples of real time.

Speech is made anew in each run; the run includes the start of its Prefect server. The voices take
turns, so that what else the machine does hits both. Cores' seconds are those that all processes of
a run computed.

    .venv/bin/python benchmarks/chain.py [--videos 8] [--workers 2] [--times 1]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
SENTENCES = (
    "Meet the Lumo lamp.",
    "It lights by itself when the evening comes.",
    "It rests when you rest, and it never needs a switch.",
    "Put it by your bed, on your desk, or in the hall.",
    "Order today and we ship it tomorrow morning.",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--times", type=int, default=1)
    wanted = parser.parse_args()
    portraits = ROOT / "manifests" / "portraits"
    print("| voice | video, s | run, s | times real time | cores' s |\n|---|---|---|---|---|")
    for voice in ("hibari", "af_heart") * wanted.times:
        with tempfile.TemporaryDirectory() as name:
            rows = ["video_id,script,portrait,voice,size"]
            for number in range(wanted.videos):
                script = " ".join((f"Number {number + 1}.", *SENTENCES))
                rows.append(f'v{number},"{script}",{portraits}/mara.png,{voice},704x384')
            manifest = Path(name) / "chain.csv"
            manifest.write_text("\n".join(rows) + "\n")
            command = [sys.executable, "-m", "flows.cli", "render", manifest, "--out", name]
            command += ["--workers", wanted.workers, "--allow-outside", "--json"]
            started, computed = time.perf_counter(), _computed_s()
            done = subprocess.run(
                [str(c) for c in command], check=True, cwd=ROOT, capture_output=True
            )
            seconds, core_s = time.perf_counter() - started, _computed_s() - computed
        length = sum(video["duration_s"] for video in json.loads(done.stdout))
        figures = f"{length:.1f} | {seconds:.1f} | {length / seconds:.2f} | {core_s:.1f}"
        print(f"| {voice} | {figures} |", flush=True)


def _computed_s() -> float:
    """By the programs that were started and have ended, and theirs."""
    now = os.times()
    return now.children_user + now.children_system


if __name__ == "__main__":
    main()
