"""Networks made faster on their way into a session give the bits that their files give."""

import numpy as np
import onnxruntime
import pytest

from model.preview.face import DETECTOR_NAME, MESH_NAME
from model.preview.networks import NETS_PATH, session, without_prelu
from model.preview.refined import REFINED_MESH_NAME


def as_filed(name: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    path = str(NETS_PATH / name)
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("name", [MESH_NAME, REFINED_MESH_NAME])
def test_a_network_without_prelu_gives_the_same_bits(name: str) -> None:
    filed, fast = as_filed(name), session(name)
    assert b"PRelu" in (NETS_PATH / name).read_bytes()
    given = filed.get_inputs()[0]
    draws = np.random.default_rng(0)
    for scale in (1.0, 1e-3, 50.0):
        picture = (draws.random(given.shape, np.float32) - np.float32(0.25)) * np.float32(scale)
        pairs = zip(
            filed.run(None, {given.name: picture}),
            fast.run(None, {given.name: picture}),
            strict=True,
        )
        assert all(np.array_equal(one, other) for one, other in pairs)


def test_a_network_that_has_none_stays_as_it_is() -> None:
    model = (NETS_PATH / DETECTOR_NAME).read_bytes()
    assert without_prelu(model) == model


@pytest.mark.parametrize("harm", [lambda model: model[:-9], lambda model: b"\x0f" + model])
def test_what_is_no_whole_model_is_told(harm) -> None:
    with pytest.raises(ValueError, match="ONNX model"):
        without_prelu(harm((NETS_PATH / MESH_NAME).read_bytes()))
