"""Live Avatar, random tiny model on the CPU: seconds and memory, block by block, of one long run.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/live_avatar_blocks.py [--blocks 500]

One segment of so many blocks, rendered through the engine's own path with one thread. What changes
from block to block is told twice: as the slope of a straight line through all blocks but the first
50, and as the middle of each fifth of the run.
"""

import argparse
import platform
import time

import numpy as np
import psutil
import torch

from model.engine import SegmentJob
from model.live_avatar.assembly.loader import Loaded
from model.live_avatar.assembly.random_weights import untrained
from model.live_avatar.config import BLOCK_FRAMES
from model.live_avatar.settings import DEFAULT_PROMPT, DEFAULTS

WARM_UP_BLOCKS = 50
SAMPLES_PER_FRAME = 640
MEBI = 2**20


def job_of(width: int, height: int, num_blocks: int) -> SegmentJob:
    source = np.random.default_rng(0)
    num_frames = num_blocks * BLOCK_FRAMES
    return SegmentJob(
        key="benchmark",
        portrait=source.integers(0, 255, (256, 256, 3), np.uint8),
        rig=None,
        handoff=None,
        pcm=source.normal(0, 3000, num_frames * SAMPLES_PER_FRAME).astype(np.int16),
        left_context=0,
        right_context=0,
        phonemes=None,
        prompt=DEFAULT_PROMPT,
        seed=1,
        width=width,
        height=height,
        num_frames=num_frames,
        settings={**DEFAULTS, "dtype": "float32"},
    )


def measured(width: int, height: int, num_blocks: int) -> tuple[np.ndarray, np.ndarray]:
    """CPU seconds of every block, and the process's memory in MiB after it."""
    engine, process = Loaded(untrained("tiny", torch.float32, "cpu"), "float32"), psutil.Process()
    rendering = engine.render(job_of(width, height, num_blocks))
    seconds, memory = np.zeros(num_blocks), np.zeros(num_blocks)
    for index in range(num_blocks):
        started = time.process_time()
        frames = next(rendering)
        seconds[index] = time.process_time() - started
        memory[index] = process.memory_info().rss / MEBI
        assert frames.shape == (BLOCK_FRAMES, height, width, 3)
    return seconds, memory


def slope_and_spread(values: np.ndarray) -> tuple[float, float]:
    """Of a line through the values: rise per value, and standard deviation around it."""
    at = np.arange(len(values))
    rise, start = np.polyfit(at, values, 1)
    return float(rise), float(np.std(values - (rise * at + start)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=500)
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    print(
        f"{platform.processor() or platform.machine()}, torch {torch.__version__}, one thread, "
        f"{wanted.blocks} blocks of {BLOCK_FRAMES} frames, 4 steps, infer_frames 48\n"
    )
    print(
        "| size | CPU ms a block, median (10-90 %) | time: slope | memory: MiB at the end "
        "| slope | spread | fifths of the run: ms / MiB |\n|---|---|---|---|---|---|---|"
    )
    for width, height in ((64, 64), (96, 64), (128, 96)):
        seconds, memory = (each[WARM_UP_BLOCKS:] for each in measured(width, height, wanted.blocks))
        ms = seconds * 1000
        low, middle, high = np.percentile(ms, (10, 50, 90))
        ms_slope, _ = slope_and_spread(ms)
        slope, spread = slope_and_spread(memory)
        fifths = zip(np.array_split(ms, 5), np.array_split(memory, 5), strict=True)
        told = ", ".join(f"{np.median(each):.0f} / {np.median(held):.0f}" for each, held in fifths)
        print(
            f"| {width}x{height} | {middle:.0f} ({low:.0f}-{high:.0f}) "
            f"| {ms_slope * 100 / middle * 100:+.2f} % in 100 blocks | {memory[-1]:.0f} "
            f"| {slope * 1024:+.1f} KiB a block | {spread:.1f} MiB | {told} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
