"""The Live Avatar engine with random weights, at full size: seconds, gigabytes, and rounding.

Speed and memory do not depend on what the weights are; pictures do, and are noise. One block is
rendered before anything is timed. The last figures compare a block in bfloat16 with the same
block in float32: in two steps, with a short memory, so that float32 fits on one GPU too.

    python -m benchmarks.full_size
    python -m benchmarks.full_size --preset tiny --device cpu --size 64x64 --seconds 1
"""

import argparse
import platform
import resource
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from model.engine import ENGINE_SAMPLE_RATE_HZ, FPS, FRAME_MULTIPLE, SegmentJob, Setting
from model.errors import ResourceError
from model.live_avatar.engine import CONTEXT_SAMPLES
from model.live_avatar.settings import DEFAULTS
from model.live_avatar.weights.location import RandomPreset, WeightsLocation

PROMPT = "A person looks into the camera and speaks in a quiet room, natural light."
ONE_BLOCK: Mapping[str, Setting] = {
    "handoff": "context",  # which holds the latents
    "infer_frames": 2 * FRAME_MULTIPLE,
    "sample_steps": 2,
}
BLOCK_LATENTS = 3
GIGA = 1e9


@dataclass(frozen=True)
class Speed:
    """Of one segment.

    Attributes:
        load_s: until the weights are on the device.
        first_s: from the job to its first frames, prompt and portrait included.
        block_s: of every later block, until its frames are on the host.
        peak_bytes: most memory of the device; of the process, where the device is a CPU.
    """

    load_s: float
    first_s: float
    block_s: tuple[float, ...]
    peak_bytes: int


@dataclass(frozen=True)
class Rounding:
    """How far a block in bfloat16 is from the same block in float32.

    Attributes:
        latents: root mean square of the difference, over that of the latents.
        levels: mean difference of pixels, of 255.
        worst: largest difference of a pixel.
    """

    latents: float
    levels: float
    worst: int


def make_job(
    width: int, height: int, num_frames: int, changes: Mapping[str, Setting]
) -> SegmentJob:
    """A segment of noise: a noisy portrait speaks noise."""
    random = np.random.default_rng(1)
    num_samples = num_frames * ENGINE_SAMPLE_RATE_HZ // FPS + 2 * CONTEXT_SAMPLES
    return SegmentJob(
        key="benchmark",
        portrait=random.integers(0, 256, (height, width, 3), np.uint8),
        rig=None,
        handoff=None,
        pcm=random.normal(0, 3000, num_samples).astype(np.int16),
        left_context=CONTEXT_SAMPLES,
        right_context=CONTEXT_SAMPLES,
        phonemes=None,
        prompt=PROMPT,
        seed=1,
        width=width,
        height=height,
        num_frames=num_frames,
        settings={**DEFAULTS, **changes},
    )


def device_here(name: str) -> str:
    """A device's name for an argument parser.

    Raises:
        ArgumentTypeError: a GPU that this machine has not.
    """
    import torch

    num_gpus = torch.cuda.device_count()
    kind, _, index = name.partition(":")
    if kind == "cuda" and int(index or 0) >= num_gpus:
        raise argparse.ArgumentTypeError(
            f"{name}: this machine has {num_gpus} CUDA devices; to try the script alone, without "
            "figures that mean anything, see its first lines"
        )
    return name


def measure_speed(preset: RandomPreset, device: str, job: SegmentJob) -> Speed:
    """Load, warm up with one block, and render ``job``."""
    from model.live_avatar.assembly.loader import load

    _forget_peak(device)
    started = time.perf_counter()
    loaded = load(WeightsLocation(random=preset), str(job.settings["dtype"]), device)
    load_s = time.perf_counter() - started
    list(loaded.render(replace(job, num_frames=FRAME_MULTIPLE)))
    marks = [time.perf_counter()]
    for _ in loaded.render(job):
        marks.append(time.perf_counter())
    seconds = [end - start for start, end in pairwise(marks)]
    return Speed(load_s, seconds[0], tuple(seconds[1:]), _peak_bytes(device))


