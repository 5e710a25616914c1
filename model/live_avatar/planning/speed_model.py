"""How long a block and a video take on a placement; reckoned without torch.

A pass through the transformer takes

    a * TFLOP of matrices + b * TFLOP of attention + c * layers + d

whose four figures are measured (:mod:`model.live_avatar.examine.calibration`), or follow from the
counted work and the datasheet (:mod:`.counted_work`). Shared-out heads divide the first two, and
cost four all-to-alls a layer. They divide nothing of what
the host needs to start all this, which is a part of what was measured, and otherwise the least that
a pass takes. What is brought from the host, or gathered from other ranks, comes beside the
computing: the longer of them counts. Shards divide no work.

Stages work on different blocks at a time, so the slowest of them sets the pace; a segment begins
with its sink and an empty pipeline.
"""

import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from functools import lru_cache

from model.live_avatar.config import (
    BLOCK_FRAMES,
    BLOCK_LATENTS,
    FRAMES_PER_LATENT,
    MOTION_FRAMES,
    WARM_LATENTS,
    VaeConfig,
)
from model.live_avatar.planning.cost import (
    DTYPES,
    Flops,
    Plan,
    decode_flops,
    prefill_flops,
    step_flops,
    still_flops,
    warm_flops,
)
from model.live_avatar.planning.counted_work import ATTAINED, Shares, host_layer_s, roofline
from model.live_avatar.planning.gpus import Gpu
from model.live_avatar.planning.offload import (
    Offload,
)
from model.live_avatar.planning.placement import Placement, shares
from model.live_avatar.planning.sizes import num_large_weights
from model.live_avatar.planning.traffic import (
    Traffic,
    pass_traffic,
    step_traffic,
)

_EXCHANGES = 4  # of a layer: queries, keys and values to heads, and what was attended back
_EXCHANGE_S = 30e-6  # until one begins; assumed
_TERA, _GIGA = 1e12, 1e9


@dataclass(frozen=True)
class Rates:
    """How fast one GPU is with one dtype.

    Attributes:
        linear_s: seconds for a TFLOP of matrices.
        attention_s: for a TFLOP of products of attention.
        decode_s: for a TFLOP of the VAE's decoder.
        encode_s: for a TFLOP of its encoder.
        layer_s: of a layer and pass, whatever its size.
        pass_s: of a pass, whatever its size.
        to_gpu_gbps: GB/s from page-locked host memory.
        to_host_gbps: back.
        link_gbps: to another GPU; 0: not known.
        load_gbps: GB/s of weights from their files; 0: not known.
        prefill: seconds of filling the sink, over what the other figures say.
        compiled: with ``compile``, what a pass takes beside attention, over what it takes without;
            0: not known, so counted as if nothing was gained.
        compiled_decode: the same of the decoder with ``compile_vae``.
        host_layer_s: of the host, to start what a layer does; 0: within the other figures.
        compiled_host_layer_s: the same with ``compile``.
        compile_s: by which the first block of a size takes longer, to compile; 0: not known.
        compile_again_s: the same in a process that finds the code in the cache.
    """

    linear_s: float
    attention_s: float
    decode_s: float
    encode_s: float
    layer_s: float
    pass_s: float
    to_gpu_gbps: float
    to_host_gbps: float
    link_gbps: float = 0.0
    load_gbps: float = 0.0
    prefill: float = 1.0
    compiled: float = 0.0
    compiled_decode: float = 0.0
    host_layer_s: float = 0.0
    compiled_host_layer_s: float = 0.0
    compile_s: float = 0.0
    compile_again_s: float = 0.0

    @classmethod
    def of(cls, figures: Mapping[str, float]) -> "Rates":
        """From named figures.

        Raises:
            ValueError: one is missing or unknown, or cannot have been measured.
        """
        known = {field.name: field.default is MISSING for field in fields(cls)}
        missing = [name for name, is_needed in known.items() if is_needed and name not in figures]
        unknown = [name for name in figures if name not in known]
        if missing or unknown:
            raise ValueError(f"figures lack {missing} and have the unknown {unknown}")
        wrong = [name for name, value in figures.items() if not _is_measurable(name, value)]
        if wrong:
            raise ValueError(f"figures that cannot have been measured: {wrong}")
        return cls(**figures)


