"""Weights shared out over real processes (gloo): every group equals one process, bit for bit."""

import gc
import multiprocessing
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
from torch.multiprocessing.reductions import StorageWeakRef

from benchmarks.full_size import make_job
from model.engine import Handoff, SegmentJob
from model.errors import NightshootError, ResourceError, WeightsError
from model.live_avatar.assembly.core import load_core
from model.live_avatar.assembly.loader import load
from model.live_avatar.assembly.random_transformer import random_transformer
from model.live_avatar.assembly.random_weights import untrained
from model.live_avatar.config import BLOCK_LATENTS, LATENT_SIDE, TINY
from model.live_avatar.network.cache import MakeCaches, make_caches
from model.live_avatar.network.transformer import Transformer
from model.live_avatar.parallel.heads import share_heads
from model.live_avatar.parallel.letters import Post
from model.live_avatar.parallel.offload import Offloader
from model.live_avatar.parallel.quantize import FLOAT8_RULES, float8_put
from model.live_avatar.parallel.ranks import Ranks, stage_groups
from model.live_avatar.parallel.shards import Shards
from model.live_avatar.planning.offload import (
    Offload,
)
from model.live_avatar.planning.placement import Seat, read_placement
from model.live_avatar.planning.rank_memory import sharded_bytes
from model.live_avatar.sampling.sampler import Sampler
from model.live_avatar.sampling.schedule import make_schedule
from model.live_avatar.sampling.segment import Parts, SegmentRendering, SegmentSettings
from model.live_avatar.weights.checkpoint import Lora
from model.live_avatar.weights.location import WeightsLocation
from model.live_avatar.weights.lora import TARGET
from model.live_avatar.weights.state import Put, built_empty, load_transformer, put
from tests.parity.published import published_tensors

pytestmark = pytest.mark.parity

CPU = torch.device("cpu")
SIDE = 64
SETTINGS = SegmentSettings(num_steps=2, infer_frames=24, continuation="goes on")
WAIT_S = 120
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}

Told = dict[str, np.ndarray]


# --- groups of processes ---


def _rank(rank: int, num_ranks: int, store: str, work: Callable[[dist.ProcessGroup], Any], answer):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=num_ranks)
    group = dist.new_group(list(range(num_ranks)), backend="gloo")
    try:
        answer.send(work(group))
    except (NightshootError, RuntimeError) as error:
        answer.send(error)
        raise SystemExit(1) from error
    dist.destroy_process_group()


def each_of(num_ranks: int, folder: Path, work: Callable[[dist.ProcessGroup], Any]) -> list[Any]:
    """What the processes of a group answer, by rank; they have the models by fork."""
    context = multiprocessing.get_context("fork")
    pipes = [context.Pipe(duplex=False) for _ in range(num_ranks)]
    store = str(folder / f"store-{num_ranks}")
    processes = [
        context.Process(target=_rank, args=(rank, num_ranks, store, work, there))
        for rank, (_, there) in enumerate(pipes)
    ]
    for process in processes:
        process.start()
    try:
        return [_answer(here, rank) for rank, (here, _) in enumerate(pipes)]
    finally:
        for process in processes:
            process.join(5)
            process.kill()
            process.join()


def _answer(pipe: Connection, rank: int) -> Any:
    assert pipe.poll(WAIT_S), f"rank {rank} did not answer within {WAIT_S} s"
    return pipe.recv()


def loaded(group: dist.ProcessGroup | None, dtype: str) -> Transformer:
    """The tiny transformer; whole where there is no group."""
    put_weight = put
    if dtype in FLOAT8_RULES:
        put_weight = float8_put(TINY, FLOAT8_RULES[dtype], CPU)
    held = DTYPES.get(dtype, torch.bfloat16)
    if group is None:
        return random_transformer("tiny", held, CPU, put_weight)
    shards = Shards(group, CPU)
    model = random_transformer("tiny", held, CPU, shards.put_of(put_weight))
    shards.settle(model)
    return model


# --- what is rendered ---


@dataclass
class Noted:
    """A sampler, and what it was asked for: what the ranks that do not lead are told."""

    sampler: Sampler
    asked: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.sampler, name)
        return partial(self._ask, name) if callable(found) else found

    def _ask(self, name: str, *args: Any) -> Any:
        self.asked.append((name, args))
        return getattr(self.sampler, name)(*args)


