"""A deep check of a whole small store: no byte of it changes unseen."""

import json
import random
import shutil
from pathlib import Path

import pytest

from tasks.canonical_json import canonical_sha256
from tasks.store.campaign_folder import CampaignFolder
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
