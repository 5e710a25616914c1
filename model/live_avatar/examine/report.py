"""What ``nightshoot doctor`` asks of this machine before the engine is started.

Files, configs and packages are examined without torch; keys, shapes and GPUs where it is there.
Each question has a function from what was seen to findings; :func:`examine` asks them all.
"""

import importlib.metadata
import importlib.util
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from model.engine import Finding
from model.errors import NightshootError, WeightsError
from model.live_avatar.config import LIVE_AVATAR_14B
from model.live_avatar.environment import (
    DEVICE_VARIABLE,
    WEIGHTS_ID_VARIABLE,
)
from model.live_avatar.planning.offload import (
    offload_of,
)
from model.live_avatar.planning.placement import placement_of
from model.live_avatar.weights.checkpoint import Lora
from model.live_avatar.weights.location import (
    WeightsLocation,
    weights_location_of,
)
from model.live_avatar.weights.published import (
    LORA_PUBLISHED_AT,
    PUBLISHED_AT,
    SHARDS_BEGIN,
    FileFault,
    ModelFiles,
    check_config,
    missing_files,
)
from model.live_avatar.weights.published_configs import (
    SPEECH_CONFIG,
    speech_folder_faults,
    tokenizer_faults,
)

PACKAGES = {
    "accelerate": "accelerate",
    "diffusers": "diffusers",
    "einops": "einops",
    "ftfy": "ftfy",
    "nvidia-ml-py": "pynvml",
    "tokenizers": "tokenizers",
    "torch": "torch",
    "transformers": "transformers",
}
"""Of the ``gpu`` extra: package -> the module that is imported of it."""
FIGURES = "nvidia-ml-py"
"""Without it nobody knows what GPUs did; videos are rendered all the same."""
PINNED = {"diffusers": "0.42.1", "torch": "2.13.0"}
INSTALL = "run `pip install torch==2.13.0` and then `pip install 'nightshoot[gpu]'`"
_HOST_BYTES = 14_000_000_000  # the text encoder's .pth is read whole: 11.4 GB


def examine() -> list[Finding]:
    """Ask everything of this machine and its environment variables."""
    findings = packages_findings(_installed())
    has_torch = all(finding.verdict != "fail" for finding in findings)
    try:
        place = weights_location_of(os.environ)
    except WeightsError as error:
        what, _, way_out = str(error).partition("; ")
        findings.append(Finding("fail", "weights", what.partition(": ")[2], way_out))
        place = WeightsLocation()
    findings += place_findings(place, has_torch=has_torch)
    findings += id_findings(place, os.environ.get(WEIGHTS_ID_VARIABLE, ""))
    if not has_torch:
        return findings
    from model.live_avatar.examine.device_checks import device_findings

    try:
        offload, placement = offload_of(os.environ), placement_of(os.environ)
    except NightshootError as error:
        return [*findings, settings_finding(error)]
    name = os.environ.get(DEVICE_VARIABLE, "")
    return findings + device_findings(place, name, offload, placement)


def settings_finding(error: NightshootError) -> Finding:
    """What the environment says of offloading or placement that cannot be read."""
    found, _, way_out = str(error).removeprefix("engine live-avatar: ").partition("; ")
    return Finding("fail", "environment", found, way_out or "write it as docs/operations.md says")


# --- packages -----------------------------------------------------------------------------------


def _installed() -> dict[str, str]:
    """Package -> version, of those that can be imported."""
    return {
        name: importlib.metadata.version(name)
        for name, module in PACKAGES.items()
        if importlib.util.find_spec(module)
    }


def packages_findings(installed: Mapping[str, str]) -> list[Finding]:
    """Whether the ``gpu`` extra is installed, and in the versions that were tested.

    Args:
        installed: package -> version.
    """
    missing = [name for name in PACKAGES if name not in installed]
    if missing == [FIGURES]:
        found = f"{FIGURES} is not installed, so reports will have no GPU figures"
        return [Finding("warn", "packages", found, "run `pip install 'nightshoot[gpu]'`")]
    if missing:
        found = f"not installed: {', '.join(missing)}; weights that need them were not examined"
        return [Finding("fail", "packages", found, INSTALL)]
    others = [
        f"{name} is {installed[name]}, but must be {version}"
        for name, version in PINNED.items()
        if installed[name].partition("+")[0] != version  # behind it: for which CUDA
    ]
    if others:
        return [Finding("warn", "packages", "; ".join(others), INSTALL)]
    told = ", ".join(f"{name} {installed[name]}" for name in ("torch", "transformers", "diffusers"))
    return [Finding("ok", "packages", told)]


# --- weights ------------------------------------------------------------------------------------


def place_findings(place: WeightsLocation, *, has_torch: bool) -> list[Finding]:
    """How the weights are that the environment names.

    Args:
        place: where they are.
        has_torch: keys and shapes are compared too.
    """
    if place.random is not None:
        way_out = "use the published weights for real videos"
        found = f"random ({place.random}): the pictures will be noise"
        return [Finding("warn", "weights", found, way_out)]
    if place.known_id:
        found = f"only their id is set, {place.known_id}: this machine can plan, but not render"
        return [Finding("warn", "weights", found, "render on a machine that has the files")]
    if place.files is None:
        return []
    faults = missing_files(place.files.folder, place.files.lora.path if place.files.lora else None)
    findings = files_findings(place.files, faults) + config_findings(place.files)
    keys = _keys(place.files, {fault.path for fault in faults}) if has_torch else []
    return [*findings, *keys, host_memory_finding()]


