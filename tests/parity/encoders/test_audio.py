"""Speech features against the reference's, whole-file against window, and what is refused."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2ForCTC, Wav2Vec2Model

from model.errors import WeightsError
from model.live_avatar.encoders.audio import (
    CONTEXT_SAMPLES,
    FEATURE_RATE_HZ,
    STATE_RATE_HZ,
    Level,
    SpeechEncoder,
    features_at_30_hz,
    frame_indices,
    load_speech_encoder,
    num_clips,
    num_features,
    num_window_samples,
    speech_encoder_faults,
    window_features,
)
from tests.parity.golden import difference, golden_set

pytestmark = pytest.mark.parity

RATE = 16_000
FRAME = RATE // 25
# the same operations in the same order; read back from the files without loss
EXACT = 0.0


# --- counts ---


def test_clip_counts_are_the_references() -> None:
    golden = golden_set()
    info = golden.info("audio")
    assert num_features(golden.config["T50"]) == info["audio_frame_num_30fps"]
    assert (
        num_clips(info["audio_frame_num_30fps"], golden.config["infer_frames"])
        == (info["num_repeat"])
    )
    for row in info["index_table_clip48"]:
        assert num_features(row["n50"]) == row["n30"]
        assert num_clips(row["n30"], 48) == row["num_repeat"]
        used = int((frame_indices(row["bucket_frames"]) < row["n30"]).sum())
        assert used == row["nonzero_frames"]


def test_features_are_cut_as_floating_point_cuts_them() -> None:
    assert num_features(205) == 122  # 205 / 50 * 30 is just below 123


def test_no_features_come_of_too_few_states() -> None:
    with pytest.raises(ValueError, match="1 states are too few"):
        features_at_30_hz(torch.zeros(2, 1, 4))


# --- windows ---


def test_a_window_is_read_at_exact_times_wherever_it_begins() -> None:
    times = torch.arange(200, dtype=torch.float32)[None, :, None]  # a state's value is its time
    for left_context in (0, 640, 16_000, 17_000):
        heard = window_features(times, left_context, 48)[0, 0]
        expected = left_context / 320 + frame_indices(48).double() * STATE_RATE_HZ / FEATURE_RATE_HZ
        assert difference(heard, expected) < 1e-5  # float32 of values up to 200


def test_frame_k_hears_what_sounds_during_frame_k() -> None:
    centres = (torch.arange(200, dtype=torch.float64) * 320 + 200) / RATE  # of each state's sight
    heard = window_features(centres[None, :, None], 0, 48)[0, 0]
    frames = torch.arange(48)
    assert bool((heard > (frames - 0.1) / 25).all())
    assert bool((heard < (frames + 1) / 25).all())


def test_states_that_end_before_the_last_frame_are_refused() -> None:
    needed = (num_window_samples(640, 12) - 400) // 320 + 1
    assert window_features(torch.zeros(1, needed, 2), 640, 12).shape == (1, 2, 12)
    with pytest.raises(ValueError, match="pad the window"):
        window_features(torch.zeros(1, needed - 1, 2), 640, 12)


# --- the speech encoder ---


def tiny_config(**changes: Any) -> Wav2Vec2Config:
    values: dict[str, Any] = {
        "hidden_size": 32,
        "num_hidden_layers": 4,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "conv_dim": (16,) * 7,
        "feat_extract_norm": "layer",
        "conv_bias": True,
        "do_stable_layer_norm": True,
        "num_conv_pos_embeddings": 16,
        "num_conv_pos_embedding_groups": 2,
        "vocab_size": 12,
    }
    return Wav2Vec2Config(**{**values, **changes})


@pytest.fixture(scope="module")
def encoder() -> SpeechEncoder:
    torch.manual_seed(5)
    return SpeechEncoder(Wav2Vec2Model(tiny_config()))


def speech(seconds: float, seed: int = 1) -> np.ndarray:
    """Noise whose loudness swings as speech does."""
    count = int(seconds * RATE)
    swing = 0.55 + 0.45 * np.sin(np.arange(count) / RATE * 7.0)
    return (np.random.default_rng(seed).normal(0, 4000, count) * swing).astype(np.int16)


def test_samples_are_normalised_as_the_published_processor_does() -> None:
    pcm = speech(2.0)
    processor = Wav2Vec2FeatureExtractor(do_normalize=True, sampling_rate=RATE)
    expected = processor(pcm.astype(np.float32) / 32768, sampling_rate=RATE, return_tensors="np")
    ours = Level.of(pcm).normalised(pcm)
    assert np.abs(ours - expected.input_values[0]).max() < 1e-5  # its sums are float32


def test_silence_is_zero_and_gives_finite_states(encoder: SpeechEncoder) -> None:
    pcm = np.zeros(RATE, np.int16)
    assert not Level.of(pcm).normalised(pcm).any()
    assert bool(torch.isfinite(encoder.file_features(pcm)).all())


def test_the_last_state_is_taken_after_the_final_norm(encoder: SpeechEncoder) -> None:
    states = encoder.states(Level.of(speech(1.0)).normalised(speech(1.0)))
    assert states.shape == (5, 49, 32)
    mean, std = states[-1].mean(-1), states[-1].std(-1, unbiased=False)
    assert float(mean.abs().max()) < 1e-5  # what a layer norm of weight 1 and bias 0 leaves
    assert float((std - 1).abs().max()) < 1e-2
    assert float((states[-2].std(-1, unbiased=False) - 1).abs().max()) > 1e-2


def test_a_segment_with_all_its_context_hears_what_the_file_says(encoder: SpeechEncoder) -> None:
    pcm = speech(4.0)
    level = Level.of(pcm)
    whole = window_features(encoder.states(level.normalised(pcm)), 25 * FRAME, 48)
    segment = encoder.segment_features(pcm, 25 * FRAME, 48, level)
    assert difference(segment, whole) == EXACT


def test_after_the_track_comes_silence(encoder: SpeechEncoder) -> None:
    pcm = speech(1.0)
    level = Level.of(pcm)
    followed = np.concatenate((pcm, np.zeros(num_window_samples(0, 36) - len(pcm), np.int16)))
    heard = encoder.segment_features(pcm, 0, 36, level)
    assert difference(heard, encoder.segment_features(followed, 0, 36, level)) == EXACT
    assert bool((heard[..., -1] != 0).any())  # the features of silence, not zeros


def test_a_level_other_than_the_windows_own_changes_what_is_heard(encoder: SpeechEncoder) -> None:
    pcm = speech(2.0)
    level = Level.of(pcm)
    louder = Level(level.mean, level.std * 2)
    ours = encoder.segment_features(pcm, 0, 24, level)
    assert difference(ours, encoder.segment_features(pcm, 0, 24, louder)) > 1e-3


def relative_rms(actual: Tensor, expected: Tensor) -> float:
    return float((actual - expected).square().mean().sqrt() / expected.square().mean().sqrt())


def test_ten_seconds_of_context_come_close_to_the_whole_file(encoder: SpeechEncoder) -> None:
    pcm = speech(30.0)
    level = Level.of(pcm)
    states = encoder.states(level.normalised(pcm))
    start = 350 * FRAME  # 14 s in, 48 frames long
    whole = window_features(states, start, 48)
    gaps = []
    for context in (2 * RATE, CONTEXT_SAMPLES):
        window = pcm[start - context : start + 48 * FRAME + context]
        gaps.append(relative_rms(encoder.segment_features(window, context, 48, level), whole))
    assert 0 < gaps[1] < gaps[0] < 0.2  # attention spans the file: never equal, closer with more
    assert gaps[1] < 0.05


# --- the published folder ---


def write_folder(folder: Path, config: Wav2Vec2Config, **processor: Any) -> Path:
    torch.manual_seed(6)
    Wav2Vec2ForCTC(config).save_pretrained(folder)
    values = {"do_normalize": True, "sampling_rate": RATE, **processor}
    (folder / "preprocessor_config.json").write_text(json.dumps(values))
    return folder


def load(folder: Path, audio_dim: int = 32, num_audio_layers: int = 5) -> SpeechEncoder:
    return load_speech_encoder(
        folder,
        audio_dim=audio_dim,
        num_audio_layers=num_audio_layers,
        dtype=torch.float32,
        device="cpu",
    )


def test_a_recognisers_folder_is_read_without_its_last_layer(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, tiny_config())
    pcm = speech(1.0)
    expected = SpeechEncoder(Wav2Vec2ForCTC.from_pretrained(folder).wav2vec2)
    assert difference(load(folder).file_features(pcm), expected.file_features(pcm)) == EXACT


def test_names_of_the_published_year_are_read(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, tiny_config())
    expected = load(folder).file_features(speech(1.0))
    _as_the_published_year(folder)
    assert difference(load(folder).file_features(speech(1.0)), expected) == EXACT


@pytest.mark.parametrize(
    ("changes", "processor", "message"),
    [
        ({"do_stable_layer_norm": False}, {}, "do_stable_layer_norm is False, but must be True"),
        ({}, {"do_normalize": False}, "do_normalize is False, but must be True"),
        ({}, {"sampling_rate": 8000}, "sampling_rate is 8000, but must be 16000"),
        ({"num_hidden_layers": 3}, {}, "num_hidden_layers is 3, but must be 4"),
        ({"hidden_size": 16}, {}, "hidden_size is 16, but must be 32"),
    ],
)
def test_a_folder_of_another_model_is_refused(
    tmp_path: Path, changes: dict[str, Any], processor: dict[str, Any], message: str
) -> None:
    folder = write_folder(tmp_path, tiny_config(**changes), **processor)
    with pytest.raises(WeightsError, match=message):
        load(folder)


def test_an_absent_or_damaged_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"config\.json"):
        load(tmp_path / "nowhere")
    folder = write_folder(tmp_path, tiny_config())
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(WeightsError, match=r"take wav2vec2-large-xlsr-53-english from"):
        load(folder)
    weights.unlink()
    (folder / "pytorch_model.bin").write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(WeightsError, match=r"take wav2vec2-large-xlsr-53-english from"):
        load(folder)
    (folder / "pytorch_model.bin").unlink()
    with pytest.raises(WeightsError, match=r"take wav2vec2-large-xlsr-53-english from"):
        load(folder)


def test_a_folder_without_one_of_its_tensors_is_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, tiny_config())
    weights = load_file(folder / "model.safetensors")
    del weights["wav2vec2.encoder.layers.1.attention.k_proj.weight"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(WeightsError, match=r"missing: .*layers\.1\.attention\.k_proj\.weight"):
        load(folder)


def test_a_tensor_of_another_shape_is_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, tiny_config())
    weights = load_file(folder / "model.safetensors")
    name = "wav2vec2.encoder.layers.1.attention.k_proj.weight"
    weights[name] = torch.zeros(16, 32)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(WeightsError, match=r"take wav2vec2-large-xlsr-53-english from"):
        load(folder)


def test_a_model_of_the_wrong_norm_is_refused() -> None:
    with pytest.raises(WeightsError, match="do_stable_layer_norm is False"):
        SpeechEncoder(Wav2Vec2Model(tiny_config(do_stable_layer_norm=False)))


@pytest.mark.parametrize("kind", ["safetensors", "bin of the published year"])
def test_loading_a_recognisers_folder_prints_nothing(
    kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = write_folder(tmp_path, tiny_config(mask_time_prob=0.05))
    if kind != "safetensors":
        _as_the_published_year(folder)
    capfd.readouterr()
    load(folder)
    assert capfd.readouterr() == ("", "")


def test_all_that_is_wrong_in_a_folder_is_told_at_once(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, tiny_config(do_stable_layer_norm=False), do_normalize=False)
    with pytest.raises(WeightsError) as refusal:
        load(folder)
    assert "config.json: do_stable_layer_norm is False, but must be True" in str(refusal.value)
    assert "preprocessor_config.json: do_normalize is False, but must be True" in str(refusal.value)
    (folder / "config.json").write_text("{")
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(WeightsError) as refusal:
        load(folder)
    assert "config.json: is not valid JSON" in str(refusal.value)
    assert "preprocessor_config.json: cannot be read (No such file" in str(refusal.value)


def test_missing_misshaped_and_foreign_tensors_are_told_together(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, tiny_config())
    path = folder / "model.safetensors"
    weights = load_file(path)
    layer = "wav2vec2.encoder.layers.1"
    del weights[f"{layer}.attention.q_proj.weight"]
    weights[f"{layer}.attention.k_proj.weight"] = torch.zeros(16, 32)
    weights["wav2vec2.encoder.layers.7.layer_norm.bias"] = torch.zeros(32)
    save_file(weights, path, {"format": "pt"})
    with pytest.raises(WeightsError) as refusal:
        load(folder)
    told = ["missing: encoder.layers.1.attention.q_proj.weight"]
    told += ["shape: encoder.layers.1.attention.k_proj.weight is (16, 32), wanted (32, 32)"]
    assert all(each in str(refusal.value) for each in told)
    assert re.search(r"unexpected: \S*encoder\.layers\.7\.layer_norm\.bias", str(refusal.value))
    faults = speech_encoder_faults(folder, path)
    assert faults == [
        f"{path}: missing: encoder.layers.1.attention.q_proj.weight (32, 32)",
        f"{path}: unexpected: encoder.layers.7.layer_norm.bias (32,)",
        f"{path}: shape: encoder.layers.1.attention.k_proj.weight is (16, 32), wanted (32, 32)",
    ]


def test_headers_of_either_kind_are_no_fault(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, tiny_config(mask_time_prob=0.05))
    assert speech_encoder_faults(folder, folder / "model.safetensors") == []
    _as_the_published_year(folder)
    assert speech_encoder_faults(folder, folder / "pytorch_model.bin") == []


def _as_the_published_year(folder: Path) -> None:
    """Store the folder's weights as they were stored before names changed."""
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    old = {"parametrizations.weight.original0": "weight_g"}
    old["parametrizations.weight.original1"] = "weight_v"
    for new, name in old.items():
        path = "wav2vec2.encoder.pos_conv_embed.conv."
        weights[path + name] = weights.pop(path + new)
    torch.save(weights, folder / "pytorch_model.bin")
