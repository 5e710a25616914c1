"""What follows a failure on one machine: rungs, quarantine, retry, the breaker, the window."""

import csv
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.integration.campaigns import (
    Finished,
    receipts,
    video_digests,
    write_short_campaign,
)

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def manifest(finished: Finished) -> Path:
    return finished.manifest


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """The manifest of its first video alone, where a second one would show the same."""
    return write_short_campaign(tmp_path / "one", num_videos=1)


@pytest.fixture(scope="module")
def rendered(finished: Finished) -> Path:
    """A finished campaign, to be copied."""
    return finished.root


def report_rows(root: Path) -> dict[str, dict[str, str]]:
    with (root / "report.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["video_id"]: row for row in csv.DictReader(file)}


def test_a_lack_of_a_resource_is_answered_by_the_next_rung(nightshoot, one, tmp_path):
    done = nightshoot("render", one, "--out", tmp_path, "--set", "fail=resource")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "did not fit" in done.stdout
    assert "tried again with fail=" in done.stdout
    found = receipts(tmp_path / "campaign")
    assert {tuple(receipt["rungs"]) for receipt in found.values()} == {("fail=",)}


def test_a_rung_that_changes_pixels_plans_the_whole_video_anew(nightshoot, one, rendered, tmp_path):
    command = ("render", one, "--out", tmp_path, "--set", "fail=resource-pixels")
    done = nightshoot(*command)

    assert done.returncode == 0, done.stdout + done.stderr
    root = tmp_path / "campaign"
    assert all("rendered with fail=" in row["warnings"] for row in report_rows(root).values())
    same = json.loads((rendered / "videos" / "v0.json").read_text())["segment_keys"]
    assert receipts(root).keys() == set(same), "the keys of the rung's settings"

    again = nightshoot(*command)

    assert again.returncode == 0
    assert "0 segments rendered" in again.stdout


def test_a_row_at_fault_is_quarantined_until_somebody_retries_it(nightshoot, manifest, tmp_path):
    command = ("render", manifest, "--out", tmp_path, "--set", "fail=row")
    first = nightshoot(*command)
    failure = json.loads((tmp_path / "campaign/failures/v0.json").read_text())

    second = nightshoot(*command)

    assert (first.returncode, second.returncode) == (1, 1)
    assert "Traceback" not in first.stdout + first.stderr
    assert "waiting for Prefect" not in second.stdout
    again = json.loads((tmp_path / "campaign/failures/v0.json").read_text())
    assert again == failure, "it was not tried again"
    assert {row["status"] for row in report_rows(tmp_path / "campaign").values()} == {"quarantined"}
    status = nightshoot("status", "campaign", "--out", tmp_path)
    assert status.returncode == 1
    assert "2 quarantined" in status.stdout

    retried = nightshoot("retry", "campaign", "--out", tmp_path, "--video", "v0")

    assert retried.returncode == 1
    tried = json.loads((tmp_path / "campaign/failures/v0.json").read_text())
    assert tried["at"] > failure["at"]
    untried = json.loads((tmp_path / "campaign/failures/v1.json").read_text())
    assert untried["at"] <= tried["at"]


def test_what_was_never_finished_is_retried_from_the_store_alone(
    nightshoot, manifest, rendered, tmp_path
):
    wanted = video_digests(rendered)
    root = shutil.copytree(rendered, tmp_path / "campaign")
    for path in [*root.glob("videos/v1.*"), *root.glob("segments/*/*.json")]:
        path.unlink()
    copy = manifest.parent / "face.png"
    moved = copy.rename(copy.with_suffix(".away"))
    try:
        retried = nightshoot("retry", "campaign", "--out", tmp_path)
    finally:
        moved.rename(copy)

    assert retried.returncode == 0, retried.stdout + retried.stderr
    assert video_digests(root) == wanted
    status = nightshoot("status", "campaign", "--out", tmp_path)
    assert status.returncode == 0
    assert "2 done" in status.stdout


def test_an_unknown_fault_is_tried_three_times_in_all(nightshoot, one, tmp_path):
    done = nightshoot("render", one, "--out", tmp_path, "--set", "fail=unknown")

    assert done.returncode == 1
    assert {row["status"] for row in report_rows(tmp_path / "campaign").values()} == {"failed"}
    failure = json.loads((tmp_path / "campaign/failures/v0.json").read_text())
    assert failure["fault"] == "unknown"
    logs = "".join(path.read_text() for path in (tmp_path / "campaign/logs").glob("host-*.log"))
    assert logs.count("engine failed") == 3


def test_three_rows_that_fail_alike_stop_the_campaign(nightshoot, tmp_path):
    manifest = write_short_campaign(tmp_path / "many", num_videos=4)

    done = nightshoot("render", manifest, "--out", tmp_path, "--set", "fail=row", "--workers", 1)

    assert done.returncode == 1
    assert "3 different videos" in done.stdout
    states = [row["status"] for row in report_rows(tmp_path / "campaign").values()]
    assert states.count("quarantined") == 3
    assert states.count("pending") == 1
    assert "3 different videos" in (tmp_path / "campaign/report/index.html").read_text()


def test_a_closed_window_renders_nothing_and_carries_everything_over(
    nightshoot, manifest, tmp_path
):
    hour = datetime.now(UTC).hour
    window = f"{(hour + 2) % 24:02}:00-{(hour + 3) % 24:02}:00"

    done = nightshoot("render", manifest, "--out", tmp_path, "--window", window)

    assert done.returncode == 1
    rows = report_rows(tmp_path / "campaign").values()
    assert {row["status"] for row in rows} == {"pending"}
    assert all("left for the next night" in row["warnings"] for row in rows)
    assert not receipts(tmp_path / "campaign")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("retry", "nowhere"),
            "has no rows.json; check --out and the campaign's name, or render the manifest first",
        ),
        (("render", "MANIFEST", "--window", "22-6"), "must be HH:MM-HH:MM"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_way_out(
    nightshoot, manifest, tmp_path, arguments, message
):
    words = [manifest if word == "MANIFEST" else word for word in arguments]

    done = nightshoot(*words, "--out", tmp_path)

    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())


