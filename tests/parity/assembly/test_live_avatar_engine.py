"""The engine as tasks see it, with the tiny preset: in this process, and in a host of its own."""

import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from model.engine import SegmentJob, load_engine
from model.errors import CampaignError, PortraitError, ResourceError, WeightsError
from model.live_avatar.assembly.loader import Loaded
from model.live_avatar.assembly.random_weights import untrained
from model.live_avatar.engine import LiveAvatarEngine
from model.live_avatar.sampling.output_checks import BadFramesError
from model.live_avatar.settings import DEFAULTS
from tasks.engines.engine_host import EngineHost
from tasks.engines.host_process import EngineLostError

pytestmark = [pytest.mark.parity, pytest.mark.usefixtures("pictures_encoded_once")]

SETTINGS = dict(DEFAULTS) | {"dtype": "float32", "sample_steps": 1}


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTSHOOT_WEIGHTS", "random:tiny")
    monkeypatch.setenv("NIGHTSHOOT_DEVICE", "cpu")


def job(num_frames: int = 12, **changes) -> SegmentJob:
    rng = np.random.default_rng(1)
    fields = {
        "key": "a key",
        "portrait": rng.integers(0, 255, (80, 64, 3), np.uint8),
        "rig": None,
        "handoff": None,
        "pcm": rng.normal(0, 3000, num_frames * 640 + 32_000).astype(np.int16),
        "left_context": 16_000,
        "right_context": 16_000,
        "phonemes": None,
        "prompt": "a person speaks",
        "seed": 3,
        "width": 64,
        "height": 64,
        "num_frames": num_frames,
        "settings": SETTINGS,
    }
    return SegmentJob(**(fields | changes))


@pytest.mark.sweep  # the ranks of the next test are one host, and are asked for as much
def test_a_host_renders_the_same_bytes_as_this_process_and_loads_another_dtype(tmp_path: Path):
    here = LiveAvatarEngine().render(job())
    frames = np.concatenate(list(here))

    host = EngineHost("live-avatar", tmp_path / "host.log")
    try:
        there = host.render(job())
        assert np.array_equal(np.concatenate(list(there)), frames)
        assert np.array_equal(there.handoff.last_frame, here.handoff.last_frame)
        assert there.handoff.state.keys() == here.handoff.state.keys()
        rounded = host.render(job(settings=SETTINGS | {"dtype": "bfloat16"}))
        difference = np.concatenate(list(rounded)).astype(int) - frames
    finally:
        host.close()
    assert host.identity.settings == DEFAULTS
    assert 0 < np.abs(difference).mean() < 12  # of 255: the same picture, rounded


@pytest.mark.parametrize(
    ("words", "num_ranks"),
    [("stages=2", 2), pytest.param("stages=2,decoder=own", 3, marks=pytest.mark.sweep)],
)
@pytest.mark.sweep
def test_ranks_that_share_the_steps_render_the_same_bytes_and_die_together(
    monkeypatch, tmp_path, words, num_ranks
):
    """Also with a schedule of one step less, and in another dtype, which every rank loads.

    Ranks whose leader only decodes are compared by the tests of the pipeline, and as hosts on a
    pool by those of the cluster.
    """
    several = [
        job(36, settings=SETTINGS | {"sample_steps": 3}),
        job(12, settings=SETTINGS | {"sample_steps": 4, "truncate_schedule": True}),
        job(12, settings=SETTINGS | {"sample_steps": 3, "dtype": "bfloat16"}),
    ]
    engine = LiveAvatarEngine()
    alone = [np.concatenate(list(engine.render(each))) for each in several]

    monkeypatch.setenv("NIGHTSHOOT_PLACEMENT", words)
    host = EngineHost("live-avatar", tmp_path / "host.log")
    try:
        for each, expected in zip(several, alone, strict=True):
            assert np.array_equal(np.concatenate(list(host.render(each))), expected)

        ranks = [each for each in psutil.Process().children(recursive=True) if is_rank(each)]
        assert len(ranks) == num_ranks
        rendering = host.render(several[0])
        next(rendering)
        next(each for each in ranks if each.pid != host.pid).kill()
        killed = time.monotonic()
        with pytest.raises(EngineLostError):
            list(rendering)
        # by their death: a block that hangs is waited for five minutes
        assert time.monotonic() - killed < 60
        assert not psutil.wait_procs(ranks, timeout=60)[1]
    finally:
        host.close()


def test_an_engine_renders_what_was_planned_with_its_number_of_heads_and_nothing_else(monkeypatch):
    planned = job(24, settings=SETTINGS | {"head_parallel": 2})
    with pytest.raises(ResourceError, match="put heads=2 into NIGHTSHOOT_PLACEMENT, or plan"):
        LiveAvatarEngine().render(planned)

    monkeypatch.setenv("NIGHTSHOOT_PLACEMENT", "heads=2")
    engine = LiveAvatarEngine()
    assert engine.identity.settings["head_parallel"] == 2
    with pytest.raises(ResourceError, match="NIGHTSHOOT_PLACEMENT=heads=2 of this engine host"):
        engine.render(job(24))


