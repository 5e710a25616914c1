"""A plan that is lost after people changed it is made again as they decided."""

import json
from pathlib import Path

import pytest

from tests.integration.campaigns import Finished, video_digests
from tests.integration.test_damage import (
    ALL,
    GONE,
    PLAN,
    SEED,
    Harm,
    both,
    cut,
    edit,
    flip,
    remove,
)

pytestmark = [pytest.mark.integration, pytest.mark.sweep]


@pytest.fixture(scope="module")
def decided(nightshoot_command, finished, tmp_path_factory) -> Finished:
    """The finished campaign, whose first video people had changed twice: its text and its seed."""
    folder = tmp_path_factory.mktemp("decided")
    manifest = finished.copied_to(folder)
    for asked in (("--script", "Another text entirely."), ("--new-seed", "--seed", 9)):
        for command in (("decide", "campaign", "v0", *asked, "--as", "Ann"), RETRY):
            done = nightshoot_command(*command, "--out", folder)
            assert done.returncode == 0, done.stdout + done.stderr
    return Finished(manifest, folder / "campaign")


RETRY = ("retry", "campaign", "--here")


def spoken(root: Path) -> str:
    """Id of the speech of the first video."""
    return json.loads((root / PLAN).read_text())["plan"]["speech_id"]


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        pytest.param(flip(PLAN), "plans/v0.json: the record is damaged", id="flipped"),
        pytest.param(both(remove(PLAN), GONE), "", id="removed"),
        pytest.param(
            both(edit(PLAN, SEED, digest="none"), remove("videos/v0.mp4")),
            "the keys of its segments are not those of its content",
            id="seed",
        ),
        pytest.param(
            both(lambda root: cut(f"speech/{spoken(root)}.wav")(root), ALL),
            "its speech is missing from the store, or damaged",
            id="speech",
        ),
    ],
)
def test_a_lost_plan_is_made_again_with_what_people_had_changed_in_it(
    harm: Harm, told: str, decided, tmp_path, nightshoot
):
    manifest, root = decided.copied_to(tmp_path), tmp_path / "campaign"
    before = json.loads((root / PLAN).read_text())
    assert before["amendment"]["seed"] == 9
    harm(root)

    again = nightshoot("render", manifest, "--out", tmp_path)

    assert again.returncode == 0, again.stdout + again.stderr
    assert told in again.stdout.replace("\n", " ")
    assert video_digests(root) == video_digests(decided.root)
    assert "planned again with what Ann decided to change" in again.stdout.replace("\n", " ")
    after = json.loads((root / PLAN).read_text())
    assert after["amendment"] == before["amendment"]
    assert after["plan"] == before["plan"]
