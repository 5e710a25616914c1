"""Timestep pipeline: the denoising steps of one video shared out over processes.

Step i of a block looks back through memory i alone. So each stage keeps the memories of its own
steps, works on another block than its neighbours, and the latents are those of one process, bit
for bit. After the first clip the reference gives way without a stop: the latent it gives way to is
finished long before, and each stage encodes its own sink between two blocks.

A stage is a rank, or several that share out every step (:mod:`model.live_avatar.parallel.heads`, or
:mod:`model.live_avatar.parallel.shards`). The last rank leads. It encodes pictures, speech and
prompts, draws the noise, decodes, and does the last steps itself, or none. The other ranks do what
the leader says, in its order: so ranks of a stage, the leader among them, meet at the same
exchanges. The last rank of a stage sends its blocks to all of the next one. Letters go over gloo,
through the host's memory: a block and step is 0.4 MB at 704x384.

Source: section 5 of the model's specification, whose fixed four ranks, two broadcasts and one
drain are not needed.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias

import torch
from torch import Tensor

from model.errors import ResourceError
from model.host import heartbeats
from model.live_avatar.devices.ahead import Ahead
from model.live_avatar.devices.memory import free_memory, memory_errors_named
from model.live_avatar.devices.memory_ladder import MemoryFullError
from model.live_avatar.network.audio_injector import AudioTokens
from model.live_avatar.parallel.letters import Letter, Post
from model.live_avatar.planning.placement import Seat
from model.live_avatar.sampling.sampler import Denoised, Sampler

_CONTEXTS_KEPT = 16
_log = logging.getLogger("nightshoot.live_avatar")


# --- faults -------------------------------------------------------------------------------------


class StageLostError(RuntimeError):
    """A rank failed where the others of its stage wait for it: all ranks must be started again."""


@contextmanager
def _only_together(seat: Seat) -> Iterator[None]:
    """Around what ranks of a stage do together: none may go on without the others.

    Raises:
        StageLostError: this one cannot go on, and is not alone.
    """
    try:
        with memory_errors_named(f"on rank {seat.rank}"):
            yield
    except ResourceError as error:
        if len(seat.mates) == 1:
            raise
        _log.error("rank %d: %s", seat.rank, error)
        raise StageLostError(
            f"rank {seat.rank} failed in the middle of a segment, and ranks {seat.mates[0]} to "
            f"{seat.mates[-1]} cannot go on without it: start all ranks again"
        ) from error


def _agreed(post: Post, seat: Seat, fault: ResourceError | None) -> ResourceError | None:
    """The fault of any rank of the stage, when all of them have come here."""
    last = seat.mates[-1]
    if seat.rank != last:
        post.send(last, _fault_letter(fault))
        return _fault_of(post.receive(last))
    others = [_fault_of(post.receive(rank)) for rank in seat.mates[:-1]]
    found = next(filter(None, (fault, *others)), None)
    for rank in seat.mates[:-1]:
        post.send(rank, _fault_letter(found))
    return found


def _fault_letter(fault: ResourceError | None) -> Letter:
    if fault is None:
        return Letter("no fault")
    where = fault.where if isinstance(fault, MemoryFullError) else None
    return Letter("fault", {"message": fault.message, "where": where})


def _fault_of(letter: Letter) -> ResourceError | None:
    if letter.kind != "fault":
        return None
    message, where = letter.fields["message"], letter.fields["where"]
    return MemoryFullError(message, where) if where else ResourceError(message)


# --- stages -------------------------------------------------------------------------------------

MakeSampler: TypeAlias = Callable[[Mapping[str, Any]], Sampler]
"""Of a rank's own steps, from what the leader says of sizes and settings."""


def _prepared(
    make: MakeSampler, post: Post, seat: Seat, told: Mapping[str, Any]
) -> Sampler | ResourceError:
    """This rank's sampler; or why one of its stage has none."""
    made, fault = None, None
    try:
        with memory_errors_named(f"on rank {seat.rank}"):
            made = make(told)
    except ResourceError as error:
        fault = error.with_traceback(None)
    found = _agreed(post, seat, fault)
    if found is None:
        assert made is not None
        return made
    return found


