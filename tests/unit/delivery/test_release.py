"""What may leave, and how it gets into `delivery/` and out of it again."""

import csv
import hashlib
import io

import pytest

from model.errors import CampaignError
from tasks.delivery.delivery_folder import RECORD, Delivery, deliver_files, read_delivery
from tasks.delivery.index_csv import DeliveredFile, index_csv
from tasks.delivery.release import is_released
from tasks.errors import DamagedError
from tasks.records import FileEntry, VideoOutcome
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.campaigns import open_campaign


def outcome(status: str = "done", verdict: str = "", video_id: str = "v0") -> VideoOutcome:
    fields = {"video_id": video_id, "line": 2, "status": status, "verdict": verdict}
    return VideoOutcome.model_validate(fields | {"decided_by": "=Ann", "duration_s": 2.5})


@pytest.mark.parametrize(
    ("status", "verdict", "releases"),
    [
        ("done", "approved", {"approved", "unheld", "all"}),
        ("done", "", {"unheld", "all"}),
        ("done", "rejected", set()),
        ("done", "changes", set()),
        ("done", "dropped", set()),
        ("failed", "", set()),
        ("pending", "approved", set()),
    ],
)
def test_who_may_leave(status, verdict, releases):
    found = {r for r in ("approved", "unheld", "all") if is_released(outcome(status, verdict), r)}

    assert found == releases


@pytest.fixture(params=["disk", "s3"])
def folder(request, tmp_path):
    if request.param == "disk":
        return CampaignFolder(tmp_path / "june")
    out, _, campaign = request.getfixturevalue("bucket").url.rpartition("/")
    return open_campaign(out, campaign, scratch=tmp_path / "scratch")


def finished(folder: CampaignFolder, name: str, data: bytes) -> FileEntry:
    folder.write_text(f"videos/{name}", data)
    return FileEntry(name=name, sha256=hashlib.sha256(data).hexdigest(), num_bytes=len(data))


def delivered(folder: CampaignFolder, name: str, entry: FileEntry) -> DeliveredFile:
    return DeliveredFile(name, entry, outcome(verdict="approved"), 1, name)


def make(folder: CampaignFolder, *files: DeliveredFile):
    before = read_delivery(folder) or Delivery()
    return deliver_files(
        folder, before, files, b"index", release=before.release, name=before.name, decided={}
    )


def contents(folder: CampaignFolder) -> dict[str, bytes | None]:
    return {name: folder.read_bytes(name) for name in folder.listing("delivery")}


def test_files_are_placed_replaced_and_withdrawn(folder):
    one = delivered(folder, "One.mp4", finished(folder, "v0.mp4", b"one"))
    two = delivered(folder, "Two.mp4", finished(folder, "v1.mp4", b"two"))

    assert make(folder, one, two) == (["One.mp4", "Two.mp4"], [])
    assert make(folder, one, two) == ([], [])
    again = delivered(folder, "One.mp4", finished(folder, "v0.mp4", b"another"))
    assert make(folder, again) == (["One.mp4"], ["Two.mp4"])

    assert contents(folder) == {"delivery/One.mp4": b"another", "delivery/index.csv": b"index"}
    assert read_delivery(folder).files == {"One.mp4": again.source.sha256}
    assert folder.read_bytes("videos/v1.mp4") == b"two"


@pytest.mark.parametrize("data", [b"", b"on", b"ono", b"one or more"])
def test_a_delivered_file_that_was_changed_is_placed_again(folder, data):
    one = delivered(folder, "One.mp4", finished(folder, "v0.mp4", b"one"))
    make(folder, one)
    folder.remove("delivery/One.mp4")  # it may be a second name of the master
    folder.write_text("delivery/One.mp4", data)

    assert make(folder, one) == (["One.mp4"], [])
    assert folder.read_bytes("delivery/One.mp4") == b"one"
    assert make(folder, one) == ([], [])


def test_a_delivery_whose_record_was_lost_goes_on_with_its_whole_files(folder):
    one = delivered(folder, "One.mp4", finished(folder, "v0.mp4", b"one"))
    make(folder, one)
    folder.remove(RECORD)

    assert make(folder, one) == ([], [])
    assert read_delivery(folder).files == {"One.mp4": one.source.sha256}


def test_what_people_put_there_is_left_alone_and_never_overwritten(folder):
    folder.write_text("delivery/notes.txt", b"mine")
    folder.write_text("delivery/Two.mp4", b"mine")
    one = delivered(folder, "One.mp4", finished(folder, "v0.mp4", b"one"))
    two = delivered(folder, "Two.mp4", finished(folder, "v1.mp4", b"two"))

    with pytest.raises(CampaignError, match=r"Two\.mp4 is not a file that Nightshoot placed"):
        make(folder, one, two)
    make(folder, one)
    make(folder)

    assert contents(folder) == {
        "delivery/notes.txt": b"mine",
        "delivery/Two.mp4": b"mine",
        "delivery/index.csv": b"index",
    }


def test_a_file_that_is_not_what_its_receipt_says_does_not_leave(folder):
    entry = finished(folder, "v0.mp4", b"one")
    folder.write_text("videos/v0.mp4", b"eno")

    with pytest.raises(DamagedError):
        make(folder, delivered(folder, "One.mp4", entry))

    assert folder.listing("delivery") == {}


def test_what_was_announced_by_a_run_that_was_killed_is_withdrawn(folder):
    one = delivered(folder, "One.mp4", finished(folder, "v0.mp4", b"one"))
    folder.write_text(RECORD, Delivery(files={"One.mp4": ""}).model_dump_json().encode())
    folder.write_text("delivery/One.mp4", b"half")

    assert make(folder, one) == (["One.mp4"], [])
    assert contents(folder)["delivery/One.mp4"] == b"one"


def test_the_list_has_a_row_for_each_file():
    entry = FileEntry(name="v0.mp4", sha256="f" * 64, num_bytes=1)
    video = DeliveredFile("v0.mp4", entry, outcome(verdict="approved"), 2, "v0.mp4")
    captions = DeliveredFile("v0.srt", entry, outcome(verdict="approved"), 2, "v0.srt")
    text = index_csv(
        ("video_id", "title"), {"v0": {"video_id": "v0", "title": "=1+1"}}, [video, captions]
    )

    rows = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"))))

    assert [row["format"] for row in rows] == ["mp4", "srt"]
    assert rows[0]["title"] == "'=1+1"
    assert rows[0]["approved_by"] == "'=Ann"
    assert (rows[0]["version"], rows[0]["duration"], rows[1]["duration"]) == ("2", "2.5", "")
