"""A prompt -> what the transformer reads: the encoder of UMT5, one vector per token.

The layers are those of transformers; here are the sizes, the published names, the way a prompt
was cleaned when the model was trained, and a tokenizer read from a local folder alone.

Shapes: L tokens, D width.
"""

import html
import re
from pathlib import Path

import ftfy
import torch
from tokenizers import Tokenizer
from torch import Tensor
from transformers import UMT5Config, UMT5EncoderModel
from transformers.models.umt5.modeling_umt5 import UMT5Stack

from model.errors import WeightsError
from model.live_avatar.config import UMT5_XXL, TextConfig
from model.live_avatar.encoders.text_home import ON_DEVICE, TextHome
from model.live_avatar.weights.published import PUBLISHED_AT
from model.live_avatar.weights.published_configs import TOKENIZER_NAME, tokenizer_faults
from model.live_avatar.weights.state import built_empty, load_weights, weights_faults

_WAY_OUT = f"take google/umt5-xxl/tokenizer.json from {PUBLISHED_AT}"
_SPACES = re.compile(r"\s+")


def build_text_encoder(config: TextConfig) -> UMT5Stack:
    """An encoder without meaningful weights, on torch's default device.

    Attention is computed step by step (``eager``): then it is bit-equal to the reference's, and a
    prompt is encoded once per video.
    """
    model = UMT5EncoderModel(
        UMT5Config(
            vocab_size=config.vocab_size,
            d_model=config.dim,
            d_kv=config.attention_dim // config.num_heads,
            d_ff=config.ffn_dim,
            num_layers=config.num_layers,
            num_heads=config.num_heads,
            relative_attention_num_buckets=config.num_buckets,
            relative_attention_max_distance=config.max_distance,
            layer_norm_epsilon=config.norm_eps,
            feed_forward_proj="gated-gelu",
        )
    )
    model.set_attn_implementation("eager")
    # of the whole model, this part alone names every parameter once
    return model.encoder.eval().requires_grad_(False)


def load_text_encoder(
    path: Path,
    *,
    config: TextConfig = UMT5_XXL,
    dtype: torch.dtype,
    device: torch.device | str,
    home: TextHome = ON_DEVICE,
) -> UMT5Stack:
    """The encoder with published weights.

    Args:
        path: the ``.pth`` or a safetensors file with the same names.
        config: its sizes.
        dtype: of all its weights.
        device: that holds it.
        home: where its weights are between prompts.

    Raises:
        WeightsError: the file is missing, cut short or of another model.
    """
    encoder = built_empty(lambda: build_text_encoder(config))
    names = published_text_names(encoder)
    load_weights(encoder, path, names, dtype=dtype, device=device, put_weight=home.put_weight)
    home.settle(encoder)
    return encoder


def text_encoder_faults(path: Path, config: TextConfig = UMT5_XXL) -> list[str]:
    """What of the encoder's file does not fit, told by its header alone.

    Raises:
        WeightsError: the file is missing, cut short, or not what its name says.
    """
    encoder = built_empty(lambda: build_text_encoder(config))
    return weights_faults(encoder, path, published_text_names(encoder))


def text_dtype(dtype: torch.dtype) -> torch.dtype:
    """The encoder's, in a model of ``dtype``: its feed-forward layers leave float16's range."""
    return torch.bfloat16 if dtype == torch.float16 else dtype


# --- published names ---

_PARTS = {
    "layer.0.layer_norm": "norm1",
    "layer.1.layer_norm": "norm2",
    "layer.0.SelfAttention.q": "attn.q",
    "layer.0.SelfAttention.k": "attn.k",
    "layer.0.SelfAttention.v": "attn.v",
    "layer.0.SelfAttention.o": "attn.o",
    "layer.0.SelfAttention.relative_attention_bias": "pos_embedding.embedding",
    "layer.1.DenseReluDense.wi_0": "ffn.gate.0",
    "layer.1.DenseReluDense.wi_1": "ffn.fc1",
    "layer.1.DenseReluDense.wo": "ffn.fc2",
}
_WHOLE = {"embed_tokens.weight": "token_embedding.weight", "final_layer_norm.weight": "norm.weight"}
_IN_BLOCK = re.compile(r"block\.(\d+)\.(.+)\.weight")


def published_text_names(encoder: UMT5Stack) -> dict[str, str]:
    """Published name -> transformers' own, of every parameter."""
    return {_published(name): name for name, _ in encoder.named_parameters()}


def _published(name: str) -> str:
    found = _IN_BLOCK.fullmatch(name)
    if found:
        return f"blocks.{found[1]}.{_PARTS[found[2]]}.weight"
    return _WHOLE[name]


# --- prompts ---


def clean_prompt(prompt: str) -> str:
    """The prompt as the model reads it: one line of plain text.

    ftfy straightens quotes and full-width signs, so a Chinese or a typeset prompt has other tokens
    without it; HTML entities are replaced twice, as the reference does.
    """
    return _SPACES.sub(" ", html.unescape(html.unescape(ftfy.fix_text(prompt)))).strip()


class PromptTokenizer:
    """Turns prompts into token ids, with the end token and without padding.

    Args:
        folder: with ``tokenizer.json``; nothing is fetched.
        text_len: the most tokens, the end token included; longer prompts are cut.
        vocab_size: of the encoder.

    Raises:
        WeightsError: there is no such file, or it is of another model.
    """

    def __init__(self, folder: Path, *, text_len: int, vocab_size: int) -> None:
        faults = tokenizer_faults(folder)
        if faults:
            raise WeightsError(f"{folder}: {'; '.join(faults)}; {_WAY_OUT}")
        path = folder / TOKENIZER_NAME
        self._tokenizer = Tokenizer.from_file(str(path))
        known = self._tokenizer.get_vocab_size()
        if known > vocab_size:
            raise WeightsError(
                f"{path} has {known} tokens, the text encoder {vocab_size}; {_WAY_OUT}"
            )
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(text_len)

    def ids(self, prompt: str) -> Tensor:
        """Ids ``(L,)`` of a cleaned prompt."""
        return torch.tensor(self._tokenizer.encode(clean_prompt(prompt)).ids, dtype=torch.long)


@torch.no_grad()
def encode_prompt(encoder: UMT5Stack, ids: Tensor) -> Tensor:
    """Vectors ``(L, D)`` of unpadded ids ``(L,)``, in the encoder's dtype.

    Raises:
        ValueError: there are no ids.
    """
    if not len(ids):
        raise ValueError("a prompt has at least its end token; the tokenizer gave none")
    return encoder(input_ids=ids[None].to(encoder.device)).last_hidden_state[0]