def sampler_of(model: Transformer, make: MakeCaches = make_caches) -> Sampler:
    return Sampler(
        model,
        make_schedule(SETTINGS.num_steps),
        height=SIDE // LATENT_SIDE,
        width=SIDE // LATENT_SIDE,
        num_past_latents=SETTINGS.blocks_per_clip * BLOCK_LATENTS,
        make_caches=make,
    )


BOTH = ("last-frame", "context")


def rendered(parts: Parts, sampler: Sampler | Noted, kinds: Sequence[str]) -> dict[str, np.ndarray]:
    """Two segments of each handoff, and one that is given up between them."""
    found, context = dict[str, np.ndarray](), parts.encode_text("a person speaks")

    def rendering(kind: str, num_frames: int, handoff: Handoff | None = None) -> SegmentRendering:
        job = replace(make_job(SIDE, SIDE, num_frames, {}), handoff=handoff)
        settings = replace(SETTINGS, handoff=kind)
        return SegmentRendering(parts, settings, job, sampler, lambda _: context)

    for kind in kinds:
        first = rendering(kind, 24)
        found[f"{kind} 0"] = np.concatenate(list(first))
        found |= {f"{kind} {name}": np.asarray(x) for name, x in first.handoff.state.items()}
        next(rendering(kind, 12))
        found[f"{kind} 1"] = np.concatenate(list(rendering(kind, 18, first.handoff)))
    return found


@torch.no_grad()
def followed(
    model: Transformer,
    asked: Sequence[tuple[str, tuple[Any, ...]]],
    make: MakeCaches = make_caches,
) -> dict[str, np.ndarray]:
    """The blocks that a sampler makes which is asked the same."""
    sampler, made = sampler_of(model, make), list[Tensor]()
    for name, args in asked:
        own = [each.to(model.dtype) if isinstance(each, Tensor) else each for each in args]
        answer = getattr(sampler, name)(*own)
        if name == "collect":
            made.append(answer.latents.float())
    return {f"block {index}": latents.numpy() for index, latents in enumerate(made)}


@dataclass(frozen=True)
class Alone:
    """What one process makes of the model.

    Attributes:
        kinds: of handoffs.
        parts: of it.
        frames: and handoffs, in float32.
        asked: of its sampler.
    """

    kinds: Sequence[str]
    parts: Parts
    frames: dict[str, np.ndarray]
    asked: list[tuple[str, tuple[Any, ...]]]

    @property
    def beginning(self) -> list[tuple[str, tuple[Any, ...]]]:
        """What was asked of the first segment: a prompt, two sinks, two blocks."""
        collected = [index for index, (name, _) in enumerate(self.asked) if name == "collect"]
        return self.asked[: collected[1] + 1]


def made_alone(kinds: Sequence[str]) -> Alone:
    torch.set_num_threads(1)
    parts = untrained("tiny", torch.float32, "cpu")
    noted = Noted(sampler_of(parts.transformer))
    return Alone(kinds, parts, rendered(parts, noted, kinds), noted.asked)


@pytest.fixture(scope="module")
def alone(pictures_encoded_once: None) -> Alone:
    return made_alone(("context",))


def same(made: dict[str, np.ndarray], wanted: dict[str, np.ndarray]) -> bool:
    return made.keys() == wanted.keys() and all(
        np.array_equal(made[name], array) for name, array in wanted.items()
    )


def held_bytes(model: nn.Module) -> int:
    """Of all parameters of a rank, what a share is padded with included."""
    own = (x.to_local() if isinstance(x, DTensor) else x for x in model.parameters())
    return sum(each.untyped_storage().nbytes() for each in own)


# --- the same values ---


def _render(group: dist.ProcessGroup, alone: Alone) -> tuple[int, dict[str, np.ndarray]]:
    model = loaded(group, "float32")
    held = held_bytes(model)
    if dist.get_rank(group) == 0:
        parts = replace(alone.parts, transformer=model)
        return held, rendered(parts, sampler_of(model), alone.kinds)
    return held, followed(model, alone.asked)


@pytest.mark.sweep
def test_four_shards_give_the_same_frames_and_handoffs_of_both_kinds(tmp_path: Path):
    check_shared_out(4, made_alone(BOTH), tmp_path)


def test_shared_out_weights_give_the_same_frames_and_handoffs(alone: Alone, tmp_path: Path):
    check_shared_out(2, alone, tmp_path)


