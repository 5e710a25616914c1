"""Speech -> what a block hears: the hidden states of wav2vec 2.0, one set per video frame.

The speech encoder gives 50 states a second; the model was trained on them at 30 a second, picked
at the video's 25. There are two ways to do that. *Whole file*, as the reference does: the states
of the whole track are stretched to 30 Hz, end on end, and past the end are zeros. *Window*, which
makes a segment a function of its own job: the states of the segment's window are read at their
exact times, and past the track's end is silence.

Shapes: S hidden states (the encoder's input, then its layers), T times, D width, F video frames,
N samples at 16 kHz.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, TypeAlias

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  the field's name for it
from einops import rearrange
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor
from transformers import Wav2Vec2Config, Wav2Vec2Model
from transformers.utils.logging import disable_progress_bar

from model.engine import ENGINE_SAMPLE_RATE_HZ, FPS
from model.errors import WeightsError
from model.live_avatar.weights.published import PUBLISHED_AT
from model.live_avatar.weights.published_configs import (
    SPEECH_CONFIG,
    speech_faults,
    speech_folder_faults,
)
from model.live_avatar.weights.state import built_empty, key_faults
from model.live_avatar.weights.tensor_reader import stored_shapes

Samples: TypeAlias = NDArray[np.int16]

STATE_RATE_HZ = 50
FEATURE_RATE_HZ = 30
CONTEXT_SAMPLES = 10 * ENGINE_SAMPLE_RATE_HZ  # on each side of a segment, where there is as much
_HOP = ENGINE_SAMPLE_RATE_HZ // STATE_RATE_HZ
_RECEPTIVE_FIELD = 400  # samples that one state's convolutions see
_FULL_SCALE = 32_768.0
_VARIANCE_FLOOR = 1e-7  # of the published processor
_WAY_OUT = f"take wav2vec2-large-xlsr-53-english from {PUBLISHED_AT}"
_DAMAGED = (SafetensorError, UnpicklingError, EOFError)  # of either format, cut short
_RECOGNISER_ONLY = [r"lm_head\..+"]  # such is the published file
_TRAINING_ONLY = ["masked_spec_embed"]
_UNUSED = re.compile("|".join(_RECOGNISER_ONLY + _TRAINING_ONLY))
_RENAMED = {
    "weight_g": "parametrizations.weight.original0",
    "weight_v": "parametrizations.weight.original1",
}


@dataclass(frozen=True)
class Level:
    """Loudness of a whole track, by which each of its windows is normalised.

    Attributes:
        mean: of the samples, full scale being 1.
        std: their standard deviation.
    """

    mean: float
    std: float

    @classmethod
    def of(cls, pcm: Samples) -> "Level":
        """The level of a track ``(N,)``."""
        track = pcm / _FULL_SCALE
        return cls(float(track.mean()), float(track.std()))

    def normalised(self, pcm: Samples) -> NDArray[np.float32]:
        """Samples of mean 0 and variance 1, were they the whole track."""
        scale = float(np.sqrt(self.std**2 + _VARIANCE_FLOOR))
        return ((pcm / _FULL_SCALE - self.mean) / scale).astype(np.float32)


# --- whole file ---


def num_features(num_states: int) -> int:
    """How many features at 30 Hz ``num_states`` give.

    In floating point, as the reference does: 205 states give 122, not 123.
    """
    return int(num_states / STATE_RATE_HZ * FEATURE_RATE_HZ)


def features_at_30_hz(states: Tensor) -> Tensor:
    """States ``(S, T, D)`` at 50 Hz stretched to 30 Hz, first on first and last on last, float32.

    Raises:
        ValueError: there are too few states for one feature.
    """
    count = num_features(states.shape[1])
    if count < 1:
        raise ValueError(f"{states.shape[1]} states are too few: one feature takes 2")
    lines = rearrange(states.float(), "s t d -> s d t")
    stretched = F.interpolate(lines, size=count, mode="linear", align_corners=True)
    return rearrange(stretched, "s d t -> s t d")


def frame_indices(num_frames: int, fps: int = FPS) -> Tensor:
    """Which feature drives each frame: the nearest at 30 Hz, the even one of two, ``(F,)``."""
    picks = [round(Fraction(FEATURE_RATE_HZ * frame, fps)) for frame in range(num_frames)]
    return torch.tensor(picks, dtype=torch.long)


def frame_features(
    features: Tensor, num_frames: int, fps: int = FPS, num_neighbours: int = 0
) -> Tensor:
    """Features ``(S, T, D)`` at 30 Hz -> what each frame hears, ``(S, D, F)``; zeros past the end.

    Args:
        features: of the whole file.
        num_frames: F.
        fps: of the video.
        num_neighbours: features before and after each frame's own that are put beside it, the
            first and the last repeated: ``(S, (2 * num_neighbours + 1) * D, F)``.
    """
    indices = frame_indices(num_frames, fps)
    around = torch.arange(-num_neighbours, num_neighbours + 1) * (FEATURE_RATE_HZ // fps)
    taken = (indices[:, None] + around).clamp(0, features.shape[1] - 1)
    heard = rearrange(features[:, taken.to(features.device)], "s f n d -> s (n d) f")
    has_ended = (indices >= features.shape[1]).to(features.device)
    return heard.masked_fill(has_ended, 0.0)


def num_clips(num_features: int, clip_frames: int, fps: int = FPS) -> int:
    """Clips that the reference makes of a file: a last one is added even where none is needed."""
    return num_features * fps // (clip_frames * FEATURE_RATE_HZ) + 1


# --- window ---


def _window_places(left_context: int, num_frames: int) -> tuple[Tensor, Tensor]:
    """The state before each frame's time ``(F,)``, and how far on the next one it is, 0 to 1.

    Exact: a time is a whole number of thirds of a sample.
    """
    thirds = 3 * left_context + frame_indices(num_frames) * (
        3 * ENGINE_SAMPLE_RATE_HZ // FEATURE_RATE_HZ
    )
    return thirds // (3 * _HOP), (thirds % (3 * _HOP)).float() / (3 * _HOP)


def num_window_samples(left_context: int, num_frames: int) -> int:
    """The least N whose states reach a window's last frame."""
    before, _ = _window_places(left_context, num_frames)
    return (int(before[-1]) + 1) * _HOP + _RECEPTIVE_FIELD


