"""What each rank of a placement holds on its GPU, and whether it fits; told without torch.

Derived from what one GPU holds that does everything (:mod:`model.live_avatar.planning.traffic`):

*stages*    a rank has the memories of its own steps; text, speech and VAE are the leader's alone.
*heads*     memories, sink and activations are divided; prompts' keys are not, nor are weights.
*shards*    the large matrices are divided; two of the largest units stand there whole.
*decoder*   has no layers: only what is small of the transformer, for speech.

Shards take the rows of every matrix of blocks and audio injectors, as even as can be. Whole on
every rank is the rest: biases and norms, the embeddings, the audio encoder, the head. At 14B in
bfloat16 that is 0.67 GiB. Shared out, it would have to be gathered when a pass begins, and held
till its end: a share more, not less. At most two units (blocks or injectors) are whole at a time:
one at work and the next on its way, or one in the stretch in which it came and in its own places.

CUDA and NCCL take memory that no tensor accounts for. How much is an assumption, the same for all;
a little of each GPU is left free beside that.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from model.live_avatar.config import TransformerConfig
from model.live_avatar.planning.cost import (
    DTYPES,
    Memory,
    Plan,
    activation_bytes,
    is_narrow,
    sink_pass_bytes,
    weight_bytes,
)
from model.live_avatar.planning.gpus import GIB
from model.live_avatar.planning.offload import (
    NO_OFFLOAD,
    Offload,
)
from model.live_avatar.planning.placement import Placement, shares
from model.live_avatar.planning.sizes import num_large_weights
from model.live_avatar.planning.traffic import (
    host_memory,
    offloaded_memory,
)

NUM_WHOLE_UNITS = 2
_SCALE_BYTES = 4  # of a row in 8 bits
CUDA_BYTES = 1_500_000_000
"""Of CUDA itself, and lost between tensors; assumed."""
NCCL_BYTES = 500_000_000
"""Of the links to other ranks, for each group that a rank is in; assumed."""

SPARE = 0.03
"""Of a GPU's memory that is left free, for what these figures may be wrong by."""

_WEIGHTS = "transformer weights"
_BY_HEADS = {
    "ring of the past, every step",
    "sink, turned, every step",
    "reference's keys, not turned",
    "staged keys and values",
    "sink",
}
_BLOCK, _SINK = "transformer activations", "sink while it is encoded"
_PASSES = {_BLOCK, _SINK}  # whose tokens are shared out
_LEADERS = {
    "text encoder",
    "text encoder, staged",
    "speech encoder",
    "VAE weights",
    "VAE's streaming cache",
    "VAE activations",
}
_OF_LAYERS = {*_BY_HEADS, *_PASSES, "prompts' keys and values"}


@dataclass(frozen=True)
class RankMemory:
    """Of one rank, or of several that hold the same.

    Attributes:
        ranks: the ranks.
        duty: what they do.
        memory: on the GPU.
        host: page-locked in the host's memory, for each of them.
    """

    ranks: range
    duty: str
    memory: Memory
    host: int

    @property
    def name(self) -> str:
        """For people."""
        first, last = self.ranks[0], self.ranks[-1]
        told = f"rank {first}" if first == last else f"ranks {first} to {last}"
        return f"{told} ({self.duty})"

    @property
    def largest_part(self) -> str:
        """The name of what takes most."""
        everything = {**self.memory.held, **self.memory.passing}
        return max(everything, key=lambda name: everything[name])


@dataclass(frozen=True)
class Fit:
    """Whether a placement fits into GPUs.

    Attributes:
        largest: the rank that holds most.
        usable_bytes: of each GPU.
        host_bytes: page-locked, of all ranks together.
    """

    largest: RankMemory
    usable_bytes: int
    host_bytes: int

    @property
    def lacking_bytes(self) -> int:
        """Of the largest, with something to spare; 0 where all fit."""
        return max(0, self.largest.memory.total - int(self.usable_bytes * (1 - SPARE)))

    @property
    def problem(self) -> str:
        """Why it does not fit; empty where it does."""
        if not self.lacking_bytes:
            return ""
        part = self.largest.largest_part
        memory = self.largest.memory
        size = memory.held.get(part) or memory.passing[part]
        return (
            f"{self.largest.name} lacks {self.lacking_bytes / GIB:.2f} GiB: it needs "
            f"{memory.total / GIB:.2f} GiB, and {self.usable_bytes / GIB:.2f} less a reserve of "
            f"{SPARE:.0%} are usable; the largest part is {part}, {size / GIB:.2f} GiB"
        )


def fit(plan: Plan, placement: Placement, offload: Offload, usable_bytes: int) -> Fit:
    """Whether every rank fits into a GPU with so many usable bytes."""
    ranks = list(rank_memories(plan, placement, offload))
    return Fit(
        largest=max(ranks, key=lambda rank: rank.memory.total),
        usable_bytes=usable_bytes,
        host_bytes=sum(rank.host * len(rank.ranks) for rank in ranks),
    )


