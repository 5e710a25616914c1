"""Personal campaigns through the command line: chosen rows, changed values."""

import json
from pathlib import Path

import pytest

from tests.integration.campaigns import receipts, video_digests, write_portrait

pytestmark = pytest.mark.integration

HEADER = "video_id,script,portrait,engine,size,preset,name\n"
ROW = "{0},Hello {{{{name}}}}. Good night.,face.png,null,96x64,quick,{1}\n"


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    write_portrait(folder / "face.png")
    path = folder / "june.csv"
    path.write_text(
        HEADER + "".join(ROW.format(name.lower(), name) for name in ("Ann", "Ben", "Cy"))
    )
    return path


def statuses(stdout: str) -> dict[str, str]:
    return {each["video_id"]: each["status"] for each in json.loads(stdout)}


def test_one_row_comes_first_then_the_rest_then_what_a_changed_value_touches(
    nightshoot, manifest: Path, tmp_path: Path
) -> None:
    root = tmp_path / "june"
    one = nightshoot("render", manifest, "--out", tmp_path, "--only", "ben", "--json")
    assert one.returncode == 0, one.stdout + one.stderr
    assert statuses(one.stdout) == {"ann": "pending", "ben": "done", "cy": "pending"}
    assert "1 of 3 videos chosen" in one.stderr
    assert [row["video_id"] for row in json.loads((root / "rows.json").read_text())["rows"]] == [
        "ann",
        "ben",
        "cy",
    ]
    assert "cy" in (root / "report.csv").read_text()
    assert {path.stem for path in (root / "plans").glob("*.json")} == {"ben"}
    first = video_digests(root)

    whole = nightshoot("render", manifest, "--out", tmp_path)
    assert whole.returncode == 0, whole.stdout + whole.stderr
    assert "3 of 3 videos done" in whole.stdout
    before, segments = video_digests(root), set(receipts(root))
    assert first.items() <= before.items()

    manifest.write_text(manifest.read_text().replace(",Cy", ",Cleo"))
    changed = nightshoot("render", manifest, "--out", tmp_path, "--json")
    assert changed.returncode == 0, changed.stdout + changed.stderr
    after = video_digests(root)
    assert {name for name in after if after[name] != before[name]} == {"cy.mp4", "cy.srt", "cy.vtt"}
    rendered = {o["video_id"]: o["num_segments_rendered"] for o in json.loads(changed.stdout)}
    assert rendered == {"ann": 0, "ben": 0, "cy": len(set(receipts(root)) - segments)}


def test_a_plan_is_about_the_chosen_rows(nightshoot, manifest: Path, tmp_path: Path) -> None:
    planned = nightshoot("plan", manifest, "--out", tmp_path, "--sample", 2, "--json")
    assert planned.returncode == 0, planned.stderr
    assert len(json.loads(planned.stdout)["videos"]) == 2
    refused = nightshoot("plan", manifest, "--out", tmp_path, "--only", "bem")
    assert refused.returncode == 2
    assert 'did you mean "ben"?' in refused.stderr
