"""Convolutions of 8-bit integers as products of matrices: the same sums to the bit, sooner.

onnxruntime has a slow kernel for ``ConvInteger``: two thirds of Kokoro's time were spent in it.
Its kernel for products of unsigned and signed bytes is several times as fast, and sums of integers
are the same in any order. On old processors that kernel cuts off sums of two products at 16 bits;
so it is tried once with numbers that show this, and where it does, the graph stays what it is.

A graph is a protobuf message; what is needed of its format (fields, strings, tensors) is read and
written here, so that no package for it is.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from model.onnx_telemetry import forbid_telemetry

_GRAPH, _NODE, _INITIALIZER, _GRAPH_INPUT, _GRAPH_OUTPUT = 7, 1, 5, 11, 12  # of a model, a graph
_INPUT, _OUTPUT, _NAME, _KIND, _ATTRIBUTE = 1, 2, 3, 4, 5  # of a node
_ATTRIBUTE_NAME, _INT, _INTS, _ATTRIBUTE_KIND = 1, 3, 8, 20
_DIMS, _ELEMENT, _INT32_DATA, _TENSOR_NAME, _RAW = 1, 2, 5, 8, 9  # of a tensor
_UINT8, _INT8, _INT32, _INT64 = 2, 3, 6, 7
_VARINT, _EIGHT_BYTES, _MESSAGE, _FOUR_BYTES = 0, 1, 2, 5
_TO_END = 2**62
_HALF = 128  # between an unsigned byte and the signed one of the same place

Fields = Mapping[int, Sequence[bytes]]


def with_fast_convolutions(model: bytes) -> bytes:
    """``model`` with every ``ConvInteger`` along one axis as a product of matrices.

    Raises:
        ValueError: it is no ONNX model.
    """
    if not _products_are_exact():
        return model
    pieces: list[bytes] = []
    for number, whole, content in _fields(memoryview(model)):
        pieces.append(_message(_GRAPH, _graph(content)) if number == _GRAPH else bytes(whole))
    return b"".join(pieces)


def _graph(graph: memoryview) -> bytes:
    parts = list(_fields(graph))
    weights = _Weights([content for number, _, content in parts if number == _INITIALIZER])
    numbers: set[int] = set()
    replaced: set[bytes] = set()
    pieces: list[bytes] = []
    for number, whole, content in parts:
        convolution = _convolution(content, weights) if number == _NODE else None
        if convolution is not None:
            pieces += convolution.pieces()
            numbers |= convolution.numbers()
            replaced.add(convolution.weight_name)
        elif number != _INITIALIZER or _tensor_name(content) not in replaced:
            pieces.append(bytes(whole))
    pieces += (
        _message(_INITIALIZER, _integers(_vector_name(value), [value])) for value in sorted(numbers)
    )
    return b"".join(pieces)


class _Weights:
    """The tensors of bytes that a graph holds, by name."""

    def __init__(self, initializers: Sequence[memoryview]) -> None:
        self._tensors = {_tensor_name(tensor): tensor for tensor in initializers}

    def unsigned(self, name: bytes) -> NDArray[np.uint8] | None:
        """One of unsigned bytes; None where there is none of this name."""
        tensor = self._tensors.get(name)
        if tensor is None:
            return None
        dims = [_number(value) for number, _, value in _fields(tensor) if number == _DIMS]
        fields = {number: value for number, _, value in _fields(tensor)}
        if _number(fields[_ELEMENT]) != _UINT8:
            return None
        if _RAW in fields:
            return np.frombuffer(fields[_RAW], np.uint8).reshape(dims)
        packed = fields.get(_INT32_DATA, memoryview(b""))
        return np.array(list(_numbers(packed)), np.uint8).reshape(dims)


@dataclass(frozen=True)
class _Convolution:
    """One ``ConvInteger`` along time: ``(B, C, T)`` unsigned bytes to ``(B, N, T')`` integers.

    Attributes:
        value: the name of its input.
        zero: the name of the input's zero point.
        weight_name: of its weight, which no other node may have.
        weight: ``(N, C, K)``.
        weight_zero: the weight's zero point.
        output: the name of its output.
        pads: at the start and at the end.
        stride: between windows.
        dilation: between the taps of a window.
    """

    value: bytes
    zero: bytes
    weight_name: bytes
    weight: NDArray[np.uint8]
    weight_zero: int
    output: bytes
    pads: tuple[int, int]
    stride: int
    dilation: int

    @property
    def _slices(self) -> list[tuple[int, int]]:
        """Where the values of each tap begin and end in the padded time."""
        num_taps = self.weight.shape[2]
        ends = (-(num_taps - 1 - tap) * self.dilation for tap in range(num_taps))
        return [(tap * self.dilation, end or _TO_END) for tap, end in enumerate(ends)]

    def numbers(self) -> set[int]:
        """Integers that its nodes are given, each as a vector of its own."""
        return {1, self.stride, *(place for places in self._slices for place in places)}

    def pieces(self) -> Iterator[bytes]:
        """Its nodes, and the tensors that are its alone."""
        name = self.output
        taps = self.weight.transpose(2, 1, 0).reshape(-1, self.weight.shape[0])
        signed = (taps.astype(np.int16) - _HALF).astype(np.int8)
        zero = np.array(self.weight_zero - _HALF, np.int8)
        pads = [0, self.pads[0], 0, 0, self.pads[1], 0]
        for tensor in (
            _tensor(name + b"_taps", signed.shape, _INT8, signed.tobytes()),
            _tensor(name + b"_zero", (), _INT8, zero.tobytes()),
            _integers(name + b"_pads", pads),
        ):
            yield _message(_INITIALIZER, tensor)
        for node in self._nodes():
            yield _message(_NODE, node)

    def _nodes(self) -> Iterator[bytes]:
        name = self.output
        turned = _attribute_ints(b"perm", [0, 2, 1])
        yield _node(b"Transpose", [self.value], name + b"_turned", [turned])
        yield _node(b"Pad", [name + b"_turned", name + b"_pads", self.zero], name + b"_padded")
        parts = [b"%s_tap%d" % (name, tap) for tap in range(len(self._slices))]
        for part, (start, end) in zip(parts, self._slices, strict=True):
            vectors = [_vector_name(value) for value in (start, end, 1, self.stride)]
            yield _node(b"Slice", [name + b"_padded", *vectors], part)
        yield _node(b"Concat", parts, name + b"_windows", [_attribute_int(b"axis", 2)])
        product = [name + b"_windows", name + b"_taps", self.zero, name + b"_zero"]
        yield _node(b"MatMulInteger", product, name + b"_product")
        yield _node(b"Transpose", [name + b"_product"], name, [turned])


def _convolution(content: memoryview, weights: _Weights) -> _Convolution | None:
    """The convolution that a node is; None where it is none, or not along one axis as a whole."""
    node = _by_number(content)
    if node.get(_KIND) != [b"ConvInteger"] or len(node[_INPUT]) != 4:
        return None
    value, weight_name, zero, weight_zero_name = node[_INPUT]
    weight, weight_zero = weights.unsigned(weight_name), weights.unsigned(weight_zero_name)
    found = dict(_attribute(each) for each in node.get(_ATTRIBUTE, []))
    is_plain = found.get(b"group", [1]) == [1] and len(found.get(b"pads", [0, 0])) == 2
    if weight is None or weight_zero is None or weight.ndim != 3 or weight_zero.size != 1:
        return None
    if not is_plain:
        return None
    start, end = found.get(b"pads", [0, 0])
    return _Convolution(
        value,
        zero,
        weight_name,
        weight,
        int(weight_zero.reshape(-1)[0]),
        node[_OUTPUT][0],
        (start, end),
        found.get(b"strides", [1])[0],
        found.get(b"dilations", [1])[0],
    )


@cache
def _products_are_exact() -> bool:
    """Whether this processor's kernel adds up products of bytes without cutting them off."""
    forbid_telemetry()
    import onnxruntime  # starts a thread, and takes a quarter of a second

    rows, depth, columns = 32, 256, 32
    largest = np.full((depth, columns), 127, np.int8)
    largest[:, 1::2] = -128
    graph = b"".join(
        (
            _message(_INITIALIZER, _tensor(b"b", largest.shape, _INT8, largest.tobytes())),
            _message(_NODE, _node(b"MatMulInteger", [b"a", b"b"], b"c")),
            _message(2, b"g"),
            _message(_GRAPH_INPUT, _declared(b"a", _UINT8)),
            _message(_GRAPH_OUTPUT, _declared(b"c", _INT32)),
        )
    )
    version, opset = _whole_number(1, 8), _message(8, _whole_number(2, 17))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        version + opset + _message(_GRAPH, graph), options, providers=["CPUExecutionProvider"]
    )
    given = np.full((rows, depth), 255, np.uint8)
    wanted = given.astype(np.int64) @ largest.astype(np.int64)
    found = [np.asarray(session.run(None, {"a": given[:count]})[0]) for count in (rows, 1)]
    return all(np.array_equal(each, wanted[: len(each)]) for each in found)


