"""The LoRA: merged numbers, and what the transformer computes with them."""

import json
import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from model.errors import WeightsError
from model.live_avatar.config import LIVE_AVATAR_14B
from model.live_avatar.network.transformer import Transformer
from model.live_avatar.weights.checkpoint import Lora
from model.live_avatar.weights.state import load_transformer, transformer_faults
from tests.parity.golden import GoldenSet, golden_set, real_keys
from tests.parity.published import published_tensors

pytestmark = pytest.mark.parity

PREFIX = "base_model.model."


def _lora_of(golden: GoldenSet, path: Path | None = None) -> Lora:
    info = golden.info("lora")
    return Lora(path or golden.path("lora"), info["rank"], info["alpha"])


def _loaded(golden: GoldenSet, lora: Lora | None, dtype: torch.dtype = torch.float32):
    config, path = golden.transformer_config(), golden.path("weights_dit")
    return load_transformer(config, path, lora=lora, dtype=dtype, device="cpu")


@pytest.fixture(scope="module")
def golden() -> GoldenSet:
    return golden_set()


@pytest.fixture(scope="module")
def merged(golden: GoldenSet) -> Transformer:
    return _loaded(golden, _lora_of(golden))


def test_the_merge_changes_every_adapted_layer_and_nothing_else(
    golden: GoldenSet, merged: Transformer
):
    plain = published_tensors(_loaded(golden, None))
    weights = published_tensors(merged)
    changed = {n for n, weight in weights.items() if not torch.equal(weight, plain[n])}
    pairs = {name.partition(".lora_")[0] for name in golden.tensors("lora")}
    assert changed == {f"{linear}.weight" for linear in pairs}
    assert len(changed) == golden.info("lora_merged")["n_target_linears"]


def test_a_prefix_of_peft_makes_no_difference(
    golden: GoldenSet, merged: Transformer, tmp_path: Path
):
    path = _rewritten(golden, tmp_path, lambda name: PREFIX + name)
    weights = _loaded(golden, _lora_of(golden, path)).state_dict()
    assert all(torch.equal(weights[n], weight) for n, weight in merged.state_dict().items())


@pytest.mark.parametrize(
    ("rename", "told"),
    [
        (lambda name: name.replace(".default.", "."), "`.default` is missing"),
        (lambda name: "diffusion_model." + name, "not adapted here: diffusion_model."),
        (lambda name: name.replace("blocks.0.ffn.0", "blocks.999.ffn.0"), "blocks.999.ffn.0"),
        (lambda name: name.replace("blocks.0.ffn.0", "head.head"), "head.head"),
    ],
)
def test_keys_that_match_nothing_are_refused(golden: GoldenSet, tmp_path: Path, rename, told: str):
    path = _rewritten(golden, tmp_path, rename)
    wrong = [rename(name) for name in golden.tensors("lora") if rename(name) != name]
    with pytest.raises(WeightsError, match=told) as refusal:
        _loaded(golden, _lora_of(golden, path))
    text = str(refusal.value)
    assert all(name.partition(".lora_")[0] in text for name in wrong)
    assert "missing: blocks.0.ffn.0.lora_A.default.weight" in text


def test_half_a_pair_a_wrong_rank_and_a_leftover_are_told_together(
    golden: GoldenSet, tmp_path: Path
):
    tensors = load_file(golden.path("lora"))
    gone = "blocks.0.self_attn.q.lora_B.default.weight"
    del tensors[gone]
    short = "blocks.0.self_attn.k.lora_A.default.weight"
    tensors[short] = tensors[short][1:].contiguous()
    tensors["blocks.0.norm3.weight"] = torch.zeros(3)
    save_file(tensors, tmp_path / "lora.safetensors")
    with pytest.raises(WeightsError, match="wrong keys: 3") as refusal:
        _loaded(golden, _lora_of(golden, tmp_path / "lora.safetensors"))
    text = str(refusal.value)
    assert f"missing: {gone}" in text
    assert "blocks.0.self_attn.k.lora_A is" in text
    assert "unknown key: blocks.0.norm3.weight (3,)" in text


def test_what_does_not_fit_of_the_weights_and_of_the_lora_is_told_together(
    golden: GoldenSet, tmp_path: Path
):
    weights, lora = golden.tensors("weights_dit"), golden.tensors("lora")
    lost, gone = "head.head.bias", "blocks.0.self_attn.q.lora_B.default.weight"
    paths = tmp_path / "weights.safetensors", tmp_path / "lora.safetensors"
    save_file({name: tensor for name, tensor in weights.items() if name != lost}, paths[0])
    save_file({name: tensor for name, tensor in lora.items() if name != gone}, paths[1])
    with pytest.raises(WeightsError) as refusal:
        load_transformer(
            golden.transformer_config(),
            paths[0],
            lora=_lora_of(golden, paths[1]),
            dtype=torch.float32,
            device="cpu",
        )
    text = str(refusal.value)
    assert f"{paths[0]}: does not fit this model; wrong keys: 1\n  missing: {lost} (" in text
    assert f"{paths[1]}: does not fit this model; wrong keys: 1\n  missing: {gone}" in text


def test_a_key_with_and_without_prefix_is_refused(golden: GoldenSet, tmp_path: Path):
    tensors = load_file(golden.path("lora"))
    name = next(iter(tensors))
    save_file({**tensors, PREFIX + name: tensors[name].clone()}, tmp_path / "lora.safetensors")
    with pytest.raises(WeightsError, match=r"given twice, with and without base_model\.model\."):
        _loaded(golden, _lora_of(golden, tmp_path / "lora.safetensors"))


def test_an_untrained_lora_is_refused(golden: GoldenSet, tmp_path: Path):
    tensors = {
        name: torch.zeros_like(tensor) if ".lora_B." in name else tensor
        for name, tensor in golden.tensors("lora").items()
    }
    save_file(tensors, tmp_path / "lora.safetensors")
    with pytest.raises(WeightsError, match="changes nothing"):
        _loaded(golden, _lora_of(golden, tmp_path / "lora.safetensors"))


def test_the_published_files_fit_the_model_and_one_lost_key_is_told(tmp_path: Path):
    shapes = {
        component: {name: tuple(found["shape"]) for name, found in of["tensors"].items()}
        for component, of in real_keys().items()
    }
    published = shapes["lora_rank128"]
    assert len(published) == 896
    assert len({name.partition(".lora_")[0] for name in published}) == 448
    base = _sparse(tmp_path / "base.safetensors", shapes["dit"])
    lora = Lora(_sparse(tmp_path / "lora.safetensors", published))
    assert transformer_faults(LIVE_AVATAR_14B, base, lora) == []
    del published["blocks.39.ffn.2.lora_B.default.weight"]
    del shapes["dit"]["head.modulation"]
    _sparse(base, shapes["dit"])
    _sparse(lora.path, published)
    assert transformer_faults(LIVE_AVATAR_14B, base, lora) == [
        f"{base}: missing: head.modulation (1, 2, 5120)",
        f"{lora.path}: missing: blocks.39.ffn.2.lora_B.default.weight",
    ]


def _sparse(path: Path, shapes: dict[str, tuple[int, ...]]) -> Path:
    """A file of the right names and sizes, whose data are holes."""
    header: dict[str, object] = {}
    end = 0
    for name, shape in shapes.items():
        start, end = end, end + 2 * math.prod(shape)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + end)
    return path


def _rewritten(golden: GoldenSet, folder: Path, rename) -> Path:
    path = folder / "lora.safetensors"
    save_file({rename(name): tensor for name, tensor in golden.tensors("lora").items()}, path)
    return path
