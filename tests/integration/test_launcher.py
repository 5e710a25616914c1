"""The launcher of an engine's ranks: the GPUs of the lease, whatever the user's own config says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from model.host.server import launcher_options

pytestmark = pytest.mark.integration
# one write for each rank: two that print at a time would mix their words
TELLS = """
import os
names = "CUDA_VISIBLE_DEVICES", "ACCELERATE_MIXED_PRECISION", "WORLD_SIZE"
os.write(1, " ".join(["seen", *(os.environ[name] for name in names)]).encode() + b"\\n")
"""
USERS_CONFIG = """
compute_environment: LOCAL_MACHINE
distributed_type: MULTI_GPU
gpu_ids: 6,7
num_machines: 2
machine_rank: 1
main_process_ip: 192.0.2.1
mixed_precision: bf16
num_processes: 8
debug: true
"""


def test_a_users_own_config_does_not_go_before_the_lease(tmp_path: Path) -> None:
    config = tmp_path / "home" / "accelerate" / "default_config.yaml"
    config.parent.mkdir(parents=True)
    config.write_text(USERS_CONFIG)
    script = tmp_path / "tells.py"
    script.write_text(TELLS)

    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "accelerate.commands.launch",
            *launcher_options(2, tmp_path),
            str(script),
        ],
        env={
            **os.environ,
            "HF_HOME": str(tmp_path / "home"),
            "CUDA_VISIBLE_DEVICES": "3,5",
            "OMP_NUM_THREADS": "1",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    seen = [line for line in ended.stdout.splitlines() if line.startswith("seen")]
    assert seen == ["seen 3,5 no 2"] * 2, ended.stderr
