"""What happens at 3 a.m.: kills, full disks, damaged files. Real processes, no mocks."""

import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from tests.integration.campaigns import (
    receipts,
    share_clauses,
    start,
    video_digests,
    write_campaign,
    write_short_campaign,
)

pytestmark = pytest.mark.integration

SLOW = ("--set", "delay_ms=20", "--workers", "2")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, start_nightshoot):
    """A campaign rendered without any trouble: its manifest, its folder, its seconds."""
    folder = tmp_path_factory.mktemp("undisturbed")
    manifest = write_short_campaign(folder / "in")
    began = time.monotonic()
    run = start_nightshoot(["render", manifest, "--out", folder, *SLOW], folder / "run.log")
    assert run.wait(180) == 0, (folder / "run.log").read_text()
    return manifest, folder / "campaign", time.monotonic() - began


def seen(root: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in root.glob("segments/*/*.json")}


@pytest.mark.parametrize(
    "num_kills",
    [
        1,
        *(pytest.param(each, marks=pytest.mark.sweep) for each in (2, 4)),
        pytest.param(20, marks=pytest.mark.faults),
    ],
)
def test_a_run_killed_again_and_again_ends_with_the_same_bytes(
    undisturbed, tmp_path, start_nightshoot, nightshoot, num_kills
):
    manifest, reference, seconds = undisturbed
    root = tmp_path / "campaign"
    moments = random.Random(20261121)
    finished: dict[str, int] = {}
    for _ in range(num_kills):
        arguments = ["render", manifest, "--out", tmp_path, *SLOW]
        run = start_nightshoot(arguments, tmp_path / "run.log")
        try:
            run.wait(moments.uniform(0.3, seconds))
        except subprocess.TimeoutExpired:
            run.kill()
            run.wait()
        now = seen(root)
        # what was finished before this run was neither rendered again nor lost
        assert finished.items() <= now.items()
        finished = now

    last = nightshoot("render", manifest, "--out", tmp_path, *SLOW)

    assert last.returncode == 0, last.stdout + last.stderr
    assert finished.items() <= seen(root).items()
    assert video_digests(root) == video_digests(reference)
    assert sorted(receipts(root)) == sorted(receipts(reference))
    assert not list(root.glob("**/.part-*"))


# an encoder that ends is in test_hangs.py too
@pytest.mark.parametrize("victim", [pytest.param("ffmpeg", marks=pytest.mark.sweep), "model.host"])
def test_a_killed_encoder_or_engine_host_costs_one_segment(
    undisturbed, tmp_path, start_nightshoot, victim
):
    manifest, reference, _ = undisturbed
    log = tmp_path / "run.log"
    run = start_nightshoot(["render", manifest, "--out", tmp_path, *SLOW], log)
    try:
        kill_descendant(run, victim, log)
        assert run.wait(120) == 0, log.read_text()
    finally:
        run.kill()
        run.wait()
    assert video_digests(tmp_path / "campaign") == video_digests(reference)
    attempts = [receipt["attempts"] for receipt in receipts(tmp_path / "campaign").values()]
    assert sorted(set(attempts)) == [1, 2]
    assert attempts.count(2) == 1


def kill_descendant(run, victim, log, timeout_s=60):
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        assert run.poll() is None, log.read_text()
        time.sleep(0.02)
        if "segment" not in log.read_text():
            continue
        for process in psutil.Process(run.pid).children(recursive=True):
            try:
                line = " ".join(process.cmdline())
            except psutil.Error:
                continue
            is_encoding = victim != "ffmpeg" or "rawvideo" in line
            if victim in line and is_encoding:
                process.send_signal(signal.SIGKILL)
                return
    pytest.fail(f"no {victim} was ever running")


@pytest.mark.sweep
def test_damage_between_runs_is_found_repaired_and_said(finished, tmp_path, nightshoot):
    manifest, root = finished.copied_to(tmp_path), tmp_path / "campaign"
    truncated, flipped, unsaid, *_ = sorted(root.glob("segments/*/*.mp4"))
    os.truncate(truncated, truncated.stat().st_size // 2)
    data = bytearray(flipped.read_bytes())
    data[len(data) // 2] ^= 1
    flipped.write_bytes(data)
    (unsaid.parent / f"{unsaid.name.split('.')[0]}.json").unlink()
    (root / "videos" / "v1.mp4").write_bytes(b"")

    done = nightshoot("render", manifest, "--out", tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 segments rendered" in done.stdout
    said = [line for line in done.stdout.splitlines() if "again" in line]
    for path in (truncated, flipped, root / "videos" / "v1.mp4"):
        assert any(path.name in line for line in said), (path.name, said)
    assert video_digests(root) == video_digests(finished.root)


def test_a_full_disk_is_told_leaves_no_half_file_and_the_run_goes_on_later(tmp_path, nightshoot):
    if shutil.which("mount") is None:
        pytest.skip("there is no mount on this machine, so no small tmpfs")
    # large enough to be begun where it does not fit
    manifest = write_campaign(tmp_path / "in", num_videos=2, num_sentences=3)
    whole = nightshoot("render", manifest, "--out", tmp_path)
    assert whole.returncode == 0, whole.stdout + whole.stderr
    reference = tmp_path / "campaign"
    disk = tmp_path / "disk"
    disk.mkdir()
    size = sum(path.stat().st_size for path in reference.rglob("*") if path.is_file())
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size * 2 // 3}", "tmpfs", str(disk)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("a small tmpfs can be mounted by root only")
    try:
        full = nightshoot("render", manifest, "--out", disk, "--keep-going")
        assert full.returncode == 1
        assert "disk" in full.stdout
        assert "Traceback" not in full.stdout + full.stderr
        kept = set(receipts(disk / "campaign"))
        subprocess.run(
            ["mount", "-o", f"remount,size={size * 4}", str(disk)], check=True, capture_output=True
        )
        again = nightshoot("render", manifest, "--out", disk)
        assert again.returncode == 0, again.stdout + again.stderr
        assert kept <= set(receipts(disk / "campaign"))
        assert video_digests(disk / "campaign") == video_digests(reference)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_killed_run_leaves_no_server_host_or_encoder_behind(clauses, tmp_path):
    manifest = write_short_campaign(tmp_path / "in", num_videos=1)
    env = {k: v for k, v in os.environ.items() if k != "PREFECT_API_URL"}
    log = tmp_path / "run.log"
    arguments = ["render", manifest, "--out", tmp_path, "--set", "delay_ms=30"]
    share_clauses(arguments, clauses)
    run = start(arguments, env, log)
    deadline = time.monotonic() + 90
    while "segment 1" not in log.read_text():
        assert run.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
    family = psutil.Process(run.pid).children(recursive=True)
    lines = " ".join(" ".join(process.cmdline()) for process in family)
    assert "flows.local.server" in lines
    assert "model.host" in lines
    run.kill()
    run.wait()
    _, alive = psutil.wait_procs(family, timeout=15)
    assert not alive
