"""One segment of seven blocks at full size on the fake GPU, and what it took.

The engine's own code runs from the job to the last frame: prompt, speech, picture, blocks, frames.
Only weights are random. The fifth block is preceded by the advance of the sink, and the seventh
finds its ring full; both are looked at.
"""

import functools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

import torch
import torch.distributed as dist
from torch.testing._internal.distributed.fake_pg import FakeStore
from transformers.models.umt5.modeling_umt5 import UMT5Stack

from benchmarks.full_size import make_job
from model.engine import FRAME_MULTIPLE
from model.live_avatar.assembly import core, loader
from model.live_avatar.assembly.random_transformer import SIZES
from model.live_avatar.devices.ahead import Ahead
from model.live_avatar.encoders.audio import SpeechEncoder
from model.live_avatar.encoders.vae import StreamingDecoder
from model.live_avatar.network.transformer import Transformer
from model.live_avatar.parallel.ranks import Ranks, StageGroups
from model.live_avatar.planning.cost import Plan
from model.live_avatar.planning.offload import read_offload
from model.live_avatar.planning.placement import Seat, read_placement
from model.live_avatar.planning.rank_memory import CUDA_BYTES, NCCL_BYTES, rank_memories
from model.live_avatar.planning.sizes import MODELS, PUBLISHED, ModelSizes
from model.live_avatar.sampling import rollout
from model.live_avatar.sampling.sampler import Sampler
from model.live_avatar.weights.location import WeightsLocation
from tests.fake_gpu.device import DEVICE, FakeGpu, fake_gpu
from tests.fake_gpu.work import Work

WIDTH, HEIGHT, NUM_BLOCKS, NUM_STEPS = 704, 384, 7, 4
_FULL, _ADVANCE = "block 6", "block 4"  # counted from 0
_START = "start"
#: what is done, by who does it
_SPANS: tuple[tuple[Any, str, str], ...] = (
    (UMT5Stack, "forward", "prompt"),
    (Transformer, "text_keys_values", "prompt"),
    (SpeechEncoder, "segment_features", "speech"),
    (rollout, "encode_still", "encode"),
    (Sampler, "set_sink", "sink"),
    (Transformer, "forward", "step"),
    (StreamingDecoder, "decode", "decode"),
    (StreamingDecoder, "warm", "decode"),
)


@dataclass(frozen=True)
class Combination:
    """A way to run the engine.

    Attributes:
        dtype: the setting.
        offload: what stays in the host's memory.
        placement: over how many ranks; this is the last of them.
        num_layers: of the transformer; what comes and goes does so layer by layer, so that where
            it does fewer are enough.
        size: of the video, in pixels.
    """

    dtype: str
    offload: str = ""
    placement: str = ""
    num_layers: int = 40
    size: tuple[int, int] = (WIDTH, HEIGHT)

    @property
    def sizes(self) -> ModelSizes:
        """Of the published model, its transformer cut off after so many layers."""
        whole = MODELS[PUBLISHED]
        inject_layers = tuple(i for i in whole.transformer.inject_layers if i < self.num_layers)
        transformer = replace(
            whole.transformer, num_layers=self.num_layers, inject_layers=inject_layers
        )
        return replace(whole, transformer=transformer)

    @property
    def name(self) -> str:
        """For people, and for the table."""
        offload = f"offload {self.offload}" if self.offload else ""
        layers = f"{self.num_layers} of 40 layers" if self.num_layers < 40 else ""
        return "; ".join(filter(None, (self.dtype, offload, self.placement, layers)))


_FEW = 10
#: in the order of the page
COMBINATIONS = (
    Combination("bfloat16"),
    Combination("float16"),
    Combination("float8"),
    Combination("float8", offload="kv,sink,weights,text", num_layers=_FEW),
    Combination("bfloat16", offload="kv,weights,text", num_layers=_FEW),
    Combination("bfloat16", placement="heads=2,shards=2", num_layers=_FEW),
)
#: half the time of all layers, and all that comes and goes beside them
QUICK = COMBINATIONS[4]


@dataclass(frozen=True)
class Counted:
    """What a segment took.

    Attributes:
        rows: work by what was done, see :data:`ROWS`.
        peak_bytes: of tensors on the device, at one time.
        planned_bytes: the planner's figure for that.
        pinned_bytes: of the host's memory that were page-locked, at one time.
        planned_pinned_bytes: the planner's figure for what stays there.
        faults: what CUDA would refuse.
        loop_waits: what made the host wait for the device between two blocks.
        start_waits: the same before the first block: how often.
        arrivals: of copies to the host that a block was waited for.
    """

    rows: dict[str, Work]
    peak_bytes: int
    planned_bytes: int
    pinned_bytes: int
    planned_pinned_bytes: int
    faults: tuple[str, ...]
    loop_waits: tuple[str, ...]
    start_waits: int
    arrivals: int


