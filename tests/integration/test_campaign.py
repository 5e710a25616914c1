"""Whole campaigns through the command line: real hosts, real ffmpeg, a real Prefect server."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from flows.cli.timing import is_worth_timing_beside
from tasks.plan.estimate import ON_ONE_MACHINE
from tests.integration.campaigns import (
    ROOT,
    receipts,
    share_clauses,
    start,
    video_digests,
    write_campaign,
    write_portrait,
    write_short_campaign,
)
from tests.integration.servers import wait_until

pytestmark = pytest.mark.integration


def report_rows(root):
    with (root / "report.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["video_id"]: row for row in csv.DictReader(file)}


@pytest.fixture
def manifest(tmp_path):
    return write_short_campaign(tmp_path / "in")


def test_a_campaign_becomes_videos_captions_receipts_and_a_report(finished):
    root = finished.root
    for video_id in ("v0", "v1"):
        for suffix in (".mp4", ".srt", ".vtt", ".json"):
            assert (root / "videos" / f"{video_id}{suffix}").stat().st_size
        receipt = json.loads((root / "videos" / f"{video_id}.json").read_text())
        assert (receipt["prompt"], receipt["settings"]) == ("", {"delay_ms": 0, "fail": ""})
        assert set(receipt["segment_keys"]) <= set(receipts(root))
        assert receipt["num_frames"] == sum(
            receipts(root)[key]["num_frames"] for key in receipt["segment_keys"]
        )
    assert {row["status"] for row in report_rows(root).values()} == {"done"}
    assert (root / "report" / "index.html").exists()
    about = json.loads((root / "campaign.json").read_text())
    assert about["num_videos"] == 2
    assert about["manifest_sha256"]


def test_two_workers_in_any_order_make_the_same_bytes_as_one(nightshoot, finished, tmp_path):
    done = nightshoot("render", finished.manifest, "--out", tmp_path, "--workers", 2)

    assert done.returncode == 0, done.stdout + done.stderr
    two = tmp_path / "campaign"
    assert video_digests(finished.root) == video_digests(two)
    assert sorted(receipts(finished.root)) == sorted(receipts(two))


def test_a_second_run_renders_nothing_and_starts_no_server(finished, tmp_path):
    manifest = finished.copied_to(tmp_path)
    root = tmp_path / "campaign"
    before = {path: path.stat().st_mtime_ns for path in root.glob("segments/*/*")}

    env = {k: v for k, v in os.environ.items() if k != "PREFECT_API_URL"}
    again = subprocess.run(
        [sys.executable, "-m", "flows.cli", "render", manifest, "--out", tmp_path],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert again.returncode == 0, again.stderr
    assert "2 of 2 videos done" in again.stdout
    assert "0 segments rendered" in again.stdout
    assert before == {path: path.stat().st_mtime_ns for path in root.glob("segments/*/*")}
    assert not (root / "logs" / "prefect-server.log").exists()


# a changed value of a row is in test_personal_campaign.py, by the same keys
@pytest.mark.sweep
def test_a_changed_row_renders_that_video_alone(nightshoot, finished, tmp_path):
    manifest = finished.copied_to(tmp_path)
    root = tmp_path / "campaign"
    before = video_digests(root)
    manifest.write_text(manifest.read_text().replace("Number 1.", "Number one hundred."))

    again = nightshoot("render", manifest, "--out", tmp_path)

    assert again.returncode == 0, again.stderr
    after = video_digests(root)
    assert before["v0.mp4"] == after["v0.mp4"]
    assert before["v1.mp4"] != after["v1.mp4"]


def test_a_bad_portrait_refuses_the_campaign_before_anything_is_rendered(nightshoot, tmp_path):
    manifest = write_campaign(tmp_path / "in", num_sentences=1, engine="preview")

    refused = nightshoot("render", manifest, "--out", tmp_path)

    assert refused.returncode == 2
    assert "v0" in refused.stdout
    assert "v1" in refused.stdout
    assert "face" in refused.stdout
    assert "`--on-no-face still`" in " ".join(refused.stdout.split())
    assert receipts(tmp_path / "campaign") == {}


def test_with_keep_going_a_bad_row_fails_alone_and_equal_videos_are_rendered_once(
    nightshoot, tmp_path
):
    manifest = write_short_campaign(tmp_path / "in")
    text = manifest.read_text().splitlines()
    text[1] = text[1].replace(",null,", ",preview,")
    text.append(text[2].replace("v1", "twin", 1))
    manifest.write_text("\n".join(text) + "\n")

    done = nightshoot("render", manifest, "--out", tmp_path, "--keep-going", "--json")

    assert done.returncode == 1
    rows = report_rows(tmp_path / "campaign")
    assert rows["v0"]["status"] == "failed"
    assert "face" in rows["v0"]["error"]
    assert rows["v0"]["way_out"]
    assert rows["v1"]["status"] == rows["twin"]["status"] == "done"
    rendered = {o["video_id"]: o["num_segments_rendered"] for o in json.loads(done.stdout)}
    assert sum(rendered.values()) == len(receipts(tmp_path / "campaign"))


def test_manifest_faults_are_all_told_and_nothing_is_made(nightshoot, manifest, tmp_path):
    manifest.write_text(manifest.read_text().replace("face.png", "fase.png").replace("v1,", "V 1,"))

    refused = nightshoot("render", manifest, "--out", tmp_path)

    assert refused.returncode == 2
    assert "campaign.csv:2:" in refused.stderr
    assert "campaign.csv:3:" in refused.stderr
    assert not (tmp_path / "campaign").exists()


def test_a_setting_no_engine_knows_is_refused(nightshoot, manifest, tmp_path):
    refused = nightshoot("render", manifest, "--out", tmp_path, "--set", "offload=1")

    assert refused.returncode == 2
    assert "offload" in refused.stderr


def test_a_setting_of_another_kind_is_refused(nightshoot, manifest, tmp_path):
    refused = nightshoot("render", manifest, "--out", tmp_path, "--set", "delay_ms=soon")

    assert refused.returncode == 2
    assert "delay_ms" in refused.stderr
    assert 'setting "delay_ms" "soon": must be a whole number' in refused.stderr


def test_the_engine_without_weights_is_refused_with_where_they_are_published(
    nightshoot, manifest, tmp_path
):
    for command in ("plan", "render"):
        manifest.write_text(manifest.read_text().replace(",null,", ",live-avatar,"))
        refused = nightshoot(
            command,
            manifest,
            "--out",
            tmp_path,
            NIGHTSHOOT_WEIGHTS="",
            NIGHTSHOOT_WEIGHTS_ID="",
        )

        assert refused.returncode == 2
        assert "NIGHTSHOOT_WEIGHTS is not set" in refused.stderr
        assert "Traceback" not in refused.stderr


def test_where_only_the_weights_id_is_known_a_plan_is_shown_without_its_time(
    nightshoot, manifest, tmp_path
):
    manifest.write_text(manifest.read_text().replace(",null,", ",live-avatar,"))
    arguments = ["plan", manifest, "--out", tmp_path, "--infer-frames", "80", "--json"]

    planned = nightshoot(*arguments, NIGHTSHOOT_WEIGHTS="", NIGHTSHOOT_WEIGHTS_ID="0123abcd")

    assert planned.returncode == 0, planned.stderr
    assert "80 -> 84" in planned.stderr
    quote = json.loads(planned.stdout)
    assert quote["estimated_s"] is None
    assert "only the id of the weights is known here" in quote["time_unknown"]
    assert [video["infer_frames"] for video in quote["videos"]] == [80, 80]
    assert all(video["num_segments"] for video in quote["videos"])


def test_two_runs_of_one_campaign_at_once_the_second_is_refused(
    nightshoot, start_nightshoot, tmp_path
):
    manifest = write_short_campaign(tmp_path / "in", num_videos=1)
    arguments = ["render", manifest, "--out", tmp_path, "--set", "delay_ms=24"]
    first = start_nightshoot(arguments, tmp_path / "first.log")
    try:
        lock = tmp_path / "campaign" / "lock.json"
        deadline = time.monotonic() + 60
        while not (lock.exists() and lock.stat().st_size):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        second = nightshoot(*arguments)
        assert second.returncode == 2
        assert f"process {first.pid}" in second.stderr
        assert first.wait(120) == 0
    finally:
        first.kill()
        first.wait()


@pytest.mark.parametrize(
    "numbers",
    [
        pytest.param((signal.SIGINT,), id="Ctrl-C"),
        pytest.param((signal.SIGTERM, signal.SIGINT), id="both", marks=pytest.mark.sweep),
    ],
)
def test_a_signal_stops_the_run_cleanly_and_the_same_command_goes_on(
    numbers, prefect_api, clauses, tmp_path
):
    # far more than is rendered while a loaded machine notices a segment and sends a signal
    manifest = write_short_campaign(tmp_path / "in", num_videos=3)
    slow = ("--set", "delay_ms=50", "--workers", 1)
    arguments = ["render", manifest, "--out", tmp_path, *slow]
    share_clauses(arguments, clauses)
    kept: dict[str, dict] = {}
    for number in numbers:
        stop_in_the_middle(prefect_api, arguments, tmp_path, number)

        found = receipts(tmp_path / "campaign")
        assert len(found) > len(kept)
        assert found.items() >= kept.items(), "what was finished was rendered again or lost"
        kept = found


def stop_in_the_middle(prefect_api, arguments, folder, number):
    """Run until one more segment is done, then signal: a clean end, no process, a way out."""
    before = len(receipts(folder / "campaign"))
    log = folder / f"{number}.log"
    # a process of its own from the start: how it takes a signal is what is proved
    run = start(arguments, {**os.environ, "PREFECT_API_URL": prefect_api}, log)
    try:
        deadline = time.monotonic() + 180  # beside ten sessions its imports have taken a minute
        while len(receipts(folder / "campaign")) == before:
            assert time.monotonic() < deadline, log.read_text()
            assert run.poll() is None, log.read_text()
            time.sleep(0.05)
        family = psutil.Process(run.pid).children(recursive=True)
        run.send_signal(number)
        assert run.wait(60) == 130, log.read_text()
    finally:
        run.kill()
        run.wait()
    text = log.read_text()
    assert "run the same command to continue" in text
    assert "Traceback" not in text
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive


def test_a_run_with_its_own_server_is_quiet_and_leaves_no_process(manifest, clauses, tmp_path):
    env = {k: v for k, v in os.environ.items() if k != "PREFECT_API_URL"}
    mark = {"NIGHTSHOOT_TEST_RUN": str(tmp_path)}
    log = tmp_path / "run.log"
    arguments = ["render", manifest, "--out", tmp_path]
    share_clauses(arguments, clauses)
    run = start(arguments, env | mark, log)
    assert processes_with(mark), "the run itself has the mark"
    assert run.wait(300) == 0, log.read_text()
    text = log.read_text()
    assert not re.search("error|warning|traceback|exception", text, re.IGNORECASE), text
    wait_until(lambda: not processes_with(mark), 10, "all that it started is gone")


def processes_with(mark: dict[str, str]) -> list[psutil.Process]:
    """Those that have a variable in their environment: a run and whatever it started."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if mark.items() <= process.environ().items():
                found.append(process)
    return found


