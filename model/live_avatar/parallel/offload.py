"""Memories and weights in the host's memory, brought to the GPU just before they are needed.

Applied from outside to the finished single-device model, which does not know: the frames are the
same to the bit, because the same kernels read the same values from places of the same layout.

While one layer is computed, the next one's keys, values or weights are copied beside it. What it
costs in bytes is told by :mod:`model.live_avatar.planning.traffic`.

Shapes: C sink tokens, p reference tokens of it, R ring tokens, T tokens of a block, N heads, D
head dim.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from model.live_avatar.devices.copy_streams import CopyStreams, HostMemory, Make, Mark, aligned
from model.live_avatar.encoders.text_home import ON_DEVICE, TextHome
from model.live_avatar.network.cache import (
    CacheSizes,
    LayerCache,
    MakeCaches,
    Sink,
    StepCache,
    TurnedSink,
    TurnInto,
    make_caches,
)
from model.live_avatar.network.rope import turn_into
from model.live_avatar.network.transformer import Transformer
from model.live_avatar.planning.offload import (
    NUM_SLOTS,
    Offload,
)
from model.live_avatar.weights.state import Put, put

if TYPE_CHECKING:
    from transformers.models.umt5.modeling_umt5 import UMT5Stack

# --- keys and values ---


@dataclass(frozen=True)
class Staged:
    """What a slot holds.

    Attributes:
        ring_index: of the ring.
        start: of the stretch of it that was left out, for the block to be written there.
        num_sinks: how many sinks there had been.
    """

    ring_index: int
    start: int
    num_sinks: int


@dataclass
class Slot:
    """Where keys and values of a layer are attended.

    Attributes:
        keys: ``(1, C + R, N, D)``, on the device.
        values: the same shape.
        staged: what is there, or on its way.
        brought: the end of the last copy to it.
        kept: the end of the last copy from it.
    """

    keys: Tensor
    values: Tensor
    staged: Staged | None = None
    brought: Mark = None
    kept: Mark = None


@dataclass
class Ring:
    """The past of one layer at one step, in the host's memory.

    Attributes:
        index: in the order of steps and layers, in which they are asked for.
        keys: ``(1, R, N, D)``.
        values: the same shape.
        slot: where it is attended.
        num_filled: tokens that hold something.
    """

    index: int
    keys: Tensor
    values: Tensor
    slot: Slot
    num_filled: int = 0


@dataclass
class Memories:
    """All rings, the one sink that they share, and the slots.

    Attributes:
        lane: copies.
        rings: of all steps and layers, in order.
        slots: that they share.
        sinks: of every layer: motion keys turned, those of the reference not.
        num_reference: p.
        num_sinks: taken so far.
    """

    lane: CopyStreams
    rings: list[Ring]
    slots: list[Slot]
    sinks: list[Sink]
    num_reference: int
    num_sinks: int = 0
    _leaving: TurnedSink | None = field(default=None, repr=False)
    _left: Mark = field(default=None, repr=False)

    def take_sink(self, layer_index: int, sink: TurnedSink) -> None:
        """Take the sink of one layer, for all steps; layers come in order."""
        if layer_index == 0:
            for slot in self.slots:
                self.lane.wait(slot.brought)  # the sink before may still be on its way
            self.num_sinks += 1
        # what takes the memory of the layer before from now on waits for its copy, while this
        # layer was computed beside it
        self.lane.wait(self._left)
        self._leaving = sink
        own, p = self.sinks[layer_index], self.num_reference
        pairs = [
            (own.keys[:, :p], sink.reference),
            (own.keys[:, p:], sink.keys[:, p:]),
            (own.values, sink.values),
        ]
        self._left = self.lane.keep(pairs, (self.lane.now(),))
        if layer_index == len(self.sinks) - 1:
            self.lane.wait(self._left)
            self._leaving = self._left = None

    def stage(self, ring: Ring, position: int, num_tokens: int) -> None:
        """Have all that ``ring``'s next block attends in its slot, and let the next ring follow.

        Args:
            ring: whose turn it is.
            position: of the block's first token.
            num_tokens: T.
        """
        slot, length = ring.slot, ring.keys.shape[1]
        start = position % length
        if slot.staged != self._staged(ring, start):
            self._bring(ring, start, num_tokens)
        self.lane.wait(slot.brought)
        slot.staged = None  # it is about to be changed
        following = self.rings[(ring.index + 1) % len(self.rings)]
        if following.slot is not slot:
            later = position if following.index else position + num_tokens
            self._bring(following, later % length, num_tokens)

    def _staged(self, ring: Ring, start: int) -> Staged:
        return Staged(ring.index, start, self.num_sinks)

    def _bring(self, ring: Ring, start: int, num_tokens: int) -> None:
        """Copy the sink and the ring to the slot, but for the stretch that will be written."""
        slot, sink = ring.slot, self.sinks[ring.index % len(self.sinks)]
        num_sink = sink.keys.shape[1]
        pairs = [(slot.keys[:, :num_sink], sink.keys), (slot.values[:, :num_sink], sink.values)]
        end = ring.num_filled
        for first, last in ((0, min(start, end)), (start + num_tokens, end)):
            if first < last:
                here, there = slice(first, last), slice(num_sink + first, num_sink + last)
                pairs.append((slot.keys[:, there], ring.keys[:, here]))
                pairs.append((slot.values[:, there], ring.values[:, here]))
        # all that computes with what was there has been asked for; the ring's own last block,
        # which may still be on its way to the host, went there from this slot too
        slot.brought = self.lane.bring(pairs, (self.lane.now(), slot.kept))
        slot.staged = self._staged(ring, start)

    def keep(self, ring: Ring, position: int, num_tokens: int) -> None:
        """Copy what a block wrote into its slot back to the ring."""
        slot, start = ring.slot, position % ring.keys.shape[1]
        num_sink = slot.keys.shape[1] - ring.keys.shape[1]
        here = slice(start, start + num_tokens)
        there = slice(num_sink + start, num_sink + start + num_tokens)
        pairs = [
            (ring.keys[:, here], slot.keys[:, there]),
            (ring.values[:, here], slot.values[:, there]),
        ]
        slot.kept = self.lane.keep(pairs, (self.lane.now(),))


@dataclass
class Turn:
    """How the reference's keys of a step are turned: by a table ``(2, p, D/2)``, and by what."""

    table: Tensor
    into: TurnInto = turn_into


