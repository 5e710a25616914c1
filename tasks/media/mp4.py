"""Reads the boxes of a progressive MP4 (ISO/IEC 14496-12): what a stitch must be proved by.

Only reading, without any program. Every number comes from a file that may be damaged: each is
checked against the bytes that are there before it is used, so that a broken file is a
:class:`Mp4Error` and never a hang or a huge allocation.
"""

import hashlib
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO

from model.errors import MachineError

_MAX_MOOV_BYTES = 1 << 28  # a day of video and audio stays far below
_VISUAL_ENTRY_BYTES = 78
_AUDIO_ENTRY_BYTES = 28
_TAGS = {b"\xa9nam": "title", b"\xa9cmt": "comment", b"\xa9ART": "artist", b"cprt": "copyright"}
TAG_NAMES = frozenset(_TAGS.values())


class Mp4Error(MachineError):
    """A file that is no whole MP4; says which box breaks which rule."""


@dataclass(frozen=True)
class Edit:
    """One entry of an edit list: ``duration`` in the movie's ticks, ``media_time`` in the track's.

    A ``media_time`` of -1 is an empty edit: nothing is shown for that long.
    """

    duration: int
    media_time: int


@dataclass(frozen=True)
class Colour:
    """A ``colr`` box of type ``nclx``, in the code points of ITU-T H.273 (BT.709 is 1)."""

    primaries: int
    transfer: int
    matrix: int
    is_full_range: bool


@dataclass(frozen=True)
class Track:
    """One track; packets are listed in decode order, times in ticks of ``timescale``.

    Attributes:
        kind: ``vide`` or ``soun``, as in the handler.
        codec: four letters of the sample entry, as ``avc1`` or ``mp4a``.
        duration: of the media, without edits.
        movie_timescale: ticks per second of the edits' durations.
        configuration: bytes of ``avcC`` or ``esds``.
        packet_offsets: in the file.
        durations: of each packet.
        composition_offsets: pts - dts of each packet.
        sync_packets: indices of packets where decoding can begin.
    """

    kind: str
    codec: str
    timescale: int
    duration: int
    movie_timescale: int
    edits: tuple[Edit, ...]
    configuration: bytes
    width: int
    height: int
    sample_rate_hz: int
    num_channels: int
    colour: Colour | None
    packet_sizes: tuple[int, ...]
    packet_offsets: tuple[int, ...]
    durations: tuple[int, ...]
    composition_offsets: tuple[int, ...]
    sync_packets: frozenset[int]

    @property
    def num_packets(self) -> int:
        """Packets in the track."""
        return len(self.packet_sizes)

    @property
    def media_start(self) -> int:
        """The media time that is shown at time 0."""
        return next((edit.media_time for edit in self.edits if edit.media_time >= 0), 0)

    @property
    def num_empty_edits(self) -> int:
        """Stretches of nothing; a file of ours has none."""
        return sum(edit.media_time < 0 for edit in self.edits)

    @property
    def presentation_s(self) -> float:
        """Seconds that are shown."""
        if not self.edits:
            return self.duration / self.timescale
        return sum(edit.duration for edit in self.edits) / self.movie_timescale

    @cached_property
    def dts(self) -> tuple[int, ...]:
        """Decode times, from the time shown first."""
        first = -self.media_start
        return tuple(accumulate(self.durations, initial=first))[: self.num_packets]

    @cached_property
    def pts(self) -> tuple[int, ...]:
        """Presentation times, in decode order, from the time shown first."""
        return tuple(
            dts + offset for dts, offset in zip(self.dts, self.composition_offsets, strict=True)
        )


@dataclass(frozen=True)
class Movie:
    """What the boxes of a file say."""

    timescale: int
    duration: int
    is_moov_first: bool
    tracks: tuple[Track, ...]
    tags: Mapping[str, str]

    def track(self, kind: str) -> Track:
        """The only track of a kind.

        Raises:
            Mp4Error: there is none, or more than one.
        """
        found = [track for track in self.tracks if track.kind == kind]
        if len(found) != 1:
            raise Mp4Error(f'{len(found)} tracks of kind "{kind}", there must be 1')
        return found[0]


