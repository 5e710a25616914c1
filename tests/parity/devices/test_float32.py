"""What is called float32 has 23 bits, whatever the environment says."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.parity

# in a process of its own, as the switches are the process's
LOAD = """
import torch
from model.live_avatar.engine import LiveAvatarEngine
LiveAvatarEngine().load()
print(torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32)
"""
ASKED = {
    "NIGHTSHOOT_WEIGHTS": "random:tiny",
    "NIGHTSHOOT_DEVICE": "cpu",
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": "1",
}


@pytest.mark.sweep
def test_a_loaded_engine_lets_no_library_round_to_tf32():
    made = subprocess.run(
        [sys.executable, "-c", LOAD],
        env={**os.environ, **ASKED},
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    )

    assert made.stdout.split() == ["False", "False"]
