"""The text encoder against the reference's, the cleaning of prompts, the tokenizer's folder."""

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import BPE, Unigram
from tokenizers.normalizers import NFKC
from tokenizers.pre_tokenizers import Metaspace
from tokenizers.processors import TemplateProcessing
from transformers.models.umt5.modeling_umt5 import UMT5Stack

from model.errors import WeightsError
from model.live_avatar.config import TINY_TEXT, UMT5_XXL, TextConfig
from model.live_avatar.encoders.text import (
    PromptTokenizer,
    build_text_encoder,
    clean_prompt,
    encode_prompt,
    load_text_encoder,
    published_text_names,
)
from model.live_avatar.weights.state import built_empty
from tests.parity.golden import GoldenSet, difference, golden_set, real_keys
from tests.parity.numbers_alone import text_encoder_of

pytestmark = pytest.mark.parity

TOLERANCE = 1e-5  # of float32 kernels that sum in another order; measured: 0


@pytest.fixture(scope="module")
def golden() -> GoldenSet:
    return golden_set()


@pytest.fixture(scope="module")
def encoder(golden: GoldenSet) -> UMT5Stack:
    return text_encoder_of(golden)


def test_the_order_and_the_kind_of_tokens_matter(encoder: UMT5Stack, golden: GoldenSet) -> None:
    ids = golden.tensors("t5")["long.ids"][0, :12]
    first = encode_prompt(encoder, ids)
    assert difference(encode_prompt(encoder, ids.flip(0)), first) > 1e-2
    changed = ids.clone()
    changed[5] = (changed[5] + 1) % golden.config["t5"]["vocab_size"]
    gaps = (encode_prompt(encoder, changed) - first).abs().amax(1)
    assert float(gaps.min()) > 0  # every token sees every other one


def test_a_prompt_without_tokens_is_refused(encoder: UMT5Stack) -> None:
    with pytest.raises(ValueError, match="at least its end token"):
        encode_prompt(encoder, torch.zeros(0, dtype=torch.long))


# --- names ---


def test_every_published_parameter_has_its_place() -> None:
    published = real_keys()["t5"]["tensors"]
    encoder = built_empty(lambda: build_text_encoder(UMT5_XXL))
    ours = {
        name: tuple(encoder.get_parameter(at).shape)
        for name, at in published_text_names(encoder).items()
    }
    assert ours == {name: tuple(at["shape"]) for name, at in published.items()}
    assert len(ours) == len(encoder.state_dict()) == 242


def test_weights_of_another_encoder_are_refused(golden: GoldenSet) -> None:
    with pytest.raises(WeightsError, match=r"missing: blocks\.0\.ffn\.gate\.0\.weight"):
        load_text_encoder(
            golden.path("weights_vae"), config=TINY_TEXT, dtype=torch.float32, device="cpu"
        )


def test_heads_that_do_not_divide_the_attention_are_refused() -> None:
    with pytest.raises(ValueError, match="attention_dim 30 must be a multiple of num_heads 4"):
        TextConfig(8, 32, 30, 48, 4, 1)


# --- prompts ---


@pytest.mark.parametrize(
    ("prompt", "cleaned"),
    [
        ("  A woman\n\tspeaks. ", "A woman speaks."),
        ("Tom &amp;amp; Ann", "Tom & Ann"),
        ("&lt;b&gt;", "<b>"),
        ("“quiet” café", '"quiet" café'),
        ("一位女士，微笑", "一位女士,微笑"),
        ("a\u3000b\u00a0c", "a b c"),
        ("", ""),
    ],
)
def test_prompts_are_cleaned_as_the_model_knows_them(prompt: str, cleaned: str) -> None:
    assert clean_prompt(prompt) == cleaned


WORDS = ("▁a", "▁woman", "▁speaks", "▁quietly", ".", ",", '"')


def write_tokenizer(folder: Path, words: tuple[str, ...] = WORDS) -> Path:
    """A tokenizer of UMT5's kind: it pads with 0 and ends every prompt with 1."""
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -20.0), *((word, -1.0) for word in words)]
    tokenizer = Tokenizer(Unigram(pieces, unk_id=2))
    tokenizer.normalizer = NFKC()
    tokenizer.pre_tokenizer = Metaspace()
    tokenizer.post_processor = TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)]
    )
    tokenizer.enable_padding(length=20)  # a setting in the file does not reach the ids
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def test_ids_end_with_the_end_token_and_are_not_padded(tmp_path: Path) -> None:
    tokenizer = PromptTokenizer(write_tokenizer(tmp_path), text_len=16, vocab_size=64)
    assert tokenizer.ids("a woman\nspeaks.").tolist() == [3, 4, 5, 7, 1]
    assert tokenizer.ids("").tolist() == [1]


def test_a_long_prompt_is_cut_and_keeps_its_end_token(tmp_path: Path) -> None:
    tokenizer = PromptTokenizer(write_tokenizer(tmp_path), text_len=4, vocab_size=64)
    assert tokenizer.ids("a woman speaks quietly").tolist() == [3, 4, 5, 1]


def test_a_prompt_becomes_vectors_that_depend_on_it(tmp_path: Path) -> None:
    torch.manual_seed(3)
    encoder = build_text_encoder(TINY_TEXT)
    tokenizer = PromptTokenizer(write_tokenizer(tmp_path), text_len=16, vocab_size=256)
    said = encode_prompt(encoder, tokenizer.ids("a woman speaks"))
    assert said.shape == (4, TINY_TEXT.dim)
    assert difference(encode_prompt(encoder, tokenizer.ids("a woman quietly")), said) > 1e-3


def test_an_absent_or_foreign_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"tokenizer\.json.*take google/umt5-xxl"):
        PromptTokenizer(tmp_path, text_len=16, vocab_size=64)
    path = write_tokenizer(tmp_path) / "tokenizer.json"
    with pytest.raises(WeightsError, match="has 10 tokens, the text encoder 8"):
        PromptTokenizer(tmp_path, text_len=16, vocab_size=8)
    path.write_text(path.read_text()[:100])
    with pytest.raises(WeightsError, match=r"tokenizer\.json"):
        PromptTokenizer(tmp_path, text_len=16, vocab_size=64)
    Tokenizer(BPE()).save(str(path))
    with pytest.raises(WeightsError, match="is BPE, but must be Unigram"):
        PromptTokenizer(tmp_path, text_len=16, vocab_size=64)
