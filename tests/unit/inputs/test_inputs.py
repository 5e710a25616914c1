"""Inputs from https and S3: what is fetched, what is refused, what stays secret."""

import gzip
import json
import logging
import os
import pickle
import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from served import Answer, GpuRequest, Served, png, wav

from model.errors import CampaignError, RowError, StoppedError
from tasks.inputs.addresses import address_fault, name_in, rig_url_of, url_beside
from tasks.inputs.inputs import (
    InputError,
    InputLimits,
    InputMissingError,
    Inputs,
    InputUnreachableError,
    is_url,
    sweep_inputs,
)
from tasks.redaction import shown_url, without_secrets

QUICK = InputLimits(first_wait_s=0.0, connect_timeout_s=5.0, read_timeout_s=5.0)


@pytest.fixture
def web() -> Iterator[Served]:
    served = Served()
    served.start()
    yield served
    served.end()


def inputs_at(scratch: Path, limits: InputLimits = QUICK, allow_private: bool = True) -> Inputs:
    return Inputs(scratch, limits, allow_private)


@pytest.fixture
def inputs(tmp_path: Path) -> Iterator[Inputs]:
    with inputs_at(tmp_path / "scratch") as made:
        yield made


def left(scratch: Path) -> list[str]:
    """Names of the files of the scratch."""
    return sorted(path.name for path in scratch.rglob("*") if path.is_file())


# --- addresses as values ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("s3://b/k.csv", True),
        ("HTTPS://x.org/a", True),
        ("http://x.org/a", True),
        ("ftp://x.org/a", False),
        ("a.png", False),
        ("s3:/b/k", False),
        ("see https://x.org", False),
    ],
)
def test_an_address_is_told_from_a_path(text: str, is_one: bool) -> None:
    assert is_url(text) is is_one


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://x.org/a.png?X-Amz-Signature=secret", "https://x.org/a.png"),
        ("https://ann:secret@x.org:8443/a.png#secret", "https://x.org:8443/a.png"),
        ("https://x.org?secret", "https://x.org"),
        ("https://ann:sec/ret@x.org/a.png", "https://..."),
        ("https://ann:12/ret@x.org/a.png", "https://..."),
        ("https://ann:secret", "https://..."),
        ("https://[2001:db8::1]:8443/a.png?secret", "https://[2001:db8::1]:8443/a.png"),
        ("s3://b/a@2x.png", "s3://b/a@2x.png"),
        ("https://x.org/@ann/a.png", "https://x.org/@ann/a.png"),
    ],
)
def test_a_shown_address_has_no_user_and_no_query(url: str, shown: str) -> None:
    assert shown_url(url) == shown
    assert without_secrets(f"told: {url}") == f"told: {shown}"


@given(st.from_regex(r"[^/?#\\\s]{0,20}", fullmatch=True))
def test_whatever_stands_in_query_and_fragment_is_not_shown(secret: str) -> None:
    assert shown_url(f"https://x.org/a?k={secret}#{secret}") == "https://x.org/a"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://x.org/p/Ann%20M.png?a=b.exe", "Ann_20M.png"),
        ("https://x.org/", "x.org"),
        ("https://x.org/..", "input"),
        ("s3://b/你好.png", "_.png"),
        ("s3://b/.input.json", "input.json"),
        ("s3://b/" + "x" * 300 + ".wav", "x" * 76 + ".wav"),
    ],
)
def test_a_local_copy_has_a_plain_name(url: str, name: str) -> None:
    assert name_in(url) == (name if name != "x.org" else "input")


@pytest.mark.parametrize(
    ("manifest", "text", "url", "is_inside"),
    [
        ("s3://b/p/june.csv", "a.png", "s3://b/p/a.png", True),
        ("s3://b/p/june.csv", "./x//../a b?.png", "s3://b/p/a b?.png", True),
        ("s3://b/june.csv", "x/a.png", "s3://b/x/a.png", True),
        ("s3://b/p/june.csv", "../a.png", "s3://b/a.png", False),
        ("s3://b/p/q/june.csv", "x/../../a.png", "s3://b/p/a.png", False),
        (
            "https://x.org/p/june.csv?sig=1",
            "Ann 50%?.png",
            "https://x.org/p/Ann%2050%25%3F.png",
            True,
        ),
    ],
)
def test_a_relative_name_is_beside_the_manifest(
    manifest: str, text: str, url: str, is_inside: bool
) -> None:
    assert url_beside(manifest, text) == (url, is_inside)


