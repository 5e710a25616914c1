"""The recipe "Monday morning", run word for word on a campaign of two videos, one of them held."""

import csv
import json
import re
import shlex
import zipfile
from pathlib import Path

import pytest

from tests.integration.campaigns import ROOT
from tests.integration.test_gate_campaign import report, video_receipt, write_manifest

pytestmark = pytest.mark.integration

SCRIPT = "Meet Fernlight, the desk lamp that follows the sun all day."
FLAW = {"flaw": "frozen", "at_frame": 30, "only_seed": 7}


def recipe() -> list[list[str]]:
    """The commands of the recipe, without the program's name."""
    text = (ROOT / "docs" / "recipes.md").read_text("utf-8")
    section = re.split(r"^## ", text.partition("\n## Monday morning")[2], flags=re.MULTILINE)[0]
    return [shlex.split(each)[1:] for each in re.findall(r"^nightshoot .+$", section, re.MULTILINE)]


def write_decisions(path: Path, root: Path) -> None:
    """What the page exports when somebody presses `n` on the held video."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["video_id", "action", "file_sha256", "by"])
        writer.writerow(["ben", "seed", video_receipt(root, "ben")["file"]["sha256"], "Mara"])


@pytest.mark.sweep
def test_the_recipe_leads_from_a_held_video_to_a_delivery_and_a_page_for_the_client(
    nightshoot, tmp_path
):
    first = write_manifest(tmp_path / "in", "ann", "ben")
    with first.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    rows[1][1] = rows[2][1] = SCRIPT
    rows[1][-1] = "8"  # ann's own seed shows no fault
    manifest = first.with_name("june.csv")
    with manifest.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    settings = [word for name, value in FLAW.items() for word in ("--set", f"{name}={value}")]
    over_the_weekend = nightshoot(
        "render", manifest, "--out", tmp_path, "--gate-tries", 0, *settings, timeout_s=300
    )
    assert over_the_weekend.returncode == 1, over_the_weekend.stdout + over_the_weekend.stderr
    root = tmp_path / "june"
    assert {name: row["status"] for name, row in report(root).items()} == {
        "ann": "done",
        "ben": "held",
    }
    write_decisions(tmp_path / "decisions.csv", root)
    held = video_receipt(root, "ben")["file"]["sha256"]

    commands = recipe()
    assert [each[0] for each in commands] == [
        *("status", "decide", "retry", "report"),
        *("decide", "deliver", "report"),
    ]
    for command in commands:
        words = [
            str(tmp_path / word) if word in ("decisions.csv", "june.zip") else word
            for word in command
        ]
        done = nightshoot(*words, "--out", tmp_path, timeout_s=300)
        assert done.returncode == (1 if command[0] == "status" else 0), (
            f"{command}\n{done.stdout}{done.stderr}"
        )
        if command[0] == "status":
            assert "picture frozen" in done.stdout
            assert "ben" in done.stdout
            assert "ann" not in done.stdout

    assert json.loads((root / "earlier" / "ben.json").read_text())["file"]["sha256"] == held
    page = (root / "report" / "index.html").read_text("utf-8")
    assert page.count("data-earlier=") == 1
    assert {path.name for path in (root / "delivery").glob("*.mp4")} == {
        "ann_en.mp4",
        "ben_en.mp4",
    }
    with (root / "delivery" / "index.csv").open(encoding="utf-8-sig", newline="") as file:
        assert {row["approved_by"] for row in csv.DictReader(file)} == {"Mara"}
    with zipfile.ZipFile(tmp_path / "june.zip") as archive:
        assert {"videos/ann.mp4", "videos/ben.mp4"} <= set(archive.namelist())
