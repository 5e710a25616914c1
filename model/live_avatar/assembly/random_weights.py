"""The model with random weights: everything runs, and the pictures are noise.

For tests of all that is around the model, and for figures of speed and memory, which do not depend
on what the weights are. The same preset has the same weights everywhere.
"""

import zlib

import torch
from torch import Tensor
from transformers import Wav2Vec2Config, Wav2Vec2Model

from model.live_avatar.assembly.random_transformer import SIZES, filled, random_transformer
from model.live_avatar.encoders.audio import SpeechEncoder
from model.live_avatar.encoders.text import (
    build_text_encoder,
    clean_prompt,
    encode_prompt,
    text_dtype,
)
from model.live_avatar.encoders.text_home import ON_DEVICE, TextHome
from model.live_avatar.encoders.vae import build_vae
from model.live_avatar.encoders.vae_layers import put_channels_last
from model.live_avatar.planning.sizes import ModelSizes
from model.live_avatar.sampling.segment import Parts
from model.live_avatar.weights.location import RandomPreset
from model.live_avatar.weights.state import Put, built_empty, put


def untrained(
    preset: RandomPreset,
    dtype: torch.dtype,
    device: torch.device | str,
    put_weight: Put = put,
    text_home: TextHome = ON_DEVICE,
    *,
    has_layers: bool = True,
) -> Parts:
    """All parts of the model, filled with random numbers.

    Args:
        preset: their size; ``14b`` takes 46 GB in bfloat16.
        dtype: of all weights.
        device: that holds them.
        put_weight: puts a weight into the transformer; see
        :mod:`model.live_avatar.parallel.quantize`.
        text_home: where the text encoder's weights are between prompts.
        has_layers: of the transformer; without them it renders nothing.
    """
    sizes = SIZES[preset]
    where = torch.device(device)
    encoder = built_empty(lambda: build_text_encoder(sizes.text))
    encoder = filled(encoder, text_dtype(dtype), where, text_home.put_weight)
    text_home.settle(encoder)
    return Parts(
        transformer=random_transformer(preset, dtype, where, put_weight, has_layers=has_layers),
        vae=filled(built_empty(lambda: build_vae(sizes.vae)), dtype, where, put_channels_last),
        speech=SpeechEncoder(filled(_speech_model(sizes), dtype, where)),
        encode_text=lambda prompt: encode_prompt(encoder, _word_ids(prompt, sizes)),
    )


def _speech_model(sizes: ModelSizes) -> Wav2Vec2Model:
    speech = sizes.speech
    config = Wav2Vec2Config(
        hidden_size=speech.dim,
        intermediate_size=speech.ffn_dim,
        num_hidden_layers=speech.num_layers,
        num_attention_heads=speech.num_heads,
        conv_dim=(speech.conv_dim,) * len(speech.conv_kernels),
        conv_kernel=speech.conv_kernels,
        num_conv_pos_embeddings=speech.position_kernel,
        num_conv_pos_embedding_groups=speech.position_groups,
        do_stable_layer_norm=True,
        feat_extract_norm="layer",
        conv_bias=True,
        layerdrop=0.0,
    )
    return Wav2Vec2Model(config)


def _word_ids(prompt: str, sizes: ModelSizes) -> Tensor:
    """A token for each word, by its checksum: there is no tokenizer of an untrained model."""
    words = clean_prompt(prompt).split()[: sizes.transformer.text_len - 1]
    ids = [2 + zlib.crc32(word.encode()) % (sizes.text.vocab_size - 2) for word in words]
    return torch.tensor([*ids, 1], dtype=torch.long)