@pytest.mark.parametrize("text", ["../../a.png", "/etc/passwd", "x/../../../a.png"])
def test_a_name_cannot_leave_the_bucket(text: str) -> None:
    with pytest.raises(ValueError, match=r"bucket|relative"):
        url_beside("s3://b/p/june.csv", text)


def test_a_signed_portrait_has_no_rig_beside_it() -> None:
    assert rig_url_of("s3://b/p/mara.png") == "s3://b/p/mara.rig.json"
    assert rig_url_of("https://x.org/mara.big.png") == "https://x.org/mara.big.rig.json"
    assert rig_url_of("https://x.org/mara.png?sig=1") is None


PRIVATE = (
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "192.0.0.8",
    "192.0.0.99",
    "100.64.0.1",
    "fd00::1",
    "198.18.0.1",
    "240.0.0.1",
    "0.1.2.3",
    "::1",
    "fec0::1",
    "::ffff:127.0.0.1",
    "::127.0.0.1",
    "2002:7f00:1::",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
)
NEVER = (
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "64:ff9b::169.254.169.254",
    "2002:a9fe:a9fe::",
    "fe80::1%eth0",
    "224.0.0.1",
    "ff02::1",
    "0.0.0.0",
    "::",
    "168.63.129.16",
    "192.0.0.192",
    "100.100.100.200",
    "fd00:ec2::254",
)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_asked_only_where_allowed(address: str) -> None:
    assert address_fault(address, allow_private=False)
    assert address_fault(address, allow_private=True) == ""


@pytest.mark.parametrize("address", NEVER)
def test_an_address_where_credentials_lie_is_never_asked(address: str) -> None:
    assert address_fault(address, allow_private=False)
    assert address_fault(address, allow_private=True)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::8.8.8.8"])
def test_a_public_address_is_asked(address: str) -> None:
    assert address_fault(address, allow_private=False) == ""


@given(st.ip_addresses(v=4))
def test_no_private_address_hides_in_an_ipv6_one(address: object) -> None:
    refused = bool(address_fault(str(address), allow_private=False))
    assert bool(address_fault(f"::ffff:{address}", allow_private=False)) == refused
    assert bool(address_fault(f"64:ff9b::{address}", allow_private=False)) == refused


# --- fetching -----------------------------------------------------------------------------------


def test_a_file_is_fetched_whole_and_once(web: Served, inputs: Inputs) -> None:
    web.routes["/a.png"] = Answer(body=png())
    url = web.url("/a.png")
    with ThreadPoolExecutor(8) as pool:
        paths = {each.result() for each in [pool.submit(inputs.fetch, url, "portrait")] * 20}
    (path,) = paths
    assert path.read_bytes() == png()
    assert path.name == "a.png"
    assert inputs.shown(path) == url
    assert web.paths == ["/a.png"]


def test_distinct_files_are_fetched_side_by_side(web: Served, inputs: Inputs) -> None:
    together = threading.Barrier(4, timeout=10)

    def meet(_: GpuRequest) -> Answer:
        together.wait()
        return Answer(body=png())

    for number in range(4):
        web.routes[f"/{number}.png"] = meet
    inputs.fetch_all((web.url(f"/{number}.png"), "portrait") for number in range(4))
    assert sorted(web.paths) == sorted([*web.routes, *(f"/{n}.rig.json" for n in range(4))])


def test_the_next_run_asks_only_whether_it_changed(web: Served, tmp_path: Path) -> None:
    content = [png()]

    def revalidated(asked: GpuRequest) -> Answer:
        etag = f'"{len(content[0])}"'
        if asked.headers.get("if-none-match") == etag:
            return Answer(304)
        return Answer(body=content[0], headers={"ETag": etag})

    web.routes["/a.png"] = revalidated
    url, seen = web.url("/a.png"), []
    for body in (png(), png(), png(32, 32)):
        content[0] = body
        with inputs_at(tmp_path) as each:
            seen.append(each.fetch(url, "portrait").read_bytes())
    assert seen == [png(), png(), png(32, 32)]
    assert [each.headers.get("if-none-match") for each in web.asked] == [
        None,
        f'"{len(png())}"',
        f'"{len(png())}"',
    ]


