"""Five hundred blocks in one segment: the process does not grow."""

import gc
import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
import psutil
import pytest
import torch

from model.engine import SegmentJob
from model.live_avatar.assembly.random_weights import untrained
from model.live_avatar.config import BLOCK_FRAMES, BLOCK_LATENTS, LATENT_SIDE
from model.live_avatar.sampling.sampler import Denoised, Sampler
from model.live_avatar.sampling.schedule import make_schedule
from model.live_avatar.sampling.segment import Parts, SegmentRendering, SegmentSettings
from model.live_avatar.settings import DEFAULTS

pytestmark = [pytest.mark.parity, pytest.mark.sweep]

NUM_BLOCKS, SIDE, WARM_UP = 500, 64, 125
SETTINGS = SegmentSettings(num_steps=4, infer_frames=48)
EVERY = 25  # blocks between two looks
# what a block is made of has 12 KB at this size (16 x 3 x 8 x 8 values), and every step sees it: a
# rank that kept one of these of each block would have 4.6 MB more after 375
MOST_GROWTH = 3 << 20
"""Bytes, from the 125th block to the last."""
_log = logging.getLogger(__name__)
Sizes = list[tuple[int, int]]
"""Bytes of a process, and tensors that it holds, now and then."""


class Looked:
    """A sampler whose process is looked at now and then; the frames are the same."""

    def __init__(self, sampler: Sampler, sizes: Sizes) -> None:
        self._sampler, self._sizes, self._process = sampler, sizes, psutil.Process()
        self._num_made = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sampler, name)

    def collect(self) -> Denoised:
        self._num_made += 1
        if self._num_made % EVERY == 0:
            gc.collect()
            held = sum(type(each) is torch.Tensor for each in gc.get_objects())
            self._sizes.append((self._process.memory_info().rss, held))
        return self._sampler.collect()


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


def sampler_of(parts: Parts) -> Sampler:
    return Sampler(
        parts.transformer,
        make_schedule(SETTINGS.num_steps),
        height=SIDE // LATENT_SIDE,
        width=SIDE // LATENT_SIDE,
        num_past_latents=SETTINGS.blocks_per_clip * BLOCK_LATENTS,
    )


def frames_of(parts: Parts, sampler: Any) -> Iterator[np.ndarray]:
    contexts: dict[str, torch.Tensor] = {}
    return SegmentRendering(
        parts, SETTINGS, job(), sampler, lambda p: contexts.setdefault(p, parts.encode_text(p))
    )


def made(parts: Parts, sampler: Sampler, sizes: Sizes) -> int:
    """Number of all frames, which are not kept."""
    return sum(len(frames) for frames in frames_of(parts, Looked(sampler, sizes)))


def assert_flat(sizes: np.ndarray, who: str) -> None:
    after = sizes[WARM_UP // EVERY :]
    grown = int(after[-1, 0] - after[0, 0])
    _log.info("%s: %.1f MiB, and %+.2f more at the end", who, after[0, 0] / 2**20, grown / 2**20)
    assert len(sizes) == NUM_BLOCKS // EVERY, who
    assert grown <= MOST_GROWTH, f"{who} grew by {grown} bytes in {NUM_BLOCKS - WARM_UP} blocks"
    assert after[-1, 1] <= after[:, 1].min() + 8, f"{who} holds {after[:, 1]} tensors"


def test_five_hundred_blocks_take_no_more_memory_than_at_first(parts: Parts):
    sizes: Sizes = []

    assert made(parts, sampler_of(parts), sizes) == NUM_BLOCKS * BLOCK_FRAMES
    assert_flat(np.array(sizes), "the rank")
