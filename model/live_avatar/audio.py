"""Speech -> what a block hears: the hidden states of wav2vec 2.0, one set per video frame.

The speech encoder gives 50 states a second; the model was trained on them at 30 a second, picked
at the video's 25. There are two ways to do that. *Whole file*, as the reference does: the states
of the whole track are stretched to 30 Hz, end on end, and past the end are zeros. *Window*, which
makes a segment a function of its own job: the states of the segment's window are read at their
exact times, and past the track's end is silence.

Shapes: S hidden states (the encoder's input, then its layers), T times, D width, F video frames,
N samples at 16 kHz.
"""

import json
import re
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

from model.engine import ENGINE_SAMPLE_RATE_HZ, FPS
from model.errors import WeightsError
from model.live_avatar.published import PUBLISHED_AT

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
# the published file is a recogniser's; masks are for training
_UNUSED = re.compile(r"lm_head\..+|(?:wav2vec2\.)?masked_spec_embed")


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

    Args:
        model: of the large kind, whose layers norm their input.

    Raises:
        WeightsError: it is of another kind.
    """

    def __init__(self, model: Wav2Vec2Model) -> None:
        broken = _broken_rules(model.config)
        if broken:
            raise WeightsError(f"the speech encoder's config: {'; '.join(broken)}; {_WAY_OUT}")
        self._model = model.eval().requires_grad_(False)

    @torch.no_grad()
    def states(self, samples: NDArray[np.float32]) -> Tensor:
        """Normalised samples ``(N,)``, at least 400 -> states ``(S, T, D)``.

        In the encoder's dtype: 60 s of the published one are 150 MB in bf16. The last state is
        taken after the encoder's final norm: so the model was trained, and so transformers gave it
        up to version 4; version 5 gives it before the norm.
        """
        heard = torch.from_numpy(samples).to(self._model.device, self._model.dtype)[None]
        out = self._model(heard, output_hidden_states=True)
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


def _broken_rules(config: Wav2Vec2Config) -> list[str]:
    """What is wrong with a config; wrong norms load without an error and give other states."""
    rules = {
        "do_stable_layer_norm": True,
        "feat_extract_norm": "layer",
        "conv_stride": (5, 2, 2, 2, 2, 2, 2),
        "conv_kernel": (10, 3, 3, 3, 3, 2, 2),
        "add_adapter": False,
    }
    values = {name: getattr(config, name) for name in rules}
    values = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
    return [
        f"{name} is {values[name]}, must be {rule}"
        for name, rule in rules.items()
        if values[name] != rule
    ]


def _read_json(path: Path) -> dict[str, Any]:
    """The object in a file.

    Raises:
        WeightsError: there is none.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path}: {error}; {_WAY_OUT}") from error
    if not isinstance(content, dict):
        raise WeightsError(f"{path}: must hold an object; {_WAY_OUT}")
    return content


def _check_folder(folder: Path, audio_dim: int, num_audio_layers: int) -> None:
    """Refuse a folder of another model before its weights are read.

    Raises:
        WeightsError: a file is missing or not JSON, or a value is not the one needed.
    """
    config = Wav2Vec2Config(**_read_json(folder / "config.json"))
    processor = _read_json(folder / "preprocessor_config.json")
    broken = _broken_rules(config)
    for name, value, rule in (
        ("hidden_size", config.hidden_size, audio_dim),
        ("num_hidden_layers", config.num_hidden_layers, num_audio_layers - 1),
        ("do_normalize", processor.get("do_normalize"), True),
        ("sampling_rate", processor.get("sampling_rate"), ENGINE_SAMPLE_RATE_HZ),
    ):
        if value != rule:
            broken.append(f"{name} is {value}, must be {rule}")
    if broken:
        raise WeightsError(f"{folder}: {'; '.join(broken)}; {_WAY_OUT}")


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
    _check_folder(folder, audio_dim, num_audio_layers)
    try:
        loaded: Any = Wav2Vec2Model.from_pretrained(
            folder, local_files_only=True, dtype=dtype, output_loading_info=True
        )
    except (*_DAMAGED, OSError, ValueError, RuntimeError) as error:
        raise WeightsError(f"{folder}: {error}; {_WAY_OUT}") from error
    model, found = loaded
    faults = [
        f"{kind}: {name}"
        for kind in ("missing", "unexpected")
        for name in sorted(found[f"{kind}_keys"])
        if not _UNUSED.fullmatch(name)
    ]
    if faults:
        raise WeightsError(f"{folder}: {'; '.join(faults)}; {_WAY_OUT}")
    return SpeechEncoder(model.to(device))
