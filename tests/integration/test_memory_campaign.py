"""A campaign whose size does not fit the memory: it is finished at the smaller size.

The limit is the kernel's, on every process of the campaign; what fails is torch's own allocation.
A sweep: `make test` proves its two halves. That torch's memory runs out for real and the ladder
ends in a size that fits is in tests/parity/parallel/test_out_of_memory.py, and that a rung that
changes pixels plans whole videos anew in test_aftermath.py.
"""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.campaigns import ROOT, receipts, video_digests, write_campaign
from tests.integration.test_live_avatar_campaign import TINY

pytestmark = [pytest.mark.integration, pytest.mark.sweep]

LIMIT_KIB = 900 << 10  # the engine needs 500 MiB for 96x64, and far more for 1024x1024
LARGE = "1024x1024"
# libraries take memory for each of a machine's cores
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def write_manifest(folder: Path, size: str, columns: str, cells: str) -> Path:
    """Two videos of a short clip each, of a size, with more columns."""
    manifest = write_campaign(folder, num_sentences=1, engine="live-avatar")
    head, *rows = manifest.read_text().replace(",96x64,", f",{size},").splitlines()
    head, cells = f"{head},num_clip,infer_frames,{columns}", f"1,12,{cells}"
    lines = [head, *(f"{row},{cells}" for row in rows)]
    manifest.write_text("\n".join(lines) + "\n")
    return manifest


def render(manifest: Path, out: Path, api: str, limit_kib: int | None = None) -> str:
    """What the command line says; every process of it has the limit."""
    limit = f"ulimit -d {limit_kib}; " if limit_kib else ""
    command = [
        sys.executable,
        "-m",
        "flows.cli",
        "render",
        manifest,
        "--out",
        out,
        "--workers",
        "1",
        "--gates",
        "off",  # random weights draw noise
    ]
    done = subprocess.run(
        ["sh", "-c", f'{limit}exec "$@"', "sh", *map(str, command)],
        cwd=ROOT,
        env={**os.environ, "PREFECT_API_URL": api, "COLUMNS": "120", **TINY, **ONE_THREAD},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_videos_that_do_not_fit_are_finished_at_the_smaller_size_as_if_it_had_been_asked_for(
    prefect_api: str, tmp_path: Path
):
    large = write_manifest(tmp_path / "in", LARGE, "smaller_size,sample_steps", "96x64,4")
    small = write_manifest(tmp_path / "small", "96x64", "sample_steps,dtype", "3,float8")

    said = render(large, tmp_path / "out", prefect_api, LIMIT_KIB)
    render(small, tmp_path / "asked", prefect_api)

    root, asked = tmp_path / "out" / "campaign", tmp_path / "asked" / "campaign"
    assert video_digests(root) == video_digests(asked)
    assert receipts(root).keys() == receipts(asked).keys()
    text = " ".join(said.split())
    for rung in ("dtype=float8", "sample_steps=3", "size=96x64"):
        assert text.count(f"tried again with {rung}") == 1, "the second video knows it"
    with (root / "report.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        assert "rendered with dtype=float8, sample_steps=3, size=96x64" in row["warnings"]
        assert "the host's memory was full at 1024x1024" in row["warnings"]
    receipt = json.loads((root / "videos" / "v1.json").read_text())
    assert receipt["settings"]["dtype"] == "float8"
    assert receipt["settings"]["sample_steps"] == 3
    (log,) = root.glob("logs/host-live-avatar-*.log")
    assert log.read_text().count("the host memory was full at 1024x1024") == 3, "each failed once"
