"""Attention kernels, compiled blocks, and a GPU that is never waited for."""

from itertools import chain

import pytest
import torch
from torch._dynamo.utils import counters

from benchmarks.full_size import make_job
from model.live_avatar.assembly.random_weights import untrained
from model.live_avatar.config import LIVE_AVATAR_14B
from model.live_avatar.devices.device import keep_float32
from model.live_avatar.network.attention import kernel_named, kernel_seconds, usable_kernels
from model.live_avatar.parallel.kernels import EAGER, compiled, prepare_compiling, use_pieces
from model.live_avatar.sampling.rollout import Rollout
from model.live_avatar.sampling.sampler import Sampler
from model.live_avatar.sampling.schedule import make_schedule
from model.live_avatar.sampling.segment import SegmentRendering, SegmentSettings

DEVICE = torch.device("cuda:0")
SETTINGS = SegmentSettings(num_steps=2, infer_frames=24)
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device: nothing was run"),
]


def begun() -> tuple[Rollout, SegmentRendering]:
    """A run of the tiny model that is about to make its first block."""
    parts = untrained("tiny", torch.bfloat16, DEVICE)
    sampler = Sampler(parts.transformer, make_schedule(2), height=8, width=8, num_past_latents=6)
    sampler.set_text(parts.encode_text("a person speaks"))
    job = make_job(64, 64, 72, {})
    run = Rollout(sampler, parts.vae, blocks_per_clip=2)
    run.begin(job.portrait[:64, :64].copy())
    return run, SegmentRendering(parts, SETTINGS, job, sampler, parts.encode_text)


def test_every_usable_kernel_attends_as_math_does():
    """Each at the model's width of heads, with lengths that no kernel's tile divides."""
    head_dim = LIVE_AVATAR_14B.head_dim
    names = usable_kernels(DEVICE, torch.bfloat16, head_dim)
    assert "math" in names
    assert len(names) > 1, "no kernel but math: this GPU is older than the model can use"
    source = torch.Generator(DEVICE).manual_seed(1)
    for num_keys in (5, 512, 1777):
        queries, keys = (
            torch.randn((1, count, 4, head_dim), generator=source, device=DEVICE).bfloat16()
            for count in (333, num_keys)
        )
        expected = kernel_named("math")(queries.float(), keys.float(), keys.float())
        for name in names:
            found = kernel_named(name)(queries, keys, keys).float()
            assert (found - expected).abs().max() < 0.03, name  # 8 bits of a value near 1 to 4


def test_kernels_are_timed_at_full_size():
    found = kernel_seconds(DEVICE, torch.bfloat16, (3168, 40, 128), 15_312)
    assert set(found) == set(usable_kernels(DEVICE, torch.bfloat16, 128))


@torch.no_grad()
@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")
def test_compiled_blocks_make_the_same_picture_of_six_graphs():
    prepare_compiling(DEVICE)
    torch._dynamo.reset()
    counters.clear()
    made = []
    for pieces in (EAGER, compiled("inductor")):
        run, segment = begun()
        use_pieces(segment._parts.transformer, pieces)
        noises = torch.randn((4, 1, 16, 3, 8, 8), generator=torch.Generator().manual_seed(2))
        blocks = zip(noises.to(DEVICE, torch.bfloat16), segment._heard(0), strict=False)
        frames = []
        for noise, heard in blocks:
            run.submit(noise, heard, [4, 30])
            frames.append(run.fetch().frames())
        made.append(frames)
    assert counters["stats"]["unique_graphs"] == 6
    assert not counters["graph_break"]
    for plain, other in zip(*made, strict=True):
        assert abs(plain.astype(int) - other).mean() < 12  # of 255: rounded less often


@torch.no_grad()
def test_nothing_waits_for_the_gpu_from_the_noise_of_a_block_to_its_frames():
    run, segment = begun()
    heard = segment._heard(0)
    heard = chain([next(heard)], heard)  # the first one has all speech encoded
    source = torch.Generator().manual_seed(2)
    run.submit(segment._noise(source), next(heard), [4, 30])  # kernels are chosen and loaded
    run.fetch().frames()
    torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in range(4):
            run.submit(segment._noise(source), next(heard), [4, 30])
            fetched = run.fetch()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert fetched.frames().shape == (12, 64, 64, 3)


@torch.no_grad()
def test_the_audio_encoders_convolutions_are_those_of_float32():
    keep_float32()
    source = torch.Generator().manual_seed(1)
    layer = torch.nn.Conv1d(64, 32, 3).requires_grad_(False)
    features = torch.randn((1, 64, 200), generator=source)
    expected = layer.double()(features.double())
    made = layer.float().to(DEVICE)(features.to(DEVICE)).cpu()
    # of 192 products of size 0.07; TF32 is 3e-4 off
    assert (made - expected).abs().max() < 1e-5
