"""The page of what was compiled for GPUs that are not there."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from model.live_avatar.config import LIVE_AVATAR_14B
from tests.cubins.graphs import Graph, Kernel
from tests.fake_gpu.rendering import NUM_STEPS
from tests.fake_gpu.table import COLUMNS, committed
from tests.fake_gpu.table import PATH as COUNTED

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
"MB" are what kernels beside products and attention read and write: eager as in the counted work,
compiled what torch's scheduler says of each kernel that it made, once for every buffer it touches.
Of some kernels torch makes two, with other tiles, and keeps the faster one when it runs. They
compute each value alone, so the bits are the same. The engine does not compile the VAE, nor the
text and speech encoders.
"""
_HALVES = ("first half, block", "second half, block")
_STEP = "step, ring full"
_MATRICES, _REST = (COLUMNS.index(name) for name in ("TFLOP matrices", "GB of the rest"))
_COLUMNS = (
    "eager | triton | library | MB eager | MB compiled | cubins | most registers | spilled, B | "
    "most shared, B"
)


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
    eager = sum(count * graph.num_eager for graph, count in _in_a_step(graphs))
    made = sum(
        count * (graph.num_triton + graph.num_library) for graph, count in _in_a_step(graphs)
    )
    return eager, made


def _in_a_step(graphs: Sequence[Graph], *others: str) -> list[tuple[Graph, int]]:
    """Graphs of one step with how often it comes to each; ``others`` once in every layer."""
    config, by_name = LIVE_AVATAR_14B, {graph.name: graph for graph in graphs}
    times = dict.fromkeys((*_HALVES, *others), config.num_layers)
    times["injector"] = len(config.inject_layers)
    return [(by_name[name], count) for name, count in times.items()]


def gb_a_tflop(dtype: str, graphs: Sequence[Graph]) -> tuple[float, float]:
    """What a TFLOP of matrices brings with it, in GB beside products: eager, and compiled.

    A step turns the reference's keys too, which the counted work shows with the rest of a block.
    """
    rows = committed(COUNTED.read_text())[dtype]
    eager_gb = rows[_STEP][_REST] + rows["rest of a block"][_REST] / NUM_STEPS
    saved = sum(
        count * (graph.eager_bytes - graph.moved_bytes)
        for graph, count in _in_a_step(graphs, "reference turned")
    )
    matrices = rows[_STEP][_MATRICES]
    return eager_gb / matrices, (eager_gb - saved / 1e9) / matrices


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
            f"{graph.eager_bytes / 1e6:.1f}",
            f"{graph.moved_bytes / 1e6:.1f}",
            len(kernels),
            max(kernel.registers for kernel in kernels),
            sum(kernel.spilled_bytes for kernel in kernels),
            max(kernel.shared_bytes for kernel in kernels),
        )
        lines.append(f"| {graph.name} | {' | '.join(map(str, cells))} |")
    eager, made = launches(graphs)
    counted = int(committed(COUNTED.read_text())[ask.dtype][_STEP][0])
    eager_gb, made_gb = gb_a_tflop(ask.dtype, graphs)
    lines += [
        "",
        f"A step over all layers has {counted:,} kernels by the counted work, {eager:,} of them in",
        f"these graphs. Compiled, they start {made:,}, and the step {counted - eager + made:,}.",
        f"A TFLOP of matrices brings {eager_gb:.2f} GB with it, and compiled {made_gb:.2f}.",
        "",
    ]
    spilling = [kernel for graph in graphs for kernel in graph.kernels if kernel.spilled_bytes]
    lines += [
        f"- `{each.name}` spills {each.spilled_bytes} B a thread at {each.registers} registers "
        f"and {each.num_warps} warps"
        for each in spilling
    ]
    return "\n".join([*lines, ""] if spilling else lines)
