"""`nightshoot calibrate --engine live-avatar`: this GPU's speed, in under three minutes.

Speed does not depend on what weights are, so they are random, and of 40 layers two are enough:
with three layers and with one, the difference is two layers, and what is left belongs to a pass.
The sizes and lengths of memory differ, so that matrices and attention can be told apart. The
files of weights are needed for one figure alone, how fast they are read.
"""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

from model.calibration import Calibration
from model.host.server import number_gpus_by_bus
from model.live_avatar.assembly.random_transformer import filled
from model.live_avatar.config import BLOCK_LATENTS, LATENT_SIDE, MOTION_LATENTS
from model.live_avatar.devices.device import choose_device, cudnn_version, keep_float32
from model.live_avatar.devices.memory import memory_errors_named
from model.live_avatar.encoders.vae import StreamingDecoder, build_vae, encode
from model.live_avatar.encoders.vae_layers import put_channels_last
from model.live_avatar.environment import (
    DEVICE_VARIABLE,
    WEIGHTS_VARIABLE,
)
from model.live_avatar.examine.device_checks import driver_version
from model.live_avatar.examine.layer_fit import LayerFit, Point, fit_layer
from model.live_avatar.network.attention import chosen_kernel, kernel_seconds
from model.live_avatar.network.audio_injector import AudioTokens
from model.live_avatar.network.transformer import Transformer
from model.live_avatar.parallel.quantize import (
    FLOAT8_RULES,
    TORCH_DTYPES,
    check_capability,
    float8_put,
)
from model.live_avatar.planning.cost import (
    count_tokens,
    decode_flops,
    encode_flops,
    prefill_flops,
    step_flops,
)
from model.live_avatar.planning.sizes import MODELS, PUBLISHED, ModelSizes
from model.live_avatar.sampling.sampler import Sampler
from model.live_avatar.sampling.schedule import make_schedule
from model.live_avatar.weights.checkpoint import shard_names
from model.live_avatar.weights.location import (
    WeightsLocation,
    weights_location_of,
)
from model.live_avatar.weights.state import built_empty, put

_FEW, _MANY = 1, 3  # layers
# width, height, infer_frames: the last has the memory of one block, and so little attention
_POINTS = ((704, 384, 48), (384, 256, 48), (704, 384, 12))
_TINY_POINTS = ((192, 128, 48), (64, 64, 48), (192, 128, 12))
_VAE_SIZES = {PUBLISHED: (384, 256), "tiny": (64, 64)}
_ENCODED_FRAMES = 17
_HEADS_SHARE = 4  # of all heads
_REPEATS, _MOST_S = 7, 8.0  # of one measurement: the median of so many, or of those in this time
_COPIED_BYTES, _READ_BYTES = 1 << 26, 1 << 31
_GIGA, _TERA = 1e9, 1e12


@dataclass(frozen=True)
class Bench:
    """Where it is measured.

    Attributes:
        device: that computes.
        dtype: of weights and values.
        name: the dtype's, by the engine's setting.
        model: the model's name.
    """

    device: torch.device
    dtype: torch.dtype
    name: str
    model: str

    @property
    def sizes(self) -> ModelSizes:
        """Of the model."""
        return MODELS[self.model]

    def seconds(self, work: Callable[[], Any]) -> float:
        """The median of some runs, after one that is not counted."""
        self._timed(work)
        times: list[float] = []
        while len(times) < _REPEATS and sum(times) < _MOST_S:
            times.append(self._timed(work))
        return median(times)

    def _timed(self, work: Callable[[], Any]) -> float:
        self.settle()
        started = time.perf_counter()
        work()
        self.settle()
        return time.perf_counter() - started

    def settle(self) -> None:
        """Wait for what the device has been given to do."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def drawn(self, *shape: int) -> Tensor:
        """Random values on the device."""
        return torch.randn(shape, device=self.device).to(self.dtype)


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
    decode_s, encode_s = measure_vae(bench)
    to_gpu, to_host = measure_copies(bench)
    figures = layers | {
        "decode_s": decode_s,
        "encode_s": encode_s,
        "to_gpu_gbps": to_gpu,
        "to_host_gbps": to_host,
    }
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


# --- the transformer ---


def measure_layers(bench: Bench) -> dict[str, float]:
    """Figures of layers and passes, and how far the filling of the sink is from them."""
    points = _TINY_POINTS if bench.model == "tiny" else _POINTS
    timed = [list(_pass_seconds(bench, point)) for point in points]
    layer_s = [(many - few) / (_MANY - _FEW) for (few, _), (many, _) in timed]
    floor = min(few for (few, _), _ in timed) * 1e-3  # noise can make a difference negative
    fitted = fit_layer(
        [
            _point(bench, point, max(seconds, floor))
            for point, seconds in zip(points, layer_s, strict=True)
        ]
    )
    rest = median(
        few - max(each, floor) for ((few, _), _), each in zip(timed, layer_s, strict=True)
    )
    filled_s = timed[0][1][1]
    return {
        **fitted._asdict(),
        "pass_s": max(0.0, rest),
        "prefill": filled_s / _expected_prefill_s(bench, points[0], fitted, max(0.0, rest)),
    }


def _layers(bench: Bench, num_layers: int) -> Any:
    """The transformer's sizes with so many layers, which hear nothing."""
    return replace(bench.sizes.transformer, num_layers=num_layers, inject_layers=())


