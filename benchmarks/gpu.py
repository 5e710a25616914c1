"""The engine on one GPU against its floors, its plan and the reference: one command, one table.

    make bench-gpu
    make bench-gpu REFERENCE=../LiveAvatar
    python -m benchmarks.gpu --sizes 688x368 384x256
    python -m benchmarks.gpu --sizes 384x256 --cap-gib 22.15 --offload kv,sink,weights,text
    python -m benchmarks.gpu --preset tiny --device cpu --sizes 64x64 --seconds 3

Random weights: neither speed nor memory depends on what weights are. For each form (dtype, eager
or compiled) and size: a clip and a block to warm up, then ``--seconds`` of video with a prompt that
was not seen before, from the job to the checked H.264 file. So "frames/s" is end to end: prompt,
sink, steps, VAE, copies to the host, encoding. "Step" is one block and denoising step, the ring
being full, timed on its own. "Floor" is what the datasheet's rates allow (989 TFLOP/s in 16 bits,
1979 in 8); "own" the best plain product of this card in this run. "Off" is the peak of what torch
allocated against the plan. The reference is a checkout of its public repository; see
:mod:`benchmarks.gpu_reference`.

All forms come at the first size first, then the other sizes, the fastest form first. What is not
begun within ``--minutes`` is left out, and said so; the page is written after every row.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.full_size import device_here, make_job
from model.engine import FPS, FRAME_MULTIPLE, load_engine
from model.errors import ResourceError
from model.live_avatar.environment import (
    DEVICE_VARIABLE,
    OFFLOAD_VARIABLE,
    WEIGHTS_VARIABLE,
)
from model.live_avatar.planning.cost import Device, Plan, engine_memory, floor_s, step_flops
from model.live_avatar.planning.offload import (
    offload_of,
)
from model.live_avatar.planning.sizes import MODELS
from model.live_avatar.planning.traffic import (
    offloaded_memory,
)

if TYPE_CHECKING:
    from benchmarks.gpu_measured import Measured, Profile

ROOT = Path(__file__).parents[1]
SHEET = Device()  # of an H100 or H200, dense
GIGA, TERA, MEGA = 1e9, 1e12, 1e6
PRODUCTS = ((3168, 5120, 13824), (3168, 13824, 5120), (8192, 8192, 8192))
TINY_PRODUCTS = ((256, 256, 256),)
DEPTH_CLIPS = (100, 200)
_REFERENCE_SHARE = 0.45  # of the minutes


@dataclass(frozen=True)
class Form:
    """How the engine is run."""

    dtype: str
    is_compiled: bool

    def __str__(self) -> str:
        return f"{self.dtype}, {'compiled' if self.is_compiled else 'eager'}"


FORMS = {str(form): form for form in (Form(d, c) for d in ("bfloat16", "float8") for c in (0, 1))}


@dataclass(frozen=True)
class Row:
    """One line of the table, or why there is none."""

    form: Form
    plan: Plan
    measured: "Measured | None"
    planned_bytes: int
    num_frames: int
    fault: str = ""

    @property
    def frames_per_s(self) -> float:
        """End to end."""
        assert self.measured is not None
        return self.num_frames / self.measured.whole_s

    @property
    def floor_frames_per_s(self) -> float:
        """Of one device, by the datasheet."""
        return FRAME_MULTIPLE / (self.plan.num_steps * self.floor_s)

    @property
    def floor_s(self) -> float:
        """Of one block and step; what the reference does again and again is in it."""
        flops = step_flops(self.plan.model.transformer, self.plan.tokens)
        return floor_s(flops, self.plan.dtype, SHEET)

    @property
    def step_tflops(self) -> float:
        """That the engine reaches in a step; the prompt's keys are not made again."""
        assert self.measured is not None
        flops = step_flops(self.plan.model.transformer, self.plan.tokens).without_text_kv
        return flops / self.measured.step_s / TERA

    @property
    def peak_off(self) -> float:
        """By which the peak differs from the plan; 0 where it was not seen."""
        assert self.measured is not None
        seen = self.measured.peak_bytes
        return seen / self.planned_bytes - 1 if seen else 0.0


@dataclass
class Found:
    """All that was measured.

    Attributes:
        rows: of the table.
        products: TFLOP/s of plain products, by dtype.
        profiles: of forms that were looked into.
        reference: as its script told it; empty: it was not asked.
    """

    rows: list[Row] = field(default_factory=list)
    products: Mapping[str, float] = field(default_factory=dict)
    profiles: dict[str, "Profile"] = field(default_factory=dict)
    reference: Mapping[str, object] = field(default_factory=dict)


# --- targets ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Target:
    """One figure to reach."""

    what: str
    wanted: str
    found: str
    is_met: bool

    def __str__(self) -> str:
        return (
            f"| {self.what} | {self.wanted} | {self.found} | {'met' if self.is_met else 'MISSED'} |"
        )


