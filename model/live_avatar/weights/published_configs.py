"""What the JSON files of the speech encoder and the tokenizer must say; read without torch.

A wrong value here loads without an error and gives another model.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SPEECH_CONFIG = "config.json"
SPEECH_PROCESSOR = "preprocessor_config.json"
TOKENIZER_NAME = "tokenizer.json"
_TOKENIZER_KIND = "Unigram"  # UMT5's

_SPEECH_RULES: Mapping[str, Any] = {
    "do_stable_layer_norm": True,
    "feat_extract_norm": "layer",
    "conv_stride": [5, 2, 2, 2, 2, 2, 2],
    "conv_kernel": [10, 3, 3, 3, 3, 2, 2],
    "add_adapter": False,
}
# what transformers takes where a config is silent
_SPEECH_DEFAULTS: Mapping[str, Any] = {
    "do_stable_layer_norm": False,
    "feat_extract_norm": "group",
    "conv_stride": [5, 2, 2, 2, 2, 2, 2],
    "conv_kernel": [10, 3, 3, 3, 3, 2, 2],
    "add_adapter": False,
    "hidden_size": 768,
    "num_hidden_layers": 12,
}
_PROCESSOR_RULES: Mapping[str, Any] = {
    "do_normalize": True,
    "sampling_rate": 16_000,
}


def speech_faults(config: Mapping[str, Any], wanted: Mapping[str, Any] | None = None) -> list[str]:
    """What of a speech encoder's config gives other states than the model was trained on.

    Args:
        config: as transformers stores it.
        wanted: further values that it must have.
    """
    return _differing({**_SPEECH_DEFAULTS, **config}, {**_SPEECH_RULES, **(wanted or {})})


def speech_folder_faults(folder: Path, *, audio_dim: int, num_audio_layers: int) -> list[str]:
    """What is wrong with the two configs in a speech encoder's folder.

    Args:
        folder: as published.
        audio_dim: width that the transformer wants.
        num_audio_layers: hidden states that it wants, the encoder's input included.
    """
    sizes = {"hidden_size": audio_dim, "num_hidden_layers": num_audio_layers - 1}
    config, faults = _read_object(folder / SPEECH_CONFIG)
    if config is not None:
        faults += [f"{SPEECH_CONFIG}: {fault}" for fault in speech_faults(config, sizes)]
    processor, unread = _read_object(folder / SPEECH_PROCESSOR)
    faults += unread
    if processor is not None:
        broken = _differing(processor, _PROCESSOR_RULES)
        faults += [f"{SPEECH_PROCESSOR}: {fault}" for fault in broken]
    return faults


def tokenizer_faults(folder: Path) -> list[str]:
    """What is wrong with a tokenizer's folder: it is not there, or of another kind than UMT5's."""
    found, faults = _read_object(folder / TOKENIZER_NAME)
    if found is None:
        return faults
    model = found.get("model")
    kind = model.get("type") if isinstance(model, dict) else None
    if kind != _TOKENIZER_KIND:
        return [f"{TOKENIZER_NAME}: its model is {kind}, but must be {_TOKENIZER_KIND}"]
    return []


def _differing(values: Mapping[str, Any], rules: Mapping[str, Any]) -> list[str]:
    found = {name: _listed(values.get(name)) for name in rules}
    return [
        f"{name} is {found[name]}, but must be {rule}"
        for name, rule in rules.items()
        if found[name] != rule
    ]


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _read_object(path: Path) -> tuple[dict[str, Any] | None, list[str]]:
    """The object in a file, or what is wrong with the file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        return None, [f"{path.name}: cannot be read ({error.strerror})"]
    except ValueError as error:
        return None, [f"{path.name}: is not valid JSON ({error})"]
    if not isinstance(content, dict):
        return None, [f"{path.name}: must hold an object"]
    return content, []
