"""The engine on a real GPU, with random weights: the full preset, and a tiny one beside the CPU."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks.full_size import make_job, measure_rounding, measure_speed
from model.engine import SegmentJob
from model.live_avatar.assembly.loader import load
from model.live_avatar.examine.device_checks import device_findings, needed_bytes
from model.live_avatar.weights.location import RandomPreset, WeightsLocation

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(
        not torch.cuda.is_available(),
        reason="no CUDA device: nothing was rendered on a GPU, at no size",
    ),
]
DEVICE = "cuda:0"
FULL_SIZE = (704, 384)


def frames_of(preset: RandomPreset, device: str, job: SegmentJob) -> np.ndarray:
    loaded = load(WeightsLocation(random=preset), str(job.settings["dtype"]), device)
    return np.concatenate(list(loaded.render(job)))


def test_a_tiny_segment_is_that_of_the_cpu_but_for_rounding():
    job = make_job(96, 64, 36, {"dtype": "float32"})
    here = frames_of("tiny", DEVICE, job)
    assert here.shape == (36, 64, 96, 3)
    difference = np.abs(here.astype(int) - frames_of("tiny", "cpu", job))
    assert difference.mean() < 1  # sums in another order, over nine blocks and steps


def test_the_same_job_has_the_same_bytes_on_one_device():
    job = make_job(96, 64, 24, {})
    frames = frames_of("tiny", DEVICE, job)
    assert np.array_equal(frames, frames_of("tiny", DEVICE, job))
    assert not np.array_equal(frames, frames_of("tiny", DEVICE, replace(job, seed=2)))


def test_a_block_in_bfloat16_is_that_of_float32_but_for_rounding():
    rounding = measure_rounding("tiny", DEVICE, 96, 64)
    assert rounding.latents < 0.02  # 8 bits, through three layers twice; 0.007 on the CPU
    assert rounding.levels < 12


def test_a_block_of_the_full_preset_is_rendered_in_the_memory_that_doctor_expects():
    free_bytes, _ = torch.cuda.mem_get_info(DEVICE)
    if free_bytes < needed_bytes(*FULL_SIZE):
        pytest.skip(f"{free_bytes / 1e9:.0f} GB free are too few for 704x384: it was not rendered")
    job = make_job(*FULL_SIZE, 24, {})
    speed = measure_speed("14b", DEVICE, job)
    assert len(speed.block_s) == 1
    assert speed.peak_bytes < needed_bytes(*FULL_SIZE)


def test_doctor_finds_the_gpu_and_what_fits_into_it():
    findings = {each.what: each for each in device_findings(WeightsLocation(random="14b"), "")}
    assert torch.cuda.get_device_name(0) in findings[DEVICE].found
    assert (findings["GPUs"].verdict, findings["device"].found) == ("ok", DEVICE)
    assert "GPU memory" in findings
