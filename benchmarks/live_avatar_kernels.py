"""What compiling and each attention kernel gain in a block and step, and what compiling costs once.

    OMP_NUM_THREADS=1 .venv/bin/python -m benchmarks.live_avatar_kernels
    .venv/bin/python -m benchmarks.live_avatar_kernels --model 14b --size 704x384 --dtype bfloat16
    .venv/bin/python -m benchmarks.live_avatar_kernels --model 14b --layers 4 --dtype float8

Weights are random. A block and step is one pass of the transformer over a full memory of 48 frames.
All ways are gone through in turns, so that what slows the machine slows each of them; the first
turn is not counted. On a CPU these are seconds of the processor. Then a process of its own makes
one block: as it is, compiled without anything kept, and compiled with what that one kept.
"""

import argparse
import multiprocessing
import os
import platform
import statistics
import tempfile
import time
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection

import torch
from torch import Tensor
from torch._dynamo.utils import counters

from model.live_avatar.assembly.random_transformer import filled
from model.live_avatar.config import BLOCK_LATENTS, LATENT_SIDE, LIVE_AVATAR_14B, TINY
from model.live_avatar.devices.device import choose_device
from model.live_avatar.network.attention import AUTO, usable_kernels
from model.live_avatar.network.audio_injector import AudioTokens
from model.live_avatar.network.transformer import Transformer
from model.live_avatar.parallel.kernels import CACHE_VARIABLE, run_by
from model.live_avatar.parallel.quantize import Float8, float8_put
from model.live_avatar.sampling.sampler import Sampler
from model.live_avatar.sampling.schedule import make_schedule
from model.live_avatar.weights.state import built_empty, put

WIDE = replace(TINY, dim=512, ffn_dim=1408, num_layers=4, num_heads=4, inject_layers=(0, 3))
MODELS = {"tiny": TINY, "wide": WIDE, "14b": LIVE_AVATAR_14B}
DTYPES = {
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "float32": torch.float32,
    "float8": torch.bfloat16,
}
BLOCKS_OF_CLIP = 4
DISTANCES = [8]


@dataclass(frozen=True)
class GpuRequest:
    """What is measured."""

    model: str
    num_layers: int
    width: int
    height: int
    dtype: str
    device: str

    def __str__(self) -> str:
        layers = f", {self.num_layers} layers" if self.num_layers else ""
        return f"{self.model}{layers}, {self.width}x{self.height}, {self.dtype}"


@dataclass
class Bench:
    """A sampler of one step, and what it is asked for."""

    transformer: Transformer
    sampler: Sampler
    audio: AudioTokens
    noise: Tensor
    num_blocks: int = 0

    @classmethod
    def of(cls, asked: GpuRequest) -> "Bench":
        device = choose_device(asked.device, is_small=asked.model != "14b")
        dtype, config = DTYPES[asked.dtype], MODELS[asked.model]
        if asked.num_layers:
            inject = tuple(each for each in config.inject_layers if each < asked.num_layers)
            config = replace(config, num_layers=asked.num_layers, inject_layers=inject)
        put_weight = float8_put(config, Float8(), device) if asked.dtype == "float8" else put
        transformer = filled(built_empty(lambda: Transformer(config)), dtype, device, put_weight)
        height, width = asked.height // LATENT_SIDE, asked.width // LATENT_SIDE
        sampler = Sampler(
            transformer,
            make_schedule(1),
            height=height,
            width=width,
            num_past_latents=BLOCKS_OF_CLIP * BLOCK_LATENTS,
        )

        def random(*shape: int) -> Tensor:
            return torch.randn(shape).to(device, dtype)

        sampler.set_text(random(config.text_len, config.text_dim))
        audio = AudioTokens(
            random(1, BLOCK_LATENTS, 1, config.dim), random(1, BLOCK_LATENTS, 5, config.dim)
        )
        return cls(transformer, sampler, audio, random(1, 16, BLOCK_LATENTS, height, width))

    def begin(self) -> None:
        """Encode a sink, as every segment does."""
        self.sampler.set_sink(self.noise[:, :, :1], self.noise)

    def block(self) -> float:
        """Seconds of a block and step."""
        device = self.noise.device
        clock = time.perf_counter if device.type == "cuda" else time.process_time
        started = clock()
        self.sampler.denoise(self.num_blocks, self.noise, self.audio, DISTANCES)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        self.num_blocks += 1
        return clock() - started


