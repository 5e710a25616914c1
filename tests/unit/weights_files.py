"""Small files of weights, and a small folder laid out as the model was published."""

import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from model.live_avatar.weights.checkpoint import INDEX_ENDING
from model.live_avatar.weights.published import LORA_NAME

# as the folder was published
CONFIG = {
    "dim": 5120,
    "ffn_dim": 13824,
    "freq_dim": 256,
    "num_heads": 40,
    "num_layers": 40,
    "eps": 1e-06,
    "audio_dim": 1024,
    "audio_inject_layers": [0, 4, 8, 12, 16, 20, 24, 27, 30, 33, 36, 39],
    "text_len": 512,
    "enable_adain": True,
    "adain_mode": "attn_norm",
    "zero_timestep": True,
    "enable_motioner": False,
    "enable_framepack": True,
    "framepack_drop_mode": "padd",
    "add_last_motion": True,
}
SPEECH = {
    "do_stable_layer_norm": True,
    "feat_extract_norm": "layer",
    "conv_stride": [5, 2, 2, 2, 2, 2, 2],
    "conv_kernel": [10, 3, 3, 3, 3, 2, 2],
    "hidden_size": 1024,
    "num_hidden_layers": 24,
}
PROCESSOR = {"do_normalize": True, "sampling_rate": 16_000}
TOKENIZER = {"model": {"type": "Unigram"}}


def arrays(seed: int = 1) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {
        "a.weight": random.standard_normal((40, 30)).astype(np.float32),
        "a.bias": random.standard_normal(40).astype(np.float16),
        "b.weight": random.standard_normal((7, 40)).astype(np.float32),
    }


def saved(folder: Path, tensors: dict[str, np.ndarray], name: str = "w.safetensors") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / name)
    return folder / name


def sharded(folder: Path, tensors: dict[str, np.ndarray], stem: str = "w") -> Path:
    weight_map: dict[str, str] = {}
    for number, name in enumerate(tensors):
        file = f"{stem}-{number}.safetensors"
        saved(folder, {name: tensors[name]}, file)
        weight_map[name] = file
    index = folder / f"{stem}.safetensors{INDEX_ENDING}"
    index.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": weight_map}))
    return index


def pth(path: Path, values: list[float], root: str = "archive") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{root}/data.pkl", pickle.dumps(len(values)))
        archive.writestr(f"{root}/data/0", np.array(values, np.float32).tobytes())
    return path


def write_configs(folder: Path) -> None:
    """Every JSON file that stands beside the weights, as published."""
    speech, tokenizer = folder / "wav2vec2-large-xlsr-53-english", folder / "google" / "umt5-xxl"
    for path, content in (
        (folder / "config.json", CONFIG),
        (speech / "config.json", SPEECH),
        (speech / "preprocessor_config.json", PROCESSOR),
        (tokenizer / "tokenizer.json", TOKENIZER),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))


def published(folder: Path) -> tuple[Path, Path]:
    """A folder with all that belongs to the model, and a LoRA, in small."""
    sharded(folder, arrays(), "diffusion_pytorch_model")
    write_configs(folder)
    for name in ("models_t5_umt5-xxl-enc-bf16.pth", "Wan2.1_VAE.pth"):
        pth(folder / name, [1.0])
    saved(folder / "wav2vec2-large-xlsr-53-english", arrays(), "model.safetensors")
    return folder, saved(folder, arrays(3), LORA_NAME)
