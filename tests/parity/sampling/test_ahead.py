"""A block is asked for while the frames before it are taken: nobody waits, nothing is lost."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
import torch._dynamo
from torch import Tensor

from model.engine import SegmentJob
from model.errors import ResourceError
from model.live_avatar.assembly.random_weights import untrained
from model.live_avatar.devices.ahead import Ahead
from model.live_avatar.network.audio_injector import AudioTokens
from model.live_avatar.sampling.sampler import BlockSampler, Denoised, Sampler
from model.live_avatar.sampling.schedule import make_schedule
from model.live_avatar.sampling.segment import Parts, SegmentRendering, SegmentSettings
from model.live_avatar.settings import DEFAULTS

pytestmark = pytest.mark.parity

CPU = torch.device("cpu")
SETTINGS = SegmentSettings(num_steps=1, infer_frames=24)
WAIT_S = 60
NUM_BLOCKS = 4


@pytest.fixture(scope="module")
def parts() -> Parts:
    torch.set_num_threads(1)
    return untrained("tiny", torch.float32, "cpu")


class Busy(Sampler):
    """Like one of a GPU: blocks are asked for ahead. Asking for block 1 takes as long as is said.

    Attributes:
        go_on: lets it end.
    """

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts.transformer, make_schedule(1), height=8, width=8, num_past_latents=6)
        self.ahead = Ahead(CPU)
        self.go_on = threading.Event()
        self.was_told = True
        self.act: Callable[[], None] = lambda: None

    def submit(
        self, block_index: int, noise: Tensor, audio: AudioTokens, distances: Sequence[int]
    ) -> None:
        if block_index == 1:
            self.was_told = self.go_on.wait(WAIT_S)
            self.act()
        super().submit(block_index, noise, audio, distances)


def job(**changes: Any) -> SegmentJob:
    rng = np.random.default_rng(1)
    num_frames = 12 * NUM_BLOCKS
    fields: dict[str, Any] = {
        "key": "a key",
        "portrait": rng.integers(0, 255, (64, 64, 3), np.uint8),
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
        "settings": dict(DEFAULTS),
    }
    return SegmentJob(**(fields | changes))


def rendering(parts: Parts, sampler: BlockSampler, **changes: Any) -> SegmentRendering:
    contexts: dict[str, Tensor] = {}
    return SegmentRendering(
        parts,
        SETTINGS,
        job(**changes),
        sampler,
        lambda prompt: contexts.setdefault(prompt, parts.encode_text(prompt)),
    )


@pytest.fixture(scope="module")
def plain(parts: Parts) -> np.ndarray:
    """The frames of a sampler that makes its blocks at once."""
    sampler = Sampler(parts.transformer, make_schedule(1), height=8, width=8, num_past_latents=6)
    return np.concatenate(list(rendering(parts, sampler)))


def test_a_blocks_frames_come_before_the_next_block_has_been_asked_for(
    parts: Parts, plain: np.ndarray
):
    """They include the first of a segment, whose lateness a viewer would see."""
    sampler = Busy(parts)
    frames = rendering(parts, sampler)
    first = next(frames)
    sampler.go_on.set()
    rest = list(frames)

    assert sampler.was_told, "the first frames came when the second block had been asked for"
    assert np.array_equal(np.concatenate((first, *rest)), plain)


def test_what_fails_while_a_block_is_asked_for_is_told_in_its_place(parts: Parts):
    def fail() -> None:
        raise MemoryError("not enough")

    sampler = Busy(parts)
    sampler.go_on.set()
    sampler.act = fail
    frames = rendering(parts, sampler)
    assert len(next(frames)) == 12
    with pytest.raises(ResourceError, match="host's memory was full at 64x64"):
        next(frames)


def test_a_rendering_that_is_given_up_in_between_leaves_nothing_to_the_next(
    parts: Parts, plain: np.ndarray
):
    sampler = Busy(parts)
    given_up = rendering(parts, sampler, seed=9)
    next(given_up)
    opener = threading.Timer(0.2, sampler.go_on.set)  # it is still at work when the next begins
    opener.start()

    made = np.concatenate(list(rendering(parts, sampler)))

    opener.join()
    assert np.array_equal(made, plain)


def test_a_fault_of_what_was_given_up_is_nobody_elses(parts: Parts, plain: np.ndarray):
    sampler = Busy(parts)
    sampler.go_on.set()
    sampler.act = lambda: (_ for _ in ()).throw(RuntimeError("of the other"))
    next(rendering(parts, sampler, seed=9))
    sampler.reset()
    sampler.act = lambda: None

    assert np.array_equal(np.concatenate(list(rendering(parts, sampler))), plain)


def test_settings_of_the_compiler_hold_in_the_thread_too():
    """Else a block that is asked for there would be compiled in another way."""
    prepared: list[int] = []
    ahead = Ahead(CPU)
    ahead.begin(lambda: None)  # the thread is older than the setting
    ahead.finish()
    with torch._dynamo.config.patch(recompile_limit=123):
        ahead.begin(lambda: prepared.append(torch._dynamo.config.recompile_limit))
        ahead.finish()
    assert prepared == [123]


def test_one_piece_of_work_at_a_time():
    ahead = Ahead(CPU)
    ahead.begin(lambda: None)
    with pytest.raises(ValueError, match="under way"):
        ahead.begin(lambda: None)
    ahead.finish()
    ahead.begin(lambda: None)
    ahead.finish()


class Elsewhere:
    """A sampler that takes what it is given on another device: torch's own without memory."""

    num_steps, depth, ahead, inputs = 1, 1, None, torch.device("meta")

    def __init__(self) -> None:
        self.given: list[tuple[str, torch.device]] = []
        self.num_made = 0

    def reset(self) -> None:
        pass

    def set_text(self, context: Tensor) -> None:
        del context

    def set_sink(self, reference: Tensor, motion: Tensor) -> None:
        self.given += [("reference", reference.device), ("motion", motion.device)]

    def remember(self, *_block: Any) -> None:
        raise NotImplementedError

    def submit(
        self, block_index: int, noise: Tensor, audio: AudioTokens, distances: Sequence[int]
    ) -> None:
        del distances
        self.given += [(f"noise {block_index}", noise.device)]
        self.given += [("audio", each.device) for each in (audio.whole, audio.local)]

    def collect(self) -> Denoised:
        self.num_made += 1
        source = torch.Generator().manual_seed(self.num_made)
        latents = torch.randn((1, 16, 3, 8, 8), generator=source)
        return Denoised(latents, latents)


def test_what_a_sampler_is_given_is_where_it_takes_it(parts: Parts):
    """A pipeline sends it from the host: what lay on a GPU would wait for all its work."""
    sampler = Elsewhere()
    list(rendering(parts, sampler))

    later = sampler.given[2:]  # a segment's first sink is waited for anyway
    assert {device.type for _, device in later} == {"meta"}, later
    assert [name for name, _ in later].count("reference") == 1  # which gave way