def _pass_seconds(bench: Bench, point: tuple[int, int, int]) -> Iterator[tuple[float, float]]:
    """Of a block and step, and of the sink: with few layers, then with many."""
    for num_layers in (_FEW, _MANY):
        config = _layers(bench, num_layers)
        rule = FLOAT8_RULES.get(bench.name)
        put_weight = float8_put(config, rule, bench.device) if rule else put
        empty = built_empty(lambda config=config: Transformer(config))
        model = filled(empty, bench.dtype, bench.device, put_weight)
        yield _timed_sampler(bench, model, point)


def _timed_sampler(
    bench: Bench, model: Transformer, point: tuple[int, int, int]
) -> tuple[float, float]:
    width, height, infer_frames = point
    tokens = count_tokens(width, height, infer_frames)
    shape = (height // LATENT_SIDE, width // LATENT_SIDE)
    config, num_blocks = model.config, tokens.ring // tokens.block
    sampler = Sampler(
        model,
        make_schedule(1),
        height=shape[0],
        width=shape[1],
        num_past_latents=num_blocks * BLOCK_LATENTS,
    )
    channels = config.latent_channels
    latents = bench.drawn(1, channels, BLOCK_LATENTS, *shape)
    reference, motion = (bench.drawn(1, channels, n, *shape) for n in (1, sum(MOTION_LATENTS)))
    silence = bench.drawn(1, BLOCK_LATENTS, 1, config.dim)
    audio = AudioTokens(silence, silence)  # nothing of it is heard
    sampler.set_text(bench.drawn(config.text_len, config.text_dim))
    sampler.set_sink(reference, motion)
    for block in range(num_blocks):  # until the ring is full
        sampler.velocity(block * BLOCK_LATENTS, latents, audio, 0, 10)
    last = num_blocks * BLOCK_LATENTS
    step_s = bench.seconds(lambda: sampler.velocity(last, latents, audio, 0, 10))
    return step_s, bench.seconds(lambda: sampler.set_sink(reference, motion))


def _point(bench: Bench, point: tuple[int, int, int], seconds: float) -> Point:
    """With the work of one layer."""
    flops = step_flops(_layers(bench, 1), count_tokens(*point))
    return Point(flops.linear / _TERA, flops.attention / _TERA, seconds)


def _expected_prefill_s(
    bench: Bench, point: tuple[int, int, int], fitted: LayerFit, pass_s: float
) -> float:
    flops = prefill_flops(_layers(bench, _MANY), count_tokens(*point))
    computing = (flops.linear * fitted.linear_s + flops.attention * fitted.attention_s) / _TERA
    return computing + _MANY * fitted.layer_s + pass_s


def _kernels(bench: Bench) -> dict[str, float]:
    """Of attention: seconds of some heads of a block's self-attention, the fastest first.

    Not of all: the kernel that spells attention out would need tens of gigabytes.
    """
    config = bench.sizes.transformer
    num_heads = max(1, config.num_heads // _HEADS_SHARE)
    tokens = count_tokens(*(_TINY_POINTS if bench.model == "tiny" else _POINTS)[0])
    queries = (tokens.block, num_heads, config.head_dim)
    return kernel_seconds(bench.device, bench.dtype, queries, tokens.keys)


# --- VAE, copies, files ---


def measure_vae(bench: Bench) -> tuple[float, float]:
    """Seconds for a TFLOP of decoding and of encoding."""
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
    pixels = bench.drawn(1, 3, _ENCODED_FRAMES, height, width)
    encode_s = bench.seconds(lambda: encode(vae, pixels))
    num_encoded = 1 + (_ENCODED_FRAMES - 1) // 4
    return (
        decode_s * _TERA / decode_flops(config, *size, BLOCK_LATENTS),
        encode_s * _TERA / encode_flops(config, *size, num_encoded),
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
