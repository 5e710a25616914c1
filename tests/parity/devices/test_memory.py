"""A tiny transformer: its ring of past blocks, positions without end, and no weight idle."""

import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from einops import rearrange
from torch import Tensor

from model.live_avatar.assembly.random_weights import untrained
from model.live_avatar.config import BLOCK_LATENTS, REFERENCE_POSITION, TINY
from model.live_avatar.network.attention import attend
from model.live_avatar.network.audio_injector import AudioTokens
from model.live_avatar.network.cache import StepCache, take_sinks
from model.live_avatar.network.rope import axis_dims, motion_table, rope_table, rotate
from model.live_avatar.network.transformer import Transformer
from model.live_avatar.sampling.sampler import Sampler
from model.live_avatar.sampling.schedule import make_schedule
from tests.parity.golden import difference
from tests.parity.live_avatar import posed

pytestmark = pytest.mark.parity

SIDE = 8  # of the latents; the coarsest motion patches fill it once
TOKENS = (SIDE // 2) ** 2  # of a latent frame
BLOCK_TOKENS = BLOCK_LATENTS * TOKENS
TOLERANCE = 1e-5  # of float32 sums in another order; outputs are of size 1
END_OF_TABLES = 45_000  # latent frames, two hours, where the reference's tables end


@pytest.fixture(scope="module")
def model() -> Transformer:
    torch.set_num_threads(1)
    return untrained("tiny", torch.float32, "cpu").transformer


class Inputs:
    """Random inputs of ``num_blocks`` blocks in one line of frames."""

    def __init__(self, num_blocks: int) -> None:
        source = torch.Generator().manual_seed(11)

        def random(*shape: int) -> Tensor:
            return torch.randn(shape, generator=source)

        frames = num_blocks * BLOCK_LATENTS
        channels = TINY.latent_channels
        self.latents = random(1, channels, frames, SIDE, SIDE)
        self.pose = random(1, channels, frames, SIDE, SIDE)
        self.timesteps = 1000 * torch.rand(frames, generator=source)
        self.whole = random(1, frames, 1, TINY.dim)
        self.local = random(1, frames, TINY.num_audio_tokens + 1, TINY.dim)
        self.speech = random(1, TINY.num_audio_layers, TINY.audio_dim, 4 * frames)
        self.context = random(7, TINY.text_dim)
        self.reference = random(1, channels, 1, SIDE, SIDE)
        self.motion = random(1, channels, 19, SIDE, SIDE)


def table_of(frames: range, shift: int = 0) -> Tensor:
    side = range(SIDE // 2)
    return rope_table([frame + shift for frame in frames], side, side, TINY.head_dim)


def velocities(
    model: Transformer, inputs: Inputs, ring_blocks: int, per_call: int, shift: int = 0
) -> Iterator[Tensor]:
    """Prefill, then ``per_call`` blocks a call; all noisy and reference positions shifted."""
    text = model.text_keys_values(inputs.context)
    reference = table_of(range(REFERENCE_POSITION, REFERENCE_POSITION + 1), shift)
    table = torch.cat((reference, shifted_motion_table(shift)), dim=1)
    cache = StepCache.empty(
        num_layers=TINY.num_layers,
        num_sink=table.shape[1],
        ring_size=ring_blocks * BLOCK_TOKENS,
        num_heads=TINY.num_heads,
        head_dim=TINY.head_dim,
        dtype=torch.float32,
        device="cpu",
    )
    sinks = model.prefill(inputs.reference, inputs.motion, text, table)
    take_sinks([cache], sinks, table, TOKENS)
    count = per_call * BLOCK_LATENTS
    for first in range(0, inputs.latents.shape[2], count):
        here = slice(first, first + count)
        with posed(model, inputs.pose[:, :, here]):
            velocity = model(
                inputs.latents[:, :, here],
                inputs.timesteps[here],
                AudioTokens(inputs.whole[:, here], inputs.local[:, here]),
                text,
                cache,
                table_of(range(first, first + count), shift),
                first * TOKENS,
            )
        yield velocity


def shifted_motion_table(shift: int) -> Tensor:
    """The motion memory's table, turned on by ``shift`` frames."""
    if not shift:
        return motion_table(SIDE, SIDE, TINY.head_dim)
    half = SIDE // 2
    levels = (
        ([-1], range(half), range(half)),
        ([-3], [0, half - 1], [0, half - 1]),
        ([-19, -14, -9, -4], [0], [0]),
    )
    return torch.cat(
        [
            rope_table([frame + shift for frame in frames], rows, columns, TINY.head_dim)
            for frames, rows, columns in levels
        ],
        dim=1,
    )


def windowed(num_sink: int, ring_blocks: int):
    """Attention of a whole sequence: the sink, the own block, and so many blocks before it."""

    def kernel(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        if keys.shape[1] == num_sink:  # prefill
            return attend(queries, keys, values)
        block = torch.arange(queries.shape[1]) // BLOCK_TOKENS
        back = block[:, None] - block[None]
        seen = (back >= 0) & (back < ring_blocks)
        seen = torch.cat((torch.ones(len(block), num_sink, dtype=torch.bool), seen), dim=1)
        q, k, v = (rearrange(x, "b l n d -> b n l d") for x in (queries, keys, values))
        out = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=seen)
        return rearrange(out, "b n l d -> b l n d")

    return kernel


@pytest.mark.parametrize(
    "ring_blocks",
    [pytest.param(1, marks=pytest.mark.sweep), 2, pytest.param(3, marks=pytest.mark.sweep)],
)
def test_blocks_on_a_ring_are_the_whole_sequence_computed_at_once(model, ring_blocks):
    """Five blocks: the ring is filled, wraps, and is overwritten."""
    inputs = Inputs(5)
    with torch.no_grad():
        blocks = torch.cat(list(velocities(model, inputs, ring_blocks, per_call=1)), dim=2)
        num_sink = TOKENS + motion_table(SIDE, SIDE, TINY.head_dim).shape[1]
        for block in model.layers:
            block.self_attn.kernel = windowed(num_sink, ring_blocks)
        try:
            (whole,) = velocities(model, inputs, 5, per_call=5)
        finally:
            for block in model.layers:
                block.self_attn.kernel = attend

    assert difference(blocks, whole) < TOLERANCE


def test_every_weight_changes_what_comes_out(model):
    inputs = Inputs(2)

    def output() -> Tensor:
        whole, local = model.audio_encoder(inputs.speech)
        inputs.whole, inputs.local = whole, local
        return torch.cat(list(velocities(model, inputs, 2, per_call=1)), dim=2)

    source = torch.Generator().manual_seed(3)
    idle = []
    with torch.no_grad():
        before = output()
        for name, weight in model.named_parameters():
            kept = weight.clone()
            weight += 0.2 * kept.std().clamp(min=0.05) * torch.randn(kept.shape, generator=source)
            if difference(output(), before) < 100 * TOLERANCE:
                idle.append(name)
            weight.copy_(kept)
        assert torch.equal(output(), before)

    assert idle == []


def test_the_draw_has_no_effect_until_the_video_has_come_near_the_reference(model):
    inputs = Inputs(1)

    def block(index: int, distance: int) -> Tensor:
        sampler = sampler_of(model, inputs)
        return sampler.denoise(
            index, inputs.latents, AudioTokens(inputs.whole, inputs.local), [distance] * 2
        ).latents

    with torch.no_grad():
        assert torch.equal(block(0, 4), block(0, 30))
        assert not torch.equal(block(1, 4), block(1, 30))


def sampler_of(model: Transformer, inputs: Inputs) -> Sampler:
    sampler = Sampler(
        model, make_schedule(2), height=SIDE, width=SIDE, num_past_latents=2 * BLOCK_LATENTS
    )
    sampler.set_text(inputs.context)
    sampler.set_sink(inputs.reference, inputs.motion)
    return sampler


# --- positions ---


def test_a_video_goes_on_past_the_end_of_the_references_tables(model):
    """Six blocks around latent 45,000 are finite and of the size of those at the beginning."""
    inputs = Inputs(6)
    sizes = []
    with torch.no_grad():
        for first_block in (20, END_OF_TABLES // BLOCK_LATENTS - 3):
            sampler = sampler_of(model, inputs)
            made = [
                sampler.denoise(
                    first_block + index,
                    noise,
                    AudioTokens(inputs.whole[:, :BLOCK_LATENTS], inputs.local[:, :BLOCK_LATENTS]),
                    [4, 30],
                ).latents
                for index, noise in enumerate(inputs.latents.split(BLOCK_LATENTS, dim=2))
            ]
            sizes.append(float(torch.cat(made, dim=2).std()))
    assert sizes[1] == pytest.approx(sizes[0], rel=0.05)


@pytest.mark.parametrize(
    "shift",
    [
        pytest.param(1, marks=pytest.mark.sweep),
        pytest.param(45_000, marks=pytest.mark.sweep),
        1_000_000,
    ],
)
def test_positions_all_shifted_alike_differ_by_the_rounding_of_the_tables_alone(model, shift):
    """Exact angles would not care; tables rounded to half precision move outputs by 1e-4.

    It is not more after 45,000 frames (two hours) than after one: there is nothing to re-base.
    """
    inputs = Inputs(3)
    with torch.no_grad():
        here = torch.cat(list(velocities(model, inputs, 2, per_call=1)), dim=2)
        there = torch.cat(list(velocities(model, inputs, 2, per_call=1, shift=shift)), dim=2)
    assert 0 < difference(here, there) < 3e-4  # of outputs of size 1; measured: 7e-5, 1.1e-4, 1e-4


def test_angles_are_exact_after_a_million_frames():
    """Two days of video: the table is that of extended precision, but for ties in rounding."""
    position = 1_000_000
    table = rope_table([position], [0], [0], 128)[:, 0, : axis_dims(128)[0] // 2].numpy()
    dim = axis_dims(128)[0]
    speeds = np.longdouble(10_000) ** (-np.arange(0, dim, 2, dtype=np.longdouble) / dim)
    exact = np.stack((np.cos(position * speeds), np.sin(position * speeds)))
    half_ulp = 2.0**-12  # of half precision below 1
    assert np.abs(table - exact).max() <= half_ulp * 1.001


def test_turning_in_float64_is_nearer_and_as_large():
    source = torch.Generator().manual_seed(2)
    x = torch.randn(1, 6, 2, TINY.head_dim, generator=source)
    table = rope_table(range(3), [0], [0, 1], TINY.head_dim)
    single, double = rotate(x, table), rotate(x, table.double())
    assert single.dtype == double.dtype == torch.float32
    assert difference(single, double) < 1e-6
    assert math.isclose(float(double.norm()), float(x.norm()), rel_tol=1e-3)
