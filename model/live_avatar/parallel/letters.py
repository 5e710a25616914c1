"""Letters between ranks: what is said, and how it gets there, over gloo.

gloo knows that a message has been taken only once somebody has waited for it: until then it keeps
the message, and says that it is under way. So who has many letters under way to a rank waits for
the oldest of them.
"""

import json
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from model.live_avatar.devices.copy_streams import onto

MOST_UNDER_WAY = 96
"""Letters to one rank. A rank that shares the leader's steps takes none while it waits for the
leader to come to a step; meanwhile the leader sends what begins a segment (four letters, and a past
block for all but one of the 20 of the longest clip) and a block for each of at most 64 stages.
"""
_DTYPES = {
    str(dtype): dtype for dtype in (torch.float32, torch.bfloat16, torch.float16, torch.int64)
}


@dataclass(frozen=True)
class Letter:
    """What one rank tells another.

    Attributes:
        kind: what is to be done, or has been.
        fields: plain values.
        tensors: by name.
    """

    kind: str
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])
    tensors: Mapping[str, Tensor] = field(default_factory=dict[str, Tensor])

    def to(self, device: torch.device | str) -> "Letter":
        """The same with its tensors there; a GPU is not waited for."""
        where = torch.device(device)
        tensors = {name: onto(each, where) for name, each in self.tensors.items()}
        return Letter(self.kind, self.fields, tensors)


class _Sent:
    """A letter under way, which gloo reads until it has been taken."""

    def __init__(self, rank: int, contents: list[Tensor]) -> None:
        self._contents = contents
        self._works: list[Any] = [dist.isend(content, rank) for content in contents]

    def wait(self) -> None:
        """Until it has been taken."""
        for work in self._works:
            work.wait()


class Post:
    """Letters between ranks, in order; who sends one does not wait until it is taken.

    Only with :data:`MOST_UNDER_WAY` under way to a rank does it wait for that rank.

    Args:
        device: that computes.

    Attributes:
        device: the same.
    """

    def __init__(self, device: torch.device | str) -> None:
        self.device = device
        self._under_way: defaultdict[int, deque[_Sent]] = defaultdict(deque)

    def send(self, rank: int, letter: Letter) -> None:
        """Hand a letter over; its tensors may be changed afterwards."""
        held = {
            name: value.detach().to("cpu", copy=True).contiguous()
            for name, value in letter.tensors.items()
        }
        described = [[name, str(each.dtype), list(each.shape)] for name, each in held.items()]
        text = json.dumps([letter.kind, dict(letter.fields), described]).encode()
        header = torch.frombuffer(bytearray(text), dtype=torch.uint8)
        contents = (torch.tensor([len(text)]), header, *held.values())
        under_way = self._under_way[rank]
        while len(under_way) >= MOST_UNDER_WAY:
            under_way.popleft().wait()
        under_way.append(_Sent(rank, [content for content in contents if content.numel()]))

    def receive(self, rank: int) -> Letter:
        """The next letter from a rank, in the host's memory."""
        length = torch.zeros(1, dtype=torch.int64)
        dist.recv(length, rank)
        header = torch.zeros(int(length), dtype=torch.uint8)
        dist.recv(header, rank)
        kind, fields, described = json.loads(header.numpy().tobytes())
        tensors: dict[str, Tensor] = {}
        for name, dtype, shape in described:
            content = torch.empty(shape, dtype=_DTYPES[dtype])
            if content.numel():
                dist.recv(content, rank)
            tensors[name] = content
        return Letter(kind, fields, tensors)

    def flush(self) -> None:
        """Wait until all that was sent has been taken."""
        for under_way in self._under_way.values():
            while under_way:
                under_way.popleft().wait()
