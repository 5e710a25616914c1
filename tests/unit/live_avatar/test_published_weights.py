"""Files of weights without torch: headers, indexes, identities, and what is missing."""

import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from model import errors
from model.errors import CampaignError, WeightsError
from model.live_avatar.config import LIVE_AVATAR_14B
from model.live_avatar.weights.checkpoint import (
    INDEX_ENDING,
    Lora,
    check_pickle,
    shard_names,
    stored_tensors,
    weights_id,
)
from model.live_avatar.weights.published import (
    LORA_NAME,
    LORA_PUBLISHED_AT,
    PUBLISHED_AT,
    ModelFiles,
    check_config,
    missing_files,
)
from model.live_avatar.weights.published_configs import speech_folder_faults, tokenizer_faults
from tests.unit.weights_files import (
    CONFIG,
    PROCESSOR,
    SPEECH,
    arrays,
    pth,
    published,
    saved,
    sharded,
)

ROOT = Path(__file__).parents[3]
LENGTH_BYTES = 8


def _with_header(path: Path, header: object, data: bytes = b"") -> Path:
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(LENGTH_BYTES, "little") + text + data)
    return path


def _entry(dtype: str, shape: list[int], start: int, end: int) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


# --- safetensors --------------------------------------------------------------------------------


def test_a_header_says_where_every_tensor_lies(tmp_path: Path):
    tensors = arrays()
    path = saved(tmp_path, tensors)
    content = path.read_bytes()
    found = stored_tensors(path)
    assert found.keys() == tensors.keys()
    for name, stored in found.items():
        assert stored.shape == tensors[name].shape
        assert content[stored.start : stored.start + stored.num_bytes] == tensors[name].tobytes()


def test_an_index_holds_the_tensors_of_all_its_shards(tmp_path: Path):
    index = sharded(tmp_path, arrays())
    found = stored_tensors(index)
    assert {name: stored.path.name for name, stored in found.items()} == {
        "a.weight": "w-0.safetensors",
        "a.bias": "w-1.safetensors",
        "b.weight": "w-2.safetensors",
    }
    assert shard_names(index) == ["w-0.safetensors", "w-1.safetensors", "w-2.safetensors"]


@pytest.mark.parametrize("num_bytes", [0, 5, 8, 60, -5000, -1])
def test_a_file_cut_short_is_refused_with_both_sizes(num_bytes: int, tmp_path: Path):
    path = saved(tmp_path, arrays())
    path.write_bytes(path.read_bytes()[:num_bytes])
    with pytest.raises(WeightsError, match="download the file again") as refusal:
        stored_tensors(path)
    assert str(path) in str(refusal.value)
    if num_bytes < 0:
        assert f"has {path.stat().st_size} bytes" in str(refusal.value)


def test_a_file_that_is_too_long_is_refused(tmp_path: Path):
    path = saved(tmp_path, arrays())
    path.write_bytes(path.read_bytes() + b"12345")
    with pytest.raises(WeightsError, match="5 more than its header promises"):
        stored_tensors(path)


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ({"a": _entry("F32", [2], 0, 4)}, r"a \(2,\) F32 cannot take 4 bytes"),
        ({"a": _entry("F8_E4M3", [2], 0, 2)}, "stored as F8_E4M3"),
        ({"a": _entry("F16", [1], 0, 2), "b": _entry("F16", [1], 0, 2)}, "or to two"),
        ({"a": _entry("F16", [1], 6, 8)}, "belong to no tensor"),
        ({"a": {"dtype": "F16"}}, "header of this safetensors file is damaged"),
        ({"a": 3}, "header of this safetensors file is damaged"),
        ([1], "is not a safetensors file"),
    ],
)
def test_a_header_that_contradicts_itself_is_refused(header: object, told: str, tmp_path: Path):
    path = _with_header(tmp_path / "w.safetensors", header, bytes(8))
    with pytest.raises(WeightsError, match=told):
        stored_tensors(path)


