"""What offloading saves and costs: gigabytes of the GPU, seconds of a block, and the same bytes.

    python -m benchmarks.live_avatar_offload
    python -m benchmarks.live_avatar_offload --forms kv,sink,weights,text --cap-gib 22.15
    python -m benchmarks.live_avatar_offload --preset tiny --device cpu --size 64x64 --blocks 6

Weights are random. Each form loads the model anew; blocks are timed after the first clip, when the
rings are full, until their frames are on the host. "Planned" is what
model.live_avatar.planning.traffic tells before. "Moved" is that between host and GPU in a block, in
both directions; beside it, what a block would take if only copies took time, at the rates that are
measured first.
"""

import argparse
import gc
import hashlib
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch

from benchmarks.full_size import device_here, make_job
from model.engine import FRAME_MULTIPLE, SegmentJob
from model.errors import ResourceError
from model.live_avatar.assembly.loader import load
from model.live_avatar.devices.copy_streams import CopyStreams, HostMemory
from model.live_avatar.environment import (
    OFFLOAD_VARIABLE,
)
from model.live_avatar.planning.cost import Plan
from model.live_avatar.planning.offload import (
    Offload,
    offload_of,
)
from model.live_avatar.planning.sizes import MODELS
from model.live_avatar.planning.traffic import (
    Moved,
    host_memory,
    offloaded_memory,
    step_moved,
)
from model.live_avatar.weights.location import Place, RandomPreset

FORMS = ("", "text", "kv,text", "kv,sink,text", "weights,text", "kv,sink,weights,text")
COPIED_BYTES = 1 << 28
NUM_COPIES = 5
GIGA, GIBI = 1e9, 1 << 30
HEAD = (
    "| offloaded | peak GB | planned | host GB | loaded s | block s (spread) | times plain "
    "| moved GB | copies alone s | bytes |"
)
DTYPES = {"bfloat16": "bfloat16", "float32": "float32", "float8": "fp8"}


@dataclass(frozen=True)
class Measured:
    """Of one form.

    Attributes:
        load_s: until the weights are where they stay.
        block_s: of the blocks after the first clip.
        peak_bytes: most that was allocated of the device; 0 on a CPU.
        digest: of all frames.
    """

    load_s: float
    block_s: Sequence[float]
    peak_bytes: int
    digest: str


def measure(preset: RandomPreset, device: str, job: SegmentJob, offload: Offload) -> Measured:
    """Render ``job`` with what ``offload`` says in the host's memory."""
    is_gpu = device.startswith("cuda")
    gc.collect()
    if is_gpu:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
    started = time.perf_counter()
    loaded = load(Place(random=preset), str(job.settings["dtype"]), device, offload)
    load_s, digest = time.perf_counter() - started, hashlib.sha256()
    marks: list[float] = []
    for frames in loaded.render(job):
        marks.append(time.perf_counter())
        digest.update(frames.tobytes())
    in_clip = int(job.settings["infer_frames"]) // FRAME_MULTIPLE
    seconds = [end - start for start, end in pairwise(marks)][in_clip:]
    peak = torch.cuda.max_memory_allocated(device) if is_gpu else 0
    return Measured(load_s, seconds, peak, digest.hexdigest())


def copy_rates(device: str) -> tuple[float, float]:
    """Bytes a second to the device and from it, page-locked, each alone: the median."""
    lane, shape = CopyStreams(torch.device(device)), (COPIED_BYTES,)
    here = HostMemory(lane.device).take(shape, torch.uint8).zero_()
    there = lane.place(shape, torch.uint8)
    inward = [_copy_s(lane, lambda: lane.bring([(there, here)], ())) for _ in range(NUM_COPIES)]
    outward = [_copy_s(lane, lambda: lane.keep([(here, there)], ())) for _ in range(NUM_COPIES)]
    return COPIED_BYTES / statistics.median(inward), COPIED_BYTES / statistics.median(outward)


def _copy_s(lane: CopyStreams, copy: Callable[[], object]) -> float:
    _finish(lane)
    started = time.perf_counter()
    copy()
    _finish(lane)
    return time.perf_counter() - started


def _finish(lane: CopyStreams) -> None:
    if lane.device.type == "cuda":
        torch.cuda.synchronize(lane.device)


def _copies_s(moved: Moved, rates: tuple[float, float]) -> float:
    """The directions go beside each other."""
    return max(moved.inward / rates[0], moved.outward / rates[1])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--preset", choices=["tiny", "14b"], default="14b")
    parser.add_argument("--device", type=device_here, default="cuda:0")
    parser.add_argument("--size", default="704x384")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--blocks", type=int, default=12)
    parser.add_argument("--dtype", choices=DTYPES, default="bfloat16")
    parser.add_argument("--forms", nargs="*", default=FORMS, help='as kv,text; "" for none')
    parser.add_argument("--cap-gib", type=float, help="no more of the GPU than this")
    options = parser.parse_args()
    if options.cap_gib and options.device.startswith("cuda"):
        whole = torch.cuda.get_device_properties(options.device).total_memory
        torch.cuda.set_per_process_memory_fraction(options.cap_gib * GIBI / whole, options.device)
    return options


def main() -> None:
    """Print the table."""
    options = _options()
    width, height = map(int, options.size.split("x"))
    settings = {"dtype": options.dtype, "sample_steps": options.steps}
    job = make_job(width, height, options.blocks * FRAME_MULTIPLE, settings)
    model = MODELS["tiny" if options.preset == "tiny" else "live-avatar-14b"]
    plan = Plan(model, width, height, 48, options.steps, DTYPES[options.dtype])
    is_gpu = options.device.startswith("cuda")
    name = torch.cuda.get_device_name(options.device) if is_gpu else platform.machine()
    rates = copy_rates(options.device)
    print(
        f"{options.preset}, {options.size}, {options.steps} steps, {options.dtype}, {name}, torch "
        f"{torch.__version__}; to the device {rates[0] / GIGA:.1f} GB/s, from it "
        f"{rates[1] / GIGA:.1f} GB/s\n"
    )
    print(HEAD)
    print("|---" * 10 + "|")
    first: Measured | None = None
    for form in options.forms:
        offload = offload_of({OFFLOAD_VARIABLE: form})
        try:
            made = measure(options.preset, options.device, job, offload)
        except ResourceError as error:
            print(f"| {form or 'nothing'} | {error} |", flush=True)
            continue
        first = first or made
        print(_row(form, made, first, plan, offload, rates), flush=True)


def _row(
    form: str,
    made: Measured,
    first: Measured,
    plan: Plan,
    offload: Offload,
    rates: tuple[float, float],
) -> str:
    step = step_moved(offload, plan.model.transformer, plan.tokens, plan.dtype)
    moved = Moved(step.inward * plan.num_steps, step.outward * plan.num_steps)
    block_s = statistics.median(made.block_s)
    cells = (
        form or "nothing",
        f"{made.peak_bytes / GIGA:.2f}",
        f"{offloaded_memory(offload, plan).total / GIGA:.2f}",
        f"{sum(host_memory(offload, plan).values()) / GIGA:.1f}",
        f"{made.load_s:.1f}",
        f"{block_s:.3f} ({min(made.block_s):.3f} to {max(made.block_s):.3f})",
        f"{block_s / statistics.median(first.block_s):.2f}",
        f"{(moved.inward + moved.outward) / GIGA:.2f}",
        f"{_copies_s(moved, rates):.3f}",
        "same" if made.digest == first.digest else "OTHER",
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