@pytest.mark.sweep
def test_ranks_that_share_the_heads_render_what_was_planned_so_and_nothing_else(
    monkeypatch, tmp_path
):
    """Frames may be one of 255 off: the heads are not those of one process to the last bit."""
    planned = job(24, settings=SETTINGS | {"head_parallel": 2})
    with pytest.raises(ResourceError, match="put heads=2 into NIGHTSHOOT_PLACEMENT, or plan"):
        LiveAvatarEngine().render(planned)
    alone = np.concatenate(list(LiveAvatarEngine().render(job(24))))

    monkeypatch.setenv("NIGHTSHOOT_PLACEMENT", "heads=2")
    assert LiveAvatarEngine().identity.settings["head_parallel"] == 2
    host = EngineHost("live-avatar", tmp_path / "host.log")
    try:
        assert host.identity.settings["head_parallel"] == 2
        with pytest.raises(ResourceError, match="NIGHTSHOOT_PLACEMENT=heads=2 of this engine host"):
            list(host.render(job(24)))
        shared = np.concatenate(list(host.render(planned)))
    finally:
        host.close()
    assert np.abs(shared.astype(int) - alone.astype(int)).max() <= 1


def is_rank(process: psutil.Process) -> bool:
    return "model.host" in process.cmdline() and "RANK" in process.environ()


def test_a_placement_that_is_none_is_refused(monkeypatch):
    monkeypatch.setenv("NIGHTSHOOT_PLACEMENT", "stages=0")
    with pytest.raises(CampaignError, match=r'NIGHTSHOOT_PLACEMENT="stages=0": .* at least 1'):
        load_engine("live-avatar")
    monkeypatch.setenv("NIGHTSHOOT_PLACEMENT", "heads=3")
    with pytest.raises(
        ResourceError, match=r"does not divide the model's 2 .* set heads to one of 1, 2"
    ):
        load_engine("live-avatar")


def test_only_the_ids_of_weights_need_no_torch_and_render_nothing(monkeypatch):
    monkeypatch.delenv("NIGHTSHOOT_WEIGHTS")
    with pytest.raises(WeightsError, match=r"NIGHTSHOOT_WEIGHTS is not set; .*random:tiny"):
        load_engine("live-avatar")

    monkeypatch.setenv("NIGHTSHOOT_WEIGHTS_ID", "abc")
    engine = load_engine("live-avatar")
    assert (engine.identity.weights_id, engine.identity.max_hosts) == ("abc", 1)
    with pytest.raises(WeightsError, match="only the id of the weights is known"):
        engine.render(job())


def test_weights_that_are_not_there_are_told_all_at_once(monkeypatch, tmp_path):
    monkeypatch.setenv("NIGHTSHOOT_WEIGHTS", str(tmp_path))
    engine = load_engine("live-avatar")

    with pytest.raises(WeightsError, match="there is no such file"):
        _ = engine.identity
    with pytest.raises(WeightsError) as error:
        engine.load()
    for name in ("config.json", "Wan2.1_VAE.pth", "tokenizer.json", "liveavatar.safetensors"):
        assert name in str(error.value)


@pytest.mark.parametrize(
    ("device", "weights", "message"),
    [
        ("cuda:99", "random:tiny", "the number of CUDA devices"),
        ("abacus", "random:tiny", "is not a device"),
        pytest.param(
            "",
            "random:14b",
            "no CUDA device",
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU"),
        ),
    ],
)
def test_a_device_that_is_not_there_is_refused(monkeypatch, tmp_path, device, weights, message):
    monkeypatch.setenv("NIGHTSHOOT_DEVICE", device)
    monkeypatch.setenv("NIGHTSHOOT_WEIGHTS", weights)
    with pytest.raises(ResourceError, match=message):
        load_engine("live-avatar").load()


def test_a_host_that_cannot_load_says_why_and_is_not_waited_for(monkeypatch, tmp_path):
    monkeypatch.setenv("NIGHTSHOOT_DEVICE", "cuda:99")
    with pytest.raises(ResourceError, match=r"cannot be loaded here: .*the number of CUDA"):
        EngineHost("live-avatar", tmp_path / "host.log")


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"settings": {}}, ValueError, "settings must be"),
        (
            {"settings": SETTINGS | {"sample_guide_scale": 4.5, "sample_steps": 0}},
            ValueError,
            "sample_guide_scale must be 0.*sample_steps must be from 1 to 100; got 0|"
            "sample_steps must be from 1 to 100; got 0.*sample_guide_scale must be 0",
        ),
        ({"settings": SETTINGS | {"infer_frames": 4.0}}, ValueError, "must be a int"),
        ({"settings": SETTINGS | {"handoff": "none"}}, ValueError, "last-frame, context"),
        ({"settings": SETTINGS | {"dtype": "float64"}}, ValueError, "bfloat16, float32"),
        ({"settings": SETTINGS | {"sample_shift": 0}}, ValueError, "must be above 0"),
        ({"settings": SETTINGS | {"continuation": "x" * 1001}}, ValueError, "1000 characters"),
        ({"width": 48}, ValueError, "at least 64, got 48x64"),
        ({"pcm": np.zeros(100, np.int16)}, ValueError, "shorter than its contexts"),
        ({"portrait": np.zeros((63, 500, 3), np.uint8)}, PortraitError, "500x63; both sides"),
    ],
)
def test_a_job_that_breaks_the_rules_is_refused(changes, error, message):
    with pytest.raises(error, match=message):
        LiveAvatarEngine().render(job(**changes))


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("transformer.head.head.bias", r"block 0, after 1 steps: .* are not numbers"),
        ("vae.decoder.conv_out.weight", r"block 0: frame 0 of its 12 is of a single"),
    ],
)
def test_a_model_that_makes_no_picture_fails_the_segment(broken, message):
    parts = untrained("tiny", torch.float32, "cpu")
    part, _, name = broken.partition(".")
    getattr(parts, part).get_parameter(name).fill_(float("nan") if part == "transformer" else 0)

    rendering = Loaded(parts, "float32").render(job())
    with pytest.raises(BadFramesError, match=message):
        next(rendering)
    with pytest.raises(ValueError, match="not exhausted"):
        _ = rendering.handoff
