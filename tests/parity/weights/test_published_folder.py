"""A folder laid out as the published one, in small: read from disk, it renders what it holds."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from model.engine import SegmentJob
from model.errors import WeightsError
from model.live_avatar.assembly.loader import Loaded, load_published
from model.live_avatar.assembly.random_transformer import filled
from model.live_avatar.assembly.random_weights import untrained
from model.live_avatar.encoders.text import (
    PromptTokenizer,
    build_text_encoder,
    encode_prompt,
    published_text_names,
)
from model.live_avatar.encoders.vae import published_vae_names
from model.live_avatar.planning.sizes import MODELS
from model.live_avatar.sampling.segment import Parts
from model.live_avatar.settings import DEFAULTS
from model.live_avatar.weights.checkpoint import INDEX_ENDING
from model.live_avatar.weights.location import WeightsLocation, files_in
from model.live_avatar.weights.lora import TARGET
from model.live_avatar.weights.published import ModelFiles
from model.live_avatar.weights.state import built_empty, put
from tests.parity.encoders.test_text import write_tokenizer
from tests.parity.published import joined, published_tensors

pytestmark = pytest.mark.parity

SIZES = MODELS["tiny"]
CPU = torch.device("cpu")
RANK = 128  # as published
_LAYERS = ("blocks.", "injectors.")


@pytest.fixture(scope="module")
def parts() -> Parts:
    torch.set_num_threads(1)
    return untrained("tiny", torch.float32, CPU)


@pytest.fixture(scope="module")
def files(parts: Parts, tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    found = files_in(tmp_path_factory.mktemp("weights"))
    assert found.lora is not None
    for path in (found.tokenizer, found.speech_encoder, found.lora.path.parent):
        path.mkdir(parents=True)
    weights = published_tensors(parts.transformer)
    write_shards(found.transformer, weights)
    save_file(lora_of(weights), found.lora.path)
    config = SIZES.transformer
    told = {
        "dim": config.dim,
        "ffn_dim": config.ffn_dim,
        "freq_dim": config.freq_dim,
        "num_heads": config.num_heads,
        "num_layers": config.num_layers,
        "eps": config.norm_eps,
        "audio_dim": config.audio_dim,
        "audio_inject_layers": list(config.inject_layers),
        "text_len": config.text_len,
        "enable_adain": True,
        "adain_mode": "attn_norm",
        "zero_timestep": True,
        "enable_motioner": False,
        "enable_framepack": True,
        "framepack_drop_mode": "padd",
        "add_last_motion": True,
    }
    found.transformer_config.write_text(json.dumps(told))
    encoder = text_encoder()
    stored = {n: encoder.get_parameter(at) for n, at in published_text_names(encoder).items()}
    torch.save(stored, found.text_encoder)
    vae = {n: parts.vae.get_parameter(at) for n, at in published_vae_names(parts.vae).items()}
    torch.save(vae, found.vae)
    parts.speech.model.save_pretrained(found.speech_encoder)
    processor = {"do_normalize": True, "sampling_rate": 16_000}
    (found.speech_encoder / "preprocessor_config.json").write_text(json.dumps(processor))
    write_tokenizer(found.tokenizer)
    return found


def text_encoder():
    return filled(built_empty(lambda: build_text_encoder(SIZES.text)), torch.float32, CPU)


def write_shards(index: Path, weights: dict[str, torch.Tensor]) -> None:
    names = list(weights)
    placed: dict[str, str] = {}
    for number in range(3):
        file = f"diffusion_pytorch_model-{number + 1:05}-of-00003.safetensors"
        shard = {name: weights[name].contiguous() for name in names[number::3]}
        save_file(shard, index.parent / file)
        placed |= dict.fromkeys(shard, file)
    assert index.name.endswith(INDEX_ENDING)
    index.write_text(json.dumps({"weight_map": placed}))


def lora_of(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A small random change of every layer that the published one changes."""
    source = torch.Generator().manual_seed(9)
    pairs: dict[str, torch.Tensor] = {}
    for name, weight in weights.items():
        linear = name.removesuffix(".weight")
        if name.endswith(".weight") and TARGET.fullmatch(linear):
            num_out, num_in = weight.shape
            for side, shape in (("A", (RANK, num_in)), ("B", (num_out, RANK))):
                value = torch.randn(shape, generator=source) * 0.02
                pairs[f"{linear}.lora_{side}.default.weight"] = value
    return pairs