def measure_rounding(preset: RandomPreset, device: str, width: int, height: int) -> Rounding:
    """Render one block in both dtypes, one model after the other."""
    job = make_job(width, height, FRAME_MULTIPLE, ONE_BLOCK)
    frames, latents = _one_block(preset, device, job, "bfloat16")
    exact_frames, exact = _one_block(preset, device, job, "float32")
    levels = np.abs(frames.astype(np.int16) - exact_frames)
    return Rounding(
        latents=float(np.sqrt(np.square(latents - exact).mean() / np.square(exact).mean())),
        levels=float(levels.mean()),
        worst=int(levels.max()),
    )


def _one_block(
    preset: RandomPreset, device: str, job: SegmentJob, dtype: str
) -> tuple[np.ndarray, np.ndarray]:
    """Frames and latents, in float32; the model is given back."""
    from model.live_avatar.assembly.loader import load

    settings = {**job.settings, "dtype": dtype}
    rendering = load(WeightsLocation(random=preset), dtype, device).render(
        replace(job, settings=settings)
    )
    frames = np.concatenate(list(rendering))
    clean = np.asarray(rendering.handoff.state["clean"])[:, :, -BLOCK_LATENTS:]
    if dtype == "bfloat16":  # of which numpy holds the bits
        clean = (clean.astype(np.uint32) << 16).view(np.float32)
    del rendering
    _forget_peak(device)
    return frames, clean


def _forget_peak(device: str) -> None:
    import gc

    import torch

    gc.collect()
    if device.startswith("cuda"):
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)


def _peak_bytes(device: str) -> int:
    import torch

    if device.startswith("cuda"):
        return torch.cuda.max_memory_reserved(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _hardware(device: str) -> str:
    import torch

    name = torch.cuda.get_device_name(device) if device.startswith("cuda") else platform.machine()
    return f"{name}, torch {torch.__version__}, CUDA {torch.version.cuda}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", choices=["tiny", "14b"], default="14b")
    parser.add_argument("--device", type=device_here, default="cuda:0")
    parser.add_argument("--size", default="704x384")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--dtype", choices=["bfloat16", "float32"], default="bfloat16")
    parser.add_argument("--steps", type=int, default=4)
    wanted = parser.parse_args()
    width, height = map(int, wanted.size.split("x"))
    num_blocks = max(2, round(wanted.seconds * FPS / FRAME_MULTIPLE))
    job = make_job(
        width,
        height,
        num_blocks * FRAME_MULTIPLE,
        {"dtype": wanted.dtype, "sample_steps": wanted.steps},
    )
    print(f"{wanted.preset}, {wanted.size}, {wanted.steps} steps, {_hardware(wanted.device)}\n")
    speed = measure_speed(wanted.preset, wanted.device, job)
    block_s = statistics.median(speed.block_s)
    video_s = job.num_frames / FPS
    whole_s = speed.first_s + sum(speed.block_s)
    print("| figure | value |\n|---|---|")
    print(f"| video, s | {video_s:.2f} |")
    print(f"| weights loaded after, s | {speed.load_s:.1f} |")
    print(f"| first frames after, s | {speed.first_s:.2f} |")
    spread = f"{min(speed.block_s):.3f} to {max(speed.block_s):.3f}"
    print(f"| a later block of 12 frames, s (median, spread) | {block_s:.3f} ({spread}) |")
    print(f"| frames a second, later blocks | {FRAME_MULTIPLE / block_s:.2f} |")
    print(f"| times real time, all in all | {video_s / whole_s:.2f} |")
    print(f"| peak memory, GB ({wanted.dtype}) | {speed.peak_bytes / GIGA:.1f} |", flush=True)
    try:
        rounding = measure_rounding(wanted.preset, wanted.device, width, height)
    except ResourceError as error:
        print(f"| bfloat16 against float32 | {error} |")
        return
    print(f"| bfloat16 against float32, latents, relative rms | {rounding.latents:.4f} |")
    print(f"| the same, pixels, mean (largest) of 255 | {rounding.levels:.2f} ({rounding.worst}) |")


if __name__ == "__main__":
    main()
