"""Processes that render together: who leads, who does which steps, and with whom.

``accelerate launch`` starts them and ends all when one ends; each finds its place in the
environment that it sets. Without it a process is alone. Letters between ranks go over gloo; what
the ranks of a stage exchange in the middle of a block goes over NCCL where they have GPUs.
"""

import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple, TypeAlias

import torch
import torch.distributed as dist

from model.errors import ResourceError
from model.live_avatar.devices.device import choose_device
from model.live_avatar.environment import (
    PLACEMENT_VARIABLE,
)
from model.live_avatar.network.transformer import Transformer
from model.live_avatar.parallel.heads import share_heads
from model.live_avatar.parallel.letters import Letter, Post
from model.live_avatar.parallel.link_trials import meet_all_ranks
from model.live_avatar.parallel.pipeline import PipelineSampler, Stage
from model.live_avatar.planning.placement import (
    ALONE,
    Placement,
    Seat,
)
from model.live_avatar.sampling.sampler import BlockSampler, Sampler
from model.live_avatar.weights.location import WeightsLocation

Told: TypeAlias = Mapping[str, Any]
MakeSampler: TypeAlias = Callable[[Told, Callable[[int], range]], Sampler]
# a warm rank may wait for days; one that hangs is found by who watches it (model.host.heartbeats)
_TIMEOUT = timedelta(days=365)


class StageGroups(NamedTuple):
    """The ranks of a stage, twice: what is exchanged in one group waits for all before it there.

    A layer's heads are exchanged while the next layer's weights are on their way: in one group the
    exchange would begin only when they have come.

    Attributes:
        heads: that share out the heads; None: nobody does.
        shards: that share out the weights; None: nobody does.
    """

    heads: dist.ProcessGroup | None = None
    shards: dist.ProcessGroup | None = None


class Ranks:
    """This process's place among them; alone unless it is told otherwise.

    Attributes:
        seat: its place; the last one leads.
        groups: of its stage.
    """

    def __init__(
        self,
        seat: Seat | None = None,
        post: Post | None = None,
        groups: StageGroups | None = None,
    ) -> None:
        self.seat, self.groups, self._post = seat or Seat(), groups or StageGroups(), post
        self._latest: PipelineSampler | None = None

    @property
    def leads(self) -> bool:
        """Whether this is the process that is asked for segments."""
        return self.seat.leads

    def settle(self, model: Transformer) -> None:
        """Let a loaded transformer do this rank's part of every pass."""
        if self.groups.heads is not None:
            share_heads(model, self.groups.heads)

    def sampler(self, make: MakeSampler, told: Told, num_steps: int) -> BlockSampler:
        """The leader's, over all ranks; blocks of the latest one are dropped.

        Args:
            make: a sampler of some steps on this rank.
            told: what every rank makes it from.
            num_steps: of a block.

        Raises:
            ResourceError: the memories do not fit.
        """
        steps_of = self.seat.steps
        if self._post is None:
            return make(told, steps_of)
        self.drop()
        self._latest = PipelineSampler(
            lambda told: make(told, steps_of), self._post, self.seat, num_steps, told
        )
        return self._latest

    def follow(self, make: MakeSampler) -> None:
        """Do steps for the leader until it lets this rank go."""
        assert self._post is not None  # a process alone leads
        Stage(lambda told: make(told, self.seat.steps), self._post, self.seat).serve()

    def drop(self) -> None:
        """Give up the latest sampler, and what is under way of it."""
        if self._latest is not None:
            self._latest.drop_blocks()
        self._latest = None

    def release(self) -> None:
        """Let the other ranks go: the leader ends."""
        if self._post is None or not self.leads:
            return
        self.drop()
        for rank in range(self.seat.leader):
            self._post.send(rank, Letter("end"))
        self._post.flush()


def join(place: WeightsLocation, device_name: str, placement: Placement = ALONE) -> Ranks:
    """Find this process's place among those that were started with it.

    Args:
        place: of the weights.
        device_name: as torch names it; empty: this rank's own GPU.
        placement: of a video over ranks.

    Raises:
        ResourceError: there is no such device, there are other processes than the placement asks
            for, or they cannot reach each other.
    """
    num_ranks = int(os.environ.get("WORLD_SIZE", "1"))
    if num_ranks != placement.num_ranks:
        raise ResourceError(
            f"engine live-avatar: {num_ranks} processes were started, but {PLACEMENT_VARIABLE}="
            f"{placement} makes {placement.num_ranks} ranks; start the engine's host without a "
            "launcher, because it starts its ranks itself"
        )
    device = choose_device(device_name, is_small=place.is_tiny)  # before all that loads weights
    if num_ranks == 1:
        return Ranks()
    if device.type == "cuda":
        torch.cuda.set_device(device)  # where NCCL computes, and what its groups are bound to
    backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(backend, timeout=_TIMEOUT)
    seat = Seat(placement, dist.get_rank())
    groups = stage_groups(seat)
    meet_all_ranks(None, torch.device("cpu"))
    for group in groups:
        if group is not None:
            meet_all_ranks(group, device)
    return Ranks(seat, Post(device), groups)


def stage_groups(seat: Seat) -> StageGroups:
    """The groups of this rank's stage; every rank of all calls this.

    Raises:
        RuntimeError: the ranks cannot reach each other.
    """
    placement = seat.placement
    heads = _own_group(seat) if placement.heads > 1 else None
    shards = _own_group(seat) if placement.shards > 1 else None
    return StageGroups(heads, shards)


def _own_group(seat: Seat) -> dist.ProcessGroup | None:
    """A new group of each stage's ranks; this rank's, unless it only decodes."""
    placement, stages = seat.placement, range(seat.placement.stages)
    groups = [dist.new_group(list(placement.ranks_of(stage)), timeout=_TIMEOUT) for stage in stages]
    own = None if seat.decodes_alone else groups[placement.stage_of(seat.rank)]
    assert not isinstance(own, int)  # which stands for a group of others
    return own
