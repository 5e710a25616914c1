"""Timestep pipeline: the denoising steps of one video shared out over processes.

Step i of a block looks back through memory i alone. So each rank keeps the memories of its own
steps, works on another block than its neighbours, and the latents are those of one process, bit
for bit. After the first clip the reference gives way without a stop: the latent it gives way to is
finished long before, and each rank encodes its own sink between two blocks.

The last rank leads. It encodes pictures, speech and prompts, draws the noise, decodes, and does
the last steps itself, or none. The other ranks are stages: they do what the leader says, in its
order. Letters go over gloo, through the host's memory: a block and step is 0.4 MB at 704x384.

Source: section 5 of the model's specification, whose fixed four ranks, two broadcasts and one
drain are not needed.
"""

import json
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from model import beats
from model.errors import ResourceError
from model.live_avatar.memory import free_memory, memory_watched
from model.live_avatar.rungs import MemoryFullError
from model.live_avatar.sampler import Denoised, Sampler
from model.live_avatar.transformer import AudioTokens

_DTYPES = {
    str(dtype): dtype for dtype in (torch.float32, torch.bfloat16, torch.float16, torch.int64)
}
_CONTEXTS_KEPT = 16
_log = logging.getLogger("nightshoot.live_avatar")


def shares(num_steps: int, num_ranks: int) -> list[range]:
    """Which steps each rank does: in order, as even as can be, the later ranks less.

    With more ranks than steps the last ones do none: the leader then decodes alone.

    Raises:
        ValueError: an argument is below 1.
    """
    if num_steps < 1 or num_ranks < 1:
        raise ValueError(f"steps and ranks must be at least 1, got {num_steps} and {num_ranks}")
    each, more = divmod(num_steps, num_ranks)
    counts = [each + (rank < more) for rank in range(num_ranks)]
    return [range(start, end) for start, end in pairwise((0, *accumulate(counts)))]


# --- letters ------------------------------------------------------------------------------------


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
        """The same with its tensors there."""
        tensors = {name: each.to(device) for name, each in self.tensors.items()}
        return Letter(self.kind, self.fields, tensors)


class Post:
    """Letters between ranks: in order, and never waited for by who sends them.

    Args:
        device: that computes.

    Attributes:
        device: the same.
    """

    def __init__(self, device: torch.device | str) -> None:
        self.device = device
        self._under_way: deque[tuple[Any, Tensor]] = deque()

    def send(self, rank: int, letter: Letter) -> None:
        """Hand a letter over; its tensors may be changed afterwards."""
        held = {name: value.detach().cpu().contiguous() for name, value in letter.tensors.items()}
        described = [[name, str(each.dtype), list(each.shape)] for name, each in held.items()]
        text = json.dumps([letter.kind, dict(letter.fields), described]).encode()
        header = torch.frombuffer(bytearray(text), dtype=torch.uint8)
        for content in (torch.tensor([len(text)]), header, *held.values()):
            if content.numel():
                own = content.clone() if content.device == torch.device("cpu") else content
                self._under_way.append((dist.isend(own, rank), own))
        while self._under_way and self._under_way[0][0].is_completed():
            self._under_way.popleft()

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
        while self._under_way:
            self._under_way.popleft()[0].wait()


# --- stages -------------------------------------------------------------------------------------


