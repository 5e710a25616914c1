"""Receipts, content names, the lock."""

import fcntl
import json
import os
import resource
import subprocess
import sys

import pytest

from model.errors import CampaignError
from tasks.errors import (
    DamagedError,
)
from tasks.records import (
    Failure,
    FileEntry,
    SegmentMedia,
    SegmentReceipt,
    StoredPlan,
    VideoReceipt,
)
from tasks.store.campaign_folder import (
    CampaignFolder,
)
from tasks.store.campaigns import (
    open_campaign,
)
from tasks.store.entries import (
    entry_of,
)
from tasks.store.files import write_file, write_file_once
from tasks.store.verification import verify
from tests.unit.plans import video_plan

KEY = "ab" + "0" * 62


def commit(folder, key=KEY, content=b"video", attempts=1):
    place = folder.segment_folder(key)
    entries = {}
    for suffix, data in ((".mp4", content), (".png", b"png"), (".safetensors", b"state")):
        part = write_file(place / f".part-x{suffix}", data)
        entries[suffix] = folder.adopt(part, key, suffix)
    media = SegmentMedia(
        num_frames=12, extradata_sha256="e", packet_md5s=("m",), timescale=1, width=16, height=16
    )
    return folder.commit_segment(
        SegmentReceipt(
            key=key,
            engine="null",
            num_frames=12,
            video=entries[".mp4"],
            last_frame=entries[".png"],
            state=entries[".safetensors"],
            handoff_sha256="h",
            started_from_sha256="neutral",
            media=media,
            engine_seconds=1,
            attempts=attempts,
            host="here",
            versions={},
        )
    )


def test_a_segment_is_done_when_its_receipt_and_files_are_there(tmp_path):
    folder = CampaignFolder(tmp_path)
    assert folder.find_segment(KEY) is None

    receipt = commit(folder)

    assert folder.find_segment(KEY) == receipt
    assert receipt.video.name == f"{KEY}.{receipt.video.sha256[:8]}.mp4"
    assert (tmp_path / "segments" / "ab" / f"{KEY}.json").exists()


@pytest.mark.parametrize("suffix", [".mp4", ".png", ".safetensors"])
@pytest.mark.parametrize("harm", ["remove", "truncate", "flip", "receipt"])
def test_every_kind_of_damage_is_found(tmp_path, suffix, harm):
    folder = CampaignFolder(tmp_path)
    commit(folder)
    path = next(folder.segment_folder(KEY).glob(f"*{suffix}"))
    data = path.read_bytes()
    if harm == "remove":
        path.unlink()
    elif harm == "truncate":
        path.write_bytes(data[:-1])
    elif harm == "flip":
        path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    else:
        folder.segment_receipt_path(KEY).write_text("{")

    with pytest.raises(DamagedError):
        folder.find_segment(KEY)

    folder.discard_segment(KEY)
    assert folder.find_segment(KEY) is None
    assert list(folder.segment_folder(KEY).iterdir()) == []


def test_of_two_writers_of_one_key_the_first_receipt_wins(tmp_path):
    folder = CampaignFolder(tmp_path)

    first = commit(folder, content=b"first", attempts=1)
    second = commit(folder, content=b"second", attempts=2)

    assert second == first
    assert folder.find_segment(KEY) == first


def test_a_video_is_done_when_its_file_and_captions_match(tmp_path):
    folder = CampaignFolder(tmp_path)
    movie = write_file(folder.video_path("a"), b"movie")
    captions = write_file(folder.videos / "a.srt", b"text")
    receipt = VideoReceipt(
        video_id="a",
        plan_sha256="p",
        segment_keys=(KEY,),
        file=entry_of(movie),
        captions=(entry_of(captions),),
        num_frames=12,
        duration_s=0.48,
        checks={},
    )
    folder.commit_video(receipt)
    assert folder.find_video("a") == receipt

    captions.write_bytes(b"txet")

    with pytest.raises(DamagedError, match=r"a\.srt"):
        folder.find_video("a")


