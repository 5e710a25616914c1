"""Cheap looks at pictures and recordings: by their first bytes, without decoding them."""

# soundfile brings no type stubs
# pyright: reportMissingTypeStubs=false

import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import soundfile

PICTURES = "PNG, JPEG, WebP, BMP or TIFF"
RECORDINGS = "WAV, FLAC, MP3, M4A or OGG"
_TAIL_BYTES = 1 << 16
_MAX_BOXES = 10_000
_OTHER_PICTURES = (
    (b"GIF8", "a GIF"),
    (b"%PDF", "a PDF"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an SVG drawing"),
    (b"8BPS", "a Photoshop file"),
)
_SOUND_STARTS = (b"fLaC", b"OggS", b"ID3", b"FORM", b".snd")
_OTHER_SOUNDS = (
    b"\x1aE\xdf\xa3",  # Matroska, WebM
    b"\x30\x26\xb2\x75",  # Windows Media
    b"#!AMR",
    b"caff",
)
_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD8)})


def picture_fault(path: Path) -> str:
    """Why the file at ``path`` cannot be a portrait; empty if nothing speaks against it."""
    with path.open("rb") as file:
        start = file.read(32)
        if not start:
            return "the file is empty"
        for magic, what in _OTHER_PICTURES:
            if start.startswith(magic):
                return f"the file is {what}, not {PICTURES}"
        if start[4:8] == b"ftyp":
            return f"the file is a HEIC, AVIF or video file, not {PICTURES}"
        reader = next((read for is_it, read in _READERS if is_it(start)), None)
        if reader is None:
            return f"the file is not {PICTURES}"
        try:
            width, height = reader(file, start)
        except (struct.error, ValueError):
            return "the picture is damaged or cut short"
    return "" if width > 0 and height > 0 else "the picture has no pixels"


def _png(file: BinaryIO, start: bytes) -> tuple[int, int]:
    if start[12:16] != b"IHDR":
        raise ValueError("no header")
    _require_tail(file, b"IEND")
    return struct.unpack(">II", start[16:24])


def _jpeg(file: BinaryIO, start: bytes) -> tuple[int, int]:
    del start
    file.seek(2)
    for _ in range(_MAX_BOXES):
        mark = file.read(2)
        while mark == b"\xff\xff":  # fill bytes
            mark = mark[1:] + file.read(1)
        if len(mark) < 2 or mark[0] != 0xFF:
            raise ValueError("no marker")
        if mark[1] in _JPEG_BARE:
            continue
        (length,) = struct.unpack(">H", file.read(2))
        if mark[1] in _JPEG_SIZES:
            height, width = struct.unpack(">xHH", file.read(5))
            _require_tail(file, b"\xff\xd9")
            return width, height
        file.seek(length - 2, 1)
    raise ValueError("too many markers")


def _require_tail(file: BinaryIO, mark: bytes) -> None:
    num_bytes = file.seek(0, 2)
    file.seek(max(0, num_bytes - _TAIL_BYTES))
    if mark not in file.read():
        raise ValueError("no end")


def _webp(file: BinaryIO, start: bytes) -> tuple[int, int]:
    (num_bytes,) = struct.unpack("<I", start[4:8])
    if file.seek(0, 2) < num_bytes + 8:
        raise ValueError("cut short")
    if start[12:16] == b"VP8X":
        return 1 + int.from_bytes(start[24:27], "little"), 1 + int.from_bytes(
            start[27:30], "little"
        )
    if start[12:16] == b"VP8L":
        (bits,) = struct.unpack("<I", start[21:25])
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack("<HH", start[26:30])
    return width & 0x3FFF, height & 0x3FFF


def _bmp(file: BinaryIO, start: bytes) -> tuple[int, int]:
    (num_bytes,) = struct.unpack("<I", start[2:6])
    if file.seek(0, 2) < num_bytes:
        raise ValueError("cut short")
    width, height = struct.unpack("<ii", start[18:26])
    return width, abs(height)


def _tiff(file: BinaryIO, start: bytes) -> tuple[int, int]:
    order = "<" if start[:2] == b"II" else ">"
    (offset,) = struct.unpack(f"{order}I", start[4:8])
    file.seek(offset)
    (num_tags,) = struct.unpack(f"{order}H", file.read(2))
    sides: dict[int, int] = {}
    for _ in range(num_tags):
        entry = file.read(12)
        tag, kind = struct.unpack(f"{order}HH", entry[:4])
        if tag in (256, 257):
            (sides[tag],) = struct.unpack(
                f"{order}{'H' if kind == 3 else 'I'}", entry[8:][: 2 if kind == 3 else 4]
            )
    return sides.get(256, 0), sides.get(257, 0)


_Reader = Callable[[BinaryIO, bytes], tuple[int, int]]
_READERS: tuple[tuple[Callable[[bytes], bool], _Reader], ...] = (
    (lambda start: start.startswith(b"\x89PNG\r\n\x1a\n"), _png),
    (lambda start: start.startswith(b"\xff\xd8\xff"), _jpeg),
    (lambda start: start[:4] == b"RIFF" and start[8:12] == b"WEBP", _webp),
    (lambda start: start.startswith(b"BM"), _bmp),
    (lambda start: start[:4] in (b"II*\x00", b"MM\x00*"), _tiff),
)


def sound_fault(path: Path) -> str:
    """Why the file at ``path`` cannot be a recording; empty if nothing speaks against it."""
    with path.open("rb") as file:
        start = file.read(16)
        if not start:
            return "the file is empty"
        if start[4:8] == b"ftyp":
            return "" if _has_moov(file) else "the recording is damaged or cut short"
    if start.startswith(_OTHER_SOUNDS) or _is_adts(start):
        return ""  # what it holds is only known once ffmpeg has read it
    is_wave = start[:4] in (b"RIFF", b"RF64", b"RIFX") and start[8:12] == b"WAVE"
    if not (is_wave or start.startswith(_SOUND_STARTS) or _is_mpeg_audio(start)):
        return f"the file is not {RECORDINGS}"
    try:
        info = soundfile.info(path)
    except soundfile.LibsndfileError as error:
        return f"the recording is damaged or of an unknown type ({error.error_string.strip('. ')})"
    return "" if info.frames > 0 else "the recording contains no sound"


def _is_mpeg_audio(start: bytes) -> bool:
    return len(start) > 1 and start[0] == 0xFF and start[1] & 0xE0 == 0xE0


def _is_adts(start: bytes) -> bool:
    return len(start) > 1 and start[0] == 0xFF and start[1] & 0xF6 == 0xF0


def _has_moov(file: BinaryIO) -> bool:
    """Walk the top boxes of an mp4."""
    end = file.seek(0, 2)
    position = 0
    for _ in range(_MAX_BOXES):
        file.seek(position)
        head = file.read(16)
        if len(head) < 8:
            return False
        size, kind = struct.unpack(">I4s", head[:8])
        if size == 1 and len(head) == 16:
            (size,) = struct.unpack(">Q", head[8:])
        if kind == b"moov":
            return position + size <= end
        if size < 8:
            return False
        position += size
    return False
