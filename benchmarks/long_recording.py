"""A recording of hours through the whole chain on the null engine: time and peak memory.

.venv/bin/python benchmarks/long_recording.py [--minutes 180]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import soundfile

ROOT = Path(__file__).parents[1]
RATE = 16_000
_CODE = """
import resource, sys
sys.argv = ["nightshoot", *sys.argv[1:]]
from flows.cli.main import main
try:
    main()
finally:
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print("PEAK", own, child, file=sys.stderr)
"""


def write_inputs(folder: Path, minutes: int) -> Path:
    """A manifest with one recording: shaped noise with a pause every six seconds."""
    rng = np.random.default_rng(2)
    minute = rng.normal(0, 0.05, 60 * RATE).astype(np.float32)
    for start in range(0, len(minute), 6 * RATE):
        minute[start : start + RATE // 2] = 0
    with soundfile.SoundFile(folder / "long.flac", "w", RATE, 1) as file:
        for _ in range(minutes):
            file.write(minute)
    assert cv2.imwrite(str(folder / "face.png"), rng.integers(0, 255, (320, 256, 3), np.uint8))
    (folder / "presets.toml").write_text(
        "[hours]\nwidth = 96\nheight = 64\nsample_steps = 1\ninfer_frames = 48\n"
        "segment_clips = 50\ncrf = 30\n"
    )
    manifest = folder / "long.csv"
    manifest.write_text(
        "video_id,audio,portrait,engine,size,preset\nv0,long.flac,face.png,null,96x64,hours\n"
    )
    return manifest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=180)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        arguments = ["render", write_inputs(folder, minutes), "--out", folder, "--workers", "1"]
        arguments += ["--presets", folder / "presets.toml"]
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", _CODE, *map(str, arguments)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - started
        if done.returncode:
            sys.exit(done.stdout + done.stderr)
        receipts = (folder / "long" / "segments").glob("*/*.json")
        frames = sum(json.loads(path.read_text())["num_frames"] for path in receipts)
    own, child = map(int, done.stderr.rsplit("PEAK", 1)[1].split())
    print("| recording, min | run, s | peak of the run, MB | of its largest child, MB |")
    print("|---|---|---|---|")
    print(f"| {minutes} | {seconds:.0f} | {own} | {child} |")
    figures = {"frames": frames, "seconds": round(seconds, 1)}
    print(json.dumps(figures | {"run_peak_mb": own, "largest_child_peak_mb": child}))


if __name__ == "__main__":
    main()
