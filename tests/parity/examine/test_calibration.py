"""What `nightshoot calibrate` measures, measured: on this CPU, with the tiny model."""

import json
import os
import time
from statistics import median

import pytest
import torch
from click.testing import CliRunner

from flows.cli.main import cli
from model.calibration import Calibration, calibrate_engine
from model.errors import CampaignError, ResourceError
from model.live_avatar.assembly.random_weights import untrained
from model.live_avatar.config import BLOCK_LATENTS
from model.live_avatar.examine.calibration import measure_reading
from model.live_avatar.examine.passes import Bench, measure_compiled
from model.live_avatar.network.audio_injector import AudioTokens
from model.live_avatar.parallel.kernels import CACHE_VARIABLE, missing_tools
from model.live_avatar.planning.cost import Plan
from model.live_avatar.planning.offload import (
    Offload,
)
from model.live_avatar.planning.placement import ALONE
from model.live_avatar.planning.sizes import MODELS
from model.live_avatar.planning.speed_model import Layout, Rates, estimate_speed
from model.live_avatar.sampling.sampler import Sampler
from model.live_avatar.sampling.schedule import make_schedule
from tasks.gpu_plans.calibration import read_calibrations

pytestmark = pytest.mark.parity

TINY = MODELS["tiny"]
# the machine is shared and the passes take milliseconds: what is told must be of the right size
FACTOR = 3.0


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setenv("NIGHTSHOOT_WEIGHTS", "random:tiny")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def measured_step_s(width: int, height: int) -> float:
    """Of all layers and injectors of the tiny model, its ring full."""
    parts = untrained("tiny", torch.float32, "cpu")
    rows, columns = height // 8, width // 8
    sampler = Sampler(
        parts.transformer, make_schedule(1), height=rows, width=columns, num_past_latents=12
    )
    dim = TINY.transformer.dim
    audio = AudioTokens(torch.ones(1, 3, 1, dim), torch.ones(1, 3, 5, dim))
    latents = torch.ones(1, 16, BLOCK_LATENTS, rows, columns)
    times: list[float] = []
    with torch.no_grad():
        sampler.set_text(torch.ones(5, TINY.transformer.text_dim))
        sampler.set_sink(torch.ones(1, 16, 1, rows, columns), torch.ones(1, 16, 19, rows, columns))
        for block in range(12):
            started = time.perf_counter()
            sampler.velocity(block * BLOCK_LATENTS, latents, audio, 0, 10)
            times.append(time.perf_counter() - started)
    return median(times[5:])


def calibrated() -> tuple[Calibration, list[float]]:
    """A calibration, its share of prefill, and its times of two sizes over those measured."""
    found = calibrate_engine("live-avatar", "float32")
    rates = Rates.of(found.figures)
    ratios = [rates.prefill]
    for width, height in ((128, 128), (256, 128)):
        plan = Plan(TINY, width, height, dtype="float32")
        told = estimate_speed(Layout(plan, ALONE, Offload()), rates).step_s
        ratios.append(told / measured_step_s(width, height))
    return found, ratios


def test_what_was_measured_tells_the_time_of_another_size_and_all_layers():
    found, ratios = calibrated()
    tried = [ratios]
    # another program may disturb one calibration or measurement, but not each of five
    while not all(1 / FACTOR < ratio < FACTOR for ratio in ratios):
        assert len(tried) < 5, tried
        found, ratios = calibrated()
        tried.append(ratios)
    assert (found.gpu, found.model, found.dtype) == ("cpu", "tiny", "float32")
    assert list(found.kernels.values()) == sorted(found.kernels.values())
    assert {"flash", "math"} <= set(found.kernels)
    assert found.notes


@pytest.mark.sweep
def test_the_command_keeps_what_it_measures_for_every_dtype(monkeypatch, tmp_path):
    path = tmp_path / "calibration.json"
    monkeypatch.setenv("NIGHTSHOOT_CALIBRATION", str(path))

    told = CliRunner().invoke(
        cli, ["calibrate", "--dtype", "bfloat16", "--dtype", "float8"], catch_exceptions=False
    )
    assert told.exit_code == 0
    assert "live-avatar (tiny) on cpu" in told.output
    assert f"saved in {path}" in told.output
    assert "not measured: the link between GPUs" in told.output
    kept = read_calibrations(path)
    assert [entry.dtype for entry in kept] == ["bfloat16", "float8"]
    assert min(kept[0].figures.values()) >= 0


@pytest.mark.sweep
def test_compiling_is_timed_as_new_once_and_what_it_gains_is_a_share(monkeypatch, tmp_path):
    if missing_tools("cpu", os.environ):
        pytest.skip("nothing can be compiled on this machine")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    bench = Bench(torch.device("cpu"), torch.float32, "float32", "tiny")
    with torch.no_grad():
        first, (again, notes) = measure_compiled(bench), measure_compiled(bench)

    assert first[0].keys() == {"compiled", "compile_s", "compile_again_s"}
    assert first[0]["compile_s"] > first[0]["compile_again_s"] > 0
    assert 0 < first[0]["compiled"] < 2
    assert first[1] == []
    assert again.keys() == {"compiled", "compile_again_s"}
    assert notes == ["compiling anew: this machine's cache has the code already"]


def test_a_machine_that_cannot_compile_says_what_it_lacks(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    bench = Bench(torch.device("cpu"), torch.float32, "float32", "tiny")
    with torch.no_grad():
        figures, (told,) = measure_compiled(bench)

    assert figures == {}
    assert told.startswith("compile: engine live-avatar: compile needs a compiler")


def test_reading_of_weights_is_measured_on_a_file(tmp_path):
    path = tmp_path / "shard.safetensors"
    path.write_bytes(b"\1" * (3 << 20))
    bench = Bench(torch.device("cpu"), torch.float32, "float32", "tiny")

    assert 0.01 < measure_reading(bench, path) < 1000


def test_what_cannot_be_calibrated_is_refused(monkeypatch):
    with pytest.raises(CampaignError, match='engine "null" cannot be calibrated'):
        calibrate_engine("null", "")
    with pytest.raises(ValueError, match='dtype "int4" must be one of bfloat16'):
        calibrate_engine("live-avatar", "int4")
    monkeypatch.setenv("NIGHTSHOOT_WEIGHTS", "random:14b")
    if not torch.cuda.is_available():
        with pytest.raises(ResourceError, match="no CUDA device"):
            calibrate_engine("live-avatar", "")


def test_a_damaged_file_is_told_before_anything_is_measured(monkeypatch, tmp_path):
    path = tmp_path / "calibration.json"
    path.write_text("{}")
    monkeypatch.setenv("NIGHTSHOOT_CALIBRATION", str(path))

    started = time.process_time()
    with pytest.raises(CampaignError, match="is not a calibration file"):
        CliRunner().invoke(cli, ["calibrate"], catch_exceptions=False)

    assert time.process_time() - started < 2
    assert path.read_text() == "{}"


def test_the_preview_engine_is_measured_in_a_host_of_its_own(monkeypatch, tmp_path):
    monkeypatch.setenv("NIGHTSHOOT_CALIBRATION", str(tmp_path / "calibration.json"))

    done = CliRunner().invoke(
        cli, ["calibrate", "--engine", "preview", "--json"], catch_exceptions=False
    )

    (entry,) = json.loads(done.output)
    assert entry["engine"] == "preview"
    assert entry["figures"]["frame_s"] + entry["figures"]["megapixel_s"] > 0