def test_a_damaged_copy_is_fetched_again(web: Served, tmp_path: Path) -> None:
    def revalidated(asked: GpuRequest) -> Answer:
        known = "if-modified-since" in asked.headers
        headers = {"Last-Modified": "Sat, 21 Nov 2026 00:00:00 GMT"}
        return Answer(304) if known else Answer(body=png(), headers=headers)

    web.routes["/a.png"] = revalidated
    for _ in range(2):
        with inputs_at(tmp_path) as each:
            path = each.fetch(web.url("/a.png"), "portrait")
            assert path.read_bytes() == png()
        path.write_bytes(png()[:-1] + b"x")
    assert ["if-modified-since" in each.headers for each in web.asked] == [False, False]


def test_copies_that_nobody_used_for_long_are_swept(web: Served, tmp_path: Path) -> None:
    web.routes |= {"/a.png": Answer(body=png()), "/b.png": Answer(body=png())}
    with inputs_at(tmp_path) as each:
        old, new = (each.fetch(web.url(f"/{n}.png"), "portrait") for n in "ab")
    (tmp_path / "mine").mkdir()
    long_ago = time.time() - 7200
    for path in old.parent.iterdir():
        os.utime(path, (long_ago, long_ago))
    assert sweep_inputs(tmp_path, 3600) == 1
    assert (old.exists(), new.exists(), (tmp_path / "mine").exists()) == (False, True, True)
    assert sweep_inputs(tmp_path / "absent", 3600) == 0


# --- where no connection is made ----------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "2130706433", "0x7f.1", "127.1"])
def test_no_name_of_this_machine_is_asked(web: Served, tmp_path: Path, host: str) -> None:
    with (
        inputs_at(tmp_path, allow_private=False) as each,
        pytest.raises(InputError, match="a loopback address; use a public"),
    ):
        each.fetch(web.url("/a.png", "https", host), "portrait")
    assert web.asked == []


def test_a_user_before_a_bucket_is_refused_and_not_repeated(inputs: Inputs) -> None:
    with pytest.raises(InputError, match="before the bucket") as raised:
        inputs.fetch("s3://AKIA:password@bucket/a.png", "portrait")
    assert "password" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https:/ann:password@h/a.png", "https:...@h/a.png"),
        ("https:\\\\ann:password@h\\a.png", "https:...@h\\a.png"),
        ("s3://b/a@2x.png", "s3://b/a@2x.png"),
    ],
)
def test_a_mistyped_address_shows_no_user(text: str, shown: str) -> None:
    assert without_secrets(f'portrait "{text}": no file') == f'portrait "{shown}": no file'


def test_plain_http_is_refused_saying_why(web: Served, tmp_path: Path) -> None:
    with (
        inputs_at(tmp_path, allow_private=False) as each,
        pytest.raises(InputError, match="can read and change the file; use https"),
    ):
        each.fetch(web.url("/a.png"), "portrait")