class OffloadedLayer(LayerCache):
    """A layer's cache whose keys and values are a slot's, which other layers use too."""

    def __init__(self, memories: Memories, ring: Ring, turn: Turn) -> None:
        num_sink = ring.slot.keys.shape[1] - ring.keys.shape[1]
        super().__init__(ring.slot.keys, ring.slot.values, num_sink)
        self._memories, self._ring, self._turn = memories, ring, turn
        self._block = (0, 0)  # position and number of tokens of the one at work

    def room(self, position: int, num_tokens: int) -> tuple[Tensor, Tensor]:
        """See :meth:`LayerCache.room`; from now on the layer's past is in its slot."""
        self._memories.stage(self._ring, position, num_tokens)
        table = self._turn.table
        reference = self.keys[:, : table.shape[1]]
        self._turn.into(reference, reference.clone(), table)
        room = super().room(position, num_tokens)
        self._ring.num_filled = self.num_filled
        self._block = position, num_tokens
        return room

    def attended(self) -> tuple[Tensor, Tensor]:
        """See :meth:`LayerCache.attended`; what the block wrote goes back to the host."""
        self._memories.keep(self._ring, *self._block)
        return super().attended()


class OffloadedStep(StepCache):
    """The caches of one step; the sink is shared with the other steps."""

    def __init__(self, memories: Memories, rings: Sequence[Ring]) -> None:
        self._memories, self._turn = memories, Turn(torch.empty(0))
        self._is_first = rings[0].index == 0
        super().__init__([OffloadedLayer(memories, ring, self._turn) for ring in rings])

    def take_sink(self, layer_index: int, sink: TurnedSink) -> None:
        """See :meth:`StepCache.take_sink`; the first step takes it for all."""
        if self._is_first:
            self._memories.take_sink(layer_index, sink)
        self.reference_position = None

    def move_reference(self, position: int, table: Tensor, turn: TurnInto = turn_into) -> None:
        """See :meth:`StepCache.move_reference`; keys are turned when they are in their slot."""
        self._turn.table, self._turn.into, self.reference_position = table, turn, position


