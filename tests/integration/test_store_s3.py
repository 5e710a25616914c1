"""A campaign on a real S3 server: nothing lost, nothing half, nobody overwritten."""

import base64
import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from model.errors import CampaignError
from tasks.errors import (
    DamagedError,
    StoreError,
)
from tasks.records import FileEntry, SegmentMedia, SegmentReceipt, VideoReceipt
from tasks.speech_records import Speech
from tasks.store.campaign_folder import (
    CampaignFolder,
)
from tasks.store.campaigns import (
    open_campaign,
)
from tasks.store.entries import (
    LostLock,
    entry_of,
)
from tasks.store.files import write_file
from tasks.store.s3.bucket import PART_BYTES, Bucket
from tasks.store.s3.lock import S3Lock
from tasks.store.verification import verify
from tests.integration.servers import wait_until

ROOT = Path(__file__).parents[2]

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


@pytest.mark.parametrize("harm", ["remove", "truncate", "flip", "receipt"])
@pytest.mark.parametrize("is_listed", [True, False])
def test_every_kind_of_damage_is_found_and_repaired(folder, bucket, s3, harm, is_listed):
    with folder.local() as place:
        receipt = commit(place)
    name = object_name(receipt)
    if harm == "remove":
        s3.delete_object(Bucket=bucket, Key=name)
    elif harm == "receipt":
        s3.put_object(Bucket=bucket, Key=f"night/june/segments/ab/{KEY}.json", Body=b"{")
    else:
        s3.put_object(Bucket=bucket, Key=name, Body=b"vide" if harm == "truncate" else b"videO")
    if is_listed:
        folder.snapshot()

    with pytest.raises(DamagedError):
        folder.find_segment(KEY)

    folder.discard_segment(KEY)
    assert folder.find_segment(KEY) is None
    assert folder.listing("segments") == {}
    with folder.local() as place:
        assert commit(place) == folder.find_segment(KEY)


def test_a_file_whose_etag_is_unknown_is_read_back(folder, bucket, s3):
    with folder.local() as place:
        receipt = commit(place)
    bare = receipt.model_copy(update={"video": receipt.video.model_copy(update={"etag": ""})})
    name = f"segments/ab/{KEY}.json"
    folder.write_text(name, bare.model_dump_json().encode())
    assert folder.find_segment(KEY) == bare

    s3.put_object(Bucket=bucket, Key=object_name(receipt), Body=b"videO")

    with pytest.raises(DamagedError, match="sha256"):
        folder.find_segment(KEY)


def test_another_etag_of_the_same_bytes_is_no_damage(folder, bucket, s3):
    with folder.local() as place:
        receipt = commit(place)
    key = object_name(receipt)
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=1, Body=b"video")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload=parts)

    assert folder.find_segment(KEY) == receipt


def test_a_flipped_byte_is_found_when_the_file_is_fetched(folder, bucket, s3):
    with folder.local() as place:
        receipt = commit(place)
    folder.snapshot()
    s3.put_object(Bucket=bucket, Key=object_name(receipt), Body=b"videO")

    with folder.local() as place, pytest.raises(DamagedError, match="sha256"):
        place.fetch_segment(receipt)


@pytest.mark.parametrize("num_bytes", [1, PART_BYTES + 1])
def test_bytes_that_changed_on_their_way_are_refused(folder, tmp_path, monkeypatch, num_bytes):
    path = write_file(tmp_path / "movie", os.urandom(num_bytes))
    sha256 = base64.b64encode(hashlib.sha256(b"what was meant").digest()).decode()
    monkeypatch.setattr("tasks.store.s3.bucket._checksum", lambda data: sha256)
    folder.bucket.retry_s = 0.5

    with pytest.raises(StoreError, match="BadDigest"):
        folder.bucket.put_file(path, "videos/a.mp4")

    assert folder.listing() == {}
    assert folder.sweep_uploads(timedelta(0)) == 0, "a refused upload is aborted at once"


def test_files_without_a_receipt_are_not_done_and_do_no_harm(folder, bucket, s3):
    with folder.local() as place:
        receipt = commit(place)
        s3.delete_object(Bucket=bucket, Key=f"night/june/segments/ab/{KEY}.json")
        assert folder.find_segment(KEY) is None
        assert commit(place) == receipt
    assert folder.find_segment(KEY) == receipt


