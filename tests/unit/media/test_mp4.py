"""The box reader tells what is in a file and refuses what is broken."""

import hashlib
import pickle
import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.media.mp4 import Colour, Edit, Mp4Error, packet_md5s, read_mp4
from tests.examples import examples

PACKETS = [b"first packet", b"2nd", b"third!"]
COLR = b"nclx" + struct.pack(">HHHB", 1, 1, 1, 0)


def box(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + name + body


def full(name: bytes, *parts: bytes, version: int = 0) -> bytes:
    return box(name, bytes([version, 0, 0, 0]), *parts)


def words(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *values)


def table(name: bytes, *rows: tuple[int, ...]) -> bytes:
    return full(name, words(len(rows)), *(words(*row) for row in rows))


def sample_table(first_offset: int) -> bytes:
    picture = bytes(24) + struct.pack(">HH", 64, 48) + bytes(50)
    entry = box(b"avc1", picture, box(b"avcC", b"\x01config"), box(b"colr", COLR))
    return box(
        b"stbl",
        full(b"stsd", words(1), entry),
        table(b"stts", (3, 512)),
        table(b"ctts", (1, 1024), (1, 2048), (1, 512)),
        table(b"stss", (1,)),
        table(b"stsc", (1, 2, 1), (2, 1, 1)),
        full(b"stsz", words(0, 3), *(words(len(packet)) for packet in PACKETS)),
        table(b"stco", (first_offset,), (first_offset + len(PACKETS[0] + PACKETS[1]),)),
    )


def movie(first_offset: int = 0) -> bytes:
    """A small MP4 of three packets in two chunks, written by hand from the standard."""
    header = words(0, 0, 1_000, 120)
    media = box(
        b"mdia",
        full(b"mdhd", words(0, 0, 12_800, 1_536), bytes(4)),
        full(b"hdlr", bytes(4), b"vide", bytes(13)),
        box(b"minf", sample_table(first_offset)),
    )
    edits = box(b"edts", full(b"elst", words(1), struct.pack(">IiI", 120, 1_024, 1 << 16)))
    title = box(b"\xa9nam", box(b"data", words(1, 0), "Ännchen".encode()))
    tags = box(b"udta", full(b"meta", box(b"ilst", title)))
    moov = box(b"moov", full(b"mvhd", header), box(b"trak", edits, media), tags)
    head = box(b"ftyp", b"isom") + moov
    if not first_offset:
        return movie(len(head) + 8)
    return head + box(b"mdat", *PACKETS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.mp4"


def test_a_whole_file_is_read(path):
    path.write_bytes(movie())
    found = read_mp4(path)
    track = found.track("vide")
    assert (found.timescale, found.duration, found.is_moov_first) == (1_000, 120, True)
    assert found.tags == {"title": "Ännchen"}
    assert (track.codec, track.configuration, track.width, track.height) == (
        "avc1",
        b"\x01config",
        64,
        48,
    )
    assert track.colour == Colour(1, 1, 1, is_full_range=False)
    assert track.edits == (Edit(120, 1_024),)
    assert track.presentation_s == 0.12
    assert track.dts == (-1_024, -512, 0)
    assert track.pts == (0, 1_536, 512)
    assert track.sync_packets == {0}
    data = path.read_bytes()
    pieces = [
        data[offset : offset + size]
        for offset, size in zip(track.packet_offsets, track.packet_sizes, strict=True)
    ]
    assert pieces == PACKETS
    assert packet_md5s(path, track) == tuple(hashlib.md5(packet).hexdigest() for packet in PACKETS)


def test_a_missing_track_is_told(path):
    path.write_bytes(movie())
    with pytest.raises(Mp4Error, match='0 tracks of kind "soun"'):
        read_mp4(path).track("soun")


def test_a_box_size_of_zero_reaches_to_the_end(path):
    data = movie()
    place = data.index(b"mdat") - 4
    path.write_bytes(data[:place] + bytes(4) + data[place + 4 :])
    assert read_mp4(path).track("vide").num_packets == 3


def test_a_box_of_64_bit_size_is_read(path):
    data = movie()
    large = struct.pack(">I4sQ", 1, b"free", 20) + b"gone"
    path.write_bytes(data + large)
    assert read_mp4(path).track("vide").num_packets == 3
    path.write_bytes(data + large[:-1])
    with pytest.raises(Mp4Error, match="claims 20 bytes, 19 are there"):
        read_mp4(path)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", '0 "ftyp" boxes'),
        (movie()[:-1], "truncated or damaged"),
        (movie()[:30], "truncated or damaged"),
        (movie() + b"\0\0\0", "where a box's header of 8 must be"),
        (movie() + box(b"moof"), "fragmented"),
        (movie().replace(b"moov", b"free"), '0 "moov" boxes'),
        (movie().replace(b"stts", b"sttz"), 'no "stts" box'),
        (movie().replace(words(3, 512), words(4, 512)), "stts speaks of 4 packets, stsz of 3"),
        (movie().replace(words(0, 3), words(0, 2**32 - 1)), "stsz claims 4294967295 rows"),
        (movie().replace(words(0, 3), words(9, 2**30)), "stsz claims 1073741824 packets"),
        (movie().replace(words(1, 2, 1), words(1, 2**31, 1)), "more packets than the 3"),
        (movie().replace(words(2, 1, 1), words(9, 1, 1)), "must rise from 1"),
        (movie().replace(table(b"stss", (1,)), table(b"stss", (7,))), "stss names packet 7 of 3"),
        (movie(first_offset=1_000_000), "lie outside the mdat box"),
        (movie().replace(words(12_800), words(0)), "timescale of 0"),
    ],
)
def test_a_broken_file_is_refused_with_its_rule_and_path(path, data, rule):
    path.write_bytes(data)
    with pytest.raises(Mp4Error, match=rule) as caught:
        read_mp4(path)
    assert str(path) in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_file_that_is_not_there_is_an_mp4_error(path):
    with pytest.raises(Mp4Error, match="No such file"):
        read_mp4(path)


@settings(
    max_examples=examples(150),
    deadline=2_000,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    places=st.lists(
        st.tuples(st.integers(0, len(movie()) - 1), st.integers(0, 255)), min_size=1, max_size=8
    ),
    end=st.integers(0, len(movie())),
)
def test_no_damage_makes_the_reader_hang_or_fail_in_another_way(path, places, end):
    data = bytearray(movie())
    for place, value in places:
        data[place] = value
    path.write_bytes(data[: end if end % 3 == 0 else None])
    try:
        found = read_mp4(path)
    except Mp4Error:
        return
    for track in found.tracks:
        assert len(track.pts) == len(packet_md5s(path, track)) == track.num_packets


@settings(max_examples=examples(100), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200))
def test_bytes_that_are_no_video_are_refused(path, data):
    path.write_bytes(data)
    with pytest.raises(Mp4Error):
        read_mp4(path)