def test_what_git_lfs_left_in_place_of_a_file_is_told(tmp_path: Path):
    path = tmp_path / "w.safetensors"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    with pytest.raises(WeightsError, match="git lfs pull"):
        stored_tensors(path)
    path.write_text("<!doctype html><title>Sign in</title>" * 9)
    with pytest.raises(WeightsError, match="is not a safetensors file, it begins with b'<!doctype"):
        stored_tensors(path)


def test_all_faults_of_an_index_are_told_at_once(tmp_path: Path):
    index = sharded(tmp_path, arrays())
    (tmp_path / "w-0.safetensors").unlink()
    saved(tmp_path, {"c.weight": np.zeros(2, np.float32)}, "w-1.safetensors")
    with pytest.raises(WeightsError) as refusal:
        stored_tensors(index)
    told = str(refusal.value).splitlines()
    assert len(told) == 3
    assert "w-0.safetensors: there is no such file" in told[0]
    assert "names a.bias in w-1.safetensors, which does not hold it" in told[1]
    assert "does not name c.weight" in told[2]


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"weight_map": {}}', '{"weight_map": {"a": "../../w.safetensors"}}'],
)
def test_an_index_that_is_none_is_refused(content: str, tmp_path: Path):
    index = tmp_path / f"w.safetensors{INDEX_ENDING}"
    index.write_text(content)
    with pytest.raises(WeightsError, match="is not an index of safetensors shards"):
        stored_tensors(index)


# --- .pth ---------------------------------------------------------------------------------------


