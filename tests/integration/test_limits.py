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

from tests.integration.campaigns import ROOT, write_campaign

pytestmark = pytest.mark.integration


def report_rows(root):
    with (root / "report.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["video_id"]: row for row in csv.DictReader(file)}


def test_emoji_are_not_spoken_but_said_so_and_stay_in_the_captions(nightshoot, tmp_path):
    manifest = write_campaign(tmp_path / "in", num_videos=1, num_sentences=1)
    manifest.write_text(manifest.read_text().replace("Number 0.", "Number 0 😀🎉."))

    done = nightshoot("render", manifest, "--out", tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "😀" in report_rows(tmp_path / "campaign")["v0"]["warnings"]
    assert "😀" in (tmp_path / "campaign" / "videos" / "v0.vtt").read_text()


def test_an_empty_sentence_is_skipped(nightshoot, tmp_path):
    manifest = write_campaign(tmp_path / "in", num_videos=1, num_sentences=1)
    plain = nightshoot("plan", manifest, "--out", tmp_path / "a", "--json")
    manifest.write_text(manifest.read_text().replace("Number 0.", "Number 0. ... !! ."))

    gaps = nightshoot("plan", manifest, "--out", tmp_path / "b", "--json")

    assert gaps.returncode == 0, gaps.stderr
    lengths = [json.loads(run.stdout)["videos"][0]["num_frames"] for run in (plain, gaps)]
    assert lengths[0] == lengths[1]


def test_right_to_left_text_is_captioned_right(nightshoot, tmp_path):
    manifest = write_campaign(tmp_path / "in", num_videos=1, num_sentences=1)
    rng = np.random.default_rng(1)
    sound = rng.normal(0, 0.1, 48_000) * (np.sin(np.arange(48_000) / 3000) > 0)
    soundfile.write(tmp_path / "in" / "say.wav", sound, 16_000)
    manifest.write_text(
        "video_id,script,audio,portrait,engine,size\n"
        "v0,שלום לכולם! ברוכים הבאים.,say.wav,face.png,null,96x64\n"
    )

    done = nightshoot("render", manifest, "--out", tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    text = (tmp_path / "campaign" / "videos" / "v0.srt").read_text()
    assert "שלום לכולם!" in text
    assert "\u202b" in text or "\u200f" in text or "\u2067" in text


def test_a_hundred_megapixel_portrait_is_downscaled(nightshoot, tmp_path):
    manifest = write_campaign(tmp_path / "in", num_videos=1, num_sentences=1)
    tile = cv2.imread(str(tmp_path / "in" / "face.png"))
    huge = cv2.resize(tile, (10_000, 10_000), interpolation=cv2.INTER_NEAREST)
    assert cv2.imwrite(str(tmp_path / "in" / "face.png"), huge, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    del huge

    done = nightshoot("render", manifest, "--out", tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr


def test_a_long_recording_renders_in_bounded_memory(tmp_path, prefect_api):
    """A quarter of an hour here; three hours in benchmarks/long_recording.py."""
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "long_recording.py", "--minutes", "15"],
        cwd=ROOT,
        env={**os.environ, "PREFECT_API_URL": prefect_api, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["frames"] == 15 * 60 * 25
    assert figures["run_peak_mb"] < 700
    assert figures["largest_child_peak_mb"] < 700