def check_shared_out(num_shards: int, alone: Alone, tmp_path: Path) -> None:
    (held, frames), *others = each_of(num_shards, tmp_path, partial(_render, alone=alone))

    assert same(frames, alone.frames)
    blocks = followed(alone.parts.transformer, alone.asked)
    assert all(same(made, blocks) for _, made in others)
    wanted = sharded_bytes(TINY, "float32", num_shards).shard
    assert {held, *(each for each, _ in others)} == {wanted}


def _follow_in(
    group: dist.ProcessGroup, alone: Alone, forms: Sequence[tuple[str, str]]
) -> list[dict[str, np.ndarray]]:
    return [_followed_in(group, alone, dtype, offload) for dtype, offload in forms]


def _followed_in(
    group: dist.ProcessGroup | None, alone: Alone, dtype: str, offload: str = ""
) -> dict[str, np.ndarray]:
    model = loaded(group, dtype)
    if group is not None and dtype != "float8-tensor":  # reckoned as float8
        held, wanted = held_bytes(model), sharded_bytes(TINY, dtype, group.size()).shard
        assert held == wanted, f"{dtype}: {held} bytes, {wanted} were foreseen"
    make = Offloader(Offload(kv="kv" in offload, sink="sink" in offload), CPU).make_caches
    return followed(model, alone.beginning, make)


def test_every_dtype_is_shared_out_and_memories_may_be_offloaded(alone: Alone, tmp_path: Path):
    forms = [("bfloat16", ""), ("float16", "kv"), ("float8", "kv,sink"), ("float8-tensor", "")]
    wanted = [_followed_in(None, alone, dtype) for dtype, _ in forms]
    assert not same(wanted[2], wanted[0])

    for made in each_of(2, tmp_path, partial(_follow_in, alone=alone, forms=forms)):
        assert [same(*pair) for pair in zip(made, wanted, strict=True)] == [True] * len(forms)


def test_rows_that_cannot_be_shared_evenly_are_padded(alone: Alone, tmp_path: Path):
    """48 rows over 5 ranks are 10, 10, 10, 10 and 8."""
    forms = [("float8", "")]
    wanted = _followed_in(None, alone, "float8")

    for (made,) in each_of(5, tmp_path, partial(_follow_in, alone=alone, forms=forms)):
        assert same(made, wanted)


def _follow_by_heads(group: dist.ProcessGroup, alone: Alone) -> list[dict[str, np.ndarray]]:
    models = [loaded(None, "bfloat16"), loaded(group, "bfloat16")]
    for model in models:
        share_heads(model, group)
    return [followed(model, alone.beginning) for model in models]


def test_heads_and_weights_are_shared_out_at_once(alone: Alone, tmp_path: Path):
    """By the same ranks: what shared out heads give, whole weights or not."""
    for whole, shared_out in each_of(2, tmp_path, partial(_follow_by_heads, alone=alone)):
        assert same(shared_out, whole)


# --- as the engine loads them ---

TINY_PLACE = WeightsLocation(random="tiny")
OFFLOAD = Offload(kv=True, text=True)


def _chain(render: Callable[[SegmentJob], SegmentRendering]) -> list[np.ndarray]:
    """Two segments in a row."""
    settings = {"dtype": "bfloat16", "sample_steps": 2, "infer_frames": 24, "handoff": "context"}
    job = make_job(SIDE, SIDE, 24, settings)
    first = render(job)
    frames = [np.concatenate(list(first))]
    return [*frames, *render(replace(job, key="next", num_frames=12, handoff=first.handoff))]


def _placed(_group: dist.ProcessGroup, words: str) -> list[np.ndarray] | None:
    seat = Seat(read_placement(words), dist.get_rank())
    ranks = Ranks(seat, Post(CPU), stage_groups(seat))
    if not ranks.leads:
        core = load_core(TINY_PLACE, "bfloat16", "cpu", OFFLOAD, ranks)
        assert any(isinstance(each, DTensor) for each in core.transformer.parameters())
        ranks.follow(core.sampler)
        return None
    made = _chain(load(TINY_PLACE, "bfloat16", "cpu", OFFLOAD, ranks).render)
    ranks.release()
    return made