def expected(parts: Parts, pairs: dict[str, torch.Tensor], tokenizer: Path) -> Parts:
    """The same model, its LoRA merged and its tokenizer set by hand."""
    changed = untrained("tiny", torch.float32, CPU)
    weights = published_tensors(changed.transformer)
    for name, weight in weights.items():
        linear = name.removesuffix(".weight")
        if f"{linear}.lora_A.default.weight" in pairs and name.endswith(".weight"):
            down, up = (pairs[f"{linear}.lora_{side}.default.weight"] for side in "AB")
            weight.add_(0.5 * (up @ down))
    changed.transformer.load_state_dict(joined(changed.transformer, weights))
    encoder = text_encoder()
    words = PromptTokenizer(
        tokenizer, text_len=SIZES.transformer.text_len, vocab_size=SIZES.text.vocab_size
    )
    return replace(
        parts,
        transformer=changed.transformer,
        encode_text=lambda prompt: encode_prompt(encoder, words.ids(prompt)),
    )


def frames_of(parts: Parts) -> np.ndarray:
    rng = np.random.default_rng(1)
    job = SegmentJob(
        key="k",
        portrait=rng.integers(0, 255, (64, 64, 3), np.uint8),
        rig=None,
        handoff=None,
        pcm=rng.normal(0, 3000, 12 * 640 + 16_000).astype(np.int16),
        left_context=8_000,
        right_context=8_000,
        phonemes=None,
        prompt="a calm person speaks",
        seed=2,
        width=64,
        height=64,
        num_frames=12,
        settings=dict(DEFAULTS) | {"dtype": "float32", "sample_steps": 2},
    )
    return np.concatenate(list(Loaded(parts, "float32").render(job)))


def test_what_a_folder_holds_is_what_is_rendered(parts: Parts, files: ModelFiles):
    assert files.lora is not None
    weights = published_tensors(parts.transformer)
    by_hand = frames_of(expected(parts, lora_of(weights), files.tokenizer))

    loaded = load_published(files, SIZES, torch.float32, CPU)

    assert np.abs(frames_of(loaded).astype(int) - by_hand).max() <= 1  # of 255: sums reordered
    without = load_published(replace(files, lora=None), SIZES, torch.float32, CPU)
    assert np.abs(frames_of(without).astype(int) - by_hand).max() > 10


def test_who_only_decodes_reads_no_layers_and_names_what_is_wrong_in_them(
    parts: Parts, files: ModelFiles
):
    arrived: list[str] = []

    def noted(model: nn.Module, name: str, value: torch.Tensor) -> None:
        arrived.append(name)
        put(model, name, value)

    found = load_published(files, SIZES, torch.float32, CPU, noted, has_layers=False).transformer

    whole = dict(parts.transformer.named_parameters())
    small = {name: each for name, each in whole.items() if not name.startswith(_LAYERS)}
    assert sorted(arrived) == sorted(small)
    held = dict(found.named_parameters())
    assert held.keys() == small.keys()
    assert all(torch.equal(held[name], each) for name, each in small.items())

    assert files.lora is not None
    before = files.lora.path.read_bytes()
    save_file({"blocks.0.self_attn.q.lora_A.default.weight": torch.ones(1, 1)}, files.lora.path)
    try:
        with pytest.raises(WeightsError, match=r"blocks\.0\.self_attn\.q\.lora_A is \(1, 1\)"):
            load_published(files, SIZES, torch.float32, CPU, has_layers=False)
    finally:
        files.lora.path.write_bytes(before)


def test_the_id_tells_every_file_that_changes_pixels(files: ModelFiles):
    first = WeightsLocation(files=files).weights_id()
    assert WeightsLocation(files=files).weights_id() == first
    assert WeightsLocation(files=replace(files, lora=None)).weights_id() != first
    for path in (files.vae, files.tokenizer / "tokenizer.json"):
        before = path.read_bytes()
        changed = {"encoder.conv1.bias": torch.ones(3)}
        torch.save(changed, path) if path.suffix == ".pth" else path.write_text("{}")
        assert WeightsLocation(files=files).weights_id() != first
        path.write_bytes(before)
    assert WeightsLocation(files=files).weights_id() == first


def test_another_models_config_or_weights_are_refused_before_they_are_loaded(files: ModelFiles):
    with pytest.raises(WeightsError, match=r"config\.json: belongs to another model"):
        load_published(files, MODELS["live-avatar-14b"], torch.float32, CPU)

    before = files.vae.read_bytes()
    files.vae.write_bytes(before[: len(before) // 2])
    try:
        with pytest.raises(WeightsError, match=r"(?s)or damaged:.*Wan2\.1_VAE\.pth: .*cut short"):
            load_published(files, SIZES, torch.float32, CPU)
    finally:
        files.vae.write_bytes(before)
