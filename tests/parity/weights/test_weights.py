"""Weights: names of the published files, strictness, and how much memory loading takes."""

import json
import os
import re
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from model.errors import WeightsError
from model.live_avatar.config import LIVE_AVATAR_14B, TINY, TextConfig, TransformerConfig, VaeConfig
from model.live_avatar.encoders.text import load_text_encoder
from model.live_avatar.encoders.text import text_encoder_faults as text_faults
from model.live_avatar.encoders.vae import load_vae, vae_faults
from model.live_avatar.network.transformer import Transformer
from model.live_avatar.weights.checkpoint import INDEX_ENDING, weights_id
from model.live_avatar.weights.key_names import our_name, published_names_of
from model.live_avatar.weights.lora import TARGET
from model.live_avatar.weights.state import (
    built_empty,
    key_faults,
    load_transformer,
    load_weights,
    published_names,
)
from tests.parity.golden import golden_set, real_keys
from tests.parity.published import published_part, published_tensors

pytestmark = pytest.mark.parity
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def tiny() -> dict[str, Tensor]:
    """Published name -> a small random tensor."""
    generator = torch.Generator().manual_seed(7)
    shapes = published_tensors(built_empty(lambda: Transformer(TINY)))
    return {name: torch.randn(weight.shape, generator=generator) for name, weight in shapes.items()}


def _load(path: Path, dtype: torch.dtype = torch.float32) -> Transformer:
    return load_transformer(TINY, path, lora=None, dtype=dtype, device="cpu")


def _saved(folder: Path, tensors: dict[str, Tensor]) -> Path:
    path = folder / "weights.safetensors"
    save_file(tensors, path)
    return path


def _sharded(folder: Path, tensors: dict[str, Tensor], num_shards: int = 3) -> Path:
    names = list(tensors)
    weight_map: dict[str, str] = {}
    for shard in range(num_shards):
        file = f"part-{shard + 1:05}-of-{num_shards:05}.safetensors"
        save_file({name: tensors[name] for name in names[shard::num_shards]}, folder / file)
        weight_map |= dict.fromkeys(names[shard::num_shards], file)
    index = folder / f"part.safetensors{INDEX_ENDING}"
    index.write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    return index


# --- names ---


def test_the_transformer_has_the_published_names_and_shapes():
    dit = real_keys()["dit"]
    model = built_empty(lambda: Transformer(LIVE_AVATAR_14B))
    wanted = {name: tuple(weight.shape) for name, weight in published_tensors(model).items()}
    published = {name: tuple(tensor["shape"]) for name, tensor in dit["tensors"].items()}
    assert len(published) == dit["num_tensors"] == 1260
    assert key_faults(wanted, published) == []
    assert sum(weight.numel() for weight in model.parameters()) == 16_295_755_609
    assert not list(model.buffers())


def test_names_go_there_and_back():
    for name in real_keys()["dit"]["tensors"]:
        assert name in published_names_of(our_name(name))


# --- what is loaded is what is stored ---


def test_every_golden_weight_arrives_bit_for_bit():
    golden = golden_set()
    config = golden.transformer_config()
    model = load_transformer(
        config, golden.path("weights_dit"), lora=None, dtype=torch.bfloat16, device="cpu"
    )
    weights = model.state_dict()
    stored = golden.tensors("weights_dit")
    assert len(stored) == len(published_names(model))
    assert all(torch.equal(published_part(weights, name), each) for name, each in stored.items())


@pytest.mark.parametrize("component", ["vae", "t5"])
def test_pth_files_arrive_bit_for_bit(component: str, tmp_path: Path):
    golden = golden_set()
    sizes, stored = golden.config[component], golden.tensors(f"weights_{component}")
    path = tmp_path / "weights.pth"
    torch.save(stored, path)
    if component == "vae":
        config = VaeConfig(
            dim=sizes["dim"],
            multipliers=tuple(sizes["dim_mult"]),
            num_res_blocks=sizes["num_res_blocks"],
            halves_time=tuple(sizes["temperal_downsample"]),
        )
        model: nn.Module = load_vae(path, config=config, dtype=torch.float32, device="cpu")
    else:
        text = TextConfig(
            vocab_size=sizes["vocab_size"],
            dim=sizes["dim"],
            attention_dim=sizes["dim_attn"],
            ffn_dim=sizes["dim_ffn"],
            num_heads=sizes["num_heads"],
            num_layers=sizes["encoder_layers"],
            num_buckets=sizes["num_buckets"],
        )
        model = load_text_encoder(path, config=text, dtype=torch.float32, device="cpu")
    loaded = sorted(float(weight.double().sum()) for weight in model.parameters())
    assert loaded == sorted(float(tensor.double().sum()) for tensor in stored.values())


