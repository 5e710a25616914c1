"""The small networks on onnxruntime, each read once, and made faster without another bit of result.

onnxruntime computes PRelu number by number: of the face mesh's 5 ms it takes more than 3. The same
as ``Relu(x) + slope * Min(x, 0)`` is as exact, because one of the two is always zero, and takes a
tenth of that. A network's file stays as it is, since its digest is part of every segment's key; the
graph is rewritten on its way into the session, in the wire format of protocol buffers
(https://protobuf.dev/programming-guides/encoding; field numbers from onnx.proto3).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from model.loading import loaded_once
from model.onnx_telemetry import forbid_telemetry

if TYPE_CHECKING:
    import onnxruntime

NETS_PATH = Path(__file__).with_name("nets")

_GRAPH = 7  # of ModelProto
_NODE, _INITIALIZER = 1, 5  # of GraphProto
_INPUT, _OUTPUT, _OPERATOR = 1, 2, 4  # of NodeProto
_DATA_TYPE, _NAME, _RAW_DATA = 2, 8, 9  # of TensorProto
_FLOAT = 1
_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5  # wire types
_ZERO = b"nightshoot zero"
_PRELU = b"PRelu"


@loaded_once
def session(name: str) -> "onnxruntime.InferenceSession":
    """The network of that file name, on one thread; read once."""
    forbid_telemetry()
    import onnxruntime  # starts a thread, and takes a quarter of a second

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        without_prelu((NETS_PATH / name).read_bytes()), options, providers=["CPUExecutionProvider"]
    )


def without_prelu(model: bytes) -> bytes:
    """An ONNX model whose every PRelu is Relu, Min, Mul and Add; others come back as they are.

    Raises:
        ValueError: this is no ONNX model.
    """
    if _PRELU not in model:
        return model
    parts: list[bytes] = []
    for number, body, whole in _fields(model):
        parts.append(_message(_GRAPH, _graph(body)) if number == _GRAPH else whole)
    return b"".join(parts)


def _graph(graph: bytes) -> bytes:
    zero = _message(_NAME, _ZERO) + _message(_RAW_DATA, bytes(4))
    parts = [_message(_INITIALIZER, _number(_DATA_TYPE, _FLOAT) + zero)]
    for number, body, whole in _fields(graph):
        parts += _node(body, whole) if number == _NODE else [whole]
    return b"".join(parts)


def _node(node: bytes, whole: bytes) -> list[bytes]:
    """The node in its graph: ``whole``, or what stands for a PRelu ``node``."""
    found: dict[int, list[bytes]] = {}
    for number, body, _ in _fields(node):
        found.setdefault(number, []).append(body)
    if found[_OPERATOR] != [_PRELU]:
        return [whole]
    (values, slope), (result,) = found[_INPUT], found[_OUTPUT]
    above, below, sloped = (result + each for each in (b" above", b" below", b" sloped"))
    return [
        _operation(b"Relu", (values,), above),
        _operation(b"Min", (values, _ZERO), below),
        _operation(b"Mul", (below, slope), sloped),
        _operation(b"Add", (above, sloped), result),
    ]


def _operation(operator: bytes, inputs: tuple[bytes, ...], output: bytes) -> bytes:
    parts = [_message(_INPUT, each) for each in inputs]
    parts += [_message(_OUTPUT, output), _message(_OPERATOR, operator)]
    return _message(_NODE, b"".join(parts))


# --- wire format --------------------------------------------------------------------------------


def _fields(message: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Each field's number, its bytes (none of a number), and the whole of it with its tag."""
    at = 0
    while at < len(message):
        start = at
        tag, at = _varint(message, at)
        kind, size = tag & 7, 0
        if kind == _VARINT:
            _, at = _varint(message, at)
        elif kind == _BYTES:
            size, at = _varint(message, at)
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            size = 8 if kind == _EIGHT_BYTES else 4
        else:
            raise ValueError(f"this is no ONNX model: wire type {kind} at byte {start}")
        end = at + size
        if end > len(message):
            raise ValueError(f"this ONNX model ends at byte {len(message)}, before byte {end}")
        yield tag >> 3, message[at:end], message[start:end]
        at = end


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """The number at ``at``, and where it ends."""
    number, shift = 0, 0
    while at < len(message):
        byte = message[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at
    raise ValueError(f"this ONNX model ends at byte {len(message)}, within a number")


def _as_varint(number: int) -> bytes:
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)


def _message(field: int, body: bytes) -> bytes:
    return _as_varint(field << 3 | _BYTES) + _as_varint(len(body)) + body


def _number(field: int, number: int) -> bytes:
    return _as_varint(field << 3 | _VARINT) + _as_varint(number)
