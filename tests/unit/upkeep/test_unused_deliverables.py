"""What of a store's deliverables a sweep takes away, and what it never does."""

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tasks.deliver_records import DeliverableReceipt, DeliverRequest
from tasks.deliverables.keys import deliverable_key
from tasks.deliverables.store import commit_deliverable, keep_material, part_folder
from tasks.record import FileEntry
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.files import write_file
from tasks.upkeep.unused_deliverables import sweep_deliverables

STORE = Path(__file__).parents[2] / "stores" / "e927a16" / "campaign"
NOW = datetime.now(UTC)
LATER = NOW + timedelta(days=31)
SIZE = (64, 64)


@pytest.fixture
def folder(tmp_path: Path) -> CampaignFolder:
    """A finished campaign that asks for one size of its first video, with music and a screen."""
    shutil.copytree(STORE, tmp_path / "campaign")
    folder = CampaignFolder(tmp_path / "campaign")
    (tmp_path / "calm.wav").write_bytes(b"calm")
    music = keep_material(folder, tmp_path / "calm.wav")
    folder.write_once("screens/" + "c" * 64 + ".json", b"{}")
    asked = DeliverRequest(sizes=(SIZE,), music=music, screens={"64x64": "c" * 64})
    ask(folder, asked)
    return folder


def ask(folder: CampaignFolder, asked: DeliverRequest) -> None:
    """Write what the first video is to become, and make it, as far as names go."""
    video_id = folder.plan_ids()[0]
    stored, master = folder.read_plan(video_id), folder.find_video(video_id)
    assert stored is not None
    assert master is not None
    folder.write_plan(stored.model_copy(update={"deliver": asked}))
    key = deliverable_key(asked, SIZE, master)
    entries: dict[str, FileEntry] = {}
    for suffix in (".mp4", ".jpg"):
        part = part_folder(folder, key) / f".part-x{suffix}"
        write_file(part, key.encode())
        entries[suffix] = folder.adopt(part, key, suffix)
    receipt = DeliverableReceipt.model_construct(
        key=key,
        video_id=video_id,
        master_sha256=master.file.sha256,
        size=SIZE,
        file=entries[".mp4"],
        poster=entries[".jpg"],
        is_copy=False,
        presenter=(0, 0, 64, 64),
        crop=(0, 0, 64, 64),
        num_frames=1,
        duration_s=0.04,
        checks={},
        encode={},
        seconds=1.0,
        versions={},
    )
    commit_deliverable(folder, receipt)


def names(folder: CampaignFolder) -> set[str]:
    return {
        name for room in ("deliverables", "screens", "materials") for name in folder.listing(room)
    }


def test_what_a_row_asks_for_stays_and_what_it_asked_for_goes_after_thirty_days(folder):
    asked, rest = names(folder), set(folder.listing()) - names(folder)
    assert sweep_deliverables(folder, LATER) == 0
    assert names(folder) == asked
    assert len(asked) == 5

    ask(folder, DeliverRequest(sizes=(SIZE,), label="AI-generated"))
    both = names(folder)
    assert len(both) == 8
    assert sweep_deliverables(folder, NOW + timedelta(days=29)) == 0
    assert sweep_deliverables(folder, LATER) == 5
    assert names(folder) == both - asked
    assert set(folder.listing()) - names(folder) == rest


def test_nothing_goes_while_a_record_cannot_be_read(folder):
    ask(folder, DeliverRequest(sizes=(SIZE,), label="AI-generated"))
    before = names(folder)
    last = folder.plan_ids()[-1]
    plan = folder.root / "plans" / f"{last}.json"
    plan.write_bytes(plan.read_bytes()[:-9])

    assert sweep_deliverables(folder, LATER) == 0
    assert names(folder) == before


def test_only_what_is_old_goes(folder):
    ask(folder, DeliverRequest(sizes=(SIZE,), label="AI-generated"))
    (screen,) = (folder.root / "screens").iterdir()
    os.utime(screen, (LATER.timestamp(), LATER.timestamp()))

    assert sweep_deliverables(folder, LATER) == 4
    assert screen.exists()