def test_a_pth_that_is_cut_short_or_something_else_is_refused(tmp_path: Path):
    path = pth(tmp_path / "w.pth", [1.0, 2.0])
    check_pickle(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    with pytest.raises(WeightsError, match=f"has {len(whole) - 30} bytes.*cut short"):
        check_pickle(path)
    path.write_bytes(b"<!doctype html>")
    with pytest.raises(WeightsError, match=r"is not a file of torch\.save"):
        check_pickle(path)


# --- identity -----------------------------------------------------------------------------------


def test_the_id_is_that_of_the_weights_and_not_of_their_files(tmp_path: Path):
    whole = weights_id([saved(tmp_path / "one", arrays())])
    assert weights_id([saved(tmp_path / "other", arrays(), "renamed.safetensors")]) == whole
    assert weights_id([sharded(tmp_path / "shards", arrays())]) == whole
    assert len(whole) == 64


@pytest.mark.parametrize("changed", ["a.weight", "a.bias", "b.weight"])
def test_another_tensor_is_another_id(changed: str, tmp_path: Path):
    tensors = arrays()
    tensors[changed] = tensors[changed] * 1.01
    assert weights_id([saved(tmp_path / "one", arrays())]) != weights_id(
        [saved(tmp_path / "other", tensors)]
    )


def test_names_and_shapes_are_part_of_the_id(tmp_path: Path):
    zeros = np.zeros((4, 6), np.float32)
    arrays = [{"a": zeros}, {"b": zeros}, {"a": zeros.reshape(6, 4)}, {"a": zeros[:2]}]
    ids = {weights_id([saved(tmp_path / str(i), array)]) for i, array in enumerate(arrays)}
    assert len(ids) == len(arrays)


def test_the_lora_its_rank_and_its_alpha_are_part_of_the_id(tmp_path: Path):
    base, lora = saved(tmp_path, arrays(1)), saved(tmp_path, arrays(2), "l.safetensors")
    ids = [
        weights_id([base]),
        weights_id([base], Lora(lora)),
        weights_id([base], Lora(base)),
        weights_id([base], Lora(lora, rank=64)),
        weights_id([base], Lora(lora, alpha=32.0)),
        weights_id([lora], Lora(base)),
    ]
    assert len(set(ids)) == len(ids)
    assert weights_id([base], Lora(lora, alpha=64)) == ids[1]  # a whole number is the same
    assert Lora(lora).scale == 0.5


def test_the_id_of_a_pth_follows_its_records_checksums(tmp_path: Path):
    one = weights_id([pth(tmp_path / "one.pth", [1.0, 2.0], root="one")])
    assert weights_id([pth(tmp_path / "two.pth", [1.0, 2.0], root="two")]) == one
    assert weights_id([pth(tmp_path / "other.pth", [1.0, 2.5], root="one")]) != one


def test_the_id_of_a_config_follows_its_bytes(tmp_path: Path):
    path = tmp_path / "config.json"
    path.write_text("{}")
    before = weights_id([path])
    path.write_text('{"do_stable_layer_norm": true}')
    assert weights_id([path]) != before


def test_every_file_that_cannot_be_read_is_named_where_an_id_is_wanted(tmp_path: Path):
    whole, cut = saved(tmp_path, arrays()), pth(tmp_path / "w.pth", [1.0])
    cut.write_bytes(cut.read_bytes()[:-30])
    with pytest.raises(WeightsError) as refusal:
        weights_id([whole, cut, tmp_path / "config.json"], Lora(tmp_path / "lora.safetensors"))
    told = str(refusal.value).splitlines()
    assert [line.partition(": ")[0] for line in told[:-1]] == [
        str(cut),
        str(tmp_path / "config.json"),
        str(tmp_path / "lora.safetensors"),
    ]
    assert "nightshoot doctor --engine live-avatar" in told[-1]


# --- what is missing ----------------------------------------------------------------------------


def test_nothing_is_missing_in_a_whole_folder(tmp_path: Path):
    folder, lora = published(tmp_path)
    assert missing_files(folder, lora) == []
    files = ModelFiles(folder, Lora(lora))
    assert all(path.is_file() for path in files.hashed)
    assert weights_id(files.hashed, files.lora) != weights_id(files.hashed)


def test_an_empty_folder_lacks_every_file_and_says_where_each_is_published(tmp_path: Path):
    faults = missing_files(tmp_path / "nothing", tmp_path / LORA_NAME)
    assert [str(fault.path.relative_to(tmp_path)) for fault in faults] == [
        "nothing/config.json",
        "nothing/diffusion_pytorch_model.safetensors.index.json",
        "nothing/models_t5_umt5-xxl-enc-bf16.pth",
        "nothing/Wan2.1_VAE.pth",
        "nothing/wav2vec2-large-xlsr-53-english/config.json",
        "nothing/wav2vec2-large-xlsr-53-english/preprocessor_config.json",
        "nothing/wav2vec2-large-xlsr-53-english/model.safetensors",
        "nothing/google/umt5-xxl/tokenizer.json",
        LORA_NAME,
    ]
    assert all(PUBLISHED_AT in fault.way_out for fault in faults[:-1])
    assert LORA_PUBLISHED_AT in faults[-1].way_out
    assert all(fault.fault == "is not there" for fault in faults)


def test_a_missing_shard_and_files_cut_short_are_found_without_reading_them(tmp_path: Path):
    folder, lora = published(tmp_path)
    (folder / "diffusion_pytorch_model-1.safetensors").unlink()
    for name in ("diffusion_pytorch_model-2.safetensors", "Wan2.1_VAE.pth", LORA_NAME):
        path = folder / name
        path.write_bytes(path.read_bytes()[:-9])
    faults = {fault.path.name: fault.fault for fault in missing_files(folder, lora)}
    assert faults.pop("diffusion_pytorch_model-1.safetensors") == "is not there"
    assert faults.keys() == {"Wan2.1_VAE.pth", "diffusion_pytorch_model-2.safetensors", LORA_NAME}
    assert all("it is cut short" in fault for fault in faults.values())


def test_an_index_that_contradicts_its_shards_is_found(tmp_path: Path):
    folder, _ = published(tmp_path)
    saved(folder, {"z": np.zeros(1, np.float32)}, "diffusion_pytorch_model-0.safetensors")
    (fault,) = missing_files(folder, None)
    assert fault.path.name == "diffusion_pytorch_model.safetensors.index.json"
    assert "names a.weight in diffusion_pytorch_model-0.safetensors" in fault.fault


# --- config.json --------------------------------------------------------------------------------


def test_the_published_config_is_that_of_the_model(tmp_path: Path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**CONFIG, "_class_name": "WanModel_S2V"}))
    check_config(path, LIVE_AVATAR_14B)