def count(combination: Combination) -> Counted:
    """Render a segment on the fake GPU."""
    with (
        ranks_of(combination) as ranks,
        sized(combination.sizes),
        fake_gpu() as gpu,
        torch.no_grad(),
        spans(gpu),
    ):
        loaded = loader.load(
            WeightsLocation(random="14b"),
            combination.dtype,
            "cuda",
            read_offload(combination.offload),
            ranks,
        )
        gpu.host.phase, gpu.peak_bytes = _START, gpu.live_bytes
        changes = {"dtype": combination.dtype, "sample_steps": NUM_STEPS}
        width, height = combination.size
        job = make_job(width, height, FRAME_MULTIPLE * NUM_BLOCKS, changes)
        shapes = [frames.shape for frames in loaded.render(job)]
        assert shapes == [(FRAME_MULTIPLE, height, width, 3)] * NUM_BLOCKS
        return _counted(combination, gpu)


@contextmanager
def sized(sizes: ModelSizes) -> Iterator[None]:
    """Let random weights be of these sizes."""
    with (
        mock.patch.object(core, "MODELS", {**MODELS, PUBLISHED: sizes}),
        mock.patch.dict(SIZES, {"14b": sizes}),
    ):
        yield


@contextmanager
def ranks_of(combination: Combination) -> Iterator[Ranks | None]:
    """The last rank of a placement of one stage; nothing comes over its links."""
    if not combination.placement:
        yield None
        return
    placement = read_placement(combination.placement)
    size = placement.num_ranks
    dist.init_process_group("fake", rank=size - 1, world_size=size, store=FakeStore())
    try:
        everyone = list(range(size))
        groups = StageGroups(dist.new_group(everyone), dist.new_group(everyone))
        yield Ranks(Seat(placement, size - 1), None, groups)
    finally:
        dist.destroy_process_group()


@contextmanager
def spans(gpu: FakeGpu) -> Iterator[None]:
    """Count by what is done, and by block."""

    def counted(run: Callable[..., Any], what: str) -> Callable[..., Any]:
        @functools.wraps(run)
        def counting(*args: Any, **kwargs: Any) -> Any:
            with gpu.doing(what):
                return run(*args, **kwargs)

        return counting

    submit, num_blocks = rollout.Rollout.submit, iter(range(NUM_BLOCKS))

    def submit_block(run: rollout.Rollout, *args: Any) -> None:
        gpu.host.phase = f"block {next(num_blocks)}"
        submit(run, *args)

    with ExitStack() as stack:
        for owner, name, what in _SPANS:
            changed = counted(getattr(owner, name), what)
            stack.enter_context(mock.patch.object(owner, name, changed))
        stack.enter_context(mock.patch.object(rollout.Rollout, "submit", submit_block))
        stack.enter_context(mock.patch.object(Ahead, "begin", _begin_here))
        yield


def _begin_here(_: Ahead, work: Callable[[], None]) -> None:
    """In this thread, where operators are seen; in the order in which the device is asked."""
    work()


def _counted(combination: Combination, gpu: FakeGpu) -> Counted:
    plan = Plan(combination.sizes, *combination.size, num_steps=NUM_STEPS, dtype=combination.dtype)
    placement = read_placement(combination.placement)
    *_, rank = rank_memories(plan, placement, read_offload(combination.offload))
    untold = CUDA_BYTES + (NCCL_BYTES if placement.num_ranks > 1 else 0)
    waits = gpu.host.waits
    return Counted(
        rows=_rows(gpu.work),
        peak_bytes=gpu.peak_bytes,
        planned_bytes=rank.memory.total - untold,
        pinned_bytes=gpu.host.most_pinned_bytes,
        planned_pinned_bytes=rank.host,
        faults=tuple(sorted(gpu.faults)),
        loop_waits=tuple(
            f"{phase}: {what}" for phase, what in sorted(waits) if phase.startswith("block")
        ),
        start_waits=sum(times for (phase, _), times in waits.items() if phase == _START),
        arrivals=gpu.host.arrivals[_FULL],
    )


def _rows(work: dict[tuple[str, str], Work]) -> dict[str, Work]:
    def total(phase: str, *spans: str) -> Work:
        found = Work()
        for span in spans:
            found += work.get((phase, span), Work())
        return found

    return {
        "prompt": total(_START, "prompt"),
        "speech": total(_START, "speech"),
        "picture encoded": total(_START, "encode"),
        "sink filled": total(_START, "sink"),
        "decoder warmed": total(_START, "decode"),
        "step, ring full": total(_FULL, "step") // NUM_STEPS,
        "block decoded": total(_FULL, "decode"),
        "rest of a block": total(_FULL, "", "speech"),
        "sink advanced": total(_ADVANCE, "sink"),
    }


__all__ = ["COMBINATIONS", "DEVICE", "QUICK", "Combination", "Counted", "count"]
