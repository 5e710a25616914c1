"""Processes that render together: who leads, who does which steps.

``accelerate launch`` starts them and ends all when one ends; each finds its place in the
environment that it sets. Without it a process is alone.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import torch.distributed as dist

from model.live_avatar.device import choose_device
from model.live_avatar.pipeline import Letter, PipelinedSampler, Post, Stage, shares
from model.live_avatar.place import Place
from model.live_avatar.sampler import BlockSampler, Sampler

Told: TypeAlias = Mapping[str, Any]
MakeSampler: TypeAlias = Callable[[Told, Callable[[int], range]], Sampler]


class Ranks:
    """This process's place among them; alone unless it is told otherwise.

    Attributes:
        rank: 0 to ``num_ranks - 1``; the last one leads.
        num_ranks: processes that render together.
    """

    def __init__(self, rank: int = 0, num_ranks: int = 1, post: Post | None = None) -> None:
        self.rank, self.num_ranks, self._post = rank, num_ranks, post
        self._latest: PipelinedSampler | None = None

    @property
    def leads(self) -> bool:
        """Whether this is the process that is asked for segments."""
        return self.rank == self.num_ranks - 1

    def steps(self, num_steps: int) -> range:
        """Which of all steps are done here."""
        return shares(num_steps, self.num_ranks)[self.rank]

    def sampler(self, make: MakeSampler, told: Told) -> BlockSampler:
        """The leader's, over all ranks; blocks of the latest one are dropped.

        Args:
            make: a sampler of some steps on this rank.
            told: what every rank makes it from.
        """
        if self._post is None:
            return make(told, self.steps)
        if self._latest is not None:
            self._latest.drop_blocks()
        own = make(told, self.steps)
        self._latest = PipelinedSampler(own, self._post, self.num_ranks - 1, told)
        return self._latest

    def follow(self, make: MakeSampler) -> None:
        """Do steps for the leader until it lets this rank go."""
        assert self._post is not None  # a process alone leads
        leader = self.num_ranks - 1
        Stage(lambda told: make(told, self.steps), self._post, self.rank, leader).serve()

    def drop(self) -> None:
        """Give up the latest sampler, and what is under way of it."""
        if self._latest is not None:
            self._latest.drop_blocks()
        self._latest = None

    def release(self) -> None:
        """Let the other ranks go: the leader ends."""
        if self._post is None or not self.leads:
            return
        if self._latest is not None:
            self._latest.drop_blocks()
        for rank in range(self.num_ranks - 1):
            self._post.send(rank, Letter("end"))
        self._post.flush()


def join(place: Place, device_name: str) -> Ranks:
    """Find this process's place among those that were started with it.

    Args:
        place: of the weights.
        device_name: as torch names it; empty: this rank's own GPU.

    Raises:
        ResourceError: there is no such device.
    """
    num_ranks = int(os.environ.get("WORLD_SIZE", "1"))
    if num_ranks == 1:
        return Ranks()
    device = choose_device(device_name, is_small=place.random == "tiny")
    dist.init_process_group("gloo")
    return Ranks(dist.get_rank(), num_ranks, Post(device))
