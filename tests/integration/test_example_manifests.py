"""The examples that the recipes render, as they are in the repository, on a quick engine."""

import csv
import json
import shutil
from pathlib import Path

import pytest

from tests.integration.campaigns import ROOT

pytestmark = pytest.mark.integration


def copied(folder: Path, name: str) -> Path:
    """An example with all that lies beside it, so that nothing of the repository changes."""
    shutil.copytree(ROOT / "manifests", folder / "manifests")
    return folder / "manifests" / name


def captions(root: Path, video_id: str) -> str:
    lines = (root / "videos" / f"{video_id}.srt").read_text("utf-8").splitlines()
    return " ".join(line for line in lines if line and not line.isdigit() and "-->" not in line)


def made(done) -> set[str]:
    assert done.returncode == 0, done.stdout + done.stderr
    outcomes = json.loads(done.stdout)
    assert {each["status"] for each in outcomes} == {"done"}
    return {each["video_id"] for each in outcomes}


@pytest.mark.sweep
def test_the_personal_example_greets_everybody_by_name(nightshoot, tmp_path):
    manifest = copied(tmp_path, "personal.csv")
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = {row["video_id"]: row for row in csv.DictReader(file)}

    done = nightshoot(
        "render", manifest, "--out", tmp_path, "--engine", "null", "--json", timeout_s=600
    )

    assert made(done) == rows.keys()
    root = tmp_path / "personal"
    for video_id, row in rows.items():
        told = captions(root, video_id)
        price = row["price"] or "what you like"
        assert told == f"Hello {row['name']}! Your Fernlight costs {price}."
    spoken = json.loads((root / "plans" / "hello-siobhan.json").read_text())["words"]
    assert ("Siobhan", "Shivawn") in [(each["written"], each["spoken"]) for each in spoken]


# two languages from the command line are in test_thousand_rows.py as well
@pytest.mark.sweep
def test_the_bilingual_example_makes_both_languages_in_every_look(nightshoot, tmp_path):
    manifest = copied(tmp_path, "bilingual.csv")

    done = nightshoot(
        "render", manifest, "--out", tmp_path, "--engine", "null", "--json", timeout_s=600
    )

    videos = made(done)
    looks = {each.partition("--")[2].partition("--")[2] for each in videos}
    assert videos == {
        f"lamp-{person}--{language}--{look}"
        for person in ("ann", "ben")
        for language in ("en", "zh")
        for look in looks
    }
    assert len(looks) > 1
    root = tmp_path / "bilingual"
    for look in looks:
        assert captions(root, f"lamp-ann--en--{look}") == "Hello Ann, this is Fernlight."
        assert captions(root, f"lamp-ben--zh--{look}").replace(" ", "").startswith("本，您好，这是")