class Stage:
    """A rank that does steps for the leader, alone or with others of its stage.

    Args:
        make_sampler: of its own steps.
        post: to the other ranks.
        seat: its own.
    """

    def __init__(self, make_sampler: MakeSampler, post: Post, seat: Seat) -> None:
        self._make_sampler, self._post, self._seat = make_sampler, post, seat
        self._sampler: Sampler | None = None
        self._fault: ResourceError | None = None  # of the segment at hand
        self._contexts: deque[Tensor] = deque(maxlen=_CONTEXTS_KEPT)
        self._is_new = True  # nothing was done yet with the sampler at hand

    @torch.no_grad()
    def serve(self) -> None:
        """Do what the leader says until it says that this is the end."""
        while (letter := self._next()).kind != "end":
            if letter.kind == "prepare":
                self._prepare(letter)
            else:
                self._obey(letter)
        self._post.flush()

    def _next(self) -> Letter:
        """What the leader says next; whoever watches is told what becomes of it."""
        heartbeats.phase("waiting for the leader", "wait")
        letter = self._post.receive(self._seat.leader)
        if letter.kind == "reset":
            _log.info("a run begins on rank %d", self._seat.rank)
        self._is_new = self._is_new or letter.kind == "prepare"
        index = letter.fields.get("block_index", "")
        heartbeats.phase(f"{letter.kind} {index}".strip(), self._limit)
        self._is_new = self._is_new and letter.kind != "block"
        return letter

    @property
    def _limit(self) -> heartbeats.Kind:
        """Who shares the leader's steps waits for it as long as nobody asks the leader for more."""
        if self._seat.leader in self._seat.mates:
            return "wait"
        return "compile" if self._is_new else "block"

    def _prepare(self, letter: Letter) -> None:
        self._sampler, self._fault = None, None  # its memories are needed for the next ones
        made = _prepared(self._make_sampler, self._post, self._seat, letter.fields)
        if isinstance(made, ResourceError):
            self._lose(made)
        else:
            self._sampler = made

    def _lose(self, fault: ResourceError) -> None:
        """The segment, and whatever is said of it until the next one is prepared."""
        self._sampler, self._fault = None, fault
        free_memory()

    def _obey(self, letter: Letter) -> None:
        """Do what a letter says; what does not fit is told to the leader in a block's place."""
        seat = self._seat
        is_block = letter.kind == "block"
        begun = self._post.receive(seat.before) if is_block and seat.before is not None else None
        answer = begun if begun and begun.kind == "fault" else None
        if answer is None and self._fault is None:
            try:
                with _only_together(seat):
                    answer = self._done(letter.to(self._post.device), begun)
            except ResourceError as error:
                self._lose(error.with_traceback(None))
        if is_block:
            for rank in seat.after:
                self._post.send(rank, answer or _fault_letter(self._fault))

    def _done(self, letter: Letter, begun: Letter | None) -> Letter | None:
        """Do what a letter says; the letter for the next stage, of a block."""
        if self._sampler is None:
            raise ValueError(f'the leader sent "{letter.kind}" before "prepare"')
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
        made = _made(sampler, letter, begun and begun.to(self._post.device))
        return Letter("block", {}, {"latents": made.latents, "seen": made.seen})


def _made(sampler: Sampler, letter: Letter, begun: Letter | None) -> Denoised:
    """A block after the steps that are done here.

    Args:
        sampler: of these.
        letter: of the leader.
        begun: the block, of the stage before; None: its noise is in ``letter``.
    """
    if begun is None:
        latents, seen = letter.tensors["noise"], list[Tensor]()
    else:
        latents, seen = begun.tensors["latents"], [begun.tensors["seen"]]
    if sampler.steps:
        made = sampler.denoise(
            letter.fields["block_index"],
            latents,
            _audio(letter.tensors),
            letter.fields["distances"],
        )
        latents, seen = made.latents, [*seen, made.seen]
    return Denoised(latents, torch.cat(seen))


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
        raise ValueError(f'letter "{letter.kind}" is unknown')


def _audio(tensors: Mapping[str, Tensor]) -> AudioTokens:
    return AudioTokens(tensors["whole"], tensors["local"])


# --- the leader ---------------------------------------------------------------------------------


