"""Which files the published model consists of, where they are published, and what is missing.

Nothing is downloaded. Names are those of the two published folders.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from model.errors import WeightsError
from model.live_avatar.config import TransformerConfig
from model.live_avatar.weights.checkpoint import (
    PICKLE_ENDINGS,
    SAFETENSORS_ENDING,
    Lora,
    check_pickle,
    shard_names,
    stored_tensors,
)
from model.live_avatar.weights.published_configs import (
    SPEECH_CONFIG,
    SPEECH_PROCESSOR,
    TOKENIZER_NAME,
)

PUBLISHED_AT = "https://huggingface.co/Wan-AI/Wan2.2-S2V-14B"
LORA_PUBLISHED_AT = "https://huggingface.co/Quark-Vision/Live-Avatar"
LORA_NAME = "liveavatar.safetensors"

_CONFIG = "config.json"
SHARDS_BEGIN = "diffusion_pytorch_model"
_INDEX = f"{SHARDS_BEGIN}.safetensors.index.json"
_TEXT_ENCODER = "models_t5_umt5-xxl-enc-bf16.pth"
_VAE = "Wan2.1_VAE.pth"
_TOKENIZER = Path("google", "umt5-xxl")
_SPEECH = Path("wav2vec2-large-xlsr-53-english")
# either will do; the first that is there is used
_SPEECH_NAMES = ("model.safetensors", "pytorch_model.bin")
_SPEECH_CONFIGS = (SPEECH_CONFIG, SPEECH_PROCESSOR)


class FileFault(NamedTuple):
    """A file that is missing or damaged.

    Attributes:
        path: where it should be.
        fault: what is wrong with it.
        way_out: what to do.
    """

    path: Path
    fault: str
    way_out: str


@dataclass(frozen=True)
class ModelFiles:
    """Where the parts of the model lie.

    Attributes:
        folder: of the published base model.
        lora: merged into its transformer; None: the base model as it is.
    """

    folder: Path
    lora: Lora | None

    @property
    def transformer(self) -> Path:
        """Index of the shards."""
        return self.folder / _INDEX

    @property
    def transformer_config(self) -> Path:
        """What the transformer was built from."""
        return self.folder / _CONFIG

    @property
    def text_encoder(self) -> Path:
        """A ``.pth``."""
        return self.folder / _TEXT_ENCODER

    @property
    def tokenizer(self) -> Path:
        """A folder."""
        return self.folder / _TOKENIZER

    @property
    def vae(self) -> Path:
        """A ``.pth``."""
        return self.folder / _VAE

    @property
    def speech_encoder(self) -> Path:
        """A folder."""
        return self.folder / _SPEECH

    @property
    def speech_weights(self) -> Path:
        """Of the speech encoder; a safetensors file where there is one."""
        return _first(self.speech_encoder, _SPEECH_NAMES)

    @property
    def hashed(self) -> tuple[Path, ...]:
        """The files that change pixels: for :func:`weights_id`."""
        weights = (self.transformer, self.text_encoder, self.vae)
        configs = tuple(self.speech_encoder / name for name in _SPEECH_CONFIGS)
        return (*weights, self.tokenizer / TOKENIZER_NAME, self.speech_weights, *configs)


def missing_files(folder: Path, lora: Path | None) -> list[FileFault]:
    """Everything that is missing or cut short, told by names, sizes and headers alone.

    Args:
        folder: of the published base model.
        lora: file of the LoRA; None: none is wanted.
    """
    files = ModelFiles(folder, None)
    wanted = [files.transformer_config, files.transformer, files.text_encoder, files.vae]
    wanted += [files.speech_encoder / name for name in _SPEECH_CONFIGS]
    wanted += [files.speech_weights, files.tokenizer / TOKENIZER_NAME]
    faults = _faults(wanted, PUBLISHED_AT)
    if files.transformer.is_file():
        faults += _shard_faults(files.transformer)
    return faults + (_faults([lora], LORA_PUBLISHED_AT) if lora else [])


def check_config(path: Path, config: TransformerConfig) -> None:
    """Refuse a folder whose ``config.json`` says another model than ``config``.

    Shapes of weights do not tell all: the number of heads, where audio goes in and how the motion
    memory is cut stand in this file alone.

    Raises:
        WeightsError: names every value that differs.
    """
    try:
        found = json.loads(path.read_bytes())
        if not isinstance(found, dict):
            raise ValueError("it does not hold an object")
    except (OSError, ValueError) as error:
        raise WeightsError(
            f"{path}: cannot be read ({error}); download it again from {PUBLISHED_AT}"
        ) from error
    faults = [
        f"  {name}: {found.get(name, 'missing')!r}, wanted {wanted!r}"
        for name, wanted in _config_values(config).items()
        if found.get(name) != wanted
    ]
    if faults:
        told = "\n".join(faults)
        raise WeightsError(
            f"{path}: belongs to another model than the one built here:\n{told}\n"
            f"take the folder published at {PUBLISHED_AT}"
        )


def _config_values(config: TransformerConfig) -> dict[str, Any]:
    """What ``config.json`` must say, in its words; the last ones are what the code here does."""
    return {
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


def _faults(paths: list[Path], published_at: str) -> list[FileFault]:
    faults: list[FileFault] = []
    for path in paths:
        way_out = f"download it from {published_at}"
        try:
            _check(path)
        except FileNotFoundError:
            faults.append(FileFault(path, "is not there", way_out))
        except WeightsError as error:
            faults.append(FileFault(path, str(error).removeprefix(f"{path}: "), way_out))
    return faults


def _check(path: Path) -> None:
    if not path.is_file():
        raise FileNotFoundError(path)
    if path.name.endswith(PICKLE_ENDINGS):
        check_pickle(path)
    elif path.name.endswith(SAFETENSORS_ENDING):
        stored_tensors(path)


def _shard_faults(index: Path) -> list[FileFault]:
    """Of the shards one by one; of what they hold together only when each is whole."""
    try:
        shards = [index.parent / name for name in shard_names(index)]
        faults = _faults(shards, PUBLISHED_AT)
        if not faults:
            stored_tensors(index)
    except WeightsError as error:
        fault = str(error).removeprefix(f"{index}: ")
        return [FileFault(index, fault, f"download it from {PUBLISHED_AT}")]
    return faults


def _first(folder: Path, names: tuple[str, ...]) -> Path:
    return next((folder / name for name in names if (folder / name).is_file()), folder / names[0])
