"""A campaign in a bucket: what is put and when, what is asked of the server, scratch, the lock."""

import fcntl
from datetime import timedelta

import pytest
from moto.server import ThreadedMotoServer

from model.errors import CampaignError
from tasks.errors import (
    DamagedError,
)
from tasks.store.campaigns import (
    open_campaign,
)
from tasks.store.entries import LostLock
from tasks.store.files import write_file
from tasks.store.s3.bucket import Bucket
from tasks.store.s3.lock import S3Lock
from tasks.store.scratch import Scratch, scratch_base
from tests.unit.store.test_store import KEY, commit, failure_of, plan_of


@pytest.fixture
def folder(bucket, tmp_path):
    out, _, campaign = bucket.url.rpartition("/")
    return open_campaign(out, campaign, scratch=tmp_path / "scratch")


def test_the_receipt_is_put_last(folder, monkeypatch):
    names = []
    put = Bucket._put_bytes

    async def noting(self, data, key, condition):
        names.append((key.rpartition(".")[2], bool(condition)))
        return await put(self, data, key, condition)

    monkeypatch.setattr(Bucket, "_put_bytes", noting)
    with folder.local() as place:
        receipt = commit(place)

    assert names == [("mp4", False), ("png", False), ("safetensors", False), ("json", True)]
    assert folder.find_segment(KEY) == receipt


def test_finding_costs_one_request_with_a_listing_and_four_without(folder):
    with folder.local() as place:
        commit(place)
    folder.bucket.num_requests.clear()

    folder.find_segment(KEY)
    assert folder.bucket.num_requests == {"get_object": 1, "head_object": 3}

    folder.snapshot()
    folder.bucket.num_requests.clear()
    folder.find_segment(KEY)
    assert folder.bucket.num_requests == {"get_object": 1}


def test_a_listing_is_believed_for_a_while_only(folder):
    with folder.local() as place:
        receipt = commit(place)
    folder.snapshot()
    folder.bucket.delete(f"segments/ab/{receipt.video.name}")
    folder.find_segment(KEY)  # it is hashed when it is fetched

    folder._snapshot.taken_at -= 3600

    with pytest.raises(DamagedError, match="missing"):
        folder.find_segment(KEY)


def test_the_first_of_two_receipts_stays(folder):
    with folder.local() as place, folder.local() as other:
        first = commit(place, content=b"first")
        second = commit(other, content=b"second")
        other.fetch_segment(second)
        fetched = (other.segment_folder(KEY) / second.video.name).read_bytes()

    assert second == first
    assert fetched == b"first"


def test_plans_failures_and_portraits_are_objects(folder, tmp_path):
    folder.write_plan(plan_of())
    folder.write_failure(failure_of("b"))
    name = folder.keep_portrait(write_file(tmp_path / "x.jpg", b"picture"))
    assert folder.keep_portrait(tmp_path / "x.jpg") == name

    assert folder.read_plan("a") == plan_of()
    assert folder.plan_ids() == ["a"]
    assert folder.failures() == [failure_of("b")]
    assert folder.portrait(name).read_bytes() == b"picture"
    assert folder.bucket.num_requests["put_object"] == 3


def test_an_unchanged_plan_is_not_put_again(folder):
    folder.write_plan(plan_of())
    folder.write_plan(plan_of())

    assert folder.bucket.num_requests["put_object"] == 1


def test_a_place_that_can_be_used_is_left_as_it_was(folder):
    folder.check_writable()

    assert folder.bucket.list() == {}
    assert folder.listing() == {}


def test_probes_of_killed_checks_are_swept(folder):
    folder.bucket.put_bytes(b"", ".probe-1")

    assert folder.listing() == {}
    assert folder.sweep_uploads(timedelta(hours=1)) == 0
    assert folder.sweep_uploads(timedelta(0)) == 1
    assert folder.bucket.list() == {}


# --- scratch ------------------------------------------------------------------------------------


