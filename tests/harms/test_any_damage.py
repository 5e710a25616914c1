"""Any damage to any file of a finished campaign is healed by one more run, or named with a way out.

Some of the grid of harms and kinds of files here, with seeds that stay; `make harms` goes through
all of it, with other seeds as long as there is time. What it found has a test of its own in
`tests/integration/`.
"""

import json
import os
import subprocess
import time
from collections.abc import Callable
from itertools import count, islice
from pathlib import Path

import pytest

from tests.harms.finished_campaigns import (
    CAMPAIGNS,
    Made,
    plain,
)
from tests.harms.stores import BucketStore, FolderStore, Store
from tests.harms.trials import Batch, Harmed, Subject, alone, batches, faults

BATCHES = 8
SECONDS = float(os.environ.get("NIGHTSHOOT_HARMS_S", "0")) / (len(CAMPAIGNS) + 1)
FIRST_SEED = int(os.environ.get("NIGHTSHOOT_HARMS_SEED", "1"))
COMMAND_S = 300.0

Command = Callable[..., "subprocess.CompletedProcess[str]"]


def finished_subject(
    make: Callable[[Path], Made], folder: Path, command: Command, out: str, store: Store
) -> Subject:
    (folder / "in").mkdir()
    made = make(folder / "in")
    manifest = made.write(folder / "in")

    def run(*arguments: object) -> "subprocess.CompletedProcess[str]":
        return command(*arguments, "--out", out, timeout_s=COMMAND_S, COLUMNS="2000")

    def render() -> "subprocess.CompletedProcess[str]":
        return run("render", manifest, "--workers", 1, *made.options)

    def retry() -> "subprocess.CompletedProcess[str]":
        done = run("retry", "campaign", "--here")
        return done if done.returncode or not made.decisions else run("deliver", "campaign")

    def status() -> object:
        told = json.loads(run("status", "campaign", "--json").stdout)
        names = ("video_id", "status", "verdict", "decided_by")
        return [[each.get(name) for name in names] for each in told]

    for step in (("render", manifest, "--workers", 1, *made.options), *made.decisions):
        done = run(*step)
        assert done.returncode == 0, done.stdout + done.stderr
    assert render().returncode == 0
    return Subject(store, render, retry, status)


def check(subject: Subject, record: Callable[[str, object], None]) -> None:
    """Go through the grid, as far as there is time, and tell all that went wrong."""
    until = time.monotonic() + SECONDS
    found: list[str] = []
    tried: list[Batch] = []
    grid = (batch for seed in count(FIRST_SEED) for batch in batches(subject.whole, seed))
    for batch in grid if SECONDS else islice(grid, BATCHES):
        tried.append(batch)
        found += alone(subject, batch)
        if SECONDS and time.monotonic() > until:
            break
    num_harms = sum(len(batch.harms) for batch in tried)
    told = f"{num_harms} harms in {len(tried)} batches, {len(found)} ended badly"
    record("harms", told)
    assert not found, "\n\n".join((told, *found))


@pytest.mark.sweep
@pytest.mark.integration
@pytest.mark.parametrize("make", CAMPAIGNS)
def test_any_damage_on_a_disk_ends_in_the_same_videos_or_is_named(
    make: Callable[[Path], Made], nightshoot_command: Command, tmp_path: Path, record_property
) -> None:
    out = tmp_path / "out"
    subject = finished_subject(make, tmp_path, nightshoot_command, str(out), FolderStore(out))
    check(subject, record_property)


@pytest.mark.sweep
@pytest.mark.cluster
@pytest.mark.integration
def test_any_damage_in_a_bucket_ends_in_the_same_videos_or_is_named(
    nightshoot_command: Command, tmp_path: Path, seaweed, record_property
) -> None:
    bucket = seaweed.new_bucket()

    def command(*arguments: object, **options: object) -> "subprocess.CompletedProcess[str]":
        return nightshoot_command(*arguments, **seaweed.env(), **options)

    store = BucketStore(seaweed.client(), bucket, "out")
    check(finished_subject(plain, tmp_path, command, f"s3://{bucket}/out", store), record_property)