def rank_memories(
    plan: Plan, placement: Placement, offload: Offload = NO_OFFLOAD
) -> Iterator[RankMemory]:
    """Of every rank, in order; those that hold the same are told together."""
    size = placement.group_size
    counts = [len(steps) for steps in shares(plan.num_steps, placement.stages)]
    leader = placement.num_ranks - 1
    for stage, num_steps in enumerate(counts):
        ranks = placement.ranks_of(stage)
        share = replace(plan, num_steps=num_steps)
        followers = range(ranks.start, min(ranks.stop, leader))
        what = f"steps of stage {stage}" if placement.stages > 1 else "all steps"
        if followers:
            yield _rank(share, placement, offload, followers, what)
        if leader in ranks:
            duty = f"{what}, decodes" if placement.num_ranks > 1 else "does everything"
            yield _rank(share, placement, offload, range(leader, leader + 1), duty)
    if placement.has_decoder:
        assert leader == placement.stages * size
        yield _rank(
            replace(plan, num_steps=0), placement, offload, range(leader, leader + 1), "decodes"
        )


def _rank(
    plan: Plan, placement: Placement, offload: Offload, ranks: range, duty: str
) -> RankMemory:
    """``plan`` has the steps of these ranks."""
    leads = ranks.stop == placement.num_ranks
    if not leads:
        offload = replace(offload, text=False)
    if not plan.num_steps:
        offload = Offload(text=offload.text)
    whole = _whole(offload, plan)
    held = _share(whole.held, plan, placement, leads=leads)
    passing = _share(whole.passing, plan, placement, leads=leads)
    passing |= {name: _pass_bytes(name, plan, placement) for name in passing if name in _PASSES}
    if placement.shards > 1 and plan.num_steps:
        held[_WEIGHTS] = sum(sharded_bytes(plan.model.transformer, plan.dtype, placement.shards))
    held["CUDA, and lost between tensors"] = CUDA_BYTES
    if placement.num_ranks > 1:
        num_groups = (placement.heads > 1) + (placement.shards > 1)
        held["links to other ranks"] = max(1, num_groups) * NCCL_BYTES
    host = host_memory(offload, plan)
    mine = sum(-(-size // _heads_of(name, placement)) for name, size in host.items())
    return RankMemory(ranks, duty, Memory(held, passing), mine)


def _pass_bytes(name: str, plan: Plan, placement: Placement) -> int:
    """Live while a block, or the sink, goes through the layers."""
    config, tokens, dtype = plan.model.transformer, plan.tokens, plan.dtype
    if name == _BLOCK:
        return activation_bytes(config, tokens.block, dtype, placement.heads)
    return sink_pass_bytes(config, tokens, dtype, placement.heads)


@lru_cache(maxsize=256)
def _whole(offload: Offload, plan: Plan) -> Memory:
    """Of one GPU; asked again for every placement."""
    return offloaded_memory(offload, plan)


def _heads_of(name: str, placement: Placement) -> int:
    """Among how many ranks a part is divided with the attention's heads."""
    return placement.heads if name in _BY_HEADS else 1


def _share(
    parts: Mapping[str, int], plan: Plan, placement: Placement, *, leads: bool
) -> dict[str, int]:
    """What of ``parts`` is held by one rank."""
    own = {name: size for name, size in parts.items() if leads or name not in _LEADERS}
    if not plan.num_steps:
        own = {name: size for name, size in own.items() if name not in _OF_LAYERS}
        own[_WEIGHTS] = _small_weight_bytes(plan)
        return own
    return {name: -(-size // _heads_of(name, placement)) for name, size in own.items()}


def _small_weight_bytes(plan: Plan) -> int:
    """Of the transformer's weights that are in no large matrix."""
    config = plan.model.transformer
    large = DTYPES[plan.dtype][1] * num_large_weights(config)
    return weight_bytes(config, plan.dtype) - large


# --- shards ---


class ShardedBytes(NamedTuple):
    """Bytes of a rank.

    Attributes:
        shard: held all the time: its share of the matrices, and all that is not shared out.
        gathered: the most beside that, while the transformer is at work.
    """

    shard: int
    gathered: int


def sharded_bytes(config: TransformerConfig, dtype: str, num_shards: int) -> ShardedBytes:
    """Of a rank that shares the weights with ``num_shards - 1`` others.

    Args:
        config: of the transformer.
        dtype: one of :data:`model.live_avatar.planning.cost.DTYPES`.
        num_shards: 1: nothing is shared out, nor gathered.
    """
    whole = weight_bytes(config, dtype) - DTYPES[dtype][1] * num_large_weights(config)
    block, injector = (
        share_bytes(shapes, dtype, num_shards) for shapes in (_block(config), _injector(config))
    )
    shares = config.num_layers * block + len(config.inject_layers) * injector
    gathered = NUM_WHOLE_UNITS * num_shards * max(block, injector) if num_shards > 1 else 0
    return ShardedBytes(whole + shares, gathered)


def share_bytes(shapes: list[tuple[int, int]], dtype: str, num_shards: int) -> int:
    """Of one share of matrices (rows, columns): the first one, to whose size the others are padded.

    Where the matrices are in 8 bits, each row brings its scale.
    """
    scale = _SCALE_BYTES if is_narrow(dtype) else 0
    row = (DTYPES[dtype][1] * columns + scale for _, columns in shapes)
    return sum(-(-rows // num_shards) * each for (rows, _), each in zip(shapes, row, strict=True))


def _block(config: TransformerConfig) -> list[tuple[int, int]]:
    """Rows and columns of a block's matrices; queries, keys and values come from one."""
    dim, hidden = config.dim, config.ffn_dim
    return [(3 * dim, dim), *[(dim, dim)] * 5, (hidden, dim), (dim, hidden)]


def _injector(config: TransformerConfig) -> list[tuple[int, int]]:
    return [*[(config.dim, config.dim)] * 4, (2 * config.dim, config.dim)]