def offloaded_caches(
    num_steps: int, sizes: CacheSizes, *, lane: CopyStreams, is_sink_offloaded: bool
) -> list[StepCache]:
    """Caches whose rings are in the host's memory, a :data:`MakeCaches` but for the rest.

    Args:
        num_steps: of the caches.
        sizes: of each.
        lane: copies.
        is_sink_offloaded: the sink is there too; else it is on the device, once.

    Raises:
        ResourceError: the host has not so much memory.
    """
    host = HostMemory(lane.device)
    heads = (sizes.num_heads, sizes.head_dim)

    def pair(make: Make, count: int) -> tuple[Tensor, Tensor]:
        shape = (1, count, *heads)
        return make(shape, sizes.dtype), make(shape, sizes.dtype)

    num_keys = sizes.num_sink + sizes.ring_size
    slots = [Slot(*pair(lane.place, num_keys)) for _ in range(NUM_SLOTS)]
    num_layers = sizes.num_layers
    rings = [
        Ring(index, *pair(host.take, sizes.ring_size), slot=slots[index % NUM_SLOTS])
        for index in range(num_steps * num_layers)
    ]
    make = host.take if is_sink_offloaded else lane.place
    sinks = [Sink(*pair(make, sizes.num_sink)) for _ in range(num_layers)]
    memories = Memories(lane, rings, slots, sinks, sizes.num_reference)
    return [
        OffloadedStep(memories, rings[first : first + num_layers])
        for first in range(0, len(rings), num_layers)
    ]


# --- weights ---


def matrices(module: nn.Module) -> list[nn.Parameter]:
    """What moves of a module: its matrices. Biases and norms are 0.1 % of it, and stay."""
    return [each for each in module.parameters() if each.dim() == 2]


@dataclass
class Place:
    """Where matrices of one unit after the other are used.

    Attributes:
        staged: index of the unit that is there, or on its way.
        brought: the end of the last copy to it.
    """

    staged: int | None = None
    brought: Mark = None


class StreamedWeights:
    """Matrices in the host's memory that come to the device unit by unit.

    While it is open, a unit's matrices are what they seem only from its :meth:`use` to the next.

    Args:
        units: modules that are used in this order, again and again.
        lane: copies.
        host: takes the matrices that are on the device.
    """

    def __init__(
        self, units: Sequence[Sequence[nn.Module]], lane: CopyStreams, host: HostMemory
    ) -> None:
        self._lane = lane
        self._units = [[each for module in unit for each in matrices(module)] for unit in units]
        for parameter in (each for unit in self._units for each in unit):
            host.adopt(parameter)
        self._homes = [[each.data for each in unit] for unit in self._units]
        self._there: list[list[Tensor]] = []
        self._places: list[Place] = []

    def open(self) -> None:
        """Take memory of the device, for two units."""
        self._places = [Place() for _ in range(NUM_SLOTS)]
        sizes = [sum(aligned(home.nbytes) for home in unit) for unit in self._homes]
        memories = [
            self._lane.place((max(sizes[first::NUM_SLOTS], default=0),), torch.uint8)
            for first in range(NUM_SLOTS)
        ]
        self._there = [
            list(_views(memories[index % NUM_SLOTS], unit))
            for index, unit in enumerate(self._homes)
        ]
        self._show(self._there)

    def close(self) -> None:
        """Give it back."""
        self._show(self._homes)
        self._places, self._there = [], []

    def _show(self, shown: Sequence[Sequence[Tensor]]) -> None:
        for unit, values in zip(self._units, shown, strict=True):
            for parameter, value in zip(unit, values, strict=True):
                parameter.data = value

    def use(self, index: int) -> None:
        """Let what is asked for from now on find unit ``index``, and let the next one follow.

        All that uses the unit before has been asked for.
        """
        place = self._place(index)
        if place.staged != index:
            self._bring(index)
        self._lane.wait(place.brought)
        following = (index + 1) % len(self._units)
        if self._place(following) is not place:
            self._bring(following)

    def _place(self, index: int) -> Place:
        return self._places[index % NUM_SLOTS]

    def _bring(self, index: int) -> None:
        place = self._place(index)
        if place.staged == index:
            return
        pairs = zip(self._there[index], self._homes[index], strict=True)
        place.brought = self._lane.bring(pairs, (self._lane.now(),))
        place.staged = index


