"""Whole campaigns whose engine puts faults in: again with a new seed, held, killed in between."""

import csv
import json
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.campaigns import ROOT, receipts, video_digests
from tests.integration.servers import wait_until

pytestmark = pytest.mark.integration

SCRIPT = (
    "Meet Fernlight, the desk lamp that follows the sun. In the morning it wakes you with a cool, "
    "clear white."
)
# with longer segments, for gates that look at many frames
LONG_SCRIPT, LONG_CLIPS = f"{SCRIPT[:-1]}, and by evening it settles into a warm amber glow.", 3
AT = 30  # a frame of the first segment
SIZE = "256x256"


def write_manifest(
    folder: Path, *video_ids: str, script: str = SCRIPT, segment_clips: int = 2
) -> Path:
    """Videos of the engine that puts faults in, all alike but for their names."""
    folder.mkdir(parents=True)
    for name in ("mara.png", "mara.rig.json"):
        shutil.copy(ROOT / "manifests" / "portraits" / name, folder)
    lines = ["video_id,script,portrait,engine,size,preset,segment_clips,seed"]
    cells = f'"{script}",mara.png,flawed,{SIZE},quick,{segment_clips},7'
    lines += [f"{each},{cells}" for each in video_ids]
    manifest = folder / "campaign.csv"
    manifest.write_text("\n".join(lines) + "\n")
    return manifest


def flaw(name: str, only_seed: int = -1) -> list[str]:
    """Options that put a fault in, under every seed or one."""
    settings = {"flaw": name, "at_frame": AT, "only_seed": only_seed}
    return [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]