def test_every_value_of_another_models_config_is_told(tmp_path: Path):
    path = tmp_path / "config.json"
    other = {**CONFIG, "num_heads": 24, "framepack_drop_mode": "drop"}
    del other["audio_inject_layers"]
    path.write_text(json.dumps(other))
    with pytest.raises(WeightsError) as refusal:
        check_config(path, LIVE_AVATAR_14B)
    told = str(refusal.value)
    assert "num_heads: 24, wanted 40" in told
    assert "framepack_drop_mode: 'drop', wanted 'padd'" in told
    assert "audio_inject_layers: 'missing', wanted [0, 4" in told
    assert "ffn_dim" not in told


@pytest.mark.parametrize("content", ["", "[]", "{"])
def test_a_config_that_cannot_be_read_is_refused(content: str, tmp_path: Path):
    path = tmp_path / "config.json"
    path.write_text(content)
    with pytest.raises(WeightsError, match="cannot be read"):
        check_config(path, LIVE_AVATAR_14B)


# --- configs of the speech encoder and the tokenizer --------------------------------------------


def _speech_faults(folder: Path, config: object, processor: object) -> list[str]:
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    return speech_folder_faults(folder, audio_dim=1024, num_audio_layers=25)


def test_the_published_speech_encoders_configs_are_those_of_the_model(tmp_path: Path):
    assert _speech_faults(tmp_path, {**SPEECH, "vocab_size": 33}, PROCESSOR) == []


def test_every_wrong_value_of_a_speech_encoder_is_told(tmp_path: Path):
    config = {**SPEECH, "feat_extract_norm": "group", "add_adapter": True, "hidden_size": 768}
    del config["do_stable_layer_norm"]  # false where it is not said
    assert _speech_faults(tmp_path, config, {"do_normalize": False}) == [
        "config.json: do_stable_layer_norm is False, but must be True",
        "config.json: feat_extract_norm is group, but must be layer",
        "config.json: add_adapter is True, but must be False",
        "config.json: hidden_size is 768, but must be 1024",
        "preprocessor_config.json: do_normalize is False, but must be True",
        "preprocessor_config.json: sampling_rate is None, but must be 16000",
    ]


def test_configs_that_are_no_objects_are_told(tmp_path: Path):
    assert _speech_faults(tmp_path, [1], 3) == [
        "config.json: must hold an object",
        "preprocessor_config.json: must hold an object",
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"model": {"type": "Unigram"}}', []),
        ('{"model": {"type": "BPE"}}', ["tokenizer.json: its model is BPE, but must be Unigram"]),
        ("{}", ["tokenizer.json: its model is None, but must be Unigram"]),
    ],
)
def test_a_tokenizer_of_another_kind_is_told(content: str, told: list[str], tmp_path: Path):
    (tmp_path / "tokenizer.json").write_text(content)
    assert tokenizer_faults(tmp_path) == told


def test_the_tokenizer_is_tokenizer_json_and_nothing_else(tmp_path: Path):
    folder, _ = published(tmp_path)
    tokenizer = folder / "google" / "umt5-xxl"
    (tokenizer / "tokenizer.json").rename(tokenizer / "spiece.model")
    (fault,) = missing_files(folder, None)
    assert (fault.path, fault.fault) == (tokenizer / "tokenizer.json", "is not there")


# --- the error and the import -------------------------------------------------------------------


def test_the_error_refuses_a_campaign_and_blames_no_row():
    error = WeightsError("w.pth: is cut short")
    assert isinstance(error, CampaignError)
    assert error.fault == "resource"
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is WeightsError
    assert str(again) == str(error)
    assert "WeightsError" in (errors.__doc__ or "")


def test_files_are_examined_without_torch():
    code = (
        "import sys, model.live_avatar.weights.published, model.live_avatar.weights.checkpoint;"
        "sys.exit(bool({'torch', 'numpy', 'safetensors'} & sys.modules.keys()))"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