class PipelineSampler:
    """The leader's end; see :class:`model.live_avatar.sampling.sampler.BlockSampler`.

    Where the leader does the first steps of a block, they are done when it is submitted; else when
    it is collected, and what is said in between, a new sink for example, waits for its turn as it
    does at every stage.

    Args:
        make_sampler: of the steps that the leader does; not asked where it decodes alone.
        post: to the other ranks.
        seat: the leader's.
        num_steps: of a block, wherever they are done.
        prepare: sizes and settings, from which every rank makes its sampler.

    Attributes:
        ahead: the stages work while the leader decodes.

    Raises:
        ResourceError: the memories do not fit on a rank of the leader's stage.
    """

    def __init__(
        self,
        make_sampler: MakeSampler,
        post: Post,
        seat: Seat,
        num_steps: int,
        prepare: Mapping[str, Any],
    ) -> None:
        self._post, self._seat, self._num_steps = post, seat, num_steps
        self._waiting: deque[Letter] = deque()  # of the leader itself
        self._made: deque[Denoised] = deque()
        self._own: Sampler | None = None
        self.ahead = Ahead(torch.device(post.device))
        self._send(Letter("prepare", prepare))
        if not seat.decodes_alone:
            made = _prepared(make_sampler, post, seat, prepare)
            if isinstance(made, ResourceError):
                raise made
            self._own = made

    @property
    def num_steps(self) -> int:
        """See :class:`BlockSampler`."""
        return self._num_steps

    @property
    def depth(self) -> int:
        """A block for each stage, and one for a leader that decodes alone."""
        return self._seat.placement.stages + self._seat.decodes_alone

    @property
    def inputs(self) -> torch.device:
        """In the host's memory, from where letters go; the leader's own GPU is not waited for."""
        return torch.device("cpu")

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
        first = _letter("block", block_index, audio, distances, noise=noise)
        beginners = self._seat.placement.ranks_of(0)
        self._send(first, beginners)
        self._send(letter, range(beginners.stop, self._seat.leader))
        self._waiting.append(letter if self._seat.before is not None else first)
        if self._seat.before is None:
            self._make_next()

    def collect(self) -> Denoised:
        """See :class:`BlockSampler`.

        Raises:
            ResourceError: it did not fit on a stage.
        """
        if not self._made:
            self._make_next()
        return self._made.popleft()

    def drop_blocks(self) -> None:
        """Take what is under way and nobody wants any more; the stages are free then.

        The leader's own steps of it are left out, unless others do them with it: what comes next
        is a reset, or the end.
        """
        self.ahead.drop()
        dropped = [letter for letter in self._waiting if letter.kind == "block"]
        before = self._seat.before
        if len(self._seat.mates) == 1 and before is not None:
            for _ in dropped:
                self._post.receive(before)
            self._waiting = deque(each for each in self._waiting if each.kind != "block")
        else:
            for _ in dropped:
                with suppress(ResourceError):  # of a stage that has lost the segment
                    self._make_next()
        self._made.clear()

    def _make_next(self) -> None:
        """Do what was said, up to the next block and with it."""
        while (letter := self._waiting.popleft()).kind != "block":
            if self._own is not None:
                with _only_together(self._seat):
                    _obey(self._own, letter.to(self._post.device))
        before, begun = self._seat.before, None
        if before is not None:
            begun = self._post.receive(before)
            fault = _fault_of(begun)
            if fault is not None:
                raise fault
            begun = begun.to(self._post.device)
        if self._own is None:
            assert begun is not None  # who decodes alone is after a stage
            self._made.append(Denoised(begun.tensors["latents"], begun.tensors["seen"]))
            return
        with _only_together(self._seat):
            self._made.append(_made(self._own, letter.to(self._post.device), begun))

    def _tell(self, letter: Letter) -> None:
        self._send(letter)
        self._waiting.append(letter)

    def _send(self, letter: Letter, ranks: range | None = None) -> None:
        """To some ranks, but to the leader itself; None: to all."""
        for rank in range(self._seat.leader) if ranks is None else ranks:
            if rank != self._seat.leader:
                self._post.send(rank, letter)


def _letter(
    kind: str, block_index: int, audio: AudioTokens, distances: Sequence[int], **tensors: Tensor
) -> Letter:
    if audio.speakers is not None:
        raise ValueError("a pipeline renders one speaker; render several in one process")
    fields = {"block_index": block_index, "distances": list(distances)}
    return Letter(kind, fields, {"whole": audio.whole, "local": audio.local, **tensors})