# --- the format: written --------------------------------------------------------------------------


def _message(number: int, content: bytes) -> bytes:
    """A field that holds a message, a string or bytes."""
    return _varint(number << 3 | _MESSAGE) + _varint(len(content)) + content


def _whole_number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value % (1 << 64))


def _node(
    kind: bytes, inputs: Sequence[bytes], output: bytes, attributes: Sequence[bytes] = ()
) -> bytes:
    fields = [
        *(_message(_INPUT, each) for each in inputs),
        _message(_OUTPUT, output),
        _message(_NAME, output + b"_fast"),
        _message(_KIND, kind),
        *(_message(_ATTRIBUTE, each) for each in attributes),
    ]
    return b"".join(fields)


def _attribute_ints(name: bytes, values: Sequence[int]) -> bytes:
    ints = b"".join(_whole_number(_INTS, value) for value in values)
    return _message(_ATTRIBUTE_NAME, name) + ints + _whole_number(_ATTRIBUTE_KIND, 7)


def _attribute_int(name: bytes, value: int) -> bytes:
    kind = _whole_number(_ATTRIBUTE_KIND, 2)
    return _message(_ATTRIBUTE_NAME, name) + _whole_number(_INT, value) + kind


def _tensor(name: bytes, dims: Sequence[int], element: int, raw: bytes) -> bytes:
    sizes = b"".join(_whole_number(_DIMS, size) for size in dims)
    return b"".join(
        (sizes, _whole_number(_ELEMENT, element), _message(_TENSOR_NAME, name), _message(_RAW, raw))
    )


