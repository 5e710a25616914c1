"""What every rank has of the engine: the transformer, and how weights come to its device.

Nothing here needs a text encoder, a speech encoder or a VAE: a rank that does not lead starts
without their libraries.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import torch

from model.errors import WeightsError
from model.host import heartbeats
from model.live_avatar.assembly.random_transformer import random_transformer
from model.live_avatar.config import BLOCK_LATENTS, LATENT_SIDE
from model.live_avatar.devices.device import choose_device, keep_float32
from model.live_avatar.devices.memory import free_memory, memory_errors_named
from model.live_avatar.devices.memory_ladder import Load
from model.live_avatar.network.cache import make_caches
from model.live_avatar.network.transformer import Transformer
from model.live_avatar.parallel.kernels import run_by
from model.live_avatar.parallel.offload import Offloader
from model.live_avatar.parallel.quantize import FLOAT8_RULES, TORCH_DTYPES, float8_put, has_float8
from model.live_avatar.parallel.ranks import Ranks
from model.live_avatar.planning.offload import (
    NO_OFFLOAD,
    Offload,
)
from model.live_avatar.planning.placement_checks import Wanted, check_placement
from model.live_avatar.planning.sizes import MODELS, ModelSizes
from model.live_avatar.sampling.sampler import Sampler
from model.live_avatar.sampling.schedule import Schedule, make_schedule
from model.live_avatar.weights.location import WeightsLocation
from model.live_avatar.weights.published import ModelFiles, check_config, missing_files
from model.live_avatar.weights.state import Put, load_transformer, put

if TYPE_CHECKING:
    from model.live_avatar.parallel.shards import Shards

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
        schedule = schedule_of(told)
        return Sampler(
            self.transformer,
            schedule,
            height=told["height"] // LATENT_SIDE,
            width=told["width"] // LATENT_SIDE,
            num_past_latents=told["blocks_per_clip"] * BLOCK_LATENTS,
            steps=steps_of(schedule.num_steps),
            make_caches=self._make_caches,
        )


def schedule_of(told: Told) -> Schedule:
    """The denoising steps that are asked for."""
    return make_schedule(told["num_steps"], told["shift"], is_truncated=told["is_truncated"])


@dataclass(frozen=True)
class Way:
    """How weights are brought to a device.

    Attributes:
        dtype: of all weights.
        device: that holds them.
        sizes: of the model.
        put_weight: puts a weight into the transformer.
        offloader: what stays in the host's memory.
        ranks: that render together.
        shards: of the weights that this rank has a part of; None: it has them whole.
    """

    dtype: torch.dtype
    device: torch.device
    sizes: ModelSizes
    put_weight: Put
    offloader: Offloader
    ranks: Ranks
    shards: "Shards | None"

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


def way_of(
    place: WeightsLocation, dtype_name: str, device_name: str, offload: Offload, ranks: Ranks | None
) -> Way:
    """How the weights come to a device.

    Arguments and errors are those of :func:`model.live_avatar.assembly.loader.load`.
    """
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
        from model.live_avatar.parallel.shards import Shards  # a second to import

        free_memory()  # a model that was shared out before holds itself
        shards = Shards(ranks.groups.shards, device)
        put_weight = shards.put_of(put_weight)
    return Way(TORCH_DTYPES[dtype_name], device, sizes, put_weight, offloader, ranks, shards)


def can_float8(place: WeightsLocation, device_name: str) -> bool:
    """Whether the device can compute with dtype float8; arguments are those of :func:`way_of`."""
    return has_float8(choose_device(device_name, is_small=place.is_tiny))


def load_core(
    place: WeightsLocation,
    dtype_name: str,
    device_name: str,
    offload: Offload = NO_OFFLOAD,
    ranks: Ranks | None = None,
) -> Core:
    """Bring the transformer alone to a device, for a rank that does not lead.

    Arguments and errors are those of :func:`model.live_avatar.assembly.loader.load`.
    """
    way = way_of(place, dtype_name, device_name, offload, ranks)
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
    log_loaded("transformer", way.device, dtype_name, started)
    return Core(transformer, dtype_name, offload)


def log_loaded(what: str, device: torch.device, dtype_name: str, started: float) -> None:
    """Say how long it took to bring ``what`` to the device."""
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

    Arguments and errors are those of
    :func:`model.live_avatar.assembly.loader.load_published`.
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
