"""Which GPUs this machine has, which would be used, what fits into them, and whether they talk."""

from collections.abc import Sequence
from pathlib import Path

import torch

from model.engine import Finding
from model.errors import ResourceError
from model.host.server import number_gpus_by_bus
from model.live_avatar.devices.device import choose_device, cudnn_version
from model.live_avatar.environment import (
    OFFLOAD_VARIABLE,
)
from model.live_avatar.examine.link_checks import link_findings, shm_finding
from model.live_avatar.network.attention import chosen_kernel
from model.live_avatar.planning.cost import Plan
from model.live_avatar.planning.gpus import BFLOAT16_CAPABILITY, FLOAT8_CAPABILITY
from model.live_avatar.planning.offload import (
    NO_OFFLOAD,
    Offload,
)
from model.live_avatar.planning.placement import ALONE, Placement
from model.live_avatar.planning.placement_checks import (
    Gpu,
    Wanted,
    check_placement,
    placement_faults,
)
from model.live_avatar.planning.rank_memory import Fit, fit
from model.live_avatar.planning.sizes import MODELS, PUBLISHED, ModelSizes
from model.live_avatar.settings import DEFAULTS
from model.live_avatar.weights.location import WeightsLocation

_DRIVER = Path("/proc/driver/nvidia/version")
_SIZES = ((704, 384), (688, 368), (384, 256))  # of the shipped presets


def device_findings(
    place: WeightsLocation,
    device_name: str,
    offload: Offload = NO_OFFLOAD,
    placement: Placement = ALONE,
) -> list[Finding]:
    """Of the driver, each GPU, and the devices that would be used.

    Args:
        place: where the weights are; small ones are rendered on a CPU too.
        device_name: what the environment says; empty: nothing.
        offload: what stays in the host's memory.
        placement: of a video over ranks.
    """
    number_gpus_by_bus()
    gpus = [_gpu(index) for index in range(torch.cuda.device_count())]
    is_needed = place.files is not None or place.random == "14b"
    is_cpu_wanted = device_name.startswith("cpu")
    findings = [driver_finding(len(gpus), is_needed=is_needed and not is_cpu_wanted)]
    findings += [gpu_finding(gpu) if isinstance(gpu, Gpu) else gpu for gpu in gpus]
    if place.files is None and place.random is None:
        return findings
    try:
        device = choose_device(device_name, is_small=place.is_tiny)
    except ResourceError as error:
        found, _, way_out = str(error).removeprefix("engine live-avatar: ").partition("; ")
        return [*findings, Finding("fail", "device", found, way_out)]
    findings.append(chosen_finding(device.type, str(device), is_needed=is_needed))
    answering = [gpu for gpu in gpus if isinstance(gpu, Gpu)]
    if device.type == "cuda" and len(answering) < len(gpus):
        return findings  # one that does not answer is told already
    findings.append(attention_finding(device, _model(is_tiny=place.is_tiny)))
    wanted = Wanted(placement, offload, "bfloat16", device_name, int(DEFAULTS["sample_steps"]))
    taken = answering if device.type == "cuda" else None
    findings += placement_findings(wanted, is_tiny=place.is_tiny, gpus=taken)
    if taken and is_needed:
        chosen = taken[: placement.num_ranks] if placement.num_ranks > 1 else [taken[device.index]]
        least = min(gpu.free_bytes for gpu in chosen)
        findings.append(memory_finding(least, offload, placement))
    return findings


def placement_findings(
    wanted: Wanted, *, is_tiny: bool, gpus: Sequence[Gpu] | None
) -> list[Finding]:
    """Whether the placement can be, and whether its ranks can talk: the latter takes seconds.

    Args:
        wanted: of the environment.
        is_tiny: the weights are the small random ones.
        gpus: of the machine; None: it renders on CPUs.
    """
    findings = [] if gpus is None else [float8_finding(gpus)]
    faults = placement_faults(wanted, _model(is_tiny=is_tiny).transformer, gpus)
    findings += [Finding("fail", "placement", *fault) for fault in faults]
    num_ranks = wanted.placement.num_ranks
    if faults or num_ranks == 1:
        return findings
    findings.append(Finding("ok", "placement", f"{wanted.placement}: {num_ranks} ranks"))
    if gpus is not None and (shared := shm_finding()):
        findings.append(shared)
    return findings + link_findings(num_ranks, "cpu" if gpus is None else "cuda")


def float8_finding(gpus: Sequence[Gpu]) -> Finding:
    """Whether all GPUs have products in 8 bits."""
    old = [f"cuda:{gpu.index}" for gpu in gpus if gpu.capability < FLOAT8_CAPABILITY]
    if not old:
        return Finding("ok", "float8", "dtype=float8 can be used")
    least = ".".join(map(str, FLOAT8_CAPABILITY))
    found = f"{', '.join(old)} cannot use dtype=float8, which needs compute capability {least}"
    return Finding("warn", "float8", found, "use dtype=float8 only on newer GPUs")


def check_machine(wanted: Wanted, *, is_tiny: bool) -> None:
    """Refuse a placement that this machine cannot have; nothing is put on a GPU to find out.

    Args:
        wanted: what is about to be loaded.
        is_tiny: the weights are the small random ones.

    Raises:
        ResourceError: GPUs are too few, mixed or too old, or numbers do not divide.
    """
    num_gpus = torch.cuda.device_count()
    gpus = None
    if num_gpus and not wanted.device_name.startswith("cpu"):
        gpus = [_known(index) for index in range(num_gpus)]
    check_placement(wanted, _model(is_tiny=is_tiny).transformer, gpus)


