"""The engine at full size on a fake GPU: nothing is refused, nothing waits, nothing grows.

The table is `benchmarks/results/counted_work-2026-11.md`; ``make count-gpu`` writes it anew, and a
change of the engine's work is a change of that page.
"""

import gc
import sys
from functools import cache

import pytest
import torch

from model.live_avatar.planning.counted_work import DECODE_GB
from tests.fake_gpu.rendering import COMBINATIONS, QUICK, Combination, Counted, count
from tests.fake_gpu.table import PATH, committed, excesses, section

pytestmark = [
    pytest.mark.parity,
    pytest.mark.skipif(
        torch.version.cuda is not None, reason="this torch has CUDA; the fake GPU needs a CPU build"
    ),
]

ALL = [
    pytest.param(each, marks=() if each is QUICK else pytest.mark.sweep) for each in COMBINATIONS
]
each_way = pytest.mark.parametrize("way", ALL, ids=lambda way: way.name)
MOST_OVER_PLAN = 1.05
CHUNK_BYTES = 1 << 30  # in which memory of the host is page-locked
FRAMES_BYTES = 1 << 27  # and what frames, noise and tables take beside it


@cache
def counted(way: Combination) -> Counted:
    found = count(way)
    gc.collect()
    sys.stdout.write(section(way.name, found))  # with a failure, or `pytest -s`
    return found


@each_way
def test_cuda_refuses_nothing(way):
    assert counted(way).faults == ()


@each_way
def test_nothing_between_two_blocks_waits_for_the_device(way):
    assert counted(way).loop_waits == ()


@each_way
def test_a_block_waits_for_frames_and_figures_alone(way):
    """Two blocks' at most: those of the block before may come in this one's time."""
    assert counted(way).arrivals <= 2 * len(("frames", "whether they are numbers", "figures"))


@each_way
def test_no_more_is_done_than_the_table_says(way):
    allowed = committed(PATH.read_text())

    assert way.name in allowed, "run `make count-gpu`"
    told = excesses(counted(way).rows, allowed[way.name])
    assert not told, "\n".join([*told, "if that is meant, run `make count-gpu`"])


@each_way
def test_memory_is_within_the_planners_figure(way):
    found = counted(way)

    assert found.peak_bytes <= MOST_OVER_PLAN * found.planned_bytes
    beside = CHUNK_BYTES * bool(found.planned_pinned_bytes) + FRAMES_BYTES
    assert found.pinned_bytes <= MOST_OVER_PLAN * found.planned_pinned_bytes + beside


@pytest.mark.sweep
def test_what_a_tflop_of_the_decoder_brings_with_it_is_the_same_at_another_size():
    decoded = counted(Combination("bfloat16", num_layers=10, size=(384, 256))).rows["block decoded"]

    assert decoded.other_bytes / decoded.convolutions * 1e3 == pytest.approx(DECODE_GB, rel=0.05)


def test_the_table_tells_of_every_combination():
    assert list(committed(PATH.read_text())) == [each.name for each in COMBINATIONS]