# --- a block and step ---


@torch.no_grad()
def compare(asked: GpuRequest, turns: int) -> None:
    bench = Bench.of(asked)
    config, device = bench.transformer.config, bench.noise.device
    kernels = (AUTO, *usable_kernels(device, bench.transformer.dtype, config.head_dim))
    ways = [(kernel, is_compiled) for kernel in kernels for is_compiled in (False, True)]
    times: dict[tuple[str, bool], list[float]] = {way: [] for way in ways}
    graphs = dict.fromkeys(ways, 0)
    bench.begin()
    for _ in range(BLOCKS_OF_CLIP):
        bench.block()
    for turn in range(turns + 1):
        for way in ways:
            before = counters["stats"]["unique_graphs"]
            run_by(bench.transformer, way[0], is_compiled=way[1])
            seconds = bench.block()
            graphs[way] += counters["stats"]["unique_graphs"] - before
            if turn:
                times[way].append(seconds)
    plain = statistics.median(times[AUTO, False])
    print(f"\n## {asked}\n")
    print("| attention | compiled | ms a block and step (10-90 %) | times auto, eager | graphs |")
    print("|---|---|---|---|---|")
    for (kernel, is_compiled), seconds in times.items():
        low, *_, high = statistics.quantiles(seconds, n=10)
        middle = statistics.median(seconds)
        print(
            f"| {kernel} | {'yes' if is_compiled else 'no'} "
            f"| {middle * 1000:.2f} ({low * 1000:.2f}-{high * 1000:.2f}) "
            f"| {middle / plain:.2f} | {graphs[kernel, is_compiled]} |",
            flush=True,
        )


# --- the first block of a process ---


@torch.no_grad()
def _first_block(asked: GpuRequest, is_compiled: bool, there: Connection) -> None:
    torch.set_num_threads(1)
    bench = Bench.of(asked)
    started, worked = time.perf_counter(), _processor_seconds()
    run_by(bench.transformer, AUTO, is_compiled=is_compiled)
    bench.begin()
    bench.block()
    there.send(
        (
            time.perf_counter() - started,
            _processor_seconds() - worked,
            counters["stats"]["unique_graphs"],
        )
    )


def _processor_seconds() -> float:
    """Of this process and of the compilers that it waited for."""
    return sum(os.times()[:4])


def first_block(asked: GpuRequest, is_compiled: bool) -> tuple[float, float, int]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_first_block, args=(asked, is_compiled, there))
    process.start()
    there.close()
    answer = here.recv()
    process.join()
    return answer


def compare_starts(asked: GpuRequest) -> None:
    print(f"\n### {asked}: sink and first block of a process\n")
    print("| | s | of processors, s | graphs |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        os.environ[CACHE_VARIABLE] = folder
        for told, is_compiled in (
            ("eager", False),
            ("compiled, nothing kept", True),
            ("compiled, kept by the process before", True),
        ):
            seconds, worked, graphs = first_block(asked, is_compiled)
            print(f"| {told} | {seconds:.1f} | {worked:.1f} | {graphs} |", flush=True)
        del os.environ[CACHE_VARIABLE]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=MODELS, nargs="+", default=["tiny", "wide"])
    parser.add_argument("--layers", type=int, default=0, help="of the model; 0: all")
    parser.add_argument("--size", default="128x128")
    parser.add_argument("--dtype", choices=DTYPES, nargs="+", default=["float32"])
    parser.add_argument("--device", default="")
    parser.add_argument("--turns", type=int, default=20)
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    torch.set_num_threads(1)
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    machine = platform.processor() or platform.machine()
    print(f"{machine}{gpu}, torch {torch.__version__}, one thread")
    for model in options.model:
        for dtype in options.dtype:
            asked = GpuRequest(model, options.layers, width, height, dtype, options.device)
            compare(asked, options.turns)
            compare_starts(asked)


if __name__ == "__main__":
    main()
