"""What a card allows of the work that was counted: seconds from its datasheet; without torch.

The engine's operators were counted at 704x384 on a GPU that was not there, eager
(`benchmarks/results/counted_work-2026-11.md`; `tests/fake_gpu` holds these figures to that page).
Beside its products a step reads and writes activations value by value: norms, rotations, sums, and
in 8 bits what is quantized. Those bytes grow with tokens and layers, as the FLOPs of the matrices
do, so a TFLOP of matrices brings its gigabytes with it; a TFLOP of the VAE's convolutions likewise.
Products and that work are kernels of their own, one after the other: their seconds add up.

How much of its peaks a card attains is assumed, not measured: the same for all cards.
"""

from dataclasses import dataclass

from model.live_avatar.planning.cost import is_narrow
from model.live_avatar.planning.gpus import Gpu

STEP_GB, NARROW_STEP_GB = 3.53, 4.68
"""Value by value, for a TFLOP of matrices, the turning of the reference's keys included."""
COMPILED_STEP_GB, COMPILED_NARROW_STEP_GB = 0.66, 0.67
"""The same with ``compile``, whose kernels do more at a time (`cubins-2026-11.md`, H200)."""
DECODE_GB, ENCODE_GB = 4.03, 3.59
"""The same for a TFLOP of the VAE's decoder, and of its encoder for a picture that stands still."""
COMPILED_DECODE_GB = 1.59
"""Of the decoder with ``compile_vae``, by torch's scheduler (`tests/fake_gpu`)."""
STEP_KERNELS, NARROW_STEP_KERNELS = 3693, 5793
"""That a step starts, of forty layers."""
COMPILED_STEP_KERNELS, COMPILED_NARROW_STEP_KERNELS = 881, 985
"""The same with ``compile`` (`cubins-2026-11.md`), which calls :data:`GRAPH_CALLS` graphs."""
GRAPH_CALLS = 3 * 40 + 12
LAUNCH_S, GRAPH_S = 5e-6, 100e-6
"""Of the host, to start a kernel and to call a compiled graph; assumed."""
_NUM_LAYERS = 40  # of the model that was counted
_WIDE = 2.0  # values of float32 have twice the bytes
_GIGA_IN_TERA = 1000.0


@dataclass(frozen=True)
class Shares:
    """Of a datasheet's peaks.

    Attributes:
        matrices: of 16-bit FLOP/s.
        narrow: of 8-bit FLOP/s.
        attention: of 16-bit FLOP/s.
        convolutions: of 16-bit FLOP/s, in three dimensions.
        bandwidth: of the memory's TB/s.
    """

    matrices: float
    narrow: float
    attention: float
    convolutions: float
    bandwidth: float


ATTAINED = Shares(0.73, 0.58, 0.60, 0.15, 0.77)
"""What others report of products, cuDNN's attention and 3D convolutions on an H200; assumed."""
PEAK = Shares(1.0, 1.0, 1.0, 1.0, 1.0)
"""A floor: no eager engine that does this work is faster."""


def host_layer_s(dtype: str, *, is_compiled: bool) -> float:
    """Of the host, to start what a layer does in a pass; other ranks take none of it over."""
    if is_compiled:
        kernels = COMPILED_NARROW_STEP_KERNELS if is_narrow(dtype) else COMPILED_STEP_KERNELS
        return (kernels * LAUNCH_S + GRAPH_CALLS * GRAPH_S) / _NUM_LAYERS
    return (NARROW_STEP_KERNELS if is_narrow(dtype) else STEP_KERNELS) * LAUNCH_S / _NUM_LAYERS


@dataclass(frozen=True)
class Roofline:
    """Seconds for a TFLOP, with the bytes that come with it.

    Attributes:
        linear_s: of matrices.
        attention_s: of products of attention.
        decode_s: of the VAE's decoder.
        encode_s: of its encoder.
        compiled_linear_s: of matrices with ``compile``.
        compiled_decode_s: of the VAE's decoder with ``compile_vae``.
    """

    linear_s: float
    attention_s: float
    decode_s: float
    encode_s: float
    compiled_linear_s: float
    compiled_decode_s: float


def roofline(gpu: Gpu, dtype: str, shares: Shares = ATTAINED) -> Roofline:
    """Of a card.

    Args:
        gpu: the card.
        dtype: one of :data:`.cost.DTYPES`; 8 bits on a card without them compute in 16.
        shares: of its peaks.
    """
    moved = gpu.bandwidth * shares.bandwidth * _GIGA_IN_TERA  # GB/s
    wide = _WIDE if dtype == "float32" else 1.0
    in_narrow = is_narrow(dtype) and gpu.fp8_tflops > 0
    product = gpu.fp8_tflops * shares.narrow if in_narrow else gpu.tflops * shares.matrices
    beside, compiled = STEP_GB, COMPILED_STEP_GB
    if is_narrow(dtype):
        beside, compiled = NARROW_STEP_GB, COMPILED_NARROW_STEP_GB
    convolution = 1 / (gpu.tflops * shares.convolutions)
    return Roofline(
        linear_s=1 / product + wide * beside / moved,
        attention_s=1 / (gpu.tflops * shares.attention),
        decode_s=convolution + wide * DECODE_GB / moved,
        encode_s=convolution + wide * ENCODE_GB / moved,
        compiled_linear_s=1 / product + wide * compiled / moved,
        compiled_decode_s=convolution + wide * COMPILED_DECODE_GB / moved,
    )
