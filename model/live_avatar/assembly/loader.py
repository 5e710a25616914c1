"""The engine's torch half: the weights on a device, and what is kept between segments."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeAlias

import torch

from model.engine import SegmentJob
from model.errors import WeightsError
from model.host import heartbeats
from model.live_avatar.assembly.random_weights import random_transformer, untrained
from model.live_avatar.config import BLOCK_LATENTS, LATENT_SIDE
from model.live_avatar.devices.device import choose_device, keep_float32
from model.live_avatar.devices.memory import free_memory, memory_errors_named
from model.live_avatar.devices.memory_ladder import Load
from model.live_avatar.encoders.audio import load_speech_encoder
from model.live_avatar.encoders.text import (
    ON_DEVICE,
    PromptTokenizer,
    TextHome,
    encode_prompt,
    load_text_encoder,
    text_dtype,
)
from model.live_avatar.encoders.vae import load_vae
from model.live_avatar.network.cache import make_caches
from model.live_avatar.network.transformer import Transformer
from model.live_avatar.parallel.kernels import run_by
from model.live_avatar.parallel.offload import Offloader
from model.live_avatar.parallel.quantize import FLOAT8_RULES, TORCH_DTYPES, float8_put, has_float8
from model.live_avatar.parallel.ranks import Ranks
from model.live_avatar.parallel.shards import Shards
from model.live_avatar.planning.offload import (
    NO_OFFLOAD,
    Offload,
)
from model.live_avatar.planning.placement_checks import Wanted, check_placement
from model.live_avatar.planning.sizes import MODELS, ModelSizes
from model.live_avatar.sampling.sampler import BlockSampler, Sampler
from model.live_avatar.sampling.schedule import Schedule, make_schedule
from model.live_avatar.sampling.segment import Parts, SegmentRendering, SegmentSettings
from model.live_avatar.weights.location import WeightsLocation
from model.live_avatar.weights.published import ModelFiles, check_config, missing_files
from model.live_avatar.weights.state import Put, load_transformer, put

_PROMPTS_KEPT = 16
_log = logging.getLogger("nightshoot.live_avatar")

Told: TypeAlias = Mapping[str, Any]
"""Sizes and settings from which every rank makes its sampler."""


class Core:
    """The transformer, ready: what every rank has.

    Args:
        transformer: the same.
        dtype_name: of its weights.
        offload: what of it is in the host's memory.

    Attributes:
        held: how it holds its weights.
    """

    def __init__(
        self, transformer: Transformer, dtype_name: str, offload: Offload = NO_OFFLOAD
    ) -> None:
        self.transformer, self.dtype_name = transformer, dtype_name
        self.held = Load.of(dtype_name, offload)
        self._offload = NO_OFFLOAD
        self._make_caches = make_caches
        self.keep_memories(offload)

    def keep_memories(self, offload: Offload) -> bool:
        """Hold the memories of later samplers where ``offload`` says; whether that is new."""
        if (offload.kv, offload.sink) == (self._offload.kv, self._offload.sink):
            return False
        device = next(self.transformer.parameters()).device
        self._offload, self._make_caches = offload, Offloader(offload, device).make_caches
        return True

    def sampler(self, told: Told, steps_of: Callable[[int], range]) -> Sampler:
        """Of the steps that are done on this rank: ``steps_of`` all there are.

        Raises:
            ResourceError: this machine cannot run the transformer as the settings ask.
        """
        run_by(self.transformer, told["attention"], is_compiled=told["is_compiled"])
        schedule = _schedule(told)
        return Sampler(
            self.transformer,
            schedule,
            height=told["height"] // LATENT_SIDE,
            width=told["width"] // LATENT_SIDE,
            num_past_latents=told["blocks_per_clip"] * BLOCK_LATENTS,
            steps=steps_of(schedule.num_steps),
            make_caches=self._make_caches,
        )


def _schedule(told: Told) -> Schedule:
    return make_schedule(told["num_steps"], told["shift"], is_truncated=told["is_truncated"])


class Loaded:
    """The model, ready; one segment at a time.

    Args:
        parts: the models.
        dtype_name: of their weights.
        offload: what is in the host's memory.
        ranks: that render together; None: this process is alone.

    Attributes:
        held: how the weights are held.
    """

    def __init__(
        self,
        parts: Parts,
        dtype_name: str,
        offload: Offload = NO_OFFLOAD,
        ranks: Ranks | None = None,
    ) -> None:
        self._parts, self._ranks = parts, ranks or Ranks()
        self._core = Core(parts.transformer, dtype_name, offload)
        self.held = Load.of(dtype_name, offload)
        self._offload = offload
        self._text = lru_cache(maxsize=_PROMPTS_KEPT)(parts.encode_text)
        self._sampler = lru_cache(maxsize=1)(self._make_sampler)
        self._at_work: BlockSampler | None = None

    def render(self, job: SegmentJob) -> SegmentRendering:
        """Start rendering ``job``, whose settings have been checked.

        What was begun before and is not exhausted is spoilt: the memories are the same.
        """
        settings = SegmentSettings.of(job.settings)
        self._settle()
        with memory_errors_named(f"at {job.width}x{job.height}"):
            sampler = self._sampler(
                num_steps=settings.num_steps,
                shift=settings.shift,
                is_truncated=settings.is_truncated,
                blocks_per_clip=settings.blocks_per_clip,
                height=job.height,
                width=job.width,
                attention=str(job.settings["attention"]),
                is_compiled=bool(job.settings["compile"]),
            )
        self._at_work = sampler
        return SegmentRendering(self._parts, settings, job, sampler, self._text)

    def keep_memories(self, offload: Offload) -> None:
        """Hold the memories of past blocks where ``offload`` says, which leaves the weights."""
        if self._core.keep_memories(offload):
            self._offload = replace(self._offload, kv=offload.kv, sink=offload.sink)
            self.free()

    def free(self) -> None:
        """Give up what the latest rendering needed; it cannot go on."""
        self._settle()
        self._sampler.cache_clear()
        self._ranks.drop()
        free_memory()

    def _settle(self) -> None:
        """Let the latest rendering stop, whoever still has it: its memories are needed."""
        sampler, self._at_work = self._at_work, None
        if sampler is not None and sampler.ahead is not None:
            sampler.ahead.drop()

    def _make_sampler(self, **told: Any) -> BlockSampler:
        """Memories are large: the same serve all segments of a size."""
        heartbeats.phase("the first block of a size, which may compile", "compile")
        self._sampler.cache_clear()  # the next ones need what the last ones hold
        told |= {"dtype": self.held.dtype, "offload": str(self._offload)}
        return self._ranks.sampler(self._core.sampler, told, _schedule(told).num_steps)


@dataclass(frozen=True)
class _Way:
    """How weights are brought to a device."""

    dtype: torch.dtype
    device: torch.device
    sizes: ModelSizes
    put_weight: Put
    offloader: Offloader
    ranks: Ranks
    shards: Shards | None

    @property
    def has_layers(self) -> bool:
        """Of the transformer; who only decodes needs none."""
        return not self.ranks.seat.decodes_alone

    def settle(self, transformer: Transformer) -> None:
        """Let a transformer that has been loaded work as it was brought."""
        if not self.has_layers:
            return
        self.offloader.settle(transformer)
        if self.shards is not None:
            self.shards.settle(transformer)
        self.ranks.settle(transformer)


def _way(
    place: WeightsLocation, dtype_name: str, device_name: str, offload: Offload, ranks: Ranks | None
) -> _Way:
    ranks = ranks or Ranks()
    if ranks.seat.decodes_alone:
        offload = Offload(text=offload.text)  # of the rest there is nothing
    device = choose_device(device_name, is_small=place.is_tiny)
    keep_float32()
    if device.type == "cpu":
        torch.set_num_threads(1)  # sums must not depend on how many cores there are
    sizes = MODELS[place.model]
    check_placement(Wanted(ranks.seat.placement, offload), sizes.transformer)
    put_weight = put
    if dtype_name in FLOAT8_RULES:
        put_weight = float8_put(sizes.transformer, FLOAT8_RULES[dtype_name], device)
    offloader = Offloader(offload, device)
    put_weight, shards = offloader.put_of(put_weight), None
    if ranks.groups.shards is not None:
        free_memory()  # a model that was shared out before holds itself
        shards = Shards(ranks.groups.shards, device)
        put_weight = shards.put_of(put_weight)
    return _Way(TORCH_DTYPES[dtype_name], device, sizes, put_weight, offloader, ranks, shards)


def can_float8(place: WeightsLocation, device_name: str) -> bool:
    """Whether the device can compute with dtype float8; arguments are those of :func:`load`."""
    return has_float8(choose_device(device_name, is_small=place.is_tiny))


def load(
    place: WeightsLocation,
    dtype_name: str,
    device_name: str,
    offload: Offload = NO_OFFLOAD,
    ranks: Ranks | None = None,
) -> Loaded:
    """Bring the weights to a device.

    Args:
        place: where they are; not only their id.
        dtype_name: the engine's setting; see :mod:`model.live_avatar.settings`.
        device_name: as torch names it; empty: the first GPU, or the CPU for the tiny preset.
        offload: what stays in the host's memory.
        ranks: that render together; None: this process is alone.

    Raises:
        WeightsError: they are missing, damaged, or another model's.
        ResourceError: there is no such device, it cannot compute in this dtype, or has too
            little memory, or so has the host.
    """
    way = _way(place, dtype_name, device_name, offload, ranks)
    started = time.perf_counter()
    with (
        heartbeats.within("loading weights", "load"),
        memory_errors_named("while the weights were loaded"),
    ):
        to = (way.dtype, way.device, way.put_weight, way.offloader.text_home)
        if place.random is not None:
            parts = untrained(place.random, *to, has_layers=way.has_layers)
        else:
            assert place.files is not None
            parts = load_published(place.files, way.sizes, *to, has_layers=way.has_layers)
        way.settle(parts.transformer)
    _log_loaded("weights", way.device, dtype_name, started)
    return Loaded(parts, dtype_name, offload, ranks)


def load_core(
    place: WeightsLocation,
    dtype_name: str,
    device_name: str,
    offload: Offload = NO_OFFLOAD,
    ranks: Ranks | None = None,
) -> Core:
    """Bring the transformer alone to a device, for a rank that does not lead.

    Arguments and errors are those of :func:`load`.
    """
    way = _way(place, dtype_name, device_name, offload, ranks)
    started = time.perf_counter()
    with (
        heartbeats.within("loading weights", "load"),
        memory_errors_named("while the weights were loaded"),
    ):
        if place.random is not None:
            transformer = random_transformer(place.random, way.dtype, way.device, way.put_weight)
        else:
            assert place.files is not None
            transformer = load_published_transformer(
                place.files, way.sizes, way.dtype, way.device, way.put_weight
            )
        way.settle(transformer)
    _log_loaded("transformer", way.device, dtype_name, started)
    return Core(transformer, dtype_name, offload)


def _log_loaded(what: str, device: torch.device, dtype_name: str, started: float) -> None:
    _log.info(
        "%s on %s in %s after %.1f s", what, device, dtype_name, time.perf_counter() - started
    )


def load_published_transformer(
    files: ModelFiles,
    sizes: ModelSizes,
    dtype: torch.dtype,
    device: torch.device,
    put_weight: Put = put,
    *,
    has_layers: bool = True,
) -> Transformer:
    """The transformer of a model that is laid out as the published one.

    Arguments and errors are those of :func:`load_published`.
    """
    lora = files.lora.path if files.lora else None
    missing = missing_files(files.folder, lora)
    if missing:
        told = "\n  ".join(f"{each.path}: {each.fault}; {each.way_out}" for each in missing)
        raise WeightsError(f"files of the model are missing or damaged:\n  {told}")
    check_config(files.transformer_config, sizes.transformer)
    return load_transformer(
        sizes.transformer,
        files.transformer,
        lora=files.lora,
        dtype=dtype,
        device=device,
        put_weight=put_weight,
        has_layers=has_layers,
    )


def load_published(
    files: ModelFiles,
    sizes: ModelSizes,
    dtype: torch.dtype,
    device: torch.device,
    put_weight: Put = put,
    text_home: TextHome = ON_DEVICE,
    *,
    has_layers: bool = True,
) -> Parts:
    """All parts of a model that is laid out as the published one.

    Args:
        files: where they lie.
        sizes: of the parts.
        dtype: of all weights; of the text encoder's see
        :func:`model.live_avatar.encoders.text.text_dtype`.
        device: that holds them.
        put_weight: puts a weight into the transformer; see
        :mod:`model.live_avatar.parallel.quantize`.
        text_home: where the text encoder's weights are between prompts.
        has_layers: of the transformer; without them it renders nothing, and they are not read.

    Raises:
        WeightsError: files are missing, damaged, or another model's.
    """
    config, text = sizes.transformer, sizes.text
    transformer = load_published_transformer(
        files, sizes, dtype, device, put_weight, has_layers=has_layers
    )
    tokenizer = PromptTokenizer(
        files.tokenizer, text_len=config.text_len, vocab_size=text.vocab_size
    )
    speech = load_speech_encoder(
        files.speech_encoder,
        audio_dim=config.audio_dim,
        num_audio_layers=config.num_audio_layers,
        dtype=dtype,
        device=device,
    )
    encoder = load_text_encoder(
        files.text_encoder,
        config=text,
        dtype=text_dtype(dtype),
        device=device,
        home=text_home,
    )
    return Parts(
        transformer=transformer,
        vae=load_vae(files.vae, config=sizes.vae, dtype=dtype, device=device),
        speech=speech,
        encode_text=lambda prompt: encode_prompt(encoder, tokenizer.ids(prompt)),
    )