_SHARES = {"bfloat16": (0.55, 0.65), "float8": (0.45, 0.55)}
_LEAST_RATIO, _MOST_FIRST_S, _MOST_OFF = 2.5, 2.0, 0.05


def targets(found: Found, size: tuple[int, int]) -> list[Target]:
    """What was to be reached at ``size``, and whether it was; what was not measured is left out."""
    rows = [row for row in found.rows if row.measured and (row.plan.width, row.plan.height) == size]
    return [*_speed_targets(rows), *_other_targets(rows), *_reference_targets(rows, found)]


def _speed_targets(rows: Sequence[Row]) -> Iterator[Target]:
    for dtype, shares in _SHARES.items():
        of_dtype = [row for row in rows if row.form.dtype == dtype]
        if not of_dtype:
            continue
        best = max(of_dtype, key=lambda row: row.frames_per_s)
        floor = best.floor_frames_per_s
        for word, share in zip(("at least", "aimed at"), shares, strict=True):
            told = f"{best.frames_per_s:.2f} ({best.frames_per_s / floor:.0%}; {best.form})"
            wanted = f"{word} {share * floor:.2f} ({share:.0%} of the floor, {floor:.1f})"
            is_met = best.frames_per_s >= share * floor
            yield Target(f"frames/s end to end, {dtype}", wanted, told, is_met)


def _other_targets(rows: Sequence[Row]) -> Iterator[Target]:
    for row in rows:
        assert row.measured is not None
        first_s, off = row.measured.first_s, row.peak_off
        is_soon = first_s < _MOST_FIRST_S
        yield Target(f"first frame, {row.form}", "below 2 s", f"{first_s:.2f} s", is_soon)
        if row.measured.peak_bytes:
            is_met = abs(off) <= _MOST_OFF
            yield Target(f"memory, {row.form}", "within 5 % of the plan", f"{off:+.1%}", is_met)


def _reference_targets(rows: Sequence[Row], found: Found) -> Iterator[Target]:
    rate = found.reference.get("frames_per_s")
    if not isinstance(rate, float) or not rows:
        return
    best = max(rows, key=lambda row: row.frames_per_s)
    ratio = best.frames_per_s / rate
    told = f"{ratio:.2f} ({best.frames_per_s:.2f} against {rate:.2f} frames/s)"
    yield Target("times the reference", f"at least {_LEAST_RATIO}", told, ratio >= _LEAST_RATIO)


# --- measuring ----------------------------------------------------------------------------------


@contextmanager
def environment(**named: str) -> Iterator[None]:
    """With these variables set."""
    before = {name: os.environ.get(name) for name in named}
    os.environ.update(named)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def measure_all(
    options: argparse.Namespace, end: float, keep: Callable[[Found], object]
) -> Iterator[str]:
    """Everything, one line for what was just done.

    Args:
        options: of the command line.
        end: when nothing more is begun.
        keep: takes what was found so far, after each form.
    """
    import torch

    from benchmarks.gpu_measured import cap_memory, product_rates

    device, found = torch.device(options.device), Found()
    if device.type == "cpu":
        torch.set_num_threads(1)
    if options.reference:  # first: the GPU is empty
        found.reference = ask_reference(options, _REFERENCE_SHARE * 60 * options.minutes)
        yield f"reference: {found.reference}"
    if options.cap_gib:
        cap_memory(device, options.cap_gib)
    sizes = TINY_PRODUCTS if options.preset == "tiny" else PRODUCTS
    found.products = product_rates(device, sizes)
    named = {
        WEIGHTS_VARIABLE: f"random:{options.preset}",
        DEVICE_VARIABLE: options.device,
        OFFLOAD_VARIABLE: options.offload,
    }
    with environment(**named):
        engine = load_engine("live-avatar")
        for form, size in in_order(options.forms, options.sizes):
            found.rows.append(_row(engine, device, form, size, options, end))
            is_done = found.rows[-1].measured is not None
            if is_done and size == options.sizes[0] and time.monotonic() < end:
                found.profiles[str(form)] = _profiled(engine, device, form, options)
            keep(found)
            yield line(found.rows[-1], found.products)


def in_order(
    forms: Sequence[str], sizes: Sequence[tuple[int, int]]
) -> list[tuple[Form, tuple[int, int]]]:
    """What is measured when: the weights of a dtype are loaded as seldom as can be."""
    first, *others = sizes
    return [
        *((FORMS[name], first) for name in forms),
        *((FORMS[name], size) for name in reversed(forms) for size in others),
    ]