def _is_measurable(name: str, value: float) -> bool:
    """Rates to and from a GPU are divided by; of the others 0 says that they are not known."""
    is_divisor = name in ("to_gpu_gbps", "to_host_gbps")
    return math.isfinite(value) and value >= 0 and not (is_divisor and value == 0)


def assumed_rates(gpu: Gpu, dtype: str, shares: Shares = ATTAINED) -> Rates:
    """From the counted work and a datasheet; nothing was measured."""
    allowed = roofline(gpu, dtype, shares)
    return Rates(
        linear_s=allowed.linear_s,
        attention_s=allowed.attention_s,
        decode_s=allowed.decode_s,
        encode_s=allowed.encode_s,
        layer_s=0.0,
        pass_s=0.0,
        to_gpu_gbps=gpu.host_gbps,
        to_host_gbps=gpu.host_gbps,
        link_gbps=gpu.link_gbps,
        compiled=allowed.compiled_linear_s / allowed.linear_s,
        compiled_decode=allowed.compiled_decode_s / allowed.decode_s,
        host_layer_s=host_layer_s(dtype, is_compiled=False),
        compiled_host_layer_s=host_layer_s(dtype, is_compiled=True),
    )


@dataclass(frozen=True)
class Layout:
    """How a plan is rendered.

    Attributes:
        plan: what is rendered, in which dtype.
        placement: over how many ranks.
        offload: what stays in the host's memory.
    """

    plan: Plan
    placement: Placement
    offload: Offload


