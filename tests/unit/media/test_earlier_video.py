"""What is kept of a finished video that another one replaces."""

from pathlib import Path

import pytest

from tasks.media.earlier_video import keep_earlier, read_earlier
from tasks.records import VideoReceipt
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.entries import entry_of
from tasks.store.verification import verify


def finish(folder: CampaignFolder, plan: str, content: bytes) -> VideoReceipt:
    """Replace the video "a" by another one, as its delivery does."""
    keep_earlier(folder, "a", plan)
    folder.discard_video("a")
    folder.videos.mkdir(parents=True, exist_ok=True)
    path = folder.video_path("a")
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    receipt = VideoReceipt(
        video_id="a",
        plan_sha256=plan,
        segment_keys=("k",),
        file=entry_of(path),
        captions=(),
        num_frames=24,
        duration_s=0.96,
        checks={},
    )
    folder.commit_video(receipt)
    return receipt


def names(folder: CampaignFolder) -> list[str]:
    return sorted(folder.listing("earlier"))


@pytest.fixture
def folder(tmp_path: Path) -> CampaignFolder:
    return CampaignFolder(tmp_path / "june")


def test_the_file_before_is_kept_with_its_receipt(folder: CampaignFolder):
    first = finish(folder, "plan 1", b"one")
    assert read_earlier(folder, "a") is None
    finish(folder, "plan 2", b"two")

    earlier = read_earlier(folder, "a")

    assert earlier is not None
    assert earlier.file.sha256 == first.file.sha256
    assert earlier.plan_sha256 == "plan 1"
    assert (folder.root / "earlier" / earlier.file.name).read_bytes() == b"one"


def test_of_three_versions_only_the_second_is_an_earlier_one(folder: CampaignFolder):
    for number in (1, 2, 3):
        finish(folder, f"plan {number}", b"version %d" % number)

    earlier = read_earlier(folder, "a")

    assert earlier is not None
    assert names(folder) == [f"earlier/{earlier.file.name}", "earlier/a.json"]
    assert (folder.root / "earlier" / earlier.file.name).read_bytes() == b"version 2"


def test_a_file_that_is_made_again_by_the_same_plan_is_no_other_version(folder: CampaignFolder):
    finish(folder, "plan 1", b"one")
    finish(folder, "plan 1", b"one")
    assert names(folder) == []


def test_a_run_that_was_killed_before_the_new_file_keeps_the_earlier_one(folder: CampaignFolder):
    finish(folder, "plan 1", b"one")
    keep_earlier(folder, "a", "plan 2")
    folder.discard_video("a")  # killed here, and begun anew
    finish(folder, "plan 2", b"two")

    earlier = read_earlier(folder, "a")

    assert earlier is not None
    assert (folder.root / "earlier" / earlier.file.name).read_bytes() == b"one"


def test_a_damaged_file_is_not_kept(folder: CampaignFolder):
    finish(folder, "plan 1", b"one")
    folder.video_path("a").write_bytes(b"dam")
    keep_earlier(folder, "a", "plan 2")
    assert names(folder) == []


def test_a_damaged_earlier_file_is_found_and_its_record_removed(folder: CampaignFolder):
    finish(folder, "plan 1", b"one")
    finish(folder, "plan 2", b"two")
    earlier = read_earlier(folder, "a")
    assert earlier is not None
    path = folder.root / "earlier" / earlier.file.name
    path.unlink()
    path.write_bytes(b"dam")

    found = verify(folder)

    assert len(found) == 1
    assert found[0].startswith("earlier/a.json is removed: ")
    assert found[0].endswith("; the report compares nothing with it any more")
    assert read_earlier(folder, "a") is None