def _row(engine, device, form: Form, size: tuple[int, int], options, end: float) -> Row:
    from benchmarks.gpu_measured import measure

    plan = Plan(_model(options.preset), *size, 48, options.steps, form.dtype)
    job = _job(form, size, options)
    planned = _planned_bytes(plan, options.offload)
    if time.monotonic() > end:
        return Row(form, plan, None, planned, job.num_frames, "not measured: the time was up")
    try:
        measured = measure(engine, device, job)
    except ResourceError as error:
        return Row(form, plan, None, planned, job.num_frames, str(error).replace("\n", " "))
    return Row(form, plan, measured, planned, job.num_frames)


def _profiled(engine, device, form: Form, options: argparse.Namespace) -> "Profile":
    from benchmarks.gpu_measured import profiled

    return profiled(engine, device, _job(form, options.sizes[0], options))


def _job(form: Form, size: tuple[int, int], options: argparse.Namespace):
    num_blocks = max(6, -(-round(options.seconds * FPS) // FRAME_MULTIPLE))
    changes = {
        "dtype": form.dtype,
        "compile": bool(form.is_compiled),
        "sample_steps": options.steps,
    }
    return make_job(*size, num_blocks * FRAME_MULTIPLE, changes)


def _model(preset: str):
    return MODELS["tiny" if preset == "tiny" else "live-avatar-14b"]


def _planned_bytes(plan: Plan, offload: str) -> int:
    named = offload_of({OFFLOAD_VARIABLE: offload})
    return offloaded_memory(named, plan).total


def ask_reference(options: argparse.Namespace, limit_s: float) -> Mapping[str, object]:
    """The reference in a process of its own: nothing of ours is loaded there.

    Returns:
        What it told last: of its second run, where that ended within ``limit_s``.
    """
    width, height = options.sizes[0]
    command = [
        *(sys.executable, "-m", "benchmarks.gpu_reference", str(options.reference.resolve())),
        *("--size", f"{width}x{height}", "--device", options.device),
        *("--preset", options.preset, "--seconds", str(options.reference_seconds)),
    ]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            said, words = process.communicate(timeout=limit_s)
            fault = words.strip().splitlines()[-1:] if process.returncode else []
        except subprocess.TimeoutExpired:
            process.kill()
            said, _ = process.communicate()
            fault = [f"no second run within {limit_s:.0f} s"]
    return told_by_reference(said, fault[0] if fault else "")


def told_by_reference(said: str, fault: str) -> Mapping[str, object]:
    """Its last line of JSON, whatever else it printed; and what went wrong, if something did."""
    lines = [line for line in said.splitlines() if line.startswith("{") and line.endswith("}")]
    told: dict[str, object] = json.loads(lines[-1]) if lines else {}
    return {**told, "fault": fault} if fault else told


# --- the page -----------------------------------------------------------------------------------

HEAD = (
    "| size | form | frames/s | of the floor | GPU-s per s of video | block s (spread) | step ms "
    "| TFLOP/s | of 989 | of own | of the step's floor | first frame s | peak GB | planned GB "
    "| off | load s | warm-up s |"
)


def line(row: Row, products: Mapping[str, float]) -> str:
    """A row of the table."""
    size = f"{row.plan.width}x{row.plan.height}"
    made = row.measured
    if made is None:
        return f"| {size} | {row.form} | {row.fault} |"
    own = products.get(row.form.dtype)
    cells = (
        size,
        str(row.form),
        f"{row.frames_per_s:.2f}",
        f"{row.frames_per_s / row.floor_frames_per_s:.1%}",
        f"{FPS / row.frames_per_s:.2f}",
        f"{median(made.block_s):.3f} ({min(made.block_s):.3f} to {max(made.block_s):.3f})",
        f"{made.step_s * 1000:.1f}",
        f"{row.step_tflops:.0f}" if row.step_tflops >= 1 else f"{row.step_tflops:.2g}",
        f"{row.step_tflops / SHEET.tflops:.1%}",
        f"{row.step_tflops / own:.1%}" if own else "-",
        f"{row.floor_s / made.step_s:.1%}",
        f"{made.first_s:.2f}",
        f"{made.peak_bytes / GIGA:.2f}" if made.peak_bytes else "-",
        f"{row.planned_bytes / GIGA:.2f}",
        f"{row.peak_off:+.1%}" if made.peak_bytes else "-",
        f"{made.load_s:.1f}",
        f"{made.warm_s:.1f}",
    )
    return f"| {' | '.join(cells)} |"


def page(found: Found, options: argparse.Namespace, hardware: str) -> Iterator[str]:
    """All that was found, as Markdown."""
    yield f"# The engine on {hardware}, {date.today():%Y-%m-%d}\n"
    yield f"`python -m benchmarks.gpu {' '.join(options.given)}`\n"
    yield f"{options.preset} weights, random; {options.steps} steps, clips of 48 frames."
    told = ", ".join(f"{name} {rate:.4g}" for name, rate in found.products.items())
    yield f"Plain products of this card in this run, TFLOP/s: {told}.\n"
    yield HEAD
    yield "|---" * (HEAD.count("|") - 1) + "|"
    yield from (line(row, found.products) for row in found.rows)
    if found.reference:
        yield "\n## Beside the reference\n"
        yield from _reference_lines(found.reference)
    yield "\n## Targets\n"
    if options.preset == "14b":
        yield "| what | wanted | found | |\n|---|---|---|---|"
        yield from map(str, targets(found, options.sizes[0]))
    else:
        yield "They are of the 14B model on an H200: nothing here says whether they are met."
    yield "\n## Long videos\n"
    yield from _depth_lines(found, options)
    for name, seen in found.profiles.items():
        yield f"\n## Where the time of two blocks goes: {name}, {seen.wall_s:.3f} s\n"
        yield from _profile_lines(seen)


def _reference_lines(told: Mapping[str, object]) -> Iterator[str]:
    if "frames_per_s" not in told:
        yield f"The reference did not run: {told['fault']}"
        return
    yield "| what | value |\n|---|---|"
    yield from (f"| {name} | {_short(value)} |" for name, value in told.items())


def _short(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _depth_lines(found: Found, options: argparse.Namespace) -> Iterator[str]:
    """The plan has no place for a number of clips: rings are full after the first."""
    plan = Plan(_model(options.preset), *options.sizes[0], 48, options.steps)
    total = engine_memory(plan).total / GIGA
    few, many = DEPTH_CLIPS
    yield f"Planned in bfloat16: {total:.2f} GB for {few} clips, {total:.2f} GB for {many}."
    seen = [row for row in found.rows if row.measured and row.measured.peak_bytes]
    for row in seen:
        assert row.measured is not None
        grown, size = row.measured.grown_bytes / MEGA, f"{row.plan.width}x{row.plan.height}"
        yield f"- {size}, {row.form}: {grown:+.1f} MB from the third clip to the last block"
    if not seen:
        yield "Not measured: there is no GPU here."


def _profile_lines(seen: "Profile") -> Iterator[str]:
    yield "| kind | share |\n|---|---|"
    yield from (f"| {kind} | {share:.1%} |" for kind, share in seen.shares.items())
    yield "\n| kernel | times | s |\n|---|---|---|"
    yield from (f"| `{name[:90]}` | {count} | {took:.4f} |" for name, count, took in seen.top)


def hardware_name(device: str) -> str:
    """For people and for files."""
    import torch

    if not device.startswith("cuda"):
        return f"a CPU ({platform.machine()}), torch {torch.__version__}"
    name = torch.cuda.get_device_name(device)
    return f"{name}, torch {torch.__version__}, CUDA {torch.version.cuda}"


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


def read_options(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.gpu",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--preset", choices=["tiny", "14b"], default="14b")
    parser.add_argument("--device", type=device_here, default="cuda:0")
    parser.add_argument(
        "--sizes", nargs="+", type=_size, default=[(704, 384), (688, 368), (384, 256)]
    )
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=list(FORMS))
    parser.add_argument("--seconds", type=float, default=10.0, help="of video; at least 6 blocks")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--offload", default="", help="as NIGHTSHOOT_OFFLOAD")
    parser.add_argument("--cap-gib", type=float, help="no more of the GPU than this")
    parser.add_argument("--reference", type=Path, help="a checkout of the reference's repository")
    parser.add_argument("--reference-seconds", type=float, default=5.0, help="of its video")
    parser.add_argument("--minutes", type=float, default=8.0, help="after which nothing is begun")
    parser.add_argument("--out", type=Path, help="file of the page; else among the results")
    options = parser.parse_args(arguments)
    if options.seconds <= 0 or options.steps < 1:
        parser.error("--seconds and --steps must be above 0")
    if options.cap_gib and not options.device.startswith("cuda"):
        parser.error("--cap-gib is of a GPU: --device must be one")
    options.given = list(arguments)
    return options


def main(arguments: Sequence[str]) -> None:
    """Measure, write the page as it grows, print it."""
    options = read_options(arguments)
    end = time.monotonic() + 60 * options.minutes
    hardware = hardware_name(options.device)
    short = "-".join(hardware.partition(",")[0].lower().split())
    named = f"gpu-{short}-{date.today():%Y-%m}.md"
    path = options.out or ROOT / "benchmarks" / "results" / named

    def keep(found: Found) -> None:
        path.write_text("\n".join(page(found, options, hardware)) + "\n")

    for told in measure_all(options, end, keep):
        print(told, file=sys.stderr, flush=True)
    print(path.read_text())


if __name__ == "__main__":
    main(sys.argv[1:])