@pytest.mark.parametrize("harmed", ["speech/*.wav", "portraits/*"])
def test_a_lost_speech_or_portrait_is_made_again_before_rendering(
    nightshoot, manifest, rendered, tmp_path, harmed
):
    wanted = video_digests(rendered)
    root = shutil.copytree(rendered, tmp_path / "campaign")
    for path in [*root.glob("videos/v1.*"), *root.glob(harmed)]:
        path.unlink()

    again = nightshoot("render", manifest, "--out", tmp_path)

    assert again.returncode == 0, again.stdout + again.stderr
    assert "planning it again" in again.stdout
    assert "0 segments rendered" in again.stdout
    assert video_digests(root) == wanted


ENDS_EARLY = """
import sys, threading
from pathlib import Path
from flows.local.campaign import dispatch
from flows.progress import PlainProgress
from rich.console import Console
from flows.work import Work
from tasks.engines.engine_pool import EnginePool
from tasks.store.campaign_folder import CampaignFolder

def ready():
    raise ZeroDivisionError("nobody foresaw this")
    yield

folder = CampaignFolder(Path(sys.argv[1]))
work = Work(folder, EnginePool(folder.logs), PlainProgress(Console()), threading.Event(), None)
assert dispatch("early", ready(), work, 1) == []
print("halted:", work.halted)
"""


def test_a_flow_that_ends_before_its_time_says_why(nightshoot, tmp_path):
    done = nightshoot(tmp_path, code=ENDS_EARLY)

    assert done.returncode == 0, done.stderr
    reason = "the run ended before its time: ZeroDivisionError: nobody foresaw this"
    assert f"halted: {reason}" in done.stdout