def test_shards_one_file_and_pth_load_alike(tiny: dict[str, Tensor], tmp_path: Path):
    torch.save(tiny, tmp_path / "weights.pth")
    paths = [_saved(tmp_path, tiny), _sharded(tmp_path, tiny), tmp_path / "weights.pth"]
    for path in paths:
        weights = _load(path, torch.bfloat16).state_dict()
        assert all(
            torch.equal(published_part(weights, name), each.bfloat16())
            for name, each in tiny.items()
        )


def test_a_loaded_model_needs_its_file_no_more(tiny: dict[str, Tensor], tmp_path: Path):
    path = _saved(tmp_path, tiny)
    model = _load(path)
    path.write_bytes(b"")
    assert all(not weight.is_meta and not weight.requires_grad for weight in model.parameters())
    assert torch.equal(model.head.modulation, tiny["head.modulation"])


# --- refusals ---


@pytest.mark.parametrize("is_pickled", [False, True])
def test_every_wrong_key_is_named_at_once(
    is_pickled: bool, tiny: dict[str, Tensor], tmp_path: Path
):
    tensors = dict(tiny)
    gone = ["blocks.1.norm3.bias", "casual_audio_encoder.encoder.conv2.conv.weight"]
    for name in gone:
        del tensors[name]
    tensors["blocks.7.norm3.bias"] = torch.zeros(2)
    tensors["trainable_cond_mask.weight"] = torch.zeros(4, 48)
    path = tmp_path / "weights.pth"
    if is_pickled:
        torch.save(tensors, path)
    else:
        path = _saved(tmp_path, tensors)
    with pytest.raises(WeightsError, match="wrong keys: 4") as refusal:
        _load(path)
    told = str(refusal.value)
    assert all(f"missing: {name} " in told for name in gone)
    assert "unexpected: blocks.7.norm3.bias (2,)" in told
    assert "shape: trainable_cond_mask.weight is (4, 48), wanted (3, 48)" in told
    assert "https://" in told


def test_our_own_names_are_not_published_ones(tiny: dict[str, Tensor], tmp_path: Path):
    twice = {**tiny, "token_kinds.weight": tiny["trainable_cond_mask.weight"].clone()}
    with pytest.raises(WeightsError, match=r"unexpected: token_kinds\.weight"):
        _load(_saved(tmp_path, twice))


def test_names_that_leave_a_parameter_out_are_a_broken_rule(tmp_path: Path):
    model = built_empty(lambda: Transformer(TINY))
    names = published_names(model)
    del names["head.modulation"]
    with pytest.raises(ValueError, match=r"\['head\.modulation'\] differ"):
        load_weights(model, tmp_path / "any.pth", names, dtype=torch.float32, device="cpu")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_refused(
    value: float, tiny: dict[str, Tensor], tmp_path: Path
):
    broken = tiny["head.head.weight"].clone()
    broken[1, 2] = value
    with pytest.raises(WeightsError, match=r"head\.head\.weight holds numbers"):
        _load(_saved(tmp_path, {**tiny, "head.head.weight": broken}))


def test_a_dtype_that_is_too_narrow_is_refused(tiny: dict[str, Tensor], tmp_path: Path):
    large = {**tiny, "head.head.bias": torch.full_like(tiny["head.head.bias"], 1e6)}
    path = _saved(tmp_path, large)
    assert _load(path, torch.bfloat16).head.head.bias.isfinite().all()
    with pytest.raises(WeightsError, match=r"head\.head\.bias holds numbers .*float16"):
        _load(path, torch.float16)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
@pytest.mark.parametrize("name", ["weights.safetensors", "weights.pth"])
def test_files_cut_short_are_refused(
    name: str, share: float, tiny: dict[str, Tensor], tmp_path: Path
):
    path = tmp_path / name
    if name.endswith(".pth"):
        torch.save(tiny, path)
    else:
        save_file(tiny, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(WeightsError, match=re.escape(str(path))):
        _load(path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"step": 3}, "step, which are not tensors"),
        ([1, 2], "holds a list"),
        ({"a": torch.ones(2, dtype=torch.int64)}, "floating point"),
        (Path("x"), "more than tensors"),
    ],
)
def test_pth_files_of_other_things_are_refused(content: object, told: str, tmp_path: Path):
    torch.save(content, tmp_path / "weights.pth")
    with pytest.raises(WeightsError, match=told):
        _load(tmp_path / "weights.pth")


# --- identity of .pth files ---


def test_the_id_of_a_pth_follows_its_content_alone(tmp_path: Path):
    paths = [tmp_path / f"{name}.pth" for name in ("one", "same", "other")]
    for path, value in zip(paths, (1.0, 1.0, 1.0001), strict=True):
        torch.save({"a": torch.full((3000,), value)}, path)
    one, same, other = (weights_id([path]) for path in paths)
    assert one == same != other


# --- memory ---

