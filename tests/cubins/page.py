"""The page of what was compiled for GPUs that are not there."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from model.live_avatar.config import LIVE_AVATAR_14B
from tests.cubins.graphs import Graph, Kernel
from tests.fake_gpu.table import PATH as COUNTED
from tests.fake_gpu.table import committed

PATH = Path(__file__).parents[2] / "benchmarks/results/cubins-2026-11.md"


class Ask(NamedTuple):
    """For what is compiled."""

    card: str
    dtype: str


#: float8 where the card has products of 8 bits
ASKED = (
    *(Ask(card, "bfloat16") for card in ("A100", "4090", "H200", "B200")),
    *(Ask(card, "float8") for card in ("4090", "H200", "B200")),
)
_TOLD = """# The engine's compiled graphs as cubins, made without a GPU, November 2026

`make compile-gpu` wrote this page; do not edit it by hand. **Compiled, not run: nothing here ran
on a GPU.** With the setting `compile`, torch compiles six graphs. The engine's own code made them
at 704x384, on tensors that have shapes and no values, for cards that torch was made to believe in.
Torch was the CUDA build of 2.13.0, with the triton and the `ptxas` that come with it. All layers
share the graphs, so one layer stands for all. Registers and spills are what `ptxas` says while it
makes the cubin, shared memory is what triton asks for.

"Eager" are the kernels that the same graph takes without `compile`, counted as in
[the counted work](counted_work-2026-11.md). "Triton" and "library" are the kernels that the
compiled graph starts: those that were made here, and those that cuBLAS and attention have ready.
Of some kernels torch makes two, with other tiles, and keeps the faster one when it runs. They
compute each value alone, so the bits are the same. The engine does not compile the VAE, nor the
text and speech encoders.
"""
_HALVES = ("first half, block", "second half, block")
_STEP = "step, ring full"
_COLUMNS = "eager | triton | library | cubins | most registers | spilled, B | most shared, B"


def read_graphs(text: str) -> list[Graph]:
    """Of their JSON."""
    return [
        Graph(**{**graph, "kernels": tuple(Kernel(**kernel) for kernel in graph["kernels"])})
        for graph in json.loads(text)
    ]


def page(found: Mapping[Ask, Sequence[Graph]]) -> str:
    """All of it."""
    return "\n".join([_TOLD, *(_section(ask, graphs) for ask, graphs in found.items())])


def launches(graphs: Sequence[Graph]) -> tuple[int, int]:
    """Kernels of one step in these graphs, over all layers: eager, and compiled."""
    config, by_name = LIVE_AVATAR_14B, {graph.name: graph for graph in graphs}
    times = dict.fromkeys(_HALVES, config.num_layers) | {"injector": len(config.inject_layers)}
    eager = sum(count * by_name[name].num_eager for name, count in times.items())
    made = sum(
        count * (by_name[name].num_triton + by_name[name].num_library)
        for name, count in times.items()
    )
    return eager, made


def _section(ask: Ask, graphs: Sequence[Graph]) -> str:
    (architecture,) = {kernel.architecture for graph in graphs for kernel in graph.kernels}
    lines = [f"## {ask.card} ({architecture}), {ask.dtype}\n", f"| graph | {_COLUMNS} |"]
    lines.append("|---|" + "---|" * len(_COLUMNS.split("|")))
    for graph in graphs:
        kernels = graph.kernels
        cells = (
            graph.num_eager,
            graph.num_triton,
            graph.num_library,
            len(kernels),
            max(kernel.registers for kernel in kernels),
            sum(kernel.spilled_bytes for kernel in kernels),
            max(kernel.shared_bytes for kernel in kernels),
        )
        lines.append(f"| {graph.name} | {' | '.join(map(str, cells))} |")
    eager, made = launches(graphs)
    counted = int(committed(COUNTED.read_text())[ask.dtype][_STEP][0])
    lines += [
        "",
        f"A step over all layers has {counted:,} kernels by the counted work, {eager:,} of them in",
        f"these graphs. Compiled, they start {made:,}, and the step {counted - eager + made:,}.",
        "",
    ]
    spilling = [kernel for graph in graphs for kernel in graph.kernels if kernel.spilled_bytes]
    lines += [
        f"- `{each.name}` spills {each.spilled_bytes} B a thread at {each.registers} registers "
        f"and {each.num_warps} warps"
        for each in spilling
    ]
    return "\n".join([*lines, ""] if spilling else lines)
