"""What is made of finished videos, from the command line to the delivery."""

import csv
import json
from pathlib import Path

import pytest

from tests.integration.campaigns import receipts, video_digests, write_campaign

pytestmark = pytest.mark.integration


def rendered(nightshoot, manifest: Path, out: Path, *options: str) -> dict[str, dict]:
    done = nightshoot("render", manifest, "--out", out, "--json", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    return {each["video_id"]: each for each in json.loads(done.stdout)}


def made(root: Path) -> dict[str, list[int]]:
    """Sizes of deliverables by the name of their files."""
    found = [json.loads(path.read_text()) for path in root.glob("deliverables/*/*.json")]
    return {each["file"]["name"]: each["size"] for each in found}


def test_another_format_is_made_of_the_finished_master_and_leaves_when_it_is_approved(
    nightshoot, tmp_path
):
    manifest, root = write_campaign(tmp_path / "in", 1, 1), tmp_path / "campaign"
    rendered(nightshoot, manifest, tmp_path)
    masters, segments = video_digests(root), receipts(root)
    assert made(root) == {}

    asked = ("--deliver", "108x192, 96x64")
    planned = nightshoot("plan", manifest, "--out", tmp_path, "--json", *asked)
    assert planned.returncode == 0, planned.stdout + planned.stderr
    quote = json.loads(planned.stdout)
    assert quote["deliverables"]["num_encodes"] == 2
    assert quote["disk_needed_bytes"] == quote["deliverables"]["num_bytes"]
    assert quote["estimated_s"] > quote["engine_s"] == 0, "films take time, too"
    first = rendered(nightshoot, manifest, tmp_path, *asked)
    one = made(root)
    assert first["v0"]["num_segments_rendered"] == 0
    assert sorted(one.values()) == [[96, 64], [108, 192]]
    page = (root / "report" / "index.html").read_text("utf-8")
    assert "s of computing; this run made 2, " in page
    assert all(f"/{name}" in page for name in one), "the card leads to its films"
    more = rendered(nightshoot, manifest, tmp_path, "--deliver", "108x192, 96x64, 100x100")
    assert more["v0"]["num_segments_rendered"] == 0
    assert one.items() <= made(root).items()
    assert sorted(made(root).values()) == [[96, 64], [100, 100], [108, 192]]
    assert (video_digests(root), receipts(root)) == (masters, segments)

    # one that is damaged is made again, and is the same
    damaged = next(name for name, size in one.items() if size == [108, 192])
    path = next(root.glob(f"deliverables/*/{damaged}"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    rendered(nightshoot, manifest, tmp_path, *asked)
    assert path.read_bytes() == whole

    delivery = root / "delivery"
    assert not list(delivery.glob("*.mp4"))
    done = nightshoot("decide", "campaign", "v0", "--approve", "--as", "Ann", "--out", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (delivery / "v0_108x192.mp4").read_bytes() == whole
    with (delivery / "index.csv").open(encoding="utf-8-sig", newline="") as file:
        listed = {row["file"]: row["format"] for row in csv.DictReader(file)}
    assert listed["v0.mp4"] == "mp4"
    assert listed["v0_108x192.mp4"] == "mp4 108x192"
    assert "v0_96x64.mp4" in listed
    assert "v0_100x100.mp4" not in listed, "nobody asks for it any more"

    done = nightshoot(
        "decide", "campaign", "v0", "--reject", "no", "--as", "Ann", "--out", tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not list(delivery.glob("*.mp4"))


def test_a_row_without_a_size_is_rendered_in_the_shape_of_its_format(nightshoot, tmp_path):
    manifest = write_campaign(tmp_path / "in", 1, 1)
    text = manifest.read_text().replace("size", "deliver").replace("96x64", "192x108")
    manifest.write_text(text)
    rendered(nightshoot, manifest, tmp_path)
    receipt = json.loads((tmp_path / "campaign" / "videos" / "v0.json").read_text())
    width, height = map(int, receipt["size"].split("x"))

    assert width / height == pytest.approx(16 / 9, rel=0.1)


def test_a_format_that_is_none_is_refused_with_its_line(nightshoot, tmp_path):
    manifest = write_campaign(tmp_path / "in", 1, 1)
    manifest.write_text(manifest.read_text().replace("size", "deliver").replace("96x64", "16x9"))
    done = nightshoot("render", manifest, "--out", tmp_path)

    assert done.returncode == 2
    assert ':2: deliver "16x9": "16x9" is no format' in done.stderr
    assert 'try "64x64"' in done.stderr