@dataclass(frozen=True)
class SpeedEstimate:
    """Seconds of a segment.

    Attributes:
        step_s: a block and denoising step.
        decode_s: decoding a block.
        start_s: before the first block's first step.
        first_s: from there to the first block's frames.
        block_s: between two blocks.
        advance_s: once, when the reference gives way after the first clip.
    """

    step_s: float
    decode_s: float
    start_s: float
    first_s: float
    block_s: float
    advance_s: float

    def segment_s(self, num_frames: int, blocks_per_clip: int) -> float:
        """A segment of so many frames."""
        blocks = -(-num_frames // BLOCK_FRAMES)
        advance = self.advance_s if blocks > blocks_per_clip else 0.0
        return self.start_s + self.first_s + (blocks - 1) * self.block_s + advance


def estimate_speed(layout: Layout, rates: Rates, *, is_context: bool = False) -> SpeedEstimate:
    """Of a layout; ``is_context``: segments go on from the blocks before, not the last frame."""
    plan, placement = layout.plan, layout.placement
    step = _pass_s(layout, rates, step_flops(plan.model.transformer, plan.tokens), is_step=True)
    decoding = _decode_flops(plan.model.vae, plan.width, plan.height)
    decode = decoding * _decode_s(plan, rates) / _TERA
    stages = [len(steps) * step for steps in shares(plan.num_steps, placement.stages)]
    if placement.has_decoder:
        slowest = max(*stages, decode)
    else:
        slowest = max(*stages[:-1], stages[-1] + decode) if stages[:-1] else stages[-1] + decode
    sink = prefill_flops(plan.model.transformer, plan.tokens)
    prefill = rates.prefill * _pass_s(layout, rates, sink)
    past = plan.tokens.ring // plan.tokens.block - 1 if is_context else 0
    return SpeedEstimate(
        step_s=step,
        decode_s=decode,
        start_s=_start_s(plan, rates) + prefill + past * max(stages),
        first_s=sum(stages) + decode,
        block_s=slowest,
        advance_s=prefill,
    )


def _start_s(plan: Plan, rates: Rates) -> float:
    """Of the VAE, before a segment: 73 copies of the picture encoded, 19 latents to warm with."""
    motion = 1 + MOTION_FRAMES // FRAMES_PER_LATENT
    encoding, warming = _start_flops(plan.model.vae, plan.width, plan.height, motion)
    return (encoding * rates.encode_s + warming * _decode_s(plan, rates)) / _TERA


def _decode_s(plan: Plan, rates: Rates) -> float:
    """For a TFLOP of the decoder."""
    is_faster = plan.is_vae_compiled and rates.compiled_decode
    return rates.decode_s * (rates.compiled_decode if is_faster else 1.0)


@lru_cache(maxsize=256)
def _start_flops(vae: VaeConfig, width: int, height: int, num_latents: int) -> tuple[int, int]:
    """Asked again for every placement, as those of a block are."""
    encoding = still_flops(vae, width, height, num_latents)
    return encoding, warm_flops(vae, width, height, WARM_LATENTS)


@lru_cache(maxsize=256)
def _decode_flops(vae: VaeConfig, width: int, height: int) -> int:
    return decode_flops(vae, width, height, BLOCK_LATENTS)


def _pass_s(layout: Layout, rates: Rates, flops: Flops, *, is_step: bool = False) -> float:
    """One pass through all layers; of a step, the memories come and go with it."""
    plan, placement = layout.plan, layout.placement
    layers = plan.model.transformer.num_layers
    matrices = (flops.linear + flops.injectors) * rates.linear_s / _TERA / placement.heads
    attention = flops.attention * rates.attention_s / _TERA / placement.heads
    beside = matrices + layers * rates.layer_s + rates.pass_s
    if plan.is_compiled and rates.compiled:
        beside *= rates.compiled
    computing = beside + attention + _exchange_s(layout, rates)
    moving = _moving_s(layout, rates, is_step=is_step)
    return max(computing, moving, _gathering_s(layout, rates), _starting_s(layout, rates))


def _starting_s(layout: Layout, rates: Rates) -> float:
    """Of the host, for all kernels and exchanges of a pass."""
    plan = layout.plan
    layer = rates.compiled_host_layer_s if plan.is_compiled else rates.host_layer_s
    if layer and layout.placement.heads > 1:
        layer += _EXCHANGES * _EXCHANGE_S
    return plan.model.transformer.num_layers * layer


def _exchange_s(layout: Layout, rates: Rates) -> float:
    """All-to-alls of heads, which the next product waits for."""
    plan, heads = layout.plan, layout.placement.heads
    if heads == 1:
        return 0.0
    config, tokens = plan.model.transformer, plan.tokens
    sent = DTYPES[plan.dtype][0] * config.dim * tokens.block * (heads - 1) / heads**2
    each = sent / (rates.link_gbps * _GIGA) + _EXCHANGE_S
    return config.num_layers * _EXCHANGES * each


def _moving_s(layout: Layout, rates: Rates, *, is_step: bool) -> float:
    """Between host and GPU, both ways at a time."""
    config, dtype = layout.plan.model.transformer, layout.plan.dtype
    weights = pass_traffic(layout.offload, config, dtype)
    moved = weights
    if is_step:
        both = step_traffic(layout.offload, config, layout.plan.tokens, dtype)
        heads = layout.placement.heads
        memories = both.inward - weights.inward
        moved = Traffic(weights.inward + memories // heads, both.outward // heads)
    inward = moved.inward / (rates.to_gpu_gbps * _GIGA) if moved.inward else 0.0
    outward = moved.outward / (rates.to_host_gbps * _GIGA) if moved.outward else 0.0
    return max(inward, outward)


def _gathering_s(layout: Layout, rates: Rates) -> float:
    """Weights that other ranks hold."""
    shards, plan = layout.placement.shards, layout.plan
    if shards == 1:
        return 0.0
    large = DTYPES[plan.dtype][1] * num_large_weights(plan.model.transformer)
    return large * (shards - 1) / shards / (rates.link_gbps * _GIGA)