class Stage:
    """A rank that does steps for the leader.

    Args:
        make_sampler: of its own steps, from what the leader says of sizes and settings.
        post: to the other ranks.
        rank: its own.
        leader: the leader's.
    """

    def __init__(
        self,
        make_sampler: Callable[[Mapping[str, Any]], Sampler],
        post: Post,
        rank: int,
        leader: int,
    ) -> None:
        self._make_sampler, self._post, self._rank, self._leader = make_sampler, post, rank, leader
        self._sampler: Sampler | None = None
        self._fault: ResourceError | None = None  # of the segment at hand
        self._contexts: deque[Tensor] = deque(maxlen=_CONTEXTS_KEPT)
        self._is_new = True  # nothing was done yet with the sampler at hand

    @torch.no_grad()
    def serve(self) -> None:
        """Do what the leader says until it says that this is the end."""
        while (letter := self._next()).kind != "end":
            self._obey(letter)
        self._post.flush()

    def _next(self) -> Letter:
        """What the leader says next; whoever watches is told what becomes of it."""
        beats.phase("waiting for the leader", "wait")
        letter = self._post.receive(self._leader)
        if letter.kind == "reset":
            _log.info("a run begins on rank %d", self._rank)
        self._is_new = self._is_new or letter.kind == "prepare"
        index = letter.fields.get("block_index", "")
        beats.phase(f"{letter.kind} {index}".strip(), "compile" if self._is_new else "block")
        self._is_new = self._is_new and letter.kind != "block"
        return letter

    def _obey(self, letter: Letter) -> None:
        """Do what a letter says; what does not fit is told to the leader in a block's place.

        The segment is lost then, and whatever is said of it until the next one is prepared.
        """
        if letter.kind == "prepare":
            self._sampler, self._fault = None, None  # its memories are needed for the next ones
        begun = (
            self._post.receive(self._rank - 1) if letter.kind == "block" and self._rank else None
        )
        answer = begun if begun and begun.kind == "fault" else None
        if answer is None and self._fault is None:
            try:
                with memory_watched(f"on rank {self._rank}"):
                    answer = self._done(letter.to(self._post.device), begun)
            except ResourceError as error:
                self._sampler, self._fault = None, error.with_traceback(None)
                free_memory()
        if letter.kind == "block":
            self._post.send(self._rank + 1, answer or _fault_letter(self._fault))

    def _done(self, letter: Letter, begun: Letter | None) -> Letter | None:
        """Do what a letter says; the letter for the next rank, of a block."""
        if letter.kind == "prepare":
            self._sampler = self._make_sampler(letter.fields)
            return None
        if self._sampler is None:
            raise ValueError(f'the leader said "{letter.kind}" before "prepare"')
        if letter.kind == "block":
            return self._block(self._sampler, letter, begun)
        if letter.kind == "text":
            self._sampler.set_text(self._known(letter.tensors["context"]))
        else:
            _obey(self._sampler, letter)
        return None

    def _known(self, context: Tensor) -> Tensor:
        """The same tensor for the same prompt: what was made of it is found by it."""
        for known in self._contexts:
            if known.shape == context.shape and torch.equal(known, context):
                return known
        self._contexts.append(context)
        return context

    def _block(self, sampler: Sampler, letter: Letter, begun: Letter | None) -> Letter:
        tensors = letter.tensors
        if begun is None:
            latents, seen = tensors["noise"], list[Tensor]()
        else:
            before = begun.to(self._post.device).tensors
            latents, seen = before["latents"], [before["seen"]]
        if sampler.steps:
            made = sampler.denoise(
                letter.fields["block_index"], latents, _audio(tensors), letter.fields["distances"]
            )
            latents, seen = made.latents, [*seen, made.seen]
        return Letter("block", {}, {"latents": latents, "seen": torch.cat(seen)})


def _fault_letter(fault: ResourceError | None) -> Letter:
    assert fault is not None
    where = fault.where if isinstance(fault, MemoryFullError) else None
    return Letter("fault", {"message": fault.message, "where": where})


def _fault_of(letter: Letter) -> ResourceError:
    message, where = letter.fields["message"], letter.fields["where"]
    return MemoryFullError(message, where) if where else ResourceError(message)


def _obey(sampler: Sampler, letter: Letter) -> None:
    """Do what a letter says, other than a block."""
    tensors, fields = letter.tensors, letter.fields
    if letter.kind == "reset":
        sampler.reset()
    elif letter.kind == "text":
        sampler.set_text(tensors["context"])
    elif letter.kind == "sink":
        sampler.set_sink(tensors["reference"], tensors["motion"])
    elif letter.kind == "remember":
        sampler.remember(
            fields["block_index"], tensors["seen"], _audio(tensors), fields["distances"]
        )
    else:
        raise ValueError(f'no letter is called "{letter.kind}"')


def _audio(tensors: Mapping[str, Tensor]) -> AudioTokens:
    return AudioTokens(tensors["whole"], tensors["local"])