def _resolve(monkeypatch: pytest.MonkeyPatch, answers: list[list[str]]) -> list[str]:
    """Let the name service give these answers, one after the other; returns the names asked."""
    real, asked = socket.getaddrinfo, []

    def resolved(host: str, port: int, *args: object, **options: object) -> object:
        if not host.endswith(".test"):
            return real(host, port, *args, **options)
        asked.append(host)
        addresses = answers.pop(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    return asked


def test_a_host_with_one_private_address_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _resolve(monkeypatch, [["8.8.8.8", "10.0.0.1"]])
    with (
        inputs_at(tmp_path, allow_private=False) as each,
        pytest.raises(InputError, match=r"two\.test is at 10\.0\.0\.1, a private address"),
    ):
        each.fetch("https://two.test/a.png", "portrait")


def test_the_address_that_was_checked_is_the_one_that_is_asked(
    monkeypatch: pytest.MonkeyPatch, web: Served, inputs: Inputs
) -> None:
    asked = _resolve(monkeypatch, [["127.0.0.1"], ["169.254.169.254"]])
    web.routes["/a.png"] = Answer(body=png())
    inputs.fetch(web.url("/a.png", host="rebind.test"), "portrait")
    assert asked == ["rebind.test"]  # once: no second answer is used
    assert web.asked[0].headers["host"] == f"rebind.test:{web.port}"


def test_environment_proxies_are_not_used(
    monkeypatch: pytest.MonkeyPatch, web: Served, inputs: Inputs
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    web.routes["/a.png"] = Answer(body=png())
    assert inputs.fetch(web.url("/a.png"), "portrait").exists()


# --- redirects ----------------------------------------------------------------------------------


def chain(web: Served, hops: int) -> str:
    for number in range(hops):
        web.routes[f"/{number}"] = Answer(302, headers={"Location": f"/{number + 1}"})
    web.routes[f"/{hops}"] = Answer(body=png())
    return web.url("/0")


def test_five_redirects_are_followed(web: Served, inputs: Inputs) -> None:
    assert inputs.fetch(chain(web, 5), "portrait").read_bytes() == png()


def test_six_redirects_are_too_many(web: Served, inputs: Inputs) -> None:
    with pytest.raises(InputError, match="redirects more than 5 times"):
        inputs.fetch(chain(web, 6), "portrait")
    assert len(web.asked) == 6


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("http://169.254.169.254/latest/meta-data", "a link-local address"),
        ("http://[::ffff:169.254.169.254]/", "a link-local address"),
        ("file:///etc/passwd", "is not the address of a file"),
        ("s3://b/k?secret", "s3://b/k is not the address of a file"),
        ("http://[oops/", "is not the address of a file"),
        ("", "redirect names no address"),
    ],
)
def test_a_redirect_to_where_nothing_is_asked_is_refused(
    web: Served, inputs: Inputs, location: str, words: str
) -> None:
    web.routes["/a.png"] = Answer(302, headers={"Location": location})
    with pytest.raises(InputError, match=words) as caught:
        inputs.fetch(web.url("/a.png"), "portrait")
    assert "secret" not in str(caught.value)
    assert len(web.asked) == 1


def test_a_password_goes_to_its_own_host_only(web: Served, inputs: Inputs) -> None:
    elsewhere = Served()
    elsewhere.start()
    try:
        elsewhere.routes["/b.png"] = Answer(body=png())
        web.routes["/a.png"] = Answer(302, headers={"Location": elsewhere.url("/b.png")})
        inputs.fetch(web.url("/a.png", host="ann:secret@127.0.0.1"), "portrait")
    finally:
        elsewhere.end()
    assert web.asked[0].headers["authorization"].startswith("Basic ")
    assert "authorization" not in elsewhere.asked[0].headers


# --- size and compression -----------------------------------------------------------------------


def test_a_file_that_says_it_is_too_large_is_not_read(web: Served, tmp_path: Path) -> None:
    web.routes["/a.png"] = Answer(headers={"Content-Length": "9000000"})
    with (
        inputs_at(tmp_path, QUICK.model_copy(update={"portrait_bytes": 1_000_000})) as each,
        pytest.raises(InputError, match=r"is 9\.0 MB, but at most 1\.0 MB are read; make"),
    ):
        each.fetch(web.url("/a.png"), "portrait")
    assert left(tmp_path) == []


def test_a_file_that_goes_on_for_ever_is_cut(web: Served, tmp_path: Path) -> None:
    def endless() -> Iterator[bytes]:
        while not web.ending.is_set():
            yield bytes(65_536)

    web.routes["/a.wav"] = Answer(body=endless())
    with (
        inputs_at(tmp_path, QUICK.model_copy(update={"recording_bytes": 1_000_000})) as each,
        pytest.raises(InputError, match=r"too large: at most 1\.0 MB are read"),
    ):
        each.fetch(web.url("/a.wav"), "recording")
    assert left(tmp_path) == []


def test_a_compression_bomb_is_cut_in_little_memory(web: Served, tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(200_000_000), 1)
    assert len(bomb) < 1_000_000
    web.routes["/a.csv"] = Answer(body=bomb, headers={"Content-Encoding": "gzip"})
    tracemalloc.start()
    with (
        inputs_at(tmp_path, QUICK.model_copy(update={"manifest_bytes": 2_000_000})) as each,
        pytest.raises(InputError, match="the file is too large"),
    ):
        each.fetch(web.url("/a.csv"), "manifest")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000  # a piece is 256 kB, whatever it unpacks to
    assert left(tmp_path) == []


