"""A deep check of a whole small store: no byte of it changes unseen."""

import hashlib
import json
import random
import shutil
from pathlib import Path

import pytest

from tasks.canonical_json import canonical_sha256
from tasks.deliver_records import DeliverableReceipt
from tasks.record import FileEntry
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.record_json import record_bytes
from tasks.store.verification import verify

STORE = Path(__file__).parents[2] / "stores" / "e927a16" / "campaign"
PAID = ("plans", "portraits", "segments", "speech", "videos")


@pytest.fixture
def folder(tmp_path: Path) -> CampaignFolder:
    """A finished campaign whose records have digests."""
    root = tmp_path / "campaign"
    shutil.copytree(STORE, root)
    made = CampaignFolder(root)
    with made.lock():
        assert verify(made) == []
    return made


def files(folder: CampaignFolder) -> list[str]:
    names = sorted(folder.listing())
    return [name for name in names if name.startswith(PAID) or name == "rows.json"]


def test_a_check_under_the_lock_gives_every_record_its_digest(folder):
    names = [name for name in files(folder) if name.endswith(".json")]
    assert len(names) == 13
    for name in names:
        assert len(json.loads((folder.root / name).read_bytes())["digest"]) == 64, name
    before = {name: (folder.root / name).stat().st_mtime_ns for name in files(folder)}

    with folder.lock():
        assert verify(folder) == []

    assert {name: (folder.root / name).stat().st_mtime_ns for name in files(folder)} == before


def test_a_check_without_the_lock_writes_nothing(tmp_path):
    shutil.copytree(STORE, tmp_path / "campaign")
    folder = CampaignFolder(tmp_path / "campaign")

    assert verify(folder) == []

    for name in files(folder):
        assert (folder.root / name).read_bytes() == (STORE / name).read_bytes()


@pytest.mark.parametrize("num_each", [1, pytest.param(6, marks=pytest.mark.sweep)])
def test_no_byte_of_any_file_changes_unseen(folder, num_each):
    draw = random.Random(12)
    for name in files(folder):
        path = folder.root / name
        whole = path.read_bytes()
        for _ in range(num_each):
            harmed = bytearray(whole)
            where = draw.randrange(len(harmed))
            harmed[where] ^= 1 << draw.randrange(8)
            if name.endswith(".json") and _means_the_same(whole, bytes(harmed)):
                continue
            path.write_bytes(harmed)
            kept = {each: (folder.root / each).read_bytes() for each in files(folder)}

            found = verify(folder)

            stem = Path(name).name.split(".")[0]
            assert any(stem in sentence for sentence in found), (name, where, found)
            for each, data in kept.items():  # put back what the check removed
                target = folder.root / each
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
            path.write_bytes(whole)
    assert verify(folder) == []


def _means_the_same(whole: bytes, harmed: bytes) -> bool:
    try:
        return json.loads(whole) == json.loads(harmed)
    except ValueError:
        return False


def test_what_a_later_release_wrote_is_named_and_stays(folder):
    for name in [name for name in files(folder) if name.endswith(".json")]:
        path = folder.root / name
        fields = json.loads(path.read_bytes()) | {"schema": 2}
        del fields["digest"]
        path.write_text(json.dumps(fields | {"digest": canonical_sha256(fields)}))
    before = {name: (folder.root / name).read_bytes() for name in files(folder)}

    found = verify(folder)

    assert len(found) == 13
    assert all("later release of Nightshoot (schema 2" in sentence for sentence in found)
    assert {name: (folder.root / name).read_bytes() for name in files(folder)} == before


@pytest.mark.parametrize("room", ["materials", "screens"])
def test_what_films_are_made_with_is_read_back_too(folder: CampaignFolder, room: str):
    data = b"a piece of music, or a screen"
    name = f"{room}/{hashlib.sha256(data).hexdigest()}.json"
    folder.write_text(name, data)
    with folder.lock():
        assert verify(folder) == []
        folder.write_text(name, data[:-1])
        (found,) = verify(folder)

    assert found.startswith(f"{name} is removed")
    assert folder.read_bytes(name) is None


@pytest.mark.parametrize("beside", ["srt", "vtt"])
def test_captions_of_a_film_are_read_back_too(folder: CampaignFolder, beside: str):
    key, data = "ab" * 32, b"words"
    place = f"deliverables/{key[:2]}"

    def kept(suffix: str) -> FileEntry:
        sha256 = hashlib.sha256(data).hexdigest()
        folder.write_text(f"{place}/{key}.{sha256[:8]}.{suffix}", data)
        return FileEntry(name=f"{key}.{sha256[:8]}.{suffix}", sha256=sha256, num_bytes=len(data))

    files = {"file": kept("mp4"), "poster": kept("jpg"), "srt": kept("srt"), "vtt": kept("vtt")}
    receipt = DeliverableReceipt(
        key=key,
        video_id="v0",
        master_sha256="0" * 64,
        size=(96, 64),
        is_copy=False,
        presenter=(0, 0, 96, 64),
        crop=(0, 0, 96, 64),
        num_frames=1,
        duration_s=0.04,
        checks={},
        encode={},
        seconds=1.0,
        versions={},
        **files,
    )
    folder.write_text(f"{place}/{key}.json", record_bytes(receipt))
    with folder.lock():
        assert verify(folder) == []
        folder.write_text(f"{place}/{files[beside].name}", b"Words")
        (found,) = verify(folder)

    assert found.startswith(f"{place}/{key}.json is removed")