def _integers(name: bytes, values: Sequence[int]) -> bytes:
    return _tensor(name, [len(values)], _INT64, np.array(values, "<i8").tobytes())


def _vector_name(value: int) -> bytes:
    return b"fast_convolutions_%d" % value


def _declared(name: bytes, element: int) -> bytes:
    """An input or an output of a graph, a matrix of any size."""
    shape = b"".join(_message(1, _message(2, size)) for size in (b"m" + name, b"n" + name))
    kind = _message(1, _whole_number(1, element) + _message(2, shape))
    return _message(1, name) + _message(2, kind)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


# --- the format: read -----------------------------------------------------------------------------


def _fields(content: memoryview) -> Iterator[tuple[int, memoryview, memoryview]]:
    """Number, whole and content of every field."""
    at = 0
    while at < len(content):
        start = at
        key, at = _read_varint(content, at)
        kind, begin = key & 7, at
        if kind == _VARINT:
            _, at = _read_varint(content, at)
        elif kind == _MESSAGE:
            length, begin = _read_varint(content, at)
            at = begin + length
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            at += 8 if kind == _EIGHT_BYTES else 4
        else:
            raise ValueError(f"no ONNX model: a field of kind {kind} at byte {start}")
        if at > len(content):
            raise ValueError(f"no ONNX model: the field at byte {start} has no end")
        yield key >> 3, content[start:at], content[begin:at]


def _by_number(content: memoryview) -> dict[int, list[bytes]]:
    found: dict[int, list[bytes]] = defaultdict(list)
    for number, _, value in _fields(content):
        found[number].append(bytes(value))
    return found


def _tensor_name(content: memoryview) -> bytes:
    names = (bytes(value) for number, _, value in _fields(content) if number == _TENSOR_NAME)
    return next(names, b"")


def _attribute(content: bytes) -> tuple[bytes, list[int]]:
    """Its name, and its integers."""
    fields = _by_number(memoryview(content))
    values = [*fields.get(_INT, []), *fields.get(_INTS, [])]
    return fields[_ATTRIBUTE_NAME][0], [_number(memoryview(value)) for value in values]


def _number(content: memoryview) -> int:
    return _read_varint(content, 0)[0]


def _numbers(packed: memoryview) -> Iterator[int]:
    at = 0
    while at < len(packed):
        value, at = _read_varint(packed, at)
        yield value


def _read_varint(content: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(content):
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError("no ONNX model: it ends inside a number")