def test_a_large_file_is_never_held_in_memory(web: Served, inputs: Inputs) -> None:
    pieces = 400
    web.routes["/a.csv"] = Answer(body=(bytes([65]) * 65_536 for _ in range(pieces)))
    tracemalloc.start()
    path = inputs.fetch(web.url("/a.csv"), "manifest")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size == pieces * 65_536
    assert peak < 8_000_000


def test_a_file_stored_with_gzip_is_unpacked(web: Served, inputs: Inputs) -> None:
    text = b"video_id,script\n" + b"a,Hello.\n" * 100_000
    headers = {"Content-Encoding": "GZIP"}
    web.routes["/a.csv"] = Answer(body=gzip.compress(text), headers=headers)
    assert inputs.fetch(web.url("/a.csv"), "manifest").read_bytes() == text
    assert web.asked[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("body", "encoding", "words"),
    [
        (b"x", "br", "compresses with 'br', which is not supported"),
        (b"no gzip at all", "gzip", "is not gzip, although its server says so"),
        (gzip.compress(b"x" * 1000, mtime=0)[:-9], "gzip", "ends too early, in 4 tries"),
    ],
)
def test_what_cannot_be_unpacked_is_told(
    web: Served, inputs: Inputs, body: bytes, encoding: str, words: str
) -> None:
    web.routes["/a.csv"] = Answer(body=body, headers={"Content-Encoding": encoding})
    with pytest.raises(InputError, match=words):
        inputs.fetch(web.url("/a.csv"), "manifest")


# --- content ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("portrait", b"<!DOCTYPE html><p>Log in", "the server sent a web page, not a portrait"),
        ("manifest", b"\xef\xbb\xbf \n<html>", "the server sent a web page, not a manifest"),
        ("portrait", wav(), "the file is not PNG"),
        ("portrait", png()[:-12], "damaged or cut short"),
        ("portrait", b"", "the file is empty"),
        ("recording", png(), "the file is not WAV"),
        ("script", b"ring\x07", "control character"),
        ("manifest", b"", "the file is empty"),
        ("rig", b"[1]", "the rig is not a JSON object"),
        ("rig", b"{", "the rig is not valid JSON"),
    ],
)
def test_the_content_decides_whatever_the_server_calls_it(
    web: Served, inputs: Inputs, kind: str, body: bytes, words: str
) -> None:
    web.routes["/a"] = Answer(body=body, headers={"Content-Type": "image/png"})
    with pytest.raises(InputError, match=words) as caught:
        inputs.fetch(web.url("/a"), kind)
    assert str(caught.value).startswith(f"{web.url('/a')}: ")
    assert caught.value.fault == "row"


def test_a_bad_new_version_leaves_the_good_copy(web: Served, tmp_path: Path) -> None:
    web.routes["/a.png"] = Answer(body=png())
    with inputs_at(tmp_path) as each:
        path = each.fetch(web.url("/a.png"), "portrait")
    web.routes["/a.png"] = Answer(body=b"<html>")
    with inputs_at(tmp_path) as each, pytest.raises(InputError, match="the server sent a web page"):
        each.fetch(web.url("/a.png"), "portrait")
    assert path.read_bytes() == png()
    assert left(tmp_path) == [".input.json", "a.png"]


# --- faults of servers and networks -------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (404, InputMissingError, r"there is no file at this address \(404\); check the address"),
        (403, InputMissingError, r"refuses \(403\); .* signed address expires"),
        (400, InputError, "answers 400, not 200"),
        (206, InputError, "answers 206, not 200"),
        (304, InputError, "answers 304, not 200"),
    ],
)
def test_what_time_does_not_heal_is_asked_once(
    web: Served, inputs: Inputs, status: int, kind: type[InputError], words: str
) -> None:
    web.routes["/a.png"] = Answer(status)
    with pytest.raises(kind, match=words):
        inputs.fetch(web.url("/a.png"), "portrait")
    assert len(web.asked) == 1