_LARGE = TransformerConfig(
    dim=768,
    ffn_dim=3072,
    num_layers=6,
    num_heads=6,
    freq_dim=256,
    text_dim=1024,
    text_len=64,
    audio_dim=256,
    inject_layers=(0, 2, 4),
)
_LARGEST = 6 * _LARGE.dim * _LARGE.dim * 4  # bytes of the time projection in float32

_MEASURE = """
import json, sys, threading
from pathlib import Path
import psutil, torch
from model.live_avatar.weights.checkpoint import Lora
from model.live_avatar.weights.state import load_transformer
from model.live_avatar.config import TINY, TransformerConfig

torch.set_num_threads(1)
folder, dtype = Path(sys.argv[1]), getattr(torch, sys.argv[2])
values = json.loads(sys.argv[3])
large = TransformerConfig(**{**values, "inject_layers": tuple(values["inject_layers"])})

def load(config, kind):
    lora = folder / f"{kind}.lora.safetensors"
    return load_transformer(
        config,
        next(path for path in folder.glob(f"{kind}.*") if path != lora),
        lora=Lora(lora, rank=4) if lora.exists() else None,
        dtype=dtype,
        device="cpu",
    )

load(TINY, "tiny")  # what a first load loads: libraries, threads
process = psutil.Process()
before = peak = process.memory_info().rss
done = threading.Event()

def watch():
    global peak
    while not done.wait(0.002):
        peak = max(peak, process.memory_info().rss)

watcher = threading.Thread(target=watch)
watcher.start()
model = load(large, "large")
done.set()
watcher.join()
size = sum(weight.nbytes for weight in model.parameters())
print(json.dumps({"growth": max(peak, process.memory_info().rss) - before, "size": size}))
"""


def _write_model(folder: Path, kind: str, config: TransformerConfig, *, is_pth: bool) -> None:
    shapes = {
        name: weight.shape
        for name, weight in published_tensors(built_empty(lambda: Transformer(config))).items()
    }
    tensors = {name: torch.full(shape, 0.5) for name, shape in shapes.items()}
    if is_pth:
        torch.save(tensors, folder / f"{kind}.pth")
        return
    save_file(tensors, folder / f"{kind}.safetensors")
    lora: dict[str, Tensor] = {}
    for name, shape in shapes.items():
        linear = name.removesuffix(".weight")
        if linear != name and TARGET.fullmatch(linear):
            lora[f"{linear}.lora_A.default.weight"] = torch.ones(4, shape[1])
            lora[f"{linear}.lora_B.default.weight"] = torch.ones(shape[0], 4)
    save_file(lora, folder / f"{kind}.lora.safetensors")


@pytest.mark.parametrize(
    ("ending", "dtype"),
    [
        pytest.param("safetensors", "float32", marks=pytest.mark.sweep),
        ("safetensors", "bfloat16"),
        pytest.param("pth", "float32", marks=pytest.mark.sweep),
    ],
)
def test_loading_takes_the_memory_of_the_model_once(ending: str, dtype: str, tmp_path: Path):
    for kind, config in (("tiny", TINY), ("large", _LARGE)):
        _write_model(tmp_path, kind, config, is_pth=ending == "pth")
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(tmp_path), dtype, json.dumps(asdict(_LARGE))],
        cwd=ROOT,
        # give freed blocks back at once, as those of real tensors are (above 32 MB)
        env={**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536"},
        capture_output=True,
        text=True,
        check=True,
    )
    for path in tmp_path.glob("large.*"):
        path.unlink()  # pytest would keep 300 MB of three runs
    seen = json.loads(done.stdout)
    assert seen["size"] > 150_000_000
    # with the file held beside it: 2 (float32) or 3 (bfloat16) times the size
    assert seen["growth"] < seen["size"] + 4 * _LARGEST, seen


# --- headers ---


@pytest.mark.parametrize(("component", "faults_of"), [("vae", vae_faults), ("t5", text_faults)])
def test_the_published_pth_files_fit_and_wrong_keys_are_told(
    component: str, faults_of, tmp_path: Path
):
    published = real_keys()[component]["tensors"]
    # one number stands for a whole tensor: 11 GB fit into a file of some kilobytes
    tensors = {name: torch.zeros(1).expand(of["shape"]) for name, of in published.items()}
    path = tmp_path / "weights.pth"
    torch.save(tensors, path)
    assert faults_of(path) == []
    lost, changed = list(tensors)[1:3]
    del tensors[lost]
    tensors[changed] = torch.zeros(2, 3)
    torch.save(tensors, path)
    faults = faults_of(path)
    assert len(faults) == 2
    assert faults[0].startswith(f"{path}: missing: {lost} (")
    assert faults[1].startswith(f"{path}: shape: {changed} is (2, 3), wanted (")
    torch.save({"step": 3}, path)
    with pytest.raises(WeightsError, match="step, which are not tensors"):
        faults_of(path)
