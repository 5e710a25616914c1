"""What is read of the assembler, and the page; with a CUDA build of torch, a card's graphs too."""

import subprocess
import sys

import pytest
import torch

from model.live_avatar.config import LIVE_AVATAR_14B
from tests.cubins.graphs import GRAPHS, Graph, Kernel
from tests.cubins.page import ASKED, PATH, Ask, launches, page, read_graphs
from tests.cubins.ptxas import Assembled, read_log

pytestmark = pytest.mark.parity

LOG = """ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'triton_red_fused_0' for 'sm_90a'
ptxas info    : Function properties for triton_red_fused_0
    8 bytes stack frame, 8 bytes spill stores, 16 bytes spill loads
ptxas info    : Used 40 registers, used 1 barriers, 8 bytes cumulative stack size
ptxas info    : Compile time = 17.421 ms
"""
KERNEL = Kernel("triton_red_fused_0", "sm_90a", 8, 40, 24, 512)


def graphs(kernel: Kernel = KERNEL) -> list[Graph]:
    return [Graph(name, 10, 4000, 2, 1, 3000, (kernel,)) for name in GRAPHS]


def test_registers_and_spills_are_what_the_assembler_says():
    assert read_log(LOG) == Assembled("sm_90a", 40, 24)


@pytest.mark.parametrize("log", ["", LOG + LOG, LOG.replace("Used", "Took")])
def test_a_log_of_another_kind_is_refused_and_quoted(log: str):
    with pytest.raises(ValueError, match="not what ptxas says of one kernel: "):
        read_log(log)


def test_kernels_of_a_step_are_those_of_all_layers_and_injectors():
    times = 2 * LIVE_AVATAR_14B.num_layers + len(LIVE_AVATAR_14B.inject_layers)

    assert launches(graphs()) == (times * 10, times * 3)


def test_the_page_tells_of_each_card_and_names_what_spills():
    text = page({Ask("H200", "bfloat16"): graphs()})

    assert "## H200 (sm_90a), bfloat16" in text
    assert "| injector | 10 | 2 | 1 | 0.0 | 0.0 | 1 | 40 | 24 | 512 |" in text
    assert "- `triton_red_fused_0` spills 24 B a thread at 40 registers and 8 warps" in text


def test_the_committed_page_has_every_card():
    told = [line for line in PATH.read_text().splitlines() if line.startswith("## ")]

    assert [(line.split()[1], line.split()[-1]) for line in told] == list(ASKED)


@pytest.mark.sweep
def test_all_graphs_of_the_engine_become_cubins():
    pytest.importorskip("triton", reason="no triton: nothing can be compiled for a GPU here")
    if torch.version.cuda is None:
        pytest.skip("this torch is a CPU build; make compile-gpu has one for CUDA")
    command = [sys.executable, "-m", "tests.cubins", "--only", "H200", "bfloat16"]
    made = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=900)

    found = read_graphs(made.stdout)
    assert [graph.name for graph in found] == list(GRAPHS)
    assert {kernel.architecture for graph in found for kernel in graph.kernels} == {"sm_90a"}
    assert all(graph.num_triton + graph.num_library < graph.num_eager for graph in found)
