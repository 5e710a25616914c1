"""The benchmark of the full size, tried at the tiny one on the CPU."""

from argparse import ArgumentTypeError

import pytest
import torch

from benchmarks.full_size import device_here, make_job, measure_rounding, measure_speed

pytestmark = pytest.mark.parity


def test_every_block_is_timed_and_memory_is_seen():
    speed = measure_speed("tiny", "cpu", make_job(64, 64, 24, {"sample_steps": 1}))
    assert len(speed.block_s) == 1
    assert min(speed.load_s, speed.first_s, *speed.block_s) > 0
    assert speed.peak_bytes > 100_000_000  # torch alone


@pytest.mark.sweep
def test_bfloat16_is_float32_but_for_rounding():
    rounding = measure_rounding("tiny", "cpu", 64, 64)
    assert 0.001 < rounding.latents < 0.02  # 8 bits, through three layers twice
    assert 0 < rounding.levels < 12


@pytest.mark.parametrize("name", ["cuda:0", "cuda", "cuda:9"])
def test_a_gpu_that_is_not_there_is_refused_before_anything_is_made(name: str):
    if name != "cuda:9" and torch.cuda.device_count():
        pytest.skip("this machine has a GPU")
    with pytest.raises(ArgumentTypeError, match=rf"{name}: this machine has \d CUDA devices"):
        device_here(name)
