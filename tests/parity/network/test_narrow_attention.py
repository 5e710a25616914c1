"""Self-attention in 8 bits: what is rounded, how far it is off, and who is asked to do it.

The kernel needs a GPU of capability 9.0. In its place stands what it computes, spelled out:
products of 8-bit values in float32, and exponentials that are rounded to 8 bits, 256 at most.
"""

import math
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from torch import Tensor

from model.engine import SegmentJob
from model.live_avatar.assembly.random_weights import untrained
from model.live_avatar.engine import LiveAvatarEngine
from model.live_avatar.network import attention, narrow_attention
from model.live_avatar.network.attention import kernel_fault, kernel_named
from model.live_avatar.network.block import CrossAttention, SelfAttention
from model.live_avatar.network.narrow_attention import FLOAT8, scaled_heads
from model.live_avatar.parallel import kernels
from model.live_avatar.parallel.kernels import use_kernel
from model.live_avatar.settings import DEFAULTS, NARROW_ATTENTION
from tests.parity.live_avatar import explicit_attention

pytestmark = pytest.mark.parity

CPU = torch.device("cpu")
TO_FORMAT = 256.0  # of exponentials that are at most 1
HALF_STEP = 2**-4  # of e4m3, relative: three bits behind the first


def drawn(num_tokens: int, dtype: torch.dtype = torch.bfloat16, seed: int = 0) -> Tensor:
    """Four heads, each ten times as large as the one before."""
    source = torch.Generator().manual_seed(seed)
    sizes = torch.tensor([0.01, 0.1, 1.0, 10.0]).view(1, 1, 4, 1)
    return (torch.randn((1, num_tokens, 4, 64), generator=source) * sizes).to(dtype)


def unlike(*counts: int) -> list[Tensor]:
    return [drawn(count, torch.float32, seed) for seed, count in enumerate(counts)]


def spelled_out(
    q: Tensor, k: Tensor, v: Tensor, *, q_descale: Tensor, k_descale: Tensor, v_descale: Tensor
) -> Tensor:
    """What FlashAttention-3 computes of 8-bit values ``(B, N, L, D)``."""
    assert {each.dtype for each in (q, k, v)} == {FLOAT8}
    scores = q.float() @ k.float().transpose(-1, -2) / math.sqrt(q.shape[-1])
    scores = scores * (q_descale * k_descale)[:, :, None, None]
    weights = (scores - scores.amax(-1, keepdim=True)).exp()
    narrow = (weights * TO_FORMAT).to(FLOAT8).float() / TO_FORMAT
    found = narrow @ v.float() / weights.sum(-1, keepdim=True)
    return (found * v_descale[:, :, None, None]).to(torch.bfloat16)


