"""Memories and weights in the host's memory: the same bits, the right order, the bytes that move.

Without a GPU every copy is made at once, so an order that is wrong would not show. A lane that
keeps the clocks of its three queues finds what could run at the same time and must not.
"""

import gc
import weakref
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from model.engine import Handoff, SegmentJob
from model.errors import ResourceError
from model.live_avatar.assembly.random_transformer import filled
from model.live_avatar.config import LIVE_AVATAR_14B, TINY, TINY_TEXT, UMT5_XXL
from model.live_avatar.devices.copy_streams import CopyStreams, HostMemory, Mark, Pairs
from model.live_avatar.encoders.text import build_text_encoder, encode_prompt
from model.live_avatar.engine import LiveAvatarEngine
from model.live_avatar.network.audio_injector import AudioTokens
from model.live_avatar.network.cache import make_caches
from model.live_avatar.network.transformer import Transformer
from model.live_avatar.parallel.offload import (
    offloaded_caches,
    put_on_host,
    stream_text_encoder,
    stream_transformer,
)
from model.live_avatar.planning.cost import Plan, count_tokens, engine_memory
from model.live_avatar.planning.offload import (
    Offload,
    offload_of,
)
from model.live_avatar.planning.sizes import MODELS
from model.live_avatar.planning.traffic import (
    Traffic,
    host_memory,
    offloaded_memory,
    pass_traffic,
    prompt_traffic,
    staged_weight_bytes,
    step_traffic,
)
from model.live_avatar.sampling.sampler import Sampler
from model.live_avatar.sampling.schedule import make_schedule
from model.live_avatar.settings import DEFAULTS
from model.live_avatar.weights.state import built_empty, put

pytestmark = pytest.mark.parity

CPU = torch.device("cpu")
SIDE = 64  # pixels
SETTINGS = dict(DEFAULTS) | {"sample_steps": 2, "infer_frames": 24, "handoff": "context"}
TEXT = Offload(text=True)
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


class WatchedLane(CopyStreams):
    """A lane on a CPU whose queues have clocks; ``broken`` names what it forgets to wait for."""

    def __init__(self, broken: str = "") -> None:
        super().__init__(CPU)
        self.broken, self.clocks = broken, Clocks()
        self.placed: set[int] = set()
        self.num_placed_bytes = 0
        self.moved = Counter()

    def place(self, shape, dtype) -> Tensor:
        made = super().place(shape, dtype)
        self.placed.add(made.untyped_storage().data_ptr())
        self.num_placed_bytes += made.nbytes
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
    """Latents of two videos: a past that is remembered, and another sink in the middle."""
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
        for block in (10, 11, 12, 13, 13):  # the last once more: not what was foreseen
            if block == 12:
                sampler.set_sink(draw(1, 16, 1, side, side), draw(1, 16, 19, side, side))
            distances = [4 + block] * sampler.num_steps
            made = sampler.denoise(block, draw(1, 16, 3, side, side), audio, distances)
            yield torch.cat((made.latents, made.seen))


@torch.no_grad()
def watched_run(
    lane: WatchedLane,
    num_steps: int,
    *,
    is_sink_offloaded: bool = True,
    is_enough: Callable[[], bool] = lambda: False,
) -> list[Tensor]:
    """The latents of every block, or of those until one after which it is enough."""
    model = tiny_transformer()
    stream_transformer(model, lane, HostMemory(CPU))
    caches = partial(offloaded_caches, lane=lane, is_sink_offloaded=is_sink_offloaded)
    sampler = sampler_of(model, num_steps, make_caches=caches)
    made: list[Tensor] = []
    with lane.clocks:
        for latents in run(sampler):
            made.append(latents)
            if is_enough():
                break
    return made


@pytest.mark.parametrize("is_sink_offloaded", [pytest.param(False, marks=pytest.mark.sweep), True])
@pytest.mark.parametrize("num_steps", [1, 2])
def test_blocks_are_the_same_and_no_copy_runs_into_another(num_steps, is_sink_offloaded):
    """With one step the last layer and the first have the same slot, with two they have not."""
    with torch.no_grad():
        wanted = list(run(sampler_of(tiny_transformer(), num_steps)))
    lane = WatchedLane()

    made = watched_run(lane, num_steps, is_sink_offloaded=is_sink_offloaded)

    assert len(made) == len(wanted) == 10
    assert all(map(torch.equal, made, wanted))
    assert lane.clocks.races == []
    assert len(lane.clocks.seen) == 3


