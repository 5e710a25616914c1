"""Whether a recording ends where it should: M4A, AAC, OGG and others. Bytes alone are read.

Decoders play what is there of a copy that was broken off, and say nothing or hardly anything.
"""

import struct
from pathlib import Path
from typing import BinaryIO, Literal

_MAX_BOXES = 10_000
_SLACK_BYTES = 64  # programs that count a header twice
_UNKNOWN_SIZE = 0xFFFFFFFF
_LEAST_PLACEHOLDER = 0x7FFF0000
_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
_TAIL_BYTES = 1 << 17
_ID3_BYTES = 10
_ADTS_BYTES = 7
_OGG_HEADER_BYTES, _OGG_LAST = 27, 4

OggEnd = Literal["whole", "open", "cut"]
"""With its last page; with whole pages only, as recorders of streams leave it; with a cut one."""


def cut_short(promised_bytes: int, num_bytes: int) -> str:
    """What is said of a file that is shorter than it says."""
    return (
        f"the recording is cut short: its header promises {promised_bytes} bytes, there are "
        f"{num_bytes}"
    )


def id3_bytes(start: bytes) -> int:
    """Length of the ID3 tag that a file with these ten first bytes begins with; 0 without one."""
    if start[:3] != b"ID3" or len(start) < _ID3_BYTES:
        return 0
    shifts = (21, 14, 7, 0)
    sizes = zip(start[6:10], shifts, strict=True)
    return _ID3_BYTES + sum((byte & 0x7F) << shift for byte, shift in sizes)


def size_fault(path: Path) -> str:
    """Whether an AIFF, an AU or a Matroska (WebM) file is shorter than its header says."""
    with path.open("rb") as file:
        num_bytes = file.seek(0, 2)
        file.seek(0)
        promised = _promised_bytes(file.read(64))
    if promised is None or promised >= _LEAST_PLACEHOLDER or promised <= num_bytes + _SLACK_BYTES:
        return ""
    return cut_short(promised, num_bytes)


def _promised_bytes(start: bytes) -> int | None:
    """Of the whole file; None where its header does not say."""
    if start[:4] == b"FORM" and len(start) >= 12:
        return 8 + int.from_bytes(start[4:8], "big")
    if start[:4] == b".snd" and len(start) >= 12:
        offset, size = struct.unpack(">II", start[4:12])
        return None if size == _UNKNOWN_SIZE else offset + size
    if start[:4] != _EBML:
        return None
    at = 4
    size, width = _ebml_number(start, at)
    at += width + (size or 0)
    if not width or size is None or start[at : at + 4] != _SEGMENT:
        return None
    size, width = _ebml_number(start, at + 4)
    return None if size is None else at + 4 + width + size


def _ebml_number(data: bytes, at: int) -> tuple[int | None, int]:
    """A size and its width; a size of all ones is unknown, a width of 0 is none at all."""
    first = data[at] if at < len(data) else 0
    width = 9 - first.bit_length()
    if not first or len(data) < at + width:
        return None, 0
    number = int.from_bytes(data[at : at + width], "big") & ((1 << 7 * width) - 1)
    return (None if number == (1 << 7 * width) - 1 else number), width


# --- M4A ------------------------------------------------------------------------------------------


def mp4_fault(file: BinaryIO) -> str:
    """Why the sound of an mp4 cannot all be there; empty if nothing speaks against it.

    Cameras write what is no box behind the last one; that is left alone.
    """
    num_bytes = file.seek(0, 2)
    position, kinds = 0, set[bytes]()
    for _ in range(_MAX_BOXES):
        file.seek(position)
        head = file.read(16)
        size, kind = struct.unpack(">I4s", head[:8]) if len(head) >= 8 else (0, b"")
        if size == 1 and len(head) == 16:
            (size,) = struct.unpack(">Q", head[8:])
        if not kind or (b"moov" in kinds and not _is_box(kind)):
            break
        if size == 0:  # up to the end of the file
            size = num_bytes - position
        if size < 8:
            return "" if b"moov" in kinds else "the recording is damaged or cut short"
        kinds.add(kind)
        position += size
        if position > num_bytes:
            return cut_short(position, num_bytes)
    if b"moov" in kinds:
        return ""
    return (
        "the recording is cut short: its index (moov) is missing, which is often written at the "
        "very end"
    )


def _is_box(kind: bytes) -> bool:
    return kind in (b"mdat", b"moov", b"moof", b"sidx", b"mfra", b"free", b"skip", b"meta", b"uuid")


# --- AAC ------------------------------------------------------------------------------------------


def is_adts(path: Path) -> bool:
    """Whether a file is AAC in frames of its own, behind an ID3 tag or without one."""
    with path.open("rb") as file:
        file.seek(id3_bytes(file.read(_ID3_BYTES)))
        head = file.read(_ADTS_BYTES)
    return _adts_frame_bytes(head) >= _ADTS_BYTES


def adts_fault(path: Path) -> str:
    """Whether the last frame of an AAC file is cut off; nothing says how many there should be."""
    with path.open("rb") as file:
        num_bytes = file.seek(0, 2)
        file.seek(0)
        position = id3_bytes(file.read(_ID3_BYTES))
        while num_bytes - position >= _ADTS_BYTES:
            file.seek(position)
            size = _adts_frame_bytes(file.read(_ADTS_BYTES))
            if size < _ADTS_BYTES:
                return ""  # a tag, or damage that the decoder will meet
            position += size
    return cut_short(position, num_bytes) if position > num_bytes else ""


def _adts_frame_bytes(head: bytes) -> int:
    """Of the frame that begins so; 0 where none does."""
    if len(head) < _ADTS_BYTES or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return 0
    return (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5


# --- OGG ------------------------------------------------------------------------------------------


def ogg_end(path: Path) -> OggEnd:
    """How an OGG file ends (Vorbis, Opus, FLAC); what is no page behind the pages is left alone."""
    with path.open("rb") as file:
        num_bytes = file.seek(0, 2)
        file.seek(max(0, num_bytes - _TAIL_BYTES))
        tail = file.read()
    end: OggEnd = "cut"
    at = tail.find(b"OggS")
    while at >= 0:
        size = _ogg_page_bytes(tail[at:])
        if at + size > len(tail):
            return "cut"
        end = "whole" if tail[at + 5] & _OGG_LAST else "open"
        rest = tail[at + size :]
        if rest and b"OggS".startswith(rest):
            return "cut"
        at = tail.find(b"OggS", at + size)
    return end


def _ogg_page_bytes(page: bytes) -> int:
    """Of the page that begins so; more than there are where its header is cut off."""
    if len(page) < _OGG_HEADER_BYTES or len(page) < _OGG_HEADER_BYTES + page[26]:
        return len(page) + 1
    head_bytes = _OGG_HEADER_BYTES + page[26]
    return head_bytes + sum(page[_OGG_HEADER_BYTES:head_bytes])