def files_findings(files: ModelFiles, faults: list[FileFault]) -> list[Finding]:
    """Every file that is missing or cut short, and where it is published."""
    if faults:
        return [
            Finding("fail", "file", f"{path}: {fault}", way_out) for path, fault, way_out in faults
        ]
    lora = "" if files.lora is None else f" and {files.lora.path}"
    return [Finding("ok", "files", f"{files.folder}{lora}: every file has its full size")]


def config_findings(files: ModelFiles) -> list[Finding]:
    """What configs say that is not this model; files that are not there are told elsewhere."""
    findings: list[Finding] = []
    if files.transformer_config.is_file():
        findings.append(_asked("config", lambda: _config_faults(files.transformer_config)))
    speech, wanted = files.speech_encoder, LIVE_AVATAR_14B
    if speech.is_dir():
        faults = speech_folder_faults(
            speech, audio_dim=wanted.audio_dim, num_audio_layers=wanted.num_audio_layers
        )
        findings.append(_told("speech config", speech, faults))
    if files.tokenizer.is_dir():
        findings.append(_told("tokenizer", files.tokenizer, tokenizer_faults(files.tokenizer)))
    return findings


def _config_faults(path: Path) -> list[str]:
    check_config(path, LIVE_AVATAR_14B)
    return []


def _keys(files: ModelFiles, damaged: set[Path]) -> list[Finding]:
    """Names and shapes of all tensors of whole files, each for itself; torch is needed."""
    lora = files.lora if files.lora and files.lora.path not in damaged else None
    is_cut = any(path.name.startswith(SHARDS_BEGIN) for path in damaged)
    speech = {files.speech_weights, files.speech_encoder / SPEECH_CONFIG}
    asked: list[tuple[str, bool, Callable[[], list[str]]]] = [
        (
            "transformer and LoRA" if lora else "transformer",
            not is_cut,
            lambda: _transformer_faults(files, lora),
        ),
        ("text encoder", files.text_encoder not in damaged, lambda: _text_faults(files)),
        ("VAE", files.vae not in damaged, lambda: _vae_faults(files)),
        ("speech encoder", not speech & damaged, lambda: _speech_faults(files)),
    ]
    return [_asked(f"keys of the {what}", ask) for what, is_whole, ask in asked if is_whole]


# each imports libraries that take seconds, so only when its file is whole


def _transformer_faults(files: ModelFiles, lora: Lora | None) -> list[str]:
    from model.live_avatar.weights.state import transformer_faults

    return transformer_faults(LIVE_AVATAR_14B, files.transformer, lora)


def _text_faults(files: ModelFiles) -> list[str]:
    from model.live_avatar.encoders.text import text_encoder_faults

    return text_encoder_faults(files.text_encoder)


def _vae_faults(files: ModelFiles) -> list[str]:
    from model.live_avatar.encoders.vae import vae_faults

    return vae_faults(files.vae)


def _speech_faults(files: ModelFiles) -> list[str]:
    from model.live_avatar.encoders.audio import speech_encoder_faults

    return speech_encoder_faults(files.speech_encoder, files.speech_weights)


def _asked(what: str, ask: Callable[[], list[str]]) -> Finding:
    """What a question gave; an answer that cannot be had is a finding too."""
    try:
        faults = ask()
    except WeightsError as error:
        faults = [str(error)]
    return _told(what, None, faults)


def _told(what: str, place: Path | None, faults: list[str]) -> Finding:
    if not faults:
        return Finding("ok", what, "as published")
    told = "\n        ".join(faults if place is None else [f"{place}: {each}" for each in faults])
    way_out = f"take the files published at {PUBLISHED_AT} and, for the LoRA, {LORA_PUBLISHED_AT}"
    return Finding("fail", what, told, way_out)


def id_findings(place: WeightsLocation, known_id: str) -> list[Finding]:
    """What stands for the weights in keys, for machines where campaigns are only planned.

    Args:
        place: where the weights are.
        known_id: what the environment says it is; empty: nothing.
    """
    if place.files is None:
        return []
    try:
        own = place.weights_id()
    except WeightsError:
        return []  # told as a file
    if known_id and known_id != own:
        found = f"{WEIGHTS_ID_VARIABLE}={known_id}, but the files here are {own}"
        way_out = "unset it here; where campaigns are planned, set it to the id of these files"
        return [Finding("warn", "weights id", found, way_out)]
    return [Finding("ok", "weights id", f"{WEIGHTS_ID_VARIABLE}={own}")]


# --- the host's memory --------------------------------------------------------------------------


def host_memory_finding(path: Path = Path("/proc/meminfo")) -> Finding:
    """Whether the text encoder's file, which is read whole, fits into memory."""
    if not path.is_file():
        return Finding("warn", "memory", f"unknown, because there is no {path}", "keep 14 GB free")
    lines = dict(line.split(":", 1) for line in path.read_text().splitlines())
    free_bytes = int(lines["MemAvailable"].split()[0]) * 1024
    found = f"{free_bytes / 1e9:.1f} GB available"
    if free_bytes >= _HOST_BYTES:
        return Finding("ok", "memory", found)
    return Finding("warn", "memory", found, "loading needs 14 GB on the host: end other programs")
