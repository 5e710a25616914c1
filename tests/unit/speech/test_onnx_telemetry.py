"""No network that runs here tells its makers of it: onnxruntime keeps no id of this machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

WAYS = {
    "a face": "from model.preview.networks import session; session('face_landmark.onnx')",
    "a voice": "from model.speech.voices import load_voice; load_voice('hibari').speak('Hello.')",
    "another": "from model.speech.fast_convolutions import _products_are_exact as ask; ask()",
    "a reader": "from model.speech.english import read_english; read_english('Quixplorf.')",
}


@pytest.mark.parametrize("way", WAYS)
def test_the_first_network_of_a_process_leaves_no_id_of_the_machine(way: str, tmp_path: Path):
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    shown = "import sys; assert 'onnxruntime' in sys.modules"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ORT_")}
    done = subprocess.run(
        [sys.executable, "-c", f"{WAYS[way]}; {shown}"],
        env={**inherited, **home},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    left = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert not [name for name in left if name in ("deviceid", "onnxruntime.db")], left