def report(root: Path) -> dict[str, dict[str, str]]:
    with (root / "report.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["video_id"]: row for row in csv.DictReader(file)}


def video_receipt(root: Path, video_id: str) -> dict:
    return json.loads((root / "videos" / f"{video_id}.json").read_text())


@dataclass(frozen=True)
class Rendered:
    """What a command said, and the campaign it left."""

    returncode: int
    stdout: str
    root: Path


@pytest.fixture(scope="module")
def healed(nightshoot_command, tmp_path_factory) -> Rendered:
    """A black frame under the row's own seed alone."""
    folder = tmp_path_factory.mktemp("healed")
    manifest = write_manifest(folder / "in", "heals")
    options = ("--out", folder, *flaw("black", 7))
    done = nightshoot_command("render", manifest, *options, timeout_s=300)
    return Rendered(done.returncode, done.stdout + done.stderr, folder / "campaign")


@pytest.fixture(scope="module")
def held(nightshoot_command, tmp_path_factory) -> Rendered:
    """A frozen second under every seed, tried twice."""
    folder = tmp_path_factory.mktemp("held")
    manifest = write_manifest(folder / "in", "stays")
    options = ("--out", folder, "--gate-tries", 1, *flaw("frozen"))
    done = nightshoot_command("render", manifest, *options, timeout_s=300)
    return Rendered(done.returncode, done.stdout + done.stderr, folder / "campaign")


def test_a_fault_under_one_seed_is_rendered_again_and_the_video_is_done(healed: Rendered):
    assert healed.returncode == 0, healed.stdout
    assert "heals: segment 1 failed a gate (picture of one colour from 0:01" in healed.stdout
    assert report(healed.root)["heals"]["status"] == "done"
    receipt = video_receipt(healed.root, "heals")
    assert (receipt["gates"], receipt["is_judged"]) == ([], True)
    planned = json.loads((healed.root / "plans" / "heals.json").read_text())["plan"]["segments"]
    keys = {each["key"] for each in planned}
    assert not keys & set(receipt["segment_keys"]), "successors follow under new keys"
    assert len(receipts(healed.root)) == len(planned) + 1


def test_a_fault_that_stays_holds_its_video_with_reason_and_second(held: Rendered):
    assert held.returncode == 1
    assert "stays (line 2): held: picture frozen for 1.0 s from 0:01" in held.stdout
    assert "0 of 1 video done, 1 held, 0 failed" in held.stdout
    row = report(held.root)["stays"]
    assert (row["status"], row["error"]) == ("held", "picture frozen for 1.0 s from 0:01")
    found = video_receipt(held.root, "stays")["gates"]
    assert [(each["gate"], each["held"]) for each in found] == [("frozen", True)]
    assert abs(found[0]["second"] - AT / 25) < 0.1
    assert (held.root / "videos" / "stays.mp4").stat().st_size
    curves = video_receipt(held.root, "stays")["curves"]
    assert len(curves["sync"]) == len(curves["drift"]) == -(-int(row["frames"]) // 12)
    [stills] = (held.root / "report" / "stills").iterdir()
    page = (held.root / "report" / "index.html").read_text("utf-8")
    assert f'src="stills/{stills.name}"' in page
    assert page.count('data-curves="Lip sync: lowest ') == 1


def test_status_tells_what_is_held_and_why(held: Rendered, nightshoot):
    told = nightshoot("status", "campaign", "--out", held.root.parent)

    assert told.returncode == 1
    assert "1 held" in told.stdout
    assert "picture frozen" in told.stdout


def test_a_second_run_renders_nothing_and_the_video_stays_held(held: Rendered, nightshoot):
    before = {path: path.stat().st_mtime_ns for path in held.root.glob("segments/*/*")}
    manifest = held.root.parent / "in" / "campaign.csv"

    again = nightshoot("render", manifest, "--out", held.root.parent, *flaw("frozen"))

    assert again.returncode == 1
    assert "0 segments rendered" in again.stdout
    assert before == {path: path.stat().st_mtime_ns for path in held.root.glob("segments/*/*")}


def test_what_is_held_is_let_go_by_a_render_that_only_warns_and_held_again_by_one_that_holds(
    held: Rendered, nightshoot, tmp_path
):
    shutil.copytree(held.root.parent, tmp_path, dirs_exist_ok=True)
    root, manifest = tmp_path / "campaign", tmp_path / "in" / "campaign.csv"
    before = video_digests(root)
    planned = nightshoot("plan", manifest, "--out", tmp_path, "--gates", "warn", *flaw("frozen"))
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert video_receipt(root, "stays")["gates"][0]["held"], "a plan changes no verdict"

    let_go = nightshoot("render", manifest, "--out", tmp_path, "--gates", "warn", *flaw("frozen"))

    assert let_go.returncode == 0, let_go.stdout + let_go.stderr
    row = report(root)["stays"]
    assert (row["status"], row["error"]) == ("done", "")
    assert "picture frozen for 1.0 s from 0:01" in row["warnings"]
    held_again = nightshoot(
        "render", manifest, "--out", tmp_path, "--gates", "hold", *flaw("frozen")
    )
    assert held_again.returncode == 1
    assert "0 segments rendered" in held_again.stdout
    assert report(root)["stays"]["status"] == "held"
    assert video_digests(root) == before


@pytest.mark.parametrize("num_segments", [pytest.param(1, marks=pytest.mark.sweep), 2])
def test_a_run_that_is_killed_while_a_gate_has_it_render_again_repeats_nothing(
    num_segments, held: Rendered, start_nightshoot, nightshoot, tmp_path
):
    manifest = write_manifest(tmp_path / "in", "stays")
    root = tmp_path / "campaign"
    options = ["--out", tmp_path, "--gate-tries", 1, *flaw("frozen")]
    run = start_nightshoot(["render", manifest, *options], tmp_path / "log")
    # the first try, then the second one too
    wait_until(lambda: len(receipts(root)) >= num_segments, 240, "a try", every_s=0.05)
    run.send_signal(signal.SIGKILL)
    run.wait(30)
    kept = receipts(root)
    assert num_segments <= len(kept) < len(receipts(held.root)), "killed in the middle"

    again = nightshoot("render", manifest, *options, timeout_s=300)

    assert again.returncode == 1, again.stdout + again.stderr
    now = receipts(root)
    assert {key: now[key] for key in kept} == kept
    assert sorted(now) == sorted(receipts(held.root)), "the same tries, and no more"
    assert video_digests(root) == video_digests(held.root)


# that gates may only warn, and are then told in words, is in the test before the last one;
# tests/media/test_gates_media.py finds each of these faults in frames
@pytest.mark.sweep
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("second", "a second face"),
        ("late", "mouth late by 1"),
        ("doubled", "a frame is shown twice"),
        ("noise", "picture full of noise"),
        ("blur", "picture blurred"),
        ("colour", "colours change at once"),
        ("face", "another face than the portrait's"),
        ("dead", "mouth hardly moves"),
    ],
)
def test_every_fault_is_told_by_its_name_and_holds_nothing_where_it_only_warns(
    name, words, nightshoot, tmp_path
):
    folder = tmp_path / "in"
    manifest = write_manifest(folder, "told", script=LONG_SCRIPT, segment_clips=LONG_CLIPS)
    options = ("--out", tmp_path, "--gates", "warn", *flaw(name))

    done = nightshoot("render", manifest, *options, timeout_s=300)

    assert done.returncode == 0, done.stdout + done.stderr
    assert words in done.stdout
    row = report(tmp_path / "campaign")["told"]
    assert row["status"] == "done"
    assert words in row["warnings"]
