"""Receipts, content names, the lock."""

import os
import subprocess
import sys

import pytest

from model.errors import CampaignError
from tasks.files import write_file, write_file_once
from tasks.records import FileEntry, SegmentMedia, SegmentReceipt, VideoReceipt
from tasks.store import CampaignFolder, DamagedError, entry_of

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
        "import sys; from pathlib import Path; from tasks.store import CampaignFolder\n"
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
