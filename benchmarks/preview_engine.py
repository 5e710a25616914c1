"""Frames per second per core and memory of the preview engine; prints one table.

    .venv/bin/python benchmarks/preview_engine.py [--segments 6] [--long-frames 45000]

CPU time of this process, one thread, audio analysis included, encoding not. The engine is warm:
each size first renders one segment that is not counted (its portrait's analysis is told apart).
"""

import argparse
import platform
import resource
import statistics
import time
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import psutil

from model.engine import Handoff, SegmentJob
from model.preview.engine import SETTINGS, PreviewEngine
from tasks.portrait.picture import read_portrait
from tasks.portrait.portrait import read_rig, rig_path_of

ROOT = Path(__file__).parents[1]
SIZES = ((704, 384), (384, 704), (512, 512))
PRESENTERS = ("mara", "otto", "jun")
SEGMENT_FRAMES = 120
SAMPLES_PER_FRAME = 640


def babble(num_frames: int, context: int) -> np.ndarray:
    """Noise in syllables at the level of speech, int16: keeps the mouth moving."""
    num_samples = num_frames * SAMPLES_PER_FRAME + 2 * context
    t = np.arange(num_samples) / 16_000
    noise = np.random.default_rng(0).normal(0, 32768 * 10 ** (-23 / 20), num_samples)
    return (
        (noise * np.clip(np.sin(2 * np.pi * 4 * t), 0, None) * 1.4)
        .clip(-32768, 32767)
        .astype(np.int16)
    )


def make_job(
    name: str, size: tuple[int, int], context: int, handoff: Handoff | None = None
) -> SegmentJob:
    path = ROOT / "manifests" / "portraits" / f"{name}.png"
    return SegmentJob(
        key="benchmark",
        portrait=read_portrait(path),
        rig=read_rig(rig_path_of(path)),
        handoff=handoff,
        pcm=babble(SEGMENT_FRAMES, context),
        left_context=context,
        right_context=context,
        phonemes=None,
        prompt="",
        seed=1,
        width=size[0],
        height=size[1],
        num_frames=SEGMENT_FRAMES,
        settings=dict(SETTINGS),
    )


def render(engine: PreviewEngine, job: SegmentJob) -> tuple[float, Handoff]:
    """CPU seconds of one segment, and its handoff."""
    start = time.process_time()
    rendering = engine.render(job)
    for _ in rendering:
        pass
    return time.process_time() - start, rendering.handoff


def measure_speed(name: str, size: tuple[int, int], num_segments: int) -> str:
    engine = PreviewEngine()
    context = engine.identity.left_context
    job = make_job(name, size, context)
    first, handoff = render(engine, job)
    speeds: list[float] = []
    for _ in range(num_segments):
        seconds, handoff = render(engine, make_job(name, size, context, handoff))
        speeds.append(SEGMENT_FRAMES / seconds)
    analysis = first - SEGMENT_FRAMES / statistics.median(speeds)
    return (
        f"| {name} | {size[0]}x{size[1]} | {statistics.median(speeds):.0f} | "
        f"{min(speeds):.0f}-{max(speeds):.0f} | {max(analysis, 0):.2f} |"
    )


def measure_memory(num_frames: int) -> list[str]:
    """RSS in MiB at points of one long video of chained segments."""
    engine, process = PreviewEngine(), psutil.Process()
    context = engine.identity.left_context
    handoff: Handoff | None = None
    num_segments = max(1, num_frames // SEGMENT_FRAMES)
    points = {round(num_segments * share) for share in (0.02, 0.25, 0.5, 0.75, 1)} | {1}
    rows: list[str] = []
    for index in range(1, num_segments + 1):
        _, handoff = render(engine, make_job("mara", (704, 384), context, handoff))
        if index in points:
            rss = process.memory_info().rss / 2**20
            rows.append(f"| {index * SEGMENT_FRAMES / 1500:.1f} | {rss:.0f} |")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--segments", type=int, default=6, help="segments of 120 frames a row")
    parser.add_argument("--long-frames", type=int, default=45_000, help="frames of the long video")
    options = parser.parse_args()
    cores = f"{psutil.cpu_count()} cores"
    print(f"{platform.machine()}, {cores}, Python {platform.python_version()}, ", end="")
    print(f"opencv {cv2.__version__}, onnxruntime {onnxruntime.__version__}, ", end="")
    print(f"numpy {np.__version__}\n")
    print("| presenter | size | frames/s per core, median | range | analysis, CPU s |")
    print("|---|---|---|---|---|")
    for size in SIZES:
        for name in PRESENTERS:
            print(measure_speed(name, size, options.segments), flush=True)
    print("\n| minutes of video | RSS, MiB |\n|---|---|")
    for row in measure_memory(options.long_frames):
        print(row, flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nPeak RSS of the process: {peak:.0f} MiB")


if __name__ == "__main__":
    main()