@pytest.mark.parametrize("broken", ["computing", "inward 0", "inward 1", "outward 0"])
def test_everything_that_is_waited_for_must_be(broken):
    lane = WatchedLane(broken)

    watched_run(lane, 2, is_enough=lambda: bool(lane.clocks.races))

    assert lane.clocks.races


def test_a_prompt_is_encoded_alike_and_the_device_is_free_afterwards():
    encoder = filled(built_empty(lambda: build_text_encoder(TINY_TEXT)), torch.bfloat16, CPU)
    ids = torch.tensor([9, 200, 31, 1])
    wanted = encode_prompt(encoder, ids)
    lane = WatchedLane()
    stream_text_encoder(encoder, lane, HostMemory(CPU))
    homes = [each.data_ptr() for each in encoder.parameters()]

    with lane.clocks:
        made = [encode_prompt(encoder, ids) for _ in range(2)]

    assert torch.equal(made[0], wanted)
    assert torch.equal(made[1], wanted)
    assert lane.clocks.races == []
    assert lane.moved["inward"] == 2 * prompt_traffic(TEXT, TINY_TEXT, "bfloat16").inward
    assert [each.data_ptr() for each in encoder.parameters()] == homes
    with pytest.raises(IndexError):
        encode_prompt(encoder, torch.tensor([TINY_TEXT.vocab_size]))
    assert [each.data_ptr() for each in encoder.parameters()] == homes


# --- the engine ---


def job(start: int, num_frames: int, handoff: Handoff | None, dtype: str) -> SegmentJob:
    track = np.random.default_rng(4).normal(0, 3000, 100 * 640).astype(np.int16)
    return SegmentJob(
        key=f"key-{start}",
        portrait=np.random.default_rng(5).integers(0, 255, (96, 80, 3), np.uint8),
        rig=None,
        handoff=handoff,
        pcm=track[start * 640 : (start + num_frames + 25) * 640],
        left_context=0,
        right_context=25 * 640,
        phonemes=None,
        prompt="a person speaks",
        seed=7,
        width=SIDE,
        height=SIDE,
        num_frames=num_frames,
        settings=SETTINGS | {"dtype": dtype},
    )


def engine_with(offload: str, device: str = "cpu") -> LiveAvatarEngine:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NIGHTSHOOT_WEIGHTS", "random:tiny")
        patch.setenv("NIGHTSHOOT_DEVICE", device)
        patch.setenv("NIGHTSHOOT_OFFLOAD", offload)
        return LiveAvatarEngine()


def chain(engine: LiveAvatarEngine, dtype: str) -> list[np.ndarray]:
    """Frames and state of two segments: over a clip's end, and on from what was left."""
    made, handoff = [], None
    for start, num_frames in ((0, 36), (36, 12)):
        rendering = engine.render(job(start, num_frames, handoff, dtype))
        made.append(np.concatenate(list(rendering)))
        handoff = rendering.handoff
    return [*made, *(handoff.state[name] for name in sorted(handoff.state))]


@pytest.fixture(scope="module")
def plain(pictures_encoded_once: None) -> dict[str, list[np.ndarray]]:
    return {dtype: chain(engine_with(""), dtype) for dtype in ("bfloat16", "float8")}


@pytest.mark.parametrize(
    ("offload", "dtype"),
    [
        *(pytest.param(form, "bfloat16", marks=pytest.mark.sweep) for form in FORMS[:-1]),
        (FORMS[-1], "bfloat16"),
        (FORMS[-1], "float8"),
    ],
)
def test_the_engine_renders_the_same_bytes_whatever_is_offloaded(
    plain, monkeypatch, offload, dtype
):
    lane = WatchedLane()
    monkeypatch.setattr("model.live_avatar.parallel.offload.CopyStreams", lambda _device: lane)

    made = chain(engine_with(offload), dtype)

    assert len(made) == len(plain[dtype]) > 2
    assert all(map(np.array_equal, made, plain[dtype]))
    assert lane.moved["inward"] > 0
    assert (lane.moved["outward"] > 0) == ("kv" in offload)


