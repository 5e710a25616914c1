"""Memories and weights in the host's memory: the same bits, the right order, the bytes that move.

Without a GPU every copy is made at once, so an order that is wrong would not show. A lane that
keeps the clocks of its three queues finds what could run at the same time and must not.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from model.engine import Handoff, Rendering, SegmentJob, load_engine
from model.errors import ResourceError
from model.live_avatar.config import LIVE_AVATAR_14B, TINY, TINY_TEXT, UMT5_XXL
from model.live_avatar.cost import Plan, count_tokens, engine_memory, weight_bytes
from model.live_avatar.lane import HostMemory, Lane, Mark, Pairs
from model.live_avatar.moved import (
    Moved,
    Offload,
    host_memory,
    offload_of,
    offloaded_memory,
    pass_moved,
    prompt_moved,
    staged_weight_bytes,
    step_moved,
)
from model.live_avatar.offload import offloaded_caches, stream_text_encoder, stream_transformer
from model.live_avatar.sampler import Sampler
from model.live_avatar.schedule import make_schedule
from model.live_avatar.settings import DEFAULTS
from model.live_avatar.sizes import MODELS
from model.live_avatar.text import build_text_encoder, encode_prompt
from model.live_avatar.transformer import AudioTokens, Transformer
from model.live_avatar.untrained import filled
from model.live_avatar.weights import built_empty

pytestmark = pytest.mark.parity

CPU = torch.device("cpu")
SIDE = 64  # pixels
SETTINGS = dict(DEFAULTS) | {"dtype": "bfloat16", "sample_steps": 2, "infer_frames": 24}
FORMS = ["kv", "kv,sink", "weights", "text", "kv,sink,weights,text"]


# --- what runs beside what ---


@dataclass(frozen=True)
class Access:
    """Of one queue to bytes ``start`` to ``end`` of a storage, at its own time."""

    queue: str
    time: int
    start: int
    end: int
    writes: bool


@dataclass
class Clocks(TorchDispatchMode):
    """Notes every access to memory, and those that nothing has put in an order."""

    queue: str = "computing"
    seen: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    accesses: dict[int, list[Access]] = field(default_factory=lambda: defaultdict(list))
    races: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if not func.is_view:
            self.seen[self.queue][self.queue] += 1
            for argument, value in zip(func._schema.arguments, args, strict=False):
                writes = argument.alias_info is not None and argument.alias_info.is_write
                for tensor in tree_leaves(value):
                    if isinstance(tensor, Tensor) and tensor.numel():
                        self._note(tensor, writes, str(func))
        return func(*args, **(kwargs or {}))

    def _note(self, tensor: Tensor, writes: bool, what: str) -> None:
        size = tensor.element_size()
        start = tensor.storage_offset() * size
        last = sum((n - 1) * step for n, step in zip(tensor.shape, tensor.stride(), strict=True))
        end = start + (last + 1) * size
        mine = self.seen[self.queue]
        new = Access(self.queue, mine[self.queue], start, end, writes)
        there = self.accesses[tensor.untyped_storage().data_ptr()]
        for old in there:
            meets = old.start < end and start < old.end and (writes or old.writes)
            if meets and old.queue != new.queue and mine[old.queue] < old.time:
                self.races.append(f"{what} on {new.queue} beside {old.queue}")
        there.append(new)


class WatchedLane(Lane):
    """A lane on a CPU whose queues have clocks; ``broken`` names what it forgets to wait for."""

    def __init__(self, broken: str = "") -> None:
        super().__init__(CPU)
        self.broken, self.clocks = broken, Clocks()
        self.placed: set[int] = set()
        self.moved = Counter()

    def place(self, shape, dtype) -> Tensor:
        made = super().place(shape, dtype)
        self.placed.add(made.untyped_storage().data_ptr())
        return made

    def bring(self, pairs: Pairs, after: Iterable[Mark]) -> Mark:
        return self._queued("inward", list(pairs), after)

    def keep(self, pairs: Pairs, after: Iterable[Mark]) -> Mark:
        return self._queued("outward", list(pairs), after)

    def now(self) -> Mark:
        return Counter(self.clocks.seen["computing"])

    def wait(self, mark: Mark) -> None:
        if self.broken != "computing":
            self._wait("computing", mark)

    def _wait(self, queue: str, mark: Mark) -> None:
        self.clocks.seen[queue] |= mark or Counter()

    def _queued(self, queue: str, pairs: list[tuple[Tensor, Tensor]], after) -> Mark:
        for index, mark in enumerate(after):
            if self.broken != f"{queue} {index}":
                self._wait(queue, mark)
        self.clocks.queue = queue
        for target, source in pairs:
            if not {each.untyped_storage().data_ptr() for each in (target, source)} <= self.placed:
                self.moved[queue] += target.nbytes
            target.copy_(source)
        self.clocks.queue = "computing"
        return Counter(self.clocks.seen[queue])


# --- a sampler ---


def drawn(source: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(shape, generator=source)


def tiny_transformer() -> Transformer:
    return filled(built_empty(lambda: Transformer(TINY)), torch.float32, CPU)


def sampler_of(model: Transformer, num_steps: int, **options) -> Sampler:
    torch.set_num_threads(1)
    side = SIDE // 8
    schedule = make_schedule(num_steps)
    return Sampler(model, schedule, height=side, width=side, num_past_latents=6, **options)


def run(sampler: Sampler) -> Iterator[Tensor]:
    """Latents of two videos: another sink in the middle, a past that is remembered."""
    source = torch.Generator().manual_seed(3)
    side = SIDE // 8
    audio = AudioTokens(drawn(source, 1, 3, 1, TINY.dim), drawn(source, 1, 3, 5, TINY.dim))
    draw = partial(drawn, source)
    for text in (5, 8):
        sampler.reset()
        sampler.set_text(draw(text, TINY.text_dim))
        sampler.set_sink(draw(1, 16, 1, side, side), draw(1, 16, 19, side, side))
        seen = draw(sampler.num_steps, 16, 3, side, side)
        sampler.remember(9, seen, audio, [7] * sampler.num_steps)
        for block in range(10, 14):
            if block == 12:
                sampler.set_sink(draw(1, 16, 1, side, side), draw(1, 16, 19, side, side))
            distances = [4 + block] * sampler.num_steps
            made = sampler.denoise(block, draw(1, 16, 3, side, side), audio, distances)
            yield torch.cat((made.latents, made.seen))


@torch.no_grad()
def watched_run(
    lane: WatchedLane, num_steps: int, *, is_sink_offloaded: bool = True
) -> list[Tensor]:
    model = tiny_transformer()
    stream_transformer(model, lane, HostMemory(CPU))
    caches = partial(offloaded_caches, lane=lane, is_sink_offloaded=is_sink_offloaded)
    sampler = sampler_of(model, num_steps, make_caches=caches)
    with lane.clocks:
        return list(run(sampler))


@pytest.mark.parametrize("is_sink_offloaded", [False, True])
@pytest.mark.parametrize("num_steps", [1, 2])
def test_blocks_are_the_same_and_no_copy_runs_into_another(num_steps, is_sink_offloaded):
    """With one step the last layer and the first have the same slot, with two they have not."""
    with torch.no_grad():
        wanted = list(run(sampler_of(tiny_transformer(), num_steps)))
    lane = WatchedLane()

    made = watched_run(lane, num_steps, is_sink_offloaded=is_sink_offloaded)

    assert len(made) == len(wanted) == 8
    assert all(map(torch.equal, made, wanted))
    assert lane.clocks.races == []
    assert len(lane.clocks.seen) == 3


@pytest.mark.parametrize("broken", ["computing", "inward 0", "inward 1", "outward 0"])
def test_everything_that_is_waited_for_must_be(broken):
    lane = WatchedLane(broken)

    watched_run(lane, 2)

    assert lane.clocks.races
