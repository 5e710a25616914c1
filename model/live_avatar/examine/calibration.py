"""`nightshoot calibrate --engine live-avatar`: this GPU's speed, in under three minutes.

Compiling comes on top of them: minutes where the machine has not done it before.

Speed does not depend on what weights are, so they are random, and of 40 layers two are enough:
with three layers and with one, the difference is two layers, and what is left belongs to a pass.
The sizes and lengths of memory differ, so that matrices and attention can be told apart. The
files of weights are needed for one figure alone, how fast they are read.
"""

import os
import time
from pathlib import Path

import torch

from model.calibration import Calibration
from model.host.server import number_gpus_by_bus
from model.live_avatar.assembly.random_transformer import filled
from model.live_avatar.config import BLOCK_LATENTS, FRAMES_PER_LATENT, LATENT_SIDE, MOTION_FRAMES
from model.live_avatar.devices.device import choose_device, cudnn_version, keep_float32
from model.live_avatar.devices.memory import memory_errors_named
from model.live_avatar.encoders.vae import StreamingDecoder, build_vae, encode_still
from model.live_avatar.encoders.vae_layers import put_channels_last
from model.live_avatar.environment import (
    DEVICE_VARIABLE,
    WEIGHTS_VARIABLE,
)
from model.live_avatar.examine.device_checks import driver_version
from model.live_avatar.examine.passes import Bench, measure_compiled, measure_layers
from model.live_avatar.network.attention import chosen_kernel, kernel_seconds
from model.live_avatar.parallel.quantize import (
    FLOAT8_RULES,
    TORCH_DTYPES,
    check_capability,
)
from model.live_avatar.planning.cost import (
    count_tokens,
    decode_flops,
    still_flops,
)
from model.live_avatar.planning.sizes import PUBLISHED
from model.live_avatar.weights.checkpoint import shard_names
from model.live_avatar.weights.location import (
    WeightsLocation,
    weights_location_of,
)
from model.live_avatar.weights.state import built_empty

_VAE_SIZES = {PUBLISHED: (384, 256), "tiny": (64, 64)}
_HEADS_SHARE = 4  # of all heads
_COPIED_BYTES, _READ_BYTES = 1 << 26, 1 << 31
_GIGA, _TERA = 1e9, 1e12


def calibrate(dtype: str) -> Calibration:
    """Measure what :class:`model.live_avatar.planning.speed_model.Rates` holds.

    Args:
        dtype: an engine's setting; empty: bfloat16.

    Raises:
        ResourceError: there is no such device, or it cannot compute in this dtype.
        ValueError: there is no such dtype.
    """
    name = dtype or "bfloat16"
    measured = [each for each in TORCH_DTYPES if "-" not in each]  # kinds of float8 are as fast
    if name not in measured:
        raise ValueError(f'dtype "{name}" must be one of {", ".join(measured)}')
    place = weights_location_of({WEIGHTS_VARIABLE: "random:14b", **os.environ})
    number_gpus_by_bus()
    device = choose_device(os.environ.get(DEVICE_VARIABLE, ""), is_small=place.is_tiny)
    _check_dtype(device, name)
    keep_float32()
    bench = Bench(device, TORCH_DTYPES[name], name, place.model)
    with torch.no_grad(), memory_errors_named("while this machine was calibrated"):
        figures, notes = _figures(bench, place)
        kernels = _kernels(bench)
    return Calibration(
        engine="live-avatar",
        model=bench.model,
        gpu=_device_name(device),
        dtype=name,
        memory_bytes=_memory_bytes(device),
        figures=figures,
        kernels=kernels,
        versions={
            "torch": torch.__version__,
            "CUDA": torch.version.cuda or "none",
            "cuDNN": cudnn_version(),
            "attention auto": chosen_kernel(device, bench.dtype, bench.sizes.transformer.head_dim),
            "driver": driver_version(),
        },
        notes=tuple(notes),
    )


def _check_dtype(device: torch.device, name: str) -> None:
    if name in FLOAT8_RULES and device.type == "cuda":
        told = torch.cuda.get_device_name(device)
        check_capability(torch.cuda.get_device_capability(device), told)