def test_every_work_has_a_folder_of_its_own_that_goes(folder):
    with folder.local("a") as one, folder.local("a") as two:
        assert one.root != two.root
        assert one.root.is_dir()
        assert one.url == two.url == folder.url
        assert one.lock_lost is folder.lock_lost
    assert not one.root.exists()
    assert folder.root.is_dir()


def test_scratch_of_an_ended_process_is_removed_and_a_living_one_is_kept(tmp_path):
    base = tmp_path / "scratch"
    living = Scratch(base, "june", "s3://b/june")
    ended = living.main.parents[1] / "1-dead"
    write_file(ended / "main" / "x", b"x")
    write_file(ended.with_name("1-dead.lock"), b"")

    next_one = Scratch(base, "june", "s3://b/june")

    assert not ended.exists()
    assert living.main.is_dir()
    living.close()
    next_one.close()
    assert list(base.iterdir()) == []


def test_scratch_is_locked_for_as_long_as_it_is_used(tmp_path):
    scratch = Scratch(tmp_path, "june", "s3://b/june")
    (lock,) = scratch.main.parents[1].glob("*.lock")

    with lock.open("rb") as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_scratch_is_where_the_variable_says_or_in_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("NIGHTSHOOT_SCRATCH", str(tmp_path / "here"))
    assert scratch_base() == tmp_path / "here"

    monkeypatch.delenv("NIGHTSHOOT_SCRATCH")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert scratch_base() == tmp_path / "cache" / "nightshoot"


def test_a_retry_budget_that_is_no_number_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("NIGHTSHOOT_S3_RETRY_S", "soon")

    with pytest.raises(CampaignError, match=r'NIGHTSHOOT_S3_RETRY_S is "soon".*300'):
        open_campaign("s3://films/night", "june", scratch=tmp_path)


# --- the lock -----------------------------------------------------------------------------------


def test_a_lock_is_refused_to_another_and_given_back(folder):
    other = S3Lock(folder.bucket, LostLock())
    with folder.lock(), pytest.raises(CampaignError, match=r"june.*wait for that run"):
        other.acquire()
    other.acquire()
    other.release()


def test_a_lock_that_was_put_although_its_answer_was_lost_is_ours(folder):
    lock = S3Lock(folder.bucket, LostLock())
    assert lock._try() is None
    lock._etag = ""

    assert lock._is_ours(folder.bucket.read("lock.json"))
    assert lock._renew()


def test_a_dead_server_is_not_another_run(folder, monkeypatch):
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    bucket, lost = Bucket(folder.url, retry_s=0.5), LostLock()
    lock = S3Lock(bucket, lost, ttl_s=0.4)
    lock.acquire()
    server.stop()
    try:
        assert lost.wait(20)
    finally:
        lock.release()
    assert not lost.is_taken
    assert f"{folder.url}/lock.json: put_object did not succeed" in lost.why


def test_another_run_is_named_as_what_took_the_lock(folder):
    lost = LostLock()
    lock = S3Lock(folder.bucket, lost, ttl_s=0.4)
    lock.acquire()
    folder.write_text("lock.json", b'{"id": "another", "ttl_s": 60}')
    try:
        assert lost.wait(20)
    finally:
        lock.release()
    assert lost.is_taken


@pytest.mark.parametrize("garbage", [b"\xff\xfe\x00", b"[" * 100_000, b'{"pid": [], "host": {}}'])
def test_garbage_in_the_place_of_a_lock_is_one_clear_line(folder, garbage):
    folder.write_text("lock.json", garbage)

    with pytest.raises(CampaignError, match="this lock cannot be read, so another run") as told:
        S3Lock(folder.bucket, LostLock()).acquire()
    assert len(str(told.value)) < 500


def test_a_lock_nobody_can_read_is_held_until_it_is_old_or_removed(folder):
    folder.write_text("lock.json", b"{")

    with pytest.raises(CampaignError, match="60 s after it was written"), folder.lock():
        pass
    with pytest.raises(CampaignError, match="remove that object"), folder.lock():
        pass
    folder.remove("lock.json")
    with folder.lock():
        pass
    folder.write_text("lock.json", b"{")
