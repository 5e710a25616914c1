"""A plan that is lost after people changed it is made again as they decided."""

import json
from pathlib import Path

import pytest

from tests.integration.campaigns import Finished, video_digests, write_portrait
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
    write,
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


JOURNAL = "decisions.jsonl"


def lose_speech(root: Path) -> None:
    cut(f"speech/{spoken(root)}.wav")(root)
    ALL(root)


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        pytest.param(
            both(write(JOURNAL, b"\0" * 99), lose_speech),
            "but decisions.jsonl:1: the record is damaged",
            id="speech-and-journal-damaged",
        ),
        pytest.param(
            both(remove(JOURNAL), lose_speech),
            "but decisions.jsonl does not tell it any more",
            id="speech-damaged-and-journal-removed",
            marks=pytest.mark.sweep,
        ),
        pytest.param(
            both(flip(JOURNAL), flip(PLAN)),
            "plans/v0.json is damaged, and what people had decided to change in it may be lost",
            id="plan-and-journal-damaged",
            marks=pytest.mark.sweep,
        ),
        pytest.param(
            both(flip(JOURNAL), remove(PLAN)),
            "plans/v0.json is missing, and what people had decided to change in it may be lost",
            id="plan-removed-and-journal-damaged",
            marks=pytest.mark.sweep,
        ),
    ],
)
def test_a_plan_that_is_lost_with_the_journal_is_refused_until_one_of_them_is_back(
    harm: Harm, told: str, decided, tmp_path, nightshoot
):
    manifest, root = decided.copied_to(tmp_path), tmp_path / "campaign"
    whole = (root / JOURNAL).read_bytes()
    harm(root)

    for _ in range(2):  # the first run must leave what the second one knows it by
        refused = nightshoot("render", manifest, "--out", tmp_path, "--keep-going")

        # each was rendered as its row asks, and nobody was told
        said = (refused.stdout + refused.stderr).replace("\n", " ")
        assert refused.returncode, said
        assert told in said

    (root / JOURNAL).write_bytes(whole)
    again = nightshoot("render", manifest, "--out", tmp_path)
    assert again.returncode == 0, again.stdout + again.stderr
    assert video_digests(root) == video_digests(decided.root)


def test_without_plan_and_journal_a_video_is_made_as_its_row_asks_once_the_damage_is_removed(
    decided, finished, tmp_path, nightshoot
):
    manifest, root = decided.copied_to(tmp_path), tmp_path / "campaign"
    both(write(JOURNAL, b"\0" * 99), flip(PLAN), GONE)(root)
    assert nightshoot("render", manifest, "--out", tmp_path).returncode == 2

    (root / JOURNAL).write_bytes(b"")
    again = nightshoot("render", manifest, "--out", tmp_path)

    assert again.returncode == 0, again.stdout + again.stderr
    assert video_digests(root) == video_digests(finished.root)


def test_a_portrait_that_somebody_chose_and_that_is_damaged_is_named_until_it_is_chosen_again(
    finished, tmp_path, nightshoot
):
    manifest, root = finished.copied_to(tmp_path), tmp_path / "campaign"
    other = write_portrait(tmp_path / "other.png", seed=9)
    choose = ("decide", "campaign", "v0", "--portrait", other, "--as", "Ann")
    for command in (choose, RETRY):
        done = nightshoot(*command, "--out", tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    wanted = video_digests(root)
    chosen = json.loads((root / PLAN).read_text())["amendment"]["portrait"]
    both(flip(f"portraits/{chosen}"), ALL)(root)

    for _ in range(2):
        refused = nightshoot("render", manifest, "--out", tmp_path)

        # it was rendered with the portrait of its row, and `retry` could not make it otherwise
        assert refused.returncode == 2, refused.stdout + refused.stderr
        told = (refused.stdout + refused.stderr).replace("\n", " ")
        assert f"portraits/{chosen}, which Ann chose, is missing or damaged" in told

    for command in (choose, ("render", manifest)):
        done = nightshoot(*command, "--out", tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    assert video_digests(root) == wanted
