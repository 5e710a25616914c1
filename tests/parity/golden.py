"""Reads golden sets: folders whose ``index.json`` says what the reference computed, and from what.

Nothing here knows the sizes of a set; what a test needs to know stands in the set's index.
"""

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from model.live_avatar.config import BLOCK_FRAMES, TransformerConfig

#: a set of another folder: ``GOLDEN=<folder> pytest tests/parity``
FOLDER_VARIABLE = "GOLDEN"
SHARED = Path(__file__).parents[2].parent / "shared" / "golden"

# what a test feeds in; every other tensor is something the reference computed
_INPUTS = tuple(
    (re.compile(file), re.compile(tensor))
    for file, tensor in (
        (r"weights_\w+", r".+"),
        (r"lora", r".+"),
        (r".+", r"in\..+"),
        (r"scheduler", r"walk\.(model_output\d+|x0)"),
        (r"audio", r"w2v_hidden_states_50fps"),
        (r"t5", r"ids|mask|long\.ids"),
        (r"vae", r"enc\.video_in|dec\.latent_in"),
        (r"generate_\w+", r"image_u8|context|infer\d+\.latent_in"),
    )
)


class GoldenError(Exception):
    """A folder that holds no golden set, or a damaged one."""


class GoldenSet:
    """One golden folder.

    Attributes:
        folder: that it is read from.
        config: of the set: sizes, seeds, and each model's own values.
        num_threads: of the CPU that computed it; the last bits depend on it.

    Raises:
        GoldenError: the folder or its index cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, index = folder, folder / "index.json"
        try:
            self._index: dict[str, Any] = json.loads(index.read_text())
        except (OSError, ValueError) as error:
            raise GoldenError(
                f"{index} cannot be read ({error}): name a folder of golden tensors and their index"
            ) from error
        missing = [key for key in ("config", "files", "threads") if key not in self._index]
        if missing:
            raise GoldenError(f"{index} has no {', '.join(missing)}: it is no golden set's index")
        self.config: dict[str, Any] = self._index["config"]
        self.num_threads: int = self._index["threads"]
        self._loaded: dict[str, dict[str, Tensor]] = {}

    def __str__(self) -> str:
        return str(self.folder)

    @property
    def blocks_per_clip(self) -> int:
        """Blocks of a clip of the generations."""
        return self.config["infer_frames"] // BLOCK_FRAMES

    @property
    def names(self) -> list[str]:
        """Of the files, in the index's order."""
        return list(self._index["files"])

    def path(self, name: str) -> Path:
        """Where a file is."""
        return self.folder / self._index["files"][name]["path"]

    def info(self, name: str) -> dict[str, Any]:
        """What the index says of a file's calls."""
        return self._index["files"][name]["info"]

    def shape(self, name: str, tensor: str) -> tuple[int, ...]:
        """Of one tensor, without reading it."""
        return tuple(self._index["files"][name]["tensors"][tensor]["shape"])

    def tensors(self, name: str) -> dict[str, Tensor]:
        """All tensors of a file, as stored; they must be those of the index."""
        if name not in self._loaded:
            path = self.path(name)
            try:
                loaded = load_file(path)
            except (OSError, SafetensorError) as error:
                raise GoldenError(f"{path} cannot be read ({error}): copy the set again") from error
            odd = sorted(loaded.keys() ^ self._index["files"][name]["tensors"].keys())
            if odd:
                raise GoldenError(f"{path} and its index disagree on {', '.join(odd)}")
            self._loaded[name] = loaded
        return self._loaded[name]

    def outputs(self, name: str) -> list[str]:
        """Every tensor of a file that the reference computed: a test compares all of them."""
        return [
            tensor
            for tensor in self._index["files"][name]["tensors"]
            if not any(file.fullmatch(name) and one.fullmatch(tensor) for file, one in _INPUTS)
        ]

    def transformer_config(self) -> TransformerConfig:
        """Of the set's transformer."""
        dit = self.config["dit"]
        mix = self.shape("weights_dit", "casual_audio_encoder.weights")
        return TransformerConfig(
            dim=dit["dim"],
            ffn_dim=dit["ffn_dim"],
            num_layers=dit["num_layers"],
            num_heads=dit["num_heads"],
            freq_dim=dit["freq_dim"],
            text_dim=dit["text_dim"],
            text_len=dit["text_len"],
            audio_dim=dit["audio_dim"],
            inject_layers=tuple(dit["audio_inject_layers"]),
            num_audio_layers=mix[1],
            num_audio_tokens=dit["num_audio_token"],
            latent_channels=dit["in_dim"],
        )


@cache
def golden_set_in(folder: Path) -> GoldenSet:
    """The set in ``folder``; its files are read once."""
    return GoldenSet(folder)


def golden_set() -> GoldenSet:
    """The set that ``GOLDEN`` names, else the shared one; skips the test where there is none."""
    folder = named_folder()
    # a wrong folder fails: who names one wants it read
    if not os.environ.get(FOLDER_VARIABLE) and not (folder / "index.json").is_file():
        pytest.skip(f"no golden set at {folder}; name one with {FOLDER_VARIABLE}=<folder>")
    return golden_set_in(folder)


def named_folder() -> Path:
    """The folder that ``GOLDEN`` names, else the shared one."""
    named = os.environ.get(FOLDER_VARIABLE, "")
    return Path(named).resolve() if named else SHARED / "A"


def real_keys() -> dict[str, Any]:
    """Names and shapes of the published checkpoints; skips the test where the list is absent."""
    path = SHARED / "real_keys.json"
    if not path.is_file():
        pytest.skip(f"no list of published names at {path}")
    return json.loads(path.read_text())["components"]


def difference(actual: Tensor, expected: Tensor) -> float:
    """The largest absolute difference; shapes must agree, and NaN is infinitely far."""
    assert actual.shape == expected.shape, (actual.shape, expected.shape)
    gap = (actual.double() - expected.double()).abs()
    return float(gap.nan_to_num(nan=float("inf")).max())