def test_a_face_without_a_rig_is_shown_as_a_still_on_request_and_flagged(nightshoot, tmp_path):
    manifest = write_campaign(tmp_path / "in", num_videos=1, num_sentences=1, engine="preview")
    write_portrait(tmp_path / "in" / "face.png", seed=3)

    done = nightshoot("render", manifest, "--out", tmp_path, "--on-no-face", "still")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "still" in report_rows(tmp_path / "campaign")["v0"]["warnings"]


def test_a_plan_tells_videos_segments_disk_and_time_and_renders_nothing(
    nightshoot, manifest, finished, tmp_path
):
    # one worker: how several are timed side by side is asked below
    planned = nightshoot("plan", manifest, "--out", tmp_path, "--workers", 1, "--json")

    assert planned.returncode == 0, planned.stderr
    quote = json.loads(planned.stdout)
    assert [video["video_id"] for video in quote["videos"]] == ["v0", "v1"]
    assert quote["estimated_s"] > 0
    assert quote["disk_needed_bytes"] > 0
    assert receipts(tmp_path / "campaign") == {}

    # of what is finished nothing is timed
    done = finished.copied_to(tmp_path / "done")
    text = nightshoot("plan", done, "--out", tmp_path / "done").stdout
    assert "length = clips x" in text
    assert "free" in text


