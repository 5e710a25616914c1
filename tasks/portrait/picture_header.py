"""How large a picture is, by its header alone: a small file can promise gigabytes of pixels."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

PICTURES = "PNG, JPEG, WebP, BMP or TIFF"
MAX_PIXELS = 128_000_000
_TAIL_BYTES = 1 << 16
_MAX_BOXES = 10_000
_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD8)})
_TIFF_SIDES = (256, 257, 322, 323)  # width and height, of the picture and of its tiles


@dataclass(frozen=True)
class PictureHeader:
    """What a picture says of itself; ``num_frames`` are those of an animation, or pages."""

    width: int
    height: int
    num_frames: int = 1

    @property
    def num_pixels(self) -> int:
        """Of all frames together."""
        return self.width * self.height * self.num_frames


def is_picture(start: bytes) -> bool:
    """Whether a file that begins so is of a kind that can be a portrait; 32 bytes are enough."""
    return any(is_it(start) for is_it, _ in _READERS)


def read_picture_header(file: BinaryIO) -> PictureHeader:
    """The header of a file for which :func:`is_picture` holds.

    Raises:
        ValueError: it is damaged or cut short.
    """
    file.seek(0)
    start = file.read(32)
    reader = next(read for is_it, read in _READERS if is_it(start))
    try:
        return reader(file, start)
    except struct.error as error:
        raise ValueError("cut short") from error


def picture_size_fault(header: PictureHeader) -> str:
    """Why a picture of this size cannot be a portrait; empty if nothing speaks against it."""
    if min(header.width, header.height, header.num_frames) < 1:
        return "the picture has no pixels"
    if header.num_pixels > MAX_PIXELS:
        frames = f" in {header.num_frames} frames" if header.num_frames > 1 else ""
        return (
            f"the picture has {header.width}x{header.height} pixels{frames}, at most "
            f"{MAX_PIXELS // 1_000_000} million are read"
        )
    return ""


def _png(file: BinaryIO, start: bytes) -> PictureHeader:
    if start[12:16] != b"IHDR":
        raise ValueError("no header")
    _require_tail(file, b"IEND")
    width, height = struct.unpack(">II", start[16:24])
    num_frames = 1
    file.seek(8)
    for _ in range(_MAX_BOXES):  # an animation says so before the first pixels
        length, kind = struct.unpack(">I4s", file.read(8))
        if kind == b"acTL":
            (num_frames,) = struct.unpack(">I", file.read(4))
        if kind in (b"acTL", b"IDAT"):
            break
        file.seek(length + 4, 1)
    return PictureHeader(width, height, num_frames)


def _jpeg(file: BinaryIO, start: bytes) -> PictureHeader:
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
            return PictureHeader(width, height)
        file.seek(length - 2, 1)
    raise ValueError("too many markers")


def _require_tail(file: BinaryIO, mark: bytes) -> None:
    num_bytes = file.seek(0, 2)
    file.seek(max(0, num_bytes - _TAIL_BYTES))
    if mark not in file.read():
        raise ValueError("no end")


def _webp(file: BinaryIO, start: bytes) -> PictureHeader:
    (num_bytes,) = struct.unpack("<I", start[4:8])
    if file.seek(0, 2) < num_bytes + 8:
        raise ValueError("cut short")
    if start[12:16] == b"VP8X":
        width = 1 + int.from_bytes(start[24:27], "little")
        height = 1 + int.from_bytes(start[27:30], "little")
        return PictureHeader(width, height, _num_webp_frames(file))
    if start[12:16] == b"VP8L":
        (bits,) = struct.unpack("<I", start[21:25])
        return PictureHeader(1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
    width, height = struct.unpack("<HH", start[26:30])
    return PictureHeader(width & 0x3FFF, height & 0x3FFF)


def _num_webp_frames(file: BinaryIO) -> int:
    num_frames = 0
    file.seek(12)
    for _ in range(_MAX_BOXES):
        head = file.read(8)
        if len(head) < 8:
            return max(1, num_frames)
        kind, length = struct.unpack("<4sI", head)
        num_frames += kind == b"ANMF"
        file.seek(length + length % 2, 1)
    raise ValueError("too many chunks")


def _bmp(file: BinaryIO, start: bytes) -> PictureHeader:
    num_bytes, head_bytes = struct.unpack("<2xI8xI", start[:18])
    if file.seek(0, 2) < num_bytes:
        raise ValueError("cut short")
    width, height = struct.unpack(
        "<HH" if head_bytes == 12 else "<ii", start[18:][: 4 if head_bytes == 12 else 8]
    )
    return PictureHeader(width, abs(height))


def _tiff(file: BinaryIO, start: bytes) -> PictureHeader:
    order = "<" if start[:2] == b"II" else ">"
    (offset,) = struct.unpack(f"{order}I", start[4:8])
    sides: dict[int, int] = {}
    for num_pages in range(1, _MAX_BOXES):
        file.seek(offset)
        (num_tags,) = struct.unpack(f"{order}H", file.read(2))
        entries = file.read(12 * num_tags)
        for index in range(num_tags):
            entry = entries[12 * index :]
            tag, kind = struct.unpack(f"{order}HH", entry[:4])
            if tag in _TIFF_SIDES:
                short = kind == 3
                (side,) = struct.unpack(
                    f"{order}{'H' if short else 'I'}", entry[8:][: 2 if short else 4]
                )
                sides[tag] = max(side, sides.get(tag, 0))
        (offset,) = struct.unpack(f"{order}I", file.read(4))
        if not offset:
            width, height, tile_width, tile_height = (sides.get(tag, 0) for tag in _TIFF_SIDES)
            if not (width and height):
                return PictureHeader(0, 0)
            # a tile may be larger than the picture it is a part of; it is decoded whole
            return PictureHeader(max(width, tile_width), max(height, tile_height), num_pages)
    raise ValueError("too many pages")


_Reader = Callable[[BinaryIO, bytes], PictureHeader]
_READERS: tuple[tuple[Callable[[bytes], bool], _Reader], ...] = (
    (lambda start: start.startswith(b"\x89PNG\r\n\x1a\n"), _png),
    (lambda start: start.startswith(b"\xff\xd8\xff"), _jpeg),
    (lambda start: start[:4] == b"RIFF" and start[8:12] == b"WEBP", _webp),
    (lambda start: start.startswith(b"BM"), _bmp),
    (lambda start: start[:4] in (b"II*\x00", b"MM\x00*"), _tiff),
)