@pytest.mark.sweep
@pytest.mark.parametrize("words", ["stages=2,shards=2", "shards=2,decoder=own"])
def test_a_video_over_stages_of_shared_out_weights_is_that_of_one_process(
    words: str, tmp_path: Path
):
    """Both ranks of the last stage do the last step, or follow one that only decodes."""
    torch.set_num_threads(1)
    wanted = _chain(load(TINY_PLACE, "bfloat16", "cpu").render)

    *_, made = each_of(read_placement(words).num_ranks, tmp_path, partial(_placed, words=words))
    assert made is not None
    assert all(np.array_equal(*pair) for pair in zip(made, wanted, strict=True))


def _load_twice(_group: dist.ProcessGroup) -> tuple[int, int]:
    """Shares of the first model, and how many of them are gone when another one is there."""
    seat = Seat(read_placement("shards=2"), dist.get_rank())
    ranks = Ranks(seat, Post(CPU), stage_groups(seat))
    core = load_core(TINY_PLACE, "float32", "cpu", ranks=ranks)
    keys_of_prompt(core.transformer)
    shares = [
        StorageWeakRef(each.to_local().untyped_storage())
        for each in core.transformer.parameters()
        if isinstance(each, DTensor)
    ]
    del core
    gc.disable()  # else it may be collected by chance
    load_core(TINY_PLACE, "bfloat16", "cpu", ranks=ranks)
    return len(shares), sum(each.expired() for each in shares)


def test_what_was_loaded_before_is_given_up(tmp_path: Path):
    """For another dtype the weights are loaded again, and need the room of the first."""
    num_shares = 8 * TINY.num_layers + 5 * len(TINY.inject_layers)
    assert each_of(2, tmp_path, _load_twice) == [(num_shares, num_shares)] * 2


def test_weights_are_shared_out_or_in_the_hosts_memory():
    """A segment's rung may ask for what the environment could not."""
    ranks = Ranks(Seat(read_placement("shards=2")))
    for load_any in (load, load_core):
        with pytest.raises(ResourceError, match=r"shards=2, but \S+ names weights"):
            load_any(TINY_PLACE, "bfloat16", "cpu", Offload(kv=True, weights=True), ranks)


# --- what a rank holds ---


class Counted:
    """A :data:`Put` that notes how many bytes of tensors stand whole, as each arrives."""

    def __init__(self, put_weight: Put) -> None:
        self._put, self._arrived = put_weight, list[tuple[StorageWeakRef, int]]()
        self.most_whole = 0

    def __call__(self, model: nn.Module, name: str, value: Tensor) -> None:
        storage = value.untyped_storage()
        self._arrived.append((StorageWeakRef(storage), storage.nbytes()))
        alive = sum(size for held, size in self._arrived if not held.expired())
        self.most_whole = max(self.most_whole, alive)
        self._put(model, name, value)


def live_bytes() -> int:
    """Of all tensors that Python has come to know since ``gc.freeze``."""
    storages = [
        each.untyped_storage()
        for each in gc.get_objects()
        if type(each) in (Tensor, nn.Parameter) and not each.is_meta
    ]
    return sum({each.data_ptr(): each.nbytes() for each in storages}.values())


def settled_bytes() -> int:
    """The same, once gloo's threads have let go of what they have sent, which may take a moment."""
    counts = [live_bytes()]
    for _ in range(10):
        time.sleep(0.02)
        counts.append(live_bytes())
    return min(counts)


def live_within(model: Transformer, alone: Alone, count: Callable[[], int]) -> list[int]:
    """Bytes in the middle of every block and injector that is gone through, and at the end."""
    gc.collect()
    gc.freeze()
    found: list[int] = []
    for each in (*(x.ffn for x in model.layers), *(x.attention for x in model.audio_injectors)):
        each.register_forward_hook(lambda *_: found.append(count()))
    followed(model, alone.beginning)
    found.append(live_bytes())
    gc.unfreeze()
    return found


def _hold(group: dist.ProcessGroup, alone: Alone) -> tuple[int, list[int]]:
    """The most bytes that stood whole and do not stay; those gathered while it is at work."""
    shards = Shards(group, CPU)
    counted = Counted(shards.put_of(put))
    model = random_transformer("tiny", torch.float32, CPU, counted)
    stay = sum(each.nbytes for each in model.parameters() if not each.is_meta)
    shards.settle(model)
    whole = loaded(None, "float32")  # which sends nothing
    pairs = zip(
        live_within(model, alone, settled_bytes), live_within(whole, alone, live_bytes), strict=True
    )
    return counted.most_whole - stay, [shared - plain for shared, plain in pairs]


