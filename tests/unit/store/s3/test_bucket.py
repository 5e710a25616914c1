"""Whole objects in and out of S3, against moto: conditions, parts, hashes, ways out."""

import hashlib
import os
from datetime import timedelta

import pytest

from model.errors import CampaignError
from tasks.errors import (
    StoreError,
)
from tasks.store.s3.bucket import PART_BYTES, Bucket, split_url


def test_an_address_names_a_bucket_and_a_prefix():
    assert split_url("s3://films") == ("films", "")
    assert split_url("s3://films/a/b/") == ("films", "a/b")


@pytest.mark.parametrize(
    "url", ["s3://", "s3://Films/a", "s3://key:very-secret@films/a", "https://films"]
)
def test_an_address_that_names_no_bucket_is_refused_without_repeating_it(url):
    with pytest.raises(CampaignError, match=r"s3://bucket/prefix") as caught:
        split_url(url)
    assert "very-secret" not in str(caught.value)


def test_a_small_object_is_put_read_and_deleted(bucket):
    assert bucket.read("a/b") is None
    assert bucket.head("a/b") is None

    etag = bucket.put_bytes(b"one", "a/b")

    stored, listed = bucket.read("a/b"), bucket.head("a/b")
    assert (stored.data, stored.etag) == (b"one", etag)
    assert 0 <= stored.age_s < 60
    assert (listed.num_bytes, listed.etag) == (3, etag)
    bucket.delete("a/b")
    bucket.delete("a/b")
    assert bucket.read("a/b") is None


def test_of_two_that_put_once_the_first_stays(bucket):
    assert bucket.put_bytes(b"one", "a", once=True)
    assert bucket.put_bytes(b"two", "a", once=True) is None
    assert bucket.read("a").data == b"one"


def test_only_the_object_that_was_read_is_replaced(bucket):
    first = bucket.put_bytes(b"one", "a")
    second = bucket.put_bytes(b"two", "a", if_match=first)

    assert second
    assert bucket.put_bytes(b"three", "a", if_match=first) is None
    assert bucket.read("a").data == b"two"


@pytest.mark.parametrize("num_bytes", [0, 1, PART_BYTES, 2 * PART_BYTES + 1])
def test_a_file_comes_back_as_it_went(bucket, tmp_path, num_bytes):
    data = os.urandom(num_bytes)
    (tmp_path / "up").write_bytes(data)

    etag = bucket.put_file(tmp_path / "up", "film.mp4")

    assert bucket.head("film.mp4").etag == etag
    assert bucket.list()["film.mp4"].num_bytes == num_bytes
    sha256 = hashlib.sha256(data).hexdigest()
    assert bucket.get_file("film.mp4", tmp_path / "down") == sha256
    assert (tmp_path / "down").read_bytes() == data
    assert bucket.sha256("film.mp4") == sha256
    assert bucket.get_file("none.mp4", tmp_path / "none") is None
    assert not (tmp_path / "none").exists()


def test_a_browser_is_told_what_an_object_is(bucket, aws):
    bucket.put_bytes(b"<p>", "report/index.html")

    head = aws.head_object(Bucket=bucket.name, Key="night/june/report/index.html")

    assert head["ContentType"] == "text/html"


def test_a_listing_is_asked_anew_and_stays_below_its_prefix(bucket, aws):
    aws.put_object(Bucket=bucket.name, Key="night/june-other/x", Body=b"")
    bucket.put_bytes(b"", "a/1")
    assert list(bucket.list()) == ["a/1"]

    aws.put_object(Bucket=bucket.name, Key="night/june/b/2", Body=b"two")

    assert list(bucket.list()) == ["a/1", "b/2"]
    assert bucket.list("b/")["b/2"].num_bytes == 3


def test_unfinished_uploads_of_an_age_are_aborted(bucket, aws):
    for key in ("night/june/a", "night/other/b"):
        aws.create_multipart_upload(Bucket=bucket.name, Key=key)

    # moto says that every upload began in 2010
    assert bucket.abort_uploads(timedelta(days=36500)) == 0
    assert bucket.abort_uploads(timedelta(0)) == 1
    left = aws.list_multipart_uploads(Bucket=bucket.name)["Uploads"]
    assert [each["Key"] for each in left] == ["night/other/b"]


def test_a_bucket_that_is_not_there_is_told_at_once(aws):
    with pytest.raises(CampaignError, match=r'no bucket "nowhere-at-all"; create it'):
        Bucket("s3://nowhere-at-all/x", retry_s=60).put_bytes(b"", "a")


def test_missing_credentials_are_told_at_once(aws, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    with pytest.raises(CampaignError, match="no credentials were found; set AWS_ACCESS_KEY_ID"):
        Bucket("s3://films/x", retry_s=60).check_listable()


def test_a_server_that_does_not_answer_is_tried_until_the_budget_is_spent(bucket, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://user:very-secret@127.0.0.1:9")
    lonely = Bucket(bucket.url, retry_s=0.1)

    with pytest.raises(StoreError, match=r"within 0 s .*127\.0\.0\.1:9") as caught:
        lonely.read("a")

    assert "very-secret" not in str(caught.value)
    assert lonely.num_requests["get_object"] >= 1


def test_a_local_file_that_cannot_be_written_is_not_tried_again(bucket, tmp_path):
    bucket.put_bytes(b"one", "a")
    patient = Bucket(bucket.url, retry_s=60)

    with pytest.raises(StoreError, match="no-such-folder"):
        patient.get_file("a", tmp_path / "no-such-folder" / "a")


def test_requests_are_counted(bucket):
    bucket.put_bytes(b"one", "a")
    bucket.read("a")
    bucket.read("b")

    assert bucket.num_requests == {"put_object": 1, "get_object": 2}


def test_a_forked_child_uses_the_same_bucket(bucket):
    bucket.put_bytes(b"parent", "a")

    child = os.fork()
    if child == 0:
        is_right = bucket.read("a").data == b"parent" and bucket.put_bytes(b"child", "b")
        os._exit(0 if is_right else 1)

    assert os.waitpid(child, 0)[1] == 0
    assert bucket.read("b").data == b"child"


@pytest.mark.parametrize(
    "address",
    ["end:PASSWORD@127.0.0.1:9/?k=PASSWORD", "http://end:PASSWORD@127.0.0.1:9/?k=PASSWORD", "9"],
)
def test_an_address_of_a_server_that_cannot_be_one_is_refused_without_being_told(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "PASSWORD")

    with pytest.raises(CampaignError, match=r"\(AWS_ENDPOINT_URL\) cannot be used") as refused:
        Bucket("s3://bucket/night").read("rows.json")

    assert "PASSWORD" not in str(refused.value)
