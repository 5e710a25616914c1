"""A campaign on a real S3 server: nothing lost, nothing half, nobody overwritten."""

import pytest

from tasks.files import write_file
from tasks.records import FileEntry, SegmentMedia, SegmentReceipt
from tasks.store import CampaignFolder, open_campaign

pytestmark = pytest.mark.cluster

KEY = "ab" + "0" * 62


@pytest.fixture
def bucket(seaweed, monkeypatch):
    """Name of a fresh bucket; the variables of its writer are set."""
    for name, value in seaweed.env().items():
        monkeypatch.setenv(name, value)
    return seaweed.new_bucket()


@pytest.fixture
def s3(seaweed):
    """boto3's client, for what happens behind the store's back."""
    return seaweed.client()


@pytest.fixture
def scratch(tmp_path):
    return tmp_path / "scratch"


@pytest.fixture
def folder(bucket, scratch):
    return open_campaign(f"s3://{bucket}/night", "june", scratch=scratch)


def commit(place: CampaignFolder, key=KEY, content=b"video", attempts=1) -> SegmentReceipt:
    entries: dict[str, FileEntry] = {}
    for suffix, data in ((".mp4", content), (".png", b"png"), (".safetensors", b"state")):
        part = write_file(place.segment_folder(key) / f".part-x{suffix}", data)
        entries[suffix] = place.adopt(part, key, suffix)
    media = SegmentMedia(
        num_frames=12, extradata_sha256="e", packet_md5s=("m",), timescale=1, width=16, height=16
    )
    return place.commit_segment(
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


def object_name(receipt: SegmentReceipt) -> str:
    return f"night/june/segments/ab/{receipt.video.name}"


def test_a_segment_is_committed_found_and_fetched_elsewhere(folder, bucket, tmp_path):
    with folder.local("video") as place:
        receipt = commit(place)
    assert receipt.video.etag

    other = open_campaign(f"s3://{bucket}/night", "june", scratch=tmp_path / "other")
    with other.local("video") as place:
        assert place.find_segment(KEY) == receipt
        place.fetch_segment(receipt)
        assert (place.segment_folder(KEY) / receipt.video.name).read_bytes() == b"video"