def read_mp4(path: Path) -> Movie:
    """Read the boxes of ``path``.

    Raises:
        Mp4Error: it is no whole progressive MP4.
    """
    try:
        with path.open("rb") as file:
            return _read_movie(file, path.stat().st_size)
    except (Mp4Error, OSError) as error:
        raise Mp4Error(f"{path}: {error}") from error


def packet_md5s(path: Path, track: Track) -> tuple[str, ...]:
    """The md5 of every packet's bytes, in decode order, as ffmpeg's framemd5 has them."""
    with path.open("rb") as file:
        return tuple(
            _md5_at(file, offset, size)
            for offset, size in zip(track.packet_offsets, track.packet_sizes, strict=True)
        )


def _md5_at(file: BinaryIO, offset: int, size: int) -> str:
    file.seek(offset)
    return hashlib.md5(file.read(size), usedforsecurity=False).hexdigest()


# --- boxes --------------------------------------------------------------------------------------


def _read_movie(file: BinaryIO, num_bytes: int) -> Movie:
    places = list(_top_boxes(file, num_bytes))
    names = [name for name, _, _ in places]
    for wanted in (b"ftyp", b"moov", b"mdat"):
        if names.count(wanted) != 1:
            raise Mp4Error(f'{names.count(wanted)} "{wanted.decode()}" boxes, there must be 1')
    if b"moof" in names:
        raise Mp4Error("a fragmented file (it has a moof box), it must be progressive")
    _, start, size = places[names.index(b"moov")]
    if size > _MAX_MOOV_BYTES:
        raise Mp4Error(f"its moov box of {size} bytes is larger than {_MAX_MOOV_BYTES}")
    file.seek(start)
    moov = _children(file.read(size), "moov")
    timescale, duration = _times(_only(moov, b"mvhd"), "mvhd")
    _, mdat_start, mdat_size = places[names.index(b"mdat")]
    extent = range(mdat_start, mdat_start + mdat_size + 1)
    return Movie(
        timescale=timescale,
        duration=duration,
        is_moov_first=names.index(b"moov") < names.index(b"mdat"),
        tracks=tuple(_track(body, timescale, extent) for name, body in moov if name == b"trak"),
        tags=_tags(moov),
    )