def window_features(states: Tensor, left_context: int, num_frames: int) -> Tensor:
    """States ``(S, T, D)`` of a window -> what each of its frames hears, ``(S, D, F)``, float32.

    Frame k hears the states at the time of its feature, which lies within frame k. (The
    reference's picture is 3 frames early; and its stretching lets the last frames of a file hear
    what sounds 13 to 47 ms later.)

    Args:
        states: of the window, from its first sample.
        left_context: samples before the first frame's.
        num_frames: F.

    Raises:
        ValueError: the states end before the last frame.
    """
    before, rest = _window_places(left_context, num_frames)
    if int(before[-1]) + 1 >= states.shape[1]:
        raise ValueError(
            f"{num_frames} frames after {left_context} samples need {int(before[-1]) + 2} states,"
            f" got {states.shape[1]}; pad the window to num_window_samples"
        )
    before, rest = before.to(states.device), rest.to(states.device)[:, None]
    heard = torch.lerp(states[:, before].float(), states[:, before + 1].float(), rest)
    return rearrange(heard, "s f d -> s d f")


# --- the speech encoder ---


class SpeechEncoder:
    """Wav2vec 2.0, of which every layer's states are read.

    Attributes:
        model: of the large kind, whose layers norm their input.

    Raises:
        WeightsError: it is of another kind.
    """

    def __init__(self, model: Wav2Vec2Model) -> None:
        broken = speech_faults(model.config.to_dict())
        if broken:
            told = "; ".join(broken)
            raise WeightsError(f"the speech encoder's config is wrong: {told}; {_WAY_OUT}")
        self.model = model.eval().requires_grad_(False)

    @torch.no_grad()
    def states(self, samples: NDArray[np.float32]) -> Tensor:
        """Normalised samples ``(N,)``, at least 400 -> states ``(S, T, D)``.

        In the encoder's dtype: 60 s of the published one are 150 MB in bf16. The last state is
        taken after the encoder's final norm: so the model was trained, and so transformers gave it
        up to version 4; version 5 gives it before the norm.
        """
        heard = torch.from_numpy(samples).to(self.model.device, self.model.dtype)[None]
        out = self.model(heard, output_hidden_states=True)
        states = (*out.hidden_states[:-1], out.last_hidden_state)
        return torch.cat(states)

    def file_features(self, pcm: Samples) -> Tensor:
        """Features ``(S, T, D)`` at 30 Hz of a whole track ``(N,)``, normalised by itself."""
        return features_at_30_hz(self.states(Level.of(pcm).normalised(pcm)))

    def segment_features(
        self, pcm: Samples, left_context: int, num_frames: int, level: Level
    ) -> Tensor:
        """What each frame of a segment hears, ``(S, D, F)``.

        Args:
            pcm: ``(N,)``: left context, the segment, right context; silence follows it as far as
                the last frame needs.
            left_context: samples before the first frame's.
            num_frames: F.
            level: of the whole track.
        """
        missing = num_window_samples(left_context, num_frames) - len(pcm)
        window = np.pad(pcm, (0, max(0, missing)))
        return window_features(self.states(level.normalised(window)), left_context, num_frames)