def test_what_time_heals_is_tried_again(web: Served, inputs: Inputs) -> None:
    bad = [
        Answer(503),
        Answer(429, headers={"Retry-After": "0"}),
        Answer(body=png()[:50], headers={"Content-Length": str(len(png()))}),
    ]
    web.routes["/a.png"] = lambda _: bad.pop(0) if bad else Answer(body=png())
    assert inputs.fetch(web.url("/a.png"), "portrait").read_bytes() == png()
    assert len(web.asked) == 4


def test_a_fault_that_stays_is_nobodys_row(web: Served, inputs: Inputs) -> None:
    web.routes["/a.png"] = Answer(500)
    for _ in range(2):  # remembered: the second row with it costs nothing
        with pytest.raises(InputUnreachableError, match="answers 500, in 4 tries") as caught:
            inputs.fetch(web.url("/a.png"), "portrait")
    assert len(web.asked) == 4
    assert (caught.value.fault, isinstance(caught.value, RowError)) == ("unknown", True)


def test_a_host_that_gives_nothing_is_left_alone(web: Served, inputs: Inputs) -> None:
    for number in range(5):
        web.routes[f"/{number}.png"] = Answer(500)
        with pytest.raises(InputUnreachableError) as caught:
            inputs.fetch(web.url(f"/{number}.png"), "portrait")
    assert len(web.asked) == 3 * 4
    assert "3 files in a row could not be fetched from" in str(caught.value)


def test_a_silent_server_is_left(web: Served, tmp_path: Path) -> None:
    web.routes["/a.png"] = lambda _: Answer(200 + web.ending.wait(5))
    limits = QUICK.model_copy(update={"read_timeout_s": 0.1, "https_attempts": 2})
    with (
        inputs_at(tmp_path, limits) as each,
        pytest.raises(InputUnreachableError, match=r"no answer in time .*in 2 tries"),
    ):
        each.fetch(web.url("/a.png"), "portrait")


def test_a_dripping_server_is_left(web: Served, tmp_path: Path) -> None:
    def drip() -> Iterator[bytes]:
        while not web.ending.wait(0.02):
            yield b"x"

    web.routes["/a.png"] = Answer(body=drip())
    limits = QUICK.model_copy(update={"patience_s": 0.2, "https_attempts": 1})
    with (
        inputs_at(tmp_path, limits) as each,
        pytest.raises(InputUnreachableError, match="bytes arrived in"),
    ):
        each.fetch(web.url("/a.png"), "portrait")


def test_a_server_whose_headers_drip_is_left(tmp_path: Path) -> None:
    done = threading.Event()

    def drip(server: socket.socket) -> None:
        line, _ = server.accept()
        with line:
            line.recv(65_536)
            try:
                line.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
                while not done.wait(0.02):
                    line.sendall(b"x")
            except OSError:
                return  # the client has had enough

    limits = QUICK.model_copy(update={"patience_s": 0.2, "https_attempts": 1})
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        pool.submit(drip, server)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/a.png"
        try:
            with (
                inputs_at(tmp_path, limits) as each,
                pytest.raises(InputUnreachableError, match="no answer in time"),
            ):
                each.fetch(url, "portrait")
        finally:
            done.set()


