"""The benchmark of the full size, tried at the tiny one on the CPU."""

import pytest

from benchmarks.full_size import make_job, measure_rounding, measure_speed

pytestmark = pytest.mark.parity


def test_every_block_is_timed_and_memory_is_seen():
    speed = measure_speed("tiny", "cpu", make_job(64, 64, 24, {"sample_steps": 1}))
    assert len(speed.block_s) == 1
    assert min(speed.load_s, speed.first_s, *speed.block_s) > 0
    assert speed.peak_bytes > 100_000_000  # torch alone


def test_bfloat16_is_float32_but_for_rounding():
    rounding = measure_rounding("tiny", "cpu", 64, 64)
    assert 0.001 < rounding.latents < 0.02  # 8 bits, through three layers twice
    assert 0 < rounding.levels < 12
