"""Inputs at the edge: huge pictures, hours of sound, emoji, right-to-left text."""

import csv
import json
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
import soundfile

from tests.integration.campaigns import ROOT, UNTIMED, write_campaign

pytestmark = pytest.mark.integration


def report_rows(root):
    with (root / "report.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["video_id"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def edges(nightshoot_command, tmp_path_factory):
    """A campaign of three odd rows, rendered: emoji, Hebrew, a portrait of 100 megapixels."""
    folder = tmp_path_factory.mktemp("edges")
    write_campaign(folder, num_videos=0)
    rng = np.random.default_rng(1)
    sound = rng.normal(0, 0.1, 48_000) * (np.sin(np.arange(48_000) / 3000) > 0)
    soundfile.write(folder / "say.wav", sound, 16_000)
    tile = cv2.imread(str(folder / "face.png"))
    huge = cv2.resize(tile, (10_000, 10_000), interpolation=cv2.INTER_NEAREST)
    assert cv2.imwrite(str(folder / "huge.jpg"), huge)
    del huge
    manifest = folder / "edges.csv"
    manifest.write_text(
        "video_id,script,audio,portrait,engine,size,preset\n"
        "emoji,Number 0 😀🎉. A lamp.,,face.png,null,96x64,quick\n"
        "hebrew,שלום לכולם! ברוכים הבאים.,say.wav,face.png,null,96x64,quick\n"
        "huge,A lamp.,,huge.jpg,null,96x64,quick\n"
    )
    done = nightshoot_command("render", manifest, "--out", folder, "--keep-going")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "edges"


@pytest.mark.sweep
def test_emoji_are_not_spoken_but_said_so_and_stay_in_the_captions(edges):
    assert "😀" in report_rows(edges)["emoji"]["warnings"]
    assert "😀" in (edges / "videos" / "emoji.vtt").read_text()


@pytest.mark.sweep
def test_right_to_left_text_is_captioned_right(edges):
    text = (edges / "videos" / "hebrew.srt").read_text()
    assert "שלום לכולם!" in text
    assert "\u202b" in text or "\u200f" in text or "\u2067" in text


@pytest.mark.sweep
def test_a_hundred_megapixel_portrait_becomes_a_video(edges):
    assert report_rows(edges)["huge"]["status"] == "done"
    assert (edges / "videos" / "huge.mp4").stat().st_size


def test_an_empty_sentence_is_skipped(nightshoot, tmp_path):
    manifest = write_campaign(tmp_path / "in", 1, 1, engine="live-avatar")
    plain = manifest.read_text()
    gaps = plain.splitlines()[1].replace("v0,", "gaps,").replace("Number 0.", "Number 0. ... !! .")
    manifest.write_text(f"{plain}{gaps}\n")

    planned = nightshoot("plan", manifest, "--out", tmp_path, "--json", **UNTIMED)

    assert planned.returncode == 0, planned.stderr
    lengths = [video["num_frames"] for video in json.loads(planned.stdout)["videos"]]
    assert len(lengths) == 2
    assert lengths[0] == lengths[1]


@pytest.mark.sweep
def test_a_long_recording_renders_in_bounded_memory(tmp_path, prefect_api):
    """Six minutes here; three hours in benchmarks/long_recording.py."""
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "long_recording.py", "--minutes", "6"],
        cwd=ROOT,
        env={**os.environ, "PREFECT_API_URL": prefect_api, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["frames"] == 6 * 60 * 25
    assert figures["run_peak_mb"] < 700
    assert figures["largest_child_peak_mb"] < 700
