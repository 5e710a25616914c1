"""Placements over real processes (gloo): each way to lay out a video equals one process."""

import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist

from model.engine import Handoff, SegmentJob
from model.errors import ResourceError
from model.live_avatar.assembly.random_transformer import filled
from model.live_avatar.assembly.random_weights import untrained
from model.live_avatar.config import BLOCK_LATENTS, LATENT_SIDE, TINY
from model.live_avatar.network.cache import MakeCaches, make_caches
from model.live_avatar.network.transformer import Transformer
from model.live_avatar.parallel.letters import Letter, Post
from model.live_avatar.parallel.offload import Offloader
from model.live_avatar.parallel.ranks import Ranks, stage_groups
from model.live_avatar.parallel.shards import Shards
from model.live_avatar.planning.offload import (
    Offload,
)
from model.live_avatar.planning.placement import Seat, read_placement, shares
from model.live_avatar.sampling.sampler import BlockSampler, Sampler
from model.live_avatar.sampling.schedule import make_schedule
from model.live_avatar.sampling.segment import Parts, SegmentRendering, SegmentSettings
from model.live_avatar.settings import DEFAULTS
from model.live_avatar.weights.state import Put, built_empty, drop_layers, put

pytestmark = pytest.mark.parity

SIDE = 80  # 25 tokens of a latent frame: 13 and 12 for two ranks, 7, 6, 6 and 6 for four
SETTINGS = SegmentSettings(num_steps=3, infer_frames=24, continuation="goes on")
CPU = torch.device("cpu")
OFFLOADED = Offloader(Offload(kv=True), CPU).make_caches
# shared heads may change the last bits of float32, and so turn the rounding of a pixel; nothing
# grows, as each block but the first looks back at two of the latest alone
LATENTS_OFF, PIXELS_OFF = 1e-4, 1


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


def sampler_of(
    parts: Parts, steps_of: Callable[[int], range] = range, make: MakeCaches = make_caches
) -> Sampler:
    return Sampler(
        parts.transformer,
        make_schedule(SETTINGS.num_steps),
        height=SIDE // LATENT_SIDE,
        width=SIDE // LATENT_SIDE,
        num_past_latents=SETTINGS.blocks_per_clip * BLOCK_LATENTS,
        steps=steps_of(SETTINGS.num_steps),
        make_caches=make,
    )


BOTH = ("last-frame", "context")


def chains(
    parts: Parts, sampler: BlockSampler, kinds: Sequence[str] = BOTH
) -> dict[str, np.ndarray]:
    """Of each handoff a segment, one that is given up, and the next segment, with one sampler."""
    contexts: dict[str, torch.Tensor] = {}

    def text_of(prompt: str) -> torch.Tensor:
        return contexts.setdefault(prompt, parts.encode_text(prompt))

    def rendered(kind: str, asked: SegmentJob) -> tuple[np.ndarray, Handoff]:
        settings = replace(SETTINGS, handoff=kind)
        rendering = SegmentRendering(parts, settings, asked, sampler, text_of)
        return np.concatenate(list(rendering)), rendering.handoff

    found: dict[str, np.ndarray] = {}
    for kind in kinds:
        found[f"{kind} 0"], handoff = rendered(kind, job(0, 48))
        for name, array in handoff.state.items():
            found[f"{kind} handoff {name}"] = np.asarray(array)
        given_up = SegmentRendering(parts, SETTINGS, job(0, 48, seed=9), sampler, text_of)
        next(given_up)
        found[f"{kind} 1"], _ = rendered(kind, job(48, 18, handoff))
    return found


@pytest.fixture(scope="module")
def parts(pictures_encoded_once: None) -> Parts:
    torch.set_num_threads(1)
    return replace(untrained("tiny", torch.float32, "cpu"), transformer=loaded())


def loaded(put_weight: Put = put) -> Transformer:
    four_heads = built_empty(lambda: Transformer(replace(TINY, num_heads=4)))
    return filled(four_heads, torch.float32, CPU, put_weight)


Alone = Callable[[Sequence[str]], dict[str, np.ndarray]]


@pytest.fixture(scope="module")
def alone(parts: Parts) -> Alone:
    """The chains of these handoffs in one process; each kind is rendered once."""
    made: dict[str, dict[str, np.ndarray]] = {}

    def chains_of(kinds: Sequence[str]) -> dict[str, np.ndarray]:
        for kind in kinds:
            if kind not in made:
                made[kind] = chains(parts, sampler_of(parts), (kind,))
        return {name: array for kind in kinds for name, array in made[kind].items()}

    return chains_of


