"""Whole campaigns with the Live Avatar engine at tiny size.

Its pictures are noise; all else is what a night on GPUs does: frames, handoffs, kills, resumes,
stitched files.
"""

import json
import signal
import subprocess
import time
from itertools import pairwise
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from tests.integration.campaigns import receipts, video_digests, write_campaign

pytestmark = pytest.mark.integration

TINY = {"NIGHTSHOOT_WEIGHTS": "random:tiny", "NIGHTSHOOT_DEVICE": "cpu"}
# random weights draw noise, which a gate would hold
FASTER = ("--set", "dtype=float32", "--set", "sample_steps=1", "--gates", "off")


def write_manifest(folder: Path) -> Path:
    """Two videos of two short segments each, one for each handoff."""
    manifest = write_campaign(folder, num_sentences=1, engine="live-avatar")
    head, first, second = manifest.read_text().splitlines()
    columns = "num_clip,infer_frames,segment_clips"
    rows = (f"{head},{columns},handoff", f"{first},2,24,1,last-frame", f"{second},2,24,1,context")
    manifest.write_text("\n".join(rows) + "\n")
    return manifest


def decoded(path: Path, width: int, height: int) -> np.ndarray:
    """Frames ``(F, H, W, 3)`` of a video."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", path]
    command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(list(map(str, command)), check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)


@pytest.mark.sweep
def test_a_killed_campaign_goes_on_and_ends_with_the_same_bytes(
    nightshoot, start_nightshoot, tmp_path: Path
):
    manifest = write_manifest(tmp_path / "in")
    whole, cut = tmp_path / "whole" / "campaign", tmp_path / "cut" / "campaign"
    done = nightshoot("render", manifest, "--out", whole.parent, "--workers", 1, *FASTER, **TINY)
    assert done.returncode == 0, done.stdout + done.stderr

    arguments = ["render", manifest, "--out", cut.parent, "--workers", 1, *FASTER]
    killed = start_nightshoot(arguments, tmp_path / "killed.log", **TINY)
    deadline = time.monotonic() + 120
    while not receipts(cut):
        assert killed.poll() is None, (tmp_path / "killed.log").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    finished = {key: path.stat().st_mtime_ns for key, path in receipt_paths(cut).items()}
    assert 0 < len(finished) < len(receipts(whole))

    again = nightshoot("render", manifest, "--out", cut.parent, "--workers", 1, *FASTER, **TINY)

    assert again.returncode == 0, again.stdout + again.stderr
    assert video_digests(cut) == video_digests(whole)
    kept = {key: path.stat().st_mtime_ns for key, path in receipt_paths(cut).items()}
    assert finished.items() <= kept.items()
    check_files(whole)


def receipt_paths(root: Path) -> dict[str, Path]:
    # what is being written begins with a dot
    return {path.stem: path for path in root.glob("segments/*/[!.]*.json")}


def check_files(root: Path) -> None:
    """What a finished campaign holds of its two videos."""
    made = receipts(root)
    for video_id, handoff in (("v0", "last-frame"), ("v1", "context")):
        receipt = json.loads((root / "videos" / f"{video_id}.json").read_text())
        keys = receipt["segment_keys"]
        assert len(keys) >= 2
        for before, after in pairwise(keys):
            assert made[after]["started_from_sha256"] == made[before]["handoff_sha256"]
        assert (made[keys[0]]["state"]["num_bytes"] > 10_000) == (handoff == "context")
        assert receipt["settings"]["handoff"] == handoff
        assert receipt["prompt"].startswith("A person looks into the camera")
        assert receipt["is_preview"]  # random weights are never taken for the real ones
        frames = decoded(root / "videos" / f"{video_id}.mp4", 96, 64)
        assert len(frames) == sum(made[key]["num_frames"] for key in keys)
        steps = np.abs(np.diff(frames.astype(int), axis=0)).mean(axis=(1, 2, 3))
        assert steps.min() > 0  # no frame is shown twice, at the seam neither


def test_without_weights_nothing_is_begun(nightshoot, tmp_path: Path):
    manifest = write_manifest(tmp_path / "in")
    refused = nightshoot("render", manifest, "--out", tmp_path, NIGHTSHOOT_WEIGHTS="")

    assert refused.returncode == 2
    assert "NIGHTSHOOT_WEIGHTS is not set" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "campaign").exists()


def test_what_the_engine_cannot_render_is_told_of_every_row_before_any_work(
    nightshoot, tmp_path: Path
):
    manifest = write_manifest(tmp_path / "in")
    lines = manifest.read_text().splitlines()
    lines[1] = lines[1].replace("96x64", "96x48")
    lines[2] = lines[2].replace(",context", ",memory")
    manifest.write_text("\n".join(lines) + "\n")

    refused = nightshoot("render", manifest, "--out", tmp_path, **TINY)

    assert refused.returncode == 2
    assert "campaign.csv:2: size" in refused.stderr
    assert "at least 64" in refused.stderr
    assert "campaign.csv:3: handoff" in refused.stderr
    assert "last-frame, context" in refused.stderr
    assert receipts(tmp_path / "campaign") == {}