# the command line with half a second of videos side by side instead of three
SOON_TIMED = (
    "import flows.cli.timing as t; t._BESIDE_S = 0.5; from flows.cli.main import main; main()"
)


@pytest.mark.sweep
def test_the_plan_of_many_videos_times_two_workers_side_by_side(nightshoot, tmp_path):
    manifest = write_short_campaign(tmp_path / "in", num_videos=1)
    header, row = manifest.read_text().splitlines()
    rows = [row.replace("v0", f"v{number}", 1) for number in range(100)]
    manifest.write_text("\n".join([header, *rows]) + "\n")

    arguments = ("plan", manifest, "--out", tmp_path, "--workers", 2, "--json")
    planned = nightshoot(*arguments, code=SOON_TIMED)

    assert planned.returncode == 0, planned.stderr
    quote = json.loads(planned.stdout)
    assert quote["estimated_s"] > 0
    assert is_worth_timing_beside(quote["core_s"] - ON_ONE_MACHINE.first_run_s, 2)


def test_the_help_loads_nothing_heavy():
    code = (
        "import sys; sys.argv = ['nightshoot', '--help']\n"
        "from flows.cli.main import cli\n"
        "try:\n    cli.main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'pandas', 'prefect', 'numpy', 'onnxruntime', 'cv2'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_plan_of_finished_videos_loads_no_filters_and_no_engines():
    code = (
        "import sys\n"
        "import flows.cli.main, flows.cli.plan, flows.stored, flows.sweep\n"
        "import flows.local.campaign, flows.local.dispatcher\n"
        "heavy = {'scipy.ndimage', 'scipy.signal', 'scipy.stats', 'torch', 'onnxruntime'}\n"
        "heavy = (heavy | {'pandas'}) & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.sweep
def test_the_smoke_test_renders_ten_clips_and_measures_them(nightshoot, tmp_path):
    done = nightshoot("smoke", "--out", tmp_path, "--workers", "2", "--json")

    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["num_done"] == result["num_clips"] == 10
    assert 0 < result["first_frame_s"] < result["seconds_per_clip_mean"]
    assert result["peak_rss_bytes"] > 50e6
    assert len(list((tmp_path / Path(result["folder"]).name / "videos").glob("*.mp4"))) == 10


def test_a_plan_says_what_it_finds_damaged(nightshoot, finished, tmp_path):
    manifest = finished.copied_to(tmp_path)
    (tmp_path / "campaign" / "videos" / "v0.mp4").write_bytes(b"")

    planned = nightshoot("plan", manifest, "--out", tmp_path, "--json")

    assert planned.returncode == 0, planned.stderr
    assert any("v0.mp4" in notice for notice in json.loads(planned.stdout)["notices"])
