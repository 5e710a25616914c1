"""kill -9 while `retry` carries out decisions, and at every step of `deliver`."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.campaigns import ROOT, SENTENCE, receipts, video_digests
from tests.integration.servers import wait_until

pytestmark = pytest.mark.integration

TEXT = " ".join(f"Part {number}. {SENTENCE}" for number in range(3))


def decided(nightshoot, finished, folder: Path) -> Path:
    """A copy of the finished campaign on which people decided; returns its root."""
    finished.copied_to(folder)
    asked = [("v0", "--script", TEXT), ("v1", "--new-seed", "--seed", 9)]
    for video_id, *what in asked:
        done = nightshoot("decide", "campaign", video_id, *what, "--as", "Ann", "--out", folder)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / "campaign"


def plans(root: Path) -> dict[str, dict]:
    """What is asked of every video, and by whom."""
    return {path.stem: json.loads(path.read_text()) for path in root.glob("plans/*.json")}


@pytest.fixture(scope="module")
def undisturbed(nightshoot_command, finished, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    root = decided(nightshoot_command, finished, folder)
    done = nightshoot_command("retry", "campaign", "--here", "--out", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return root


@pytest.mark.sweep
@pytest.mark.parametrize("moment", ["planned", "rendering"])
def test_a_retry_that_is_killed_is_carried_on_and_repeats_nothing(
    moment, undisturbed, finished, nightshoot, start_nightshoot, tmp_path
):
    root = decided(nightshoot, finished, tmp_path)
    before, old_plans = set(receipts(root)), plans(root)
    happened = {
        "planned": lambda: (root / "plans" / "v0.json").read_text() and plans(root) != old_plans,
        "rendering": lambda: len(receipts(root)) > len(before),
    }[moment]
    run = start_nightshoot(["retry", "campaign", "--here", "--out", tmp_path], tmp_path / "log")
    wait_until(happened, 120, moment, every_s=0.02)
    run.send_signal(signal.SIGKILL)
    run.wait(30)
    kept = receipts(root)
    assert video_digests(root) != video_digests(undisturbed), "it was killed too late"

    again = nightshoot("retry", "campaign", "--here", "--out", tmp_path)

    assert again.returncode == 0, again.stdout + again.stderr
    now = receipts(root)
    assert {key: now[key] for key in kept} == kept
    assert sorted(now) == sorted(receipts(undisturbed))
    assert video_digests(root) == video_digests(undisturbed)
    assert plans(root) == plans(undisturbed)
    third = nightshoot("retry", "campaign", "--here", "--out", tmp_path)
    assert third.returncode == 0, third.stdout + third.stderr
    assert receipts(root) == now


def delivered(root: Path) -> dict[str, bytes]:
    """Files of the delivery, and the record of them."""
    place = root / "delivery"
    files = {path.name: path.read_bytes() for path in place.iterdir()} if place.exists() else {}
    return files | {"delivery.json": (root / "delivery.json").read_bytes()}


def test_a_delivery_that_is_killed_at_any_step_leaves_nothing_unnamed_and_ends_the_same(
    finished, nightshoot, tmp_path
):
    finished.copied_to(tmp_path)
    root = tmp_path / "campaign"
    for arguments in (("decide", "campaign", "v0", "v1", "--approve", "--as", "Ann"), ()):
        arguments = arguments or ("deliver", "campaign", "--name", "old_{video_id}")
        done = nightshoot(*arguments, "--out", tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    assert (root / "delivery" / "old_v0.mp4").exists()
    states = tmp_path / "states"

    tries = subprocess.run(
        [
            *(sys.executable, "-m", "tests.integration.killed_deliveries"),
            *(str(tmp_path), "campaign", "new_{video_id}", str(states)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert tries.returncode == 0, tries.stderr
    *killed, whole = sorted(states.iterdir(), key=lambda state: int(state.name))
    # the record twice, the list, and six files withdrawn and placed
    assert len(killed) == 15
    wanted = delivered(whole / "campaign")
    assert {name for name in wanted if name.endswith(".mp4")} == {"new_v0.mp4", "new_v1.mp4"}
    for state in killed:
        there = delivered(state / "campaign")
        named = json.loads(there["delivery.json"])["files"]
        assert there.keys() - {"index.csv", "delivery.json"} <= named.keys(), state.name
    for state in (killed[0], killed[4], killed[9], killed[-1]):
        options = ("--name", "new_{video_id}", "--out", state)
        again = nightshoot("deliver", "campaign", *options)
        assert again.returncode == 0, again.stdout + again.stderr
        assert delivered(state / "campaign") == wanted, state.name
    withdrawn = nightshoot(
        "decide", "campaign", "v0", "--reject", "too fast", "--as", "Bo", "--out", killed[9]
    )
    assert withdrawn.returncode == 0, withdrawn.stdout + withdrawn.stderr
    assert not list((killed[9] / "campaign" / "delivery").glob("*_v0.*"))
