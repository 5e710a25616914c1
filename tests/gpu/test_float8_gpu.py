"""8 bits on a real GPU: the same values as on the CPU, and products that differ in their sums."""

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmarks.full_size import make_job
from benchmarks.live_avatar_fp8 import relative
from model.live_avatar.assembly.loader import load
from model.live_avatar.parallel.quantize import (
    Float8,
    product_in_float32,
    product_on,
    scaled,
)
from model.live_avatar.planning.gpus import FLOAT8_CAPABILITY
from model.live_avatar.weights.location import WeightsLocation

DEVICE = "cuda:0"
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(
        not torch.cuda.is_available() or torch.cuda.get_device_capability(0) < FLOAT8_CAPABILITY,
        reason="no CUDA device with products in 8 bits: none was made",
    ),
]


def random(*shape: int) -> Tensor:
    source = torch.Generator().manual_seed(sum(shape))
    return torch.randn(shape, generator=source).bfloat16()


@pytest.mark.parametrize("by_row", [True, False])
def test_values_are_those_of_the_cpu(by_row: bool):
    x = random(300, 640)
    x[7] *= 1e4
    here, there = scaled(x, by_row=by_row), scaled(x.to(DEVICE), by_row=by_row)
    assert torch.equal(here.scale, there.scale.cpu())
    assert torch.equal(here.values.view(torch.uint8), there.values.cpu().view(torch.uint8))


@pytest.mark.parametrize("num_rows", [1, 3, 37, 3168])
@pytest.mark.parametrize(
    ("rule", "tolerance"),
    [
        (Float8(), 0.02),  # sums held in the matrix units have some 14 bits
        (Float8(adds_fast=False), 2**-8),  # the result is rounded to bfloat16
        (Float8(by_token=False), 0.02),
        (Float8(by_channel=False), 0.02),
        (Float8(by_channel=False, by_token=False), 0.02),
    ],
    ids=repr,
)
def test_products_are_those_in_float32_but_for_their_sums(
    rule: Float8, tolerance: float, num_rows: int
):
    x, weight, bias = (
        each.to(DEVICE) for each in (random(num_rows, 5120), random(1024, 5120), random(1024))
    )
    x[0] *= 100
    rows, held = scaled(x, by_row=rule.by_token), scaled(weight, by_row=rule.by_channel)
    exact = product_in_float32(rows, held, bias, torch.float32)
    made = product_on(torch.device(DEVICE), rule)(rows, held, bias, torch.bfloat16).float()
    for row, wanted in zip(made[:37], exact[:37], strict=True):
        assert relative(row - wanted, wanted) < tolerance


def test_a_tiny_segment_is_that_of_the_cpu_but_for_rounding():
    def frames_of(device: str) -> np.ndarray:
        job = make_job(96, 64, 24, {"dtype": "float8"})
        return np.concatenate(
            list(load(WeightsLocation(random="tiny"), "float8", device).render(job))
        )

    here = frames_of(DEVICE)
    assert np.array_equal(here, frames_of(DEVICE))
    # activations differ in their last bit, and 8 bits make steps of that
    assert np.abs(here.astype(int) - frames_of("cpu")).mean() < 12