# --- what the grid itself finds ------------------------------------------------------------------

VIDEO, PLAN, JOURNAL = "campaign/videos/v0.mp4", "campaign/plans/v0.json", "decisions.jsonl"
WHOLE = {VIDEO: b"frames", PLAN: b'{"seed": 1}', f"campaign/{JOURNAL}": b'{"by": "Ann"}\n'}


class Toy:
    """A campaign on a disk whose command does what ``render`` does."""

    def __init__(self, folder: Path, render: Callable[["Toy"], tuple[int, str]]) -> None:
        self.store = FolderStore(folder)
        for name, data in WHOLE.items():
            self.store.write(name, data)
        self.verdict = "approved"

        def run() -> "subprocess.CompletedProcess[str]":
            code, told = render(self)
            return subprocess.CompletedProcess([], code, "", told)

        self.subject = Subject(self.store, run, run, lambda: self.verdict)

    def faults(self, name: str, harm: str) -> list[str]:
        return faults(self.subject, Batch((Harmed(name, harm),), 0, 1))


def heal(toy: Toy) -> tuple[int, str]:
    toy.store.put_back(WHOLE)
    return 0, ""


def refuse(toy: Toy, told: str) -> tuple[int, str]:
    """Until the plan is gone; then all is made again."""
    if toy.store.files().get(PLAN) is None and not toy.store.is_folder(PLAN):
        return heal(toy)
    return 2, told


@pytest.mark.parametrize("harm", ["one_bit", "cut", "emptied", "zeros", "removed", "a_folder"])
def test_a_run_that_heals_and_one_that_names_the_file_have_no_fault(harm, tmp_path):
    assert Toy(tmp_path / "a", heal).faults(VIDEO, harm) == []
    named = Toy(tmp_path / "b", lambda toy: refuse(toy, "plans/v0.json: damaged; remove it"))
    assert named.faults(PLAN, harm) == []


@pytest.mark.parametrize(
    ("render", "told"),
    [
        (lambda toy: (0, ""), "not what they were: campaign/videos/v0.mp4"),
        (lambda toy: (2, "something is damaged"), "refused without naming a harmed file"),
        (lambda toy: (2, "v0.mp4: damaged; remove it"), "refused without naming a harmed file"),
        (lambda toy: (*heal(toy)[:1], "Traceback (most recent"), "a traceback"),
        (
            lambda toy: (*heal(toy)[:1], setattr(toy, "verdict", "") or ""),
            "the status is , it was approved",
        ),
    ],
    ids=["silent", "nameless", "no-way-out", "traceback", "status"],
)
def test_a_run_that_ends_badly_is_found(render, told, tmp_path):
    found = Toy(tmp_path / "out", render).faults(VIDEO, "one_bit")
    assert found
    assert told in found[0]
    assert "campaign/videos/v0.mp4 (bit " in found[0]


def test_of_many_harms_the_one_that_ends_badly_is_told_alone(tmp_path):
    toy = Toy(tmp_path / "out", lambda toy: heal(toy) if PLAN in toy.store.files() else (0, ""))
    harms = (Harmed(VIDEO, "cut"), Harmed(PLAN, "removed"), Harmed(f"campaign/{JOURNAL}", "cut"))

    assert alone(toy.subject, Batch(harms, 1, 1))[0].startswith(f"{PLAN} (removed), strip 1")


def test_the_grid_has_every_harm_to_every_kind_once(tmp_path):
    done = [each for batch in batches(WHOLE, 1) for each in batch.harms]
    assert len(done) == len(set(done)) == 3 * 10
    assert next(batches(WHOLE, 1)) == next(batches(WHOLE, 1)) != next(batches(WHOLE, 2))