@pytest.mark.gpu
@pytest.mark.skipif(
    not torch.cuda.is_available(),
    reason="no CUDA device: no copy ran beside any computing",
)
@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_a_gpu_renders_the_same_bytes_whatever_is_offloaded(dtype):
    wanted = chain(engine_with("", "cuda:0"), dtype)
    for offload in FORMS:
        made = chain(engine_with(offload, "cuda:0"), dtype)
        assert all(map(np.array_equal, made, wanted)), offload


def test_weights_go_to_the_host_as_they_come_and_once():
    host = HostMemory(CPU, chunk_bytes=10_000)
    put_there = put_on_host(host, ("blocks.",), put)
    model = filled(built_empty(lambda: Transformer(TINY)), torch.float32, CPU, put_there)
    homes = {name: each.data_ptr() for name, each in model.named_parameters()}

    wanted = tiny_transformer().state_dict()
    assert all(torch.equal(value, wanted[name]) for name, value in model.state_dict().items())
    stream_transformer(model, WatchedLane(), host)
    moved = {name for name, each in model.named_parameters() if each.data_ptr() != homes[name]}
    assert moved == {
        name
        for name, each in model.named_parameters()
        if name.startswith(("blocks.", "injectors.")) and each.dim() == 2
    }
    again = HostMemory(CPU)
    for name, each in model.named_parameters():
        if name in moved:
            host.adopt(each)  # from its place on the device
            home = each.data_ptr()
            host.adopt(each)
            assert each.data_ptr() == home
            again.adopt(each)
            assert each.data_ptr() != home


@pytest.mark.parametrize("is_offloaded", [False, True])
def test_memories_that_are_given_up_are_free_at_once(is_offloaded):
    """The next ones, of another size, need what they hold."""
    caches = partial(offloaded_caches, lane=CopyStreams(CPU), is_sink_offloaded=True)
    sampler = sampler_of(tiny_transformer(), 2, make_caches=caches if is_offloaded else make_caches)
    gc.collect()
    gc.disable()
    try:
        layers = [weakref.ref(layer.keys) for each in sampler.caches for layer in each.layers]
        next(run(sampler))
        del sampler
        assert [layer() for layer in layers] == [None] * len(layers)
    finally:
        gc.enable()


def test_memory_of_the_host_is_taken_in_chunks_and_each_tensor_is_aligned():
    host = HostMemory(CPU, chunk_bytes=4096)

    taken = [host.take((3, 7), torch.bfloat16) for _ in range(8)]
    taken += [host.take((2, 5000), torch.float32), host.take((1,), torch.uint8)]
    for index, each in enumerate(taken):
        each.fill_(index)

    assert [each.shape for each in taken] == [*[(3, 7)] * 8, (2, 5000), (1,)]
    assert all((each == index).all() for index, each in enumerate(taken))
    assert len({each.untyped_storage().data_ptr() for each in taken}) == 3
    assert all(each.storage_offset() * each.element_size() % 512 == 0 for each in taken)


def test_a_host_that_is_too_small_says_what_to_do():
    with pytest.raises(ResourceError, match=r"9000000\.0 GB .*list less in NIGHTSHOOT_OFFLOAD"):
        HostMemory(CPU).take((9_000_000, 1_000_000_000), torch.uint8)


# --- what is named ---


def test_what_is_offloaded_is_named_in_any_order():
    assert offload_of({}) == offload_of({"NIGHTSHOOT_OFFLOAD": ""}) == Offload()
    named = {"NIGHTSHOOT_OFFLOAD": " weights, kv,"}
    assert offload_of(named) == Offload(kv=True, weights=True)


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("kv,disk,all", r'"kv,disk,all" names all, disk; set one or more of kv, sink, weights'),
        ("sink,text", r'names sink without kv.*set "kv,sink"'),
    ],
)
def test_what_cannot_be_offloaded_is_refused_before_anything_is_loaded(named, message):
    with pytest.raises(ResourceError, match=message):
        engine_with(named)


