"""Orchestration per segment: whole campaigns of the null engine, 10, 100 and 1,000 segments.

Everything but the engine is real: the command line, its Prefect server, an engine host, ffmpeg,
receipts, the stitch and its checks. One worker; segments of 12 frames at 96x64. The seconds per
segment are the slope between two lengths, so that the start of the run is not spread over them.

    .venv/bin/python benchmarks/orchestration.py
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import soundfile

COUNTS = (10, 100, 1000)
ROOT = Path(__file__).parents[1]


def render(folder: Path, count: int) -> float:
    """Seconds of one campaign of ``count`` segments."""
    frames = 12 * count
    rng = np.random.default_rng(count)
    pcm = rng.normal(0, 0.05, frames * 640).astype(np.float32)
    pcm.reshape(count, 12 * 640)[:, :1280] = 0  # a pause where each segment may be cut
    pcm.reshape(count, 12 * 640)[:, -1280:] = 0
    soundfile.write(folder / f"{count}.wav", pcm, 16_000, subtype="PCM_16")
    assert cv2.imwrite(str(folder / "face.png"), rng.integers(0, 255, (320, 256, 3), np.uint8))
    (folder / "presets.toml").write_text(
        "[tiny]\nwidth = 96\nheight = 64\nsample_steps = 1\ninfer_frames = 12\n"
        "segment_clips = 1\ncrf = 20\n"
    )
    manifest = folder / f"n{count}.csv"
    manifest.write_text(
        f"video_id,audio,portrait,engine,size,preset\nv,{count}.wav,face.png,null,96x64,tiny\n"
    )
    command = [sys.executable, "-m", "flows.cli", "render", manifest, "--out", folder / "out"]
    command += ["--presets", folder / "presets.toml", "--workers", "1"]
    started = time.perf_counter()
    subprocess.run([str(c) for c in command], check=True, cwd=ROOT, capture_output=True)
    seconds = time.perf_counter() - started
    receipts = len(list((folder / "out" / f"n{count}" / "segments").glob("*/*.json")))
    assert receipts == count, f"{receipts} segments, not {count}"
    return seconds


def main() -> None:
    print("| segments | whole run, s | s per segment (slope) |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        previous: tuple[int, float] | None = None
        for count in COUNTS:
            seconds = render(Path(name), count)
            slope = ""
            if previous:
                slope = f"{(seconds - previous[1]) / (count - previous[0]):.3f}"
            print(f"| {count} | {seconds:.1f} | {slope} |", flush=True)
            previous = (count, seconds)


if __name__ == "__main__":
    main()
