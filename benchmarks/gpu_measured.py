"""What the engine does on one device, measured: blocks, steps, memory, products, a profile.

Taken by :mod:`benchmarks.gpu`. On a CPU the same is done with the tiny preset, so that all of it is
tried where there is no GPU; there memory is not told, as a CPU has no figure of its own.
"""

import gc
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import wraps
from itertools import pairwise
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile

from model.engine import FRAME_MULTIPLE, Engine, Pixels, SegmentJob
from model.live_avatar.sampling.sampler import Sampler
from tasks.media.encode import encode_segment
from tasks.records import EncodeProfile

GIBI = 1 << 30
NEW_PROMPT = "Another person, whom nobody described before, looks up and speaks slowly."
_TERA = 1e12
_NUM_PRODUCTS = 20
_NUM_PROFILED = 2  # blocks
_TOP_KERNELS = 8
# of kernels' names, the first that is found; what is in none works value by value
_KINDS = {
    "attention": r"flash|fmha|attention|sdpa|softmax",
    "convolution": r"conv|winograd|wgrad|dgrad|implicit",
    "product": r"gemm|nvjet|cutlass|cublas|matmul|addmm|scaled_mm|::b?mm|linear",
    "copy": r"memcpy|memset|copy_|::cat|::to$|::contiguous",
}
_OTHER = "value by value"


@dataclass(frozen=True)
class Measured:
    """Of one form at one size.

    Attributes:
        load_s: until the weights are on the device; 0 where they were there.
        warm_s: of a clip and a block before anything is measured, compiling included.
        first_s: from a job with a new prompt to its first frames.
        whole_s: from the job to the checked, encoded file.
        block_s: of each block after the first clip, its frames on the host.
        step_s: of one block and step, the ring being full.
        peak_bytes: most that was allocated of the device; 0 on a CPU.
        reserved_bytes: most that torch took of it.
        grown_bytes: by which the last block left more allocated than the third clip's first.
    """

    load_s: float
    warm_s: float
    first_s: float
    whole_s: float
    block_s: Sequence[float]
    step_s: float
    peak_bytes: int
    reserved_bytes: int
    grown_bytes: int


def measure(engine: Engine, device: torch.device, job: SegmentJob) -> Measured:
    """Warm up, render ``job`` into a file, then time the steps of its first blocks."""
    num_warm = (_in_clip(job) + 1) * FRAME_MULTIPLE
    warm = replace(job, num_frames=num_warm)
    started = time.perf_counter()
    rendering = engine.render(warm)
    load_s = time.perf_counter() - started
    for _ in rendering:
        pass
    del rendering
    warm_s = time.perf_counter() - started - load_s
    _forget_peak(device)
    marks, held, whole_s = _rendered(engine, device, replace(job, prompt=NEW_PROMPT))
    seconds = [end - start for start, end in pairwise(marks)]
    return Measured(
        load_s=load_s,
        warm_s=warm_s,
        first_s=seconds[0],
        whole_s=whole_s,
        block_s=seconds[_in_clip(job) :],
        step_s=_step_s(engine, device, warm),
        peak_bytes=_of_gpu(torch.cuda.max_memory_allocated, device),
        reserved_bytes=_of_gpu(torch.cuda.max_memory_reserved, device),
        grown_bytes=held[-1] - held[min(2 * _in_clip(job), len(held) - 1)],
    )


def _in_clip(job: SegmentJob) -> int:
    return int(job.settings["infer_frames"]) // FRAME_MULTIPLE


def _rendered(
    engine: Engine, device: torch.device, job: SegmentJob
) -> tuple[list[float], list[int], float]:
    """When each block's frames were there, what was allocated then, and when the file was."""
    marks, held = [time.perf_counter()], list[int]()

    def watched(frames: Iterator[Pixels]) -> Iterator[Pixels]:
        for block in frames:
            marks.append(time.perf_counter())
            held.append(_of_gpu(torch.cuda.memory_allocated, device))
            yield block

    with tempfile.TemporaryDirectory() as folder:
        encode_segment(
            watched(iter(engine.render(job))),
            width=job.width,
            height=job.height,
            num_frames=job.num_frames,
            profile=EncodeProfile(),
            part=Path(folder) / "segment.mp4",
        )
        return marks, held, time.perf_counter() - marks[0]


def _step_s(engine: Engine, device: torch.device, job: SegmentJob) -> float:
    """Of the last block's steps, their mean; the device is waited for before and after each."""
    taken: list[float] = []
    with _timed_steps(device, taken):
        for _ in engine.render(job):
            pass
    last = taken[-int(job.settings["sample_steps"]) :]
    return sum(last) / len(last)


