"""What was approved and delivered, where more than one of its records is damaged or lost."""

import json
import shutil

import pytest

from tests.integration.campaigns import Finished
from tests.integration.test_damage import Harm, both, flip, remove, write

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def delivered(nightshoot_command, finished, tmp_path_factory) -> Finished:
    """The finished campaign, whose first video somebody approved."""
    folder = tmp_path_factory.mktemp("delivered")
    manifest = finished.copied_to(folder)
    done = nightshoot_command(
        "decide", "campaign", "v0", "--approve", "--as", "Ann", "--out", folder
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Finished(manifest, folder / "campaign")


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        pytest.param(
            both(flip("decisions.jsonl"), remove("delivery.json")),
            "decisions.jsonl:1: the record is damaged",
            id="damaged",
        ),
        pytest.param(
            remove("decisions.jsonl", "delivery.json"),
            "delivery/index.csv lists what was delivered, but delivery.json and decisions.jsonl "
            "are missing or empty",
            id="lost",
            marks=pytest.mark.sweep,
        ),
    ],
)
def test_a_delivery_whose_record_is_lost_with_the_decisions_is_named_until_they_are_back(
    harm: Harm, told: str, delivered, tmp_path, nightshoot
):
    manifest, root = delivered.copied_to(tmp_path), tmp_path / "campaign"
    video = root / "delivery" / "v0.mp4"
    whole = video.read_bytes()
    # each was taken for a campaign that had never delivered anything, and this file stayed as it is
    both(harm, write("delivery/v0.mp4", b"garbage"))(root)

    refused = nightshoot("render", manifest, "--out", tmp_path)

    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert told in refused.stderr.replace("\n", " ")
    shutil.rmtree(root / "delivery")
    (root / "decisions.jsonl").unlink(missing_ok=True)
    for command in (("render", manifest), ("decide", "campaign", "v0", "--approve", "--as", "Ann")):
        done = nightshoot(*command, "--out", tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    assert video.read_bytes() == whole


def test_a_campaign_whose_rows_are_damaged_delivers_what_is_approved_as_before(
    finished, tmp_path, nightshoot
):
    manifest, root = finished.copied_to(tmp_path), tmp_path / "campaign"
    flip("rows.json")(root)

    for command in (("render", manifest), ("decide", "campaign", "v0", "--approve", "--as", "Ann")):
        done = nightshoot(*command, "--out", tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr

    assert json.loads((root / "rows.json").read_text())["has_delivery"]
    assert (root / "delivery" / "v0.mp4").exists()


@pytest.mark.sweep
def test_a_delivery_is_looked_after_though_no_record_tells_of_it(delivered, tmp_path, nightshoot):
    manifest, root = delivered.copied_to(tmp_path), tmp_path / "campaign"
    video = root / "delivery" / "v0.mp4"
    whole = video.read_bytes()
    lost = (flip("rows.json"), remove("campaign.json", "delivery.json"))
    both(*lost, write("delivery/v0.mp4", b"garbage"))(root)

    refused = nightshoot("render", manifest, "--out", tmp_path)

    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert "delivery/v0.mp4 is not a file that Nightshoot placed" in refused.stderr
    video.unlink()
    again = nightshoot("render", manifest, "--out", tmp_path)
    assert again.returncode == 0, again.stdout + again.stderr
    assert video.read_bytes() == whole
