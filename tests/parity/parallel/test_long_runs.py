"""Five hundred blocks in one segment: no rank grows, whether it is alone or one of four."""

import ctypes
import gc
import logging
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from model.engine import SegmentJob
from model.live_avatar.assembly.random_weights import untrained
from model.live_avatar.config import BLOCK_FRAMES, BLOCK_LATENTS, LATENT_SIDE
from model.live_avatar.parallel.letters import MOST_UNDER_WAY, Post
from model.live_avatar.parallel.ranks import Ranks
from model.live_avatar.sampling.sampler import Denoised, Sampler
from model.live_avatar.sampling.schedule import make_schedule
from model.live_avatar.sampling.segment import Parts, SegmentRendering, SegmentSettings
from model.live_avatar.settings import DEFAULTS
from tests.parity.parallel.test_pipeline import placed

pytestmark = [pytest.mark.parity, pytest.mark.sweep]

NUM_BLOCKS, SIDE, WARM_UP = 500, 64, 125
SETTINGS = SegmentSettings(num_steps=4, infer_frames=48)
EVERY = 25  # blocks between two looks
# what a block is made of has 12 KB at this size (16 x 3 x 8 x 8 values), and every step sees it: a
# rank that kept one of these of each block would have 4.6 MB more after 375
MOST_GROWTH = 1 << 20
"""Bytes, from the 125th block to the last."""
FOUR_RANKS_S = 2400
"""Seconds that four processes may take on two cores that have other work."""
_log = logging.getLogger(__name__)
Sizes = list[tuple[int, int, int]]
"""Bytes in use, tensors that are held, and letters under way to one rank, now and then."""


class Looked(Sampler):
    """A sampler whose process is looked at now and then; what it makes is the same."""

    sizes: Sizes
    post: Post | None = None
    num_made = 0

    def denoise(self, *args: Any) -> Denoised:
        self.num_made += 1
        if self.num_made % EVERY == 0:
            self.sizes.append(size_now(self.post))
        return super().denoise(*args)


class _Heap(ctypes.Structure):
    """glibc's ``struct mallinfo2``."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


def size_now(post: Post | None) -> tuple[int, int, int]:
    """What is in use: gaps that the C library keeps for later, and pages of code, come and go."""
    gc.collect()
    look = ctypes.CDLL(None).mallinfo2
    look.restype = _Heap
    heap = look()
    held = sum(type(each) is torch.Tensor for each in gc.get_objects())
    letters = max(map(len, post._under_way.values()), default=0) if post else 0
    return heap.uordblks + heap.hblkhd, held, letters


@pytest.fixture(scope="module")
def parts() -> Parts:
    torch.set_num_threads(1)
    return untrained("tiny", torch.float32, "cpu")


def job() -> SegmentJob:
    rng = np.random.default_rng(1)
    num_frames = NUM_BLOCKS * BLOCK_FRAMES
    return SegmentJob(
        key="long",
        portrait=rng.integers(0, 255, (SIDE, SIDE, 3), np.uint8),
        rig=None,
        handoff=None,
        pcm=rng.normal(0, 3000, num_frames * 640).astype(np.int16),
        left_context=0,
        right_context=0,
        phonemes=None,
        prompt="a person speaks",
        seed=3,
        width=SIDE,
        height=SIDE,
        num_frames=num_frames,
        settings=dict(DEFAULTS),
    )


def sampler_of(parts: Parts, sizes: Sizes, steps_of: Callable[[int], range] = range) -> Looked:
    sampler = Looked(
        parts.transformer,
        make_schedule(SETTINGS.num_steps),
        height=SIDE // LATENT_SIDE,
        width=SIDE // LATENT_SIDE,
        num_past_latents=SETTINGS.blocks_per_clip * BLOCK_LATENTS,
        steps=steps_of(SETTINGS.num_steps),
    )
    sampler.sizes = sizes
    return sampler


def made(parts: Parts, sampler: Any) -> int:
    """Number of all frames, which are not kept."""
    contexts: dict[str, torch.Tensor] = {}
    frames = SegmentRendering(
        parts, SETTINGS, job(), sampler, lambda p: contexts.setdefault(p, parts.encode_text(p))
    )
    return sum(map(len, frames))


def assert_flat(sizes: np.ndarray, who: str) -> None:
    after = sizes[WARM_UP // EVERY :]
    grown = int(after[-1, 0] - after[0, 0])
    _log.info("%s: %.1f MiB, %+.3f at the end", who, after[0, 0] / 2**20, grown / 2**20)
    assert len(sizes) == NUM_BLOCKS // EVERY, who
    assert grown <= MOST_GROWTH, f"{who} grew by {grown} bytes in {NUM_BLOCKS - WARM_UP} blocks"
    assert after[-1, 1] <= after[:, 1].min() + 8, f"{who} holds {after[:, 1]} tensors"
    assert sizes[:, 2].max() <= MOST_UNDER_WAY, f"{who} has {sizes[:, 2]} letters under way"


def test_five_hundred_blocks_take_no_more_memory_than_at_first(parts: Parts):
    sizes: Sizes = []

    assert made(parts, sampler_of(parts, sizes)) == NUM_BLOCKS * BLOCK_FRAMES
    assert_flat(np.array(sizes), "the rank")


def many_blocks(folder: Path, parts: Parts, ranks: Ranks) -> int | None:
    sizes: Sizes = []

    def looked(_told: Mapping[str, Any], steps_of: Callable[[int], range]) -> Sampler:
        sampler = sampler_of(parts, sizes, steps_of)
        sampler.post = ranks._post
        return sampler

    num_frames = None
    if ranks.leads:
        num_frames = made(parts, ranks.sampler(looked, {}, SETTINGS.num_steps))
    else:
        ranks.follow(looked)
    np.save(folder / f"rank {ranks.seat.rank}.npy", np.array(sizes))
    return num_frames


@pytest.mark.parametrize("words", ["stages=4", "stages=2,heads=2"])
def test_none_of_four_ranks_takes_more_memory_than_at_first(
    words: str, parts: Parts, tmp_path: Path
):
    with placed(words, tmp_path, parts, partial(many_blocks, tmp_path)) as leader:
        assert leader.poll(FOUR_RANKS_S), f"no answer within {FOUR_RANKS_S} s"
        assert leader.recv() == NUM_BLOCKS * BLOCK_FRAMES

    for rank in range(4):
        assert_flat(np.load(tmp_path / f"rank {rank}.npy"), f"rank {rank}")