def test_of_two_writers_of_one_key_the_first_receipt_wins(folder, bucket, tmp_path):
    other = open_campaign(f"s3://{bucket}/night", "june", scratch=tmp_path / "other")
    start = threading.Barrier(2)

    def write(store, content):
        with store.local() as place:
            start.wait()
            receipt = commit(place, content=content)
            place.fetch_segment(receipt)
            return receipt, (place.segment_folder(KEY) / receipt.video.name).read_bytes()

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(write, (folder, other), (b"first", b"second"))

    assert one == two
    assert folder.find_segment(KEY) == one[0]


def test_a_stale_listing_is_not_believed(folder, bucket, tmp_path):
    folder.snapshot()
    other = open_campaign(f"s3://{bucket}/night", "june", scratch=tmp_path / "other")
    with other.local() as place:
        receipt = commit(place)
    assert folder.find_segment(KEY) == receipt  # newer than the listing

    folder.snapshot()
    other.discard_segment(KEY)

    assert folder.find_segment(KEY) is None
    assert folder.plan_ids() == []


def test_with_a_listing_finding_a_segment_costs_one_request(folder):
    with folder.local() as place:
        commit(place)
    folder.snapshot()
    before = sum(folder.bucket.num_requests.values())

    folder.find_segment(KEY)

    assert sum(folder.bucket.num_requests.values()) == before + 1


def video_receipt(place: CampaignFolder, content: bytes, captions: bytes) -> VideoReceipt:
    movie = write_file(place.video_path("a"), content)
    srt = write_file(place.videos / "a.srt", captions)
    return VideoReceipt(
        video_id="a",
        plan_sha256="p",
        segment_keys=(KEY,),
        file=entry_of(movie),
        captions=(entry_of(srt),),
        num_frames=12,
        duration_s=0.48,
        checks={},
    )


def test_a_video_is_replaced_after_its_receipt_is_discarded(folder):
    for content in (b"movie", os.urandom(9 << 20)):
        folder.snapshot()
        with folder.local() as place:
            folder.discard_video("a")
            assert folder.find_video("a") is None
            receipt = video_receipt(place, content, b"text")
            place.commit_video(receipt)
        assert folder.find_video("a").file.sha256 == receipt.file.sha256
    assert folder.video_url("a").endswith("/night/june/videos/a.mp4")
    assert folder.video_url("a").startswith("s3://")


def speech_of(place: CampaignFolder, sound: bytes = b"sound") -> Speech:
    viewer = write_file(place.speech / "s1.wav", sound)
    engine = write_file(place.speech / "s1.16k.wav", b"engine")
    speech = Speech(
        speech_id="s1",
        source="builtin",
        voice="v",
        language="en",
        sample_rate_hz=24_000,
        num_channels=1,
        num_samples=1,
        engine_gain_db=0,
        grid_levels_db=(),
        cues=(),
        file_sha256=entry_of(viewer).sha256,
        engine_file_sha256=entry_of(engine).sha256,
    )
    write_file(place.speech / "s1.json", speech.model_dump_json().encode())
    return speech


def test_a_speech_made_here_is_fetched_there(folder, bucket, s3):
    assert not folder.fetch_speech("s1")
    with folder.local() as place:
        place.commit_speech(speech_of(place))
    with folder.local() as place:
        assert place.fetch_speech("s1")
        assert (place.speech / "s1.wav").read_bytes() == b"sound"

    s3.put_object(Bucket=bucket, Key="night/june/speech/s1.wav", Body=b"noise")

    with folder.local() as place:
        assert not place.fetch_speech("s1")
        assert not (place.speech / "s1.json").exists()
        place.commit_speech(speech_of(place, b"again"))
    with folder.local() as place:
        assert place.fetch_speech("s1")