class _Published(Wav2Vec2Model):
    """The model, loaded from a recogniser's file without a word about what that has beside it."""

    _keys_to_ignore_on_load_unexpected: set[str] | list[str] | None = _RECOGNISER_ONLY
    _keys_to_ignore_on_load_missing: set[str] | list[str] | None = _TRAINING_ONLY


def load_speech_encoder(
    folder: Path,
    *,
    audio_dim: int,
    num_audio_layers: int,
    dtype: torch.dtype,
    device: torch.device | str,
) -> SpeechEncoder:
    """Read the published folder, never the hub.

    Args:
        folder: with ``config.json``, ``preprocessor_config.json`` and the weights.
        audio_dim: width that the transformer wants.
        num_audio_layers: hidden states that it wants, the encoder's input included.
        dtype: to compute in.
        device: that computes.

    Raises:
        WeightsError: something is missing, or of another model.
    """
    faults = speech_folder_faults(folder, audio_dim=audio_dim, num_audio_layers=num_audio_layers)
    _refuse(folder, faults)
    disable_progress_bar()  # logs are for people who come later
    try:
        loaded: Any = _Published.from_pretrained(
            folder,
            local_files_only=True,
            dtype=dtype,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # they are refused below, with all else
        )
    except (*_DAMAGED, OSError, ValueError, RuntimeError) as error:
        raise WeightsError(f"{folder}: {error}; {_WAY_OUT}") from error
    model, found = loaded
    _refuse(folder, _loading_faults(found))
    return SpeechEncoder(model.to(device))


def speech_encoder_faults(folder: Path, weights: Path) -> list[str]:
    """What of a speech encoder's weights does not fit its config, told by their header alone.

    Raises:
        WeightsError: a file is missing, cut short, or not what its name says.
    """
    try:
        config = Wav2Vec2Config.from_json_file(folder / SPEECH_CONFIG)
    except (OSError, ValueError) as error:
        raise WeightsError(f"{folder / SPEECH_CONFIG}: {error}; {_WAY_OUT}") from error
    model = built_empty(lambda: Wav2Vec2Model(config))
    wanted = {name: tuple(value.shape) for name, value in model.named_parameters()}
    found = {_own_name(name): shape for name, shape in stored_shapes(weights).items()}
    unused = [name for name in {**wanted, **found} if _UNUSED.fullmatch(name)]
    for shapes in (wanted, found):
        for name in unused:
            shapes.pop(name, None)
    return [f"{weights}: {fault}" for fault in key_faults(wanted, found)]


def _own_name(published: str) -> str:
    """The name in the model: without the recogniser's prefix; one layer was renamed since."""
    path, _, kind = published.removeprefix("wav2vec2.").rpartition(".")
    kind = _RENAMED.get(kind, kind)
    return f"{path}.{kind}" if path else kind


def _loading_faults(found: Mapping[str, Any]) -> list[str]:
    """What transformers passed over, or drew at random, while it loaded."""
    faults = [
        f"{kind}: {name}"
        for kind in ("missing", "unexpected")
        for name in sorted(found[f"{kind}_keys"])
    ]
    return faults + [
        f"shape: {name} is {tuple(stored)}, wanted {tuple(wanted)}"
        for name, stored, wanted in sorted(found["mismatched_keys"])
    ]


def _refuse(folder: Path, faults: list[str]) -> None:
    if faults:
        raise WeightsError(f"{folder}: {'; '.join(faults)}; {_WAY_OUT}")