# --- the leader ---------------------------------------------------------------------------------


class PipelinedSampler:
    """The leader's end; see :class:`model.live_avatar.sampler.BlockSampler`.

    The leader's own steps of a block are done when it is collected; what is said in between, a
    new sink for example, waits for its turn as it does at every stage.

    Args:
        own: of the steps that the leader does, perhaps none.
        post: to the stages, which have the ranks below.
        num_stages: how many there are, at least 1.
        prepare: sizes and settings, from which every stage makes its sampler.
    """

    def __init__(
        self, own: Sampler, post: Post, num_stages: int, prepare: Mapping[str, Any]
    ) -> None:
        self._own, self._post, self._stages = own, post, range(num_stages)
        self._waiting: deque[Letter] = deque()  # of the leader itself
        for rank in self._stages:
            post.send(rank, Letter("prepare", prepare))

    @property
    def num_steps(self) -> int:
        """See :class:`BlockSampler`."""
        return self._own.num_steps

    @property
    def depth(self) -> int:
        """A block for each stage, and one for the leader."""
        return len(self._stages) + 1

    @property
    def is_ahead(self) -> bool:
        """The stages work while the leader decodes."""
        return True

    def reset(self) -> None:
        """See :class:`BlockSampler`; blocks that nobody wants any more are taken and dropped."""
        self.drop_blocks()
        self._tell(Letter("reset"))

    def set_text(self, context: Tensor) -> None:
        """See :class:`BlockSampler`."""
        self._tell(Letter("text", tensors={"context": context}))

    def set_sink(self, reference: Tensor, motion: Tensor) -> None:
        """See :class:`BlockSampler`; every rank encodes it when it comes to the next block."""
        self._tell(Letter("sink", tensors={"reference": reference, "motion": motion}))

    def remember(
        self, block_index: int, seen: Tensor, audio: AudioTokens, distances: Sequence[int]
    ) -> None:
        """See :class:`BlockSampler`."""
        self._tell(_letter("remember", block_index, audio, distances, seen=seen))

    def submit(
        self, block_index: int, noise: Tensor, audio: AudioTokens, distances: Sequence[int]
    ) -> None:
        """See :class:`BlockSampler`."""
        letter = _letter("block", block_index, audio, distances)
        first, *others = self._stages
        self._post.send(first, _letter("block", block_index, audio, distances, noise=noise))
        for rank in others:
            self._post.send(rank, letter)
        self._waiting.append(letter)

    def collect(self) -> Denoised:
        """See :class:`BlockSampler`.

        Raises:
            ResourceError: it did not fit on a stage.
        """
        while (letter := self._waiting.popleft()).kind != "block":
            _obey(self._own, letter)
        told = self._post.receive(self._stages[-1])
        if told.kind == "fault":
            raise _fault_of(told)
        begun = told.to(self._post.device).tensors
        if not self._own.steps:
            return Denoised(begun["latents"], begun["seen"])
        made = self._own.denoise(
            letter.fields["block_index"],
            begun["latents"],
            _audio(letter.tensors),
            letter.fields["distances"],
        )
        return Denoised(made.latents, torch.cat((begun["seen"], made.seen)))

    def drop_blocks(self) -> None:
        """Take what is under way and nobody wants any more; the stages are free then.

        The leader's own steps of it are left out: what comes next is a reset, or the end.
        """
        for letter in self._waiting:
            if letter.kind == "block":
                self._post.receive(self._stages[-1])
        self._waiting = deque(letter for letter in self._waiting if letter.kind != "block")

    def _tell(self, letter: Letter) -> None:
        for rank in self._stages:
            self._post.send(rank, letter)
        self._waiting.append(letter)


def _letter(
    kind: str, block_index: int, audio: AudioTokens, distances: Sequence[int], **tensors: Tensor
) -> Letter:
    if audio.speakers is not None:
        raise ValueError("a pipeline renders one speaker; render several in one process")
    fields = {"block_index": block_index, "distances": list(distances)}
    return Letter(kind, fields, {"whole": audio.whole, "local": audio.local, **tensors})
