"""Which GPUs this machine has, which one would be used, and what fits into its memory."""

from dataclasses import dataclass
from pathlib import Path

import torch

from model.engine import Finding
from model.errors import ResourceError
from model.live_avatar.cost import Plan
from model.live_avatar.device import choose_device
from model.live_avatar.moved import NO_OFFLOAD, OFFLOAD_VARIABLE, Offload, offloaded_memory
from model.live_avatar.place import Place
from model.live_avatar.sizes import MODELS

_MODEL = "live-avatar-14b"
_DRIVER = Path("/proc/driver/nvidia/version")
_CUDA_BYTES = 1_500_000_000  # of CUDA itself, and lost between tensors
_SIZES = ((704, 384), (688, 368), (384, 256))  # of the shipped presets
_OLDEST_CAPABILITY = (8, 0)  # the first with bfloat16


@dataclass(frozen=True)
class Gpu:
    """What torch says of one GPU.

    Attributes:
        index: of ``cuda:<index>``.
        name: of the product.
        total_bytes: of its memory.
        free_bytes: of it.
        capability: major and minor.
    """

    index: int
    name: str
    total_bytes: int
    free_bytes: int
    capability: tuple[int, int]


def device_findings(place: Place, device_name: str, offload: Offload = NO_OFFLOAD) -> list[Finding]:
    """Of the driver, each GPU, and the device that would be used.

    Args:
        place: where the weights are; small ones are rendered on a CPU too.
        device_name: what the environment says; empty: nothing.
        offload: what stays in the host's memory.
    """
    gpus = [_gpu(index) for index in range(torch.cuda.device_count())]
    is_needed = place.files is not None or place.random == "14b"
    is_cpu_wanted = device_name.startswith("cpu")
    findings = [driver_finding(len(gpus), is_needed=is_needed and not is_cpu_wanted)]
    findings += [gpu_finding(gpu) if isinstance(gpu, Gpu) else gpu for gpu in gpus]
    if place.files is None and place.random is None:
        return findings
    try:
        device = choose_device(device_name, is_small=place.random == "tiny")
    except ResourceError as error:
        found, _, way_out = str(error).removeprefix("engine live-avatar: ").partition("; ")
        return [*findings, Finding("fail", "device", found, way_out)]
    findings.append(chosen_finding(device.type, str(device), is_needed=is_needed))
    chosen = gpus[device.index or 0] if device.type == "cuda" else None
    if isinstance(chosen, Gpu) and is_needed:
        findings.append(memory_finding(chosen.free_bytes, offload))
    return findings


def _gpu(index: int) -> Gpu | Finding:
    """What a GPU says of itself, or that it does not answer."""
    try:
        free_bytes, total_bytes = torch.cuda.mem_get_info(index)
    except RuntimeError as error:  # another program has it alone, or it fell off its bus
        first = str(error).strip().splitlines()[0]
        way_out = "see whether `nvidia-smi` lists it, and which program holds it"
        return Finding("fail", f"cuda:{index}", f"does not answer ({first})", way_out)
    name = torch.cuda.get_device_name(index)
    return Gpu(index, name, total_bytes, free_bytes, torch.cuda.get_device_capability(index))


def driver_finding(num_gpus: int, *, is_needed: bool) -> Finding:
    """What stands between torch and the GPUs.

    Args:
        num_gpus: that torch found.
        is_needed: nothing is rendered without one.
    """
    driver = _driver_version()
    built_for = f"CUDA {torch.version.cuda}" if torch.version.cuda else "no CUDA"
    found = f"{num_gpus} found; torch {torch.__version__} is built for {built_for}; driver {driver}"
    if num_gpus:
        return Finding("ok", "GPUs", found)
    if not torch.version.cuda:
        way_out = "install torch for CUDA, as its own page says, on a machine with an NVIDIA GPU"
    else:
        way_out = "install NVIDIA's driver, or one that is new enough for this CUDA"
    return Finding("fail" if is_needed else "warn", "GPUs", found, way_out)


def _driver_version() -> str:
    """As NVIDIA's kernel module tells it."""
    if not _DRIVER.is_file():
        return "not found"
    words = _DRIVER.read_text().splitlines()[0].split()
    return next((word for word in words if word[0].isdigit()), "of an unknown version")


def gpu_finding(gpu: Gpu) -> Finding:
    """Whether a GPU computes in the dtype of the weights."""
    free, total = gpu.free_bytes / 1e9, gpu.total_bytes / 1e9
    version = ".".join(map(str, gpu.capability))
    found = f"{gpu.name}, {free:.1f} of {total:.1f} GB free, compute capability {version}"
    what = f"cuda:{gpu.index}"
    if gpu.capability >= _OLDEST_CAPABILITY:
        return Finding("ok", what, found)
    return Finding("warn", what, found, "bfloat16 is slow below 8.0: use a newer GPU")


def chosen_finding(kind: str, name: str, *, is_needed: bool) -> Finding:
    """The device that would be used."""
    if kind == "cpu" and is_needed:
        way_out = "unset the variable on a machine with a GPU"
        return Finding("warn", "device", "cpu: a second of video takes hours", way_out)
    return Finding("ok", "device", name)


def memory_finding(free_bytes: int, offload: Offload = NO_OFFLOAD) -> Finding:
    """The largest of the presets' sizes that fits in four steps of bfloat16, by formula."""
    fitting = [size for size in _SIZES if needed_bytes(*size, offload) <= free_bytes]
    if fitting == list(_SIZES):
        width, height = _SIZES[0]
        return Finding("ok", "GPU memory", f"enough for {width}x{height} in 4 steps")
    smallest = needed_bytes(*_SIZES[-1], offload) / 1e9
    others = f"fewer sample_steps, or {OFFLOAD_VARIABLE}=kv,text"
    if not fitting:
        found = f"{free_bytes / 1e9:.1f} GB free; the smallest preset takes {smallest:.0f} GB"
        way_out = f"end other programs on it, take {others}, or use a larger one"
        return Finding("fail", "GPU memory", found, way_out)
    (width, height), (widest, highest) = fitting[0], _SIZES[0]
    found = f"enough for {width}x{height} in 4 steps, not for {widest}x{highest}"
    return Finding("warn", "GPU memory", found, f"use a preset that fits, {others}")


def needed_bytes(width: int, height: int, offload: Offload = NO_OFFLOAD) -> int:
    """GPU memory that the engine takes with its usual settings, by formula."""
    return offloaded_memory(offload, Plan(MODELS[_MODEL], width, height)).total + _CUDA_BYTES