@pytest.fixture
def emulated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel, and its package, as if they were there."""
    torch.set_num_threads(1)
    monkeypatch.setattr(narrow_attention, "_scaled_dot_product_attention_quantized", spelled_out)
    monkeypatch.setattr(attention, "_use_implementation", lambda _: None)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_a_value_is_rounded_once_to_the_nearest_and_scales_are_powers_of_two(dtype):
    x = drawn(50, dtype)
    values, scale = scaled_heads(x)

    assert torch.equal(torch.frexp(scale).mantissa, torch.full((1, 4), 0.5))
    exact = x.double().transpose(1, 2) / scale.double()[..., None, None]
    assert torch.equal(values.float(), exact.to(FLOAT8).float())
    assert 224 < values.float().abs().amax() <= 448


@pytest.mark.parametrize("largest", [0.0, 1e-30, 3e38])
def test_the_least_and_the_largest_values_stay_numbers(largest):
    values, scale = scaled_heads(torch.full((1, 3, 2, 8), largest, dtype=torch.bfloat16))

    back = values.float() * scale[..., None, None]
    assert bool(torch.isfinite(back).all())
    assert back.flatten()[0].item() == pytest.approx(largest, rel=HALF_STEP, abs=1e-7)


@pytest.mark.parametrize("broken", [math.inf, math.nan])
def test_what_is_no_number_stays_seen(broken):
    x = drawn(5)
    x[0, 2, 1, 7] = broken

    values, scale = scaled_heads(x)
    back = (values.float() * scale[..., None, None]).isnan()
    assert bool(back[:, 1].all())
    assert not bool(back[:, [0, 2, 3]].any())


@pytest.mark.usefixtures("emulated")
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("num_keys", [5, 40, 600])
def test_what_is_found_is_off_by_a_few_percent_of_what_values_are(dtype, num_keys):
    # queries and keys are normed, so that their scores are a few; values may have any size
    normed = (x / x.square().mean((1, 3), keepdim=True).sqrt() for x in unlike(48, num_keys))
    asked = (*(each.to(dtype) for each in normed), drawn(num_keys, dtype, 2))
    found = kernel_named(NARROW_ATTENTION)(*asked)
    expected = explicit_attention(*(each.float() for each in asked))

    assert found.dtype == dtype
    assert found.shape == expected.shape
    off = (found.float() - expected).square().mean((0, 1, 3)).sqrt()
    size = asked[2].float().square().mean((0, 1, 3)).sqrt()
    # rounding to e4m3 moves a value by 2.6 % of itself, root mean square, and scores move too
    assert bool((off / size <= 0.08).all()), off / size


def test_a_segment_in_float32_is_not_rounded_to_8_bits():
    told = kernel_fault(NARROW_ATTENTION, CPU, torch.float32, 24)
    if find_spec("flash_attn_interface"):
        assert "not for a segment that is made in float32" in told
    else:
        assert told == "No module named 'flash_attn_interface'"
    with pytest.raises(RuntimeError, match="not for a segment that is made in float32"):
        narrow_attention.attend_in_float8(*[drawn(5, torch.float32)] * 3)


def test_text_and_sound_are_attended_to_in_16_bits(monkeypatch):
    monkeypatch.setattr(kernels, "kernel_fault", lambda *_: "")
    transformer = untrained("tiny", torch.bfloat16, CPU).transformer
    use_kernel(transformer, NARROW_ATTENTION)
    modules = list(transformer.modules())

    own = {m.kernel.args for m in modules if isinstance(m, SelfAttention)}
    beside = {m.kernel.args for m in modules if isinstance(m, CrossAttention)}
    assert own == {(NARROW_ATTENTION,)}
    assert beside == {("flash3",)}


@pytest.mark.usefixtures("emulated")
def test_frames_of_the_tiny_model_differ_by_what_8_bits_round(monkeypatch):
    """With random weights: how far faces move, only the published ones can say."""
    monkeypatch.setenv("NIGHTSHOOT_WEIGHTS", "random:tiny")
    monkeypatch.setenv("NIGHTSHOOT_DEVICE", "cpu")
    monkeypatch.setattr(attention, "KERNELS", attention.KERNELS | {"flash3": KERNEL_OF_CPU})
    monkeypatch.setattr(kernels, "kernel_fault", lambda *_: "")
    engine = LiveAvatarEngine()
    plain, narrow, again = (
        np.concatenate(list(engine.render(job(name)))).astype(int)
        for name in ("flash", NARROW_ATTENTION, NARROW_ATTENTION)
    )

    assert np.array_equal(narrow, again)
    off = np.abs(plain - narrow)
    assert 0 < off.mean() < 2  # of 255
    assert off.max() < 60


KERNEL_OF_CPU = attention.KERNELS["flash"]


def job(name: str) -> SegmentJob:
    rng = np.random.default_rng(1)
    return SegmentJob(
        key="a key",
        portrait=rng.integers(0, 255, (64, 64, 3), np.uint8),
        rig=None,
        handoff=None,
        pcm=rng.normal(0, 3000, 24 * 640 + 32_000).astype(np.int16),
        left_context=16_000,
        right_context=16_000,
        phonemes=None,
        prompt="a person speaks",
        seed=3,
        width=64,
        height=64,
        num_frames=24,
        settings=dict(DEFAULTS) | {"attention": name, "dtype": "bfloat16", "sample_steps": 4},
    )
