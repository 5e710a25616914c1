"""The model with random weights: everything runs, and the pictures are noise.

For tests of all that is around the model, and for figures of speed and memory, which do not depend
on what the weights are. The same preset has the same weights everywhere.
"""

import zlib
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from accelerate.utils import set_module_tensor_to_device
from torch import Tensor, nn
from transformers import Wav2Vec2Config, Wav2Vec2Model

from model.live_avatar.audio import SpeechEncoder
from model.live_avatar.config import (
    LIVE_AVATAR_14B,
    TINY,
    TINY_TEXT,
    UMT5_XXL,
    WAN_VAE,
    TextConfig,
    TransformerConfig,
    VaeConfig,
)
from model.live_avatar.place import RandomPreset
from model.live_avatar.segment import Parts
from model.live_avatar.text import build_text_encoder, clean_prompt, encode_prompt
from model.live_avatar.transformer import Transformer
from model.live_avatar.vae import build_vae
from model.live_avatar.weights import built_empty

_NORM_SPREAD = 0.1
_Model = TypeVar("_Model", bound=nn.Module)


@dataclass(frozen=True)
class _Sizes:
    """Of all parts of one preset; ``speech`` is what differs from the published speech encoder."""

    transformer: TransformerConfig
    text: TextConfig
    vae: VaeConfig
    speech: dict[str, Any]


_PRESETS: dict[RandomPreset, _Sizes] = {
    "tiny": _Sizes(
        TINY,
        TINY_TEXT,
        VaeConfig(dim=4, num_res_blocks=1),
        {
            "intermediate_size": 32,
            "num_attention_heads": 2,
            "conv_dim": (16,) * 7,
            "num_conv_pos_embeddings": 16,
            "num_conv_pos_embedding_groups": 2,
        },
    ),
    "14b": _Sizes(
        LIVE_AVATAR_14B,
        UMT5_XXL,
        WAN_VAE,
        {"intermediate_size": 4096, "num_attention_heads": 16},
    ),
}


def untrained(preset: RandomPreset, dtype: torch.dtype, device: torch.device | str) -> Parts:
    """All parts of the model, filled with random numbers.

    Args:
        preset: their size; ``14b`` takes 46 GB in bfloat16.
        dtype: of all weights.
        device: that holds them.
    """
    sizes = _PRESETS[preset]
    where = torch.device(device)
    encoder = _filled(built_empty(lambda: build_text_encoder(sizes.text)), dtype, where)
    return Parts(
        transformer=_filled(built_empty(lambda: Transformer(sizes.transformer)), dtype, where),
        vae=_filled(built_empty(lambda: build_vae(sizes.vae)), dtype, where),
        speech=SpeechEncoder(_filled(_speech_model(sizes), dtype, where)),
        encode_text=lambda prompt: encode_prompt(encoder, _word_ids(prompt, sizes)),
    )


def _speech_model(sizes: _Sizes) -> Wav2Vec2Model:
    config = Wav2Vec2Config(
        hidden_size=sizes.transformer.audio_dim,
        num_hidden_layers=sizes.transformer.num_audio_layers - 1,
        do_stable_layer_norm=True,
        feat_extract_norm="layer",
        conv_bias=True,
        layerdrop=0.0,
        **sizes.speech,
    )
    return Wav2Vec2Model(config)


def _word_ids(prompt: str, sizes: _Sizes) -> Tensor:
    """A token for each word, by its checksum: there is no tokenizer of an untrained model."""
    words = clean_prompt(prompt).split()[: sizes.transformer.text_len - 1]
    ids = [2 + zlib.crc32(word.encode()) % (sizes.text.vocab_size - 2) for word in words]
    return torch.tensor([*ids, 1], dtype=torch.long)


def _filled(model: _Model, dtype: torch.dtype, device: torch.device) -> _Model:
    """``model`` with every parameter drawn by its name, small, and none zero."""
    for name, parameter in list(model.named_parameters()):
        source = torch.Generator(device).manual_seed(zlib.crc32(name.encode()))
        value = torch.randn(parameter.shape, generator=source, device=device, dtype=torch.float32)
        value = _scaled(name, value)
        set_module_tensor_to_device(model, name, device, value=value.to(dtype), dtype=dtype)
    model.to(device)  # what is no parameter
    return model.eval().requires_grad_(False)


def _scaled(name: str, value: Tensor) -> Tensor:
    if value.dim() > 1:
        return value / value[0].numel() ** 0.5
    offset = 1.0 if name.endswith(("weight", "gamma")) else 0.0
    return value * _NORM_SPREAD + offset