# --- bytes ---

FOUR_LAYERS = replace(TINY, num_layers=4)
ALL = Offload(kv=True, sink=True, weights=True, text=True)


def tiny_plan(infer_frames: int = 24) -> Plan:
    model = replace(MODELS["tiny"], transformer=FOUR_LAYERS)
    return Plan(model, SIDE, SIDE, infer_frames, num_steps=2, dtype="float32")


@torch.no_grad()
@pytest.mark.parametrize("is_sink_offloaded", [False, True])
def test_what_moves_and_is_held_is_what_is_counted(is_sink_offloaded):
    plan = tiny_plan()
    offload = Offload(kv=True, sink=is_sink_offloaded, weights=True)
    lane, weights_lane = WatchedLane(), WatchedLane()
    model = filled(built_empty(lambda: Transformer(FOUR_LAYERS)), torch.float32, CPU)
    whole = sum(each.nbytes for each in model.parameters())
    stream_transformer(model, weights_lane, HostMemory(CPU))
    caches = partial(offloaded_caches, lane=lane, is_sink_offloaded=is_sink_offloaded)
    sampler = sampler_of(model, 2, make_caches=caches)
    blocks = run(sampler)
    for _ in range(3):
        next(blocks)  # a past and three blocks: the ring is full, and came to its front again
    lane.moved.clear()
    weights_lane.moved.clear()
    next(blocks)

    moved = step_traffic(offload, FOUR_LAYERS, plan.tokens, "float32")
    weights = pass_traffic(offload, FOUR_LAYERS, "float32").inward
    assert weights_lane.moved == {"inward": 2 * weights}
    assert lane.moved == {"inward": 2 * (moved.inward - weights), "outward": 2 * moved.outward}
    held = offloaded_memory(offload, plan).held
    staged = held["staged keys and values"] + held.get("sink", 0)
    assert lane.num_placed_bytes == staged
    assert weights_lane.num_placed_bytes == staged_weight_bytes(FOUR_LAYERS, "float32")
    here = whole - weights + weights_lane.num_placed_bytes
    assert held["transformer weights"] == here


#: what the engine takes of a GPU at 704x384, with 4 steps in bfloat16
GPU_GB = {
    "": 100.7,
    "kv": 52.9,
    "kv,sink": 50.7,
    "weights": 70.9,
    "text": 89.4,
    "kv,sink,weights,text": 9.5,
}


def test_the_bytes_of_the_published_model():
    """Figures of the specification: 10.38 GB of ring a step, 2.16 of sink, 32.59 of weights."""
    plan = Plan(MODELS["live-avatar-14b"], 704, 384)
    tokens = count_tokens(704, 384, 48)

    def moved(**named: bool) -> Traffic:
        return step_traffic(Offload(**named), LIVE_AVATAR_14B, tokens, "bfloat16")

    assert rounded(moved()) == (0, 0)
    assert rounded(moved(kv=True)) == (7.79, 2.60)  # 9 of 12 latents come, 3 go
    assert rounded(moved(kv=True, sink=True)) == (9.95, 2.60)
    assert rounded(moved(weights=True)) == (31.88, 0)
    assert rounded(prompt_traffic(ALL, UMT5_XXL, "bfloat16")) == (9.26, 0)
    gpu = {
        name: offloaded_memory(offload_of({"NIGHTSHOOT_OFFLOAD": name}), plan) for name in GPU_GB
    }
    assert gpu[""] == engine_memory(plan)
    assert {name: round(memory.total / 1e9, 1) for name, memory in gpu.items()} == GPU_GB
    host = {name: round(size / 1e9, 2) for name, size in host_memory(ALL, plan).items()}
    assert host == {
        "ring of the past, every step": 41.52,
        "sink": 2.16,
        "matrices of the transformer": 31.88,
        "text encoder": 11.36,
    }
    assert host_memory(Offload(), plan) == {}


def rounded(moved: Traffic) -> tuple[float, float]:
    return round(moved.inward / 1e9, 2), round(moved.outward / 1e9, 2)
