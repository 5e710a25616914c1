"""ONNX sessions for speech: one thread, quiet, with the durations a published graph hides.

Protobuf messages merge when their bytes are concatenated: a ModelProto that holds nothing but
one more graph output, appended to a model's bytes, makes that inner value an output.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from model.onnx_telemetry import forbid_telemetry

if TYPE_CHECKING:
    import onnxruntime

FLOAT = 1
INT64 = 7
DURATION_FRAME_SAMPLES = 600
"""Samples at 24 kHz of one duration frame, in hibari and Kokoro alike (25 ms)."""

_ERRORS_ONLY = 3


def open_session(
    model: bytes, duration_output: str, element_type: int
) -> "onnxruntime.InferenceSession":
    """Open a session, on one thread, whose last output is the inner value ``duration_output``."""
    forbid_telemetry()
    import onnxruntime  # starts a thread, and takes a quarter of a second

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    return onnxruntime.InferenceSession(
        model + output_patch(duration_output, element_type),
        options,
        providers=["CPUExecutionProvider"],
    )


def run(
    session: "onnxruntime.InferenceSession", inputs: Mapping[str, NDArray[np.generic]]
) -> list[NDArray[np.generic]]:
    """All outputs of one run."""
    return cast("list[NDArray[np.generic]]", session.run(None, dict(inputs)))


def output_patch(name: str, element_type: int) -> bytes:
    """Bytes of ``ModelProto{graph{output{name, type{tensor_type{elem_type}}}}}``."""
    tensor_type = _field(1, bytes([0x08, element_type]))
    value_info = _field(1, name.encode()) + _field(2, tensor_type)
    return _field(7, _field(12, value_info))


def _field(number: int, content: bytes) -> bytes:
    """A length-delimited protobuf field."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def split_symbols(symbols: str, limit: int) -> Iterator[str]:
    """Cut ``symbols`` into parts of at most ``limit``, at the last pause or word end before it."""
    if limit < 1:
        raise ValueError(f"limit must be at least 1, got {limit}")
    while len(symbols) > limit:
        head = symbols[: limit + 1]
        cut = max(head.rfind(mark + " ") + 1 for mark in ",;:.!?—…")
        cut = cut if cut > limit // 3 else head.rfind(" ")
        cut = cut if cut > 0 else limit
        yield symbols[:cut].strip()
        symbols = symbols[cut:].strip()
    if symbols:
        yield symbols


def duration_samples(durations: NDArray[np.generic]) -> NDArray[np.int64]:
    """Duration frames of L + 2 tokens (a pad at both ends) -> L + 3 borders in samples."""
    frames = np.rint(durations.astype(np.float64)).astype(np.int64)
    return np.concatenate(([0], np.cumsum(frames))) * DURATION_FRAME_SAMPLES
