"""The timestep pipeline over real processes (gloo): each way to share steps equals one process."""

import multiprocessing
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist

from model.engine import Handoff, SegmentJob
from model.live_avatar.config import BLOCK_LATENTS, LATENT_SIDE
from model.live_avatar.pipeline import Letter, PipelinedSampler, Post, Stage, shares
from model.live_avatar.sampler import Sampler
from model.live_avatar.schedule import make_schedule
from model.live_avatar.segment import Parts, SegmentRendering, SegmentSettings
from model.live_avatar.settings import DEFAULTS
from model.live_avatar.untrained import untrained

pytestmark = pytest.mark.parity

SIDE = 64
SETTINGS = SegmentSettings(num_steps=3, infer_frames=24, continuation="goes on")


def job(start: int, num_frames: int, handoff: Handoff | None = None, **changes) -> SegmentJob:
    rng = np.random.default_rng(1)
    fields = {
        "key": f"key-{start}",
        "portrait": rng.integers(0, 255, (SIDE, SIDE, 3), np.uint8),
        "rig": None,
        "handoff": handoff,
        "pcm": rng.normal(0, 3000, num_frames * 640 + 32_000).astype(np.int16),
        "left_context": 16_000,
        "right_context": 16_000,
        "phonemes": None,
        "prompt": "a person speaks",
        "seed": 3,
        "width": SIDE,
        "height": SIDE,
        "num_frames": num_frames,
        "settings": dict(DEFAULTS),
    }
    return SegmentJob(**(fields | changes))


def sampler_of(parts: Parts, steps: range | None = None) -> Sampler:
    return Sampler(
        parts.transformer,
        make_schedule(SETTINGS.num_steps),
        height=SIDE // LATENT_SIDE,
        width=SIDE // LATENT_SIDE,
        num_past_latents=SETTINGS.blocks_per_clip * BLOCK_LATENTS,
        steps=steps,
    )


def chains(parts: Parts, sampler: Sampler | PipelinedSampler) -> dict[str, np.ndarray]:
    """Two segments of either handoff, one that is given up, and two again, in one process."""
    contexts: dict[str, torch.Tensor] = {}

    def text_of(prompt: str) -> torch.Tensor:
        return contexts.setdefault(prompt, parts.encode_text(prompt))

    def rendered(kind: str, asked: SegmentJob) -> tuple[np.ndarray, Handoff]:
        settings = replace(SETTINGS, handoff=kind)
        rendering = SegmentRendering(parts, settings, asked, sampler, text_of)
        return np.concatenate(list(rendering)), rendering.handoff

    found: dict[str, np.ndarray] = {}
    for kind in ("last-frame", "context"):
        found[f"{kind} 0"], handoff = rendered(kind, job(0, 48))
        for name, array in handoff.state.items():
            found[f"{kind} handoff {name}"] = np.asarray(array)
        given_up = SegmentRendering(parts, SETTINGS, job(0, 48, seed=9), sampler, text_of)
        next(given_up)
        found[f"{kind} 1"], _ = rendered(kind, job(48, 18, handoff))
    return found


@pytest.fixture(scope="module")
def parts() -> Parts:
    torch.set_num_threads(1)
    return untrained("tiny", torch.float32, "cpu")


@pytest.fixture(scope="module")
def alone(parts: Parts) -> dict[str, np.ndarray]:
    return chains(parts, sampler_of(parts))


def _rank(rank: int, num_ranks: int, store: str, parts: Parts, answer: Connection) -> None:
    """What each process does; the last one leads and answers."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=num_ranks)
    post, leader = Post("cpu"), num_ranks - 1

    def make(told: Mapping[str, int]) -> Sampler:
        return sampler_of(parts, shares(told["num_steps"], num_ranks)[rank])

    told = {"num_steps": SETTINGS.num_steps}
    if rank != leader:
        Stage(make, post, rank, leader).serve()
    else:
        sampler = PipelinedSampler(make(told), post, leader, told)
        answer.send(chains(parts, sampler))
        sampler.drop_blocks()
        for stage in range(leader):
            post.send(stage, Letter("end"))
        post.flush()
    dist.destroy_process_group()


@contextmanager
def ranks(num_ranks: int, folder: Path, parts: Parts) -> Iterator[Connection]:
    """Processes that have the models from this one, by fork: they load nothing."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    processes = [
        context.Process(target=_rank, args=(rank, num_ranks, str(folder / "store"), parts, there))
        for rank in range(num_ranks)
    ]
    for process in processes:
        process.start()
    there.close()
    try:
        yield here
        for process in processes:
            process.join(60)
        assert [process.exitcode for process in processes] == [0] * num_ranks
    finally:
        for process in processes:
            process.kill()
            process.join()


@pytest.mark.parametrize("num_ranks", [2, 4])
def test_steps_that_are_shared_out_give_the_same_frames_and_handoffs(
    num_ranks: int, parts: Parts, alone: dict[str, np.ndarray], tmp_path: Path
):
    """Of three steps: 2 + 1; and 1 + 1 + 1 with a leader that only decodes."""
    with ranks(num_ranks, tmp_path, parts) as leader:
        assert leader.poll(240), "no answer within 4 minutes"
        made = leader.recv()

    assert made.keys() == alone.keys()
    for name, array in alone.items():
        assert np.array_equal(made[name], array), name


def test_shares_are_in_order_and_the_later_ranks_have_less():
    assert shares(4, 1) == [range(4)]
    assert shares(4, 2) == [range(2), range(2, 4)]
    assert shares(4, 3) == [range(2), range(2, 3), range(3, 4)]
    assert shares(4, 5) == [range(1), range(1, 2), range(2, 3), range(3, 4), range(4, 4)]
    assert shares(2, 4) == [range(1), range(1, 2), range(2, 2), range(2, 2)]
    with pytest.raises(ValueError, match="at least 1, got 0 and 2"):
        shares(0, 2)


def test_several_speakers_are_refused(parts: Parts):
    from model.live_avatar.pipeline import _letter
    from model.live_avatar.transformer import AudioTokens

    audio = AudioTokens(torch.ones(2, 3, 1, 4), torch.ones(2, 3, 5, 4), torch.ones(2, 3, 4, 4, 1))
    with pytest.raises(ValueError, match="one speaker"):
        _letter("block", 0, audio, [4])
    assert Letter("reset").tensors == {}