def test_a_closed_port_and_an_unknown_name_are_told(
    monkeypatch: pytest.MonkeyPatch, inputs: Inputs
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(InputUnreachableError, match=r"gives no file: .*refused"):
        inputs.fetch(f"http://127.0.0.1:{port}/a.png", "portrait")

    def unknown(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(InputUnreachableError, match="the name cannot be resolved"):
        inputs.fetch("https://nowhere.test/a.png", "portrait")


@pytest.mark.parametrize("url", ["https:///a.png", "https://x.org:99x/a", "https://x y/a"])
def test_what_is_no_address_is_told(inputs: Inputs, url: str) -> None:
    with pytest.raises(InputError, match=r"is not (a valid|the) address"):
        inputs.fetch(url, "portrait")


@pytest.mark.parametrize(
    "error",
    [
        InputError("a", "b", "c"),
        InputMissingError("a", "b", "c", False),
        InputUnreachableError("a", "b", "c", 2.0),
    ],
)
def test_the_errors_survive_pickling(error: InputError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), "a: b; c", vars(error))


def test_a_server_is_given_the_time_it_asks_for_unless_nobody_waits(
    web: Served, inputs: Inputs
) -> None:
    web.routes["/a.png"] = Answer(503, headers={"Retry-After": "30"})
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(inputs.fetch, web.url("/a.png"), "portrait")
        with pytest.raises(TimeoutError):
            future.result(timeout=0.3)
        inputs.close()
        with pytest.raises(StoppedError, match="no longer wanted"):
            future.result(timeout=10)
    assert len(web.asked) == 1


def test_a_scratch_that_cannot_be_written_is_told(web: Served, tmp_path: Path) -> None:
    (tmp_path / "scratch").write_text("a file is in the way")
    web.routes["/a.png"] = Answer(body=png())
    with (
        inputs_at(tmp_path / "scratch") as each,
        pytest.raises(CampaignError, match=r"a\.png cannot be written .*choose another folder"),
    ):
        each.fetch(web.url("/a.png"), "portrait")


# --- secrets ------------------------------------------------------------------------------------


def test_no_secret_of_an_address_is_told_logged_or_stored(
    web: Served, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    web.routes["/r.png"] = Answer(302, headers={"Location": "/a.png?sig=s3cret"})
    web.routes["/a.png"] = Answer(body=png())
    told = []
    with inputs_at(tmp_path) as each:
        for path in ("/a.png", "/r.png", "/none.png"):
            url = web.url(f"{path}?sig=s3cret#s3cret", host="ann:s3cret@127.0.0.1")
            try:
                told.append(each.shown(each.fetch(url, "portrait")))
            except InputError as error:
                told.append(str(error))
                told.append(repr(error))
    assert web.asked[0].path == "/a.png?sig=s3cret"
    stored = [path.read_text("latin-1") for path in tmp_path.rglob("*") if path.is_file()]
    names = [str(path) for path in tmp_path.rglob("*")]
    assert len(stored) == 4
    assert "s3cret" not in "\n".join([*told, *stored, *names, caplog.text])


# --- rigs ---------------------------------------------------------------------------------------


def test_the_rig_beside_a_portrait_is_fetched_where_there_is_one(
    web: Served, inputs: Inputs
) -> None:
    web.routes["/a.rig.json"] = Answer(body=b"{}")
    web.routes["/c.rig.json"] = Answer(403)
    rig, notice = inputs.rig_of(web.url("/a.png"))
    assert (rig and rig.read_bytes(), notice) == (b"{}", "")
    assert inputs.rig_of(web.url("/b.png")) == (None, "")
    rig, notice = inputs.rig_of(web.url("/c.png"))
    assert rig is None
    assert notice.endswith("c.rig.json: its server refuses (403); continuing without a rig")


# --- certificates -------------------------------------------------------------------------------


def _certificate(folder: Path, name: str) -> Path:
    """A key and a certificate signed by itself, for ``name``, in one file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(key, hashes.SHA256())
    )
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)
    path = folder / f"{name}.pem"
    path.write_bytes(private + made.public_bytes(encoding))
    return path


def test_a_host_proves_its_name_though_its_address_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    certificate = _certificate(tmp_path, "good.test")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    _resolve(monkeypatch, [["127.0.0.1"]] * 3)
    web = Served()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with web.server.socket as plain:
        web.server.socket = context.wrap_socket(plain, server_side=True)
    web.start()
    try:
        web.routes["/a.png"] = Answer(body=png())
        web.routes["/r.png"] = Answer(302, headers={"Location": "http://good.test/a.png"})
        with inputs_at(tmp_path / "scratch") as each:
            assert each.fetch(web.url("/a.png", "https", "good.test"), "portrait").exists()
            with pytest.raises(InputError, match=r"redirects from https to http://good\.test/a"):
                each.fetch(web.url("/r.png", "https", "good.test"), "portrait")
            with pytest.raises(InputError, match=r"evil\.test cannot prove its name"):
                each.fetch(web.url("/a.png", "https", "evil.test"), "portrait")
    finally:
        web.end()


# --- S3 -----------------------------------------------------------------------------------------


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    import boto3
    from moto import mock_aws

    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="bucket")
        yield client
        client.close()


def test_an_object_of_s3_is_fetched_and_asked_again_by_its_etag(
    bucket, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    seen, inodes = [], []
    for body in (png(), png(), png(32, 32)):
        bucket.put_object(Bucket="bucket", Key="p/Mara 50%?.png", Body=body)
        with inputs_at(tmp_path, allow_private=False) as each:
            path = each.fetch("s3://bucket/p/Mara 50%?.png", "portrait")
        seen.append(path.read_bytes())
        inodes.append(path.stat().st_ino)
    assert seen == [png(), png(), png(32, 32)]
    assert inodes[0] == inodes[1]  # unchanged: not written again
    receipt = json.loads((path.parent / ".input.json").read_bytes())
    assert receipt["num_bytes"] == len(png(32, 32))


def test_an_object_stored_with_gzip_is_unpacked(bucket, inputs: Inputs) -> None:
    bucket.put_object(
        Bucket="bucket", Key="a.csv", Body=gzip.compress(b"x"), ContentEncoding="gzip"
    )
    assert inputs.fetch("s3://bucket/a.csv", "manifest").read_bytes() == b"x"


UNUSABLE = {
    "s3://bucket/none.png": "this object does not exist; check the address",
    "s3://nowhere/a.png": "there is no bucket nowhere",
    "s3://bucket/": "use s3://bucket/key",
    "s3://bucket": "use s3://bucket/key",
    "s3://B_b!/a.png": "check the address",
    "s3://bucket/large.png": r"at most 0\.1 MB are read",
    "s3://bucket/page.png": "the server sent a web page",
}


def test_an_object_that_cannot_be_used_is_told(bucket, tmp_path: Path) -> None:
    bucket.put_object(Bucket="bucket", Key="large.png", Body=bytes(200_000))
    bucket.put_object(Bucket="bucket", Key="page.png", Body=b"<html>")
    with inputs_at(tmp_path, QUICK.model_copy(update={"portrait_bytes": 100_000})) as each:
        for url, words in UNUSABLE.items():
            with pytest.raises(InputError, match=words) as caught:
                each.fetch(url, "portrait")
            assert not isinstance(caught.value, InputUnreachableError)
    assert left(tmp_path) == []


def test_s3_without_credentials_says_where_they_come_from(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with (
        inputs_at(tmp_path) as each,
        pytest.raises(InputError, match="give the usual AWS credentials"),
    ):
        each.fetch("s3://bucket/a.png", "portrait")


def test_s3_that_cannot_be_reached_blames_no_row(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free.getsockname()[1]}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    with (
        inputs_at(tmp_path) as each,
        pytest.raises(InputUnreachableError, match=r"EndpointConnectionError: .*, in 10 tries"),
    ):
        each.fetch("s3://bucket/a.png", "portrait")


def test_s3_that_is_down_or_ill_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, web: Served, tmp_path: Path
) -> None:
    """Against a server of our own, since moto neither fails nor drops lines."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", web.url(""))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    cut = Answer(body=png()[:50], headers={"Content-Length": str(len(png()))})
    slow_down = Answer(503, body=b"<Error><Code>SlowDown</Code></Error>")
    bad = [slow_down, Answer(500), cut]
    web.routes["/bucket/a.png"] = lambda _: bad.pop(0) if bad else Answer(body=png())
    denied = b"<Error><Code>AccessDenied</Code></Error>"
    web.routes["/bucket/a.rig.json"] = Answer(403, body=denied)
    expired = b"<Error><Code>ExpiredToken</Code></Error>"
    web.routes["/bucket/expired.png"] = Answer(403, body=expired)
    web.routes["/bucket/ill.png"] = slow_down
    with inputs_at(tmp_path) as each:
        assert each.fetch("s3://bucket/a.png", "portrait").read_bytes() == png()
        assert len(web.asked) == 4
        _, notice = each.rig_of("s3://bucket/a.png")
        assert "access is denied (AccessDenied); continuing without a rig" in notice
        with pytest.raises(InputError, match=r"refuses the credentials \(ExpiredToken\); give"):
            each.fetch("s3://bucket/expired.png", "portrait")
        with pytest.raises(InputUnreachableError, match="S3 answers SlowDown, in 10 tries"):
            each.fetch("s3://bucket/ill.png", "portrait")