def test_the_second_run_of_a_campaign_is_refused_by_name(tmp_path):
    folder = CampaignFolder(tmp_path / "june")
    code = (
        "import sys; from pathlib import Path\n"
        "from tasks.store.campaign_folder import CampaignFolder\n"
        "with CampaignFolder(Path(sys.argv[1])).lock(): print('held', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(CampaignError, match=f"june.*process {other.pid}"), folder.lock():
            pass
        other.kill()
        other.wait()
        with folder.lock():
            pass


@pytest.mark.parametrize(
    "garbage",
    [b"\xff\xfe\x00", b"[" * 200_000, b'{"pid": 1, "host": "\x1b[2J", "started": []}', b""],
)
def test_garbage_in_a_lock_that_is_held_is_one_clear_line(tmp_path, garbage):
    (tmp_path / "lock.json").write_bytes(garbage)
    with (tmp_path / "lock.json").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with (
            pytest.raises(CampaignError, match="is being rendered by another run") as told,
            CampaignFolder(tmp_path).lock(),
        ):
            pass
    assert len(str(told.value)) < 500


def test_garbage_in_a_lock_that_nobody_holds_is_in_nobodys_way(tmp_path):
    (tmp_path / "lock.json").write_bytes(b"\xff" * 100)
    with CampaignFolder(tmp_path).lock():
        assert json.loads((tmp_path / "lock.json").read_text())["pid"] == os.getpid()


def test_a_lock_that_is_a_link_is_not_followed(tmp_path):
    (tmp_path / "mine").write_text("precious")
    (tmp_path / "june").mkdir()
    (tmp_path / "june" / "lock.json").symlink_to(tmp_path / "mine")

    with (
        pytest.raises(CampaignError, match=r"june/lock\.json.*cannot be used as the lock"),
        CampaignFolder(tmp_path / "june").lock(),
    ):
        pass
    assert (tmp_path / "mine").read_text() == "precious"


@pytest.mark.parametrize("kind", ["folder", "fifo"])
def test_a_lock_that_is_no_file_is_one_clear_line(tmp_path, kind):
    place = tmp_path / "lock.json"
    place.mkdir() if kind == "folder" else os.mkfifo(place)
    with (
        pytest.raises(CampaignError, match="cannot be used as the lock"),
        CampaignFolder(tmp_path).lock(),
    ):
        pass


def test_files_of_killed_runs_are_swept(tmp_path):
    folder = CampaignFolder(tmp_path)
    receipt = commit(folder)
    write_file(tmp_path / "videos" / ".part-1-a.mp4", b"half")

    assert folder.sweep_parts() == 1
    assert folder.find_segment(KEY) == receipt


def test_a_failed_write_leaves_no_file(tmp_path):
    target = tmp_path / "folder-in-the-way"
    target.mkdir()

    with pytest.raises(OSError, match="folder-in-the-way"):
        write_file(target, b"data")

    assert os.listdir(tmp_path) == ["folder-in-the-way"]  # noqa: PTH208 - names suffice


def test_a_file_written_once_stays_as_it_was(tmp_path):
    assert write_file_once(tmp_path / "a", b"1")
    assert not write_file_once(tmp_path / "a", b"2")
    assert (tmp_path / "a").read_bytes() == b"1"


def test_an_entry_describes_a_file(tmp_path):
    path = write_file(tmp_path / "a", b"abc")

    assert entry_of(path) == FileEntry(
        name="a",
        sha256="ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        num_bytes=3,
    )


def plan_of(video_id="a", title="Hello"):
    plan = video_plan(video_id=video_id, title=title, segments=())
    return StoredPlan(plan=plan, line=2, sha256="x", request_sha256="r")


def failure_of(video_id="a", message="no face"):
    return Failure(
        video_id=video_id,
        fault="row",
        signature="s",
        message=message,
        way_out="another portrait",
        attempts=1,
        host="here",
        plan_sha256="x",
        is_quarantined=True,
        at="2026-11-21T00:00:00+00:00",
    )


def test_a_plan_is_kept_and_replaced_only_when_it_changed(tmp_path):
    folder = CampaignFolder(tmp_path)
    assert folder.read_plan("a") is None

    folder.write_plan(plan_of())
    folder.write_plan(plan_of("b"))
    first = (tmp_path / "plans" / "a.json").stat().st_ino
    folder.write_plan(plan_of())

    assert (tmp_path / "plans" / "a.json").stat().st_ino == first
    assert folder.plan_ids() == ["a", "b"]
    folder.write_plan(plan_of(title="Goodbye"))
    assert folder.read_plan("a").plan.title == "Goodbye"


def test_a_plan_that_cannot_be_read_says_so(tmp_path):
    folder = CampaignFolder(tmp_path)
    folder.write_text("plans/a.json", b"{")

    with pytest.raises(DamagedError, match=r"plans/a\.json"):
        folder.read_plan("a")


def test_failures_are_noted_replaced_and_forgotten(tmp_path):
    folder = CampaignFolder(tmp_path)
    folder.write_failure(failure_of())
    folder.write_failure(failure_of("b"))
    folder.write_failure(failure_of(message="two faces"))

    assert folder.failures() == [failure_of(message="two faces"), failure_of("b")]

    folder.clear_failure("a")
    folder.clear_failure("a")
    assert folder.read_failure("a") is None
    assert folder.failures() == [failure_of("b")]


def test_a_portrait_is_kept_once_under_its_content(tmp_path):
    folder = CampaignFolder(tmp_path / "june")
    picture = write_file(tmp_path / "Ann.PNG", b"picture")

    name = folder.keep_portrait(picture)

    assert folder.keep_portrait(picture) == name
    assert name == f"{entry_of(picture).sha256}.png"
    assert folder.portrait(name).read_bytes() == b"picture"
    folder.portrait(name).write_bytes(b"another")
    with pytest.raises(DamagedError, match="sha256"):
        folder.portrait(name)


def test_a_local_campaign_is_found_by_its_folder_and_needs_no_scratch(tmp_path):
    folder = open_campaign(tmp_path, "june")

    assert folder.root == tmp_path / "june"
    assert folder.bucket is None
    assert folder.url == str(tmp_path / "june")
    assert folder.video_url("a") == str(tmp_path / "june" / "videos" / "a.mp4")
    with folder.local("row") as place:
        assert place is folder


def test_a_folder_that_cannot_be_written_is_refused_before_work(tmp_path):
    write_file(tmp_path / "june", b"a file in the way")

    with pytest.raises(CampaignError, match=r"june.*--out"):
        open_campaign(tmp_path, "june").check_writable()


def test_a_place_without_room_is_refused_before_work(tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(CampaignError, match=r"june.*1 MiB.*free some space"):
            open_campaign(tmp_path, "june").check_writable()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list((tmp_path / "june").iterdir()) == []


def test_a_probe_leaves_nothing(tmp_path):
    open_campaign(tmp_path, "june").check_writable()

    assert list((tmp_path / "june").iterdir()) == []


def test_a_deep_check_finds_damage_and_removes_its_receipt(tmp_path):
    folder = CampaignFolder(tmp_path)
    other = "cd" + "1" * 62
    commit(folder)
    receipt = commit(folder, other)
    path = folder.segment_folder(other) / receipt.video.name
    path.write_bytes(b"olden")
    portrait = folder.keep_portrait(write_file(tmp_path / "x.png", b"picture"))
    (folder.portraits / portrait).write_bytes(b"Picture")

    found = verify(folder)

    assert len(found) == 2
    assert any(other in sentence and "sha256" in sentence for sentence in found)
    assert any(portrait in sentence for sentence in found)
    assert folder.find_segment(other) is None
    assert folder.find_segment(KEY) is not None
    assert verify(folder) == []


def test_a_deep_check_removes_only_old_files_without_a_receipt(tmp_path):
    folder = CampaignFolder(tmp_path)
    commit(folder)
    place = folder.segment_folder(KEY)
    old = write_file(place / f"{'ab' + '2' * 62}.12345678.mp4", b"old")
    write_file(place / f"{'ab' + '3' * 62}.12345678.mp4", b"in the making")
    os.utime(old, (0, 0))

    found = verify(folder)

    assert found == [
        f"segments/ab/{old.name} is removed: it has no receipt and is older than a day"
    ]
    assert not old.exists()
    assert len(list(place.iterdir())) == 5


def test_a_deep_check_removes_plans_that_cannot_be_rendered(tmp_path):
    folder = CampaignFolder(tmp_path)
    folder.write_text("plans/b.json", b"{")
    folder.write_plan(plan_of())
    write_file(folder.portraits / "p.png", b"picture")
    write_file(folder.speech / "s.json", b"{")

    found = verify(folder)

    assert [sentence.split()[0] for sentence in found] == [
        "plans/b.json",
        "portraits/p.png",
        "speech/s.json",
        "plans/a.json",
    ]
    assert folder.plan_ids() == []
