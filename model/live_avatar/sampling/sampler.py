"""Block after block of latents: each is denoised step by step, and remembered at every step.

There is one rolling memory per denoising step: it holds the keys of past blocks *as noisy as they
were at that step*. So step i of a block depends on the past through memory i alone.

Shapes: F latent frames of a block (3), p tokens of a latent frame, h, w latent rows and columns.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Protocol

import torch
from torch import Tensor

from model.live_avatar.config import BLOCK_LATENTS, PATCH, REFERENCE_POSITION
from model.live_avatar.devices.ahead import Ahead
from model.live_avatar.devices.copy_streams import onto
from model.live_avatar.network.audio_injector import AudioTokens
from model.live_avatar.network.cache import (
    CacheSizes,
    MakeCaches,
    StepCache,
    make_caches,
    take_sinks,
)
from model.live_avatar.network.past import KeysValues
from model.live_avatar.network.rope import motion_table, rope_table
from model.live_avatar.network.transformer import Transformer
from model.live_avatar.sampling.schedule import Schedule

_TABLES_KEPT = 64
_TEXTS_KEPT = 4  # 0.4 GB each at 14B: of two videos, with and without the continuation


@dataclass(frozen=True)
class Denoised:
    """A finished block.

    Attributes:
        latents: ``(1, 16, 3, h, w)``.
        seen: ``(steps, 16, 3, h, w)``, the latents as each step found them.
    """

    latents: Tensor
    seen: Tensor


class BlockSampler(Protocol):
    """What a run asks for blocks, whether one device makes them or several."""

    @property
    def num_steps(self) -> int:
        """Denoising steps of a block, wherever they are done."""
        ...

    @property
    def depth(self) -> int:
        """Blocks that are best submitted before the first of them is collected."""
        ...

    @property
    def ahead(self) -> Ahead | None:
        """Submits blocks while what was made is looked at; None: a block is made at once."""
        ...

    @property
    def inputs(self) -> torch.device:
        """Where noise, audio and latents are best, when they are given."""
        ...

    def reset(self) -> None:
        """Forget past blocks and what is under way, for another video."""
        ...

    def set_text(self, context: Tensor) -> None:
        """Take a prompt ``(tokens, text_dim)``, encoded by the text encoder."""
        ...

    def set_sink(self, reference: Tensor, motion: Tensor) -> None:
        """Encode reference ``(1, 16, 1, h, w)`` and motion ``(1, 16, T, h, w)`` latents."""
        ...

    def remember(
        self, block_index: int, seen: Tensor, audio: AudioTokens, distances: Sequence[int]
    ) -> None:
        """Fill the memories with a block that was denoised elsewhere; see :class:`Denoised`."""
        ...

    def submit(
        self, block_index: int, noise: Tensor, audio: AudioTokens, distances: Sequence[int]
    ) -> None:
        """Have a block made; see :meth:`Sampler.denoise`."""
        ...

    def collect(self) -> Denoised:
        """The block that was submitted first and not collected yet."""
        ...


class Sampler:
    """The state of one video: its memories, its sink, its prompt.

    Args:
        transformer: on the device that renders.
        schedule: the denoising steps.
        height: of the latents; even.
        width: of the latents; even.
        num_past_latents: how far blocks look back, themselves included; whole blocks.
        steps: which of the schedule's steps are done here; None: all. Memories are kept for these.
        make_caches: makes the memories, wherever they are held.

    Attributes:
        steps: those that are done here.
        ahead: see :class:`BlockSampler`; a GPU is told what to do and not waited for.

    Raises:
        ValueError: a size breaks these rules.
    """

    def __init__(
        self,
        transformer: Transformer,
        schedule: Schedule,
        *,
        height: int,
        width: int,
        num_past_latents: int,
        steps: range | None = None,
        make_caches: MakeCaches = make_caches,
    ) -> None:
        if height % PATCH or width % PATCH:
            raise ValueError(f"latent height and width must be even, got {height}x{width}")
        if num_past_latents < BLOCK_LATENTS or num_past_latents % BLOCK_LATENTS:
            raise ValueError(
                f"num_past_latents must be a multiple of {BLOCK_LATENTS}, got {num_past_latents}"
            )
        self._transformer, self._schedule = transformer, schedule
        self.steps = range(schedule.num_steps) if steps is None else steps
        self._rows, self._columns = range(height // PATCH), range(width // PATCH)
        self._device = next(transformer.parameters()).device
        self.ahead = Ahead(self._device) if self._device.type == "cuda" else None
        self._timesteps = schedule.timesteps.to(self._device)
        head_dim = transformer.config.head_dim
        table = motion_table(height, width, head_dim)
        self._motion_table = onto(table, self._device)
        self._text: list[KeysValues] = []
        self._texts: deque[tuple[Tensor, list[KeysValues]]] = deque(maxlen=_TEXTS_KEPT)
        self._waiting: deque[Denoised] = deque()
        # the first latent that is remembered: the rings are filled from their front, so that
        # nothing older than a reset is ever attended
        self._begun_at: int | None = None
        sizes = CacheSizes(
            num_layers=transformer.config.num_layers,
            num_reference=self.tokens_per_latent,
            num_sink=self.tokens_per_latent + self._motion_table.shape[1],
            ring_size=num_past_latents * self.tokens_per_latent,
            num_heads=transformer.num_own_heads,
            head_dim=head_dim,
            dtype=transformer.dtype,
            device=self._device,
        )
        caches = make_caches(len(self.steps), sizes)
        self._caches = dict(zip(self.steps, caches, strict=True))
        grid = (self._rows, self._columns, head_dim)
        # no method of its own: a sampler that holds itself keeps its memories when it is given up
        make_table = partial(_make_table, grid, self._device)
        self._table = lru_cache(maxsize=_TABLES_KEPT)(make_table)

    @property
    def tokens_per_latent(self) -> int:
        """Tokens of one latent frame, p."""
        return len(self._rows) * len(self._columns)

    @property
    def num_steps(self) -> int:
        """See :class:`BlockSampler`."""
        return self._schedule.num_steps

    @property
    def depth(self) -> int:
        """See :class:`BlockSampler`."""
        return 1

    @property
    def inputs(self) -> torch.device:
        """See :class:`BlockSampler`."""
        return self._device

    @property
    def caches(self) -> Sequence[StepCache]:
        """One memory per denoising step that is done here."""
        return list(self._caches.values())

    def set_text(self, context: Tensor) -> None:
        """Take a prompt ``(tokens, text_dim)``, encoded by the text encoder.

        What is made of the latest prompts is kept, and found again by the tensor itself.
        """
        known = [text for prompt, text in self._texts if prompt is context]
        self._text = known[0] if known else self._transformer.text_keys_values(context)
        if not known:
            self._texts.append((context, self._text))

    def set_sink(self, reference: Tensor, motion: Tensor) -> None:
        """Encode reference ``(1, 16, 1, h, w)`` and motion ``(1, 16, T, h, w)`` latents.

        What was remembered of past blocks stays.
        """
        table = torch.cat((self._table(REFERENCE_POSITION, 1), self._motion_table), dim=1)
        sinks = self._transformer.prefill(reference, motion, self._text, table)
        take_sinks(self.caches, sinks, table, self.tokens_per_latent)

    def reset(self) -> None:
        """Forget past blocks, for another video; the buffers are kept."""
        if self.ahead is not None:
            self.ahead.drop()
        self._begun_at = None
        self._waiting.clear()
        for cache in self._caches.values():
            for layer in cache.layers:
                layer.num_filled = 0

    def submit(
        self, block_index: int, noise: Tensor, audio: AudioTokens, distances: Sequence[int]
    ) -> None:
        """See :class:`BlockSampler`; here it is made at once."""
        self._waiting.append(self.denoise(block_index, noise, audio, distances))

    def collect(self) -> Denoised:
        """See :class:`BlockSampler`."""
        return self._waiting.popleft()

    def denoise(
        self, block_index: int, noise: Tensor, audio: AudioTokens, distances: Sequence[int]
    ) -> Denoised:
        """One block, through the steps that are done here.

        Args:
            block_index: counted from the video's beginning; blocks come in order.
            noise: ``(1, 16, 3, h, w)`` in the transformer's dtype; what the first step finds.
            audio: what the block hears.
            distances: of every step, how far ahead of the block the reference is seen, once the
                video has come that close to where it was first.
        """
        first = block_index * BLOCK_LATENTS
        latents, seen = noise, list[Tensor]()
        for index in self.steps:
            seen.append(latents)
            velocity = self.velocity(first, latents, audio, index, distances[index])
            latents = self._schedule.step(latents, velocity, index)
        return Denoised(latents, torch.cat(seen))

    def remember(
        self, block_index: int, seen: Tensor, audio: AudioTokens, distances: Sequence[int]
    ) -> None:
        """Fill the memories with a block that was denoised elsewhere; see :class:`Denoised`."""
        first = block_index * BLOCK_LATENTS
        for index in self.steps:
            self.velocity(first, seen[index][None], audio, index, distances[index])

    def velocity(
        self, first: int, latents: Tensor, audio: AudioTokens, step_index: int, distance: int
    ) -> Tensor:
        """One question to the transformer; the block's keys are remembered."""
        cache = self._caches[step_index]
        if self._begun_at is None:
            self._begun_at = first
        reference = max(REFERENCE_POSITION, first + distance)
        cache.move_reference(reference, self._table(reference, 1), self._transformer.turn)
        velocity = self._transformer(
            latents,
            self._timesteps[step_index].expand(BLOCK_LATENTS),
            audio,
            self._text,
            cache,
            self._table(first, BLOCK_LATENTS),
            (first - self._begun_at) * self.tokens_per_latent,
        )
        return velocity.to(self._transformer.dtype)


def _make_table(
    grid: tuple[range, range, int], device: torch.device, first: int, count: int
) -> Tensor:
    """Table of ``count`` latent frames; ``grid`` is what :func:`rope_table` takes beside them."""
    return onto(rope_table(range(first, first + count), *grid), device)