def _model(*, is_tiny: bool) -> ModelSizes:
    return MODELS["tiny" if is_tiny else PUBLISHED]


def _known(index: int) -> Gpu:
    """Without what is free: asking for that takes memory of each GPU."""
    told = torch.cuda.get_device_properties(index)
    return Gpu(index, told.name, told.total_memory, told.total_memory, (told.major, told.minor))


def _gpu(index: int) -> Gpu | Finding:
    """What a GPU says of itself, or that it does not answer."""
    try:
        free_bytes, total_bytes = torch.cuda.mem_get_info(index)
    except RuntimeError as error:  # another program has it alone, or it fell off its bus
        first = str(error).strip().splitlines()[0]
        way_out = "check whether `nvidia-smi` lists it, and which program uses it"
        return Finding("fail", f"cuda:{index}", f"does not answer ({first})", way_out)
    name = torch.cuda.get_device_name(index)
    return Gpu(index, name, total_bytes, free_bytes, torch.cuda.get_device_capability(index))


def driver_finding(num_gpus: int, *, is_needed: bool) -> Finding:
    """What stands between torch and the GPUs.

    Args:
        num_gpus: that torch found.
        is_needed: nothing is rendered without one.
    """
    driver = driver_version()
    built_for = f"CUDA {torch.version.cuda}" if torch.version.cuda else "no CUDA"
    found = f"{num_gpus} found; torch {torch.__version__} is built for {built_for}; driver {driver}"
    if num_gpus:
        return Finding("ok", "GPUs", found)
    if not torch.version.cuda:
        way_out = "on a machine with an NVIDIA GPU, install torch for CUDA as pytorch.org describes"
    else:
        way_out = "install NVIDIA's driver, or one that is new enough for this CUDA"
    return Finding("fail" if is_needed else "warn", "GPUs", found, way_out)


def driver_version() -> str:
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
    if gpu.capability >= BFLOAT16_CAPABILITY:
        return Finding("ok", what, found)
    return Finding("warn", what, found, "bfloat16 is slow below 8.0: use a newer GPU")


def chosen_finding(kind: str, name: str, *, is_needed: bool) -> Finding:
    """The device that would be used."""
    if kind == "cpu" and is_needed:
        way_out = "unset the variable on a machine with a GPU"
        return Finding("warn", "device", "cpu: a second of video takes hours", way_out)
    return Finding("ok", "device", name)


def attention_finding(device: torch.device, model: ModelSizes) -> Finding:
    """Which kernel ``attention=auto`` is on this machine: another one may make other last bits."""
    try:
        chosen = chosen_kernel(device, torch.bfloat16, model.transformer.head_dim)
    except RuntimeError as error:  # it has no memory left, or a library that does not fit
        first = str(error).strip().splitlines()[0]
        way_out = "end other programs on it, and unset LD_LIBRARY_PATH if it names another cuDNN"
        return Finding("fail", "attention", f"{device} cannot be asked ({first})", way_out)
    found = f"auto is {chosen} here (bfloat16, torch {torch.__version__}"
    return Finding("ok", "attention", f"{found}, cuDNN {cudnn_version()})")


def memory_finding(
    free_bytes: int, offload: Offload = NO_OFFLOAD, placement: Placement = ALONE
) -> Finding:
    """The largest of the presets' sizes that fits in four steps of bfloat16, by formula.

    Args:
        free_bytes: of the GPU that has least.
        offload: what stays in the host's memory.
        placement: whose rank that holds most is asked about.
    """
    fits = {size: _fit(size, offload, placement, free_bytes) for size in _SIZES}
    fitting = [size for size, found in fits.items() if not found.problem]
    if fitting == list(_SIZES):
        width, height = _SIZES[0]
        return Finding("ok", "GPU memory", f"enough for {width}x{height} in 4 steps")
    others = f"fewer sample_steps, or {OFFLOAD_VARIABLE}=kv,text"
    if not fitting:
        smallest = fits[_SIZES[-1]].largest
        needed = smallest.memory.total / 1e9
        found = f"{free_bytes / 1e9:.1f} GB free; the smallest preset takes {needed:.0f} GB"
        if placement.num_ranks > 1:
            found += f" on {smallest.name}"
        way_out = f"end other programs on it, take {others}, or use a larger one"
        return Finding("fail", "GPU memory", found, way_out)
    (width, height), (widest, highest) = fitting[0], _SIZES[0]
    found = f"enough for {width}x{height} in 4 steps, not for {widest}x{highest}"
    if placement.num_ranks > 1:
        found += f": {fits[_SIZES[0]].problem}"
    return Finding("warn", "GPU memory", found, f"use a preset that fits, {others}")


def needed_bytes(
    width: int, height: int, offload: Offload = NO_OFFLOAD, placement: Placement = ALONE
) -> int:
    """GPU memory that the rank takes that holds most, with usual settings, by formula."""
    return _fit((width, height), offload, placement, 0).largest.memory.total


def _fit(size: tuple[int, int], offload: Offload, placement: Placement, free_bytes: int) -> Fit:
    return fit(Plan(MODELS[PUBLISHED], *size), placement, offload, free_bytes)