def test_portraits_and_small_files_come_back(folder, tmp_path):
    name = folder.keep_portrait(write_file(tmp_path / "Ann.PNG", b"picture"))
    folder.write_text("campaign.json", b"{}")
    page = write_file(folder.root / "report" / "index.html", b"<p>")
    folder.publish(page.parent)

    with folder.local() as place:
        assert place.portrait(name).read_bytes() == b"picture"
        assert place.read_bytes("campaign.json") == b"{}"
        assert place.read_bytes("report/index.html") == b"<p>"
        assert place.read_bytes("nothing") is None
    assert sorted(folder.listing()) == [
        "campaign.json",
        f"portraits/{name}",
        "report/index.html",
    ]


def test_a_deep_check_finds_what_no_etag_shows(folder, bucket, s3, tmp_path):
    other = "cd" + "1" * 62
    with folder.local() as place:
        commit(place)
        bad = commit(place, other)
        place.commit_speech(speech_of(place))
        place.commit_video(video_receipt(place, b"movie", b"text"))
    portrait = folder.keep_portrait(write_file(tmp_path / "x.png", b"picture"))
    for key in (f"segments/cd/{bad.video.name}", "videos/a.srt", "speech/s1.wav"):
        s3.put_object(Bucket=bucket, Key=f"night/june/{key}", Body=b"other")
    s3.put_object(Bucket=bucket, Key=f"night/june/portraits/{portrait}", Body=b"Picture")

    found = verify(folder)

    assert sorted(sentence.split()[0] for sentence in found) == [
        f"portraits/{portrait}",
        f"segments/cd/{other}.json",
        "speech/s1.json",
        "videos/a.json",
    ]
    assert folder.find_segment(KEY) is not None
    assert folder.find_segment(other) is None
    assert verify(folder) == []


# --- the lock -----------------------------------------------------------------------------------


def test_a_second_dispatcher_is_refused_until_the_first_ends(folder, bucket, tmp_path):
    other = open_campaign(f"s3://{bucket}/night", "june", scratch=tmp_path / "other")
    refused = pytest.raises(CampaignError, match=f"june.*process {os.getpid()}")
    with folder.lock(), refused, other.lock():
        pass
    with other.lock():
        assert not other.lock_lost.is_set()


def test_an_expired_lock_is_taken_over_by_exactly_one(folder, bucket):
    dead = S3Lock(folder.bucket, LostLock(), ttl_s=1.0)
    assert dead._try() is None  # taken, and never renewed: as after kill -9
    locks = [S3Lock(Bucket(folder.url), LostLock(), ttl_s=30.0) for _ in range(6)]
    time.sleep(2.5)
    start = threading.Barrier(len(locks))

    def take(lock: S3Lock) -> bool:
        start.wait()
        try:
            lock.acquire()
        except CampaignError:
            return False
        return True

    with ThreadPoolExecutor(len(locks)) as pool:
        taken = list(pool.map(take, locks))

    assert sum(taken) == 1
    locks[taken.index(True)].release()


def test_a_dispatcher_waits_for_the_lock_of_a_killed_one(folder):
    dead = S3Lock(folder.bucket, LostLock(), ttl_s=2.0)
    assert dead._try() is None

    with pytest.raises(CampaignError), folder.lock():
        pass
    with folder.lock(wait_s=20):
        pass


def test_a_lock_is_renewed_and_its_loss_is_told(folder):
    lost = LostLock()
    lock = S3Lock(folder.bucket, lost, ttl_s=3.0)  # a busy machine renews it in time, too
    lock.acquire()
    time.sleep(4.5)  # the server tells times in whole seconds
    other = S3Lock(folder.bucket, LostLock(), ttl_s=3.0)
    assert other._try() is not None, "it was renewed for longer than it lives"

    folder.write_text("lock.json", b'{"id": "another", "ttl_s": 60}')

    assert lost.wait(60)
    lock.release()
    assert b"another" in folder.read_bytes("lock.json")


# --- before work --------------------------------------------------------------------------------


def test_a_good_place_is_found_writable_and_left_empty(folder, bucket, s3):
    folder.check_writable()

    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_wrong_credentials_are_refused_before_work(folder, monkeypatch):
    for key, secret in (("nobody", "very-secret"), ("writer-access", "very-secret")):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        with pytest.raises(CampaignError, match="correct AWS_ACCESS_KEY_ID") as caught:
            folder.check_writable()
        assert "very-secret" not in str(caught.value)