def test_a_rank_holds_its_share_and_two_gathered_units_at_most(alone: Alone, tmp_path: Path):
    largest = TINY.dim * TINY.ffn_dim * torch.float32.itemsize  # of what is shared out
    foreseen = sharded_bytes(TINY, "float32", 2)
    for passing, gathered in each_of(2, tmp_path, partial(_hold, alone=alone)):
        assert passing <= 2 * largest
        assert max(gathered) == foreseen.gathered
        assert gathered[-1] == 0, "a pass left something that was gathered"


def _noted_units(group: dist.ProcessGroup, alone: Alone) -> int:
    model = loaded(group, "float32")
    followed(model, alone.beginning)
    return len(fully_shard.state(model)._comm_ctx.post_forward_order)


def test_passes_leave_no_notes_for_gradients(alone: Alone, tmp_path: Path):
    """One for each unit of each pass would be half a gigabyte in a night."""
    assert each_of(2, tmp_path, partial(_noted_units, alone=alone)) == [0, 0]


# --- files, and what goes wrong ---


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Lora]:
    """Weights under their published names, and a LoRA that fits them."""
    source = torch.Generator().manual_seed(7)
    shapes = {
        name: weight.shape
        for name, weight in published_tensors(built_empty(lambda: Transformer(TINY))).items()
    }
    weights = {name: torch.randn(shape, generator=source) for name, shape in shapes.items()}
    save_file(weights, tmp_path / "weights.safetensors")
    pairs: dict[str, Tensor] = {}
    for name, shape in shapes.items():
        linear = name.removesuffix(".weight")
        if name.endswith(".weight") and TARGET.fullmatch(linear):
            pairs[f"{linear}.lora_A.default.weight"] = torch.randn(2, shape[1], generator=source)
            pairs[f"{linear}.lora_B.default.weight"] = torch.randn(shape[0], 2, generator=source)
    save_file(pairs, tmp_path / "lora.safetensors")
    return tmp_path / "weights.safetensors", Lora(tmp_path / "lora.safetensors", rank=2, alpha=1.0)


def keys_of_prompt(model: Transformer) -> list[np.ndarray]:
    """Made with matrices of all blocks that a LoRA changes, and of the root."""
    prompt = torch.linspace(-1, 1, 3 * TINY.text_dim).view(3, TINY.text_dim)
    with torch.no_grad():
        return [each.numpy() for pair in model.text_keys_values(prompt) for each in pair]


def _load(group: dist.ProcessGroup, path: Path, lora: Lora | None) -> list[np.ndarray]:
    shards = Shards(group, CPU)
    model = load_transformer(
        TINY, path, lora=lora, dtype=torch.float32, device=CPU, put_weight=shards.put_of(put)
    )
    shards.settle(model)
    return keys_of_prompt(model)


def test_a_lora_is_merged_before_rows_are_shared_out(files: tuple[Path, Lora], tmp_path: Path):
    path, lora = files
    whole = load_transformer(TINY, path, lora=lora, dtype=torch.float32, device=CPU)
    plain = load_transformer(TINY, path, lora=None, dtype=torch.float32, device=CPU)
    wanted = keys_of_prompt(whole)
    assert not np.array_equal(wanted[0], keys_of_prompt(plain)[0])

    for made in each_of(2, tmp_path, partial(_load, path=path, lora=lora)):
        assert all(np.array_equal(*pair) for pair in zip(made, wanted, strict=True))


def test_every_rank_names_a_damaged_file(files: tuple[Path, Lora], tmp_path: Path):
    path, lora = files
    path.write_bytes(path.read_bytes()[:-1000])

    for told in each_of(2, tmp_path, partial(_load, path=path, lora=lora)):
        assert isinstance(told, WeightsError)
        assert str(path) in str(told)


def _load_one_damaged(
    group: dist.ProcessGroup, path: Path, damaged: Path, lora: Lora
) -> list[np.ndarray]:
    return _load(group, damaged if dist.get_rank(group) else path, lora)


def test_a_rank_that_cannot_load_ends_the_others(files: tuple[Path, Lora], tmp_path: Path):
    """They wait for its rows, and find that it is gone."""
    path, lora = files
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(path.read_bytes()[:-1000])
    work = partial(_load_one_damaged, path=path, damaged=damaged, lora=lora)

    waiting, broken = each_of(2, tmp_path, work)
    assert isinstance(broken, WeightsError)
    assert str(damaged) in str(broken)
    assert isinstance(waiting, RuntimeError)