def _top_boxes(file: BinaryIO, num_bytes: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and size of the content of each box of the file."""
    place = 0
    while place < num_bytes:
        file.seek(place)
        header = file.read(16)
        name, head, size = _header(header, num_bytes - place)
        yield name, place + head, size - head
        place += size


def _header(header: bytes, room: int) -> tuple[bytes, int, int]:
    """Name, size of the header, size of the whole box."""
    if len(header) < 8:
        raise Mp4Error(f"{len(header)} bytes where a box's header of 8 must be")
    size, name = int.from_bytes(header[:4]), header[4:8]
    head = 8
    if size == 1 and len(header) >= 16:
        size, head = int.from_bytes(header[8:16]), 16
    elif size == 0:
        size = room
    if not head <= size <= room:
        raise Mp4Error(f"box {name!r} claims {size} bytes, {room} are there: truncated or damaged")
    return name, head, size


def _children(data: bytes, where: str) -> list[tuple[bytes, bytes]]:
    """Name and content of each box in ``data``."""
    children: list[tuple[bytes, bytes]] = []
    place = 0
    while place < len(data):
        try:
            name, head, size = _header(data[place : place + 16], len(data) - place)
        except Mp4Error as error:
            raise Mp4Error(f"in {where}: {error}") from error
        children.append((name, data[place + head : place + size]))
        place += size
    return children


def _find(boxes: list[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    return next((body for found, body in boxes if found == name), None)


def _only(boxes: list[tuple[bytes, bytes]], name: bytes) -> bytes:
    body = _find(boxes, name)
    if body is None:
        raise Mp4Error(f'no "{name.decode("latin-1")}" box')
    return body


def _unpack(layout: str, data: bytes, offset: int, what: str) -> tuple[int, ...]:
    try:
        return struct.unpack_from(layout, data, offset)
    except struct.error as error:
        raise Mp4Error(f"{what} of {len(data)} bytes is too short") from error


def _table(body: bytes, layout: str, what: str, start: int = 4) -> list[tuple[int, ...]]:
    """Rows of a table: a count at byte ``start``, then that many rows, all of them there."""
    (count,) = _unpack(">I", body, start, what)
    width = struct.calcsize(layout)
    rows = body[start + 4 :]
    if count * width > len(rows):
        raise Mp4Error(f"{what} claims {count} rows, {len(rows) // width} are there")
    return list(struct.iter_unpack(layout, rows[: count * width]))


def _times(body: bytes, what: str) -> tuple[int, int]:
    """Timescale and duration of mvhd or mdhd."""
    (version,) = _unpack(">B", body, 0, what)
    timescale, duration = (
        _unpack(">IQ", body, 20, what) if version == 1 else _unpack(">II", body, 12, what)
    )
    if timescale == 0:
        raise Mp4Error(f"{what} has a timescale of 0")
    return timescale, duration


# --- tracks -------------------------------------------------------------------------------------


def _track(body: bytes, movie_timescale: int, extent: range) -> Track:
    trak = _children(body, "trak")
    mdia = _children(_only(trak, b"mdia"), "mdia")
    timescale, duration = _times(_only(mdia, b"mdhd"), "mdhd")
    kind = _only(mdia, b"hdlr")[8:12].decode("latin-1")
    minf = _children(_only(mdia, b"minf"), "minf")
    stbl = _children(_only(minf, b"stbl"), "stbl")
    sizes = _sizes(_only(stbl, b"stsz"), len(extent))
    num_packets = len(sizes)
    entry = _sample_entry(_only(stbl, b"stsd"), kind)
    return Track(
        kind=kind,
        codec=entry.codec,
        timescale=timescale,
        duration=duration,
        movie_timescale=movie_timescale,
        edits=_edits(trak),
        configuration=entry.configuration,
        width=entry.width,
        height=entry.height,
        sample_rate_hz=entry.sample_rate_hz,
        num_channels=entry.num_channels,
        colour=entry.colour,
        packet_sizes=sizes,
        packet_offsets=_offsets(stbl, sizes, extent),
        durations=_runs(_table(_only(stbl, b"stts"), ">II", "stts"), num_packets, "stts"),
        composition_offsets=_composition_offsets(stbl, num_packets),
        sync_packets=_sync_packets(stbl, num_packets),
    )


def _edits(trak: list[tuple[bytes, bytes]]) -> tuple[Edit, ...]:
    edts = _find(trak, b"edts")
    elst = None if edts is None else _find(_children(edts, "edts"), b"elst")
    if elst is None:
        return ()
    layout = ">QqI" if elst[:1] == b"\x01" else ">IiI"
    return tuple(Edit(row[0], row[1]) for row in _table(elst, layout, "elst"))


def _sizes(stsz: bytes, num_media_bytes: int) -> tuple[int, ...]:
    size, count = _unpack(">II", stsz, 4, "stsz")
    if size == 0:
        return tuple(row[0] for row in _table(stsz, ">I", "stsz", start=8))
    if size * count > num_media_bytes:
        raise Mp4Error(f"stsz claims {count} packets of {size} bytes in {num_media_bytes} bytes")
    return (size,) * count


def _runs(rows: list[tuple[int, ...]], num_packets: int, what: str) -> tuple[int, ...]:
    """Run-length rows of (count, value), one value for each packet."""
    total = sum(row[0] for row in rows)
    if total != num_packets:
        raise Mp4Error(f"{what} speaks of {total} packets, stsz of {num_packets}")
    return tuple(value for count, value in rows for _ in range(count))


def _composition_offsets(stbl: list[tuple[bytes, bytes]], num_packets: int) -> tuple[int, ...]:
    ctts = _find(stbl, b"ctts")
    if ctts is None:
        return (0,) * num_packets
    layout = ">Ii" if ctts[:1] == b"\x01" else ">II"
    return _runs(_table(ctts, layout, "ctts"), num_packets, "ctts")


def _sync_packets(stbl: list[tuple[bytes, bytes]], num_packets: int) -> frozenset[int]:
    stss = _find(stbl, b"stss")
    if stss is None:
        return frozenset(range(num_packets))
    indices = frozenset(row[0] - 1 for row in _table(stss, ">I", "stss"))
    if indices and not 0 <= min(indices) <= max(indices) < num_packets:
        raise Mp4Error(f"stss names packet {max(indices) + 1} of {num_packets}")
    return indices


def _offsets(
    stbl: list[tuple[bytes, bytes]], sizes: tuple[int, ...], extent: range
) -> tuple[int, ...]:
    """Where each packet begins in the file; all of them lie inside ``extent``."""
    large = _find(stbl, b"co64")
    chunks = (
        _table(large, ">Q", "co64")
        if large is not None
        else _table(_only(stbl, b"stco"), ">I", "stco")
    )
    counts = _packets_per_chunk(_table(_only(stbl, b"stsc"), ">III", "stsc"), len(chunks))
    offsets: list[int] = []
    for (start,), count in zip(chunks, counts, strict=True):
        here = sizes[len(offsets) : len(offsets) + count]
        if len(here) < count:
            raise Mp4Error(f"stsc speaks of more packets than the {len(sizes)} of stsz")
        *starts, end = accumulate(here, initial=start)
        if start not in extent or end not in extent:
            raise Mp4Error(f"packets at bytes {start} to {end} lie outside the mdat box")
        offsets.extend(starts)
    if len(offsets) != len(sizes):
        raise Mp4Error(f"stsc speaks of {len(offsets)} packets, stsz of {len(sizes)}")
    return tuple(offsets)


def _packets_per_chunk(rows: list[tuple[int, ...]], num_chunks: int) -> list[int]:
    firsts = [row[0] for row in rows] + [num_chunks + 1]
    if rows and (firsts[0] != 1 or firsts != sorted(set(firsts))):
        raise Mp4Error(f"the first chunks of stsc must rise from 1 to at most {num_chunks}")
    counts: list[int] = []
    for row, end in zip(rows, firsts[1:], strict=True):
        counts.extend([row[1]] * (end - row[0]))
    if len(counts) != num_chunks:
        raise Mp4Error(f"stsc describes {len(counts)} chunks of {num_chunks}")
    return counts


# --- sample entries and tags --------------------------------------------------------------------


@dataclass(frozen=True)
class _SampleEntry:
    codec: str
    configuration: bytes
    width: int = 0
    height: int = 0
    sample_rate_hz: int = 0
    num_channels: int = 0
    colour: Colour | None = None


def _sample_entry(stsd: bytes, kind: str) -> _SampleEntry:
    entries = _children(stsd[8:], "stsd")
    if len(entries) != 1:
        raise Mp4Error(f"stsd holds {len(entries)} entries, there must be 1")
    codec, body = entries[0][0].decode("latin-1"), entries[0][1]
    if kind == "vide":
        width, height = _unpack(">HH", body, 24, "the video's sample entry")
        inner = _children(body[_VISUAL_ENTRY_BYTES:], codec)
        return _SampleEntry(
            codec,
            _find(inner, b"avcC") or b"",
            width=width,
            height=height,
            colour=_colour(_find(inner, b"colr")),
        )
    if kind == "soun":
        (num_channels,) = _unpack(">H", body, 16, "the audio's sample entry")
        (sample_rate_hz,) = _unpack(">H", body, 24, "the audio's sample entry")
        inner = _children(body[_AUDIO_ENTRY_BYTES:], codec)
        return _SampleEntry(
            codec,
            _find(inner, b"esds") or b"",
            sample_rate_hz=sample_rate_hz,
            num_channels=num_channels,
        )
    return _SampleEntry(codec, b"")


def _colour(colr: bytes | None) -> Colour | None:
    if colr is None or colr[:4] != b"nclx":
        return None
    primaries, transfer, matrix, flags = _unpack(">HHHB", colr, 4, "colr")
    return Colour(primaries, transfer, matrix, bool(flags & 0x80))


def _tags(moov: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """The texts of ``udta/meta/ilst``, by the names that ffmpeg's ``-metadata`` uses."""
    udta = _find(moov, b"udta")
    meta = None if udta is None else _find(_children(udta, "udta"), b"meta")
    ilst = None if meta is None else _find(_children(meta[4:], "meta"), b"ilst")
    if ilst is None:
        return {}
    tags: dict[str, str] = {}
    for name, body in _children(ilst, "ilst"):
        data = _find(_children(body, "a tag"), b"data")
        if name in _TAGS and data is not None:
            tags[_TAGS[name]] = data[8:].decode("utf-8", "replace")
    return tags