def test_a_missing_bucket_is_refused_and_not_made(bucket, s3, scratch):
    with pytest.raises(CampaignError, match='no bucket "not-there"; create it'):
        open_campaign("s3://not-there/night", "june", scratch=scratch).check_writable()

    assert "not-there" not in {each["Name"] for each in s3.list_buckets()["Buckets"]}


def test_a_place_that_can_only_be_read_is_refused(folder, seaweed, monkeypatch):
    for name, value in seaweed.env("reader").items():
        monkeypatch.setenv(name, value)

    with pytest.raises(CampaignError, match=r"put_object.*AccessDenied.*s3:PutObject"):
        folder.check_writable()


def test_a_server_that_is_not_there_is_told_with_its_address(folder, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    folder.bucket.retry_s = 1.0

    with pytest.raises(CampaignError, match=r"within 1 s .*127\.0\.0\.1:9"):
        folder.check_writable()


# --- processes and kills ------------------------------------------------------------------------


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_scratch_is_empty_afterwards_and_a_killed_process_leaves_none(bucket, scratch):
    out = f"s3://{bucket}/night"
    code = (
        "import sys; from pathlib import Path\n"
        "from tasks.store.campaigns import open_campaign\n"
        "folder = open_campaign(sys.argv[1], 'june', scratch=Path(sys.argv[2]))\n"
        "with folder.local('video') as place:\n"
        "    (place.root / 'x').write_bytes(b'x'); print('there', flush=True); input()\n"
    )
    killed = python(code, out, scratch)
    with killed:
        assert killed.stdout.readline() == "there\n"
        killed.kill()
    assert list(scratch.rglob("x"))

    living = python(code, out, scratch)
    with living:
        assert living.stdout.readline() == "there\n"
        assert len(list(scratch.rglob("x"))) == 1, "the killed one's is gone, the living one's not"
        living.communicate("\n")
    assert living.returncode == 0
    assert list(scratch.iterdir()) == []


def test_a_forked_child_commits_beside_its_parent(folder):
    with folder.local() as place:
        commit(place)
    other = "cd" + "1" * 62

    child = os.fork()
    if child == 0:
        code = 1
        with contextlib.suppress(Exception), folder.local() as place:
            commit(place, other)
            code = 0
        os._exit(code)

    assert os.waitpid(child, 0)[1] == 0
    assert folder.find_segment(KEY) is not None
    assert folder.find_segment(other) is not None


def test_a_killed_uploader_leaves_nothing_visible_and_its_parts_are_swept(folder, tmp_path):
    movie = tmp_path / "movie"
    with movie.open("wb") as file:
        file.truncate(1 << 30)
    code = (
        "import sys; from pathlib import Path\n"
        "from tasks.store.s3.bucket import Bucket\n"
        "Bucket(sys.argv[1]).put_file(Path(sys.argv[2]), 'videos/a.mp4')\n"
    )

    def num_uploads():
        answer = folder.bucket._run(folder.bucket._call, "list_multipart_uploads", "")
        return len(answer.get("Uploads", ()))

    with python(code, folder.url, movie) as uploader:
        wait_until(num_uploads, 60, "the upload has begun", every_s=0.05)
        uploader.send_signal(signal.SIGKILL)
        assert uploader.wait() == -signal.SIGKILL, "killed before it was done"

    assert folder.listing() == {}
    assert folder.sweep_uploads(timedelta(hours=1)) == 0
    assert folder.sweep_uploads(timedelta(0)) == 1
    assert num_uploads() == 0


@pytest.mark.faults
def test_a_killed_server_costs_time_and_no_commit(folder, seaweed):
    keys = [f"{index:02x}" + "0" * 62 for index in range(16)]
    committed: list[SegmentReceipt] = []

    def write(key: str) -> None:
        with folder.local() as place:
            committed.append(commit(place, key, os.urandom(1 << 18)))

    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(write, key) for key in keys]
        wait_until(lambda: len(committed) >= 4, 60, "some are committed", every_s=0.01)
        seaweed.kill()
        time.sleep(20)  # as systemd would
        seaweed.start()
        for future in futures:
            future.result()

    assert {receipt.key for receipt in committed} == set(keys)
    for receipt in committed:
        assert folder.find_segment(receipt.key) == receipt
    assert verify(folder) == []
