"""All parts of the model, as the rank that leads has them, and what it keeps between segments."""

import logging
import time
from dataclasses import replace
from functools import lru_cache
from typing import Any

import torch

from model.engine import SegmentJob
from model.host import heartbeats
from model.live_avatar.assembly.core import (
    Core,
    load_published_transformer,
    log_loaded,
    schedule_of,
    way_of,
)
from model.live_avatar.assembly.random_weights import untrained
from model.live_avatar.devices.memory import free_memory, memory_errors_named
from model.live_avatar.devices.memory_ladder import Load
from model.live_avatar.encoders.audio import load_speech_encoder
from model.live_avatar.encoders.text import (
    PromptTokenizer,
    encode_prompt,
    load_text_encoder,
    text_dtype,
)
from model.live_avatar.encoders.text_home import ON_DEVICE, TextHome
from model.live_avatar.encoders.vae import load_vae
from model.live_avatar.parallel.decoder_kernels import decode_by
from model.live_avatar.parallel.ranks import Ranks
from model.live_avatar.planning.offload import (
    NO_OFFLOAD,
    Offload,
)
from model.live_avatar.planning.sizes import ModelSizes
from model.live_avatar.sampling.sampler import BlockSampler
from model.live_avatar.sampling.segment import Parts, SegmentRendering, SegmentSettings
from model.live_avatar.settings import COMPILE_VAE, LATER_DEFAULTS
from model.live_avatar.weights.location import WeightsLocation
from model.live_avatar.weights.published import ModelFiles
from model.live_avatar.weights.state import Put, put

_PROMPTS_KEPT = 16
_log = logging.getLogger("nightshoot.live_avatar")


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
        self._compiled_sizes: set[tuple[int, int]] = set()

    def render(self, job: SegmentJob) -> SegmentRendering:
        """Start rendering ``job``, whose settings have been checked.

        What was begun before and is not exhausted is spoilt: the memories are the same.
        """
        settings = SegmentSettings.of(job.settings)
        self._settle()
        self._prepare_decoder(job)
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

    def _prepare_decoder(self, job: SegmentJob) -> None:
        is_compiled = bool(job.settings.get(COMPILE_VAE, LATER_DEFAULTS[COMPILE_VAE]))
        size = (job.width, job.height)
        if is_compiled and size not in self._compiled_sizes:
            heartbeats.phase("the first frames of a size, which are compiled", "compile")
            self._compiled_sizes.add(size)
        decode_by(self._parts.vae.decoder, is_compiled=is_compiled)

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
        return self._ranks.sampler(self._core.sampler, told, schedule_of(told).num_steps)


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
    way = way_of(place, dtype_name, device_name, offload, ranks)
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
    log_loaded("weights", way.device, dtype_name, started)
    return Loaded(parts, dtype_name, offload, ranks)


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