def _figures(bench: Bench, place: WeightsLocation) -> tuple[dict[str, float], list[str]]:
    notes: list[str] = []
    layers = measure_layers(bench)
    compiled: dict[str, float] = {}
    if bench.device.type == "cuda":
        compiled, lacks = measure_compiled(bench)
        notes += lacks
    else:
        notes.append("compile: it is of use on a GPU alone")
    decode_s, encode_s = measure_vae(bench)
    to_gpu, to_host = measure_copies(bench)
    figures = (
        layers
        | compiled
        | {
            "decode_s": decode_s,
            "encode_s": encode_s,
            "to_gpu_gbps": to_gpu,
            "to_host_gbps": to_host,
        }
    )
    if torch.cuda.device_count() > 1:
        figures["link_gbps"] = measure_link(bench)
    else:
        notes.append("the link between GPUs: there is only one device")
    if place.files is not None and place.files.transformer.is_file():
        names = shard_names(place.files.transformer)
        figures["load_gbps"] = measure_reading(bench, place.files.transformer.parent / names[0])
    else:
        notes.append("reading weights from the disk: this machine has no published weights")
    return figures, notes


# --- attention ---


def _kernels(bench: Bench) -> dict[str, float]:
    """Of attention: seconds of some heads of a block's self-attention, the fastest first.

    Not of all: the kernel that spells attention out would need tens of gigabytes.
    """
    config = bench.sizes.transformer
    num_heads = max(1, config.num_heads // _HEADS_SHARE)
    tokens = count_tokens(*bench.points[0])
    queries = (tokens.block, num_heads, config.head_dim)
    return kernel_seconds(bench.device, bench.dtype, queries, tokens.keys)


# --- VAE, copies, files ---


def measure_vae(bench: Bench) -> tuple[float, float]:
    """Seconds for a TFLOP of decoding, and of encoding a picture as the motion memory."""
    config = bench.sizes.vae
    vae = filled(
        built_empty(lambda: build_vae(config)), bench.dtype, bench.device, put_channels_last
    )
    width, height = size = _VAE_SIZES[bench.model]
    shape = (height // LATENT_SIDE, width // LATENT_SIDE)
    latents = bench.drawn(1, config.latent_channels, BLOCK_LATENTS, *shape)
    decoder = StreamingDecoder(vae)
    decoder.decode(latents)
    decode_s = bench.seconds(lambda: decoder.decode(latents))
    picture = bench.drawn(1, 3, 1, height, width)
    encode_s = bench.seconds(lambda: encode_still(vae, picture, MOTION_FRAMES))
    num_encoded = 1 + MOTION_FRAMES // FRAMES_PER_LATENT
    return (
        decode_s * _TERA / decode_flops(config, *size, BLOCK_LATENTS),
        encode_s * _TERA / still_flops(config, *size, num_encoded),
    )


def measure_copies(bench: Bench) -> tuple[float, float]:
    """GB/s from page-locked host memory to the device, and back; of a CPU, within its memory."""
    is_cuda = bench.device.type == "cuda"
    host = torch.empty(_COPIED_BYTES, dtype=torch.uint8, pin_memory=is_cuda)
    held = torch.empty(_COPIED_BYTES, dtype=torch.uint8, device=bench.device)
    inward = bench.seconds(lambda: held.copy_(host, non_blocking=True))
    outward = bench.seconds(lambda: host.copy_(held, non_blocking=True))
    return _COPIED_BYTES / inward / _GIGA, _COPIED_BYTES / outward / _GIGA


def measure_link(bench: Bench) -> float:
    """GB/s from this GPU to another one of the machine."""
    other = torch.device("cuda", 1 if (bench.device.index or 0) == 0 else 0)
    here = torch.empty(_COPIED_BYTES, dtype=torch.uint8, device=bench.device)
    there = torch.empty(_COPIED_BYTES, dtype=torch.uint8, device=other)

    def copy() -> None:
        there.copy_(here, non_blocking=True)
        torch.cuda.synchronize(other)

    return _COPIED_BYTES / bench.seconds(copy) / _GIGA


def measure_reading(bench: Bench, path: Path) -> float:
    """GB/s of a file's first gigabytes to the device; faster where it was read lately."""
    num_bytes = min(_READ_BYTES, path.stat().st_size)
    stretch = bytearray(min(num_bytes, 1 << 26))
    left, started = num_bytes, time.perf_counter()
    with path.open("rb") as file:
        while left > 0:
            count = file.readinto(memoryview(stretch)[:left])
            if not count:
                break  # it has become shorter meanwhile
            torch.frombuffer(stretch, dtype=torch.uint8, count=count).to(bench.device)
            left -= count
    bench.settle()
    return num_bytes / (time.perf_counter() - started) / _GIGA


# --- this machine ---


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def _memory_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[1]
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
