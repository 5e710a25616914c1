"""Self-attention's heads shared out over real processes (gloo), against one process."""

import multiprocessing
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from torch import Tensor

from model.live_avatar.assembly.random_transformer import filled
from model.live_avatar.config import BLOCK_LATENTS, TINY
from model.live_avatar.network.audio_injector import AudioTokens
from model.live_avatar.network.cache import LayerCache, MakeCaches, make_caches
from model.live_avatar.network.past import BlockPast
from model.live_avatar.network.transformer import Transformer
from model.live_avatar.parallel.heads import HeadShare, share_heads
from model.live_avatar.parallel.offload import Offloader
from model.live_avatar.planning.offload import (
    Offload,
)
from model.live_avatar.sampling.sampler import Sampler
from model.live_avatar.sampling.schedule import make_schedule
from model.live_avatar.weights.state import built_empty

pytestmark = pytest.mark.parity

CPU = torch.device("cpu")
CONFIG = replace(TINY, num_heads=4)
OFFLOADED = Offloader(Offload(kv=True), CPU).make_caches
# of 10 x 14 latents there are 35 tokens a frame: 18 and 17, or 9, 9, 9 and 8
HEIGHT, WIDTH = 10, 14
NUM_STEPS = 2
# a matrix product of fewer rows may be summed in another order, and so may attention of fewer
# heads: some last bits of float32, after 3 layers, 2 steps and 3 blocks, of numbers of size 1
TOLERANCE = 1e-5


def model(dtype: torch.dtype = torch.float32) -> Transformer:
    torch.set_num_threads(1)
    return filled(built_empty(lambda: Transformer(CONFIG)), dtype, CPU)


@torch.no_grad()
def blocks(transformer: Transformer, make: MakeCaches = make_caches) -> Tensor:
    """Latents of two videos: a past that is remembered, and another sink in the middle."""
    source = torch.Generator().manual_seed(1)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(shape, generator=source).to(transformer.dtype)

    sampler = Sampler(
        transformer,
        make_schedule(NUM_STEPS),
        height=HEIGHT,
        width=WIDTH,
        num_past_latents=2 * BLOCK_LATENTS,
        make_caches=make,
    )
    audio = AudioTokens(drawn(1, 3, 1, CONFIG.dim), drawn(1, 3, 5, CONFIG.dim))
    made: list[Tensor] = []
    for first_block in (0, 10):
        sampler.reset()
        sampler.set_text(drawn(7, CONFIG.text_dim))
        sampler.set_sink(drawn(1, 16, 1, HEIGHT, WIDTH), drawn(1, 16, 19, HEIGHT, WIDTH))
        if first_block:
            seen = drawn(NUM_STEPS, 16, 3, HEIGHT, WIDTH)
            sampler.remember(first_block - 1, seen, audio, [7] * NUM_STEPS)
        for index in range(first_block, first_block + 4):
            noise = drawn(1, 16, 3, HEIGHT, WIDTH)
            made.append(sampler.denoise(index, noise, audio, [7] * NUM_STEPS).latents)
    return torch.stack(made)


def _rank(
    rank: int,
    num_ranks: int,
    store: str,
    work: Callable[[dist.ProcessGroup], Tensor],
    to: Connection,
) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=num_ranks)
    group = dist.group.WORLD
    assert group is not None
    to.send(work(group).float().numpy())  # a tensor would be gone with this process
    dist.destroy_process_group()


@contextmanager
def ranks(
    num_ranks: int, folder: Path, work: Callable[[dist.ProcessGroup], Tensor]
) -> Iterator[list[Tensor]]:
    """What each of several processes made of its group."""
    context = multiprocessing.get_context("fork")
    pipes = [context.Pipe() for _ in range(num_ranks)]
    processes = [
        context.Process(target=_rank, args=(rank, num_ranks, str(folder / "store"), work, there))
        for rank, (_, there) in enumerate(pipes)
    ]
    try:
        for process in processes:
            process.start()
        assert all(here.poll(60) for here, _ in pipes), "no answer within a minute"
        yield [torch.from_numpy(here.recv()) for here, _ in pipes]
        for process in processes:
            process.join(60)
        assert [process.exitcode for process in processes] == [0] * num_ranks
    finally:
        for process in processes:
            process.kill()
            process.join()


def shared(make: MakeCaches, group: dist.ProcessGroup) -> Tensor:
    transformer = model()
    share_heads(transformer, group)
    return blocks(transformer, make)


@pytest.mark.parametrize(
    ("num_ranks", "make"), [(2, make_caches), (4, make_caches), (2, OFFLOADED)]
)
def test_shared_heads_make_the_blocks_of_one_process(
    num_ranks: int, make: MakeCaches, tmp_path: Path
):
    alone = blocks(model())
    with ranks(num_ranks, tmp_path, partial(shared, make)) as made:
        for each in made:
            assert torch.equal(each, made[0])
            assert torch.allclose(each, alone, rtol=0, atol=TOLERANCE)


def _given_up(group: dist.ProcessGroup) -> Tensor:
    """Whether what was written for the exchange is gone while attention is at work, and after."""
    shape = (1, 4 * 12, CONFIG.num_heads, CONFIG.head_dim)
    layer = LayerCache(torch.zeros(shape), torch.zeros(shape), num_sink=12)
    past = HeadShare(3, 4, group).past(BlockPast(layer, position=0, num_tokens=12))
    places = past.places()
    written = [weakref.ref(each.fill_(1)) for each in places]
    del places
    kept: list[bool] = []

    def kernel(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        kept.extend(each() is not None for each in written)
        assert keys[:, 12:].all()
        assert values[:, 12:].all()
        return queries

    past.look(torch.ones(1, 12, *shape[2:]), kernel)
    return torch.tensor(kept + [each() is not None for each in written])


def test_what_was_written_for_the_exchange_is_not_kept_beside_attention(tmp_path: Path):
    """It is as large as the stream, keys and values each."""
    with ranks(1, tmp_path, _given_up) as (kept,):
        assert kept.tolist() == [0.0] * 4