Work = Callable[[Parts, Ranks], Any]
"""What each process does; the leader's answer is sent."""


def _rank(placed: str, rank: int, store: str, parts: Parts, work: Work, answer: Connection) -> None:
    torch.set_num_threads(1)
    seat = Seat(read_placement(placed), rank)
    num_ranks = seat.placement.num_ranks
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=num_ranks)
    ranks = Ranks(seat, Post("cpu"), stage_groups(seat))
    if seat.decodes_alone:
        drop_layers(parts.transformer)
    elif seat.placement.shards > 1:
        shards = Shards(ranks.groups.shards or pytest.fail("no group"), CPU)
        parts = replace(parts, transformer=loaded(shards.put_of(put)))
        shards.settle(parts.transformer)
    ranks.settle(parts.transformer)
    made = work(parts, ranks)
    if seat.leads:
        answer.send(made)
        ranks.release()
    dist.destroy_process_group()


@contextmanager
def placed(placed: str, folder: Path, parts: Parts, work: Work) -> Iterator[Connection]:
    """Processes that have the models from this one, by fork: they load nothing."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    processes = [
        context.Process(
            target=_rank, args=(placed, rank, str(folder / "store"), parts, work, there)
        )
        for rank in range(read_placement(placed).num_ranks)
    ]
    for process in processes:
        process.start()
    there.close()
    try:
        yield here
        for process in processes:
            process.join(60)
        assert [process.exitcode for process in processes] == [0] * len(processes)
    finally:
        for process in processes:
            process.kill()
            process.join()


def answered(leader: Connection) -> Any:
    assert leader.poll(240), "no answer within 4 minutes"
    return leader.recv()


def rendered(
    make: MakeCaches, kinds: Sequence[str], parts: Parts, ranks: Ranks
) -> dict[str, np.ndarray] | None:
    """The chains, by the leader; the others do what it says."""
    if not ranks.seat.decodes_alone:
        assert parts.transformer.num_own_heads == 4 // ranks.seat.placement.heads

    def made(_told: Mapping[str, Any], steps_of: Callable[[int], range]) -> Sampler:
        return sampler_of(parts, steps_of, make)

    if not ranks.leads:
        ranks.follow(made)
        return None
    return chains(parts, ranks.sampler(made, {}, SETTINGS.num_steps), kinds)


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        pytest.param("stages=2", ("context",), marks=pytest.mark.sweep),
        pytest.param("stages=3", ("last-frame",), marks=pytest.mark.sweep),
        ("stages=3,decoder=own", ("context",)),
        pytest.param("stages=3,decoder=own", BOTH, marks=pytest.mark.sweep),
        pytest.param("stages=4,decoder=own", ("context",), marks=pytest.mark.sweep),
    ],
)
def test_steps_that_are_shared_out_give_the_same_frames_and_handoffs(
    words: str, kinds: Sequence[str], parts: Parts, alone: Alone, tmp_path: Path
):
    """Of three steps: 2 + 1, or 1 + 1 + 1 with and without a leader that only decodes.

    Five ranks have one among them that does no step, and passes on what it is given.
    """
    expected = alone(kinds)

    with placed(words, tmp_path, parts, partial(rendered, make_caches, kinds)) as leader:
        made = answered(leader)

    assert made.keys() == expected.keys()
    for name, array in made.items():
        assert np.array_equal(array, expected[name]), name


@pytest.mark.parametrize(
    ("words", "make", "kinds"),
    [
        pytest.param("heads=2", OFFLOADED, ("context",), marks=pytest.mark.sweep),
        pytest.param("heads=2,decoder=own", make_caches, ("last-frame",), marks=pytest.mark.sweep),
        pytest.param(
            "stages=2,heads=2,shards=2", make_caches, ("context",), marks=pytest.mark.sweep
        ),
    ],
    ids=["heads=2, kv offloaded", "heads=2,decoder=own", "stages=2,heads=2,shards=2"],
)
def test_heads_that_are_shared_out_give_the_same_but_for_last_bits(
    words: str,
    make: MakeCaches,
    kinds: Sequence[str],
    parts: Parts,
    alone: Alone,
    tmp_path: Path,
):
    expected = alone(kinds)

    with placed(words, tmp_path, parts, partial(rendered, make, kinds)) as leader:
        made = answered(leader)

    assert made.keys() == expected.keys()
    for name, array in made.items():
        off = np.abs(array.astype(np.float64) - expected[name].astype(np.float64)).max()
        assert off <= (PIXELS_OFF if array.dtype == np.uint8 else LATENTS_OFF), name


def refused_once(parts: Parts, ranks: Ranks) -> tuple[str, int] | None:
    """The first sampler does not fit on rank 0; the next one does."""

    def made(told: Mapping[str, Any], steps_of: Callable[[int], range]) -> Sampler:
        if ranks.seat.rank == told["fails_on"]:
            raise ResourceError("no room on rank 0")
        return sampler_of(parts, steps_of)

    if not ranks.leads:
        ranks.follow(made)
        return None
    with pytest.raises(ResourceError) as error:
        ranks.sampler(made, {"fails_on": 0}, SETTINGS.num_steps)
    sampler = ranks.sampler(made, {"fails_on": None}, SETTINGS.num_steps)
    contexts: dict[str, torch.Tensor] = {}
    rendering = SegmentRendering(
        parts, SETTINGS, job(0, 12), sampler, lambda p: contexts.setdefault(p, parts.encode_text(p))
    )
    return str(error.value), len(next(rendering))


def test_a_rank_that_has_no_room_tells_its_stage_which_can_go_on_with_less(
    parts: Parts, tmp_path: Path
):
    with placed("heads=2", tmp_path, parts, refused_once) as leader:
        assert answered(leader) == ("no room on rank 0", 12)


def full(*_args: Any) -> None:
    raise MemoryError("not enough")


def failing(parts: Parts, ranks: Ranks) -> None:
    """The rank that does not lead has no room in the middle of a block."""
    if not ranks.leads:
        parts.transformer.head.register_forward_pre_hook(full)
    rendered(make_caches, BOTH, parts, ranks)


def test_a_rank_that_fails_where_others_wait_for_it_ends_and_all_are_started_again(
    parts: Parts, tmp_path: Path
):
    with (
        pytest.raises(AssertionError),  # the launcher ends them all; here they are killed
        placed("heads=2", tmp_path, parts, failing) as leader,
        pytest.raises(EOFError),
    ):
        assert answered(leader)  # the leader has ended: its mate is gone


def crossing(parts: Parts, ranks: Ranks) -> tuple[list[float], list[float]] | None:
    """One rank's weights are asked for before the heads are exchanged, the other's after it."""
    heads, shards = ranks.groups
    own = torch.full((2,), float(ranks.seat.rank))
    gathered, exchanged = torch.empty(2, 2), torch.empty(2)
    if not ranks.leads:
        coming = dist.all_gather(list(gathered), own, group=shards, async_op=True)
        dist.all_to_all_single(exchanged, own, group=heads)
        coming.wait()
        ranks.follow(lambda _told, _steps_of: sampler_of(parts))
        return None
    dist.all_to_all_single(exchanged, own, group=heads)
    dist.all_gather(list(gathered), own, group=shards)
    return gathered.flatten().tolist(), exchanged.tolist()


def test_heads_are_exchanged_while_weights_are_on_their_way(parts: Parts, tmp_path: Path):
    """In a group of their own: in one with the weights, they would wait for them."""
    with placed("heads=2,shards=2", tmp_path, parts, crossing) as leader:
        assert answered(leader) == ([0, 0, 1, 1], [0, 1])


def test_shares_are_in_order_and_the_later_ranks_have_less():
    assert shares(4, 1) == [range(4)]
    assert shares(4, 2) == [range(2), range(2, 4)]
    assert shares(4, 3) == [range(2), range(2, 3), range(3, 4)]
    assert shares(4, 5) == [range(1), range(1, 2), range(2, 3), range(3, 4), range(4, 4)]
    assert shares(2, 4) == [range(1), range(1, 2), range(2, 2), range(2, 2)]
    with pytest.raises(ValueError, match="at least 1, got 0 and 2"):
        shares(0, 2)


def test_several_speakers_are_refused(parts: Parts):
    from model.live_avatar.network.audio_injector import AudioTokens
    from model.live_avatar.parallel.pipeline import _letter

    audio = AudioTokens(torch.ones(2, 3, 1, 4), torch.ones(2, 3, 5, 4), torch.ones(2, 3, 4, 4, 1))
    with pytest.raises(ValueError, match="one speaker"):
        _letter("block", 0, audio, [4])
    assert Letter("reset").tensors == {}