def _views(memory: Tensor, values: Iterable[Tensor]) -> Iterator[Tensor]:
    """Stretches of ``memory`` (bytes) like ``values``."""
    start = 0
    for value in values:
        yield memory[start : start + value.nbytes].view(value.dtype).view(value.shape)
        start += aligned(value.nbytes)


class StreamedBlocks(nn.ModuleList):
    """Blocks, each of which has its weights when it is come to."""

    def __init__(self, blocks: Iterable[nn.Module], weights: StreamedWeights) -> None:
        super().__init__(blocks)
        self._weights = weights

    def __iter__(self) -> Iterator[nn.Module]:
        for index, block in enumerate(super().__iter__()):
            self._weights.use(index)
            yield block


def stream_transformer(model: Transformer, lane: CopyStreams, host: HostMemory) -> None:
    """Let the weights of blocks, each with the injector after it, come when they are used.

    Args:
        model: finished; its matrices are on the device, or where :func:`put_on_host` left them.
        lane: copies.
        host: takes what is on the device.
    """
    units: list[list[nn.Module]] = [[block] for block in model.layers]
    for index, injector in zip(model.config.inject_layers, model.audio_injectors, strict=True):
        units[index].append(injector)
    weights = StreamedWeights(units, lane, host)
    weights.open()
    model.blocks = StreamedBlocks(model.layers, weights)


def stream_text_encoder(encoder: "UMT5Stack", lane: CopyStreams, host: HostMemory) -> None:
    """Let the encoder's weights be on the device while a prompt is encoded, two layers at a time.

    The table of tokens stays in the host's memory, where the rows of a prompt are read.
    """
    table = encoder.embed_tokens
    host.adopt(cast("nn.Parameter", table.weight))
    weights = StreamedWeights([[block] for block in encoder.block], lane, host)
    table.register_forward_hook(lambda _module, _inputs, rows: rows.to(lane.device))
    encoder.register_forward_pre_hook(lambda *_: weights.open())
    encoder.register_forward_hook(lambda *_: weights.close(), always_call=True)
    for index, block in enumerate(encoder.block):
        block.register_forward_pre_hook(lambda *_, index=index: weights.use(index))


def put_on_host(host: HostMemory, prefixes: tuple[str, ...], put_weight: Put) -> Put:
    """A :data:`Put` after which the matrices of some modules are in the host's memory.

    So the device need not hold the whole model while it is loaded.

    Args:
        host: takes them.
        prefixes: with which the modules' names begin.
        put_weight: what is done first, on the device.
    """

    def put_there(model: nn.Module, name: str, value: Tensor) -> None:
        put_weight(model, name, value)
        if name.startswith(prefixes):
            for held in matrices(model.get_submodule(name.rpartition(".")[0])):
                if not held.is_meta:
                    host.adopt(held)

    return put_there


# --- all of it ---


class Offloader:
    """What an engine keeps in the host's memory, while it is loaded and after.

    Args:
        offload: what.
        device: that computes.
    """

    def __init__(self, offload: Offload, device: torch.device) -> None:
        self._offload, self._lane, self._host = offload, CopyStreams(device), HostMemory(device)

    def put_of(self, put_weight: Put) -> Put:
        """How weights are put into the transformer, where ``put_weight`` is done in any case."""
        if not self._offload.weights:
            return put_weight
        return put_on_host(self._host, ("blocks.", "injectors."), put_weight)

    @property
    def text_home(self) -> TextHome:
        """Where the text encoder's weights are between prompts."""
        if not self._offload.text:
            return ON_DEVICE
        return TextHome(
            put_on_host(self._host, ("embed_tokens.", "block."), put),
            partial(stream_text_encoder, lane=self._lane, host=self._host),
        )

    def settle(self, model: Transformer) -> None:
        """Change a transformer that has its weights."""
        if self._offload.weights:
            stream_transformer(model, self._lane, self._host)

    @property
    def make_caches(self) -> MakeCaches:
        """How memories are made."""
        if not self._offload.kv:
            return make_caches
        return partial(offloaded_caches, lane=self._lane, is_sink_offloaded=self._offload.sink)
