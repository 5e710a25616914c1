"""The engine's torch half: the weights on a device, and what is kept between segments."""

import logging
import time
from collections.abc import Mapping
from functools import lru_cache

import torch

from model.engine import SegmentJob
from model.errors import WeightsError
from model.live_avatar.audio import load_speech_encoder
from model.live_avatar.cache import MakeCaches, make_caches
from model.live_avatar.config import BLOCK_LATENTS, LATENT_SIDE
from model.live_avatar.device import choose_device
from model.live_avatar.moved import NO_OFFLOAD, Offload
from model.live_avatar.offload import Offloader
from model.live_avatar.place import Place
from model.live_avatar.published import ModelFiles, check_config, missing_files
from model.live_avatar.quantize import Float8, float8_put
from model.live_avatar.sampler import Sampler
from model.live_avatar.schedule import make_schedule
from model.live_avatar.segment import Parts, SegmentRendering, SegmentSettings, memory_fault
from model.live_avatar.sizes import MODELS, ModelSizes
from model.live_avatar.text import (
    ON_DEVICE,
    PromptTokenizer,
    TextHome,
    encode_prompt,
    load_text_encoder,
    text_dtype,
)
from model.live_avatar.untrained import untrained
from model.live_avatar.vae import load_vae
from model.live_avatar.weights import Put, load_transformer, put

_PROMPTS_KEPT = 16
# by the engine's setting; float8 is bfloat16 but for the transformer's large linear layers
_DTYPES: Mapping[str, torch.dtype] = {
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "float32": torch.float32,
    "float8": torch.bfloat16,
}
_log = logging.getLogger("nightshoot.live_avatar")


class Loaded:
    """The model, ready; one segment at a time.

    Attributes:
        dtype_name: of its weights.
    """

    def __init__(
        self, parts: Parts, dtype_name: str, make_caches: MakeCaches = make_caches
    ) -> None:
        self.dtype_name = dtype_name
        self._parts, self._make_caches = parts, make_caches
        self._text = lru_cache(maxsize=_PROMPTS_KEPT)(parts.encode_text)
        self._sampler = lru_cache(maxsize=1)(self._make_sampler)

    def render(self, job: SegmentJob) -> SegmentRendering:
        """Start rendering ``job``, whose settings have been checked.

        What was begun before and is not exhausted is spoilt: the memories are the same.
        """
        settings = SegmentSettings.of(job.settings)
        key = (settings.num_steps, settings.shift, settings.is_truncated)
        sampler = self._sampler(*key, settings.blocks_per_clip, job.height, job.width)
        return SegmentRendering(self._parts, settings, job, sampler, self._text)

    def _make_sampler(
        self,
        num_steps: int,
        shift: float,
        is_truncated: bool,
        blocks_per_clip: int,
        height: int,
        width: int,
    ) -> Sampler:
        """Memories are large: the same serve all segments of a size."""
        self._sampler.cache_clear()  # the next ones need what the last ones hold
        return Sampler(
            self._parts.transformer,
            make_schedule(num_steps, shift, is_truncated=is_truncated),
            height=height // LATENT_SIDE,
            width=width // LATENT_SIDE,
            num_past_latents=blocks_per_clip * BLOCK_LATENTS,
            make_caches=self._make_caches,
        )


def load(place: Place, dtype_name: str, device_name: str, offload: Offload = NO_OFFLOAD) -> Loaded:
    """Bring the weights to a device.

    Args:
        place: where they are; not only their id.
        dtype_name: the engine's setting; see :mod:`model.live_avatar.settings`.
        device_name: as torch names it; empty: the first GPU, or the CPU for the tiny preset.
        offload: what stays in the host's memory.

    Raises:
        WeightsError: they are missing, damaged, or another model's.
        ResourceError: there is no such device, it cannot compute in this dtype, or has too
            little memory, or so has the host.
    """
    dtype = _DTYPES[dtype_name]
    device = choose_device(device_name, is_small=place.random == "tiny")
    if device.type == "cpu":
        torch.set_num_threads(1)  # sums must not depend on how many cores there are
    sizes = MODELS["tiny" if place.random == "tiny" else "live-avatar-14b"]
    put_weight = put
    if dtype_name == "float8":
        put_weight = float8_put(sizes.transformer, Float8(), device)
    offloader = Offloader(offload, device)
    put_weight, text_home = offloader.put_of(put_weight), offloader.text_home
    started = time.perf_counter()
    try:
        if place.random is not None:
            parts = untrained(place.random, dtype, device, put_weight, text_home)
        else:
            assert place.files is not None
            parts = load_published(place.files, sizes, dtype, device, put_weight, text_home)
        offloader.settle(parts.transformer)
    except torch.OutOfMemoryError as error:
        raise memory_fault(error, "while the weights were loaded") from error
    _log.info("weights on %s in %s after %.1f s", device, dtype_name, time.perf_counter() - started)
    return Loaded(parts, dtype_name, offloader.make_caches)


def load_published(
    files: ModelFiles,
    sizes: ModelSizes,
    dtype: torch.dtype,
    device: torch.device,
    put_weight: Put = put,
    text_home: TextHome = ON_DEVICE,
) -> Parts:
    """All parts of a model that is laid out as the published one.

    Args:
        files: where they lie.
        sizes: of the parts.
        dtype: of all weights; of the text encoder's see :func:`model.live_avatar.text.text_dtype`.
        device: that holds them.
        put_weight: puts a weight into the transformer; see :mod:`model.live_avatar.quantize`.
        text_home: where the text encoder's weights are between prompts.

    Raises:
        WeightsError: files are missing, damaged, or another model's.
    """
    lora = files.lora.path if files.lora else None
    missing = missing_files(files.folder, lora)
    if missing:
        told = "\n  ".join(f"{each.path}: {each.fault}; {each.way_out}" for each in missing)
        raise WeightsError(f"{len(missing)} files of the model cannot be used:\n  {told}")
    config, text = sizes.transformer, sizes.text
    check_config(files.transformer_config, config)
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
        transformer=load_transformer(
            config,
            files.transformer,
            lora=files.lora,
            dtype=dtype,
            device=device,
            put_weight=put_weight,
        ),
        vae=load_vae(files.vae, config=sizes.vae, dtype=dtype, device=device),
        speech=speech,
        encode_text=lambda prompt: encode_prompt(encoder, tokenizer.ids(prompt)),
    )