@contextmanager
def _timed_steps(device: torch.device, taken: list[float]) -> Iterator[None]:
    velocity = Sampler.velocity

    @wraps(velocity)
    def timed(*args: object) -> object:
        _finish(device)
        started = time.perf_counter()
        made = velocity(*args)
        _finish(device)
        taken.append(time.perf_counter() - started)
        return made

    Sampler.velocity = timed
    try:
        yield
    finally:
        Sampler.velocity = velocity


# --- products ---


def product_rates(device: torch.device, sizes: Sequence[tuple[int, int, int]]) -> dict[str, float]:
    """TFLOP/s of plain products on this device, now: the best of ``sizes`` (rows, in, out).

    In 16 bits, and in 8 where the device has them.
    """
    found = {"bfloat16": max(_rate(device, size, _product_16) for size in sizes)}
    if device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 9):
        found["float8"] = max(_rate(device, size, _product_8) for size in sizes)
    return found


def _rate(
    device: torch.device,
    size: tuple[int, int, int],
    make: Callable[[torch.device, tuple[int, int, int]], Callable[[], object]],
) -> float:
    product = make(device, size)
    for _ in range(3):
        product()
    _finish(device)
    started = time.perf_counter()
    for _ in range(_NUM_PRODUCTS):
        product()
    _finish(device)
    seconds = (time.perf_counter() - started) / _NUM_PRODUCTS
    return 2 * size[0] * size[1] * size[2] / seconds / _TERA


def _product_16(device: torch.device, size: tuple[int, int, int]) -> Callable[[], object]:
    rows, num_in, num_out = size
    x = torch.randn(rows, num_in, device=device, dtype=torch.bfloat16)
    weight = torch.randn(num_out, num_in, device=device, dtype=torch.bfloat16)
    return lambda: x @ weight.T


def _product_8(device: torch.device, size: tuple[int, int, int]) -> Callable[[], object]:
    rows, num_in, num_out = size
    x = torch.randn(rows, num_in, device=device).to(torch.float8_e4m3fn)
    weight = torch.randn(num_out, num_in, device=device).to(torch.float8_e4m3fn)
    one = torch.ones((), device=device)
    return lambda: torch._scaled_mm(
        x, weight.T, scale_a=one, scale_b=one, out_dtype=torch.bfloat16, use_fast_accum=True
    )


# --- a profile ---


@dataclass(frozen=True)
class Profile:
    """Where the time of some blocks went.

    Attributes:
        wall_s: of all.
        shares: of it, by kind; the device does nothing in ``idle``.
        top: the kernels that take most: name, times, seconds.
    """

    wall_s: float
    shares: Mapping[str, float]
    top: Sequence[tuple[str, int, float]]


def profiled(engine: Engine, device: torch.device, job: SegmentJob) -> Profile:
    """Of the last blocks of a clip and some more."""
    num_blocks = _in_clip(job) + _NUM_PROFILED
    frames = iter(engine.render(replace(job, num_frames=num_blocks * FRAME_MULTIPLE)))
    for _ in range(_in_clip(job)):
        next(frames)
    is_gpu = device.type == "cuda"
    activities = [ProfilerActivity.CUDA] if is_gpu else [ProfilerActivity.CPU]
    with profile(activities=activities) as seen:
        started = time.perf_counter()
        for _ in frames:
            pass
        _finish(device)
        wall_s = time.perf_counter() - started
    kernels = [
        (
            event.key,
            event.count,
            (event.self_device_time_total if is_gpu else event.self_cpu_time_total) / 1e6,
        )
        for event in seen.key_averages()
    ]
    return summarised(kernels, wall_s)


def summarised(kernels: Sequence[tuple[str, int, float]], wall_s: float) -> Profile:
    """Shares by kind.

    Args:
        kernels: name, times, seconds in all.
        wall_s: in which they ran, one after the other.
    """
    seconds = dict.fromkeys((*_KINDS, _OTHER), 0.0)
    for name, _, taken in kernels:
        seconds[kind_of(name)] += taken
    shares = {kind: taken / wall_s for kind, taken in seconds.items()}
    shares["idle"] = max(0.0, 1 - sum(shares.values()))
    top = sorted(kernels, key=lambda kernel: -kernel[2])[:_TOP_KERNELS]
    return Profile(wall_s, shares, top)


def kind_of(kernel: str) -> str:
    """What a kernel does, by its name."""
    name = kernel.lower()
    return next((kind for kind, words in _KINDS.items() if re.search(words, name)), _OTHER)


# --- the device ---


def cap_memory(device: torch.device, cap_gib: float) -> None:
    """Let torch have no more than so much of a GPU."""
    whole = torch.cuda.get_device_properties(device).total_memory
    torch.cuda.set_per_process_memory_fraction(cap_gib * GIBI / whole, device)


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _forget_peak(device: torch.device) -> None:
    gc.collect()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def _of_gpu(ask: Callable[[torch.device], int], device: torch.device) -> int:
    return ask(device) if device.type == "cuda" else 0
